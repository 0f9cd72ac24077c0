"""What the stage of people and deals was before we met them, asked of the systems that keep a history.

Only of those who are met in the batch that is being decided, and only of records that are beyond the first stage, or
closed: a few calls a batch, and none for anybody who is known.  No transaction is open meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from connectors.port import Past
from mapping.deals import LOST, WON
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, Place, Value
from mapping.slots import Slot
from state.rows import LIVE, MOVED, Row
from sync.decide.staging import ACTORS, Moment
from sync.merge import STANDING

if TYPE_CHECKING:
    from sync.engine import Engine


def recall(engine: Engine, mapping: KindMapping, rows: Iterable[Row]) -> dict[int, tuple[Moment, ...]]:
    """Number of a row → what its stage has been, the earliest first; rows without a history are left out."""
    found: dict[int, tuple[Moment, ...]] = {}
    wanted = sorted((row for row in rows if _tells(mapping, row)), key=attrgetter("system", "object", "n"))
    for place, some in groupby(wanted, key=lambda row: Place(row.system, row.object)):
        asked = {row.id: row for row in some}
        connector, slot = engine.connectors[place.system], mapping.slots(place)[STAGE]
        engine.recalls[place.system] += ceil(len(asked) / connector.traits.told)
        natives = slot.natives if slot.staged else slot.natives[:1]
        told = connector.history(place.object, sorted(asked), natives)
        found |= {asked[id].n: tuple(moments(slot, past, asked[id].created_ms or 0)) for id, past in told.items()}
    return found


def _tells(mapping: KindMapping, row: Row) -> bool:
    """Whether the record has a stage that it came to from another one."""
    slot = mapping.slots(Place(row.system, row.object)).get(STAGE)
    if slot is None or row.state not in (LIVE, MOVED):
        return False
    if row.state == MOVED:
        return row.moved_to is not None and row.moved_to.object != row.object
    if slot.steps is not None:
        return STAGE not in row.spans and slot.steps.outcome(row.now.get(STAGE)) in (WON, LOST)
    first = next(iter(mapping.lifecycle.stages), None)
    return row.now.get(STAGE) not in (None, first)


def since(slot: Slot, way: Sequence[Moment], outcome: str) -> Moment | None:
    """What brought a deal to this outcome, for the last time; None: its history does not tell."""
    found: Moment | None = None
    for moment in reversed(way):
        if slot.steps is None or slot.steps.outcome(moment.own) != outcome:
            break
        found = moment
    return found


def moments(slot: Slot, past: Mapping[str, Sequence[Past]], made: int) -> Iterator[Moment]:
    """A stage may be kept in several native fields: what they say together after each change.  made: when the record
    was, and when it held what it held before all changes."""
    changes = sorted(((said.at, n, native, said) for native in past for n, said in enumerate(reversed(past[native]))),
                     key=itemgetter(0, 1))  # fmt: skip
    held: dict[str, Value] = {}
    before: Value = None
    for at, some in groupby(changes, key=itemgetter(0)):
        for _, _, native, said in some:
            held[native] = said.value
            last = native, said
        own = slot.compose(held)
        if own is not None and own != before:
            before = own
            native, said = last
            counts = STANDING.get(said.kind)
            yield Moment(own, at or made, native, "unknown" if counts is None else ACTORS[counts], said.actor)
