"""A person's way through the shared vocabulary: a pure state machine over stage, status and cycle.

What the systems say is evidence.  A stage moves forward by any evidence and any distance; it moves back only by one
of six events: recycle, disqualify, reopen, lost, churn, admin_correct.  Automatic evidence never moves it back.
Coming to `mql` or further again after having been sent away opens the next cycle.

Times are ms on the clock of the system that gave the evidence; None: unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mapping.lifecycle import ACTIVE, Lifecycle

SALES, DEAL, MARKETING, COMPANY = "sales", "deal", "marketing", "company"
PRIORITY = {SALES: 0, DEAL: 1, MARKETING: 2, COMPANY: 3}
"""Who is believed first where evidence of one cycle contradicts itself: a status that sales set, then deals, then
what marketing's system, a score or a rule says, then what follows from the company."""
TEAM = {SALES: "sales", DEAL: "sales", MARKETING: "marketing", COMPANY: "marketing"}

EVENTS = {"recycled": "recycle", "disqualified": "disqualify", "lost": "lost", "churned": "churn"}
"""Status → the event by which it is entered.  Any other status only stands beside the stage (`status`)."""
BACKWARD = frozenset({*EVENTS.values(), "reopen", "admin_correct"})
"""The six events that may move a stage back."""
SENT_AWAY = frozenset(EVENTS)
"""Statuses after which coming back opens a new cycle."""
ENTRY = "mql"
"""The stage at which a cycle begins."""
NO_DEALS: Mapping[str, str] = {}
_NONE: Mapping[str, Any] = {}


class Evidence(NamedTuple):
    """One thing that one system says of the person."""

    key: str
    """Who says it: "salesforce", "salesforce:converted", "deal:006…".  Each key is heard once per time."""
    source: str
    """sales, deal, marketing, company."""
    value: str
    """A stage or a status."""
    at: int
    what: str
    """In plain words: "Lead Status"."""
    left: str | None = None
    """The status that the same voice said before, and takes back with this."""
    actor: str = "unknown"
    """person, automation, integration, unknown."""
    reason: str | None = None
    until: str | None = None
    """`YYYY-MM-DD`, of a recycled person."""
    corrects: bool = False
    """Everywhere where the person has a stage, it was set back: somebody means it."""
    dated: bool = False
    """`at` is when the person came there, and not only when a record that says so was changed."""
    who: str = ""
    """Their id in the system that says it, where that is told."""
    sure: bool = True
    """No later word of the same voice can carry the same time."""

    @property
    def heard(self) -> int:
        """Only what is said after this time is news."""
        return self.at if self.sure else self.at - 1


class Standing(NamedTuple):
    """Where a person stands."""

    stage: str | None
    status: str = ACTIVE
    cycle: int = 1
    reason: str | None = None
    """Of the status, from its closed list."""
    until: str | None = None
    left: str | None = None
    """The status that the person was last called back from."""
    entered: Mapping[str, int] = _NONE
    """Stage or status → when it was last entered, ms; only what is known, and of stages only this cycle's."""
    moved: bool = False
    """Something has happened since the person was met."""
    heard: Mapping[str, int] = _NONE
    """Key of evidence → time of what was taken into account: it does not count a second time."""
    deals: Mapping[str, str] = _NONE
    """Record of a deal → the outcome that was taken into account."""


class Transition(NamedTuple):
    """One step of the way."""

    was: Standing
    became: Standing
    event: str
    """forward, status, met, or one of the six events that may lead back."""
    at: int | None
    evidence: str
    side: str
    actor: str
    inferred: bool = False
    """The stage was skipped: nobody said it, and it gets the time of the stage that was reached."""
    backfilled: bool = False
    """Told by a system's history, from before the sync."""
    who: str = ""
    """The id of the one who did it, in the system that says it."""
    weak: bool = False
    """Nobody tells when it was: `at` is when the first of the person's records was made."""


class Refusal(NamedTuple):
    """Evidence that does not count, and why."""

    evidence: Evidence
    why: str


class Step(NamedTuple):
    """What the evidence of one cycle leads to."""

    standing: Standing
    transitions: tuple[Transition, ...]
    refused: tuple[Refusal, ...]


def begin(
    lifecycle: Lifecycle,
    evidence: Iterable[Evidence],
    known: Standing | None = None,
    deals: Mapping[str, str] = NO_DEALS,
    past: Iterable[Evidence] = (),
    made: int | None = None,
) -> Step:
    """The first standing: the furthest stage anybody says, and the status that is believed first.

    known: what the records themselves tell of an earlier life: the cycle, and when stages were entered.
    deals: those that the evidence takes into account, to be remembered.
    past: what the histories of the records say, word by word; each key is one voice.
    made: when the first of the records was made, ms.
    """
    told = _ordered(lifecycle, evidence)
    stages = [e for e in told if e.value in lifecycle.stages]
    best = max(stages, key=lambda e: lifecycle.rank(e.value), default=None)
    statuses = [e for e in told if e.value in lifecycle.statuses and _may(lifecycle, e, e.value)]
    first = statuses[0] if statuses else None
    said = best or first
    reached = lifecycle.rank(best.value if best is not None else None)
    known = known or Standing(None)
    dates = {name: at for name, at in known.entered.items() if lifecycle.rank(name) <= reached}
    side = said.key.partition(":")[0] if said is not None else ""
    way = _lived(lifecycle, [*past, *(e for e in stages if e.dated)], dates, side)
    lived = way[-1].became if way else Standing(None)
    entered = {name: at for name, at in {**lived.entered, **dates}.items() if lifecycle.rank(name) <= reached}
    standing = Standing(
        best.value if best is not None else None,
        cycle=max(known.cycle, lived.cycle),
        entered=entered,
        heard={e.key: e.heard for e in told},
        deals=deals,
    )
    if first is not None:
        reason = lifecycle.reason(first.value, first.reason)
        standing = standing._replace(status=first.value, reason=reason, until=first.until)
    if said is None:
        return Step(standing, (), ())
    return Step(standing, tuple(_met(way, standing, said, made)), ())


def _met(way: list[Transition], standing: Standing, said: Evidence, made: int | None) -> list[Transition]:
    """The way to where the person was met, the last step included: as a history tells it, or only that it is so."""
    last = way[-1] if way else None
    if last is not None and (last.became.stage, last.became.status) == (standing.stage, standing.status):
        return [*way[:-1], last._replace(became=standing, event="met")]
    was = last.became if last is not None else Standing(None)
    at = standing.entered.get(standing.stage or "")
    weak = at is None and made is not None
    side = said.key.partition(":")[0]
    now = Transition(was, standing, "met", made if weak else at, said.what, side, said.actor, who=said.who, weak=weak)
    return [*way, now]


def _lived(lifecycle: Lifecycle, past: Iterable[Evidence], dates: Mapping[str, int], side: str) -> list[Transition]:
    """What the histories tell, each word judged as it would have been then; and what only dates are told of."""
    words = list(past)
    told = {said.value for said in words}
    words += [
        Evidence(f"{side}:dates", MARKETING, name, at, "tells when")
        for name, at in dates.items()
        if name in lifecycle.stages and name not in told
    ]
    now, says, made = Standing(None), dict[str, str](), list[Transition]()
    for said in sorted(words, key=lambda e: (e.at, lifecycle.rank(e.value), *map(str, e))):
        before = says.get(said.key)
        says[said.key] = said.value
        furthest = max(says.values(), key=lifecycle.rank)
        if before in lifecycle.statuses:
            said = said._replace(left=before)
        elif said.value in lifecycle.stages and lifecycle.rank(furthest) < lifecycle.rank(now.stage):
            said = said._replace(value=furthest, corrects=True)
        then, event = _judge(lifecycle, now, said)
        if then is not None:
            steps = _steps(lifecycle, now, then, "forward" if event == "met" else event, said)
            made += [step._replace(backfilled=True) for step in steps]
            now = steps[-1].became
    return made


def step(
    lifecycle: Lifecycle, standing: Standing, evidence: Iterable[Evidence], deals: Mapping[str, str] = NO_DEALS
) -> Step:
    """What the evidence of one cycle changes.  The order in which it is given does not matter.

    deals: those that it takes into account, to be remembered.
    """
    fresh = [e for e in _ordered(lifecycle, evidence) if e.at > standing.heard.get(e.key, -1)]
    now = standing
    made: list[Transition] = []
    refused: list[Refusal] = []
    set_back: Evidence | None = None
    for said in fresh:
        if set_back is not None and PRIORITY[said.source] > PRIORITY[set_back.source]:
            refused.append(Refusal(said, f"{set_back.what} counts before it"))
            continue
        then, event = _judge(lifecycle, now, said)
        if then is None:
            refused += [Refusal(said, event)] if event else []
            continue
        if lifecycle.rank(then.stage) < lifecycle.rank(now.stage):
            set_back = said
        transitions = _steps(lifecycle, now, then, event, said)
        made += transitions
        now = transitions[-1].became
    if not made:
        return Step(standing, (), tuple(refused))
    heard = {**now.heard, **{e.key: e.heard for e in fresh}}
    moved = now.moved or any(t.event != "met" for t in made)
    known = {**now.deals, **deals}
    made = [t._replace(became=t.became._replace(heard=heard, moved=moved, deals=known)) for t in made]
    return Step(made[-1].became, tuple(made), tuple(refused))


def _ordered(lifecycle: Lifecycle, evidence: Iterable[Evidence]) -> list[Evidence]:
    """Who counts first comes first; among equals the furthest stage, then the earliest word."""
    told = list(evidence)
    if len(told) > 1:
        told.sort(key=lambda e: (PRIORITY[e.source], -lifecycle.rank(e.value), e.at, *map(str, e)))
    return told


def _may(lifecycle: Lifecycle, said: Evidence, status: str) -> bool:
    """Whether the status is this team's to give and to take."""
    entry = lifecycle.statuses.get(status)
    return entry is not None and entry.owner == TEAM[said.source]


def _judge(lifecycle: Lifecycle, now: Standing, said: Evidence) -> tuple[Standing | None, str]:
    """(the new standing, the event), or (None, why it does not count; empty where it is no news)."""
    if said.value in lifecycle.statuses:
        return _to_status(lifecycle, now, said)
    far, here = lifecycle.rank(said.value), lifecycle.rank(now.stage)
    if said.left is not None and said.left == now.status and _may(lifecycle, said, now.status):
        stage = said.value if TEAM[said.source] == "sales" or far > here else now.stage
        return _called_back(lifecycle, now, stage), "reopen"
    if now.stage is None:
        return now._replace(stage=said.value), "met"
    if far > here:
        if now.status == "recycled" and far >= lifecycle.rank(ENTRY):
            return _called_back(lifecycle, now, said.value), "forward"
        return now._replace(stage=said.value), "forward"
    if far == here:
        return None, ""
    if not said.corrects:
        return None, f"{now.stage} is further, and nothing says why to go back"
    if said.actor in ("automation", "integration"):
        return None, f"{now.stage} is further, and automation never moves anybody back"
    return now._replace(stage=said.value), "admin_correct"


def _to_status(lifecycle: Lifecycle, now: Standing, said: Evidence) -> tuple[Standing | None, str]:
    status = lifecycle.statuses[said.value]
    reason = lifecycle.reason(said.value, said.reason)
    if now.status == said.value and (reason or now.reason) == now.reason:
        return None, ""
    if not _may(lifecycle, said, said.value):
        return None, f"{said.value} is for {status.owner} to say"
    event = EVENTS.get(said.value, "status")
    back = event in BACKWARD and status.back_to and lifecycle.rank(status.back_to) < lifecycle.rank(now.stage)
    stage = status.back_to if back else now.stage
    if now.status == said.value:
        # Only the reason is news: the person is where the status led already.
        stage = now.stage
    return now._replace(stage=stage, status=said.value, reason=reason, until=said.until, left=None), event


def _called_back(lifecycle: Lifecycle, now: Standing, stage: str | None) -> Standing:
    """Active again; in a new cycle, if sent away before and now as far as a cycle begins."""
    again = now.status in SENT_AWAY and lifecycle.rank(stage) >= lifecycle.rank(ENTRY) and ENTRY in lifecycle.stages
    back = now._replace(stage=stage, status=ACTIVE, reason=None, until=None, left=now.status)
    if not again:
        return back
    below = {name: at for name, at in now.entered.items() if lifecycle.rank(name) < lifecycle.rank(ENTRY)}
    return back._replace(cycle=now.cycle + 1, entered=below)


def _steps(lifecycle: Lifecycle, now: Standing, then: Standing, event: str, said: Evidence) -> list[Transition]:
    """The transition, after one for each stage that it skips."""
    anew = then.cycle != now.cycle
    begins = lifecycle.rank(ENTRY) if anew else lifecycle.rank(now.stage) + 1
    reached = lifecycle.rank(then.stage)
    skips = anew or (now.stage is not None and reached > lifecycle.rank(now.stage))
    passed = [s.name for s in lifecycle.stages.values() if begins <= s.rank < reached] if skips else []
    entered = dict(then.entered)
    side = said.key.partition(":")[0]
    made: list[Transition] = []
    for name in passed:
        entered[name] = said.at
        became = then._replace(stage=name, entered=dict(entered))
        made.append(Transition(now, became, event, said.at, said.what, side, said.actor, inferred=True, who=said.who))
        now = became
    if then.stage is not None and event != "met" and (anew or then.stage != now.stage):
        entered[then.stage] = said.at
    if then.status not in (ACTIVE, now.status):
        entered[then.status] = said.at
    became = then._replace(entered=entered)
    return [*made, Transition(now, became, event, said.at, said.what, side, said.actor, who=said.who)]


def time_in_stage(way: Iterable[tuple[int | None, Standing]], until: int) -> dict[tuple[int, str], int]:
    """(cycle, stage) → ms spent there, of a whole way up to `until`.

    way: when each standing was entered; what has no time counts for nothing.
    """
    spent: dict[tuple[int, str], int] = {}
    dated = sorted(((at, standing) for at, standing in way if at is not None), key=lambda step: step[0])
    ends = [*(at for at, _ in dated[1:]), until][: len(dated)]
    for (at, standing), end in zip(dated, ends, strict=True):
        if standing.stage is not None:
            place = standing.cycle, standing.stage
            spent[place] = spent.get(place, 0) + max(0, end - at)
    return spent


# -- as the journal keeps it -------------------------------------------------------------------------------------------

JOURNALED = "@stage"
"""The field under which the journal keeps transitions."""


def was_of(transition: Transition) -> dict[str, Any]:
    """What the journal says there was."""
    was = transition.was
    return {"stage": was.stage, "status": was.status, "cycle": was.cycle}


def became_of(transition: Transition) -> dict[str, Any]:
    """What the journal says there is now: enough to go on from."""
    became = transition.became
    told = became._asdict() | {
        "event": transition.event,
        "at": transition.at,
        "evidence": transition.evidence,
        "side": transition.side,
        "actor": transition.actor,
        "inferred": transition.inferred,
        "backfilled": transition.backfilled,
        "who": transition.who or None,
        "weak": transition.weak,
    }
    return {name: value for name, value in told.items() if value not in (None, False, {})}


def standing_of(became: Mapping[str, Any]) -> Standing:
    """Where the person stood after a journaled transition."""
    return Standing(**{"stage": None, **{name: value for name, value in became.items() if name in Standing._fields}})


def sentence(transition: Transition) -> str:
    """The transition as a person reads it."""
    became = transition.became
    status = "" if became.status == ACTIVE else f", {became.status}"
    by = f"by {transition.actor}" + (f" {transition.who}" if transition.who else "")
    marks = [f"{transition.side} {transition.evidence}", by, f"cycle {became.cycle}"]
    marks += [f"reason {became.reason}"] if became.reason and became.status != ACTIVE else []
    marks += ["inferred"] if transition.inferred else []
    marks += ["from its history"] if transition.backfilled else []
    marks += ["dated by when the record was made"] if transition.weak else []
    return (
        f"{transition.event}: {transition.was.stage or 'none'} to {became.stage or 'none'}{status} ({'; '.join(marks)})"
    )
