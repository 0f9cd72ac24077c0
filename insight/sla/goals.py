"""From the revenue that both teams promised to the leads it takes, and what each colleague can bear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from insight.ratio import Ratio

STEPS = ("lead_to_mql", "mql_to_sql", "sql_to_opportunity", "opportunity_to_won")
"""The rates of the chain, the first step of a lead first."""
WEIGHT = 20
"""So many cases count as much as what the agreement assumes."""


class Chain(NamedTuple):
    """How many of each it takes."""

    leads: float
    mqls: float
    sqls: float
    opportunities: float
    deals: float


class Assumption(NamedTuple):
    """One rate of the chain: what the agreement assumes, what was observed, and what is reckoned with."""

    step: str
    assumed: float
    observed: Ratio
    low: float
    expected: float
    high: float


@dataclass(frozen=True, slots=True)
class Goal:
    """What both teams promised for one period."""

    revenue: Decimal
    marketing_share: Decimal
    """The part of the revenue that marketing's leads are to bring, 0 to 1."""
    sales_share: Decimal
    quotas: Mapping[str, Decimal]
    """Owner → quota."""
    currency: str = ""


def contradictions(goal: Goal) -> list[str]:
    """What does not add up, each in one sentence with the difference."""
    found = []
    shares = goal.marketing_share + goal.sales_share
    if shares != 1:
        found.append(f"the shares of marketing and sales add up to {shares}, not to 1: {1 - shares:+} is missing")
    quotas = sum(goal.quotas.values(), Decimal())
    if goal.quotas and quotas < goal.revenue:
        lacking = f"{goal.revenue - quotas} {goal.currency}".rstrip()
        found.append(
            f"the quotas of the colleagues add up to {quotas}, the goal is {goal.revenue}: {lacking} is nobody's"
        )
    return found


def assume(assumed: Mapping[str, float], observed: Mapping[str, Ratio]) -> list[Assumption]:
    """The rates to reckon with: what mature cohorts showed, drawn towards the agreement while they are few."""
    found = []
    for step in STEPS:
        seen, believed = observed.get(step, Ratio(0, 0)), assumed[step]
        low, high = seen.interval
        share = seen.denominator / (seen.denominator + WEIGHT)
        found.append(
            Assumption(
                step,
                believed,
                seen,
                low * share + believed * (1 - share),
                seen.shrunk(believed, WEIGHT),
                high * share + believed * (1 - share),
            )
        )
    return found


def chain(revenue: Decimal, deal: Decimal, rates: Sequence[float]) -> Chain | None:
    """What it takes to win this revenue with deals of this size.  rates: in the order of STEPS.

    None: nothing is ever won at these rates.
    """
    if deal <= 0 or min(rates, default=0) <= 0:
        return None
    found = [float(revenue / deal)]
    for rate in reversed(rates):
        found.append(found[-1] / rate)
    deals, opportunities, sqls, mqls, leads = found
    return Chain(leads, mqls, sqls, opportunities, deals)


def chains(revenue: Decimal, deal: Decimal, rates: Sequence[Assumption]) -> dict[str, Chain | None]:
    """low, expected and high: the fewest and the most it may take."""
    return {
        "low": chain(revenue, deal, [rate.high for rate in rates]),
        "expected": chain(revenue, deal, [rate.expected for rate in rates]),
        "high": chain(revenue, deal, [rate.low for rate in rates]),
    }


def leads_for(quota: Decimal, self_sourced: Decimal, deal: Decimal, lead_to_customer: float) -> float | None:
    """How many leads one colleague needs beside what they find themselves.  None: no number of leads would do."""
    left = max(quota - self_sourced, Decimal())
    if not left:
        return 0.0
    worth = float(deal) * lead_to_customer
    return float(left) / worth if worth > 0 else None


def capacity(working_days: int, touches_a_day: float, touches_a_lead: float) -> float | None:
    """How many leads one colleague can work on in a period.  None: not known."""
    return working_days * touches_a_day / touches_a_lead if touches_a_lead > 0 else None
