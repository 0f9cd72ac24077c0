"""What the records themselves say of the sync: whether all is well with them and, if not, what is the matter.  Pure.

It goes along with whatever is written anyway.  Alone it is written only when the answer turns between yes and no, or
what is the matter has become another thing, so that a record also tells why nothing else of it is written, and a second
run finds nothing to say.  Duplicates, which are told nothing else, name the record that they are duplicates of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.port import FieldSpec, Option
from mapping.mapping import Mapping as KindMapping
from mapping.rules import OURS, FieldRule, KindRule, Place, Value
from state.rows import DUPLICATE, PARKED, SENT, THERE, OperationRow, Row
from sync.decide.decision import (
    CONFLICT,
    FROZEN,
    HELD,
    PARKED_QUESTION,
    UNMAPPED,
    Decision,
    Draft,
    Question,
    Why,
    leave_refused,
    refused,
    tried,
)
from sync.trust.catalogue import entry

STATE, MESSAGE, SYNCED, DUPLICATE_OF = "@sync_state", "@sync_message", "@synced_at", "@duplicate_of"
OK = "ok"
STATES = (OK, "held", "waiting", "conflict", "paused")
MOST = 255
"""Characters of a message."""
_LENGTHS = {MESSAGE: MOST, DUPLICATE_OF: 18}
_KEPT = "Kept by Smarketing Sync: do not edit."
_FIELDS = (
    (STATE, "choice", "smk_sync_state", "SMK_Sync_State__c", "Sync state",
     "ok: both sides agree. held: something is not written, the message says why. waiting: follows by itself. "
     "conflict: a person has to choose. paused: an automation keeps replacing a value."),
    (MESSAGE, "text", "smk_sync_message", "SMK_Sync_Message__c", "Sync message", "What is the matter, and what puts it "
     "right."),
    (SYNCED, "datetime", "smk_synced_at", "SMK_Synced_At__c", "Synced", "When the sync last wrote to this record."),
    (DUPLICATE_OF, "text", "smk_duplicate_of", "SMK_Duplicate_Of__c", "Duplicate of", "The id of the primary record of "
     "the same person. This one gets opt-outs and nothing else from the sync: merge the two."),
)  # fmt: skip
"""(name, type, HubSpot property, Salesforce field, label, help)"""
_STATES = {
    **dict.fromkeys((HELD, UNMAPPED, "rejected", "recreate", "undone"), "held"),
    FROZEN: "paused",
    CONFLICT: "conflict",
    PARKED_QUESTION: "waiting",
}
_TITLES = {"hubspot": "HubSpot", "salesforce": "Salesforce"}


def told_fields(kind: str, objects: Mapping[str, Sequence[str]]) -> tuple[FieldRule, ...]:
    """The rules of these fields for a kind that lives in these objects; only people have duplicates that are linked."""
    rules = []
    for name, type_, hubspot, salesforce, _, _ in _FIELDS:
        if name == DUPLICATE_OF and kind != "person":
            continue
        natives = {"hubspot": hubspot, "salesforce": salesforce}
        places = {Place(system, object): natives[system] for system, each in objects.items() for object in each}
        rules.append(FieldRule(name, type_, places, frozenset(objects), winner=OURS, personal=False))
    return tuple(rules)


def told_specs(rule: KindRule) -> list[tuple[str, FieldSpec]]:
    """(system, field) of what has to exist for them."""
    known = {field.name: field for field in rule.fields}
    options = tuple(Option(state, state) for state in STATES)
    return [
        (
            place.system,
            FieldSpec(
                place.object,
                native,
                label,
                type_,
                length=_LENGTHS.get(name),
                options=options if name == STATE else (),
                help=f"{help} {_KEPT}",
            ),
        )
        for name, type_, _, _, label, help in _FIELDS
        if name in known
        for place, native in known[name].places.items()
    ]


def is_troubled(row: Row) -> bool:
    """Whether the record says that all is not well."""
    return bool(row.now.get(STATE, OK) != OK)


def tell(
    mapping: KindMapping,
    live: Mapping[str, Row],
    opens: Mapping[str, OperationRow],
    decision: Decision,
    may: Callable[[str, str, str], bool],
) -> None:
    """Add to the drafts what the records should say.  may: whether one more of a kind and system may say what is held.

    That all is well, or that something else is the matter than before, is told alone only once nothing is under way
    any more: what is tried now may be refused.
    """
    state, message = _said(decision.questions)
    if (decision.waits and state == OK) or any("@ignore" in row.now for row in live.values()):
        return
    told = {STATE: state, MESSAGE: message}
    busy = {draft.system for draft in decision.drafts}
    drafts = [_along(mapping, draft, live.get(draft.system), told) for draft in decision.drafts]
    rest = not busy and not decision.waits
    for system, row in live.items() if state != OK or not busy else ():
        open_ = opens.get(system)
        turns = is_troubled(row) != (state != OK)
        if system in busy or not (turns or (rest and state != OK)):
            continue
        if open_ is not None and open_.verb == "archive":
            # Written to, it would look edited since, and never go into the bin.
            continue
        alone = _along(mapping, Draft(system, row.object, row.id, {}, {}, {}, None, None, tried(open_)), row, told)
        if not alone.native:
            continue
        if open_ is not None and open_.state == SENT:
            decision.waits = True
            continue
        if open_ is not None and open_.aside and open_.state == PARKED and open_.native == alone.native:
            # Even that was refused.
            continue
        if state != OK and not may(mapping.rule.kind, system, _about(decision.questions)):
            continue
        drafts.append(alone)
    decision.drafts = drafts


def name_primaries(
    mapping: KindMapping,
    rows: Sequence[Row],
    live: Mapping[str, Row],
    opens: Mapping[str, OperationRow],
    decision: Decision,
) -> None:
    """Plan that duplicates name the primary record of their system, and that who is none any more names nobody: one
    record a system and turn, after everything else."""
    for row in rows:
        place, primary = Place(row.system, row.object), live.get(row.system)
        if row.state not in THERE or DUPLICATE_OF not in mapping.slots(place) or "@ignore" in row.now:
            continue
        held = row.now.get(DUPLICATE_OF)
        wanted = primary.id if primary is not None and row.state == DUPLICATE else None
        native = mapping.encode(place, {DUPLICATE_OF: wanted}, creating=False)[0] if held != wanted else {}
        if not native:
            continue
        open_ = opens.get(row.system)
        if any(draft.system == row.system for draft in decision.drafts) or (open_ is not None and open_.state == SENT):
            decision.waits = True
        elif open_ is not None and refused(open_, row.id, native):
            leave_refused(decision, open_)
        else:
            reason = f"a duplicate of {wanted}" if wanted else "a duplicate no longer"
            fields = {DUPLICATE_OF: Why(held, wanted, "duplicate", reason)}
            draft = Draft(row.system, row.object, row.id, native, fields, {}, None, None, tried(open_))
            decision.drafts.append(draft)


def stamp(mapping: KindMapping, place: Place, now: int) -> dict[str, Any]:
    """The native value that says when a record was last written; none where no field holds it."""
    return mapping.encode(place, {SYNCED: now // 1000 * 1000}, creating=False)[0]


def _along(mapping: KindMapping, draft: Draft, row: Row | None, told: Mapping[str, Value]) -> Draft:
    if draft.archive or (draft.id is not None and (row is None or row.id != draft.id)):
        return draft
    place, now = Place(draft.system, draft.object), row.now if row is not None and draft.id is not None else {}
    wanted = {name: value for name, value in told.items() if now.get(name) != value}
    native, _ = mapping.encode(place, wanted, creating=False)
    slots = mapping.slots(place)
    fields = {
        name: Why(now.get(name), value, "state", "how the sync of this record stands")
        for name, value in wanted.items()
        if name in slots and slots[name].natives[0] in native
    }
    return draft._replace(
        native={**draft.native, **native}, fields={**draft.fields, **fields}, beside=tuple(sorted(native))
    )


def _said(questions: Sequence[Question]) -> tuple[str, str | None]:
    """How it stands, and what is the matter."""
    for state in ("held", "paused", "conflict", "waiting"):
        for question in questions:
            if _STATES.get(question.question) == state:
                return state, _message(question)
    return OK, None


def _about(questions: Sequence[Question]) -> str:
    """The field that is held, or what is the matter."""
    first = next(question for question in questions if question.question in _STATES)
    return first.field or str(first.detail.get("code") or first.question)


def _message(question: Question) -> str:
    detail = question.detail
    target, _, object = str(detail.get("target") or question.system).partition(" ")
    code = str(detail.get("code") or question.question.upper())
    known = entry(target, code, str(detail.get("message") or "")).filled(object, [question.field or "the field"])
    about = f"{question.field}, " if question.field else ""
    said = (
        f"{about}{_TITLES.get(target, target)}: {detail.get('cause') or known.cause} {detail.get('fix') or known.fix}"
    )
    return " ".join(said.split()) if len(said) <= MOST else f"{' '.join(said.split())[: MOST - 1].rstrip()}…"
