"""What sales made of it: outcomes and why deals were lost, how fast and how much, and how good the leads were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from statistics import median

from insight.reports.document import (
    INTERVAL,
    TOO_FEW,
    Cell,
    Document,
    Period,
    Row,
    count,
    grouped,
    middle,
    quarter,
    share,
    text,
)
from insight.reports.facts import OUTCOMES, Deal, Facts, Person, day_of, days_to_win
from insight.reports.funnel import cohort
from mapping.deals import LOST, OPEN, WON

DAY_MS = 86_400_000
CLOSE_NOTE = "The deals: those whose end lies in the period; open ones by the day they were made."


def _ended(facts: Facts, period: Period) -> list[Deal]:
    found = []
    for deal in facts.deals:
        made = day_of(deal.created) if deal.created is not None else None
        if period.holds(deal.closed if deal.outcome != OPEN else made):
            found.append(deal)
    return found


def outcomes(facts: Facts, period: Period) -> Document:
    """Won, lost and open deals, the lost ones by reason; and how many of the people came to a deal at all."""
    deals = _ended(facts, period)
    rows: list[Row] = []
    for outcome in OUTCOMES:
        those = [deal for deal in deals if deal.outcome == outcome]
        rows.append(_outcome(facts, outcome, "", those, deals))
        if outcome == LOST:
            for (reason,), lost in grouped(those, lambda d: (d.reason,)).items():
                rows.append(_outcome(facts, outcome, reason or "(no reason)", lost, those))
    people = cohort(facts, period)
    everybody = tuple(person.entity for person in people)
    won = [person.entity for person in people if facts.won(person)]
    rows.append(
        {
            "outcome": text("people won"),
            "reason": Cell(""),
            "deals": count(won),
            "share": share(won, everybody),
            "amount": Cell(None),
            "average": Cell(None),
            "median": Cell(None),
        }
    )
    notes = (
        CLOSE_NOTE,
        "people won: of the people first known in the period, those with a deal that was won, whenever.",
        f"Money in {facts.currency or 'the currency of most deals'}; deals without an amount count, but add nothing.",
        INTERVAL,
        TOO_FEW,
    )
    columns = ("outcome", "reason", "deals", "share", "amount", "average", "median")
    return Document("outcomes", period, columns, tuple(rows), notes, charts=("deals",))


def _outcome(facts: Facts, outcome: str, reason: str, deals: Sequence[Deal], whole: Sequence[Deal]) -> Row:
    amounts = _amounts(facts, deals)
    entities = tuple(deal.entity for deal in deals)
    return {
        "outcome": text(outcome),
        "reason": Cell(reason),
        "deals": count(entities),
        "share": share(entities, tuple(deal.entity for deal in whole)),
        "amount": Cell(facts.revenue(deals), entities),
        "average": Cell(sum(amounts, Decimal()) / len(amounts) if amounts else None, entities),
        "median": Cell(median(amounts) if amounts else None, entities),
    }


def _amounts(facts: Facts, deals: Iterable[Deal]) -> list[Decimal]:
    return [d.amount for d in deals if d.amount is not None and d.currency == facts.currency]


VELOCITY: dict[str, Callable[[Person], str]] = {
    "lead_type": lambda person: person.lead_type,
    "source": lambda person: person.source,
    "owner": lambda person: person.owner,
}
"""By what velocity may be divided."""


def velocity(facts: Facts, period: Period, by: str = "lead_type") -> Document:
    """How fast deals are won and what that brings a day, by lead type, source or owner of the person."""
    deals = _ended(facts, period)
    first = {deal.entity: _first_person(facts, deal) for deal in deals}
    groups = grouped(deals, lambda d: (VELOCITY[by](p) if (p := first[d.entity]) is not None else "",))
    rows = [{by: text(key[0])} | _speed(facts, members, first) for key, members in groups.items()]
    if len(rows) > 1:
        rows.append({by: text("total")} | _speed(facts, deals, first))
    columns = (
        by, "deals", "win_rate", "average", "median", "days_median", "days_p75", "days_mean", "sql_days_median",
        "before_first_contact", "not_dated", "a_day",
    )  # fmt: skip
    notes = (
        CLOSE_NOTE,
        "days: from the day the first person of the deal was first known (UTC) to the day it was won.",
        "before_first_contact: deals that were won before that day; they are kept in all figures, and flagged here. "
        "not_dated: won deals of which a day is missing.",
        "sql_days_median: from the day the person became an SQL to the day the deal was won.",
        "a_day: velocity, deals x win rate x average amount / median days; shown where there are days.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("velocity", period, columns, tuple(rows), notes, charts=("days_median",))


def _first_person(facts: Facts, deal: Deal) -> Person | None:
    people = [facts.by_entity[entity] for entity in deal.people if entity in facts.by_entity]
    return min(people, key=lambda p: (p.created is None, p.created or 0, p.entity), default=None)


def _speed(facts: Facts, deals: Sequence[Deal], first: dict[str, Person | None]) -> Row:
    won = [deal for deal in deals if deal.outcome == WON]
    ended = [deal.entity for deal in deals if deal.outcome != OPEN]
    days = {d.entity: n for d in won if (p := first[d.entity]) is not None and (n := days_to_win(p, d)) is not None}
    since_sql = {d.entity: n for d in won if (n := _since_sql(first[d.entity], d)) is not None}
    amounts = _amounts(facts, won)
    average = sum(amounts, Decimal()) / len(amounts) if amounts else None
    usual = median(days.values()) if days else 0
    rate = len(won) / len(ended) if ended else 0.0
    speed = float(average) * len(deals) * rate / usual if average is not None and usual > 0 else None
    return {
        "deals": count(d.entity for d in deals),
        "win_rate": share((d.entity for d in won), ended),
        "average": Cell(average, tuple(d.entity for d in won)),
        "median": Cell(median(amounts) if amounts else None, tuple(d.entity for d in won)),
        "days_median": middle(list(days.values()), days),
        "days_p75": quarter(list(days.values()), days),
        "days_mean": Cell(sum(days.values()) / len(days) if days else None, tuple(days)),
        "sql_days_median": middle(list(since_sql.values()), since_sql),
        "before_first_contact": count(entity for entity, number in days.items() if number < 0),
        "not_dated": count(d.entity for d in won if d.entity not in days),
        "a_day": Cell(speed, tuple(d.entity for d in deals)),
    }


def _since_sql(person: Person | None, deal: Deal) -> int | None:
    at = next((step.at for step in person.way if step.stage == "sql"), None) if person is not None else None
    return (deal.closed - day_of(at)).days if at is not None and deal.closed is not None else None


def quality(facts: Facts, period: Period) -> Document:
    """How good sales found the leads of each source, and why it sent people away."""
    people = [person for person in cohort(facts, period) if facts.reached(person, "mql")]
    rows: list[Row] = []
    for (source, offer), members in grouped(people, lambda p: (p.source, p.offer)).items():
        handed = tuple(person.entity for person in members)
        refused = [p for p in members if p.status in ("disqualified", "recycled")]
        rated = [(p.quality, p.entity) for p in members if p.quality is not None]
        reasons = grouped(refused, lambda p: (p.reason or "(no reason)",))
        rows.append(
            {
                "source": text(source),
                "offer": text(offer),
                "handed_over": count(handed),
                "accepted": share((p.entity for p in members if facts.reached(p, "sal")), handed),
                "sent_back": share((p.entity for p in refused), handed),
                "reasons": Cell(", ".join(f"{key[0]} {len(of)}" for key, of in reasons.items())),
                "quality": Cell(
                    sum(grade for grade, _ in rated) / len(rated) if rated else None, tuple(e for _, e in rated)
                ),
                "sql": share((p.entity for p in members if facts.reached(p, "sql")), handed),
            }
        )
    notes = (
        "The cohort: people first known in the period who came to sales (mql or beyond).",
        "quality: the mean grade, 1 to 5, of those that sales graded.",
        INTERVAL,
        TOO_FEW,
    )
    columns = ("source", "offer", "handed_over", "accepted", "sent_back", "reasons", "quality", "sql")
    return Document("quality", period, columns, tuple(rows), notes, charts=("handed_over",))
