"""What people find in Salesforce beside our fields: list views, and the object rights in our permission set.

List views are made through the UI API (Create a List View for an Object, since v61): it names columns as fields are
named, and asks for no more than the permission Manage Public List Views, where the Metadata API wants Modify All Data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from connectors.door import NoAnswer, Refused
from connectors.errors import SyncError
from connectors.furniture import Furnishing, ViewSpec
from connectors.salesforce import soql
from connectors.salesforce.answers import Declined
from connectors.salesforce.api import Api
from connectors.salesforce.permitting import PERMISSION_SET, PermissionSet, object_rights
from connectors.salesforce.responses import CAMPAIGNS

VIEWS_SINCE = 61.0
_SETS = f"Setup, Permission Sets, {PERMISSION_SET}"
_HIDDEN = "grant View Setup and Configuration to see it (Setup, Permission Sets, System Permissions)"


class Furnisher:
    """`Connector.furnish` for one org."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._permissions = PermissionSet(api)

    def furnish(
        self, objects: Sequence[str], views: Sequence[ViewSpec], sources: Collection[str], *, apply: bool
    ) -> list[Furnishing]:
        """As `Connector.furnish`."""
        wanted = object_rights(objects, CAMPAIGNS in sources)
        return [
            *_guarded("the rights in our permission set", lambda: self._rights(wanted, apply)),
            *_guarded("our list views", lambda: self._views(views, apply)),
        ]

    def _rights(self, wanted: dict[str, tuple[str, ...]], apply: bool) -> Iterator[Furnishing]:
        parent = self._permissions.find()
        if parent is None:
            fix = f"Setup, Permission Sets, New: {PERMISSION_SET}"
            done = _tried(f"permission set {PERMISSION_SET}", fix, self._permissions.make, apply)
            yield done
            parent = self._permissions.find() if done.made else None
        rows = self._permissions.objects(parent) if parent is not None else {}
        for object, rights in wanted.items():
            row = rows.get(object)
            lacking = [right for right in rights if row is None or not row.get(f"Permissions{right}")]
            if lacking:
                named = ", ".join(lacking)

                def grant(object: str = object, lacking: Sequence[str] = lacking, row: Any = row) -> None:
                    self._permissions.grant_object(parent or "", object, lacking, row)

                what, fix = f"{PERMISSION_SET}: {object}: {named}", f"{_SETS}, Object Settings, {object}: tick {named}"
                yield _tried(what, fix, grant, apply and parent is not None)
        if parent is None or not self._permissions.is_assigned(parent):
            what = f"{PERMISSION_SET}: assigned to our user"
            fix = f"{_SETS}, Manage Assignments: add the integration user"
            yield _tried(what, fix, lambda: self._permissions.assign(parent or ""), apply and parent is not None)

    def _views(self, views: Sequence[ViewSpec], apply: bool) -> Iterator[Furnishing]:
        if not views:
            return
        where = soql.is_in("SobjectType", sorted({view.object for view in views}))
        query = soql.select(("DeveloperName", "SobjectType"), "ListView", where)
        there = {(row["SobjectType"], row["DeveloperName"]) for row in self._api.rows(query, "read list views")}
        offered = float(self._api.settings.version) >= VIEWS_SINCE
        for view in views:
            if (view.object, view.name) in there:
                continue
            fix = (
                f"tab {view.object}, List View Controls, New: {view.label}, shared with all users; filter {view.field}"
                f" {'starts with' if view.begins else 'equals'} {', '.join(view.values)}"
            )
            what = f"list view {view.object}.{view.name}: {view.label}"
            yield _tried(what, fix, lambda view=view: self._make(view), apply and offered)  # type: ignore[misc]

    def _make(self, view: ViewSpec) -> None:
        operator = "StartsWith" if view.begins else "Equals"
        body = {
            "listViewApiName": view.name,
            "label": view.label,
            "displayColumns": list(view.columns),
            "filteredByInfo": [{"fieldApiName": view.field, "operator": operator, "operandLabels": list(view.values)}],
            "visibility": "Public",
        }
        self._api.send("POST", self._api.paths.list_views(view.object), body)


def _tried(what: str, fix: str, make: Callable[[], Any], apply: bool) -> Furnishing:
    if not apply:
        return Furnishing(what, False, fix)
    try:
        make()
    except Declined as no:
        return Furnishing(what, False, f"{fix} (refused: {no.first.code})")
    except (NoAnswer, Refused):
        return Furnishing(what, False, f"{fix}, unless it is there (no answer came)")
    return Furnishing(what, True, fix)


def _guarded(what: str, look: Callable[[], Iterator[Furnishing]]) -> list[Furnishing]:
    found: list[Furnishing] = []
    try:
        found.extend(look())
    except SyncError as error:
        found.append(Furnishing(what, False, f"{_HIDDEN}: {error}"))
    return found
