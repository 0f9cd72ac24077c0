"""How good probabilities are: whether they put the right people first, and whether they mean what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from insight.score.cases import LEAST
from insight.score.levels import Column, every_level

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]
"""The number of a level in each case."""
BINS = 10
_PLAIN = frozenset({str, float, int, type(None)})


class Measured(NamedTuple):
    """What a test on cases that were not learned from showed."""

    n: int
    positives: int
    auc: float
    brier: float
    base_brier: float
    """Of whoever says of everybody what was so on average before."""
    slope: float
    """1: the probabilities mean what they say; below: they are too sure; above: not sure enough."""
    calibration_error: float
    reliability: tuple[dict[str, Any], ...]


def coded(c: Column, values: Sequence[Any]) -> Codes:
    """Each value as the number of its level among `every_level`."""
    numbers = {level: i for i, level in enumerate(every_level(c))}
    # The same few values come again and again.  Lists are no keys, and True is not 1.
    known = {value: numbers[c.level(value)] for value in {v for v in values if type(v) in _PLAIN}}
    found = (known[v] if type(v) in _PLAIN else numbers[c.level(v)] for v in values)
    return np.fromiter(found, dtype=np.int64, count=len(values))


def auc(said: Floats, so: Flags) -> float:
    """The chance that of two people, of whom one reached the goal, that one was said to be likelier; 0.5: by luck."""
    order = np.argsort(said, kind="stable")
    ranks = np.empty(len(said))
    ranks[order] = np.arange(1, len(said) + 1)
    _, same, counts = np.unique(said, return_inverse=True, return_counts=True)
    ranks = (np.bincount(same, weights=ranks) / counts)[same]
    positives = int(so.sum())
    negatives = len(so) - positives
    if not positives or not negatives:
        return 0.5
    return float((ranks[so].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def logit(p: Floats) -> Floats:
    """Probabilities as log-odds."""
    p = np.clip(p, LEAST, 1 - LEAST)
    return np.asarray(np.log(p / (1 - p)))


def expit(z: Floats) -> Floats:
    """Log-odds as probabilities."""
    return np.asarray(1 / (1 + np.exp(-z)))


def straightened(z: Floats, so: Flags) -> tuple[float, float]:
    """(slope, intercept) with which these log-odds mean what they say."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(z.reshape(-1, 1), so)
    return float(fitted.coef_[0][0]), float(fitted.intercept_[0])


def reliability(p: Floats, so: Flags) -> tuple[dict[str, Any], ...]:
    """Ten groups of equal size, from the least likely to the likeliest: what was said and what was so."""
    groups = [group for group in np.array_split(np.argsort(p, kind="stable"), BINS) if len(group)]
    return tuple(
        {
            "n": len(group),
            "low": round(float(p[group].min()), 4),
            "high": round(float(p[group].max()), 4),
            "said": round(float(p[group].mean()), 4),
            "so": round(float(so[group].mean()), 4),
        }
        for group in groups
    )


def measure(p: Floats, so: Flags, base: float) -> Measured:
    """base: the share that had reached the goal among the cases that were learned from."""
    groups = reliability(p, so)
    error = sum(group["n"] * abs(group["said"] - group["so"]) for group in groups) / len(p)
    both = 0 < so.sum() < len(so)
    return Measured(
        n=len(p),
        positives=int(so.sum()),
        auc=auc(p, so),
        brier=float(np.mean((p - so) ** 2)),
        base_brier=float(np.mean((base - so) ** 2)),
        slope=straightened(logit(p), so)[0] if both else 0.0,
        calibration_error=error,
        reliability=groups,
    )


def psi(expected: Floats, actual: Floats) -> float:
    """How far two divisions into the same groups differ (population stability index); above 0.25: much."""
    a = np.clip(expected / expected.sum(), LEAST, None)
    b = np.clip(actual / actual.sum(), LEAST, None)
    return float(np.sum((b - a) * np.log(b / a)))
