"""Describe bodies (REST guide, sObject Describe; SOAP guide, DescribeSObjectResult and Field)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta, RecordType

BASE = "/services/data/v64.0"

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
    "location": "urn:location",
    "anyType": "xsd:anyType",
}
MASTER = "012000000000000AAA"
"""The record type of what has none."""
_BYTES_PER_CHARACTER = 3
_NOT_FREE_TEXT = frozenset(("boolean", "int", "double", "currency", "percent", "date", "datetime", "time", "address"))


def describe_global(objects: Iterable[ObjectMeta], base: str) -> dict[str, Any]:
    """`{encoding, maxBatchSize, sobjects}`, in order of name."""
    listed = sorted(objects, key=lambda m: m.name)
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_flags(m, base) for m in listed]}


def describe_object(meta: ObjectMeta, fields: list[FieldMeta], editable: set[str], base: str) -> dict[str, Any]:
    """One object with the given fields, those outside `editable` shown as read-only."""
    body = _flags(meta, base)
    body["urls"] |= {
        "uiEditTemplate": f"/{{ID}}/e#{meta.name}",
        "uiDetailTemplate": "/{ID}",
        "uiNewRecord": f"/{meta.key_prefix}/e",
        "layouts": f"{base}/sobjects/{meta.name}/describe/layouts",
        "compactLayouts": f"{base}/sobjects/{meta.name}/describe/compactLayouts",
        "approvalLayouts": f"{base}/sobjects/{meta.name}/describe/approvalLayouts",
    }
    return body | {
        "fields": [_field(f, f.name in editable) for f in fields],
        "childRelationships": [
            {
                "cascadeDelete": False,
                "childSObject": link.child,
                "deprecatedAndHidden": False,
                "field": link.field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": link.relationship,
                "restrictedDelete": False,
            }
            for link in meta.children
        ],
        "recordTypeInfos": [_record_type(meta, base, each) for each in (*meta.record_types, _master(meta))],
        "actionOverrides": [],
        "namedLayoutInfos": [],
        "supportedScopes": [
            {"label": f"All {meta.label_plural}", "name": "everything"},
            {"label": f"My {meta.label_plural}", "name": "mine"},
        ],
        "compactLayoutable": True,
        "listviewable": None,
        "lookupLayoutable": None,
        "networkScopeFieldName": None,
        "searchLayoutable": meta.searchable,
        "sobjectDescribeOption": "FULL",
    }


def _flags(meta: ObjectMeta, base: str) -> dict[str, Any]:
    address = f"{base}/sobjects/{meta.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": meta.createable,
        "custom": meta.custom,
        "customSetting": False,
        "deepCloneable": False,
        "defaultImplementation": None,
        "deletable": meta.deletable,
        "deprecatedAndHidden": False,
        "extendedBy": None,
        "extendsInterfaces": None,
        "feedEnabled": meta.searchable,
        "hasSubtypes": False,
        "implementedBy": None,
        "implementsInterfaces": None,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": meta.key_prefix,
        "label": meta.label,
        "labelPlural": meta.label_plural,
        "layoutable": meta.searchable,
        "mergeable": meta.mergeable,
        "mruEnabled": meta.searchable,
        "name": meta.name,
        "queryable": meta.queryable,
        "replicateable": "SystemModstamp" in meta.fields,
        "retrieveable": True,
        "searchable": meta.searchable,
        "triggerable": meta.createable,
        "undeletable": meta.undeletable,
        "updateable": meta.updateable,
        "urls": {"sobject": address, "describe": f"{address}/describe", "rowTemplate": f"{address}/{{ID}}"},
    }


def _field(meta: FieldMeta, editable: bool) -> dict[str, Any]:
    text = meta.type not in _NOT_FREE_TEXT
    return {
        "aggregatable": meta.type not in ("address", "textarea", "boolean"),
        "aiPredictionField": False,
        "autoNumber": meta.auto_number,
        "byteLength": meta.length * _BYTES_PER_CHARACTER
        if text and meta.type not in ("id", "reference")
        else meta.length,
        "calculated": meta.calculated,
        "calculatedFormula": meta.formula,
        "cascadeDelete": meta.cascade_delete,
        "caseSensitive": meta.case_sensitive,
        "compoundFieldName": meta.compound,
        "controllerName": None,
        "createable": meta.createable and editable,
        "custom": meta.custom,
        "defaultValue": meta.default if meta.type != "picklist" else None,
        "defaultValueFormula": None,
        "defaultedOnCreate": meta.defaulted_on_create,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": meta.precision if meta.type == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": meta.external_id,
        "extraTypeInfo": _extra(meta),
        "filterable": meta.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": meta.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": meta.id_lookup,
        "inlineHelpText": meta.help_text,
        "label": meta.label,
        "length": meta.length,
        "mask": None,
        "maskType": None,
        "name": meta.name,
        "nameField": meta.name_field,
        "namePointing": meta.polymorphic,
        "nillable": meta.nillable,
        "permissionable": not meta.required and meta.type not in ("id", "boolean") and meta.createable,
        "picklistValues": [
            {"active": v.active, "defaultValue": v.default, "label": v.label, "validFor": None, "value": v.value}
            for v in meta.picklist
        ],
        "polymorphicForeignKey": meta.polymorphic,
        "precision": meta.precision if meta.type != "int" else 0,
        "queryByDistance": meta.type in ("address", "location"),
        "referenceTargetField": None,
        "referenceTo": list(meta.reference_to),
        "relationshipName": meta.relationship_name,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": meta.restricted,
        "scale": meta.scale,
        "searchPrefilterable": meta.type == "reference",
        "soapType": _SOAP.get(meta.type, "xsd:string"),
        "sortable": meta.sortable,
        "type": meta.type,
        "unique": meta.unique,
        "updateable": meta.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def _extra(meta: FieldMeta) -> str | None:
    if meta.type == "textarea":
        return "plaintextarea"
    if meta.name_field and meta.compound is None and not meta.createable:
        return "personname"
    return None


def _master(meta: ObjectMeta) -> RecordType:
    return RecordType(MASTER, "Master", "Master", not any(each.default for each in meta.record_types), {})


def _record_type(meta: ObjectMeta, base: str, each: RecordType) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": each.default,
        "developerName": each.name,
        "master": each.id == MASTER,
        "name": each.label,
        "recordTypeId": each.id,
        "urls": {"layout": f"{base}/sobjects/{meta.name}/describe/layouts/{each.id}"},
    }


def picklists(meta: ObjectMeta, fields: list[FieldMeta], record_type: str, base: str) -> dict[str, Any] | None:
    """What the UI API says of the picklists of a record type; None for one that there is not."""
    found = next((each for each in (*meta.record_types, _master(meta)) if each.id == record_type), None)
    if found is None:
        return None
    address = f"{base}/ui-api/object-info/{meta.name}/picklist-values/{record_type}"
    told: dict[str, Any] = {}
    for each in fields:
        if each.type in ("picklist", "multipicklist"):
            offered = found.values.get(each.name)
            told[each.name] = {
                "controllerValues": {},
                "defaultValue": None,
                "eTag": "5ea7",
                "url": f"{address}/{each.name}",
                "values": [
                    {"attributes": None, "label": v.label, "validFor": [], "value": v.value}
                    for v in each.picklist
                    if v.active and (offered is None or v.value in offered)
                ],
            }
    return {"eTag": "5ea7", "picklistFieldValues": told}
