"""Into the recycle bin, out of it, and away for good."""

from __future__ import annotations

from sandbox.kernel import Change, Row
from sandbox.salesforce.dml import permissions
from sandbox.salesforce.dml.engine import BIN_MS, Engine
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError

_CASCADES = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Campaign": (("CampaignMember", "CampaignId"),),
    "Contact": (("OpportunityContactRole", "ContactId"), ("CampaignMember", "ContactId"), ("Task", "WhoId")),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"), ("Task", "WhatId")),
}
"""What goes with a record into the bin, and comes back with it."""


def delete(engine: Engine, object_name: str, record_id: str, writer: Writer) -> None:
    """Put a record, and what hangs on it, into the bin."""
    if not engine.store.org.objects[object_name].deletable:
        raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", f"{object_name} records cannot be deleted", ())
    if not engine.store.org.may(writer.sees, object_name, "Delete"):
        raise RecordError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", ())
    row = engine.target(object_name, record_id)
    if writer.refuse is not None:
        writer.refuse(object_name, record_id, row.values)
    _delete(engine, object_name, row, writer)


def _delete(engine: Engine, object_name: str, row: Row, writer: Writer) -> None:
    """What hangs on a record goes with it, whoever may delete it."""
    bin_row(engine, object_name, row, writer)
    permissions.withdrawn(engine.store.org, object_name, row)
    for child, field in _CASCADES.get(object_name, ()):
        for each in engine.store.shelf(child).live_matching(field, row.id):
            each.extra = {**(each.extra or {}), "deleted_with": row.id}
            _delete(engine, child, each, writer)


def bin_row(engine: Engine, object_name: str, row: Row, writer: Writer, master: str | None = None) -> None:
    """Delete one row alone.  `master` is the survivor when it was merged away."""
    now = engine.clock.now()
    values = {**row.values, "LastModifiedById": writer.user_id}
    values.pop("LastModifiedDate", None)
    if master:
        values["MasterRecordId"] = master
    engine.store.replace(object_name, row, values, now, now)
    row.history.append(Change(now, "IsDeleted", True, writer.caller.by, writer.caller.actor))
    engine.store.deletions.setdefault(object_name, []).append((now, row.id))


def undelete(engine: Engine, object_name: str, record_id: str, writer: Writer) -> None:
    """Take a record, and what went with it, out of the bin."""
    row = engine.store.find(object_name, record_id)
    if row is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    if row.archived_at is None or row.values.get("MasterRecordId"):
        raise RecordError("UNDELETE_FAILED", "Entity is not in the recycle bin", ())
    now = engine.clock.now()
    engine.store.replace(object_name, row, {**row.values, "LastModifiedById": writer.user_id}, now, None)
    row.history.append(Change(now, "IsDeleted", False, writer.caller.by, writer.caller.actor))
    for child, field in _CASCADES.get(object_name, ()):
        for each in engine.store.shelf(child).matching(field, record_id):
            if each.archived_at is not None and (each.extra or {}).get("deleted_with") == record_id:
                undelete(engine, child, each.id, writer)


def hard_delete(engine: Engine, object_name: str, record_id: str, writer: Writer) -> None:
    """Away for good, from the table or from the bin."""
    row = engine.store.find(object_name, record_id)
    if row is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    if row.archived_at is None:
        delete(engine, object_name, record_id, writer)
    engine.store.drop(object_name, row)


def empty_bin(engine: Engine) -> None:
    """Drop what has been in the bin for longer than it keeps things."""
    oldest = engine.clock.now() - BIN_MS
    for name, shelf in engine.store.shelves.items():
        for record_id in list(shelf.binned):
            row = shelf.rows[record_id]
            if row.archived_at is not None and row.archived_at < oldest:
                engine.store.drop(name, row)
