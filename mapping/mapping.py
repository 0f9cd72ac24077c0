"""One kind, mapped: every question that the engine asks of fields, values and keys, answered without I/O.

Each system's values are kept in its own space (native options, owner ids); `canon` lifts them into the shared
vocabulary, `encode` and `fit` bring shared values down again.  Everything is compiled once: `decode` is called for
every record that is read.
"""

from __future__ import annotations

import collections.abc as abc
import hashlib
import json
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from connectors.port import Field, Key, Owner, Record, Schema
from mapping.codecs import to_native
from mapping.facts import Facts
from mapping.keys import called_key, made_key, match_keys
from mapping.lifecycle import Lifecycle
from mapping.links import Links, parent_key
from mapping.mailboxes import local_part
from mapping.owners import Owners
from mapping.rules import OURS, SORT, WORDED, FieldRule, KeyField, KindRule, Place, Value, is_ours
from mapping.slots import UNWRITTEN, FieldProblem, Slot, compile_slots, required
from mapping.steps import DEAL_STAGE, resolved
from mapping.values import Unlinked, Unmapped, boolean, day, email, instant, same, text

__all__ = ["UNWRITTEN", "FieldProblem", "Mapping", "Shared", "Unlinked", "Unmapped"]


class Shared(NamedTuple):
    """A field that lives in several of some places."""

    rule: FieldRule
    slots: tuple[Slot, ...]
    """One for each of the places that have it, in their order."""
    consent: bool
    """It is an opt-out."""


@dataclass(frozen=True, slots=True)
class _Reserved:
    """Native fields of a place that are no mapped fields."""

    keys: tuple[tuple[str, str, str], ...]
    """(reserved name, native, tag)"""
    ignore: str | None
    emails: str | None
    conversion: tuple[str, str, str] | None
    moments: tuple[tuple[str, str], ...]
    """(reserved name, native)"""
    sorts: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]
    """(sort, ((native, values), …))"""


class Mapping:
    """The mapping of one kind.

    rule: `KindRule`, with every place left out whose native field the schema does not show, and each phone field
    knowing its region.
    """

    def __init__(
        self, rule: KindRule, schemas: abc.Mapping[Place, Schema], owners: abc.Mapping[str, Sequence[Owner]]
    ) -> None:
        self._schemas = schemas
        self._region = rule.phone_region
        self.rule = replace(rule, fields=tuple(self._visible(field) for field in rule.fields))
        self._rules = {field.name: field for field in self.rule.fields}
        self.consents = tuple(field for field in self.rule.fields if field.winner == "sticky_true")
        """The fields by which people opt out."""
        self.lifecycle = Lifecycle(rule.stages, rule.statuses)
        self.owners = Owners(owners, rule.owner_fallback, rule.owners)
        places = [Place(system, object) for system, objects in rule.objects.items() for object in objects]
        self._slots = {place: compile_slots(self, place) for place in places}
        self._composed = {place: [s for s in slots.values() if s.composed] for place, slots in self._slots.items()}
        self._defaults = {
            place: [name for name, slot in slots.items() if slot.metas[0].required and slot.rule.default is not None]
            for place, slots in self._slots.items()
        }
        self._ours = {
            place: tuple((name, slot) for name, slot in slots.items() if is_ours(name))
            for place, slots in self._slots.items()
        }
        self._sync_keys = {
            place: tuple(
                (key, f"@key:{key.of.system}:{key.of.object}")
                for key in rule.keys
                if key.place == place and self.known(place, key.native)
            )
            for place in places
        }
        self._reserved = {place: self._reserve(place) for place in places}
        self._plain = {place: self._plainly(place) for place in places}
        self.links = Links()
        self._targets: dict[tuple[str, str], frozenset[str]] = {}
        self._shared: dict[tuple[Place, ...], tuple[Shared, ...]] = {}
        self.fingerprint = self._fingerprint()

    # -- what there is -------------------------------------------------------------------------------------------------

    def rule_of(self, name: str) -> FieldRule:
        """The rule of a field."""
        return self._rules[name]

    def known(self, place: Place, native: str) -> bool:
        """Whether the system shows this native field.  Names that begin with @ are a connector's own."""
        schema = self._schemas.get(place)
        return schema is None or native.startswith("@") or native in schema.fields

    def natives(self, place: Place) -> list[str]:
        """The native fields to ask for: mapped ones, sync keys, the ignore box, further e-mail addresses."""
        reserved = self._reserved[place]
        names = [native for slot in self._slots[place].values() for native in slot.natives]
        names += [native for _, native, _ in reserved.keys]
        names += [native for _, told in reserved.sorts for native, _ in told]
        names += [native for native in (reserved.ignore, reserved.emails) if native]
        names += reserved.conversion or ()
        names += [native for _, native in reserved.moments]
        return list(dict.fromkeys(names))

    def sync_keys(self, place: Place) -> tuple[tuple[KeyField, str], ...]:
        """The sync keys that the system shows in this object, with the reserved names of their values."""
        return self._sync_keys[place]

    @property
    def places(self) -> abc.Iterable[Place]:
        """Every object that records of this kind live in."""
        return self._slots.keys()

    def schema(self, place: Place) -> Schema | None:
        """What the system says of this object."""
        return self._schemas.get(place)

    def _visible(self, field: FieldRule) -> FieldRule:
        places = {}
        for place, spec in field.places.items():
            natives = spec.split("+")
            seen = [native for native in natives if self.known(place, native)]
            if natives[0] in seen:
                places[place] = "+".join(seen)
        region = self._region if field.type == "phone" else ""
        found = replace(field, places=places, region=field.region or region)
        return resolved(found, self._schemas) if field.type == DEAL_STAGE else found

    def _reserve(self, place: Place) -> _Reserved:
        keys = tuple((name, key.native, key.tag) for key, name in self.sync_keys(place))
        ignore, emails = self.rule.ignore.get(place), self.rule.more_emails.get(place)
        conversion = self.rule.conversion.get(place)
        return _Reserved(
            keys,
            ignore if ignore and self.known(place, ignore) else None,
            emails if emails and self.known(place, emails) else None,
            conversion if conversion and all(self.known(place, native) for native in conversion) else None,
            tuple((n, native) for n, native in self.rule.moments.get(place, {}).items() if self.known(place, native)),
            tuple(
                (sort.name, tuple((native, v) for native, v in sort.told[place].items() if self.known(place, native)))
                for sort in self.rule.sorts
                if place in sort.told
            ),
        )

    def _plainly(self, place: Place) -> list[tuple[str, str, abc.Callable[[Any], Value] | None]]:
        """(name, native, what reads it) of all that is read field by field; None: it is read as text."""
        reserved = self._reserved[place]
        slots = [slot for slot in self._slots[place].values() if not slot.composed]
        readers = [
            *((slot.rule.name, slot.natives[0], slot.read) for slot in slots),
            *((name, native, instant) for name, native in reserved.moments),
        ]
        return [(name, native, None if read is text else read) for name, native, read in readers]

    def _fingerprint(self) -> str:
        fields = [
            [*place, slot.rule.name, slot.rule.type, *slot.natives, *([slot.zone] if slot.zoned else []), slot.unit]
            for place, slots in self._slots.items()
            for slot in slots.values()
        ]
        stages = [
            [stage.name, _plain_map(stage.read), _plain_map(stage.write)]
            for stage in (*self.rule.stages, *self.rule.statuses)
        ]
        reserved = [
            [*place, *map(list, r.keys), r.ignore, r.emails, r.conversion, *map(list, r.moments), *map(list, r.sorts)]
            for place, r in self._reserved.items()
        ]
        meaning = [fields, stages, reserved]
        written = json.dumps(meaning, sort_keys=True, ensure_ascii=True).encode()
        return hashlib.blake2b(written, digest_size=8).hexdigest()

    # -- reading -------------------------------------------------------------------------------------------------------

    def decode(self, record: Record) -> dict[str, Value]:
        """Own-space values by canonical name, blanks left out, and the reserved names

        `@key:<system>:<object>` (id of the counterpart named in a sync key), `@ignore` (True), `@emails` (list),
        `@converted` (day), `@deal`, `@account` (ids of what came of a conversion), `@sort` (name of the record's sort),
        `@worded` (the very value that says its stage, where another one is written for it),
        those of `KindRule.moments` (ms), and the names of fields that are ours.
        """
        place = Place(record.ref.system, record.ref.object)
        fields = record.fields
        own: dict[str, Value] = {}
        for name, native, read in self._plain[place]:
            raw = fields.get(native)
            if raw is None:
                continue
            if read is None and raw.__class__ is str:
                if raw and not raw.isspace():
                    own[name] = raw
            elif (value := (read or text)(raw)) is not None:
                own[name] = value
        for slot in self._composed[place]:
            value = slot.compose(fields)
            if value is not None:
                own[slot.rule.name] = value
            if slot.staged and (said := self.lifecycle.worded(place.system, fields.get(slot.natives[0]))) is not None:
                own[WORDED] = said
        self._decode_reserved(self._reserved[place], fields, own)
        return own

    def _decode_reserved(self, reserved: _Reserved, fields: abc.Mapping[str, Any], own: dict[str, Value]) -> None:
        stranger = False
        for name, native, tag in reserved.keys:
            if (value := text(fields.get(native))) is not None:
                # No system's ids hold a colon: what does is a key of ours for something that is nobody's counterpart.
                if value.startswith(tag) and (tag or ":" not in value):
                    own[name] = value[len(tag) :]
                else:
                    stranger = True
        if reserved.sorts and not (stranger and not any(name in own for name, _, _ in reserved.keys)):
            sort = next((name for name, told in reserved.sorts if _tells(told, fields)), None)
            if sort is not None:
                own[SORT] = sort
        if reserved.ignore and boolean(fields.get(reserved.ignore)) is True:
            own["@ignore"] = True
        if reserved.emails and (listed := text(fields.get(reserved.emails))) is not None:
            found = {address for part in listed.split(";") if (address := email(part)) is not None}
            if found:
                own["@emails"] = sorted(found)
        if reserved.conversion:
            converted, deal, account = (text(fields.get(native)) for native in reserved.conversion)
            if converted is not None:
                own["@converted"] = day(converted)
            if deal is not None:
                own["@deal"] = deal
            if account is not None:
                own["@account"] = account

    # -- comparing -----------------------------------------------------------------------------------------------------

    def canon(self, place: Place, name: str, own: Value) -> Value:
        """The shared value of an own one; Unmapped where it has none."""
        slot = self._slots[place].get(name)
        return own if slot is None else slot.canon(own)

    def same(self, name: str, a: Value, b: Value) -> bool:
        """Whether two canonical values mean the same."""
        rule = self._rules[name]
        return same(rule.type, a, b, rule.region)

    def changed(self, place: Place, name: str, now: Value, shadow: Value) -> bool:
        """Whether an own value is another than the one before.  UNWRITTEN changes nothing."""
        if now is UNWRITTEN or shadow is UNWRITTEN:
            return False
        slot = self._slots[place].get(name)
        if slot is not None and slot.refers and self.links.entities:
            return bool(slot.canon(now) != slot.canon(shadow))
        return not self.same(name, now, shadow)

    def rank(self, stage: Value) -> int:
        """How far a stage is."""
        return self.lifecycle.rank(stage)

    # -- writing -------------------------------------------------------------------------------------------------------

    def encode(
        self,
        place: Place,
        values: abc.Mapping[str, Value],
        *,
        creating: bool,
        held: abc.Mapping[str, Value] | None = None,
        born: abc.Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], list[FieldProblem]]:
        """Native values for these canonical ones, and what cannot be written.  held: what the record holds now; born:
        native values of a new record where no field gives one.

        A field with a problem is not among the native values.  When creating, blanks are left out, required ones get
        their `default`, and fields that the system requires but nobody gives are problems.
        """
        natives: dict[str, Any] = {}
        problems: list[FieldProblem] = []
        if not values and not creating:
            return natives, problems
        slots = self._slots[place]
        for name in (*values, *(name for name in self._defaults[place] if creating and name not in values)):
            slot, value = slots.get(name), values.get(name)
            if slot is None:
                continue
            if creating and value is None and slot.metas[0].required:
                value = slot.rule.default
            if value is None and creating:
                continue
            if value.__class__ is str and len(value) <= slot.literal:
                if slot.metas[0].createable if creating else slot.metas[0].writable:
                    natives[slot.natives[0]] = value
                continue
            result = slot.encode(value, creating=creating, held=(held or {}).get(name))
            if isinstance(result, FieldProblem):
                problems.append(result)
            else:
                natives.update(result)
        if born:
            natives |= _inborn({native: v for native, v in born.items() if self.known(place, native)}, natives)
        if creating:
            problems += required(slots, self._schemas.get(place), natives, problems)
        return natives, problems

    def moments(self, place: Place) -> dict[str, str]:
        """Reserved name → native field of the times that no rule is about."""
        return dict(self._reserved[place].moments)

    def encode_moment(self, place: Place, name: str, ms: int | None) -> dict[str, Any]:
        """The native value of one of the place's `moments`."""
        native = self.moments(place)[name]
        schema = self._schemas.get(place)
        meta = schema.fields[native] if schema is not None else Field(native, native, "datetime")
        return {native: to_native("datetime", ms, meta)}

    def fit(self, place: Place, name: str, value: Value, held: Value = None) -> Value:
        """The own value that the record would hold after writing this canonical one.

        UNWRITTEN: nothing would be written.  Another Unmapped: it cannot be written (`encode` says why).
        """
        return self._slots[place][name].fit(value, held)

    def written(
        self, place: Place, name: str, value: Value, natives: abc.Mapping[str, Any], held: Value = None
    ) -> Value:
        """The own value that a record holds after a write of this canonical one, as these native values.  held: what
        it holds now, for what the write left as it was."""
        slot = self._slots[place][name]
        if slot.refers:
            return natives.get(slot.natives[0])
        return slot.after(natives, held) if slot.composed and not slot.staged else slot.fit(value)

    # -- parents -------------------------------------------------------------------------------------------------------

    def linked(self, links: Links) -> Mapping:
        """The same mapping, knowing who these parents are."""
        other = copy(self)
        other.links = links
        other._slots = {
            place: {name: replace(slot, mapping=other) if slot.refers else slot for name, slot in slots.items()}
            for place, slots in self._slots.items()
        }
        other._shared = {}
        return other

    def parents(self, place: Place, own: abc.Mapping[str, Value]) -> list[tuple[str, str]]:
        """(kind, id) of everything that the record refers to."""
        found: list[tuple[str, str]] = []
        for name, slot in self._slots[place].items():
            if slot.refers and (held := own.get(name)) is not None:
                found += [(slot.refers, id) for id in (held if isinstance(held, list) else [held])]
        return found

    def in_waiting(self, kind: str, entity: str, system: str = "") -> bool:
        """Whether a parent stands, in this system or any, in an object that is not its kind's first choice there: a
        lead."""
        return any(
            len(objects) > 1 and self.links.records.get((entity, other), objects)[0] != objects[0]
            for other, objects in self.rule.parents.get(kind, {}).items()
            if system in ("", other)
        )

    def parent(self, rule: FieldRule, system: str, entity: str) -> str | None:
        """The id by which this field names an entity in a system; None: it has no record there that fits."""
        object, id = self.links.records.get((entity, system), ("", ""))
        allowed = self._targets_of(rule, system)
        return id if id and (not allowed or object in allowed) else None

    def _targets_of(self, rule: FieldRule, system: str) -> frozenset[str]:
        """The objects that this field may refer to; empty: the system does not say."""
        known = self._targets.get((rule.name, system))
        if known is None:
            metas = [
                s[rule.name].metas[0] for place, s in self._slots.items() if place.system == system and rule.name in s
            ]
            known = self._targets[rule.name, system] = frozenset(object for meta in metas for object in meta.references)
        return known

    # -- identity ------------------------------------------------------------------------------------------------------

    def match_keys(self, place: Place, own: abc.Mapping[str, Value]) -> list[str]:
        """The keys under which the record can be found: see `mapping.keys`."""
        return match_keys(self.rule, [name for _, name in self._sync_keys[place]], own)

    def keys(self, place: Place, own: abc.Mapping[str, Value]) -> list[str]:
        """All keys to remember the record by: its match keys, those of its parents, and its name."""
        parents = [parent_key(place.system, kind, id) for kind, id in self.parents(place, own)]
        keys = [*self.match_keys(place, own), *parents]
        if (called := own.get(self.rule.called)) is not None:
            keys.append(called_key(called))
        if "@converted" in own:
            made = (own.get("@deal"), own.get("@account"))
            keys += [made_key(place.system, str(id)) for id in made if id is not None]
        return keys

    def stand_in(self, place: Place, natives: abc.Mapping[str, Any]) -> Key | None:
        """The field by which a record with these native values can be found where it holds no sync key."""
        native = self._rules[self.rule.stand_in].places.get(place, "") if self.rule.stand_in else ""
        return Key(native, natives[native]) if natives.get(native) else None

    def shared_mailbox(self, address: str) -> bool:
        """Whether an address belongs to a role, and so to nobody in particular."""
        return local_part(address) in self.rule.role_mailboxes

    def facts(self, *records: tuple[Place, abc.Mapping[str, Value]]) -> Facts:
        """What conditions may ask of these records of one person: canonical values, and the flags."""
        return Facts(self, records)

    def slots(self, place: Place) -> abc.Mapping[str, Slot]:
        """The fields that live in this object."""
        return self._slots[place]

    def ours(self, place: Place) -> tuple[tuple[str, Slot], ...]:
        """Those of them that we alone work out."""
        return self._ours[place]

    def shared(self, places: tuple[Place, ...]) -> tuple[Shared, ...]:
        """The fields that live in at least two of these places and are merged."""
        known = self._shared.get(places)
        if known is None:
            every = [
                Shared(
                    rule,
                    tuple(slot for place in places if (slot := self.slots(place).get(rule.name))),
                    rule in self.consents,
                )
                for rule in self.rule.fields
                if rule.winner != OURS
            ]
            known = self._shared[places] = tuple(shared for shared in every if len(shared.slots) > 1)
        return known


def _inborn(born: abc.Mapping[str, Any], natives: abc.Mapping[str, Any]) -> dict[str, Any]:
    """Those that no field gives; `=` before a name stands for what that one holds."""
    found = {native: natives.get(value[1:]) if str(value)[:1] == "=" else value for native, value in born.items()}
    return {native: value for native, value in found.items() if native not in natives and value is not None}


def _tells(told: tuple[tuple[str, tuple[str, ...]], ...], fields: abc.Mapping[str, Any]) -> bool:
    return all(str(text(fields.get(native)) or "").lower() in values for native, values in told)


def _plain_map(values: abc.Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in sorted(values.items())}
