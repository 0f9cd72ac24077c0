"""Lives on the wire in the suite; `python -m tests.simulation --wire --seeds N` lives many."""

from __future__ import annotations

import pytest

from tests.simulation.runner import found_seeds
from tests.simulation.wire import many_on_the_wire


def test_what_failed_once_on_the_wire() -> None:
    assert many_on_the_wire(found_seeds("wire")).failures == []


@pytest.mark.parametrize("first", [0, 5, 10])
def test_lives_on_the_wire(first: int) -> None:
    account = many_on_the_wire(range(first, first + 5))
    assert account.failures == []
    assert account.cycles >= 20
    assert any(mark.startswith("fault: ") for mark in account.marks)
