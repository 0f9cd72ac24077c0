"""A record that an entity lacks in one system: whether it is made, and with what.  Pure.

It is not made where the condition does not hold, before the parents that it must not be made without, where a value
that the system demands cannot be written, or where nothing would make it known again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.port import Key
from mapping.mapping import UNWRITTEN, Unmapped
from mapping.mapping import Mapping as KindMapping
from mapping.rules import CREATED, OURS, SORT, STAGE, Place, Sort, Value
from mapping.slots import Slot
from mapping.values import iso_instant
from state.rows import OperationRow, Row
from sync.decide.consent import Consent, is_consent
from sync.decide.decision import UNMAPPED, Decision, Draft, Why, held, keyless, meant, parked, still_refused, unmapped

if TYPE_CHECKING:
    from sync.decide.derived import Ours
    from sync.decide.staging import Staging
    from sync.plan import Planner


@dataclass(slots=True)
class _New:
    """What a new record would hold."""

    values: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    """Field → the system that has its value."""
    ours: dict[str, Why] = field(default_factory=dict)
    """What the sync itself has to say."""
    one_of: dict[str, int] = field(default_factory=dict)
    """Reference → of how many that the other record has, where this one has room for one."""
    missing: dict[str, str] = field(default_factory=dict)
    """Reference → the kind of the parent that has no record there."""
    left: set[str] = field(default_factory=set)
    """References that their condition leaves alone, and what we may not set: not agreed upon before that changes."""


def create(
    planner: Planner,
    system: str,
    live: Mapping[str, Row],
    open_: OperationRow | None,
    decision: Decision,
    opted: Sequence[Consent],
    staging: Staging,
    ours: Ours,
) -> None:
    """Draft the creation of the record that `live` lacks in this system, or say why not."""
    rule = planner.mapping.rule
    facts = planner.facts(live)
    if not planner.create[system](facts):
        decision.skipped = f"not made in {system}: {rule.create[system]} does not hold"
        return
    source = next(iter(live.values()))
    sort = rule.sort(source.now.get(SORT))
    if rule.sorts and (sort is None or system not in sort.to):
        what = f"a {sort.name}" if sort is not None else "what is none of the sorts we carry"
        decision.skipped = f"not made in {system}: {what} is not carried there"
        return
    object = sort.objects[system] if sort is not None else _object(planner.mapping, system, live)
    place = Place(system, object)
    new = _gather(planner, place, live, decision)
    for rule_, _, out in opted:
        if out and place in rule_.places and system in rule_.to:
            new.values[rule_.name] = True
            new.sources.setdefault(rule_.name, "another record")
    alone = not _belongs(rule.any_of, new.values) and not (rule.orphans and not new.missing)
    if alone or any(name in new.missing for name in rule.first):
        if new.missing:
            decision.questions.append(parked(system, source, list(new.missing), list(new.missing.values())))
        else:
            decision.skipped = f"not made in {system}: it belongs to nobody there"
        return
    if (stage := staging.born(place)) is not None:
        new.values[STAGE] = stage
        new.sources[STAGE] = "its deals"
    new.ours = ours.born(place)
    told = {name: why.new for name, why in new.ours.items()}
    born = _born(sort, system, source) if sort is not None else None
    native, problems = planner.mapping.encode(place, {**new.values, **told}, creating=True, born=born)
    if problems:
        asked = {question.field for question in decision.questions if question.question == UNMAPPED}
        decision.questions += [
            held(system, source, problem, creating=place.object)
            for problem in problems
            if not (problem.code == "REQUIRED" and problem.field in asked)
        ]
        return
    key = _key(planner.mapping, place, live, native)
    if key is None:
        decision.questions.append(keyless(system, source, place))
        return
    native = {**native, key.field: key.value}
    if open_ is not None and open_.state == "parked" and open_.id is None and meant(open_) == native:
        decision.questions.append(still_refused(open_))
        return
    agreed = _agreed(planner.mapping, place, live, new.missing.keys() | new.left)
    decision.drafts.append(
        Draft(system, place.object, None, native, _fields(planner, place, new, native), agreed, None, key)
    )
    decision.transitions = list(staging.transitions)


def _object(mapping: KindMapping, system: str, live: Mapping[str, Row]) -> str:
    """What the record is made as, where there are no sorts."""
    known = mapping.rule.create_known_as.get(system)
    if known is not None:
        for row in live.values():
            for kind, id in mapping.parents(Place(row.system, row.object), row.now):
                entity = mapping.links.entities.get((kind, row.system, id))
                if entity in mapping.links.buying and (entity, system) in mapping.links.records:
                    return known
    return mapping.rule.create_as[system]


def _born(sort: Sort, system: str, source: Row) -> dict[str, Value]:
    """What a new record of this sort is given where no field says more."""
    made = iso_instant(source.created_ms or source.version_ms)
    return {native: made if value == CREATED else value for native, value in sort.born.get(system, {}).items()}


def _gather(planner: Planner, place: Place, live: Mapping[str, Row], decision: Decision) -> _New:
    """What the records that are there give."""
    new = _New()
    origins = {other: planner.mapping.slots(Place(other, row.object)) for other, row in live.items()}
    for name, slot in planner.mapping.slots(place).items():
        rule = slot.rule
        if rule.winner == OURS or (not is_consent(rule) and not planner.holds(rule, live)):
            if slot.refers:
                new.left.add(name)
            continue
        if slot.barred:
            new.left.add(name)
            continue
        for other, row in live.items():
            origin = origins[other].get(name)
            if origin is None:
                continue
            value = origin.canon(row.now.get(name))
            if slot.refers and row.now.get(name) is not None and _leads_nowhere(slot, value):
                new.missing[name] = slot.refers
            elif isinstance(value, Unmapped):
                if rule.on_invalid != "drop":
                    decision.questions.append(unmapped(other, row, rule, value))
            elif value is not None and place.system in rule.to and (value or not is_consent(rule)):
                new.values.setdefault(name, value)
                new.sources.setdefault(name, other)
                held = row.now.get(name)
                if origin.one_of and isinstance(held, list) and len(held) > 1:
                    new.one_of[name] = len(held)
    return new


def _fields(planner: Planner, place: Place, new: _New, native: Mapping[str, Any]) -> dict[str, Why]:
    """Field → why it is written."""
    slots = planner.mapping.slots(place)
    fields = {
        name: Why(
            None, value, "create", f"new in {place.system}, from {new.sources[name]}{_left_out(new, name, place)}"
        )
        for name, value in new.values.items()
        if slots[name].natives[0] in native
    }
    fields |= new.ours
    for rule in planner.mapping.rule.fields:
        if rule.name not in fields and native.get(rule.places.get(place, "")) is not None:
            why = f"{place.system} demands a value: the default of the configuration"
            fields[rule.name] = Why(None, rule.default, "create", why)
    return fields


def _left_out(new: _New, name: str, place: Place) -> str:
    many = new.one_of.get(name)
    return f": one of {many}, the others are left out, for {place.object} has room for one" if many else ""


def _agreed(
    mapping: KindMapping, place: Place, live: Mapping[str, Row], missing: Collection[str]
) -> dict[str, dict[str, Value]]:
    """What the other records hold, once the new one holds it too."""
    slots = mapping.slots(place)
    return {
        other: {
            name: origin.agreed(row.now.get(name)) if origin.refers else row.now.get(name)
            for name, origin in mapping.slots(Place(other, row.object)).items()
            if name in slots and name not in missing
        }
        for other, row in live.items()
    }


def _belongs(any_of: Collection[str], values: Mapping[str, Value]) -> bool:
    return not any_of or any(name in values for name in any_of)


def _leads_nowhere(slot: Slot, value: Value) -> bool:
    """Whether no record in this slot's system is what a reference of another system means."""
    if value is None or isinstance(value, Unmapped):
        return True
    fitted = slot.fit(value)
    return isinstance(fitted, Unmapped) and fitted is not UNWRITTEN


def _key(mapping: KindMapping, place: Place, live: Mapping[str, Row], native: Mapping[str, Any]) -> Key | None:
    """The field that makes the creation idempotent.

    Where an admin forbids our own fields another one may stand in (a person's e-mail address): it is looked for
    before anything is decided again, but two creations at the same moment are not refused by the platform.
    """
    for key in mapping.rule.keys:
        named = live.get(key.of.system)
        fits = key.place == place and named is not None and key.of.object == named.object
        if fits and named is not None and mapping.known(place, key.native):
            return Key(key.native, key.written(named.id))
    return mapping.stand_in(place, native)
