"""Task, Event, and campaigns with their members."""

from __future__ import annotations

from sandbox.kernel import Row
from sandbox.salesforce.schema import picklists as p
from sandbox.salesforce.schema.build import (
    combo,
    day,
    fixed,
    flag,
    long_text,
    moment,
    money,
    number,
    once,
    percent,
    pick,
    read_only,
    ref,
    text,
    thing,
    whole,
)
from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta

_CLOSED = frozenset(s.value for s in p.TASK_STATUSES if s.closed)
_WHAT = "Account Campaign Opportunity"


def activities() -> list[ObjectMeta]:
    return [_task(), _event(), _task_status(), _campaign(), _member(), _member_status()]


def _is_closed(row: Row) -> bool:
    return row.values.get("Status") in _CLOSED


def _is_urgent(row: Row) -> bool:
    return row.values.get("Priority") == "High"


def _is_lead(row: Row) -> str:
    return "Lead" if row.values.get("LeadId") else "Contact"


def _lead_or_contact(row: Row) -> str | None:
    found: str | None = row.values.get("ContactId") or row.values.get("LeadId")
    return found


def _has_lead(row: Row) -> bool:
    return bool(row.values.get("LeadId"))


def _links(children: str) -> list[FieldMeta]:
    return [
        ref("WhoId", "Contact Lead", children=children, label="Name ID"),
        ref("WhatId", _WHAT, children=children, label="Related To ID"),
    ]


def _task() -> ObjectMeta:
    statuses = [s.value for s in p.TASK_STATUSES]
    return thing(
        "Task",
        "00T",
        [
            *_links("Tasks"),
            combo("Subject", p.TASK_SUBJECTS, name_field=True),
            day("ActivityDate", label="Due Date Only"),
            pick("Status", statuses, "Not Started", nillable=False),
            pick("Priority", p.PRIORITIES, "Normal", nillable=False),
            fixed(flag("IsHighPriority", label="High Priority", derive=_is_urgent)),
            ref("OwnerId", "Group User", nillable=False, defaulted_on_create=True, label="Assigned To ID"),
            long_text("Description"),
            pick("Type", p.TASK_TYPES),
            fixed(ref("AccountId", "Account")),
            fixed(flag("IsClosed", label="Closed", derive=_is_closed)),
            fixed(flag("IsArchived", label="Archived")),
            whole("CallDurationInSeconds", 8, label="Call Duration"),
            pick("CallType", p.CALL_TYPES, restricted=True, length=40),
            text("CallDisposition", 255, label="Call Result"),
            text("CallObject", 255, label="Call Object Identifier"),
            moment("ReminderDateTime", label="Reminder Date/Time"),
            flag("IsReminderSet", label="Reminder Set"),
            pick("TaskSubtype", p.TASK_SUBTYPES, "Task", restricted=True, length=40, updateable=False),
            fixed(moment("CompletedDateTime", label="Completed Date")),
        ],
    )


def _event() -> ObjectMeta:
    return thing(
        "Event",
        "00U",
        [
            *_links("Events"),
            combo("Subject", p.EVENT_SUBJECTS, name_field=True),
            text("Location", 255),
            flag("IsAllDayEvent", label="All-Day Event"),
            moment("ActivityDateTime", label="Due Date Time"),
            day("ActivityDate", label="Due Date Only"),
            whole("DurationInMinutes", 8, label="Duration"),
            moment("StartDateTime", label="Start Date Time"),
            moment("EndDateTime", label="End Date Time"),
            long_text("Description"),
            fixed(ref("AccountId", "Account")),
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True, label="Assigned To ID"),
            pick("Type", p.TASK_TYPES),
            flag("IsPrivate", label="Private"),
            pick("ShowAs", ("Busy", "OutOfOffice", "Free"), "Busy", restricted=True, length=40, label="Show Time As"),
            fixed(flag("IsArchived", label="Archived")),
            pick("EventSubtype", ("Event",), "Event", restricted=True, length=40, updateable=False),
            moment("ReminderDateTime", label="Reminder Date/Time"),
            flag("IsReminderSet", label="Reminder Set"),
        ],
    )


def _task_status() -> ObjectMeta:
    return read_only(
        "TaskStatus",
        "01J",
        [
            text("MasterLabel", 255, name_field=True),
            text("ApiName", 255),
            whole("SortOrder"),
            flag("IsDefault"),
            flag("IsClosed"),
        ],
        plural="Task Status Value",
    )


def _campaign() -> ObjectMeta:
    counts = ("NumberOfLeads", "NumberOfConvertedLeads", "NumberOfContacts", "NumberOfResponses")
    more = ("NumberOfOpportunities", "NumberOfWonOpportunities")
    return thing(
        "Campaign",
        "701",
        [
            text("Name", 80, nillable=False, name_field=True),
            ref("ParentId", "Campaign", children="ChildCampaigns"),
            pick("Type", p.CAMPAIGN_TYPES, length=40),
            pick("Status", p.CAMPAIGN_STATUSES, "Planned", length=40),
            day("StartDate"),
            day("EndDate"),
            money("ExpectedRevenue", 18, 0),
            money("BudgetedCost", 18, 0),
            money("ActualCost", 18, 0),
            percent("ExpectedResponse", label="Expected Response (%)"),
            number("NumberSent", 18, 0, label="Num Sent"),
            flag("IsActive", label="Active"),
            long_text("Description"),
            *[fixed(whole(n, default=0, nillable=False)) for n in counts + more],
            fixed(money("AmountAllOpportunities", default=0, nillable=False)),
            fixed(money("AmountWonOpportunities", default=0, nillable=False)),
            ref("OwnerId", "User", nillable=False, defaulted_on_create=True),
            fixed(day("LastActivityDate", label="Last Activity")),
            fixed(moment("LastViewedDate")),
            fixed(moment("LastReferencedDate")),
        ],
    )


def _member() -> ObjectMeta:
    return thing(
        "CampaignMember",
        "00v",
        [
            once(ref("CampaignId", "Campaign", children="CampaignMembers", nillable=False, cascade_delete=True)),
            once(ref("LeadId", "Lead", children="CampaignMembers")),
            once(ref("ContactId", "Contact", children="CampaignMembers")),
            pick("Status", [s for s, _ in p.CAMPAIGN_MEMBER_STATUSES], "Sent", length=40),
            fixed(flag("HasResponded", label="Responded")),
            fixed(day("FirstRespondedDate")),
            fixed(pick("Type", ("Lead", "Contact"), length=40, derive=_is_lead)),
            fixed(ref("LeadOrContactId", "Contact Lead", derive=_lead_or_contact)),
            fixed(flag("IsLead", derive=_has_lead)),
        ],
        undeletable=False,
    )


def _member_status() -> ObjectMeta:
    return thing(
        "CampaignMemberStatus",
        "01Y",
        [
            once(ref("CampaignId", "Campaign", children="CampaignMemberStatuses", nillable=False, cascade_delete=True)),
            text("Label", 765, nillable=False, name_field=True),
            whole("SortOrder"),
            flag("IsDefault"),
            flag("HasResponded"),
        ],
        plural="Campaign Member Statuses",
        undeletable=False,
    )
