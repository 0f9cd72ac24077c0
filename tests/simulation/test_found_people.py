"""Stories of what the simulator found about who is whom: shared addresses, duplicates, and what is asked about them."""

from __future__ import annotations

from tests.simulation.invariants import judge
from tests.simulation.scene import Scene


def test_who_shares_an_address_is_no_person_of_their_own_because_their_lead_was_converted(scene: Scene) -> None:
    first = scene.lead()
    second = scene.lead(LastName="Bosch")
    scene.rest()
    scene.salesforce.edit("Lead", first, {"HasOptedOutOfEmail": True})
    scene.on("apply:salesforce:sent", lambda: scene.salesforce.convert("Lead", second, "Contact"))
    scene.rest()
    assert [row.fields["HasOptedOutOfEmail"] for row in scene.salesforce.live("Contact")] == [True]
    assert scene.ask("SELECT state FROM record WHERE object = 'Contact'") == [("shared",)]
    assert judge(scene) == []


def test_who_comes_out_of_the_bin_is_told_that_their_address_opted_out(scene: Scene) -> None:
    contact = scene.contact()
    scene.rest()
    scene.hubspot.delete("contacts", contact)
    scene.salesforce.delete("Lead", "1001")
    scene.rest()
    scene.lead(LastName="Bosch", HasOptedOutOfEmail=True)
    scene.rest()
    scene.salesforce.restore("Lead", "1001")
    scene.rest()
    assert scene.value("salesforce", "Lead", "1001", "HasOptedOutOfEmail") is True
    assert judge(scene) == []


def test_a_duplicate_that_shares_an_address_is_asked_about_once(scene: Scene) -> None:
    first = scene.lead(Title="boss")
    scene.rest()
    second = scene.lead()
    scene.rest()
    scene.salesforce.edit("Lead", first, {"LastName": "Bosch"})
    scene.salesforce.edit("Lead", second, {"Phone": "1"})
    scene.rest()
    assert _asked(scene) == [("shared",)]
    scene.salesforce.edit("Lead", second, {"Email": "cyd@oak.example"})
    scene.rest()
    assert _asked(scene) == []
    assert judge(scene) == []


def test_nobody_is_asked_about_a_duplicate_that_is_gone(scene: Scene) -> None:
    scene.lead(Title="boss")
    scene.rest()
    second = scene.lead()
    scene.rest()
    assert _asked(scene) == [("duplicate",)]
    scene.salesforce.merge("Lead", "1001", second)
    scene.rest()
    assert _asked(scene) == []
    assert judge(scene) == []


def test_two_pairs_that_may_be_the_same_person_are_two_questions_and_each_answers_itself(scene: Scene) -> None:
    scene.contact(hs_additional_emails="ben@oak.example")
    first = scene.lead()
    scene.rest()
    second, third = (scene.lead(Email="ben@oak.example", LastName="Bosch", Title=title) for title in ("1", "2"))
    scene.rest()
    assert _asked(scene) == [("duplicate",), ("same_person",)]
    scene.salesforce.delete("Lead", third)
    scene.rest()
    assert _asked(scene) == [("same_person",)]
    assert judge(scene) == []
    scene.salesforce.merge("Lead", first, second)
    scene.rest()
    assert _asked(scene) == []
    assert judge(scene) == []


def _asked(scene: Scene) -> list[tuple[object, ...]]:
    return sorted(scene.ask("SELECT question FROM review WHERE closed_ms IS NULL"))


def test_who_turns_out_an_heir_in_the_turn_that_took_them_for_a_duplicate_is_not_asked_about(scene: Scene) -> None:
    scene.salesforce.create("Contact", {"Email": "cyd@acme.example", "LastName": "Curie"})
    lead = scene.lead(Email="cyd@oak.example", LastName="Curie", Status="Closed - Not Converted")
    scene.rest()
    scene.salesforce.convert("Lead", lead, "Contact")
    scene.lead(Email="cyd@oak.example", LastName="Curie", Status="Closed - Not Converted")
    winner, loser = (row.ref.id for row in scene.hubspot.live("contacts")[::-1])
    scene.hubspot.merge("contacts", winner, loser)
    scene.rest()
    assert judge(scene) == []


def test_who_opted_out_just_before_they_were_deleted_is_heard(scene: Scene) -> None:
    contact = scene.contact()
    scene.rest()
    lead = scene.salesforce.live("Lead")[0].ref.id
    scene.hubspot.edit("contacts", contact, {"@subscriptions": True})
    scene.hubspot.delete("contacts", contact)
    scene.rest()
    assert scene.value("salesforce", "Lead", lead, "HasOptedOutOfEmail") is True
    assert judge(scene) == []


def test_who_lost_their_counterpart_is_not_made_again_for_being_merged(scene: Scene) -> None:
    linked = scene.contact()
    scene.rest()
    (lead,) = scene.salesforce.live("Lead")
    alone = scene.contact(email="cyd@acme.example", lastname="Curie", lifecyclestage="subscriber")
    scene.rest()
    scene.hubspot.merge("contacts", linked, alone)
    scene.salesforce.delete(*lead.ref[1:])
    scene.rest()
    assert not scene.salesforce.live("Lead")
    assert judge(scene) == []


def test_who_comes_back_to_a_place_that_was_another_s_meets_the_other_side_anew(scene: Scene) -> None:
    first = scene.contact(jobtitle="boss")
    scene.rest()
    (lead,) = scene.salesforce.live("Lead")
    scene.hubspot.delete("contacts", first)
    second = scene.contact(jobtitle=None)
    scene.rest()
    scene.salesforce.edit("Lead", lead.ref.id, {"Title": "head"})
    scene.rest()
    assert scene.value("hubspot", "contacts", second, "jobtitle") == "head"
    scene.hubspot.delete("contacts", second)
    scene.hubspot.restore("contacts", first)
    scene.rest()
    assert scene.value("salesforce", "Lead", lead.ref.id, "Title") == "head"
    stays = scene.ask("SELECT count(*) FROM journal WHERE field = 'title' AND reason LIKE 'first meeting%'")
    assert stays == [(2,)], "both values are listed"
    assert judge(scene) == []
