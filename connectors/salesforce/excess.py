"""Rights that our user has and the sync does not need: a token that leaks should open no more than it must.

A user holds what the permission sets assigned to it grant; the profile is one of those (Object Reference,
PermissionSet).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.errors import SyncError
from connectors.port import Problem
from connectors.salesforce import soql
from connectors.salesforce.api import Api
from connectors.salesforce.rows import SYSTEM

_POWERS = {
    "ModifyAllData": "Modify All Data",
    "ViewAllData": "View All Data",
    "AuthorApex": "Author Apex",
    "CustomizeApplication": "Customize Application",
    "ManageUsers": "Manage Users",
    "ManageInternalUsers": "Manage Internal Users",
    "AssignPermissionSets": "Assign Permission Sets",
    "ManageProfilesPermissionsets": "Manage Profiles and Permission Sets",
    "ManageSharing": "Manage Sharing",
    "ModifyMetadata": "Modify Metadata Through Metadata API Functions",
    "BulkApiHardDelete": "Bulk API Hard Delete",
    "ManageEncryptionKeys": "Manage Encryption Keys",
}
"""Permission of a user → its name in Setup: those that reach beyond the records that are synced."""
_SETTING_UP = ("CustomizeApplication", "ManageProfilesPermissionsets", "AssignPermissionSets")


def excess(api: Api, user: str) -> Iterator[Problem]:
    """One note for each permission set and profile that grants such a right; nothing where we may not ask."""
    if not user:
        return
    try:
        rows = _grants(api, user)
    except SyncError:
        yield Problem(
            "note",
            SYSTEM,
            "whether the integration user may do more than the sync needs is not visible to these credentials",
            "grant View Setup and Configuration (Setup, Permission Sets, System Permissions)",
        )
        return
    for row in rows:
        held = row.get("PermissionSet") or {}
        powers = [name for name in _POWERS if held.get(f"Permissions{name}")]
        if not powers:
            continue
        profile = held.get("Profile") if held.get("IsOwnedByProfile") else None
        giver = f"its profile {profile['Name']}" if profile else f"the permission set {held.get('Label')}"
        place = "give it a profile without them (Minimum Access - API Only Integrations)" if profile else "untick them"
        kept = " once `smarketing provision --apply` is done" if any(name in _SETTING_UP for name in powers) else ""
        yield Problem(
            "note",
            SYSTEM,
            f"the integration user may do more than the sync needs, by {giver}: "
            + ", ".join(_POWERS[name] for name in powers),
            f"{place}{kept}; `smarketing provision` lists what it needs",
        )


def _grants(api: Api, user: str) -> list[dict[str, Any]]:
    """Not every edition knows every permission, and one unknown column refuses a whole query: so it is asked first."""
    described = api.get(api.paths.describe("PermissionSet"), "describe permission sets")
    known = {field["name"] for field in described.get("fields") or ()}
    columns = [f"PermissionSet.Permissions{name}" for name in _POWERS if f"Permissions{name}" in known]
    named = ("PermissionSet.Label", "PermissionSet.IsOwnedByProfile", "PermissionSet.Profile.Name")
    where = f"AssigneeId = {soql.text(user)}"
    return list(api.rows(soql.select((*named, *columns), "PermissionSetAssignment", where), "read permission sets"))
