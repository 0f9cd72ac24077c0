"""The chain of goals: what comes out when it is walked backwards, what does not add up, and what few cases may say."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.ratio import Ratio
from insight.sla.goals import STEPS, Goal, assume, capacity, chain, chains, contradictions, leads_for

RATES = st.lists(st.floats(0.01, 1), min_size=4, max_size=4)
MONEY = st.decimals(1, 10_000_000, places=2)
RATIOS = st.integers(0, 500).flatmap(lambda n: st.builds(Ratio, st.integers(0, n), st.just(n)))


@given(MONEY, MONEY, RATES)
def test_walking_the_chain_forward_leads_to_the_revenue(revenue: Decimal, deal: Decimal, rates: list[float]) -> None:
    found = chain(revenue, deal, rates)
    assert found is not None
    won = found.leads
    for rate in rates:
        won *= rate
    assert won * float(deal) == pytest.approx(float(revenue))


@given(MONEY, MONEY, st.lists(RATIOS, min_size=4, max_size=4))
def test_better_rates_take_fewer_leads(revenue: Decimal, deal: Decimal, seen: list[Ratio]) -> None:
    rates = assume(dict.fromkeys(STEPS, 0.3), dict(zip(STEPS, seen, strict=True)))
    assert all(rate.low <= rate.expected + 1e-9 and rate.expected <= rate.high + 1e-9 for rate in rates)
    found = chains(revenue, deal, rates)
    low, expected, high = found["low"], found["expected"], found["high"]
    assert low and expected and high
    assert low.leads <= expected.leads * (1 + 1e-9) <= high.leads * (1 + 1e-6)


def test_nothing_seen_leaves_what_was_agreed() -> None:
    assert [rate.expected for rate in assume(dict.fromkeys(STEPS, 0.25), {})] == [0.25] * 4


def test_what_was_never_won_takes_no_number_of_leads() -> None:
    assert chain(Decimal(1000), Decimal(100), [0.5, 0.5, 0.5, 0]) is None


def test_a_goal_that_does_not_add_up_is_told_with_the_difference() -> None:
    goal = Goal(
        Decimal(1_000_000), Decimal("0.6"), Decimal("0.3"), {"a": Decimal(400_000), "b": Decimal(500_000)}, "EUR"
    )
    shares, quotas = contradictions(goal)
    assert "0.9" in shares and "+0.1" in shares
    assert "100000 EUR" in quotas


def test_a_goal_that_adds_up_is_left_alone() -> None:
    assert not contradictions(Goal(Decimal(10), Decimal("0.5"), Decimal("0.5"), {"a": Decimal(12)}))


def test_a_colleague_needs_leads_for_what_they_do_not_find_themselves() -> None:
    assert leads_for(Decimal(500_000), Decimal(100_000), Decimal(20_000), 0.02) == pytest.approx(1000)
    assert leads_for(Decimal(100), Decimal(200), Decimal(10), 0.0) == 0
    assert leads_for(Decimal(100), Decimal(0), Decimal(10), 0.0) is None


def test_capacity_is_what_the_days_allow() -> None:
    assert capacity(20, 30, 6) == 100
    assert capacity(20, 30, 0) is None


@given(RATIOS)
def test_the_share_lies_in_its_interval(ratio: Ratio) -> None:
    low, high = ratio.interval
    assert 0 <= low <= high <= 1
    assert ratio.value is None or low - 1e-9 <= ratio.value <= high + 1e-9
    assert ratio.few == (ratio.denominator < 20)
