"""The monthly review: the numbers of both teams beside those of the period before, advice, and questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from insight.ratio import Ratio
from insight.reports.cycles import alarms
from insight.reports.document import (
    INTERVAL,
    NONE,
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
)  # fmt: skip
from insight.reports.facts import Facts, Person, days_to_win
from insight.reports.funnel import cohort
from insight.reports.marketing import GOOD
from insight.reports.promises import MISSED, OPEN_STATES, Target, delivered
from insight.reports.quota import rates
from insight.sla.advice import Known, Lever, advise
from insight.sla.clock import EXEMPT
from insight.sla.handoffs import Owed
from insight.sla.pace import Pace
from mapping.deals import LOST, WON

MINUTE, DAY_MS = 60_000, 86_400_000
QUESTIONS = (
    "Which of these numbers surprised us, and do both teams believe it?",
    "Which hand-offs were dropped, and what would have kept them?",
    "Which source or content do we do more of, and which do we stop?",
    "Do the definitions of the stages still say what we mean?",
    "What does each team promise for the next period?",
)


class Number(NamedTuple):
    """One number that the teams steer by."""

    name: str
    means: str
    """How it is reckoned, and from what."""
    owner: str
    """The team that answers for it."""
    of: Callable[[Facts, Period, Sequence[Owed]], Cell]


def _leads(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    return count(person.entity for person in cohort(facts, period))


def _good(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    people = cohort(facts, period)
    return share((p.entity for p in people if p.tier in GOOD), [p.entity for p in people])


def _came(stage: str) -> Callable[[Facts, Period, Sequence[Owed]], Cell]:
    def of(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
        return count(person.entity for person in delivered(facts, Target(stage, period, 0)))

    return of


def _won(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    return count(deal.entity for deal in facts.deals if deal.outcome == WON and period.holds(deal.closed))


def _rate(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    ended = [deal for deal in facts.deals if deal.outcome in (WON, LOST) and period.holds(deal.closed)]
    return share((deal.entity for deal in ended if deal.outcome == WON), [deal.entity for deal in ended])


def _revenue(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    won = [deal for deal in facts.deals if deal.outcome == WON and period.holds(deal.closed)]
    return Cell(facts.revenue(won), tuple(deal.entity for deal in won))


def _days(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    won = [deal for deal in facts.deals if deal.outcome == WON and period.holds(deal.closed)]
    days = {
        deal.entity: spent
        for deal in won
        for entity in deal.people[:1]
        if entity in facts.by_entity and (spent := days_to_win(facts.by_entity[entity], deal)) is not None
    }
    return middle(list(days.values()), days)


def _kept(_: Facts, period: Period, owed: Sequence[Owed]) -> Cell:
    decided = [o for o in owed if period.holds(o.day) and o.verdict.state not in (*OPEN_STATES, EXEMPT)]
    return share(
        (o.person.entity for o in decided if o.verdict.state not in MISSED), [o.person.entity for o in decided]
    )


def _minutes(_: Facts, period: Period, owed: Sequence[Owed]) -> Cell:
    answered = [o for o in owed if period.holds(o.day) and o.verdict.touched and o.verdict.response]
    return middle([(o.verdict.response or 0) / MINUTE for o in answered], [o.person.entity for o in answered])


def _sent_back(facts: Facts, period: Period, _: Sequence[Owed]) -> Cell:
    people = [person for person in cohort(facts, period) if facts.reached(person, "mql")]
    back = (p.entity for p in people if p.status in ("recycled", "disqualified"))
    return share(back, [p.entity for p in people])


NUMBERS = (
    Number("leads", "people first known in the period", "marketing", _leads),
    Number("worth a call", "of these, those with priority A1, A2 or B1 now", "marketing", _good),
    Number("MQLs", "people who came to the stage mql in the period", "marketing", _came("mql")),
    Number("SQLs", "people who came to the stage sql in the period", "sales", _came("sql")),
    Number("answered as promised", "hand-offs kept, of those decided", "sales", _kept),
    Number("minutes to answer", "median working minutes from hand-off to first touch", "sales", _minutes),
    Number("sent back", "of the people first known in the period who came to sales", "both", _sent_back),
    Number("deals won", "deals whose end lies in the period", "sales", _won),
    Number("win rate", "won deals, of those that ended in the period", "sales", _rate),
    Number("revenue", "amounts of the deals won in the period, in the currency of most", "both", _revenue),
    Number("days to win", "median days from first contact to the win", "both", _days),
)


def review(
    facts: Facts,
    period: Period,
    owed: Sequence[Owed],
    targets: Sequence[tuple[Target, Pace]],
    assumed: Mapping[str, float],
    today: date,
) -> Document:
    """The numbers of a period beside those of the span of time before it; assumed: the agreed rate of each step."""
    before = period.before()
    rows: list[Row] = [
        {
            "number": text(number.name),
            "value": number.of(facts, period, owed),
            "before": number.of(facts, before, owed) if before is not None else Cell(None),
            "owner": text(number.owner),
            "means": text(number.means),
        }
        for number in NUMBERS
    ]
    known = _known(facts, period, owed, assumed, today)
    advice = [
        line
        for target, stands in targets
        if target.period.last is not None
        for line in advise(f"Target of {target.stage}", stands, known, (target.period.last - today).days)
    ]
    notes = (*advice, *(f"Drift: {alarm}" for alarm in alarms(facts, today)), *QUESTIONS, INTERVAL, TOO_FEW)
    return Document("review", period, ("number", "value", "before", "owner", "means"), tuple(rows), notes)


def _known(facts: Facts, period: Period, owed: Sequence[Owed], assumed: Mapping[str, float], today: date) -> Known:
    """What advice may rest on."""
    levers = []
    for (source,), people in grouped(facts.people, lambda p: (p.source,)).items():
        came = [p for p in people if facts.reached(p, "mql")]
        lags = [lag for p in came if (lag := _lag(p)) is not None]
        levers.append(Lever(source or NONE, Ratio(len(came), len(people)), median(lags) if lags else None))
    decided = [o for o in owed if period.holds(o.day) and o.verdict.state not in (*OPEN_STATES, EXEMPT)]
    missed = Ratio(sum(o.verdict.state in MISSED for o in decided), len(decided))
    recycled = sum(person.status == "recycled" and person.tier in GOOD for person in facts.people)
    won = [deal for deal in facts.deals if deal.outcome == WON]
    mqls = sum(facts.reached(person, "mql") for person in facts.people)
    worth = facts.revenue(won) / Decimal(mqls) if mqls else None
    return Known(levers, recycled, _weakest(facts, assumed, today), missed, worth, facts.currency)


def _lag(person: Person) -> float | None:
    """Days from the first contact to the first step to sales."""
    at = next((step.at for step in person.way if step.stage == "mql"), None)
    return (at - person.created) / DAY_MS if at is not None and person.created is not None else None


def _weakest(facts: Facts, assumed: Mapping[str, float], today: date) -> str:
    """The step that stays furthest behind what was agreed; empty: none does, or too few cases tell."""
    observed = rates(facts, today)
    behind = {
        step: ratio.value / assumed[step]
        for step, ratio in observed.items()
        if step in assumed and not ratio.few and ratio.value is not None
    }
    step = min(behind, key=lambda name: behind[name], default="")
    return step if step and behind[step] < 1 else ""
