"""Activities: what tells a sort, which object it is made as, and whose sync key a task carries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Option, Record, Ref, Schema
from mapping.links import Links
from mapping.mapping import Mapping
from mapping.rules import KindRule, Place, Value
from state.rows import Row
from sync.config import ConfigError, parse, rules
from sync.decide.activities import SORTS
from sync.decide.decision import Decision
from sync.match import entity_key
from sync.plan import Planner
from sync.setup.check import _field

H, S = "hubspot", "salesforce"
ANN = Links(
    {("person", H, "51"): "ann", ("person", S, "003A"): "ann"},
    {("ann", H): ("contacts", "51"), ("ann", S): ("Contact", "003A")},
)
ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks")


def rule(**types: str) -> KindRule:
    found = rules(parse({"hubspot": {"access_token": "env:T"}, "salesforce": {"auth": "access_token", "login_url":
        "https://x.example", "access_token": "env:T"}, "activity": {"sync": True, "types": types}}))  # fmt: skip
    return next(each for each in found if each.kind == "activity")


def mapping(**types: str) -> Mapping:
    return Mapping(rule(**types), {}, {}).linked(ANN)


def own(object: str, **fields: Any) -> dict[str, Value]:
    system = H if object in ENGAGEMENTS else S
    return mapping().decode(Record(Ref(system, object, "1"), fields, 1))


def decide(object: str, now: dict[str, Value], **types: str) -> Decision:
    system = H if object in ENGAGEMENTS else S
    rows = [Row(system, object, "7", "activity", now, 1_000, 2_000, created_ms=1_000, entity="e", n=1)]
    planner = Planner(mapping(**types), dict.fromkeys((H, S), lambda _: True), {}, {H: 1, S: 1_000})
    return planner.decide("e", rows, {})


@pytest.mark.parametrize(
    ("fields", "sort"),
    [
        ({"TaskSubtype": "Call", "IsClosed": True}, "call"),
        ({"TaskSubtype": "Call", "IsClosed": "true"}, "call"),
        ({"TaskSubtype": "Call", "IsClosed": False}, "task"),
        ({"TaskSubtype": "Email", "IsClosed": True}, "email"),
        ({"TaskSubtype": "Task", "IsClosed": True}, "task"),
        ({"TaskSubtype": None}, "task"),
        ({"TaskSubtype": "List Email"}, None),
        ({"TaskSubtype": "Task", "IsRecurrence": True}, None),
        ({"TaskSubtype": "Call", "IsClosed": True, "SMK_Key__c": "calls:5"}, "call"),
        ({"TaskSubtype": "Call", "IsClosed": True, "SMK_Key__c": "alert:hot:5"}, None),
    ],
)
def test_what_sort_a_task_is(fields: dict[str, Any], sort: str | None) -> None:
    assert own("Task", **fields).get("@sort") == sort


@pytest.mark.parametrize(
    ("fields", "sort"), [({}, "meeting"), ({"IsPrivate": True}, None), ({"IsRecurrence": True}, None)]
)
def test_what_sort_an_event_is(fields: dict[str, Any], sort: str | None) -> None:
    assert own("Event", **fields).get("@sort") == sort


@given(st.sampled_from(ENGAGEMENTS), st.integers(1, 10**12))
def test_a_key_names_the_record_it_was_made_for_and_no_other(object: str, id: int) -> None:
    crm = "Event" if object == "meetings" else "Task"
    (key,) = [key for key in rule().keys if key.place == Place(S, crm) and key.of == Place(H, object)]
    named = {name: v for name, v in own(crm, SMK_Key__c=key.written(str(id))).items() if name.startswith("@key:")}
    assert named == {f"@key:hubspot:{object}:{id}".rpartition(":")[0]: str(id)}


@given(st.lists(st.tuples(st.sampled_from(ENGAGEMENTS), st.integers(1, 3)), unique=True))
def test_records_of_different_objects_with_one_id_are_different(refs: list[tuple[str, int]]) -> None:
    keys = {entity_key([Ref(H, object, str(id))], rule()) for object, id in refs}
    assert len(keys) == len(refs)


@pytest.mark.parametrize("sort", SORTS, ids=lambda sort: sort.name)
def test_a_new_record_is_of_the_object_and_with_the_marks_of_its_sort(sort: Any) -> None:
    for system, other in ((H, S), (S, H)):
        if system == S and sort.name in ("note", "email"):
            continue
        decision = decide(sort.objects[system], {"@sort": sort.name, "person": "51" if system == H else "003A"})
        (draft,) = decision.drafts
        assert (draft.system, draft.object, draft.id) == (other, sort.objects[other], None)
        made = mapping().decode(Record(Ref(other, draft.object, "9"), {**draft.native, "IsClosed": True}, 1))
        assert made.get("@sort") in (sort.name, "task")
        assert draft.key is not None and draft.native[draft.key.field] == draft.key.value


def test_an_activity_goes_only_the_way_that_is_configured() -> None:
    call = {"@sort": "call", "person": "51"}
    assert decide("calls", call, call="marketing").skipped == "not made in salesforce: a call is not carried there"
    assert not decide("calls", call, call="none").drafts
    assert decide("calls", call, call="crm").drafts


@pytest.mark.parametrize("way", ["both", "crm", "marketing", "none"])
def test_an_edit_goes_only_the_way_that_is_configured(way: str) -> None:
    for changed, other in ((H, S), (S, H)):
        rows = [
            Row(H, "calls", "7", "activity", {"subject": "a", "@sort": "call", "@key:salesforce:Task": "00T"}, 1, 9_000,
                shadow={"subject": "a"}, entity="e", n=1),
            Row(S, "Task", "00T", "activity", {"subject": "a", "@sort": "call", "@key:hubspot:calls": "7"}, 1, 9_000,
                shadow={"subject": "a"}, entity="e", n=2),
        ]  # fmt: skip
        rows = [row._replace(now={**row.now, "subject": "b"}) if row.system == changed else row for row in rows]
        planner = Planner(mapping(call=way), dict.fromkeys((H, S), lambda _: True), {}, {H: 1, S: 1_000})
        written = {draft.system for draft in planner.decide("e", rows, {}).drafts}
        assert written == ({other} if way == "both" or ((way == "crm") == (other == S) and way != "none") else set())


def test_an_activity_waits_for_its_person_and_that_of_nobody_is_not_made() -> None:
    (question,) = decide("calls", {"@sort": "call", "person": "52"}).questions
    assert (question.question, question.detail["code"]) == ("parked", "PARENT_MISSING")
    assert decide("calls", {"@sort": "call"}).skipped == "not made in salesforce: it belongs to nobody there"


def test_what_is_none_of_ours_is_never_made() -> None:
    assert not decide("Task", {"person": "003A"}).drafts


@pytest.mark.parametrize(("name", "level"), [("direction", "note"), ("status", "warning")])
def test_an_option_without_meaning_is_a_warning_only_where_it_holds_something(name: str, level: str) -> None:
    place = Place(S, "Task")
    (field,) = [each for each in rule().fields if each.name == name]
    native = field.places[place]
    schemas = {
        each: Schema(each.object, {native: Field(native, native, "choice", options=(Option("Odd", "Odd"),))})
        for each in field.places
    }
    (problem, *_) = [p for p in _field(rule(), field, schemas) if "no meaning" in p.what]
    assert problem.level == level


def problems(**fields: Any) -> list[str]:
    given = {name: {"hubspot": {"tasks": f"p_{name}"}, "salesforce": {"Task": "X__c"}, **more}
             for name, more in fields.items()}  # fmt: skip
    try:
        parse({"hubspot": {"access_token": "env:T"}, "salesforce": {"auth": "access_token", "login_url":
            "https://x.example", "access_token": "env:T"}, "activity": {"fields": given}})  # fmt: skip
    except ConfigError as error:
        return error.problems
    return []


def test_two_fields_share_a_native_one_only_where_they_never_contradict_each_other() -> None:
    assert problems(a={}, b={}) == ["activity.fields.b: salesforce X__c is already mapped by a; it takes one rule"]
    assert not problems(a={}, b={"to": "marketing"})
    assert problems(a={"to": "crm"}, b={"to": "crm"})
    assert not problems(a={"type": "reference:deal"}, b={"type": "reference:company"})
    assert problems(a={"type": "reference:deal"}, b={"type": "reference:deal"})
    assert problems(a={"type": "reference:deal"}, b={})
