"""What the shared revenue takes: from the goal back to leads, and what that means for each colleague."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from insight.ratio import Ratio
from insight.reports.document import INTERVAL, Cell, Document, Period, Row, text
from insight.reports.facts import Facts, Person, day_of
from insight.sla.goals import STEPS, Assumption, Chain, Goal, assume, capacity, chains, leads_for
from insight.touches import Touch
from mapping.deals import WON

MATURE_DAYS = 90
"""Who was first known less than so many days ago has not had the time to become what they may become."""
SALES = ("call", "email", "meeting")
CASES = ("low", "expected", "high")
NURTURE = "touches for the leads of marketing"


class Promised(NamedTuple):
    """A goal with what it assumes."""

    goal: Goal
    period: Period
    deal: Decimal
    """The size of a deal."""
    rates: Mapping[str, float]
    self_sourced: Mapping[str, Decimal]
    working_days: Mapping[str, int]
    """Owner → their working days in the period."""


def quota(facts: Facts, period: Period, promised: Sequence[Promised], today: date) -> Document:
    """One block a goal: the rates, the chain, and each colleague's leads and load."""
    observed = rates(facts, today)
    rows = [row for each in promised for row in _block(facts, each, observed)]
    notes = (
        "Read backwards from the revenue: deals = revenue x share / size of a deal, then up by each rate. "
        "low: the fewest it may take, with rates as good as they may be; high: the most.",
        f"observed: people first known at least {MATURE_DAYS} days ago; what was agreed counts as much as 20 cases, so "
        "that few cases do not lead astray.",
        "leads of a colleague: (quota - what they find themselves) / (size of a deal x share of leads that are won). "
        "capacity: working days x touches a day (three quarters of their days had no more) / touches a lead.",
        f"{NURTURE}: the leads of marketing x the touches that those who were won had until then, from both teams and "
        "of their own accord.",
        *(() if promised else ("There is no [[goals.period]] in the configuration that lies in this period.",)),
        INTERVAL,
    )
    columns = ("goal", "what", "low", "expected", "high", "observed", "assumed", "remark")
    return Document("quota", period, columns, tuple(rows), notes)


def rates(facts: Facts, today: date) -> dict[str, Ratio]:
    """Step of the chain → what the mature people showed."""
    last = today - timedelta(days=MATURE_DAYS)
    people = [p for p in facts.people if p.created is not None and day_of(p.created) <= last]
    came = [
        people,
        [p for p in people if facts.reached(p, "mql")],
        [p for p in people if facts.reached(p, "sql")],
        [p for p in people if facts.reached(p, "opportunity")],
        [p for p in people if facts.won(p)],
    ]
    return {step: Ratio(len(came[n + 1]), len(came[n])) for n, step in enumerate(STEPS)}


def _block(facts: Facts, promised: Promised, observed: Mapping[str, Ratio]) -> Iterator[Row]:
    name = f"{promised.goal.revenue:,} {promised.goal.currency}".rstrip() + f" by {promised.period.last}"
    assumed = assume(promised.rates, observed)
    for rate in assumed:
        yield _row(name, rate.step, (rate.low, rate.expected, rate.high), rate.observed, rate.assumed)
    for team, part in (("marketing", promised.goal.marketing_share), ("sales", promised.goal.sales_share)):
        found = chains(promised.goal.revenue * part, promised.deal, assumed)
        for field in reversed(Chain._fields):
            values = [getattr(found[case], field) if found[case] else None for case in CASES]
            remark = "" if all(value is not None for value in values) else "at these rates no number would do"
            yield _row(name, f"{field} of {team}", values, remark=remark)
        if team == "marketing":
            leads = [one.leads if (one := found[case]) is not None else None for case in CASES]
            yield from _nurture(facts, leads, name)
    yield from _colleagues(facts, promised, assumed, name)


def _nurture(facts: Facts, leads: Sequence[float | None], name: str) -> Iterator[Row]:
    """What it takes to bring so many leads as far as those who were won: touches, and a second cycle for some."""
    won = [person for person in facts.people if facts.won(person)]
    records = tuple(person.entity for person in won)
    again = Ratio(sum(any(step.cycle > 1 for step in person.way) for person in won), len(won))
    if again.few:
        yield _row(name, NURTURE, (None, None, None), again, remark="too few were won to say", records=records)
        return
    touches = sum(len(_before(facts, person)) for person in facts.touched(won)) / len(won)
    loads = [None if count is None else count * touches for count in leads]
    remark = f"{touches:.1f} touches of each who was won, until then; observed: who needed more than one cycle"
    yield _row(name, NURTURE, loads, again, remark=remark, records=records)


def _before(facts: Facts, person: Person) -> list[Touch]:
    """The person's touches until the day of their first win."""
    days = [d.closed for d in facts.deals_of[person.entity] if d.outcome == WON and d.closed is not None]
    end = min(days, default=date.max)
    return [touch for touch in person.touches if day_of(touch.at) <= end]


def _colleagues(facts: Facts, promised: Promised, assumed: Sequence[Assumption], name: str) -> Iterator[Row]:
    of: dict[str, list[Person]] = {}
    for person in facts.people:
        of.setdefault(person.owner, []).append(person)
    for owner, quota in sorted(promised.goal.quotas.items()):
        found = promised.self_sourced.get(owner, Decimal())
        needed = [
            leads_for(quota, found, promised.deal, _through([getattr(rate, case) for rate in assumed]))
            for case in ("high", "expected", "low")
        ]
        can = _can(facts.touched(of.get(owner, [])), promised.working_days.get(owner, 0))
        open_ = tuple(p.entity for p in of.get(owner, ()) if _open(facts, p))
        remarks = [f"{len(open_)} open"]
        if can is not None:
            remarks.append(f"capacity {can:,.0f}")
            if needed[1] is not None and needed[1] > can:
                remarks.append("needs more than can be worked on")
            if len(open_) > can:
                remarks.append("overloaded")
        else:
            remarks.append("capacity not known: no touches of theirs are")
        yield _row(name, f"leads of {owner}", needed, remark="; ".join(remarks), records=open_)


def _through(shares: Sequence[float]) -> float:
    product = 1.0
    for part in shares:
        product *= part
    return product


def _open(facts: Facts, person: Person) -> bool:
    """Whether sales still has to do with the person: came to sales, no deal over, not sent away."""
    ended = any(deal.outcome == WON for deal in facts.deals_of.get(person.entity, ()))
    return person.status == "active" and facts.reached(person, "mql") and not ended


def _can(people: Iterable[Person], working_days: int) -> float | None:
    """How many leads a colleague can work on in so many days, by their own touches."""
    days: dict[date, int] = {}
    touched = 0
    for person in people:
        own = [touch for touch in person.touches if touch.by == "sales" and touch.sort in SALES]
        touched += bool(own)
        for touch in own:
            days[day_of(touch.at)] = days.get(day_of(touch.at), 0) + 1
    if not days or not touched:
        return None
    usual = sorted(days.values())[max(0, -(-len(days) * 3 // 4) - 1)]
    return capacity(working_days, usual, sum(days.values()) / touched)


def _row(
    goal: str,
    what: str,
    cases: Sequence[float | None],
    observed: Ratio | None = None,
    assumed: float | None = None,
    remark: str = "",
    records: tuple[str, ...] = (),
) -> Row:
    numbers = {case: Cell(value) for case, value in zip(CASES, cases, strict=True)}
    told = {"observed": Cell(observed), "assumed": Cell(assumed), "remark": Cell(remark, records)}
    return {"goal": text(goal), "what": text(what)} | numbers | told
