"""What time brings: who came back, who bought again, how soon a meeting follows a wish, and which rates drift."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from insight.ratio import Ratio
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
    share,
    text,
)
from insight.reports.facts import Facts, Person, day_of
from insight.touches import Touch
from mapping.deals import WON

DAY_MS = 86_400_000
MATURE = 90
"""Days in which a step is taken or not: a younger case tells nothing yet."""
TRAILING = 4
"""Quarters to which a quarter is held."""
Asks = Callable[[Touch], bool]
"""Whether a touch asks for a demo, an offer or a meeting."""


def nurture(facts: Facts, period: Period, asks: Asks) -> Document:
    """Who was sent back to marketing in the period, by reason: who came again, asked, was won; who still waits."""
    back = {p.entity: at for p in facts.people if (at := _sent_back(p, period)) is not None}
    people = [person for person in facts.people if person.entity in back]
    asked = {
        person.entity
        for person in facts.touched(people)
        if any(touch.by == "buyer" and touch.at > back[person.entity] and asks(touch) for touch in person.touches)
    }
    rows = [
        _nurtured(facts, key[0] or "(no reason)", some, back, asked)
        for key, some in grouped(people, lambda p: (p.recycled[-1].reason,)).items()
    ]
    if len(rows) > 1:
        rows.append(_nurtured(facts, "total", people, back, asked))
    notes = (
        "The cohort: people whom sales sent back to marketing in the period, by the reason given.",
        "again: came to mql in a later cycle; asked: asked for a demo, an offer or a meeting since; days: from being "
        "sent back to mql again; waiting: neither won nor given up, so nobody is lost from view.",
        INTERVAL,
        TOO_FEW,
    )
    columns = ("reason", "entered", "again", "asked", "won", "waiting", "days_median")
    return Document("nurture", period, columns, tuple(rows), notes, charts=("entered",))


def _sent_back(person: Person, period: Period) -> int | None:
    """When the person was first sent back in the period."""
    return next((back.at for back in person.recycled if period.holds(day_of(back.at))), None)


def _nurtured(facts: Facts, reason: str, people: Sequence[Person], back: dict[str, int], asked: set[str]) -> Row:
    here = [person.entity for person in people]
    again = {p.entity: days for p in people if (days := _again(p, back[p.entity])) is not None}
    won = {p.entity for p in people if facts.won(p)}
    return {
        "reason": text(reason),
        "entered": count(here),
        "again": share(again, here),
        "asked": share((entity for entity in here if entity in asked), here),
        "won": share((entity for entity in here if entity in won), here),
        "waiting": count(p.entity for p in people if p.status != "disqualified" and p.entity not in won),
        "days_median": middle(list(again.values()), again),
    }


def _again(person: Person, since: int) -> float | None:
    """Days until the person came to sales again."""
    at = next((s.at for s in person.way if s.stage == "mql" and s.at is not None and s.at > since), None)
    return (at - since) / DAY_MS if at is not None else None


def customers(facts: Facts, period: Period) -> Document:
    """Year by year: who bought for the first time, and which of those who had bought before bought again."""
    bought: dict[str, list[date]] = {}
    for deal in facts.deals:
        if deal.outcome == WON and deal.closed is not None:
            for entity in deal.people:
                bought.setdefault(entity, []).append(deal.closed)
    years = sorted({day.year for days in bought.values() for day in days if period.holds(day)})
    notes = (
        "Customers are people with a deal that was won, by the day it was closed.",
        "stayed: of those who had bought before the year, who bought in it; more than once: of all who had bought by "
        "its end, who had bought at least twice.",
        INTERVAL,
        TOO_FEW,
    )
    columns = ("year", "new", "before", "stayed", "more_than_once")
    return Document("customers", period, columns, tuple(_year(bought, year) for year in years), notes, charts=("new",))


def _year(bought: dict[str, list[date]], year: int) -> Row:
    before = [entity for entity, days in bought.items() if min(days).year < year]
    until = [entity for entity, days in bought.items() if min(days).year <= year]
    stayed = [entity for entity in before if any(day.year == year for day in bought[entity])]
    return {
        "year": text(str(year)),
        "new": count(entity for entity, days in bought.items() if min(days).year == year),
        "before": count(before),
        "stayed": share(stayed, before),
        "more_than_once": share((e for e in until if sum(day.year <= year for day in bought[e]) > 1), until),
    }


def meetings(facts: Facts, period: Period, asks: Asks) -> Document:
    """Who asked for a meeting, demo or offer in the period, who met sales afterwards, and how long that took."""
    asked: dict[str, int] = {}
    met: dict[str, float] = {}
    held: dict[str, list[str]] = {}
    for person in facts.touched(facts.people):
        meetings = facts.meetings.get(person.entity, ())
        if any(period.holds(day_of(at)) for at in meetings):
            held.setdefault(person.owner, []).append(person.entity)
        wish = next((t.at for t in person.touches if t.sort == "form" and asks(t) and period.holds(day_of(t.at))), None)
        if wish is not None:
            asked[person.entity] = wish
            if (at := min((at for at in meetings if at >= wish), default=None)) is not None:
                met[person.entity] = (at - wish) / DAY_MS
    owners = grouped([p for p in facts.people if p.entity in asked or p.entity in held.get(p.owner, ())],
                     lambda p: (p.owner,))  # fmt: skip
    rows = [
        _met(key[0], [p.entity for p in some], asked, met, set(held.get(key[0], ()))) for key, some in owners.items()
    ]
    if len(rows) > 1:
        everybody = [p.entity for some in owners.values() for p in some]
        rows.append(_met("total", everybody, asked, met, {entity for some in held.values() for entity in some}))
    notes = (
        "asked: people who sent a form for a demo, an offer or a meeting in the period; booked: of these, who met "
        "sales afterwards; days: from the wish to the meeting.",
        "meetings: people who met sales in the period, once each. A meeting that stands in both systems counts once.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("meetings", period, ("owner", "asked", "booked", "days_median", "meetings"), tuple(rows), notes)


def _met(owner: str, people: Sequence[str], asked: dict[str, int], met: dict[str, float], held: set[str]) -> Row:
    wished = [entity for entity in people if entity in asked]
    days = {entity: met[entity] for entity in wished if entity in met}
    return {
        "owner": text(owner),
        "asked": count(wished),
        "booked": share(days, wished),
        "days_median": middle(list(days.values()), days),
        "meetings": count(entity for entity in people if entity in held),
    }


# -- rates that drift --------------------------------------------------------------------------------------------------


class _Case(NamedTuple):
    """Somebody who came to a stage."""

    entity: str
    day: date
    went_on: bool


def drift(facts: Facts, today: date) -> Document:
    """Quarter by quarter: the rate from MQL to SQL and from SQL to won, against the four quarters before."""
    rows = [row for name, cases in _steps(facts, today) for row in _drifting(name, cases)]
    notes = (
        f"Who came to the first stage in the quarter, at least {MATURE} days ago, and took the step within {MATURE} "
        "days.",
        f"outside: the rate lies outside the interval of the {TRAILING} quarters before; alert: so in two quarters "
        "running, to the same side: talk about what a lead is.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("drift", Period(), ("step", "quarter", "rate", "before", "verdict"), tuple(rows), notes)


def alarms(facts: Facts, today: date) -> list[str]:
    """The steps whose rate has just been outside for two quarters running, in words."""
    found = []
    for name, cases in _steps(facts, today):
        rows = list(_drifting(name, cases))
        if rows and str(rows[-1]["verdict"].value).startswith("alert"):
            found.append(f"{name}: {rows[-1]['verdict'].value} in {rows[-1]['quarter'].value}")
    return found


def _steps(facts: Facts, today: date) -> Iterator[tuple[str, list[_Case]]]:
    last = today - timedelta(days=MATURE)
    for start, end in (("mql", "sql"), ("sql", "won")):
        cases = []
        for person in facts.people:
            at = next((s.at for s in person.way if s.stage == start and s.at is not None), None)
            if at is not None and (day := day_of(at)) <= last:
                cases.append(_Case(person.entity, day, _went_on(facts, person, end, day)))
        yield f"{start} to {end}", cases


def _went_on(facts: Facts, person: Person, end: str, since: date) -> bool:
    if end == "won":
        days = [d.closed for d in facts.deals_of.get(person.entity, ()) if d.outcome == WON and d.closed is not None]
    else:
        beyond = set(facts.stages[facts.stages.index(end) :]) if end in facts.stages else {end}
        days = [day_of(step.at) for step in person.way if step.stage in beyond and step.at is not None]
    return any(since <= day <= since + timedelta(days=MATURE) for day in days)


def _drifting(name: str, cases: Sequence[_Case]) -> Iterator[Row]:
    quarters = sorted(grouped(cases, lambda case: (f"{case.day.year}", f"Q{(case.day.month + 2) // 3}")).items())
    side = ""
    for place, (quarter, some) in enumerate(quarters):
        past = [case for _, each in quarters[max(0, place - TRAILING) : place] for case in each]
        now, before = _rate(some), _rate(past)
        was, side = side, _side(now, before)
        verdict = f"alert: {side} again" if side and side == was else side
        yield {
            "step": text(name),
            "quarter": text(" ".join(quarter)),
            "rate": now,
            "before": before,
            "verdict": Cell(verdict),
        }


def _rate(cases: Sequence[_Case]) -> Cell:
    return share((case.entity for case in cases if case.went_on), [case.entity for case in cases])


def _side(now: Cell, before: Cell) -> str:
    """below or above the interval of before; empty: within it, or too few to say."""
    a, b = now.value, before.value
    if not isinstance(a, Ratio) or not isinstance(b, Ratio) or a.few or b.few or a.value is None:
        return ""
    low, high = b.interval
    return "below" if a.value < low else "above" if a.value > high else ""
