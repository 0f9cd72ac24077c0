"""Two records become a third (changelog "Updated merge functionality for contacts and companies")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.hubspot import errors, writing
from sandbox.hubspot.schema import ObjectType
from sandbox.hubspot.store import Record, full_history
from sandbox.kernel import Caller, Change

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_MOST = 250


def _list(*texts: str | None) -> str:
    parts = [part for text in texts for part in (text or "").split(";") if part]
    return ";".join(dict.fromkeys(parts))


def merge(portal: Portal, type: ObjectType, winner: Record, loser: Record, caller: Caller) -> Record:
    """The survivor: a new record with a new id, to which both old ids lead.  The winner's values stay."""
    if winner is loser:
        raise errors.invalid("Cannot merge an object with itself")
    merged_ids = _list(
        winner.values.get("hs_merged_object_ids"), winner.id, loser.values.get("hs_merged_object_ids"), loser.id
    )
    if merged_ids.count(";") >= _MOST:
        raise errors.refuse(414, "Cannot have more than 250 identities on a profile")
    at = portal.clock.now()
    records = portal.records[type.name]
    survivor = _joined(portal, type, winner, loser, merged_ids, at)
    _sign(survivor, caller)
    survivor.born = winner.born
    for old in (winner, loser):
        writing.release(records, type, old)
        records.move(old, survivor.id, at)
    records.insert(survivor)
    writing.claim_again(records, type, survivor)
    for old in (loser, winner):
        for b, other, specs in list(portal.links.all_of(type.name, old.id)):
            portal.links.unlink(type.name, old.id, b, other)
            if old is loser and b == "companies":
                specs = tuple(s for s in specs if s != portal.links.primary(type.name, b))
            if portal.records[b].live(other):
                portal.relink(type.name, survivor.id, b, other, specs)
    return survivor


def _sign(row: Record, caller: Caller) -> None:
    """What the merge itself decided is the newest entry of each history."""
    last = {change.field: change.value for change in row.history}
    row.history += [
        Change(row.modified, name, value, caller.by, caller.actor)
        for name, value in row.values.items()
        if last.get(name) != value
    ]


def _joined(portal: Portal, type: ObjectType, winner: Record, loser: Record, merged_ids: str, at: int) -> Record:
    values = dict(winner.values)
    for name, value in loser.values.items():
        if not values.get(name) and value:
            values[name] = value
    values["hs_merged_object_ids"] = merged_ids
    if type.name == "contacts":
        vids = [f"{winner.id}:{at}", f"{loser.id}:{at}"]
        values["hs_calculated_merged_vids"] = _list(values.get("hs_calculated_merged_vids"), *vids)
        second = loser.values.get("email")
        more = second if second and second != values.get("email") else ""
        extra = _list(winner.values.get("hs_additional_emails"), more, loser.values.get("hs_additional_emails"))
        if extra:
            values["hs_additional_emails"] = extra
    row = Record(portal.next_id(), values, min(winner.created, loser.created))
    history = full_history(winner) + full_history(loser)
    row.history = sorted(history, key=lambda change: change.at)
    row.modified = max(at, winner.modified + 1, loser.modified + 1)
    row.extra = {"appeared": row.modified}
    return row
