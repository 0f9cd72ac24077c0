"""When exactly a field changed, asked of a system that keeps a history, and only where it matters.

It matters where several sides changed one field since they last agreed: then a point in time decides what intervals
may leave open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connectors.port import Connector
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import LIVE, Batch, Row

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

BATCH = 500


def date(engine: Engine, planner: Planner) -> None:
    """Date the contested changes of the entities that this run saw change."""
    entities = sorted(engine.contested.pop(planner.mapping.rule.kind, ()))
    for start in range(0, len(entities), BATCH):
        members = engine.store.entity_rows(entities[start : start + BATCH])
        for connector in engine.connectors.values():
            if connector.traits.history:
                _ask(engine, connector, planner.mapping, list(_contested(connector.name, list(members.values()))))


def _contested(system: str, entities: Sequence[Sequence[Row]]) -> Iterator[tuple[Row, frozenset[str]]]:
    """The system's records with the fields that it and another side changed, and that are not dated yet."""
    for rows in entities:
        live = [row for row in rows if row.state == LIVE]
        elsewhere = {name for row in live if row.system != system for name in row.spans}
        for row in live:
            names = frozenset(n for n, (after, by) in row.spans.items() if n in elsewhere and after < by)
            if row.system == system and names:
                yield row, names


def _ask(
    engine: Engine, connector: Connector, mapping: KindMapping, found: Sequence[tuple[Row, frozenset[str]]]
) -> None:
    dated: list[Row] = []
    for object in sorted({row.object for row, _ in found}):
        slots = mapping.slots(Place(connector.name, object))
        mine = [(row, names) for row, names in found if row.object == object]
        natives = sorted({native for _, names in mine for name in names for native in slots[name].natives})
        told = connector.changed_at(object, [row.id for row, _ in mine], natives)
        for row, names in mine:
            times = told.get(row.id, {})
            spans = dict(row.spans)
            for name in names:
                after, by = row.spans[name]
                known = [times[native] for native in slots[name].natives if native in times]
                if known and after <= max(known) <= by:
                    spans[name] = (max(known), max(known))
            if spans != row.spans:
                dated.append(row._replace(spans=spans))
    if dated:
        engine.store.commit_batch(engine.lease, Batch(rows=dated))
