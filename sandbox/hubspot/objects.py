"""Single records and the list (guide "Using object APIs")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors, merging, writing
from sandbox.hubspot.links import Spec
from sandbox.hubspot.schema import ALIASES, TYPES, ObjectType
from sandbox.hubspot.shape import View, associations, created_view
from sandbox.hubspot.store import Record
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_PAGE = 100
_HISTORY_PAGE = 50
Linked = list[tuple[str, str, list[Spec]]]


def by_property(portal: Portal, type: ObjectType, name: str, value: str) -> Record | None:
    """The live record that holds a unique value.  Raises the 400 for a property that is not unique."""
    records = portal.records[type.name]
    if name == "hs_object_id":
        return records.live(value)
    index = records.unique.get(name)
    if index is None:
        raise errors.invalid(
            f"{name} is not a unique property of {type.name}. "
            "Please provide a property which has a unique value to be used as idProperty",
            context={"propertyName": [name]},
        )
    return records.live(index.get(writing.fold(value), ""))


def _found(portal: Portal, ask: Ask, type: ObjectType, asked: str) -> Record:
    records = portal.records[type.name]
    name = ask.one("idProperty")
    row = by_property(portal, type, name, asked) if name else records.resolve(asked)
    if row is None:
        raise errors.resource_not_found(asked)
    return row


def linked_types(names: Sequence[str]) -> list[ObjectType]:
    return [ALIASES[name.lower()] for name in names if name.lower() in ALIASES]


def list_page(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    records = portal.records[type_.name]
    history = ask.many("propertiesWithHistory")
    limit = ask.whole("limit", 10, _HISTORY_PAGE if history else _PAGE)
    after = ask.position("after")
    if ask.flag("archived"):
        rows = sorted(records.archived.values(), key=lambda r: int(r.id))
        rows = [r for r in rows if int(r.id) >= after][: limit + 1]
    else:
        rows = records.page(after, limit + 1)
    view = View(portal, type_, ask.many("properties"), history)
    body: dict[str, Any] = {"results": [view.one(row) for row in rows[:limit]]}
    wanted = linked_types(ask.many("associations"))
    if wanted:
        _add_links(portal, type_, rows, body["results"], wanted)
    if len(rows) > limit:
        link = f"https://api.hubapi.com{ask.path}?limit={limit}&after={rows[limit].id}"
        body["paging"] = {"next": {"after": rows[limit].id, "link": link}}
    return Answer(200, body, len(body["results"]))


def _add_links(
    portal: Portal, type: ObjectType, rows: Sequence[Record], shown: list[dict[str, Any]], wanted: list[ObjectType]
) -> None:
    for row, out in zip(rows, shown, strict=False):
        found = associations(portal, type, row, wanted)
        if found:
            out["associations"] = found


def read(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    if ask.flag("archived"):
        row = portal.records[type_.name].archived.get(id)
        if row is None:
            raise errors.resource_not_found(id)
    else:
        row = _found(portal, ask, type_, id)
    out = View(portal, type_, ask.many("properties"), ask.many("propertiesWithHistory")).one(row)
    _add_links(portal, type_, [row], [out], linked_types(ask.many("associations")))
    return Answer(200, out)


def properties_in(body: Any) -> dict[str, Any]:
    found = body.get("properties", {}) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise errors.bad_json("Cannot deserialize value of properties")
    return found


def links_in(portal: Portal, type: ObjectType, body: dict[str, Any]) -> Linked:
    """The associations of a create.  Raises the 400 for records and types that do not exist."""
    out: Linked = []
    for entry in body.get("associations") or ():
        end = entry.get("to")
        other = str(end.get("id", "")) if isinstance(end, dict) else ""
        specs = [
            Spec(str(t.get("associationCategory", "")), int(t.get("associationTypeId", 0)))
            for t in entry.get("types") or ()
        ]
        target = next(
            (b for b in portal.records if specs and all(portal.links.definition(type.name, b, spec) for spec in specs)),
            None,
        )
        if target is None:
            numbers = ", ".join(str(s.id) for s in specs)
            raise errors.invalid(f"Association type(s) [{numbers}] do not exist for {type.singular}")
        row = portal.records[target].resolve(other)
        if row is None:
            kind = TYPES[target].singular.upper()
            context = {
                "INVALID_OBJECT_IDS": [f"{kind}={other} is not valid"],
                "objectId": [other],
                "objectType": [kind],
            }
            raise errors.invalid("One or more associations are invalid", context=context)
        out.append((target, row.id, specs))
    return out


def prepared(portal: Portal, type: ObjectType, values: dict[str, Any], ask: Ask) -> writing.Values:
    """Checked and free values of a new record.  Raises Refusal."""
    try:
        clean = writing.prepare(portal, type, values, ask.caller)
        writing.check_unique(portal, type, clean, None)
    except (writing.Invalid, writing.Taken) as error:
        raise writing.refusal(portal, error) from error
    return clean


def create(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    body = ask.object()
    clean = prepared(portal, type_, properties_in(body), ask)
    links = links_in(portal, type_, body)
    if type_.name == "leads" and not links:
        raise errors.invalid("A lead must be associated to a contact or a company")
    row = portal.add(type_, clean, ask.caller, links)
    return Answer(201, created_view(portal, type_, row))


def update(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    type_ = type_of(type_name)
    values = properties_in(ask.object())
    row = _found(portal, ask, type_, id)
    try:
        clean = writing.prepare(portal, type_, values, ask.caller, row)
        writing.check_unique(portal, type_, clean, row.id)
    except (writing.Invalid, writing.Taken) as error:
        raise writing.refusal(portal, error) from error
    portal.change(type_, row, clean, ask.caller)
    return Answer(200, View(portal, type_, list(clean)).one(row))


def archive(portal: Portal, ask: Ask, type_name: str, id: str) -> Answer:
    """204 also for what is already in the bin."""
    type_ = type_of(type_name)
    records = portal.records[type_.name]
    row = records.resolve(id)
    if row is not None:
        portal.bin(type_, row)
    elif id not in records.archived:
        raise errors.resource_not_found(id)
    return Answer(204)


def merge(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    if type_.name not in ("contacts", "companies", "deals"):
        raise errors.not_found_page()
    body = ask.object()
    absent = [name for name in ("primaryObjectId", "objectIdToMerge") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    records = portal.records[type_.name]
    winner = records.resolve(str(body["primaryObjectId"]))
    loser = records.resolve(str(body["objectIdToMerge"]))
    for row, name in ((winner, "primaryObjectId"), (loser, "objectIdToMerge")):
        if row is None:
            raise errors.resource_not_found(str(body[name]))
    assert winner is not None and loser is not None
    survivor = merging.merge(portal, type_, winner, loser, ask.caller)
    return Answer(200, View(portal, type_, list(survivor.values)).one(survivor))


def purge(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    body = ask.object()
    if not body.get("objectId"):
        raise errors.missing_fields("objectId")
    asked = str(body["objectId"])
    records = portal.records[type_.name]
    if body.get("idProperty"):
        row = by_property(portal, type_, str(body["idProperty"]), asked)
        if row is None and body["idProperty"] == "email":
            portal.blocked.add(writing.fold(asked))
    else:
        row = records.resolve(asked) or records.archived.get(asked)
        if row is None:
            raise errors.resource_not_found(asked)
    if row is not None:
        portal.purge(type_, row)
    return Answer(204)


_READ = "crm.objects.{type}.read"
_WRITE = "crm.objects.{type}.write"
ROUTES = [
    route("POST", "objects/{type}/merge", merge, _WRITE),
    route("POST", "objects/{type}/gdpr-delete", purge, _WRITE),
    route("GET", "objects/{type}", list_page, _READ),
    route("POST", "objects/{type}", create, _WRITE),
    route("GET", "objects/{type}/{id}", read, _READ),
    route("PATCH", "objects/{type}/{id}", update, _WRITE),
    route("DELETE", "objects/{type}/{id}", archive, _WRITE),
]
