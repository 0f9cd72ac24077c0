"""The hand-offs of a person: each cycle in which marketing gave them to sales, as the response clock judges it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from insight.reports.facts import Person, Reached, day_of
from insight.sla.calendar import Calendar
from insight.sla.clock import Handoff, Held, Promise, Verdict, judge

DAY = 86_400_000
CUSTOMER = "customer"


class Owed(NamedTuple):
    """A hand-off with what is promised for it and where it stands."""

    person: Person
    handoff: Handoff
    verdict: Verdict
    day: date
    """Of the hand-off."""


Terms = Callable[[date, str], Promise | None]
"""(day, lead type) → what was promised; None: nothing was agreed for it then."""


def owed(
    person: Person, beyond: Collection[str], terms: Terms, calendar_of: Callable[[str], Calendar], now: int
) -> Iterator[Owed]:
    """Every hand-off of a person for which something was promised, judged by what was agreed on its day.

    beyond: the stages that belong to sales.
    """
    entries = _entries(person.way, beyond)
    for place, entry in enumerate(entries):
        assert entry.at is not None, "entries are dated"
        promise = terms(day_of(entry.at), person.lead_type)
        if promise is None:
            continue
        end = next((later.at for later in entries[place + 1 :] if later.at is not None), None)
        handoff = _handoff(person, entry, entry.at, end)
        yield Owed(person, handoff, judge(handoff, promise, calendar_of, now), day_of(entry.at))


def _entries(way: Sequence[Reached], beyond: Collection[str]) -> list[Reached]:
    """The first step of each cycle that led to sales, of those whose time is known."""
    found: dict[int, Reached] = {}
    for step in way:
        if step.stage in beyond and step.at is not None and step.stage != CUSTOMER:
            found.setdefault(step.cycle, step)
    return [found[cycle] for cycle in sorted(found)]


def _handoff(person: Person, entry: Reached, at: int, end: int | None) -> Handoff:
    touches = [touch for touch in person.touches if end is None or touch.at < end]
    acted = max((t.at for t in touches if t.by == "buyer" and at - DAY <= t.at <= at), default=at)
    seen = max(at, person.seen if person.seen is not None else at)
    held = person.held or ((Held(seen, person.owner),) if person.owner else ())
    return Handoff(person.entity, entry.cycle, person.lead_type, acted, seen, held, person.pauses, touches)
