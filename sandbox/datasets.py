"""People from a published data set instead of made-up ones: a real funnel with its real times, sources and outcomes.

Olist's marketing funnel (two CSV files, joined by `mql_id`) is anonymised, so names and addresses are made up here,
always the same for the same id.  Every marketing-qualified lead becomes a HubSpot contact and a Salesforce lead owned
by its sales representative; a won one is converted and has an opportunity that was won on its day.  Wins that precede
the first contact are in the data and stay.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.people.crowd import Person
from sandbox.people.places import PLACES
from sandbox.people.staff import Colleague, Staff
from sandbox.people.story import DAY

LEADS = "olist_marketing_qualified_leads_dataset.csv"
DEALS = "olist_closed_deals_dataset.csv"

SOURCES = {
    "organic search": "ORGANIC_SEARCH",
    "paid search": "PAID_SEARCH",
    "social": "SOCIAL_MEDIA",
    "email": "EMAIL_MARKETING",
    "direct traffic": "DIRECT_TRAFFIC",
    "referral": "REFERRALS",
    "display": "OTHER_CAMPAIGNS",
    "other publicities": "OTHER_CAMPAIGNS",
    "other": "OFFLINE",
    "unknown": "OFFLINE",
}
"""Origin → hs_analytics_source."""

_BRAZIL = next(place for place in PLACES if place.code == "BR")
_SHOP = "https://shop.example/lp/"


@dataclass(slots=True)
class Dataset:
    """The rows of both files."""

    leads: list[dict[str, str]]
    won: dict[str, dict[str, str]]
    """mql_id → its row among the closed deals."""

    def colleagues(self) -> list[Colleague]:
        """A user for each sales representative, most deals first."""
        counts: dict[str, int] = {}
        for row in self.won.values():
            counts[row["sr_id"]] = counts.get(row["sr_id"], 0) + 1
        keys = sorted(counts, key=lambda key: (-counts[key], key))
        return [_colleague(key) for key in keys]

    def people(self, staff: Staff, team: list[Colleague]) -> Iterator[Person]:
        """Everyone in the order of the file.  `staff` holds the ids of `team`, in the same order."""
        places = {colleague.key: number for number, colleague in enumerate(team)}
        for number, row in enumerate(self.leads):
            won = self.won.get(row["mql_id"])
            owner = places[won["sr_id"]] if won else int(row["mql_id"][:6], 16) % len(team)
            yield _person(number, row, won, staff.hubspot[owner], staff.salesforce[owner])


def load(folder: Path) -> Dataset:
    """Read a folder that holds the two Olist files, or whose `olist` does; FileNotFoundError says what is missing."""
    for place in (folder, folder / "olist"):
        if (place / LEADS).is_file() and (place / DEALS).is_file():
            return Dataset(_rows(place / LEADS), {row["mql_id"]: row for row in _rows(place / DEALS)})
    raise FileNotFoundError(f"No data set is in {folder}: {LEADS} and {DEALS} are looked for.")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _colleague(key: str) -> Colleague:
    given, family = _name(key)
    return Colleague(given.text, family.text, f"{given.slug}.{family.slug}.{key[:6]}@shop.example", key=key)


def _name(key: str) -> Any:
    first, second = int(key[:8], 16), int(key[8:16], 16)
    return _BRAZIL.given[first % len(_BRAZIL.given)], _BRAZIL.family[second % len(_BRAZIL.family)]


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def _person(
    number: int, row: dict[str, str], won: dict[str, str] | None, contact_owner: str | None, owner: str | None
) -> Person:
    key = row["mql_id"]
    given, family = _name(key)
    town = _BRAZIL.towns[int(key[16:20], 16) % len(_BRAZIL.towns)]
    email = f"{given.slug}.{family.slug}.{key[:12]}@seller.example"
    company = f"{family.text} {won['business_segment'] if won else 'loja'} {key[:4]}"
    # The file knows the day only; the id spreads the day's contacts over its hours.
    created = _ms(row["first_contact_date"]) + int(key[20:28], 16) % DAY
    stage = "customer" if won else "marketingqualifiedlead"
    contact: dict[str, Any] = {
        "email": email,
        "firstname": given.text,
        "lastname": family.text,
        "company": company,
        "city": town.name,
        "state": town.state,
        "country": "Brazil",
        "lifecyclestage": stage,
        "hs_analytics_first_url": _SHOP + row["landing_page_id"],
        "recent_conversion_event_name": "Sell with us: Registration",
        "hubspot_owner_id": contact_owner,
    }
    if row["origin"]:
        contact["hs_analytics_source"] = SOURCES[row["origin"]]
        contact["hs_analytics_source_data_1"] = row["origin"]
    address = "Mailing" if won else ""
    crm: dict[str, Any] = {
        "FirstName": given.text,
        "LastName": family.text,
        "Email": email,
        "LeadSource": "Web",
        address + "City": town.name,
        address + "State": town.state,
        address + "Country": "Brazil",
        "OwnerId": owner,
    }
    if won:
        crm["Description"] = _traits(won)
    else:
        crm |= {"Company": company, "Status": "Working - Contacted"}
    person = Person(
        number,
        _BRAZIL,
        {name: value for name, value in contact.items() if value},
        {name: value for name, value in crm.items() if value},
        "Contact" if won else "Lead",
        stage,
        created,
        created,
        None,
        company_name=company,
    )
    if won:
        person.converted = True
        person.deal = _deal(won, company)
    return person


def _deal(won: dict[str, str], company: str) -> dict[str, Any]:
    revenue = float(won["declared_monthly_revenue"] or 0)
    return {
        "Name": company,
        "StageName": "Closed Won",
        "Amount": revenue or None,
        "LeadSource": "Web",
        "close": _ms(won["won_date"]),
    }


def _traits(won: dict[str, str]) -> str:
    names = ("business_segment", "lead_type", "lead_behaviour_profile", "business_type")
    return "\n".join(f"{name}: {won[name]}" for name in names if won[name])
