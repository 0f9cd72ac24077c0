"""What may be said of one entity: writes, agreements, journal lines, questions.  Values, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.port import Key
from mapping.journey import Transition
from mapping.mapping import FieldProblem, Unmapped
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, WORDED, FieldRule, Place, Value
from state.rows import (
    APPLIED,
    DELETED,
    LIVE,
    MERGED,
    MOVED,
    PARKED,
    PENDING,
    SKIPPED,
    SPARES,
    UNCHANGED,
    OperationRow,
    ReviewRow,
    Row,
)
from sync.trust.catalogue import rights
from sync.trust.refusal import SEEN, told

HELD = "held"
UNMAPPED = "unmapped"
CONFLICT = "conflict"
PARKED_QUESTION = "parked"
FROZEN = "frozen"


class Why(NamedTuple):
    """One field of an operation: what it replaces, and what decided."""

    old: Value
    new: Value
    rule: str
    reason: str
    lost: tuple[tuple[str, Value], ...] = ()


class Draft(NamedTuple):
    """An intended write: what, and what it proves once it is done."""

    system: str
    object: str
    id: str | None
    """None creates."""
    native: Mapping[str, Any]
    fields: Mapping[str, Why]
    """Canonical name → why; sync keys appear under their `@key:` names."""
    agreed: Mapping[str, Mapping[str, Value]]
    """Other system → field → own value that becomes its shadow when this write has happened."""
    version: int | None
    """The target's version that the decision rests on."""
    key: Key | None = None
    tried: tuple[tuple[str | None, Mapping[str, Any]], ...] = ()
    """(record, native values) that were refused before for this entity and system, and are not tried again."""
    urgent: bool = False
    """It goes before everything that is not."""
    archive: bool = False
    """Put the record into the bin, instead of setting fields."""
    beside: tuple[str, ...] = ()
    """Native fields that only tell how the sync stands: a refusal does not rest on them."""
    spares: Mapping[str, Any] | None = None
    """What was refused before and is left out of it (`sync.decide.sparing`)."""

    @property
    def aside(self) -> bool:
        """Whether it does nothing else."""
        return bool(self.beside) and self.id is not None and len(self.beside) == len(self.native)


class Question(NamedTuple):
    """Something a person must know or decide."""

    question: str
    system: str
    object: str
    id: str | None
    field: str | None
    detail: Mapping[str, Any]


class Note(NamedTuple):
    """A journal line that needs no write: a value that lost or was left as it is."""

    system: str
    field: str
    was: Value
    became: Value
    reason: str


@dataclass(slots=True)
class Decision:
    """Everything `decide` may say of one entity."""

    entity: str
    drafts: list[Draft] = field(default_factory=list)
    shadows: dict[str, dict[str, Value]] = field(default_factory=dict)
    """system → fields whose shadow moves now, without a write."""
    notes: list[Note] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    """Steps of the person's way through the stages."""
    questions: list[Question] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    """Opt-out fields that everybody took back: nobody need be asked about them any more."""
    carried_out: list[str] = field(default_factory=list)
    """Fingerprints of what somebody decided that both sides hold now, or that was overtaken."""
    again: dict[str, str] = field(default_factory=dict)
    """Opt-out fields that the person took back → the evidence; empty: it stands where only people can take it back."""
    heard: list[str] = field(default_factory=list)
    """Opt-outs said last by records that are gone, which everybody knows by now."""
    conflicts: int = 0
    waits: bool = False
    """Not all could be decided yet: the entity stays dirty."""
    skipped: str = ""
    """Why no counterpart is made."""

    def refused_still(self, system: str) -> bool:
        """Whether a write to this system stays refused."""
        return any(question.question == "rejected" and question.system == system for question in self.questions)

    def fate(self, *, agreed: bool) -> str:
        """What becomes of a record of the entity in this run.  agreed: its memory moved."""
        asked = {question.question for question in self.questions}
        if not asked.isdisjoint((HELD, UNMAPPED, "rejected", "undone", FROZEN)):
            return HELD
        if PARKED_QUESTION in asked:
            return PARKED
        if self.drafts or agreed:
            return APPLIED
        return SKIPPED if self.skipped else UNCHANGED


def held(system: str, row: Row, problem: FieldProblem, creating: str | None = None) -> Question:
    """A value that the target cannot take: not written, with what a person can do about it."""
    detail = {
        "code": problem.code,
        "native": problem.native,
        "value": problem.value,
        "fix": problem.fix,
        "target": f"{system} {creating or row.object}",
    }
    return Question(HELD, row.system, row.object, row.id, problem.field, detail)


def address_taken(row: Row, other: Row, rule: FieldRule) -> Question:
    """An address that somebody else of the system has, who seems to be the same person: it is not written twice."""
    detail = {
        "code": "ADDRESS_TAKEN",
        "native": rule.places[Place(row.system, row.object)],
        "value": other.now.get(rule.name),
        "fix": f"{other.object} {other.id} has this address: merge the two in {row.system}, or correct the address",
        "target": f"{row.system} {row.object}",
    }
    return Question(HELD, row.system, row.object, row.id, rule.name, detail)


def address_erased(row: Row) -> Question:
    """The address of somebody who was erased, on a record of somebody else: it is not written on."""
    detail = {
        "code": "ERASED_PERSON",
        "cause": "This is the address of somebody who was erased.",
        "fix": "correct the address; if that person came back by themselves: `smarketing erase ADDRESS --lift`",
        "target": f"{row.system} {row.object}",
    }
    return Question(HELD, row.system, row.object, row.id, "email", detail)


def barred(system: str, row: Row, rule: FieldRule, value: Value) -> Question:
    """A value for a field that our credentials may not set: it waits for the right to."""
    native = rule.places[Place(system, row.object)].split("+")[0]
    detail = {
        "code": "READ_ONLY",
        "native": native,
        "value": value,
        "fix": rights(system, row.object, native)[1],
        "target": f"{system} {row.object}",
    }
    return Question(HELD, row.system, row.object, row.id, rule.name, detail)


def keyless(system: str, row: Row, place: Place) -> Question:
    """A record that could not be recognised after its creation is not created."""
    detail = {
        "code": "NO_SYNC_KEY",
        "native": "",
        "value": None,
        "fix": "run `smarketing provision --apply`, so that the new record can name this one",
        "target": f"{system} {place.object}",
    }
    return Question(HELD, row.system, row.object, row.id, None, detail)


REMEMBERED = 8
"""Refusals that a later operation of the same entity and system knows of."""


def refused(open_: OperationRow, id: str | None, native: Mapping[str, Any]) -> bool:
    """Whether the platform refused exactly this write, and nothing went through since."""
    return (id, dict(native)) in tried(open_)


def tried(open_: OperationRow | None) -> tuple[tuple[str | None, Mapping[str, Any]], ...]:
    """What was refused last, and before that without anything going through between.

    What is planned instead remembers it too: an entity may be decided several times before anything is sent.
    """
    if open_ is None:
        return ()
    before = [(id, native) for id, native in open_.basis.get("tried", ())]
    last = [(open_.id, meant(open_))] if open_.state == PARKED else []
    return (*last, *before)[:REMEMBERED]


def meant(open_: OperationRow) -> dict[str, Any]:
    """The native values of an operation without what it tells beside them."""
    beside = open_.basis.get("beside", ())
    return {native: value for native, value in open_.native.items() if native not in beside}


def parked(system: str, row: Row, names: Sequence[str], kinds: Sequence[str]) -> Question:
    """A record that cannot be made before what it belongs to; it is made by itself once that is there."""
    whose = " or ".join(dict.fromkeys(kinds))
    detail = {
        "code": "PARENT_MISSING",
        "native": "",
        "value": {name: row.now.get(name) for name in names},
        "cause": f"The {whose} that it belongs to has no record in {system}.",
        "fix": f"Nothing: it follows by itself as soon as the {whose} is in {system}.",
        "target": system,
    }
    return Question(PARKED_QUESTION, row.system, row.object, row.id, None, detail)


def leave_refused(decision: Decision, open_: OperationRow) -> None:
    """The platform refused exactly this write: it stays parked, and its question open.

    Where something else is planned meanwhile, that goes first, and this is decided again.
    """
    if open_.state == PARKED:
        decision.questions.append(still_refused(open_))
    else:
        decision.waits = True


def still_refused(open_: OperationRow) -> Question:
    """The question about a write that stays parked."""
    return Question("rejected", open_.system, open_.object, open_.id, None, told(open_.note or {}))


def unmapped(system: str, row: Row, rule: FieldRule, value: Unmapped) -> Question:
    """A value that has no meaning in the vocabulary: held, never guessed."""
    detail = {
        "code": "UNMAPPED_VALUE",
        "native": rule.places[Place(system, row.object)],
        "value": value.own,
        "fix": value.hint or f'say in the configuration what "{value.own}" means, or change the value in {system}',
    }
    return Question(UNMAPPED, system, row.object, row.id, rule.name, detail)


def without(mapping: KindMapping, draft: Draft, names: Collection[str]) -> Draft:
    """The same write, leaving these fields and sync keys as they are."""
    place = Place(draft.system, draft.object)
    slots = mapping.slots(place)
    natives = {key.native for key, name in mapping.sync_keys(place) if name in names}
    for slot in (slots[name] for name in names if name in slots):
        natives.update(slot.natives, slot.rule.back.values())
    return draft._replace(
        native={native: value for native, value in draft.native.items() if native not in natives},
        fields={name: why for name, why in draft.fields.items() if name not in names},
        agreed={
            system: {name: value for name, value in held.items() if name not in names}
            for system, held in draft.agreed.items()
        },
    )


def before(system: str, id: str | None, fields: Mapping[str, Why], live: Mapping[str, Row]) -> dict[str, Any]:
    """What an update changes beside the values it names: by side and field [span, shadow] as far as there are any, the
    target's own values where others stand for them, and how it worded its stage."""
    target = live.get(system)
    if target is None or target.id != id:
        return {}
    names = [name for name in fields if name[0] != "@"]
    known: dict[str, dict[str, Any]] = {}
    for row in live.values():
        shadow = row.shadow or {}
        some = {n: [row.spans.get(n), shadow[n]] for n in names if n in shadow}
        some |= {n: [row.spans[n]] for n in names if n in row.spans and n not in shadow}
        if some:
            known[row.system] = some
    own = {n: value for n in names if (value := target.now.get(n)) != fields[n].old}
    worded = target.now.get(WORDED) if STAGE in fields else None
    return {"before": known, **({"own": own} if own else {}), **({"worded": worded} if worded else {})}


NOBODY: Mapping[str, Row] = {}


def operation(draft: Draft, entity: str, kind: str, run: str, live: Mapping[str, Row] = NOBODY) -> OperationRow:
    """The draft as the outbox keeps it.  live: the entity's records, for what is to be known should it be undone."""
    basis = {
        "version": draft.version,
        **({"tried": [list(one) for one in draft.tried]} if draft.tried else {}),
        **({"beside": list(draft.beside)} if draft.beside else {}),
        **({"aside": True} if draft.aside else {}),
        **({SPARES: dict(draft.spares)} if draft.spares else {}),
        "fields": {name: _told(why) for name, why in draft.fields.items()},
        **before(draft.system, draft.id, draft.fields, live),
    }
    return OperationRow(
        entity=entity,
        kind=kind,
        system=draft.system,
        object=draft.object,
        id=draft.id,
        verb="archive" if draft.archive else "create" if draft.id is None else "update",
        fields={name: why.new for name, why in draft.fields.items()},
        native=dict(draft.native),
        agreed=dict(draft.agreed),
        basis=basis,
        run=run,
        key=tuple(draft.key) if draft.key else None,
        urgent=draft.urgent,
    )


def raised(question: Question, entity: str, now: int, seen: str) -> ReviewRow:
    """The question as it is asked.  seen: what the systems looked like when it was."""
    asked = question.question
    fingerprint = f"{asked}|{entity}|{question.system}|{question.field or ''}"
    about = (question.system, question.object, question.id, question.field)
    return ReviewRow(asked, fingerprint, now, entity, *about, {**question.detail, SEEN: seen})


def after(row: Row, decision: Decision, *, waits: bool) -> Row:
    """A record of the entity once this is decided.  waits: it is decided again."""
    if row.state != LIVE:
        heard = decision.heard if row.spans and not waits else ()
        return row._replace(dirty=waits, spans={name: span for name, span in row.spans.items() if name not in heard})
    moved = decision.shadows.get(row.system)
    fate = decision.fate(agreed=bool(moved))
    kept = row.fate in (DELETED, MERGED) or fate != HELD
    fate = final(row, fate) if kept else HELD
    if not moved:
        return row._replace(fate=fate, dirty=waits)
    shadow = {**(row.shadow or {}), **moved}
    spans = {name: span for name, span in row.spans.items() if name not in moved}
    return row._replace(fate=fate, dirty=waits, shadow=shadow, spans=spans)


def _told(why: Why) -> dict[str, Any]:
    """What there is to say of a field; most replace nothing."""
    told: dict[str, Any] = {"rule": why.rule, "why": why.reason}
    if why.old is not None:
        told["old"] = why.old
    if why.lost:
        told["lost"] = [list(lost) for lost in why.lost]
    return told


def final(row: Row, fate: str) -> str:
    """A record keeps the first thing that became of it in a run; deleted and merged are facts."""
    return fate if row.fate in (PENDING, PARKED) and row.state not in (DELETED, MOVED) else row.fate
