"""Two deals that may be one: what both systems held before they met is not made a second time on either side.

A deal without a counterpart is made in the other system, unless that has one of the same name without a counterpart
either and nothing tells them apart.  Which is which only a person knows; until somebody says so, both wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from mapping.keys import called_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import Place, Value
from state.rows import LIVE, Row
from sync.decide.asking import DISMISSED, of_several
from sync.decide.decision import HELD, Decision, Question

NAMESAKE = "NAMESAKE"
_TOLD = ("amount", "close_date")
"""Fields of which one alone may drift apart, hardly all of them."""


class View(Protocol):
    """The store, or what a plan lays over it."""

    def by_keys(self, kind: str, keys: Sequence[str]) -> dict[str, list[Row]]:
        """Records by match key."""
        ...

    def entity_rows(self, entities: Sequence[str]) -> dict[str, list[Row]]:
        """All records of entities."""
        ...


def namesakes(
    view: View,
    mapping: KindMapping,
    by_entity: Mapping[str, Sequence[Row]],
    asked: Callable[[Iterable[str]], set[str]],
) -> dict[str, list[Row]]:
    """Entity → the records of other systems that are called like its only one, and are alone as well; not those that
    somebody said are others.  asked: which questions of these fingerprints stand."""
    called = mapping.rule.called
    lonely = {entity: row for entity, rows in by_entity.items() if (row := _alone(rows)) and row.now.get(called)}
    if not called or not lonely:
        return {}
    alike = view.by_keys(mapping.rule.kind, sorted({called_key(row.now[called]) for row in lonely.values()}))
    every = {row.n: row for rows in alike.values() for row in rows if row.state == LIVE}
    members = view.entity_rows(sorted({row.entity for row in every.values() if row.entity is not None}))
    free = {n for n, row in every.items() if row.entity is None or _alone(members.get(row.entity, [row]))}
    found: dict[str, list[Row]] = {}
    for entity, row in lonely.items():
        others = [r for r in alike.get(called_key(row.now[called]), ()) if r.n in free and r.system != row.system]
        if others:
            found[entity] = others
    names = {dismissed(lonely[entity], other): other for entity, others in found.items() for other in others}
    apart = asked(names) if names else set()
    return {
        entity: [other for other in others if dismissed(lonely[entity], other) not in apart]
        for entity, others in found.items()
    }


def dismissed(row: Row, other: Row) -> str:
    """The fingerprint under which it is kept that two are not one."""
    return of_several(DISMISSED, (row.ref, other.ref))


def ask(mapping: KindMapping, rows: Iterable[Row], others: Iterable[Row], decision: Decision) -> None:
    """Put a question in the place of a creation that may double a deal.  The mapping knows all their parents."""
    row = _alone(list(rows))
    alike = [other for other in others if row is not None and not _told_apart(mapping, row, other)]
    creations = [draft for draft in decision.drafts if draft.id is None]
    if row is None or not alike or not creations:
        return
    other = alike[0]
    keys = mapping.sync_keys(Place(row.system, row.object))
    native = next((key.native for key, _ in keys if key.of == (other.system, other.object)), "")
    detail = {
        "code": NAMESAKE,
        "records": [list(row.ref), list(other.ref)],
        "value": row.now.get(mapping.rule.called),
        "target": f"{other.system} {other.object}",
        "fix": f"{other.system} {other.object} {other.id} is called the same and has no counterpart either: if the two "
        f"are one, write {other.id} into {native} of this record; if not, rename one of them",
    }
    decision.questions.append(Question(HELD, row.system, row.object, row.id, None, detail))
    decision.drafts = [draft for draft in decision.drafts if draft.id is not None]
    # What becomes of the other one is not seen from here.
    decision.waits = True


def _alone(rows: Sequence[Row]) -> Row | None:
    live = [row for row in rows if row.state == LIVE]
    return live[0] if len(live) == 1 else None


def _told_apart(mapping: KindMapping, row: Row, other: Row) -> bool:
    """Whether they belong to different companies, or differ in amount and date."""
    slots = mapping.slots(Place(row.system, row.object))
    parents = [name for name, slot in slots.items() if slot.refers and not slot.many]
    differ = {name: _differ(mapping, row, other, name) for name in (*parents, *_TOLD)}
    return any(differ[name] for name in parents) or all(differ[name] for name in _TOLD)


def _differ(mapping: KindMapping, row: Row, other: Row, name: str) -> bool:
    values = [_value(mapping, each, name) for each in (row, other)]
    return None not in values and values[0] != values[1]


def _value(mapping: KindMapping, row: Row, name: str) -> Value:
    value = mapping.canon(Place(row.system, row.object), name, row.now.get(name))
    return None if isinstance(value, Unmapped) else value
