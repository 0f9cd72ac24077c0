"""The response clock agrees with a counter that walks through every minute: owners, pauses, clock changes, holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from insight.sla.calendar import MINUTE, Calendar
from insight.sla.clock import (
    BREACHED,
    MET,
    MET_LATE,
    ON_TRACK,
    PENDING,
    SHORT,
    STATES,
    WARNED,
    Attempts,
    Handoff,
    Held,
    Pause,
    Promise,
    Verdict,
    attempts,
    judge,
)
from insight.touches import Touch
from tests.sla.test_calendar import works

OFFICE = dict.fromkeys(range(5), ((9 * 60, 12 * 60), (13 * 60, 17 * 60)))
CALENDARS = {
    "anna": Calendar("Europe/Berlin", OFFICE, frozenset({date(2026, 10, 26)})),
    "bob": Calendar("America/New_York", dict.fromkeys(range(5), ((8 * 60 + 30, 18 * 60),))),
    "night": Calendar("Europe/London", dict.fromkeys(range(7), ((0, 4 * 60), (22 * 60, 24 * 60)))),
}
SUNDAY = int(datetime(2026, 10, 25, tzinfo=UTC).timestamp()) * 1000
"""Clocks go back in Berlin and London, a week later in New York."""
MONDAY_9 = int(datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp()) * 1000
HOUR = 60 * MINUTE
MINUTES = st.integers(-2 * 24 * 60, 8 * 24 * 60).map(lambda minute: SUNDAY + minute * MINUTE)


@st.composite
def handoffs(draw: st.DrawFn) -> Handoff:
    acted = draw(MINUTES)
    held = sorted(
        draw(st.lists(st.builds(Held, MINUTES, st.sampled_from(["", *CALENDARS]), st.booleans()), max_size=4)),
        key=lambda one: one.at,
    )
    pauses = draw(
        st.lists(
            st.builds(
                lambda start, minutes: Pause(start, None if minutes is None else start + minutes * MINUTE),
                MINUTES,
                st.none() | st.integers(0, 3000),
            ),
            max_size=2,
        )
    )
    touches = draw(
        st.lists(
            st.builds(
                lambda at, sort, by, outcome: Touch("p", at, sort, f"{at}{sort}{by}", by, outcome=outcome),
                MINUTES,
                st.sampled_from(["call", "email", "meeting", "form"]),
                st.sampled_from(["sales", "automation", "buyer"]),
                st.sampled_from(["", "connected", "no_answer"]),
            ),
            max_size=3,
        )
    )
    return Handoff("p", 1, "mql", acted, acted + draw(st.integers(0, 600)) * MINUTE, held, pauses, touches)


@cache
def at_work(owner: str, minute: int) -> bool:
    return works(CALENDARS[owner], minute)


def walk(handoff: Handoff, promise: Promise, now: int) -> tuple[str, int | None, int | None, int | None]:
    """(state, start, touched, response) by walking from minute to minute, with no arithmetic on spans."""
    owner, first, start, touched, response, restarted = "", "", None, None, 0, False
    at = min([handoff.acted, *(held.at for held in handoff.held)], default=handoff.acted)
    while at <= now and touched is None:
        for held in handoff.held:
            if held.at != at:
                continue
            news = held.by_rule and held.owner and first and held.owner != first
            if news and start is not None and at > start and not restarted:
                start, response, restarted = at, 0, True
            owner, first = held.owner, held.owner or first
        if start is None and at >= handoff.seen and owner:
            start = at
        qualifying = [
            touch
            for touch in handoff.touches
            if touch.at == at and touch.sort in ("call", "email", "meeting")
            if touch.by == "sales" or (promise.automation and touch.by == "automation")
        ]
        if start is not None and qualifying:
            touched = at
            break
        paused = any(pause.start <= at and (pause.end is None or at < pause.end) for pause in handoff.pauses)
        if at < now and start is not None and owner and not paused and at_work(owner, at):
            response += MINUTE
        at += MINUTE
    if start is None:
        return PENDING, None, None, None
    late, over = response > promise.response, response >= promise.response
    if touched is not None:
        return (MET_LATE if late else MET), start, touched, response
    paused = any(pause.start <= now and (pause.end is None or now < pause.end) for pause in handoff.pauses)
    open_ = bool(owner) and not paused and at_work(owner, now)
    share = response / promise.response
    running = ON_TRACK if response or open_ else PENDING
    return (BREACHED if over else WARNED if share >= 0.8 else running), start, None, response


@settings(max_examples=1000)
@given(handoffs(), st.sampled_from([15, 60, 240, 24 * 60]), st.booleans(), MINUTES)
def test_the_clock_is_what_a_minute_counter_counts(handoff: Handoff, minutes: int, auto: bool, now: int) -> None:
    promise = Promise(minutes * MINUTE, automation=auto)
    verdict = judge(handoff, promise, CALENDARS.__getitem__, now)
    assert (verdict.state, verdict.start, verdict.touched, verdict.response) == walk(handoff, promise, now)


@given(handoffs(), MINUTES)
def test_what_is_untouched_is_breached_from_when_it_was_due_on(handoff: Handoff, now: int) -> None:
    promise = Promise(4 * HOUR)
    quiet = Handoff("p", 1, "mql", handoff.acted, handoff.seen, handoff.held, handoff.pauses)
    verdict = judge(quiet, promise, CALENDARS.__getitem__, now)
    if verdict.state in (BREACHED, WARNED, ON_TRACK):
        assert (verdict.state == BREACHED) == (verdict.due is not None and now >= verdict.due)


@given(handoffs(), MINUTES, MINUTES)
def test_what_happens_later_changes_nothing_now(handoff: Handoff, now: int, later: int) -> None:
    promise = Promise(4 * HOUR, Attempts(3, 5))
    more = Handoff(
        "p", 1, "mql", handoff.acted, handoff.seen, handoff.held, handoff.pauses,
        [*handoff.touches, Touch("p", max(now, later) + 1, "call", "late", "sales")],
    )  # fmt: skip
    assert judge(more, promise, CALENDARS.__getitem__, now) == judge(handoff, promise, CALENDARS.__getitem__, now)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.integers(0, 500))
def test_attempts_that_count_lie_apart_and_no_more_could_count(minutes: list[int], gap: int) -> None:
    touches = [Touch("p", at * MINUTE, "call", str(at), "sales") for at in sorted(minutes)]
    made = attempts(touches, Attempts(5, 10, gap * MINUTE))
    assert all(b.at - a.at >= gap * MINUTE for a, b in pairwise(made))
    assert all(any(abs(t.at - m.at) < gap * MINUTE or t is m for m in made) for t in touches) or gap == 0


def called(hours: float, outcome: str = "no_answer", sort: str = "call") -> Touch:
    at = MONDAY_9 + int(hours * HOUR)
    return Touch("p", at, sort, f"{sort}{at}", "sales", outcome=outcome)  # type: ignore[arg-type]


def given_to_anna(*touches: Touch, exempt: str = "") -> Handoff:
    return Handoff("p", 1, "mql", MONDAY_9, MONDAY_9, [Held(MONDAY_9, "anna")], (), touches, exempt)


def at(hours: float, handoff: Handoff, promise: Promise) -> Verdict:
    return judge(handoff, promise, CALENDARS.__getitem__, MONDAY_9 + int(hours * HOUR))


FIVE_CALLS = Promise(4 * HOUR, Attempts(5, 10, 4 * HOUR, 2))


def test_every_state_is_reached() -> None:
    call, late = called(1), called(24 + 2)
    found = {
        at(-1, given_to_anna(), FIVE_CALLS).state,
        at(1, given_to_anna(), FIVE_CALLS).state,
        at(4.5, given_to_anna(), FIVE_CALLS).state,
        at(6, given_to_anna(), FIVE_CALLS).state,
        at(2, given_to_anna(call), FIVE_CALLS).state,
        at(30, given_to_anna(late), FIVE_CALLS).state,
        at(24 * 20, given_to_anna(call), FIVE_CALLS).state,
        at(1, given_to_anna(exempt="no consent"), FIVE_CALLS).state,
    }
    assert found == set(STATES)


def test_two_attempts_of_five_after_two_weeks_are_too_few() -> None:
    verdict = at(24 * 15, given_to_anna(called(1), called(1.5), called(25)), FIVE_CALLS)
    assert (verdict.state, verdict.made, verdict.owed) == (SHORT, 2, 3)


def test_five_attempts_in_one_way_alone_still_owe_the_other() -> None:
    calls = [called(1 + 24 * day) for day in (0, 1, 2, 3, 4)]
    assert at(24 * 15, given_to_anna(*calls), FIVE_CALLS).owed == 1
    assert at(24 * 15, given_to_anna(*calls, called(100, sort="email")), FIVE_CALLS).state == MET


def test_who_answered_is_not_tried_again() -> None:
    assert at(24 * 15, given_to_anna(called(1, "connected")), FIVE_CALLS).state == MET


def test_the_delay_of_the_system_is_not_laid_on_sales() -> None:
    slow = Handoff("p", 1, "mql", MONDAY_9 - 20 * HOUR, MONDAY_9, [Held(MONDAY_9, "anna")], (), [called(1)])
    verdict = at(2, slow, FIVE_CALLS)
    assert (verdict.state, verdict.system_delay, verdict.response) == (MET, 20 * HOUR, HOUR)
    assert verdict.speed_to_lead == 21 * HOUR


def test_a_rule_that_gives_it_to_somebody_else_begins_again_once() -> None:
    held = [Held(MONDAY_9, "anna"), Held(MONDAY_9 + 3 * HOUR, "night", True), Held(MONDAY_9 + 5 * HOUR, "anna", True)]
    verdict = at(6, Handoff("p", 1, "mql", MONDAY_9, MONDAY_9, held), FIVE_CALLS)
    assert verdict.start == verdict.restarted == MONDAY_9 + 3 * HOUR
    assert verdict.response == HOUR
