"""When exactly a field changed, and who changed it, asked of a system that keeps a history, and only where it matters.

It matters where several sides changed one field since they last agreed: then a point in time decides what intervals
may leave open, and for `winner = "human"` who made the change.  Who moved a stage matters as well, of a person or a
deal: automation never sets anybody back, and the journal tells who it was.  One call asks for many records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from connectors.port import Connector, Past
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, Place
from state.rows import LIVE, Batch, Row
from sync.merge import STANDING

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

BATCH = 500


def date(engine: Engine, planner: Planner) -> None:
    """Date the contested changes of the entities that this run saw change."""
    human = frozenset(rule.name for rule in planner.mapping.rule.fields if rule.winner == "human")
    entities = sorted(engine.contested.pop(planner.mapping.rule.kind, ()))
    for start in range(0, len(entities), BATCH):
        members = list(engine.store.entity_rows(entities[start : start + BATCH]).values())
        for connector in engine.connectors.values():
            found = list(_contested(connector.name, members, human))
            _ask(engine, connector, planner.mapping, [(row, names - human) for row, names in found], _moments)
            _ask(engine, connector, planner.mapping, [(row, names & human) for row, names in found], _makers)
            if planner.mapping.rule.judges(STAGE) or planner.mapping.rule.tells:
                _ask(engine, connector, planner.mapping, list(_moved(connector.name, members)), _makers)


def _contested(
    system: str, entities: Sequence[Sequence[Row]], human: frozenset[str]
) -> Iterator[tuple[Row, frozenset[str]]]:
    """The system's records with the fields that it and another side changed, and that are not dated yet."""
    for rows in entities:
        live = [row for row in rows if row.state == LIVE]
        elsewhere = {name for row in live if row.system != system for name in row.spans}
        for row in live:
            open_ = {n for n, (after, by, *maker) in row.spans.items() if after < by or (n in human and not maker)}
            if row.system == system and open_ & elsewhere:
                yield row, frozenset(open_ & elsewhere)


def _moved(system: str, entities: Sequence[Sequence[Row]]) -> Iterator[tuple[Row, frozenset[str]]]:
    """The system's records whose stage moved, and of which nobody knows who did it."""
    for row in (row for rows in entities for row in rows):
        if row.system == system and row.state == LIVE and len(row.spans.get(STAGE, ())) == 2:
            yield row, frozenset({STAGE})


Answers = Mapping[str, Mapping[str, Sequence[Any]]]
"""id → native field → when its present value was put there, ms, and perhaps how much the change counts and who made
it."""


def _moments(connector: Connector, object: str, ids: Sequence[str], natives: Sequence[str]) -> Answers:
    told = connector.changed_at(object, ids, natives)
    return {id: {native: (at,) for native, at in times.items()} for id, times in told.items()}


def _makers(connector: Connector, object: str, ids: Sequence[str], natives: Sequence[str]) -> Answers:
    told = connector.history(object, ids, natives)
    return {id: {native: _maker(past[0]) for native, past in fields.items() if past} for id, fields in told.items()}


def _maker(past: Past) -> tuple[int, int, str]:
    return past.at, STANDING.get(past.kind, -1), past.actor


def _ask(
    engine: Engine,
    connector: Connector,
    mapping: KindMapping,
    found: Sequence[tuple[Row, frozenset[str]]],
    answers: Callable[[Connector, str, Sequence[str], Sequence[str]], Answers],
) -> None:
    dated: list[Row] = []
    for object in sorted({row.object for row, names in found if names}):
        slots = mapping.slots(Place(connector.name, object))
        # A field that is not there any more may still stand open from before.
        mine = [(row, there) for row, names in found if row.object == object and (there := names & slots.keys())]
        natives = sorted({native for _, names in mine for name in names for native in slots[name].natives})
        told = answers(connector, object, [row.id for row, _ in mine], natives)
        for row, names in mine:
            known = told.get(row.id, {})
            spans = dict(row.spans)
            for name in names:
                after, by, *_ = row.spans[name]
                times = [tuple(known[native]) for native in slots[name].natives if native in known]
                latest = max(times, default=None)
                if latest is not None and after <= latest[0] <= by:
                    # A word at the very time of what was heard before would not be news.
                    at = latest[0] + (name == STAGE and latest[0] == after < by)
                    spans[name] = (at, at, *latest[1:])
                elif name == STAGE and answers is _makers:
                    # Nobody knows, and nobody need be asked again.
                    spans[name] = (after, by, -1)
            if spans != row.spans:
                dated.append(row._replace(spans=spans))
    if dated:
        engine.store.commit_batch(engine.lease, Batch(rows=dated))
