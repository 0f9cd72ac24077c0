"""What each kind is made of, whatever a configuration says: objects, sync keys, and the boxes that say no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mapping.rules import KeyField, Place

CONTACTS = Place("hubspot", "contacts")
LEAD = Place("salesforce", "Lead")
CONTACT = Place("salesforce", "Contact")
COMPANIES = Place("hubspot", "companies")
ACCOUNT = Place("salesforce", "Account")
DEALS = Place("hubspot", "deals")
OPPORTUNITY = Place("salesforce", "Opportunity")
MEETINGS = Place("hubspot", "meetings")
TASK = Place("salesforce", "Task")
EVENT = Place("salesforce", "Event")
ON_TASKS = ("calls", "emails", "notes", "tasks")
"""What HubSpot has objects of its own for, and Salesforce only tasks."""


@dataclass(frozen=True)
class Frame:
    """One kind."""

    objects: Mapping[str, tuple[str, ...]]
    """system → native objects, in order of preference."""
    keys: tuple[KeyField, ...]
    ignore: Mapping[Place, str]
    prefix: str
    matched_by: str = ""
    """The field that records are matched by; empty: by their sync keys alone."""
    stand_in: str = ""
    more_emails: Mapping[Place, str] = field(default_factory=dict)


FRAMES = {
    "company": Frame(
        objects={"hubspot": ("companies",), "salesforce": ("Account",)},
        keys=(
            KeyField(ACCOUNT, "SMK_HubSpot_Company_Id__c", COMPANIES),
            KeyField(COMPANIES, "smk_crm_account_id", ACCOUNT),
        ),
        ignore={COMPANIES: "smk_no_sync", ACCOUNT: "SMK_No_Sync__c"},
        prefix="company:",
        matched_by="domain",
    ),
    "person": Frame(
        objects={"hubspot": ("contacts",), "salesforce": ("Contact", "Lead")},
        keys=(
            KeyField(LEAD, "SMK_HubSpot_Id__c", CONTACTS),
            KeyField(CONTACT, "SMK_HubSpot_Id__c", CONTACTS),
            KeyField(CONTACTS, "smk_crm_lead_id", LEAD),
            KeyField(CONTACTS, "smk_crm_contact_id", CONTACT),
        ),
        ignore={CONTACTS: "smk_no_sync", LEAD: "SMK_No_Sync__c", CONTACT: "SMK_No_Sync__c"},
        prefix="",
        matched_by="email",
        stand_in="email",
        more_emails={CONTACTS: "hs_additional_emails"},
    ),
    "deal": Frame(
        objects={"hubspot": ("deals",), "salesforce": ("Opportunity",)},
        keys=(
            KeyField(OPPORTUNITY, "SMK_HubSpot_Deal_Id__c", DEALS),
            KeyField(DEALS, "smk_crm_opportunity_id", OPPORTUNITY),
        ),
        ignore={DEALS: "smk_no_sync", OPPORTUNITY: "SMK_No_Sync__c"},
        prefix="deal:",
    ),
    "activity": Frame(
        objects={"hubspot": (*ON_TASKS, "meetings"), "salesforce": ("Task", "Event")},
        keys=(
            *(KeyField(TASK, "SMK_Key__c", Place("hubspot", object), f"{object}:") for object in ON_TASKS),
            KeyField(EVENT, "SMK_Key__c", MEETINGS, "meetings:"),
            *(KeyField(Place("hubspot", object), "smk_crm_activity_id", TASK) for object in ON_TASKS),
            KeyField(MEETINGS, "smk_crm_activity_id", EVENT),
        ),
        ignore={},
        prefix="activity:",
    ),
}
