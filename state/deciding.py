"""What deciding reads and stores: the work list, whole entities, and one batch of decisions at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mapping.journey import JOURNALED, Standing, standing_of
from state.base import Part, from_json, to_json, to_json_or_null
from state.notes import write_notes
from state.observing import ROW_COLUMNS, read_row, release
from state.operations import OPERATION_COLUMNS, drop_operations, insert_operations, read_operation
from state.rows import Batch, Lease, OperationRow, Row

_UNMOVED: Final = "version_ms = ? AND seen_ms = ?"

DECIDE: Final = f"""
UPDATE record SET
    unlearned = unlearned OR entity IS DISTINCT FROM ?, entity = ?, shadow = ?, why = ?,
    dirty = ? OR (dirty AND NOT ({_UNMOVED})),
    state = CASE WHEN {_UNMOVED} THEN ? ELSE state END,
    spans = CASE WHEN {_UNMOVED} THEN ? ELSE spans END,
    fate = CASE WHEN {_UNMOVED} THEN ? ELSE fate END
WHERE n = ?
"""  # noqa: S608

_REPLACE: Final = "DELETE FROM operation WHERE entity = ? AND system = ? AND state IN ('planned', 'parked')"
_BESIDE: Final = "DELETE FROM operation WHERE entity = ? AND system = ? AND state = 'planned'"


class Deciding(Part):
    """The questions of `sync.match`, `sync.plan` and `sync.reconcile`."""

    def dirty(self, kind: str, after_n: int, limit: int) -> list[Row]:
        """The next rows to decide again, in the order of their numbers."""
        statement = f"SELECT {ROW_COLUMNS} FROM record WHERE kind = ? AND dirty AND n > ? ORDER BY n LIMIT ?"  # noqa: S608
        with self._tables.reading() as connection:
            return [read_row(found) for found in self._tables.rows(connection, statement, (kind, after_n, limit))]

    def entity_rows(self, entities: Sequence[str], *, but: Sequence[int] = ()) -> dict[str, list[Row]]:
        """All records of these entities, in every state, in the order of their numbers; without those numbers that
        are known already (`but`)."""
        statement = f"SELECT {ROW_COLUMNS} FROM record WHERE entity IN ?? AND NOT n IN ?? ORDER BY n"  # noqa: S608
        parameters = (self._tables.many(entities), self._tables.many(but))
        members: dict[str, list[Row]] = {}
        with self._tables.reading() as connection:
            for row in map(read_row, self._tables.rows(connection, statement, parameters)):
                members.setdefault(str(row.entity), []).append(row)
        return members

    def by_keys(self, kind: str, keys: Sequence[str], known: Mapping[int, Row] | None = None) -> dict[str, list[Row]]:
        """All records of the kind that hold one of these match keys, in every state, by key.  known: by number those
        that need not be read again."""
        holding = "SELECT key, record FROM match_key WHERE kind = ? AND key IN ?? ORDER BY record"
        reading = f"SELECT {ROW_COLUMNS} FROM record WHERE n IN ??"  # noqa: S608
        holders: dict[str, list[Row]] = {}
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, holding, (kind, self._tables.many(keys)))
            known = known or {}
            new = sorted({n for _, n in found} - known.keys())
            read = map(read_row, self._tables.rows(connection, reading, (self._tables.many(new),))) if new else ()
            rows = {**known, **{row.n: row for row in read}}
            for key, n in found:
                holders.setdefault(key, []).append(rows[n])
        return holders

    def open_operations(self, entities: Sequence[str]) -> dict[tuple[str, str], OperationRow]:
        """What is planned, sent or parked for these entities, by (entity, system).

        Should there be several: what was sent before what is parked, and that before what only tells of it.
        """
        statement = (
            f"SELECT {OPERATION_COLUMNS} FROM operation WHERE entity IN ?? AND state <> 'done' "  # noqa: S608
            "ORDER BY CASE state WHEN 'sent' THEN 2 WHEN 'parked' THEN 1 ELSE 0 END, n"
        )
        with self._tables.reading() as connection:
            found = map(read_operation, self._tables.rows(connection, statement, (self._tables.many(entities),)))
            return {(operation.entity, operation.system): operation for operation in found}

    def standings(self, entities: Sequence[str]) -> dict[str, Standing]:
        """How far the people of these entities are: the last transition that the journal tells of each."""
        statement = (
            "SELECT entity, became FROM journal WHERE n IN "
            "(SELECT max(n) FROM journal WHERE entity IN ?? AND field = ? GROUP BY entity)"
        )
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (self._tables.many(entities), JOURNALED))
            return {str(entity): standing_of(from_json(became)) for entity, became in found}

    def waiting(self) -> list[tuple[str, Standing]]:
        """How far all people are of whom the journal tells, and who stand so until some day only."""
        statement = (
            "SELECT entity, became FROM journal WHERE n IN (SELECT max(n) FROM journal WHERE field = ? GROUP BY entity)"
        )
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (JOURNALED,))
            everyone = ((str(entity), standing_of(from_json(became))) for entity, became in found)
            return [(entity, standing) for entity, standing in everyone if standing.until is not None]

    def commit_batch(self, lease: Lease, batch: Batch) -> None:
        """Store one batch of decisions."""
        with self._tables.writing(lease) as connection:
            self._tables.claim(connection, DECIDE, batch.rows, decision)
            drop_operations(self._tables, connection, batch.dropped)
            for statement, beside in ((_REPLACE, False), (_BESIDE, True)):
                mine = [(o.entity, o.system) for o in batch.operations if o.leaves_parked == beside]
                self._tables.each(connection, statement, mine)
            insert_operations(self._tables, connection, batch.operations)
            write_notes(self._tables, connection, batch.journal, batch.opened, batch.closed)
            release(self._tables, connection, batch.released)


def decision(row: Row) -> tuple[Any, ...]:
    """The parameters of DECIDE."""
    basis = (row.version_ms, row.seen_ms)
    spans = to_json(row.spans) if row.spans else "{}"
    linked = (row.entity, row.entity, to_json_or_null(row.shadow), to_json_or_null(row.why))
    return (*linked, bool(row.dirty), *basis, *basis, row.state, *basis, spans, *basis, row.fate, row.n)
