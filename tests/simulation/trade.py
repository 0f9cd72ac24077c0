"""What two teams share beside people, as the simulated world has it: companies, deals, activities, and who they are of.

The schemas are those parts of HubSpot and Salesforce that the product's own rules for these kinds touch.  HubSpot's
associations change without a trace in the record's time, but that of a contact with its company.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connectors.port import Field, Option, Schema

KINDS = ("company", "deal", "activity")
OBJECTS: dict[str, dict[str, tuple[str, ...]]] = {
    "company": {"hubspot": ("companies",), "salesforce": ("Account",)},
    "deal": {"hubspot": ("deals",), "salesforce": ("Opportunity",)},
    "activity": {
        "hubspot": ("calls", "emails", "notes", "tasks", "meetings"),
        "salesforce": ("Task", "Event"),
    },
}
KIND = {object: kind for kind, sides in OBJECTS.items() for objects in sides.values() for object in objects}
ON_TASKS = ("calls", "emails", "notes", "tasks")
FIELDS: dict[str, dict[str, str]] = {
    "companies": {"name": "name", "city": "city", "domain": "domain"},
    "Account": {"name": "Name", "city": "BillingCity", "domain": "Website"},
    "deals": {"name": "dealname", "next_step": "hs_next_step", "stage": "dealstage", "amount": "amount"},
    "Opportunity": {"name": "Name", "next_step": "NextStep", "stage": "StageName", "amount": "Amount"},
    "calls": {"subject": "hs_call_title", "body": "hs_call_body"},
    "emails": {"subject": "hs_email_subject", "body": "hs_email_text"},
    "notes": {"body": "hs_note_body"},
    "tasks": {"subject": "hs_task_subject", "body": "hs_task_body", "status": "hs_task_status"},
    "meetings": {"subject": "hs_meeting_title", "body": "hs_meeting_body"},
    "Task": {"subject": "Subject", "body": "Description", "status": "Status"},
    "Event": {"subject": "Subject", "body": "Description"},
}
"""Object → what a field is called there."""
LINKS: dict[str, dict[str, tuple[str, str]]] = {
    "deals": {"company": ("@company", "company"), "people": ("@contacts", "person")},
    "Opportunity": {"company": ("AccountId", "company"), "people": ("@contacts", "person")},
    "Contact": {"account": ("AccountId", "company")},
    "contacts": {"account": ("@company", "company")},
    **{object: {"person": ("@contacts", "person")} for object in (*ON_TASKS, "meetings")},
    "Task": {"person": ("WhoId", "person")},
    "Event": {"person": ("WhoId", "person")},
}
"""Object → reference → (what it is called there, kind that it refers to)."""
KEYS = {
    "SMK_HubSpot_Company_Id__c": "hubspot",
    "smk_crm_account_id": "salesforce",
    "SMK_HubSpot_Deal_Id__c": "hubspot",
    "smk_crm_opportunity_id": "salesforce",
    "SMK_Key__c": "hubspot",
    "smk_crm_activity_id": "salesforce",
}
"""Native field → in which system the record lives whose id it holds."""
DOMAINS = ("acme.example", "oak.example", "elm.example")
DEAL_STAGES = {
    "hubspot": {
        "appointmentscheduled": "prospecting",
        "qualifiedtobuy": "qualification",
        "presentationscheduled": "analysis",
        "closedwon": "won",
        "closedlost": "lost",
    },
    "salesforce": {
        "Prospecting": "prospecting",
        "Qualification": "qualification",
        "Needs Analysis": "analysis",
        "Value Proposition": "analysis",
        "Closed Won": "won",
        "Closed Lost": "lost",
    },
}
STATUSES = {
    "hubspot": {"NOT_STARTED": "not_started", "IN_PROGRESS": "in_progress", "COMPLETED": "completed"},
    "salesforce": {"Not Started": "not_started", "In Progress": "in_progress", "Completed": "completed"},
}
GIVEN = {"subject": {"Call", "Email", "Meeting", "Note", "Task"}, "status": {"Completed"}}
"""What the configuration, not a person, gives to what is made."""
BORN = {
    "hs_timestamp", "hs_call_status", "hs_email_direction", "hs_email_status", "hs_task_type", "TaskSubtype",
    "StartDateTime", "EndDateTime", "hs_meeting_start_time", "hs_meeting_end_time", "ActivityDate",
}  # fmt: skip
"""What an activity is given when it is made, beside what people wrote."""
MEANT = {"stage": DEAL_STAGES, "status": STATUSES}
MAPPED = {
    *(native for natives in FIELDS.values() for native in natives.values()),
    *(native for links in LINKS.values() for native, _ in links.values()),
    *KEYS, *BORN, "pipeline", "closedate", "CloseDate", "IsClosed", "WhatId", "@deal", "@company",
}  # fmt: skip


TEXTS = ("name", "city", "next_step", "subject", "body")
"""What people write freely."""


def plain(value: object) -> object:
    """Free text without the markup that some fields keep it in."""
    if isinstance(value, str):
        return value.removeprefix("<p>").removesuffix("</p>").strip() or None
    return value


def norm(system: str, name: str, value: object) -> object:
    """The form in which two values of a field are one and the same, whichever system holds them."""
    if name in MEANT:
        return MEANT[name][system].get(str(value), value)
    value = plain(value)
    if name == "domain" and isinstance(value, str):
        return value.lower()
    return None if value is None else str(value)


def _text(name: str, length: int = 200, *, required: bool = False, unique: bool = False, type: str = "text") -> Field:
    return Field(name, name, type, length=length, required=required, unique=unique)


def _when(*names: str, type: str = "datetime") -> list[Field]:
    return [Field(name, name, type) for name in names]


def _to(name: str, *objects: str, many: bool = False, silent: bool = True) -> Field:
    return Field(name, name, "references" if many else "reference", references=objects, silent=silent)


def _choice(name: str, values: Iterable[str], *, required: bool = False) -> Field:
    options = tuple(Option(value, value) for value in values)
    return Field(name, name, "choice", options=options, restricted=True, required=required)


def _steps(name: str, side: str, within: str = "", *, required: bool = False) -> Field:
    options = tuple(
        Option(own, own, within=within, closed=meant in ("won", "lost"), won=meant == "won")
        for own, meant in DEAL_STAGES[side].items()
    )
    return Field(name, name, "choice", options=options, restricted=True, required=required)


def _schema(object: str, *fields: Field) -> Schema:
    return Schema(object, {field.name: field for field in fields})


def _engagement(object: str, *fields: Field) -> Schema:
    links = [_to("@contacts", "contacts", many=True), _to("@company", "companies"), _to("@deal", "deals")]
    return _schema(object, *fields, _text("smk_crm_activity_id", unique=True), *_when("hs_timestamp"), *links)


_ON_TASK = [_to("WhoId", "Contact", "Lead", silent=False), _to("WhatId", "Account", "Opportunity", silent=False)]
SCHEMAS: dict[str, dict[str, list[Schema]]] = {
    "company": {
        "hubspot": [
            _schema(
                "companies",
                _text("name"), _text("city"), _text("domain"), _choice("lifecyclestage", ["lead", "opportunity"]),
                _text("smk_crm_account_id", unique=True),
            )
        ],
        "salesforce": [
            _schema(
                "Account",
                _text("Name", 80, required=True), _text("BillingCity", 40), _text("Website", type="url"),
                _text("SMK_HubSpot_Company_Id__c", unique=True),
            )
        ],
    },
    "deal": {
        "hubspot": [
            _schema(
                "deals",
                _text("dealname"), _text("hs_next_step"), _steps("dealstage", "hubspot", "default"),
                _choice("pipeline", ["default"]), Field("amount", "amount", "number"), *_when("closedate"),
                _text("smk_crm_opportunity_id", unique=True), _to("@company", "companies"),
                _to("@contacts", "contacts", many=True),
            )
        ],
        "salesforce": [
            _schema(
                "Opportunity",
                _text("Name", 120, required=True), _text("NextStep"), _steps("StageName", "salesforce", required=True),
                Field("Amount", "Amount", "money"), Field("CloseDate", "CloseDate", "date", required=True),
                _text("SMK_HubSpot_Deal_Id__c", unique=True), _to("AccountId", "Account", silent=False),
                _to("@contacts", "Contact", many=True),
            )
        ],
    },
    "activity": {
        "hubspot": [
            _engagement("calls", _text("hs_call_title"), _text("hs_call_body", 65_000, type="html"),
                        _text("hs_call_status")),
            _engagement("emails", _text("hs_email_subject"), _text("hs_email_text", 65_000), _text("hs_email_status"),
                        _text("hs_email_direction")),
            _engagement("notes", _text("hs_note_body", 65_000, type="html")),
            _engagement("tasks", _text("hs_task_subject"), _text("hs_task_body", 65_000, type="html"),
                        _choice("hs_task_status", STATUSES["hubspot"]), _text("hs_task_type")),
            _engagement("meetings", _text("hs_meeting_title"), _text("hs_meeting_body", 65_000, type="html"),
                        *_when("hs_meeting_start_time", "hs_meeting_end_time")),
        ],
        "salesforce": [
            _schema(
                "Task",
                _text("Subject"), _text("Description", 32_000, type="long_text"), *_when("ActivityDate", type="date"),
                _choice("Status", STATUSES["salesforce"]), _text("TaskSubtype"), Field("IsClosed", "IsClosed", "bool"),
                _text("SMK_Key__c", unique=True), *_ON_TASK,
            ),
            _schema(
                "Event",
                _text("Subject"), _text("Description", 32_000, type="long_text"),
                *_when("StartDateTime", "EndDateTime"), _text("SMK_Key__c", unique=True), *_ON_TASK,
            ),
        ],
    },
}  # fmt: skip
MORE: dict[str, tuple[Field, ...]] = {
    "contacts": (_to("@company", "companies", silent=False),),
    "Contact": (_to("AccountId", "Account", silent=False),),
    "Lead": tuple(
        _text(name) for name in ("ConvertedDate", "ConvertedOpportunityId", "ConvertedAccountId", "ConvertedContactId")
    ),
}
"""What a person's record has to do with companies."""


def schemas(side: str, kinds: Sequence[str]) -> list[Schema]:
    """The objects of a side beside people."""
    return [schema for kind in kinds for schema in SCHEMAS[kind][side]]


def with_companies(schema: Schema) -> Schema:
    """The object of people in a world in which there are companies."""
    more = {field.name: field for field in MORE.get(schema.object, ())}
    return replace(schema, fields={**schema.fields, **more})
