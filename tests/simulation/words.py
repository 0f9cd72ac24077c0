"""What the fields of the simulated world mean, said a second time and independently of the product's mapping."""

from __future__ import annotations

from typing import Any

PEOPLE = ("contacts", "Contact", "Lead")
"""The objects of people."""
FIELDS: dict[str, dict[str, str]] = {
    "email": {"hubspot": "email", "salesforce": "Email"},
    "last_name": {"hubspot": "lastname", "salesforce": "LastName"},
    "phone": {"hubspot": "phone", "salesforce": "Phone"},
    "title": {"hubspot": "jobtitle", "salesforce": "Title"},
    "company": {"hubspot": "company", "salesforce": "Company"},
    "stage": {"hubspot": "lifecyclestage", "salesforce": "Status"},
    "opted_out": {"hubspot": "@subscriptions", "salesforce": "HasOptedOutOfEmail"},
}
NAMES = {(system, native): name for name, places in FIELDS.items() for system, native in places.items()}
REFINED = "smk_stage"
KEYS = {
    "SMK_HubSpot_Id__c": ("hubspot", "contacts"),
    "smk_crm_lead_id": ("salesforce", "Lead"),
    "smk_crm_contact_id": ("salesforce", "Contact"),
}
"""Native field → whose id it holds."""
MARKS = {"smk_crm_deleted_at", "SMK_HubSpot_Deleted_At__c"}
"""Where it is noted that the counterpart was deleted."""
SHOWN = ("last_event", "last_event_at", "last_event_source", "legal_basis")
"""Where HubSpot shows that somebody agreed to be mailed again: what, when, where from, on which basis."""
MAPPED = {*(native for _, native in NAMES), REFINED, *KEYS, *MARKS, "@company", "AccountId"}

RANKS = {"subscriber": 1, "lead": 2, "mql": 3, "sal": 4, "sql": 5, "opportunity": 6, "customer": 7}
HUBSPOT_STAGES = {
    "subscriber": {"subscriber"},
    "lead": {"lead"},
    "marketingqualifiedlead": {"mql", "sal"},
    "salesqualifiedlead": {"sql"},
    "opportunity": {"opportunity"},
    "customer": {"customer"},
}
SALESFORCE_STAGES = {
    "Open - Not Contacted": {"mql"},
    "Working - Contacted": {"sal"},
    "Closed - Not Converted": {"disqualified"},
}
CONVERTED = "sql"
"""The stage of whoever was converted without a deal."""
OF_DEALS = {"opportunity", "customer"}
"""The stages of whoever takes part in a deal."""
BACKWARD = ("recycle:", "disqualify:", "reopen:", "lost:", "churn:", "admin_correct:")
"""How the journal names the events that may lead a stage back."""
DEFAULTS = {("company", "[not provided]"), ("opted_out", False)}
"""Values that the configuration, not a person, puts in."""


def norm(name: str, value: Any) -> Any:
    """The form in which two values of a field are one and the same, whichever system holds them."""
    if name == "opted_out":
        return value is True
    if name == "stage":
        return frozenset(HUBSPOT_STAGES.get(value) or SALESFORCE_STAGES.get(value) or {value})
    if isinstance(value, str):
        value = value.strip() or None
    return value.lower() if name == "email" and value is not None else value


def same(name: str, a: Any, b: Any) -> bool:
    """Whether two native values mean the same."""
    if name == "stage":
        return bool(norm(name, a) & norm(name, b))
    return bool(norm(name, a) == norm(name, b))


def rank(system: str, fields: dict[str, Any]) -> int:
    """How far the stage of a record is; -1 none, -2 a status beside the stages."""
    native = fields.get(FIELDS["stage"][system])
    if native is None:
        return -1
    refined = fields.get(REFINED)
    meant = norm("stage", native)
    if refined is not None and refined in meant:
        return RANKS[refined]
    return min(RANKS.get(name, -2) for name in meant)
