"""What the platform refuses about a record that is otherwise well written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.dml.rules import DuplicateRule, Rules, Save
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import FieldMeta, ObjectMeta
from sandbox.salesforce.storage import Store

INVALID_REFERENCE = "invalid cross reference id"


def required(values: Mapping[str, Any], fields: Iterable[FieldMeta]) -> None:
    missing = [f.name for f in fields if values.get(f.name) is None]
    if missing:
        raise RecordError(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", tuple(missing)
        )


def references(store: Store, meta: ObjectMeta, values: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        field, target = meta.fields[name], values.get(name)
        if field.type == "reference" and target is not None:
            _reference(store, meta, field, target)


def _reference(store: Store, meta: ObjectMeta, field: FieldMeta, target: str) -> None:
    name = store.org.object_of_id(target)
    if name is None or (field.reference_to and name not in field.reference_to):
        raise RecordError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {target}", (field.name,))
    row = store.find(name, target)
    if row is None:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", INVALID_REFERENCE, (field.name,))
    if row.archived_at is not None:
        raise RecordError("ENTITY_IS_DELETED", "entity is deleted", ())
    if name == "Lead" and row.values.get("IsConverted"):
        raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    if name == "RecordType" and target in store.org.withheld:
        raise RecordError(
            "INVALID_CROSS_REFERENCE_KEY",
            f"Record Type ID: this ID value isn't valid for the user: {target}",
            (field.name,),
        )
    if field.name == "OwnerId" and name == "User" and row.values.get("IsActive") is False:
        raise RecordError(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{target[:15]}] as owner of {meta.label.lower()}",
        )


def activity_parents(meta: ObjectMeta, values: Mapping[str, Any]) -> None:
    """A lead as WhoId leaves no room for a WhatId (Object Reference, Task)."""
    if values.get("WhatId") and str(values.get("WhoId") or "").startswith("00Q"):
        raise RecordError(
            "FIELD_INTEGRITY_EXCEPTION", "Related To ID: cannot be set when the name is a lead", ("WhatId",)
        )


def event_times(values: Mapping[str, Any]) -> None:
    """An event has a start and a length, or it is an all-day one (Object Reference, Event)."""
    timed = values.get("StartDateTime") is not None and values.get("EndDateTime") is not None
    if not timed and not (values.get("IsAllDayEvent") and values.get("ActivityDate")):
        missing = ("DurationInMinutes", "ActivityDateTime")
        raise RecordError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def unique(store: Store, meta: ObjectMeta, values: Mapping[str, Any], names: Iterable[str], own_id: str | None) -> None:
    for name in names:
        field, value = meta.fields[name], values.get(name)
        if not field.unique or value is None:
            continue
        for row in store.shelf(meta.name).live_matching(name, value):
            if row.id != own_id and (not field.case_sensitive or row.values[name] == value):
                raise duplicate_value(name, row)


def duplicate_value(name: str, row: Row) -> RecordError:
    return RecordError(
        "DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on record with id: {row.id[:15]}", ()
    )


def campaign_membership(store: Store, values: Mapping[str, Any]) -> None:
    """A person is in a campaign once."""
    for name in ("LeadId", "ContactId"):
        if values.get(name) is None:
            continue
        for row in store.shelf("CampaignMember").live_matching(name, values[name]):
            if row.values.get("CampaignId") == values.get("CampaignId"):
                raise duplicate_value("unknown", row)


def validation(rules: Rules, save: Save) -> None:
    for rule in rules.validation_rules:
        verdict = rule(save)
        if verdict:
            text, fields = (verdict, ()) if isinstance(verdict, str) else (verdict[0], (verdict[1],))
            raise RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", text, fields)


def duplicates(rules: Rules, save: Save, writer: Writer, key: str) -> None:
    for rule in rules.duplicate_rules:
        if rule.object != save.object or (rule.allow_save and writer.allow_duplicates):
            continue
        found = rule.match(save)
        if found:
            report = {key: _duplicate_report(rule, found)}
            raise RecordError("DUPLICATES_DETECTED", rule.message, (), **report)


def _duplicate_report(rule: DuplicateRule, found: list[Row]) -> dict[str, Any]:
    matched = rule.matched or rule.object
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": matched, "url": f"/services/data/v64.0/sobjects/{matched}/{row.id}"},
                "Id": row.id,
            },
        }
        for row in found
    ]
    return {
        "allowSave": rule.allow_save,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": rule.object,
        "errorMessage": rule.message,
        "matchResults": [
            {
                "entityType": matched,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": records,
                "rule": f"Standard_{matched}_Match_Rule_v1_1",
                "size": len(records),
                "success": True,
            }
        ],
    }
