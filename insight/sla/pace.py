"""Will a target be met: what should be there by now, what will be there in the end, and how likely that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, variance
from typing import NamedTuple

AHEAD, ON_TRACK, AT_RISK, LOW = "ahead", "on_track", "at_risk", "low"
SEASONS = 8
"""So many past periods show a curve of their own."""
MEMORY = 0.25
"""Past periods count as much as this part of the present one."""


class Pace(NamedTuple):
    """How a target stands."""

    target: float
    actual: int
    expected: float
    """What should be there by now."""
    projection: float
    likely: float
    """That the target is met in the end, 0 to 1."""
    status: str
    shortfall: float


def elapsed(done: int, whole: int, curves: Sequence[Sequence[float]] = (), at: float = 0.0) -> float:
    """The share of a period's work that should be done.

    done, whole: working days.  curves: of past periods, the share of their result by each tenth of the period (11
    points from 0 to 1); from eight of them on their mean speaks, at the share `at` of the period's days.
    """
    if len(curves) < SEASONS:
        return done / whole if whole else 1.0
    place = min(max(at, 0.0), 1.0) * 10
    left = min(int(place), 9)
    means = [fmean(curve[point] for curve in curves) for point in (left, left + 1)]
    return means[0] + (means[1] - means[0]) * (place - left)


def pace(target: float, actual: int, share: float, past: Sequence[int] = ()) -> Pace:
    """How a count stands that should reach a target.

    share: of the period that is over, by `elapsed`; past: what earlier periods reached.
    """
    remainder = _remainder(actual, share, past)
    projection = actual + remainder
    likely = _likely(target - actual, remainder, past)
    expected = target * share
    if likely >= 0.9 and actual >= expected * 1.1:
        status = AHEAD
    else:
        status = ON_TRACK if likely >= 0.6 else AT_RISK if likely >= 0.3 else LOW
    return Pace(target, actual, expected, projection, likely, status, max(0.0, target - projection))


def _remainder(actual: int, share: float, past: Sequence[int]) -> float:
    """What is still to come, at the rate of this period, steadied by those before."""
    left = 1 - share
    if past:
        return left * (actual + MEMORY * fmean(past)) / (share + MEMORY)
    return left * actual / share if share > 0 else 0.0


def _likely(missing: float, remainder: float, past: Sequence[int]) -> float:
    """That at least so much comes of what is expected; as scattered as past periods were (negative binomial)."""
    if missing <= 0:
        return 1.0
    if remainder <= 0:
        return 0.0
    from math import ceil

    from scipy.stats import nbinom, poisson

    least = ceil(missing) - 1
    spread = variance(past) if len(past) > 1 else 0.0
    mean = fmean(past) if past else 0.0
    if spread <= mean:
        return float(poisson.sf(least, remainder))
    size = mean**2 / (spread - mean)
    return float(nbinom.sf(least, size, size / (size + remainder)))
