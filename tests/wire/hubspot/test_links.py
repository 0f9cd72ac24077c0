"""Associations, histories, the bin and erasure, on documented answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.port import PARENT_GONE, Applied, Key, Option, Past, Rejected, Stale, Unknown, Write
from tests.wire.hubspot.account import (
    HOST,
    NOW_MS,
    READ,
    STAMP,
    STAMP_MS,
    Account,
    answer,
    batch,
    html,
    missing,
    refusal,
    row,
    sent,
    traced,
)

DEALS = f"{HOST}/crm/v3/objects/deals"
LINKS = f"{HOST}/crm/v4/associations/deals/contacts/batch"
ARCHIVE = f"{HOST}/crm/v3/objects/contacts/batch/archive"
PURGE = f"{HOST}/crm/v3/objects/contacts/gdpr-delete"
INVALID = {
    "INVALID_OBJECT_IDS": ["CONTACT=9 is not valid"],
    "objectId": ["9"],
    "objectType": ["CONTACT"],
}


def deal(id: str = "1", **properties: Any) -> dict[str, Any]:
    held = {"dealname": "Big", "hs_lastmodifieddate": STAMP, **properties}
    return {"id": id, "properties": held, "createdAt": STAMP, "updatedAt": STAMP, "archived": False}


def linked(id: str, *to: Any, after: str = "") -> dict[str, Any]:
    """An entry of a batch read; ids come as numbers or as text."""
    ends = [{"toObjectId": end, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 3}]} for end in to]
    return {"from": {"id": id}, "to": ends, **({"paging": {"next": {"after": after}}} if after else {})}


def put(account: Account, value: Any, **fields: Any) -> Any:
    (outcome,) = account.connector.write([Write("deals", "1", {"@contacts": value, **fields})], ("@contacts",))
    return outcome


def test_more_associations_than_a_page_holds_are_asked_for_again() -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    pages = account.on("POST", f"{LINKS}/read", batch([linked("1", 12, "7", after="13")]), batch([linked("1", 13)]))
    (record,) = account.connector.read("deals", ("@contact", "@contacts"), ids=["1"])
    assert record.fields == {"@contact": "7", "@contacts": ["12", "13", "7"]}
    assert sent(pages) == {"inputs": [{"id": "1", "after": "13"}]}


def test_a_list_that_does_not_hold_all_associations_is_completed() -> None:
    account = Account()
    some = {"results": [{"id": "7", "type": "deal_to_contact"}], "paging": {"next": {"after": "8"}}}
    live = deal() | {"associations": {"contacts": some}}
    whole = deal("2") | {"associations": {"contacts": {"results": [{"id": "9", "type": "deal_to_contact"}]}}}
    account.on("GET", DEALS, answer(200, {"results": [live, whole]}), answer(200, {"results": []}))
    asked = account.on("POST", f"{LINKS}/read", batch([linked("1", 7, 8)]))
    pages = list(account.connector.changes("deals", ("@contacts",), None))
    assert [r.fields["@contacts"] for page in pages for r in page.records] == [["7", "8"], ["9"]]
    assert sent(asked) == {"inputs": [{"id": "1"}]}


def test_what_is_not_in_the_list_any_more_is_taken_away() -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]), batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([linked("1", 5, 7)]), batch([linked("1", 7, 8)]))
    made = account.on("POST", f"{LINKS}/create", batch([{"fromObjectId": 1, "toObjectId": 8, "labels": []}], 201))
    gone = account.on("POST", f"{LINKS}/archive", httpx.Response(204))
    outcome = put(account, ["8", "7"])
    assert isinstance(outcome, Applied) and outcome.record.fields == {"@contacts": ["7", "8"]}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    assert sent(made) == {"inputs": [{"from": {"id": "1"}, "to": {"id": "8"}, "types": types}]}
    assert sent(gone) == {"inputs": [{"from": {"id": "1"}, "to": [{"id": "5"}]}]}


@pytest.mark.parametrize(
    "refused",
    [
        refusal(400, "One or more associations are invalid", "VALIDATION_ERROR", context=INVALID),
        refusal(404, "resource not found"),
        batch([], errors=[missing("9")]),
    ],
)
def test_a_contact_that_is_gone_is_told_whatever_words_refuse_it(refused: httpx.Response) -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([linked("1", 7)]))
    account.on("POST", f"{LINKS}/create", refused)
    account.on("POST", READ, batch([], errors=[missing("9")]))
    outcome = put(account, ["7", "9"])
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.fields) == (PARENT_GONE, ("@contacts",))


def test_a_list_of_which_one_was_made_is_unknown() -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([]))
    made = [{"fromObjectId": 1, "toObjectId": 8, "labels": []}]
    account.on("POST", f"{LINKS}/create", batch(made, errors=[missing("9")]))
    account.on("POST", READ, batch([], errors=[missing("9")]))
    assert isinstance(put(account, ["8", "9"]), Unknown)


def test_an_association_without_an_answer_is_unknown() -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([]))
    account.on("POST", f"{LINKS}/create", httpx.ReadTimeout("no answer"))
    assert isinstance(put(account, ["8"]), Unknown)


def creation(**links: Any) -> Write:
    fields = {"smk_key": "k1", "dealname": "Big", "dealstage": "open", **links}
    return Write("deals", None, fields, Key("smk_key", "k1"))


def test_associations_go_along_with_a_creation() -> None:
    account = Account()
    created = account.on("POST", f"{DEALS}/batch/create", batch([deal() | {"objectWriteTraceId": "0"}], 201))
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([linked("1", 7, 8)]))
    write = creation(**{"@contacts": ["8", "7"], "@contact": "7", "@company": "5"})
    (outcome,) = account.connector.write([write], ("@contacts",))
    assert isinstance(outcome, Applied) and outcome.record.fields == {"@contacts": ["7", "8"]}
    assert {
        (link["to"]["id"], link["types"][0]["associationTypeId"]) for link in sent(created)["inputs"][0]["associations"]
    } == {("8", 3), ("7", 3), ("5", 5)}


def test_a_creation_with_a_contact_that_is_gone_is_rejected_by_name() -> None:
    account = Account()
    fault = traced("0", "VALIDATION_ERROR", "One or more associations are invalid", **INVALID)
    account.on("POST", f"{DEALS}/batch/create", batch([], errors=[fault]))
    account.on("POST", READ, batch([], errors=[missing("9")]))
    (outcome,) = account.connector.write([creation(**{"@contacts": ["9"]})], ("@contacts",))
    assert outcome == Rejected(PARENT_GONE, "One or more associations are invalid", ("@contacts",))


def test_a_creation_that_passes_over_an_association_is_not_applied() -> None:
    account = Account()
    account.on("POST", f"{DEALS}/batch/create", batch([deal() | {"objectWriteTraceId": "0"}], 201))
    account.on("POST", f"{DEALS}/batch/read", batch([deal()]))
    account.on("POST", f"{LINKS}/read", batch([linked("1", 7)]))
    (outcome,) = account.connector.write([creation(**{"@contacts": ["7", "9"]})], ("@contacts",))
    assert isinstance(outcome, Unknown)


def property(name: str, kind: str, look: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": kind, "fieldType": look, "groupName": "g", **more}


def test_stages_are_told_by_pipeline() -> None:
    account = Account()
    rows = [property("dealstage", "enumeration", "radio", options=[{"value": "s1", "label": "S1"}])]
    rows += [property("pipeline", "enumeration", "select", options=[]), property("closedate", "datetime", "date")]
    account.on("GET", f"{HOST}/crm/v3/properties/deals", answer(200, {"results": rows}))
    stages = [
        {"id": "s1", "label": "Open", "metadata": {"probability": "0.2", "isClosed": "false"}, "archived": False},
        {"id": "s2", "label": "Won", "metadata": {"probability": "1.0"}, "archived": False},
        {"id": "s3", "label": "Odd", "archived": True},
    ]
    pipelines = [
        {"id": "p2", "label": "Renewals", "displayOrder": 1, "stages": []},
        {"id": "p1", "label": "Sales", "displayOrder": 0, "stages": stages},
    ]
    account.on("GET", f"{HOST}/crm/v3/pipelines/deals", answer(200, {"results": pipelines}))
    account.on("GET", f"{HOST}/account-info/v3/details", answer(200, {"timeZone": "Europe/Berlin"}))
    schema = account.connector.describe("deals")
    assert schema.zone == "Europe/Berlin"
    assert [option.value for option in schema.fields["pipeline"].options] == ["p1", "p2"]
    assert schema.fields["dealstage"].options == (
        Option("s1", "Open", within="p1", closed=False, won=False, probability=0.2),
        Option("s2", "Won", within="p1", closed=True, won=True, probability=1.0),
        Option("s3", "Odd", active=False, within="p1"),
    )
    assert schema.fields["@contacts"].silent and schema.fields["@contacts"].type == "references"


def test_pipelines_and_zone_that_may_not_be_seen_leave_the_property_as_it_is() -> None:
    account = Account()
    rows = [property("dealstage", "enumeration", "radio", options=[{"value": "s1", "label": "S1"}])]
    rows.append(property("pipeline", "enumeration", "select", options=[]))
    account.on("GET", f"{HOST}/crm/v3/properties/deals", answer(200, {"results": rows}))
    account.on("GET", f"{HOST}/crm/v3/pipelines/deals", refusal(403, "no", "MISSING_SCOPES"))
    account.on("GET", f"{HOST}/account-info/v3/details", refusal(403, "no", "MISSING_SCOPES"))
    schema = account.connector.describe("deals")
    assert schema.fields["dealstage"].options == (Option("s1", "S1"),) and schema.zone == ""


@pytest.mark.parametrize(
    ("source", "kind", "actor"),
    [
        ({"sourceType": "CRM_UI", "sourceId": "userId:715", "updatedByUserId": 715}, "human", "715"),
        ({"sourceType": "FORM", "sourceId": "guid"}, "form", "guid"),
        ({"sourceType": "IMPORT"}, "import", ""),
        ({"sourceType": "AUTOMATION_PLATFORM", "sourceId": "enrollmentId:1"}, "automation", "enrollmentId:1"),
        ({"sourceType": "INTEGRATION", "sourceId": "2460135"}, "integration", "2460135"),
        ({"sourceType": "SOMETHING_NEW"}, "unknown", ""),
        ({}, "unknown", ""),
    ],
)
def test_the_history_says_who_put_a_value_there(source: dict[str, Any], kind: str, actor: str) -> None:
    account = Account()
    entries = [
        {"value": "", "timestamp": STAMP, **source},
        {"value": "Ann", "timestamp": "2026-01-01T00:00:00Z", "sourceType": "CRM_UI"},
    ]
    told = row("1") | {"propertiesWithHistory": {"firstname": entries[::-1], "email": []}}
    account.on("POST", READ, batch([told]))
    history = account.connector.history("contacts", ["1"], ("firstname", "email", "@company"))
    newest, oldest = history["1"]["firstname"]
    assert newest == Past(None, STAMP_MS, kind, actor)
    assert (oldest.value, oldest.kind) == ("Ann", "human")
    assert list(history["1"]) == ["firstname"]


def bin(id: str = "1", since: int | None = STAMP_MS) -> Write:
    return Write("contacts", id, {}, unless_changed_since=since, archive=True)


def test_archiving_looks_first_and_is_said_once() -> None:
    account = Account()
    late = row("2", stamp="2026-01-31T12:34:57Z")
    account.on("POST", READ, batch([row("1"), late], errors=[missing("3")]))
    archived = account.on("POST", ARCHIVE, httpx.Response(204, headers={"Date": "Sat, 31 Jan 2026 13:00:00 GMT"}))
    one, two, three = account.write(bin("1"), bin("2"), bin("3"))
    assert isinstance(one, Applied) and one.record.deleted and one.record.version >= STAMP_MS
    assert (two, three) == (Stale(reason="changed since"), Stale(reason="gone"))
    assert sent(archived) == {"inputs": [{"id": "1"}]}


def test_an_archiving_without_an_answer_is_unknown_and_not_repeated() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]))
    archived = account.on("POST", ARCHIVE, httpx.ReadTimeout("no answer"))
    assert isinstance(account.write(bin())[0], Unknown)
    assert len(archived.calls) == 1


def test_a_contact_is_destroyed_and_twice_does_no_harm() -> None:
    account = Account()
    purge = account.on("POST", PURGE, html(502), answer(204), refusal(404, "resource not found"))
    for n in range(2):
        erased = account.connector.erase("contacts", "1")
        assert erased.gone and erased.done and not erased.left, n
        assert erased.at >= NOW_MS
    assert sent(purge) == {"objectId": "1"}


def test_what_may_not_be_destroyed_goes_into_the_bin_and_says_so() -> None:
    account = Account()
    account.on("POST", PURGE, refusal(403, "no", "MISSING_SCOPES"))
    account.on("POST", ARCHIVE, httpx.Response(204))
    erased = account.connector.erase("contacts", "1")
    assert not erased.gone and len(erased.left) == 2
    account.on("POST", f"{DEALS}/batch/archive", httpx.Response(204))
    assert not account.connector.erase("deals", "1").gone
