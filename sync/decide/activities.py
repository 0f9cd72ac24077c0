"""Activities: calls, e-mails, meetings, notes and tasks, each sort in objects of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from mapping.rules import CREATED, Place, Sort
from sync.settings.fields import ROLES, FieldSettings, OwnValues, Section, Side, mapped
from sync.settings.kinds import KindSettings

Way = Literal["both", "crm", "marketing", "none"]

DATED = ("calls", "emails", "notes", "tasks")


def _named(hubspot: str, *salesforce: str) -> dict[Side, OwnValues]:
    """An option that HubSpot gives one name, and Salesforce's users several."""
    return {
        "hubspot": OwnValues(read=(hubspot,), write=hubspot),
        "salesforce": OwnValues(read=salesforce, write=salesforce[0]),
    }


STATUS = {
    "not_started": _named("NOT_STARTED", "Not Started"),
    "in_progress": _named("IN_PROGRESS", "In Progress"),
    "completed": _named("COMPLETED", "Completed"),
    "waiting": _named("WAITING", "Waiting on someone else"),
    "deferred": _named("DEFERRED", "Deferred"),
}
PRIORITY = {
    "low": _named("LOW", "Low"),
    "normal": {**_named("MEDIUM", "Normal"), "hubspot": OwnValues(read=("MEDIUM", "NONE"), write="MEDIUM")},
    "high": _named("HIGH", "High"),
}
DIRECTION = {"inbound": _named("INBOUND", "Inbound"), "outbound": _named("OUTBOUND", "Outbound")}
OUTCOME = {
    "connected": _named("f240bbac-87c9-4f6e-bf70-924b57d47db7", "Connected"),
    "busy": _named("9d9162e7-6cf3-4944-bf63-4dff82258764", "Busy"),
    "no_answer": _named("73a0d17f-1163-4015-bdd5-ec830791da20", "No answer"),
    "left_voicemail": _named("b2cf5968-551e-4856-9783-52b3da59a7d0", "Left voicemail"),
    "left_live_message": _named("a4c4c377-d246-4b32-a13b-75a56a4cd0ff", "Left live message"),
    "wrong_number": _named("17b47fee-58de-441e-a44c-c6300d46f273", "Wrong number"),
}
"""HubSpot's own outcomes of a call have these ids in every account (calls guide)."""


def _choice(
    object: str, hubspot: str, salesforce: str, values: dict[str, dict[Side, OwnValues]], on_invalid: str = "hold"
) -> FieldSettings:
    return mapped(
        {object: hubspot},
        {"Task": salesforce},
        "choice",
        tie="crm",
        clears="never",
        on_invalid=on_invalid,
        personal=False,
        values=values,
    )


ACTIVITY_FIELDS: dict[str, FieldSettings] = {
    "subject": mapped(
        {
            "calls": "hs_call_title",
            "emails": "hs_email_subject",
            "meetings": "hs_meeting_title",
            "tasks": "hs_task_subject",
        },
        "Subject",
        tie="crm",
        clears="never",
        too_long="cut",
    ),
    "body": mapped(
        {
            "calls": "hs_call_body",
            "emails": "hs_email_text",
            "meetings": "hs_meeting_body",
            "notes": "hs_note_body",
            "tasks": "hs_task_body",
        },
        "Description",
        "long_text",
        tie="crm",
        too_long="cut",
    ),
    "day": mapped(
        dict.fromkeys(DATED, "hs_timestamp"),
        {"Task": "ActivityDate"},
        "date",
        tie="crm",
        clears="never",
        personal=False,
    ),
    "starts": mapped(
        {"meetings": "hs_meeting_start_time"},
        {"Event": "StartDateTime"},
        "datetime",
        tie="crm",
        clears="never",
        personal=False,
    ),
    "ends": mapped(
        {"meetings": "hs_meeting_end_time"},
        {"Event": "EndDateTime"},
        "datetime",
        tie="crm",
        clears="never",
        personal=False,
    ),
    "at": mapped(
        {"meetings": "hs_timestamp"},
        {"Event": "StartDateTime"},
        "datetime",
        to="marketing",
        winner="crm",
        clears="never",
        personal=False,
    ),
    "location": mapped({"meetings": "hs_meeting_location"}, {"Event": "Location"}, tie="crm", too_long="cut"),
    "status": _choice("tasks", "hs_task_status", "Status", STATUS),
    "priority": _choice("tasks", "hs_task_priority", "Priority", PRIORITY, on_invalid="drop"),
    "direction": _choice("calls", "hs_call_direction", "CallType", DIRECTION, on_invalid="drop"),
    "outcome": _choice("calls", "hs_call_disposition", "CallDisposition", OUTCOME, on_invalid="drop"),
    "seconds": mapped(
        {"calls": "hs_call_duration"},
        {"Task": "CallDurationInSeconds"},
        "int",
        tie="crm",
        clears="never",
        personal=False,
        unit={"hubspot": 1000},
    ),
    "owner": mapped(
        "hubspot_owner_id", "OwnerId", "owner", tie="crm", clears="never", on_invalid="drop", personal=False
    ),
    "person": mapped("@contacts", "WhoId", "reference:person", tie="crm", personal=False),
    "company": mapped("@company", "WhatId", "reference:company", tie="crm", only="not lead", personal=False),
    "deal": mapped("@deal", "WhatId", "reference:deal", tie="crm", only="not lead", personal=False),
}


def _sort(
    name: str,
    hubspot: str,
    salesforce: str,
    told: dict[str, tuple[str, ...]] | None,
    born: dict[str, dict[str, str]],
) -> Sort:
    """`told`: what tells it in Salesforce; None: nothing does."""
    places = {Place("hubspot", hubspot): dict[str, tuple[str, ...]]()}
    if told is not None:
        places[Place("salesforce", salesforce)] = told
    return Sort(name, {"hubspot": hubspot, "salesforce": salesforce}, places, frozenset(), born)


_NO = ("false", "")
SORTS = (
    _sort(
        "call",
        "calls",
        "Task",
        {"TaskSubtype": ("call",), "IsClosed": ("true",)},
        {
            "hubspot": {"hs_timestamp": CREATED, "hs_call_status": "COMPLETED"},
            "salesforce": {"TaskSubtype": "Call", "Status": "Completed", "Subject": "Call"},
        },
    ),
    _sort(
        "email",
        "emails",
        "Task",
        {"TaskSubtype": ("email",)},
        {
            "hubspot": {"hs_timestamp": CREATED, "hs_email_direction": "EMAIL", "hs_email_status": "SENT"},
            "salesforce": {"TaskSubtype": "Email", "Status": "Completed", "Subject": "Email"},
        },
    ),
    _sort(
        "meeting",
        "meetings",
        "Event",
        {"IsPrivate": _NO, "IsRecurrence": _NO, "IsChild": _NO},
        {
            "hubspot": {"hs_timestamp": CREATED},
            "salesforce": {"Subject": "Meeting", "StartDateTime": CREATED, "EndDateTime": "=StartDateTime"},
        },
    ),
    _sort(
        "note",
        "notes",
        "Task",
        None,
        {"salesforce": {"TaskSubtype": "Task", "Status": "Completed", "Subject": "Note"}},
    ),
    _sort(
        "task",
        "tasks",
        "Task",
        {"TaskSubtype": ("task", "call", ""), "IsRecurrence": _NO},
        {
            "hubspot": {"hs_timestamp": CREATED, "hs_task_type": "TODO"},
            "salesforce": {"TaskSubtype": "Task", "Subject": "Task"},
        },
    ),
)
"""How a sort is told, and what a new record of it is given.  A call that is still to be made is a task; what is
private, only the pattern of a series, or a guest's copy of a meeting is none.  Salesforce has nothing for notes."""


class ActivityTypes(Section):
    """`[activity.types]`: which way each sort is carried."""

    call: Way = "both"
    email: Way = "crm"
    meeting: Way = "both"
    note: Way = "crm"
    task: Way = "both"


class ActivityCreateSettings(Section):
    """`[activity.create]`: which of them are carried, a condition for each side."""

    salesforce: str = "always"
    hubspot: str = "always"


class ActivitySettings(KindSettings):
    """`[activity]`"""

    DEFAULTS: ClassVar = ACTIVITY_FIELDS
    sync: bool = True
    types: ActivityTypes = ActivityTypes()
    create: ActivityCreateSettings = ActivityCreateSettings()


def sorts(types: ActivityTypes) -> tuple[Sort, ...]:
    """The sorts, each carried its way."""
    ways = {"both": frozenset(ROLES.values()), "none": frozenset[str]()} | {r: frozenset({s}) for r, s in ROLES.items()}
    return tuple(replace(sort, to=ways[getattr(types, sort.name)]) for sort in SORTS)
