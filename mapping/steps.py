"""The stages of a deal: what each system calls them, in which pipeline or record type, and which mean the same.

The configuration names shared stages, each with the systems' own.  What it leaves out is found in what the systems
say of their stages, as far as that leaves no choice: by the same label, by won and lost, by the same probability.  A
stage stands within a group, a HubSpot pipeline or a Salesforce record type, which offers some stages only; its own
value is `group/stage` where the system shows the group.  If the configuration also says which groups belong together,
the shared value is `pipeline/stage`; otherwise the groups are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from connectors.port import Option, Schema
from mapping.codecs import MisfitError
from mapping.deals import LOST, OPEN, WON
from mapping.rules import FieldRule, Place, Value, ValueMap
from mapping.values import Unmapped, text

DEAL_STAGE = "deal_stage"
FIRST = "default"
"""The pipeline that every HubSpot account begins with."""


class Missing(NamedTuple):
    """An own stage that means nothing, and the shared stage that it is most likely to be (or none)."""

    system: str
    value: str
    label: str
    suggestion: str


class _Step(NamedTuple):
    """One stage of one system."""

    system: str
    value: str
    label: str
    over: bool | None
    won: bool | None
    chance: float | None
    active: bool
    groups: frozenset[str] | None
    """Those that offer it; None: all do."""

    @property
    def kind(self) -> tuple[bool | None, bool | None]:
        return self.over, self.won


class Group(NamedTuple):
    """A pipeline, or a record type."""

    id: str
    names: tuple[str, ...]
    """What a configuration may call it."""
    default: bool


def resolved(rule: FieldRule, schemas: Mapping[Place, Schema]) -> FieldRule:
    """The rule with every stage translated that leaves no choice."""
    own = _all_steps(rule, schemas)
    values = {system: ValueMap(dict(map_.read), dict(map_.write)) for system, map_ in rule.values.items()}
    for step, name in _found(own, rule.values):
        known = values.setdefault(step.system, ValueMap({}, {}))
        read, write = {**known.read, step.value: name}, dict(known.write)
        if step.active:
            write.setdefault(name, step.value)
        values[step.system] = ValueMap(read, write)
    return replace(rule, values=values)


def unexpressed(rule: FieldRule, schemas: Mapping[Place, Schema]) -> list[tuple[str, str]]:
    """(system, shared stage) of those that another system has and this one has no stage for.  rule: resolved."""
    own = _all_steps(rule, schemas)
    active = {
        (step.system, name) for name, known in _profiles(own, rule.values).items() for step in known if step.active
    }
    described = {step.system for step in own}
    return sorted({(system, name) for _, name in active for system in described} - active)


def missing(rule: FieldRule, schemas: Mapping[Place, Schema]) -> list[Missing]:
    """The stages that a resolved rule does not translate."""
    own = _all_steps(rule, schemas)
    shared = _profiles(own, rule.values)
    return [
        Missing(step.system, step.value, step.label, _likely(step, shared))
        for step in own
        if step.active and step.value not in _read(rule.values, step.system)
    ]


def _read(values: Mapping[str, ValueMap], system: str) -> Mapping[str, str]:
    return values[system].read if system in values else {}


def _all_steps(rule: FieldRule, schemas: Mapping[Place, Schema]) -> list[_Step]:
    return [
        step
        for place, spec in sorted(rule.places.items())
        if (schema := schemas.get(place)) is not None
        for step in _steps(place.system, schema, spec.split("+")[0])
    ]


def _steps(system: str, schema: Schema, native: str) -> list[_Step]:
    meta = schema.fields.get(native)
    found: dict[str, _Step] = {}
    for option in meta.options if meta is not None else ():
        groups = _offering(schema, native, option)
        known = found.get(option.value)
        if known is not None:
            both = None if known.groups is None or groups is None else known.groups | groups
            found[option.value] = known._replace(groups=both, active=known.active or option.active)
            continue
        found[option.value] = _Step(
            system, option.value, option.label, option.closed, option.won, option.probability, option.active, groups
        )
    return list(found.values())


def _offering(schema: Schema, native: str, option: Option) -> frozenset[str] | None:
    if option.within:
        return frozenset((option.within,))
    told = [each for each in schema.record_types if native in each.values]
    if not told:
        return None
    silent = {each.id for each in schema.record_types if native not in each.values}
    return frozenset({each.id for each in told if option.value in each.values[native]} | silent)


# -- what leaves no choice ---------------------------------------------------------------------------------------------


def _found(own: Sequence[_Step], values: Mapping[str, ValueMap]) -> Iterator[tuple[_Step, str]]:
    """(own stage, shared name) of those that no configuration names."""
    shared = _profiles(own, values)
    open_ = [step for step in own if step.value not in _read(values, step.system)]
    for step in open_:
        name = _by_label(step, shared) or _by_outcome(step, shared) or _by_chance(step, shared)
        if name is None and _paired(step, open_) and _name(step.label) not in shared:
            name = _name(step.label)
        if name is not None:
            yield step, name


def _profiles(own: Sequence[_Step], values: Mapping[str, ValueMap]) -> dict[str, list[_Step]]:
    """Shared name → the own stages that are known to mean it."""
    found: dict[str, list[_Step]] = {}
    for step in own:
        name = _read(values, step.system).get(step.value)
        if name is not None:
            found.setdefault(name, []).append(step)
    return found


def _by_label(step: _Step, shared: Mapping[str, Sequence[_Step]]) -> str | None:
    label = _name(step.label)
    return _only(
        name
        for name, known in shared.items()
        if label in (_name(name), *(_name(other.label) for other in known)) and all(_alike(step, o) for o in known)
    )


def _by_outcome(step: _Step, shared: Mapping[str, Sequence[_Step]]) -> str | None:
    if not step.over or step.won is None:
        return None
    return _only(name for name, known in shared.items() if all(other.kind == step.kind for other in known))


def _by_chance(step: _Step, shared: Mapping[str, Sequence[_Step]]) -> str | None:
    if step.over is not False or step.chance is None:
        return None
    return _only(
        name
        for name, known in shared.items()
        if any(o.system != step.system and o.chance == step.chance and o.over is False for o in known)
    )


def _paired(step: _Step, open_: Sequence[_Step]) -> bool:
    """Whether another system has a stage of this label that nobody translates either."""
    return any(o.system != step.system and _name(o.label) == _name(step.label) and _alike(o, step) for o in open_)


def _likely(step: _Step, shared: Mapping[str, Sequence[_Step]]) -> str:
    """The stage of the same outcome whose probability is nearest."""
    distances = [
        (abs((other.chance or 0) - (step.chance or 0)), name)
        for name, known in shared.items()
        for other in known
        if other.kind == step.kind
    ]
    return min(distances, default=(0, ""))[1]


def _alike(a: _Step, b: _Step) -> bool:
    return None in (a.over, b.over) or a.kind == b.kind


def _only(names: Iterator[str]) -> str | None:
    found = set(names)
    return found.pop() if len(found) == 1 else None


def _name(label: str) -> str:
    """The label as a shared name: "Closed Won" → closed_won."""
    return "_".join("".join(c if c.isalnum() else " " for c in label.casefold()).split())


# -- reading and writing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Steps:
    """The stages of one place, ready for look-ups.  `rule` is resolved."""

    rule: FieldRule
    place: Place
    known: Mapping[str, _Step]
    """Own stage → what the system says of it; empty: nothing."""
    groups: Mapping[str, Group]
    grouped: bool
    """The system shows the group."""
    typed: bool
    """Its groups are record types, of which the platform chooses one where none is named."""
    paired: bool
    """The configuration says which groups of the systems belong together."""

    @staticmethod
    def of(rule: FieldRule, place: Place, schema: Schema | None) -> Steps:
        """The stages of this place."""
        natives = rule.places[place].split("+")
        known = {step.value: step for step in _steps(place.system, schema, natives[0])} if schema is not None else {}
        shown = all("+" in spec for spec in rule.places.values())
        paired = shown and all(rule.within.get(other.system) for other in rule.places)
        typed = schema is not None and bool(schema.record_types)
        return Steps(rule, place, known, groups_of(schema, natives), len(natives) > 1, typed, paired)

    def read(self, raws: Sequence[Any]) -> Value:
        """The own value of these native ones."""
        stage = text(raws[0])
        if stage is None or not self.grouped:
            return stage
        return f"{text(raws[1]) or ''}/{stage}"

    def canon(self, own: str) -> Value:
        """The shared value, or Unmapped with what would be right."""
        group, stage = self._parts(own)
        name = _read(self.rule.values, self.place.system).get(stage)
        if name is None:
            return Unmapped(stage, self._advice(stage))
        if not self.paired:
            return name
        line = self._line(group)
        if line is None:
            said = self.groups[group].names[-1] if group in self.groups else group
            return Unmapped(said, f'add "{said}" to [deal.pipelines], with what belongs to it on the other side')
        return f"{line}/{name}"

    def write(self, value: str, held: Value, *, creating: bool) -> list[str | None]:
        """The native values that express a shared one; None: that field is left as it is.  Raises MisfitError."""
        line, _, name = value.rpartition("/") if self.paired else ("", "", value)
        group = self._parts(str(held))[0] if held is not None and not creating else ""
        target = group
        if self.paired and self._line(group) != line:
            target = self._group(line)
        stage = self._stage(name, target or (self._default() if creating else ""))
        if not self.grouped:
            return [stage]
        if not target and creating and not self.typed:
            step = self.known.get(stage)
            offering = sorted(step.groups or ()) if step is not None else []
            target = FIRST if FIRST in offering else next(iter(offering), "")
        return [stage, target if target and target != group else None]

    def after(self, natives: Sequence[str | None], held: Value) -> Value:
        """The own value once these native ones are written."""
        if not self.grouped:
            return natives[0]
        group = natives[1] or (self._parts(str(held))[0] if held is not None else "")
        return f"{group}/{natives[0]}"

    def again(self, own: str) -> list[str | None]:
        """The native values of an own one."""
        group, stage = self._parts(own)
        return [stage, group or None] if self.grouped else [stage]

    def facts(self, own: Value) -> dict[str, Any]:
        """`stage` without its pipeline, and whether the deal is won or lost, for conditions."""
        if own is None:
            return {}
        _, stage = self._parts(str(own))
        name = _read(self.rule.values, self.place.system).get(stage)
        step = self.known.get(stage)
        over, won = (step.over, step.won) if step is not None and step.over is not None else (None, None)
        facts = {"won": bool(over and won), "lost": bool(over and won is False)} if over is not None else {}
        return {**facts, **({"stage": name} if name is not None else {})}

    def outcome(self, own: Value) -> str | None:
        """open, won or lost; None where the system does not say."""
        facts = self.facts(own)
        if "won" not in facts:
            return None
        return WON if facts["won"] else LOST if facts["lost"] else OPEN

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _parts(self, own: str) -> tuple[str, str]:
        if not self.grouped:
            return "", own
        group, _, stage = own.partition("/")
        return group, stage

    def _stage(self, name: str, group: str) -> str:
        """The own stage for a shared one: the one to be written, or another that means the same, whichever is offered
        there."""
        system = self.place.system
        values = self.rule.values.get(system)
        wanted = values.write.get(name) if values is not None else None
        read = [own for own, shared in _read(self.rule.values, system).items() if shared == name]
        for own in dict.fromkeys([*([wanted] if wanted else []), *read]):
            if not self.known or self._offered(own, group):
                return own
        said = self.groups[group].names[-1] if group in self.groups else system
        raise MisfitError("UNMAPPED_VALUE", f"say in [deal.stages] what {said} calls {name!r}")

    def _offered(self, own: str, group: str) -> bool:
        step = self.known.get(own)
        if step is None or not step.active:
            return False
        return step.groups is None or group not in self.groups or group in step.groups

    def _default(self) -> str:
        return next((group.id for group in self.groups.values() if group.default), "")

    def _line(self, group: str) -> str | None:
        """The shared name of a group."""
        known = self.groups.get(group)
        read = self.rule.within[self.place.system].read
        return next((read[name] for name in (known.names if known else (group,)) if name in read), None)

    def _group(self, line: str) -> str:
        wanted = self.rule.within[self.place.system].write.get(line)
        for group in self.groups.values():
            if wanted in group.names:
                return group.id
        raise MisfitError("UNMAPPED_VALUE", f"say in [deal.pipelines] what {self.place.system} calls {line!r}")

    def _advice(self, stage: str) -> str:
        step = self.known.get(stage)
        likely = _likely(step, _profiles(list(self.known.values()), self.rule.values)) if step is not None else ""
        hint = f', perhaps as "{likely}"' if likely else ""
        label = f' ("{step.label}")' if step is not None and step.label != stage else ""
        return f'add the stage "{stage}"{label} to [deal.stages]{hint}, or choose another stage on the deal'


def groups_of(schema: Schema | None, natives: Sequence[str]) -> dict[str, Group]:
    """Id → pipeline or record type."""
    if schema is None or len(natives) < 2:
        return {}
    if schema.record_types:
        return {each.id: Group(each.id, (each.id, each.label, each.name), each.default) for each in schema.record_types}
    meta = schema.fields.get(natives[1])
    return {o.value: Group(o.value, (o.value, o.label), False) for o in (meta.options if meta is not None else ())}
