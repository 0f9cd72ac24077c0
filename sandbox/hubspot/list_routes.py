"""Lists and who is on them (guide "Lists")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.codec import iso
from sandbox.hubspot.lists import Segment
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_KINDS = ("MANUAL", "DYNAMIC", "SNAPSHOT")
_MOST_COPIED = 100_000
_ORDERS: dict[str, Callable[[Segment], Any]] = {
    "HS_LIST_ID": lambda s: int(s.id),
    "HS_LIST_NAME": lambda s: s.name.lower(),
    "HS_CREATED_AT": lambda s: s.created,
    "HS_UPDATED_AT": lambda s: s.updated,
}
"""What a search may be sorted by; a minus in front turns it round."""


def _list(portal: Portal, id: str) -> Segment:
    found = portal.lists.live(id)
    if found is None:
        raise errors.refuse(404, f"List does not exist with ID {id}.", "OBJECT_NOT_FOUND", context={"listId": [id]})
    return found


def create(portal: Portal, ask: Ask) -> Answer:
    body = ask.object()
    absent = [name for name in ("name", "objectTypeId", "processingType") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    type_ = type_of(str(body["objectTypeId"]))
    kind = str(body["processingType"])
    if kind not in _KINDS:
        raise errors.invalid(f"processingType {kind} is not one of {', '.join(_KINDS)}")
    name = str(body["name"])
    if portal.lists.named(name, type_.id):
        raise errors.invalid(f"List with name '{name}' already exists.", subCategory="ListError.DUPLICATE_LIST_NAMES")
    if kind == "DYNAMIC" and not body.get("filterBranch"):
        raise errors.invalid("A dynamic list needs a filterBranch")
    made = portal.lists.add(name, type_.id, kind, portal.clock.now(), body.get("filterBranch"))
    return Answer(200, {"list": made.shown()})


def several(portal: Portal, ask: Ask) -> Answer:
    found = (portal.lists.live(id) for id in ask.many("listIds"))
    return Answer(200, {"lists": [s.shown() for s in found if s is not None]})


def read(portal: Portal, ask: Ask, id: str) -> Answer:
    return Answer(200, {"list": _list(portal, id).shown()})


def by_name(portal: Portal, ask: Ask, type_id: str, name: str) -> Answer:
    found = portal.lists.named(name, type_of(type_id).id)
    if found is None:
        raise errors.refuse(404, f"List does not exist with name {name}.", "OBJECT_NOT_FOUND")
    return Answer(200, {"list": found.shown()})


def search(portal: Portal, ask: Ask) -> Answer:
    body = ask.object()
    query = str(body.get("query") or "").lower()
    kinds, ids = body.get("processingTypes") or _KINDS, body.get("listIds")
    type_ = type_of(str(body["objectTypeId"])).id if body.get("objectTypeId") else None
    found = [
        s
        for s in portal.lists.all.values()
        if s.deleted is None
        and query in s.name.lower()
        and s.processing in kinds
        and type_ in (None, s.type_id)
        and (not ids or s.id in map(str, ids))
    ]
    sort = str(body.get("sort") or "HS_LIST_ID").upper()
    found.sort(key=_ORDERS.get(sort.removeprefix("-"), _ORDERS["HS_LIST_ID"]), reverse=sort.startswith("-"))
    first, count = int(body.get("offset") or 0), min(int(body.get("count") or 20), 500)
    page = found[first : first + count]
    shown = []
    for segment in page:
        entry = segment.shown()
        entry.pop("filterBranch", None)
        entry["additionalProperties"] = {"hs_list_size": str(entry.pop("size")), "hs_list_reference_count": "0"}
        shown.append(entry)
    body = {
        "lists": shown,
        "offset": first + len(page),
        "total": len(found),
        "hasMore": first + len(page) < len(found),
    }
    return Answer(200, body)


def rename(portal: Portal, ask: Ask, id: str) -> Answer:
    found = _list(portal, id)
    if not ask.one("listName"):
        raise errors.invalid("listName is required")
    found.name = ask.one("listName")
    found.version += 1
    found.updated = portal.clock.now()
    return Answer(200, {"updatedList": found.shown()})


def remove(portal: Portal, ask: Ask, id: str) -> Answer:
    _list(portal, id).deleted = portal.clock.now()
    return Answer(204)


def restore(portal: Portal, ask: Ask, id: str) -> Answer:
    found = portal.lists.all.get(id)
    if found is None:
        raise errors.resource_not_found(id)
    found.deleted = None
    return Answer(204)


def _by_hand(portal: Portal, id: str) -> Segment:
    found = _list(portal, id)
    if found.processing == "DYNAMIC":
        raise errors.invalid(f"List {id} is dynamic: its members cannot be set")
    return found


def _ids(body: Any) -> list[str]:
    if not isinstance(body, list):
        raise errors.bad_json("Cannot deserialize value of record ids")
    return [str(id) for id in body]


def _change(portal: Portal, segment: Segment, add: Iterable[str], drop: Iterable[str]) -> Answer:
    """The answer's names are spelt as HubSpot spells them."""
    records = portal.records[type_of(segment.type_id).name]
    added, missing, removed = [], [], []
    for id in add:
        if records.live(id) is None:
            missing.append(id)
        elif id not in segment.members:
            segment.members[id] = portal.clock.now()
            added.append(id)
    for id in drop:
        if segment.members.pop(id, None) is not None:
            removed.append(id)
    return Answer(200, {"recordsIdsAdded": added, "recordIdsMissing": missing, "recordIdsRemoved": removed})


def add(portal: Portal, ask: Ask, id: str) -> Answer:
    return _change(portal, _by_hand(portal, id), _ids(ask.json()), ())


def drop(portal: Portal, ask: Ask, id: str) -> Answer:
    return _change(portal, _by_hand(portal, id), (), _ids(ask.json()))


def add_and_drop(portal: Portal, ask: Ask, id: str) -> Answer:
    body = ask.object()
    return _change(
        portal, _by_hand(portal, id), _ids(body.get("recordIdsToAdd") or []), _ids(body.get("recordIdsToRemove") or [])
    )


def add_from(portal: Portal, ask: Ask, id: str, source: str) -> Answer:
    members = list(_list(portal, source).members)
    if len(members) > _MOST_COPIED:
        raise errors.invalid(f"At most {_MOST_COPIED} records can be copied from a list")
    _change(portal, _by_hand(portal, id), members, ())
    return Answer(204)


def clear(portal: Portal, ask: Ask, id: str) -> Answer:
    _by_hand(portal, id).members.clear()
    return Answer(204)


def members(portal: Portal, ask: Ask, id: str) -> Answer:
    found = _list(portal, id)
    limit = ask.whole("limit", 100, 250)
    after = ask.position("after")
    ids = sorted((m for m in found.members if int(m) >= after), key=int)
    body: dict[str, Any] = {
        "results": [{"recordId": m, "membershipTimestamp": iso(found.members[m])} for m in ids[:limit]],
        "total": len(found.members),
    }
    if len(ids) > limit:
        body["paging"] = {"next": {"after": ids[limit]}}
    return Answer(200, body)


def of_record(portal: Portal, ask: Ask, type_id: str, record: str) -> Answer:
    wanted = type_of(type_id).id
    found = [s for s in portal.lists.all.values() if s.deleted is None and s.type_id == wanted and record in s.members]
    results = [
        {
            "listId": s.id,
            "listVersion": s.version,
            "isPublicList": False,
            "firstAddedTimestamp": iso(s.members[record]),
            "lastAddedTimestamp": iso(s.members[record]),
        }
        for s in found
    ]
    return Answer(200, {"results": results, "total": len(results)})


_READ, _WRITE = "crm.lists.read", "crm.lists.write"
_ONE = "lists/{id}"
_MEMBERS = "lists/{id}/memberships"
ROUTES = [
    route("GET", "lists", several, _READ),
    route("POST", "lists", create, _WRITE),
    route("POST", "lists/search", search, _READ),
    route("GET", "lists/object-type-id/{type}/name/{name}", by_name, _READ),
    route("GET", "lists/records/{type}/{record}/memberships", of_record, _READ),
    route("GET", _ONE, read, _READ),
    route("DELETE", _ONE, remove, _WRITE),
    route("PUT", "lists/{id}/restore", restore, _WRITE),
    route("PUT", "lists/{id}/update-list-name", rename, _WRITE),
    route("PUT", f"{_MEMBERS}/add", add, _WRITE),
    route("PUT", f"{_MEMBERS}/remove", drop, _WRITE),
    route("PUT", f"{_MEMBERS}/add-and-remove", add_and_drop, _WRITE),
    route("PUT", f"{_MEMBERS}/add-from/{{source}}", add_from, _WRITE),
    route("GET", _MEMBERS, members, _READ),
    route("GET", f"{_MEMBERS}/join-order", members, _READ),
    route("DELETE", _MEMBERS, clear, _WRITE),
]
