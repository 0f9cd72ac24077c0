"""Associations: v4 single and batch, labels, and the older named shape (guide "Associate records")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.batches import batch_answer, inputs_of
from sandbox.hubspot.links import DEFINED, USER, Definition, Spec
from sandbox.hubspot.schema import ObjectType
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_MOST_READ = 1_000
_MOST_WRITTEN = 2_000
_PAGE = 500
_MOST_LABELS = 10


def _row(portal: Portal, type: ObjectType, id: str) -> str:
    """The id of the live record behind this id.  Raises the 404."""
    row = portal.records[type.name].resolve(id)
    if row is None:
        raise errors.resource_not_found(id)
    return row.id


def _spec(portal: Portal, a: ObjectType, b: ObjectType, entry: Any) -> Spec:
    if not isinstance(entry, dict):
        raise errors.bad_json("Cannot deserialize value of AssociationSpec")
    category = str(entry.get("associationCategory", ""))
    try:
        spec = Spec(category, int(entry.get("associationTypeId", 0)))
    except (TypeError, ValueError) as error:
        raise errors.bad_json("Cannot deserialize value of associationTypeId") from error
    if portal.links.definition(a.name, b.name, spec) is None:
        raise errors.invalid(
            f"One or more association types in {a.id} to {b.id} do not exist: [{category}:{spec.id}]",
            context={"associationTypeId": [str(spec.id)]},
        )
    return spec


def _shown(portal: Portal, a: ObjectType, b: ObjectType, other: str, specs: Sequence[Spec]) -> dict[str, Any]:
    types = []
    for spec in specs:
        known = portal.links.definition(a.name, b.name, spec)
        types.append({"category": spec.category, "typeId": spec.id, "label": known.label if known else None})
    return {"toObjectId": int(other), "associationTypes": types}


def list_links(portal: Portal, ask: Ask, a_name: str, id: str, b_name: str) -> Answer:
    """v4 and dated versions show types with labels; v3 shows names."""
    a, b = type_of(a_name), type_of(b_name)
    held = portal.links.of(a.name, _row(portal, a, id), b.name)
    limit = ask.whole("limit", _PAGE, _PAGE)
    after = ask.position("after")
    pairs = sorted(((o, s) for o, s in held.items() if int(o) >= after), key=lambda pair: int(pair[0]))
    body: dict[str, Any] = {"results": []}
    for other, specs in pairs[:limit]:
        if ask.version == "v3":
            body["results"] += [{"id": other, "type": name} for name in portal.links.names(a, b, specs)]
        else:
            body["results"].append(_shown(portal, a, b, other, specs))
    if len(pairs) > limit:
        link = f"https://api.hubapi.com{ask.path}?limit={limit}&after={pairs[limit][0]}"
        body["paging"] = {"next": {"after": pairs[limit][0], "link": link}}
    return Answer(200, body)


def _both_ways(portal: Portal, a: ObjectType, id: str, b: ObjectType, other: str) -> list[dict[str, Any]]:
    out = []
    for x, x_id, y, y_id in ((a, id, b, other), (b, other, a, id)):
        spec = portal.links.default(x.name, y.name)
        out.append(
            {
                "from": {"id": x_id},
                "to": {"id": y_id},
                "associationSpec": {"associationCategory": spec.category, "associationTypeId": spec.id},
            }
        )
    return out


def link_default(portal: Portal, ask: Ask, a_name: str, id: str, b_name: str, other: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    id, other = _row(portal, a, id), _row(portal, b, other)
    portal.associate_rows(a.name, id, b.name, other, ())
    return batch_answer(portal, 200, _both_ways(portal, a, id, b, other))


def _labels(portal: Portal, a: ObjectType, b: ObjectType, specs: Sequence[Spec]) -> list[str]:
    known = [portal.links.definition(a.name, b.name, spec) for spec in specs]
    return [entry.label for entry in known if entry and entry.label]


def link_labelled(portal: Portal, ask: Ask, a_name: str, id: str, b_name: str, other: str) -> Answer:
    """These types replace what was there."""
    a, b = type_of(a_name), type_of(b_name)
    id, other = _row(portal, a, id), _row(portal, b, other)
    body = ask.json()
    if not isinstance(body, list) or not body:
        raise errors.bad_json("Cannot deserialize value of AssociationSpec list")
    specs = [_spec(portal, a, b, entry) for entry in body]
    held = portal.links.replace(a.name, id, b.name, other, specs)
    portal.follow_primary(a.name, id, b.name, other)
    return Answer(201, _pair(portal, a, id, b, other, held))


def _pair(portal: Portal, a: ObjectType, id: str, b: ObjectType, other: str, held: Sequence[Spec]) -> dict[str, Any]:
    return {
        "fromObjectTypeId": a.id,
        "fromObjectId": int(id),
        "toObjectTypeId": b.id,
        "toObjectId": int(other),
        "labels": _labels(portal, a, b, held),
    }


def unlink(portal: Portal, ask: Ask, a_name: str, id: str, b_name: str, other: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    id = _row(portal, a, id)
    portal.links.unlink(a.name, id, b.name, other)
    portal.follow_primary(a.name, id, b.name, other)
    return Answer(204)


def _id_in(entry: dict[str, Any], key: str) -> str:
    found = entry.get(key)
    id = found.get("id") if isinstance(found, dict) else None
    if id is None:
        raise errors.missing_fields(key)
    return str(id)


def _none_found(a: ObjectType, b: ObjectType, id: str) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {b.singular} is associated with {a.singular} {id}.",
        "context": {"fromObjectId": [id], "fromObjectType": [a.singular], "toObjectType": [b.singular]},
    }


def batch_read(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    results, failed = [], []
    for entry in inputs_of(ask, _MOST_READ):
        id = str(entry.get("id") or "")
        row = portal.records[a.name].resolve(id)
        held = portal.links.of(a.name, row.id, b.name) if row else {}
        if held:
            results.append({"from": {"id": id}, "to": [_shown(portal, a, b, o, s) for o, s in held.items()]})
        else:
            failed.append(_none_found(a, b, id))
    return batch_answer(portal, 200, results, failed)


def batch_create(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    results, failed = [], []
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id, other = _id_in(entry, "from"), _id_in(entry, "to")
        specs = [_spec(portal, a, b, spec) for spec in entry.get("types") or ()]
        missing = _missing(portal, ((a, id), (b, other)))
        if missing:
            failed.append(missing)
            continue
        id, other = _row(portal, a, id), _row(portal, b, other)
        held = portal.associate_rows(a.name, id, b.name, other, specs)
        results.append(_pair(portal, a, id, b, other, held))
    return batch_answer(portal, 201, results, failed)


def _missing(portal: Portal, ends: Sequence[tuple[ObjectType, str]]) -> dict[str, Any] | None:
    for type_, id in ends:
        if portal.records[type_.name].resolve(id) is None:
            return errors.some_missing(type_.singular.upper(), [id])
    return None


def batch_default(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    results: list[dict[str, Any]] = []
    failed = []
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id, other = _id_in(entry, "from"), _id_in(entry, "to")
        missing = _missing(portal, ((a, id), (b, other)))
        if missing:
            failed.append(missing)
            continue
        id, other = _row(portal, a, id), _row(portal, b, other)
        portal.associate_rows(a.name, id, b.name, other, ())
        results += _both_ways(portal, a, id, b, other)
    return batch_answer(portal, 200, results, failed)


def batch_archive(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id = _id_in(entry, "from")
        ends = entry.get("to") or []
        for to in ends if isinstance(ends, list) else [ends]:
            other = str(to.get("id", ""))
            portal.links.unlink(a.name, id, b.name, other)
            portal.follow_primary(a.name, id, b.name, other)
    return Answer(204)


def batch_archive_labels(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id, other = _id_in(entry, "from"), _id_in(entry, "to")
        specs = [_spec(portal, a, b, spec) for spec in entry.get("types") or ()]
        portal.links.unlink(a.name, id, b.name, other, specs)
        portal.follow_primary(a.name, id, b.name, other)
    return Answer(204)


def _definition(entry: Definition) -> dict[str, Any]:
    return {"category": entry.spec.category, "typeId": entry.spec.id, "label": entry.label}


def labels(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    known = portal.links.definitions(type_of(a_name).name, type_of(b_name).name)
    return Answer(200, {"results": [_definition(entry) for entry in known]})


def create_label(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    body = ask.object()
    absent = [name for name in ("label", "name") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    own = [d for d in portal.links.definitions(a.name, b.name) if d.spec.category == USER]
    if len(own) >= _MOST_LABELS:
        raise errors.invalid(f"At most {_MOST_LABELS} labels are allowed between two objects")
    if any(d.label == body["label"] for d in own):
        raise errors.refuse(409, f"A label {body['label']} already exists", "OBJECT_ALREADY_EXISTS")
    inverse = body.get("inverseLabel")
    made = portal.links.add_label(a.name, b.name, str(body["name"]), str(body["label"]), inverse)
    return Answer(200, {"results": [_definition(entry) for entry in made]})


def _own_label(portal: Portal, a: ObjectType, b: ObjectType, number: Any) -> Definition:
    text = str(number)
    found = portal.links.definition(a.name, b.name, Spec(USER, int(text))) if text.isdigit() else None
    if found is None:
        raise errors.resource_not_found(text)
    return found


def change_label(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    body = ask.object()
    found = _own_label(portal, a, b, body.get("associationTypeId"))
    found.label = str(body.get("label") or found.label)
    return Answer(204)


def remove_label(portal: Portal, ask: Ask, a_name: str, b_name: str, number: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    portal.links.remove_label(a.name, b.name, _own_label(portal, a, b, number).spec)
    return Answer(204)


def _named_type(portal: Portal, a: ObjectType, b: ObjectType, name: str) -> Spec:
    """The type behind a name of v3: contact_to_company, or a number."""
    if name.isdigit():
        return _spec(portal, a, b, {"associationCategory": DEFINED, "associationTypeId": name})
    for entry in portal.links.definitions(a.name, b.name):
        if name in portal.links.names(a, b, [entry.spec]):
            return entry.spec
    raise errors.invalid(f"{name} is not a valid association type between {a.singular} and {b.singular}")


def named_link(portal: Portal, ask: Ask, a_name: str, id: str, b_name: str, other: str, name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    id, other = _row(portal, a, id), _row(portal, b, other)
    spec = _named_type(portal, a, b, name)
    if ask.method == "DELETE":
        portal.links.unlink(a.name, id, b.name, other, [spec])
        portal.follow_primary(a.name, id, b.name, other)
        return Answer(204)
    portal.associate_rows(a.name, id, b.name, other, [spec])
    return Answer(200, {"id": id, "associations": {b.name: {"results": [{"id": other, "type": name}]}}})


def named_batch_read(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    results, failed = [], []
    for entry in inputs_of(ask, _MOST_READ):
        id = str(entry.get("id") or "")
        held = portal.links.of(a.name, id, b.name)
        to = [{"id": o, "type": name} for o, specs in held.items() for name in portal.links.names(a, b, specs)]
        if to:
            results.append({"from": {"id": id}, "to": to})
        else:
            failed.append(_none_found(a, b, id))
    return batch_answer(portal, 200, results, failed)


def named_batch_create(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    results, failed = [], []
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id, other = _id_in(entry, "from"), _id_in(entry, "to")
        spec = _named_type(portal, a, b, str(entry.get("type") or ""))
        missing = _missing(portal, ((a, id), (b, other)))
        if missing:
            failed.append(missing)
            continue
        portal.associate_rows(a.name, _row(portal, a, id), b.name, _row(portal, b, other), [spec])
        results.append({"from": {"id": id}, "to": {"id": other}, "type": entry["type"]})
    return batch_answer(portal, 201, results, failed)


def named_batch_archive(portal: Portal, ask: Ask, a_name: str, b_name: str) -> Answer:
    a, b = type_of(a_name), type_of(b_name)
    for entry in inputs_of(ask, _MOST_WRITTEN):
        id, other = _id_in(entry, "from"), _id_in(entry, "to")
        portal.links.unlink(a.name, id, b.name, other)
        portal.follow_primary(a.name, id, b.name, other)
    return Answer(204)


_READ = "crm.objects.{type}.read"
_WRITE = "crm.objects.{type}.write"
_A = "associations"
_BATCH = "associations/{type}/{b}/batch"
_ONE = "objects/{type}/{id}/associations"
_NAMED = "named-associations/{type}/{b}/batch"
ROUTES = [
    route("POST", f"{_BATCH}/read", batch_read, _READ, _A),
    route("POST", f"{_BATCH}/create", batch_create, _WRITE, _A),
    route("POST", f"{_BATCH}/archive", batch_archive, _WRITE, _A),
    route("POST", f"{_BATCH}/associate/default", batch_default, _WRITE, _A),
    route("POST", f"{_BATCH}/labels/archive", batch_archive_labels, _WRITE, _A),
    route("GET", "associations/{type}/{b}/labels", labels, _READ, _A),
    route("POST", "associations/{type}/{b}/labels", create_label, _WRITE, _A),
    route("PUT", "associations/{type}/{b}/labels", change_label, _WRITE, _A),
    route("DELETE", "associations/{type}/{b}/labels/{number}", remove_label, _WRITE, _A),
    route("PUT", f"{_ONE}/default/{{b}}/{{other}}", link_default, _WRITE, _A),
    route("GET", f"{_ONE}/{{b}}", list_links, _READ, _A),
    route("PUT", f"{_ONE}/{{b}}/{{other}}", link_labelled, _WRITE, _A),
    route("DELETE", f"{_ONE}/{{b}}/{{other}}", unlink, _WRITE, _A),
    route("PUT", f"{_ONE}/{{b}}/{{other}}/{{name}}", named_link, _WRITE),
    route("DELETE", f"{_ONE}/{{b}}/{{other}}/{{name}}", named_link, _WRITE),
    route("POST", f"{_NAMED}/read", named_batch_read, _READ),
    route("POST", f"{_NAMED}/create", named_batch_create, _WRITE),
    route("POST", f"{_NAMED}/archive", named_batch_archive, _WRITE),
]
