"""What both systems hold, in a form that does not depend on ids and times: to compare a run with another."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.world import World
from tests.scenarios.words import NATIVE

OBJECTS = (("hubspot", "contacts"), ("salesforce", "Lead"), ("salesforce", "Contact"))
IDS = frozenset({"OwnerId", "hubspot_owner_id"})
KEYS = {"Lead": "smk_crm_lead_id", "Contact": "smk_crm_contact_id"}

Held = tuple[str, tuple[tuple[str, str], ...]]
"""Object, and its mapped fields."""


def live(world: World, side: str, object: str) -> dict[str, dict[str, Any]]:
    """id → values of the records outside the bin (converted leads are no people any more)."""
    return {
        id: row.values
        for id, row in world.rows(side, object).items()
        if row.archived_at is None and not row.values.get("IsConverted")
    }


def couples(world: World) -> Counter[tuple[Held | None, Held | None]]:
    """Everyone: what HubSpot holds of the person and what Salesforce does, linked by the keys in the records."""
    with world.lock:
        contacts = live(world, "hubspot", "contacts")
        found: Counter[tuple[Held | None, Held | None]] = Counter()
        met: set[str] = set()
        for object in ("Lead", "Contact"):
            for id, values in live(world, "salesforce", object).items():
                key = str(values.get("SMK_HubSpot_Id__c") or "")
                mate = contacts.get(key)
                if mate is not None:
                    assert mate.get(KEYS[object]) == id, f"{object} {id} names contact {key}, which names another"
                    met.add(key)
                found[_held("contacts", mate), _held(object, values)] += 1
        for id, values in contacts.items():
            if id not in met:
                found[_held("contacts", values), None] += 1
        return found


def everyone(world: World) -> Counter[Held | None]:
    """Everybody's records outside the bin, whoever is paired with whom."""
    with world.lock:
        return Counter(
            _held(object, values) for side, object in OBJECTS for values in live(world, side, object).values()
        )


def _held(object: str, values: dict[str, Any] | None) -> Held | None:
    if values is None:
        return None
    names = sorted(set(NATIVE[object].values()) - IDS)
    return object, tuple((name, str(values[name])) for name in names if values.get(name) not in (None, "", False))


def twice(world: World) -> list[str]:
    """Sync keys that two records hold: duplicates of our own making."""
    found: list[str] = []
    with world.lock:
        for side, object, names in (
            ("hubspot", "contacts", ("smk_crm_lead_id", "smk_crm_contact_id")),
            ("salesforce", "Lead", ("SMK_HubSpot_Id__c",)),
            ("salesforce", "Contact", ("SMK_HubSpot_Id__c",)),
        ):
            for name in names:
                held = Counter(str(values[name]) for values in live(world, side, object).values() if values.get(name))
                found += [f"{side} {object} {name} {key}" for key, count in held.items() if count > 1]
    return found


def addresses(world: World, side: str) -> Counter[str]:
    """E-mail address → how many live records of this side have it."""
    with world.lock:
        if side == "hubspot":
            rows = [*live(world, side, "contacts").values()]
            return Counter(str(values["email"]).lower() for values in rows if values.get("email"))
        rows = [*live(world, side, "Lead").values(), *live(world, side, "Contact").values()]
        return Counter(str(values["Email"]).lower() for values in rows if values.get("Email"))


def frozen(world: World) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """Every record as it is, ids and all: nothing may change while nothing is written."""
    with world.lock:
        return {
            (side, object, id): (tuple(sorted((k, str(v)) for k, v in row.values.items())), row.archived_at)
            for side, object in OBJECTS
            for id, row in world.rows(side, object).items()
        }
