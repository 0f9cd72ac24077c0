"""What carrying out a plan will cost, before it is carried out: calls and time.

A creation in one system is followed by an update in the others, where the records name each other.  An update costs
a look before it and, where the system keeps a history, two looks after it (half a batch each).  People who are met are
asked about what they were before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from connectors.port import Traits
from state.rows import OperationRow


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one system."""

    records: int
    calls: int
    seconds: float
    history: int = 0
    """Of the calls, those that ask what people were before they are met."""


def estimate(
    operations: Iterable[OperationRow],
    traits: Mapping[str, Traits],
    seconds_a_call: Mapping[str, float],
    recalls: Mapping[str, int],
) -> dict[str, Cost]:
    """system → cost.  seconds_a_call: how long a call takes there, the allowed rate included.  recalls: calls that ask
    for histories."""
    counts: Counter[tuple[str, str]] = Counter((operation.system, operation.verb) for operation in operations)
    made = Counter({system: count for (system, verb), count in counts.items() if verb == "create"})
    costs: dict[str, Cost] = {}
    for system, trait in traits.items():
        creates = made[system]
        updates = counts[system, "update"] + sum(count for other, count in made.items() if other != system)
        per_update = 2 + 2 * trait.history
        history = recalls.get(system, 0)
        calls = ceil(creates / trait.batch) + per_update * ceil(updates / trait.batch) + history
        costs[system] = Cost(creates + updates, calls, round(calls * seconds_a_call.get(system, 0.5), 1), history)
    return costs
