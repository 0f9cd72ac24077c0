"""What a life left behind: the systems' full histories, and the tables of the state, read past the product's code.

Records are gathered into *groups*: those that could ever have been one entity, by a sync key they held, by a merge or
conversion, or by the state's own `entity`.  Values may flow only within a group.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from connectors.memory import SYNC, Entry, Row
from connectors.port import Ref
from tests.simulation.life import Life
from tests.simulation.words import FIELDS, KEYS, NAMES, PEOPLE, norm

MAILBOX = "mailbox/"
"""How the entity of a record begins that is linked with nobody."""


class Known(NamedTuple):
    """A row of `record`."""

    ref: Ref
    state: str
    entity: str | None
    linked_at: int
    dirty: bool
    shadow: dict[str, Any]
    now: dict[str, Any]


class Line(NamedTuple):
    """A line of the journal."""

    entity: str
    system: str
    name: str
    was: Any
    became: Any
    reason: str
    at: int


class Asked(NamedTuple):
    """An open row of `review`."""

    question: str
    entity: str | None
    ref: Ref | None
    name: str | None
    others: frozenset[Ref]
    """All records that the question is about, where it names several."""
    pair: tuple[str, ...] = ()
    """The entities that it is about, of a merge."""
    place: tuple[str | None, ...] = ()
    """The system and the object that it is about."""


class Flight(NamedTuple):
    """A row of `operation`."""

    n: int
    entity: str
    system: str
    id: str | None
    verb: str
    fields: dict[str, Any]
    state: str


class Change(NamedTuple):
    """One effective change of one field of one record."""

    at: int
    """By our own clock."""
    value: Any
    by: str
    before: Any

    @property
    def ours(self) -> bool:
        return self.by == SYNC


@dataclass
class Evidence:
    """Everything a judge may look at."""

    life: Life
    _parent: dict[Ref, Ref] = field(default_factory=dict)
    kinds: ClassVar[Collection[str]] = ("person",)
    objects: ClassVar[Collection[str]] = PEOPLE
    keys: ClassVar[Mapping[str, str]] = {native: place[0] for native, place in KEYS.items()}
    """Native field → in which system the record lives whose id it holds."""

    def is_mine(self, entity: str | None) -> bool:
        """Whether an entity is of one of these kinds."""
        named, _, _ = (entity or "").rpartition(":")
        return (named or "person") in self.kinds

    def name_of(self, ref: Ref, native: str) -> str | None:
        """What a native field is called here; None: it is not looked at."""
        return NAMES.get((ref.system, native))

    def native_of(self, ref: Ref, name: str) -> str | None:
        """What a field is called there."""
        return FIELDS[name][ref.system]

    @cached_property
    def rows(self) -> dict[Ref, Row]:
        """Every record that ever was."""
        return {
            row.ref: row
            for system in self.life.systems.values()
            for row in (*(r for rows in system.rows.values() for r in rows.values()), *system.erased.values())
            if row.ref.object in self.objects
        }

    @cached_property
    def erased(self) -> set[Ref]:
        """Records that were destroyed on request or came to be after that: nothing is remembered of them."""
        tombstones = {ref for ref, known in self.known.items() if known.state == "erased"}
        return tombstones.union(*(system.erased for system in self.life.systems.values()))

    def erased_unheard(self, ref: Ref) -> bool:
        """Known limit: whether it was merged, and its survivor destroyed on request before anybody heard of the merge;
        no list of changes tells of it any more, only the nightly comparison."""
        row = self.rows.get(ref)
        while row is not None and row.moved_to is not None and row.moved_to not in self.erased:
            row = self.rows.get(row.moved_to)
        unheard = row is not None and row.moved_to is not None
        if unheard:
            self.life.mark("known limit: merged, and erased before anybody heard")
        return unheard

    @cached_property
    def known(self) -> dict[Ref, Known]:
        """The state's records."""
        found = self.life.ask("SELECT system, object, id, state, entity, why, dirty, shadow, now, kind FROM record")
        return {
            Ref(*at): Known(
                Ref(*at), state, entity, (json.loads(why) or {}).get("at", 0) if why else 0, bool(dirty),
                json.loads(shadow) if shadow else {}, json.loads(now),
            )
            for *at, state, entity, why, dirty, shadow, now, kind in found
            if kind in self.kinds
        }  # fmt: skip

    @cached_property
    def journal(self) -> list[Line]:
        """The journal in order."""
        return [Line(*line) for line in self.life.journal() if self.is_mine(line[0])]

    @cached_property
    def open(self) -> list[Asked]:
        """Questions that wait for a person."""
        found = self.life.ask(
            "SELECT question, entity, system, object, id, field, detail FROM review WHERE closed_ms IS NULL"
        )
        return [
            Asked(
                q,
                e,
                Ref(s, o, i) if i else None,
                f,
                frozenset(Ref(*x) for x in told.get("records", ())),
                tuple(told.get("entities", ())),
                (s, o),
            )
            for q, e, s, o, i, f, detail in found
            for told in (json.loads(detail),)
            if (o in self.objects if o is not None else self.is_mine(e))
        ]

    @cached_property
    def flights(self) -> list[Flight]:
        """All operations."""
        found = self.life.ask("SELECT n, entity, system, id, verb, fields, state, kind FROM operation ORDER BY n")
        return [
            Flight(n, e, s, i, v, json.loads(f), state) for n, e, s, i, v, f, state, kind in found if kind in self.kinds
        ]

    # -- histories ---------------------------------------------------------------------------------------------

    @cached_property
    def changes(self) -> dict[tuple[Ref, str], list[Change]]:
        """(record, field) → its effective changes, oldest first."""
        told: dict[tuple[Ref, str], list[Change]] = {}
        for ref, row in self.rows.items():
            held: dict[str, Any] = {}
            ahead = self.ahead(ref.system)
            for entry in row.history:
                name = self.name_of(ref, entry.field)
                if name is not None:
                    told.setdefault((ref, name), []).append(_change(entry, held.get(name), ahead))
                    held[name] = entry.value
        return told

    @cached_property
    def closings(self) -> int:
        """How often people said how far a deal is."""
        steps = {"hubspot": ("deals", "dealstage"), "salesforce": ("Opportunity", "StageName")}
        return sum(
            entry.field == native and entry.by != SYNC
            for side, (object, native) in steps.items()
            for row in self.life.systems[side].rows.get(object, {}).values()
            for entry in row.history
        )

    def ahead(self, system: str) -> int:
        """How far the clock of a system is ahead of ours, ms."""
        return self.life.profile.ahead if system == "salesforce" else 0

    def of(self, ref: Ref, name: str) -> list[Change]:
        """The effective changes of a field."""
        return self.changes.get((ref, name), [])

    @cached_property
    def _near(self) -> list[set[Ref]]:
        """Records that ever held the same first address, and groups."""
        holders: dict[str, set[Ref]] = {}
        for (ref, name), changes in self.changes.items():
            for c in changes if name == "email" else ():
                if (address := norm(name, c.value)) is not None:
                    holders.setdefault(address, set()).add(ref)
        return [*holders.values(), *map(set, self.groups.values())]

    def fellows(self, refs: Iterable[Ref], name: str) -> set[Ref]:
        """Records of other people's from which the value of a field may come: where people opt out, those that ever
        held an address of theirs, and so on."""
        own = set(refs)
        if name != "opted_out":
            return set()
        found = set(own)
        while more := set().union(*(held for held in self._near if not found.isdisjoint(held))) - found:
            found |= more
        return found - own

    def held(self, ref: Ref, name: str) -> Any:
        """What a record holds now."""
        native = self.native_of(ref, name)
        return self.rows[ref].fields.get(native) if native is not None else None

    def heir(self, ref: Ref) -> Ref | None:
        """The live record that a merged or converted one lives on in."""
        row = self.rows[ref]
        while row.moved_to is not None:
            row = self.rows[row.moved_to]
        return None if row.deleted else row.ref

    def story(self, refs: Iterable[Ref], name: str) -> str:
        """The minimal history of a field, for a person who must understand what went wrong."""
        start = min((row.created for row in self.rows.values()), default=0)
        parts = []
        for ref in sorted(refs):
            told = " ".join(f"{c.at - start}:{c.value!r}({c.by[0]})" for c in self.of(ref, name))
            row = self.rows[ref]
            end = f" moved to {row.moved_to.id}" if row.moved_to else " deleted" if row.deleted else ""
            parts.append(f"{ref.object} {ref.id} [{told}]{end}")
        lines = [
            f"{line.system}: {line.was!r} -> {line.became!r} ({line.reason[:40]})"
            for line in self.journal_of(refs)
            if line.name == name
        ]
        return f"{'; '.join(parts)} | journal {'; '.join(lines) or '-'}"

    # -- groups ------------------------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> dict[Ref, list[Ref]]:
        """Root → records that could ever have been one entity."""
        by_id = {(ref.system, ref.id): ref for ref in self.rows}
        first: dict[str, Ref] = {}
        for ref, row in self.rows.items():
            self._find(ref)
            if row.moved_to is not None:
                self._unite(ref, row.moved_to)
            for other in self.named(row, by_id):
                self._unite(ref, other)
        for known in self.known.values():
            if known.entity is not None and known.ref in self.rows:
                self._unite(first.setdefault(known.entity, known.ref), known.ref)
                self._to_first(by_id, known.entity, known.ref)
        for flight in self.flights:
            written = by_id.get((flight.system, flight.id or ""))
            if written is not None:
                self._to_first(by_id, flight.entity, written)
        for (fingerprint,) in self.life.ask("SELECT fingerprint FROM review WHERE question = 'duplicate'"):
            _, system, object, id, entity = fingerprint.split("|")
            if object in self.objects:
                self._to_first(by_id, entity, Ref(system, object, id))
        groups: dict[Ref, list[Ref]] = {}
        for ref in sorted(self.rows):
            groups.setdefault(self._find(ref), []).append(ref)
        return groups

    def _to_first(self, by_id: Mapping[tuple[str, str], Ref], entity: str, ref: Ref) -> None:
        """With the record that the entity is named after, as far as there ever was one."""
        if (first := by_id.get(first_of(entity))) is not None:
            self._unite(first, ref)

    def named(self, row: Row, by_id: dict[tuple[str, str], Ref]) -> Iterator[Ref]:
        """The records that a record ever named in its sync keys."""
        for entry in row.history:
            if entry.field in self.keys and entry.value is not None:
                other = by_id.get((self.keys[entry.field], str(entry.value).rpartition(":")[2]))
                if other is not None:
                    yield other

    def group(self, ref: Ref) -> list[Ref]:
        """All records of this record's group."""
        groups = self.groups
        return groups[self._find(ref)]

    def journal_of(self, refs: Iterable[Ref]) -> list[Line]:
        """The journal of the entities of these records."""
        ids = {(ref.system, ref.id) for ref in refs}
        return [line for line in self.journal if first_of(line.entity) in ids]

    def _find(self, ref: Ref) -> Ref:
        root = ref
        while (parent := self._parent.setdefault(root, root)) != root:
            root = parent
        while self._parent[ref] != root:
            self._parent[ref], ref = root, self._parent[ref]
        return root

    def _unite(self, a: Ref, b: Ref) -> None:
        self._parent[self._find(a)] = self._find(b)

    # -- pairs -------------------------------------------------------------------------------------------------

    @cached_property
    def entities(self) -> dict[str, dict[str, Ref]]:
        """Entity → system → its live record, as the state has it."""
        found: dict[str, dict[str, Ref]] = {}
        for known in self.known.values():
            if known.state == "live" and known.entity is not None:
                found.setdefault(known.entity, {})[known.ref.system] = known.ref
        return found

    def excused(self, entity: str) -> set[str]:
        """Fields of an entity that wait for a person: asked about, or in a parked write.  `*`: all."""
        names: set[str] = set()
        members = set(self.entities.get(entity, {}).values())
        for asked in self.open:
            if asked.entity == entity or asked.ref in members or asked.others & members:
                if asked.question in ("conflict", "held", "unmapped", "frozen"):
                    names.add(asked.name or "*")
                elif asked.question in ("merge", "ambiguous", "same_person"):
                    names.add("*")
        for flight in self.flights:
            if flight.entity == entity and flight.state == "parked":
                names |= set(flight.fields)
        return names


def _change(entry: Entry, before: Any, ahead: int) -> Change:
    return Change(entry.at - ahead, entry.value, entry.by, before)


def first_of(entity: str) -> tuple[str, str]:
    """The record after which an entity is named."""
    system, *_, id = entity.partition("~")[0].rpartition(":")[2].removeprefix(MAILBOX).split("/")
    return system, id


def normal(name: str, values: Iterable[Any]) -> set[Any]:
    """Values in normal form; the stages that they may mean, one by one."""
    if name != "stage":
        return {norm(name, value) for value in values}
    return {meant for value in values for meant in norm(name, value)}
