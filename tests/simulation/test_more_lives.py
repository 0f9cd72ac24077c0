"""The other half of the lives of `test_lives`."""

from __future__ import annotations

import pytest

from tests.simulation.test_lives import CHUNKS, lived


@pytest.mark.parametrize("chunk", range(CHUNKS // 2, CHUNKS))
def test_lives(chunk: int) -> None:
    lived(chunk)
