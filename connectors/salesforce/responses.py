"""Responses to campaigns: what campaign members did, told as interactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from connectors.errors import Misconfigured
from connectors.port import Cursor, Interaction, Interactions, Record
from connectors.salesforce.changes import Changes

CAMPAIGNS = "campaigns"
SOURCES: Mapping[str, frozenset[str]] = {CAMPAIGNS: frozenset({"campaign_response"})}
MEMBER = "CampaignMember"
FIELDS = ("LeadId", "ContactId", "Status", "HasResponded", "FirstRespondedDate", "Campaign.Name")


def responses(changes: Changes, source: str, since: Cursor | None) -> Iterator[Interactions]:
    """Those who responded; a member of a lead that was converted is the contact's."""
    if source != CAMPAIGNS:
        raise Misconfigured(f"Salesforce has no source of interactions that is called {source!r}")
    for page in changes.pages(MEMBER, FIELDS, since):
        told = [
            _response(record) for record in page.records if record.fields.get("HasResponded") and not record.deleted
        ]
        yield Interactions(told, page.cursor)


def _response(record: Record) -> Interaction:
    told = record.fields
    name = str(told.get("Campaign.Name") or "")
    contact = told.get("ContactId")
    return Interaction(
        id=record.ref.id,
        at=_day(told.get("FirstRespondedDate")) or record.version,
        sort="campaign_response",
        object="Contact" if contact else "Lead",
        record=str(contact or told.get("LeadId") or ""),
        title=name,
        campaign=name,
        outcome=str(told.get("Status") or ""),
    )


def _day(value: Any) -> int | None:
    """The noon of a day, ms: Salesforce keeps no time of the first response."""
    if not value:
        return None
    return int(datetime.combine(date.fromisoformat(str(value)[:10]), time(12), UTC).timestamp()) * 1000
