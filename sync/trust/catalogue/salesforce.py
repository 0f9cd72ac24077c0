"""Salesforce's refusals, by its own codes; those of the sign-in are OAuth's."""

from __future__ import annotations

from sync.trust.catalogue import ours
from sync.trust.catalogue.entry import Codes, Entry, admin

SET = "Setup, Permission Sets, Smarketing Sync"
BUSY = Entry("Salesforce was busy or could not be reached.", "Nothing: it is tried again.", "ops", "transient")
REQUEST = Entry(
    "Salesforce did not understand the call.",
    "Look for a newer version of Smarketing Sync; if there is none, please report it.",
    "admin",
    "bug",
    "hidden",
)
LATER = Entry(
    "Nothing of this call was done, because another record in it failed.",
    "Nothing: it is tried again.",
    "ops",
    "transient",
)
SIGN_IN = "Setup, External Client App Manager, your app"
GONE = Entry("The {object} is in the recycle bin.", "Restore it, or leave it.", "ops", rests="record")
API = admin(
    "This org or this user may not use the API.",
    "Setup, Permission Sets, Smarketing Sync, System Permissions: tick API Enabled (the edition must include the API).",
)

SALESFORCE: Codes = {
    "STRING_TOO_LONG": (ours.TOO_LONG,),
    "REQUIRED_FIELD_MISSING": (
        Entry(
            "Salesforce demands a value of {field}.",
            "Fill it in on the record, map it or give it a default in the configuration; or make it optional: Setup, "
            "Object Manager, {object}, Fields & Relationships.",
            "admin",
            rests="hidden",
        ),
    ),
    "INVALID_EMAIL_ADDRESS": (ours.BAD_EMAIL,),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        Entry(
            "The value is not among those of the picklist {field}, or not offered by the record's type.",
            "Setup, Object Manager, {object}, Fields & Relationships, {field}: add the value (and to the record type); "
            "or translate it in the configuration (values), or correct the record.",
            "admin",
            rests="record",
        ),
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        Entry(
            "A validation rule of your Salesforce refuses the {object}.",
            "Correct the record as the rule's message says; or exempt our user: Setup, Object Manager, {object}, "
            "Validation Rules.",
            "rep",
            rests="hidden",
        ),
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (
        Entry(
            "A lookup filter refuses the record that {field} points to.",
            "Choose another one there, or relax the filter: Setup, Object Manager, {object}, {field}, Lookup Filter.",
            "admin",
            rests="hidden",
        ),
    ),
    "DUPLICATES_DETECTED": (
        Entry(
            "A duplicate rule of your Salesforce found a similar record.",
            "Merge the two, or correct one; or let ours through: Setup, Duplicate Rules, the rule of {object}, "
            "Conditions: exclude our user (an alert, not a block: set salesforce.save_duplicates = true).",
            "admin",
            rests="hidden",
        ),
    ),
    "DUPLICATE_VALUE": (
        Entry(
            "Another {object} holds this unique value ({field}).",
            "Find the record that the message names and merge the two, or clear the value there.",
            "ops",
            rests="hidden",
        ),
    ),
    "DUPLICATE_EXTERNAL_ID": (
        Entry(
            "Several records hold this external id ({field}).", "Merge them, or clear the value of all but one.", "ops"
        ),
    ),
    "INVALID_FIELD": (
        admin(
            "Salesforce has no field {field} on {object} that our user may see.",
            "Run `smarketing provision --apply` if it is ours; else Setup, Object Manager, {object}, Fields & "
            "Relationships, {field}, Set Field-Level Security: tick Visible for our user; or correct the mapping.",
        ),
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        admin(
            "Our user may see {field}, but not edit it.",
            f"{SET}, Object Settings, {{object}}, Field Permissions: tick Edit Access for {{field}}.",
        ),
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": (
        admin(
            "Our user may not change or delete this {object}.",
            f"{SET}, Object Settings, {{object}}: tick Edit (to delete: Delete) and, so that sharing does not matter, "
            "Modify All Records.",
        ),
    ),
    "INSUFFICIENT_ACCESS": (
        admin("Our user may not do this.", f"{SET}, Object Settings, {{object}}: tick Read, Create and Edit."),
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (
        admin(
            "Our user may not use the record that this {object} points to (its owner, account or record type).",
            f"{SET}, Object Settings: tick View All Records for the object pointed to.",
        ),
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (
        Entry(
            "A flow of your Salesforce failed while saving the {object}.",
            "Setup, Flows: the message names the flow; show it to whoever maintains it.",
            "admin",
            rests="hidden",
        ),
    ),
    "INVALID_CROSS_REFERENCE_KEY": (
        admin(
            "The record type is gone, or our user may not use it.",
            f"{SET}, Object Settings, {{object}}, Record Types: assign it; or correct the mapping of the record type.",
            words="(?i)record type",
        ),
        Entry(
            "The record points to another one that does not exist or may not be used.",
            "Correct {field} (owner, account, record type) on the record.",
            "ops",
            rests="hidden",
        ),
    ),
    "INACTIVE_OWNER_OR_USER": (
        Entry(
            "The owner is an inactive user of your Salesforce.",
            "Give the record to somebody else, activate the user (Setup, Users), name another one in "
            "vocabulary.owners, or set owner_fallback.salesforce.",
            "admin",
            rests="hidden",
        ),
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        Entry(
            "A trigger or flow of your Salesforce failed while saving the {object}.",
            "Show the message to whoever maintains the automation; it names the trigger or flow.",
            "admin",
            rests="hidden",
        ),
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": (
        Entry(
            "The lead was converted and is read-only.",
            "Nothing: the next sync follows it to its contact.",
            "ops",
            "transient",
        ),
    ),
    "UNABLE_TO_LOCK_ROW": (
        Entry("Somebody else was saving the record.", "Nothing: it is tried again.", "ops", "transient"),
    ),
    "ENTITY_IS_LOCKED": (
        Entry(
            "The {object} is locked by an approval process.",
            "Approve, reject or recall it (the record, Approval History); or unlock it.",
            "rep",
            rests="hidden",
        ),
    ),
    "FIELD_INTEGRITY_EXCEPTION": (
        Entry(
            "The value of {field} does not fit the other values of the record.",
            "Correct the record as the message says.",
            "rep",
            rests="hidden",
        ),
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": (
        Entry("The number in {field} is larger than the field allows.", "Correct it, or widen the field.", "rep"),
    ),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (
        Entry("The value is of another type than {field}.", "Correct the mapping of this field.", "admin"),
    ),
    "INVALID_CURRENCY_ISO": (
        Entry(
            "The currency is not one of your Salesforce.",
            "Setup, Manage Currencies: add or activate it; or correct the deal's currency.",
            "admin",
            rests="hidden",
        ),
    ),
    "MALFORMED_ID": (Entry("An id in {field} is of the wrong kind.", "Correct the mapping of this field.", "admin"),),
    "ENTITY_IS_DELETED": (GONE,),
    "DELETE_FAILED": (
        Entry(
            "Other records hold the {object} fast.",
            "Delete or move what belongs to it first (the message names it).",
            "ops",
            rests="hidden",
        ),
    ),
    "UNDELETE_FAILED": (
        Entry("The record cannot be restored from the recycle bin.", "Restore what it belongs to first.", "ops"),
    ),
    "STORAGE_LIMIT_EXCEEDED": (
        Entry(
            "The org's data storage is full.",
            "Setup, Storage Usage: delete what is not needed and empty the recycle bin, or buy storage.",
            "admin",
            "limit",
            "hidden",
        ),
    ),
    "LIMIT_EXCEEDED": (
        Entry(
            "A limit of the org is reached while the record was saved (an automation asked for too much).",
            "The message names the limit; show it to whoever maintains the automations of {object}.",
            "admin",
            "limit",
            "hidden",
        ),
    ),
    "NOT_FOUND": (
        Entry("The record or the object is not there.", "Nothing: the next sync looks where it went.", "ops"),
    ),
    "INVALID_TYPE": (
        admin(
            "Salesforce has no object {object} that our user may see.",
            f"{SET}, Object Settings, {{object}}: tick Read, Create and Edit.",
        ),
    ),
    "API_DISABLED_FOR_ORG": (API,),
    "API_CURRENTLY_DISABLED": (API,),
    "INVALID_SESSION_ID": (Entry("The session has ended.", "Nothing: a new one is begun.", "ops", "transient"),),
    "INVALID_AUTH_HEADER": (REQUEST,),
    "REQUEST_LIMIT_EXCEEDED": (
        Entry(
            "Too many long calls run at once.",
            "Nothing: it is tried again.",
            "ops",
            "limit",
            words="(?i)concurrent",
        ),
        Entry(
            "The org's API calls of the last 24 hours are used up.",
            "Nothing: it goes on when some are free again. Setup, Company Information, API Requests shows who uses "
            "them; or lower [budget] salesforce.calls_per_day.",
            "admin",
            "limit",
        ),
    ),
    "UNSUPPORTED_API_VERSION": (
        Entry(
            "Salesforce has retired the configured API version.",
            "Set [salesforce] version to one that `smarketing check` names.",
            "admin",
            "data",
        ),
    ),
    "SERVER_UNAVAILABLE": (BUSY,),
    "QUERY_TIMEOUT": (BUSY,),
    "REQUEST_RUNNING_TOO_LONG": (BUSY,),
    "UNKNOWN_EXCEPTION": (BUSY,),
    "PROCESSING_HALTED": (LATER,),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (LATER,),
    "INVALID_QUERY_LOCATOR": (BUSY,),
    "QUERY_TOO_COMPLICATED": (REQUEST,),
    "MALFORMED_QUERY": (REQUEST,),
    "INVALID_QUERY_FILTER_OPERATOR": (REQUEST,),
    "JSON_PARSER_ERROR": (REQUEST,),
    "INVALID_REPLICATION_DATE": (REQUEST,),
    "EXCEEDED_ID_LIMIT": (REQUEST,),
    "INVALID_INPUT": (REQUEST,),
    "METHOD_NOT_ALLOWED": (REQUEST,),
    "InvalidBatch": (REQUEST,),
    "ClientInputError": (REQUEST,),
    "HTTP_412": (
        Entry("The record was changed a moment before.", "Nothing: it is decided again.", "ops", "transient"),
    ),
    "HTTP_414": (REQUEST,),
    "HTTP_431": (REQUEST,),
    "HTTP_500": (BUSY,),
    "HTTP_502": (BUSY,),
    "HTTP_503": (BUSY,),
    # -- signing in
    "INVALID_LOGIN": (
        admin(
            "Salesforce does not accept username, password and security token, or the user is locked out.",
            "Correct them in the configuration; Setup, Users, the user: Unlock, or Reset My Security Token.",
        ),
    ),
    "invalid_grant": (
        admin(
            "Salesforce does not accept what we sign in with.",
            f"Correct the [salesforce] section: `smarketing check` says what is wrong. {SIGN_IN}, Policies: permit our "
            "user for the app.",
        ),
    ),
    "invalid_client_id": (
        admin("client_id is not the consumer key of an app in this org.", f"{SIGN_IN}, Settings: copy the key."),
    ),
    "invalid_client": (
        admin("client_secret is not the consumer secret of the app.", f"{SIGN_IN}, Settings: copy the secret."),
    ),
    "invalid_app_access": (
        admin("Our user may not use the app.", f"{SIGN_IN}, Policies: permit the user's profile or permission set."),
    ),
    "unsupported_grant_type": (
        admin("This org does not allow that way to sign in.", "Set salesforce.auth to client_credentials or jwt."),
    ),
    "inactive_user": (admin("Our user is inactive.", "Setup, Users, the user: tick Active."),),
    "inactive_org": (admin("The org is closed or suspended.", "Ask your account executive at Salesforce."),),
    "rate_limit_exceeded": (
        Entry("Too many sign-ins in an hour.", "Nothing: it is tried again in an hour.", "ops", "limit"),
    ),
}
