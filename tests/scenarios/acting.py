"""What stories tell of activities: whose a call is, and what an account or a deal has to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage

ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks", "Task", "Event")
FIRST = {
    "calls": {"hs_timestamp": "2027-01-31T12:00:00Z"},
    "emails": {"hs_timestamp": "2027-01-31T12:00:00Z", "hs_email_direction": "EMAIL"},
    "meetings": {"hs_meeting_start_time": "2027-01-31T12:00:00Z", "hs_meeting_end_time": "2027-01-31T13:00:00Z"},
    "notes": {"hs_timestamp": "2027-01-31T12:00:00Z"},
    "tasks": {"hs_timestamp": "2027-01-31T12:00:00Z", "hs_task_status": "NOT_STARTED"},
    "call": {"TaskSubtype": "Call", "Status": "Completed", "ActivityDate": "2027-01-31"},
    "email": {"TaskSubtype": "Email", "Status": "Completed", "ActivityDate": "2027-01-31"},
    "task": {"TaskSubtype": "Task", "ActivityDate": "2027-01-31"},
    "meeting": {"StartDateTime": "2027-01-31T12:00:00.000+0000", "EndDateTime": "2027-01-31T13:00:00.000+0000"},
}
"""What an activity of a story holds unless it says otherwise, by HubSpot's object and by what Salesforce calls it."""


def belong(stage: Stage, side: str, object: str, id: str, other: tuple[str, str]) -> None:
    """It is about this person, company or deal from now on."""
    human = stage.human(side)
    target, to = other
    if side == "salesforce":
        stage.world.salesforce.edit(object, id, {_pointer(target): to or None}, human)
        return
    hubspot = stage.world.hubspot
    for before in hubspot.linked(object, id, target):
        hubspot.dissociate(object, id, target, before, human)
    hubspot.associate(object, id, target, to, human)


def whose(stage: Stage, side: str, object: str, id: str, target: str) -> str | None:
    """The record of this object that it is about."""
    if side == "salesforce":
        held = (stage.world.salesforce.get(object, id) or {}).get(_pointer(target))
        return str(held) if held else None
    return next(iter(stage.world.hubspot.linked(object, id, target)), None)


def _pointer(target: str) -> str:
    return "WhoId" if target in ("Lead", "Contact") else "WhatId"
