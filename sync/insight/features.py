"""`[insight]`: what is learned from what both systems know, and written back; what has to be read for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insight.fields import BEHAVIOUR, CONTENT, JUDGED, OUTCOMES, QUALIFICATION, SCORE, SLA, STAGES
from sync.settings.fields import FieldSettings, Section, mapped

if TYPE_CHECKING:
    from sync.settings.common import Settings


class InsightSettings(Section):
    """`[insight]`"""

    behaviour: bool = False
    outcomes: bool = False
    company_stage: bool = False
    qualification: bool = False
    content: str = ""
    costs: str = ""


def features(settings: Settings) -> frozenset[str]:
    """The features that are on: their fields are made, worked out and written."""
    on = {
        BEHAVIOUR: settings.insight.behaviour,
        OUTCOMES: settings.insight.outcomes,
        SCORE: settings.score.enabled,
        SLA: settings.sla.on,
        STAGES: settings.insight.company_stage,
        QUALIFICATION: settings.insight.qualification,
        CONTENT: settings.insight.behaviour and bool(settings.insight.content),
    }
    return frozenset(name for name, is_on in on.items() if is_on)


def _told(hubspot: str | dict[str, str], type: str = "text") -> FieldSettings:
    """Read in HubSpot, and carried nowhere."""
    return mapped(hubspot, None, type, to="none", personal=False)


def _judged(name: str) -> FieldSettings:
    """Filled in on either side, and carried to the other."""
    salesforce = "_".join(part.capitalize() for part in name.split("_"))
    return mapped(f"smk_{name}", f"SMK_{salesforce}__c", JUDGED[name].type, tie="crm", personal=False)


READ: dict[str, dict[str, dict[str, FieldSettings]]] = {
    BEHAVIOUR: {
        "person": {
            "source": _told("hs_analytics_source"),
            "source_detail": _told("hs_analytics_source_data_1"),
            "first_seen": _told("hs_analytics_first_timestamp", "datetime"),
            "first_page": _told("hs_analytics_first_url"),
            "last_visit": _told("hs_analytics_last_visit_timestamp", "datetime"),
            "last_page": _told("hs_analytics_last_url"),
            "visits": _told("hs_analytics_num_visits", "int"),
            "page_views": _told("hs_analytics_num_page_views", "int"),
            "last_open": _told("hs_email_last_open_date", "datetime"),
            "last_click": _told("hs_email_last_click_date", "datetime"),
            "last_mail": _told("hs_email_last_email_name"),
            "first_offer": _told("first_conversion_event_name"),
            "first_offer_at": _told("first_conversion_date", "datetime"),
            "last_offer": _told("recent_conversion_event_name"),
            "last_offer_at": _told("recent_conversion_date", "datetime"),
        },
        "activity": {
            "mail_direction": _told({"emails": "hs_email_direction"}),
            "made_by": _told({"calls": "hs_object_source", "emails": "hs_object_source"}),
            "held": _told({"meetings": "hs_meeting_outcome"}),
        },
    },
    QUALIFICATION: {"person": {name: _judged(name) for name in JUDGED if name != "lead_quality"}},
    OUTCOMES: {
        "person": {
            "lead_quality": mapped(
                "smk_lead_quality", "SMK_Lead_Quality__c", "choice", rule="always_use_salesforce", personal=False
            )
        }
    },
}
"""feature → kind → the fields that it reads; one that the configuration has under that name is the configuration's."""


def known_fields(settings: Settings, kind: str) -> dict[str, FieldSettings]:
    """The fields of this kind: those that the features which are on read, and those of the configuration."""
    on = features(settings)
    read = {name: field for feature in READ if feature in on for name, field in READ[feature].get(kind, {}).items()}
    found: dict[str, FieldSettings] = read | getattr(settings, kind).all_fields
    return found
