"""A ratio that says how far it may be trusted: its parts, and the interval in which the true share lies."""

from __future__ import annotations

from typing import Any, NamedTuple

FEW = 20
"""Below this many cases a ratio says nothing, and is not shown as a number."""
CONFIDENCE = 0.95


class Ratio(NamedTuple):
    """So many of so many."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The share; None: of nothing."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def few(self) -> bool:
        """Whether there are too few cases to say anything."""
        return self.denominator < FEW

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, at 95 %."""
        if not self.denominator:
            return 0.0, 1.0
        from scipy.stats import binomtest

        found = binomtest(self.numerator, self.denominator).proportion_ci(CONFIDENCE, method="wilson")
        return float(found.low), float(found.high)

    def shrunk(self, towards: float, weight: float) -> float:
        """The share, drawn towards what is assumed as if so many more cases had shown just that."""
        return (self.numerator + weight * towards) / (self.denominator + weight)

    def as_json(self) -> dict[str, Any]:
        """The form that every report gives a ratio."""
        low, high = self.interval
        return {
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "low": low,
            "high": high,
        }
