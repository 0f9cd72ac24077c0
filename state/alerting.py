"""What colleagues were told, and what they are still to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from state.base import Part
from state.rows import AlertRow, Lease

_COLUMNS: Final = ", ".join(AlertRow._fields)
_RAISE: Final = (
    f"INSERT INTO alert ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"  # noqa: S608
)


class Alerting(Part):
    """The questions of `sync.insight.alerting`."""

    def raise_alerts(self, lease: Lease, alerts: Iterable[AlertRow]) -> int:
        """Keep what is to be told; what is known by its key already is not told twice.  How many are new."""
        with self._tables.writing(lease) as connection:
            return self._tables.each(connection, _RAISE, [tuple(alert) for alert in alerts])

    def alerts_about(self, people: Sequence[str]) -> list[AlertRow]:
        """Everything that was or is to be told about these people, the oldest first."""
        statement = f"SELECT {_COLUMNS} FROM alert WHERE person IN ?? ORDER BY at_ms, key"  # noqa: S608
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (self._tables.many(people),))
            return [AlertRow(*row)._replace(hand_raise=bool(row[9])) for row in found]

    def alerts_in(self, state: str) -> list[AlertRow]:
        """All in this state, the oldest first."""
        statement = f"SELECT {_COLUMNS} FROM alert WHERE state = ? ORDER BY at_ms, key"  # noqa: S608
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (state,))
            return [AlertRow(*row)._replace(hand_raise=bool(row[9])) for row in found]

    def told_since(self, since: int) -> dict[str, int]:
        """Colleague → how many alerts they were told from then on."""
        statement = "SELECT owner, COUNT(*) FROM alert WHERE told_ms >= ? GROUP BY owner"
        with self._tables.reading() as connection:
            return dict(self._tables.rows(connection, statement, (since,)))

    def move_alerts(self, lease: Lease, keys: Sequence[str], state: str, at: int | None, note: str = "") -> None:
        """What became of alerts; at: when they were told."""
        statement = "UPDATE alert SET state = ?, told_ms = ?, note = ? WHERE key IN ??"
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, statement, (state, at, note, self._tables.many(keys)))
