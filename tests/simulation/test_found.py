"""The smallest stories of what the simulator found, each told once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Unavailable
from connectors.memory import Memory
from connectors.port import Rejected
from tests.simulation.invariants import judge
from tests.simulation.scene import Scene
from tests.simulation.world import Storms, rules_of


def test_an_edit_to_a_record_whose_creation_went_unanswered_travels(scene: Scene) -> None:
    lead = scene.lead(Phone="1")
    scene.lose()
    scene.on("write:done", lambda: scene.hubspot.edit("contacts", "1001", {"phone": "2"}))
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "Phone") == "2"
    assert judge(scene) == []


def test_the_survivor_of_a_merge_is_not_judged_by_what_it_held_before(scene: Scene) -> None:
    old = scene.lead(Title="boss")
    scene.rest()
    scene.on("observe:salesforce:Lead", lambda: scene.lead(Email="a2@acme.example", Title=None))
    scene.turn()
    winner = next(r.ref.id for r in scene.salesforce.live("Lead") if r.ref.id != old)
    scene.on("observe:salesforce:saved", lambda: scene.salesforce.merge("Lead", winner, old))
    scene.rest()
    titles = [c.value for c in scene.hubspot.rows["contacts"]["1001"].history if c.field == "jobtitle"]
    assert titles == ["boss"]
    assert judge(scene) == []


def test_a_duplicate_takes_the_place_when_the_primary_record_goes(scene: Scene) -> None:
    first = scene.lead(Phone="1")
    scene.rest()
    second = scene.lead()
    scene.rest()
    scene.salesforce.delete("Lead", first)
    scene.rest()
    scene.salesforce.edit("Lead", second, {"Phone": "2"})
    scene.rest()
    assert scene.value("hubspot", "contacts", "1001", "phone") == "2"
    assert judge(scene) == []


def test_a_contact_seen_before_its_lead_was_seen_converted_inherits_the_link(scene: Scene) -> None:
    lead = scene.lead(Phone="1")
    scene.rest()
    scene.salesforce.troubles = Storms(scene, lagging=True)
    lag = iter([25_000, 0])
    scene.delay = lambda: next(lag, 0)  # type: ignore[method-assign]
    contact = scene.salesforce.convert("Lead", lead, "Contact")
    scene.turn(wait=20_000)
    scene.rest()
    scene.hubspot.edit("contacts", "1001", {"phone": "2"})
    scene.rest()
    assert scene.value("salesforce", "Contact", contact.id, "Phone") == "2"
    assert judge(scene) == []


def test_a_default_that_one_side_demands_is_journaled_and_stays_there(scene: Scene) -> None:
    contact = scene.contact(company=None)
    scene.rest()
    assert scene.salesforce.live("Lead")[0].fields["Company"] == "[not provided]"
    assert scene.value("hubspot", "contacts", contact, "company") is None
    assert judge(scene) == []


def test_a_record_that_comes_back_finds_its_entity_taken_and_gets_its_own(scene: Scene) -> None:
    first = scene.contact(phone="1")
    scene.rest()
    scene.hubspot.delete("contacts", first)
    scene.rest()
    lead = scene.salesforce.live("Lead")[0].ref.id
    scene.salesforce.edit("Lead", lead, {"Email": "cyd@oak.example", "LastName": "Curie"})
    scene.contact(email="cyd@oak.example", lastname="Curie")
    scene.rest()
    scene.hubspot.rows["contacts"][first].fields["smk_crm_lead_id"] = None
    scene.hubspot.restore("contacts", first)
    scene.rest()
    scene.hubspot.edit("contacts", first, {"phone": "2"})
    scene.rest()
    phones = {row.fields["Email"]: row.fields["Phone"] for row in scene.salesforce.live("Lead")}
    assert phones == {"ann@acme.example": "2", "cyd@oak.example": "1"}


def test_a_quota_that_is_gone_before_the_first_call_pauses_the_run(scene: Scene) -> None:
    scene.contact()
    scene.lose()
    scene.turn()
    scene.outage = lambda: "exhausted"  # type: ignore[method-assign]
    assert scene.engine().cycle().status == "paused"


def test_what_an_unanswered_write_replaced_is_journaled_though_another_field_changed_since(scene: Scene) -> None:
    contact = scene.contact(phone="1", jobtitle="boss")
    scene.rest()
    lead = scene.salesforce.live("Lead")[0].ref.id
    scene.hubspot.edit("contacts", contact, {"phone": "lost"})
    scene.now += 60_000
    scene.salesforce.edit("Lead", lead, {"Phone": "2", "Title": "chief"})
    scene.lose()
    scene.on("write:done", lambda: scene.hubspot.edit("contacts", contact, {"jobtitle": "queen"}))
    scene.rest()
    assert scene.value("hubspot", "contacts", contact, "phone") == "2"
    assert "lost" in [was for _, _, field, was, *_ in scene.journal() if field == "phone"]
    assert judge(scene) == []


def test_what_was_made_unanswered_and_deleted_at_once_is_not_made_again(scene: Scene) -> None:
    scene.contact()
    scene.lose()
    scene.on("apply:salesforce:recorded", lambda: scene.salesforce.delete("Lead", "1001"))
    scene.rest()
    assert list(scene.salesforce.rows["Lead"]) == ["1001"]
    assert judge(scene) == []


def test_what_was_made_unanswered_and_deleted_at_once_is_journaled(scene: Scene) -> None:
    scene.contact(phone="1")
    scene.lose()
    scene.on("apply:salesforce:recorded", lambda: scene.salesforce.delete("Lead", "1001"))
    scene.rest()
    assert "1" in [became for _, _, field, _, became, *_ in scene.journal() if field == "phone"]
    scene.salesforce.restore("Lead", "1001")
    scene.rest()
    assert scene.value("salesforce", "Lead", "1001", "Phone") == "1"
    assert judge(scene) == []


def test_a_stage_that_our_write_overwrote_is_journaled_in_the_words_of_the_vocabulary(scene: Scene) -> None:
    contact = scene.contact(lifecyclestage="subscriber")
    scene.lead()
    further = {"lifecyclestage": "salesqualifiedlead"}
    scene.on("write:checked", lambda: scene.hubspot.edit("contacts", contact, further))
    scene.rest()
    assert "sql" in [was for _, _, field, was, *_ in scene.journal() if field == "stage"]
    assert judge(scene) == []


def test_what_an_unanswered_write_put_into_a_record_that_was_deleted_at_once_is_journaled(scene: Scene) -> None:
    contact = scene.contact(phone="1")
    scene.rest()
    scene.salesforce.edit("Lead", "1001", {"Phone": "2"})
    scene.lose()
    scene.on("apply:hubspot:recorded", lambda: scene.hubspot.delete("contacts", contact))
    scene.rest()
    assert "2" in [became for _, system, _, _, became, *_ in scene.journal() if system == "hubspot"]
    scene.hubspot.restore("contacts", contact)
    scene.rest()
    assert judge(scene) == []


def test_who_arrives_while_a_creation_is_under_way_waits_for_it(scene: Scene) -> None:
    contact = scene.contact()
    scene.lose("late")
    scene.on("apply:salesforce:recorded", lambda: scene.lead(Phone="1"))
    scene.turn()
    scene.rest()
    made = scene.salesforce.holder("Lead", "SMK_HubSpot_Id__c", contact)
    assert made is not None
    assert made.history[0].by == "sync"
    assert judge(scene) == []


def test_a_creation_that_takes_effect_after_its_place_was_taken_stops_nothing(scene: Scene) -> None:
    contact = scene.contact()
    scene.lose("late")
    scene.on("apply:salesforce:recorded", lambda: scene.lead(SMK_HubSpot_Id__c=contact))
    scene.turn()
    scene.salesforce.edit("Lead", "1001", {"SMK_HubSpot_Id__c": None})
    scene.rest()
    assert len(scene.salesforce.live("Lead")) == 2
    assert ("duplicate",) in scene.ask("SELECT question FROM review WHERE closed_ms IS NULL")
    assert judge(scene) == []


def test_two_contacts_merged_while_a_lead_of_theirs_was_converted_are_asked_about(scene: Scene) -> None:
    first, second = scene.contact(), scene.contact(email="ben@oak.example", lastname="Bosch")
    scene.rest()
    lead = scene.salesforce.holder("Lead", "SMK_HubSpot_Id__c", first)
    assert lead is not None
    scene.salesforce.convert("Lead", lead.ref.id, "Contact")
    scene.hubspot.merge("contacts", first, second)
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("merge",)]
    assert judge(scene) == []


def test_a_creation_that_takes_effect_after_it_was_made_again_is_refused(scene: Scene) -> None:
    contact = scene.contact(phone="1")
    scene.lose("late", after=60_000)
    scene.turn()
    scene.turn(wait=40_000)
    made = scene.salesforce.holder("Lead", "SMK_HubSpot_Id__c", contact)
    assert made is not None
    scene.salesforce.edit("Lead", made.ref.id, {"Phone": "2"})
    scene.rest()
    assert scene.value("hubspot", "contacts", contact, "phone") == "2"
    assert len(scene.salesforce.live("Lead")) == 1
    assert judge(scene) == []


def test_an_edit_right_after_our_write_is_no_conflict_with_what_we_wrote(scene: Scene) -> None:
    scene.rule = rules_of("two_way", "review")
    lead = scene.lead(Title="1")
    scene.rest()
    scene.salesforce.edit("Lead", lead, {"Title": "2"})
    scene.on("apply:hubspot:recorded", scene.crash)
    scene.turn()
    scene.hubspot.edit("contacts", "1001", {"jobtitle": "3"})
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "Title") == "3"


def test_a_lead_converted_to_a_contact_that_was_merged_is_asked_about(scene: Scene) -> None:
    first, second = scene.contact(), scene.contact(email="ben@oak.example", lastname="Bosch")
    scene.rest()
    leads = [scene.salesforce.holder("Lead", "SMK_HubSpot_Id__c", id) for id in (first, second)]
    contacts = [scene.salesforce.convert("Lead", lead.ref.id, "Contact").id for lead in leads if lead]
    scene.salesforce.merge("Contact", *contacts)
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("merge",)]
    assert judge(scene) == []


def test_a_creation_that_takes_effect_after_its_contact_was_deleted_brings_nobody_back(scene: Scene) -> None:
    contact = scene.contact()
    scene.lose("late", after=60_000)
    scene.on("apply:salesforce:recorded", lambda: scene.hubspot.delete("contacts", contact))
    scene.turn()
    scene.turn(wait=40_000)
    scene.rest()
    assert len(scene.salesforce.live("Lead")) == 1
    assert scene.hubspot.live("contacts") == []
    assert judge(scene) == []


def test_an_earlier_creation_that_takes_effect_late_clears_nothing(scene: Scene) -> None:
    lead = scene.lead()
    scene.lose("late", after=60_000)
    scene.turn()
    scene.salesforce.edit("Lead", lead, {"Phone": "1"})
    scene.lose("lost_before")
    scene.turn(wait=40_000)
    scene.rest()
    assert scene.value("hubspot", "contacts", "1001", "phone") == "1"
    assert scene.value("salesforce", "Lead", lead, "Phone") == "1"
    assert judge(scene) == []


def test_an_earlier_creation_that_takes_effect_late_is_no_edit(scene: Scene) -> None:
    lead = scene.lead(Phone="1")
    scene.lose("late", after=60_000)
    scene.turn()
    scene.salesforce.edit("Lead", lead, {"LastName": "Bosch", "Phone": "2"})
    scene.lose("lost_before")
    scene.turn(wait=40_000)
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "LastName") == "Bosch"
    assert scene.value("hubspot", "contacts", "1001", "lastname") == "Bosch"
    assert scene.value("hubspot", "contacts", "1001", "phone") == "2"
    assert judge(scene) == []


def test_a_merge_is_followed_though_another_record_of_its_people_is_decided_before(scene: Scene) -> None:
    scene.decided = 2
    first, lead = scene.contact(), scene.lead(Email="ben@oak.example", LastName="Bosch")
    scene.rest()
    second = scene.hubspot.holder("contacts", "smk_crm_lead_id", lead)
    assert second is not None
    scene.salesforce.edit("Lead", lead, {"Phone": "1"})
    scene.hubspot.merge("contacts", first, second.ref.id)
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("merge",)]
    assert judge(scene) == []


def test_a_duplicate_with_a_new_address_is_somebody_though_the_primary_is_decided_before(scene: Scene) -> None:
    scene.decided = 1
    first = scene.lead(Title="boss")
    scene.rest()
    second = scene.lead()
    scene.rest()
    scene.salesforce.edit("Lead", first, {"Phone": "1"})
    scene.salesforce.edit("Lead", second, {"Email": "ben@oak.example", "LastName": "Bosch"})
    scene.rest()
    assert scene.hubspot.holder("contacts", "email", "ben@oak.example") is not None
    assert judge(scene) == []


def test_a_lead_that_comes_back_to_a_contact_merged_meanwhile_is_asked_about(scene: Scene) -> None:
    first, second = scene.contact(), scene.contact(email="ben@oak.example", lastname="Bosch")
    scene.rest()
    lead = scene.salesforce.holder("Lead", "SMK_HubSpot_Id__c", second)
    assert lead is not None
    scene.salesforce.delete("Lead", lead.ref.id)
    scene.rest()
    scene.hubspot.merge("contacts", first, second)
    scene.rest()
    scene.salesforce.restore("Lead", lead.ref.id)
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("merge",)]
    assert judge(scene) == []


def test_two_creations_of_ours_merged_before_anybody_looked_leave_nobody_behind(scene: Scene) -> None:
    scene.salesforce.create("Contact", {"Email": "ben@oak.example", "LastName": "Bosch"})
    scene.lead()
    scene.lose()
    scene.on("write:done", lambda: scene.hubspot.merge("contacts", "1001", "1002"))
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("duplicate",)]
    assert judge(scene) == []


def test_a_write_of_which_nobody_can_say_what_it_replaced_is_not_taken_for_unsent(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = scene.lead(Phone="1")
    scene.rest()
    told, down = Memory.overwritten, [True]

    def out_of_order(self: Memory, writes: Any) -> Any:
        if self.name == "hubspot" and down.pop():
            down.append(False)
            raise Unavailable("the history cannot be read now")
        down.append(False)
        return told(self, writes)

    monkeypatch.setattr(Memory, "overwritten", out_of_order)
    scene.salesforce.edit("Lead", lead, {"Phone": "2"})
    scene.rest()
    assert down == [False]
    assert scene.value("hubspot", "contacts", "1001", "phone") == "2"
    changes = [became for _, system, field, _, became, *_ in scene.journal() if (system, field) == ("hubspot", "phone")]
    assert "2" in changes
    assert scene.ask("SELECT MAX(attempts) FROM operation") == [(1,)]
    assert judge(scene) == []


def test_a_field_that_was_taken_away_with_an_open_question_stops_no_run(tmp_path: Path) -> None:
    scene = Scene(tmp_path, title="review")
    lead = scene.lead(Title="1")
    scene.rest()
    scene.salesforce.edit("Lead", lead, {"Title": "2"})
    scene.hubspot.edit("contacts", "1001", {"jobtitle": "3"})
    scene.rest()
    schema = scene.hubspot.schemas["contacts"]
    left = {name: field for name, field in schema.fields.items() if name != "jobtitle"}
    scene.hubspot.schemas["contacts"] = replace(schema, fields=left)
    scene.hubspot.edit("contacts", "1001", {"phone": "1"})
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "Phone") == "1"
    scene.end()


def test_an_opt_out_that_we_write_to_an_address_is_told_to_its_other_holders(scene: Scene) -> None:
    lead = scene.lead()
    other = scene.lead(Email="info@oak.example", LastName="Curie")
    scene.rest()
    scene.salesforce.edit("Lead", lead, {"Email": "info@oak.example"})
    scene.hubspot.edit("contacts", "1001", {"@subscriptions": True})
    scene.rest()
    assert scene.value("salesforce", "Lead", other, "HasOptedOutOfEmail") is True
    assert judge(scene) == []


def test_a_merge_is_asked_about_until_it_is_known_where_its_records_went(scene: Scene) -> None:
    first, second = scene.contact(), scene.contact(email="ben@oak.example", lastname="Bosch")
    scene.rest()
    scene.hubspot.merge("contacts", first, second)
    scene.rest()
    scene.salesforce.troubles = Storms(scene, lagging=True)
    lag = iter([25_000, 0, 0])
    scene.delay = lambda: next(lag, 0)  # type: ignore[method-assign]
    lead = scene.salesforce.holder("Lead", "Email", "ann@acme.example")
    assert lead is not None
    scene.salesforce.convert("Lead", lead.ref.id, "Contact")
    scene.turn(wait=2_000)
    scene.rest()
    assert scene.ask("SELECT question FROM review WHERE closed_ms IS NULL") == [("merge",)]
    assert judge(scene) == []


@pytest.mark.parametrize("fate", ["lost_before", "lost_after"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_field_that_was_taken_away_while_a_write_of_it_went_unanswered_stops_no_run(
    scene: Scene, linked: bool, fate: str
) -> None:
    lead = scene.lead(Title="1")
    if linked:
        scene.rest()
        scene.salesforce.edit("Lead", lead, {"Title": "2"})
    scene.lose(fate)
    schema = scene.hubspot.schemas["contacts"]
    left = {name: field for name, field in schema.fields.items() if name != "jobtitle"}
    scene.on("write:done", scene.crash)
    scene.turn()
    scene.hubspot.schemas["contacts"] = replace(schema, fields=left)
    scene.salesforce.edit("Lead", lead, {"Phone": "1"})
    scene.rest()
    assert scene.value("hubspot", "contacts", "1001", "phone") == "1"


def test_who_is_left_alone_is_told_no_stage_that_the_journal_does_not_know(scene: Scene) -> None:
    lead = scene.lead(Status="Working - Contacted")
    scene.rest()
    contact = scene.salesforce.convert("Lead", lead, "Contact")
    scene.salesforce.delete("Contact", contact.id)
    scene.rest()
    assert scene.value("hubspot", "contacts", "1001", "smk_stage") == "sal"
    assert judge(scene) == []


def test_an_opt_out_does_not_wait_for_what_is_refused_though_its_records_are_decided_one_by_one(scene: Scene) -> None:
    scene.decided = 1
    lead = scene.lead()
    scene.rest()
    scene.contact(email="ben@oak.example", lastname="Bosch", lifecyclestage="subscriber")
    scene.turn()
    scene.salesforce.edit("Lead", lead, {"Email": "ben@oak.example", "HasOptedOutOfEmail": True})
    before = scene.connectors["hubspot"].writes
    scene.turn()
    assert scene.value("hubspot", "contacts", "1001", "@subscriptions") is True
    told = "all at once, then the opt-out alone, and the other holder of the address; nothing twice"
    assert scene.connectors["hubspot"].writes - before == 3, told
    scene.rest()
    assert ("rejected",) in scene.ask("SELECT question FROM review WHERE closed_ms IS NULL")
    assert judge(scene) == []


def test_an_opt_out_does_not_wait_for_what_is_refused_without_a_name(scene: Scene) -> None:
    refuses = scene.hubspot.refusal

    def silently(object: str, id: str | None, fields: Mapping[str, Any]) -> Rejected | None:
        refused = refuses(object, id, fields)
        return refused and replace(refused, fields=())

    scene.hubspot.refusal = silently  # type: ignore[method-assign]
    test_an_opt_out_does_not_wait_for_what_is_refused_though_its_records_are_decided_one_by_one(scene)


def test_a_status_that_changes_again_within_the_second_in_which_it_was_judged_is_heard(scene: Scene) -> None:
    scene.now = scene.now // 1000 * 1000 + 100
    lead = scene.lead(Status="Closed - Not Converted")
    scene.refusal = lambda: "rule"  # type: ignore[method-assign]
    scene.turn(wait=0)
    del scene.refusal
    scene.now = scene.now // 1000 * 1000 + 900
    scene.salesforce.edit("Lead", lead, {"Status": "Open - Not Contacted"})
    scene.contact(lifecyclestage="subscriber")
    scene.rest()
    assert scene.value("hubspot", "contacts", "1001", "lifecyclestage") == "marketingqualifiedlead"
    assert judge(scene) == []


def test_a_status_that_is_taken_back_before_there_is_a_counterpart_is_taken_back(scene: Scene) -> None:
    lead = scene.lead(Status="Closed - Not Converted")
    scene.refusal = lambda: "rule"  # type: ignore[method-assign]
    scene.turn()
    del scene.refusal
    scene.salesforce.edit("Lead", lead, {"Status": "Open - Not Contacted"})
    scene.contact(lifecyclestage="subscriber")
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "Status") == "Open - Not Contacted"
    assert scene.value("hubspot", "contacts", "1001", "lifecyclestage") == "marketingqualifiedlead"
    assert judge(scene) == []
