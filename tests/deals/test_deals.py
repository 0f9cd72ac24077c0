"""What commands say of deals: explain, check and reconcile, on the stand-ins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.port import Problem
from sandbox.hubspot.pipelines import Stage as Step
from sync import compose
from sync.config import rules
from sync.decide.duplicates import Doubt, dismissal, doubts
from sync.report import Report
from sync.setup.check import check
from sync.trust.explain import NotFoundError, explain, find
from tests.brakes.test_duplicates import by_hand
from tests.scenarios.stage import MINUTE, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.raw["deal"] = {"sync": True}
    made.begin()
    yield made
    made.close()


def deal(stage: Stage, **more: object) -> str:
    values = {"Name": "Acme  -  Alder 120", "StageName": "Prospecting", "CloseDate": "2027-01-31", **more}
    return stage.world.salesforce.create("Opportunity", values, stage.human("salesforce"))


def sync(stage: Stage, *, compare: bool = False) -> Report:
    stage.clock.advance(10 * MINUTE)
    return stage.sync("reconcile" if compare else "sync", compare=compare)


def problems(stage: Stage) -> list[Problem]:
    settings = stage.settings()
    found = check(compose.connectors(settings, stage.outside()), rules(settings))
    return [problem for problem in found if "deal" in problem.where or "Opportunity" in problem.where]


def test_a_deal_is_explained_by_its_name_and_by_its_id(stage: Stage) -> None:
    id = deal(stage)
    sync(stage)
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    mappings = engine.mappings()
    ((mapping, entity),) = find(stage.state, mappings, "acme - alder 120")
    assert find(stage.state, mappings, f"salesforce:{id}") == [(mapping, entity)]
    document = explain(stage.state, engine.planner(mapping.rule), entity)
    assert document["kind"] == "deal"
    assert document["fields"]["stage"]["sides"]["hubspot"]["means"] == "prospecting"
    with pytest.raises(NotFoundError, match="a deal's name"):
        find(stage.state, mappings, "acme")


def test_the_delivered_stages_need_no_configuration(stage: Stage) -> None:
    assert problems(stage) == []


def test_check_lists_stages_without_a_meaning_and_suggests_one(stage: Stage) -> None:
    pipeline = stage.world.hubspot.pipelines.of["deals"]["default"]
    for id, label, chance in (("71", "Legal", "0.89"), ("72", "Closed won", "1.0")):
        closed = str(chance == "1.0").lower()
        pipeline.stages[id] = Step(id, label, 9, {"isClosed": closed, "probability": chance})
    (problem,) = problems(stage)
    assert problem.level == "warning"
    assert problem.where == "hubspot.deals.dealstage"
    assert '"71" (Legal)' in problem.what
    assert "72" not in problem.what
    assert 'negotiation = "71"' in problem.fix


def test_check_says_which_stage_a_side_lacks(stage: Stage) -> None:
    del stage.world.hubspot.pipelines.of["deals"]["default"].stages["contractsent"]
    (problem,) = problems(stage)
    assert (problem.level, problem.where) == ("warning", "hubspot.deals.dealstage")
    assert "no stage for negotiation" in problem.what


def test_check_speaks_of_pipelines_and_record_types(stage: Stage) -> None:
    stage.world.salesforce.add_record_types("Opportunity", {"New": ("New", {}), "Old": ("Old", {})}, "New")
    assert problems(stage) == []
    stage.raw["deal"]["pipelines"] = {"new": {"hubspot": "default", "salesforce": "New_Business"}}
    found = sorted(problem.what for problem in problems(stage))
    assert found == ["nothing belongs to New, Old of salesforce", "salesforce has no New_Business"]


def test_an_association_that_moved_no_stamp_is_found_by_the_comparison(stage: Stage) -> None:
    world, human = stage.world, stage.human("hubspot")
    contact = world.hubspot.create("contacts", {"email": "ann@prospect.example", "lastname": "Ann"}, human)
    person = {"LastName": "Ann", "Email": "ann@prospect.example"}
    role = world.salesforce.create("Contact", person, stage.human("salesforce"))
    deal(stage)
    sync(stage)
    (found,) = (id for id, row in world.rows("hubspot", "deals").items())
    world.hubspot.associate("deals", found, "contacts", contact, human)
    sync(stage, compare=True)
    assert [row.values["ContactId"] for row in world.rows("salesforce", "OpportunityContactRole").values()] == [role]


def test_a_new_deal_whose_stage_means_nothing_is_asked_about_once(stage: Stage) -> None:
    step = Step("71", "Legal", 9, {"isClosed": "false", "probability": "0.89"})
    stage.world.hubspot.pipelines.of["deals"]["default"].stages["71"] = step
    values = {"dealname": "Big", "closedate": "2027-01-31T12:00:00Z"}
    stage.world.hubspot.seed("deals", {**values, "dealstage": "71", "pipeline": "default"})
    sync(stage)
    (review,) = stage.held()
    assert (review.detail["code"], review.field) == ("UNMAPPED_VALUE", "stage")
    assert 'perhaps as "negotiation"' in review.detail["fix"]


def namesakes(stage: Stage) -> tuple[str, str, Doubt]:
    """Two deals of one name that wait, and the question about them."""
    values = {"dealname": "acme - alder 120", "pipeline": "default", "dealstage": "appointmentscheduled"}
    values["closedate"] = "2027-01-31T12:00:00Z"
    one, other = deal(stage), stage.world.hubspot.create("deals", values, stage.human("hubspot"))
    sync(stage)
    first, *_ = [doubt for doubt in doubts(stage.state) if doubt.review.detail.get("code") == "NAMESAKE"]
    assert {ref.id for ref in first.records} == {one, other}
    assert {f"hubspot:{other}", f"salesforce:{one}"} <= set(first.fix.replace("`", " ").split())
    return one, other, first


def test_deals_of_one_name_that_are_said_to_be_two_are_made_on_the_other_side(stage: Stage) -> None:
    namesakes(stage)
    outcomes = [dismissal(stage.state, doubt, stage.clock.now(), "rita") for doubt in doubts(stage.state)]
    for each in outcomes:
        stage.leased(lambda lease, each=each: stage.state.commit_outcomes(lease, each))
    sync(stage)
    assert doubts(stage.state) == []
    assert len(stage.world.rows("hubspot", "deals")) == len(stage.world.rows("salesforce", "Opportunity")) == 2


def test_deals_of_one_name_that_are_linked_by_hand_are_one(stage: Stage) -> None:
    one, other, _ = namesakes(stage)
    assert by_hand(stage, ("hubspot", other), ("salesforce", one), "deal") is None
    sync(stage)
    assert doubts(stage.state) == []
    assert len(stage.world.rows("hubspot", "deals")) == len(stage.world.rows("salesforce", "Opportunity")) == 1
