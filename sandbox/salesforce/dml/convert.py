"""convertLead() (SOAP guide): a lead becomes a contact, an account and, unless told otherwise, an opportunity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.dml.engine import Engine
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.times import DAY_MS

CLOSE_AFTER_MS = 90 * DAY_MS
"""A new opportunity closes at the end of the quarter; ours after as many days."""

_TO_CONTACT = {
    "FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Title": "Title", "Email": "Email",
    "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "LeadSource": "LeadSource",
    "Description": "Description", "HasOptedOutOfEmail": "HasOptedOutOfEmail", "DoNotCall": "DoNotCall",
    "HasOptedOutOfFax": "HasOptedOutOfFax", "IndividualId": "IndividualId", "Street": "MailingStreet",
    "City": "MailingCity", "State": "MailingState", "PostalCode": "MailingPostalCode", "Country": "MailingCountry",
}  # fmt: skip
_TO_ACCOUNT = {
    "Company": "Name", "Website": "Website", "Phone": "Phone", "Fax": "Fax", "Industry": "Industry", "Rating": "Rating",
    "AnnualRevenue": "AnnualRevenue", "NumberOfEmployees": "NumberOfEmployees", "Street": "BillingStreet",
    "City": "BillingCity", "State": "BillingState", "PostalCode": "BillingPostalCode", "Country": "BillingCountry",
}  # fmt: skip
_TO_OPPORTUNITY = {"LeadSource": "LeadSource"}


@dataclass(frozen=True, slots=True)
class Conversion:
    """One LeadConvert, in the terms of the SOAP guide."""

    lead_id: str
    converted_status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    create_opportunity: bool = True
    overwrite_lead_source: bool = False
    owner_id: str | None = None


def convert(engine: Engine, wish: Conversion, writer: Writer) -> dict[str, str | None]:
    """`{accountId, contactId, leadId, opportunityId}`."""
    store = engine.store
    lead = engine.target("Lead", wish.lead_id)
    _check(engine, lead, wish)
    if writer.refuse is not None:
        writer.refuse("Lead", lead.id, lead.values)
    owner = wish.owner_id or lead.values["OwnerId"]
    account = wish.account_id or _made(engine, "Account", lead, _TO_ACCOUNT, {"OwnerId": owner}, writer)
    if wish.account_id:
        _fill(engine, "Account", wish.account_id, lead, _TO_ACCOUNT, writer)
    contact = wish.contact_id
    if contact:
        _fill(engine, "Contact", contact, lead, _TO_CONTACT, writer, wish.overwrite_lead_source)
    else:
        contact = _made(engine, "Contact", lead, _TO_CONTACT, {"OwnerId": owner, "AccountId": account}, writer)
    opportunity = wish.opportunity_id or _opportunity(engine, wish, lead, owner, account, contact, writer)
    _move_children(engine, lead.id, contact, opportunity, writer)
    now = engine.clock.now()
    values = {
        **lead.values,
        "IsConverted": True,
        "Status": wish.converted_status,
        "ConvertedDate": (datetime_text(now) or "")[:10],
        "ConvertedAccountId": account,
        "ConvertedContactId": contact,
        "ConvertedOpportunityId": opportunity,
        "IsUnreadByOwner": False,
    }
    store_lead = store.find("Lead", lead.id)
    assert store_lead is not None
    engine.write("Lead", store_lead, values, writer)
    return {"accountId": account, "contactId": contact, "leadId": lead.id, "opportunityId": opportunity}


def _check(engine: Engine, lead: Row, wish: Conversion) -> None:
    if lead.values.get("IsConverted"):
        raise RecordError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ())
    converted = {row.values["MasterLabel"] for row in engine.store.shelf("LeadStatus") if row.values.get("IsConverted")}
    if wish.converted_status not in converted:
        raise RecordError("INVALID_STATUS", f"invalid convertedStatus: {wish.converted_status}", ("ConvertedStatus",))
    if wish.contact_id and not wish.account_id:
        raise RecordError("REQUIRED_FIELD_MISSING", "AccountId is required when ContactId is given", ("AccountId",))
    if wish.account_id:
        engine.target("Account", wish.account_id)
    if wish.contact_id:
        contact = engine.target("Contact", wish.contact_id)
        if contact.values.get("AccountId") != wish.account_id:
            raise RecordError(
                "INVALID_CROSS_REFERENCE_KEY", "The contact does not belong to the account", ("ContactId",)
            )
    if not wish.owner_id and str(lead.values.get("OwnerId", "")).startswith("00G"):
        raise RecordError("REQUIRED_FIELD_MISSING", "Owner is required when the lead is owned by a queue", ("OwnerId",))


def _carried(engine: Engine, lead: Row, target: str, names: dict[str, str]) -> dict[str, Any]:
    """Mapped standard fields, and custom fields of the same name."""
    fields = engine.store.org.objects[target].fields
    values = {to: lead.values.get(name) for name, to in names.items()}
    if target == "Contact":
        values |= {n: v for n, v in lead.values.items() if n.endswith("__c")}
    return {k: v for k, v in values.items() if v is not None and k in fields}


def _made(engine: Engine, target: str, lead: Row, names: dict[str, str], more: dict[str, Any], writer: Writer) -> str:
    values = _carried(engine, lead, target, names) | more
    return engine.save_new(engine.store.org.objects[target], values, writer)


def _fill(
    engine: Engine, target: str, record_id: str, lead: Row, names: dict[str, str], writer: Writer, source: bool = False
) -> None:
    """Only empty fields of an existing record are filled; flags are never taken back."""
    row = engine.target(target, record_id)
    carried = _carried(engine, lead, target, names)
    new = {k: v for k, v in carried.items() if row.values.get(k) in (None, False) or (k == "LeadSource" and source)}
    if new:
        engine.write(target, row, {**row.values, **new}, writer)


def _opportunity(
    engine: Engine, wish: Conversion, lead: Row, owner: str, account: str, contact: str, writer: Writer
) -> str | None:
    if not wish.create_opportunity:
        return None
    close = datetime_text(engine.clock.now() + CLOSE_AFTER_MS) or ""
    more = {
        "Name": (wish.opportunity_name or lead.values.get("Company", ""))[:80],
        "StageName": engine.store.org.objects["Opportunity"].fields["StageName"].picklist[0].value,
        "CloseDate": close[:10],
        "AccountId": account,
        "OwnerId": owner,
        "ContactId": contact,
    }
    return _made(engine, "Opportunity", lead, _TO_OPPORTUNITY, more, writer)


def _move_children(engine: Engine, lead_id: str, contact: str, opportunity: str | None, writer: Writer) -> None:
    store = engine.store
    for name in ("Task", "Event"):
        for row in list(store.shelf(name).live_matching("WhoId", lead_id)):
            moved = {**row.values, "WhoId": contact}
            if opportunity:
                moved["WhatId"] = opportunity
            engine.write(name, row, moved, writer)
    for row in list(store.shelf("CampaignMember").live_matching("LeadId", lead_id)):
        engine.write("CampaignMember", row, {**row.values, "ContactId": contact}, writer)
