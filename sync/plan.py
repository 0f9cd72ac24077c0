"""One entity → what to write, what is agreed, what to ask.  Pure: rows in, a decision out.

The three-way merge decides field by field (`sync.merge`); this module gathers its verdicts into at most one
operation a system, adds the sync keys by which the records name each other, and says in plain words why a record
is not written: skipped by a condition, held with cause and fix, or waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mapping.deals import NOTHING, Told
from mapping.facts import Facts
from mapping.journey import Standing
from mapping.links import Links
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Shared, Unlinked, Unmapped
from mapping.rules import STAGE, FieldRule, KeyField, Place, Value, is_ours
from mapping.slots import UNWRITTEN
from state.rows import DerivedRow, OperationRow, Row
from sync.decide.answers import Answer
from sync.decide.consent import (
    OPTED_OUT,
    Consent,
    is_consent,
    opted_out,
    owed,
    portions,
    standing,
    tell_others,
    told_everybody,
)
from sync.decide.creating import create
from sync.decide.decision import (
    CONFLICT,
    Decision,
    Draft,
    Note,
    Question,
    Why,
    address_erased,
    address_taken,
    barred,
    held,
    leave_refused,
    refused,
    tried,
    unmapped,
)
from sync.decide.deleting import after_deletion, returns
from sync.decide.derived import NOTHING as UNLEARNED
from sync.decide.derived import Ours
from sync.decide.hearing import Heard
from sync.decide.reconsent import judged
from sync.decide.sparing import Spared, left_out, spared
from sync.decide.staging import Moment, Staging
from sync.decide.telling import name_primaries
from sync.merge import Side, Verdict, all_equal, merge
from sync.trust import refusal

Condition = Callable[[Mapping[str, Any]], bool]
_UNMET: Mapping[str, Any] = {}
"""No shadow, and no value in one."""


@dataclass(frozen=True, slots=True)
class Planner:
    """What deciding needs beside the rows: the mapping, compiled conditions, and each system's grain of time."""

    mapping: KindMapping
    create: Mapping[str, Condition]
    only: Mapping[str, Condition]
    grain: Mapping[str, int]
    fingerprint: str = ""
    """Of everything that changes what is read or decided: another one means that all must be decided again."""
    seen: str = ""
    """Of what the systems show of themselves: another one means that what is held may not be any more."""
    skew: Mapping[str, int] = field(default_factory=dict)
    """How far each system's clock was ahead of ours when it was last asked, ms."""
    answers: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    """(entity, field) → what somebody decided of it."""
    stopped: frozenset[str] = frozenset()
    """Systems to which nothing is written now but opt-outs: these go alone."""
    foresees: bool = False
    """Nothing is written now: what only waits for its system's clock is told as well."""

    def decide(
        self,
        entity: str,
        rows: Sequence[Row],
        opens: Mapping[str, OperationRow],
        stands: Standing | None = None,
        heard: Heard = Heard(),  # noqa: B008
        told: Told = NOTHING,
        derived: Mapping[str, DerivedRow] = UNLEARNED,
        past: Mapping[int, Sequence[Moment]] = {},
    ) -> Decision:
        """The decision for one entity.

        `rows`: all its records; `opens`: its operations not done, by system; `stands`: how far the person is, by
        the journal; `heard`: what is known of their consent beside these; `told`: what their deals tell; `derived`:
        what was worked out of the entity, by field; `past`: what their histories tell of somebody who is met, by
        number of a row.
        """
        decision = Decision(entity)
        refused_before = {system: spared(self.mapping, open_, rows) for system, open_ in opens.items()}
        opens = {system: open_ for system, open_ in opens.items() if refusal.stands(self.mapping, open_, rows)}
        live = {row.system: row for row in rows if row.state == "live"}
        decision.heard = told_everybody(self, rows)
        if not live:
            if heard.others:
                tell_others(self, opted_out(self, rows, heard.others), rows, opens, decision)
            apart = [row for row in rows if row.state == "shared"]
            name_primaries(self.mapping, apart, live, opens, decision)
            return decision
        alone = any(row.now.get("@ignore") for row in live.values())
        if alone:
            decision.skipped = "left alone but for opt-outs: somebody ticked the no-sync box"
        staging = Staging(self, rows, live, stands, told, past)
        ours = Ours(self.mapping, staging, derived)
        merged = _Merged(self, live, decision, staging, alone, rows, heard)
        merged.moved = [row for row in rows if row.state == "moved"]
        gone = {row.system for row in rows if row.state in ("deleted", "moved")} - set(live)
        opted = list(standing(opted_out(self, rows, heard.others), decision.again))
        for system in self.mapping.rule.objects:
            if system in live or alone:
                continue
            if system in gone and not returns(self, system, rows, live, decision):
                decision.skipped = f"its {system} record was deleted there and is not made again"
            elif (open_ := opens.get(system)) and open_.state == "sent":
                decision.waits = True
            elif heard.erased:
                decision.questions += map(address_erased, heard.erased.values())
            else:
                create(self, system, live, opens.get(system), decision, opted, staging, ours)
        if not decision.drafts:
            # The sync key of a new record follows, and takes an opt-out along.
            merged.opt_out(opted)
        for system, row in live.items():
            self._update(system, row, merged, ours, opens.get(system), refused_before.get(system), decision)
        tell_others(self, opted, rows, opens, decision)
        if not alone:
            name_primaries(self.mapping, rows, live, opens, decision)
            after_deletion(self, rows, live, opens, decision)
        merged.settle(decision)
        decision.waits = decision.waits or merged.waits
        return decision

    def linked(self, links: Links) -> Planner:
        """The same, knowing who these parents are."""
        return replace(self, mapping=self.mapping.linked(links))

    def settled(self, row: Row) -> bool:
        """Whether a later change of this record is certain to carry a later version."""
        grain = max(self.grain[row.system], 1)
        return self.foresees or row.version_ms < row.seen_ms // grain * grain

    def interval(self, system: str, after: int, by: int) -> tuple[int, int]:
        """When a change happened, on our own clock: a stamp with a grain of g means some time in [stamp, stamp + g)."""
        blur = self.grain[system] - 1
        ahead = self.skew.get(system, 0)
        return min(after, by - 1 if blur else by) - ahead, by + blur - ahead

    def facts(self, live: Mapping[str, Row]) -> Facts:
        """What conditions may ask of the person, the first system that has a value speaking."""
        return self.mapping.facts(*((Place(row.system, row.object), row.now) for row in live.values()))

    def _update(
        self,
        system: str,
        row: Row,
        merged: _Merged,
        ours: Ours,
        open_: OperationRow | None,
        before: Spared | None,
        decision: Decision,
    ) -> None:
        place = Place(system, row.object)
        wanted = merged.writes.get(system, {})
        keys = {} if merged.alone else self._keys(place, row, merged.live) | self._dead_keys(place, row, merged)
        if not merged.alone:
            wanted |= ours.to_write(row, alone=len(merged.live) < 2, along=bool(wanted or keys))
        native, spares = self._encoded(row, wanted, merged, before, decision)
        if not native and not keys:
            return
        if not keys and all(map(is_ours, wanted)) and not ours.worth_a_call(row, wanted):
            return
        if open_ is not None and open_.state == "sent":
            decision.waits = True
            merged.hold(wanted)
            return
        if system in merged.back:
            stage = self.mapping.slots(place)[STAGE]
            native = {stage.rule.back.get(system, n) if n == stage.natives[0] else n: v for n, v in native.items()}
        native = {**native, **{key.native: why.new and key.written(why.new) for key, why in keys.items()}}
        why_of = {**wanted, **{f"@key:{k.of.system}:{k.of.object}": why for k, why in keys.items()}}
        told = {rule.name: wanted[rule.name].new for rule in self.mapping.consents if rule.name in wanted}
        consent = self.mapping.encode(place, told, creating=False)[0]
        settled = self.settled(row)
        clear = not tried(open_) and system not in self.stopped
        for part in portions(native, consent, settled=settled, clear=clear):
            if open_ is not None and refused(open_, row.id, part):
                continue
            theirs = any(not is_ours(name) for name in wanted)
            if not settled and theirs and part != consent:
                decision.waits = True
                merged.hold(wanted)
                if not clear and open_ is not None:
                    leave_refused(decision, open_)
                return
            whole, spoken = part == native, part == consent
            fields = {name: why for name, why in why_of.items() if whole or (name in told) == spoken}
            merged.hold(wanted.keys() - fields.keys())
            agreed = {other: merged.agreed(other, fields) for other in merged.live if other != system}
            if lists := {name: why.new for name, why in wanted.items() if name in fields and isinstance(why.new, list)}:
                agreed[system] = merged.lists_after(system, lists)
            if learned := ours.agreed(row, fields):
                agreed[system] = {**agreed.get(system, {}), **learned}
            # Fields of our own are right whatever else the record has come to hold.
            version = row.version_ms if settled and theirs else None
            urgent = not told.keys().isdisjoint(fields)
            decision.drafts.append(
                Draft(
                    system, row.object, row.id, part, fields, agreed, version, None, tried(open_), urgent, spares=spares
                )
            )
            return
        if open_ is not None:
            merged.hold(wanted)
            leave_refused(decision, open_)

    def _encoded(
        self, row: Row, wanted: dict[str, Why], merged: _Merged, before: Spared | None, decision: Decision
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """What is wanted as the system writes it, without what it cannot take and what it refused by name; and what is
        known of those refusals."""
        place = Place(row.system, row.object)
        natives = {name: why.new for name, why in wanted.items()}
        native, problems = self.mapping.encode(place, natives, creating=False, held=row.now)
        asked = {problem.field: held(row.system, row, problem) for problem in problems}
        names = [name for name in wanted if name not in asked]
        left = left_out(self.mapping, row, names, native, before) if before is not None else {}
        for name, question in (asked | left).items():
            wanted.pop(name, None)
            merged.hold([name])
            decision.questions.append(question)
        if before is None or not left:
            return native, None
        natives = {name: why.new for name, why in wanted.items()}
        return self.mapping.encode(place, natives, creating=False, held=row.now)[0], before.kept()

    def _keys(self, place: Place, row: Row, live: Mapping[str, Row]) -> dict[KeyField, Why]:
        keys: dict[KeyField, Why] = {}
        for key, name in self.mapping.sync_keys(place):
            other = live.get(key.of.system)
            if other is not None and other.object == key.of.object and (held := row.now.get(name)) != other.id:
                keys[key] = Why(held, other.id, "link", f"names its {other.system} record")
        return keys

    def _dead_keys(self, place: Place, row: Row, merged: _Merged) -> dict[KeyField, Why]:
        """Sync keys that name a record that was merged away and that nothing will lead to any more."""
        keys: dict[KeyField, Why] = {}
        for key, name in self.mapping.sync_keys(place) if merged.moved else ():
            held = row.now.get(name)
            if key.of.system in merged.live or key.of.system in self.mapping.rule.keeps_ids:
                continue
            gone = [r for r in merged.moved if (r.system, r.object, r.id) == (*key.of, held)]
            if gone and gone[0].dirty:
                merged.waits = True
            elif gone:
                keys[key] = Why(held, None, "link", f"its {key.of.system} record was merged into another")
        return keys

    def holds(self, rule: FieldRule, live: Mapping[str, Row]) -> bool:
        """Whether the condition of a field is met."""
        condition = self.only.get(rule.name)
        return condition is None or condition(self.facts(live))


class _Merged:
    """The verdicts on all fields of one entity, and which of them may move the shadows without a write."""

    def __init__(
        self,
        planner: Planner,
        live: Mapping[str, Row],
        decision: Decision,
        staging: Staging,
        alone: bool,
        rows: Sequence[Row],
        heard: Heard,
    ) -> None:
        self.planner = planner
        self.rows, self.heard = rows, heard
        self.moved: Sequence[Row] = ()
        """The person's records that were merged away or converted."""
        self.waits = False
        """One of those is only being followed: what names it is decided again."""
        self.alone = alone
        """Nothing but consent is written."""
        self.staging = staging
        self.mapping = planner.mapping
        self.live = live
        self.writes: dict[str, dict[str, Why]] = {}
        self.back: set[str] = set()
        """Systems whose stage is to be set back."""
        self._move: dict[str, dict[str, Value]] = {system: {} for system in live}
        self._stay: set[str] = set()
        self._heard: Sequence[str] = ()
        """Systems whose word on the stage stands in the journal."""
        self._flow = self.mapping.rule.flow(live)
        self._places = {system: Place(system, row.object) for system, row in live.items()}
        if len(live) > 1:
            for shared in self.mapping.shared(tuple(self._places.values())):
                if not self.mapping.rule.judges(shared.rule.name) and (not alone or is_consent(shared.rule)):
                    self._field(shared, decision)
            if not alone:
                self._heard = staging.settle(decision, self.writes, self.back)
                self._agree(STAGE, self._heard)
            if self.mapping.rule.alone and self.writes:
                self._stand_alone()

    def _stand_alone(self) -> None:
        """What comes to belong to one that stands alone names nothing else in that system any more."""
        for reference, others in self.mapping.rule.alone.items():
            for system, wanted in self.writes.items():
                why, slots = wanted.get(reference), self.mapping.slots(self._places[system])
                if why is None or not self.mapping.in_waiting(slots[reference].refers, str(why.new), system):
                    continue
                for name in others:
                    was = slots[name].canon(self.live[system].now.get(name)) if name in slots else None
                    if was is not None and not isinstance(was, Unmapped):
                        wanted[name] = Why(was, None, "alone", f"its {reference} is one that stands alone in {system}")

    def opt_out(self, opted: Iterable[Consent]) -> None:
        """An opt-out on a duplicate, or of an address, counts for the person."""
        for rule, reason, out in opted:
            for system, row in self.live.items():
                if out and owed(self.planner, rule, row) and rule.name not in self.writes.get(system, {}):
                    why = Why(row.now.get(rule.name), True, rule.winner, reason)
                    self.writes.setdefault(system, {})[rule.name] = why

    def hold(self, names: Iterable[str]) -> None:
        """These fields are not written now: their shadows stay, so that the change is still seen."""
        self._stay.update(names)

    def _field(self, shared: Shared, decision: Decision) -> None:
        rule, slots, consent = shared
        name, live = rule.name, self.live
        met = True
        changed: dict[str, bool] = {}
        for slot in slots:
            row = live[slot.system]
            own, was = row.now.get(name), (row.shadow or _UNMET).get(name, _UNMET)
            met = met and was is not _UNMET
            # Whether it holds another value than when the sides last agreed; not where they never did.
            differs = was is not _UNMET and own != was
            changed[slot.system] = differs and self.mapping.changed(slot.place, name, own, was)
        answer = self._answer(name, decision) if not consent else None
        if met and not consent and True not in changed.values() and answer is None:
            return
        if not consent and not self.planner.holds(rule, live):
            return
        values: dict[str, Value] = {}
        for slot in slots:
            value = live[slot.system].now.get(name)
            if not slot.plain and value is not None:
                value = slot.canon(value)
                if isinstance(value, Unlinked):
                    return
                if isinstance(value, Unmapped):
                    if rule.on_invalid != "drop":
                        decision.questions.append(unmapped(slot.system, live[slot.system], rule, value))
                    return
            values[slot.system] = value
        if consent and met and True in changed.values() and True not in values.values():
            decision.answered.append(name)
        if all_equal(values):
            self._agree(name, values)
            if consent and True in values.values():
                decision.notes += [Note(n, name, None, True, OPTED_OUT) for n in values if changed[n] or not met]
            decision.carried_out += [answer.fingerprint] if answer is not None else []
            return
        sides: dict[str, Side] = {}
        for system, value in values.items():
            row = live[system]
            after, by, *standing = row.spans.get(name) or (row.created_ms or 0, row.version_ms)
            known = standing[0] if standing and standing[0] >= 0 else None
            sides[system] = Side(value, changed[system], *self.planner.interval(system, after, by), known)
        first = slots[0]
        base = first.canon((live[first.system].shadow or {})[name]) if met else None
        if self._flow is not None:
            rule = replace(rule, to=rule.to & self._flow)
        if answer is not None:
            self._take(rule, sides, answer.verdict(sides, self.mapping.same), met, decision)
            return
        verdict = merge(rule, sides, met=met, base=base, rank=self.mapping.rank)
        if consent and met and (doubted := [live[s] for s, _ in verdict.lost if self._said(rule, live[s])]):
            judgement = judged(self.planner, rule, doubted, self.rows, self.heard, verdict, decision)
            if judgement is None:
                return
            verdict = judgement
        self._take(rule, sides, verdict, met, decision)

    def _answer(self, name: str, decision: Decision) -> Answer | None:
        """What somebody decided of the field, as long as it holds what they saw, or what they chose."""
        answer = self.planner.answers.get((decision.entity, name))
        if answer is None or answer.stands(self.mapping, self.live):
            return answer
        decision.carried_out.append(answer.fingerprint)
        return None

    def _said(self, rule: FieldRule, row: Row) -> bool:
        """Whether the record said when the sides last agreed that the person opted out."""
        return self.mapping.canon(self._places[row.system], rule.name, (row.shadow or {}).get(rule.name)) is True

    def _agree(self, name: str, systems: Iterable[str]) -> None:
        """What these systems hold now is what they hold together."""
        for system in systems:
            slot = self.mapping.slots(self._places[system])[name]
            own = self.live[system].now.get(name)
            self._move[system][name] = slot.agreed(own) if slot.refers else own

    def agreed(self, system: str, names: Iterable[str]) -> dict[str, Value]:
        """What this system's record holds in those of these fields that it has, as far as others can agree to it."""
        slots, now = self.mapping.slots(self._places[system]), self.live[system].now
        held: dict[str, Value] = {}
        for name in names:
            slot = slots.get(name)
            if slot is not None and not is_ours(name):
                own = now.get(name)
                held[name] = slot.agreed(own) if slot.refers else own
        return held

    def lists_after(self, system: str, lists: Mapping[str, Value]) -> dict[str, Value]:
        """What others can agree to of the lists that a write leaves in this system's record."""
        slots, now = self.mapping.slots(self._places[system]), self.live[system].now
        return {
            name: slots[name].agreed(slots[name].fit(value, now.get(name)))
            for name, value in lists.items()
            if slots[name].many
        }

    def _take(
        self, rule: FieldRule, sides: Mapping[str, Side], verdict: Verdict, met: bool, decision: Decision
    ) -> None:
        name = rule.name
        writes: dict[str, Value] = {}
        for system, value in verdict.writes.items():
            place = self._places[system]
            own = self.live[system].now.get(name)
            wanted = self.mapping.fit(place, name, value, own)
            if isinstance(wanted, Unmapped) and wanted is not UNWRITTEN and self.mapping.slots(place)[name].refers:
                return
            if wanted is UNWRITTEN and self.mapping.slots(place)[name].barred:
                decision.questions.append(barred(system, self.live[system], rule, value))
                self.hold([name])
                return
            if self.mapping.changed(place, name, wanted, own):
                writes[system] = value
        if name == self.mapping.rule.stand_in and (erased := self.heard.erased.keys() - writes.keys()):
            decision.questions += [address_erased(self.live[system]) for system in sorted(erased)]
            return
        if name == self.mapping.rule.stand_in and (taken := sorted(self.heard.taken.keys() & writes.keys())):
            decision.questions += [address_taken(self.live[s], self.heard.taken[s], rule) for s in taken]
            return
        decision.conflicts += verdict.conflict and met
        for system, value in writes.items():
            self.writes.setdefault(system, {})[name] = Why(
                sides[system].now, value, verdict.rule, verdict.reason, verdict.lost
            )
        if not verdict.agreed:
            winner = next(iter(self.live.values()))
            detail = {
                "values": {system: side.now for system, side in sides.items()},
                "when": {system: [side.after, side.by] for system, side in sides.items()},
                "why": verdict.reason,
            }
            decision.questions.append(Question(CONFLICT, winner.system, winner.object, winner.id, name, detail))
            return
        if writes:
            return
        self._agree(name, sides)
        if verdict.conflict:
            decision.notes += [Note(system, name, side.now, side.now, verdict.reason) for system, side in sides.items()]

    def settle(self, decision: Decision) -> None:
        """Move the shadows of what is agreed and needs no write."""
        for system, fields in self._move.items():
            heard = {STAGE} if system in self._heard else set[str]()
            kept = {name: value for name, value in fields.items() if name not in self._stay - heard}
            if kept:
                decision.shadows[system] = kept
