"""List views through the UI API (UI API guide, Create a List View for an Object, from v61 on)."""

from __future__ import annotations

import re
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import ObjectMeta

LIST_VIEW = "ListView"
SINCE = 61.0
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\Z")
_OPERATORS = frozenset(
    ("Contains", "Equals", "Excludes", "GreaterOrEqual", "GreaterThan", "Includes", "LessOrEqual", "LessThan",
     "NotContain", "NotEqual", "StartsWith", "Within")
)  # fmt: skip


def create(platform: Platform, call: Call, name: str) -> Answer:
    """`POST /ui-api/list-info/X {"listViewApiName", "label", "displayColumns", "filteredByInfo", …}` → 201."""
    meta = platform.object(name, call)
    if call.version < SINCE:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    given = call.json_object()
    visibility = str(given.get("visibility") or "Private")
    if visibility != "Private" and not _may_share(platform, call.user_id):
        raise ApiError(403, "INSUFFICIENT_ACCESS", "You don't have permission to manage public list views.")
    api_name, label = str(given.get("listViewApiName") or ""), str(given.get("label") or "")
    if not _NAME.match(api_name) or not 0 < len(label) <= 40:
        raise ApiError(400, "INVALID_API_INPUT", "listViewApiName and a label of at most 40 characters are needed")
    for view in platform.store.shelf(LIST_VIEW).live_matching("DeveloperName", api_name):
        if view.values["SobjectType"] == meta.name:
            raise ApiError(400, "DUPLICATE_DEVELOPER_NAME", f"The list view API name {api_name} is already in use.")
    columns = [str(column) for column in given.get("displayColumns") or ()]
    filters = list(given.get("filteredByInfo") or ())
    for field in (*columns, *(str(each.get("fieldApiName")) for each in filters)):
        _check_column(platform, call, meta, field)
    for each in filters:
        if each.get("operator") not in _OPERATORS or not isinstance(each.get("operandLabels"), list):
            raise ApiError(400, "INVALID_API_INPUT", f"{each.get('operator')} is not a filter of list views")
    row = Row(platform.store.new_id(LIST_VIEW), {}, platform.now)
    row.values = {"Name": label, "DeveloperName": api_name, "SobjectType": meta.name, "IsSoqlCompatible": True}
    row.extra = {"columns": columns, "filters": filters, "visibility": visibility}
    platform.store.put(LIST_VIEW, row)
    return json_answer(_info(row), 201)


def read(platform: Platform, call: Call, name: str, api_name: str) -> Answer:
    """`GET /ui-api/list-info/X/NAME`."""
    meta = platform.object(name, call)
    for row in platform.store.shelf(LIST_VIEW).live_matching("DeveloperName", api_name):
        if row.values["SobjectType"] == meta.name:
            return json_answer(_info(row))
    raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _may_share(platform: Platform, user_id: str) -> bool:
    for held in platform.store.shelf("PermissionSetAssignment").live_matching("AssigneeId", user_id):
        permissions = platform.store.live("PermissionSet", held.values["PermissionSetId"])
        if permissions is not None and permissions.values.get("PermissionsManagePublicListViews"):
            return True
    return False


def _check_column(platform: Platform, call: Call, meta: ObjectMeta, name: str) -> None:
    field = platform.org.visible_field(meta, name, call.user_id)
    if field is None or not field.filterable:
        raise ApiError(400, "INVALID_API_INPUT", f"{name} cannot be used in list views of {meta.name}")


def _info(row: Row) -> dict[str, Any]:
    values, kept = row.values, row.extra or {}
    return {
        "label": values["Name"],
        "listReference": {
            "id": row.id,
            "listViewApiName": values["DeveloperName"],
            "objectApiName": values["SobjectType"],
            "type": "listView",
        },
        "displayColumns": [{"fieldApiName": column} for column in kept.get("columns", ())],
        "filteredByInfo": kept.get("filters", []),
        "visibility": kept.get("visibility", "Private"),
        "eTag": row.id,
    }
