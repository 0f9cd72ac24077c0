"""What an administrator may add to an org: record types, and several currencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.kernel import Row
from sandbox.salesforce.schema.build import pick, ref
from sandbox.salesforce.schema.model import RecordType
from sandbox.salesforce.storage import Store

_WITH_CURRENCY = ("Lead", "Contact", "Account", "Opportunity", "Campaign", "CampaignMember", "Task", "Event")


def add_record_types(
    store: Store,
    object_name: str,
    types: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]],
    default: str,
    now: int,
) -> dict[str, str]:
    """Developer name → label and the picklist values it offers (of other fields it offers all); new records are of the
    default one.  An object without record types has no RecordTypeId.  Returns developer name → id."""
    meta = store.org.objects[object_name]
    for name, (label, values) in types.items():
        row = Row(store.new_id("RecordType"), {}, now)
        row.values = {"Name": label, "DeveloperName": name, "SobjectType": object_name, "IsActive": True}
        store.put("RecordType", row)
        offered = {field: tuple(chosen) for field, chosen in values.items()}
        meta.record_types.append(RecordType(row.id, name, label, name == default, offered))
    ids = {each.name: each.id for each in meta.record_types}
    field = ref("RecordTypeId", "RecordType", defaulted_on_create=True, default=ids[default])
    store.org.add_custom_field(object_name, field, visible=True)
    return ids


def use_currencies(store: Store, codes: Sequence[str]) -> None:
    """From now on records have a CurrencyIsoCode; the first code is the company's (Object Reference: the field is
    there only where the org has several currencies)."""
    for name in _WITH_CURRENCY:
        field = pick("CurrencyIsoCode", codes, codes[0], restricted=True, length=3, label="Currency ISO Code")
        store.org.add_custom_field(name, field, visible=True)
