"""At the end of a backfill, what waits for nothing but the grain of its system's clock is read again, and decided.

A record that we have just written is not written again under a stamp that a later change may share; its entity waits
for the next run.  A backfill is to leave nothing behind, so it looks at those records once more, some moments later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connectors.port import Cursor, Page
from mapping.rules import Place
from state.rows import LIVE, Row
from sync.observe import take_in
from sync.plan import Planner

if TYPE_CHECKING:
    from sync.engine import Engine


def settle(engine: Engine, planners: Iterable[Planner]) -> int:
    """Read again what waits so; how many of these records are settled now.  Nothing while a plan decides what is
    written."""
    settled = 0
    waiting = [(planner, _waiting(engine, planner)) for planner in planners] if engine.approved is None else []
    if any(places for _, places in waiting):
        engine.sleep(2 * max(connector.traits.grain for connector in engine.connectors.values()) / 1000)
    for planner, places in waiting:
        for place, ids in places.items():
            connector, natives = engine.connectors[place.system], planner.mapping.natives(place)
            # The first page tells the system's own time, which nothing else does.
            asked = next(connector.changes(place.object, natives, Cursor(engine.now()))).asked
            for start in range(0, len(ids), engine.batch):
                engine.beat()
                some = ids[start : start + engine.batch]
                records = list(connector.read(place.object, natives, ids=some))
                take_in(engine, planner, place, Page(records, Cursor(None), asked))
                rows = engine.store.rows(*place, some).values()
                settled += sum(planner.settled(row) for row in rows)
    return settled


def _waiting(engine: Engine, planner: Planner) -> dict[Place, list[str]]:
    """Place → ids of the live records that wait to be decided, and were written within the grain of their clock."""
    found: dict[Place, list[str]] = {}
    for row in _dirty(engine, planner.mapping.rule.kind):
        if row.state == LIVE and row.entity is not None and not planner.settled(row):
            found.setdefault(Place(row.system, row.object), []).append(row.id)
    return found


def _dirty(engine: Engine, kind: str) -> Iterator[Row]:
    after = 0
    while rows := engine.store.dirty(kind, after, engine.batch):
        after = rows[-1].n
        yield from rows
