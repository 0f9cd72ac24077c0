"""When a run needs a plan that somebody approved, and what is let through then.

Three runs may do more than anybody expects: the first one, the first one under other rules, and a backfill.  What they
would write is counted before anything is written; above the limits of `[plan]` nothing is but opt-outs, which wait
for nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from connectors.errors import Misconfigured
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import DONE, LIVE, PARKED, OperationRow, Row, RunRow
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

    def allows(self, planned: OperationRow, mapping: KindMapping | None = None, row: Row | None = None) -> bool:
        """Whether this may be written.  row: the record as it is."""
        return False

    def lets_go(self, pause: Pause) -> bool:
        """Whether this is not stopped for what may be written."""
        return False

    def hold_back(
        self, mapping: KindMapping, entity: str, decision: Decision, run: str, live: Mapping[str, Row]
    ) -> None:
        """Take out of a decision what may not be written; it is decided again later.  live: the entity's records."""
        drafts: list[Draft] = []
        for draft in decision.drafts:
            row = live.get(draft.system)
            if self.allows(operation(draft, entity, mapping.rule.kind, run), mapping, row):
                drafts.append(draft)
                continue
            decision.waits = True
            opt_outs = {name for name in draft.fields if name[0] != "@" and is_consent(mapping.rule_of(name))}
            if opt_outs and draft.id is not None:
                drafts.append(without(mapping, draft, draft.fields.keys() - opt_outs))
        decision.drafts = drafts


class Approved(Nothing):
    """What a saved plan lets be written: its writes, in its words, pointed at what it creates, which the plan could not
    name; what is left of a write that was done in part; the sync keys of what was created; and opt-outs."""

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

    def allows(self, planned: OperationRow, mapping: KindMapping | None = None, row: Row | None = None) -> bool:
        """Whether this may be written."""
        if self._as_planned(planned) is not None:
            return True
        line = self._left_of(planned)
        if (
            line is not None
            and mapping is not None
            and row is not None
            and holds(mapping, row, line, but=planned.fields)
        ):
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

    def _left_of(self, operation: OperationRow) -> dict[str, Any] | None:
        """The line of which this write is a part."""
        line = self._updates.get(f"{operation.system}:{operation.object}:{operation.id}") if operation.id else None
        if line is None:
            return None
        planned, told = self.saved.at(line), operation.basis.get("fields", {})
        left = {n: v for n, v in self._without_new(operation).fields.items() if n[0] != "@"}
        changes = planned["fields"]
        same = all(
            n in changes and (changes[n]["old"], changes[n]["new"]) == (told.get(n, {}).get("old"), value)
            for n, value in left.items()
        )
        return planned if same and operation.verb == "update" else None

    @cached_property
    def _updates(self) -> dict[str, int]:
        """`side:object:id` → where in the file its line begins; made when something is not as it was planned."""
        return {
            f"{line['side']}:{line['record']}": at for at, line in self.saved.places() if line["action"] == "update"
        }

    def lets_go(self, pause: Pause) -> bool:
        """Somebody who approves a plan that was made since has seen what was too much."""
        return pause.cause in MASS and pause.since <= self.made.made

    def account(self, engine: Engine, carried: Iterable[OperationRow]) -> dict[str, Any]:
        """What became of every line of the plan.  carried: all writes of the runs that carried it out."""
        states: dict[bytes | None, str] = {}
        for one in carried:
            said = self._as_planned(one)
            if said is None and (part := self._left_of(one)) is not None:
                said = words_of(part)
            states[said] = {DONE: WRITTEN, PARKED: REFUSED}.get(one.state, WAITING)
        told = Counter({WRITTEN: 0, REFUSED: 0, WAITING: 0})
        changed = []
        for line in self.saved.lines():
            state = states.get(words_of(line))
            if state is not None:
                told[state] += 1
            elif line["action"] == "update" and is_done(engine, line):
                told[WRITTEN] += 1
            else:
                changed.append(self._instead(line))
        unplanned = len(self._proposed) - sum(line["now"] is not None for line in changed)
        return {"plan": self.saved.digest, **told, "replanned": changed, "not_in_the_plan": unplanned}

    def _instead(self, line: Mapping[str, Any]) -> dict[str, Any]:
        where = self._proposed.get((line["side"], line["who"]))
        now = None if where is None else line_of(self._others.at(where))["fields"]
        about = {name: line[name] for name in ("id", "object", "side", "record")}
        return {**about, "planned": line["fields"], "now": now}


def holds(mapping: KindMapping, row: Row, line: Mapping[str, Any], but: Collection[str] = ()) -> bool:
    """Whether the record is as the line of a plan wants it.  but: fields that are still to be written."""
    place = Place(row.system, row.object)
    return all(
        n[0] == "@" or n in but or mapping.same(n, mapping.canon(place, n, row.now.get(n)), change["new"])
        for n, change in line["fields"].items()
    )


def is_done(engine: Engine, line: Mapping[str, Any]) -> bool:
    """Whether a line was carried out in parts, of which none tells of all of it."""
    object, _, id = line["record"].partition(":")
    mapping = engine.mapping_of(line["object"])
    row = engine.store.rows(line["side"], object, [id]).get(id)
    theirs = any(n[0] != "@" for n in line["fields"])
    return theirs and mapping is not None and row is not None and row.state == LIVE and holds(mapping, row, line)


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
