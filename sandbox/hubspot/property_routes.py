"""Properties and their groups (guide "Properties")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.batches import batch_answer, inputs_of
from sandbox.hubspot.schema import Group, ObjectType, Option, Property
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_REQUIRED = ("name", "label", "type", "fieldType", "groupName")
_FITS = {
    "string": {"text", "textarea", "html", "phonenumber", "file", "calculation_equation"},
    "number": {"number", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "bool": {"booleancheckbox", "calculation_equation"},
    "phone_number": {"phonenumber"},
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_MOST_UNIQUE = 10


def _property(portal: Portal, type: ObjectType, name: str, archived: bool = False) -> Property:
    schema = portal.schemas[type.name]
    found = schema.archived.get(name) if archived else schema.get(name)
    if found is None:
        raise errors.refuse(
            404,
            f'Property "{name}" does not exist on object type "{type.id}"',
            "OBJECT_NOT_FOUND",
            subCategory="Properties.PROPERTY_NOT_FOUND",
            context={"propertyName": [name]},
        )
    return found


def list_all(portal: Portal, ask: Ask, type_name: str) -> Answer:
    schema = portal.schemas[type_of(type_name).name]
    of = schema.archived if ask.flag("archived") else schema.properties
    return Answer(200, {"results": [p.shown() for p in of.values()]})


def read(portal: Portal, ask: Ask, type_name: str, name: str) -> Answer:
    return Answer(200, _property(portal, type_of(type_name), name, ask.flag("archived")).shown())


def _options(entries: Any) -> list[Option]:
    return [
        Option(
            str(e.get("value", "")),
            str(e.get("label", "")),
            int(e.get("displayOrder", i)),
            bool(e.get("hidden", False)),
            str(e.get("description") or ""),
        )
        for i, e in enumerate(entries or ())
    ]


def _new(portal: Portal, type: ObjectType, body: dict[str, Any]) -> Property:
    """Checks and adds.  Raises the refusal."""
    absent = [name for name in _REQUIRED if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    schema = portal.schemas[type.name]
    name, kind, field_type = str(body["name"]), str(body["type"]), str(body["fieldType"])
    if name in schema.properties:
        raise errors.refuse(
            409,
            f"A property named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
            context={"name": [name]},
        )
    if not _NAME.fullmatch(name):
        raise errors.invalid(f"Property name {name} is not valid: lower-case letters, digits and underscores")
    if field_type not in _FITS.get(kind, set()):
        raise errors.invalid(f"fieldType {field_type} is not valid for type {kind}")
    if body["groupName"] not in schema.groups:
        raise errors.invalid(f"Property group {body['groupName']} does not exist")
    options = _options(body.get("options"))
    if kind == "enumeration" and field_type != "booleancheckbox" and not options and not body.get("externalOptions"):
        raise errors.invalid("An enumeration property must have at least one option")
    if kind == "bool" and not options:
        options = [Option("true", "Yes", 0), Option("false", "No", 1)]
    unique = bool(body.get("hasUniqueValue"))
    if unique and sum(p.unique and not p.defined for p in schema.properties.values()) >= _MOST_UNIQUE:
        raise errors.invalid(f"At most {_MOST_UNIQUE} unique properties are allowed per object")
    made = Property(
        name,
        str(body["label"]),
        kind,
        field_type,
        str(body["groupName"]),
        str(body.get("description") or ""),
        options,
        unique,
        calculated=field_type == "calculation_equation",
        hidden=bool(body.get("hidden")),
        form_field=bool(body.get("formField")),
        order=int(body.get("displayOrder") or -1),
        created=portal.clock.now(),
        updated=portal.clock.now(),
    )
    schema.add(made)
    if unique:
        portal.unique_on(type.name, name)
    return made


def create(portal: Portal, ask: Ask, type_name: str) -> Answer:
    return Answer(201, _new(portal, type_of(type_name), ask.object()).shown())


def update(portal: Portal, ask: Ask, type_name: str, name: str) -> Answer:
    prop = _property(portal, type_of(type_name), name)
    body = ask.object()
    if prop.defined and ({"label", "type", "fieldType", "groupName", "description"} & body.keys()):
        raise errors.refuse(400, f"Property {name} is read-only and cannot be changed", "VALIDATION_ERROR")
    if "hasUniqueValue" in body and bool(body["hasUniqueValue"]) is not prop.unique:
        raise errors.invalid("hasUniqueValue cannot be changed after creation")
    for key, attribute in (("label", "label"), ("description", "description"), ("groupName", "group")):
        if key in body:
            setattr(prop, attribute, str(body[key]))
    for key, attribute in (("hidden", "hidden"), ("formField", "form_field")):
        if key in body:
            setattr(prop, attribute, bool(body[key]))
    if "options" in body:
        prop.set_options(_options(body["options"]))
    prop.updated = portal.clock.now()
    return Answer(200, prop.shown())


def _archive(portal: Portal, type: ObjectType, name: str) -> None:
    prop = _property(portal, type, name)
    if prop.defined:
        raise errors.invalid(f"Property {name} is defined by HubSpot and cannot be archived")
    portal.schemas[type.name].archive(name, portal.clock.now())
    portal.records[type.name].unique.pop(name, None)


def archive(portal: Portal, ask: Ask, type_name: str, name: str) -> Answer:
    _archive(portal, type_of(type_name), name)
    return Answer(204)


def batch_read(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    archived = bool(ask.object().get("archived"))
    schema = portal.schemas[type_.name]
    of = schema.archived if archived else schema.properties
    names = [str(entry.get("name", "")) for entry in inputs_of(ask)]
    missing = [name for name in names if name not in of]
    failed = [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "subCategory": "Properties.PROPERTY_NOT_FOUND",
            "message": f"Could not get some properties: {', '.join(missing)}",
            "context": {"name": missing},
        }
    ]
    return batch_answer(portal, 200, [of[n].shown() for n in names if n in of], failed if missing else ())


def batch_create(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    results, failed = [], []
    for entry in inputs_of(ask):
        try:
            results.append(_new(portal, type_, entry).shown())
        except errors.Refusal as refusal:
            assert isinstance(refusal.body, dict)
            told = {k: v for k, v in refusal.body.items() if k != "correlationId"}
            failed.append({"category": "VALIDATION_ERROR", "context": {"name": [entry.get("name", "")]}, **told})
    return batch_answer(portal, 201, results, failed)


def batch_archive(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    for entry in inputs_of(ask):
        if entry.get("name") in portal.schemas[type_.name].properties:
            _archive(portal, type_, str(entry["name"]))
    return Answer(204)


def groups(portal: Portal, ask: Ask, type_name: str) -> Answer:
    schema = portal.schemas[type_of(type_name).name]
    return Answer(200, {"results": [g.shown() for g in schema.groups.values()]})


def create_group(portal: Portal, ask: Ask, type_name: str) -> Answer:
    schema = portal.schemas[type_of(type_name).name]
    body = ask.object()
    absent = [name for name in ("name", "label") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    name = str(body["name"])
    if name in schema.groups:
        raise errors.refuse(
            409,
            f"A property group named '{name}' already exists.",
            "OBJECT_ALREADY_EXISTS",
            subCategory="PropertyGroups.GROUP_WITH_NAME_EXISTS",
            context={"name": [name]},
        )
    made = schema.groups[name] = Group(name, str(body["label"]), int(body.get("displayOrder") or -1))
    return Answer(201, made.shown())


def one_group(portal: Portal, ask: Ask, type_name: str, name: str) -> Answer:
    schema = portal.schemas[type_of(type_name).name]
    found = schema.groups.get(name)
    if found is None:
        raise errors.refuse(404, f"Property group {name} does not exist", "OBJECT_NOT_FOUND")
    if ask.method == "DELETE":
        del schema.groups[name]
        return Answer(204)
    if ask.method == "PATCH":
        found.label = str(ask.object().get("label", found.label))
        found.order = int(ask.object().get("displayOrder", found.order))
    return Answer(200, found.shown())


def validations(portal: Portal, ask: Ask, type_name: str) -> Answer:
    """The rules of every property that has some (property validations, HubSpot's OpenAPI document)."""
    type = type_of(type_name)
    found = [
        {"propertyName": name, "propertyValidationRules": [_rule(*rule) for rule in rules.items()]}
        for (object, name), rules in portal.validations.items()
        if object == type.name
    ]
    return Answer(200, {"results": found})


def validate(portal: Portal, ask: Ask, type_name: str, name: str, rule: str) -> Answer:
    """Set one rule of one property."""
    type = type_of(type_name)
    _property(portal, type, name)
    arguments = ask.object().get("ruleArguments")
    if not isinstance(arguments, list):
        raise errors.missing_fields("ruleArguments")
    portal.validations.setdefault((type.name, name), {})[rule] = [str(each) for each in arguments]
    return Answer(204)


def _rule(kind: str, arguments: list[str]) -> dict[str, Any]:
    return {"ruleType": kind, "ruleArguments": arguments}


_READ = "crm.schemas.{type}.read crm.objects.{type}.read"
_WRITE = "crm.schemas.{type}.write"
ROUTES = [
    route("GET", "property-validations/{type}", validations, _READ),
    route("PUT", "property-validations/{type}/{name}/rule-type/{rule}", validate, _WRITE),
    route("POST", "properties/{type}/batch/read", batch_read, _READ),
    route("POST", "properties/{type}/batch/create", batch_create, _WRITE),
    route("POST", "properties/{type}/batch/archive", batch_archive, _WRITE),
    route("GET", "properties/{type}/groups", groups, _READ),
    route("POST", "properties/{type}/groups", create_group, _WRITE),
    route("GET", "properties/{type}/groups/{name}", one_group, _READ),
    route("PATCH", "properties/{type}/groups/{name}", one_group, _WRITE),
    route("DELETE", "properties/{type}/groups/{name}", one_group, _WRITE),
    route("GET", "properties/{type}", list_all, _READ),
    route("POST", "properties/{type}", create, _WRITE),
    route("GET", "properties/{type}/{name}", read, _READ),
    route("PATCH", "properties/{type}/{name}", update, _WRITE),
    route("DELETE", "properties/{type}/{name}", archive, _WRITE),
]
