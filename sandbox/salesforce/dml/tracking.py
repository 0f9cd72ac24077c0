"""History rows of tracked fields, as the platform keeps them: one row for each field that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta, datetime_text, reader
from sandbox.salesforce.storage import Store

_OWN = frozenset({"LastModifiedById", "LastModifiedDate", "CreatedById", "CreatedDate"})
HISTORY_OBJECTS = {
    "Lead": ("LeadHistory", "LeadId"),
    "Contact": ("ContactHistory", "ContactId"),
    "Account": ("AccountHistory", "AccountId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}
_TRACKED_NAMES = {
    "Lead": "Status OwnerId Email Phone MobilePhone FirstName LastName Company Title Rating LeadSource Industry"
    " HasOptedOutOfEmail DoNotCall IsConverted City Country",
    "Contact": "AccountId OwnerId Email Phone MobilePhone FirstName LastName Title Department LeadSource"
    " HasOptedOutOfEmail DoNotCall MailingCity MailingCountry",
    "Account": "Name OwnerId Website Phone Industry Type NumberOfEmployees AnnualRevenue",
    "Opportunity": "Name StageName Amount CloseDate OwnerId AccountId Probability Type NextStep",
}
TRACKED = {name: frozenset(fields.split()) for name, fields in _TRACKED_NAMES.items()}
"""Which fields an administrator chose to track: at most 20 of an object."""
_SHOWN_AS = {"OwnerId": "Owner", "AccountId": "Account", "IsConverted": "leadConverted"}
_SNAPSHOT = ("StageName", "Amount", "CloseDate", "Probability")
_KINDS = {
    "date": "DateOnly",
    "datetime": "DateTime",
    "reference": "EntityId",
    "boolean": "Boolean",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "picklist": "DynamicEnum",
}


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names whose value differs.  A flag that is off and one that was never set are the same."""
    return [n for n in {**before, **after} if n not in _OWN and _known(before.get(n)) != _known(after.get(n))]


def _known(value: Any) -> Any:
    return None if value is False else value


def created(store: Store, name: str, row: Row) -> None:
    if name in HISTORY_OBJECTS and HISTORY_OBJECTS[name][0] in store.org.objects:
        _entry(store, name, row, "created", None, None, None, row.values["CreatedById"], row.created)
    if name == "Opportunity":
        snapshot(store, row, None, row.values["CreatedById"], row.created)


def updated(
    store: Store, name: str, row: Row, before: Mapping[str, Any], changed: list[str], user_id: str, now: int
) -> None:
    tracked = TRACKED.get(name, frozenset())
    meta = store.org.objects[name]
    for field in changed:
        if field in tracked and HISTORY_OBJECTS[name][0] in store.org.objects:
            shown = meta.fields[field]
            _entry(store, name, row, field, shown, before.get(field), row.values.get(field), user_id, now)
    if name == "Opportunity" and any(f in changed for f in _SNAPSHOT):
        snapshot(store, row, before, user_id, now)


def _entry(
    store: Store,
    name: str,
    row: Row,
    field: str,
    meta: FieldMeta | None,
    old: Any,
    new: Any,
    user_id: str,
    now: int,
) -> None:
    history, parent = HISTORY_OBJECTS[name]
    kind = _KINDS.get(meta.type, "Text") if meta else "Text"
    if kind == "DateTime":
        old, new = datetime_text(old), datetime_text(new)
    field = _SHOWN_AS.get(field, field)
    values = {
        parent: row.id,
        "Field": field,
        "DataType": kind,
        "OldValue": old,
        "NewValue": new,
        "CreatedById": user_id,
    }
    store.put(history, Row(store.new_id(history), {k: v for k, v in values.items() if v is not None}, now))


def snapshot(store: Store, row: Row, before: Mapping[str, Any] | None, user_id: str, now: int) -> None:
    """An OpportunityHistory row: the opportunity as it stands after a change of stage, amount, date or probability."""
    meta = store.org.objects["Opportunity"]
    values = {n: reader(meta.fields[n])(row) for n in (*_SNAPSHOT, "ExpectedRevenue", "ForecastCategory")}
    values |= {"OpportunityId": row.id, "CreatedById": user_id}
    if before is not None:
        values |= {"PrevAmount": before.get("Amount"), "PrevCloseDate": before.get("CloseDate")}
    kept = {k: v for k, v in values.items() if v is not None}
    store.put("OpportunityHistory", Row(store.new_id("OpportunityHistory"), kept, now))
