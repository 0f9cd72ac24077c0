"""Listing, polling and reading by id and key, on documented answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.errors import Exhausted, SchemaChanged, Unauthorised, Unavailable
from connectors.port import Cursor, Key, Ref
from tests.wire.salesforce.org import (
    DATE_MS,
    LEAD,
    OTHER,
    ROOT,
    STAMP_MS,
    Org,
    answer,
    describe,
    error,
    field,
    json_of,
    lead,
    page,
    soql_of,
)

LAG = 300_000
THIRD = "00Q000000000003EAA"
NO_COLUMN = "No such column 'Nope__c' on entity 'Lead'. If you are attempting to use a custom field …"
MORE = f"{ROOT}/query/01gRO0000016PIAYA2-2000"


def test_a_listing_walks_the_pages_and_ends_with_a_watermark() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(Email="a@x.com"), more=MORE, total=2))
    org.on("GET", MORE, page(lead(OTHER, Email=None), total=2))
    first, second = org.connector.changes("Lead", ["Email"], None)
    assert [record.fields for record in (*first.records, *second.records)] == [{"Email": "a@x.com"}, {"Email": None}]
    assert first.cursor.watermark is None
    assert second.cursor == Cursor(DATE_MS - LAG)
    assert first.total == 2
    assert soql_of(org.calls[0]).endswith("FROM Lead ORDER BY Id")
    assert org.calls[0].headers["sforce-query-options"] == "batchSize=2000"


def test_a_stopped_listing_goes_on_behind_the_last_id_with_its_first_question_as_bound() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(), more=MORE), page(lead(OTHER)))
    stopped = next(org.connector.changes("Lead", ["Email"], None))
    org.clock.now += 3_600_000
    (last,) = org.connector.changes("Lead", ["Email"], stopped.cursor)
    assert f"WHERE Id > '{LEAD}' ORDER BY Id" in soql_of(org.calls[-1])
    assert last.cursor == Cursor(DATE_MS - LAG)


def test_a_lost_locator_is_replaced_by_a_question_behind_the_last_id() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(), more=MORE), page(lead(OTHER)))
    org.on("GET", MORE, error("INVALID_QUERY_LOCATOR", "invalid query locator"))
    pages = list(org.connector.changes("Lead", ["Email"], None))
    assert [record.ref.id for got in pages for record in got.records] == [LEAD, OTHER]
    assert f"Id > '{LEAD}'" in soql_of(org.calls[-1])


def test_a_quiet_poll_is_one_call() -> None:
    org = Org()
    org.on("GET", "/queryAll", page())
    (only,) = org.connector.changes("Lead", ["Email"], Cursor(STAMP_MS))
    assert (len(org.calls), only.records, only.cursor) == (1, [], Cursor(DATE_MS - LAG))
    assert "SystemModstamp >= 2026-01-31T12:34:56Z ORDER BY SystemModstamp, Id" in soql_of(org.calls[0])


def test_the_watermark_never_goes_back() -> None:
    org = Org()
    org.on("GET", "/queryAll", page())
    (only,) = org.connector.changes("Lead", ["Email"], Cursor(DATE_MS - 1000))
    assert only.cursor == Cursor(DATE_MS - 1000)


def test_a_stopped_poll_goes_on_behind_the_last_stamp_and_id() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(), more=MORE), page(lead(OTHER)))
    stopped = next(org.connector.changes("Lead", ["Email"], Cursor(STAMP_MS - 5000)))
    assert stopped.cursor.watermark == STAMP_MS - 5000
    (last,) = org.connector.changes("Lead", ["Email"], stopped.cursor)
    assert f"(SystemModstamp = 2026-01-31T12:34:56Z AND Id > '{LEAD}')" in soql_of(org.calls[-1])
    assert last.cursor == Cursor(DATE_MS - LAG)


@pytest.mark.parametrize(
    ("fate", "deleted", "moved"),
    [
        ({"IsDeleted": True}, True, None),
        ({"IsDeleted": True, "MasterRecordId": OTHER}, True, Ref("salesforce", "Lead", OTHER)),
        (
            {"IsConverted": True, "ConvertedContactId": "003000000000001AAA"},
            False,
            Ref("salesforce", "Contact", "003000000000001AAA"),
        ),
        ({}, False, None),
    ],
)
def test_what_became_of_a_record_is_told(fate: dict[str, Any], deleted: bool, moved: Ref | None) -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(**fate)))
    (only,) = org.connector.changes("Lead", ["Email"], Cursor(0))
    (record,) = only.records
    assert (record.deleted, record.moved_to, record.version) == (deleted, moved, STAMP_MS)


def test_a_parent_field_is_flattened_under_its_dotted_name() -> None:
    org = Org()
    contact = {"Id": "003000000000001AAA", "SystemModstamp": "2026-01-31T12:34:56.000+0000", "IsDeleted": False}
    org.on("GET", "/queryAll", page({**contact, "Account": {"Name": "Acme"}}, {**contact, "Account": None}))
    (only,) = org.connector.changes("Contact", ["Account.Name"], Cursor(0))
    assert [record.fields for record in only.records] == [{"Account.Name": "Acme"}, {"Account.Name": None}]


def test_a_name_asked_in_another_case_keeps_its_value() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(Email="a@x.com", Owner={"Name": "Ann"})))
    (only,) = org.connector.changes("Lead", ["email", "owner.name"], None)
    assert only.records[0].fields == {"email": "a@x.com", "owner.name": "Ann"}


def test_a_query_too_long_for_an_address_goes_as_a_composite() -> None:
    org = Org()
    names = [f"Field_number_{n}__c" for n in range(800)]
    rows = {"totalSize": 1, "done": True, "records": [lead()]}
    part = {"referenceId": "rows", "httpStatusCode": 200, "httpHeaders": {}, "body": rows}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    (only,) = org.connector.changes("Lead", names, None)
    assert len(only.records) == 1
    assert json_of(org.calls[0])["compositeRequest"][0]["url"].startswith(f"{ROOT}/queryAll?q=SELECT+Id")


def test_ids_are_read_by_the_collection_and_then_sought_in_the_bin() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead(Email="a@x.com"), None, None]))
    org.on("GET", "/queryAll", page(lead(OTHER, IsDeleted=True, MasterRecordId=LEAD)))
    records = list(org.connector.read("Lead", ["Email"], ids=[LEAD, OTHER, THIRD, "no id"]))
    assert [(r.ref.id, r.deleted, r.moved_to and r.moved_to.id) for r in records] == [
        (LEAD, False, None),
        (OTHER, True, LEAD),
        (THIRD, True, None),
        ("no id", True, None),
    ]
    assert json_of(org.calls[0])["ids"] == [LEAD, OTHER, THIRD]


def test_a_short_id_is_answered_under_itself() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    (record,) = org.connector.read("Lead", ["Email"], ids=[LEAD[:15]])
    assert record.ref.id == LEAD[:15]


def test_parents_are_read_by_query() -> None:
    org = Org()
    org.on("GET", "/queryAll", page(lead(Owner={"Name": "Ann"})))
    (record,) = org.connector.read("Lead", ["Owner.Name"], ids=[LEAD])
    assert record.fields == {"Owner.Name": "Ann"}


def test_keys_are_looked_up_and_unknown_ones_left_out() -> None:
    org = Org()
    org.on("GET", "/query", page(lead(Key__c="o'k")))
    keys = [Key("Key__c", "o'k"), Key("Key__c", "none")]
    (record,) = org.connector.read("Lead", ["Key__c"], keys=keys)
    assert record.fields == {"Key__c": "o'k"}
    assert "Key__c IN ('o\\'k','none')" in soql_of(org.calls[0])


def test_many_keys_are_asked_in_addresses_that_salesforce_takes() -> None:
    org = Org()
    org.on("GET", "/query", *(page() for _ in range(20)))
    assert not list(org.connector.read("Lead", ["Email"], keys=[Key("Key__c", f"{n:036}") for n in range(1000)]))
    assert max(len(str(call.url)) for call in org.calls) < 16_000
    assert len(org.calls) < 6


@pytest.mark.parametrize(
    ("response", "raised", "says"),
    [
        (error("INVALID_FIELD", f"ERROR at Row:1\n{NO_COLUMN}"), SchemaChanged, "Nope__c"),
        (error("INVALID_TYPE", "sObject type 'Lead' is not supported."), SchemaChanged, "INVALID_TYPE"),
        (error("NOT_FOUND", "The requested resource does not exist", 404), SchemaChanged, "NOT_FOUND"),
        (error("INSUFFICIENT_ACCESS", "no", 403), Unauthorised, "permissions"),
        (error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), Exhausted, "daily"),
        (error("QUERY_TIMEOUT", "Your query request was running for too long."), Unavailable, "QUERY_TIMEOUT"),
        (httpx.Response(200, text="<html>"), Unavailable, "not JSON"),
    ],
)  # fmt: skip
def test_a_refused_read_says_what_to_do(response: httpx.Response, raised: type[Exception], says: str) -> None:
    org = Org()
    org.on("GET", "/queryAll", response)
    with pytest.raises(raised, match=says):
        list(org.connector.changes("Lead", ["Email"], None))


def test_too_many_long_calls_at_once_are_waited_for() -> None:
    org = Org()
    busy = error("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded", 403)
    org.on("GET", "/queryAll", busy, page())
    assert len(list(org.connector.changes("Lead", ["Email"], None))) == 1
    assert org.clock.slept


@pytest.mark.parametrize(
    "header",
    [
        "api-usage=18/5000",
        "api-usage=18/5000; per-app-api-usage=17/250(appName=x)",
        "per-app-api-usage=1/2(appName=y), api-usage=18/5000",
    ],
)  # fmt: skip
def test_usage_comes_from_the_limit_header(header: str) -> None:
    org = Org()
    response = page()
    response.headers["Sforce-Limit-Info"] = header
    org.on("GET", "/queryAll", response)
    list(org.connector.changes("Lead", ["Email"], None))
    usage = org.connector.usage()
    assert (usage.daily_used, usage.daily_limit, usage.calls) == (18, 5000, 1)


# -- Bulk query ----------------------------------------------------------------------------------------------------


def bulk_org() -> Org:
    org = Org(bulk_above=1)
    org.on("GET", "/queryAll", page(lead(Score__c=1.0, Name="Ann"), more=MORE, total=2))
    org.on("POST", "/jobs/query", answer({"id": "750000000000001AAA", "state": "UploadComplete"}))
    org.on(
        "GET",
        "/jobs/query/750000000000001AAA",
        answer({"state": "InProgress"}),
        *(answer({"state": "JobComplete"}) for _ in range(2)),
    )
    org.on("GET", "/sobjects/Lead/describe", describe(*(field(n, t) for n, t in COLUMNS.items())))
    return org


COLUMNS = {
    "Id": "id",
    "SystemModstamp": "datetime",
    "CreatedDate": "datetime",
    "IsDeleted": "boolean",
    "IsConverted": "boolean",
    "MasterRecordId": "reference",
    "ConvertedContactId": "reference",
    "Score__c": "double",
    "Name": "string",
}


def csv_page(id: str, locator: str) -> httpx.Response:
    stamp = "2026-01-31T12:34:56.000Z"
    row = {**dict.fromkeys(COLUMNS, ""), "Id": id, "SystemModstamp": stamp, "CreatedDate": stamp, "IsDeleted": "true"}
    row |= {"IsConverted": "false", "Score__c": "5.5"}
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in (row, row.values())) + "\n"
    return httpx.Response(200, text=text, headers={"sforce-locator": locator, "sforce-numberofrecords": "1"})


def test_a_large_listing_runs_as_a_job_with_the_values_of_rest() -> None:
    org = bulk_org()
    results = "/jobs/query/750000000000001AAA/results"
    org.on("GET", results, csv_page(OTHER, "MTAw"), csv_page(THIRD, "null"))
    pages = list(org.connector.changes("Lead", ["Score__c", "Name", "SystemModstamp"], None))
    assert pages[0].cursor == Cursor(None, f"job|{DATE_MS}|750000000000001AAA|")
    assert pages[-1].cursor == Cursor(DATE_MS - LAG)
    records = [record for got in pages for record in got.records]
    assert [record.ref.id for record in records] == [LEAD, OTHER, THIRD]
    assert records[1].fields == {
        "Score__c": 5.5,
        "Name": None,
        "SystemModstamp": "2026-01-31T12:34:56.000+0000",
    }
    assert (records[1].deleted, records[1].version) == (True, STAMP_MS)
    job = json_of(org.calls[1])
    assert job["operation"] == "queryAll"
    assert job["query"].endswith(f"FROM Lead WHERE Id > '{LEAD}'")


def test_a_stopped_job_is_taken_up_at_its_locator() -> None:
    org = bulk_org()
    org.on("GET", "/jobs/query/750000000000001AAA/results", csv_page(OTHER, "null"))
    resume = Cursor(None, f"job|{DATE_MS}|750000000000001AAA|MTAw")
    (last,) = org.connector.changes("Lead", ["Name"], resume)
    assert "locator=MTAw" in str(org.calls[-1].url)
    assert [record.ref.id for record in last.records] == [OTHER]


def test_a_job_that_is_gone_makes_the_listing_start_anew() -> None:
    org = Org()
    org.on("GET", "/jobs/query/750000000000001AAA", error("NOT_FOUND", "The requested resource does not exist", 404))
    org.on("GET", "/queryAll", page(lead()))
    pages = list(org.connector.changes("Lead", ["Name"], Cursor(None, f"job|{DATE_MS}|750000000000001AAA|")))
    assert [record.ref.id for got in pages for record in got.records] == [LEAD]


def test_a_job_that_fails_names_the_field() -> None:
    org = Org()
    failed = {"state": "Failed", "errorMessage": "InvalidBatch : Field name not found : Nope__c"}
    org.on("GET", "/jobs/query/750000000000001AAA", answer(failed))
    with pytest.raises(SchemaChanged, match="Nope__c"):
        list(org.connector.changes("Lead", ["Name"], Cursor(None, f"job|{DATE_MS}|750000000000001AAA|")))


def test_an_org_that_retrieves_fewer_records_at_once_is_asked_in_smaller_parts_from_then_on() -> None:
    org = Org()
    ids = [f"00Q{n:012d}EAA" for n in range(300)]
    some, rest = answer([lead(id) for id in ids[:200]]), answer([lead(id) for id in ids[200:]])
    too_many = error("EXCEEDED_ID_LIMIT", "record limit reached")
    org.on("POST", "/composite/sobjects/Lead", too_many, some, rest, some, rest)
    for _ in range(2):
        assert [record.deleted for record in org.connector.read("Lead", ["Email"], ids=ids)] == [False] * 300
    assert [len(json_of(call)["ids"]) for call in org.calls] == [300, 200, 100, 200, 100]
