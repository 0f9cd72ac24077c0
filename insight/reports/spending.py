"""What campaigns cost, whom they reached, what they brought, and how evenly: where to spend more, and where less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import fmean, pstdev

from insight.attribution import credits
from insight.catalogue import Spent
from insight.ratio import Ratio
from insight.reports.credit import way_of
from insight.reports.document import INTERVAL, TOO_FEW, Cell, Document, Period, Row, count, share, text
from insight.reports.facts import Facts, Person, day_of
from mapping.deals import WON

FIT = "A"
"""The letter of the priority of whoever is in the audience."""
FEWEST = 3
"""Months with people of which a spread can be told."""
NO_COST = "no cost given"
Key = tuple[str, str]
"""(source, campaign)"""


def campaigns(facts: Facts, period: Period, costs: Sequence[Spent], models: tuple[str, ...]) -> Document:
    """By source and campaign of the touches in the period: people, fit, MQLs, spread, cost, revenue and ROI a model."""
    members: dict[Key, dict[str, str]] = {}
    for person in facts.touched(facts.people):
        for touch in person.touches:
            if touch.by == "buyer" and touch.source and period.holds(day_of(touch.at)):
                month = day_of(touch.at).isoformat()[:7]
                members.setdefault((touch.source, touch.campaign), {}).setdefault(person.entity, month)
    revenue, deals, without = _credited(facts, period, models)
    spent = _spent(costs, period)
    keys = sorted({*members, *revenue, *spent}, key=lambda k: (-max(revenue.get(k, {}).values(), default=Decimal()), k))
    rows = [
        _row(facts, key, members.get(key, {}), spent.get(key), revenue.get(key, {}), deals.get(key, {}), models)
        for key in keys
    ]
    notes = (
        "people: who was touched by it in the period; fitting: of these, whose fit is an A; mql: of these, who came to "
        "mql or beyond it; spread: how much that share varies by month (standard deviation / mean, from "
        f"{FEWEST} months on): the smaller, the more even.",
        "revenue: of the deals won in the period, as each model gives it away; deals without a touch: "
        f"{without:,.2f}. roi = (revenue - cost) / cost.",
        f"Money in {facts.currency or 'the currency of most deals'}. "
        + ("" if costs else f"{NO_COST.capitalize()}: name a file in [insight] costs."),
        INTERVAL,
        TOO_FEW,
    )
    columns = (
        "source", "campaign", "people", "fitting", "mql", "spread", "cost", "cost_per_mql",
        *(f"revenue_{model}" for model in models), *(f"roi_{model}" for model in models), "advice",
    )  # fmt: skip
    return Document("campaigns", period, columns, tuple(rows), notes, charts=(f"revenue_{models[0]}",))


def _spent(costs: Iterable[Spent], period: Period) -> dict[Key, Decimal]:
    found: dict[Key, Decimal] = {}
    for one in costs:
        inside = (period.first is None or one.month >= period.first.isoformat()[:7]) and (
            period.last is None or one.month <= period.last.isoformat()[:7]
        )
        if inside:
            found[one.source, one.campaign] = found.get((one.source, one.campaign), Decimal()) + one.cost
    return found


def _credited(
    facts: Facts, period: Period, models: tuple[str, ...]
) -> tuple[dict[Key, dict[str, Decimal]], dict[Key, dict[str, None]], Decimal]:
    """(key → model → revenue, key → the deals behind it, revenue of deals without a touch)"""
    won = [d for d in facts.deals if d.outcome == WON and period.holds(d.closed)]
    won = [deal for deal in won if deal.amount is not None and deal.currency == facts.currency]
    revenue: dict[Key, dict[str, Decimal]] = {}
    behind: dict[Key, dict[str, None]] = {}
    without = Decimal()
    for deal, people in facts.touched_deals(won):
        way = way_of(facts, deal, people)
        by_key = {touch.key: (touch.source, touch.campaign) for touch in way.touches}
        for model in models:
            given = credits(deal.amount or Decimal(), way, model)
            for key, part in given.items():
                of = revenue.setdefault(by_key[key], dict.fromkeys(models, Decimal()))
                of[model] += part
                behind.setdefault(by_key[key], {})[deal.entity] = None
        without += (deal.amount or Decimal()) if not way.touches else Decimal()
    return revenue, behind, without


def _row(
    facts: Facts,
    key: Key,
    members: dict[str, str],
    cost: Decimal | None,
    revenue: dict[str, Decimal],
    deals: dict[str, None],
    models: tuple[str, ...],
) -> Row:
    people = [facts.by_entity[entity] for entity in members]
    here = [person.entity for person in people]
    mql = [p.entity for p in people if facts.reached(p, "mql")]
    roi = {model: _roi(revenue.get(model, Decimal()), cost) for model in models}
    told: Row = {
        "source": text(key[0]),
        "campaign": text(key[1]),
        "people": count(here),
        "fitting": share((p.entity for p in people if p.tier.startswith(FIT)), here),
        "mql": share(mql, here),
        "spread": Cell(_spread(facts, people, members), tuple(here)),
        "cost": Cell(cost if cost is not None else NO_COST),
        "cost_per_mql": Cell(cost / len(mql) if cost is not None and mql else None, tuple(mql)),
        "advice": Cell(_advice(roi[models[0]], Ratio(len(mql), len(here)))),
    }
    told |= {f"revenue_{model}": Cell(revenue.get(model, Decimal()), tuple(deals)) for model in models}
    return told | {f"roi_{model}": Cell(value, tuple(deals)) for model, value in roi.items()}


def _roi(revenue: Decimal, cost: Decimal | None) -> float | None:
    return float((revenue - cost) / cost) if cost else None


def _spread(facts: Facts, people: Sequence[Person], members: dict[str, str]) -> float | None:
    """The coefficient of variation of the monthly share that came to mql; None: too few months, or nobody came."""
    months: dict[str, list[bool]] = {}
    for person in people:
        months.setdefault(members[person.entity], []).append(facts.reached(person, "mql"))
    rates = [fmean(month) for month in months.values()]
    return pstdev(rates) / fmean(rates) if len(rates) >= FEWEST and any(rates) else None


def _advice(roi: float | None, mql: Ratio) -> str:
    if roi is None or mql.few:
        return ""
    return "spend more" if roi > 1 else "spend less" if roi < 0 else "keep"
