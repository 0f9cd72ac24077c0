"""Who is whom in one batch of records: each finds its entity, or waits for a person's answer.

Matches by keys, follows merges and conversions to the records that live on, and lets opt-outs reach all who share an
address.  Nothing here writes to a system.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mapping.rules import Place
from state.rows import (
    APPLIED,
    DELETED,
    DUPLICATE,
    HELD,
    LIVE,
    MOVED,
    SENT,
    SHARED,
    SKIPPED,
    Closing,
    OperationRow,
    ReviewRow,
    Row,
)
from sync import match as matching
from sync.decide import asking, consent, mailboxes, merging, moves
from sync.decide.conversions import continued
from sync.decide.decision import final
from sync.decide.rivals import weighed
from sync.plan import Planner

if TYPE_CHECKING:
    from sync.engine import Engine

GONE = {DELETED, MOVED}
"""What becomes of records that are not there any more."""


@dataclass
class Identities:
    """The records of a batch, and all that matter beside them, from what is known to whose they are."""

    engine: Engine
    planner: Planner
    dirty: Sequence[Row]
    rows: dict[int, Row] = field(default_factory=dict)
    """Every record that matters here, as decided so far, by number."""
    read: dict[int, Row] = field(default_factory=dict)
    """The same as they were read."""
    entities: set[str] = field(default_factory=set)
    opens: dict[tuple[str, str], OperationRow] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)
    questions: dict[str, ReviewRow] = field(default_factory=dict)
    asked: set[int] = field(default_factory=set)
    """Records that wait for a person's answer on who they are."""
    _fresh: set[int] = field(default_factory=set)
    _sent: dict[tuple[str, str], OperationRow] = field(default_factory=dict)
    settled: list[Closing] = field(default_factory=list)
    """Questions that answered themselves."""
    merged_away: dict[int, Row] = field(default_factory=dict)
    """Records that belong to nobody yet → the record they name, which was merged away."""
    named: set[int] = field(default_factory=set)
    """Records that are named by some that belong to nobody yet."""
    taken_along: dict[str, str] = field(default_factory=dict)
    """Entities that came to nothing → the one to which their record went instead."""
    waiting: set[int] = field(default_factory=set)
    """Records that moved to one that is not known since, and those whose opt-out others are still to be told."""
    heard: dict[str, dict[str, str]] = field(default_factory=dict)
    """Entity → the fields by which somebody else opted out for it, and why."""

    def identify(self) -> None:
        """Find everybody's entity, and whose opt-outs are to be heard by whom."""
        self._gather(row.entity for row in self.dirty)
        self._ask_again()
        self._bury()
        self._follow_moves()
        self._match()
        self._bury()
        self._answer_merges()
        if self.planner.mapping.consents:
            self._share_opt_outs()
        for row in mailboxes.set_apart(self.rows.values()):
            self.rows[row.n] = row
            self._gather([row.entity])
        self._follow_moves()  # Those, too, of whom the matching told first.
        for row in list(self.rows.values()):
            if row.state == LIVE and row.entity is not None and (row.why or {}).get("rule") == DUPLICATE:
                # It has a place of its own now, perhaps because it came back to one that had become free.
                self.settle(*asking.about(row))
                self.rows[row.n] = row._replace(why=None)

    def _ask_again(self) -> None:
        """Who was asked about beside a record that changed or went is looked at again with it."""
        changed = {row.ref for row in self.rows.values() if row.dirty and (row.spans or row.state in GONE)}
        for fingerprint, rows in asking.beside(self.engine.store, self.engine.view, changed):
            self.settle(fingerprint)
            again = [row for row in rows if row.state in moves.MATCHED and row.n not in self.rows]
            self.know(again)
            self._gather(row.entity for row in again)
            self.dirty = [*self.dirty, *again]

    def know(self, rows: Iterable[Row]) -> None:
        """Take these in as they were read, unless they are here already."""
        for row in rows:
            if row.n not in self.rows:
                self.rows[row.n] = self.read[row.n] = row

    def _gather(self, entities: Iterable[str | None]) -> None:
        """Read all records and open operations of these entities."""
        new = sorted({entity for entity in entities if entity is not None} - self.entities)
        if new:
            self.entities.update(new)
            for rows in self.engine.view.entity_rows(new, but=list(self.rows)).values():
                self.know(rows)
            self.opens |= self.engine.view.open_operations(new)

    def _bury(self) -> None:
        """A record that was gone before we ever saw it, and named its counterpart, leaves its place there empty.

        One that names a counterpart that is gone takes its place there: it is a creation of ours that came late.
        """
        dirty = {row.n for row in self.dirty}
        everyone = [row for row in self.rows.values() if row.n in dirty or (row.dirty and row.state in GONE)]
        open_ = [row for row in everyone if row.entity is None or row.state == DUPLICATE]
        for row, known in moves.named(self.engine, (row for row in open_ if row.state in (LIVE, DUPLICATE, *GONE))):
            self.know([known])
            self.named.add(known.n)
            source = self.rows[known.n]
            if row.state in (LIVE, DUPLICATE) and source.state == MOVED:
                self.merged_away[row.n] = source
            if row.state == DUPLICATE or source.entity is None or not GONE & {row.state, source.state}:
                continue
            self._gather([source.entity])
            there = [r for r in self.rows.values() if r.entity == source.entity and r.system == row.system]
            if not any(row.state in GONE or other.state == LIVE for other in there):
                self.rows[row.n] = row._replace(entity=source.entity)
                if row.n in self.merged_away:
                    self._suggest_merge(self.rows[row.n], source, moves.heir_of(self.engine, source))

    def _follow_moves(self) -> None:
        """A merged or converted record hands its place in the entity to the record it lives on in."""
        # Twice: whether to ask shows when both systems' places are taken.  A place that nobody took is looked at again.
        taken = {(row.entity, row.system) for row in self.rows.values() if row.in_place}
        moved = [row for row in self.rows.values() if row.state == MOVED]
        for row in (*moved, *moved):
            if row.entity is None or mailboxes.is_place(row.entity):
                continue
            if not row.dirty and (row.entity, row.system) in taken:
                continue
            heir = moves.heir_of(self.engine, row)
            if heir is row:
                self.waiting.add(row.n)
            if heir is not None and heir.state == DELETED and heir.entity is None:
                # It was gone before we ever saw it: who it was is deleted there, and when is known.
                self.know([heir])
                self.rows[heir.n] = self.rows[heir.n]._replace(entity=row.entity)
            if heir is None or heir.state not in (LIVE, DUPLICATE):
                continue
            self.know([heir])
            heir = self.rows[heir.n]
            self._gather([row.entity])
            members = [r for r in self.rows.values() if r.entity == row.entity and r.state == LIVE and r.n != heir.n]
            siblings = [r for r in members if r.system != row.system]
            if len(siblings) < len(members):
                continue
            if (
                heir.entity is None
                or heir.state == DUPLICATE
                or (
                    heir.entity != row.entity
                    and (siblings or (row.dirty and not self._bereaved(heir.entity, heir.system)))
                    and self._lonely(heir.entity, heir.system)
                )
            ):
                self._leave(heir, row.entity)
                place = Place(heir.system, heir.object)
                # What the heir never held nobody cleared there: of these fields the two sides meet for the first time.
                carried = {
                    name: value
                    for name, value in (row.shadow or {}).items()
                    if name in self.planner.mapping.slots(place) and (value is None or name in heir.now)
                }
                shadow = carried if heir.object == row.object or carried else None
                why = self._why("moved", f"{row.object} {row.id} was merged into or converted to it")
                self.rows[heir.n] = heir._replace(entity=row.entity, state=LIVE, shadow=shadow, why=why, dirty=True)
            elif heir.entity != row.entity and siblings:
                self._gather([heir.entity])
                for entity, name in consent.shared(self.planner, self.rows.values(), row, heir) if row.dirty else ():
                    self.heard.setdefault(entity, {})[name] = consent.BY_MERGE
                    self.waiting.add(row.n)
                self._suggest_merge(siblings[0], row, heir)

    def _suggest_merge(self, sibling: Row, gone: Row, heir: Row | None) -> None:
        """The counterparts of two records that became one are one person, too: a person decides."""
        if not self.planner.mapping.rule.suggests_merges:
            return
        if heir is not None and heir.entity not in (None, sibling.entity):
            entities = sorted({str(sibling.entity), str(heir.entity)})
            here = (row for row in self.rows.values() if (row.entity, row.system) == (heir.entity, sibling.system))
            stays = next((row for row in here if row.state == LIVE), None)
            detail = merging.suggestion(self.planner.mapping, gone, heir, sibling, stays)
            self._ask("merge", sibling, {**detail, "entities": entities}, f"merge|{'|'.join(entities)}")

    def _answer_merges(self) -> None:
        """Who was merged on the other side as well is asked about no more; who was merged elsewhere, with them."""
        for review in merging.concerned(self.engine, self.dirty, self.waiting):
            self._gather(review.detail["entities"])
            found, moved = merging.whereabouts(review, self.rows.values(), self._heir)
            if found.keys() != set(review.detail["entities"]):
                self.settled.append(Closing(review.fingerprint, self.engine.now(), "there are not two any more"))
                if len(found) == 2 and moved is not None:
                    sibling, heir = found.values()
                    self._suggest_merge(sibling, moved, heir)

    def _taken_along(self, row: Row) -> bool:
        """A record that names one that was merged away is no new person: it takes its place beside the survivor, or
        is a duplicate of who has that place."""
        gone = self.merged_away.get(row.n)
        heir = self._heir(gone) if gone is not None else None
        if gone is None or heir is None or heir.entity is None or heir.state not in (LIVE, DUPLICATE):
            return False
        self._gather([heir.entity])
        why = f"it names {gone.object} {gone.id}, which was merged into {heir.id}"
        if any(r.entity == heir.entity and r.system == row.system and r.state == LIVE for r in self.rows.values()):
            duplicate = matching.Duplicate(row.ref, heir.entity, why, ("names the same person",), ())
            self._take(duplicate, {row.ref: row.n})
        else:
            self.rows[row.n] = row._replace(entity=heir.entity, state=LIVE, why=self._why("moved", why), dirty=True)
        return True

    def _heir(self, row: Row) -> Row | None:
        """The record that a moved one lives on in, as decided so far."""
        heir = moves.heir_of(self.engine, row)
        return heir if heir is None else self.rows.get(heir.n, heir)

    def _lonely(self, entity: str, system: str) -> bool:
        """Whether nobody in another system is this entity's, nor is about to be: made there, or heir of one moved."""
        self._gather([entity])
        members = [row for row in self.rows.values() if row.entity == entity]
        coming = any(row.state == MOVED and row.dirty and row.system != system for row in members)
        sent = any(open_.state == SENT for (of, _), open_ in self.opens.items() if of == entity)
        return sum(row.state == LIVE for row in members) < 2 and not coming and not sent

    def _bereaved(self, entity: str, system: str) -> bool:
        """Whether this entity had a record in another system, and that is gone."""
        self._gather([entity])
        members = (row for row in self.rows.values() if row.entity == entity and row.system != system)
        return any(row.state in GONE for row in members)

    def _match(self) -> None:
        if not (unlinked := moves.unlinked(self.rows, self.dirty, self.opens)):
            return
        mapping = self.planner.mapping
        self._fresh = {row.n for row in unlinked}
        sought = {key for row in unlinked for key in moves.sought(mapping, row)}
        found = self.engine.view.by_keys(mapping.rule.kind, sorted(sought), self.read)
        converted = continued(self.engine, mapping, unlinked, found)
        alike = {row.n: row for rows in found.values() for row in rows}
        self.know(alike.values())
        self._gather(self.rows[n].entity for n in (*alike, *self.named))
        self._sent = {place: open_ for place, open_ in self.opens.items() if open_.state == SENT}
        near = self._fresh | alike.keys() | self.named
        theirs = {self.rows[n].entity for n in near} - {None}
        near |= {n for n, row in self.rows.items() if row.entity in theirs}
        candidates = [
            matching.Candidate.of(row, n in self._fresh, (system for of, system in self._sent if of == row.entity))
            for n in sorted(near)
            if (row := self.rows[n]).state in moves.MATCHED
        ]
        by_ref = {row.ref: row.n for row in self.rows.values()}
        decisions = asking.undismissed(self.engine, mapping, weighed(self.engine, mapping, candidates), converted)
        self._gather(d.entity for d in decisions if isinstance(d, matching.Link | matching.NewEntity))
        # Duplicates last: what they are duplicates of may be taken along to somebody else.
        for decision in sorted(decisions, key=lambda d: isinstance(d, matching.Duplicate)):
            self._take(decision, by_ref)
        met = (row for row in self.rows.values() if row.in_place and self.read[row.n].entity is None)
        for lead, entity in moves.origins(self.engine, mapping, met):
            self.know([lead])
            self.rows[lead.n] = lead._replace(entity=entity)

    def _share_opt_outs(self) -> None:
        """An address that opted out has opted out for everybody who holds it."""
        if keys := mailboxes.sought(self.planner, self.rows.values(), self._fresh):
            found = self.engine.view.by_keys(self.planner.mapping.rule.kind, sorted(keys), self.read)
            self.know(row for rows in found.values() for row in rows)
        for n, name, loud in list(mailboxes.owing(self.planner, self.rows)):
            entity = (row := self.rows[n]).entity or mailboxes.place_of(row)
            self.rows[n] = row._replace(entity=entity)
            self._gather([entity])
            self.heard.setdefault(entity, {})[name] = consent.BY_ADDRESS
            self.waiting |= loud

    def _take(self, decision: matching.Decision, by_ref: Mapping[Any, int]) -> None:
        engine = self.engine
        if isinstance(decision, matching.Link):
            linked = 0
            for ref in decision.refs:
                row = self.rows[by_ref[ref]]
                if row.entity == decision.entity and row.state == LIVE:
                    continue
                self._leave(row, decision.entity)
                linked += 1
                why = self._why(decision.rule, decision.evidence)
                self.rows[row.n] = row._replace(
                    entity=decision.entity, state=LIVE, shadow=None, why=why, dirty=True, fate=final(row, APPLIED)
                )
            engine.made(links=bool(linked))
        elif isinstance(decision, matching.NewEntity):
            row = self.rows[by_ref[decision.ref]]
            if self._taken_along(row):
                self.taken_along[decision.entity] = str(self.rows[row.n].entity)
                return
            if row.entity is None or row.state != LIVE:
                self._leave(row, decision.entity)
                self.rows[row.n] = row._replace(entity=decision.entity, state=LIVE, dirty=True)
        elif isinstance(decision, matching.Duplicate):
            row = self.rows[by_ref[decision.ref]]
            entity = self.taken_along.get(decision.entity, decision.entity)
            self._leave(row, entity)
            why = self._why("duplicate", decision.why)
            self.rows[row.n] = row._replace(
                entity=entity, state=DUPLICATE, why=why, dirty=False, fate=final(row, SKIPPED)
            )
            detail = {"why": decision.why, "for": list(decision.reasons_for), "against": list(decision.reasons_against)}
            self._ask(asking.DUPLICATE, row, detail, asking.of_duplicate(row, entity))
            engine.made(suggested=1)
        elif isinstance(decision, matching.Shared):
            row = self.rows[by_ref[decision.ref]]
            self._leave(row, None)
            self.rows[row.n] = row._replace(
                entity=None, state=SHARED, dirty=False, fate=final(row, SKIPPED), why=self._why("shared", decision.why)
            )
            self._ask(asking.SHARED, row, {"why": decision.why}, asking.of_shared(row))
        else:
            row = self.rows[by_ref[decision.refs[0]]]
            records = {"why": decision.why, "records": [list(ref) for ref in decision.refs]}
            self._ask(decision.question, row, records, asking.of_several(decision.question, decision.refs))
            for ref in decision.refs:
                held = self.rows[by_ref[ref]]
                self.asked.add(held.n)
                if held.entity is None:
                    self.rows[held.n] = held._replace(dirty=False, fate=final(held, HELD))
            engine.made(suggested=1)

    def _leave(self, row: Row, entity: str | None) -> None:
        """It is no duplicate any more, nor nobody's in particular: nobody need be asked about that; or it leaves what
        was planned for it where it was alone."""
        if row.state in (DUPLICATE, SHARED):
            for fingerprint in asking.about(row):
                self.questions.pop(fingerprint, None)  # Asked in this batch.
                self.settle(fingerprint)
        if row.state != DUPLICATE and row.entity not in (None, entity):
            self._forget_plans(str(row.entity))

    def settle(self, *fingerprints: str) -> None:
        """These questions need no answer any more."""
        now = self.engine.now()
        self.settled += (Closing(one, now, "settled by a later decision") for one in fingerprints)

    def _forget_plans(self, entity: str) -> None:
        for (of, _system), open_ in list(self.opens.items()):
            if of == entity and open_.state != SENT:
                self.dropped.append(open_.n)
                del self.opens[of, _system]

    def _ask(self, question: str, row: Row, detail: Mapping[str, Any], fingerprint: str) -> None:
        self.questions[fingerprint] = ReviewRow(
            question, fingerprint, self.engine.now(), row.entity, row.system, row.object, row.id, None, detail
        )

    def _why(self, rule: str, evidence: Any) -> dict[str, Any]:
        return {"rule": rule, "evidence": evidence, "at": self.engine.now(), "by": "sync"}
