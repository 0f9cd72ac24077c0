"""What HubSpot fills in by itself when certain properties change, and what it wants before it creates a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sandbox.hubspot.codec import iso
from sandbox.hubspot.schema import ENGAGEMENTS, ObjectType

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

FORWARD_ONLY = frozenset(("contacts", "companies"))
"""Objects with a lifecycle stage, which the API moves only forward (guide "Contacts")."""


_NEEDED = {
    "deals": ("dealname", "dealstage"),
    "leads": ("hs_lead_name",),
    "tickets": ("hs_pipeline_stage", "subject"),
    "products": ("name",),
}


def missing_on_create(portal: Portal, type: ObjectType, values: Mapping[str, str]) -> list[str]:
    """Required properties that are not set (guide "Using object APIs"), those that an administrator demands first."""
    demanded = [name for name in sorted(portal.demanded.get(type.name, ())) if not values.get(name)]
    return demanded or _missing(type, values)


def _missing(type: ObjectType, values: Mapping[str, str]) -> list[str]:
    if type.name in ENGAGEMENTS:
        if type.name == "meetings" and values.get("hs_meeting_start_time"):
            return []
        return [] if values.get("hs_timestamp") else ["hs_timestamp"]
    if type.name == "companies":
        return [] if values.get("name") or values.get("domain") else ["name"]
    return [name for name in _NEEDED.get(type.name, ()) if not values.get(name)]


def derive(portal: Portal, type: ObjectType, old: Mapping[str, str], new: Mapping[str, str], at: int) -> dict[str, str]:
    """Calculated values that follow from these changes."""
    out: dict[str, str] = {}
    if new.get("hubspot_owner_id"):
        out["hubspot_owner_assigneddate"] = iso(at)
    if type.name in FORWARD_ONLY and "lifecyclestage" in new:
        out |= _stages(old.get("lifecyclestage", ""), new["lifecyclestage"], at)
        if new["lifecyclestage"]:
            out[f"hs_lifecyclestage_{new['lifecyclestage']}_date"] = iso(at)
    if type.name == "contacts" and "phone" in new:
        out |= _phone(new["phone"])
    if type.name == "contacts" and new.get("email") and portal.consent.opted_out(new["email"]):
        out["hs_email_optout"] = "true"  # Consent is kept by address.
    if type.name == "deals":
        out |= _deal(portal, old, new, at)
    if type.name == "meetings" and "hs_meeting_start_time" in new and not (new.get("hs_timestamp") or old):
        out["hs_timestamp"] = new["hs_meeting_start_time"]
    if type.name == "tasks" and "hs_task_status" in new:
        done = new["hs_task_status"] == "COMPLETED"
        out["hs_task_is_completed"] = "1" if done else "0"
        out["hs_task_completion_date"] = iso(at) if done else ""
    known = portal.schemas[type.name].properties
    return {name: value for name, value in out.items() if name in known}


def activity_counts(kind: str, activity: Mapping[str, str], contact: Mapping[str, str]) -> dict[str, str]:
    """What a contact shows once an activity is logged on it.  Notes and tasks do not count as contacting."""
    at = activity.get("hs_timestamp") or ""
    out = {"num_notes": _one_more(contact, "num_notes"), "notes_last_updated": at}
    if kind in ("calls", "emails", "meetings"):
        out |= {
            "num_contacted_notes": _one_more(contact, "num_contacted_notes"),
            "notes_last_contacted": at,
            "hs_last_sales_activity_timestamp": at,
        }
    return out


def _one_more(values: Mapping[str, str], name: str) -> str:
    held = values.get(name) or "0"
    return str(int(held) + 1 if held.isdecimal() else 1)


def _stages(old: str, new: str, at: int) -> dict[str, str]:
    out = {"hs_v2_date_entered_current_stage": iso(at) if new else ""}
    if old:
        out[f"hs_v2_date_exited_{old}"] = iso(at)
    if new:
        out[f"hs_v2_date_entered_{new}"] = iso(at)
    return out


def _phone(value: str) -> dict[str, str]:
    digits = "".join(c for c in value if c.isdigit())
    return {
        "hs_calculated_phone_number": f"+{digits}" if value.strip().startswith("+") else "",
        "hs_searchable_calculated_phone_number": digits[-10:],
    }


def _deal(portal: Portal, old: Mapping[str, str], new: Mapping[str, str], at: int) -> dict[str, str]:
    out: dict[str, str] = {}
    if "dealstage" in new:
        out |= _stages(old.get("dealstage", ""), new["dealstage"], at)
        stage = portal.pipelines.stage("deals", new["dealstage"])
        if stage is not None:
            chance = stage.metadata.get("probability", "")
            closed = stage.metadata.get("isClosed") == "true"
            out["hs_is_closed"] = "true" if closed else "false"
            out["hs_is_closed_won"] = "true" if closed and chance == "1.0" else "false"
            out["hs_is_closed_lost"] = "true" if closed and chance == "0.0" else "false"
            out["hs_deal_stage_probability"] = chance
    if "amount" in new:
        out["amount_in_home_currency"] = new["amount"]
    return out
