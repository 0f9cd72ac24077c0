"""Lives in the suite that nobody chose: half of two thousand; the other half is in `test_more_lives`."""

from __future__ import annotations

import pytest

from tests.simulation.runner import many

LIVES = 2000
CHUNKS = 8
RARE = {
    "looked after unknown": 0.01,
    "stale": 0.01,
    "parked": 0.01,
    "moved": 0.01,
    "duplicate": 0.01,
    "crash": 0.05,
    "overwritten journaled": 0.01,
    "two workers": 0.01,
    "caught up": 0.01,
    "kinds: company deal activity": 0.01,
    "erased": 0.01,
    "upgraded": 0.01,
}
"""Branch → share of lives that must take it: one that is never taken is a lie in the simulator."""


def lived(chunk: int) -> None:
    """A part of the lives: none of them objects, and none of the rare branches is forgotten."""
    size = LIVES // CHUNKS
    account = many(range(chunk * size, (chunk + 1) * size))
    assert account.failures == []
    for branch, share in RARE.items():
        assert account.marks[branch] >= share * size / 4, f"{branch}: {account.marks[branch]} of {size} lives"


@pytest.mark.parametrize("chunk", range(CHUNKS // 2))
def test_lives(chunk: int) -> None:
    lived(chunk)
