"""Carry out what was planned: mark sent, write, record what came of it; and look where no answer came.

Write-ahead: an operation is `sent` in the state before the call is made.  Whatever happens then, a crash included,
the next cycle finds it and looks at the target before anything is decided again.  A write is never repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.errors import SyncError
from connectors.port import Applied, Connector, Deferred, Key, Outcome, Record, Ref, Rejected, Stale, Unknown, Write
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import (
    APPLIED,
    DELETED,
    DONE,
    HELD,
    LIVE,
    MOVED,
    PARKED,
    PENDING,
    PLANNED,
    SENT,
    Ending,
    JournalRow,
    OperationRow,
    Outcomes,
    ReviewRow,
    Row,
)
from sync.catalogue import explain
from sync.observe import observed, spans
from sync.rest import at_rest

if TYPE_CHECKING:
    from sync.engine import Engine

COMMIT = 200
"""Outcomes stored in one transaction."""
LATER = 1_000
"""A deferred write waits at least so long, ms: never within the same turn."""
TAKE = 20
"""Batches taken at a time: enough for a connector to choose its bulk road."""

LOOKED = " (seen by looking: no answer came)"
UNSEEN = " (no answer came, and it was not there when we looked; it may take effect later)"


def apply(engine: Engine, connector: Connector, mapping: KindMapping) -> int:
    """Send what is planned for this system and due.  Returns how many operations had any effect on the state."""
    moved = 0
    due = engine.now()
    while operations := engine.store.take(
        engine.lease, connector.name, due, TAKE * connector.traits.batch, kind=mapping.rule.kind
    ):
        engine.beat()
        engine.step(f"apply:{connector.name}:sent")
        for object, group in _by_object(operations).items():
            moved += _send(engine, connector, mapping, object, group)
    return moved


def _by_object(operations: Iterable[OperationRow]) -> dict[str, list[OperationRow]]:
    groups: dict[str, list[OperationRow]] = {}
    for operation in operations:
        groups.setdefault(operation.object, []).append(operation)
    return groups


def _send(
    engine: Engine, connector: Connector, mapping: KindMapping, object: str, operations: Sequence[OperationRow]
) -> int:
    natives = mapping.natives(Place(connector.name, object))
    waiting = iter(operations)
    answered: list[tuple[OperationRow, Write, Outcome]] = []
    moved = 0
    try:
        for operation, outcome in zip(
            waiting, connector.write([_write(operation) for operation in operations], natives), strict=False
        ):
            answered.append((operation, _write(operation), outcome))
            if len(answered) == COMMIT:
                moved += _record(engine, connector, mapping, object, answered)
                answered = []
    except SyncError:
        moved += _record(engine, connector, mapping, object, answered)
        if not moved and len(answered) == 0:
            _put_back(engine, operations)
        raise
    return moved + _record(engine, connector, mapping, object, answered)


def _put_back(engine: Engine, operations: Sequence[OperationRow]) -> None:
    """Nothing of these was sent: the connector raised before its first outcome."""
    ended = [Ending(operation.n, PLANNED) for operation in operations]
    engine.store.commit_outcomes(engine.lease, Outcomes(ended=ended))


def _write(operation: OperationRow) -> Write:
    key = Key(*operation.key) if operation.key else None
    return Write(operation.object, operation.id, operation.native, key, operation.basis.get("version"))


def _record(
    engine: Engine,
    connector: Connector,
    mapping: KindMapping,
    object: str,
    answered: Sequence[tuple[OperationRow, Write, Outcome]],
) -> int:
    if not answered:
        return 0
    engine.step(f"apply:{connector.name}:answered")
    told = _Told(engine, connector, mapping, object)
    told.know([operation for operation, _, _ in answered])
    updates = [(write, o.record) for op, write, o in answered if isinstance(o, Applied) and op.id is not None]
    replaced = connector.overwritten(updates) if updates and connector.traits.history else {}
    for operation, _, outcome in answered:
        told.outcome(operation, outcome, replaced.get(operation.id or "", {}))
    told.look()
    engine.store.commit_outcomes(engine.lease, told.result())
    engine.step(f"apply:{connector.name}:recorded")
    engine.progress("written", connector.name, object, len(answered), None)
    return told.moved


def recover(engine: Engine, connector: Connector, mapping: KindMapping) -> int:
    """Look at the target of every operation that was sent and never answered.  Returns how many there were."""
    operations = engine.store.sent(connector.name, kind=mapping.rule.kind)
    for object, group in _by_object(operations).items():
        for start in range(0, len(group), COMMIT):
            _look_after(engine, connector, mapping, object, group[start : start + COMMIT])
    return len(operations)


def _look_after(
    engine: Engine, connector: Connector, mapping: KindMapping, object: str, operations: Sequence[OperationRow]
) -> None:
    place = Place(connector.name, object)
    natives = mapping.natives(place)
    told = _Told(engine, connector, mapping, object)
    told.know(operations)
    updates = {op.id: op for op in operations if op.id is not None}
    creates = {key: op for op in operations if op.id is None and (key := _creation_key(op, mapping, place))}
    found: dict[int, Record] = {}
    if updates:
        for record in connector.read(object, natives, ids=list(updates)):
            found[updates[record.ref.id].n] = record
    if creates:
        awaited = {(key.field, key.value.casefold()): operation for key, operation in creates.items()}
        for record in connector.read(object, natives, keys=list(creates)):
            for native in {key.field for key in creates}:
                operation = awaited.get((native, str(record.fields.get(native)).casefold()))
                if operation is not None:
                    found.setdefault(operation.n, record)
    engine.step(f"recover:{connector.name}:looked")
    happened = [(op, seen) for op in operations if (seen := found.get(op.n)) is not None and told.happened(op, seen)]
    updated = [(_write(op), seen) for op in operations if op.id and (seen := found.get(op.n)) and not seen.deleted]
    replaced = connector.overwritten(updated) if updated and connector.traits.history else {}
    for operation, record in happened:
        told.outcome(operation, Applied(record), replaced.get(operation.id or "", {}), looked=True)
    done = {operation.n for operation, _ in happened}
    for operation in operations:
        if operation.n in done:
            continue
        if operation.n in found or operation.id is not None:
            told.drop(operation, found.get(operation.n), replaced.get(operation.id or "", {}))
        elif not told.is_past_hope(operation):
            engine.made(deferred=1)
        elif (gone := told.made_and_gone(operation)) is not None:
            told.was_made(operation, gone)
        else:
            told.drop(operation, None, {})
    engine.store.commit_outcomes(engine.lease, told.result())
    engine.step(f"recover:{connector.name}:recorded")


def _creation_key(operation: OperationRow, mapping: KindMapping, place: Place) -> Key | None:
    return Key(*operation.key) if operation.key else mapping.stand_in(place, operation.native)


@dataclass
class _Told:
    """What a batch of outcomes says, gathered for one transaction."""

    engine: Engine
    connector: Connector
    mapping: KindMapping
    object: str
    rows: dict[Ref, Row] = field(default_factory=dict)
    mates: dict[str, list[Row]] = field(default_factory=dict)
    keys: dict[Ref, Sequence[str]] = field(default_factory=dict)
    ended: list[Ending] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    dirty: list[str] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    opened: list[ReviewRow] = field(default_factory=list)
    to_look_at: dict[str, str] = field(default_factory=dict)
    """id → entity that waits for it."""
    changed: set[Ref] = field(default_factory=set)
    seen: set[Ref] = field(default_factory=set)
    """Those of which something new was observed."""
    moved: int = 0

    @property
    def place(self) -> Place:
        return Place(self.connector.name, self.object)

    def know(self, operations: Sequence[OperationRow]) -> None:
        """Read the records of these operations' entities."""
        self.mates = self.engine.store.entity_rows(sorted({operation.entity for operation in operations}))
        for rows in self.mates.values():
            for row in rows:
                self.rows[row.ref] = row

    def result(self) -> Outcomes:
        """All of it."""
        self._rest()
        rows = [self.rows[ref] for ref in sorted(self.changed)]
        return Outcomes(
            [row for row in rows if row.ref in self.seen],
            self.keys,
            [row for row in rows if row.ref not in self.seen],
            self.ended,
            self.dropped,
            self.dirty,
            self.journal,
            self.opened,
        )

    def _rest(self) -> None:
        """Whose records agree now need not be decided again."""
        known = {self.rows[ref].entity for ref in self.changed} & self.mates.keys() - set(self.dirty)
        entities: dict[str, list[Row]] = {}
        for row in self.rows.values():
            if row.entity is not None and row.entity in known:
                entities.setdefault(row.entity, []).append(row)
        resting = [entity for entity, rows in entities.items() if at_rest(self.mapping, rows)]
        if not resting:
            return
        done = [ending.n for ending in self.ended if ending.state == DONE]
        busy = self.engine.store.unsettled(resting, done)
        for entity in resting:
            if entity in busy:
                continue
            for row in entities[entity]:
                if row.ref in self.changed:
                    self.rows[row.ref] = row._replace(dirty=False)

    def happened(self, operation: OperationRow, record: Record) -> bool:
        """Whether the record holds what the operation wanted."""
        if operation.id is None:
            return not record.deleted
        if record.deleted or record.moved_to is not None:
            return False
        now = self.mapping.decode(record)
        return all(self._holds(now, name, value) for name, value in operation.fields.items())

    def outcome(
        self, operation: OperationRow, outcome: Outcome, replaced: Mapping[str, Any], *, looked: bool = False
    ) -> None:
        """Take in what became of one operation."""
        if isinstance(outcome, Applied):
            self._applied(operation, outcome.record, replaced, looked)
            return
        if isinstance(outcome, Unknown):
            self.engine.made(unknown=1)
            self._still_sent(operation, {"unknown": outcome.reason})
            return
        if isinstance(outcome, Deferred):
            until = max(outcome.until or 0, self.engine.now() + LATER)
            self.engine.report.wait_until(until)
            self.engine.made(deferred=1)
            self.ended.append(Ending(operation.n, PLANNED, not_before_ms=until, note={"deferred": outcome.reason}))
            return
        self.moved += 1
        self.dirty.append(operation.entity)
        if isinstance(outcome, Stale):
            self.dropped.append(operation.n)
            self._see(operation.id or outcome.existing, operation.entity)
            return
        self._rejected(operation, outcome)

    def _still_sent(self, operation: OperationRow, note: Mapping[str, Any]) -> None:
        note = {**note, "since": self.engine.now(), "run": self.engine.run}
        self.ended.append(Ending(operation.n, SENT, note=note))

    def is_past_hope(self, operation: OperationRow) -> bool:
        """Whether a creation that looking did not find may be decided again.

        Somebody may have deleted or converted the record before we looked: the system must have been read since.
        Where only an e-mail address makes the creation known again, it may also come late and twice: so the system
        must have been read by another run, later than its search lags behind.
        """
        note = operation.note or {}
        if "since" not in note:
            self._still_sent(operation, note)
            return False
        traits = self.connector.traits
        key = operation.key[0] if operation.key else None
        keyed = any(known.native == key for known in self.mapping.rule.keys if known.place == self.place)
        waited = self.engine.now() - note["since"] > (traits.gone_lag if keyed else traits.lag)
        read: bool = self.engine.read_at.get(self.connector.name, 0) > note["since"]
        return waited and read and (keyed or note["run"] != self.engine.run)

    def made_and_gone(self, operation: OperationRow) -> Row | None:
        """The record that an unanswered creation made, if it was deleted or moved before anybody looked: a reading
        since has told of it, with the sync key that only the creation can have given it."""
        key = operation.key or ("", "")
        for known in self.mapping.rule.keys:
            if known.place == self.place and known.native == key[0]:
                name = f"key:{known.of.system}:{known.of.object}:{key[1]}"
                for row in self.engine.store.by_keys(operation.kind, [name]).get(name, ()):
                    here = (row.system, row.object) == self.place and row.entity in (None, operation.entity)
                    if here and row.state in (DELETED, MOVED):
                        return row
        return None

    def was_made(self, operation: OperationRow, gone: Row) -> None:
        """It happened, and what it made is gone: the journal tells of it, for it may come back."""
        self.moved += 1
        self.dirty.append(operation.entity)
        self._journal(operation, {}, {}, LOOKED)
        self.ended.append(Ending(operation.n, DONE, gone.id, note={"looked": True}))
        self.engine.wrote(operation.kind, operation.system, operation.verb)

    def drop(self, operation: OperationRow, record: Record | None, replaced: Mapping[str, Any]) -> None:
        """It did not happen, as far as looking can tell: remember what was seen and decide again.

        What it wanted may yet have been done, and one field of it been changed since; or the system is slow, and it
        is done after we looked.  So the journal tells what it would replace either way.
        """
        self.dropped.append(operation.n)
        self.dirty.append(operation.entity)
        told: Mapping[str, Any] = operation.basis.get("fields", {})
        wanted = {name: v for name, v in operation.fields.items() if told.get(name, {}).get("old") != v}
        held: dict[str, Any] = {}
        if record is not None and operation.id is not None and record.moved_to is None and record.fields:
            now = self.mapping.decode(record)
            held = {name: value for name, value in wanted.items() if self._holds(now, name, value)}
            self._journal(operation._replace(fields=held), now, replaced, LOOKED)
        unseen = {name: value for name, value in wanted.items() if name not in held}
        self._journal(operation._replace(fields=unseen), {}, {}, UNSEEN)
        if record is not None:
            self._observe(record)

    def _holds(self, now: Mapping[str, Any], name: str, wanted: Any) -> bool:
        if name.startswith("@"):
            return bool(now.get(name) == wanted)
        return not self.mapping.changed(self.place, name, now.get(name), self.mapping.fit(self.place, name, wanted))

    def look(self) -> None:
        """See the records that were in the way as they are now."""
        if self.to_look_at:
            natives = self.mapping.natives(self.place)
            known = self.engine.store.rows(*self.place, list(self.to_look_at))
            self.rows.update({row.ref: row for row in known.values() if row.ref not in self.rows})
            for record in self.connector.read(self.object, natives, ids=list(self.to_look_at)):
                self._observe(record)

    def _see(self, id: str | None, entity: str) -> None:
        if id is not None:
            self.to_look_at[id] = entity

    def _observe(self, record: Record) -> None:
        old = self.rows.get(record.ref)
        row = observed(self.mapping, record, old, record.version, old.run if old and old.run else "")
        if row is None:
            return
        if old is None:
            row = row._replace(run=None)
        self._put(row._replace(dirty=True), keyed=old is None or old.now != row.now)

    def _put(self, row: Row, *, keyed: bool) -> None:
        """What was observed of a record."""
        ref = row.ref
        self.rows[ref] = row
        self.changed.add(ref)
        self.seen.add(ref)
        if keyed:
            place = Place(row.system, row.object)
            self.keys[ref] = [*self.mapping.match_keys(place, row.now), f"key:{row.system}:{row.object}:{row.id}"]

    def _settle(self, row: Row) -> None:
        """What follows for a record that was not looked at."""
        ref = row.ref
        self.rows[ref] = row
        self.changed.add(ref)

    def _applied(self, operation: OperationRow, record: Record, replaced: Mapping[str, Any], looked: bool) -> None:
        self.moved += 1
        now = self.mapping.decode(record)
        met = {name for fields in operation.agreed.values() for name in fields}
        old = self.rows.get(record.ref)
        stored = {name: now.get(name) for name in met}
        if looked and operation.id is None:
            stored = {name: self._as_made(operation, name, now.get(name)) for name in met}
        if old is None:
            why = {"rule": "create", "evidence": "made by us", "at": self.engine.now(), "by": "sync"}
            row = Row(
                *record.ref, operation.kind, now, record.version, record.version, created_ms=record.created,
                fate=APPLIED, entity=operation.entity, shadow=stored, why=why,
            )  # fmt: skip
        else:
            left = {
                name: span for name, span in spans(self.mapping, old, now, record.version).items() if name not in met
            }
            row = old._replace(
                now=now,
                version_ms=record.version,
                seen_ms=max(old.seen_ms, record.version),
                spans=left,
                dirty=True,
                shadow={**(old.shadow or {}), **stored},
                entity=operation.entity,
            )
            if operation.id is None:
                row = row._replace(state=LIVE)
        self._put(row, keyed=old is None or old.now != now)
        self._agree(operation)
        self._journal(operation, now, replaced, LOOKED if looked else "")
        self.ended.append(Ending(operation.n, DONE, record.ref.id, note={"looked": True} if looked else None))
        self.engine.wrote(operation.kind, operation.system, operation.verb)

    def _as_made(self, operation: OperationRow, name: str, now: Any) -> Any:
        """What a record of ours, found by looking, was made with: people may have edited it since."""
        sent = operation.fields.get(name)
        made = None if sent is None else self.mapping.fit(self.place, name, sent)
        return made if self.mapping.changed(self.place, name, now, made) else now

    def _agree(self, operation: OperationRow) -> None:
        """Move the shadows of the other sides to what the decision rested on."""
        for mate in self.mates.get(operation.entity, ()):
            agreed = operation.agreed.get(mate.system)
            current = self.rows[mate.ref]
            if agreed is None or current.state != LIVE or mate.system == operation.system:
                continue
            shadow = {**(current.shadow or {}), **agreed}
            left = {
                name: span
                for name, span in current.spans.items()
                if name not in agreed or current.now.get(name) != agreed[name]
            }
            self._settle(current._replace(shadow=shadow, spans=left, dirty=True))

    def _journal(self, operation: OperationRow, now: Mapping[str, Any], replaced: Mapping[str, Any], seen: str) -> None:
        line = partial(JournalRow, self.engine.now(), self.engine.run, operation.entity)
        told: Mapping[str, Any] = operation.basis.get("fields", {})
        for name, value in operation.fields.items():
            why = told.get(name, {})
            became = now.get(name, value)
            if seen and operation.id is None and not name.startswith("@"):
                became = self._as_made(operation, name, became)
            reason = f"{why.get('rule', '')}: {why.get('why', '')}{seen}"
            self.journal.append(line(operation.system, name, why.get("old"), became, reason, operation.n))
            for system, lost in why.get("lost", ()):
                self.journal.append(line(system, name, lost, became, f"lost: {why.get('why', '')}", operation.n))
        before = self.mapping.decode(Record(Ref(*self.place, ""), replaced, 0)) if replaced else {}
        for name, value in {self._name_of(native): value for native, value in replaced.items()}.items():
            reason = "overwritten: it changed a moment before our write"
            self.journal.append(
                line(operation.system, name, before.get(name, value), now.get(name), reason, operation.n)
            )

    def _name_of(self, native: str) -> str:
        """The canonical name of a native field."""
        slots = self.mapping.slots(self.place).items()
        return next((name for name, slot in slots if native in slot.natives), native)

    def _rejected(self, operation: OperationRow, outcome: Rejected) -> None:
        self._see(outcome.existing, operation.entity)
        detail = {
            "code": outcome.code,
            "message": outcome.message,
            "native": list(outcome.fields),
            "values": {native: operation.native.get(native) for native in outcome.fields},
            "existing": outcome.existing,
            "target": f"{operation.system} {operation.object}",
            **explain(operation.system, outcome.code),
        }
        self.ended.append(Ending(operation.n, PARKED, note=detail))
        told = f"rejected|{operation.entity}|{operation.system}|"
        target = (operation.entity, operation.system, operation.object, operation.id)
        self.opened.append(ReviewRow("rejected", told, self.engine.now(), *target, None, detail))
        for mate in self.mates.get(operation.entity, ()):
            current = self.rows[mate.ref]
            if current.run == self.engine.run and current.fate in (PENDING, APPLIED):
                self._settle(current._replace(fate=HELD))
        self.engine.failed(operation.kind, operation.system)
