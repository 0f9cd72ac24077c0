"""What is said of an entity becomes questions, operations and rows: exactly these."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.port import Key
from mapping.mapping import FieldProblem
from mapping.values import Unmapped
from state.rows import (
    APPLIED,
    DELETED,
    HELD,
    LIVE,
    MERGED,
    MOVED,
    PARKED,
    PENDING,
    PLANNED,
    SKIPPED,
    UNCHANGED,
    OperationRow,
    Row,
)
from sync.decide.decision import (
    REMEMBERED,
    Decision,
    Draft,
    Question,
    Why,
    address_erased,
    address_taken,
    after,
    barred,
    before,
    final,
    held,
    keyless,
    leave_refused,
    meant,
    operation,
    parked,
    raised,
    refused,
    still_refused,
    tried,
    unmapped,
    without,
)
from sync.trust.refusal import SEEN
from tests.laws.make import LEAD, PERSON, H, S, mapping, rule, stage_rule

PEOPLE = mapping(*PERSON, stage_rule())
ANN = Row(H, "contacts", "1", "person", {"last_name": "Lee", "email": "a@x.com"}, 5_000, 90_000, entity="e", n=1)
EMAIL = rule("email", "email")


def test_a_value_that_does_not_fit_is_told_with_its_fix() -> None:
    problem = FieldProblem("title", "Title", "TOO_LONG", "x" * 9, "shorten it")
    told = {"code": "TOO_LONG", "native": "Title", "value": "x" * 9, "fix": "shorten it"}
    about = ("held", H, "contacts", "1", "title")
    assert held(S, ANN, problem) == Question(*about, {**told, "target": "salesforce contacts"})
    assert held(S, ANN, problem, creating="Lead") == Question(*about, {**told, "target": "salesforce Lead"})


def test_an_address_that_is_taken_names_who_has_it() -> None:
    other = Row(S, "Lead", "L", "person", {"email": "b@x.com"}, 1, 2)
    mine = Row(S, "Contact", "C", "person", {"email": "a@x.com"}, 1, 2)
    assert address_taken(mine, other, EMAIL) == Question(
        "held", S, "Contact", "C", "email",
        {
            "code": "ADDRESS_TAKEN", "native": "Email", "value": "b@x.com", "target": "salesforce Contact",
            "fix": "Lead L has this address: merge the two in salesforce, or correct the address",
        },
    )  # fmt: skip


def test_an_erased_address_is_asked_about_and_not_named() -> None:
    asked = address_erased(Row(S, "Contact", "C", "person", {"email": "a@x.com"}, 1, 2))
    assert asked[:5] == ("held", S, "Contact", "C", "email")
    assert (asked.detail["code"], asked.detail["target"]) == ("ERASED_PERSON", "salesforce Contact")
    assert "a@x.com" not in str(asked.detail)


def test_what_may_not_be_set_says_which_right_is_lacking() -> None:
    lead = Row(S, "Lead", "L", "person", {}, 1, 2)
    asked = barred(S, lead, EMAIL, "a@x.com")
    assert asked[:5] == ("held", S, "Lead", "L", "email")
    assert {name: asked.detail[name] for name in ("code", "native", "value", "target")} == {
        "code": "READ_ONLY", "native": "Email", "value": "a@x.com", "target": "salesforce Lead",
    }  # fmt: skip
    assert "Email" in asked.detail["fix"]


def test_what_could_not_be_known_again_is_not_made() -> None:
    assert keyless(S, ANN, LEAD) == Question(
        "held", H, "contacts", "1", None,
        {
            "code": "NO_SYNC_KEY", "native": "", "value": None, "target": "salesforce Lead",
            "fix": "run `smarketing provision --apply`, so that the new record can name this one",
        },
    )  # fmt: skip


def test_who_waits_for_a_parent_says_for_whom() -> None:
    deal = Row(H, "deals", "7", "deal", {"company": "c1", "people": ["p1"]}, 1, 2)
    assert parked(S, deal, ["company", "people"], ["company", "person"]) == Question(
        "parked", H, "deals", "7", None,
        {
            "code": "PARENT_MISSING", "native": "", "value": {"company": "c1", "people": ["p1"]},
            "cause": "The company or person that it belongs to has no record in salesforce.",
            "fix": "Nothing: it follows by itself as soon as the company or person is in salesforce.",
            "target": "salesforce",
        },
    )  # fmt: skip
    assert "The company that" in parked(S, deal, ["a", "b"], ["company", "company"]).detail["cause"]


def test_a_value_without_a_meaning_says_where_to_give_it_one() -> None:
    asked = unmapped(H, ANN, rule("title", natives="jobtitle"), Unmapped("Boss"))
    assert asked == Question(
        "unmapped", H, "contacts", "1", "title",
        {
            "code": "UNMAPPED_VALUE", "native": "jobtitle", "value": "Boss",
            "fix": 'say in the configuration what "Boss" means, or change the value in hubspot',
        },
    )  # fmt: skip
    assert unmapped(H, ANN, EMAIL, Unmapped("x", "map it so")).detail["fix"] == "map it so"


def sent(native: dict[str, Any], **more: Any) -> OperationRow:
    told: dict[str, Any] = {"basis": {}, "state": PARKED, "id": "L", **more}
    told = {"entity": "e", "kind": "person", "system": S, "object": "Lead", "verb": "update", **told}
    return OperationRow(fields={}, native=native, agreed={}, run="r", **told)


def test_what_was_refused_is_remembered_and_not_tried_again() -> None:
    assert tried(None) == ()
    assert tried(sent({"A": 1}, state=PLANNED)) == ()
    assert tried(sent({"A": 1})) == (("L", {"A": 1}),)
    once = sent({"B": 2, "smk": "x"}, basis={"tried": [["L", {"A": 1}]], "beside": ["smk"]})
    assert meant(once) == {"B": 2}
    assert tried(once) == (("L", {"B": 2}), ("L", {"A": 1}))
    assert refused(once, "L", {"A": 1}) and refused(once, "L", {"B": 2})
    assert not refused(once, "M", {"A": 1}) and not refused(once, "L", {"C": 3})
    many = sent({"Z": 0}, basis={"tried": [["L", {"A": n}] for n in range(20)]})
    assert len(tried(many)) == REMEMBERED and tried(many)[0] == ("L", {"Z": 0})


def test_a_refusal_that_stands_is_asked_about_and_one_that_was_replaced_waits() -> None:
    no = sent({"A": 1}, note={"code": "X", "message": "no", SEEN: "abc"})
    assert still_refused(no) == Question("rejected", S, "Lead", "L", None, {"code": "X", "message": "no"})
    assert still_refused(sent({})).detail == {}
    decision = Decision("e")
    leave_refused(decision, no)
    assert (decision.questions, decision.waits) == ([still_refused(no)], False)
    decision = Decision("e")
    leave_refused(decision, no._replace(state=PLANNED))
    assert (decision.questions, decision.waits) == ([], True)
    decision.questions.append(still_refused(no))
    assert decision.refused_still(S) and not decision.refused_still(H)


DRAFT = Draft(
    S, "Lead", "L", {"LastName": "Lee", "Status": "Open", "HubSpot_Id__c": "1"},
    {
        "last_name": Why("Loo", "Lee", "latest", "hubspot certainly newer", (("salesforce", "Loo"),)),
        "stage": Why(None, "mql", "forward", "the stage that the person has reached"),
        "@key:hubspot:contacts": Why(None, "1", "link", "names its hubspot record"),
    },
    {H: {"last_name": "Lee", "stage": "mql"}}, 5_000, None,
)  # fmt: skip


def test_a_draft_can_leave_fields_as_they_are() -> None:
    assert without(PEOPLE, DRAFT, ["stage"]) == DRAFT._replace(
        native={"LastName": "Lee", "HubSpot_Id__c": "1"},
        fields={name: why for name, why in DRAFT.fields.items() if name != "stage"},
        agreed={H: {"last_name": "Lee"}},
    )
    assert without(PEOPLE, DRAFT, ["@key:hubspot:contacts", "nope"]).native == {"LastName": "Lee", "Status": "Open"}


def test_an_operation_keeps_what_it_rests_on() -> None:
    kept = operation(DRAFT, "e", "person", "run-1")
    assert kept._replace(basis={}) == OperationRow(
        "e", "person", S, "Lead", "L", "update",
        {"last_name": "Lee", "stage": "mql", "@key:hubspot:contacts": "1"},
        {"LastName": "Lee", "Status": "Open", "HubSpot_Id__c": "1"},
        {H: {"last_name": "Lee", "stage": "mql"}}, {}, "run-1",
    )  # fmt: skip
    assert kept.basis == {
        "version": 5_000,
        "fields": {
            "last_name": {
                "rule": "latest", "why": "hubspot certainly newer", "old": "Loo", "lost": [["salesforce", "Loo"]],
            },
            "stage": {"rule": "forward", "why": "the stage that the person has reached"},
            "@key:hubspot:contacts": {"rule": "link", "why": "names its hubspot record"},
        },
    }  # fmt: skip
    assert operation(DRAFT._replace(id=None, key=Key("HubSpot_Id__c", "1")), "e", "p", "r")[5] == "create"
    assert operation(DRAFT._replace(id=None, key=Key("HubSpot_Id__c", "1")), "e", "p", "r").key == (
        "HubSpot_Id__c",
        "1",
    )
    assert operation(DRAFT._replace(archive=True), "e", "p", "r").verb == "archive"
    assert operation(DRAFT._replace(urgent=True), "e", "p", "r").urgent
    assert operation(DRAFT._replace(tried=(("L", {"A": 1}),)), "e", "p", "r").basis["tried"] == [["L", {"A": 1}]]
    aside = DRAFT._replace(native={"smk": "x"}, beside=("smk",))
    assert aside.aside and not DRAFT.aside and not aside._replace(id=None).aside
    assert not aside._replace(native={"smk": "x", "A": 1}).aside
    assert {**operation(aside, "e", "p", "r").basis, "fields": {}} == {
        "version": 5_000, "beside": ["smk"], "aside": True, "fields": {},
    }  # fmt: skip


def test_what_an_update_changes_is_known_should_it_be_undone() -> None:
    lead = Row(
        S, "Lead", "L", "person", {"last_name": "Loo", "email": "A@x.com"}, 1, 2,
        spans={"last_name": [1, 2], "email": [3, 4]}, shadow={"last_name": "Li"},
    )  # fmt: skip
    fields = {
        "last_name": Why("Loo", "Lee", "", ""),
        "email": Why("a@x.com", "b", "", ""),
        "@key:x": Why(None, "1", "", ""),
    }
    live = {S: lead, H: ANN._replace(shadow={"email": "a@x.com"})}
    assert before(S, "L", fields, live) == {
        "before": {S: {"last_name": [[1, 2], "Li"], "email": [[3, 4]]}, H: {"email": [None, "a@x.com"]}},
        "own": {"email": "A@x.com"},
    }
    assert before(S, "M", fields, live) == before(S, "L", fields, {}) == {}
    assert before(S, "L", {"last_name": Why("Loo", "Lee", "", "")}, {S: lead._replace(spans={}, shadow=None)}) == {
        "before": {}
    }


def test_a_question_is_known_by_what_it_is_about() -> None:
    asked = raised(Question("held", S, "Lead", "L", "email", {"code": "X"}), "e", 9, "seen")
    assert asked[:9] == (
        "held",
        "held|e|salesforce|email",
        9,
        "e",
        S,
        "Lead",
        "L",
        "email",
        {"code": "X", SEEN: "seen"},
    )
    assert raised(Question("parked", S, "Lead", "L", None, {}), "e", 9, "").fingerprint == "parked|e|salesforce|"


@pytest.mark.parametrize(
    ("asked", "drafts", "agreed", "skipped", "fate"),
    [
        (("held",), 1, True, "", HELD),
        (("unmapped",), 0, False, "", HELD),
        (("rejected",), 0, False, "", HELD),
        (("undone",), 0, False, "", HELD),
        (("frozen",), 0, False, "", HELD),
        (("parked", "held"), 0, False, "", HELD),
        (("parked",), 1, True, "", PARKED),
        (("conflict",), 1, False, "", APPLIED),
        ((), 0, True, "", APPLIED),
        ((), 0, False, "not made", SKIPPED),
        (("conflict",), 0, False, "", UNCHANGED),
    ],
)
def test_everybody_has_one_fate(asked: tuple[str, ...], drafts: int, agreed: bool, skipped: str, fate: str) -> None:
    questions = [Question(question, S, "Lead", "L", None, {}) for question in asked]
    assert Decision("e", [DRAFT] * drafts, questions=questions, skipped=skipped).fate(agreed=agreed) == fate


def test_the_first_fate_of_a_run_stays_unless_it_was_none() -> None:
    for had, state, gets in (
        (PENDING, LIVE, APPLIED), (PARKED, LIVE, APPLIED), (SKIPPED, LIVE, SKIPPED), (UNCHANGED, LIVE, UNCHANGED),
        (PENDING, DELETED, PENDING), (PENDING, MOVED, PENDING),
    ):  # fmt: skip
        assert final(ANN._replace(fate=had, state=state), APPLIED) == gets


def test_what_was_agreed_moves_the_memory_and_settles_its_times() -> None:
    row = ANN._replace(shadow={"email": "old"}, spans={"email": [1, 2], "last_name": [1, 2]}, fate=PENDING)
    moved = after(row, Decision("e", shadows={H: {"email": "a@x.com"}}), waits=False)
    assert moved == row._replace(shadow={"email": "a@x.com"}, spans={"last_name": [1, 2]}, fate=APPLIED, dirty=False)
    same = after(row, Decision("e", shadows={S: {"email": "a"}}), waits=True)
    assert same == row._replace(fate=UNCHANGED, dirty=True)
    stuck = Decision("e", questions=[Question("held", S, "Lead", "L", None, {})])
    assert after(row._replace(fate=APPLIED), stuck, waits=False).fate == HELD
    assert after(row._replace(fate=MERGED), stuck, waits=False).fate == MERGED
    assert after(row._replace(fate=DELETED), stuck, waits=False).fate == DELETED
    gone = row._replace(state=DELETED)
    assert after(gone, Decision("e"), waits=False) == gone._replace(dirty=False)
    assert after(gone, Decision("e", heard=["email"]), waits=False).spans == {"last_name": [1, 2]}
    assert after(gone, Decision("e", heard=["email"]), waits=True).spans == gone.spans
