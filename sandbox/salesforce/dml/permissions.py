"""Rows that carry rights: permission sets, their object and field permissions, and who holds them, tell the org what
they allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import Org
from sandbox.salesforce.schema.org import GUARDED
from sandbox.salesforce.storage import Store

SET, OBJECT, FIELD, ASSIGNMENT = "PermissionSet", "ObjectPermissions", "FieldPermissions", "PermissionSetAssignment"
CARRIERS = (SET, OBJECT, FIELD, ASSIGNMENT)
_RIGHTS = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
_REST_ON = {"Create": ("Read",), "Edit": ("Read",), "Delete": ("Read", "Edit")}
_NEEDS_ACCOUNT = ("Contact", "Opportunity")


def check(store: Store, name: str, values: Mapping[str, Any]) -> None:
    """A permission names a field that exists, and each is given once (Object Reference, FieldPermissions)."""
    if name == FIELD:
        target, _, field = str(values.get("Field") or "").partition(".")
        owner = store.org.find(target)
        if owner is None or owner.find(field) is None or values.get("SobjectType") != owner.name:
            raise RecordError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"Field Name: bad value for restricted picklist field: {values.get('Field')}",
                ("Field",),
            )
        _once(store, name, "ParentId", "Field", values)
    if name == ASSIGNMENT:
        _once(store, name, "PermissionSetId", "AssigneeId", values)
    if name == OBJECT:
        _check_object(store, values)


def _check_object(store: Store, values: Mapping[str, Any]) -> None:
    """Rights rest on others: who edits reads, and who reads contacts reads accounts."""
    target = values.get("SobjectType")
    if target not in GUARDED:
        raise RecordError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Sobject Type Name: bad value for restricted picklist field: {target}",
            ("SobjectType",),
        )
    held = _held(values)
    for right, others in _REST_ON.items():
        for other in others:
            if right in held and other not in held:
                raise _depends(f"{right} {target}", f"{other} {target}")
    if target in _NEEDS_ACCOUNT and "Read" in held:
        rows = store.shelf(OBJECT).live_matching("ParentId", values.get("ParentId"))
        if not any(row.values.get("SobjectType") == "Account" and "Read" in _held(row.values) for row in rows):
            raise _depends(f"Read {target}", "Read Account")
    _once(store, OBJECT, "ParentId", "SobjectType", values)


def _held(values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(right for right in _RIGHTS if values.get(f"Permissions{right}"))


def _depends(right: str, other: str) -> RecordError:
    return RecordError("FIELD_INTEGRITY_EXCEPTION", f"Permission {right} depends on permission(s): {other}")


def _once(store: Store, name: str, first: str, second: str, values: Mapping[str, Any]) -> None:
    for row in store.shelf(name).live_matching(first, values.get(first)):
        if row.values.get(second) == values.get(second):
            raise RecordError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {second} duplicates value on record with id: {row.id[:15]}",
            )


def applied(org: Org, name: str, row: Row) -> None:
    values = row.values
    if name == SET:
        org.trust(row.id, everything=bool(values.get("PermissionsModifyAllData")))
    if name == OBJECT:
        org.allow(values["ParentId"], values["SobjectType"], _held(values))
    if name == FIELD:
        target, _, field = values["Field"].partition(".")
        org.revoke(values["ParentId"], target, field)
        if values.get("PermissionsRead"):
            org.grant(values["ParentId"], target, field, edit=bool(values.get("PermissionsEdit")))
    if name == ASSIGNMENT:
        org.assign(values["AssigneeId"], values["PermissionSetId"])


def withdrawn(org: Org, name: str, row: Row) -> None:
    values = row.values
    if name == OBJECT:
        org.allow(values["ParentId"], values["SobjectType"], frozenset())
    if name == FIELD:
        target, _, field = values["Field"].partition(".")
        org.revoke(values["ParentId"], target, field)
    if name == ASSIGNMENT:
        org.unassign(values["AssigneeId"], values["PermissionSetId"])
