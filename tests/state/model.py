"""The tables as a child would keep them: dicts and lists, one record at a time.  The store must agree with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from connectors.port import Ref
from state.rows import OBSERVED_STATES, Batch, CursorRow, Ending, OperationRow, Outcomes, ReviewRow, Row


class Refused(Exception):
    """The change would break a rule of the tables."""


class Model:
    """Records, keys, operations, questions and cursors.  Numbers of operations are taken from the store."""

    def __init__(self) -> None:
        self.records: dict[Ref, Row] = {}
        self.keys: dict[Ref, set[str]] = {}
        self.operations: list[OperationRow] = []
        self.reviews: list[ReviewRow] = []
        self.cursors: dict[tuple[str, str], CursorRow] = {}

    def copy(self) -> Model:
        other = Model()
        other.records, other.keys = dict(self.records), dict(self.keys)
        other.operations, other.reviews = list(self.operations), list(self.reviews)
        other.cursors = dict(self.cursors)
        return other

    # Observing

    def save_page(self, rows: Sequence[Row], keys: Mapping[Ref, Sequence[str]], cursor: CursorRow | None) -> int:
        latest = newest(rows)
        stored = 0
        for ref in sorted(latest, key=lambda ref: latest[ref].state == "live"):
            stored += self._observe(latest[ref])
        self._replace_keys(latest, keys)
        if cursor is not None:
            self.cursors[cursor.system, cursor.object] = cursor
        return stored

    def _observe(self, new: Row) -> int:
        old = self.records.get(new.ref)
        if old is None:
            self.records[new.ref] = new._replace(entity=None, shadow=None, why=None)
            return 1
        if moment(new) < moment(old):
            return 0
        entity = old.entity
        comes_back = new.state == "live" and old.state in ("deleted", "moved")
        if comes_back and entity is not None and self._holder(entity, new.system) is not None:
            entity = None
        state = old.state if new.state == "live" and old.state not in OBSERVED_STATES else new.state
        learnt = new._replace(entity=entity, shadow=old.shadow, why=old.why, dirty=old.dirty or new.dirty, state=state)
        if old.state == "erased":
            learnt = learnt._replace(state="erased", now=old.now, spans=old.spans)
        self.records[new.ref] = learnt
        return 1

    def _holder(self, entity: str, system: str) -> Ref | None:
        for row in self.records.values():
            if (row.entity, row.system, row.state) == (entity, system, "live"):
                return row.ref
        return None

    def _replace_keys(self, rows: Mapping[Ref, Row], keys: Mapping[Ref, Sequence[str]]) -> None:
        for ref, new in keys.items():
            if moment(self.records[ref]) == moment(rows[ref]):
                self.keys[ref] = set(new)

    # Deciding

    def commit_batch(self, batch: Batch) -> None:
        for row in batch.rows:
            old = self.records[row.ref]
            decided = old._replace(entity=row.entity, shadow=row.shadow, why=row.why)
            if moment(row) == moment(old):
                decided = decided._replace(dirty=row.dirty, state=row.state, spans=row.spans, fate=row.fate)
            else:
                decided = decided._replace(dirty=old.dirty or row.dirty)
            self.records[row.ref] = decided
        self._drop(batch.dropped)
        for new in batch.operations:
            place = (new.entity, new.system)
            self.operations = [
                o
                for o in self.operations
                if (o.entity, o.system) != place
                or o.state not in ("planned", *(() if new.leaves_parked else ("parked",)))
            ]
            self.operations.append(new)
        self._note(batch)
        self._check()

    def _drop(self, numbers: Sequence[int]) -> None:
        self.operations = [o for o in self.operations if o.n not in numbers or o.state == "done"]

    def _note(self, notes: Batch | Outcomes) -> None:
        for closing in notes.closed:
            self.reviews = [
                row._replace(closed_ms=closing.closed_ms, answer=closing.answer)
                if row.fingerprint == closing.fingerprint and row.closed_ms is None
                else row
                for row in self.reviews
            ]
        for asked in notes.opened:
            for at, row in enumerate(self.reviews):
                if row.fingerprint == asked.fingerprint and row.closed_ms is None:
                    self.reviews[at] = row._replace(detail=asked.detail)
                    break
            else:
                self.reviews.append(asked)

    def _check(self) -> None:
        live = Counter((row.entity, row.system) for row in self.records.values() if row.in_place)
        open_ = Counter((o.entity, o.system) for o in self.operations if o.state in ("planned", "sent"))
        if any(count > 1 for count in (*live.values(), *open_.values())):
            raise Refused

    # Applying

    def take(self, system: str, now: int, limit: int) -> list[OperationRow]:
        due = [o for o in self.operations if (o.state, o.system) == ("planned", system) and o.not_before_ms <= now]
        due = [o for o in due if o.urgent] or due
        taken = [o._replace(state="sent", attempts=o.attempts + 1) for o in due[:limit]]
        after = {o.n: o for o in taken}
        self.operations = [after.get(o.n, o) for o in self.operations]
        return taken

    def commit_outcomes(self, outcomes: Outcomes) -> None:
        latest = newest(outcomes.rows)
        for ref, row in latest.items():
            old = self.records.get(ref)
            if old is None or moment(row) >= moment(old):
                self.records[ref] = row
            else:
                decided = old._replace(entity=row.entity, shadow=row.shadow, why=row.why)
                self.records[ref] = decided._replace(dirty=old.dirty or row.dirty)
        self._replace_keys(latest, outcomes.keys)
        self._drop(outcomes.dropped)
        endings = {ending.n: ending for ending in outcomes.ended}
        self.operations = [ended(o, endings.get(o.n)) for o in self.operations]
        for ref, row in self.records.items():
            if row.entity in outcomes.dirty:
                self.records[ref] = row._replace(dirty=True)
        self._note(outcomes)
        self._check()

    def retry(self) -> int:
        parked = [o for o in self.operations if o.state == "parked"]
        for ref, row in self.records.items():
            if row.entity in {o.entity for o in parked}:
                self.records[ref] = row._replace(dirty=True)
        self._drop([o.n for o in parked])
        return len(parked)


def moment(row: Row) -> tuple[int, int]:
    return row.version_ms, row.seen_ms


def newest(rows: Sequence[Row]) -> dict[Ref, Row]:
    kept: dict[Ref, Row] = {}
    for row in rows:
        if row.ref not in kept or moment(row) >= moment(kept[row.ref]):
            kept[row.ref] = row
    return kept


def ended(operation: OperationRow, ending: Ending | None) -> OperationRow:
    if ending is None or operation.state != "sent":
        return operation
    id = operation.id if ending.id is None else ending.id
    return operation._replace(state=ending.state, id=id, not_before_ms=ending.not_before_ms, note=ending.note)
