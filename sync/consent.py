"""Consent reaches every record of a person, whatever else is left out, held or refused: who opted out has opted out.

An opt-out on a duplicate counts for the person, and reaches the duplicates, which get nothing else from the sync; so do
records that share its address (`sync.mailboxes`).  It is written before everything else of its system, and alone where
something else stands in its way.  Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mapping.rules import FieldRule, Place
from state.rows import DUPLICATE, LIVE, SENT, SHARED, Closing, OperationRow, Row
from sync.decision import Decision, Draft, Question, Why, leave_refused, refused, tried

if TYPE_CHECKING:
    from sync.plan import Planner

RECORDS = (LIVE, DUPLICATE)
RECONSENT = "reconsent"
"""The question about an opt-out that was taken back on one side: it stays until all sides took it back."""


def is_consent(rule: FieldRule) -> bool:
    """Whether people opt out by this field."""
    return rule.winner == "sticky_true"


class OptedOut(NamedTuple):
    """A field by which people opt out, and why it is true of the person whatever a record of theirs says."""

    rule: FieldRule
    why: str


def opted_out(planner: Planner, rows: Sequence[Row], addresses: Collection[str]) -> Iterator[OptedOut]:
    """The fields by which any of the person's records says that they opted out, or (`addresses`) one that shares its
    address."""
    for rule in planner.mapping.consents:
        if any(says(planner, rule, row) for row in rows if row.state in RECORDS):
            yield OptedOut(rule, "this person opted out on another record")
        elif rule.name in addresses:
            yield OptedOut(rule, "its e-mail address opted out on another record")


def owed(planner: Planner, rule: FieldRule, row: Row) -> bool:
    """Whether this record has still to be told."""
    place = Place(row.system, row.object)
    return row.system in rule.to and place in rule.places and not says(planner, rule, row)


def portions(
    native: Mapping[str, Any], consent: Mapping[str, Any], *, settled: bool, clear: bool
) -> list[Mapping[str, Any]]:
    """What to write of an update, the first choice first: all of it at once, where nothing speaks against that.

    Where the record may still change under its stamp only the opt-out goes, which is right whatever it changes to.
    Where something was refused (not `clear`) an opt-out must not wait for it, nor the rest for a refused opt-out.
    """
    if not consent or consent == native:
        return [native]
    rest = {name: value for name, value in native.items() if name not in consent}
    return [native, consent, rest] if settled and clear else [consent, native, rest]


def tell_others(
    planner: Planner,
    opted: Iterable[OptedOut],
    rows: Sequence[Row],
    opens: Mapping[str, OperationRow],
    decision: Decision,
) -> None:
    """Plan the writes to duplicates and mailboxes: one a system and turn, after the person's own record."""
    for rule, reason in opted:
        for row in rows:
            if row.state not in (DUPLICATE, SHARED) or not owed(planner, rule, row):
                continue
            open_ = opens.get(row.system)
            busy = any(draft.system == row.system for draft in decision.drafts)
            if busy or (open_ is not None and open_.state == SENT):
                decision.waits = True
                continue
            native, problems = planner.mapping.encode(Place(row.system, row.object), {rule.name: True}, creating=False)
            if problems or not native:
                continue
            if open_ is not None and refused(open_, row.id, native):
                leave_refused(decision, open_)
                continue
            why = Why(row.now.get(rule.name), True, rule.winner, reason)
            fields = {rule.name: why}
            draft = Draft(row.system, row.object, row.id, native, fields, {}, None, None, tried(open_), urgent=True)
            decision.drafts.append(draft)


def taken_back(rule: FieldRule, row: Row, others: Iterable[str]) -> Question:
    """An opt-out that somebody took back on one record while it stands on another: set again, and told."""
    place = Place(row.system, row.object)
    detail = {
        "code": "OPT_OUT_TAKEN_BACK",
        "native": rule.places.get(place, ""),
        "value": row.now.get(rule.name),
        "when": list(row.spans.get(rule.name, ()))[:2],
        "target": ", ".join(sorted(others)),
        "fix": "it was set again, because nothing shows the person's consent; with a legal basis for mailing them, "
        f"record it and take the opt-out back in {row.system} and {' and '.join(sorted(others))} before the next sync",
    }
    return Question(RECONSENT, row.system, row.object, row.id, rule.name, detail)


def taken_back_everywhere(decision: Decision, systems: Iterable[str], now: int) -> list[Closing]:
    """The questions about opt-outs that everybody took back are settled."""
    return [
        Closing(f"{RECONSENT}|{decision.entity}|{system}|{name}", now, "taken back everywhere")
        for name in decision.answered
        for system in systems
    ]


def says(planner: Planner, rule: FieldRule, row: Row) -> bool:
    """Whether this record says that the person opted out."""
    place = Place(row.system, row.object)
    return place in rule.places and planner.mapping.canon(place, rule.name, row.now.get(rule.name)) is True
