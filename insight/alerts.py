"""Who is to be told what about whom: alerts from what changed, one a person, cycle and cause, at a time that suits.

An alert is worth a colleague's attention or it is not sent: nothing about people who asked not to be sold to, who are
out of the question or customers; low intent never asks for a call but stands in the next morning's list; what comes at
night waits for the morning, and more than a colleague can act on becomes one list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from insight.reports.facts import day_of
from insight.sla.calendar import Calendar
from insight.sla.clock import BREACHED, SHORT, WARNED, Verdict
from insight.touches import Touch

HOUR = 3_600_000
DAY = 24 * HOUR
HOT = ("A1", "A2", "B1")
"""The better first; what is not among them is not hot."""
GOOD_FIT = ("A", "B")
HOT_LEAD, FORM, VISIT, BACK = "hot_lead", "form_submitted", "site_visit", "reengaged"
UNACCEPTED, WARNING, BREACH, DUE = "handoff_unaccepted", "sla_warn", "sla_breach", "attempts_due"
OUTCOME = "outcome_to_marketing"
WEEKLY, REVIEW, RATES = "weekly_digest", "monthly_review", "rate_drift"
DRIFT, PAUSED, LAG, ERRORS, AUTH, UNMAPPED = "score_drift", "paused", "lag", "error_rate", "auth", "unmapped"
OF_SERVICE = (DRIFT, PAUSED, LAG, ERRORS, AUTH, UNMAPPED)
"""How the service itself does."""
OF_BOTH = (REVIEW, RATES)
"""What both teams talk about."""
TYPES = (HOT_LEAD, FORM, VISIT, BACK, UNACCEPTED, WARNING, BREACH, DUE, OUTCOME, WEEKLY, *OF_BOTH, *OF_SERVICE)
OF_CLOCKS = (UNACCEPTED, WARNING, BREACH, DUE)
NOTICES = (WEEKLY, *OF_BOTH, *OF_SERVICE)
"""About nobody in particular: a message of its own, to read."""
LOW = 5
"""From this rank on an alert is something to read, and never asks for a call."""
NEVER = ("disqualified", "churned")
"""Statuses about which sales is not told anything."""
SENT_AWAY = ("recycled", "lost")
SEEN = ("visit", "page_view")
LATEST = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of one person when something changed.  Times are ms; texts are empty where nothing is known."""

    person: str
    name: str = ""
    company: str = ""
    cycle: int = 1
    stage: str = ""
    status: str = "active"
    owner: str = ""
    """Who sells to them."""
    marketing: str = ""
    """Whose they are in marketing."""
    of_sales: bool = False
    """Their stage belongs to sales."""
    customer: bool = False
    opted_out: bool = False
    tier: str = ""
    before: str = ""
    """The tier as it was."""
    reasons: str = ""
    touches: Sequence[Touch] = ()
    """In the order of time."""
    since: int = 0
    """What they did later than this is news."""
    verdict: Verdict | None = None
    outcome: str = ""
    """won, lost or recycled, where that is news."""
    why_outcome: str = ""
    deals: Sequence[str] = ()
    """Open ones, in words."""
    links: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is worth an alert."""

    types: Collection[str] = TYPES
    hand_raises: Collection[str] = ()
    """Forms by which people ask to be called."""
    key_pages: Collection[str] = ()
    """Parts of addresses that are worth a look by themselves."""
    cool_down: int = DAY
    cap: int = 15
    """Alerts a colleague a working day; what is more becomes one list."""
    always_hand_raise: bool = False
    """A hand-raise is told at night, too."""
    managers: Mapping[str, str] = field(default_factory=dict)
    """Owner → manager, who is told of broken promises as well; without one the fallback is."""
    fallback: str = ""
    """Who is told what is nobody's."""
    marketing: Collection[str] = ()
    """Who is told of outcomes; nobody: whose the people are in marketing."""
    ops: Collection[str] = ()
    """Who is told how the service itself does; nobody: the fallback."""


class Alert(NamedTuple):
    """One thing to tell."""

    key: str
    """Type, person, cycle and cause: the same alert has the same key however often it is found."""
    type: str
    person: str
    owner: str
    at: int
    title: str
    body: str
    rank: int
    """The lower, the more it is worth."""
    hand_raise: bool = False

    @property
    def digest(self) -> bool:
        """Whether it is only to be read."""
        return self.rank >= LOW


class Sent(NamedTuple):
    """An alert of the past."""

    type: str
    at: int
    rank: int


def alerts(subject: Subject, rules: Rules, past: Sequence[Sent], now: int) -> list[Alert]:
    """What is to be told of one person now.  past: what was told of them before."""
    found = []
    for alert in _found(subject, rules, now):
        again = [sent for sent in past if sent.type == alert.type and alert.at - sent.at < rules.cool_down]
        stronger = all(alert.rank < sent.rank for sent in again)
        if alert.type in rules.types and (not again or stronger):
            found.append(alert)
    return found


def _found(subject: Subject, rules: Rules, now: int) -> Iterator[Alert]:
    if subject.outcome:
        what = f"{subject.outcome}: {subject.why_outcome}".rstrip(": ")
        yield _alert(subject, OUTCOME, subject.outcome, now, what, LOW)._replace(owner=subject.marketing)
    if subject.status in NEVER or subject.opted_out:
        return
    yield from _clocks(subject, now)
    if subject.customer:
        return
    fresh = [touch for touch in subject.touches if touch.by == "buyer" and touch.at > subject.since]
    asked = [touch for touch in fresh if touch.sort == "form" and touch.title in rules.hand_raises]
    rank = HOT.index(subject.tier) + 1 if subject.tier in HOT else 9
    if asked and subject.status in SENT_AWAY:
        yield _alert(subject, BACK, asked[-1].key, asked[-1].at, f"is back: {asked[-1].title}", 0, hand_raise=True)
    elif asked:
        yield _alert(subject, HOT_LEAD, asked[-1].key, asked[-1].at, f"asks: {asked[-1].title}", 0, hand_raise=True)
    elif subject.tier in HOT and (subject.before not in HOT or HOT.index(subject.before) > HOT.index(subject.tier)):
        yield _alert(subject, HOT_LEAD, subject.tier, now, f"is {subject.tier} now", rank)
    worth_it = subject.of_sales or subject.tier[:1] in GOOD_FIT
    forms = [touch for touch in fresh if touch.sort == "form" and touch not in asked]
    if forms and worth_it:
        yield _alert(subject, FORM, forms[-1].key, forms[-1].at, f"filled in {forms[-1].title or 'a form'}", LOW)
    seen = [touch for touch in fresh if touch.sort in SEEN]
    key = [touch for touch in seen if any(part in touch.url for part in rules.key_pages)]
    if worth_it and (key or len({touch.url or touch.key for touch in seen}) > 1):
        last = (key or seen)[-1]
        what = last.title or last.url or "the website"
        yield _alert(subject, VISIT, str(last.at // rules.cool_down), last.at, f"looks at {what}", 4 if key else 6)


def _clocks(subject: Subject, now: int) -> Iterator[Alert]:
    verdict = subject.verdict
    if verdict is None:
        return
    if verdict.state == WARNED:
        yield _alert(subject, WARNING, "warned", now, "waits: most of the agreed time is over", 2)
    elif verdict.state == BREACHED:
        yield _alert(subject, BREACH, "breached", now, "was not answered in the agreed time", 1)
        if subject.stage == "mql":
            yield _alert(subject, UNACCEPTED, "unaccepted", now, "was handed over and not accepted", 3)
    elif verdict.state == SHORT:
        yield _alert(
            subject, DUE, "short", now, f"was tried {verdict.made} times; {verdict.owed} are still promised", 3
        )


def _alert(
    subject: Subject, type_: str, cause: str, at: int, what: str, rank: int, *, hand_raise: bool = False
) -> Alert:
    who = subject.name + (f" ({subject.company})" if subject.company else "")
    return Alert(
        f"{type_}|{subject.person}|{subject.cycle}|{cause}", type_, subject.person, subject.owner, at,
        f"{who or 'Somebody'} {what}", body(subject), rank, hand_raise,
    )  # fmt: skip


def body(subject: Subject) -> str:
    """What a colleague should know before they call."""
    lines = [f"Priority {subject.tier}." if subject.tier else "", subject.reasons]
    lines += [f"Open deal: {deal}" for deal in subject.deals]
    latest = [touch for touch in subject.touches if touch.by in ("buyer", "sales")][-LATEST:]
    lines += [
        f"{day_of(touch.at)} {touch.sort.replace('_', ' ')} {touch.title or touch.url}".rstrip() for touch in latest
    ]
    lines += list(subject.links)
    return "\n".join(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one colleague is told at one time."""

    owner: str
    alerts: tuple[Alert, ...]
    digest: bool = False
    """A list to read, not a call to make."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is told now, and what waits."""

    now: Sequence[Delivery]
    waiting: Sequence[Alert] = ()


def due(
    waiting: Sequence[Alert],
    told_today: Mapping[str, int],
    rules: Rules,
    calendar_of: Callable[[str], Calendar],
    now: int,
) -> Due:
    """What is told now: at once by day; as one list what came at night, what is above the cap, and what was only to be
    read on the days before.

    told_today: colleague → how many alerts of their own they were told since their day began.
    """
    mine: dict[str, list[Alert]] = {}
    later: list[Alert] = []
    for alert in sorted(waiting, key=lambda a: (a.rank, a.at, a.key)):
        calendar = calendar_of(alert.owner)
        at_work = calendar.opening(now) == now and (
            alert.rank < LOW or alert.type in NOTICES or calendar.day_of(alert.at) < calendar.day_of(now)
        )
        if at_work or (alert.hand_raise and rules.always_hand_raise):
            mine.setdefault(alert.owner, []).append(alert)
        else:
            later.append(alert)
    found: list[Delivery] = []
    for owner, some in sorted(mine.items()):
        found += [Delivery(owner, (alert,), digest=True) for alert in some if alert.type in NOTICES]
        calls = [alert for alert in some if alert.rank < LOW]
        room = max(0, rules.cap - told_today.get(owner, 0))
        between = calendar_of(owner).between
        # A morning's worth of alerts is one message; single ones come one by one.
        night = {alert.key for alert in calls[:room] if between(alert.at, now) < now - alert.at - HOUR}
        singly = {alert.key for alert in calls[:room] if len(night) < 2 or alert.key not in night}
        found += [Delivery(owner, (alert,)) for alert in calls if alert.key in singly]
        if rest := [alert for alert in some if alert.key not in singly and alert.type not in NOTICES]:
            found.append(Delivery(owner, tuple(rest), digest=True))
    return Due(found, later)


def told(alert: Alert, rules: Rules) -> tuple[str, ...]:
    """The colleagues who are told of an alert: marketing of an outcome, else its owner; of a broken promise the
    manager, or who stands in for one, as well; of what is for both teams marketing and all managers."""
    names = [alert.owner or rules.fallback]
    if alert.type == OUTCOME and rules.marketing:
        names = list(rules.marketing)
    elif alert.type in OF_BOTH and (both := [*rules.marketing, *rules.managers.values()]):
        names = both
    elif alert.type in OF_SERVICE and rules.ops:
        names = list(rules.ops)
    elif alert.type == BREACH:
        names.append(rules.managers.get(alert.owner.lower(), rules.fallback))
    return tuple(name for name in dict.fromkeys(names) if name)


def notice(type_: str, cause: str, owner: str, at: int, title: str, text: str) -> Alert:
    """An alert about nobody in particular."""
    return Alert(f"{type_}|{cause}", type_, "", owner, at, title, text, 9)
