"""Consent reaches every record of a person, the duplicates too: who has opted out has opted out everywhere.

Duplicates get nothing else from the sync.  An opt-out on one of them counts for the person.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mapping.rules import FieldRule, Place
from state.rows import DUPLICATE, LIVE, PARKED, SENT, OperationRow, Row
from sync.decision import Decision, Draft, Why, still_refused

if TYPE_CHECKING:
    from sync.plan import Planner


def opted_out(planner: Planner, rows: Sequence[Row]) -> Iterator[FieldRule]:
    """The fields by which people opt out, where any of the person's records says so."""
    for rule in planner.mapping.rule.fields:
        if rule.winner == "sticky_true" and any(_says(planner, rule, row) for row in rows if row.state in RECORDS):
            yield rule


def owed(planner: Planner, rule: FieldRule, row: Row) -> bool:
    """Whether this record has still to be told."""
    place = Place(row.system, row.object)
    return row.system in rule.to and place in rule.places and not _says(planner, rule, row)


def tell_duplicates(
    planner: Planner, rows: Sequence[Row], opens: Mapping[str, OperationRow], decision: Decision
) -> None:
    """Plan the writes to duplicates: one a system and turn, after the person's own record."""
    for rule in opted_out(planner, rows):
        for row in rows:
            if row.state != DUPLICATE or not owed(planner, rule, row):
                continue
            open_ = opens.get(row.system)
            busy = any(draft.system == row.system for draft in decision.drafts)
            if busy or (open_ is not None and open_.state == SENT) or not planner.settled(row):
                decision.waits = True
                continue
            native, problems = planner.mapping.encode(Place(row.system, row.object), {rule.name: True}, creating=False)
            if problems or not native:
                continue
            if open_ is not None and open_.state == PARKED and (open_.id, open_.native) == (row.id, native):
                decision.questions.append(still_refused(open_))
                continue
            why = Why(row.now.get(rule.name), True, rule.winner, "this person opted out on another record")
            draft = Draft(row.system, row.object, row.id, native, {rule.name: why}, {}, row.version_ms)
            decision.drafts.append(draft)


RECORDS = (LIVE, DUPLICATE)


def _says(planner: Planner, rule: FieldRule, row: Row) -> bool:
    place = Place(row.system, row.object)
    return place in rule.places and planner.mapping.canon(place, rule.name, row.now.get(rule.name)) is True
