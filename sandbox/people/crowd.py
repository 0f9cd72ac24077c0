"""A stream of people as two systems hold them: some in both, some in one, the same person never quite the same.

Everything comes from one `random.Random`, so a seed always gives the same people.  A clean person is drawn first and
written in each system's words; then, for a good share of them, something is spoilt the way real records are
(`dirt.py`).  Nothing is kept but the mailboxes handed out, so a million people cost little memory of their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.hubspot.codec import iso
from sandbox.people import dirt, story
from sandbox.people.places import PLACES, Name, Place, Town
from sandbox.people.staff import Staff
from sandbox.people.story import DAY, MIX, Mix, Source

Values = dict[str, Any]

_BY_WEIGHT: tuple[Place, ...] = tuple(place for place in PLACES for _ in range(place.weight))


class Company(NamedTuple):
    """An employer: an Account, a HubSpot company, or both."""

    name: str
    domain: str
    place: Place
    town: Town
    industry: str
    employees: int
    account: str | None = None
    """Salesforce id, once it is known there."""
    hubspot: str | None = None
    """HubSpot id, once it is known there."""


@dataclass(slots=True)
class Person:
    """One human being, or what passes for one, as both systems hold them."""

    number: int
    place: Place
    hubspot: Values | None
    """Contact properties, all text; None when HubSpot does not know the person."""
    salesforce: Values | None
    object: str
    """Lead or Contact."""
    stage: str
    """lifecyclestage, also when only Salesforce knows the person."""
    created: int
    """ms; in HubSpot."""
    created_crm: int
    company: Company | None
    company_name: str = ""
    """What the account of a converted lead is called when no employer gives the name."""
    converted: bool = False
    """A Contact that was a Lead first: both exist, an account, and when `deal` is set an opportunity."""
    deal: Values | None = None
    """Values of an Opportunity; `close` is its day in ms."""
    twins: list[tuple[str, Values]] = field(default_factory=list)
    """More Salesforce records of the same person."""
    binned: str = ""
    """hubspot or salesforce: that record was thrown away."""
    dirt: str = ""
    """What is wrong with the person: a name from `dirt.KINDS`, or empty."""


def companies(rng: random.Random, count: int) -> list[Company]:
    """So many employers, each with its own made-up domain under the reserved name `example`."""
    made = []
    for number in range(count):
        place = rng.choice(_BY_WEIGHT)
        founder = rng.choice(place.family)
        name = rng.choice(place.forms).format(founder.text)
        domain = f"{founder.slug}-{rng.choice(_TRADES)}{number}.example"
        employees = int(10 ** (rng.random() * 3.3)) + 1
        made.append(Company(name, domain, place, rng.choice(place.towns), rng.choice(story.INDUSTRIES), employees))
    return made


_ROLES = ("info", "sales", "office", "kontakt", "noreply", "einkauf")
_TRADES = ("homes", "bau", "invest", "roof", "design", "estate", "group", "consult")


def digits(pattern: str, number: int) -> str:
    """Fill `#` and `@` of a pattern from a number, from the right, so that neighbours differ."""
    if "#" not in pattern:
        return pattern
    out = list(pattern)
    for i in range(len(out) - 1, -1, -1):
        if out[i] == "#":
            number, digit = divmod(number, 10)
            out[i] = "0123456789"[digit]
        elif out[i] == "@":
            number, letter = divmod(number, 26)
            out[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[letter]
    return "".join(out)


class Crowd:
    """Iterate to get `count` people.  `now` (ms) is the newest a record can be; `now` and `rng` decide everything."""

    def __init__(
        self,
        rng: random.Random,
        count: int,
        now: int,
        staff: Staff,
        employers: Sequence[Company],
        mix: Mix = MIX,
    ) -> None:
        self.rng = rng
        self.count = count
        self.now = now
        self.staff = staff
        self.employers = employers
        self.mix = mix
        self._mailboxes: set[str] = set()
        self._span = mix.years * 365 * DAY

    def __iter__(self) -> Iterator[Person]:
        previous: Person | None = None
        for number in range(self.count):
            person = self._person(number)
            if self.rng.random() < self.mix.dirty:
                dirt.spoil(person, previous, self.rng)
            yield person
            previous = person

    def _person(self, number: int) -> Person:
        rnd = self.rng.random
        mix = self.mix
        pick = rnd()
        in_hubspot = pick < mix.both + mix.hubspot_only
        in_crm = pick < mix.both or not in_hubspot
        employers = self.employers
        company = employers[int(rnd() * len(employers))] if employers and rnd() < 0.55 else None
        place = company.place if company is not None and rnd() < 0.9 else _BY_WEIGHT[int(rnd() * len(_BY_WEIGHT))]
        stages = story.STAGES_IN_CRM if in_crm else story.STAGES_HUBSPOT_ONLY
        # The newest months are the busiest: the square of an even number lies near zero.
        age = rnd()
        created = self.now - int(age * age * self._span) - int(rnd() * DAY)
        person = Person(
            number, place, None, None, "", stages[int(rnd() * len(stages))], created, created, company,
        )  # fmt: skip
        self._write(person, in_hubspot, in_crm)
        return person

    def _write(self, person: Person, in_hubspot: bool, in_crm: bool) -> None:
        rnd = self.rng.random
        place, company = person.place, person.company
        given = place.given[int(rnd() * len(place.given))]
        family = place.family[int(rnd() * len(place.family))]
        town = place.towns[int(rnd() * len(place.towns))]
        advanced = story.RANKS[person.stage] >= 3 and rnd() < 0.4
        sources = story.GOOD if advanced else story.SOURCES
        source = sources[int(rnd() * len(sources))]
        person.created_crm = min(self.now - 60_000, person.created + int(rnd() * 30 * DAY))
        home = _Home(
            given,
            family,
            self._email(given, family, person, in_hubspot),
            digits(place.phones[int(rnd() * len(place.phones))], int(rnd() * 100_000)),
            digits(place.phones[-1], int(rnd() * 100_000)) if rnd() < 0.4 else None,
            place.titles[int(rnd() * len(place.titles))] if rnd() < 0.6 else None,
            place.streets[int(rnd() * len(place.streets))].format(int(rnd() * 180) + 1) if rnd() < 0.7 else None,
            town,
            digits(town.zip, int(rnd() * 1_000_000)),
            source,
            int(rnd() * len(self.staff.salesforce)) if self.staff.salesforce else -1,
            company.name if company is not None else None,
            story.WISHES[int(rnd() * len(story.WISHES))] if rnd() < 0.3 else None,
        )
        status = _status(person.stage, rnd)
        if in_crm:
            self._crm(person, home, status)
        if in_hubspot:
            self._hubspot(person, home, status, in_crm)
        if in_hubspot and in_crm and rnd() < self.mix.differing:
            assert person.hubspot is not None and person.salesforce is not None
            dirt.differ(person, self.rng)

    def _email(self, given: Name, family: Name, person: Person, in_hubspot: bool) -> str:
        rnd = self.rng.random
        company = person.company
        if company is None:
            free = person.place.freemail
            # Nobody real has such a mailbox: the number and the word say what it is.
            return f"{given.slug}.{family.slug}.sample{person.number:07d}@{free[int(rnd() * len(free))]}"
        style = rnd()
        if style < 0.04:
            role = f"{_ROLES[int(rnd() * len(_ROLES))]}@{company.domain}"
            # Several people may share one in Salesforce; HubSpot gives it to one contact only.
            if not in_hubspot or role not in self._mailboxes:
                self._mailboxes.add(role)
                return role
        if style < 0.5:
            local = f"{given.slug}.{family.slug}"
        elif style < 0.75:
            local = f"{given.slug[0]}.{family.slug}"
        else:
            local = f"{family.slug}{given.slug[0]}"
        mailbox = f"{local}@{company.domain}"
        if mailbox in self._mailboxes:
            return f"{local}{person.number}@{company.domain}"
        self._mailboxes.add(mailbox)
        return mailbox

    def _hubspot(self, person: Person, home: _Home, status: str | None, owned: bool) -> None:
        rnd = self.rng.random
        source, place = home.source, person.place
        values: Values = {
            "email": home.email,
            "firstname": home.given.text,
            "lastname": home.family.text,
            "lifecyclestage": person.stage,
            "hs_analytics_source": source.hubspot,
            "country": place.countries[0],
            "city": home.town.name,
            "zip": home.zip,
        }
        if home.town.state:
            values["state"] = home.town.state
        if source.detail:
            values["hs_analytics_source_data_1"] = source.detail
        self._behaviour(values, person, source)
        for name, value in (
            ("phone", home.phone if rnd() < 0.7 else None),
            ("mobilephone", home.mobile),
            ("jobtitle", home.title),
            ("company", home.company),
            ("address", home.street),
            ("message", home.wish),
        ):
            if value:
                values[name] = value
        if owned and home.owner >= 0 and rnd() < 0.9:
            owner = self.staff.hubspot[home.owner]
            if owner is not None:
                values["hubspot_owner_id"] = owner
        if status is not None and owned:
            fitting = story.HUBSPOT_LEAD_STATUS[status]
            values["hs_lead_status"] = fitting[int(rnd() * len(fitting))]
        person.hubspot = values

    def _behaviour(self, values: Values, person: Person, source: Source) -> None:
        """Visits, forms, e-mails and stage dates: the further on, the more, with much chance in it."""
        rnd = self.rng.random
        rank = story.RANKS[person.stage]
        age = self.now - person.created
        if source.page:
            pages = int(rnd() * rnd() * (8 + 9 * rank)) + 1
            values["hs_analytics_first_url"] = "https://www.homes.example" + source.page
            values["hs_analytics_num_page_views"] = str(pages)
            values["hs_analytics_num_visits"] = str(pages // 4 + 1)
            values["hs_analytics_last_visit_timestamp"] = iso(self.now - int(age * rnd()))
        if source.form:
            values["recent_conversion_event_name"] = source.form
            values["num_conversion_events"] = "1" if rnd() < 0.85 - 0.1 * rank else "3"
            values["recent_conversion_date"] = iso(person.created + int(age * rnd() * 0.3))
        if "email" in values and rnd() < 0.6:
            opened = int(rnd() * rnd() * (4 + 5 * rank))
            values["hs_email_delivered"] = str(opened + int(rnd() * 9))
            if opened:
                values["hs_email_open"] = str(opened)
                values["hs_email_last_open_date"] = iso(self.now - int(age * rnd()))
            if opened > 3:
                values["hs_email_click"] = str(opened // 3)
        if rank >= 2:
            qualified = person.created + int(age * rnd() * 0.4)
            values["hs_lifecyclestage_marketingqualifiedlead_date"] = iso(qualified)
            if rank > 2:
                values[f"hs_lifecyclestage_{person.stage}_date"] = iso(qualified + int((self.now - qualified) * rnd()))

    def _crm(self, person: Person, home: _Home, status: str | None) -> None:
        rnd = self.rng.random
        place, company = person.place, person.company
        values: Values = {
            "FirstName": home.given.text,
            "LastName": home.family.text,
            "Email": home.email,
            "LeadSource": home.source.salesforce,
        }
        salutation = place.salutations[int(rnd() * len(place.salutations))]
        person.converted = status is None and rnd() < 0.6
        person.object = "Contact" if status is None else "Lead"
        prefix = "Mailing" if status is None else ""
        for name, value in (
            ("Salutation", salutation),
            ("Title", home.title),
            ("Phone", home.phone if rnd() < 0.8 else None),
            ("MobilePhone", home.mobile),
            (prefix + "Street", home.street),
            (prefix + "City", home.town.name),
            (prefix + "State", home.town.state),
            (prefix + "PostalCode", home.zip),
            (prefix + "Country", place.countries[0]),
            ("Description", home.wish),
        ):
            if value:
                values[name] = value
        if home.owner >= 0:
            queued = self.staff.queue is not None and status == "Open - Not Contacted" and rnd() < 0.1
            owner = self.staff.queue if queued else self.staff.salesforce[home.owner]
            if owner is not None:
                values["OwnerId"] = owner
        if status is not None:
            values["Status"] = status
            values["Company"] = home.company or f"{home.family.text} (private)"
            if rnd() < 0.6:
                values["Rating"] = story.RATINGS[int(rnd() * len(story.RATINGS))]
            if company is not None:
                values["Industry"] = company.industry
                values["NumberOfEmployees"] = company.employees
                values["Website"] = "https://www." + company.domain
        elif company is not None and company.account is not None:
            values["AccountId"] = company.account
        if status is None and person.converted and rnd() < 0.8:
            person.deal = self._deal(person, home)
        person.salesforce = values

    def _deal(self, person: Person, home: _Home) -> Values:
        rnd = self.rng.random
        won = person.stage in ("customer", "evangelist")
        stage = "Closed Won" if won else _NOT_WON[int(rnd() * len(_NOT_WON))]
        age = self.now - person.created_crm
        return {
            "Name": f"{home.family.text} - {story.HOUSES[int(rnd() * len(story.HOUSES))]}",
            "StageName": stage,
            "Amount": float(180 + int(rnd() * rnd() * 900)) * 1_000,
            "LeadSource": home.source.salesforce,
            "close": person.created_crm + (int(age * rnd()) if won else age + int(rnd() * 200 * DAY)),
        }


_NOT_WON = (*story.OPEN_STAGES, "Closed Lost")


class _Home(NamedTuple):
    """What both systems are told about one person."""

    given: Name
    family: Name
    email: str
    phone: str
    mobile: str | None
    title: str | None
    street: str | None
    town: Town
    zip: str
    source: Source
    owner: int
    company: str | None
    wish: str | None


def _status(stage: str, rnd: Any) -> str | None:
    """Lead.Status that fits the stage, seldom another; None where the person has become a Contact."""
    fitting = story.LEAD_STATUS.get(stage)
    if fitting is None:
        return None
    if stage == "salesqualifiedlead" and rnd() < 0.35:
        return None
    choices = story.ANY_LEAD_STATUS if rnd() < 0.08 else fitting
    return choices[int(rnd() * len(choices))]
