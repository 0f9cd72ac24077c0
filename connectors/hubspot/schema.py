"""What HubSpot says of its properties, and the properties of our own that it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.errors import Misconfigured, Unauthorised
from connectors.hubspot import links, rows
from connectors.hubspot.answers import Answer, fault, system_error
from connectors.hubspot.api import Api
from connectors.port import Field, FieldSpec, Option, Owner, Schema

GROUP = {"name": "smarketing", "label": "Sales alignment"}
_LONGEST = 65_536
"""Characters of a text property (properties guide)."""
_REQUIRED = {
    "deals": {"dealname", "dealstage"},
    **{object: {"hs_timestamp"} for object in links.ENGAGEMENTS},
}
_DAYS = ("deals", *links.ENGAGEMENTS)
"""Objects with an instant that stands for a day: when a deal closes, when a task is due."""
_STAGES = {"deals": ("pipeline", "dealstage")}
_PLAIN = {"bool": "bool", "date": "date", "datetime": "datetime", "phone_number": "phone"}
_TEXT = {"textarea": "long_text", "html": "html", "phonenumber": "phone", "file": "other"}
_MADE_OF = {
    "text": ("string", "text"),
    "email": ("string", "text"),
    "url": ("string", "text"),
    "reference": ("string", "text"),
    "id": ("string", "text"),
    "long_text": ("string", "textarea"),
    "phone": ("string", "phonenumber"),
    "number": ("number", "number"),
    "money": ("number", "number"),
    "percent": ("number", "number"),
    "bool": ("bool", "booleancheckbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "choice": ("enumeration", "select"),
    "choices": ("enumeration", "checkbox"),
}
_YES_NO = (Option("true", "Yes"), Option("false", "No"))


def describe(api: Api, object: str) -> Schema:
    """The properties these credentials see, and the pseudo-fields of this connector."""
    fields = {
        field.name: field
        for row in api.properties(object)
        if not row.get("archived") and (field := _field(object, row))
    }
    if object == "contacts":
        fields[rows.SUBSCRIPTIONS] = Field(rows.SUBSCRIPTIONS, "Opted out of all e-mail", "bool")
    fields.update(links.fields(object))
    return Schema(object, _staged(api, object, fields), zone=api.zone() if object in _DAYS else "")


def _staged(api: Api, object: str, fields: dict[str, Field]) -> dict[str, Field]:
    """A deal's stages with the pipeline they belong to, which the property does not tell."""
    if object not in _STAGES or not fields.keys() >= set(_STAGES[object]):
        return fields
    pipelines = [row for row in api.pipelines(object) if not row.get("archived")]
    if not pipelines:
        return fields
    pipeline, stage = _STAGES[object]
    stages = [_stage(row, str(one["id"])) for one in pipelines for row in one.get("stages") or []]
    return {
        **fields,
        pipeline: replace(fields[pipeline], options=tuple(Option(str(p["id"]), str(p["label"])) for p in pipelines)),
        stage: replace(fields[stage], options=tuple(stages)),
    }


def _stage(row: Mapping[str, Any], pipeline: str) -> Option:
    """`metadata` holds text: probability "0.0" to "1.0", isClosed "true" or "false" (guide on pipelines)."""
    facts: Mapping[str, Any] = row.get("metadata") or {}
    chance = float(facts["probability"]) if facts.get("probability") not in (None, "") else None
    closed = str(facts["isClosed"]).lower() == "true" if "isClosed" in facts else None
    if closed is None and chance is not None:
        closed = chance in (0.0, 1.0)
    return Option(
        str(row["id"]),
        str(row.get("label") or row["id"]),
        not row.get("archived"),
        within=pipeline,
        closed=closed,
        won=None if closed is None else closed and chance == 1.0,
        probability=chance,
    )


def _field(object: str, row: Mapping[str, Any]) -> Field:
    name = str(row["name"])
    rights: Mapping[str, Any] = row.get("modificationMetadata") or {}
    writable = not (row.get("calculated") or rights.get("readOnlyValue"))
    kind = _type(name, row)
    options = tuple(
        Option(str(option["value"]), str(option.get("label") or option["value"]), not option.get("hidden"))
        for option in row.get("options") or []
    )
    return Field(
        name=name,
        label=str(row.get("label") or name),
        type=kind,
        writable=writable,
        createable=writable,
        required=name in _REQUIRED.get(object, ()),
        length=_LONGEST if row.get("type") == "string" else None,
        options=options,
        restricted=row.get("type") == "enumeration" and kind != "reference",
        unique=bool(row.get("hasUniqueValue")) or (object == "contacts" and name == "email"),
        calculated=bool(row.get("calculated")),
        references=("owners",) if kind == "reference" else (),
    )


def _type(name: str, row: Mapping[str, Any]) -> str:
    kind, look = str(row.get("type")), str(row.get("fieldType"))
    if name == "hs_object_id":
        return "id"
    if row.get("referencedObjectType") == "OWNER" or name == "hubspot_owner_id":
        return "reference"
    if kind == "enumeration":
        return "choices" if look == "checkbox" else "choice"
    if kind == "number":
        percent = row.get("numberDisplayHint") == "percentage"
        return "money" if row.get("showCurrencySymbol") else "percent" if percent else "number"
    if kind == "string":
        return "email" if name == "email" else _TEXT.get(look, "text")
    return _PLAIN.get(kind, "other")


def owners(api: Api) -> list[Owner]:
    """Active and archived ones; an id is what `hubspot_owner_id` holds."""
    found = []
    for archived in (False, True):
        after: str | None = None
        while True:
            body = api.owners(limit=500, archived=archived, **({"after": after} if after else {}))
            found += [_owner(row, active=not archived) for row in body.get("results") or []]
            after = ((body.get("paging") or {}).get("next") or {}).get("after")
            if after is None:
                break
    return found


def _owner(row: Mapping[str, Any], active: bool) -> Owner:
    name = f"{row.get('firstName') or ''} {row.get('lastName') or ''}".strip()
    email = str(row.get("email") or "")
    return Owner(str(row["id"]), email, name or email, active, queue=row.get("type") == "QUEUE")


def provision(api: Api, specs: Sequence[FieldSpec]) -> list[str]:
    """Create what is missing, in a group of ours.  Raises `Misconfigured` where a property of that name exists and
    is not unique though it must be: HubSpot cannot change that later."""
    made = []
    for object in dict.fromkeys(spec.object for spec in specs):
        there = {str(row["name"]): row for row in api.properties(object)}
        mine = [spec for spec in specs if spec.object == object]
        for spec in mine:
            if spec.unique and spec.name in there and not there[spec.name].get("hasUniqueValue"):
                raise Misconfigured(
                    f"hubspot: {object}.{spec.name} exists but is not unique; delete or rename it, then run provision"
                )
        missing = [spec for spec in mine if spec.name not in there]
        if missing:
            _demand_made(api.create_group(object, GROUP), f"the group {GROUP['label']}")
        for spec in missing:
            _demand_made(api.create_property(object, _definition(spec)), f"the property {object}.{spec.name}")
            made.append(f"{object}.{spec.name}")
        made += [f"{object}.{spec.name}" for spec in mine if spec.name in there and _completed(api, spec, there)]
    return made


def _completed(api: Api, spec: FieldSpec, there: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether options were added.  All others are sent along as they are: HubSpot replaces the whole list."""
    row = there[spec.name]
    lacking = spec.lacks(_field(spec.object, row))
    if lacking:
        kept = list(row.get("options") or ())
        body = {"options": [*kept, *_options(lacking, len(kept))]}
        _demand_made(api.update_property(spec.object, spec.name, body), f"the options of {spec.object}.{spec.name}")
    return bool(lacking)


def _definition(spec: FieldSpec) -> dict[str, Any]:
    kind, look = _MADE_OF[spec.type]
    options = spec.options or (_YES_NO if spec.type == "bool" else ())
    body: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label,
        "type": kind,
        "fieldType": look,
        "groupName": GROUP["name"],
        "description": spec.help,
    }
    if options:
        body["options"] = _options(options, 0)
    if spec.unique:
        body["hasUniqueValue"] = True
    return body


def _options(options: Sequence[Option], first: int) -> list[dict[str, Any]]:
    return [
        {"value": option.value, "label": option.label, "displayOrder": n, "hidden": not option.active}
        for n, option in enumerate(options, first)
    ]


def _demand_made(answer: Answer, what: str) -> None:
    """Made, or made by someone else a moment ago."""
    found = fault(answer.body, answer.status)
    if answer.good or answer.status == 409 or found.code == "OBJECT_ALREADY_EXISTS":
        return
    if answer.status == 403:
        raise system_error(answer, f"to create {what}") or Unauthorised(what)
    raise Misconfigured(f"hubspot: could not create {what}: {found.code}")
