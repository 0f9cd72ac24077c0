"""What the stories call things, in the systems' own words."""

from __future__ import annotations

CONTACT_FIELDS = {
    "email": "email", "first_name": "firstname", "last_name": "lastname", "title": "jobtitle", "phone": "phone",
    "mobile": "mobilephone", "company": "company", "street": "address", "city": "city", "state": "state",
    "postal_code": "zip", "country": "country", "owner": "hubspot_owner_id", "stage": "lifecyclestage",
    "opted_out": "hs_email_optout", "no_sync": "smk_no_sync", "story": "story", "tags": "tags",
}  # fmt: skip
LEAD_FIELDS = {
    "email": "Email", "first_name": "FirstName", "last_name": "LastName", "title": "Title", "phone": "Phone",
    "mobile": "MobilePhone", "company": "Company", "street": "Street", "city": "City", "state": "State",
    "postal_code": "PostalCode", "country": "Country", "owner": "OwnerId", "stage": "Status",
    "opted_out": "HasOptedOutOfEmail", "no_sync": "SMK_No_Sync__c", "story": "Story__c", "tags": "Tags__c",
}  # fmt: skip
ADDRESS = ("street", "city", "state", "postal_code", "country")
COMPANY_FIELDS = {
    "name": "name", "domain": "domain", "phone": "phone", "street": "address", "city": "city", "state": "state",
    "postal_code": "zip", "country": "country", "employees": "numberofemployees", "description": "description",
    "owner": "hubspot_owner_id", "stage": "lifecyclestage", "no_sync": "smk_no_sync",
}  # fmt: skip
ACCOUNT_FIELDS = {
    "name": "Name", "domain": "Website", "phone": "Phone", "employees": "NumberOfEmployees",
    "description": "Description", "owner": "OwnerId", "no_sync": "SMK_No_Sync__c",
    **{name: f"Billing{LEAD_FIELDS[name]}" for name in ADDRESS},
}  # fmt: skip
DEAL_FIELDS = {
    "name": "dealname", "stage": "dealstage", "pipeline": "pipeline", "amount": "amount",
    "currency": "deal_currency_code", "close_date": "closedate", "next_step": "hs_next_step",
    "description": "description", "lost_reason": "smk_lost_reason", "forecast": "smk_forecast_category",
    "owner": "hubspot_owner_id", "no_sync": "smk_no_sync",
}  # fmt: skip
OPPORTUNITY_FIELDS = {
    "name": "Name", "stage": "StageName", "type": "RecordTypeId", "amount": "Amount", "currency": "CurrencyIsoCode",
    "close_date": "CloseDate", "next_step": "NextStep", "description": "Description",
    "lost_reason": "SMK_Lost_Reason__c", "owner": "OwnerId", "no_sync": "SMK_No_Sync__c",
}  # fmt: skip
_ENGAGEMENT = {"owner": "hubspot_owner_id", "day": "hs_timestamp"}
TASK_FIELDS = {
    "subject": "Subject", "body": "Description", "day": "ActivityDate", "status": "Status", "priority": "Priority",
    "direction": "CallType", "outcome": "CallDisposition", "seconds": "CallDurationInSeconds", "owner": "OwnerId",
    "sort": "TaskSubtype", "key": "SMK_Key__c",
}  # fmt: skip
NATIVE = {
    "calls": {
        **_ENGAGEMENT, "subject": "hs_call_title", "body": "hs_call_body", "status": "hs_call_status",
        "direction": "hs_call_direction", "outcome": "hs_call_disposition", "seconds": "hs_call_duration",
    },
    "emails": {**_ENGAGEMENT, "subject": "hs_email_subject", "body": "hs_email_text"},
    "meetings": {
        **_ENGAGEMENT, "subject": "hs_meeting_title", "body": "hs_meeting_body", "starts": "hs_meeting_start_time",
        "ends": "hs_meeting_end_time", "location": "hs_meeting_location",
    },
    "notes": {**_ENGAGEMENT, "body": "hs_note_body"},
    "tasks": {
        **_ENGAGEMENT, "subject": "hs_task_subject", "body": "hs_task_body", "status": "hs_task_status",
        "priority": "hs_task_priority",
    },
    "Task": TASK_FIELDS,
    "Event": {
        "subject": "Subject", "body": "Description", "starts": "StartDateTime", "ends": "EndDateTime",
        "location": "Location", "owner": "OwnerId", "private": "IsPrivate",
    },
    "contacts": CONTACT_FIELDS,
    "Lead": LEAD_FIELDS,
    "Contact": LEAD_FIELDS | {name: f"Mailing{LEAD_FIELDS[name]}" for name in ADDRESS},
    "companies": COMPANY_FIELDS,
    "Account": ACCOUNT_FIELDS,
    "deals": DEAL_FIELDS,
    "Opportunity": OPPORTUNITY_FIELDS,
}  # fmt: skip
"""object → canonical name → native field"""
OBJECTS: dict[tuple[str, str | None], str] = {
    ("hubspot", None): "contacts",
    ("hubspot", "contact"): "contacts",
    ("salesforce", None): "Lead",
    ("salesforce", "contact"): "Contact",
    ("hubspot", "company"): "companies",
    ("salesforce", "company"): "Account",
    ("hubspot", "deal"): "deals",
    ("salesforce", "deal"): "Opportunity",
    **{("hubspot", name): f"{name}s" for name in ("call", "email", "meeting", "note", "task")},
    **{("salesforce", name): "Task" for name in ("call", "email", "note", "task")},
    ("salesforce", "meeting"): "Event",
}
"""(side, what it is called in a story) → object"""
KINDS = {"companies": "company", "deals": "deal", "activities": "activity"}
"""What a story says is synchronised → kind"""
STAGES = {
    "hubspot": {
        "mql": "marketingqualifiedlead", "sql": "salesqualifiedlead", "advocate": "evangelist",
    },
    "salesforce": {
        "mql": "Open - Not Contacted", "sal": "Working - Contacted", "disqualified": "Closed - Not Converted",
    },
}  # fmt: skip
FIRST = {
    "hubspot": {"stage": "appointmentscheduled", "pipeline": "default", "close_date": "2027-01-31T12:00:00Z"},
    "salesforce": {"stage": "Prospecting", "close_date": "2027-01-31"},
}
"""What a deal of a story holds unless it says otherwise."""
