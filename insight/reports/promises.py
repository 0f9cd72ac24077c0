"""Did both teams keep their word: hand-offs answered in time, and leads delivered as promised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

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
from insight.reports.facts import Facts, Person, day_of
from insight.sla.calendar import Calendar
from insight.sla.clock import BREACHED, EXEMPT, MET, MET_LATE, ON_TRACK, PENDING, SHORT, WARNED
from insight.sla.handoffs import Owed
from insight.sla.pace import Pace, elapsed, pace

MINUTE = 60_000
OPEN_STATES = (PENDING, ON_TRACK, WARNED)
MISSED = (BREACHED, MET_LATE, SHORT)
BY: dict[str, Callable[[Owed], str]] = {
    "lead_type": lambda owed: owed.handoff.lead_type,
    "owner": lambda owed: owed.verdict.owner,
    "source": lambda owed: owed.person.source,
}
"""By what the clocks may be divided."""


LEADS, MEETINGS = "leads", "meetings"
"""What a target may count beside stages: people who are first known, and people who meet sales."""


class Target(NamedTuple):
    """So many people that marketing promised to bring to a stage, or to win as leads, in a period; or that both teams
    promised to meet."""

    stage: str
    """A stage, LEADS or MEETINGS."""
    period: Period
    number: int


def sla(
    facts: Facts,
    period: Period,
    owed: Sequence[Owed],
    targets: Sequence[tuple[Target, Pace]],
    by: str = "lead_type",
) -> Document:
    """Sales: the hand-offs of the period, by lead type, owner or source.  Marketing: its targets and how they stand."""
    inside = [each for each in owed if period.holds(each.day) and each.verdict.state != EXEMPT]
    rows = [_kept("sales", key[0], members) for key, members in grouped(inside, lambda o: (BY[by](o),)).items()]
    if len(rows) > 1:
        rows.append(_kept("sales", "total", inside))
    rows += [_delivered(facts, target, stands) for target, stands in targets]
    notes = (
        "Sales: the hand-offs whose day lies in the period, each judged by what was agreed on that day.",
        "kept: answered within the promised working time, and tried as often as promised, of those that are decided; "
        "missed: too late, not at all, or tried too seldom; open: their time is not over.",
        "minutes: working time from the hand-off to the first touch. delay: from what the buyer did until it was "
        "somebody's in the CRM, which is not laid on sales.",
        "Marketing: promised, what is there, what should be there by now, what is to be expected in the end, and how "
        "likely that is enough.",
        INTERVAL,
        TOO_FEW,
    )
    columns = (
        "team", "what", "handed_over", "kept", "missed", "open", "minutes_median", "minutes_p75", "delay_median",
        "promised", "there", "by_now", "expected", "likely", "status",
    )  # fmt: skip
    return Document("sla", period, columns, tuple(rows), notes, charts=("handed_over",))


_NO_TARGET: Row = {name: Cell(None) for name in ("promised", "there", "by_now", "expected", "likely")}
_NO_CLOCK: Row = {
    name: Cell(None)
    for name in ("handed_over", "kept", "missed", "open", "minutes_median", "minutes_p75", "delay_median")
}


def _kept(team: str, what: str, owed: Sequence[Owed]) -> Row:
    decided = [o.person.entity for o in owed if o.verdict.state not in OPEN_STATES]
    missed = [o.person.entity for o in owed if o.verdict.state in MISSED]
    answered = [o for o in owed if o.verdict.touched is not None and o.verdict.response is not None]
    minutes = [(o.verdict.response or 0) / MINUTE for o in answered]
    delays = {o.person.entity: o.verdict.system_delay / MINUTE for o in owed if o.verdict.system_delay is not None}
    kept = [o.person.entity for o in owed if o.verdict.state == MET]
    behind = [o.person.entity for o in answered]
    return {
        **_NO_TARGET,
        "team": text(team),
        "what": text(what),
        "handed_over": count(o.person.entity for o in owed),
        "kept": share(kept, decided),
        "missed": count(missed),
        "open": count(o.person.entity for o in owed if o.verdict.state in OPEN_STATES),
        "minutes_median": middle(minutes, behind),
        "minutes_p75": quarter(minutes, behind),
        "delay_median": middle(list(delays.values()), delays),
        "status": Cell(""),
    }


def _delivered(facts: Facts, target: Target, stands: Pace) -> Row:
    return {
        **_NO_CLOCK,
        "team": text("both" if target.stage == MEETINGS else "marketing"),
        "what": text(f"{target.stage} {target.period.first} to {target.period.last}"),
        "promised": Cell(target.number),
        "there": count(p.entity for p in delivered(facts, target)),
        "by_now": Cell(stands.expected),
        "expected": Cell(stands.projection),
        "likely": Cell(f"{stands.likely:.0%}"),
        "status": text(stands.status),
    }


def delivered(facts: Facts, target: Target, last: date | None = None) -> list[Person]:
    """The people who came to the stage (or were first known, or met sales) in the period of a target; last: up to this
    day."""
    period = target.period if last is None else Period(target.period.first, last)
    found = []
    for person in facts.people:
        if target.stage == MEETINGS:
            times: Iterable[int | None] = facts.meetings.get(person.entity, ())
        elif target.stage == LEADS:
            times = (person.created,)
        else:
            times = [step.at for step in person.way if step.stage == target.stage and step.at is not None][:1]
        if any(at is not None and period.holds(day_of(at)) for at in times):
            found.append(person)
    return found


def stands(facts: Facts, target: Target, calendar: Calendar, today: date) -> Pace:
    """How a target stands today; the same span of time before it, up to eight times, is its past."""
    first, last = target.period.first, target.period.last
    assert first is not None and last is not None, "a target has both ends"
    length = (last - first).days + 1
    past: list[int] = []
    for back in range(1, 9):
        begin = first - timedelta(days=length * back)
        reached = len(delivered(facts, target._replace(period=Period(begin, begin + timedelta(days=length - 1)))))
        if not reached and not past:
            break
        past.append(reached)
    done = _working_days(calendar, first, min(today, last + timedelta(days=1)))
    share_done = elapsed(done, _working_days(calendar, first, last + timedelta(days=1)))
    return pace(target.number, len(delivered(facts, target)), min(max(share_done, 0.0), 1.0), past)


def _working_days(calendar: Calendar, first: date, end: date) -> int:
    return sum(calendar.works_on(first + timedelta(days=n)) for n in range(max(0, (end - first).days)))
