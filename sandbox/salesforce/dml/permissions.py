"""Rows that carry rights: field permissions and permission set assignments tell the org what they allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import Org
from sandbox.salesforce.storage import Store

FIELD, ASSIGNMENT = "FieldPermissions", "PermissionSetAssignment"
CARRIERS = (FIELD, ASSIGNMENT)


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


def _once(store: Store, name: str, first: str, second: str, values: Mapping[str, Any]) -> None:
    for row in store.shelf(name).live_matching(first, values.get(first)):
        if row.values.get(second) == values.get(second):
            raise RecordError(
                "DUPLICATE_VALUE",
                f"duplicate value found: {second} duplicates value on record with id: {row.id[:15]}",
            )


def applied(org: Org, name: str, row: Row) -> None:
    values = row.values
    if name == FIELD:
        target, _, field = values["Field"].partition(".")
        org.revoke(values["ParentId"], target, field)
        if values.get("PermissionsRead"):
            org.grant(values["ParentId"], target, field, edit=bool(values.get("PermissionsEdit")))
    if name == ASSIGNMENT:
        org.assign(values["AssigneeId"], values["PermissionSetId"])


def withdrawn(org: Org, name: str, row: Row) -> None:
    values = row.values
    if name == FIELD:
        target, _, field = values["Field"].partition(".")
        org.revoke(values["ParentId"], target, field)
    if name == ASSIGNMENT:
        org.unassign(values["AssigneeId"], values["PermissionSetId"])
