"""Columns as levels: every value of a column falls into one of a few named levels, numbers into ranges.

So a model is a table of weights that people can read, a blank is a level like any other, and what is rare is pooled.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from insight.score.cases import BLANK

RARE = "(other)"
FEWEST = 10
"""A level with fewer cases is pooled."""
RANGES = 10
"""Into so many ranges numbers are cut, each with as many cases as the others."""


class Column(NamedTuple):
    """One column, as it was learned."""

    name: str
    levels: tuple[str, ...]
    edges: tuple[float, ...] = ()
    """Of a number: each range reaches up to its edge; the last has none."""

    def level(self, value: Any) -> str:
        """The level that a value falls into."""
        if value in (None, "", [], ()):
            return BLANK
        if self.edges:
            number = _number(value)
            return BLANK if number is None else self.levels[bisect_left(self.edges, number)]
        said = spelled(value)
        return said if said in self.levels else RARE


def column(name: str, values: Sequence[Any]) -> Column:
    """How the values of a column fall into levels."""
    filled = [value for value in values if value not in (None, "", [], ())]
    numbers = [_number(value) for value in filled]
    if len(set(numbers)) > 2 and None not in numbers:
        return _ranges(name, sorted(number for number in numbers if number is not None))
    counts = Counter(map(spelled, filled))
    return Column(name, tuple(sorted(said for said, n in counts.items() if n >= FEWEST)))


def _ranges(name: str, numbers: Sequence[float]) -> Column:
    n = len(numbers)
    cuts = {numbers[i * n // RANGES] for i in range(1, RANGES)} - {numbers[-1]}
    edges = sorted(cuts or {numbers[0]})
    texts = [f"{edge:g}" for edge in edges]
    between = [f"above {low} to {high}" for low, high in pairwise(texts)]
    return Column(name, (f"up to {texts[0]}", *between, f"above {texts[-1]}"), tuple(edges))


def spelled(value: Any) -> str:
    """A value that is no number, as the name of a level."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def every_level(c: Column) -> tuple[str, ...]:
    """Everything that a value of the column may be."""
    return (*c.levels, BLANK) if c.edges else (*c.levels, BLANK, RARE)
