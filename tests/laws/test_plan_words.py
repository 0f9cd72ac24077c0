"""One entity, one decision: what is written, agreed, noted, asked and left, to the letter."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connectors.port import Key
from mapping.mapping import Mapping
from state.rows import OperationRow, Row
from sync.decide.decision import Decision, Draft, Note, Why
from sync.decide.hearing import Heard
from sync.plan import Planner
from tests.laws.make import H, S, kind, mapping, rule, stage_rule

FIELDS = (
    rule("email", "email"),
    rule("first_name"),
    rule("last_name"),
    rule("opted_out", "bool", natives="optout", crm="OptOut", winner="sticky_true"),
    stage_rule(),
)
PLANNER = Planner(
    mapping(*FIELDS), create={H: lambda _: True, S: lambda _: True}, only={}, grain={H: 1, S: 1000}
)  # fmt: skip
UNWILLING = Planner(
    Mapping(replace(kind(*FIELDS), create={S: "a and b"}), {}, {}),
    create={H: lambda _: True, S: lambda _: False},
    only={},
    grain={H: 1, S: 1},
)
ANN = {"email": "a@x.com", "last_name": "Lee"}
BLANK = {"first_name": None, "opted_out": None, "stage": None}
LINK = {"@key:salesforce:Lead": "L"}
BACK = {"@key:hubspot:contacts": "1"}


def hub(now: abc.Mapping[str, Any], **more: Any) -> Row:
    about = {"id": "1", "version_ms": 5_000, "seen_ms": 90_000, "entity": "e", "n": 1, **more}
    return Row(H, "contacts", kind="person", now=now, **about)


def lead(now: abc.Mapping[str, Any], **more: Any) -> Row:
    about = {"id": "L", "version_ms": 5_000, "seen_ms": 90_000, "entity": "e", "n": 2, **more}
    return Row(S, "Lead", kind="person", now=now, **about)


def under_way(
    id: str | None, state: str = "sent", native: abc.Mapping[str, Any] | None = None
) -> dict[str, OperationRow]:
    verb = "create" if id is None else "update"
    return {S: OperationRow("e", "person", S, "Lead", id, verb, {}, native or {}, {}, {}, "r", state)}


@dataclass(frozen=True)
class Story:
    told: str
    rows: tuple[Row, ...]
    drafts: tuple[Draft, ...] = ()
    shadows: abc.Mapping[str, abc.Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    questions: tuple[tuple[str, str | None], ...] = ()
    skipped: str = ""
    waits: bool = False
    conflicts: int = 0
    opens: abc.Mapping[str, OperationRow] = field(default_factory=dict)
    planner: Planner = PLANNER


RENAMED = hub({**ANN, "first_name": "Ann", **LINK}, shadow={**ANN, "first_name": "Anna"}, spans={"first_name": [1, 2]})
ANNA = lead({**ANN, "first_name": "Anna", **BACK}, shadow={**ANN, "first_name": "Anna"})
QUIET = {H: {"opted_out": None, "stage": None}, S: {"opted_out": None, "stage": None}}
NEW_NAME = {"first_name": Why("Anna", "Ann", "latest", "only hubspot changed")}
OUT = Why(None, True, "sticky_true", "true spreads")
ELSEWHERE = Why(None, True, "sticky_true", "this person opted out on another record")
LEAD_OF_ANN = {"Email": "a@x.com", "Last_Name": "Lee", "HubSpot_Id__c": "1"}


def from_hubspot(new: Any) -> Why:
    return Why(None, new, "create", "new in salesforce, from hubspot")


STORIES = (
    Story(
        "a record that is lacking is made with what the other gives, and with its key",
        (hub(ANN),),
        (
            Draft(
                S, "Lead", None, LEAD_OF_ANN, {"email": from_hubspot("a@x.com"), "last_name": from_hubspot("Lee")},
                {H: {**ANN, **BLANK}}, None, Key("HubSpot_Id__c", "1"),
            ),
        ),
    ),
    Story(
        "it takes an opt-out along",
        (hub(ANN), hub({**ANN, "opted_out": True}, id="2", n=3, state="duplicate")),
        (
            Draft(
                S, "Lead", None, {**LEAD_OF_ANN, "OptOut": True},
                {
                    "email": from_hubspot("a@x.com"), "last_name": from_hubspot("Lee"),
                    "opted_out": Why(None, True, "create", "new in salesforce, from another record"),
                },
                {H: {**ANN, **BLANK}}, None, Key("HubSpot_Id__c", "1"),
            ),
        ),
    ),
    Story(
        "it is not made where the condition does not hold",
        (hub(ANN),),
        skipped="not made in salesforce: a and b does not hold",
        planner=UNWILLING,
    ),
    Story("it is not made twice", (hub(ANN),), waits=True, opens=under_way(None)),
    Story(
        "a creation that was refused stays so",
        (hub(ANN),),
        questions=(("rejected", None),),
        opens=under_way(None, "parked", LEAD_OF_ANN),
    ),
    Story(
        "what was deleted there is not made again",
        (hub(ANN), lead({**ANN, **BACK}, state="deleted")),
        skipped="its salesforce record was deleted there and is not made again",
    ),
    Story(
        "two that meet fill blanks and name each other",
        (hub({**ANN, "first_name": "Ann"}), lead(ANN)),
        (
            Draft(
                H, "contacts", "1", {"crm_lead_id": "L"},
                {"@key:salesforce:Lead": Why(None, "L", "link", "names its salesforce record")}, {S: {}}, None,
            ),
            Draft(
                S, "Lead", "L", {"First_Name": "Ann", "HubSpot_Id__c": "1"},
                {
                    "first_name": Why(None, "Ann", "first:fill_blanks", "only a blank is filled"),
                    "@key:hubspot:contacts": Why(None, "1", "link", "names its hubspot record"),
                },
                {H: {"first_name": "Ann"}}, 5_000,
            ),
        ),
        {H: {**ANN, "opted_out": None, "stage": None}, S: {**ANN, "opted_out": None, "stage": None}},
    ),
    Story(
        "two that meet and differ stay as they are, and the journal says so",
        (hub({**ANN, "first_name": "Ann", **LINK}), lead({**ANN, "first_name": "Anna", **BACK})),
        shadows={
            H: {**ANN, "first_name": "Ann", "opted_out": None, "stage": None},
            S: {**ANN, "first_name": "Anna", "opted_out": None, "stage": None},
        },
        notes=(
            Note(H, "first_name", "Ann", "Ann", "first meeting: different values stay as they are"),
            Note(S, "first_name", "Anna", "Anna", "first meeting: different values stay as they are"),
        ),
    ),
    Story(
        "a change travels, resting on the version that was seen",
        (RENAMED, ANNA),
        (Draft(S, "Lead", "L", {"First_Name": "Ann"}, NEW_NAME, {H: {"first_name": "Ann"}}, 5_000),),
        QUIET,
    ),
    Story(
        "a change waits for a record whose second is not over",
        (RENAMED, ANNA._replace(seen_ms=5_999)),
        shadows=QUIET,
        waits=True,
    ),
    Story("a change waits for a write under way", (RENAMED, ANNA), shadows=QUIET, waits=True, opens=under_way("L")),
    Story(
        "a change that was refused stays so",
        (RENAMED, ANNA),
        shadows=QUIET,
        questions=(("rejected", None),),
        opens=under_way("L", "parked", {"First_Name": "Ann"}),
    ),
    Story(
        "another change than the refused one is tried, and remembers it",
        (RENAMED, ANNA),
        (
            Draft(
                S, "Lead", "L", {"First_Name": "Ann"}, NEW_NAME, {H: {"first_name": "Ann"}}, 5_000, None,
                (("L", {"First_Name": "Eve"}),),
            ),
        ),
        QUIET,
        opens=under_way("L", "parked", {"First_Name": "Eve"}),
    ),
    Story(
        "a conflict is counted and names what loses",
        (RENAMED, ANNA._replace(now={**ANNA.now, "first_name": "Eve"}, spans={"first_name": [3_000, 4_000]})),
        (
            Draft(
                H, "contacts", "1", {"first_name": "Eve"},
                {"first_name": Why("Ann", "Eve", "latest", "salesforce certainly newer", ((H, "Ann"),))},
                {S: {"first_name": "Eve"}}, 5_000,
            ),
        ),
        QUIET,
        conflicts=1,
    ),
    Story(
        "where nothing changed, nothing is written",
        (hub({**ANN, **LINK}, shadow={**ANN, **BLANK}), lead({**ANN, **BACK}, shadow={**ANN, **BLANK})),
        shadows=QUIET,
    ),
    Story(
        "an opt-out goes first, with what else is to be written",
        (
            RENAMED._replace(now={**RENAMED.now, "opted_out": True}),
            ANNA,
        ),
        (
            Draft(
                S, "Lead", "L", {"First_Name": "Ann", "OptOut": True}, {**NEW_NAME, "opted_out": OUT},
                {H: {"first_name": "Ann", "opted_out": True}}, 5_000, urgent=True,
            ),
        ),
        {H: {"stage": None}, S: {"stage": None}},
    ),
    Story(
        "an opt-out goes alone where the record's second is not over",
        (RENAMED._replace(now={**RENAMED.now, "opted_out": True}), ANNA._replace(seen_ms=5_999)),
        (Draft(S, "Lead", "L", {"OptOut": True}, {"opted_out": OUT}, {H: {"opted_out": True}}, None, urgent=True),),
        {H: {"stage": None}, S: {"stage": None}},
    ),
    Story(
        "an opt-out on a duplicate counts for the person",
        (
            hub({**ANN, **LINK}, shadow={**ANN, **BLANK}), lead({**ANN, **BACK}, shadow={**ANN, **BLANK}),
            lead({**ANN, "opted_out": True}, id="M", state="duplicate", n=3),
        ),
        (
            Draft(
                H, "contacts", "1", {"optout": True}, {"opted_out": ELSEWHERE}, {S: {"opted_out": None}}, 5_000,
                urgent=True,
            ),
            Draft(
                S, "Lead", "L", {"OptOut": True}, {"opted_out": ELSEWHERE}, {H: {"opted_out": None}}, 5_000,
                urgent=True,
            ),
        ),
        QUIET,
    ),
    Story(
        "who is to be left alone is, but for an opt-out",
        (
            hub({**ANN, "@ignore": True, "opted_out": True, **LINK}, shadow=ANN),
            lead({**ANN, "first_name": "Eve", **BACK}, shadow=ANN),
        ),
        (Draft(S, "Lead", "L", {"OptOut": True}, {"opted_out": OUT}, {H: {"opted_out": True}}, 5_000, urgent=True),),
        skipped="left alone but for opt-outs: somebody ticked the no-sync box",
    ),
    Story(
        "where writing is stopped only opt-outs go",
        (RENAMED._replace(now={**RENAMED.now, "opted_out": True}), ANNA),
        (Draft(S, "Lead", "L", {"OptOut": True}, {"opted_out": OUT}, {H: {"opted_out": True}}, 5_000, urgent=True),),
        {H: {"stage": None}, S: {"stage": None}},
        planner=Planner(
            mapping(*FIELDS), create={H: lambda _: True, S: lambda _: True}, only={}, grain={H: 1, S: 1000},
            stopped=frozenset({S}),
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.told)
def test_a_decision_is_exactly_this(story: Story) -> None:
    decision = story.planner.decide("e", story.rows, story.opens)
    assert tuple(decision.drafts) == story.drafts
    assert decision.shadows == story.shadows
    assert tuple(decision.notes) == story.notes
    assert tuple((question.question, question.field) for question in decision.questions) == story.questions
    assert (decision.skipped, decision.waits, decision.conflicts) == (story.skipped, story.waits, story.conflicts)


def test_who_was_edited_since_the_other_was_deleted_is_not_put_into_the_bin_wherever_it_was_agreed() -> None:
    planner = Planner(
        mapping(*FIELDS, on_delete={S: "archive"}), create={H: lambda _: True, S: lambda _: True}, only={},
        grain={H: 1, S: 1000},
    )  # fmt: skip
    agreed = {**ANN, **BLANK}
    gone = hub(ANN, shadow=agreed, state="deleted")._replace(version_ms=7_000)
    quiet = lead({**ANN, **BACK}, shadow=agreed)
    # The stamp of a second says that it was within it; the deletion was just before.
    touched = planner.decide("e", [gone._replace(version_ms=5_998), quiet], {})
    assert (touched.drafts, [q.detail["code"] for q in touched.questions]) == ([], ["DELETED_AND_EDITED"])
    assert [draft.archive for draft in planner.decide("e", [gone, quiet], {}).drafts] == [True]
    # What came of a lead's conversion holds what was agreed of the lead, and no time of a change.
    heir = quiet._replace(object="Contact", now={**quiet.now, "first_name": "Ann"})
    decision = planner.decide("e", [gone, heir], {})
    assert decision.drafts == []
    assert [(q.detail["code"], q.detail["native"]) for q in decision.questions] == [
        ("DELETED_AND_EDITED", "first_name")
    ]


def test_a_stage_that_sales_reached_is_told_to_marketing_with_who_said_so() -> None:
    told = hub({**ANN, "stage": "mql", **LINK}, shadow={**ANN, "stage": "mql"})
    reached = lead({**ANN, "stage": "sal", **BACK}, shadow={**ANN, "stage": "mql"}, spans={"stage": [1, 2]})
    decision: Decision = PLANNER.decide("e", [told, reached], {})
    assert decision.drafts == [
        Draft(
            H, "contacts", "1", {"lifecyclestage": "mql", "smk_stage": "sal"},
            {"stage": Why("mql", "sal", "met", "salesforce says so: Lead Status")}, {S: {"stage": "sal"}}, 5_000,
        )
    ]  # fmt: skip
    assert [(t.event, t.became.stage, t.side) for t in decision.transitions] == [("met", "sal", S)]


def test_nobody_is_made_under_an_erased_address() -> None:
    gone = lead(ANN, shadow=ANN, state="deleted")
    for rows in ([hub(ANN)], [hub(ANN, shadow={**ANN, "email": "b@x.com"}, spans={"email": [1, 2]}), gone]):
        decision = PLANNER.decide("e", rows, {}, heard=Heard(erased={H: rows[0]}))
        assert not decision.drafts
    (asked,) = PLANNER.decide("e", [hub(ANN)], {}, heard=Heard(erased={H: hub(ANN)})).questions
    assert (asked.question, asked.field, asked.detail["code"]) == ("held", "email", "ERASED_PERSON")
