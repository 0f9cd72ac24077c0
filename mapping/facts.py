"""What conditions may ask of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mapping.domains import company_site
from mapping.rules import OURS, SORT, Place, Value
from mapping.values import Unmapped, split_money

if TYPE_CHECKING:
    from mapping.mapping import Mapping as KindMapping

DISQUALIFIED = "disqualified"


def facts(mapping: KindMapping, place: Place, own: Mapping[str, Value]) -> dict[str, Any]:
    """Canonical values by name, unmapped ones left out, and the flags.

    `shared` is false here: whether several people use an address is known only where all records are.
    """
    known: dict[str, Any] = {}
    for name, slot in mapping.slots(place).items():
        if slot.rule.winner == OURS:
            continue
        value = own.get(name) if slot.refers else slot.canon(own.get(name))
        if slot.steps is not None:
            known |= slot.steps.facts(own.get(name))
        elif slot.rule.type == "money" and value is not None:
            known[name] = split_money(value)[0]
        elif not isinstance(value, Unmapped):
            known[name] = value
    address = known.get("email")
    known["has_email"] = address is not None
    known["role_address"] = isinstance(address, str) and mapping.shared_mailbox(address)
    site = known.get("domain")
    known["has_domain"] = site is not None
    known["free_mail"] = isinstance(site, str) and company_site(site) is None
    if mapping.rule.sorts:
        known["type"] = own.get(SORT)
        known["lead"] = any(mapping.in_waiting(kind, place.system, id) for kind, id in mapping.parents(place, own))
    known["disqualified"] = known.get("stage") == DISQUALIFIED
    known["shared"] = False
    return known
