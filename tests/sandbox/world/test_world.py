"""A world in process: the same every time, full of the people asked for, reached by name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import datasets
from sandbox.hubspot.codec import moment
from sandbox.kernel import Clock, Fault
from sandbox.people import DAY
from sandbox.world import World
from tests.sandbox.world.test_datasets import SHARED, needs_olist

NOW = 1_790_000_000_000
SIDES = {
    "hubspot": ("contacts", "companies", "deals"),
    "salesforce": ("Task", "User", "Group", "Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole"),
}


def world(seed: int = 1, people: int = 200, dataset: Path | None = None) -> World:
    clock = Clock(lambda: NOW)
    return World(seed, people, clock, dataset)


def content(of: World) -> dict[str, dict[str, Any]]:
    """Everything in it: side, object and id → values and stamps."""
    return {
        f"{side} {name}": {i: (row.values, row.created, row.modified) for i, row in of.rows(side, name).items()}
        for side, names in SIDES.items()
        for name in names
    }


def query(client: httpx.Client, of: World, soql: str) -> list[dict[str, Any]]:
    credentials = of.credentials["salesforce"]
    form = {"grant_type": "client_credentials"} | {k: credentials[k] for k in ("client_id", "client_secret")}
    token = client.post("http://salesforce.sandbox/services/oauth2/token", data=form).json()["access_token"]
    answer = client.get(
        "http://salesforce.sandbox/services/data/v64.0/query",
        params={"q": soql},
        headers={"Authorization": f"Bearer {token}"},
    )
    records: list[dict[str, Any]] = answer.json()["records"]
    return records


def bearer(of: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {of.credentials['hubspot']['access_token']}"}


def test_a_seed_always_makes_the_same_world() -> None:
    assert content(world(5)) == content(world(5))


def test_another_seed_makes_another_world() -> None:
    assert content(world(5)) != content(world(6))


def test_a_reset_makes_the_first_world_again_and_keeps_the_credentials() -> None:
    made = world(5)
    first, credentials = content(made), made.credentials
    made.reset(6, 50)
    made.reset(5, 200)
    assert content(made) == first
    assert made.credentials == credentials


def test_both_sides_are_as_full_as_the_mix_says() -> None:
    made = world(1, 2_000)
    assert 1_400 < len(made.rows("hubspot", "contacts")) < 1_600
    leads, contacts = made.rows("salesforce", "Lead"), made.rows("salesforce", "Contact")
    assert 1_300 < sum(not r.values.get("IsConverted") for r in leads.values()) + len(contacts) < 1_500


def test_pipelines_are_as_old_as_the_account() -> None:
    of = world(people=10)
    dates = {p.updated for kind in of.hubspot.pipelines.of.values() for p in kind.values()}
    assert dates == {NOW // DAY * DAY - 12 * 365 * DAY}


def test_a_converted_lead_names_what_it_became() -> None:
    made = world()
    lead = next(r.values for r in made.rows("salesforce", "Lead").values() if r.values.get("ConvertedOpportunityId"))
    contact = made.rows("salesforce", "Contact")[lead["ConvertedContactId"]].values
    deal = made.rows("salesforce", "Opportunity")[lead["ConvertedOpportunityId"]].values
    assert contact["AccountId"] == deal["AccountId"] == lead["ConvertedAccountId"]
    assert contact["Email"] == lead["Email"]


def test_most_employers_are_known_to_both_sides_by_their_domain() -> None:
    made = world(1, 1_500)
    companies = {r.values["domain"] for r in made.rows("hubspot", "companies").values()}
    accounts = [r.values.get("Website", "") for r in made.rows("salesforce", "Account").values()]
    domains = {site.removeprefix("https://www.") for site in accounts if site}
    assert len(companies | domains) == 100
    assert 40 <= len(companies & domains) <= 70


def test_contacts_belong_to_their_company_and_deals_to_both() -> None:
    made = world(1, 1_500)
    contacts = made.rows("hubspot", "contacts")
    employed = [i for i, row in contacts.items() if made.hubspot.linked("contacts", i, "companies")]
    assert employed and all(contacts[i].values["associatedcompanyid"] for i in employed)
    assert all(made.hubspot.linked("deals", i, "contacts") for i in made.rows("hubspot", "deals"))


def test_people_further_on_have_been_seen_more_often() -> None:
    made = world(1, 2_000)

    def pages(*stages: str) -> float:
        rows = [r.values for r in made.rows("hubspot", "contacts").values() if r.values["lifecyclestage"] in stages]
        seen = [int(v["hs_analytics_num_page_views"]) for v in rows if "hs_analytics_num_page_views" in v]
        return sum(seen) / len(seen)

    assert pages("customer", "evangelist") > 1.5 * pages("subscriber", "lead")


def test_owners_have_the_same_email_on_both_sides() -> None:
    made = world()
    owners = {owner.email for owner in made.hubspot.owners.values()}
    users = {r.values["Email"] for r in made.rows("salesforce", "User").values()} - {
        made.credentials["salesforce"]["username"]
    }
    assert len(owners & users) == 6
    assert (len(owners - users), len(users - owners)) == (1, 1)


def test_every_reference_leads_somewhere() -> None:
    made = world()
    known = {i for name in SIDES["salesforce"] for i in made.rows("salesforce", name)}
    references = ("WhoId", "OwnerId", "AccountId", "ConvertedContactId", "OpportunityId", "ContactId", "CreatedById")
    rows = [r.values for name in SIDES["salesforce"] for r in made.rows("salesforce", name).values()]
    assert {v[name] for v in rows for name in references if v.get(name)} <= known


def test_people_did_the_typing_and_not_the_integration() -> None:
    made = world()
    authors = Counter(r.values["CreatedById"] for r in made.rows("salesforce", "Lead").values())
    assert made.salesforce.user_id not in authors


def test_nothing_but_the_stage_was_changed_after_it_was_made_and_its_dates_are_those_of_its_history() -> None:
    made = world()
    rows = [r for r in made.rows("hubspot", "contacts").values() if r.archived_at is None]
    assert all(r.modified == r.created for r in rows if not r.history)
    came = [r for r in rows if r.history]
    assert len(came) > 20
    for row in came:
        assert {change.field for change in row.history} == {"lifecyclestage"}
        first, *later = row.history
        assert (first.at, first.value) == (row.created, "lead") and later[-1].value == row.values["lifecyclestage"]
        for change in later:
            assert moment(str(row.values[f"hs_lifecyclestage_{change.value}_date"])) == change.at
        assert [change.at for change in row.history] == sorted(change.at for change in row.history)
        assert row.modified == later[-1].at


def test_both_faces_answer_in_process() -> None:
    made = world()
    with httpx.Client(transport=made.transport()) as client:
        page = client.get("http://hubspot.sandbox/crm/v3/objects/contacts?limit=5", headers=bearer(made)).json()
        rows = query(client, made, "SELECT COUNT(Id) n FROM Lead")
    assert len(page["results"]) == 5
    assert rows[0]["n"] == len([r for r in made.rows("salesforce", "Lead").values() if r.archived_at is None])


def test_the_vendors_own_host_names_lead_here() -> None:
    made = world()
    with httpx.Client(transport=made.transport()) as client:
        assert client.get("https://api.hubapi.com/crm/v3/owners", headers=bearer(made)).status_code == 200
        assert client.get("https://acme.my.salesforce.com/services/data").status_code == 200


def test_nobody_answers_at_another_host() -> None:
    with httpx.Client(transport=world().transport()) as client, pytest.raises(httpx.ConnectError):
        client.get("http://elsewhere.example/")


@pytest.mark.parametrize("kind", ["lost_before", "lost_after"])
def test_a_lost_answer_breaks_the_connection(kind: str) -> None:
    made = world()
    made.faults.add(Fault(kind, "hubspot"))
    with httpx.Client(transport=made.transport()) as client, pytest.raises(httpx.RemoteProtocolError):
        client.get("http://hubspot.sandbox/crm/v3/owners", headers=bearer(made))


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_a_hanging_answer_outlasts_an_impatient_client(side: str) -> None:
    made = world()
    made.faults.add(Fault("hang", side, ms=5_000))
    with httpx.Client(transport=made.transport(), timeout=1.0) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://{side}.sandbox/services/data", headers=bearer(made))
    assert made.clock.now() == NOW + 1_000


def test_a_patient_client_gets_the_late_answer() -> None:
    made = world()
    made.faults.add(Fault("hang", "salesforce", ms=5_000))
    with httpx.Client(transport=made.transport(), timeout=10.0) as client:
        assert client.get("http://salesforce.sandbox/services/data").status_code == 200
    assert made.clock.now() == NOW + 5_000


@needs_olist
def test_a_published_funnel_fills_the_world() -> None:
    made = world(1, 0, SHARED)
    assert len(made.rows("hubspot", "contacts")) == 8_000
    leads = made.rows("salesforce", "Lead").values()
    won = [r for r in made.rows("salesforce", "Opportunity").values() if r.values["StageName"] == "Closed Won"]
    assert (len(leads), sum(bool(r.values.get("IsConverted")) for r in leads), len(won)) == (8_000, 842, 842)
    days = Counter(row["won_date"][:10] for row in datasets.load(SHARED).won.values())
    assert Counter(r.values["CloseDate"] for r in won) == days


DIGEST = """
import hashlib
from sandbox.hubspot.codec import moment
from sandbox.kernel import Clock
from sandbox.world import World
world = World(3, 100, Clock(lambda: 1_790_000_000_000))
told = [(i, row.values, row.created) for side, name in (("hubspot", "contacts"), ("salesforce", "Lead"))
        for i, row in world.rows(side, name).items()]
print(hashlib.sha256(repr(told).encode()).hexdigest())
"""


def test_every_process_makes_the_same_world() -> None:
    def digest(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", DIGEST]
        return subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout

    assert digest("1") == digest("2")
