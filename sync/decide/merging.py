"""Two records were merged in one system, so their counterparts in the other are one person, too: what to do.

Nothing is merged by us.  The suggestion names both records, which of them stays, and what it should hold by the rules
of the fields, the record that goes standing for marketing's side and the one that stays for sales'.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mapping.mapping import Mapping as KindMapping
from mapping.rules import OURS, Place, Value
from mapping.values import Unmapped
from state.rows import DELETED, LIVE, MOVED, ReviewRow, Row
from sync.merge import Side, merge

if TYPE_CHECKING:
    from sync.engine import Engine

QUESTION = "merge"


class Inherited(NamedTuple):
    """A field in which the two records differ."""

    name: str
    stays: Value
    """What the record holds that stays; canonical."""
    goes: Value
    then: Value
    """What should be kept."""
    why: str


def inherited(mapping: KindMapping, goes: Row, stays: Row) -> Iterator[Inherited]:
    """What the record that stays should hold where the one that goes holds another value.  Pure."""
    marketing, *_, sales = mapping.rule.objects
    slots, others = (mapping.slots(Place(row.system, row.object)) for row in (stays, goes))
    for name, slot in slots.items():
        rule, other = slot.rule, others.get(name)
        if other is None or slot.refers or rule.winner == OURS or name == mapping.rule.stand_in:
            continue
        here, there = slot.canon(stays.now.get(name)), other.canon(goes.now.get(name))
        if (
            there is None
            or isinstance(here, Unmapped)
            or isinstance(there, Unmapped)
            or mapping.same(name, here, there)
        ):
            continue
        if here is None:
            yield Inherited(name, here, there, there, "the other is blank")
            continue
        sides = {
            system: Side(value, True, row.created_ms or 0, row.version_ms)
            for system, value, row in ((marketing, there, goes), (sales, here, stays))
        }
        verdict = merge(replace(rule, tie=sales), sides, met=True, rank=mapping.rank)
        yield Inherited(name, here, there, verdict.writes.get(sales, here), verdict.rule)


def suggestion(mapping: KindMapping, gone: Row, heir: Row, goes: Row, stays: Row | None) -> dict[str, Any]:
    """What the question tells.  gone was merged into heir; goes and stays: their counterparts."""
    why = f"{gone.object} {gone.id} was merged into {heir.id}, which already has a counterpart"
    if stays is None or stays.ref == goes.ref:
        return {"why": why, "fix": f"{why}: see what becomes of {goes.system} {goes.object} {goes.id}"}
    found = list(inherited(mapping, goes, stays))
    if goes.object == stays.object:
        do = f"in {goes.system} merge {goes.object} {goes.id} into {stays.id}"
    else:
        do = f"in {goes.system} convert {goes.object} {goes.id} into {stays.object} {stays.id}"
    changed = [f"{one.name} {_said(one.then)}" for one in found if one.then != one.stays]
    then = f"; by the rules of the fields it should then hold {', '.join(changed)}" if changed else ""
    return {
        "why": why,
        "records": [list(goes.ref), list(stays.ref)],
        "values": {one.name: {"stays": one.stays, "goes": one.goes, "then": one.then, "why": one.why} for one in found},
        "fix": f"{do}, because {why}{then}; this answers itself once it is done",
    }


def concerned(engine: Engine, rows: Iterable[Row], waiting: Collection[int]) -> list[ReviewRow]:
    """The open questions about merges that those of these records which are gone now may have answered.

    waiting: numbers of records of which it is not known yet what they live on in.
    """
    entities = {row.entity for row in rows if row.state in (DELETED, MOVED) and row.n not in waiting}
    asked = engine.store.reviews(question=QUESTION) if entities - {None} else []
    return [review for review in asked if not entities.isdisjoint(review.detail["entities"])]


def whereabouts(
    review: ReviewRow, rows: Iterable[Row], heir_of: Callable[[Row], Row | None]
) -> tuple[dict[str, Row], Row | None]:
    """(entity → the live record that the question now is about; one of its records that was merged away)."""
    found: dict[str, Row] = {}
    moved: Row | None = None
    mine = [row for row in rows if row.entity in review.detail["entities"] and row.system == review.system]
    for row in mine:
        if row.state == LIVE and row.entity is not None:
            found[row.entity] = row
    for row in mine:
        if row.state == MOVED and row.entity not in found and (heir := heir_of(row)) is not None:
            moved = row
            if heir.entity is not None and heir.state == LIVE:
                found[heir.entity] = heir
    return found, moved


def of_entity(reviews: Iterable[ReviewRow], entity: str) -> list[ReviewRow]:
    """Those about a merge that concern this entity beside another."""
    return [r for r in reviews if r.entity != entity and entity in r.detail["entities"]]


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else f'"{value}"'
