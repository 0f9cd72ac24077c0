"""Credits of a deal: they add up to the cent under every model, and each model gives what its name says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.attribution import DAY, MODELS, Journey, credits, journey, split
from insight.touches import Touch

AMOUNTS = st.decimals(-100_000, 10_000_000, places=2)
TIMES = st.integers(0, 2000 * DAY)
TOUCHES = st.lists(st.tuples(TIMES, st.sampled_from(["buyer", "sales", "machine"])), max_size=12).map(
    lambda told: [Touch("p", at, "visit", f"hubspot:visit:{n}", by) for n, (at, by) in enumerate(told)]  # type: ignore[arg-type]
)
MOMENTS = st.none() | TIMES


def visits(*days: int) -> list[Touch]:
    return [Touch("p", day * DAY, "visit", f"v{day}") for day in days]


@given(AMOUNTS, TOUCHES, MOMENTS, MOMENTS, MOMENTS, st.sampled_from(MODELS))
def test_the_credits_of_a_deal_add_up_to_the_cent(
    amount: Decimal, touches: list[Touch], lead: int | None, created: int | None, closed: int | None, model: str
) -> None:
    way = journey(touches, lead, created, closed)
    given_away = credits(amount, way, model)
    weighed = any(created is not None and t.at <= created for t in way.touches) or model != "last_before_create"
    assert sum(given_away.values(), Decimal()) == (amount if way.touches and weighed else 0)
    assert given_away.keys() <= {touch.key for touch in way.touches}
    assert all(share * amount >= 0 for share in given_away.values())


@given(AMOUNTS, st.lists(st.fractions(0, 1000), min_size=1, max_size=9).filter(any))
def test_no_part_is_a_cent_away_from_its_share(amount: Decimal, weights: list[Fraction]) -> None:
    for part, weight in zip(split(amount, weights), weights, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * weight / sum(weights)) < Fraction(1, 100)


@given(TOUCHES, MOMENTS, MOMENTS)
def test_nothing_after_the_end_and_nothing_of_machines_or_sales_counts(
    touches: list[Touch], created: int | None, closed: int | None
) -> None:
    way = journey(touches, None, created, closed)
    end = closed if closed is not None else created
    assert all(touch.by == "buyer" and (end is None or touch.at <= end) for touch in way.touches)


FIVE = Journey(visits(0, 10, 20, 30, 40), lead_at=10 * DAY, created_at=30 * DAY, closed_at=50 * DAY)


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("first", "100 0 0 0 0"),
        ("last", "0 0 0 0 100"),
        ("last_before_create", "0 0 0 100 0"),
        ("linear", "20 20 20 20 20"),
        ("u", "40 40 6.67 6.67 6.66"),
        ("w", "30 30 5 30 5"),
        ("full_path", "22.5 22.5 10 22.5 22.5"),
    ],
)
def test_five_touches_under_each_model(model: str, parts: str) -> None:
    found = credits(Decimal("100.00"), FIVE, model)
    assert [found.get(touch.key, Decimal()) for touch in FIVE.touches] == [Decimal(part) for part in parts.split()]


def test_a_missing_anchor_is_shared_among_the_others_in_proportion() -> None:
    way = Journey(visits(0, 10, 20), created_at=10 * DAY, closed_at=30 * DAY)
    assert credits(Decimal("100.00"), way, "w") == {
        "v0": Decimal("42.86"), "v10": Decimal("42.86"), "v20": Decimal("14.28"),
    }  # fmt: skip


def test_a_touch_that_is_two_anchors_gets_the_weight_of_both() -> None:
    way = Journey(visits(0, 20), lead_at=0, created_at=20 * DAY, closed_at=30 * DAY)
    assert credits(Decimal("90.00"), way, "w") == {"v0": Decimal("60.00"), "v20": Decimal("30.00")}


def test_a_touch_a_half_life_older_is_worth_half() -> None:
    way = Journey(visits(0, 30), closed_at=30 * DAY)
    assert credits(Decimal("90.00"), way, "time_decay") == {"v0": Decimal("30.00"), "v30": Decimal("60.00")}


def test_a_deal_without_touches_is_credited_to_nobody() -> None:
    assert credits(Decimal("90.00"), journey([]), "linear") == {}
