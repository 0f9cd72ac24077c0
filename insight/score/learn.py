"""What outcomes teach: as much as they suffice for, and nothing that a test on later cases does not bear out.

Few outcomes teach nothing, some teach how much likelier a level is, many teach a logistic regression.  It is learned
from the earlier three quarters of the cases and tested on the latest quarter; what was tested is what is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from insight.score.cases import DID, Case, Goal, impossible, in_time, known, label
from insight.score.leaks import refusals
from insight.score.levels import FEWEST, Column, column, every_level
from insight.score.measures import Codes, Flags, Floats, Measured, auc, coded, expit, measure, straightened
from insight.score.model import LIFTS, LOGISTIC, RULES, Card, Model
from insight.score.points import day

SOME, MANY, PLENTY = 30, 100, 1000
"""From so many mature outcomes of each sort on: lifts, a regression, an isotonic calibration."""
TESTED = 0.25
"""The share of the cases, the latest, on which is tested."""
LEAST_AUC, LEAST_SLOPE, MOST_SLOPE = 0.60, 0.7, 1.3
WEIGHT_OF_BASE = 20
MOST_LIFT = 10
PER_FEATURE = 10
"""So many positives for each feature."""
STRENGTH = 0.03
"""The inverse of the L2 penalty: weights of standardised features are small until many cases speak for them."""
FOLDS = 3
TOP = 10

Matrix = NDArray[np.float64]
Coded = Mapping[str, Codes]
"""Column → the number of its level in each case."""


class Sample(NamedTuple):
    """The mature cases, the earliest first, and what was left out."""

    cases: tuple[Case, ...]
    so: Flags
    values: Mapping[str, Sequence[Any]]
    """Column → its value in each case."""
    censored: int
    impossible: int

    @property
    def split(self) -> int:
        """How many cases are learned from; the rest tests."""
        return len(self.cases) - round(len(self.cases) * TESTED)


def sample(cases: Sequence[Case], goal: Goal, now: int) -> Sample:
    """What can be learned from; every value as it was before its case began."""
    ordered = sorted(cases, key=in_time)
    labels = [None if impossible(case) else label(case, goal.horizon, now) for case in ordered]
    mature = [case for case, so in zip(ordered, labels, strict=True) if so is not None]
    dirt = sum(map(impossible, ordered))
    names = sorted({name for case in mature for name in case.facts})
    told = [{**known(case, names), **case.done} for case in mature]
    every = list(dict.fromkeys(name for row in told for name in row))
    values = {name: [row.get(name) for row in told] for name in every}
    so = np.array([so for so in labels if so is not None], dtype=bool)
    return Sample(tuple(mature), so, values, len(ordered) - len(mature) - dirt, dirt)


def learn(
    cases: Sequence[Case],
    goal: Goal,
    now: int,
    *,
    types: Mapping[str, str] | None = None,
    approved_by: str = "",
) -> Model:
    """The best that the outcomes suffice for.  types: of the fields, as configured."""
    of = sample(cases, goal, now)
    positives = int(of.so.sum())
    negatives = len(of.so) - positives
    card: Card = {
        "goal": goal.name,
        "horizon_days": goal.horizon // 86_400_000,
        "n": len(of.so),
        "positives": positives,
        "negatives": negatives,
        "censored": of.censored,
        "impossible": of.impossible,
        "period": [day(of.cases[0].at), day(of.cases[-1].at)] if of.cases else [],
        "excluded": [],
        "approved_by": approved_by or "nobody: the tests alone",
    }
    fewest = min(positives, negatives)
    if fewest < SOME:
        return Model(goal.name, RULES, now, card | _lacking(goal, positives, negatives, SOME))
    refused = refusals(of.values, of.cases, of.so, types or {})
    card["excluded"] = [one._asdict() for one in refused]
    values = {name: some for name, some in of.values.items() if name not in {one.name for one in refused}}
    of = of._replace(values=values)
    if fewest < MANY:
        return lifts(of, goal, now, card | _lacking(goal, positives, negatives, MANY))
    model, why = regression(of, goal, now, card)
    if why:
        return lifts(of, goal, now, {**model.card, "verdict": f"Rules and lifts: the regression {why}."})
    return model


def _lacking(goal: Goal, positives: int, negatives: int, needed: int) -> Card:
    """What the outcomes do not suffice for."""
    lacks = {"positives": max(0, needed - positives), "negatives": max(0, needed - negatives)}
    words = {"positives": f"that came to {goal.name}", "negatives": f"that did not come to {goal.name}"}
    told = " and ".join(f"{n:,} more outcomes {words[of]}" for of, n in lacks.items() if n)
    used = "Rules only" if needed == SOME else "Rules and lifts"
    return {"missing": lacks, "verdict": f"{used}: a model that learns more needs {told}."}


def lifts(of: Sample, goal: Goal, now: int, card: Card) -> Model:
    """Rules, and for each level of a fact how much likelier it makes the goal, drawn towards the average."""
    base = float(of.so.mean())
    columns = [column(name, values) for name, values in of.values.items() if not name.startswith(DID)]
    found: dict[str, dict[str, int]] = {}
    for c in columns:
        codes = coded(c, of.values[c.name])
        for i, level in enumerate(every_level(c)):
            here = codes == i
            n, positives = int(here.sum()), int(of.so[here].sum())
            rate = (positives + WEIGHT_OF_BASE * base) / (n + WEIGHT_OF_BASE)
            points = max(-MOST_LIFT, min(MOST_LIFT, round(MOST_LIFT * (rate / base - 1))))
            if points and n >= FEWEST:
                found.setdefault(c.name, {})[level] = points
    kept = tuple(c for c in columns if c.name in found)
    return Model(goal.name, LIFTS, now, card | {"rung": LIFTS, "base": round(base, 4)}, kept, found)


def regression(of: Sample, goal: Goal, now: int, card: Card) -> tuple[Model, str]:
    """A tested logistic regression, and why it is not good enough; empty: it is."""
    cut = of.split
    so = of.so[:cut]
    columns = tuple(column(name, values[:cut]) for name, values in of.values.items())
    codes = {c.name: coded(c, of.values[c.name]) for c in columns}
    features = _features(columns, codes, so)
    chosen = {name for name, _ in features}
    model = Model(goal.name, LOGISTIC, now, card, tuple(c for c in columns if c.name in chosen))
    if not features:
        return model, "found nothing to go by"
    matrix = np.column_stack([codes[name][:cut] == i for name, i in features]).astype(float)
    model = _weighted(model, features, matrix, so)
    outside = _outside(matrix, so)
    model = replace(model, straight=straightened(outside, so))
    if so.sum() >= PLENTY:
        model = _stepped(model, outside, so)
    parts = contributions(model, codes)
    total = model.intercept + np.sum(list(parts.values()), axis=0)
    said = calibrated(model, total)
    model = replace(model, spread=_spread(said[:cut]))
    shown = measure(said[cut:], of.so[cut:], float(so.mean()))
    costs = [
        (shown.auc - auc(calibrated(model, (total - part)[cut:]), of.so[cut:]), name) for name, part in parts.items()
    ]
    told = {
        "rung": LOGISTIC,
        "features": len(features),
        "calibration": "isotonic" if model.steps else "Platt",
        **_tested(shown),
        "top": [{"name": name, "auc_lost": round(cost, 4)} for cost, name in sorted(costs, reverse=True)[:TOP]],
        "verdict": "Logistic regression: it stood its test on the latest quarter.",
    }
    return replace(model, card=card | told), _failed(shown)


def _tested(shown: Measured) -> Card:
    return {
        "tested_on": shown.n,
        "auc": round(shown.auc, 4),
        "brier": round(shown.brier, 4),
        "base_brier": round(shown.base_brier, 4),
        "slope": round(shown.slope, 4),
        "calibration_error": round(shown.calibration_error, 4),
        "reliability": list(shown.reliability),
    }


def _failed(shown: Measured) -> str:
    if shown.auc < LEAST_AUC:
        return f"puts the right people first too seldom (AUC {shown.auc:.2f}, {LEAST_AUC:.2f} is needed)"
    if shown.brier >= shown.base_brier:
        return f"is no better than the average (Brier {shown.brier:.4f}, the average has {shown.base_brier:.4f})"
    if not LEAST_SLOPE <= shown.slope <= MOST_SLOPE:
        return f"does not mean what it says (slope {shown.slope:.2f}, {LEAST_SLOPE} to {MOST_SLOPE} is needed)"
    return ""


def _features(columns: Sequence[Column], codes: Coded, so: Flags) -> list[tuple[str, int]]:
    """The (column, level) that tell most: one for every ten positives at most."""
    n, base = len(so), so.mean()
    told: list[tuple[float, str, int]] = []
    for c in columns:
        mine = codes[c.name][:n]
        counts, hits = np.bincount(mine), np.bincount(mine, weights=so)
        for level in np.flatnonzero((counts >= FEWEST) & (counts <= n - FEWEST)):
            here = counts[level]
            # Chi squared of the level against the goal.
            gain = (hits[level] - here * base) ** 2 / (here * (1 - here / n) * base * (1 - base))
            told.append((-float(gain), c.name, int(level)))
    return [(name, level) for _, name, level in sorted(told)[: int(so.sum()) // PER_FEATURE]]


def _weighted(model: Model, features: Sequence[tuple[str, int]], matrix: Matrix, so: Flags) -> Model:
    """The model with its weights, each as what it adds to the average."""
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    fitted = _regression().fit((matrix - mean) / spread, so)
    slopes = fitted.coef_[0] / spread
    weights = {c.name: np.zeros(len(every_level(c))) for c in model.columns}
    for (name, level), slope in zip(features, slopes, strict=True):
        weights[name][level] = slope
    for (name, _), slope, share in zip(features, slopes, mean, strict=True):
        weights[name] -= slope * share
    told = {c.name: dict(zip(every_level(c), weights[c.name].tolist(), strict=True)) for c in model.columns}
    return replace(model, weights=told, intercept=float(fitted.intercept_[0]))


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH, solver="newton-cholesky", max_iter=200)


def _outside(matrix: Matrix, so: Flags) -> Floats:
    """Log-odds of each case by a regression that did not learn from it."""
    said = np.zeros(len(so))
    fold = np.arange(len(so)) % FOLDS
    for i in range(FOLDS):
        here = fold == i
        mean, spread = matrix[~here].mean(axis=0), matrix[~here].std(axis=0)
        spread[spread == 0] = 1
        fitted = _regression().fit((matrix[~here] - mean) / spread, so[~here])
        said[here] = fitted.decision_function((matrix[here] - mean) / spread)
    return said


def _stepped(model: Model, outside: Floats, so: Flags) -> Model:
    """With an isotonic calibration, where it does better than Platt's on cases it was not made from."""
    half = len(so) // 2
    slope, intercept = straightened(outside[:half], so[:half])
    plain = expit(slope * outside[half:] + intercept)
    stepped = np.interp(outside[half:], *_isotonic(outside[:half], so[:half]))
    if np.mean((stepped - so[half:]) ** 2) >= np.mean((plain - so[half:]) ** 2):
        return model
    x, y = _isotonic(outside, so)
    return replace(model, steps=tuple(zip(x.tolist(), y.tolist(), strict=True)))


def _isotonic(z: Floats, so: Flags) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.002, y_max=0.998, out_of_bounds="clip").fit(z, so)
    return fitted.X_thresholds_, fitted.y_thresholds_


def contributions(model: Model, codes: Coded) -> dict[str, Floats]:
    """Column → what it adds to the log-odds of each case."""
    return {
        c.name: np.array([model.weights[c.name][level] for level in every_level(c)])[codes[c.name]]
        for c in model.columns
    }


def calibrated(model: Model, log_odds: Floats) -> Floats:
    """The probabilities that these log-odds mean."""
    if model.steps:
        steps = np.array(model.steps)
        return np.asarray(np.interp(log_odds, steps[:, 0], steps[:, 1]))
    slope, intercept = model.straight
    return expit(slope * log_odds + intercept)


def probabilities(model: Model, values: Mapping[str, Sequence[Any]], n: int) -> Floats:
    """What the model says of n cases at once."""
    codes = {c.name: coded(c, values.get(c.name, [None] * n)) for c in model.columns}
    return calibrated(model, np.sum([np.full(n, model.intercept), *contributions(model, codes).values()], axis=0))


def _spread(said: Floats) -> tuple[tuple[float, float], ...]:
    ends = np.unique(np.quantile(said, np.linspace(0.1, 1, 10)))
    counts = np.bincount(np.minimum(np.searchsorted(ends, said), len(ends) - 1), minlength=len(ends))
    return tuple((float(end), float(n / len(said))) for end, n in zip(ends, counts, strict=True))
