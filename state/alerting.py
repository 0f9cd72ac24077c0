"""What colleagues were told, and what they are still to be told; each way to a colleague has a mark of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from state.base import Part
from state.rows import TELLING, AlertRow, Lease, TellingRow

_COLUMNS: Final = ", ".join(AlertRow._fields)
_RAISE: Final = (
    f"INSERT INTO alert ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"  # noqa: S608
)
_WAYS: Final = ", ".join(TellingRow._fields)
_SEND_OUT: Final = (
    f"INSERT INTO telling ({_WAYS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (alert, way) DO NOTHING"  # noqa: S608
)
_SETTLE: Final = """
UPDATE alert SET state = COALESCE(
    (SELECT MIN(CASE state WHEN 'told' THEN 'told' WHEN 'unsure' THEN 'unsure' ELSE 'untold' END)
     FROM telling WHERE telling.alert = alert.key), state)
WHERE key IN (SELECT alert FROM telling WHERE message = ?)
    AND NOT EXISTS (SELECT 1 FROM telling WHERE telling.alert = alert.key AND state IN ('waiting', 'telling'))
"""
"""Of all states of its ways the best: told comes before unsure before untold in the alphabet, too."""


class Alerting(Part):
    """The questions of `sync.insight.alerting`."""

    def raise_alerts(self, lease: Lease, alerts: Iterable[AlertRow]) -> int:
        """Keep what is to be told; what is known by its key already is not told twice.  How many are new."""
        with self._tables.writing(lease) as connection:
            return self._tables.each(connection, _RAISE, [tuple(alert) for alert in alerts])

    def alerts_about(self, people: Sequence[str]) -> list[AlertRow]:
        """Everything that was or is to be told about these people, the oldest first."""
        return self._alerts("person IN ?? ORDER BY at_ms, key", self._tables.many(people))

    def alerts_in(self, state: str) -> list[AlertRow]:
        """All in this state, the oldest first."""
        return self._alerts("state = ? ORDER BY at_ms, key", state)

    def alerts_of(self, message: str) -> list[AlertRow]:
        """What a message tells, the weightiest first."""
        inside = "key IN (SELECT alert FROM telling WHERE message = ?)"
        return self._alerts(f"{inside} ORDER BY rank, at_ms, key", message)

    def _alerts(self, where: str, value: object) -> list[AlertRow]:
        statement = f"SELECT {_COLUMNS} FROM alert WHERE {where}"  # noqa: S608
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (value,))
            return [AlertRow(*row)._replace(hand_raise=bool(row[9])) for row in found]

    def alert_counts(self) -> dict[str, int]:
        """State → how many alerts are in it."""
        with self._tables.reading() as connection:
            return dict(self._tables.rows(connection, "SELECT state, COUNT(*) FROM alert GROUP BY state", ()))

    def told_since(self, since: int, below: int) -> dict[str, int]:
        """Colleague → how many alerts of less than this rank they were told from then on."""
        statement = "SELECT owner, COUNT(*) FROM alert WHERE told_ms >= ? AND rank < ? GROUP BY owner"
        with self._tables.reading() as connection:
            return dict(self._tables.rows(connection, statement, (since, below)))

    def send_out(self, lease: Lease, keys: Sequence[str], ways: Iterable[TellingRow], at: int, note: str = "") -> None:
        """These alerts are due, and go these ways; none: nobody can be told, for a reason (note)."""
        rows = [tuple(way) for way in ways]
        state = TELLING if rows else "untold"
        statement = "UPDATE alert SET state = ?, told_ms = ?, note = ? WHERE key IN ??"
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, statement, (state, at, note, self._tables.many(keys)))
            self._tables.each(connection, _SEND_OUT, rows)

    def tellings(self, state: str) -> list[TellingRow]:
        """The ways in this state, in the order in which they were due."""
        statement = f"SELECT {_WAYS} FROM telling WHERE state = ? ORDER BY due_ms, message, way, alert"  # noqa: S608
        return self._ways(statement, state)

    def ways_of(self, alerts: Sequence[str]) -> list[TellingRow]:
        """The ways of these alerts (by key)."""
        statement = f"SELECT {_WAYS} FROM telling WHERE alert IN ?? ORDER BY due_ms, alert, way"  # noqa: S608
        return self._ways(statement, self._tables.many(alerts))

    def _ways(self, statement: str, value: object) -> list[TellingRow]:
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (value,))
            return [TellingRow(*row)._replace(digest=bool(row[4])) for row in found]

    def mark(self, lease: Lease, way: TellingRow) -> None:
        """What became of a message on its way; an alert of which no way is open is told, or was given up."""
        statement = (
            "UPDATE telling SET state = ?, attempts = ?, not_before_ms = ?, at_ms = ?, note = ? "
            "WHERE message = ? AND way = ?"
        )
        stands = (way.state, way.attempts, way.not_before_ms, way.at_ms, way.note)
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, statement, (*stands, way.message, way.way))
            self._tables.run(connection, _SETTLE, (way.message,))
