"""Our own fields about how far a person is: what they are called on each side, and what they say.

They hold points in time, never a duration: nothing here changes by the mere passing of days.
"""

from __future__ import annotations

from connectors.port import FieldSpec, Option
from insight.fields import JUDGED, LONG
from mapping.deals import LOST
from mapping.lifecycle import ACTIVE
from mapping.rules import OURS, FieldRule, KindRule, Stage
from sync.settings.frames import CONTACT, CONTACTS, LEAD

LEADS = (LEAD, CONTACT)
REASONS = {"recycled": "recycle_reason", "disqualified": "disqualify_reason", "lost": "lost_reason"}
"""Status → the field in which a side says why; of `lost` the deal says it."""

_FIELDS: tuple[tuple[str, str, str, str, str], ...] = (
    ("@shared_stage", "choice", "smk_stage", "SMK_Stage__c", "Shared stage"),
    ("@stage_status", "choice", "smk_stage_status", "SMK_Stage_Status__c", "Stage status"),
    ("@stage_entered_at", "datetime", "smk_stage_entered_at", "SMK_Stage_Entered__c", "Stage entered"),
    ("@mql_at", "datetime", "smk_mql_at", "SMK_MQL_At__c", "Became MQL"),
    ("@sal_at", "datetime", "smk_sal_at", "SMK_SAL_At__c", "Became SAL"),
    ("@sql_at", "datetime", "smk_sql_at", "SMK_SQL_At__c", "Became SQL"),
    ("@opportunity_at", "datetime", "smk_opportunity_at", "", "Became opportunity"),
    ("@customer_at", "datetime", "smk_customer_at", "", "Became customer"),
    ("@recycled_at", "datetime", "smk_recycled_at", "SMK_Recycled_At__c", "Recycled"),
    ("@recycle_until", "date", "smk_recycle_until", "", "Recycle until"),
    ("@lost_reason", "choice", "smk_lost_reason", "", "Lost reason"),
    ("@cycle", "int", "smk_cycle", "SMK_Cycle__c", "Cycle"),
)
"""(name, type, HubSpot property, Salesforce field or none, label)"""
ABOUT_STAGE = frozenset(name for name, *_ in _FIELDS)

_HELP = {
    "@stage_status": "How the person stands: on the way, sent back, disqualified …",
    "@stage_entered_at": "When the person came to the shared stage.",
    "@recycle_until": "The day on which a person whose deal was lost goes back to marketing.",
    "@lost_reason": "Why the person's last open deal was lost, as the deal says.",
    "@recycled_at": "When sales last sent the person back to marketing.",
    "@cycle": "How often the person has come to sales: 1 at first, 2 after having been sent back once.",
}
HELP_MOST = 460
"""Salesforce takes 510 characters of help."""
_KEPT = "Kept by Smarketing Sync: do not edit."


def stage_fields() -> tuple[FieldRule, ...]:
    """The rules of our own fields about people."""
    rules = []
    for name, type_, hubspot, salesforce, _ in _FIELDS:
        places = {CONTACTS: hubspot} | (dict.fromkeys(LEADS, salesforce) if salesforce else {})
        to = frozenset(place.system for place in places)
        rules.append(FieldRule(name, type_, places, to, winner=OURS, personal=False))
    return tuple(rules)


def stage_specs(stages: tuple[Stage, ...], statuses: tuple[Stage, ...]) -> list[tuple[str, FieldSpec]]:
    """(system, field) of what has to exist for them."""
    options = {
        "@shared_stage": tuple(Option(stage.name, stage.name) for stage in stages),
        "@stage_status": tuple(Option(name, name) for name in (ACTIVE, *(status.name for status in statuses))),
        "@lost_reason": tuple(
            Option(name, name) for status in statuses if status.name == LOST for name in status.reasons
        ),
    }
    native = {"choice": "choice", "datetime": "datetime", "date": "date", "int": "number"}
    return [
        (
            place.system,
            FieldSpec(
                place.object,
                field,
                label,
                native[type_],
                options=options.get(name, ()),
                help=f"{_help(name, stages)} {_KEPT}",
                precision=(4, 0) if type_ == "int" else None,
            ),
        )
        for name, type_, hubspot, salesforce, label in _FIELDS
        for place, field in ((CONTACTS, hubspot), *((lead, salesforce) for lead in LEADS if salesforce))
        # No system takes a choice of nothing: a vocabulary may give no reasons.
        if options.get(name, (name,))
    ]


def _help(name: str, stages: tuple[Stage, ...]) -> str:
    return meaning(stages) if name == "@shared_stage" else _HELP.get(name, "When the person came to this stage.")


def reason_specs(rule: KindRule) -> list[tuple[str, FieldSpec]]:
    """(system, field) in which sales says why somebody is sent away, where they are fields of ours."""
    reasons = {REASONS[status.name]: status.reasons for status in rule.statuses if status.name in REASONS}
    return [
        (
            place.system,
            FieldSpec(
                place.object,
                native,
                field.name.replace("_", " ").capitalize(),
                "choice",
                options=tuple(Option(reason, reason) for reason in reasons[field.name]),
                help="Why: one of the reasons that sales and marketing agreed on.",
            ),
        )
        for field in rule.fields
        if field.name in reasons
        for place, native in field.places.items()
        if native.lower().startswith("smk_")
    ]


def judged_specs(rule: KindRule) -> list[tuple[str, FieldSpec]]:
    """(system, field) in which people say what they think of a lead, where they are fields of ours."""
    return [
        (
            place.system,
            FieldSpec(
                place.object,
                native,
                told.label,
                told.type,
                length={"text": 255, "long_text": LONG}.get(told.type),
                options=tuple(Option(value, value) for value in told.options),
                help=told.help,
            ),
        )
        for field in rule.fields
        if (told := JUDGED.get(field.name)) is not None
        for place, native in field.places.items()
        if native.lower().startswith("smk_")
    ]


def told_specs(rule: KindRule) -> list[tuple[str, FieldSpec]]:
    """(system, field) of ours in which one side is told what the other works out."""
    return [
        (place.system, FieldSpec(place.object, native, "Forecast category", "text", length=255, help=_KEPT))
        for field in rule.fields
        if field.name == "forecast"
        for place, native in field.places.items()
        if native.lower().startswith("smk_")
    ]


def meaning(stages: tuple[Stage, ...]) -> str:
    """What the stages mean, as short as a help text must be."""
    return "; ".join(f"{stage.name}: {stage.means}" for stage in stages)[:HELP_MOST]
