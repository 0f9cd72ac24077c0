"""HubSpot's refusals, by the code that its answer holds or, where it holds none, by its status."""

from __future__ import annotations

from sync.trust.catalogue import ours
from sync.trust.catalogue.entry import Codes, Entry, admin

SCOPES = "HubSpot, Settings, Integrations, Private Apps, your app, Scopes"
PROPERTIES = "HubSpot, Settings, Properties"
BUSY = Entry("HubSpot was busy or could not be reached.", "Nothing: it is tried again.", "ops", "transient")
QUICK = Entry(
    "More calls in ten seconds than the account allows; other apps may use the same allowance.",
    "Nothing: it is tried again. If it goes on, lower [budget] hubspot.calls_per_10_s.",
    "ops",
    "limit",
)
TOKEN = admin(
    "HubSpot does not accept the token.",
    "HubSpot, Settings, Integrations, Private Apps, your app, Auth: copy the token into what hubspot.access_token "
    "points to.",
)
TAKEN = Entry(
    "Another HubSpot {object} record holds this unique value ({field}).",
    "Find the other record and merge the two (Actions, Merge), or clear the value there.",
    "ops",
    rests="hidden",
)
WRONG = Entry(
    "HubSpot does not accept a value.",
    "Read HubSpot's own message; correct {field} on the record, or its mapping.",
    "ops",
    rests="record",
)
REQUEST = Entry(
    "HubSpot did not understand the call.",
    "Look for a newer version of Smarketing Sync; if there is none, please report it.",
    "admin",
    "bug",
    "hidden",
)

RULE = Entry(
    "A validation rule of the property {field} does not accept the value.",
    f"Correct {{field}} on the record as HubSpot's message says; or loosen the rule: {PROPERTIES}, {{field}}, Rules.",
    "rep",
    rests="hidden",
)
RULES = "INVALID_"
"""What the codes of these rules begin with: HubSpot publishes one of them, and each sort of rule has its own."""

HUBSPOT: Codes = {
    "PROPERTY_DOESNT_EXIST": (
        admin(
            "HubSpot has no property {field}, or our app may not see it.",
            f"{PROPERTIES}: restore {{field}} (Archived properties), or correct the mapping; if it is there, let the "
            "app see it (the property, Manage access).",
        ),
    ),
    "READ_ONLY_VALUE": (
        Entry(
            "HubSpot calculates the property {field}; nobody can set it.",
            'Map another property, or set `to = "crm"` for this field.',
            "admin",
        ),
    ),
    "INVALID_OPTION": (
        Entry(
            "The value is not among the options of {field}.",
            f"{PROPERTIES}, {{field}}: add the option; or translate the value in the configuration (values), or "
            "correct the record.",
            "admin",
        ),
    ),
    "INVALID_EMAIL": (ours.BAD_EMAIL,),
    "INVALID_LONG": (ours.NO_DATE,),
    "INVALID_DATE": (ours.NO_DATE,),
    "INVALID_INTEGER": (ours.NO_NUMBER,),
    "INVALID_OWNER_ID": (ours.NO_OWNER,),
    "INVALID_ALPHA": (RULE,),
    "CONTACT_EXISTS": (
        Entry(
            "Another HubSpot contact has this e-mail address.",
            "Merge the two contacts in HubSpot (Actions, Merge), or correct one address.",
            "rep",
            rests="hidden",
        ),
    ),
    "CONFLICTING_UNIQUE_VALUE": (TAKEN,),
    "CONFLICT": (TAKEN,),
    "OBJECT_ALREADY_EXISTS": (TAKEN,),
    "VALIDATION_ERROR": (
        Entry(
            "HubSpot demands properties that are blank.",
            "Fill them in on the record, give them a default in the configuration, or make them optional: HubSpot, "
            "Settings, Objects, {object}, Record customization, Create record form.",
            "admin",
            rests="hidden",
            words="required properties were not set",
        ),
        WRONG,
    ),
    "MISSING_SCOPES": (
        admin(
            "The app's token lacks the scope for {object}.",
            f"{SCOPES}: add what `smarketing check` names, such as crm.objects.{{object}}.write.",
        ),
    ),
    "GDPR_BLOCKED": (
        Entry(
            "The person was erased under privacy law; HubSpot refuses the address.",
            "Leave it. If the person came back, they must be created by a form of their own.",
            "admin",
        ),
    ),
    "BLOCKED_EMAIL": (
        Entry(
            "HubSpot keeps this address from being used: it was erased or blocked.",
            "Leave it, or ask HubSpot's support to lift the block.",
            "admin",
        ),
    ),
    "OBJECT_NOT_FOUND": (
        Entry(
            "The {object} record is not there any more: deleted, or merged into another.",
            "Nothing: the next sync looks where it went.",
            "ops",
            "transient",
        ),
    ),
    "HTTP_404": (
        Entry("HubSpot knows no such record.", "Nothing: the next sync looks where it went.", "ops", "transient"),
    ),
    "INVALID_OBJECT_IDS": (ours.PARENT_GONE,),
    "INVALID_AUTHENTICATION": (TOKEN,),
    "EXPIRED_AUTHENTICATION": (
        Entry("The OAuth token has run out.", "Nothing: a new one is fetched.", "ops", "transient"),
    ),
    "BAD_REFRESH_TOKEN": (
        admin(
            "HubSpot does not accept the refresh token: the app was uninstalled, or the token replaced.",
            "Connect the app again and store the new token where hubspot.refresh_token points to.",
        ),
    ),
    "BAD_CLIENT_ID": (
        admin("HubSpot knows no app of this client_id.", "Copy it from the app's Auth page into hubspot.client_id."),
    ),
    "BAD_CLIENT_SECRET": (
        admin("The client secret is not the app's.", "Copy it from the app's Auth page into hubspot.client_secret."),
    ),
    "RATE_LIMIT": (
        Entry(
            "The account's calls for today are used up.",
            "Nothing: it goes on tomorrow. See who uses them: HubSpot, Settings, Integrations, Private Apps, Logs; or "
            "lower [budget] hubspot.calls_per_day.",
            "admin",
            "limit",
            words="(?i)daily",
        ),
        QUICK,
    ),
    "RATE_LIMITS": (QUICK,),
    "HTTP_401": (TOKEN,),
    "HTTP_403": (admin("The app may not do this.", f"{SCOPES}: add what `smarketing check` names."),),
    "HTTP_400": (WRONG,),
    "HTTP_405": (REQUEST,),
    "HTTP_409": (TAKEN,),
    "HTTP_413": (REQUEST,),
    "HTTP_414": (
        Entry(
            "A contact was merged from more than 250 records, the most that HubSpot allows.",
            "Leave the two apart, or ask HubSpot's support.",
            "admin",
        ),
    ),
    "HTTP_415": (REQUEST,),
    "HTTP_423": (Entry("Somebody else was saving the record.", "Nothing: it is tried again.", "ops", "transient"),),
    "HTTP_429": (QUICK,),
    "HTTP_477": (
        Entry(
            "HubSpot moves the account to another data centre; that may take a day.",
            "Nothing: it is tried again.",
            "ops",
            "transient",
        ),
    ),
    **dict.fromkeys(("HTTP_500", "HTTP_502", "HTTP_503", "HTTP_504", "HTTP_521", "HTTP_522", "HTTP_523"), (BUSY,)),
    "HTTP_524": (
        Entry("HubSpot gave no answer in 100 seconds.", "Nothing: we look whether it was done.", "ops", "transient"),
    ),
    "PROPERTY_WITH_NAME_EXISTS": (
        Entry(
            "A property of this name exists already and is not as we need it.",
            f"{PROPERTIES}: rename or delete it, then run `smarketing provision --apply`.",
            "admin",
        ),
    ),
    "STAGE_ID_IN_USE": (Entry("A stage that deals still have cannot be removed.", "Move the deals first.", "admin"),),
}
