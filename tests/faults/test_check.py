"""What `check` says beside what is plainly wrong: values that would not fit, a day's calls, clocks, the closed loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Problem, Traits
from sync import compose
from sync.config import rules
from sync.schedule import a_day
from sync.setup import provision
from sync.setup.check import check
from sync.setup.check_load import Day, forecast
from sync.setup.views import view_specs
from tests.faults.scene import S, Scene
from tests.scenarios.stage import Stage

COUNTS = st.integers(0, 1_000_000)


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def problems(scene: Scene, where: str) -> list[Problem]:
    settings = scene.stage.settings()
    found = check(scene.sides, rules(settings), scene.stage.state, day=compose.day(settings))
    return [problem for problem in found if where in problem.where]


def test_values_that_are_no_options_are_counted_and_one_is_suggested(scene: Scene) -> None:
    scene.picklist("Hot Lead", "Cold Lead")
    for name in ("bob", "cleo"):
        scene.made(name, message="hot leads")
    scene.edit(message="none of it")
    scene.sync()
    (told,) = problems(scene, "salesforce.Lead.Rating__c")
    assert told.what == (
        '3 records hold values of rating that it cannot take: "hot leads" (2, perhaps Hot Lead), "none of it" (1)'
    )
    assert "add the value" in told.fix or "Add the option" in told.fix


def test_texts_that_are_too_long_are_counted_and_not_shown(scene: Scene) -> None:
    scene.edit(jobtitle="Head of Homes " * 12)
    scene.sync()
    (told,) = problems(scene, "salesforce.Lead.Title")
    assert told.what.startswith("1 record holds values of title that it cannot take (at most 128 characters)")
    assert "Homes" not in told.what


def test_a_day_is_forecast_and_too_much_of_it_is_a_warning(scene: Scene) -> None:
    (told,) = problems(scene, "salesforce.limits")
    assert told.level == "note"
    assert told.what.startswith("about 1,44") and " of 25,000 calls a day" in told.what
    scene.stage.raw["budget"][S]["calls_per_day"] = 1_000
    (told,) = problems(scene, "salesforce.limits")
    assert (told.level, " of 1,000 calls a day" in told.what) == ("warning", True)


@given(st.integers(1, 9), COUNTS, st.integers(1, 720), st.integers(0, 24))
def test_more_of_anything_is_never_less_work(objects: int, records: int, syncs: int, comparisons: int) -> None:
    def calls(objects: int, records: int, syncs: int, comparisons: int) -> int:
        traits = Traits(100, 1, 0, False, True)
        return forecast(objects, records, traits, 100, Day(syncs, comparisons, {})).calls

    base = calls(objects, records, syncs, comparisons)
    assert base >= syncs * objects
    assert calls(objects + 1, records, syncs, comparisons) >= base
    assert calls(objects, records + 1_000, syncs, comparisons) >= base
    assert calls(objects, records, syncs + 1, comparisons) >= base


@pytest.mark.parametrize(
    ("when", "times"), [("every 2 minutes", 720), ("03:00", 1), ("sunday 04:00", 1 / 7), ("*/5 * * * *", 288)]
)
def test_how_often_a_day(when: str, times: float) -> None:
    assert a_day(when) == pytest.approx(times)


def test_the_loop_is_not_closed_where_sales_people_are_linked_with_nobody(scene: Scene) -> None:
    assert not problems(scene, "closed_loop_ready")
    for name in ("bob", "cleo"):
        values = {"LastName": name, "Company": "Acme", "Status": "Open - Not Contacted"}
        scene.salesforce.create("Lead", values, scene.stage.human(S))
    scene.sync()
    (told,) = problems(scene, "closed_loop_ready")
    assert told.what.startswith("1 of 3 people of salesforce are linked with their counterpart (33%)")


@pytest.mark.parametrize(("ahead", "said"), [(59_000, ""), (90_000, "90 s behind"), (-3_600_000, "3,600 s ahead")])
def test_clocks_are_compared(ahead: int, said: str) -> None:
    stage = Stage()
    stage.ahead(ahead)
    stage.begin()
    found = check(compose.connectors(stage.settings(), stage.outside()), rules(stage.settings()))
    stage.close()
    told = [problem.what for problem in found if problem.where == "salesforce.clock"]
    assert bool(told) == bool(said)
    assert said in "".join(told)


def test_rules_on_properties_are_read_and_not_tried(scene: Scene) -> None:
    scene.hubspot.validations["contacts", "phone"] = {"MAX_LENGTH": ["9"]}
    assert any("phone (MAX_LENGTH)" in problem.what for problem in problems(scene, "hubspot.contacts"))


def test_behaviour_needs_scopes_and_campaigns_of_its_own(scene: Scene) -> None:
    scene.stage.raw.setdefault("insight", {})["behaviour"] = True
    needed = provision.needed(scene.sides, rules(scene.stage.settings()))
    assert {"forms", "content"} <= set(needed["hubspot"])
    assert "Object Settings, Campaign: Read" in needed["salesforce"]


def test_lists_that_the_sync_needs_follow_its_fields(scene: Scene) -> None:
    def lists() -> set[tuple[str, str]]:
        kinds = rules(scene.stage.settings())
        return {(view.object, view.name) for rule in kinds for _, view in view_specs(rule) if _ == S}

    held = {(object, name) for object in ("Lead", "Contact") for name in ("SMK_Held", "SMK_Duplicates")}
    assert lists() == held
    scene.stage.raw.setdefault("score", {})["enabled"] = True
    assert lists() == {*held, ("Lead", "SMK_Call_Next"), ("Contact", "SMK_Call_Next")}


def test_everything_is_provided_once_and_a_stage_more_completes_the_fields(scene: Scene) -> None:
    def provided() -> tuple[list[str], list[str]]:
        kinds = rules(scene.stage.settings())
        made = provision.provision(scene.sides, provision.lacking(scene.sides, kinds))
        beside = provision.furnish(scene.sides, kinds, apply=True)
        assert all(each.made for _, each in beside)
        return made, [each.what for _, each in beside]

    made, beside = provided()
    assert (made, "list view Lead.SMK_Held: Held by Smarketing Sync" in beside) == ([], True)
    assert provided() == ([], [])
    scene.stage.configure("vocabulary", {"sal.salesforce": "Nurturing"})
    scene.stage.raw["vocabulary"]["stage"].append({"name": "ambassador", "means": "speaks for us", "owner": "sales"})
    (told,) = problems(scene, "salesforce.Lead.SMK_Stage__c")
    assert told.what == "our own field lacks options: ambassador"
    assert provided() == (
        ["hubspot.contacts.smk_stage", "salesforce.Lead.SMK_Stage__c", "salesforce.Contact.SMK_Stage__c"],
        [],
    )
    assert provided() == ([], [])


def test_our_own_fields_are_of_the_type_that_they_were_made_with(scene: Scene) -> None:
    scene.stage.raw.update(insight={"behaviour": True, "outcomes": True}, score={"enabled": True})
    provision.provision(scene.sides, provision.lacking(scene.sides, rules(scene.stage.settings())))
    assert not [problem.what for problem in problems(scene, "") if problem.level == "error"]


def test_the_scopes_that_provision_names_are_enough_and_none_too_many(scene: Scene) -> None:
    needed = provision.needed(scene.sides, rules(scene.stage.settings()))
    scene.hubspot.auth.private(scene.hubspot.access_token, scene.hubspot.app_id, frozenset(needed["hubspot"]))
    scene.edit(S, FirstName="Anna")
    scene.sync()
    assert scene.contact_now["firstname"] == "Anna"
    assert not [
        problem for problem in problems(scene, "hubspot") if "scope" in problem.what or "more than" in problem.what
    ]
    assert "Object Settings, Lead: Read, Create, Edit" in needed["salesforce"]
