"""Behaviour in HubSpot shows on the Salesforce lead; a deal that is won in Salesforce shows on the HubSpot contact."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from sandbox.hubspot.codec import iso
from sandbox.kernel import SEED
from sync.console.progress import Progress
from sync.report import Report
from tests.scenarios.stage import MINUTE, START, Stage

DAY = 24 * 60 * MINUTE
CATALOGUE = "https://homes.example/catalogue"


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[insight]", {"behaviour": "true", "outcomes": "true"})
    for kind in ("company", "deal", "activity"):
        made.configure(f"[{kind}]", {"sync": "true"})
    made.begin()
    yield made
    made.close()


def sync(stage: Stage) -> Report:
    stage.clock.advance(2 * MINUTE)
    return stage.sync()


def ann(stage: Stage) -> tuple[str, str]:
    """Ann in both systems: (lead, contact)"""
    values = {"LastName": "Example", "Company": "Acme", "Email": "ann@prospect.example"}
    lead = stage.world.salesforce.create("Lead", values, stage.human("salesforce"))
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    return lead, contact


def lead_of(stage: Stage, lead: str) -> dict[str, Any]:
    return stage.world.salesforce.get("Lead", lead) or {}


def seen(stage: Stage, contact: str, at: int, page: str, visits: int) -> None:
    """HubSpot counts a visit."""
    stage.world.hubspot.edit(
        "contacts",
        contact,
        {
            "hs_analytics_source": "PAID_SEARCH",
            "hs_analytics_source_data_1": "Spring",
            "hs_analytics_first_timestamp": iso(START),
            "hs_analytics_first_url": CATALOGUE + "?utm=1",
            "hs_analytics_last_url": page,
            "hs_analytics_last_visit_timestamp": iso(at),
            "hs_analytics_num_visits": str(visits),
        },
        SEED,
    )


def test_visits_show_on_the_lead(stage: Stage) -> None:
    lead, contact = ann(stage)
    for n, page in enumerate(("plots", "prices"), 1):
        seen(stage, contact, stage.clock.now(), f"https://homes.example/{page}?x={n}", n)
        sync(stage)
    values = lead_of(stage, lead)
    assert (values["SMK_Visits__c"], values["SMK_Visits_30d__c"]) == (2, 1)
    assert values["SMK_Content_Viewed__c"].split("\n") == [
        "https://homes.example/prices", "https://homes.example/plots", CATALOGUE
    ]  # fmt: skip
    assert (values["SMK_Original_Source__c"], values["SMK_Original_Detail__c"]) == ("paid_search", "Spring")
    assert sync(stage).changed == 0


def test_calls_by_sales_show_on_both(stage: Stage) -> None:
    lead, contact = ann(stage)
    task = {"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "WhoId": lead, "CallDisposition": "Busy"}
    stage.world.salesforce.create("Task", task, stage.human("salesforce"))
    sync(stage)
    assert lead_of(stage, lead)["SMK_Sales_Touches__c"] == 1
    values = stage.world.rows("hubspot", "contacts")[contact].values
    assert (values["smk_sales_touches"], values["smk_last_sales_outcome"]) == ("1", "busy")
    assert sync(stage).changed == 0


def test_a_deal_that_is_won_is_revenue_of_its_people_and_company(stage: Stage) -> None:
    human = stage.human("salesforce")
    account = stage.world.salesforce.create("Account", {"Name": "Acme", "Website": "acme.example"}, human)
    person = {"LastName": "Buyer", "Email": "bob@acme.example", "AccountId": account}
    contact = stage.world.salesforce.create("Contact", person, human)
    sold = {
        "Name": "House",
        "StageName": "Negotiation/Review",
        "CloseDate": "2026-11-20",
        "Amount": 1000,
        "AccountId": account,
    }
    deal = stage.world.salesforce.create("Opportunity", sold, human)
    stage.world.salesforce.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": contact}, human)
    sync(stage)
    sync(stage)
    (bob,) = stage.world.rows("hubspot", "contacts").values()
    assert (bob.values["smk_outcome"], bob.values["smk_open_pipeline"]) == ("open", "1000")
    assert bob.values["smk_in_sales_process"] == "true"
    stage.world.salesforce.edit("Opportunity", deal, {"StageName": "Closed Won"}, human)
    sync(stage)
    (bob,) = stage.world.rows("hubspot", "contacts").values()
    assert (bob.values["smk_outcome"], bob.values["smk_won_revenue"]) == ("won", "1000")
    assert (bob.values["smk_open_pipeline"], bob.values["smk_in_sales_process"]) == ("", "false")
    (acme,) = stage.world.rows("hubspot", "companies").values()
    assert acme.values["smk_won_revenue"] == "1000"
    stage.world.salesforce.edit("Opportunity", deal, {"Amount": 1500}, human)
    sync(stage)
    (bob,) = stage.world.rows("hubspot", "contacts").values()
    assert bob.values["smk_won_revenue"] == "1500"
    assert sync(stage).changed == 0


def test_what_led_to_a_deal_is_told_as_soon_as_it_is_known_of_its_people(stage: Stage) -> None:
    human = stage.human("salesforce")
    account = stage.world.salesforce.create("Account", {"Name": "Acme", "Website": "acme.example"}, human)
    person = {"LastName": "Buyer", "Email": "bob@acme.example", "AccountId": account}
    contact = stage.world.salesforce.create("Contact", person, human)
    sold = {"Name": "House", "StageName": "Prospecting", "CloseDate": "2026-12-20", "AccountId": account}
    deal = stage.world.salesforce.create("Opportunity", sold, human)
    stage.world.salesforce.create("OpportunityContactRole", {"OpportunityId": deal, "ContactId": contact}, human)
    sync(stage)
    sync(stage)
    (bob,) = stage.world.rows("hubspot", "contacts")
    seen(stage, bob, stage.clock.now(), "https://homes.example/plots", 1)
    sync(stage)
    told = stage.world.salesforce.get("Opportunity", deal) or {}
    assert (told["SMK_First_Touch_Source__c"], told["SMK_First_Touch_Campaign__c"]) == ("paid_search", "Spring")
    assert sync(stage).changed == 0


def test_with_whom_sales_is_at_work_is_left_alone_by_marketing(stage: Stage) -> None:
    lead, contact = ann(stage)
    assert "smk_in_sales_process" not in stage.world.rows("hubspot", "contacts")[contact].values
    stage.world.salesforce.edit("Lead", lead, {"Status": "Working - Contacted"}, stage.human("salesforce"))
    sync(stage)
    assert stage.world.rows("hubspot", "contacts")[contact].values["smk_in_sales_process"] == "true"
    stage.world.salesforce.edit("Lead", lead, {"Status": "Closed - Not Converted"}, stage.human("salesforce"))
    sync(stage)
    assert stage.world.rows("hubspot", "contacts")[contact].values["smk_in_sales_process"] == "false"
    assert sync(stage).changed == 0


def test_what_was_done_by_who_is_merged_away_is_the_survivors(stage: Stage) -> None:
    lead, contact = ann(stage)
    other = stage.world.hubspot.create("contacts", {"email": "ann@home.example"}, stage.human("hubspot"))
    seen(stage, other, START, "https://homes.example/plots", 1)
    sync(stage)
    assert lead_of(stage, lead)["SMK_Content_Viewed__c"] is None
    stage.world.hubspot.merge("contacts", contact, other, stage.human("hubspot"))
    sync(stage)
    sync(stage)
    assert "https://homes.example/plots" in str(lead_of(stage, lead)["SMK_Content_Viewed__c"])


def test_erased_is_erased(stage: Stage) -> None:
    _, contact = ann(stage)
    seen(stage, contact, START, "https://homes.example/plots", 1)
    sync(stage)
    row = stage.row("hubspot", "contacts", contact)
    assert row is not None and row.entity is not None
    who = f"record:hubspot:person:{contact}"
    assert stage.state.touches([who]) and stage.state.derived([row.entity])
    entity = row.entity
    stage.leased(lambda lease: stage.state.erase(lease, "person", [entity], [], {}))
    assert not stage.state.touches([who]) and not stage.state.derived([entity])


def test_a_bar_shows_what_is_learned_without_asking_a_system_for_its_calls() -> None:
    asked: list[str] = []

    def calls(system: str) -> int:
        asked.append(system)
        return 0

    with Progress(Console(file=StringIO())) as progress:
        progress.calls = calls
        progress("learned", "person", "", 5, None)
        progress("read", "hubspot", "contacts", 5, None)
    assert asked == ["hubspot"]
