"""A reconcile that decides everything and stores nothing: what `plan` shows.

It lays what each batch decided over the store, so that a later batch sees the links an earlier one made.  What was
decided is kept in files of its own, so that a plan of any size takes little memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.port import Ref
from mapping.journey import Standing
from state.rows import Batch, DerivedRow, Lease, OperationRow, ReviewRow, Row
from state.store import Store
from sync.decide.counts import REPLACES, Counts, effect, replaces
from sync.spool import Spool


def _row(values: Sequence[Any]) -> Row:
    row = Row._make(values)
    return row if row.moved_to is None else row._replace(moved_to=Ref(*row.moved_to))


class DryRun:
    """The store as `reconcile` uses it, with decisions kept here instead."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.operations: Spool[OperationRow] = Spool(OperationRow._make)
        self.questions: Spool[ReviewRow] = Spool(ReviewRow._make)
        self.counts: Counts = Counter()
        """What the operations would do."""
        self.replaced: Counts = Counter()
        """How many of them replace values."""
        self._planned: dict[str, dict[str, int]] = {}
        """System → entity → where its operation is kept."""
        self._asked: dict[str, int] = {}
        """Fingerprint → where the question is kept."""
        self._kept: Spool[Row] = Spool(_row)
        self._rows: dict[int, int] = {}
        """Number of a record → where it is kept as decided."""
        self._members: dict[str, tuple[int, ...]] = {}
        """Entity → the numbers of the records that were decided to be its."""

    def dirty(self, kind: str, after_n: int, limit: int) -> list[Row]:
        """The work list, without what was decided here along with another record."""
        while rows := self.store.dirty(kind, after_n, limit):
            after_n = rows[-1].n
            if left := [row for row in map(self._decided, rows) if row.dirty]:
                return left
        return []

    def rows(self, system: str, object: str, ids: Sequence[str]) -> dict[str, Row]:
        """Records by id."""
        return {id: self._decided(row) for id, row in self.store.rows(system, object, ids).items()}

    def by_keys(self, kind: str, keys: Sequence[str], known: Mapping[int, Row] | None = None) -> dict[str, list[Row]]:
        """Records that share a match key."""
        found = self.store.by_keys(kind, keys, known)
        return {key: [self._decided(row) for row in rows] for key, rows in found.items()}

    def entity_rows(self, entities: Sequence[str], *, but: Sequence[int] = ()) -> dict[str, list[Row]]:
        """The records of entities, those decided here included."""
        rows = {row.n: row for stored in self.store.entity_rows(entities).values() for row in stored}
        wanted = set(entities)
        decided = {n for entity in wanted for n in self._members.get(entity, ())} | (rows.keys() & self._rows.keys())
        rows |= {n: self._kept.at(self._rows[n]) for n in decided}
        result: dict[str, list[Row]] = {}
        for n in sorted(rows):
            row = rows[n]
            if row.entity is not None and row.entity in wanted:
                result.setdefault(row.entity, []).append(row)
        return result

    def open_operations(self, entities: Sequence[str]) -> dict[tuple[str, str], OperationRow]:
        """Operations not done."""
        return self.store.open_operations(entities)

    def standings(self, entities: Sequence[str]) -> dict[str, Standing]:
        """How far people are, by the journal."""
        return self.store.standings(entities)

    def derived(self, entities: Sequence[str]) -> dict[str, dict[str, DerivedRow]]:
        """What was worked out."""
        return self.store.derived(entities)

    def questions_of(self, entities: Collection[str], questions: Collection[str]) -> list[ReviewRow]:
        """Open questions on these entities."""
        return self.store.questions_of(entities, questions)

    def commit_batch(self, lease: Lease, batch: Batch) -> None:
        """Keep the decisions here."""
        for row in batch.rows:
            self._rows[row.n] = self._kept.add(row)
            if row.entity is not None and row.n not in (members := self._members.get(row.entity, ())):
                self._members[row.entity] = (*members, row.n)
        decided = {row.entity for row in batch.rows} | {operation.entity for operation in batch.operations}
        self._count(self._taken_back(entity for entity in decided if entity is not None), -1)
        for operation in batch.operations:
            self._planned.setdefault(operation.system, {})[operation.entity] = self.operations.add(operation)
        self._count(batch.operations, 1)
        for about in (*(q.fingerprint for q in batch.opened), *(closing.fingerprint for closing in batch.closed)):
            if (where := self._asked.pop(about, None)) is not None:
                self.questions.drop(where)
        for question in batch.opened:
            self._asked[question.fingerprint] = self.questions.add(question)

    def _taken_back(self, entities: Iterable[str]) -> Iterator[OperationRow]:
        """What was planned for these before: it was decided again."""
        for entity in entities:
            for planned in self._planned.values():
                if (where := planned.pop(entity, None)) is not None:
                    self.operations.drop(where)
                    yield self.operations.at(where)

    def _count(self, operations: Iterable[OperationRow], times: int) -> None:
        for operation in operations:
            self.counts[operation.kind, operation.system, effect(operation)] += times
            self.replaced[operation.kind, operation.system, REPLACES] += times * replaces(operation)
        self.counts, self.replaced = +self.counts, +self.replaced

    def _decided(self, row: Row) -> Row:
        where = self._rows.get(row.n)
        return row if where is None else self._kept.at(where)
