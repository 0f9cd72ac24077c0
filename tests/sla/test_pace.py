"""Pace: certain where the target is reached, never more hopeful for having less, steadied by the past."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.sla.pace import AHEAD, AT_RISK, LOW, ON_TRACK, elapsed, pace

SHARES = st.floats(0.01, 1)
PAST = st.lists(st.integers(0, 300), max_size=10)


@given(st.integers(1, 300), st.integers(0, 300), SHARES, PAST)
def test_more_done_never_makes_it_less_likely(target: int, actual: int, share: float, past: list[int]) -> None:
    less, more = pace(target, actual, share, past), pace(target, actual + 1, share, past)
    assert more.likely >= less.likely - 1e-9
    assert more.projection >= less.projection


@given(st.integers(1, 300), SHARES, PAST)
def test_what_is_reached_is_certain(target: int, share: float, past: list[int]) -> None:
    found = pace(target, target, share, past)
    assert (found.likely, found.shortfall) == (1, 0)


@given(st.integers(0, 300), PAST, st.integers(1, 300))
def test_at_the_end_it_is_what_it_is(actual: int, past: list[int], target: int) -> None:
    found = pace(target, actual, 1.0, past)
    assert found.projection == actual
    assert found.likely == (1 if actual >= target else 0)


@pytest.mark.parametrize(("actual", "status"), [(75, AHEAD), (52, ON_TRACK), (48, AT_RISK), (30, LOW)])
def test_a_target_of_100_at_half_time(actual: int, status: str) -> None:
    assert pace(100, actual, 0.5, [100, 90, 110, 105, 95]).status == status


def test_a_past_that_scatters_makes_less_certain() -> None:
    steady, wild = [100] * 6, [20, 180, 40, 160, 10, 190]
    assert pace(100, 40, 0.5, steady).likely < pace(100, 40, 0.5, wild).likely
    assert pace(100, 65, 0.5, steady).likely > pace(100, 65, 0.5, wild).likely


def test_working_days_count_until_there_are_eight_periods_to_tell() -> None:
    late = [[n * n / 100 for n in range(11)]] * 8
    assert elapsed(5, 20, late[:7], 0.5) == 0.25
    assert elapsed(5, 20, late, 0.5) == pytest.approx(0.25)
    assert elapsed(5, 20, late, 0.75) == pytest.approx((0.49 + 0.64) / 2)
