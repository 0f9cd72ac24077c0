"""What is held of one person, to be told to them; and its erasure, here and in both systems, with a receipt.

The person is everybody's record that is linked with theirs or holds one of their addresses: as the state knows them,
and as the systems do that were not read since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors import whole_id
from connectors.errors import Misconfigured, SyncError
from connectors.port import Applied, Connector, Erasure, Key, Record, Ref, Write
from mapping.links import parent_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.learning import whose
from state.rows import DELETED, MOVED, SHARED, THERE, Lease, ReviewRow, Row
from state.store import Store
from sync.decide.consent import is_consent
from sync.trust.erased import address_key, addresses, salt_of, tombstone_keys
from sync.trust.explain import NotFoundError

EVERYTHING = 1_000_000
"""More than anybody's history has lines."""
ACTIVITY, DEAL = "activity", "deal"
NAMES = 10
"""Entities that a record may have had a name from: `hubspot/51`, `hubspot/51~2` …"""
BLANK = "Erased"
"""What stands in a field that may not be blank."""
BEYOND = (
    "what the two systems hold in fields that are not mapped, and in activities, files and mails",
    "files that were exported from here, and backups of the state database",
)
"""What neither an export nor an erasure reaches."""


@dataclass(frozen=True)
class Subject:
    """One person: all their records, those that only the systems know among them."""

    rows: Sequence[Row]
    unknown: Sequence[Record]
    entities: Sequence[str]
    """The names under which the state remembers what was done to them, former ones included."""
    addresses: frozenset[str]
    activities: Sequence[Row] = ()
    """What is remembered of their calls, mails, meetings, notes and tasks."""
    deals: Sequence[Row] = ()
    """What is remembered of deals that name them."""

    @property
    def refs(self) -> list[Ref]:
        """Every record."""
        return [*(row.ref for row in self.rows), *(record.ref for record in self.unknown)]


@dataclass(frozen=True)
class Privacy:
    """Answers privacy requests over one state and the two systems."""

    store: Store
    connectors: Mapping[str, Connector]
    mapping: KindMapping

    # -- who is meant ------------------------------------------------------------------------------------------

    def find(self, who: str) -> Subject:
        """The person with this e-mail address, or whose record `SIDE:ID` is.  Raises NotFoundError."""
        rows = {row.n: row for row in [*self._known(who), *self._given(who)]}
        mailbox = [row for row in rows.values() if row.state == SHARED]
        if mailbox and "@" in who:
            records = ", ".join(f"{row.system}:{row.id}" for row in mailbox)
            raise Misconfigured(f"{who} is the mailbox of a role or of several people; name one record: {records}")
        for members in self.store.entity_rows(_entities(rows.values())).values():
            rows |= {row.n: row for row in members}
        # An address that others hold as well is not this person's.
        every = {address for row in rows.values() for address in addresses(row.now) if not self._others(address, rows)}
        if "@" in who:
            every.add(who.strip().lower())
        mine = {*_entities(rows.values()), None}
        unknown = [r for r in self._in_systems(sorted(every)) if not self._is_somebodys(r.ref, mine)]
        if not rows and not unknown:
            raise NotFoundError(
                f"Nobody is known as {who}, here or in the two systems. Give an e-mail address or SIDE:ID, such as "
                "hubspot:51."
            )
        ordered = sorted(rows.values(), key=lambda row: row.n)
        return Subject(
            ordered, unknown, self._names(ordered), frozenset(every),
            self._naming(ACTIVITY, ordered), self._naming(DEAL, ordered),
        )  # fmt: skip

    def _others(self, address: str, rows: Mapping[int, Row]) -> bool:
        """Whether others hold this address."""
        held = self.store.by_keys(self.mapping.rule.kind, [f"email:{address}"]).values()
        return any(row.n not in rows and row.state in THERE for found in held for row in found)

    def _is_somebodys(self, ref: Ref, mine: Collection[str | None]) -> bool:
        """Whether we know whose record it is: then it is the person's, or somebody else's, though it may have been
        in the bin when we read it last."""
        row = self.store.rows(ref.system, ref.object, [ref.id]).get(ref.id)
        return row is not None and (row.state in THERE or row.entity not in mine)

    def _naming(self, kind: str, rows: Sequence[Row]) -> list[Row]:
        """The records of a kind that name one of these."""
        keys = [parent_key(row.system, self.mapping.rule.kind, row.id) for row in rows]
        found = {row.n: row for key in keys for row in self.store.lookup(key) if row.kind == kind}
        for members in self.store.entity_rows(_entities(found.values())).values():
            found |= {row.n: row for row in members}
        return sorted(found.values(), key=lambda row: row.n)

    def _known(self, who: str) -> list[Row]:
        side, _, id = who.partition(":")
        objects = self.mapping.rule.objects
        if side in objects and id:
            id = whole_id(side, id)
            found = [self.store.rows(side, object, [id]).get(id) for object in objects[side]]
            return [row for row in found if row is not None]
        address = who.strip().lower()
        kind = self.mapping.rule.kind
        held = [*self.store.lookup(f"email:{address}"), *self.store.lookup(f"alt:{address}")]
        return [row for row in held if row.kind == kind]

    def _given(self, who: str) -> Iterator[Row]:
        """The records that were given this address since they were read."""
        for record in self._in_systems([who.strip().lower()]) if "@" in who else ():
            row = self.store.rows(*record.ref[:2], [record.ref.id]).get(record.ref.id)
            if row is not None and row.state in THERE:
                yield row

    def _in_systems(self, wanted: Sequence[str]) -> Iterator[Record]:
        places = self.mapping.rule_of("email").places if wanted else {}
        for place, native in places.items():
            keys = [Key(native, address) for address in wanted]
            found = self.connectors[place.system].read(place.object, self.mapping.natives(place), keys=keys)
            yield from (record for record in found if not record.deleted and record.moved_to is None)

    def _names(self, rows: Sequence[Row]) -> list[str]:
        """The entities' present names, and those that the records had before they were joined."""
        mine = {row.n for row in rows}
        former = [f"{row.system}/{row.id}" for row in rows]
        former += [f"{name}~{n}" for name in former for n in range(2, NAMES)]
        theirs = self.store.entity_rows(former)
        return sorted(
            {*_entities(rows), *(name for name in former if all(row.n in mine for row in theirs.get(name, ())))}
        )

    def _questions(self, subject: Subject) -> list[ReviewRow]:
        """Every question about one of the records, answered ones included."""
        names = {*subject.entities, *_entities(subject.activities)}
        refs = {*subject.refs, *(row.ref for row in subject.activities)}
        return [
            review
            for review in self.store.reviews(open=False, limit=EVERYTHING)
            if review.entity in names
            or (review.system, review.object, review.id) in refs
            or any(tuple(ref) in refs for ref in review.detail.get("records", ()))
        ]

    # -- telling -----------------------------------------------------------------------------------------------

    def export(self, who: str) -> dict[str, Any]:
        """Everything that is held of the person, as one JSON document."""
        subject = self.find(who)
        store = self.store
        now = self._now_in_systems(subject)
        entities = [*subject.entities, *_entities(subject.activities)]
        journal = [line for entity in entities for line in store.journal(entity, EVERYTHING)]
        operations = [o for entity in entities for o in store.operations(entity=entity, limit=EVERYTHING)]
        return {
            "who": who,
            "addresses": sorted(subject.addresses),
            "records": [
                *({**_remembered(row), "in_system": now.get(row.ref)} for row in subject.rows),
                *({**_address(r.ref), "state": "not read yet", "in_system": now.get(r.ref)} for r in subject.unknown),
            ],
            "activities": [_remembered(row) for row in subject.activities],
            "deals": [_remembered(row) for row in subject.deals],
            "alerts": [alert._asdict() for alert in store.alerts_about(subject.entities)],
            "touches": [touch._asdict() for touch in sorted(store.touches(_names(subject)), key=lambda t: t.at_ms)],
            "learned": [
                row._asdict()
                for fields in store.derived(subject.entities).values()
                for row in sorted(fields.values(), key=lambda row: row.field)
            ],
            "journal": [
                {
                    "at": line.at_ms, "run": line.run, "side": line.system, "field": line.field,
                    "was": line.was, "became": line.became, "why": line.reason,
                }
                for line in sorted(journal, key=lambda line: line.n)
            ],
            "writes": [
                {
                    "side": o.system, "object": o.object, "id": o.id, "action": o.verb, "state": o.state, "run": o.run,
                    "fields": dict(o.fields), "sent": dict(o.native), "note": o.note,
                }
                for o in sorted(operations, key=lambda o: o.n)
            ],
            "questions": [
                {
                    "question": r.question, "side": r.system, "object": r.object, "id": r.id, "field": r.field,
                    "asked": r.opened_ms, "answered": r.closed_ms, "answer": r.answer, "detail": dict(r.detail),
                }
                for r in self._questions(subject)
            ],
            "complete": True,
            "not_in_here": list(BEYOND),
        }  # fmt: skip

    def _now_in_systems(self, subject: Subject) -> dict[Ref, Any]:
        found: dict[Ref, Any] = {record.ref: dict(record.fields) for record in subject.unknown}
        for place in sorted({Place(row.system, row.object) for row in subject.rows}):
            ids = [row.id for row in subject.rows if (row.system, row.object) == place]
            for record in self.connectors[place.system].read(place.object, self.mapping.natives(place), ids=ids):
                found[record.ref] = None if record.deleted else dict(record.fields)
        return found

    # -- erasing -----------------------------------------------------------------------------------------------

    def plan(self, subject: Subject) -> list[Ref]:
        """The records that would be destroyed.  What was merged lives on in its survivor."""
        moved = {row.ref for row in subject.rows if row.state == MOVED}
        return [ref for ref in subject.refs if ref not in moved]

    def erase(self, lease: Lease, subject: Subject, run: str, at: int, fresh_salt: str) -> dict[str, Any]:
        """Destroy the person's records in both systems, then forget them here; the receipt.

        Where a system cannot be asked now nothing is forgotten: the same command goes on.
        """
        erasures: list[Erasure] = []
        reached = True
        for ref in self.plan(subject):
            try:
                erasures.append(self._destroy(ref))
            except SyncError as error:
                reached = False
                erasures.append(Erasure(ref, at, False, (), (f"{ref.system} could not be asked: {error}",)))
        salt = salt_of(self.store.tombstone()) or fresh_salt
        forgotten = 0
        if reached:
            stones = {ref: tombstone_keys(salt, ref, subject.addresses) for ref in subject.refs}
            questions = [review.n for review in self._questions(subject)]
            forgotten = self.store.erase(
                lease, self.mapping.rule.kind, subject.entities, questions, stones, _names(subject)
            )
            theirs = {row.ref: tombstone_keys(salt, row.ref, subject.addresses) for row in subject.activities}
            forgotten += self.store.erase(lease, ACTIVITY, _entities(subject.activities), (), theirs)
        receipt = {
            "receipt": run,
            "at": at,
            "person": [address_key(salt, address) for address in sorted(subject.addresses)],
            "records": [
                {**_address(e.ref), "at": e.at, "gone": e.gone, "done": list(e.done), "left": list(e.left)}
                for e in erasures
            ],
            "activities_left": [_address(row.ref) for row in subject.activities if row.state not in (DELETED, MOVED)],
            "state": {"records_forgotten": forgotten, "blocked": reached},
            "complete": reached and all(e.gone for e in erasures),
            "not_reached": list(BEYOND),
        }
        self.store.start_run(run, "erase", at)
        self.store.end_run(run, at, "done" if receipt["complete"] else "partial", receipt)
        return receipt

    def lift(self, lease: Lease, address: str) -> int:
        """Let somebody who was erased be taken in again; how many tombstones there were."""
        salt = salt_of(self.store.tombstone())
        if salt is None:
            return 0
        return self.store.lift(lease, [address_key(salt, address)], f"email:{address.strip().lower()}")

    def _destroy(self, ref: Ref) -> Erasure:
        connector = self.connectors[ref.system]
        erasure = connector.erase(ref.object, ref.id)
        if erasure.gone or erasure.done:
            return erasure
        fields = self._blanks(Place(ref.system, ref.object))
        (outcome,) = connector.write([Write(ref.object, ref.id, fields)], list(fields))
        if isinstance(outcome, Applied):
            done = "the record stays, with its mapped personal fields overwritten"
            return Erasure(ref, erasure.at, False, (done,), erasure.left)
        refused = f"nor could its fields be overwritten ({type(outcome).__name__.lower()})"
        return Erasure(ref, erasure.at, False, (), (*erasure.left, refused))

    def _blanks(self, place: Place) -> dict[str, Any]:
        """What a record that may not be deleted holds instead: nothing personal, and no more mail."""
        fields: dict[str, Any] = {}
        for slot in self.mapping.slots(place).values():
            if slot.rule.personal:
                fields |= {
                    native: BLANK if meta.required else None
                    for native, meta in zip(slot.natives, slot.metas, strict=True)
                    if meta.writable
                }
            elif is_consent(slot.rule) and not slot.natives[0].startswith("@"):
                fields[slot.natives[0]] = True
        return fields


def _names(subject: Subject) -> list[str]:
    """The names under which the person's touches are kept."""
    addresses = (f"email:{address}" for address in sorted(subject.addresses))
    return list(dict.fromkeys((*whose(subject.rows), *addresses)))


def _entities(rows: Any) -> list[str]:
    return sorted({row.entity for row in rows if row.entity is not None})


def _address(ref: Ref) -> dict[str, Any]:
    return {"side": ref.system, "object": ref.object, "id": ref.id}


def _remembered(row: Row) -> dict[str, Any]:
    return {
        **_address(row.ref),
        "state": row.state,
        "person": row.entity,
        "created": row.created_ms,
        "modified": row.version_ms,
        "read": row.seen_ms,
        "linked": dict(row.why) if row.why else None,
        "moved_to": list(row.moved_to) if row.moved_to else None,
        "remembered": dict(row.now),
        "agreed": dict(row.shadow) if row.shadow is not None else None,
    }
