"""How far a person is, from what their records say; and what each record should say then.  Pure.

The field `stage` is not merged side by side: each side's change is evidence about the person, the state machine
(`mapping.journey`) judges it, and every side is brought to where the person stands, if it has a value for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mapping.deals import LOST, NOTHING, Told, evidence, remembered
from mapping.journey import (
    JOURNALED,
    MARKETING,
    SALES,
    Evidence,
    Refusal,
    Standing,
    Transition,
    became_of,
    begin,
    sentence,
    step,
    was_of,
)
from mapping.lifecycle import ACTIVE
from mapping.mapping import Unmapped
from mapping.rules import STAGE, FieldRule, Place, Value
from mapping.slots import Slot
from mapping.values import instant
from state.rows import MOVED, JournalRow, Row
from sync.decide.decision import Decision, Note, Why, unmapped
from sync.decide.writeback import ABOUT_STAGE, REASONS

if TYPE_CHECKING:
    from sync.plan import Planner

ACTORS = ("integration", "automation", "person", "person")
"""By how much a change counts: `STANDING`."""
WITH_DEAL = "opportunity"
"""The stage of whoever was converted together with a deal."""
DAY = 86_400_000


class _Voice(NamedTuple):
    """One live record that holds a stage."""

    row: Row
    slot: Slot
    value: Value
    """Canonical."""
    met: bool
    changed: bool
    was: Value

    @property
    def system(self) -> str:
        return self.row.system


class Moment(NamedTuple):
    """What a record's stage came to be, once."""

    own: Value
    at: int
    native: str
    actor: str
    """person, automation, integration, unknown."""
    who: str
    """Their id in the system, where it says."""


class Staging:
    """One person's way, with the evidence of this cycle judged.

    standing: where the journal says the person stood; None: it says nothing yet.  deals: what their deals tell.
    past: number of a row → what it said earlier, of somebody who is met.
    """

    def __init__(
        self,
        planner: Planner,
        rows: Sequence[Row],
        live: Mapping[str, Row],
        standing: Standing | None,
        deals: Told = NOTHING,
        past: Mapping[int, Sequence[Moment]] = {},
    ) -> None:
        self.mapping = planner.mapping
        self.settled = planner.settled
        self.live = live
        self.question: tuple[str, Row, FieldRule, Unmapped] | None = None
        self.transitions: tuple[Transition, ...] = ()
        self.refused: tuple[Refusal, ...] = ()
        self.standing: Standing | None = standing
        self._known_told: Mapping[str, Value] | None = None
        self.voices = self._voices()
        self.rule = self.voices[0].slot.rule if self.voices else self._spoken_for(rows, deals)
        if self.rule is None or not self.rule.to or not planner.holds(self.rule, live):
            self.rule = None
            return
        if self.question is not None:
            return
        lifecycle, days = self.mapping.lifecycle, self.mapping.rule.recycle_after
        if standing is None:
            told, known = [*self._said(), *self._converted(rows)], self._known(past)
            if deals.deals:
                far = max((e.value for e in told if e.value in lifecycle.stages), key=lifecycle.rank, default=None)
                told += evidence(lifecycle, deals, (known or Standing(None))._replace(stage=far), days)
            made = min((row.created_ms for row in rows if row.created_ms is not None), default=None)
            lived = list(self._lived(rows, past))
            judged = begin(lifecycle, told, known, remembered(deals.deals), lived, made)
        else:
            told = [*self._said(standing), *self._converted(rows, standing)]
            told += evidence(lifecycle, deals, standing, days)
            judged = step(lifecycle, standing, told, remembered(deals.deals))
        self.standing, self.transitions, self.refused = judged

    def _spoken_for(self, rows: Sequence[Row], deals: Told) -> FieldRule | None:
        """The rule of the stage for somebody of whom no record says one, but deals or a conversion do."""
        if not self.mapping.rule.judges(STAGE) or not (deals.deals or any(self._converted(rows))):
            return None
        return next((rule for rule in self.mapping.rule.fields if rule.name == STAGE), None)

    # -- what is said --------------------------------------------------------------------------------------------------

    def _voices(self) -> list[_Voice]:
        voices = []
        for system, row in self.live.items():
            slot = self.mapping.slots(Place(system, row.object)).get(STAGE)
            if slot is None or not self.mapping.rule.judges(STAGE):
                continue
            own = row.now.get(STAGE)
            value = slot.canon(own)
            if isinstance(value, Unmapped):
                self.question = (system, row, slot.rule, value)
            shadow = row.shadow or {}
            met = STAGE in shadow
            voices.append(_Voice(row, slot, value, met, met and own != shadow[STAGE], slot.canon(shadow.get(STAGE))))
        return voices

    def _said(self, standing: Standing | None = None) -> Iterator[Evidence]:
        """What the live records say; once they met, only what is news."""
        rank = self.mapping.rank
        staged = [v for v in self.voices if v.value in self.mapping.lifecycle.stages]
        behind = standing is not None and all(v.changed and rank(v.value) < rank(standing.stage) for v in staged)
        for voice in self.voices:
            row = voice.row
            if voice.value is None or (standing is not None and not self._news(voice, standing)):
                continue
            _, by, *maker = row.spans.get(STAGE) or (0, row.version_ms)
            did, who = actor(maker)
            yield Evidence(
                key=row.system,
                source=self._source(row.system),
                value=voice.value,
                at=by,
                what=f"{row.object} {voice.slot.natives[0]}",
                left=self._left(voice, standing),
                actor=did,
                who=who,
                reason=row.now.get(REASONS.get(voice.value, "")),
                corrects=behind and voice in staged,
                sure=self.settled(row),
            )

    def _left(self, voice: _Voice, standing: Standing | None) -> Value:
        """The status that a side said before; where it has met nobody yet, it is the one that it was heard with."""
        if voice.met or standing is None or voice.system not in standing.heard:
            return voice.was if voice.was in self.mapping.lifecycle.statuses else None
        return standing.status if standing.status != ACTIVE else None

    def _news(self, voice: _Voice, standing: Standing) -> bool:
        """Whether a side says anything else than it would if it knew where the person stands."""
        if standing.stage is None:
            return True
        if voice.met and not voice.changed:
            return False
        return standing.status != ACTIVE or voice.row.now.get(STAGE) != voice.slot.fit(standing.stage)

    def _source(self, system: str) -> str:
        return SALES if self.mapping.rule.teams.get(system) == "sales" else MARKETING

    def _converted(self, rows: Sequence[Row], standing: Standing | None = None) -> Iterator[Evidence]:
        """A lead that became a contact: sales spoke to the person, and perhaps a deal came of it."""
        stages = self.mapping.lifecycle.stages
        for row in rows:
            if row.state != MOVED or row.moved_to is None or row.moved_to.object == row.object:
                continue
            stage = WITH_DEAL if "@deal" in row.now and WITH_DEAL in stages else self.mapping.rule.converted
            if stage not in stages:
                continue
            yield Evidence(
                key=f"{row.system}:converted:{row.id}",
                source=self._source(row.system),
                value=stage,
                at=_moment(row),
                what=f"{row.object} converted" + (" with a deal" if "@deal" in row.now else ""),
                left=standing.status if standing is not None and standing.status != ACTIVE else None,
                actor="person",
                dated=True,
            )

    def _lived(self, rows: Sequence[Row], past: Mapping[int, Sequence[Moment]]) -> Iterator[Evidence]:
        """What the histories of the person's records say; a value that has no meaning says nothing."""
        lifecycle = self.mapping.lifecycle
        for row in rows:
            for moment in past.get(row.n, ()):
                value = lifecycle.canon(moment.own)
                if isinstance(value, str):
                    yield Evidence(
                        key=f"{row.system}:{row.object}:{row.id}",
                        source=self._source(row.system),
                        value=value,
                        at=moment.at,
                        what=f"{row.object} {moment.native}",
                        actor=moment.actor,
                        who=moment.who,
                        dated=True,
                    )

    def _known(self, past: Mapping[int, Sequence[Moment]]) -> Standing | None:
        """What the records tell of a life that the journal does not know: our own fields, else when the system says
        that stages were entered, as far as no history says so."""
        for row in self.live.values():
            cycle = row.now.get("@cycle")
            if isinstance(cycle, int) and cycle > 0:
                named = {
                    n[1:-3]: v for n, v in row.now.items() if n[0] == "@" and n[-3:] == "_at" and isinstance(v, int)
                }
                entered = named.pop("stage_entered", None)
                stage = row.now.get("@shared_stage")
                if stage is not None and entered is not None:
                    named[str(stage)] = entered
                if named:
                    return Standing(stage, cycle=cycle, entered=named)
        told = {
            n[9:]: v
            for row in self.live.values()
            for n, v in row.now.items()
            if n[:9] == "@entered:"
            and v.__class__ is int
            and n[9:] not in {moment.own for moment in past.get(row.n, ())}
        }
        return Standing(None, entered=told) if told else None

    # -- what should be so ---------------------------------------------------------------------------------------------

    def settle(self, decision: Decision, writes: dict[str, dict[str, Why]], back: set[str]) -> list[str]:
        """Note the transitions, and plan what brings every side to where the person stands.

        Returns the systems that agree without a write: all of them, or those whose word was heard, whatever the others
        are still to be told.
        """
        if self.rule is None:
            return []
        if self.question is not None:
            if self.rule.on_invalid != "drop":
                decision.questions.append(unmapped(*self.question))
            return []
        decision.transitions += self.transitions
        changed = [voice for voice in self.voices if voice.changed]
        conflict = len({str(voice.value) for voice in changed}) > 1
        decision.conflicts += conflict
        written = set()
        for voice in self.voices:
            goal = self._goal(voice)
            if goal is None or not self._may_write(voice, goal):
                continue
            here = voice.value
            lost = ((voice.system, here),) if here is not None and (voice.changed or not voice.met) else ()
            writes.setdefault(voice.system, {})[STAGE] = Why(here, goal, *self._why(voice), lost)
            written.add(voice.system)
            if (here is not None and self.mapping.rank(goal) < self.mapping.rank(here)) or self._is_status(here):
                back.add(voice.system)
        if written:
            return [voice.system for voice in changed if voice.system not in written]
        for refusal in self.refused:
            for voice in self.voices:
                if voice.met and voice.system == refusal.evidence.key:
                    decision.notes.append(Note(voice.system, STAGE, voice.value, voice.value, refusal.why))
        return [voice.system for voice in self.voices]

    def _why(self, voice: _Voice) -> tuple[str, str]:
        """(rule, reason) of a write."""
        for refusal in self.refused:
            if refusal.evidence.key == voice.system:
                return "stage", refusal.why
        if self.transitions:
            last = self.transitions[-1]
            return last.event, f"{last.side} says so: {last.evidence}"
        return "forward", "the stage that the person has reached"

    def _is_status(self, value: Value) -> bool:
        return value in self.mapping.lifecycle.statuses

    def _goal(self, voice: _Voice) -> Value:
        """What this side should say; None: what it says may stay."""
        standing = self.standing
        if standing is None:
            return None
        lifecycle, here = self.mapping.lifecycle, voice.value
        goal: Value = standing.stage
        if standing.status != ACTIVE and lifecycle.encode(voice.system, standing.status, 1) is not None:
            goal = standing.status
        elif self._is_status(here) and not (standing.status == ACTIVE and here == standing.left):
            return None
        return None if goal == here else goal

    def _may_write(self, voice: _Voice, goal: Value) -> bool:
        rule = voice.slot.rule
        if voice.system not in rule.to or rule.when == "create" or (rule.when == "blank" and voice.value is not None):
            return False
        place = Place(voice.system, voice.row.object)
        fitted = voice.slot.fit(goal)
        return self.mapping.changed(place, STAGE, fitted, voice.row.now.get(STAGE))

    def born(self, place: Place) -> Value:
        """The stage that a new record in this place is given where no record says one; None: none."""
        slot = self.mapping.slots(place).get(STAGE)
        if (
            self.voices
            or self.rule is None
            or self.standing is None
            or slot is None
            or place.system not in self.rule.to
        ):
            return None
        return None if isinstance(slot.fit(self.standing.stage), Unmapped) else self.standing.stage

    def ours(self, place: Place) -> dict[str, Value]:
        """What our own fields in this place should hold."""
        if self.standing is None or self.question is not None:
            return {}
        told = self._told(self.standing)
        found: dict[str, Value] = {}
        for name, slot in self.mapping.ours(place):
            if name not in ABOUT_STAGE:
                continue
            value = told.get(name)
            fitted = None if value is None else slot.fit(value)
            if not isinstance(fitted, Unmapped):
                found[name] = fitted
        return found

    def _told(self, standing: Standing) -> Mapping[str, Value]:
        """What there is to tell of it, by the names of our own fields."""
        if self._known_told is None:
            # In whole seconds, which is how exactly every system keeps a time.
            entered = {name: at // 1000 * 1000 for name, at in standing.entered.items()}
            self._known_told = {
                **{f"@{name}_at": at for name, at in entered.items()},
                "@shared_stage": standing.stage,
                "@stage_status": standing.status,
                "@stage_entered_at": entered.get(standing.stage or ""),
                "@cycle": standing.cycle,
                "@recycle_until": standing.until,
                "@lost_reason": standing.reason if standing.status == LOST else None,
            }
        return self._known_told

    @property
    def is_news(self) -> bool:
        """Whether our own fields would tell more than that the person was met: worth a call of their own."""
        return self.standing is not None and self.standing.moved

    def ours_to_write(self, row: Row) -> dict[str, Why]:
        """Our own fields that say anything else than how the person stands."""
        if self.rule is None:
            return {}
        now = row.now
        return {
            name: Why(now.get(name), value, "stage", "where the person stands")
            for name, value in self.ours(Place(row.system, row.object)).items()
            if now.get(name) != value
        }


def actor(maker: Sequence[Any]) -> tuple[str, str]:
    """(person, automation, integration or unknown; their id where it is told); maker: how much a change counts by who
    made it, and who that was, where a history tells."""
    if not maker or maker[0] < 0:
        return "unknown", ""
    return ACTORS[maker[0]], str(maker[1]) if len(maker) > 1 else ""


def journaled(transition: Transition, at: int, run: str, entity: str) -> JournalRow:
    """The transition as the journal keeps it."""
    was, became = was_of(transition), became_of(transition)
    return JournalRow(at, run, entity, transition.side, JOURNALED, was, became, sentence(transition))


def _moment(row: Row) -> int:
    """When a lead was converted: the system tells the day, and the record's stamp the time if it is of that day."""
    day = instant(row.now.get("@converted"))
    if not isinstance(day, int) or 0 <= row.version_ms - day < DAY:
        return row.version_ms
    return min(day + DAY - 1, row.version_ms)
