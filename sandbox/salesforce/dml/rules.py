"""What an administrator may have installed: automations, validation rules, duplicate rules; and a few by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.kernel import Row
from sandbox.salesforce.storage import Store


class Save(NamedTuple):
    """A record about to be saved, as rules see it."""

    object: str
    id: str | None
    """None when it is being created."""
    values: Mapping[str, Any]
    """As it would be stored."""
    changed: frozenset[str]
    store: Store


Trigger = Callable[[Save], "Mapping[str, Any] | None"]
"""Returns the values it rewrites.  Its function name is kept in the history as the automation that did it."""

ValidationRule = Callable[[Save], "str | tuple[str, str] | None"]
"""Returns the admin's text, or the text and the field it is shown at, to refuse the record."""


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """Warns of (or blocks) records that look like another."""

    name: str
    object: str
    match: Callable[[Save], list[Row]]
    """The records this one seems to duplicate, of `matched`."""
    matched: str = ""
    """The object that is searched; empty: the same."""
    allow_save: bool = True
    """An alert that the caller may override; False blocks."""
    message: str = "You're creating a duplicate record. We recommend you use an existing record instead."


def same_email(object_name: str, matched: str = "", allow_save: bool = True) -> DuplicateRule:
    """The standard rule's usual effect: another record has this e-mail address."""

    def match(save: Save) -> list[Row]:
        email = save.values.get("Email")
        if not email or "Email" not in save.changed:
            return []
        rows = save.store.shelf(matched or object_name).live_matching("Email", email)
        return [row for row in rows if row.id != save.id]

    return DuplicateRule(f"Standard_{object_name}_Duplicate_Rule", object_name, match, matched, allow_save)


@dataclass(slots=True)
class Rules:
    """Everything installed, in order."""

    triggers: list[Trigger] = field(default_factory=list)
    validation_rules: list[ValidationRule] = field(default_factory=list)
    duplicate_rules: list[DuplicateRule] = field(default_factory=list)
    assignment_rule: Callable[[Save], str | None] | None = None
    """Gives a new lead its owner, unless the caller switches assignment off or it has none for this lead."""

    def install(self, name: str) -> None:
        """Install one of the rules that are known by name (`NAMED`); ValueError for any other."""
        make = NAMED.get(name)
        if make is None:
            raise ValueError(f"no rule is called {name}; there are {', '.join(sorted(NAMED))}")
        make(self)


def block_last_name_test(save: Save) -> str | tuple[str, str] | None:
    if str(save.values.get("LastName") or "").lower() == "test":
        return "Test records are not allowed here.", "LastName"
    return None


def require_phone_when_working(save: Save) -> str | tuple[str, str] | None:
    if (
        save.object == "Lead"
        and str(save.values.get("Status", "")).startswith("Working")
        and not save.values.get("Phone")
    ):
        return "A lead that is being worked on needs a phone number.", "Phone"
    return None


def format_phone(save: Save) -> Mapping[str, Any] | None:
    """Writes ten-digit numbers as (555) 010-1234, as the web interface does."""
    found: dict[str, Any] = {}
    for name in ("Phone", "MobilePhone"):
        digits = re.sub(r"\D", "", str(save.values.get(name) or ""))
        if name in save.changed and len(digits) == 10:
            found[name] = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}"
    return found


def uppercase_city(save: Save) -> Mapping[str, Any] | None:
    names = ("City", "MailingCity", "BillingCity")
    return {n: save.values[n].upper() for n in names if n in save.changed and save.values.get(n)}


def lowercase_email(save: Save) -> Mapping[str, Any] | None:
    email = save.values.get("Email")
    return {"Email": email.lower()} if email and "Email" in save.changed else None


NAMED: dict[str, Callable[[Rules], None]] = {
    "block_last_name_test": lambda rules: rules.validation_rules.append(block_last_name_test),
    "require_phone_when_working": lambda rules: rules.validation_rules.append(require_phone_when_working),
    "format_phone": lambda rules: rules.triggers.append(format_phone),
    "uppercase_city": lambda rules: rules.triggers.append(uppercase_city),
    "lowercase_email": lambda rules: rules.triggers.append(lowercase_email),
    "lead_duplicates_alert": lambda rules: rules.duplicate_rules.append(same_email("Lead")),
    "lead_duplicates_block": lambda rules: rules.duplicate_rules.append(same_email("Lead", allow_save=False)),
    "lead_contact_duplicates_alert": lambda rules: rules.duplicate_rules.append(same_email("Lead", "Contact")),
    "contact_duplicates_alert": lambda rules: rules.duplicate_rules.append(same_email("Contact")),
    "contact_duplicates_block": lambda rules: rules.duplicate_rules.append(same_email("Contact", allow_save=False)),
}
