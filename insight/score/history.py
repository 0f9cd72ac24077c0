"""A person's way through the stages as cases to learn from: one a cycle and goal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def reaching(goals: Iterable[Goal], lifecycle: Lifecycle) -> dict[str, frozenset[str]]:
    """Goal → the stages that show that it was reached; without those that the vocabulary does not know."""
    return {
        goal.name: frozenset(name for name in lifecycle.stages if lifecycle.rank(name) >= lifecycle.rank(stage))
        for goal in goals
        if (stage := STAGES[goal.name]) in lifecycle.stages
    }


def cases(life: Life, goals: Mapping[str, frozenset[str]], scheme: Scheme) -> Iterator[tuple[str, Case]]:
    """(goal, case) for each goal and each cycle of the person that began at a known time.  goals: of `reaching`."""
    last = {standing.cycle: standing for standing in life.standings}
    first = min((touch.at for touch in life.touches if touch.by == "buyer"), default=None)
    for cycle, standing in last.items():
        at = standing.entered.get(ENTRY, first if cycle == 1 else None)
        if at is None:
            continue
        closed = standing.entered.get(standing.status) if standing.status in SENT_AWAY else None
        done = behaviour(scheme, life.touches, at)
        for goal, enough in goals.items():
            reached = min((when for name, when in standing.entered.items() if name in enough), default=None)
            yield goal, Case(life.person, at, life.facts, reached, closed, done, life.set_at, cycle)


def recycled_at(standing: Standing | None) -> int:
    """When the person was last sent back to marketing, ms; 0: never."""
    return 0 if standing is None else standing.entered.get("recycled", 0)
