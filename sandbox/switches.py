"""What an administrator of either system may switch by name: settings, and automations that rewrite others' values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import HubSpot
from sandbox.kernel import Caller, Row
from sandbox.salesforce import Salesforce, Settings

if TYPE_CHECKING:
    from sandbox.world import World

Face = HubSpot | Salesforce

HUBSPOT_SETTINGS = (
    "limits_on",
    "search_lag_ms",
    "default_lifecycle",
    "associate_by_domain",
    "create_companies",
    "shuffle_results",
    "time_zone",
    "currency",
)
_SECRETS = frozenset({"client_id", "client_secret", "username", "password", "security_token", "public_key"})
SALESFORCE_SETTINGS = tuple(f.name for f in fields(Settings) if f.name not in _SECRETS)


def shown(world: World) -> dict[str, dict[str, Any]]:
    """Every setting of both sides, without what is secret."""
    return {
        "hubspot": {name: getattr(world.hubspot, name) for name in HUBSPOT_SETTINGS},
        "salesforce": {name: getattr(world.salesforce.settings, name) for name in SALESFORCE_SETTINGS},
    }


def change(face: Face, wanted: dict[str, Any]) -> None:
    """Set all of these, or none if one is unknown or has a value of another type (ValueError)."""
    target, names = (face, HUBSPOT_SETTINGS) if isinstance(face, HubSpot) else (face.settings, SALESFORCE_SETTINGS)
    for name, value in wanted.items():
        if name not in names:
            raise ValueError(f"There is no setting {name}; there are {', '.join(names)}.")
        old = getattr(target, name)
        if old is not None and value is not None and type(old) is not type(value):
            raise ValueError(f"{name} is {type(old).__name__}, not {type(value).__name__}.")
    for name, value in wanted.items():
        setattr(target, name, value)


def automate(face: Face, name: str) -> None:
    """Switch on an automation or rule that is known by name; ValueError for any other."""
    if isinstance(face, Salesforce):
        face.install(name)
        return
    if name not in HUBSPOT_AUTOMATIONS:
        raise ValueError(f"There is no automation {name}; there are {', '.join(HUBSPOT_AUTOMATIONS)}.")
    face.automations.append(HUBSPOT_AUTOMATIONS[name])


Wanted = dict[str, Any] | None


def format_phone(object: str, row: Row, changed: frozenset[str], caller: Caller) -> Wanted:
    """Ten digits become (555) 010-1234."""
    found = {}
    for name in changed & {"phone", "mobilephone"}:
        digits = re.sub(r"\D", "", row.values.get(name) or "")
        if len(digits) == 10:
            found[name] = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return found or None


def uppercase_city(object: str, row: Row, changed: frozenset[str], caller: Caller) -> Wanted:
    city = row.values.get("city") if "city" in changed else None
    return {"city": city.upper()} if city else None


def open_new_leads(object: str, row: Row, changed: frozenset[str], caller: Caller) -> Wanted:
    """A contact that becomes marketing-qualified gets the lead status NEW unless it has one."""
    if object != "contacts" or "lifecyclestage" not in changed or row.values.get("hs_lead_status"):
        return None
    return {"hs_lead_status": "NEW"} if row.values.get("lifecyclestage") == "marketingqualifiedlead" else None


HUBSPOT_AUTOMATIONS: dict[str, Callable[[str, Row, frozenset[str], Caller], Wanted]] = {
    "format_phone": format_phone,
    "uppercase_city": uppercase_city,
    "open_new_leads": open_new_leads,
}
