"""A derived field is one whose owner is this service: written where a record says else, put right, never in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.kernel import SEED
from state.rows import TouchRow
from sync.decide.derived import PUT_RIGHT
from sync.report import Report
from tests.scenarios.stage import MINUTE, Stage

HOUR = 60 * MINUTE
ANN = {"LastName": "Example", "Company": "Acme", "Email": "ann@prospect.example", "Status": "Open - Not Contacted"}


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[insight]", {"behaviour": "true"})
    made.begin()
    yield made
    made.close()


def ann(stage: Stage) -> tuple[str, str, str]:
    """Ann in both systems: (entity, lead, contact)"""
    lead = stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
    sync(stage)
    sync(stage)
    row = stage.row("salesforce", "Lead", lead)
    assert row is not None and row.entity is not None
    (contact,) = stage.world.rows("hubspot", "contacts")
    return row.entity, lead, contact


def sync(stage: Stage) -> Report:
    stage.clock.advance(2 * MINUTE)
    return stage.sync()


def visits(stage: Stage, count: int, who: str = "ann") -> None:
    """So many visits of this person are known."""
    now, name = stage.clock.now(), f"email:{who}@prospect.example"
    rows = [TouchRow(name, f"visit {n}", now - n * HOUR, "visit", "buyer", "Houses") for n in range(count)]
    stage.leased(lambda lease: stage.state.save_touches(lease, rows))


def held(stage: Stage, lead: str, contact: str) -> tuple[Any, Any]:
    return (
        (stage.world.salesforce.get("Lead", lead) or {}).get("SMK_Visits__c"),
        stage.world.rows("hubspot", "contacts")[contact].values.get("smk_visits_total"),
    )


def test_a_value_reaches_both_sides_once(stage: Stage) -> None:
    _, lead, contact = ann(stage)
    visits(stage, 3)
    sync(stage)
    assert held(stage, lead, contact) == (3, "3")
    assert sync(stage).changed == 0


def test_what_is_unknown_clears_only_what_was_told(stage: Stage) -> None:
    _, lead, contact = ann(stage)
    assert held(stage, lead, contact) == (None, None)
    visits(stage, 3)
    sync(stage)
    name = "email:ann@prospect.example"
    stage.leased(lambda lease: stage.state.repoint(lease, [(name, "email:somebody@else.example")]))
    stage.leased(lambda lease: stage.state.unlearn(lease, [name], []))
    sync(stage)
    assert held(stage, lead, contact) == (None, "")


def test_who_is_in_one_system_only_has_it_there(stage: Stage) -> None:
    id = stage.world.hubspot.create("contacts", {"email": "bob@prospect.example"}, stage.human("hubspot"))
    sync(stage)
    visits(stage, 1, "bob")
    sync(stage)
    assert stage.world.rows("hubspot", "contacts")[id].values["smk_visits_total"] == "1"
    assert not stage.world.rows("salesforce", "Lead")


def test_a_new_record_is_born_with_it(stage: Stage) -> None:
    bob = {"email": "bob@prospect.example", "lastname": "B"}
    id = stage.world.hubspot.create("contacts", bob, stage.human("hubspot"))
    visits(stage, 1, "bob")
    sync(stage)
    sync(stage)
    stage.world.hubspot.edit("contacts", id, {"lifecyclestage": "marketingqualifiedlead"}, stage.human("hubspot"))
    assert sync(stage).changed == 2, "the lead, and its id in the contact"
    (lead,) = stage.world.rows("salesforce", "Lead")
    values = stage.world.salesforce.get("Lead", lead) or {}
    assert (values["SMK_Visits__c"], values["SMK_Content_Viewed__c"]) == (1, "Houses")


def test_a_quiet_field_goes_along(stage: Stage) -> None:
    _, lead, contact = ann(stage)
    stage.world.hubspot.edit("contacts", contact, {"hs_analytics_num_page_views": "7"}, SEED)
    assert sync(stage).changed == 0
    visits(stage, 2)
    sync(stage)
    values = stage.world.salesforce.get("Lead", lead) or {}
    assert (values["SMK_Visits__c"], values["SMK_Page_Views__c"]) == (2, 7)


def test_what_somebody_wrote_there_is_put_right_but_not_for_ever(stage: Stage) -> None:
    entity, lead, contact = ann(stage)
    visits(stage, 3)
    sync(stage)
    human = stage.human("salesforce")
    for _ in range(3):
        stage.world.salesforce.edit("Lead", lead, {"SMK_Visits__c": 99}, human)
        sync(stage)
        assert held(stage, lead, contact) == (3, "3")
    restored = [line for line in stage.state.journal(entity) if line.field == "@visits"]
    assert [(line.was, line.became) for line in restored] == [(99, 3)] * 3
    assert all(line.reason.startswith(f"{PUT_RIGHT}: ") for line in restored)
    stage.world.salesforce.edit("Lead", lead, {"SMK_Visits__c": 99}, human)
    sync(stage)
    assert held(stage, lead, contact) == (99, "3")
    (question,) = stage.held()
    assert (question.field, question.detail["code"]) == ("@visits", "PING_PONG")


def test_a_no_sync_box_keeps_it_out(stage: Stage) -> None:
    _, lead, contact = ann(stage)
    stage.world.salesforce.edit("Lead", lead, {"SMK_No_Sync__c": True}, stage.human("salesforce"))
    visits(stage, 3)
    assert sync(stage).changed == 0
    assert held(stage, lead, contact)[0] is None


def test_who_never_turns_it_on_gets_no_fields() -> None:
    stage = Stage()
    try:
        stage.begin()
        lead = stage.world.salesforce.create("Lead", ANN, stage.human("salesforce"))
        assert "SMK_Visits__c" not in (stage.world.salesforce.get("Lead", lead) or {})
    finally:
        stage.close()
