"""When a run needs a plan that somebody approved, and what is let through then.

Three runs may do more than anybody expects: the first one, the first one under other rules, and a backfill.  What they
would write is counted before anything is written; above the limits of `[plan]` nothing is but opt-outs, which wait
for nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from connectors.errors import Misconfigured
from mapping.mapping import Mapping as KindMapping
from state.rows import DONE, LIVE, PARKED, OperationRow, RunRow
from sync.decide.consent import is_consent
from sync.decide.counts import CLEARS, CREATES, LINKS, REPLACES, UPDATES, Counts, effect
from sync.decide.decision import Decision, Draft, operation, without
from sync.settings.fields import Section
from sync.spool import Spool
from sync.trust.guard import MASS, Pause
from sync.trust.plans import Saved, line_of, words, words_of

if TYPE_CHECKING:
    from sync.engine import Engine

WRITING = frozenset({"sync", "backfill", "rebuild", "reconcile", "apply"})
"""Jobs after whose end the rules they went by are known to be wanted."""
WHOLE = frozenset({"backfill", "rebuild"})
"""Jobs that are looked at every time."""
WRITTEN, REFUSED, WAITING = "written", "refused", "waiting"
LATEST_RUNS = 200
"""So many runs are looked through for the rules that are known to be wanted."""
MANY_RUNS = 10_000
"""More than ever carried out one plan."""
HOUR = 3_600_000
_UNITS = {"minute": HOUR // 60, "hour": HOUR, "day": 24 * HOUR}


class PlanSettings(Section):
    """`[plan]`"""

    expires: str = "24 hours"
    creates: int = Field(default=20_000, ge=0)
    updates: int = Field(default=20_000, ge=0)
    replaces: int = Field(default=200, ge=0)
    clears: int = Field(default=20, ge=0)
    share: float = Field(default=0.05, ge=0, le=1)

    @field_validator("expires")
    @classmethod
    def _readable(cls, text: str) -> str:
        if not re.fullmatch(r"[1-9]\d{0,3} (minute|hour|day)s?", text):
            raise ValueError('must be like "24 hours", "30 minutes" or "3 days"')
        return text

    @property
    def lasts(self) -> int:
        """How long a saved plan may be carried out, ms."""
        number, unit = self.expires.split()
        return int(number) * _UNITS[unit.removesuffix("s")]


@dataclass(frozen=True)
class Excess:
    """More than a run may do without approval."""

    kind: str
    side: str
    what: str
    many: int
    of: int
    """Records of the kind that are known there."""

    def __str__(self) -> str:
        return f"{self.side} {self.kind}: {WORDS[self.what]} {self.many:,} of {self.of:,}"


WORDS = {
    CREATES: "would create",
    UPDATES: "would change",
    REPLACES: "would replace values in",
    CLEARS: "would clear values in",
}


def excesses(limits: PlanSettings, counts: Counts, known: Mapping[tuple[str, str], int]) -> list[Excess]:
    """Where a set of writes is above a limit and its share.  known: (kind, side) → records there."""
    most = {CREATES: limits.creates, UPDATES: limits.updates, REPLACES: limits.replaces, CLEARS: limits.clears}
    found = []
    for (kind, side, what), many in sorted(counts.items()):
        of = known.get((kind, side), 0)
        if what in most and many > most[what] and many > limits.share * of:
            found.append(Excess(kind, side, what, many, of))
    return found


def wanted(runs: Iterable[RunRow]) -> dict[str, str]:
    """Kind → fingerprint of the rules that the last run which came to its end went by.  runs: newest first."""
    found: dict[str, str] = {}
    for run in runs:
        if run.job.split()[0] in WRITING and run.outcome in ("done", "partial"):
            found = {**run.counts.get("rules", {}), **found}
    return found


def why_looked_at(job: str, rules: Mapping[str, str], before: Mapping[str, str]) -> str:
    """Why the writes of a run are counted first, in words; empty: they are not."""
    if any(kind not in before for kind in rules):
        return "This is the first run"
    if any(before[kind] != fingerprint for kind, fingerprint in rules.items()):
        return "The configuration has changed"
    return "This is a backfill" if job in WHOLE else ""


def sentence(why: str, found: Iterable[Excess], *, some: bool = False) -> str:
    """What the run says instead of writing.  some: it is about some records only."""
    told = "; ".join(map(str, found))
    slice = " and the same options" if some else ""
    return (
        f"{why}, and it would do more than [plan] lets pass unseen: {told}. Nothing was written but opt-outs. Look at "
        f"`smarketing plan --full --out plan.json`{slice}, then `smarketing apply plan.json`; or raise the limits in "
        "[plan]."
    )


class Nothing:
    """What a run may write that waits for approval: opt-outs, which wait for nobody."""

    about: frozenset[str] | None = None
    """The entities and records (`side:object:id`) that alone are decided; None: all."""

    def allows(self, planned: OperationRow) -> bool:
        """Whether this may be written."""
        return False

    def lets_go(self, pause: Pause) -> bool:
        """Whether this is not stopped for what may be written."""
        return False

    def hold_back(self, mapping: KindMapping, entity: str, decision: Decision, run: str) -> None:
        """Take out of a decision what may not be written; it is decided again later."""
        drafts: list[Draft] = []
        for draft in decision.drafts:
            if self.allows(operation(draft, entity, mapping.rule.kind, run)):
                drafts.append(draft)
                continue
            decision.waits = True
            opt_outs = {name for name in draft.fields if name[0] != "@" and is_consent(mapping.rule_of(name))}
            if opt_outs and draft.id is not None:
                drafts.append(without(mapping, draft, draft.fields.keys() - opt_outs))
        decision.drafts = drafts


class Approved(Nothing):
    """What a saved plan lets be written: its writes, in its words, pointed at what it creates, which the plan could not
    name; the sync keys of that; and opt-outs."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved
        self.made = saved.made
        self.job = f"apply {saved.digest[:12]}"
        """The name of the runs that carry this plan out."""
        self._words = frozenset(map(words_of, saved.lines()))
        self._creates = frozenset(line["who"] for line in saved.lines() if line["action"] == "create")
        if saved.made.slice:
            named = ((line["who"], f"{line['side']}:{line['record']}") for line in saved.lines())
            self.about = frozenset(name for names in named for name in names)
        self._others: Spool[OperationRow] = Spool(OperationRow._make)
        self._proposed: dict[tuple[str, str], int] = {}
        """(side, entity) → what is proposed there and was not let through."""

    def check(self, now: int, rules: Mapping[str, str], accounts: Mapping[str, str], known: bool) -> None:
        """Raises Misconfigured where the plan is not for here and now.  known: this state remembers its making."""
        file, again = self.saved.path, "make the plan again"
        if self.made.accounts != dict(accounts) or not known:
            raise Misconfigured(f"{file} was made for other accounts or with another state: {again}.")
        if self.made.rules != dict(rules):
            raise Misconfigured(f"{file} was made with another configuration: {again}.")
        if now >= self.made.expires:
            raise Misconfigured(f"{file} has expired ([plan] expires): {again}.")

    def allows(self, planned: OperationRow) -> bool:
        """Whether this may be written."""
        if self._as_planned(planned) is not None:
            return True
        if effect(planned) == LINKS and planned.entity in self._creates:
            return True
        self._proposed[planned.system, planned.entity] = self._others.add(planned)
        return False

    def _as_planned(self, operation: OperationRow) -> bytes | None:
        """The words by which the plan knows this write; None: it does not."""
        for said in (words(operation), words(self._without_new(operation))):
            if said in self._words:
                return said
        return None

    def _without_new(self, operation: OperationRow) -> OperationRow:
        """The write as it was planned before what it belongs to was there."""
        fields: dict[str, Any] = {}
        for name, value in operation.fields.items():
            if isinstance(value, list):
                left = [one for one in value if one not in self._creates]
                if left or not value:
                    fields[name] = left
            elif value not in self._creates:
                fields[name] = value
        return operation._replace(fields=fields)

    def lets_go(self, pause: Pause) -> bool:
        """Somebody who approves a plan that was made since has seen what was too much."""
        return pause.cause in MASS and pause.since <= self.made.made

    def account(self, carried: Iterable[OperationRow]) -> dict[str, Any]:
        """What became of every line of the plan.  carried: all writes of the runs that carried it out."""
        states = {self._as_planned(one): {DONE: WRITTEN, PARKED: REFUSED}.get(one.state, WAITING) for one in carried}
        told = Counter({WRITTEN: 0, REFUSED: 0, WAITING: 0})
        changed = []
        for line in self.saved.lines():
            state = states.get(words_of(line))
            if state is not None:
                told[state] += 1
            else:
                changed.append(self._instead(line))
        unplanned = len(self._proposed) - sum(line["now"] is not None for line in changed)
        return {"plan": self.saved.digest, **told, "replanned": changed, "not_in_the_plan": unplanned}

    def _instead(self, line: Mapping[str, Any]) -> dict[str, Any]:
        where = self._proposed.get((line["side"], line["who"]))
        now = None if where is None else line_of(self._others.at(where))["fields"]
        about = {name: line[name] for name in ("id", "object", "side", "record")}
        return {**about, "planned": line["fields"], "now": now}


def admit(engine: Engine, approved: Approved) -> None:
    """Let a plan in if it is for here and now.  What an interrupted run left planned is decided again first."""
    known = bool(engine.store.runs(1, id=approved.made.run))
    approved.check(engine.now(), engine.decides_by, engine.accounts, known)
    engine.store.put_back(engine.lease)


def carried(engine: Engine, job: str) -> Iterator[OperationRow]:
    """All writes of the runs of a job."""
    for run in engine.store.runs(MANY_RUNS, job=job):
        after = 0
        while page := engine.store.operations(run=run.id, after_n=after):
            yield from page
            after = page[-1].n


def count_first(engine: Engine, job: str) -> Nothing | None:
    """Of a run that may do more than anybody expects, count what it would write; too much of it is not let through."""
    if engine.limits is None:
        return None
    why = why_looked_at(job, engine.decides_by, wanted(engine.store.runs(LATEST_RUNS)))
    if not why:
        return None
    dry = engine.decide_only()
    known: Counter[tuple[str, str]] = Counter()
    for (kind, system, _object, state, _linked), many in engine.store.counts().items():
        known[kind, system] += many if state == LIVE else 0
    found = excesses(engine.limits, dry.counts + dry.replaced, known)
    if not found:
        return None
    engine.report.stop("paused", sentence(why, found, some=engine.scope is not None))
    return Nothing()
