"""Consent reaches every record of a person, whatever else is left out, held or refused: who opted out has opted out.

An opt-out on a duplicate counts for the person, and reaches the duplicates, which get nothing else from the sync; so do
records that share its address (`sync.decide.mailboxes`).  It is written before everything else of its system, and
alone where something else stands in its way.  Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mapping.mapping import Mapping as KindMapping
from mapping.rules import FieldRule, KindRule, Place
from state.rows import DELETED, DUPLICATE, LIVE, MOVED, SENT, SHARED, Closing, OperationRow, Row
from sync.decide.decision import Decision, Draft, Question, Why, leave_refused, refused, tried

if TYPE_CHECKING:
    from sync.plan import Planner

RECORDS = (LIVE, DUPLICATE)
HOLDERS = (LIVE, DUPLICATE, SHARED)
GONE = (DELETED, MOVED)
OPTED_OUT = "opted out there by themselves"
"""The journal's reason where nothing had to be written: when it was heard of counts if they agree again."""
RECONSENT = "reconsent"
"""The question about an opt-out that was taken back on one side: it stays until all sides took it back."""


def is_consent(rule: FieldRule) -> bool:
    """Whether people opt out by this field."""
    return rule.winner == "sticky_true"


BY_ADDRESS = "its e-mail address opted out on another record"
BY_MERGE = "the person opted out on a record that was merged with one of theirs"
"""Why somebody has opted out who did not say so on a record of their own."""
SET_AGAIN = "set again: nothing shows that they agreed to mail"
"""Why an opt-out that was taken back on one side is written there once more."""


class Consent(NamedTuple):
    """What is true of the person in a field by which people opt out, whatever a record of theirs says, and why."""

    rule: FieldRule
    why: str
    opted_out: bool = True


def opted_out(planner: Planner, rows: Sequence[Row], others: Mapping[str, str]) -> Iterator[Consent]:
    """The fields by which any of the person's records says that they opted out, or (`others`: field → why) one that is
    not theirs."""
    for rule in planner.mapping.consents:
        if any(says(planner, rule, row) for row in rows if row.state in RECORDS):
            yield Consent(rule, "this person opted out on another record")
        elif any(said_last(planner, rule, row) for row in rows):
            yield Consent(rule, "this person opted out on a record that is gone since")
        elif rule.name in others:
            yield Consent(rule, others[rule.name])


def standing(opted: Iterable[Consent], again: Mapping[str, str]) -> Iterator[Consent]:
    """The same where people agreed again (field → why; empty: others must say so by hand, and nothing is written)."""
    for consent in opted:
        if consent.rule.name not in again:
            yield consent
        elif why := again[consent.rule.name]:
            yield Consent(consent.rule, why, opted_out=False)


def owed(planner: Planner, rule: FieldRule, row: Row, *, opted_out: bool = True) -> bool:
    """Whether this record has still to be told."""
    place = Place(row.system, row.object)
    return row.system in rule.to and place in rule.places and says(planner, rule, row) != opted_out


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
    opted: Iterable[Consent],
    rows: Sequence[Row],
    opens: Mapping[str, OperationRow],
    decision: Decision,
) -> None:
    """Plan the writes to duplicates and mailboxes: one a system and turn, after the person's own record."""
    for rule, reason, value in opted:
        for row in rows:
            if row.state not in (DUPLICATE, SHARED) or not owed(planner, rule, row, opted_out=value):
                continue
            open_ = opens.get(row.system)
            busy = any(draft.system == row.system for draft in decision.drafts)
            if busy or (open_ is not None and open_.state == SENT):
                decision.waits = True
                continue
            native, problems = planner.mapping.encode(Place(row.system, row.object), {rule.name: value}, creating=False)
            if problems or not native:
                continue
            if open_ is not None and refused(open_, row.id, native):
                leave_refused(decision, open_)
                continue
            why = Why(row.now.get(rule.name), value, rule.winner, reason)
            fields = {rule.name: why}
            draft = Draft(row.system, row.object, row.id, native, fields, {}, None, None, tried(open_), urgent=True)
            decision.drafts.append(draft)


def taken_back(rule: FieldRule, row: Row, missing: Sequence[str], others: Sequence[str]) -> Question:
    """An opt-out that somebody took back on one record while it stands in other systems.

    Without evidence (`missing`) it was set again; with it, only people can take it back in the others.
    """
    place = Place(row.system, row.object)
    elsewhere = " and ".join(others)
    if missing:
        code = "OPT_OUT_TAKEN_BACK"
        fix = (
            f"it was set again, because nothing shows {' and '.join(missing)}; with a legal basis for mailing them, "
            f"record it and take the opt-out back in {row.system} and {elsewhere} before the next sync"
        )
    else:
        code = "RESUBSCRIBE_BY_HAND"
        fix = f"{row.system} shows that they agreed again; subscribe them again in {elsewhere}, where no program may"
    detail = {
        "code": code,
        "native": rule.places.get(place, ""),
        "value": row.now.get(rule.name),
        "when": list(row.spans.get(rule.name, ()))[:2],
        "target": ", ".join(others),
        "fix": fix,
    }
    return Question(RECONSENT, row.system, row.object, row.id, rule.name, detail)


def out_of_sight(rules: Iterable[KindRule], mappings: Mapping[str, KindMapping]) -> list[str]:
    """The fields by which people opt out that their system does not show.  mappings: kind → what it shows."""
    return [
        f"{place.system} {place.object}.{native}"
        for rule in rules
        for field in rule.fields
        if field.winner == "sticky_true"
        for place, native in field.places.items()
        if place not in mappings[rule.kind].rule_of(field.name).places
    ]


def taken_back_everywhere(decision: Decision, systems: Iterable[str], now: int) -> list[Closing]:
    """The questions about opt-outs that everybody took back are settled."""
    return [
        Closing(f"{RECONSENT}|{decision.entity}|{system}|{name}", now, "taken back everywhere")
        for name in decision.answered
        for system in systems
    ]


def said_last(planner: Planner, rule: FieldRule, row: Row) -> bool:
    """Whether this record was deleted, merged away or converted before others were told that it opted out."""
    return row.state in GONE and rule.name in row.spans and says(planner, rule, row)


def told_everybody(planner: Planner, rows: Sequence[Row]) -> list[str]:
    """The opt-outs said last by records that are gone, of which nobody has still to be told."""
    return [
        rule.name
        for rule in planner.mapping.consents
        if any(said_last(planner, rule, row) for row in rows)
        and not any(row.state in HOLDERS and owed(planner, rule, row) for row in rows)
    ]


def shared(planner: Planner, everybody: Collection[Row], gone: Row, heir: Row) -> Iterator[tuple[str, str]]:
    """(entity, field) where a merge makes one person of two of whom one had opted out, and the other has still to be
    told.  gone: the record that was merged away; heir: the one that it lives on as."""
    for rule in planner.mapping.consents:
        for source, other in ((gone, heir), (heir, gone)):
            mates = (row for row in everybody if row.entity == other.entity and row.state in HOLDERS)
            if says(planner, rule, source) and any(owed(planner, rule, mate) for mate in mates):
                yield str(other.entity), rule.name


def says(planner: Planner, rule: FieldRule, row: Row) -> bool:
    """Whether this record says that the person opted out."""
    place = Place(row.system, row.object)
    return place in rule.places and planner.mapping.canon(place, rule.name, row.now.get(rule.name)) is True
