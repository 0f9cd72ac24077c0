"""A slot: one field in one object of one system, with everything that reading and writing it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.port import Field, Schema
from mapping.codecs import MisfitError, cut, nearest, to_native
from mapping.links import referred
from mapping.rules import FieldRule, Place, Value, ValueMap
from mapping.steps import DEAL_STAGE, Steps
from mapping.values import CALENDAR_ENDS, Unlinked, Unmapped, decode, in_units, reader, split_money, text
from mapping.zones import day_in, noon

if TYPE_CHECKING:
    from mapping.mapping import Mapping as KindMapping

UNWRITTEN = Unmapped(None)
"""What `fit` gives for a value that, by the configuration, is not written: the record stays as it is."""

_TYPES = {
    "int": "number",
    "decimal": "number",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime",
    "choice": "choice",
    "set": "choices",
}


_LITERAL = frozenset({"text", "long_text", "phone", "url"})
_TRANSLATED = frozenset({"bool", "choice", "choices", "html"})
_RECURRING = frozenset({"bool", "choice", "owner", "stage"})
_ENDLESS = 1 << 62
_SIMPLE = (str, bool)
MOST_KNOWN = 1_000
"""Native values that are remembered for a slot."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A value that is held, and what a person can do about it."""

    field: str
    """Canonical name; empty for a native field that is not mapped."""
    native: str
    code: str
    value: Value
    fix: str


_DATE = Field("", "", "date")


class _NotWritten(Exception):  # noqa: N818 - an answer, not an error
    """By the configuration this value is not written here."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One field in one place."""

    mapping: KindMapping
    place: Place
    rule: FieldRule
    natives: tuple[str, ...]
    metas: tuple[Field, ...]
    values: ValueMap | None
    zone: str = ""
    """The account's time zone, in which a date that is stored as an instant is a day."""
    steps: Steps | None = None
    """Of a deal's stage: what is known of all of them."""
    system: str = field(init=False)
    staged: bool = field(init=False)
    refers: str = field(init=False)
    """The kind of the parents that it holds; empty: it is no reference."""
    many: bool = field(init=False)
    """It holds a list of parents."""
    one_of: bool = field(init=False)
    """It holds a list of parents, of which one counts: the first that every system with this field can refer to."""
    bare: bool = field(init=False)
    """An amount of money of which not every system shows the currency: then none of them is asked for it."""
    composed: bool = field(init=False)
    """Reading it takes more than one native value by its type."""
    unit: int = field(init=False)
    """So many of the system's units make one."""
    zoned: bool = field(init=False)
    """A date that is stored as an instant."""
    plain: bool = field(init=False)
    """Own values are the shared ones."""
    read: Callable[[Any], Value] = field(init=False, compare=False)
    """Reads native values."""
    literal: int = field(init=False)
    """Texts up to this length are written, and read back, exactly as they are; -1: not so."""
    whole: bool = field(init=False)
    """Whole numbers, and times within the calendar, are read back as they are."""
    _few: dict[Value, dict[str, Any]] | None = field(init=False, compare=False)
    """The native values of shared values, where few values occur again and again."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "system", self.place.system)
        object.__setattr__(self, "staged", self.rule.type == "stage")
        object.__setattr__(self, "refers", referred(self.rule.type))
        object.__setattr__(self, "many", self.rule.type.startswith("references:"))
        one_of = self.rule.type.startswith("reference:") and self.metas[0].type == "references"
        object.__setattr__(self, "one_of", one_of)
        bare = self.rule.type == "money" and not all("+" in spec for spec in self.rule.places.values())
        object.__setattr__(self, "bare", bare)
        plain = self.values is None and self.rule.type not in ("stage", "owner") and not self.refers and not bare
        plain = plain and self.steps is None
        object.__setattr__(self, "plain", plain)
        object.__setattr__(self, "composed", self.staged or self.steps is not None or self.rule.type == "money")
        zoned = self.rule.type == "date" and self.metas[0].type == "datetime"
        object.__setattr__(self, "zoned", zoned)
        read = day_in(self.zone) if zoned else reader(self.rule.type, self.metas[0].type)
        object.__setattr__(self, "unit", self.rule.unit.get(self.place.system, 1))
        object.__setattr__(self, "read", read if self.unit == 1 else in_units(read, self.unit))
        literal = plain and self.rule.type in _LITERAL and self.metas[0].type not in _TRANSLATED
        length = self.metas[0].length
        object.__setattr__(self, "literal", -1 if not literal else _ENDLESS if length is None else length)
        exact = (self.rule.type, self.metas[0].type) in (("datetime", "datetime"), ("int", "number"))
        object.__setattr__(self, "whole", exact and self.unit == 1)
        object.__setattr__(self, "_few", {} if self.rule.type in _RECURRING else None)

    # -- native → own --------------------------------------------------------------------------------------------------

    def compose(self, fields: Mapping[str, Any]) -> Value:
        """The own value, of a composed slot."""
        raws = [fields.get(native) for native in self.natives]
        if self.staged:
            return self.mapping.lifecycle.decode(self.place.system, raws)
        if self.steps is not None:
            return self.steps.read(raws)
        amount, currency = decode("decimal", raws[0]), text(raws[1]) if len(raws) > 1 else None
        return f"{amount} {currency}" if amount is not None and currency is not None else amount

    # -- own → canonical -----------------------------------------------------------------------------------------------

    def canon(self, own: Value) -> Value:
        """The shared value of an own one, or Unmapped."""
        if own is None or self.plain:
            return own
        if self.staged:
            return self.mapping.lifecycle.canon(own)
        if self.rule.type == "owner":
            return self.mapping.owners.canon(self.place.system, own)
        if self.refers:
            return self._parents(own)
        if self.steps is not None:
            return self.steps.canon(str(own))
        if self.bare:
            return split_money(own)[0]
        assert self.values is not None, "only plain values need no translation"
        if isinstance(own, list):
            read = self.values.read
            unknown = [part for part in own if part not in read]
            return Unmapped(unknown) if unknown else sorted({read[part] for part in own})
        return self.values.read.get(own, Unmapped(own))

    def _parents(self, own: Value) -> Value:
        """The entity referred to; of a list, those that every system with this field can refer to."""
        if not isinstance(own, list):
            return self._entity(own) or Unlinked(own)
        if not self.many:
            return self._entity(self._counting(own)) or Unlinked(own)
        return sorted({entity for id in own if (entity := self._known(id)) is not None}) or None

    def _counting(self, ids: Sequence[str]) -> str:
        """The one that counts of a list; where no system but this can refer to any, the first of somebody known."""
        known = next((id for id in ids if self._known(id) is not None), None)
        return known or next((id for id in ids if self._entity(id) is not None), ids[0])

    def _entity(self, id: str) -> str | None:
        return self.mapping.links.entities.get((self.refers, self.place.system, id))

    def _known(self, id: str) -> str | None:
        entity = self._entity(id)
        if entity is None:
            return None
        systems = {place.system for place in self.rule.places}
        return entity if all(self.mapping.parent(self.rule, system, entity) for system in systems) else None

    def agreed(self, own: Value) -> Value:
        """What of an own value can be agreed upon: parents, by their records that count for them, so that one who is
        told from a duplicate later is a change; of a list, those that every system can refer to."""
        if own is None or (isinstance(own, list) and not self.many):
            return own
        if not isinstance(own, list):
            return self._counted_as(str(own))
        return sorted({self._counted_as(id) for id in own if self._known(id) is not None}) or None

    def _counted_as(self, id: str) -> str:
        entity = self._entity(id)
        return (entity and self.mapping.parent(self.rule, self.place.system, entity)) or id

    # -- canonical → own → native --------------------------------------------------------------------------------------

    def encode(self, value: Value, *, creating: bool, held: Value = None) -> dict[str, Any] | FieldProblem:
        """Native values, empty if nothing is to be written, or the problem.  held: the own value that is there now."""
        try:
            return self._natives(value, creating=creating, held=held)
        except _NotWritten:
            return {}
        except MisfitError as misfit:
            if creating and misfit.code == "OWNER_UNMAPPED":
                return {}
            return FieldProblem(self.rule.name, self.natives[0], misfit.code, value, misfit.fix)

    def again(self, own: Value, worded: Value = None) -> dict[str, Any] | None:
        """Native values by which the record holds an own value that it held before; None: it cannot be written.
        worded: the very value by which it said its stage."""
        native, meta = self.natives[0], self.metas[0]
        if not meta.writable or (own is None and meta.required):
            return None
        if self.refers:
            return {native: own}
        if self.steps is not None and own is not None:
            told = self.steps.again(str(own))
            return {name: value for name, value in zip(self.natives, told, strict=True) if value is not None}
        try:
            if not self.composed and not self.plain and own is not None:
                return {native: to_native(self.rule.type, own, meta)}
            if worded is not None and self.staged and self.mapping.lifecycle.decode(self.system, [worded]) == own:
                found = dict(zip(self.natives, (worded, own), strict=False))
            else:
                found = self._exactly(self.canon(own))
        except (MisfitError, _NotWritten):
            return None
        backwards = self.rule.back.get(self.system) if self.staged else None
        return {backwards if backwards and name == native else name: value for name, value in found.items()}

    def fit(self, value: Value, held: Value = None) -> Value:
        """The own value after writing; Unmapped if it cannot be, UNWRITTEN if it will not be."""
        if value.__class__ is str and len(value) <= self.literal and self.metas[0].writable:
            return value
        if value.__class__ is int and self.whole and 0 <= value < CALENDAR_ENDS and self.metas[0].writable:
            return value
        try:
            return self._read_back(self._natives(value, creating=False, held=held), held)
        except _NotWritten:
            return UNWRITTEN
        except MisfitError:
            return Unmapped(value)

    @property
    def barred(self) -> bool:
        """Whether nobody with our rights may ever set the field."""
        meta = self.metas[0]
        return not (meta.writable or meta.createable)

    def after(self, natives: Mapping[str, Any], held: Value) -> Value:
        """The own value of a composed slot once these native ones are written over what is held."""
        return self._read_back(natives, held)

    def _read_back(self, natives: Mapping[str, Any], held: Value) -> Value:
        if not self.composed:
            return self.read(natives.get(self.natives[0]))
        if self.steps is not None:
            return self.steps.after([text(natives.get(native)) for native in self.natives], held)
        now = self.compose(natives)
        if self.rule.type == "money" and now is not None and held is not None and not split_money(now)[1]:
            return " ".join(filter(None, (now, split_money(held)[1])))
        return now

    def _natives(self, value: Value, *, creating: bool, held: Value) -> dict[str, Any]:
        if not (self.metas[0].createable if creating else self.metas[0].writable):
            raise _NotWritten
        if self.refers:
            if self.one_of:
                return {self.natives[0]: self._counted(value, held)}
            return {self.natives[0]: self._records(value, held) if self.many else self._record(value)}
        if value.__class__ is str and len(value) <= self.literal:
            return {self.natives[0]: value}
        few = self._few
        try:
            if few is None or not (value is None or value.__class__ in _SIMPLE):
                return self._exactly(value, held, creating=creating)
            known = few.get(value)
            if known is None:
                known = self._exactly(value)
                if len(few) < MOST_KNOWN:
                    few[value] = known
            return known
        except MisfitError as misfit:
            instead = self._instead(value, self.rule.too_long if misfit.code == "TOO_LONG" else self.rule.on_invalid)
            if instead is None:
                raise
            return instead

    def _exactly(self, value: Value, held: Value = None, *, creating: bool = False) -> dict[str, Any]:
        if isinstance(value, Unmapped):
            raise MisfitError("UNMAPPED_VALUE", f"say in the configuration what {value.own!r} means")
        if value is None and self.metas[0].required:
            raise MisfitError("REQUIRED", f"{self.place.system} cannot do without {self.rule.name}: fill it in")
        if self.staged:
            return self._stage(value)
        if (self.composed or self.zoned) and value is not None:
            return self._composed(value, held, creating=creating)
        return {self.natives[0]: to_native(self.rule.type, self._own(value), self.metas[0])}

    def _composed(self, value: Value, held: Value, *, creating: bool) -> dict[str, Any]:
        """A deal's stage with its pipeline, an amount with its currency, a date as the noon of its day."""
        if self.steps is not None:
            told = self.steps.write(str(value), held, creating=creating)
            return {native: own for native, own in zip(self.natives, told, strict=True) if own is not None}
        if self.zoned:
            at = noon(str(to_native("date", value, _DATE)), self.zone)
            if at is None:
                raise MisfitError("NOT_A_DATE", "enter a date as YYYY-MM-DD")
            return {self.natives[0]: to_native("datetime", at, self.metas[0])}
        amount, currency = split_money(value)
        natives = {self.natives[0]: to_native("decimal", decode("decimal", amount), self.metas[0])}
        if currency and len(self.natives) > 1:
            natives[self.natives[1]] = to_native("choice", currency, self.metas[1])
        return natives

    def _instead(self, value: Value, policy: str) -> dict[str, Any] | None:
        """What is written in place of a value that does not fit; None: nothing."""
        native, meta, type_ = self.natives[0], self.metas[0], self.rule.type
        if policy == "drop":
            raise _NotWritten
        if policy == "default" and self.rule.default is not None and self.rule.default != value:
            return self._exactly(self.rule.default)
        if policy == "cut":
            return {native: to_native(type_, cut(self._own(value), meta), meta)}
        if policy == "nearest" and not self.staged and type_ != "owner":
            close = nearest(type_, value, meta)
            if close is not None:
                return {native: to_native(type_, close, meta)}
        return None

    def _record(self, entity: Value) -> str | None:
        if entity is None:
            return None
        id = self.mapping.parent(self.rule, self.place.system, str(entity))
        if id is None:
            raise MisfitError("PARENT_MISSING", f"its {self.refers} has no record in {self.place.system}")
        return id

    def _counted(self, entity: Value, held: Value) -> list[str] | None:
        """Another counts, and the rest of the list stays."""
        ids = held if isinstance(held, list) else []
        kept = [id for id in ids if id != self._counting(ids)]
        record = self._record(entity)
        return sorted({*kept, *([record] if record is not None else [])}) or None

    def _records(self, entities: Value, held: Value) -> list[str]:
        """Those held already keep their place, also those that no other system can tell of."""
        wanted = set(entities or ())
        kept = [id for id in held or () if (entity := self._known(id)) is None or entity in wanted]
        there = {self._entity(id) for id in kept}
        return sorted({*kept, *(str(self._record(entity)) for entity in wanted - there)})

    def _stage(self, value: Value) -> dict[str, Any]:
        lifecycle, system = self.mapping.lifecycle, self.place.system
        if value is not None and value not in lifecycle.stages and value not in lifecycle.statuses:
            raise MisfitError("UNMAPPED_VALUE", f"add {value!r} to the vocabulary")
        natives = lifecycle.encode(system, value, len(self.natives))
        if natives is None:
            raise _NotWritten
        pairs = zip(self.natives, self.metas, natives, strict=True)
        return {native: to_native("choice", raw, meta) for native, meta, raw in pairs}

    def _own(self, value: Value) -> Value:
        if value is None:
            return None
        if self.rule.type == "owner":
            found = self.mapping.owners.id(self.place.system, str(value))
            if found is None:
                fix = f"make them a user of {self.place.system}, or set owner_fallback.{self.place.system}"
                raise MisfitError("OWNER_UNMAPPED", fix)
            return found
        if self.unit != 1 and isinstance(value, int):
            return value * self.unit
        if self.values is None:
            return value
        if isinstance(value, list):
            return sorted({self._option(part) for part in value})
        return self._option(value)

    def _option(self, value: Value) -> str:
        option = self.values.write.get(value) if self.values is not None else None
        if option is None:
            raise MisfitError("UNMAPPED_VALUE", f"say in the configuration what {self.place.system} calls {value!r}")
        return option


def compile_slots(mapping: KindMapping, place: Place) -> dict[str, Slot]:
    """The slots of one object, by canonical name."""
    schema = mapping.schema(place)
    slots = {}
    for rule in mapping.rule.fields:
        spec = rule.places.get(place)
        if spec is None:
            continue
        natives = tuple(spec.split("+"))
        metas = tuple(_meta(schema, native, rule) for native in natives)
        steps = Steps.of(rule, place, schema) if rule.type == DEAL_STAGE else None
        zone = schema.zone if schema is not None else ""
        slots[rule.name] = Slot(mapping, place, rule, natives, metas, rule.values.get(place.system), zone, steps)
    return slots


def _meta(schema: Schema | None, native: str, rule: FieldRule) -> Field:
    found = schema.fields.get(native) if schema is not None else None
    return found or Field(native, native, _TYPES.get(rule.type, "text"))


def required(
    slots: Mapping[str, Slot], schema: Schema | None, natives: Mapping[str, Any], problems: Sequence[FieldProblem]
) -> list[FieldProblem]:
    """What the system requires of a new record and nobody gives."""
    fields = schema.fields.values() if schema is not None else ()
    missing = [meta for meta in fields if meta.required and meta.createable and natives.get(meta.name) is None]
    if not missing:
        return []
    names = {native: name for name, slot in slots.items() for native in slot.natives}
    already = {problem.field for problem in problems if problem.field}
    return [
        FieldProblem(
            names.get(meta.name, ""),
            meta.name,
            "REQUIRED",
            None,
            f"fill in {names.get(meta.name) or meta.label or meta.name}, or give it a default",
        )
        for meta in missing
        if names.get(meta.name) not in already
    ]
