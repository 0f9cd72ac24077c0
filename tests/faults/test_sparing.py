"""One refused field keeps back nothing else of its record: it stays held and says why, until its cause is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.console.show import held, review_json
from tests.faults.scene import HOUR, H, S, Scene
from tests.faults.test_faults import customer_number
from tests.scenarios.stage import MINUTE


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def refused(scene: Scene, side: str) -> int:
    """How many writes to a side were refused in the last run."""
    (last,) = scene.stage.state.runs(1)
    return int(last.counts["objects"]["person"][side]["written"]["failed"])


def test_a_unique_value_that_is_taken_keeps_only_itself_back(scene: Scene) -> None:
    customer_number(scene)
    scene.edit(message="K-7", city="Berlin", jobtitle="Head of Homes")
    scene.stage.clock.advance(2 * MINUTE)
    report = scene.stage.sync()
    lead = scene.leads[scene.lead]
    assert (lead["City"], lead["Title"], lead.get("Number__c")) == ("Berlin", "Head of Homes", None)
    assert report.as_json()["accounted"]
    assert report.as_json()["objects"]["person"][H]["held"] == 1
    (said,) = map(review_json, held(scene.stage.state))
    assert (said["code"], said["field"], said["value"]) == ("DUPLICATE_VALUE", "number", "K-7")
    assert "clear the value there" in said["fix"]
    assert lead["SMK_Sync_State__c"] == "held"
    assert lead["SMK_Sync_Message__c"].startswith("number, Salesforce: Another Lead holds this unique value")


def test_once_the_value_is_free_it_arrives(scene: Scene) -> None:
    customer_number(scene)
    scene.edit(message="K-7", city="Berlin")
    scene.sync()
    scene.salesforce.edit("Lead", scene.kept, {"Number__c": None}, scene.stage.human(S))
    scene.sync(HOUR)
    assert scene.leads[scene.lead]["Number__c"] == "K-7"
    assert not held(scene.stage.state)
    assert scene.leads[scene.lead]["SMK_Sync_State__c"] == "ok"


def test_an_address_that_salesforce_does_not_take_keeps_nothing_else_back(scene: Scene) -> None:
    scene.stage.configure("email", {"winner": "latest"})
    scene.edit(email="ann.@acme.example", city="Berlin")
    scene.sync()
    lead = scene.leads[scene.lead]
    assert (lead["City"], lead["Email"]) == ("Berlin", "ann@acme.example")
    scene.edit(city="Bonn", lastname="Abel")
    scene.sync()
    lead = scene.leads[scene.lead]
    assert (lead["City"], lead["LastName"]) == ("Bonn", "Abel")
    assert refused(scene, S) == 0, "that the address is refused is known, whatever else changes"
    scene.edit(email="ann.abel@acme.example")
    scene.sync()
    assert scene.leads[scene.lead]["Email"] == "ann.abel@acme.example"
    assert not held(scene.stage.state)


def test_an_opt_out_goes_first_whatever_is_refused_beside_it(scene: Scene) -> None:
    scene.stage.configure("email", {"winner": "latest"})
    scene.edit(email="ann.@acme.example", city="Berlin")
    scene.hubspot.opt_out("ann.@acme.example", scene.stage.human(H))
    scene.sync()
    lead = scene.leads[scene.lead]
    assert (lead["HasOptedOutOfEmail"], lead["City"], lead["Email"]) == (True, "Berlin", "ann@acme.example")


def test_an_address_that_another_contact_has_keeps_nothing_else_back(scene: Scene) -> None:
    scene.made("bob")
    scene.sync()
    scene.edit(S, Email="bob@acme.example", FirstName="Anna")
    scene.sync()
    assert (scene.contact_now["firstname"], scene.contact_now["email"]) == ("Anna", "ann@acme.example")
    (said,) = map(review_json, held(scene.stage.state))
    assert (said["code"], said["field"], said["value"]) == ("CONTACT_EXISTS", "email", "bob@acme.example")
    before = scene.stage.snapshot()
    scene.sync()
    assert refused(scene, H) == 1, "the record changed, which may have been what was wanted"
    scene.sync()
    assert refused(scene, H) == 0
    assert scene.stage.snapshot() == before
