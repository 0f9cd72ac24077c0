"""How a record comes to be and changes: the platform's own rules, whoever the caller is.

A write is prepared (every value checked, all problems told at once), then applied (history, indexes, stamps), then
answered by what the portal does on its own: association by domain and the automations that somebody set up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.errors import Problem
from sandbox.hubspot.obeying import broken
from sandbox.hubspot.rules import FORWARD_ONLY, derive, missing_on_create
from sandbox.hubspot.schema import ObjectType, Property
from sandbox.hubspot.store import Record, Records, remember
from sandbox.hubspot.values import accept, bare_domain, is_email
from sandbox.kernel import Caller, Change

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

Values = dict[str, str]


class Invalid(Exception):
    """Values that are not accepted: the caller decides how that is told."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class Taken(Exception):
    """Another record holds a unique value of this one."""

    def __init__(self, name: str, value: str, existing: str | None) -> None:
        super().__init__(name)
        self.name = name
        self.value = value
        self.existing = existing


def prepare(
    portal: Portal, type: ObjectType, values: Mapping[str, Any], caller: Caller, row: Record | None = None
) -> Values:
    """The texts to store.  Raises Invalid with every problem."""
    schema = portal.schemas[type.name].properties
    clean: Values = {}
    problems: list[Problem] = []
    for name, value in values.items():
        prop = schema.get(name)
        got = _accept(portal, type, prop, name, value, caller)
        if not isinstance(got, Problem) and caller.by != "seed":
            got = broken(name, got, portal.validations.get((type.name, name), {})) or got
        if isinstance(got, Problem):
            problems.append(got)
        else:
            clean[name] = got
    problems += portal.refused({**row.values, **clean} if row else clean)
    if problems:
        raise Invalid(problems)
    return clean


def _accept(
    portal: Portal, type: ObjectType, prop: Property | None, name: str, value: Any, caller: Caller
) -> str | Problem:
    if prop is None:
        return errors.unknown_property(name)
    if prop.read_only and caller.by != "seed":
        return Problem(name, "READ_ONLY_VALUE", f'"{name}" is a calculated property; its value cannot be set.')
    if name == "email" and type.name == "contacts":
        return _email(portal, value)
    got = accept(prop, value)
    if prop.owner and got and got not in portal.owners:
        return Problem(name, "INVALID_OWNER_ID", f"Owner {got} does not exist")
    if name == "domain" and isinstance(got, str):
        return bare_domain(got)
    return got


def _email(portal: Portal, value: Any) -> str | Problem:
    text = str(value or "").strip().lower()
    if text and not is_email(text):
        return Problem("email", "INVALID_EMAIL", f"Email address {value} is invalid")
    if text in portal.blocked:
        return Problem("email", "BLOCKED_EMAIL", "The email address has been GDPR blacklisted")
    return text


def fold(value: str) -> str:
    return value.strip().lower()


def unique_values(type: ObjectType, name: str, values: Mapping[str, str]) -> list[str]:
    """What this record claims under one unique property: a contact also claims its additional addresses."""
    claimed = [values.get(name) or ""]
    if name == "email" and type.name == "contacts":
        claimed += (values.get("hs_additional_emails") or "").split(";")
    return [fold(value) for value in claimed if value]


def check_unique(portal: Portal, type: ObjectType, clean: Values, id: str | None) -> None:
    """Raises Taken when another record has one of these values."""
    records = portal.records[type.name]
    for name, index in records.unique.items():
        if name not in clean and not (name == "email" and "hs_additional_emails" in clean):
            continue
        for value in unique_values(type, name, clean):
            holder = index.get(value)
            if holder is not None and holder != id:
                raise Taken(name, value, holder)


def refusal(portal: Portal, error: Invalid | Taken) -> errors.Refusal:
    """How HubSpot tells it when the whole request fails."""
    if isinstance(error, Invalid):
        return errors.bad_values(error.problems, portal.portal_id)
    if error.name == "email":
        return errors.contact_exists(error.existing)
    message = f"Cannot set PropertyValueCoordinates: {error.name}. {error.value} is already used by {error.existing}"
    return errors.bad_values([Problem(error.name, "CONFLICTING_UNIQUE_VALUE", message)], portal.portal_id)


def create(portal: Portal, type: ObjectType, clean: Values, caller: Caller, at: int) -> Record:
    """A new record of values that were prepared and are free."""
    missing = missing_on_create(portal, type, clean)
    if missing:
        raise errors.required_missing(type.singular.upper(), missing)
    values = {name: value.removeprefix(";") for name, value in clean.items() if value}
    if portal.default_lifecycle and type.name in FORWARD_ONLY:
        values.setdefault("lifecyclestage", portal.default_lifecycle)
    if type.name == "deals":
        values.setdefault("pipeline", "default")
    values.update(derive(portal, type, {}, values, at))
    values["hs_object_source"] = portal.source_type(caller.by)
    values["hs_object_source_id"] = caller.actor
    row = Record(portal.next_id(), values, at, caller)
    records = portal.records[type.name]
    records.insert(row)
    _claim(records, type, row, {}, values)
    return row


def update(portal: Portal, type: ObjectType, row: Record, clean: Values, caller: Caller, at: int) -> set[str]:
    """Writes what differs; returns the names of the properties that changed."""
    old = row.values
    new = _settled(portal, type, row, clean, caller)
    new = {name: value for name, value in new.items() if (old.get(name) or "") != value}
    if not new:
        return set()
    for name, value in derive(portal, type, old, new, at).items():
        if (old.get(name) or "") != value:
            new[name] = value
    records = portal.records[type.name]
    moved = records.touch(row, at)
    before = {name: old.get(name, "") for name in records.unique} | {
        "hs_additional_emails": old.get("hs_additional_emails", "")
    }
    remember(row, [Change(moved, name, value, caller.by, caller.actor) for name, value in new.items()])
    row.values.update(new)
    _claim(records, type, row, before, new)
    return set(new)


def _settled(portal: Portal, type: ObjectType, row: Record, clean: Values, caller: Caller) -> Values:
    """The values after appending and after what is silently ignored."""
    new = dict(clean)
    for name, value in clean.items():
        if value.startswith(";"):
            prop = portal.schemas[type.name].get(name)
            if prop is not None and prop.many:
                had = [part for part in (row.values.get(name) or "").split(";") if part]
                new[name] = ";".join(dict.fromkeys([*had, *value[1:].split(";")]))
    if type.name in FORWARD_ONLY and "lifecyclestage" in new and caller.by not in ("human", "seed"):
        order = [o.value for o in portal.schemas[type.name].properties["lifecyclestage"].options]
        now, then = row.values.get("lifecyclestage"), new["lifecyclestage"]
        if now in order and then in order and order.index(then) < order.index(now):
            del new["lifecyclestage"]
    return new


def _claim(records: Records, type: ObjectType, row: Record, before: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Keeps the unique indexes in step with the row."""
    for name, index in records.unique.items():
        if name not in new and not (name == "email" and "hs_additional_emails" in new):
            continue
        for value in unique_values(type, name, before):
            if index.get(value) == row.id:
                del index[value]
        for value in unique_values(type, name, row.values):
            index[value] = row.id


def release(records: Records, type: ObjectType, row: Record) -> None:
    """An archived record no longer holds its unique values."""
    for name, index in records.unique.items():
        for value in unique_values(type, name, row.values):
            if index.get(value) == row.id:
                del index[value]


def claim_again(records: Records, type: ObjectType, row: Record) -> None:
    _claim(records, type, row, {}, dict.fromkeys(records.unique, ""))


def stamp(portal: Portal, type: ObjectType, row: Record, values: Values, at: int) -> set[str]:
    """Writes values that HubSpot itself calculates."""
    return update(portal, type, row, values, Caller("calculated", "CALCULATED"), at)
