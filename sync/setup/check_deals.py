"""What `check` says of deals: stages without a meaning, pipelines without a counterpart, currencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.port import Problem, Schema
from mapping.rules import FieldRule, Place
from mapping.steps import groups_of, missing, resolved, unexpressed

SHOWN = 12
"""Most names in one sentence."""


def deal_stages(field: FieldRule, schemas: Mapping[Place, Schema]) -> Iterator[Problem]:
    """Stages that one side has and that mean nothing, or that the other side has no stage for."""
    places = {place.system: (place, native.split("+")) for place, native in field.places.items()}
    known = resolved(field, schemas)
    lacking = missing(known, schemas)
    for system in places:
        mine = [each for each in lacking if each.system == system]
        if mine:
            said = [f'"{m.value}"' + (f" ({m.label})" if m.label != m.value else "") for m in mine]
            hints = [f'{m.suggestion} = "{m.value}"' for m in mine if m.suggestion]
            suggested = f"; perhaps {_listed(hints)}" if hints else ""
            yield Problem(
                "warning",
                _where(*places[system]),
                f"{len(mine)} stages of deals have no meaning on the other side: {_listed(said)}",
                f"add them to [deal.stages]{suggested}; until then the stage of deals there is held",
            )
    for system in places:
        names = [name for one, name in unexpressed(known, schemas) if one == system]
        if names:
            yield Problem(
                "warning",
                _where(*places[system]),
                f"there is no stage for {_listed(names)}, which the other side has",
                f"say in [deal.stages] what {system} calls them, or add the stages there; until then they are held",
            )
    yield from _pipelines(field, schemas)


def _pipelines(field: FieldRule, schemas: Mapping[Place, Schema]) -> Iterator[Problem]:
    groups = {place: groups_of(schemas.get(place), spec.split("+")) for place, spec in field.places.items()}
    if not field.within:
        if all(len(each) > 1 for each in groups.values()):
            yield Problem(
                "note",
                "deal.pipelines",
                "both sides have several pipelines or record types of deals, and nothing says which belong together: "
                "new deals get the first or default one",
                "name the pairs in [deal.pipelines]",
            )
        return
    for place, each in groups.items():
        told = field.within.get(place.system)
        if told is None:
            continue
        known = {name for group in each.values() for name in group.names}
        wrong = sorted({*told.read, *told.write.values()} - known)
        if wrong:
            yield Problem(
                "warning",
                "deal.pipelines",
                f"{place.system} has no {_listed(wrong)}",
                f"choose from {_listed(sorted(group.names[-1] for group in each.values())) or 'nothing: it has none'}",
            )
        bare = sorted(group.names[-1] for group in each.values() if not set(group.names) & set(told.read))
        if bare and each:
            yield Problem(
                "warning",
                "deal.pipelines",
                f"nothing belongs to {_listed(bare)} of {place.system}",
                "name them in [deal.pipelines]; the stage of their deals is held",
            )


def currencies(field: FieldRule, schemas: Mapping[Place, Schema]) -> Iterator[Problem]:
    """Several currencies on one side, and none shown on the other: amounts travel as bare numbers."""
    options = {}
    for place, spec in field.places.items():
        _, _, native = spec.partition("+")
        meta = schemas[place].fields.get(native)
        options[place.system] = None if meta is None else [option for option in meta.options if option.active]
    without = [system for system, found in options.items() if found is None]
    several = [system for system, found in options.items() if found is not None and len(found) > 1]
    if without and several:
        yield Problem(
            "note",
            f"{several[0]}.currency",
            f"it has several currencies, {without[0]} has one: amounts are carried as numbers, whatever their currency",
            f"use one currency for deals, or switch on multiple currencies in {without[0]}",
        )


def _where(place: Place, natives: list[str]) -> str:
    return f"{place.system}.{place.object}.{natives[0]}"


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
