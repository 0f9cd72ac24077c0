"""What is learned from: one case a person and cycle, with what was known before it began and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from insight.score.points import DAY, MONTH, Scheme
from insight.touches import Touch

BLANK = "(blank)"
LEAST = 1e-4
"""No probability is nearer to 0 or 1."""
MOST = 25_000
"""Mature cases of a goal that are learned from: a few dozen weights gain nothing from more."""
NOTHING: Mapping[str, Any] = {}


class Case(NamedTuple):
    """One person in one cycle.  Times are ms."""

    person: str
    at: int
    """When the person first became an MQL in the cycle, or first touched us where nobody ever did."""
    facts: Mapping[str, Any]
    reached: int | None = None
    """When the goal was reached."""
    closed: int | None = None
    """When it was settled that it will not be: lost, disqualified."""
    done: Mapping[str, Any] = NOTHING
    """What the person had done before, as `behaviour` tells it."""
    set_at: Mapping[str, int] = NOTHING
    """Field → when its value was set, where that is known."""
    cycle: int = 1


class Goal(NamedTuple):
    """Something that becomes of people or does not."""

    name: str
    """won, sql."""
    horizon: int
    """ms."""


def label(case: Case, horizon: int, now: int) -> bool | None:
    """Whether the goal was reached within the horizon (ms); None: it is too early to tell."""
    if case.reached is not None:
        return case.at <= case.reached <= case.at + horizon
    if case.closed is not None or now >= case.at + horizon:
        return False
    return None


def in_time(case: Case) -> tuple[int, str, int]:
    """The order in which cases began."""
    return case.at, case.person, case.cycle


class Taught:
    """The cases of one goal, as many as memory may hold: of the mature ones the latest, and of the last month's that
    it is too early to tell of.  What is left out is counted."""

    def __init__(self, goal: Goal, now: int, most: int = MOST) -> None:
        self._goal = goal
        self._now = now
        self._most = most
        self._mature: list[Case] = []
        self._recent: list[Case] = []
        self.left: Counter[str] = Counter()
        """older, censored, impossible → how many."""

    def add(self, case: Case) -> None:
        """One more."""
        if impossible(case):
            self.left["impossible"] += 1
        elif label(case, self._goal.horizon, self._now) is not None:
            self._mature.append(case)
            if len(self._mature) >= 2 * self._most:
                self._cut()
        elif self._now - MONTH < case.at <= self._now and len(self._recent) < self._most:
            self._recent.append(case)
        else:
            self.left["censored"] += 1

    def cases(self) -> list[Case]:
        """Those that are kept, the mature ones in the order of time."""
        self._cut()
        return [*self._mature, *self._recent]

    def _cut(self) -> None:
        self._mature.sort(key=in_time)
        if (older := len(self._mature) - self._most) > 0:
            self.left["older"] += older
            del self._mature[:older]


def impossible(case: Case) -> bool:
    """The goal was reached before the case began: dirt, from which nothing is learned."""
    return case.reached is not None and case.reached < case.at


def known(case: Case, columns: Iterable[str]) -> dict[str, Any]:
    """The facts that were there before the case began."""
    facts, set_at = case.facts, case.set_at
    return {name: facts.get(name) if set_at.get(name, case.at) <= case.at else None for name in columns}


DID = "did: "
"""The prefix of columns that say what the person did before."""


def behaviour(scheme: Scheme, touches: Iterable[Touch], at: int) -> dict[str, Any]:
    """What a person had done before this moment."""
    own = sorted((touch for touch in touches if touch.at < at and touch.by == "buyer"), key=lambda t: (t.at, t.key))
    counts: dict[str, int] = dict.fromkeys(scheme.weights, 0)
    for touch in own:
        if (name := scheme.class_of(touch)) is not None:
            counts[name] += 1
    return {
        **{f"{DID}{name}": count for name, count in counts.items()},
        f"{DID}days since the last": (at - own[-1].at) // DAY if own else None,
        f"{DID}days since the first": (at - own[0].at) // DAY if own else None,
        f"{DID}first source": next((touch.source for touch in own if touch.source), None),
    }
