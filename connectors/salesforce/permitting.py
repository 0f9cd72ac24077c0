"""The permission set of ours: who holds it may see and do what the sync needs, and no more.

Rights rest on others in Salesforce: who reads contacts or opportunities has to read accounts (Object Reference,
ObjectPermissions).  Each step looks first, so that doing it twice does nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.port import FieldSpec
from connectors.salesforce import soql
from connectors.salesforce.answers import Declined
from connectors.salesforce.api import Api

PERMISSION_SET = "Smarketing_Sync"
_LABEL = "Smarketing Sync"
WORKING = ("Read", "Create", "Edit")
READING = ("Read",)
_ON_ACCOUNTS = ("Contact", "Opportunity")
_WITHOUT = ("Task", "Event")
"""Objects without object permissions: users have permissions of their own for them."""


def object_rights(objects: Sequence[str], campaigns: bool) -> dict[str, tuple[str, ...]]:
    """object → its rights, in an order in which they can be granted.  campaigns: responses to them are read."""
    wanted: dict[str, tuple[str, ...]] = {object: WORKING for object in objects if object not in _WITHOUT}
    if campaigns:
        wanted["Campaign"] = READING
    if any(object in wanted for object in _ON_ACCOUNTS):
        wanted = {"Account": READING, **wanted}
    return dict(sorted(wanted.items(), key=lambda item: item[0] != "Account"))


class PermissionSet:
    """Ours, in one org.  Reads raise what `connectors.errors` names; changes may also raise `Declined`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def find(self) -> str | None:
        """Its id."""
        return next(iter(self._ids("PermissionSet", f"Name = {soql.text(PERMISSION_SET)}")), None)

    def make(self) -> str:
        """Its id, made if need be."""
        return self.find() or self._insert("PermissionSet", {"Name": PERMISSION_SET, "Label": _LABEL})

    def assign(self, parent: str) -> None:
        """To the user we act as."""
        user = self._api.user_id()
        if not self._assigned(parent, user):
            self._insert("PermissionSetAssignment", {"PermissionSetId": parent, "AssigneeId": user})

    def is_assigned(self, parent: str) -> bool:
        """To the user we act as."""
        return self._assigned(parent, self._api.user_id())

    def _assigned(self, parent: str, user: str) -> bool:
        where = f"PermissionSetId = {soql.text(parent)} AND AssigneeId = {soql.text(user)}"
        return bool(self._ids("PermissionSetAssignment", where))

    def grant_fields(self, parent: str, specs: Iterable[FieldSpec]) -> None:
        """To read and edit."""
        query = soql.select(("Id", "Field"), "FieldPermissions", f"ParentId = {soql.text(parent)}")
        granted = {row["Field"] for row in self._api.rows(query, "read field permissions")}
        for spec in specs:
            field = f"{spec.object}.{spec.name}"
            if field not in granted:
                rights = {"PermissionsRead": True, "PermissionsEdit": True}
                fields = {"ParentId": parent, "SobjectType": spec.object, "Field": field, **rights}
                try:
                    self._insert("FieldPermissions", fields)
                except Declined as no:
                    if no.first.code != "DUPLICATE_VALUE":
                        raise

    def objects(self, parent: str) -> dict[str, Mapping[str, Any]]:
        """object → its row of rights."""
        columns = ("Id", "SobjectType", *(f"Permissions{right}" for right in WORKING))
        query = soql.select(columns, "ObjectPermissions", f"ParentId = {soql.text(parent)}")
        return {row["SobjectType"]: row for row in self._api.rows(query, "read object permissions")}

    def grant_object(self, parent: str, object: str, rights: Iterable[str], row: Mapping[str, Any] | None) -> None:
        """row: what `objects` found."""
        flags = {f"Permissions{right}": True for right in rights}
        if row is None:
            self._insert("ObjectPermissions", {"ParentId": parent, "SobjectType": object, **flags})
        else:
            self._api.send("PATCH", self._api.paths.row("ObjectPermissions", row["Id"]), flags)

    def _ids(self, object: str, where: str) -> list[str]:
        return [row["Id"] for row in self._api.rows(soql.select(("Id",), object, where), f"read {object}")]

    def _insert(self, object: str, fields: dict[str, Any]) -> str:
        answer = self._api.change(lambda sf: sf.restful(f"sobjects/{object}", method="POST", json=fields))
        return str(answer["id"])
