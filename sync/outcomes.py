"""What came of writes, gathered for one transaction: rows as they are now, shadows, journal, questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.port import Applied, Connector, Deferred, Outcome, Record, Ref, Rejected, Stale, Unknown
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import STAGE, Place, is_ours
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
    SPARES,
    Ending,
    JournalRow,
    OperationRow,
    Outcomes,
    ReviewRow,
    Row,
)
from sync.decide import dealing
from sync.decide.derived import PUT_RIGHT
from sync.decide.mailboxes import ADDRESS
from sync.decide.parents import keys_of
from sync.decide.rest import at_rest
from sync.observe import observed, spans
from sync.trust import undoing
from sync.trust.catalogue import explain
from sync.trust.refusal import BASIS, basis

if TYPE_CHECKING:
    from sync.engine import Engine

IN_HAND = frozenset((PLANNED, SENT))
LOOKED = " (seen by looking: no answer came)"
UNSEEN = " (no answer came, and it was not there when we looked; it may take effect later)"
LATER = 1_000
"""A deferred write waits at least so long, ms."""


@dataclass
class Told:
    """What a batch of outcomes says, gathered for one transaction."""

    engine: Engine
    connector: Connector
    mapping: KindMapping
    object: str
    rows: dict[Ref, Row] = field(default_factory=dict)
    mates: dict[str, list[Row]] = field(default_factory=dict)
    """The records of the operations' entities as they were found."""
    known: dict[Ref, bool] = field(default_factory=dict)
    """All of those, and whether something else of them is still to be decided."""
    keys: dict[Ref, Sequence[str]] = field(default_factory=dict)
    ended: list[Ending] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    dirty: list[str] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    opened: list[ReviewRow] = field(default_factory=list)
    to_look_at: dict[str, str] = field(default_factory=dict)
    """id → entity that waits for it."""
    free: list[Row] = field(default_factory=list)
    """Whose children are to be decided again."""
    learn: list[str] = field(default_factory=list)
    """Keys of records to which what was written is evidence."""
    changed: set[Ref] = field(default_factory=set)
    seen: set[Ref] = field(default_factory=set)
    """Those of which something new was observed."""
    moved: int = 0

    @property
    def place(self) -> Place:
        return Place(self.connector.name, self.object)

    def know(self, operations: Sequence[OperationRow]) -> None:
        """Read the records of these operations' entities."""
        entities = sorted({operation.entity for operation in operations})
        found = self.engine.store.entity_rows(entities)
        self.mates = {entity: found.get(entity, []) for entity in entities}
        for rows in found.values():
            for row in rows:
                ref = row.ref
                self.rows[ref] = row
                self.known[ref] = row.dirty
        left = [op.id for op in operations if op.id is not None and Ref(*self.place, op.id) not in self.rows]
        if left:
            self.rows |= {row.ref: row for row in self.engine.store.rows(*self.place, left).values()}

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
            released=[*keys_of(self.free), *self.learn],
        )

    def _rest(self) -> None:
        """Who need not be decided again now: whose records agree, and who has another operation in hand, because what
        becomes of that calls for a decision anyway."""
        entities: dict[str, list[Row]] = {}
        for ref in (*self.known, *(ref for ref in self.changed if ref not in self.known)):
            row = self.rows[ref]
            if row.entity in self.mates:
                entities.setdefault(row.entity, []).append(row)
        again = set(self.dirty)
        moving = {entity: rows for entity, rows in entities.items() if entity not in again and self._moved(rows)}
        done = [ending.n for ending in self.ended if ending.state == DONE]
        busy = self.engine.store.unsettled(list(moving), done)
        for entity, rows in moving.items():
            states = busy.get(entity, ())
            in_hand = not IN_HAND.isdisjoint(states)
            if in_hand or (not states and at_rest(self.mapping, rows)):
                for row in rows:
                    waits = in_hand and self.known.get(row.ref, False)
                    if row.dirty and not waits and row.ref in self.changed:
                        self.rows[row.ref] = row._replace(dirty=False)

    def _moved(self, rows: Sequence[Row]) -> bool:
        return any(row.dirty and row.ref in self.changed for row in rows)

    def happened(self, operation: OperationRow, record: Record) -> bool:
        """Whether the record holds what the operation wanted."""
        if operation.id is None:
            return not record.deleted
        if record.deleted or record.moved_to is not None:
            return operation.verb == "archive"
        if operation.verb == "archive":
            return False
        now = self.mapping.decode(record)
        return all(self._holds(operation, now, name, value) for name, value in operation.fields.items())

    def outcome(
        self, operation: OperationRow, outcome: Outcome, replaced: Mapping[str, Any], *, looked: bool = False
    ) -> None:
        """Take in what became of one operation."""
        if isinstance(outcome, Applied) and operation.verb == "archive":
            self._archived(operation, outcome.record, looked)
            return
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
            if known.place == self.place and known.native == key[0] and key[1].startswith(known.tag):
                name = f"key:{known.of.system}:{known.of.object}:{key[1].removeprefix(known.tag)}"
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
            held = {name: value for name, value in wanted.items() if self._holds(operation, now, name, value)}
            self._journal(operation._replace(fields=held), now, replaced, LOOKED)
        unseen = {name: value for name, value in wanted.items() if name not in held}
        self._journal(operation._replace(fields=unseen), {}, {}, UNSEEN)
        if record is not None:
            self._observe(record)

    def _holds(self, operation: OperationRow, now: Mapping[str, Any], name: str, wanted: Any) -> bool:
        if name.startswith("@"):
            return bool(now.get(name) == wanted)
        if name not in self.mapping.slots(self.place):
            # A field that was taken away since: nobody can tell, and there is nothing to write again.
            return True
        fitted = self.mapping.written(self.place, name, wanted, operation.native, now.get(name))
        return not self.mapping.changed(self.place, name, now.get(name), fitted)

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
        elif old.state != LIVE and row.state == LIVE and self._place_is_taken(row):
            # Out of the bin, while another record took its place: it is matched anew.
            row = row._replace(entity=None)
        self._put(row._replace(dirty=True), keyed=old is None or old.now != row.now)

    def _place_is_taken(self, row: Row) -> bool:
        mates = self.engine.store.entity_rows([row.entity]).get(row.entity, ()) if row.entity is not None else ()
        there = {mate.ref: mate for mate in mates} | self.rows
        return any(
            mate.ref != row.ref and (mate.entity, mate.system, mate.state) == (row.entity, row.system, LIVE)
            for mate in there.values()
        )

    def _put(self, row: Row, *, keyed: bool) -> None:
        """What was observed of a record."""
        ref = row.ref
        self.rows[ref] = row
        self.changed.add(ref)
        self.seen.add(ref)
        if keyed:
            place = Place(row.system, row.object)
            self.keys[ref] = self.mapping.keys(place, row.now)

    def _settle(self, row: Row) -> None:
        """What follows for a record that was not looked at."""
        ref = row.ref
        self.rows[ref] = row
        self.changed.add(ref)

    def _applied(self, operation: OperationRow, record: Record, replaced: Mapping[str, Any], looked: bool) -> None:
        self.moved += 1
        now = self.mapping.decode(record)
        if looked and operation.id is None:
            operation = self._which(operation, now)
        met = {name for fields in operation.agreed.values() for name in fields} | (operation.fields.keys() & {STAGE})
        old = self.rows.get(record.ref)
        if old is not None and operation.id is not None and old.entity != operation.entity:
            # It came to somebody else while the write was under way: nothing was agreed with that one.
            self._observe(record)
            self._done(operation, record, now, replaced, looked)
            return
        stored = {name: now.get(name) for name in met}
        if looked and operation.id is None:
            # A blank where we sent a value is no clearing: an earlier creation, given up, may have come late.  The
            # sides have not met there.
            made = {name: self._as_made(operation, name, now.get(name)) for name in met}
            # Nor did anybody take an opt-out back: it may be what was not done of the creation.
            undone = {rule.name for rule in self.mapping.consents if now.get(rule.name) is not True}
            there = {name for name, value in now.items() if value is not None and name not in undone}
            stored = {name: value for name, value in made.items() if value is None or name in there}
        stored |= operation.agreed.get(operation.system, {})
        if old is None:
            why = {"rule": "create", "evidence": "made by us", "at": self.engine.now(), "by": "sync"}
            row = Row(
                *record.ref, operation.kind, now, record.version, record.version, created_ms=record.created,
                fate=APPLIED, entity=operation.entity, shadow=stored, why=why,
            )  # fmt: skip
        else:
            if old.entity is not None and old.entity != operation.entity:
                self.dirty.append(old.entity)
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
        if operation.id is None and self.mapping.rule.has_children:
            self.free += [row, *self.mates.get(operation.entity, ())]
        if self.mapping.rule.tells and operation.id is not None and STAGE in operation.fields:
            self.learn += dealing.told(self.mapping, [(old, row)])
        self._agree(operation)
        if "undo" in operation.basis:
            self._undone(operation)
        if self._spreads(operation, now):
            self.dirty.append(operation.entity)
        self._done(operation, record, now, replaced, looked)

    def _spreads(self, operation: OperationRow, now: Mapping[str, Any]) -> bool:
        """Whether others who hold its address have to be told that this record is opted out now."""
        consents = [rule.name for rule in self.mapping.consents]
        news = ADDRESS in operation.fields or any(name in operation.fields for name in consents)
        return news and any(now.get(name) is True for name in consents)

    def _done(
        self,
        operation: OperationRow,
        record: Record,
        now: Mapping[str, Any],
        replaced: Mapping[str, Any],
        looked: bool,
    ) -> None:
        self._journal(operation, now, replaced, LOOKED if looked else "")
        self.ended.append(Ending(operation.n, DONE, record.ref.id, note={"looked": True} if looked else None))
        self.engine.wrote(operation.kind, operation.system, operation.verb)

    def _which(self, operation: OperationRow, now: Mapping[str, Any]) -> OperationRow:
        """The creation that made a record found by looking: what an earlier one sent, that was given up and took effect
        late, is nobody's edit."""
        fields, native = dict(operation.fields), dict(operation.native)
        agreed = {system: dict(own) for system, own in operation.agreed.items()}
        slots = self.mapping.slots(self.place)
        places = {row.system: Place(row.system, row.object) for row in self.mates.get(operation.entity, ())}
        for line in self.engine.store.journal(operation.entity):
            name, sent = line.field, fields.get(line.field)
            gave_up = line.system == operation.system and line.reason[:7] == "create:" and UNSEEN in line.reason
            if not gave_up or sent is None or name not in slots or self._holds(operation, now, name, sent):
                continue
            theirs = slots[name].canon(now.get(name))
            if isinstance(theirs, Unmapped) or self.mapping.changed(self.place, name, now.get(name), line.became):
                continue
            fields[name] = theirs
            native |= slots[name].again(line.became) or {}
            for system, own in agreed.items():
                slot = self.mapping.slots(places[system]).get(name) if system in places else None
                if name in own and slot is not None:
                    fitted = slot.fit(theirs)
                    own[name] = own[name] if isinstance(fitted, Unmapped) else fitted
        return operation._replace(fields=fields, native=native, agreed=agreed)

    def _archived(self, operation: OperationRow, record: Record, looked: bool) -> None:
        """It is in the bin, put there by us: nothing was ever agreed with it that its return could continue."""
        self.moved += 1
        old = self.rows.get(record.ref)
        if old is not None:
            version = max(record.version, old.version_ms)
            gone = old._replace(state=DELETED, version_ms=version, seen_ms=max(old.seen_ms, version), shadow=None)
            self._put(gone._replace(spans={}, dirty=True), keyed=False)
            if "undo" in operation.basis:
                # Nobody deleted it, it was not meant to be: it stands in nobody's way.
                self._put(self.rows[record.ref]._replace(entity=None, dirty=False), keyed=False)
                self.dirty.append(operation.entity)
                self.opened.append(undoing.question(operation, None, (), self.engine.now()))
        self._done(operation, record, {}, {}, looked)

    def _undone(self, operation: OperationRow) -> None:
        """With the value goes the memory on all sides, and the sync leaves the field alone until somebody acts."""
        rows = [self.rows[mate.ref] for mate in self.mates.get(operation.entity, ())]
        for row in undoing.set_back(operation, rows):
            self._settle(row)
        self.opened += [undoing.question(operation, name, rows, self.engine.now()) for name in operation.fields]

    def _as_made(self, operation: OperationRow, name: str, now: Any) -> Any:
        """What a record of ours, found by looking, was made with: people may have edited it since."""
        sent = operation.fields.get(name)
        if name not in self.mapping.slots(self.place):
            return sent
        made = None if sent is None else self.mapping.written(self.place, name, sent, operation.native)
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
            if shadow != current.shadow or left != current.spans:
                self._settle(current._replace(shadow=shadow, spans=left))

    def _journal(self, operation: OperationRow, now: Mapping[str, Any], replaced: Mapping[str, Any], seen: str) -> None:
        line = partial(JournalRow, self.engine.now(), self.engine.run, operation.entity)
        told: Mapping[str, Any] = operation.basis.get("fields", {})
        slots = self.mapping.slots(self.place)
        for name, value in operation.fields.items():
            why = told.get(name, {})
            first = why.get("old") is None and why.get("rule") != PUT_RIGHT
            if first and is_ours(name) and name in slots:
                continue
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
            **explain(operation.system, outcome.code, outcome.message, operation.object, outcome.fields),
        }
        row = self.rows.get(Ref(*self.place, operation.id)) if operation.id is not None else None
        rested = basis(self.mapping, operation, row, outcome.code, outcome.message, outcome.fields)
        note = {**detail, "at": self.engine.now(), BASIS: rested}
        self.ended.append(Ending(operation.n, PARKED, note=note))
        if SPARES in operation.basis:
            self.dropped.append(operation.basis[SPARES]["n"])
        told = f"rejected|{operation.entity}|{operation.system}|"
        target = (operation.entity, operation.system, operation.object, operation.id)
        self.opened.append(ReviewRow("rejected", told, self.engine.now(), *target, None, detail))
        for mate in self.mates.get(operation.entity, ()):
            current = self.rows[mate.ref]
            if current.run == self.engine.run and current.fate in (PENDING, APPLIED):
                self._settle(current._replace(fate=HELD))
        self.engine.failed(operation.kind, operation.system)
