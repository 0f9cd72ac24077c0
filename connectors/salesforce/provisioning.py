"""Fields of our own: created through Tooling, then made visible, since a field made by API is visible to nobody.

A new custom field needs field-level security; it is granted in a permission set of ours that is assigned to the user
we act as.  Each step looks first, so that doing it twice does nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.errors import Misconfigured, Unauthorised
from connectors.port import FieldSpec
from connectors.salesforce import soql
from connectors.salesforce.answers import Declined, explain
from connectors.salesforce.api import Api
from connectors.salesforce.describing import Describer
from connectors.salesforce.permitting import PERMISSION_SET, PermissionSet

_ACTIVITY = ("Task", "Event")
_EXISTS = ("DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE")


class Provisioner:
    """`Connector.provision` for one org."""

    def __init__(self, api: Api, describer: Describer) -> None:
        self._api = api
        self._describer = describer
        self._permissions = PermissionSet(api)

    def provision(self, specs: Sequence[FieldSpec]) -> list[str]:
        """The fields made.  Raises `Misconfigured` where Salesforce refuses one, `Unauthorised` without the right."""
        missing = self._missing(specs)
        there: dict[tuple[str, str], bool] = {}
        for spec in missing:
            # A field of tasks is one of events too, and is made once.
            if (place := (_owner(spec), spec.name)) not in there:
                there[place] = self._create(spec)
        made = [f"{spec.object}.{spec.name}" for spec in missing if there[_owner(spec), spec.name]]
        if missing:
            self._grant(missing)
            hidden = [f"{spec.object}.{spec.name}" for spec in self._missing(missing)]
            if hidden:
                raise Unauthorised(
                    f"Salesforce has the fields {', '.join(hidden)}, but these credentials may not see them: assign the"
                    f" permission set {PERMISSION_SET} to the integration user (Setup, Permission Sets)"
                )
        fresh = {(spec.object, spec.name) for spec in missing}
        old = [spec for spec in specs if spec.options and (spec.object, spec.name) not in fresh]
        return [*made, *(f"{spec.object}.{spec.name}" for spec in old if self._complete(spec))]

    def _missing(self, specs: Sequence[FieldSpec]) -> list[FieldSpec]:
        seen = {
            object: {field["name"] for field in self._describer.raw(object, fresh=True).get("fields") or ()}
            for object in dict.fromkeys(spec.object for spec in specs)
        }
        return [spec for spec in specs if spec.name not in seen[spec.object]]

    def _create(self, spec: FieldSpec) -> bool:
        """False when the field was there, but hidden."""
        try:
            self._post(spec, unique=spec.unique)
        except Declined as no:
            if no.first.code in _EXISTS:
                return False
            if not (spec.unique and spec.object in _ACTIVITY) or no.status in (401, 403):
                raise _refused(spec, no) from None
            # Activities are not known to allow unique external ids: a plain field then, and a look before creating.
            return self._create_plain(spec)
        return True

    def _create_plain(self, spec: FieldSpec) -> bool:
        try:
            self._post(spec, unique=False)
        except Declined as no:
            if no.first.code in _EXISTS:
                return False
            raise _refused(spec, no) from None
        return True

    def _post(self, spec: FieldSpec, *, unique: bool) -> None:
        body = {"FullName": f"{_owner(spec)}.{spec.name}", "Metadata": metadata(spec, unique=unique)}
        self._api.change(lambda sf: sf.restful("tooling/sobjects/CustomField", method="POST", json=body))

    def _complete(self, spec: FieldSpec) -> bool:
        """Whether options were added to a field that is there: Tooling replaces the whole list, so the others are sent
        along as they are."""
        lacking = spec.lacks(self._describer.schema(spec.object, fresh=False).fields.get(spec.name))
        if not lacking:
            return False
        where = (
            f"DeveloperName = {soql.text(spec.name.removesuffix('__c'))} AND TableEnumOrId = {soql.text(_owner(spec))}"
        )
        try:
            query = self._api.paths.tooling_query(soql.select(("Id",), "CustomField", where))
            rows = self._api.get(query, f"look for {spec.object}.{spec.name}")["records"]
            if not rows:
                raise Misconfigured(
                    f"{spec.object}.{spec.name} lacks options: add {', '.join(option.value for option in lacking)}"
                    f" (Setup, Object Manager, {spec.object}, Fields)"
                )
            path = self._api.paths.tooling_row("CustomField", rows[0]["Id"])
            metadata = self._api.get(path, f"read {spec.object}.{spec.name}")["Metadata"]
            values = metadata["valueSet"]["valueSetDefinition"]["value"]
            values += _values(replace(spec, options=lacking))["valueSetDefinition"]["value"]
            self._api.send("PATCH", path, {"Metadata": metadata})
        except Declined as no:
            raise _refused(spec, no) from None
        return True

    def _grant(self, specs: Sequence[FieldSpec]) -> None:
        try:
            parent = self._permissions.make()
            # First, so that a run that breaks off leaves fields that the next one sees, and need not make.
            self._permissions.assign(parent)
            self._permissions.grant_fields(parent, specs)
        except Declined as no:
            raise explain(no, f"grant the new fields in the permission set {PERMISSION_SET}") from None


def _owner(spec: FieldSpec) -> str:
    """Custom fields of tasks and events belong to the Activity object."""
    return "Activity" if spec.object in _ACTIVITY else spec.object


def metadata(spec: FieldSpec, *, unique: bool) -> dict[str, Any]:
    """The Metadata part of a Tooling CustomField (Metadata API guide, CustomField)."""
    body: dict[str, Any] = {"label": spec.label, "required": False} | _kind(spec)
    if spec.help:
        body["inlineHelpText"] = spec.help
    if unique:
        body |= {"unique": True, "externalId": True}
        if body["type"] == "Text":
            body["caseSensitive"] = False
    return body


def _kind(spec: FieldSpec) -> dict[str, Any]:
    precision, scale = spec.precision or (18, 0)
    plain = {"email": "Email", "phone": "Phone", "url": "Url", "date": "Date", "datetime": "DateTime"}
    numbers = {"number": "Number", "money": "Currency", "percent": "Percent"}
    if spec.type in plain:
        return {"type": plain[spec.type]}
    if spec.type in numbers:
        return {"type": numbers[spec.type], "precision": precision, "scale": scale}
    if spec.type == "text":
        return {"type": "Text", "length": spec.length or 255}
    if spec.type == "long_text":
        return {"type": "LongTextArea", "length": spec.length or 32_768, "visibleLines": 3}
    if spec.type == "bool":
        return {"type": "Checkbox", "defaultValue": "false"}
    if spec.type == "choice":
        return {"type": "Picklist", "valueSet": _values(spec)}
    if spec.type == "choices":
        return {"type": "MultiselectPicklist", "visibleLines": 4, "valueSet": _values(spec)}
    raise Misconfigured(f"{spec.object}.{spec.name}: a field of type {spec.type} cannot be created in Salesforce")


def _values(spec: FieldSpec) -> dict[str, Any]:
    values = [{"fullName": o.value, "label": o.label, "default": False} for o in spec.options]
    return {"restricted": False, "valueSetDefinition": {"sorted": False, "value": values}}


def _refused(spec: FieldSpec, no: Declined) -> Exception:
    if no.status == 403 or no.first.code.startswith("INSUFFICIENT_ACCESS"):
        return Unauthorised(
            f"Salesforce refused to create {spec.object}.{spec.name}: give the integration user the permission"
            " Customize Application, or create the field by hand (Setup, Object Manager)"
        )
    return Misconfigured(
        f"Salesforce refused to create {spec.object}.{spec.name} as {spec.type}: {no.first.code};"
        " create it by hand (Setup, Object Manager)"
    )
