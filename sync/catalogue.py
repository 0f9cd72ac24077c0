"""What the platforms' refusals mean, in plain words: the cause, what to do and where to click.

Codes are the platforms' own.  An unknown code is explained as what it is: unknown, with the platform's words.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One kind of refusal."""

    cause: str
    fix: str
    who: str
    """admin, ops or rep: who can put it right."""


COMMON: dict[str, Entry] = {
    "STRING_TOO_LONG": Entry(
        "The text is longer than the field allows.",
        'Shorten the value, lengthen the field, or set too_long = "cut" for this field.',
        "rep",
    ),
    "INVALID_EMAIL": Entry("This is not a valid e-mail address.", "Correct the address on the record.", "rep"),
    "INVALID_OPTION": Entry(
        "The value is not among the options of a restricted list.",
        "Add the option to the field, map the value in the configuration, or correct the record.",
        "admin",
    ),
    "REQUIRED_FIELD_MISSING": Entry(
        "A field that the target demands is blank.",
        "Fill the field on the record, or give it a default in the configuration.",
        "rep",
    ),
    "OWNER_UNMAPPED": Entry(
        "The owner has no active counterpart on the other side.",
        "Create or activate the user with the same e-mail address, or set person.owner_fallback.",
        "admin",
    ),
    "UNMAPPED_VALUE": Entry(
        "The configuration does not say what this value means on the other side.",
        "Map the value in the configuration, or correct the record.",
        "admin",
    ),
    "INVALID_NUMBER": Entry("The value is not a number the target accepts.", "Correct the value.", "rep"),
    "INVALID_DATE": Entry("The value is not a date the target accepts.", "Correct the value.", "rep"),
    "PARENT_GONE": Entry(
        "The record belongs to another one that was deleted or merged away there.",
        "Nothing: the next sync looks where the other record went; if it is gone, choose another one on the record.",
        "ops",
    ),
    "UNKNOWN_FIELD": Entry(
        "The field does not exist, or our credentials may not see it.",
        "Run `smarketing provision`, correct the mapping, or grant the permission.",
        "admin",
    ),
}

HUBSPOT: dict[str, Entry] = {
    "PROPERTY_DOESNT_EXIST": COMMON["UNKNOWN_FIELD"],
    "READ_ONLY_VALUE": Entry(
        "HubSpot calculates this property; nobody can set it.",
        'Map another property, or set the field\'s `to` to "crm".',
        "admin",
    ),
    "INVALID_LONG": COMMON["INVALID_DATE"],
    "INVALID_INTEGER": COMMON["INVALID_NUMBER"],
    "CONTACT_EXISTS": Entry(
        "Another HubSpot contact has this e-mail address.",
        "Merge the two contacts in HubSpot (Actions, Merge), or correct one address.",
        "rep",
    ),
    "CONFLICTING_UNIQUE_VALUE": Entry(
        "Another HubSpot record holds this unique value.",
        "Find the other record and merge the two, or clear the value there.",
        "ops",
    ),
    "MISSING_SCOPES": Entry(
        "The app's token lacks a scope.",
        "In HubSpot: Settings, Integrations, your app, Scopes; add what `smarketing check` names.",
        "admin",
    ),
    "GDPR_BLOCKED": Entry(
        "The person was erased under privacy law; HubSpot refuses the address.",
        "Leave it. If the person came back, they must be created by a form of their own.",
        "admin",
    ),
}

SALESFORCE: dict[str, Entry] = {
    "INVALID_EMAIL_ADDRESS": COMMON["INVALID_EMAIL"],
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": COMMON["INVALID_OPTION"],
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Entry(
        "A validation rule of your Salesforce refuses the record.",
        "Correct the record as the rule's message says, or exempt the integration user in Setup, Object Manager, "
        "Validation Rules.",
        "admin",
    ),
    "DUPLICATES_DETECTED": Entry(
        "A duplicate rule of your Salesforce found a similar record.",
        "Merge or correct the records, or exclude the integration user in Setup, Duplicate Rules.",
        "admin",
    ),
    "DUPLICATE_VALUE": Entry(
        "Another record holds this unique value.",
        "Find the record that the message names and merge the two, or clear the value there.",
        "ops",
    ),
    "INVALID_FIELD": COMMON["UNKNOWN_FIELD"],
    "INVALID_FIELD_FOR_INSERT_UPDATE": Entry(
        "Our user may see this field, but not edit it.",
        "In Setup, Permission Sets, Smarketing Sync, Object Settings: give the field Edit Access.",
        "admin",
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": Entry(
        "Our user may not edit this record.",
        "Give the integration user Edit on the object and access to the record (sharing, or Modify All).",
        "admin",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Entry(
        "Our user may not use the record this one points to (its owner or account).",
        "Give the integration user access to the referenced record.",
        "admin",
    ),
    "INVALID_CROSS_REFERENCE_KEY": Entry(
        "The record points to another one that does not exist or may not be used.",
        "Correct the reference (owner, account, record type).",
        "ops",
    ),
    "INACTIVE_OWNER_OR_USER": COMMON["OWNER_UNMAPPED"],
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Entry(
        "A trigger or flow of your Salesforce failed while saving the record.",
        "Show the message to whoever maintains the automation; it names the trigger or flow.",
        "admin",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": Entry(
        "The lead was converted and is read-only.",
        "Nothing: the next sync follows it to its contact.",
        "ops",
    ),
    "UNABLE_TO_LOCK_ROW": Entry("Somebody else was saving the record.", "Nothing: it is tried again.", "ops"),
    "FIELD_INTEGRITY_EXCEPTION": Entry(
        "The value does not fit the other values of the record.", "Correct the record as the message says.", "rep"
    ),
    "MALFORMED_ID": Entry("An id is of the wrong kind.", "Correct the mapping of this field.", "admin"),
    "ENTITY_IS_DELETED": Entry("The record is in the recycle bin.", "Restore it, or leave it.", "ops"),
}

CATALOGUES = {"hubspot": HUBSPOT, "salesforce": SALESFORCE}


def explain(system: str, code: str) -> dict[str, str]:
    """cause, fix and who of a refusal."""
    entry = CATALOGUES.get(system, {}).get(code) or COMMON.get(code)
    if entry is None:
        entry = Entry(
            f"{system} refused the record with {code}.",
            "Read the platform's own message; correct the record or the mapping, then `smarketing errors retry`.",
            "ops",
        )
    return entry._asdict()
