"""What Salesforce says of its objects, in the words of the port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.errors import SchemaChanged, SyncError
from connectors.port import Field, Option, Owner, RecordType, Schema
from connectors.salesforce import soql
from connectors.salesforce.api import Api
from connectors.salesforce.roles import OBJECT, ROLE
from connectors.salesforce.rows import CONTACTS

_TYPES = {
    "string": "text",
    "textarea": "text",
    "email": "email",
    "phone": "phone",
    "url": "url",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "money",
    "percent": "percent",
    "boolean": "bool",
    "date": "date",
    "datetime": "datetime",
    "picklist": "choice",
    "multipicklist": "choices",
    "combobox": "text",
    "reference": "reference",
    "id": "id",
    "encryptedstring": "text",
}
_STAGES = {"Opportunity": ("StageName", "OpportunityStage"), "Task": ("Status", "TaskStatus")}
_FACTS = {
    "OpportunityStage": ("ApiName", "MasterLabel", "IsActive", "IsClosed", "IsWon", "DefaultProbability"),
    "TaskStatus": ("ApiName", "MasterLabel", "IsClosed"),
}
_LONG = 255
"""A text area above this length is a long text: it cannot be filtered or compared in a query."""


class Describer:
    """Describes objects, once each: a schema rarely changes while we run, and `fresh` asks anew."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: dict[str, dict[str, Any]] = {}

    def raw(self, object: str, *, fresh: bool = False) -> dict[str, Any]:
        """The describe result as Salesforce gives it."""
        if fresh or object not in self._seen:
            path = f"sobjects/{soql.name(object)}/describe"
            self._seen[object] = self._api.ask(f"describe {object}", lambda library: library.restful(path)) or {}
        return self._seen[object]

    def schema(self, object: str, *, fresh: bool = True) -> Schema:
        """The description in the port's words."""
        raw = self.raw(object, fresh=fresh)
        fields = {field.name: field for field in map(_field, raw.get("fields") or ())}
        if object == OBJECT and self.has_roles():
            fields[CONTACTS] = Field(CONTACTS, "Contact roles", "references", references=("Contact",))
        return Schema(object, self._staged(object, fields), self._record_types(object, raw))

    def has_roles(self) -> bool:
        """Whether these credentials see the contact roles of opportunities."""
        return any(link.get("childSObject") == ROLE for link in self.raw(OBJECT).get("childRelationships") or ())

    def _staged(self, object: str, fields: dict[str, Field]) -> dict[str, Field]:
        """Stages and statuses with what they mean, which the picklist does not tell."""
        name, source = _STAGES.get(object, ("", ""))
        if name not in fields or not fields[name].options:
            return fields
        asked = _FACTS[source]
        try:
            rows = list(self._api.rows(soql.select(asked, source, order="SortOrder"), f"read {source}"))
        except SyncError:
            return fields
        facts = {row["ApiName"]: row for row in rows} | {row["MasterLabel"]: row for row in rows}
        options = tuple(_staged(option, facts.get(option.value)) for option in fields[name].options)
        return {**fields, name: replace(fields[name], options=options)}

    def _record_types(self, object: str, raw: Mapping[str, Any]) -> tuple[RecordType, ...]:
        """Those besides the master, each with the picklist values it offers (UI API guide, Get Values for All Picklist
        Fields of a Record Type); where that cannot be asked, all are offered."""
        found = [info for info in raw.get("recordTypeInfos") or () if not info.get("master") and info.get("available")]
        return tuple(
            RecordType(
                id=str(info["recordTypeId"]),
                name=str(info.get("developerName") or info["name"]),
                label=str(info["name"]),
                active=info.get("active") is not False,
                default=bool(info.get("defaultRecordTypeMapping")),
                values=self._offered(object, str(info["recordTypeId"])),
            )
            for info in found
        )

    def _offered(self, object: str, record_type: str) -> dict[str, tuple[str, ...]]:
        try:
            path = self._api.paths.picklist_values(object, record_type)
            answer = self._api.get(path, f"read the picklist values of {object}")
        except SyncError:
            return {}
        told = answer.get("picklistFieldValues") if isinstance(answer, dict) else None
        return {
            name: tuple(str(each["value"]) for each in entry.get("values") or ())
            for name, entry in (told or {}).items()
        }

    def unique(self, object: str, name: str) -> bool:
        """Whether Salesforce itself refuses a second record with the same value here."""
        return any(f["name"] == name and f.get("unique") for f in self.raw(object).get("fields") or ())

    def native_type(self, object: str, name: str) -> str:
        """Salesforce's own type of a field, parents by dot; `string` when it is not known."""
        first, _, rest = name.partition(".")
        for field in self.raw(object).get("fields") or ():
            if rest and field.get("relationshipName") == first and field.get("referenceTo"):
                return self.native_type(field["referenceTo"][0], rest)
            if not rest and field["name"] == first:
                return str(field["type"])
        return "string"

    def owners(self) -> list[Owner]:
        """Users, inactive ones included, and queues, where they may be seen."""
        users = soql.select(("Id", "Email", "Name", "IsActive"), "User", order="Id")
        found = [
            Owner(row["Id"], row["Email"] or "", row["Name"] or "", row["IsActive"] is not False)
            for row in self._api.rows(users, "list users")
        ]
        return [*found, *self._queues()]

    def _queues(self) -> list[Owner]:
        queues = soql.select(("Id", "Email", "Name"), "Group", "Type = 'Queue'", "Id")
        try:
            rows = list(self._api.rows(queues, "list queues"))
        except SchemaChanged:
            # Who may not see them: what a queue owns is owned by nobody that we know.
            return []
        return [Owner(row["Id"], row.get("Email") or "", row["Name"] or "", queue=True) for row in rows]


def _field(raw: dict[str, Any]) -> Field:
    length = raw.get("length") or None
    kind = _TYPES.get(raw["type"], "other")
    if raw["type"] == "textarea" and (length or 0) > _LONG:
        kind = "long_text"
    createable = bool(raw.get("createable"))
    return Field(
        name=raw["name"],
        label=raw.get("label") or raw["name"],
        type=kind,
        writable=bool(raw.get("updateable")),
        createable=createable,
        # SOAP guide, describeSObjectResult: these three together mean that a create must name it.
        required=createable and not raw.get("nillable") and not raw.get("defaultedOnCreate"),
        length=length if kind not in ("choice", "choices", "reference", "id") else None,
        options=tuple(map(_option, raw.get("picklistValues") or ())),
        restricted=bool(raw.get("restrictedPicklist")),
        unique=bool(raw.get("unique")),
        calculated=bool(raw.get("calculated") or raw.get("autoNumber")),
        references=tuple(raw.get("referenceTo") or ()),
        # Formulas and roll-ups follow other records, whose changes need not move this one's stamp.
        silent=bool(raw.get("calculated")),
    )


def _staged(option: Option, row: Mapping[str, Any] | None) -> Option:
    if row is None:
        return option
    chance = row.get("DefaultProbability")
    return replace(
        option,
        closed=row.get("IsClosed"),
        won=row.get("IsWon"),
        probability=None if chance is None else float(chance) / 100,
    )


def _option(raw: dict[str, Any]) -> Option:
    value = str(raw.get("value") or "")
    return Option(value, str(raw.get("label") or value), raw.get("active") is not False)
