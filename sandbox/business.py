"""The business that people bring beyond what each of them tells: more deals, and years of calls, mails and meetings.

By chance of its own, so that the people are the same with it and without.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sandbox.hubspot.codec import iso
from sandbox.kernel import SEED, Row
from sandbox.people import DAY, Mix
from sandbox.people.story import CLOSED_STAGES, HOUSES, MEETINGS, NOTES, OPEN_STAGES, RANKS, SUBJECTS
from sandbox.populate import DEAL_STAGES, ENGAGEMENTS, Settler, owned, text_of_day

_ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks")
_LOGGED = ("emails",) * 8 + ("calls",) * 5 + ("notes",) * 3 + ("meetings",) * 2 + ("tasks",) * 2
_ENTERED = ("Email",) * 7 + ("Call",) * 6 + ("Task",) * 4 + ("Event",) * 3
_IN_HUBSPOT = 0.55
"""Share of what is logged there."""
_TOGETHER = 0.15
"""Share of meetings and mails with a second person."""
_BUYS = 3
"""The rank from which on people buy."""
HOUR = 3_600_000


class _Who(NamedTuple):
    """A person in one system, as far as business goes."""

    object: str
    id: str
    name: str
    created: int
    owner: str | None
    company: str | None
    rank: int = 0
    """How far along marketing has them: `RANKS`."""


class Business:
    """Fills both systems up to the proportions of a mix."""

    def __init__(self, settler: Settler, seed: int) -> None:
        self.settler = settler
        self.hubspot, self.salesforce, self.now = settler.hubspot, settler.salesforce, settler.now
        self.rng = random.Random(f"business {seed}")
        self.contacts = [*self._contacts()]
        self.customers = [who for who in self._crm("Contact") if who.company is not None]
        self.prospects = [*self._crm("Lead"), *self.customers]
        self.buyers = [who for who in self.contacts if who.rank >= _BUYS] or self.contacts

    def fill(self, mix: Mix, people: int) -> None:
        """Deals and activities until there are as many, over both systems, as the mix says for so many people."""
        if not (self.contacts and self.customers):
            return
        there = len(self.salesforce.store.shelf("Opportunity").rows)
        for _ in range(int(mix.deals * people) - there):
            self._deal_of_contact() if self.rng.random() < _IN_HUBSPOT else self._deal_of_account()
        logged = sum(len(self.hubspot.records[name].rows) for name in _ACTIVITIES)
        entered = sum(len(self.salesforce.store.shelf(name).rows) for name in ("Task", "Event"))
        for _ in range(int(mix.activities * people) - logged - entered):
            self._log() if self.rng.random() < _IN_HUBSPOT else self._enter()

    # -- who there is --------------------------------------------------------------------------------------------------

    def _contacts(self) -> Iterator[_Who]:
        for id, row in _live(self.hubspot.records["contacts"].rows):
            values = row.values
            company = next(iter(self.hubspot.linked("contacts", id, "companies")), None)
            name = str(values.get("lastname") or "Prospect")
            rank = RANKS.get(str(values.get("lifecyclestage")), 0)
            yield _Who("contacts", id, name, row.created, values.get("hubspot_owner_id"), company, rank)

    def _crm(self, object: str) -> Iterator[_Who]:
        for id, row in _live(self.salesforce.store.shelf(object).rows):
            if not row.values.get("IsConverted"):
                values = row.values
                name, company = str(values.get("LastName") or "Prospect"), values.get("AccountId")
                yield _Who(object, id, name, row.created, values.get("OwnerId"), company)

    def _when(self, who: _Who) -> int:
        return who.created + int(self.rng.random() * max(self.now - who.created, HOUR))

    # -- deals ---------------------------------------------------------------------------------------------------------

    def _terms(self, who: _Who) -> tuple[str, str, float, int, int]:
        """Name, stage, amount, when it was made, when it closes."""
        made = self._when(who)
        stage = self.rng.choice(OPEN_STAGES if self.rng.random() < 0.4 else CLOSED_STAGES)
        closes = made + int(self.rng.random() * 200 * DAY)
        closes = min(closes, self.now) if stage in CLOSED_STAGES else max(closes, self.now)
        name = f"{who.name} - {self.rng.choice(HOUSES)}, {text_of_day(made)}"
        return name, stage, float(self.rng.randint(180, 900)) * 1_000, made, closes

    def _deal_of_contact(self) -> None:
        who = self.rng.choice(self.buyers)
        name, stage, amount, made, closes = self._terms(who)
        values = {
            "dealname": name, "amount": f"{amount:.0f}", "pipeline": "default", "dealstage": DEAL_STAGES[stage],
            "closedate": iso(closes), "dealtype": "newbusiness", "hubspot_owner_id": who.owner,
            "hs_is_closed": str(stage in CLOSED_STAGES).lower(),
            "hs_is_closed_won": str(stage == "Closed Won").lower(),
        }  # fmt: skip
        deal = self.hubspot.seed("deals", values, created=made)
        self.hubspot.associate("deals", deal, "contacts", who.id, SEED)
        if who.company is not None:
            self.hubspot.associate("deals", deal, "companies", who.company, SEED)

    def _deal_of_account(self) -> None:
        who = self.rng.choice(self.customers)
        name, stage, amount, made, closes = self._terms(who)
        deal = {
            "Name": name, "StageName": stage, "Amount": amount, "AccountId": who.company,
            "CloseDate": text_of_day(closes),
        }  # fmt: skip
        id = self.settler.enter("Opportunity", owned(deal, who.owner), made)
        role = {"OpportunityId": id, "ContactId": who.id, "Role": "Decision Maker", "IsPrimary": True}
        self.settler.enter("OpportunityContactRole", role, made)

    # -- activities ----------------------------------------------------------------------------------------------------

    def _log(self) -> None:
        """Marketing's own people, and those of sales who work in HubSpot."""
        # Whoever is further along has been in touch more often.
        who = max(self.rng.choice(self.contacts), self.rng.choice(self.contacts), key=lambda one: one.rank)
        object = self.rng.choice(_LOGGED)
        at = self._when(who)
        values = {"hs_timestamp": iso(at), "hubspot_owner_id": who.owner, **_TOLD[object]}
        if object == "notes":
            values["hs_note_body"] = f"<p>{self.rng.choice(NOTES)}</p>"
        else:
            values[_TITLES[object]] = self._subject(object == "meetings")
        if object == "meetings":
            values |= {"hs_meeting_start_time": iso(at), "hs_meeting_end_time": iso(at + HOUR)}
        id = self.hubspot.seed(object, values, created=at)
        self.hubspot.associate(object, id, "contacts", who.id, SEED)
        if object in ("meetings", "emails") and self.rng.random() < _TOGETHER:
            self.hubspot.associate(object, id, "contacts", self.rng.choice(self.contacts).id, SEED)
        if who.company is not None and self.rng.random() < 0.5:
            self.hubspot.associate(object, id, "companies", who.company, SEED)

    def _enter(self) -> None:
        """Sales."""
        who, sort = self.rng.choice(self.prospects), self.rng.choice(_ENTERED)
        at, about = self._when(who), {"WhoId": who.id}
        if who.company is not None:
            about |= {"AccountId": who.company, "WhatId": who.company}
        owner = who.owner if who.owner != self.settler.queue else None
        if sort == "Event":
            values = {
                "Subject": self._subject(True), "StartDateTime": at // 60_000 * 60_000, "DurationInMinutes": 60,
                "EndDateTime": at // 60_000 * 60_000 + HOUR, **about,
            }  # fmt: skip
            self.settler.enter("Event", owned(values, owner), at)
            return
        done = sort != "Task" or self.rng.random() < 0.7
        values = {
            "Subject": self._subject(False), "TaskSubtype": sort, "Priority": "Normal", "ActivityDate": text_of_day(at),
            "Status": "Completed" if done else "Not Started", **({"CompletedDateTime": at} if done else {}), **about,
        }  # fmt: skip
        if sort == "Call":
            values |= {"CallType": "Outbound", "CallDisposition": "Connected", "CallDurationInSeconds": 180}
        self.settler.enter("Task", owned(values, owner), at)

    def _subject(self, meeting: bool) -> str:
        return self.rng.choice(MEETINGS if meeting else SUBJECTS)


_TOLD = {
    object: {name: value for name, value in values.items() if "body" not in name} for object, values in ENGAGEMENTS
}
_TITLES = {
    "calls": "hs_call_title", "emails": "hs_email_subject", "meetings": "hs_meeting_title", "tasks": "hs_task_subject",
}  # fmt: skip


def _live(rows: Mapping[str, Row]) -> Iterator[tuple[str, Any]]:
    return ((id, row) for id, row in rows.items() if row.archived_at is None)
