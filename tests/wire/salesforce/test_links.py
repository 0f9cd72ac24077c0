"""Contact roles, parents, record types, histories, the bin and erasure, on documented answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from connectors.errors import Retry
from connectors.port import PARENT_GONE, Applied, Cursor, Past, RecordType, Rejected, Stale, Unknown, Write
from tests.wire.salesforce.org import LEAD, OTHER, ROOT, STAMP, STAMP_MS, Org, answer, error, field, json_of, lead, page

DEAL = "006000000000001AAA"
ANN, BEA, CID = (f"00300000000000{n}AAA" for n in (1, 2, 3))
SOAP = "/services/Soap/u/64.0"


def deal(*contacts: str, id: str = DEAL, more: str = "") -> dict[str, Any]:
    inner: dict[str, Any] | None = {"totalSize": len(contacts), "done": not more, "records": rows(*contacts)}
    if more and inner is not None:
        inner["nextRecordsUrl"] = more
    held = {"Id": id, "SystemModstamp": STAMP, "CreatedDate": STAMP, "IsDeleted": False}
    return {**held, "OpportunityContactRoles": inner if contacts else None}


def rows(*contacts: str) -> list[dict[str, Any]]:
    return [{"ContactId": contact} for contact in contacts]


def composed(*bodies: Any) -> httpx.Response:
    names = ("rows", "more")
    parts = [
        {"referenceId": name, "httpStatusCode": 200, "httpHeaders": {}, "body": {"done": True, "records": body}}
        for name, body in zip(names, bodies, strict=True)
    ]
    return answer({"compositeResponse": parts})


def test_a_poll_of_opportunities_asks_for_contact_roles_in_the_same_call() -> None:
    org = Org()
    org.on("POST", "/composite", composed([], [{"OpportunityId": DEAL}, {"OpportunityId": DEAL}]))
    asked = org.on("GET", "/queryAll", page(deal(BEA, ANN)))
    first, last = org.connector.changes("Opportunity", ("@contacts",), Cursor(STAMP_MS))
    assert [record.fields for record in first.records] == [{"@contacts": [ANN, BEA]}]
    assert first.cursor.watermark == STAMP_MS and first.cursor.resume is not None
    assert not last.records and last.cursor.resume is None
    (poll,) = [call for call in org.calls if call.method == "POST"]
    one, two = (part["url"] for part in json_of(poll)["compositeRequest"])
    assert "OpportunityContactRoles+WHERE+IsDeleted+%3D+false" in one and "FROM+OpportunityContactRole+WHERE" in two
    assert len(asked.calls) == 1


def test_roles_that_do_not_fit_into_a_row_are_fetched() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(deal(ANN, more=f"{ROOT}/queryAll/01g-1")))
    org.on("GET", "/queryAll/01g-1", page(*rows(CID, BEA)))
    (record,) = org.connector.read("Opportunity", ("@contacts",), ids=[DEAL])
    assert record.fields == {"@contacts": [ANN, BEA, CID]}


def test_a_row_that_came_back_without_all_its_roles_is_read_again() -> None:
    org = Org()
    part = deal(ANN, more=f"{ROOT}/query/01g-1")
    written = {"referenceId": "w0", "httpStatusCode": 204, "httpHeaders": {}, "body": None}
    back = {"referenceId": "q0", "httpStatusCode": 200, "httpHeaders": {}, "body": {"done": True, "records": [part]}}
    org.on("POST", "/composite", answer({"compositeResponse": [written, back]}))
    org.on("GET", "/queryAll", page(deal(ANN, BEA)))
    (outcome,) = org.connector.write([Write("Opportunity", DEAL, {"NextStep": "Call"})], ("@contacts",))
    assert isinstance(outcome, Applied) and outcome.record.fields == {"@contacts": [ANN, BEA]}


def put(org: Org, *contacts: str) -> Any:
    write = Write("Opportunity", DEAL, {"@contacts": list(contacts)})
    (outcome,) = org.connector.write([write], ("@contacts",))
    return outcome


def held(*contacts: str) -> httpx.Response:
    rows = [
        {"Id": f"00K00000000000{n}AAA", "OpportunityId": DEAL, "ContactId": contact}
        for n, contact in enumerate(contacts)
    ]
    return page(*rows)


def made(*results: Any) -> httpx.Response:
    items = [{"id": "00K000000000009AAA", "success": True, "errors": []} if r is None else r for r in results]
    return answer(items)


def refused(code: str, message: str = "no", fields: Sequence[str] = ()) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


def test_roles_are_added_and_removed_and_nothing_else_is_touched() -> None:
    org = Org()
    org.on("GET", "/query", held(ANN, BEA))
    add = org.on("POST", "/composite/sobjects", made(None))
    gone = org.on("DELETE", "/composite/sobjects", made({"id": "00K000000000001AAA", "success": True, "errors": []}))
    org.on("GET", "/queryAll", page(deal(ANN, CID)))
    outcome = put(org, CID, ANN)
    assert isinstance(outcome, Applied) and outcome.record.fields == {"@contacts": [ANN, CID]}
    (record,) = json_of(add.calls[0].request)["records"]
    assert {k: v for k, v in record.items() if k != "attributes"} == {"OpportunityId": DEAL, "ContactId": CID}
    assert gone.calls[0].request.url.params["ids"] == "00K000000000001AAA"
    assert gone.calls[0].request.url.params["allOrNone"] == "false"


def test_a_contact_that_is_gone_is_rejected_and_half_a_list_is_unknown() -> None:
    for results, expected in (
        ((refused("ENTITY_IS_DELETED"),), Rejected),
        ((None, refused("ENTITY_IS_DELETED")), Unknown),
    ):
        org = Org()
        org.on("GET", "/query", held())
        org.on("POST", "/composite/sobjects", made(*results))
        outcome = put(org, *(ANN, BEA)[: len(results)])
        assert isinstance(outcome, expected)
        if isinstance(outcome, Rejected):
            assert (outcome.code, outcome.fields) == (PARENT_GONE, ("@contacts",))


ACCOUNT = "001000000000001AAA"


@pytest.mark.parametrize(
    ("code", "there", "expected"),
    [
        ("ENTITY_IS_DELETED", False, Rejected(PARENT_GONE, "no", ("AccountId",))),
        ("ENTITY_IS_DELETED", True, Stale(reason="gone")),
        ("INVALID_CROSS_REFERENCE_KEY", False, Rejected(PARENT_GONE, "no", ("AccountId",))),
        ("INVALID_CROSS_REFERENCE_KEY", True, Stale(reason="gone")),
    ],
)
def test_whether_the_record_or_its_parent_is_gone_is_looked_up(code: str, there: bool, expected: Any) -> None:
    org = Org()
    body = [{"errorCode": code, "message": "no", "fields": []}]
    part = {"referenceId": "w0", "httpStatusCode": 404, "httpHeaders": {}, "body": body}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    org.on("GET", "/query", page(*([{"Id": ACCOUNT}] if there else [])))
    (outcome,) = org.connector.write([Write("Contact", ANN, {"AccountId": ACCOUNT})], ())
    assert outcome == expected


@pytest.mark.parametrize(("blamed", "looks"), [("OwnerId", 0), ("AccountId", 1)])
def test_another_field_that_is_blamed_is_rejected_by_its_own_code(blamed: str, looks: int) -> None:
    org = Org()
    body = [{"errorCode": "INVALID_CROSS_REFERENCE_KEY", "message": "no", "fields": [blamed]}]
    part = {"referenceId": "w0", "httpStatusCode": 400, "httpHeaders": {}, "body": body}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    looked = org.on("GET", "/query", page({"Id": ACCOUNT}))
    write = Write("Contact", ANN, {"AccountId": ACCOUNT, "OwnerId": "005000000000009AAA"})
    (outcome,) = org.connector.write([write], ())
    assert outcome == Rejected("INVALID_CROSS_REFERENCE_KEY", "no", (blamed,))
    assert len(looked.calls) == looks


def test_a_parent_that_cannot_be_looked_up_defers() -> None:
    org = Org()
    body = [{"errorCode": "ENTITY_IS_DELETED", "message": "no", "fields": []}]
    part = {"referenceId": "w0", "httpStatusCode": 404, "httpHeaders": {}, "body": body}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    org.on("GET", "/query", error("QUERY_TIMEOUT"))
    (outcome,) = org.connector.write([Write("Contact", ANN, {"AccountId": ACCOUNT})], ())
    assert type(outcome).__name__ == "Deferred"


def test_record_types_offer_values_of_their_own() -> None:
    org = Org()
    infos = [
        {"recordTypeId": "012000000000000AAA", "name": "Master", "master": True, "available": True, "active": True},
        {
            "recordTypeId": "012000000000001AAA", "name": "Neukunde", "developerName": "New_Business", "master": False,
            "available": True, "active": True, "defaultRecordTypeMapping": True,
        },
        {"recordTypeId": "012000000000002AAA", "name": "Hidden", "master": False, "available": False, "active": True},
    ]  # fmt: skip
    body = {"name": "Lead", "fields": [field("Name")], "recordTypeInfos": infos}
    org.on("GET", "/sobjects/Lead/describe", answer(body), answer(body))
    values = {"values": [{"label": "Offen", "value": "Open", "validFor": []}]}
    offered = answer({"picklistFieldValues": {"Status": values}, "eTag": "x"})
    org.on(
        "GET", "/ui-api/object-info/Lead/picklist-values/012000000000001AAA", offered, error("NO_ACCESS", status=403)
    )
    (found,) = org.connector.describe("Lead").record_types
    assert found == RecordType(
        "012000000000001AAA", "New_Business", "Neukunde", default=True, values={"Status": ("Open",)}
    )
    (blind,) = org.connector.describe("Lead").record_types
    assert blind.values == {}


def entry(name: str, value: Any, at: str, by: str, old: Any = None) -> dict[str, Any]:
    return {"LeadId": LEAD, "Field": name, "OldValue": old, "NewValue": value, "CreatedDate": at, "CreatedById": by}


def test_history_tells_what_is_tracked_and_whose_user_it_was() -> None:
    org = Org()
    org.on("GET", "/services/oauth2/userinfo", answer({"user_id": "005000000000001AAA"}))
    later = "2026-01-31T12:35:56.000+0000"
    org.on(
        "GET",
        "/query",
        page(
            entry("Status", "Working", later, "005000000000001AAA", old="Open"),
            entry("Owner", "Ann Berg", STAMP, "005000000000002AAA", old="Bea Lang"),
            entry("Owner", OTHER, STAMP, "005000000000002AAA"),
        ),
    )
    told = org.connector.history("Lead", [LEAD], ("Status", "OwnerId", "Phone"))
    assert told == {
        LEAD: {
            "Status": [
                Past("Working", STAMP_MS + 60_000, "integration", "005000000000001AAA"),
                Past("Open", 0, "unknown"),
            ],
            "OwnerId": [Past(OTHER, STAMP_MS, "human", "005000000000002AAA")],
        }
    }


def test_the_newest_row_says_when_the_present_value_was_put_there() -> None:
    org = Org()
    org.on("GET", "/services/oauth2/userinfo", answer({"user_id": "005000000000001AAA"}))
    later = "2026-01-31T12:35:56.000+0000"
    org.on("GET", "/query", page(entry("Status", "Working", later, "5"), entry("Status", "Open", STAMP, "5")))
    assert org.connector.changed_at("Lead", [LEAD], ("Status",)) == {LEAD: {"Status": STAMP_MS + 60_000}}


def test_snapshots_of_an_opportunity_tell_when_its_stage_changed() -> None:
    org = Org()
    org.on("GET", "/services/oauth2/userinfo", answer({"user_id": "005000000000001AAA"}))
    days = [("Won", 3), ("Offer", 2), ("Offer", 1)]
    snapshots = [
        {
            "OpportunityId": DEAL,
            "StageName": stage,
            "CreatedDate": f"2026-01-0{day}T00:00:00.000+0000",
            "CreatedById": "5",
        }
        for stage, day in days
    ]
    org.on("GET", "/query", page(*snapshots))
    stages = org.connector.history("Opportunity", [DEAL], ("StageName",))[DEAL]["StageName"]
    assert [(past.value, past.at % 86_400_000) for past in stages] == [("Won", 0), ("Offer", 0)]
    assert stages[0].at - stages[1].at == 2 * 86_400_000


def test_history_that_is_not_tracked_or_not_for_us_is_empty() -> None:
    for refusal in (error("INVALID_TYPE"), error("INSUFFICIENT_ACCESS", status=403), error("MALFORMED_QUERY")):
        org = Org()
        org.on("GET", "/query", refusal)
        assert org.connector.history("Lead", [LEAD], ("Status",)) == {}
    assert Org().connector.history("Task", [LEAD], ("Status",)) == {}


def archive(id: str = LEAD) -> Write:
    return Write("Lead", id, {}, unless_changed_since=STAMP_MS, archive=True)


def test_archiving_looks_before_and_reads_what_became_of_it() -> None:
    org = Org()
    org.on(
        "POST",
        "/composite/sobjects/Lead",
        answer([lead(), lead(OTHER, stamp="2026-01-31T12:34:57.000+0000")]),
        answer([None]),
    )
    gone = org.on("DELETE", "/composite/sobjects", answer([{"id": LEAD, "success": True, "errors": []}]))
    org.on("GET", "/queryAll", page(lead() | {"IsDeleted": True, "SystemModstamp": "2026-01-31T12:35:00.000+0000"}))
    one, two = org.connector.write([archive(), archive(OTHER)], ())
    assert isinstance(one, Applied) and one.record.deleted and one.record.version > STAMP_MS
    assert two == Stale(reason="changed since")
    assert gone.calls[0].request.url.params["ids"] == LEAD


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (answer([refused("ENTITY_IS_DELETED")]), Stale),
        (answer([refused("DELETE_FAILED", "depends")]), Rejected),
        (httpx.ReadTimeout("no answer"), Unknown),
    ],
)
def test_an_archiving_has_its_outcome(result: Any, expected: type[Any]) -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    org.on("DELETE", "/composite/sobjects", result)
    (outcome,) = org.connector.write([archive()], ())
    assert isinstance(outcome, expected)


def soap(**elements: str) -> httpx.Response:
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
    return httpx.Response(200, text=f"<e><result>{inner}</result></e>", headers={"content-type": "text/xml"})


def test_erasing_deletes_and_empties_the_bin() -> None:
    org = Org()
    org.on("DELETE", f"/sobjects/Lead/{LEAD}", httpx.Response(204))
    emptied = org.on("POST", SOAP, soap(id=LEAD, success="true"))
    erased = org.connector.erase("Lead", LEAD)
    assert erased.gone and not erased.left and len(erased.done) == 2
    body = emptied.calls[0].request.content.decode()
    assert f"<urn:ids>{LEAD}</urn:ids>" in body and "<urn:sessionId>00D!secret</urn:sessionId>" in body


@pytest.mark.parametrize(
    ("deleted", "emptied", "gone"),
    [
        (error("ENTITY_IS_DELETED", status=404), soap(success="true"), True),
        (error("ENTITY_IS_DELETED", status=404), soap(statusCode="INVALID_CROSS_REFERENCE_KEY", success="false"), True),
        (httpx.Response(204), soap(statusCode="INSUFFICIENT_ACCESS_OR_READONLY", success="false"), False),
        (httpx.Response(204), httpx.Response(500, text="<f><faultcode>x</faultcode></f>"), False),
    ],
)
def test_what_erasing_could_not_do_is_said(deleted: httpx.Response, emptied: httpx.Response, gone: bool) -> None:
    org = Org()
    org.on("DELETE", f"/sobjects/Lead/{LEAD}", deleted)
    org.on("POST", SOAP, emptied)
    erased = org.connector.erase("Lead", LEAD)
    assert erased.gone is gone
    assert bool(erased.left) is not gone


def test_a_record_that_may_not_be_deleted_stays_and_says_who_can() -> None:
    org = Org()
    org.on("DELETE", f"/sobjects/Lead/{LEAD}", error("INSUFFICIENT_ACCESS_OR_READONLY", status=403))
    erased = org.connector.erase("Lead", LEAD)
    assert not erased.gone and not erased.done
    assert "Delete" in erased.left[0]


def test_an_erasure_without_an_answer_raises_so_that_it_is_asked_for_again() -> None:
    org = Org()
    org.on("DELETE", f"/sobjects/Lead/{LEAD}", httpx.ReadTimeout("no answer"))
    with pytest.raises(Retry):
        org.connector.erase("Lead", LEAD)
