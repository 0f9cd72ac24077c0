"""Small rules, schemas and records for the laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.port import Field, Option, Owner, Record, Ref, Schema
from mapping.mapping import Mapping as KindMapping
from mapping.rules import FieldRule, KeyField, KindRule, Place, Stage

H, S = "hubspot", "salesforce"
CONTACTS = Place(H, "contacts")
LEAD = Place(S, "Lead")
CONTACT = Place(S, "Contact")

STAGES = (
    Stage("lead", 0, "", "marketing", {H: ("lead",)}, {H: "lead", S: None}),
    Stage("mql", 1, "", "marketing", {H: ("mql",), S: ("Open",)}, {H: "mql", S: "Open"}),
    Stage("sal", 2, "", "sales", {S: ("Working A", "Working B")}, {H: "mql", S: "Working A"}),
    Stage("sql", 3, "", "sales", {H: ("sql",), S: ("Qualified",)}, {H: "sql", S: None}),
)
STATUSES = (Stage("disqualified", -1, "", "sales", {S: ("Unqualified",)}, {}),)

KEYS = (
    KeyField(LEAD, "HubSpot_Id__c", CONTACTS),
    KeyField(CONTACT, "HubSpot_Id__c", CONTACTS),
    KeyField(CONTACTS, "crm_lead_id", LEAD),
    KeyField(CONTACTS, "crm_contact_id", CONTACT),
)


def rule(name: str, type_: str = "text", natives: str = "", crm: str = "", **more: Any) -> FieldRule:
    """A field that lives in HubSpot's contacts and Salesforce's Leads and Contacts, written both ways."""
    hubspot, salesforce = natives or name, crm or name.title()
    places = {CONTACTS: hubspot, LEAD: salesforce, CONTACT: salesforce}
    return FieldRule(name, type_, places, **{"to": frozenset({H, S}), **more})


def stage_rule() -> FieldRule:
    return FieldRule(
        "stage", "stage", {CONTACTS: "lifecyclestage+smk_stage", LEAD: "Status"}, frozenset({H, S}), "forward"
    )


def kind(*fields: FieldRule, **more: Any) -> KindRule:
    return KindRule(
        kind="person",
        objects={H: ("contacts",), S: ("Contact", "Lead")},
        fields=fields,
        keys=KEYS,
        create={},
        create_as={H: "contacts", S: "Lead"},
        **{
            "role_mailboxes": frozenset({"info"}),
            "stages": STAGES,
            "statuses": STATUSES,
            "more_emails": {CONTACTS: "more_emails"},
            "teams": {H: "marketing", S: "sales"},
            "stand_in": "email" if any(field.name == "email" for field in fields) else "",
            **more,
        },
    )


PERSON = (rule("email", "email"), rule("first_name"), rule("last_name"), rule("phone", "phone"))


def mapping(
    *fields: FieldRule,
    schemas: Mapping[Place, Schema] | None = None,
    owners: Mapping[str, Sequence[Owner]] | None = None,
    **more: Any,
) -> KindMapping:
    return KindMapping(kind(*fields, **more), schemas or {}, owners or {})


def schema(place: Place, *fields: Field) -> dict[Place, Schema]:
    return {place: Schema(place.object, {field.name: field for field in fields})}


def options(*values: str) -> tuple[Option, ...]:
    return tuple(Option(value, value.title()) for value in values)


def record(place: Place, id: str = "1", **fields: Any) -> Record:
    return Record(Ref(place.system, place.object, id), fields, 1)
