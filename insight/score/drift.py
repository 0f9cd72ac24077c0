"""Whether a model still speaks of the people who come now; if not, scores fall back to the rules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from insight.score.measures import psi
from insight.score.model import LOGISTIC, Model

MOST_PSI = 0.25
MOST_ERROR = 0.10
MONTHS = 2
"""So many months in a row the probabilities may be too far off."""
FEWEST = 50
"""Fewer people, or mature cases in a month, show nothing."""


class Month(NamedTuple):
    """The mature cases of one month."""

    n: int
    said: float
    """The mean of their probabilities."""
    so: float
    """The share that reached the goal."""


def drifted(model: Model, recent: Sequence[float], months: Sequence[Month]) -> str:
    """Why a model is not to be used any longer; empty: it may be.

    recent: the probabilities of those who came lately; months: the earliest first.
    """
    if model.rung != LOGISTIC:
        return ""
    if len(recent) >= FEWEST and (found := _moved(model, recent)) > MOST_PSI:
        return f"the people who come now are others than it was learned from (PSI {found:.2f}, {MOST_PSI} is the most)"
    last = months[-MONTHS:]
    off = [month for month in last if month.n >= FEWEST and abs(month.said - month.so) > MOST_ERROR]
    if len(off) == MONTHS:
        told = " and ".join(f"{month.said:.0%} said, {month.so:.0%} so" for month in off)
        return f"in the last {MONTHS} months it was more than {MOST_ERROR:.0%} off ({told})"
    return ""


def _moved(model: Model, recent: Sequence[float]) -> float:
    ends = [end for end, _ in model.spread]
    counts = np.bincount([min(bisect_left(ends, p), len(ends) - 1) for p in recent], minlength=len(ends))
    return psi(np.array([share for _, share in model.spread]), counts.astype(float))
