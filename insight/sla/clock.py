"""The response clock of one hand-off: how long sales has had, how long they took, and what that is worth.

Two times are told apart.  *System delay* runs, by the clock on the wall, from what the buyer did until it stood in the
CRM and was somebody's; *human response* runs from there, in the working time of whoever holds the lead, to the first
touch that counts.  The promise binds the second alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from insight.sla.calendar import HORIZON_DAYS, MINUTE, Calendar
from insight.touches import Touch

HORIZON = HORIZON_DAYS * 24 * 60 * MINUTE
PENDING, ON_TRACK, WARNED, BREACHED = "pending", "on_track", "warned", "breached"
MET, MET_LATE, SHORT, EXEMPT = "met", "met_late", "attempts_short", "exempt"
STATES = (PENDING, ON_TRACK, WARNED, BREACHED, MET, MET_LATE, SHORT, EXEMPT)
WARN_AT = 0.8
"""The share of the promised time after which the owner is warned."""
ANSWERED = frozenset({"connected", "left_live_message", "completed", "replied"})
"""Outcomes of a call or meeting after which nobody need be tried any more."""

Channel = Literal["call", "email", "meeting"]
CHANNELS: Mapping[str, Channel] = {"call": "call", "email": "email", "meeting": "meeting"}
"""Sorts of touches by which sales answers."""


class Held(NamedTuple):
    """From then on the lead is this owner's; empty: nobody's."""

    at: int
    owner: str
    by_rule: bool = False
    """A rule gave it to somebody else, not a colleague."""


class Pause(NamedTuple):
    """The clock stands: the lead waits for something else, or is recycled until a day."""

    start: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often sales tries to reach somebody who does not answer."""

    count: int
    days: int
    """Working days, the first one included."""
    gap: int = 0
    """The least time, ms, between two attempts that both count."""
    channels: int = 1
    """So many different ways at least."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What sales promises for one type of lead."""

    response: int
    """Working time, ms, until the first touch."""
    attempts: Attempts | None = None
    automation: bool = False
    """Whether what a sequence sends counts, too."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """One lead given to sales.  Times are ms since the epoch."""

    person: str
    cycle: int
    lead_type: str
    acted: int
    """When the buyer did what made them ready."""
    seen: int
    """When it stood in the CRM."""
    held: Sequence[Held] = ()
    """Whose it was, in the order of time."""
    pauses: Sequence[Pause] = ()
    touches: Sequence[Touch] = ()
    exempt: str = ""
    """Why no promise holds; empty: one does."""


class Verdict(NamedTuple):
    """Where the clock of a hand-off stands."""

    state: str
    start: int | None = None
    """When human response began to count; None: nobody has it yet."""
    due: int | None = None
    touched: int | None = None
    """The first touch that counted."""
    response: int | None = None
    """Working time, ms, that human response has taken so far or took."""
    system_delay: int | None = None
    speed_to_lead: int | None = None
    """From what the buyer did to the first touch, by the clock on the wall, ms."""
    made: int = 0
    """Attempts that count."""
    owed: int = 0
    """Attempts that are still promised."""
    attempts_due: int | None = None
    """When the last of them is due."""
    restarted: int | None = None
    """When a rule gave the lead to somebody else, and the time began again."""
    owner: str = ""
    """Who has it now."""


class _Watch(NamedTuple):
    """Part of the time: who holds the lead, from when until when."""

    begin: int
    end: int
    owner: str


def judge(handoff: Handoff, promise: Promise, calendar_of: Callable[[str], Calendar], now: int) -> Verdict:
    """How a hand-off stands at an instant; nothing that happens later is looked at.

    calendar_of: the working time of an owner.
    """
    owner = next((held.owner for held in reversed(handoff.held) if held.at <= now), "")
    if handoff.exempt:
        return Verdict(EXEMPT, owner=owner)
    first = next(_watches(handoff, handoff.seen, now + 1), None)
    if first is None:
        return Verdict(PENDING, owner=owner)
    given = first.begin
    touches = [touch for touch in _counting(handoff, promise) if given <= touch.at <= now]
    touched = touches[0].at if touches else None
    restarted = _restart(handoff, given, min(now, touched) if touched is not None else now)
    start = restarted if restarted is not None else given
    touches = [touch for touch in touches if touch.at >= start]
    until = min(now, touched) if touched is not None else now
    response = sum(end - begin for begin, end in _working(handoff, start, until, calendar_of))
    due = _due(handoff, start, promise.response, calendar_of)
    made = attempts(touches, promise.attempts)
    attempts_due, owed = _owed(promise.attempts, made, touches, calendar_of(owner or first.owner), start)
    verdict = Verdict(
        state=ON_TRACK,
        start=start,
        due=due,
        touched=touched,
        response=response,
        system_delay=given - handoff.acted,
        speed_to_lead=touched - handoff.acted if touched is not None else None,
        made=len(made),
        owed=owed,
        attempts_due=attempts_due,
        restarted=restarted,
        owner=owner,
    )
    if touched is not None:
        short = owed > 0 and attempts_due is not None and now > attempts_due
        late = response > promise.response
        return verdict._replace(state=MET_LATE if late else SHORT if short else MET)
    if response >= promise.response:
        return verdict._replace(state=BREACHED)
    if response >= promise.response * WARN_AT:
        return verdict._replace(state=WARNED)
    running = response or _at_work(handoff, start, now, calendar_of)
    return verdict if running else verdict._replace(state=PENDING)


def attempts(touches: Sequence[Touch], wanted: Attempts | None) -> list[Touch]:
    """Those touches, in the order of time, that lie far enough apart to count as attempts of their own."""
    made: list[Touch] = []
    gap = wanted.gap if wanted is not None else 0
    for touch in touches:
        if not made or touch.at - made[-1].at >= gap:
            made.append(touch)
    return made


def _counting(handoff: Handoff, promise: Promise) -> list[Touch]:
    by = ("sales", "automation") if promise.automation else ("sales",)
    found = [touch for touch in handoff.touches if touch.sort in CHANNELS and touch.by in by]
    return sorted(found, key=lambda touch: (touch.at, touch.key))


def _restart(handoff: Handoff, given: int, until: int) -> int | None:
    """When a rule first gave it to somebody else, before anybody touched it."""
    before = ""
    for held in handoff.held:
        if held.at > until:
            break
        if held.by_rule and held.at > given and held.owner and before and held.owner != before:
            return held.at
        before = held.owner or before
    return None


def _watches(handoff: Handoff, start: int, end: int) -> Iterator[_Watch]:
    """Who had it from start to end; the time in which nobody had it is nobody's."""
    changes = [*handoff.held, Held(end, "")]
    for held, later in pairwise(changes):
        begin, stop = max(held.at, start), min(later.at, end)
        if held.owner and begin < stop:
            yield _Watch(begin, stop, held.owner)


def _working(
    handoff: Handoff, start: int, end: int, calendar_of: Callable[[str], Calendar]
) -> Iterator[tuple[int, int]]:
    """The working time that counts, span by span."""
    for watch in _watches(handoff, start, end):
        for begin, stop in calendar_of(watch.owner).spans(watch.begin, watch.end):
            yield from _without(handoff.pauses, begin, stop)


def _without(pauses: Sequence[Pause], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """What is left of a span without the pauses."""
    for pause in sorted(pauses, key=lambda pause: pause.start):
        stop = end if pause.end is None else pause.end
        if stop <= begin or pause.start >= end:
            continue
        if pause.start > begin:
            yield begin, pause.start
        begin = max(begin, stop)
    if begin < end:
        yield begin, end


def _due(handoff: Handoff, start: int, working: int, calendar_of: Callable[[str], Calendar]) -> int | None:
    """When so much working time will have passed, as things stand; None: never."""
    for begin, end in _working(handoff, start, start + HORIZON, calendar_of):
        if end - begin >= working:
            return begin + working
        working -= end - begin
    return None


def _at_work(handoff: Handoff, start: int, now: int, calendar_of: Callable[[str], Calendar]) -> bool:
    """Whether this very minute counts."""
    return any(True for _ in _working(handoff, max(start, now), now + 1, calendar_of))


def _owed(
    wanted: Attempts | None, made: Sequence[Touch], touches: Sequence[Touch], calendar: Calendar, start: int
) -> tuple[int | None, int]:
    """(when the last attempt is due, how many are owed); nobody who answered is tried again."""
    if wanted is None:
        return None, 0
    due = calendar.day_after(start, wanted.days)
    if any(touch.outcome in ANSWERED for touch in touches):
        return due, 0
    ways = len({CHANNELS[touch.sort] for touch in touches})
    in_time = [touch for touch in made if due is None or touch.at <= due]
    return due, max(wanted.count - len(in_time), wanted.channels - ways, 0)
