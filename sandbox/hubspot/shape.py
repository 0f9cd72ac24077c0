"""Records as answers show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.hubspot.codec import iso, moment
from sandbox.hubspot.schema import ObjectType
from sandbox.hubspot.store import Record, full_history

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_COMPUTED: dict[str, Callable[[Record], str | None]] = {
    "createdate": lambda row: row.values.get("createdate") or iso(row.created),
    "hs_createdate": lambda row: iso(row.created),
    "lastmodifieddate": lambda row: iso(row.modified),
    "hs_lastmodifieddate": lambda row: iso(row.modified),
    "hs_object_id": lambda row: row.id,
    "hs_email_domain": lambda row: (
        (row.values.get("email") or "").partition("@")[2] or row.values.get("hs_email_domain")
    ),
    "hs_all_contact_vids": lambda row: ";".join(
        dict.fromkeys([row.id, *filter(None, (row.values.get("hs_merged_object_ids") or "").split(";"))])
    ),
}


def computed(type: ObjectType, name: str) -> Callable[[Record], str | None] | None:
    """How a property that is not stored is found; None: it is stored."""
    if name not in _COMPUTED:
        return None
    if name in ("lastmodifieddate", "hs_email_domain", "hs_all_contact_vids") and type.name != "contacts":
        return None
    if name == "createdate" and type.created != "createdate":
        return None
    return _COMPUTED[name]


def value_of(type: ObjectType, row: Record, name: str) -> str | None:
    get = computed(type, name)
    return get(row) if get else row.values.get(name)


def record_url(portal: Portal, type: ObjectType) -> str:
    """Where a person sees a record, but for its id."""
    return f"https://app.hubspot.com/contacts/{portal.portal_id}/record/{type.id}/"


class View:
    """Which properties an answer shows: asked names that exist, or the object's default ones."""

    def __init__(
        self, portal: Portal, type: ObjectType, names: Sequence[str] = (), history: Sequence[str] = ()
    ) -> None:
        self._portal = portal
        self._type = type
        known = portal.schemas[type.name].properties
        shown = dict.fromkeys([*(names or type.defaults), type.created, type.modified, "hs_object_id"])
        hidden = portal.withheld if type.name == "emails" else ()
        self._stored = [n for n in shown if n in known and n not in hidden and computed(type, n) is None]
        self._hidden = [n for n in shown if n in hidden]
        self._computed = [(n, get) for n in shown if n in known and (get := computed(type, n)) is not None]
        self._history = [n for n in history if n in known and n not in hidden]
        self._url = record_url(portal, type)

    def one(self, row: Record) -> dict[str, Any]:
        values = row.values
        properties = {name: values.get(name) for name in self._stored}
        for name, get in self._computed:
            properties[name] = get(row)
        for name in self._hidden:
            properties[name] = None
        out: dict[str, Any] = {
            "id": row.id,
            "properties": properties,
            "createdAt": iso(row.created),
            "updatedAt": iso(row.modified),
            "archived": row.archived_at is not None,
            "url": self._url + row.id,
        }
        if self._history:
            out["propertiesWithHistory"] = self._entries(row)
        if row.archived_at is not None:
            out["archivedAt"] = iso(row.archived_at)
        return out

    def _entries(self, row: Record) -> dict[str, list[dict[str, Any]]]:
        """Newest first."""
        out: dict[str, list[dict[str, Any]]] = {name: [] for name in self._history}
        for change in reversed(full_history(row)):
            if change.field in out:
                out[change.field].append(self._entry(change.value, change.at, change.by, change.actor))
        for name in self._history:
            get = computed(self._type, name)
            if get is not None and not out[name]:
                out[name].append(self._entry(get(row), row.modified, *row.born))
        return out

    def _entry(self, value: Any, at: int, by: str, actor: str) -> dict[str, Any]:
        entry = {"value": value, "timestamp": iso(at), "sourceType": self._portal.source_type(by), "sourceId": actor}
        if by == "human":
            entry["sourceId"] = f"userId:{actor}"
            if actor.isdigit():
                entry["updatedByUserId"] = int(actor)
        return entry


def created_view(portal: Portal, type: ObjectType, row: Record) -> dict[str, Any]:
    """The answer to a create: everything that is set, and some times as epoch milliseconds, as they come there."""
    told: dict[str, Any] = dict(row.values)
    for name in (type.created, type.modified, "hs_object_id"):
        told[name] = _COMPUTED[name](row)
    stage = f"hs_lifecyclestage_{told.get('lifecyclestage')}_date"
    if told.get(stage):
        told[stage] = str(moment(told[stage]))
    if type.name == "contacts":
        told["hs_all_contact_vids"] = row.id
        told["hs_is_contact"] = told["hs_is_unworked"] = "true"
        told["hs_pipeline"] = "contacts-lifecycle-pipeline"
        if told.get("email"):
            told["hs_email_domain"] = told["email"].partition("@")[2]
    return {
        "id": row.id,
        "properties": told,
        "createdAt": iso(row.created),
        "updatedAt": iso(row.modified),
        "archived": False,
        "url": record_url(portal, type) + row.id,
    }


def associations(portal: Portal, type: ObjectType, row: Record, wanted: Sequence[ObjectType]) -> dict[str, Any]:
    """The older shape, by plural name; what has no links is left out."""
    out: dict[str, Any] = {}
    for other in wanted:
        rows = [
            {"id": id, "type": name}
            for id, specs in portal.links.of(type.name, row.id, other.name).items()
            for name in portal.links.names(type, other, specs)
        ]
        if rows:
            out[other.name] = {"results": rows}
    return out
