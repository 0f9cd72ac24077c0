"""Decide again whatever is dirty: who is whom, what each entity should hold, which writes that takes.

Streams the dirty records in batches of constant size.  A batch reads the state, decides purely (`sync.match`,
`sync.plan`) and is stored in one transaction.  No call to a system happens here but to ask what people who are met
were before (`sync.decide.recall`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mapping.rules import STAGE
from state.rows import (
    DELETED,
    ERASED,
    LIVE,
    MOVED,
    SENT,
    SHARED,
    SKIPPED,
    Batch,
    DerivedRow,
    JournalRow,
    OperationRow,
    ReviewRow,
    Row,
)
from sync.decide import accounts, asking, dealing, parents
from sync.decide.answers import answers
from sync.decide.consent import taken_back_everywhere
from sync.decide.decision import after, final, operation, raised
from sync.decide.derived import NOTHING, learns
from sync.decide.hearing import hear
from sync.decide.namesakes import ask, namesakes
from sync.decide.staging import journaled
from sync.decide.telling import tell
from sync.identity import GONE, Identities
from sync.plan import Planner
from sync.trust import undoing
from sync.trust.brake import Loops
from sync.trust.erased import back

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.trust.scope import Selector

PLANNED_QUESTIONS = ("held", "unmapped", "conflict", "rejected", "recreate", "parked")
"""Questions that a new decision on the entity raises again, or settles."""


def reconcile(engine: Engine, planner: Planner) -> Iterator[Counter[str]]:
    """Decide every dirty record of the kind once.  Gives, after each batch that is stored, how many writes it plans to
    each system."""
    after = 0
    selector = engine.selector(planner.mapping)
    while rows := engine.view.dirty(planner.mapping.rule.kind, after, engine.batch):
        after = rows[-1].n
        engine.beat()
        engine.step("reconcile:batch")
        batch = _Batch(engine, planner, rows)
        batch.decide(selector)
        engine.view.commit_batch(engine.lease, batch.result())
        if engine.view is engine.store:
            engine.guard.count(batch.drafts)
        engine.step("reconcile:committed")
        engine.progress("decided", planner.mapping.rule.kind, "", len(rows), None)
        yield Counter(draft.system for draft in batch.drafts)


@dataclass
class _Batch(Identities):
    """One batch of dirty records, from what is known to what is decided."""

    drafts: list[OperationRow] = field(default_factory=list)
    journal: list[JournalRow] = field(default_factory=list)
    asked_of: set[str] = field(default_factory=set)
    """Entities whose earlier questions are settled unless raised again: all of them could be decided."""
    ways: Mapping[str, dealing.Way] = field(default_factory=dict)
    """Entity → how far the person is, by the journal, and the deals."""
    derived: Mapping[str, Mapping[str, DerivedRow]] = field(default_factory=dict)
    """Entity → field → what was worked out."""
    alike: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    """Entity → records that may be its missing counterpart."""
    undone: Mapping[str, Sequence[ReviewRow]] = field(default_factory=dict)
    """Entity → what of it an undo holds."""

    def decide(self, selector: Selector | None) -> None:
        self.know(self.dirty)
        if selector is not None:
            self._leave_out(selector)
        self.identify()
        by_entity: dict[str, list[Row]] = {}
        for row in self.rows.values():
            if row.entity is not None and row.entity in self.entities:
                by_entity.setdefault(row.entity, []).append(row)
        opens: dict[str, dict[str, OperationRow]] = {}
        for (entity, system), open_ in self.opens.items():
            opens.setdefault(entity, {})[system] = open_
        if self.planner.mapping.rule.judges(STAGE):
            self.ways = dealing.ways(self.engine, self.planner.mapping, by_entity)
        if learns(self.planner.mapping.rule):
            self.derived = self.engine.view.derived(sorted(by_entity))
        self.alike = namesakes(self.engine.view, self.planner.mapping, by_entity, self.engine.store.asked)
        if self.planner.mapping.rule.parents:
            every = (row for rows in (*by_entity.values(), *self.alike.values()) for row in rows)
            linked = parents.links(self.engine.view, self.planner.mapping, every)
            if self.planner.mapping.rule.create_known_as:
                linked = replace(linked, buying=accounts.buying(self.engine, linked))
            self.planner = self.planner.linked(linked)
        self.undone = undoing.asked(self.engine.view, by_entity)
        self.planner = replace(self.planner, answers=answers(self.engine.store, by_entity))
        loops = Loops(self.engine, self.planner.mapping, self.entities)
        for entity, rows in by_entity.items():
            self._plan(entity, sorted(rows, key=lambda row: row.n), opens.get(entity, {}), loops)
        for row in self.dirty:
            current = self.rows[row.n]
            if current.state == ERASED:
                self.questions |= back(current, self.engine.now())
                self.rows[row.n] = current._replace(dirty=False)
                continue
            waits = current.state == LIVE and current.n not in self.asked
            if (current.entity is None and not waits) or current.state == SHARED:
                waits = row.n in self.waiting
                spans = current.spans if waits or current.state == SHARED else {}
                self.rows[row.n] = current._replace(dirty=waits, fate=final(current, SKIPPED), spans=spans)

    def result(self) -> Batch:
        """What the batch says, complete, for one transaction."""
        changed = [row for n, row in self.rows.items() if row != self.read[n]]
        gone = [row for row in self.rows.values() if row.state in GONE and self.read[row.n].dirty]
        self.settle(*(about for row in gone for about in asking.about(row)))
        standing = self.engine.view.questions_of(self.asked_of, PLANNED_QUESTIONS)
        self.settle(*(review.fingerprint for review in standing))
        closed = [closing for closing in self.settled if closing.fingerprint not in self.questions]
        before = ((self.read[row.n], row) for row in changed)
        free = parents.released(before, self.rows.values()) if self.planner.mapping.rule.has_children else []
        questions = asking.to_be_put(self.engine.store, self.questions.values())
        return Batch(changed, self.drafts, self.dropped, self.journal, questions, closed, free)

    def _leave_out(self, selector: Selector) -> None:
        """What a backfill is not about is not decided now; what is linked already, always."""
        out = {row.n for row in self.dirty if row.entity is None and row.state == LIVE and not selector.takes(row)}
        for row in self.dirty:
            if row.n in out:
                self.rows[row.n] = row._replace(dirty=False, fate=final(row, SKIPPED))
        self.dirty = [row for row in self.dirty if row.n not in out]

    def _plan(self, entity: str, rows: Sequence[Row], opens: Mapping[str, OperationRow], loops: Loops) -> None:
        rows = [row._replace(dirty=row.n in self.waiting) if row.state == MOVED else row for row in rows]
        heard = hear(self.engine, self.planner, entity, rows, self.rows.values(), self.heard)
        way, derived = self.ways.get(entity, dealing.UNKNOWN), self.derived.get(entity, NOTHING)
        decision = self.planner.decide(entity, rows, opens, way.stands, heard, way.told, derived, way.past)
        if entity in self.alike:
            ask(self.planner.mapping, rows, self.alike[entity], decision)
        live = {row.system: row for row in rows if row.state == LIVE}
        for row in rows:
            if row.state == DELETED and row.system in live and row.shadow is not None:
                # Should it come back: the others agreed with somebody else since.
                self.rows[row.n] = self.rows[row.n]._replace(shadow=None)
        loops.apply(entity, rows, decision)
        if undone := self.undone.get(entity):
            self.settled += undoing.hold(self.planner.mapping, rows, decision, undone, self.engine.now())
        tell(self.planner.mapping, live, opens, decision, self.engine.guard.may_tell)
        if self.engine.approved is not None:
            self.engine.approved.hold_back(self.planner.mapping, entity, decision, self.engine.run, live)
        planned = {draft.system for draft in decision.drafts if not draft.aside}
        for system, open_ in opens.items():
            stands = open_.state == SENT or (open_.state == "parked" and decision.refused_still(system))
            if system not in planned and not stands:
                self.dropped.append(open_.n)
        kind = self.planner.mapping.rule.kind
        self.drafts += [operation(draft, entity, kind, self.engine.run, live) for draft in decision.drafts]
        told = (self.engine.now(), self.engine.run, entity)
        self.journal += [JournalRow(*told, n.system, n.field, n.was, n.became, n.reason) for n in decision.notes]
        self.journal += [journaled(transition, *told) for transition in decision.transitions]
        self.settled += taken_back_everywhere(decision, self.planner.mapping.rule.objects, self.engine.now())
        self.settle(*decision.carried_out)
        if not decision.waits:
            self.asked_of.add(entity)
        for question in decision.questions:
            asked = raised(question, entity, self.engine.now(), self.planner.seen)
            self.questions[asked.fingerprint] = asked
        self.engine.made(conflicts=decision.conflicts)
        for row in rows:
            waits = (decision.waits and row.state == LIVE) or row.n in self.waiting
            self.rows[row.n] = after(self.rows[row.n], decision, waits=waits)
