"""A learned model as plain values: weights of levels, a calibration, and a card that tells how good it is."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from insight.score.cases import BLANK, DID, LEAST
from insight.score.levels import RARE, Column
from insight.score.points import Reason

RULES, LIFTS, LOGISTIC = "rules", "lifts", "logistic"
Card = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """What was learned of one goal."""

    goal: str
    rung: str
    """rules, lifts or logistic: what the outcomes suffice for."""
    made_at: int
    card: Card
    columns: tuple[Column, ...] = ()
    lifts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Column → level → points of fit."""
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Column → level → log-odds, of what they are on average."""
    intercept: float = 0.0
    straight: tuple[float, float] = (1.0, 0.0)
    """Platt's slope and intercept."""
    steps: tuple[tuple[float, float], ...] = ()
    """Isotonic calibration, in place of Platt's: (log-odds, probability), rising."""
    spread: tuple[tuple[float, float], ...] = ()
    """(upper end of a group of probabilities, share of people in it) when it was learned."""

    @property
    def name(self) -> str:
        """As it is written beside a score."""
        return self.rung if self.rung == RULES else f"{self.rung} {self.made_at}"

    def log_odds(self, values: Mapping[str, Any]) -> float:
        """Before calibration."""
        return self.intercept + sum(self.parts(values).values())

    def parts(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Column → what it adds to the log-odds."""
        return {
            c.name: weights.get(c.level(values.get(c.name)), 0.0)
            for c in self.columns
            if (weights := self.weights.get(c.name))
        }

    def probability(self, values: Mapping[str, Any]) -> float | None:
        """That the goal is reached; None: what was learned does not suffice to say."""
        return self.calibrated(self.log_odds(values)) if self.rung == LOGISTIC else None

    def calibrated(self, log_odds: float) -> float:
        """The probability that these log-odds mean."""
        if self.steps:
            return _between(self.steps, log_odds)
        slope, intercept = self.straight
        z = max(-700.0, min(700.0, slope * log_odds + intercept))
        return min(1 - LEAST, max(LEAST, 1 / (1 + math.exp(-z))))

    def reasons(self, values: Mapping[str, Any]) -> list[Reason]:
        """What raises and lowers the probability, in percentage points, against what is so on average."""
        if self.rung != LOGISTIC:
            return []
        all_ = self.log_odds(values)
        here = self.calibrated(all_)
        levels = {c.name: c.level(values.get(c.name)) for c in self.columns}
        reasons = [
            Reason(in_words(name, levels[name]), points)
            for name, part in self.parts(values).items()
            if (points := round(100 * (here - self.calibrated(all_ - part))))
        ]
        return sorted(reasons, key=lambda reason: -abs(reason.points))

    def lifted(self, values: Mapping[str, Any]) -> list[Reason]:
        """What the lifts add to fit."""
        found = []
        for c in self.columns if self.rung == LIFTS else ():
            level = c.level(values.get(c.name))
            if points := self.lifts.get(c.name, {}).get(level):
                found.append(Reason(in_words(c.name, level), points))
        return found


def in_words(column: str, level: str) -> str:
    """A level of a column, as a reason says it."""
    if column.startswith(DID):
        return f"{column.removeprefix(DID).capitalize()} before: {level}"
    said = column.replace("_", " ")
    said = said[:1].upper() + said[1:]
    if level == BLANK:
        return f"{said} is not known"
    return f"{said} is another than the usual" if level == RARE else f"{said}: {level}"


def _between(steps: tuple[tuple[float, float], ...], x: float) -> float:
    at = bisect_right(steps, (x, math.inf))
    if at == 0:
        return steps[0][1]
    if at == len(steps):
        return steps[-1][1]
    (x0, y0), (x1, y1) = steps[at - 1], steps[at]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def as_json(model: Model) -> dict[str, Any]:
    """The model as a JSON document."""
    return asdict(model)


def from_json(told: Mapping[str, Any]) -> Model:
    """The model of such a document."""
    columns = tuple(Column(name, tuple(levels), tuple(edges)) for name, levels, edges in told["columns"])
    pairs = {name: tuple((a, b) for a, b in told[name]) for name in ("steps", "spread")}
    return Model(**{**told, "columns": columns, "straight": tuple(told["straight"]), **pairs})
