"""Our own fields on both sides, from one definition: the sync keys, the refined stage, and the box that says no."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from connectors import rights
from connectors.furniture import Furnishing
from connectors.port import Connector, FieldSpec, Option, Schema
from insight.fields import BEHAVIOUR
from insight.fields import field as our_field
from mapping.rules import KindRule, Place
from sync.decide import telling
from sync.decide.deleting import MARK
from sync.decide.writeback import judged_specs, reason_specs, stage_specs, told_specs
from sync.setup.views import view_specs


def field_specs(rule: KindRule) -> list[tuple[str, FieldSpec]]:
    """(system, field) of everything that this kind needs, in the order people should read it."""
    specs: list[tuple[str, FieldSpec]] = []
    for key in {(key.place, key.native): key for key in rule.keys}.values():
        named = f"{_singular(key.of.object)} id" if not key.tag else rule.kind
        spec = FieldSpec(
            object=key.place.object,
            name=key.native,
            label=f"{_title(key.of.system)} {named}",
            type="text",
            length=64 if key.tag else 20,
            unique=True,
            help=f"The {_title(key.of.system)} record of the same {rule.kind}. Kept by Smarketing Sync: do not edit.",
        )
        specs.append((key.place.system, spec))
    for place, native in rule.ignore.items():
        help = "Tick to make Smarketing Sync leave this record alone."
        specs.append((place.system, FieldSpec(place.object, native, "No sync", "bool", help=help)))
    for place, moments in rule.moments.items():
        if MARK in moments:
            help = "When the counterpart on the other side was deleted. Kept by Smarketing Sync: do not edit."
            specs.append(
                (place.system, FieldSpec(place.object, moments[MARK], "Counterpart deleted", "datetime", help=help))
            )
    options = tuple(Option(stage.name, stage.name) for stage in rule.stages)
    if any(field.name == "@shared_stage" for field in rule.fields):
        specs += stage_specs(rule.stages, rule.statuses)
    specs += [*reason_specs(rule), *judged_specs(rule), *told_specs(rule), *telling.told_specs(rule)]
    for field in rule.fields:
        if learned := our_field(rule.kind, field.name):
            specs += learned.specs([stage.name for stage in rule.stages])
    ours = {(system, spec.object, spec.name) for system, spec in specs}
    for field in rule.fields:
        for place, native in field.places.items():
            if field.type == "stage" and "+" in native:
                help = "The stage in the vocabulary that sales and marketing share."
                name = native.split("+")[1]
                if (place.system, place.object, name) not in ours:
                    refined = FieldSpec(place.object, name, "Shared stage", "choice", options=options, help=help)
                    specs.append((place.system, refined))
    return specs


def described(connectors: Mapping[str, Connector], rule: KindRule) -> dict[Place, Schema]:
    """What every system says of the objects of this kind."""
    return {
        Place(name, object): connector.describe(object)
        for name, connector in connectors.items()
        for object in rule.objects[name]
    }


def provision(connectors: Mapping[str, Connector], specs: list[tuple[str, FieldSpec]]) -> list[str]:
    """Create or complete these fields; returns `system.object.field` of each."""
    made: list[str] = []
    for name, connector in connectors.items():
        mine = [spec for system, spec in specs if system == name]
        made += [f"{name}.{field}" for field in (connector.provision(mine) if mine else ())]
    return made


def needed(connectors: Mapping[str, Connector], kinds: Iterable[KindRule]) -> dict[str, list[str]]:
    """system → the rights that an administrator has to grant for these kinds, and no more."""
    kinds = list(kinds)
    return {
        name: rights(name, [object for rule in kinds for object in rule.objects[name]], sources(connector, kinds))
        for name, connector in connectors.items()
    }


def sources(connector: Connector, kinds: Iterable[KindRule]) -> Collection[str]:
    """The sources of interactions that are read there under these rules."""
    learned = (our_field(rule.kind, field.name) for rule in kinds for field in rule.fields)
    wanted = any(field is not None and field.feature == BEHAVIOUR for field in learned)
    return tuple(connector.sources()) if wanted else ()


def furnish(
    connectors: Mapping[str, Connector], kinds: Iterable[KindRule], *, apply: bool
) -> list[tuple[str, Furnishing]]:
    """(system, what it is) of the rights and lists that are not there, made where `apply` says so."""
    kinds = list(kinds)
    found: list[tuple[str, Furnishing]] = []
    for name, connector in connectors.items():
        objects = [object for rule in kinds for object in rule.objects[name]]
        mine = [view for rule in kinds for system, view in view_specs(rule) if system == name]
        told = connector.furnish(objects, mine, sources(connector, kinds), apply=apply)
        found += [(name, each) for each in told]
    return found


def lacking(connectors: Mapping[str, Connector], rules: Iterable[KindRule]) -> list[tuple[str, FieldSpec]]:
    """Everything that these kinds need and that does not exist yet, or may not be seen."""
    found: list[tuple[str, FieldSpec]] = []
    for rule in rules:
        schemas = described(connectors, rule)
        found += [*missing(rule, schemas), *incomplete(rule, schemas)]
    return found


def incomplete(rule: KindRule, schemas: Mapping[Place, Schema]) -> list[tuple[str, FieldSpec]]:
    """Those that are there and lack options that we write, which a vocabulary that grew brings about."""
    return [
        (system, spec)
        for system, spec in field_specs(rule)
        if spec.lacks(schemas[Place(system, spec.object)].fields.get(spec.name))
    ]


def missing(rule: KindRule, schemas: Mapping[Place, Schema]) -> list[tuple[str, FieldSpec]]:
    """Those that do not exist yet, or that our credentials may not see."""
    return [
        (system, spec)
        for system, spec in field_specs(rule)
        if spec.name not in schemas[Place(system, spec.object)].fields
    ]


def _title(system: str) -> str:
    return {"hubspot": "HubSpot", "salesforce": "Salesforce"}.get(system, system)


def _singular(object: str) -> str:
    name = object.lower()
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
