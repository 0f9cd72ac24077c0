"""A reconcile that decides everything and stores nothing: what `plan` shows.

It lays what each batch decided over the store, so that a later batch sees the links an earlier one made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mapping.journey import Standing
from state.rows import Batch, Lease, OperationRow, ReviewRow, Row
from state.store import Store


class DryRun:
    """The store as `reconcile` uses it, with decisions kept here instead."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.operations: list[OperationRow] = []
        self.questions: list[ReviewRow] = []
        self._rows: dict[int, Row] = {}
        self._members: dict[str, set[int]] = {}

    def dirty(self, kind: str, after_n: int, limit: int) -> list[Row]:
        """The work list."""
        return [self._rows.get(row.n, row) for row in self.store.dirty(kind, after_n, limit)]

    def rows(self, system: str, object: str, ids: Sequence[str]) -> dict[str, Row]:
        """Records by id."""
        return {id: self._rows.get(row.n, row) for id, row in self.store.rows(system, object, ids).items()}

    def by_keys(self, kind: str, keys: Sequence[str]) -> dict[str, list[Row]]:
        """Records that share a match key."""
        found = self.store.by_keys(kind, keys)
        return {key: [self._rows.get(row.n, row) for row in rows] for key, rows in found.items()}

    def entity_rows(self, entities: Sequence[str], *, but: Sequence[int] = ()) -> dict[str, list[Row]]:
        """The records of entities, those decided here included."""
        rows = {row.n: row for stored in self.store.entity_rows(entities).values() for row in stored}
        for entity in entities:
            rows |= {n: self._rows[n] for n in self._members.get(entity, ())}
        result: dict[str, list[Row]] = {}
        for n in sorted(rows):
            row = self._rows.get(n, rows[n])
            if row.entity is not None and row.entity in entities:
                result.setdefault(row.entity, []).append(row)
        return result

    def open_operations(self, entities: Sequence[str]) -> dict[tuple[str, str], OperationRow]:
        """Operations not done."""
        return self.store.open_operations(entities)

    def standings(self, entities: Sequence[str]) -> dict[str, Standing]:
        """How far people are, by the journal."""
        return self.store.standings(entities)

    def questions_of(self, entities: Collection[str], questions: Collection[str]) -> list[ReviewRow]:
        """Open questions on these entities."""
        return self.store.questions_of(entities, questions)

    def commit_batch(self, lease: Lease, batch: Batch) -> None:
        """Keep the decisions here."""
        for row in batch.rows:
            self._rows[row.n] = row
            if row.entity is not None:
                self._members.setdefault(row.entity, set()).add(row.n)
        self.operations += batch.operations
        self.questions += batch.opened
