"""Who needs no further decision: everything agreed, nothing to write, nothing to ask.

What was applied is decided again as a rule, because only a decision knows whether all is well.  This is the decision
for the common case that it is: it says yes only where `Planner.decide` would find nothing to do, and may say no to any.
"""

from __future__ import annotations

from collections.abc import Sequence

from mapping.mapping import UNWRITTEN, Mapping, Shared, Unmapped
from mapping.rules import STAGE, Place, Value
from mapping.slots import Slot
from state.rows import LIVE, Row
from sync.decide.telling import DUPLICATE_OF, is_troubled

_NEVER = object()


def at_rest(mapping: Mapping, rows: Sequence[Row]) -> bool:
    """`rows`: all records of one entity that has no open operations and no open questions."""
    live = {row.system: row for row in rows}
    if len(live) != len(rows) or live.keys() != mapping.rule.objects.keys():
        return False
    if any(
        row.state != LIVE or row.shadow is None or "@ignore" in row.now or is_troubled(row) or DUPLICATE_OF in row.now
        for row in rows
    ):
        return False
    places = tuple(Place(row.system, row.object) for row in rows)
    shared = mapping.shared(places)
    return _named(mapping, live) and all(_agreed(one, live) for one in shared) and _stands(mapping, live)


def _stands(mapping: Mapping, live: dict[str, Row]) -> bool:
    """Whether no side has news of the stage, which may live on one side alone, and all say as far as they can."""
    if not mapping.rule.judges(STAGE):
        return True
    voices: list[tuple[Slot, Value]] = []
    for system, row in live.items():
        slot = mapping.slots(Place(system, row.object)).get(STAGE)
        if slot is not None and slot.rule.to:
            if (row.shadow or {}).get(STAGE, _NEVER) != row.now.get(STAGE):
                return False
            if isinstance(slot.canon(row.now.get(STAGE)), Unmapped):
                return False
            voices.append((slot, row.now.get(STAGE)))
    best = max((own for _, own in voices), key=mapping.rank, default=None)
    return all(
        own == best or own in mapping.lifecycle.statuses or slot.fit(best) in (own, UNWRITTEN) for slot, own in voices
    )


def _named(mapping: Mapping, live: dict[str, Row]) -> bool:
    """Whether the records hold each other's ids."""
    for key in mapping.rule.keys:
        row, other = live[key.place.system], live[key.of.system]
        here = row.object == key.place.object and other.object == key.of.object
        if here and row.now.get(f"@key:{key.of.system}:{key.of.object}") != other.id:
            return False
    return True


def _agreed(shared: Shared, live: dict[str, Row]) -> bool:
    name = shared.rule.name
    for slot in shared.slots:
        row = live[slot.system]
        if (row.shadow or {}).get(name, _NEVER) != row.now.get(name):
            return False
    if not shared.consent:
        return True
    values = [slot.canon(live[slot.system].now.get(name)) for slot in shared.slots]
    return not any(isinstance(value, Unmapped) for value in values) and len({value is True for value in values}) == 1
