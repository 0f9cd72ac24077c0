"""Values that the records hold today and that the other side could not take: how many, and what might be meant."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz import fuzz, process, utils

from connectors.port import Field, Problem
from mapping.mapping import FieldProblem, Unmapped
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, Place, Value
from mapping.slots import Slot
from state.store import Store
from sync.trust.catalogue import entry

PAGE = 1_000
SHOWN = 8
"""Most values in one sentence."""
CLOSE = 80
"""How alike a value and an option must be to be suggested, of 100."""
LISTS = ("choice", "set", "deal_stage")
"""Types whose values are options, and may be named."""


class _Misfit(NamedTuple):
    place: Place
    field: str
    code: str


def misfits(mapping: KindMapping, state: Store) -> Iterator[Problem]:
    """One problem for each field and cause."""
    found: dict[_Misfit, Counter[str]] = defaultdict(Counter)
    for origin in mapping.places:
        pairs = list(_pairs(mapping, origin))
        known: dict[tuple[str, Place, str], str | None] = {}
        after = 0
        while rows := state.scan(*origin, after, PAGE):
            after = rows[-1].n
            for row in rows:
                for name, slot, target in pairs:
                    if (own := row.now.get(name)) is None:
                        continue
                    key = (name, target.place, str(own))
                    if key not in known:
                        known[key] = _wrong(slot, target, own)
                    if code := known[key]:
                        shown = str(own) if slot.rule.type in LISTS else ""
                        found[_Misfit(target.place, name, code)][shown] += 1
    for misfit, values in found.items():
        yield _problem(mapping, misfit, values)


def _pairs(mapping: KindMapping, origin: Place) -> Iterator[tuple[str, Slot, Slot]]:
    """(field, its slot here, its slot in the object of another system that it would be written to)."""
    for name, slot in mapping.slots(origin).items():
        if name[0] == "@" or name == STAGE or slot.refers or slot.rule.type == "owner":
            continue
        for target in mapping.places:
            other = mapping.slots(target).get(name)
            first = target.object == mapping.rule.create_as.get(target.system, target.object)
            if other is not None and first and target.system != origin.system and target.system in slot.rule.to:
                yield name, slot, other


def _wrong(slot: Slot, target: Slot, own: Value) -> str | None:
    """The code of what is wrong with a value, if anything is."""
    value = slot.canon(own)
    result = target.encode(value, creating=False) if not isinstance(value, Unmapped) else {}
    return result.code if isinstance(result, FieldProblem) else None


def _problem(mapping: KindMapping, misfit: _Misfit, values: Counter[str]) -> Problem:
    place, name, code = misfit
    slot = mapping.slots(place)[name]
    meta = slot.metas[0]
    total = sum(values.values())
    told = entry(place.system, code).filled(place.object, [meta.name])
    listed = _listed(values, meta) if "" not in values else ""
    limit = f" (at most {meta.length} characters)" if code == "TOO_LONG" else ""
    return Problem(
        "warning",
        f"{place.system}.{place.object}.{meta.name}",
        f"{total:,} {'record holds' if total == 1 else 'records hold'} values of {name} that it cannot take{limit}: "
        f"{listed or told.cause}",
        told.fix,
    )


def _listed(values: Counter[str], meta: Field) -> str:
    named = []
    for value, records in values.most_common(SHOWN):
        like = suggested(value, meta)
        named.append(f'"{value}" ({records:,}{f", perhaps {like}" if like else ""})')
    more = len(values) - SHOWN
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def suggested(value: str, meta: Field) -> str:
    """The option that a value most likely means; empty: none is alike."""
    names = {option.value: option.label for option in meta.options if option.active}
    best = process.extractOne(value, names, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=CLOSE)
    return str(best[2]) if best else ""
