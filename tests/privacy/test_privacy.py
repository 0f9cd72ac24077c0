"""Privacy requests: what is told is complete, what is erased is nowhere, and whoever was erased stays out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from connectors.errors import Misconfigured
from sandbox.kernel import Fault
from sync import compose
from sync.config import person_rule
from sync.trust.explain import NotFoundError
from sync.trust.privacy import Privacy
from tests.scenarios.stage import MINUTE, Stage

ANN = "ann@prospect.example"
SECRETS = (ANN, "Annabel", "Hallberg", "5550001", "Secret Street")


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.begin()
    yield made
    made.close()


@pytest.fixture
def acting() -> Iterator[Stage]:
    """Activities are synchronised."""
    made = Stage()
    made.raw["activity"] = {"sync": True}
    made.begin()
    yield made
    made.close()


def privacy(stage: Stage) -> Privacy:
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    return Privacy(stage.state, engine.connectors, engine.planner(person_rule(stage.settings())).mapping)


def erase(stage: Stage, who: str, run: str = "erasure-1") -> dict[str, Any]:
    asked = privacy(stage)
    subject = asked.find(who)
    erased = stage.leased(lambda lease: asked.erase(lease, subject, run, stage.clock.now(), "0123456789abcdef"))
    return dict(erased)


def lead(stage: Stage, **more: str) -> str:
    values = {"FirstName": "Annabel", "LastName": "Hallberg", "Company": "Acme", "Email": ANN, "Phone": "030 5550001",
              "Street": "Secret Street 1", "Status": "Open - Not Contacted"}  # fmt: skip
    return str(stage.world.salesforce.create("Lead", {**values, **more}, stage.human("salesforce")))


def sync(stage: Stage, *, full: bool = False) -> None:
    stage.clock.advance(2 * MINUTE)
    stage.sync(full=full)


def met(stage: Stage) -> Stage:
    """Ann is in both systems, has a duplicate, and something was changed and journaled."""
    first = lead(stage)
    sync(stage)
    lead(stage, Phone="030 5550001 ext 2")
    stage.world.salesforce.edit("Lead", first, {"City": "Berlin"}, stage.human("salesforce"))
    sync(stage)
    sync(stage)
    return stage


def held_anywhere(stage: Stage) -> list[str]:
    """The secrets that stand in any table of the state."""
    stage.state.close()
    path = f"{stage._folder.name}/state.db"
    with closing(sqlite3.connect(path)) as database:
        dump = "\n".join(database.iterdump())
    stage.reopen()
    return [secret for secret in SECRETS if secret.casefold() in dump.casefold()]


def live(stage: Stage, side: str, *objects: str) -> int:
    return sum(row.archived_at is None for object in objects for row in stage.world.rows(side, object).values())


def test_an_export_tells_every_record_value_link_and_write(stage: Stage) -> None:
    document = privacy(met(stage)).export(ANN)
    assert [(r["side"], r["state"]) for r in document["records"]] == [
        ("salesforce", "live"), ("hubspot", "live"), ("salesforce", "duplicate"),
    ]  # fmt: skip
    assert document["records"][1]["remembered"]["last_name"] == "Hallberg"
    assert document["records"][1]["in_system"]["lastname"] == "Hallberg"
    assert document["records"][1]["agreed"]["city"] == "Berlin"
    assert {line["field"] for line in document["journal"]} >= {"last_name", "city"}
    assert {write["action"] for write in document["writes"]} == {"create", "update"}
    assert document["addresses"] == [ANN]


def test_an_export_asks_the_systems_for_what_was_not_read_yet(stage: Stage) -> None:
    lead(stage)
    (record,) = privacy(stage).export(ANN)["records"]
    assert (record["state"], record["in_system"]["LastName"]) == ("not read yet", "Hallberg")


def test_nobody_known_is_said(stage: Stage) -> None:
    with pytest.raises(NotFoundError):
        privacy(stage).find("nobody@prospect.example")


def test_what_is_erased_is_nowhere(stage: Stage) -> None:
    assert set(held_anywhere(met(stage))) == set(SECRETS)
    receipt = erase(stage, ANN)
    assert receipt["complete"]
    assert {(r["side"], r["object"]) for r in receipt["records"]} == {("hubspot", "contacts"), ("salesforce", "Lead")}
    assert [len(receipt["records"]), receipt["state"]["records_forgotten"]] == [3, 3]
    assert (live(stage, "hubspot", "contacts"), live(stage, "salesforce", "Lead")) == (0, 0)
    assert held_anywhere(stage) == []
    sync(stage, full=True)
    assert held_anywhere(stage) == []
    assert not any(secret in str(receipt) for secret in SECRETS)


def test_values_journaled_before_two_records_became_one_are_erased_too(stage: Stage) -> None:
    lead(stage, Email="")
    sync(stage)
    (id,) = stage.world.rows("salesforce", "Lead")
    stage.world.salesforce.edit("Lead", id, {"Phone": "030 5550001 ext 3"}, stage.human("salesforce"))
    sync(stage)
    stage.world.salesforce.edit("Lead", id, {"Email": ANN}, stage.human("salesforce"))
    sync(stage)
    erase(stage, ANN)
    assert held_anywhere(stage) == []


@pytest.mark.parametrize("rebuilt", [False, True])
@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_who_was_erased_is_not_taken_in_again(stage: Stage, side: str, rebuilt: bool) -> None:
    erase(met(stage), ANN)
    if rebuilt:
        stage.rebuild()
    if side == "salesforce":
        lead(stage)
    else:
        stage.world.hubspot.blocked.clear()
        values = {"email": ANN.upper(), "lastname": "Hallberg", "lifecyclestage": "marketingqualifiedlead"}
        stage.world.hubspot.create("contacts", values, stage.human("hubspot"))
    sync(stage)
    sync(stage)
    assert live(stage, "hubspot", "contacts") + live(stage, "salesforce", "Lead") == 1
    assert [review.question for review in stage.state.reviews()] == ["erased"]
    assert held_anywhere(stage) == []


def test_an_erasure_that_is_lifted_lets_the_person_back_in(stage: Stage) -> None:
    erase(met(stage), ANN)
    stage.world.hubspot.blocked.clear()
    lead(stage)
    sync(stage)
    assert live(stage, "hubspot", "contacts") == 0
    assert stage.leased(lambda lease: privacy(stage).lift(lease, ANN)) >= 1
    sync(stage, full=True)
    assert live(stage, "hubspot", "contacts") == 1


def test_others_are_taken_in_as_before(stage: Stage) -> None:
    erase(met(stage), ANN)
    lead(stage, Email="bob@prospect.example")
    sync(stage)
    assert live(stage, "hubspot", "contacts") == 1
    assert stage.state.reviews() == []


def test_where_a_system_cannot_be_asked_nothing_is_forgotten_and_the_same_again_goes_on(stage: Stage) -> None:
    met(stage)
    stage.world.faults.add(Fault("error", "salesforce", path="^DELETE ", status=503, times=-1))
    first = erase(stage, ANN)
    assert (first["complete"], first["state"]) == (False, {"records_forgotten": 0, "blocked": False})
    assert set(held_anywhere(stage)) == set(SECRETS)
    stage.world.faults.clear()
    assert erase(stage, ANN, "erasure-2")["complete"]
    assert held_anywhere(stage) == []


def test_where_deleting_is_not_granted_the_record_is_emptied_and_the_receipt_says_so(stage: Stage) -> None:
    met(stage)
    stage.world.faults.add(Fault("error", "salesforce", path="^DELETE ", status=403, times=-1))
    receipt = erase(stage, ANN)
    assert not receipt["complete"]
    rows = stage.world.rows("salesforce", "Lead").values()
    assert {(row.values["LastName"], row.values.get("Email")) for row in rows} == {("Erased", None)}
    assert all(record["left"] for record in receipt["records"] if record["side"] == "salesforce")
    assert held_anywhere(stage) == []


def test_the_mailbox_of_several_people_is_not_erased_as_one_person(stage: Stage) -> None:
    lead(stage, Email="info@prospect.example")
    sync(stage)
    with pytest.raises(Misconfigured, match="name one record"):
        privacy(stage).find("info@prospect.example")


def test_one_of_several_who_share_a_mailbox_is_erased_alone(stage: Stage) -> None:
    first, second = lead(stage, Email="info@prospect.example"), lead(stage, Email="info@prospect.example")
    sync(stage)
    erase(stage, f"salesforce:{first}")
    rows = stage.world.rows("salesforce", "Lead")
    assert (rows.get(first), rows[second].archived_at) == (None, None)
    lead(stage, Email="info@prospect.example")
    sync(stage)
    assert stage.state.counts()["person", "salesforce", "Lead", "shared", False] == 2


def test_deals_that_name_the_person_are_told_and_stay() -> None:
    stage = Stage()
    stage.raw["deal"] = {"sync": True}
    stage.begin()
    hubspot, human = stage.world.hubspot, stage.human("hubspot")
    contact = hubspot.create("contacts", {"email": ANN, "lastname": "Hallberg"}, human)
    values = {"dealname": "Two plots", "dealstage": "appointmentscheduled", "closedate": "2026-12-01T12:00:00Z"}
    deal = hubspot.create("deals", {**values, "pipeline": "default"}, human)
    hubspot.associate("deals", deal, "contacts", contact, human)
    sync(stage)
    (told,) = [record for record in privacy(stage).export(ANN)["deals"] if record["side"] == "hubspot"]
    assert (told["id"], told["remembered"]["name"]) == (deal, "Two plots")
    erase(stage, ANN)
    assert live(stage, "hubspot", "deals") == 1
    stage.close()


def test_what_is_remembered_of_activities_is_told_and_forgotten_for_good(acting: Stage) -> None:
    stage = acting
    who = lead(stage)
    human = stage.human("salesforce")
    task = {"Subject": "Call Annabel", "Description": "Moves to Secret Street", "TaskSubtype": "Call"}
    stage.world.salesforce.create("Task", {**task, "Status": "Completed", "WhoId": who}, human)
    stage.world.salesforce.create("Task", {"Subject": "Order pens"}, human)
    sync(stage)
    told = privacy(stage).export(ANN)
    assert {record["object"] for record in told["activities"]} == {"Task", "calls"}
    assert any(line["action"] == "create" and line["object"] == "calls" for line in told["writes"])
    assert held_anywhere(stage)
    left = erase(stage, ANN)["activities_left"]
    assert {record["object"] for record in left} == {"Task", "calls"}
    assert held_anywhere(stage) == []
    sync(stage, full=True)
    assert held_anywhere(stage) == []
    assert [review.question for review in stage.state.reviews()] == []


def test_a_record_that_was_given_the_address_since_it_was_read_is_erased_with_it(stage: Stage) -> None:
    id = lead(stage, Email="other@prospect.example")
    sync(stage)
    stage.world.salesforce.edit("Lead", id, {"Email": ANN}, stage.human("salesforce"))
    assert id in [record["id"] for record in erase(stage, ANN)["records"]]
    sync(stage)
    assert live(stage, "hubspot", "contacts") + live(stage, "salesforce", "Lead") == 0


@pytest.mark.parametrize("how", ["given it", "came back"])
def test_who_holds_an_erased_address_later_is_not_made_elsewhere(stage: Stage, how: str) -> None:
    erase(met(stage), ANN)
    stage.world.hubspot.blocked.clear()
    person, human = stage.world.hubspot, stage.human("hubspot")
    young = {"email": "new@prospect.example" if how == "given it" else ANN, "lifecyclestage": "lead", "lastname": "New"}
    id = person.create("contacts", young, human)
    if how == "came back":
        person.delete("contacts", id, human)
    sync(stage)
    if how == "came back":
        person.restore("contacts", id, human)
    person.edit("contacts", id, {"email": ANN, "lifecyclestage": "marketingqualifiedlead"}, human)
    sync(stage)
    sync(stage)
    assert live(stage, "salesforce", "Lead") == 0
    assert [review.question for review in stage.state.reviews()] == ["erased"]
    assert held_anywhere(stage) == []


@pytest.mark.parametrize("then", ["corrected", "lifted"])
def test_a_linked_record_that_is_given_an_erased_address_does_not_carry_it_over(stage: Stage, then: str) -> None:
    erase(met(stage), ANN)
    stage.world.hubspot.blocked.clear()
    id = lead(stage, Email="other@prospect.example", FirstName="Otto", LastName="Other", City="Bonn")
    sync(stage)
    sync(stage)
    stage.world.salesforce.edit("Lead", id, {"Email": ANN, "City": "Ulm"}, stage.human("salesforce"))
    sync(stage)
    sync(stage)
    (contact,) = (row for row in stage.world.rows("hubspot", "contacts").values() if row.archived_at is None)
    assert (contact.values["email"], contact.values["city"]) == ("other@prospect.example", "Ulm")
    (asked,) = [review for review in stage.state.reviews() if review.detail.get("code") == "ERASED_PERSON"]
    assert (asked.system, asked.id, asked.field) == ("salesforce", id, "email")
    assert ANN not in str(asked.detail)
    now = ANN
    if then == "corrected":
        now = "third@prospect.example"
        stage.world.salesforce.edit("Lead", id, {"Email": now}, stage.human("salesforce"))
    else:
        stage.leased(lambda lease: privacy(stage).lift(lease, ANN))
    sync(stage)
    sync(stage)
    assert contact.values["email"] == now
    assert stage.state.reviews() == []
