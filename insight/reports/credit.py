"""Which sources, campaigns and pages earned the revenue: two models of attribution side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal

from insight.attribution import Journey, credits, journey
from insight.reports.document import NONE, Cell, Document, Period, Row, text
from insight.reports.facts import Deal, Facts, Person
from insight.touches import Touch
from mapping.deals import WON

LEAD = "lead"
UNATTRIBUTED = "unattributed"
BY: dict[str, Callable[[Touch], str]] = {
    "source": lambda touch: touch.source,
    "campaign": lambda touch: touch.campaign,
    "content": lambda touch: touch.url or touch.title,
}
"""What may be credited."""


def attribution(facts: Facts, period: Period, by: str = "source", models: tuple[str, ...] = ("first", "w")) -> Document:
    """Revenue of the deals won in the period, by source, campaign or content; one column a model."""
    deals = [deal for deal in facts.deals if deal.outcome == WON and period.holds(deal.closed)]
    deals = [deal for deal in deals if deal.amount is not None and deal.currency == facts.currency]
    totals: dict[str, dict[str, Decimal]] = {}
    behind: dict[str, dict[str, None]] = {}
    for deal, people in facts.touched_deals(deals):
        way = way_of(facts, deal, people)
        touches = {touch.key: touch for touch in way.touches}
        for model in models:
            given = credits(deal.amount or Decimal(), way, model)
            parts = [(BY[by](touches[key]) or NONE, part) for key, part in given.items()]
            for name, part in parts or [(UNATTRIBUTED, deal.amount or Decimal())]:
                of = totals.setdefault(name, dict.fromkeys(models, Decimal()))
                of[model] += part
                behind.setdefault(name, {})[deal.entity] = None
    totals.setdefault(UNATTRIBUTED, dict.fromkeys(models, Decimal()))
    order = sorted(totals, key=lambda name: (name == UNATTRIBUTED, *(-totals[name][m] for m in models), name))
    rows = [_row(by, name, totals[name], tuple(behind.get(name, ())), models) for name in order]
    everything = {model: sum((of[model] for of in totals.values()), Decimal()) for model in models}
    rows.append(_row(by, "total", everything, tuple(deal.entity for deal in deals), models))
    notes = (
        "The deals: those won in the period that have an amount in the currency of most "
        f"({facts.currency or 'not known'}): {len(deals)}, together {facts.revenue(deals)}.",
        "Each model gives away the whole amount of each deal, to the cent; deals without a touch it weighs are "
        "unattributed.",
        "The touches: those of all people of the deal, up to the end of the day it was won.",
    )
    return Document("attribution", period, (by, "deals", *models), tuple(rows), notes, charts=models)


def _row(by: str, name: str, of: dict[str, Decimal], deals: tuple[str, ...], models: tuple[str, ...]) -> Row:
    return {by: text(name), "deals": Cell(len(deals), deals)} | {model: Cell(of[model], deals) for model in models}


def way_of(facts: Facts, deal: Deal, people: Sequence[Person]) -> Journey:
    """The touches of everybody who had to do with a deal.  people: these, with their touches."""
    touches = [touch for person in people for touch in person.touches]
    leads = [at for person in people if (at := _became_lead(facts, person)) is not None]
    closed = int(datetime.combine(deal.closed, time.max, UTC).timestamp() * 1000) if deal.closed is not None else None
    return journey(touches, min(leads, default=None), deal.created, closed)


def _became_lead(facts: Facts, person: Person) -> int | None:
    """When the person first came to the stage `lead` or beyond it."""
    beyond = facts.stages[facts.stages.index(LEAD) :] if LEAD in facts.stages else facts.stages
    return min((step.at for step in person.way if step.stage in beyond and step.at is not None), default=None)
