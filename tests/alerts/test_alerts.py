"""Alerts: who is never told about, once per cause, nothing at night, and no more than a colleague can act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.alerts import (
    BACK,
    BREACH,
    DAY,
    DUE,
    FORM,
    HOT_LEAD,
    HOUR,
    LOW,
    OUTCOME,
    TYPES,
    UNACCEPTED,
    VISIT,
    WARNING,
    Alert,
    Rules,
    Sent,
    Subject,
    alerts,
    due,
    told,
)
from insight.sla.calendar import Calendar
from insight.sla.clock import STATES, Verdict
from insight.touches import Sort, Touch

NOON = int(datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()) * 1000
NIGHT = NOON + 12 * HOUR
OFFICE = Calendar("UTC", dict.fromkeys(range(5), ((540, 1020),)))
RULES = Rules(hand_raises=("Demo request",), key_pages=("/pricing",))


def touch(hours: float, sort: Sort, title: str = "", url: str = "") -> Touch:
    at = NOON + int(hours * HOUR)
    return Touch("ann", at, sort, f"hubspot:{sort}:{at}:{url}", title=title, url=url)


def ann(*touches: Touch, **more: object) -> Subject:
    known = {"name": "Ann Lee", "company": "Acme", "owner": "olga", "touches": touches, "since": NOON - HOUR}
    return Subject("ann", **{**known, **more})  # type: ignore[arg-type]


def types(subject: Subject, past: Sequence[Sent] = (), now: int = NOON) -> list[str]:
    return [alert.type for alert in alerts(subject, RULES, past, now)]


DEMO = touch(0, "form", "Demo request")
BOOK = touch(0, "form", "E-book")
PRICING = touch(0, "page_view", url="https://x.example/pricing")
BLOG = touch(0, "page_view", url="https://x.example/blog")


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (ann(DEMO), [HOT_LEAD]),
        (ann(DEMO, status="recycled"), [BACK]),
        (ann(tier="A2", before="C3"), [HOT_LEAD]),
        (ann(tier="A2", before="A1"), []),
        (ann(BOOK), []),
        (ann(BOOK, of_sales=True), [FORM]),
        (ann(BOOK, tier="B3", before="B3"), [FORM]),
        (ann(PRICING, of_sales=True), [VISIT]),
        (ann(BLOG, of_sales=True), []),
        (ann(BLOG, PRICING), []),
        (ann(PRICING._replace(at=NOON - 2 * HOUR), of_sales=True), []),
        (ann(verdict=Verdict("warned")), [WARNING]),
        (ann(verdict=Verdict("breached"), stage="mql"), [BREACH, UNACCEPTED]),
        (ann(verdict=Verdict("breached"), stage="sal"), [BREACH]),
        (ann(verdict=Verdict("attempts_short", made=2, owed=3)), [DUE]),
        (ann(outcome="lost", why_outcome="price", customer=True), [OUTCOME]),
        (ann(DEMO, customer=True), []),
        (ann(DEMO, opted_out=True), []),
        (ann(DEMO, status="disqualified"), []),
    ],
)
def test_what_is_told(subject: Subject, expected: list[str]) -> None:
    assert types(subject) == expected


@given(st.sampled_from(STATES), st.sampled_from(["A1", "C3", ""]), st.booleans())
def test_nothing_is_ever_told_about_who_must_be_left_alone(state: str, tier: str, of_sales: bool) -> None:
    everything = ann(DEMO, BOOK, PRICING, BLOG, tier=tier, of_sales=of_sales, verdict=Verdict(state), stage="mql")
    assert not types(replace(everything, opted_out=True))
    assert not types(replace(everything, status="disqualified"))
    assert not set(types(replace(everything, customer=True, verdict=None)))


@given(st.sampled_from(TYPES), st.integers(0, 3 * DAY), st.integers(0, 9))
def test_the_same_is_told_again_only_when_it_cooled_down_or_weighs_more(type_: str, ago: int, rank: int) -> None:
    subject = ann(DEMO, PRICING, of_sales=True, verdict=Verdict("breached"), stage="mql", outcome="won")
    first = {alert.type: alert for alert in alerts(subject, RULES, (), NOON)}
    again = {alert.type for alert in alerts(subject, RULES, [Sent(type_, NOON - ago, rank)], NOON)}
    if type_ in first:
        assert (type_ in again) == (ago >= DAY or first[type_].rank < rank)
    assert again | {type_} == first.keys() | {type_}


def test_the_same_cause_has_the_same_key() -> None:
    assert alerts(ann(DEMO), RULES, (), NOON)[0].key == alerts(ann(DEMO), RULES, (), NOON + DAY)[0].key


def test_what_a_colleague_reads_before_calling() -> None:
    subject = ann(
        *(touch(-n, "page_view", f"Page {n}") for n in range(9, 0, -1)),
        DEMO,
        tier="A1",
        reasons="Visited pricing (+14)",
        deals=("Alder 120, 40000 EUR",),
        links=("https://crm.example/1",),
    )
    text = alerts(subject, RULES, (), NOON)[0].body
    assert [line for line in text.splitlines() if "page view" in line or "form" in line] == [
        "2026-03-03 page view Page 4", "2026-03-03 page view Page 3", "2026-03-03 page view Page 2",
        "2026-03-03 page view Page 1", "2026-03-03 form Demo request",
    ]  # fmt: skip
    assert "Priority A1." in text and "Open deal: Alder 120" in text and "+14" in text


def test_of_a_broken_promise_the_manager_is_told_as_well() -> None:
    rules = replace(RULES, managers={"olga": "max"}, fallback="desk")
    breach = alerts(ann(verdict=Verdict("breached")), rules, (), NOON)[0]
    assert told(breach, rules) == ("olga", "max")
    assert told(breach._replace(owner=""), rules) == ("desk",)
    assert told(breach._replace(owner="paul"), rules) == ("paul", "desk")
    assert told(alerts(ann(DEMO), rules, (), NOON)[0], rules) == ("olga",)


def test_of_what_became_of_somebody_marketing_is_told_and_not_sales() -> None:
    [outcome] = alerts(ann(outcome="lost", why_outcome="price", marketing="mona"), RULES, (), NOON)
    assert told(outcome, replace(RULES, fallback="desk")) == ("mona",)
    assert told(outcome, replace(RULES, marketing=("team", "boss"))) == ("team", "boss")
    [nobodys] = alerts(ann(outcome="lost"), RULES, (), NOON)
    assert told(nobodys, replace(RULES, fallback="desk")) == ("desk",)


def test_low_intent_events_never_ask_for_a_call_and_stand_in_the_list_of_the_next_morning() -> None:
    [book] = alerts(ann(BOOK, of_sales=True), RULES, (), NOON)
    assert book.digest
    assert due([book], {}, RULES, lambda _: OFFICE, NOON).waiting == [book]
    [delivery] = due([book], {}, RULES, lambda _: OFFICE, NOON + DAY - 3 * HOUR).now
    assert delivery.digest


# -- when ----------------------------------------------------------------------------------------------------------

WAITING = st.lists(
    st.builds(
        lambda n, owner, ago, rank, hand: Alert(f"k{n}", FORM, "p", owner, NOON - ago, "t", "b", rank, hand),
        st.integers(0, 10_000),
        st.sampled_from(["olga", "paul"]),
        st.integers(0, 3 * DAY),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=30,
    unique_by=lambda alert: alert.key,
)


@given(WAITING, st.integers(0, 20), st.integers(0, 20), st.sampled_from([NOON, NIGHT]), st.booleans())
def test_every_alert_is_told_or_waits_and_nobody_is_called_too_often(
    waiting: list[Alert], today: int, cap: int, now: int, always: bool
) -> None:
    rules = replace(RULES, cap=cap, always_hand_raise=always)
    found = due(waiting, {"olga": today}, rules, lambda _: OFFICE, now)
    said = [alert.key for each in found.now for alert in each.alerts]
    assert sorted([*said, *(alert.key for alert in found.waiting)]) == sorted(alert.key for alert in waiting)
    for owner, before in (("olga", today), ("paul", 0)):
        calls = [each for each in found.now if each.owner == owner and not each.digest]
        assert len(calls) <= max(0, cap - before)
        assert sum(each.digest for each in found.now if each.owner == owner) <= 1
        assert all(alert.rank < LOW for each in calls for alert in each.alerts) or always
    if now == NIGHT:
        assert all(always and alert.hand_raise for each in found.now for alert in each.alerts)
    else:
        assert all(alert.rank >= LOW and alert.at > NOON - 13 * HOUR for alert in found.waiting)


def test_what_came_at_night_is_one_message_in_the_morning() -> None:
    morning = NOON - 3 * HOUR
    waiting = [Alert(f"k{n}", FORM, "p", "olga", morning - n * HOUR, "t", "b", 4) for n in range(3, 8)]
    [delivery] = due(waiting, {}, RULES, lambda _: OFFICE, morning).now
    assert delivery.digest and len(delivery.alerts) == 5
