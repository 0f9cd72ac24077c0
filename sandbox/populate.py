"""Puts people into the two systems: users first, then employers as accounts, then everyone in order.

The faces' `seed` is a fast path without validation, so that what no rule would let in today can be there all the same,
just as in systems that are older than their rules.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.hubspot import HubSpot, Owner
from sandbox.hubspot.codec import iso, moment
from sandbox.kernel import SEED, Caller, Change
from sandbox.people import DAY, QUEUE, Colleague, Company, Person, Staff, deeds
from sandbox.salesforce import Salesforce

_FIRST_OWNER = 71_500_000
_FIRST_USER = 9_300_000

CLEANER = Caller("human", "cleaner")
"""Who threw the records in the bins away."""


class Settler:
    """Writes into both faces and remembers what was written only as far as later records need it."""

    def __init__(self, hubspot: HubSpot, salesforce: Salesforce, rng: random.Random, now: int) -> None:
        self.hubspot = hubspot
        self.salesforce = salesforce
        self.rng = rng
        self.now = now
        self.born = now - 12 * 365 * DAY
        """When the users and accounts were set up."""
        self.clerk = salesforce.user_id
        """Who enters what belongs to nobody."""
        self.queue: str | None = None
        self.profile = next(iter(salesforce.store.shelf("Profile").rows))
        hubspot.pipelines.date(self.born)

    def staff(self, team: Iterable[Colleague], queue: bool = True) -> Staff:
        hubspot: list[str | None] = []
        salesforce: list[str | None] = []
        for colleague in team:
            hubspot.append(self._owner(colleague) if colleague.hubspot else None)
            salesforce.append(self._user(colleague) if colleague.salesforce else None)
        self.clerk = next((user for user in salesforce if user is not None), self.clerk)
        self.queue = self._queue() if queue else None
        return Staff(hubspot, salesforce, self.queue)

    def _owner(self, colleague: Colleague) -> str:
        number = len(self.hubspot.owners) + 1
        owner = Owner(
            str(_FIRST_OWNER + number),
            colleague.email,
            colleague.first,
            colleague.last,
            _FIRST_USER + number,
            archived=not colleague.active,
            created=self.born,
            updated=self.born,
        )
        self.hubspot.add_owner(owner)
        return owner.id

    def _user(self, colleague: Colleague) -> str:
        return self.salesforce.seed(
            "User",
            {
                "Username": colleague.email,
                "Email": colleague.email,
                "FirstName": colleague.first,
                "LastName": colleague.last,
                "Alias": colleague.last[:8],
                "CommunityNickname": colleague.email.partition("@")[0][:40],
                "IsActive": colleague.active,
                "UserType": "Standard",
                "ProfileId": self.profile,
                "TimeZoneSidKey": "Europe/Paris",
                "LocaleSidKey": "de_DE",
                "LanguageLocaleKey": "de",
                "EmailEncodingKey": "UTF-8",
            },
            created=self.born,
        )

    def _queue(self) -> str:
        values = {"Name": QUEUE, "DeveloperName": QUEUE.replace(" ", "_"), "Type": "Queue"}
        return self.salesforce.seed("Group", values, created=self.born)

    def employers(self, employers: Iterable[Company], staff: Staff) -> list[Company]:
        """The same employers with their ids: most are known to both systems, some to one."""
        return [self._employer(employer, staff) for employer in employers]

    def _employer(self, employer: Company, staff: Staff) -> Company:
        where = self.rng.random()
        owner = int(self.rng.random() * len(staff.salesforce))
        created = self.born + int(self.rng.random() * 8 * 365) * DAY
        return employer._replace(
            account=self._account(employer, staff.salesforce[owner], created) if where < 0.8 else None,
            hubspot=self._company(employer, staff.hubspot[owner], created) if not 0.55 < where < 0.8 else None,
        )

    def _company(self, employer: Company, owner: str | None, created: int) -> str:
        name = employer.name.upper() if self.rng.random() < 0.05 else employer.name
        values = {
            "name": name.partition(" ")[0] if self.rng.random() < 0.1 else name,
            "domain": employer.domain,
            "numberofemployees": str(employer.employees),
            "city": employer.town.name,
            "state": employer.town.state,
            "country": employer.place.countries[0],
            "industry": INDUSTRIES.get(employer.industry),
            "lifecyclestage": "customer" if self.rng.random() < 0.3 else "lead",
            "hubspot_owner_id": owner,
        }
        return self.hubspot.seed("companies", values, created=created)

    def _account(self, employer: Company, owner: str | None, created: int) -> str:
        values = {
            "Name": employer.name,
            "Website": "https://www." + employer.domain,
            "Industry": employer.industry,
            "NumberOfEmployees": employer.employees,
            "BillingCity": employer.town.name,
            "BillingState": employer.town.state,
            "BillingCountry": employer.place.countries[0],
            "Type": "Prospect" if self.rng.random() < 0.6 else "Customer - Direct",
        }
        return self.enter("Account", owned(values, owner), created)

    def people(self, crowd: Iterable[Person]) -> None:
        contacts: list[tuple[str, Person]] = []
        for person in crowd:
            record = self._salesforce(person)
            contact = self._hubspot(person)
            if contact is not None and not person.binned:
                contacts.append((contact, person))
            if person.binned == "hubspot" and contact is not None:
                self.hubspot.delete("contacts", contact, CLEANER)
            elif person.binned == "salesforce" and record is not None:
                self.salesforce.delete(person.object, record, CLEANER)

        for contact, person in contacts:
            self._engagement(contact, person)

    def _engagement(self, contact: str, person: Person) -> None:
        """What marketing's own people noted of some: by chance of its own, so that nothing else depends on it."""
        rng = random.Random(f"engagement {contact}")
        object, values = rng.choice(ENGAGEMENTS)
        at = person.created + int(rng.random() * 90) * DAY
        if rng.random() > 0.2 or at > self.now:
            return
        owner = (person.hubspot or {}).get("hubspot_owner_id")
        own = {"hs_timestamp": iso(at), **values, "hubspot_owner_id": owner}
        if object == "meetings":
            own |= {"hs_meeting_start_time": iso(at), "hs_meeting_end_time": iso(at + 3_600_000)}
        engagement = self.hubspot.seed(object, own, created=at)
        self.hubspot.associate(object, engagement, "contacts", contact, SEED)

    def _hubspot(self, person: Person) -> str | None:
        if person.hubspot is None:
            return None
        face = self.hubspot
        contact = face.seed("contacts", person.hubspot, created=person.created)
        deeds.tell(face.behaviour, contact, person.hubspot, self.now)
        self._way(contact, person.hubspot)
        company = person.company.hubspot if person.company is not None else None
        if company is not None:
            face.associate("contacts", contact, "companies", company, SEED)
        if person.deal is not None and self.rng.random() < 0.6:
            deal = face.seed("deals", self._deal(person.deal, person.hubspot), created=person.created_crm)
            face.associate("deals", deal, "contacts", contact, SEED)
            if company is not None:
                face.associate("deals", deal, "companies", company, SEED)
        return contact

    def _way(self, contact: str, values: Mapping[str, Any]) -> None:
        """How the person came to their stage, as the dates of the stages tell it: a lead, qualified, further."""
        row, stage = self.hubspot.records["contacts"].rows[contact], values.get("lifecyclestage")
        dates = {name: moment(str(values.get(f"hs_lifecyclestage_{name}_date") or "")) for name in (QUALIFIED, stage)}
        if dates[stage] is None:
            return
        told = [(row.created, "lead"), *((at, name) for name, at in dates.items() if at is not None)]
        row.history += [Change(at, "lifecyclestage", name, *row.born) for at, name in told]
        self.hubspot.records["contacts"].touch(row, max(at for at, _ in told))

    def _deal(self, deal: dict[str, Any], contact: dict[str, Any]) -> dict[str, Any]:
        """An opportunity as HubSpot tells it."""
        stage = DEAL_STAGES[deal["StageName"]]
        return {
            "dealname": deal["Name"],
            "amount": f"{deal['Amount']:.0f}" if deal["Amount"] else None,
            "pipeline": "default",
            "dealstage": stage,
            "closedate": iso(deal["close"]),
            "dealtype": "newbusiness",
            "hubspot_owner_id": contact.get("hubspot_owner_id"),
            "hs_is_closed": "true" if stage in ("closedwon", "closedlost") else "false",
            "hs_is_closed_won": "true" if stage == "closedwon" else "false",
        }

    def _salesforce(self, person: Person) -> str | None:
        if person.salesforce is None:
            return None
        if person.converted:
            record = self._converted(person, person.salesforce)
        else:
            record = self.enter(person.object, person.salesforce, person.created_crm)
        if person.stage in TOUCHED and self.rng.random() < 0.5:
            self._call(person, person.salesforce, record)
        for name, values in person.twins:
            self.enter(name, values, min(self.now, person.created_crm + int(self.rng.random() * 400) * DAY))
        return record

    def _call(self, person: Person, values: dict[str, Any], record: str) -> None:
        """A sales call, most within days of the hand-off, that reached somebody or did not."""
        rnd = self.rng.random
        at = min(self.now, person.created_crm + int(rnd() ** 3 * 20 * DAY))
        reached = rnd() < 0.6
        call = {
            "Subject": "Call",
            "TaskSubtype": "Call",
            "Status": "Completed",
            "Priority": "Normal",
            "CallType": "Outbound",
            "CallDisposition": "Connected" if reached else "No answer",
            "CallDurationInSeconds": int(rnd() * 900) + 20 if reached else 0,
            "ActivityDate": text_of_day(at),
            "CompletedDateTime": at,
            "WhoId": record,
        }
        if "AccountId" in values:
            call["AccountId"] = values["AccountId"]
        owner = values.get("OwnerId")
        self.enter("Task", owned(call, owner if owner != self.queue else None), at)

    def enter(self, name: str, values: dict[str, Any], created: int) -> str:
        """Entered by its owner, as far as that is a user: not by the integration, which has not run yet."""
        owner = values.get("OwnerId")
        author = owner if owner is not None and owner.startswith("005") else self.clerk
        values["CreatedById"] = values["LastModifiedById"] = author
        return self.salesforce.seed(name, values, created=created)

    def _converted(self, person: Person, contact: dict[str, Any]) -> str:
        """A lead that became a contact: four records that know of one another."""
        seed = self.enter
        owner = contact.get("OwnerId")
        deal = dict(person.deal) if person.deal is not None else None
        closes = deal.pop("close") if deal is not None else self.now
        at = min(person.created_crm + int(self.rng.random() * 60 * DAY), closes, self.now)
        company = person.company.name if person.company is not None else person.company_name
        account = contact.get("AccountId")
        if account is None:
            account = seed("Account", owned({"Name": company or f"{contact['LastName']} Household"}, owner), created=at)
        contact["AccountId"] = account
        record = seed("Contact", contact, at)
        opportunity = None
        if deal is not None:
            deal |= {"AccountId": account, "CloseDate": text_of_day(closes)}
            opportunity = seed("Opportunity", owned(deal, owner), at)
            role = {"OpportunityId": opportunity, "ContactId": record, "Role": "Decision Maker", "IsPrimary": True}
            seed("OpportunityContactRole", role, at)
        lead = {name: contact[name] for name in _KEPT if name in contact}
        lead |= {
            "Company": company or f"{contact['LastName']} (private)",
            "Status": "Closed - Converted",
            "IsConverted": True,
            "ConvertedDate": text_of_day(at),
            "ConvertedAccountId": account,
            "ConvertedContactId": record,
        }
        if opportunity is not None:
            lead["ConvertedOpportunityId"] = opportunity
        seed("Lead", lead, min(person.created_crm, at))
        return record


ENGAGEMENTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("calls", {
        "hs_call_title": "Asked for the plot list", "hs_call_direction": "INBOUND", "hs_call_status": "COMPLETED",
        "hs_call_duration": "184000", "hs_call_body": "<p>Two adults, <b>one</b> dog.</p><p>Call after 6 pm.</p>",
    }),
    ("emails", {
        "hs_email_subject": "Your visit at the model home", "hs_email_direction": "EMAIL", "hs_email_status": "SENT",
        "hs_email_text": "Dear customer,\nthe model home is open on Saturday.",
    }),
    ("meetings", {"hs_meeting_title": "Visit of the model home", "hs_meeting_location": "Lakeside"}),
    ("notes", {"hs_note_body": "<div><p>Prefers a south-facing terrace.</p></div>"}),
    ("tasks", {
        "hs_task_subject": "Send the price list", "hs_task_status": "NOT_STARTED", "hs_task_priority": "MEDIUM",
        "hs_task_type": "TODO",
    }),
)  # fmt: skip
"""What is logged in HubSpot, by object."""
INDUSTRIES = {
    "Construction": "CONSTRUCTION",
    "Engineering": "MECHANICAL_OR_INDUSTRIAL_ENGINEERING",
    "Finance": "FINANCIAL_SERVICES",
    "Consulting": "MANAGEMENT_CONSULTING",
    "Insurance": "INSURANCE",
    "Retail": "RETAIL",
}
"""Account.Industry as HubSpot calls it; there is nothing for the others."""
DEAL_STAGES = {
    "Prospecting": "appointmentscheduled",
    "Qualification": "qualifiedtobuy",
    "Needs Analysis": "presentationscheduled",
    "Proposal/Price Quote": "decisionmakerboughtin",
    "Negotiation/Review": "contractsent",
    "Closed Won": "closedwon",
    "Closed Lost": "closedlost",
}

QUALIFIED = "marketingqualifiedlead"
TOUCHED = frozenset({"salesqualifiedlead", "opportunity", "customer", "evangelist"})
"""Stages in which sales has been at work."""

_KEPT = ("FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "LeadSource", "OwnerId")
"""What a converted lead still shows of the person."""


def owned(values: dict[str, Any], owner: str | None) -> dict[str, Any]:
    """The values with their owner, if there is one."""
    if owner is not None:
        values["OwnerId"] = owner
    return values


def text_of_day(ms: int) -> str:
    """The day, in UTC, as Salesforce writes it."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
