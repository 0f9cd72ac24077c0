"""A record says itself whether the sync is content with it, and never for the sake of saying so alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.scene import HOUR, H, S, Scene, no_title_without_phone


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def says(scene: Scene) -> tuple[Any, Any]:
    """State in HubSpot and in Salesforce."""
    return scene.contact_now.get("smk_sync_state"), scene.leads[scene.lead].get("SMK_Sync_State__c")


def writes(scene: Scene) -> int:
    """How often the sync wrote to Ann's two records so far."""
    sides = ((H, "contacts", scene.contact), (S, "Lead", scene.lead))
    stamps = [scene.stage.world.face(side).history(object, id) for side, object, id in sides]
    return sum(len({change.at for change in changes if change.by == "integration"}) for changes in stamps)


def quiet(scene: Scene) -> bool:
    """Whether another cycle writes nothing."""
    before = scene.stage.snapshot()
    scene.sync()
    return scene.stage.snapshot() == before


def test_it_goes_along_with_what_is_written(scene: Scene) -> None:
    assert scene.leads[scene.lead]["SMK_Sync_State__c"] == "ok"
    assert scene.leads[scene.lead]["SMK_Synced_At__c"]
    assert quiet(scene)
    scene.edit(jobtitle="Head of Homes")
    scene.sync()
    assert says(scene)[1] == "ok"
    assert quiet(scene)


def test_what_is_held_says_why_on_both_sides(scene: Scene) -> None:
    scene.edit(jobtitle="Head of Homes " * 12)
    scene.sync()
    assert says(scene) == ("held", "held")
    message = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    assert message.startswith("title, Salesforce: The text is longer than the field allows.")
    assert len(message) <= 255
    assert scene.contact_now["smk_sync_message"] == message
    assert quiet(scene)
    scene.edit(jobtitle="Head of Homes")
    scene.sync()
    assert says(scene) == ("ok", "ok")
    assert not scene.leads[scene.lead].get("SMK_Sync_Message__c")
    assert quiet(scene)


def test_what_it_says_is_what_keeps_it_now(scene: Scene) -> None:
    scene.picklist("Hot")
    scene.edit(message="Tepid")
    scene.sync()
    first = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    assert first.startswith("rating, Salesforce: The value is not among the options")
    assert quiet(scene)
    scene.edit(message="Hot", jobtitle="Head of Homes " * 12)
    scene.sync()
    second = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    assert second.startswith("title, Salesforce: The text is longer than the field allows.")
    assert scene.contact_now["smk_sync_message"] == second
    assert says(scene) == ("held", "held")
    assert quiet(scene)


def test_a_cause_that_follows_another_without_any_write_is_told_alone(scene: Scene) -> None:
    scene.picklist("Hot")
    scene.edit(message="Tepid", jobtitle="Head of Homes " * 12)
    scene.sync()
    both = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    scene.edit(message="")
    scene.sync()
    left = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    scene.edit(message="Tepid", jobtitle="")
    scene.sync()
    right = scene.leads[scene.lead]["SMK_Sync_Message__c"]
    assert left.startswith("title, Salesforce:")
    assert right.startswith("rating, Salesforce:")
    assert both in (left, right)
    assert scene.contact_now["smk_sync_message"] == right
    assert quiet(scene)


def test_a_probe_that_is_refused_again_tells_nothing_new(scene: Scene) -> None:
    scene.salesforce.validation_rules.append(no_title_without_phone)
    scene.picklist("Hot")
    scene.edit(jobtitle="Head of Homes", message="Tepid")
    scene.sync()
    said, before = scene.contact_now["smk_sync_message"], writes(scene)
    scene.sync(HOUR)
    scene.sync(HOUR)
    assert (scene.contact_now["smk_sync_message"], writes(scene)) == (said, before)


def test_a_record_of_which_all_else_is_refused_tells_its_own_message(scene: Scene) -> None:
    scene.salesforce.validation_rules.append(no_title_without_phone)
    scene.edit(jobtitle="Head of Homes")
    scene.sync()
    assert says(scene) == ("held", "held")
    assert "validation rule" in scene.leads[scene.lead]["SMK_Sync_Message__c"]
    assert scene.leads[scene.lead].get("Title") is None
    assert quiet(scene)
    scene.salesforce.validation_rules.clear()
    scene.sync(HOUR)
    assert scene.leads[scene.lead]["Title"] == "Head of Homes"
    assert says(scene) == ("ok", "ok")
    assert quiet(scene)


def test_what_cannot_be_made_says_so_where_it_is(scene: Scene) -> None:
    scene.refusing("STORAGE_LIMIT_EXCEEDED", LastName="Bob")
    bob = scene.made("bob")
    scene.sync()
    told = scene.hubspot.get("contacts", bob) or {}
    assert told["smk_sync_state"] == "held"
    assert "data storage is full" in told["smk_sync_message"]
    assert quiet(scene)


def test_a_conflict_waits_for_a_choice(scene: Scene) -> None:
    scene.stage.configure("title", {"winner": "review", "rule": None})
    scene.edit(jobtitle="Head")
    scene.edit(S, Title="Foot")
    scene.sync()
    assert says(scene) == ("conflict", "conflict")
    assert quiet(scene)


def test_a_record_that_is_to_be_left_alone_is_told_nothing(scene: Scene) -> None:
    scene.edit(jobtitle="Head of Homes " * 12, smk_no_sync="true")
    before = scene.leads[scene.lead].get("SMK_Sync_State__c")
    scene.sync()
    assert says(scene)[1] == before == "ok"


def test_what_people_write_there_is_put_right_when_something_else_is_written(scene: Scene) -> None:
    scene.edit(S, SMK_Sync_State__c="held")
    scene.sync()
    assert says(scene)[1] == "ok"
    assert quiet(scene)


def test_one_trouble_costs_one_write_more_a_side_and_its_end_one(scene: Scene) -> None:
    before = writes(scene)
    scene.edit(jobtitle="Head of Homes " * 12)
    scene.sync()
    assert writes(scene) == before + 2
    scene.edit(jobtitle="Head of Homes " * 13)
    scene.sync()
    assert writes(scene) == before + 2
