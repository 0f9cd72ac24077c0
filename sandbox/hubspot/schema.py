"""What HubSpot knows of an object: its type, properties, groups, and which of them may be written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot.codec import iso


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of record under all the names that paths may call it."""

    name: str
    """As in paths: contacts."""
    singular: str
    """contact; upper-cased in messages."""
    id: str
    """0-1."""
    modified: str
    created: str
    defaults: tuple[str, ...]
    """What an answer holds when nothing is asked for."""
    scopes: str
    """The object whose scopes guard this one."""


def _crm(name: str, singular: str, id: str, defaults: str, modified: str = "hs_lastmodifieddate") -> ObjectType:
    listed = (*defaults.split(), "createdate", modified, "hs_object_id")
    return ObjectType(name, singular, id, modified, "createdate", listed, name)


def _activity(name: str, singular: str, id: str, scopes: str = "contacts") -> ObjectType:
    listed = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
    return ObjectType(name, singular, id, "hs_lastmodifieddate", "hs_createdate", listed, scopes)


TYPES = {
    t.name: t
    for t in (
        _crm("contacts", "contact", "0-1", "email firstname lastname", "lastmodifieddate"),
        _crm("companies", "company", "0-2", "domain name"),
        _crm("deals", "deal", "0-3", "amount closedate dealname dealstage pipeline"),
        _activity("calls", "call", "0-48"),
        _activity("emails", "email", "0-49"),
        _activity("meetings", "meeting_event", "0-47"),
        _activity("notes", "note", "0-46"),
        _activity("tasks", "task", "0-27"),
        _activity("leads", "lead", "0-136", "leads"),
        _activity("communications", "communication", "0-18"),
        _activity("postal_mail", "postal_mail", "0-116"),
        _crm("tickets", "ticket", "0-5", "content hs_pipeline hs_pipeline_stage hs_ticket_priority subject"),
        _crm("products", "product", "0-7", "description name price"),
        _crm("line_items", "line_item", "0-8", "amount quantity"),
        _crm("quotes", "quote", "0-14", "hs_expiration_date hs_status hs_title"),
        _crm("deal_splits", "deal_split", "0-72", ""),
        _activity("feedback_submissions", "feedback_submission", "0-19", "feedback_submissions"),
        _activity("goal_targets", "goal_target", "0-74", "goals"),
        _activity("forms", "form", "0-28", "forms"),
        _activity("users", "user", "0-115", "users"),
    )
}
ENGAGEMENTS = frozenset(("calls", "emails", "meetings", "notes", "tasks", "communications", "postal_mail"))
IDLE = frozenset(
    [
        "tickets",
        "products",
        "line_items",
        "quotes",
        "deal_splits",
        "feedback_submissions",
        "goal_targets",
        "forms",
        "users",
    ]
)
"""Objects that every account has and of which a world holds no records."""
ALIASES = {alias: t for t in TYPES.values() for alias in (t.name, t.singular, t.id)} | {"meeting": TYPES["meetings"]}


@dataclass(slots=True)
class Option:
    """One choice of an enumeration."""

    value: str
    label: str
    order: int = -1
    hidden: bool = False
    description: str = ""

    def shown(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "value": self.value,
            "description": self.description,
            "displayOrder": self.order,
            "hidden": self.hidden,
        }


@dataclass(slots=True)
class Property:
    """One property.  `type` and `field_type` are HubSpot's own words."""

    name: str
    label: str
    type: str = "string"
    field_type: str = "text"
    group: str = ""
    description: str = ""
    options: list[Option] = field(default_factory=list)
    unique: bool = False
    calculated: bool = False
    read_only: bool = False
    defined: bool = False
    """Built in rather than made by someone."""
    hidden: bool = False
    form_field: bool = True
    order: int = -1
    owner: bool = False
    """Its values are owner ids."""
    created: int = 0
    updated: int = 0
    archived_at: int | None = None
    values: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.set_options(self.options)

    def set_options(self, options: Iterable[Option]) -> None:
        self.options = list(options)
        self.values = frozenset(o.value for o in self.options)

    @property
    def many(self) -> bool:
        return self.field_type == "checkbox"

    def shown(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "updatedAt": iso(self.updated),
            "createdAt": iso(self.created),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [o.shown() for o in self.options],
            "displayOrder": self.order,
            "calculated": self.calculated,
            "externalOptions": self.owner,
            "archived": self.archived_at is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.defined,
            "modificationMetadata": {
                "archivable": not self.defined,
                "readOnlyDefinition": self.defined,
                "readOnlyOptions": self.defined and not self.options,
                "readOnlyValue": self.read_only or self.calculated,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
        }
        if self.owner:
            out["referencedObjectType"] = "OWNER"
        if self.archived_at is not None:
            out["archivedAt"] = iso(self.archived_at)
        return out


@dataclass(slots=True)
class Group:
    """A heading under which properties are shown."""

    name: str
    label: str
    order: int = -1
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {"name": self.name, "label": self.label, "displayOrder": self.order, "archived": self.archived}


class ObjectSchema:
    """The properties and groups of one object."""

    def __init__(self, type: ObjectType, properties: Iterable[Property], groups: Iterable[Group]) -> None:
        self.type = type
        self.properties = {p.name: p for p in properties}
        self.archived: dict[str, Property] = {}
        self.groups = {g.name: g for g in groups}

    def get(self, name: str) -> Property | None:
        return self.properties.get(name)

    def unique_names(self) -> list[str]:
        return [p.name for p in self.properties.values() if p.unique]

    def add(self, prop: Property) -> None:
        self.archived.pop(prop.name, None)
        self.properties[prop.name] = prop

    def archive(self, name: str, at: int) -> bool:
        prop = self.properties.pop(name, None)
        if prop is None:
            return False
        prop.archived_at = at
        self.archived[name] = prop
        return True
