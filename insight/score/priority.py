"""Priority: fit (A, B, C) by engagement (1, 2, 3), cut so that sales can keep up with what is hot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from insight.score.points import Reason

HOT = ("A1", "A2", "B1")
"""What sales is to call."""
PRIORITIES = tuple(f"{letter}{number}" for letter in "ABC" for number in "123")
MOST_UP, MOST_DOWN = 3, 2
IMPOSSIBLE = 101
"""A cut that nobody reaches."""


class Cuts(NamedTuple):
    """From which score on somebody is an A or a B, a 1 or a 2."""

    a: int = 60
    b: int = 30
    one: int = 60
    two: int = 25

    def raised(self, by: int) -> Cuts:
        """Higher by so much, at most to where nobody stands."""
        return Cuts(*(min(IMPOSSIBLE, cut + by) for cut in self))


CUTS = Cuts()


def priority(fit: float, engagement: float, cuts: Cuts) -> str:
    """A1 to C3."""
    letter = "A" if fit >= cuts.a else "B" if fit >= cuts.b else "C"
    number = "1" if engagement >= cuts.one else "2" if engagement >= cuts.two else "3"
    return letter + number


def hot_a_day(scores: Iterable[tuple[float, float]], working_days: float, cuts: Cuts) -> float:
    """How many of these people (fit, engagement) a working day brings that are hot."""
    return sum(priority(fit, engagement, cuts) in HOT for fit, engagement in scores) / working_days


def within_capacity(
    scores: Sequence[tuple[float, float]], working_days: float, capacity: float, least: Cuts = CUTS
) -> Cuts:
    """The lowest cuts, from `least` up, at which no more people are hot in a working day than sales can take.

    scores: (fit, engagement) of everybody who came, or came back, in so many working days.
    """
    low, high = 0, IMPOSSIBLE
    while low < high:
        middle = (low + high) // 2
        if hot_a_day(scores, working_days, least.raised(middle)) <= capacity:
            high = middle
        else:
            low = middle + 1
    return least.raised(low)


def foremost(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The three that raise a score most, then the two that lower it most."""
    told = [reason for reason in reasons if reason.points]
    up = sorted((reason for reason in told if reason.points > 0), key=lambda reason: -reason.points)
    down = sorted((reason for reason in told if reason.points < 0), key=lambda reason: reason.points)
    return (*up[:MOST_UP], *down[:MOST_DOWN])
