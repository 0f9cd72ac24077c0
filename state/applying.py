"""The outbox: what may be sent, what was sent, and what came of it.

An operation is marked as sent, durably, before the call is made.  So after a crash `sent` names exactly the writes
of which nobody knows whether they happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from state.base import Part, to_json, to_json_or_null
from state.deciding import DECIDE, decision
from state.notes import write_notes
from state.observing import newest, release, replace_keys, write_row
from state.operations import OPERATION_COLUMNS, drop_operations, read_operation
from state.rows import SENT, Lease, OperationRow, Outcomes, Row

_OF_KIND: Final = "AND kind = ? "
_NEWER: Final = "(excluded.version_ms, excluded.seen_ms) >= (record.version_ms, record.seen_ms)"
_OBSERVATION: Final = "kind, now, version_ms, seen_ms, state, created_ms, spans, run, fate, moved_to"

_STORE: Final = f"""
INSERT INTO record (system, object, id, kind, now, version_ms, seen_ms, state, created_ms, spans, dirty, run, fate,
    moved_to, entity, shadow, why)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (system, object, id) DO UPDATE SET
    {", ".join(f"{c} = CASE WHEN {_NEWER} THEN excluded.{c} ELSE record.{c} END" for c in _OBSERVATION.split(", "))},
    dirty = excluded.dirty OR (record.dirty AND NOT {_NEWER}),
    entity = excluded.entity, shadow = excluded.shadow, why = excluded.why
"""  # noqa: S608

_END: Final = (
    "UPDATE operation SET state = ?, id = COALESCE(?, id), not_before_ms = ?, note = ? WHERE n = ? AND state = 'sent'"
)


class Applying(Part):
    """The questions of `sync.apply`."""

    def take(
        self,
        lease: Lease,
        system: str,
        now: int,
        most: int,
        *,
        kind: str | None = None,
        whole: int = 1,
        rest: bool = True,
        only_urgent: bool = False,
    ) -> list[OperationRow]:
        """Mark the next operations that are due as sent, and return them in the order they were decided.

        As long as urgent ones are due, only those.  kind: only those of this kind.  most: no more than so many.
        whole: of each object and verb a multiple of this, urgent ones aside; `rest`: and what is left in the end,
        and what puts records into the bin, for which everything must be decided.
        """
        due: list[OperationRow] = []
        with self._tables.writing(lease) as connection:
            wanted = [system, now, *([kind] if kind else [])]
            where = f"AND system = ? AND not_before_ms <= ? {_OF_KIND if kind else ''}"
            select = f"SELECT {OPERATION_COLUMNS} FROM operation WHERE"  # noqa: S608
            urgent = f"{select} urgent AND state = 'planned' {where}ORDER BY n LIMIT ?"
            due += map(read_operation, self._tables.rows(connection, urgent, (*wanted, most)))
            if not due and not only_urgent:
                planned = "state = 'planned' AND state <> 'done'"
                count = f"SELECT object, verb, COUNT(*) FROM operation WHERE {planned} {where}"  # noqa: S608
                some = f"{select} {planned} {where}AND object = ? AND verb = ? ORDER BY n LIMIT ?"
                groups = self._tables.rows(connection, f"{count}GROUP BY object, verb ORDER BY MIN(n)", tuple(wanted))
                for object, verb, there in groups:
                    room = min(there, most - len(due)) if rest or verb != "archive" else 0
                    if room < there or not rest:
                        room -= room % whole
                    if room:
                        due += map(read_operation, self._tables.rows(connection, some, (*wanted, object, verb, room)))
            if due:
                numbers = self._tables.many([operation.n for operation in due])
                mark = "UPDATE operation SET state = 'sent', attempts = attempts + 1 WHERE n IN ??"
                self._tables.run(connection, mark, (numbers,))
        return [operation._replace(state=SENT, attempts=operation.attempts + 1) for operation in due]

    def reopen_urgent(self, lease: Lease, kind: str) -> None:
        """What is planned of a kind and goes before everything else is decided again."""
        planned = "SELECT entity FROM operation WHERE urgent AND state = 'planned' AND kind = ?"
        again = f"UPDATE record SET dirty = ? WHERE NOT dirty AND entity IN ({planned})"  # noqa: S608
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, again, (True, kind))

    def sent(self, system: str, *, kind: str | None = None) -> list[OperationRow]:
        """What was sent and has no outcome yet.  kind: only what is of this kind."""
        statement = (
            f"SELECT {OPERATION_COLUMNS} FROM operation WHERE state = 'sent' AND state <> 'done' "  # noqa: S608
            f"AND system = ? {_OF_KIND if kind else ''}ORDER BY n"
        )
        wanted = (system, *([kind] if kind else []))
        with self._tables.reading() as connection:
            return [read_operation(found) for found in self._tables.rows(connection, statement, wanted)]

    def unsettled(self, entities: Sequence[str], but: Sequence[int]) -> dict[str, set[str]]:
        """Entity → the states of its operations not done, other than these, and `asked` where a question is open."""
        statement = (
            "SELECT entity, state FROM operation WHERE entity IN ?? AND state <> 'done' AND NOT n IN ?? "
            "UNION SELECT entity, 'asked' FROM review WHERE entity IN ?? AND closed_ms IS NULL"
        )
        those = self._tables.many(entities)
        found: dict[str, set[str]] = {}
        with self._tables.reading() as connection:
            for entity, state in self._tables.rows(connection, statement, (those, self._tables.many(but), those)):
                found.setdefault(entity, set()).add(state)
        return found

    def commit_outcomes(self, lease: Lease, outcomes: Outcomes) -> None:
        """Store what came of a batch of writes, or of looking after answers that were lost."""
        latest = newest(outcomes.rows)
        with self._tables.writing(lease) as connection:
            self._tables.claim(connection, _STORE, list(latest.values()), _whole)
            self._tables.claim(connection, DECIDE, outcomes.decided, decision)
            replace_keys(self._tables, connection, latest, outcomes.keys)
            drop_operations(self._tables, connection, outcomes.dropped)
            ended = [(e.state, e.id, e.not_before_ms, to_json_or_null(e.note), e.n) for e in outcomes.ended]
            self._tables.each(connection, _END, ended)
            if outcomes.dirty:
                again = "UPDATE record SET dirty = ? WHERE entity IN ?? AND NOT dirty"
                self._tables.run(connection, again, (True, self._tables.many(outcomes.dirty)))
            write_notes(self._tables, connection, outcomes.journal, outcomes.opened, outcomes.closed)
            release(self._tables, connection, outcomes.released)


def _whole(row: Row) -> tuple[Any, ...]:
    shadow = None if row.shadow is None else to_json(row.shadow)
    return (*write_row(row), row.entity, shadow, to_json_or_null(row.why))
