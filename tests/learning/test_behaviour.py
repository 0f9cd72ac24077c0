"""Every visit, form, open and click that a source tells of is kept once; machines are told from people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.hubspot.codec import iso
from sandbox.kernel import SEED
from state.rows import TouchRow
from sync import compose
from sync.trust.erased import tombstone_keys
from sync.trust.privacy import Privacy
from tests.scenarios.stage import MINUTE, Stage

SITE = "https://homes.example"
MAIL = "ann@prospect.example"


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[insight]", {"behaviour": "true"})
    made.begin()
    yield made
    made.close()


def ann(stage: Stage) -> tuple[str, str]:
    """Ann in both systems: (lead, contact)"""
    values = {"LastName": "Example", "Company": "Acme", "Email": MAIL}
    lead = stage.world.salesforce.create("Lead", values, stage.human("salesforce"))
    sync(stage)
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    return lead, contact


def sync(stage: Stage) -> dict[str, int]:
    """A while later; what it cost."""
    stage.clock.advance(31 * MINUTE)
    return dict(stage.sync().calls)


def view(stage: Stage, contact: str, page: str) -> None:
    now = stage.clock.now()
    told = {"hs_url": f"{SITE}/{page}?utm=1", "hs_page_title": page.title(), "hs_visit_source": "PAID_SEARCH"}
    stage.world.hubspot.event(contact, "e_visited_page", told, now)
    stage.world.hubspot.edit("contacts", contact, {"hs_analytics_last_visit_timestamp": iso(now)}, SEED)


def mail(stage: Stage, contact: str, type: str, after: int, **more: Any) -> None:
    """A mail is sent, and opened or followed some ms later."""
    sent = stage.clock.now()
    stage.world.hubspot.email_event(MAIL, type, 77, sent + after, sentBy={"id": "s", "created": sent}, **more)
    name = "hs_email_last_open_date" if type == "OPEN" else "hs_email_last_click_date"
    stage.world.hubspot.edit("contacts", contact, {name: iso(sent + after)}, SEED)


def touches(stage: Stage, contact: str) -> list[TouchRow]:
    found = stage.state.touches([f"record:hubspot:person:{contact}", f"email:{MAIL}"])
    return sorted(found, key=lambda touch: touch.at_ms)


def lead_of(stage: Stage, lead: str) -> dict[str, Any]:
    return stage.world.salesforce.get("Lead", lead) or {}


def test_what_she_read_shows_on_the_lead(stage: Stage) -> None:
    lead, contact = ann(stage)
    for page in ("plots", "prices"):
        view(stage, contact, page)
    sync(stage)
    view(stage, contact, "plots")
    sync(stage)
    values = lead_of(stage, lead)
    assert values["SMK_Content_Viewed__c"] == "Plots\nPrices"
    assert (values["SMK_Visits__c"], values["SMK_Original_Source__c"]) == (2, "paid_search")
    assert [touch.sort for touch in touches(stage, contact)] == ["page_view"] * 3


def test_a_form_is_told_once_however_often_it_is_read(stage: Stage) -> None:
    lead, contact = ann(stage)
    guid = stage.world.hubspot.form("Catalogue")
    for n in range(60):
        stage.world.hubspot.submit(guid, {"email": f"p{n}@prospect.example", "lastname": "P"}, SITE)
    stage.world.hubspot.submit(guid, {"email": MAIL}, f"{SITE}/catalogue?x=1")
    sync(stage)
    stage.world.hubspot.submit(guid, {"email": MAIL}, f"{SITE}/catalogue?x=2")
    sync(stage)
    forms = touches(stage, contact)
    assert [(touch.sort, touch.title, touch.url) for touch in forms] == [("form", "Catalogue", f"{SITE}/catalogue")] * 2
    values = lead_of(stage, lead)
    assert (values["SMK_First_Offer__c"], values["SMK_Recent_Offer__c"]) == ("Catalogue", "Catalogue")
    assert values["SMK_First_Offer_At__c"] < values["SMK_Recent_Offer_At__c"]


def test_who_opens_at_once_is_a_machine(stage: Stage) -> None:
    lead, contact = ann(stage)
    mail(stage, contact, "OPEN", 900)
    mail(stage, contact, "OPEN", 900_000)
    mail(stage, contact, "OPEN", 60_000, filteredEvent=True)
    mail(stage, contact, "CLICK", 960_000, url=f"{SITE}/plots?utm=2")
    sync(stage)
    assert [touch.actor for touch in touches(stage, contact)] == ["machine", "machine", "buyer", "buyer"]
    values = lead_of(stage, lead)
    assert (values["SMK_Email_Opens_90d__c"], values["SMK_Email_Clicks_90d__c"]) == (1, 1)
    assert values["SMK_Last_Click__c"] == f"{SITE}/plots"


def test_a_response_to_a_campaign_is_the_persons(stage: Stage) -> None:
    lead, _ = ann(stage)
    human = stage.human("salesforce")
    campaign = stage.world.salesforce.create("Campaign", {"Name": "Open house", "IsActive": True}, human)
    member = {"CampaignId": campaign, "LeadId": lead, "Status": "Sent"}
    member_id = stage.world.salesforce.create("CampaignMember", member, human)
    sync(stage)
    assert lead_of(stage, lead)["SMK_Recent_Interest__c"] is None
    stage.world.salesforce.edit("CampaignMember", member_id, {"Status": "Responded"}, human)
    sync(stage)
    assert lead_of(stage, lead)["SMK_Recent_Interest__c"].endswith("campaign response: Open house")


def test_a_quiet_cycle_asks_no_source_of_hubspots(stage: Stage) -> None:
    _, contact = ann(stage)
    view(stage, contact, "plots")
    sync(stage)
    sync(stage)
    quiet = sync(stage)
    stage.raw["insight"]["behaviour"] = False
    sync(stage)
    sync(stage)
    assert quiet["hubspot"] == sync(stage)["hubspot"]


def test_what_may_not_be_read_is_left_to_what_the_contact_tells(stage: Stage) -> None:
    lead, contact = ann(stage)
    stage.trouble("hubspot", "error", {"path": "/events/", "status": "403", "times": "1"})
    view(stage, contact, "plots")
    stage.world.hubspot.edit("contacts", contact, {"hs_analytics_last_url": f"{SITE}/plots"}, SEED)
    sync(stage)
    assert [touch.sort for touch in touches(stage, contact)] == ["visit"]
    assert lead_of(stage, lead)["SMK_Visits__c"] == 1


def test_who_was_erased_leaves_no_touch_behind(stage: Stage) -> None:
    _, contact = ann(stage)
    row = stage.row("hubspot", "contacts", contact)
    assert row is not None and row.entity is not None
    entity, ref = row.entity, row.ref
    keys = {ref: tombstone_keys("salt", ref, [MAIL])}
    stage.leased(lambda lease: stage.state.erase(lease, "person", [entity], [], keys))
    bob = stage.world.hubspot.create("contacts", {"email": "bob@prospect.example"}, stage.human("hubspot"))
    guid = stage.world.hubspot.form("Catalogue")
    for address in (MAIL, "bob@prospect.example"):
        stage.world.hubspot.submit(guid, {"email": address}, SITE)
    sync(stage)
    assert touches(stage, contact) == []
    assert len(stage.state.touches(["email:bob@prospect.example"])) == 1
    assert bob


def test_a_privacy_request_tells_what_was_done_and_learned_and_erases_it(stage: Stage) -> None:
    _, contact = ann(stage)
    mail(stage, contact, "OPEN", 900_000)
    view(stage, contact, "plots")
    sync(stage)
    worker = compose.engine(stage.settings(), stage.outside(), stage.state)
    (people,) = worker.mappings()
    privacy = Privacy(stage.state, worker.connectors, people)
    document = privacy.export(MAIL)
    assert [touch["sort"] for touch in document["touches"]] == ["page_view", "email_open"]
    assert {"@visits", "@last_open_at"} <= {value["field"] for value in document["learned"]}
    stage.leased(lambda lease: privacy.erase(lease, privacy.find(MAIL), "run-x", stage.clock.now(), "salt"))
    assert touches(stage, contact) == []


def test_each_system_says_what_it_can_tell(stage: Stage) -> None:
    sides = compose.connectors(stage.settings(), stage.outside())
    told = {name: sorted(sort for sorts in side.sources().values() for sort in sorts) for name, side in sides.items()}
    assert told == {
        "hubspot": ["email_click", "email_open", "form", "page_view"],
        "salesforce": ["campaign_response"],
    }
