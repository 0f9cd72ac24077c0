"""The smallest story of a life that fails: what people did and what went wrong is left out, one thing after another,
for as long as the same invariant objects (delta debugging).

Everything that happens in a life has a name: `deed 3`, `race 1`, `crash 1`, `lost 4`, `outage 2`.  In a life that is
told to leave some out chance goes on as if they had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.simulation.life import Life
from tests.simulation.runner import live

MOST = 400
"""Lives that are tried at most."""


class Smallest(NamedTuple):
    """A life from which nothing more can be left out."""

    life: Life
    """The whole one."""
    left: Sequence[str]
    """What has to happen."""
    line: str
    """What objects to it; empty where nothing does."""


def smallest(born: Callable[..., Life], seed: int) -> Smallest:
    """The smallest life of this seed that fails as the whole one does."""
    life = born(seed)
    lines = live(life)
    if not lines:
        return Smallest(life, life.events, "")
    wanted = _invariant(lines[0])
    left, size, tried = list(life.events), (len(life.events) + 1) // 2, 0
    while size and tried < MOST:
        start = 0
        while start < len(left) and tried < MOST:
            without = [*left[:start], *left[start + size :]]
            tried += 1
            if any(_invariant(line) == wanted for line in live(again(born, life, without))):
                left = without
            else:
                start += size
        size //= 2
    return Smallest(life, left, lines[0])


def again(born: Callable[..., Life], life: Life, left: Sequence[str], trace: list[str] | None = None) -> Life:
    """The same life, in which only these things happen."""
    dropped = frozenset(life.events) - frozenset(left)
    return born(life.seed, dropped=dropped, chances=dict(life.chances), trace=trace)


def _invariant(line: str) -> str:
    return line.partition("invariant=")[2].split()[0]
