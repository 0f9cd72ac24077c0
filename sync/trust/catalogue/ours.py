"""What we hold ourselves, before anything is sent, and what every system may say: by our own codes."""

from __future__ import annotations

from sync.trust.catalogue.entry import Codes, Entry

TOO_LONG = Entry(
    "The text is longer than the field allows.",
    'Shorten the value of {field} on the record, lengthen the field, or set too_long = "cut" for it.',
    "rep",
)
BAD_EMAIL = Entry("This is not a valid e-mail address.", "Correct {field} on the record.", "rep")
NO_OPTION = Entry(
    "The value is not among the options of a restricted list.",
    "Add the option to {field}, translate the value in the configuration (values), or correct the record.",
    "admin",
)
REQUIRED = Entry(
    "A field that the target demands is blank.",
    "Fill in {field} on the record, or give it a default in the configuration.",
    "rep",
    rests="record",
)
NO_OWNER = Entry(
    "The owner has no active counterpart on the other side.",
    "Create or activate the user with the same e-mail address, name the counterpart in vocabulary.owners, or set "
    "owner_fallback.",
    "admin",
    rests="hidden",
)
NO_MEANING = Entry(
    "The configuration does not say what this value means on the other side.",
    "Say what it means (values, [[vocabulary.stage]], [deal.stages]), or correct the record.",
    "admin",
)
NO_NUMBER = Entry("The value is not a number that the target accepts.", "Correct {field} on the record.", "rep")
NO_DATE = Entry("The value is not a date that the target accepts.", "Correct {field} on the record.", "rep")
UNKNOWN_FIELD = Entry(
    "The field {field} does not exist, or our credentials may not see it.",
    "Run `smarketing provision --apply` if it is ours; else correct the mapping, or give our user the right to see it.",
    "admin",
    "permission",
    "hidden",
)
PARENT_GONE = Entry(
    "The record belongs to another one that was deleted or merged away there.",
    "Nothing: the next sync looks where the other record went; if it is gone, choose another one on the record.",
    "ops",
    rests="record",
)

COMMON: Codes = {
    "STRING_TOO_LONG": (TOO_LONG,),
    "TOO_LONG": (TOO_LONG,),
    "INVALID_EMAIL": (BAD_EMAIL,),
    "INVALID_OPTION": (NO_OPTION,),
    "NOT_AN_OPTION": (NO_OPTION,),
    "REQUIRED_FIELD_MISSING": (REQUIRED,),
    "REQUIRED": (REQUIRED,),
    "OWNER_UNMAPPED": (NO_OWNER,),
    "UNMAPPED_VALUE": (NO_MEANING,),
    "INVALID_NUMBER": (NO_NUMBER,),
    "NOT_A_NUMBER": (NO_NUMBER,),
    "NOT_A_WHOLE_NUMBER": (NO_NUMBER,),
    "INVALID_DATE": (NO_DATE,),
    "NOT_A_DATE": (NO_DATE,),
    "NOT_A_TIME": (NO_DATE,),
    "NOT_YES_OR_NO": (Entry("The value is neither yes nor no.", "Correct {field} on the record.", "rep"),),
    "NOT_A_WEBSITE": (
        Entry("This is no company's own website.", "Enter one such as example.com in {field}, or clear it.", "rep"),
    ),
    "PARENT_GONE": (PARENT_GONE,),
    "PARENT_MISSING": (
        Entry(
            "What the record belongs to has no record on the other side yet.",
            "Nothing: it follows by itself as soon as that is there.",
            "ops",
            "transient",
        ),
    ),
    "UNKNOWN_FIELD": (UNKNOWN_FIELD,),
    "READ_ONLY": (
        Entry(
            "Our credentials may see the field, but not set it.",
            "Give our user or app the right to edit it, or let it flow the other way only (`to`).",
            "admin",
            "permission",
        ),
    ),
    "ADDRESS_TAKEN": (
        Entry(
            "Another record of the same name has this e-mail address.",
            "Merge the two where both are, or correct one address.",
            "rep",
        ),
    ),
    "NAMESAKE": (
        Entry(
            "Two deals are called the same, and neither has a counterpart.",
            "If they are one, write the id of one into our id field of the other; if not, rename one of them.",
            "rep",
        ),
    ),
    "NO_SYNC_KEY": (
        Entry(
            "A new record could not be recognised again: our id field is missing there.",
            "Run `smarketing provision --apply`.",
            "admin",
            "permission",
        ),
    ),
    "PING_PONG": (
        Entry(
            "The field goes back and forth: two automations, or one and our rule, keep replacing each other's value.",
            "Change one of them, or the rule of {field}; it is frozen for a day, or until `smarketing resume`.",
            "admin",
        ),
    ),
    "UNDONE": (
        Entry(
            "An undo took back what the sync had written, and the sync does not write it again by itself.",
            "Change {field} on either side, or let it go: `smarketing undo RUN --release`.",
            "ops",
        ),
    ),
    "DELETED_AND_BACK": (
        Entry(
            "Somebody whose record was deleted came back by themselves.",
            'Restore the record there, or set person.on_delete.recreate = "yes".',
            "ops",
        ),
    ),
    "DELETED_AND_EDITED": (
        Entry(
            "The counterpart was deleted, and this record was edited since.",
            "Delete it too, or restore its counterpart.",
            "ops",
        ),
    ),
    "OPT_OUT_TAKEN_BACK": (
        Entry(
            "An opt-out was taken back without anything that shows the person agreed; it was set again.",
            "With a legal basis, record it and take the opt-out back on both sides before the next sync.",
            "ops",
        ),
    ),
    "RESUBSCRIBE_BY_HAND": (
        Entry(
            "The person agreed again, but no program may subscribe them there.",
            "Subscribe them by hand: HubSpot, the contact, Actions, Opt contact out or in.",
            "rep",
        ),
    ),
    "ERASED_PERSON": (
        Entry(
            "Somebody who was erased is here again.",
            "Delete the record; if the person came back by themselves: `smarketing erase ADDRESS --lift`.",
            "admin",
        ),
    ),
    "CONFLICT": (
        Entry(
            "Both sides changed the field, and its rule leaves the choice to a person.",
            "Enter the right value of {field} on both sides.",
            "rep",
        ),
    ),
    "MERGE": (
        Entry(
            "Two records were merged on one side; their counterparts on the other are one person, too.",
            "Merge the two there, as the line says.",
            "rep",
        ),
    ),
    "AMBIGUOUS": (
        Entry(
            "The record may be any of several on the other side.",
            "Merge those that are one, or link the right one (`smarketing duplicates list` says how).",
            "rep",
        ),
    ),
    "SAME_PERSON": (
        Entry(
            "Two linked pairs seem to be one person.",
            "Merge them on both sides, or correct an address; `smarketing duplicates dismiss` if they are two.",
            "rep",
        ),
    ),
    "NO_EMAIL": (Entry("A contact without an e-mail address cannot opt out in HubSpot.", "Enter the address.", "rep"),),
    "CONSENT": (
        Entry("Consent cannot be given on a person's behalf.", "Subscribe the person by hand, or leave it.", "rep"),
    ),
}
