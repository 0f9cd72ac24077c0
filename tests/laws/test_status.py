"""What `status` reckons: when the budget of the day will be used up, and what a record costs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from state.rows import RunRow
from sync.console.show import DAY, calls_per_record, exhausted


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(1, DAY - 1))
def test_the_forecast_lies_in_what_is_left_of_the_day(spent: int, most: int, at: int) -> None:
    now = 20_000 * DAY + at
    told = exhausted(spent, most, now)
    assert (told is not None) == (at * most // spent < DAY)
    assert told is None or now <= told < 20_001 * DAY


def test_half_the_budget_by_nine_is_all_of_it_by_six() -> None:
    assert exhausted(50, 100, 9 * DAY // 24) == 18 * DAY // 24
    assert exhausted(10, 100, 9 * DAY // 24) is None
    assert exhausted(10, None, 1) is None


def test_calls_are_shared_by_what_was_read_and_written() -> None:
    side = {"read": 30, "written": {"created": 5, "updated": 5, "failed": 9}}
    counts = {"api_calls": {"hubspot": 1, "salesforce": 1}, "objects": {"person": {"hubspot": side}}}
    assert calls_per_record([RunRow("a", "sync", 1, 2, "done", counts)]) == 0.05
    assert calls_per_record([]) is None
