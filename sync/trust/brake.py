"""A brake on loops: a field that goes back and forth between two writers is left alone for a while.

Where an automation on each side writes its own value, or one takes away what we restore by the rule, the two fight for
ever.  Neither is wrong by its own rules; only a person can say which rule is.  That field of that record is frozen, all
others go on.  Opt-outs know no brake.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place, Value
from state.rows import LIVE, JournalRow, ReviewRow, Row
from sync.decide.consent import is_consent
from sync.decide.decision import FROZEN, Decision, Draft, Question, without
from sync.outcomes import UNSEEN

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.trust.limits import BrakesSettings

HOUR, DAY = 3_600_000, 86_400_000
LINES = 300
"""Lines of the journal that are looked at."""


def suspects(mapping: KindMapping, live: Mapping[str, Row], draft: Draft) -> list[str]:
    """The fields of a draft on which the sides agreed before."""
    row = live.get(draft.system)
    shadow = row.shadow if row is not None and draft.id == row.id else None
    return [name for name in draft.fields if name in (shadow or ()) and not is_consent(mapping.rule_of(name))]


@dataclass(frozen=True, slots=True)
class Brake:
    """What is known of one entity, and how often is too often."""

    mapping: KindMapping
    rows: Sequence[Row]
    limits: BrakesSettings
    now: int
    journal: Sequence[JournalRow] = ()
    """Newest first."""
    frozen: Mapping[str, ReviewRow] = field(default_factory=dict)
    """Field → the question about it that is open."""

    def apply(self, decision: Decision) -> None:
        """Take out of the drafts what goes back and forth, and ask a person."""
        live = {row.system: row for row in self.rows if row.state == LIVE}
        details = {name: review.detail for name, review in self.frozen.items() if review.detail["until"] > self.now}
        for draft in decision.drafts:
            for name in suspects(self.mapping, live, draft):
                writes = () if name in details else self._too_often(live, draft.system, name, draft.fields[name].new)
                if writes:
                    details[name] = self._detail(live, name, writes)
        if not details:
            return
        first = next(row for system in self.mapping.rule.objects if (row := live.get(system)) is not None)
        decision.questions += [
            Question(FROZEN, first.system, first.object, first.id, name, detail) for name, detail in details.items()
        ]
        left = [
            without(self.mapping, draft, details.keys() & draft.fields.keys()) if draft.id else draft
            for draft in decision.drafts
        ]
        decision.drafts = [draft for draft in left if draft.native or draft.archive]

    def _too_often(self, live: Mapping[str, Row], system: str, name: str, value: Value) -> Sequence[JournalRow]:
        """The writes that went back and forth, if there were too many."""
        chain = list(self._chain(live, system, name, value))
        for span, most in ((HOUR, self.limits.flips_per_hour), (DAY, self.limits.flips_per_day)):
            if len(recent := [line for line in chain if line.at_ms > self.now - span]) >= most:
                return recent
        return ()

    def _chain(self, live: Mapping[str, Row], system: str, name: str, value: Value) -> Iterator[JournalRow]:
        """Our writes of a field, newest first, as long as each answers the one before: it went to the other side, or
        wrote the same value once more.  What was not there when we looked, nobody took away."""
        for line in self.journal:
            if line.operation is None or line.field != name or line.reason.startswith(("lost:", "overwritten:")):
                continue
            if line.reason.endswith(UNSEEN):
                continue
            if line.system not in live:
                return
            became = self.mapping.canon(Place(line.system, live[line.system].object), name, line.became)
            if line.system == system and not self.mapping.same(name, became, value):
                return
            yield line
            system, value = line.system, became

    def _detail(self, live: Mapping[str, Row], name: str, writes: Sequence[JournalRow]) -> dict[str, Any]:
        systems = sorted({line.system for line in writes})
        last = {line.system: line.became for line in reversed(writes)}
        if len(systems) > 1:
            who = f"{' and '.join(systems)} both keep changing it"
            fix = f"something in {systems[0]} and something in {systems[1]} each write a value of their own: change one"
        else:
            who = f"something in {systems[0]} keeps taking away what the rule of {name} restores"
            fix = "change that automation, or the rule"
        return {
            "code": "PING_PONG",
            "native": name,
            "kind": self.mapping.rule.kind,
            "cause": f"{who}: {len(writes)} times",
            "values": {system: row.now.get(name) for system, row in live.items()} | last,
            "when": [writes[-1].at_ms, writes[0].at_ms],
            "records": [list(row.ref) for row in live.values()],
            "until": self.now + self.limits.frozen_hours * HOUR,
            "fix": f"{fix}; it is tried again after {self.limits.frozen_hours} hours, or after `smarketing resume "
            f"--record {next(iter(live.values())).system}:{next(iter(live.values())).id}`",
        }


@dataclass
class Loops:
    """The brake over one batch of entities: what is asked of the state is asked for all of them at once."""

    engine: Engine
    mapping: KindMapping
    entities: Collection[str]
    _busy: set[str] | None = None
    """Those that we wrote to often lately; None: not asked yet."""
    _frozen: dict[str, dict[str, ReviewRow]] = field(default_factory=dict)

    def apply(self, entity: str, rows: Sequence[Row], decision: Decision) -> None:
        """Leave alone what goes back and forth."""
        store, limits, now = self.engine.store, self.engine.brakes, self.engine.now()
        live = {row.system: row for row in rows if row.state == LIVE}
        if not any(suspects(self.mapping, live, draft) for draft in decision.drafts):
            return
        if self._busy is None:
            few = min(limits.flips_per_hour, limits.flips_per_day)
            self._busy = store.often_written(self.entities, now - DAY, few)
            for review in store.questions_of(self.entities, (FROZEN,)):
                self._frozen.setdefault(str(review.entity), {})[str(review.field)] = review
        frozen = self._frozen.get(entity, {})
        if frozen or entity in self._busy:
            journal = store.journal(entity, LINES) if entity in self._busy else ()
            Brake(self.mapping, rows, limits, now, journal, frozen).apply(decision)
