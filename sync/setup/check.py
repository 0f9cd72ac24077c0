"""Whether this configuration can work against these two systems as they are today: what is wrong, and the exact fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors.errors import SyncError
from connectors.port import Connector, Field, Problem, Schema
from mapping.codecs import TYPES
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, FieldRule, KindRule, Place
from mapping.steps import DEAL_STAGE
from state.store import Store
from sync.setup.check_deals import currencies, deal_stages
from sync.setup.check_load import Day, load
from sync.setup.check_owners import owned
from sync.setup.check_values import misfits
from sync.setup.closed_loop import unready
from sync.setup.definitions import lint
from sync.setup.provision import described, field_specs, incomplete, missing, sources
from sync.trust.catalogue import rights


def check(
    connectors: Mapping[str, Connector],
    rules: Sequence[KindRule],
    state: Store | None = None,
    lacking: Mapping[str, str] | None = None,
    day: Day | None = None,
) -> list[Problem]:
    """Everything worth saying of these kinds, errors first.

    state: what an earlier sync remembers, for who does not fit the vocabulary.  lacking: kinds that are left out, and
    why.  day: what is asked of the systems in one.
    """
    problems: list[Problem] = [
        Problem("warning", kind, f"is left out: {why}", f"grant what is missing, or set {kind}.sync = false")
        for kind, why in (lacking or {}).items()
    ]
    for name, connector in connectors.items():
        objects = [object for rule in rules for object in rule.objects[name]]
        problems += connector.check(objects, sources(connector, rules))
    if any(problem.level == "error" and "." not in problem.where for problem in problems):
        return problems
    try:
        described_by_kind = {rule.kind: described(connectors, rule) for rule in rules}
        owners = {name: connector.owners() for name, connector in connectors.items()}
    except SyncError:
        if not any(problem.level == "error" for problem in problems):
            raise
        return _worst_first(problems)
    for rule in rules:
        schemas = described_by_kind[rule.kind]
        problems += _ours(rule, schemas)
        for field in rule.fields:
            problems += _field(rule, field, schemas)
            if field.type == DEAL_STAGE:
                problems += deal_stages(field, schemas)
            if field.type == "money":
                problems += currencies(field, schemas)
        problems += _required(rule, schemas)
        if state is not None and rule.judges(STAGE):
            problems += lint(state, KindMapping(rule, schemas, owners))
    problems += owned(rules, owners, state)
    if state is not None:
        mappings = {rule.kind: KindMapping(rule, described_by_kind[rule.kind], owners) for rule in rules}
        for mapping in mappings.values():
            problems += misfits(mapping, state)
        problems += unready(mappings, state)
        if day is not None:
            problems += load(connectors, rules, state, day)
    return _worst_first(problems)


def _worst_first(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: ("error", "warning", "note").index(problem.level))


def _ours(rule: KindRule, schemas: dict[Place, Schema]) -> Iterator[Problem]:
    for system, spec in missing(rule, schemas):
        yield Problem(
            "error" if spec.unique else "warning",
            f"{system}.{spec.object}.{spec.name}",
            "our own field does not exist, or may not be seen with these credentials",
            "run `smarketing provision --apply`",
        )
    for system, spec in incomplete(rule, schemas):
        lacking = spec.lacks(schemas[Place(system, spec.object)].fields[spec.name])
        yield Problem(
            "warning",
            f"{system}.{spec.object}.{spec.name}",
            f"our own field lacks options: {', '.join(option.value for option in lacking)}",
            "run `smarketing provision --apply`",
        )


def _field(rule: KindRule, field: FieldRule, schemas: Mapping[Place, Schema]) -> Iterator[Problem]:
    ours = {(system, spec.object, spec.name): spec.type for system, spec in field_specs(rule)}
    for place, native in field.places.items():
        if place.system in field.soft or native.startswith("@"):
            continue
        if (*place, native) in ours and native not in schemas[place].fields:
            continue
        name = native.split("+")[0]
        where = f"{place.system}.{place.object}.{name}"
        meta = schemas[place].fields.get(name)
        if meta is None:
            yield Problem(
                "error",
                where,
                f"mapped by {field.name}, but it does not exist or may not be seen with these credentials",
                f"correct {rule.kind}.fields.{field.name}, or: {rights(*place, name)[0]}",
            )
            continue
        if meta.type not in {*TYPES[field.type.partition(":")[0]], ours.get((*place, name), "")}:
            yield Problem(
                "error",
                where,
                f"is of type {meta.type}, but {field.name} is mapped as {field.type}",
                f"set type in {rule.kind}.fields.{field.name} to one that fits, or map another field",
            )
        if place.system in field.to and not (meta.writable or meta.createable):
            yield Problem(
                "error",
                where,
                f"cannot be written, but {field.name} may flow to {place.system}",
                f'set to = "{_other(place.system)}" in {rule.kind}.fields.{field.name}, or: {rights(*place, name)[1]}',
            )
        yield from _options(field, place, meta, where)


def _options(field: FieldRule, place: Place, meta: Field, where: str) -> Iterator[Problem]:
    translation = field.values.get(place.system)
    if translation is None or not meta.options or field.type == DEAL_STAGE:
        return
    present = {option.value for option in meta.options if option.active}
    unread = sorted(present - set(translation.read))
    if unread:
        dropped = field.on_invalid == "drop"
        then = "the field is left alone where it holds them" if dropped else "records with them are held for this field"
        yield Problem(
            "note" if dropped else "warning",
            where,
            f"{len(unread)} options have no meaning in the vocabulary: {', '.join(unread[:8])}",
            f"say what they mean ([[vocabulary.stage]] or values); {then}",
        )
    unknown = sorted(set(translation.write.values()) - present)
    if unknown and place.system in field.to:
        yield Problem(
            "warning",
            where,
            f"the configuration writes options that do not exist there: {', '.join(unknown)}",
            "add the options to the field, or change what is written",
        )


def _required(rule: KindRule, schemas: Mapping[Place, Schema]) -> Iterator[Problem]:
    born = {
        Place(system, object): sort.born.get(system, {})
        for sort in rule.sorts
        for system, object in sort.objects.items()
        if system in sort.to
    } or {Place(*created): {} for created in (*rule.create_as.items(), *rule.create_known_as.items())}
    for place, given in born.items():
        if rule.create[place.system] == "never":
            continue
        mapped = {part for f in rule.fields if place in f.places for part in f.places[place].split("+")}
        for meta in schemas[place].fields.values():
            if meta.required and meta.name not in mapped and meta.name not in given:
                yield Problem(
                    "error",
                    f"{place.system}.{place.object}.{meta.name}",
                    "is required there to create a record, but nothing is mapped to it",
                    "map a field with a default to it, or make it optional",
                )


def _other(system: str) -> str:
    return "marketing" if system == "salesforce" else "crm"
