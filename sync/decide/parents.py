"""Who the parents of a batch of records are, asked of the state at once; and which children a change sets free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from mapping.links import Links, parent_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import LIVE, Row


class View(Protocol):
    """The store, or what a plan lays over it."""

    def rows(self, system: str, object: str, ids: Sequence[str]) -> dict[str, Row]:
        """Records by id."""
        ...

    def entity_rows(self, entities: Sequence[str]) -> dict[str, list[Row]]:
        """All records of entities."""
        ...


def links(view: View, mapping: KindMapping, children: Iterable[Row]) -> Links:
    """Everything that these records refer to, or referred to when their sides last agreed."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for row in children:
        place = Place(row.system, row.object)
        for own in (row.now, row.shadow or {}):
            for kind, id in mapping.parents(place, own):
                wanted.setdefault((kind, row.system), set()).add(id)
    entities: dict[tuple[str, str, str], str] = {}
    for (kind, system), ids in sorted(wanted.items()):
        for object in mapping.rule.parents[kind][system]:
            for id, row in view.rows(system, object, sorted(ids)).items():
                if row.entity is not None:
                    entities[kind, system, id] = row.entity
    if not entities:
        return Links()
    members = view.entity_rows(sorted(set(entities.values())))
    live = [(entity, row) for entity in members for row in members[entity] if row.state == LIVE]
    # What a write makes a record refer to is known as well as what it refers to now.
    entities |= {(row.kind, row.system, row.id): entity for entity, row in live}
    return Links(entities, {(entity, row.system): (row.object, row.id) for entity, row in live})


def released(changed: Iterable[tuple[Row, Row]], members: Iterable[Row]) -> list[str]:
    """The keys of those whose parent came to another entity or place.  changed: (before, after); members: all
    records of the entities in question."""
    moved = {
        entity
        for before, after in changed
        if (before.entity, before.state) != (after.entity, after.state)
        for entity in (before.entity, after.entity)
    } - {None}
    return keys_of(row for row in members if row.entity in moved) if moved else []


def keys_of(rows: Iterable[Row]) -> list[str]:
    """The match keys by which the children of these records are found."""
    return sorted({parent_key(row.system, row.kind, row.id) for row in rows})
