"""What people do: page visits and other events, marketing emails, form submissions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.hubspot.codec import iso


class Event(NamedTuple):
    """One thing a contact did."""

    id: str
    object: str
    object_id: str
    type: str
    at: int
    properties: dict[str, Any]

    def shown(self) -> dict[str, Any]:
        return {
            "objectType": self.object.upper(),
            "objectId": self.object_id,
            "eventType": self.type,
            "occurredAt": iso(self.at),
            "id": self.id,
            "properties": self.properties,
        }


class EmailEvent(NamedTuple):
    """One step in the life of one marketing email."""

    id: str
    type: str
    recipient: str
    at: int
    campaign: int
    more: dict[str, Any]

    def shown(self, portal: int) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "recipient": self.recipient,
            "created": self.at,
            "portalId": portal,
            "appId": 113,
            "appName": "Batch",
            "emailCampaignId": self.campaign,
            **self.more,
        }


class Submission(NamedTuple):
    """A form that somebody filled in.  Nothing in it says which contact it became."""

    id: str
    at: int
    values: dict[str, str]
    page: str

    def shown(self) -> dict[str, Any]:
        listed = [{"name": n, "value": v, "objectTypeId": "0-1"} for n, v in self.values.items()]
        return {"conversionId": self.id, "submittedAt": self.at, "values": listed, "pageUrl": self.page}


@dataclass(slots=True)
class Form:
    """A form and what came in through it, oldest first."""

    guid: str
    name: str
    created: int
    submissions: list[Submission] = field(default_factory=list)


DEFAULT_TYPES = (
    "e_visited_page",
    "e_submitted_form",
    "e_opened_marketing_email",
    "e_clicked_marketing_email",
    "e_v2_contact_booked_meeting",
)


@dataclass(slots=True)
class Behaviour:
    """All of it, oldest first."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    """Contact id → events."""
    emails: list[EmailEvent] = field(default_factory=list)
    forms: dict[str, Form] = field(default_factory=dict)
    types: list[str] = field(default_factory=lambda: list(DEFAULT_TYPES))
