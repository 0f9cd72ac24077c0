"""The tooling address: custom fields are made, read and removed here (Tooling API, CustomField)."""

from __future__ import annotations

import re
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer, no_content
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import FieldMeta, PickValue, datetime_text

CUSTOM_FIELD = "CustomField"
_FULL_NAME = re.compile(r"(\w+)\.([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)__c\Z")
_ACTIVITIES = ("Task", "Event")
_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Html": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
}
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255, "Picklist": 255, "MultiselectPicklist": 4_099}
_UNSEARCHABLE = ("LongTextArea", "Html")


def create(platform: Platform, call: Call) -> Answer:
    """`POST /tooling/sobjects/CustomField {"FullName", "Metadata"}` → 201.  Nobody sees the field yet."""
    body = call.json_object()
    metadata = body.get("Metadata")
    found = _FULL_NAME.match(str(body.get("FullName", "")))
    if found is None or not isinstance(metadata, dict):
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", "FullName must be Object.Field__c and Metadata given", ())
    owner, name = found.group(1), f"{found.group(2)}__c"
    targets = _ACTIVITIES if owner == "Activity" else (owner,)
    unique = metadata.get("unique") or metadata.get("externalId")
    if unique and targets == _ACTIVITIES and not platform.settings.unique_activity_fields:
        raise ApiError(
            400, "FIELD_INTEGRITY_EXCEPTION", "A field of activities cannot be unique or an external id", ("FullName",)
        )
    for target in targets:
        meta = platform.org.objects.get(target)
        if meta is None:
            raise ApiError(400, "INVALID_TYPE", f"Entity of type {target} is not available", ("FullName",))
        if meta.find(name) is not None:
            raise ApiError(
                400, "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {found.group(2)} on {target}.",
                ("DeveloperName",),
            )  # fmt: skip
    for target in targets:
        platform.org.add_custom_field(target, field_of(name, metadata))
    record_id = platform.store.new_id(CUSTOM_FIELD)
    values = {
        "DeveloperName": found.group(2),
        "FullName": f"{owner}.{name}",
        "TableEnumOrId": owner,
        "InlineHelpText": metadata.get("inlineHelpText"),
        "Metadata": metadata,
        "CreatedById": call.user_id,
        "LastModifiedById": call.user_id,
    }
    platform.store.put(CUSTOM_FIELD, Row(record_id, values, platform.now))
    return json_answer({"id": record_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)


def field_of(name: str, metadata: dict[str, Any]) -> FieldMeta:
    """The field that a Metadata API CustomField describes; 400 for what cannot be."""
    kind = str(metadata.get("type"))
    if kind not in _TYPES:
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", f"field type {kind} cannot be created", ("Metadata",))
    if kind in ("Text", "LongTextArea") and not metadata.get("length"):
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'length' for a CustomField", ("Metadata",))
    if not metadata.get("label"):
        raise ApiError(400, "REQUIRED_FIELD_MISSING", "Must specify 'label' for a CustomField", ("Metadata",))
    searchable = kind not in _UNSEARCHABLE
    checkbox = kind == "Checkbox"
    return FieldMeta(
        name,
        _TYPES[kind],
        label=str(metadata["label"]),
        length=int(metadata.get("length") or _LENGTHS.get(kind, 0)),
        precision=int(metadata.get("precision") or 0),
        scale=int(metadata.get("scale") or 0),
        nillable=not (checkbox or metadata.get("required")),
        defaulted_on_create=checkbox,
        default=str(metadata.get("defaultValue", "")).lower() == "true" if checkbox else None,
        unique=bool(metadata.get("unique")),
        external_id=bool(metadata.get("externalId")),
        id_lookup=bool(metadata.get("externalId")),
        case_sensitive=bool(metadata.get("caseSensitive")),
        picklist=_values(metadata.get("valueSet") or {}),
        restricted=bool((metadata.get("valueSet") or {}).get("restricted")),
        reference_to=(str(metadata.get("referenceTo")),) if kind == "Lookup" else (),
        relationship_name=name[:-1] + "r" if kind == "Lookup" else None,
        children_as=metadata.get("relationshipName"),
        filterable=searchable,
        sortable=searchable,
        groupable=searchable,
        help_text=metadata.get("inlineHelpText"),
    )


def _values(value_set: dict[str, Any]) -> tuple[PickValue, ...]:
    definition = value_set.get("valueSetDefinition") or {}
    return tuple(
        PickValue(v["fullName"], v.get("label") or v["fullName"], default=bool(v.get("default")))
        for v in definition.get("value") or ()
    )


def _row(platform: Platform, record_id: str) -> Row:
    row = platform.store.find(CUSTOM_FIELD, normalise_id(record_id))
    if row is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return row


def read(platform: Platform, call: Call, record_id: str) -> Answer:
    """`GET /tooling/sobjects/CustomField/id`."""
    row = _row(platform, record_id)
    url = f"{call.root}/tooling/sobjects/{CUSTOM_FIELD}/{row.id}"
    stamps = {n: datetime_text(row.created) for n in ("CreatedDate", "LastModifiedDate", "SystemModstamp")}
    return json_answer({"attributes": {"type": CUSTOM_FIELD, "url": url}, "Id": row.id, **row.values, **stamps})


def update(platform: Platform, call: Call, record_id: str) -> Answer:
    """`PATCH`: the label, help text or picklist values of a field; its type and name stay."""
    row, metadata = _row(platform, record_id), call.json_object().get("Metadata")
    if not isinstance(metadata, dict):
        raise ApiError(400, "FIELD_INTEGRITY_EXCEPTION", "Metadata must be given", ())
    owner, _, name = row.values["FullName"].partition(".")
    changed = field_of(name, {**row.values["Metadata"], **metadata})
    for target in _ACTIVITIES if owner == "Activity" else (owner,):
        field = platform.org.objects[target].fields[name]
        field.label, field.help_text, field.picklist = changed.label, changed.help_text, changed.picklist
        field.length, field.restricted = changed.length, changed.restricted
    row.values = {**row.values, "Metadata": {**row.values["Metadata"], **metadata}}
    return no_content()


def delete(platform: Platform, call: Call, record_id: str) -> Answer:
    """`DELETE`: the field and all it held."""
    row = _row(platform, record_id)
    owner, _, name = row.values["FullName"].partition(".")
    for target in _ACTIVITIES if owner == "Activity" else (owner,):
        platform.org.remove_custom_field(target, name)
        for each in platform.store.shelf(target):
            each.values.pop(name, None)
    platform.store.drop(CUSTOM_FIELD, row)
    return no_content()


def all_objects(platform: Platform, call: Call) -> Answer:
    """`GET /tooling/sobjects`."""
    tooling = [m for m in platform.org.objects.values() if m.tooling]
    listed = [{"name": m.name, "label": m.label, "keyPrefix": m.key_prefix, "queryable": True} for m in tooling]
    return json_answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def describe(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /tooling/sobjects/X/describe`."""
    meta = platform.org.find(name)
    if meta is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return json_answer(platform.org.describe(meta.name, call.user_id, f"{call.root}/tooling"))
