"""A complete comparison finds what no list of changes told, repairs it by the usual decisions, and lists the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from state.rows import LIVE, Row
from sync.comparison import differences
from sync.report import Report
from sync.trust.guard import FEW
from tests.laws.make import PERSON, H, S, mapping, rule
from tests.scenarios.stage import MINUTE, Stage


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


def lead(stage: Stage, name: str = "ann", **more: str) -> str:
    values = {"LastName": name.title(), "Company": "Acme", "Email": f"{name}@prospect.example", "City": "Berlin"}
    return str(stage.world.salesforce.create("Lead", {**values, **more}, stage.human("salesforce")))


def sync(stage: Stage, *, compare: bool = False) -> Report:
    stage.clock.advance(10 * MINUTE)
    return stage.sync("reconcile" if compare else "sync", compare=compare)


def unnoticed(report: Report) -> list[tuple[str, str, int]]:
    assert report.comparison is not None
    return [(line["native"], line["what"], line["records"]) for line in report.comparison["unnoticed"]]


def city(stage: Stage) -> list[Any]:
    return [row.values.get("city") for row in stage.world.rows("hubspot", "contacts").values()]


def test_nothing_is_found_where_everything_was_noticed(stage: Stage) -> None:
    id = lead(stage)
    sync(stage)
    stage.world.salesforce.edit("Lead", id, {"City": "Rome"}, stage.human("salesforce"))
    report = sync(stage, compare=True)
    assert (unnoticed(report), city(stage)) == ([], ["Rome"])
    assert (report.comparison or {})["remaining"] == []
    assert report.accounted


def test_a_change_that_moved_no_stamp_is_found_and_travels(stage: Stage) -> None:
    id = lead(stage)
    sync(stage)
    sync(stage)
    stage.world.rows("salesforce", "Lead")[id].values["City"] = "Rome"
    sync(stage)
    assert city(stage) == ["Berlin"]
    assert unnoticed(sync(stage, compare=True)) == [("Lead", "changed without stamp", 1)]
    assert city(stage) == ["Rome"]
    assert unnoticed(sync(stage, compare=True)) == []


def test_a_record_that_no_list_of_changes_showed_is_found(stage: Stage) -> None:
    lead(stage, "bob")
    late = lead(stage)
    leads: dict[str, Any] = stage.world.rows("salesforce", "Lead")  # type: ignore[assignment]
    hidden = leads.pop(late)
    sync(stage)
    sync(stage)
    leads[late] = hidden
    sync(stage)
    assert len(city(stage)) == 1
    assert unnoticed(sync(stage, compare=True)) == [("Lead", "missed", 1)]
    assert len(city(stage)) == 2


def test_what_is_gone_without_a_trace_is_found_and_not_made_again(stage: Stage) -> None:
    lead(stage)
    sync(stage)
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    stage.world.hubspot.erase("contacts", contact)
    sync(stage)
    report = sync(stage, compare=True)
    assert unnoticed(report) == [("contacts", "gone", 1)]
    (left,) = (report.comparison or {})["remaining"]
    assert (left["field"], left["why"], left["records"]) == ("missing in hubspot", "deleted there", 1)
    assert stage.world.rows("hubspot", "contacts") == {}


def test_too_many_are_not_gone_at_once(stage: Stage) -> None:
    for n in range(FEW + 5):
        lead(stage, f"ann{n}")
    sync(stage)
    sync(stage)
    for id in list(stage.world.rows("hubspot", "contacts"))[: FEW + 1]:
        stage.world.hubspot.erase("contacts", id)
    report = sync(stage, compare=True)
    assert unnoticed(report) == []
    assert "too many to be gone" in (report.comparison or {})["warnings"][0]


@pytest.mark.parametrize(
    ("side", "object"),
    [("hubspot", "companies"), ("salesforce", "Account"), ("hubspot", "deals"), ("salesforce", "Opportunity")],
)
def test_records_of_every_kind_that_are_gone_without_a_trace_are_found(side: str, object: str) -> None:
    stage = Stage()
    made_in, made, values = {
        "companies": ("salesforce", "Account", {"Name": "Acme", "Website": "acme.example"}),
        "Account": ("hubspot", "companies", {"name": "Acme", "domain": "acme.example", "lifecyclestage": "customer"}),
        "deals": ("salesforce", "Opportunity", {"Name": "Acme", "StageName": "Prospecting", "CloseDate": "2026-12-01"}),
        "Opportunity": (
            "hubspot",
            "deals",
            {"dealname": "Acme", "dealstage": "appointmentscheduled", "closedate": "2026-12-01T12:00:00Z"},
        ),
    }[object]
    kind = "deal" if object in ("deals", "Opportunity") else "company"
    stage.raw.setdefault(kind, {})["sync"] = True
    stage.raw[kind]["create"] = {"hubspot": "always", "salesforce": "always"}
    stage.begin()
    stage.world.face(made_in).create(made, values, stage.human(made_in))
    sync(stage)
    sync(stage)
    face = stage.world.face(side)
    (id,) = [id for id, row in stage.world.rows(side, object).items() if row.archived_at is None]
    if side == "hubspot":
        stage.world.hubspot.erase(object, id)
    else:
        face.delete(object, id, stage.human(side))
        stage.world.salesforce.purge(object, id, stage.human(side))
    report = sync(stage, compare=True)
    assert unnoticed(report) == [(object, "gone", 1)]
    assert [line["why"] for line in (report.comparison or {})["remaining"]] == ["deleted there"]
    stage.close()


def test_a_formula_that_says_something_else_now_is_found_and_travels(stage: Stage) -> None:
    stage.field("salesforce", "text", "Region__c", [])
    stage.field("hubspot", "text", "region", [])
    for object in ("Lead", "Contact"):
        meta = stage.world.salesforce.org.objects[object].fields["Region__c"]
        meta.calculated, meta.formula, meta.createable, meta.updateable = True, "Territory__r.Name", False, False
    stage.configure("region", {"hubspot": "region", "salesforce": "Region__c", "rule": "always_use_salesforce"})
    id = lead(stage)
    rows = stage.world.rows("salesforce", "Lead")
    rows[id].values["Region__c"] = "North"
    sync(stage)
    sync(stage)
    rows[id].values["Region__c"] = "South"
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts").values()
    assert contact.values["region"] == "North"
    assert unnoticed(sync(stage, compare=True)) == [("Lead", "changed without stamp", 1)]
    assert contact.values["region"] == "South"


MAPPING = mapping(*PERSON, rule("one_way", to=frozenset({S})), rule("apart", to=frozenset()))


def row(system: str, now: dict[str, Any], shadow: dict[str, Any] | None, state: str = LIVE) -> Row:
    object = "contacts" if system == H else "Lead"
    return Row(system, object, "1", "person", now, 1, 2, state=state, entity="e", shadow=shadow)


def test_differences_are_told_with_their_reason() -> None:
    same = {"email": "ann@acme.com", "phone": "+49 30 1234567"}
    here = row(H, {**same, "one_way": "a", "apart": "x", "last_name": "Berg"}, {**same, "one_way": "a"})
    there = row(S, {**same, "phone": "+49301234567", "one_way": "b", "apart": "y"}, {**same, "one_way": "b"})
    assert sorted(differences(MAPPING, [here, there])) == [("last_name", "waiting"), ("one_way", "as decided")]
    assert list(differences(MAPPING, [here])) == [("missing in salesforce", "not made")]
    gone = row(S, {}, None, "deleted")
    assert list(differences(MAPPING, [here, gone])) == [("missing in salesforce", "deleted there")]
    assert list(differences(MAPPING, [here, here._replace(system=S, object="Lead", shadow=here.now)])) == []


def test_an_activity_is_compared_and_one_without_its_person_there_waits(acting: Stage) -> None:
    stage = acting
    stage.raw["person"] = {"create": {"hubspot": "city == 'Berlin'"}}
    human = stage.human("salesforce")
    for name, town in (("ann", "Berlin"), ("bea", "Rome")):
        who = lead(stage, name, City=town)
        stage.world.salesforce.create(
            "Task", {"Subject": f"For {name}", "ActivityDate": "2026-12-01", "WhoId": who}, human
        )
    sync(stage)
    sync(stage)
    (task,) = [r for r in stage.world.rows("salesforce", "Task").values() if r.values["Subject"] == "For ann"]
    task.values["Subject"] = "Changed unnoticed"
    sync(stage)
    report = sync(stage, compare=True)
    assert unnoticed(report) == [("Task", "changed without stamp", 1)]
    left = {(line["object"], line["field"], line["why"]) for line in (report.comparison or {})["remaining"]}
    assert left == {("person", "missing in hubspot", "not made"), ("activity", "missing in hubspot", "waiting")}
    (made,) = stage.world.rows("hubspot", "tasks").values()
    assert made.values["hs_task_subject"] == "Changed unnoticed"
