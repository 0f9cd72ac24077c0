"""A person's way through the stages as cases to learn from: one a cycle and goal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from insight.score.cases import NOTHING, Case, Goal, behaviour
from insight.score.points import Scheme
from insight.touches import Touch
from mapping.deals import CUSTOMER
from mapping.journey import ENTRY, SENT_AWAY, Standing
from mapping.lifecycle import Lifecycle

WON, SQL = "won", "sql"
STAGES = {WON: CUSTOMER, SQL: "sql"}
"""Goal → the stage by which it is reached; any later stage shows it too."""


class Life(NamedTuple):
    """What is known of one person."""

    person: str
    standings: Sequence[Standing]
    """In the order in which the journal tells them."""
    facts: Mapping[str, Any]
    touches: Sequence[Touch] = ()
    set_at: Mapping[str, int] = NOTHING


def cases(life: Life, goal: Goal, lifecycle: Lifecycle, scheme: Scheme) -> Iterator[Case]:
    """One for each cycle of the person that began at a known time."""
    stage = STAGES[goal.name]
    if stage not in lifecycle.stages:
        return
    enough = {name for name in lifecycle.stages if lifecycle.rank(name) >= lifecycle.rank(stage)}
    last = {standing.cycle: standing for standing in life.standings}
    first = min((touch.at for touch in life.touches if touch.by == "buyer"), default=None)
    for cycle, standing in last.items():
        at = standing.entered.get(ENTRY, first if cycle == 1 else None)
        if at is None:
            continue
        reached = min((when for name, when in standing.entered.items() if name in enough), default=None)
        closed = standing.entered.get(standing.status) if standing.status in SENT_AWAY else None
        done = behaviour(scheme, life.touches, at)
        yield Case(life.person, at, life.facts, reached, closed, done, life.set_at, cycle)


def recycled_at(standing: Standing | None) -> int:
    """When the person was last sent back to marketing, ms; 0: never."""
    return 0 if standing is None else standing.entered.get("recycled", 0)
