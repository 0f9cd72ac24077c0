"""Writing by Bulk API 2.0 jobs, on documented answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.port import Applied, Deferred, Key, Outcome, Rejected, Stale, Unknown, Write
from tests.wire.salesforce.org import LEAD, OTHER, ROOT, Org, answer, describe, error, field, json_of, lead

JOB = "/jobs/ingest/750000000000001AAA"
THIRD = "00Q000000000003EAA"
MISSING = "REQUIRED_FIELD_MISSING:Required fields are missing: [Company]"
LOST = httpx.ReadTimeout("no answer")


def new(n: int, **fields: Any) -> Write:
    return Write("Lead", None, {"LastName": "Berg", "Key__c": f"k{n}", **fields}, Key("Key__c", f"k{n}"))


def text(body: str = "") -> httpx.Response:
    return httpx.Response(200, text=body, headers={"content-type": "text/csv"})


def bulk_org(state: dict[str, Any] | None = None, **results: str) -> Org:
    org = Org(bulk_above_writes=1)
    org.on("GET", "/sobjects/Lead/describe", describe(field("Key__c", unique=True)))
    opened = {"id": JOB[-18:], "state": "Open", "contentUrl": f"{ROOT[1:]}{JOB}/batches"}
    org.on("POST", "/jobs/ingest", answer(opened))
    org.on("PUT", f"{JOB}/batches", httpx.Response(201))
    org.on("PATCH", JOB, answer({"state": "UploadComplete"}))
    org.on("GET", JOB, answer({"state": "InProgress"}), answer(state or {"state": "JobComplete"}))
    for part in ("successfulResults", "failedResults", "unprocessedrecords"):
        org.on("GET", f"{JOB}/{part}", text(results.get(part, "")))
    return org


def run(org: Org, writes: list[Write]) -> list[Outcome]:
    return list(org.connector.write(writes, ["Phone"]))


def test_a_job_carries_many_and_its_rows_are_matched_by_key() -> None:
    org = bulk_org(
        successfulResults=f'"sf__Id","sf__Created","Key__c"\n"{OTHER}","true","k2"\n"{LEAD}","true","k1"\n',
        failedResults=f'"sf__Id","sf__Error","Key__c"\n"","{MISSING}:Company --","k3"\n',
    )
    org.on("POST", "/composite/sobjects/Lead", answer([lead(LEAD, Phone="1"), lead(OTHER, Phone=None)]))
    outcomes = run(org, [new(1, Phone="1"), new(2, Phone=None), new(3)])
    assert [o.record.ref.id for o in outcomes if isinstance(o, Applied)] == [LEAD, OTHER]
    assert outcomes[2] == Rejected("REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ("Company",))
    job, upload, mark = org.calls[1:4]
    assert json_of(job) == {
        "object": "Lead",
        "operation": "insert",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert upload.content == b"Key__c,LastName,Phone\nk1,Berg,1\nk2,Berg,#N/A\nk3,Berg,\n"
    assert json_of(mark) == {"state": "UploadComplete"}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 200 records: 001x:--", Deferred),
        (f"DUPLICATE_VALUE:duplicate value found: Key__c duplicates value on record with id: {LEAD[:15]}:--", Stale),
        ("INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--", Rejected),
        ("something odd", Rejected),
    ],
)
def test_each_error_of_a_row_has_its_outcome(said: str, kind: type[Outcome]) -> None:
    org = bulk_org(
        failedResults=f'"sf__Id","sf__Error","Key__c"\n"","{said}","k1"\n"","{said}","k2"\n',
    )
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [kind, kind]


def test_what_a_cell_cannot_say_goes_by_collections() -> None:
    org = bulk_org(
        successfulResults=f'"sf__Id","sf__Created","Key__c"\n"{LEAD}","true","k1"\n"{OTHER}","true","k2"\n',
    )
    part = {"referenceId": "w", "httpStatusCode": 200, "body": [{"id": THIRD, "success": True, "errors": []}]}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    org.on("POST", "/composite/sobjects/Lead", answer([lead(), lead(OTHER), lead(THIRD)]))
    outcomes = run(org, [new(1), new(2), new(3, Street="two\nlines")])
    assert [o.record.ref.id for o in outcomes if isinstance(o, Applied)] == [LEAD, OTHER, THIRD]


def test_an_unknown_column_rejects_the_rows_of_the_job() -> None:
    failed = {"state": "Failed", "errorMessage": "InvalidBatch : Field name not found : Gone__c"}
    org = bulk_org(failed, unprocessedrecords='"Key__c"\n"k1"\n"k2"\n')
    assert [o.fields for o in run(org, [new(1), new(2)]) if isinstance(o, Rejected)] == [("Gone__c",)] * 2


def test_rows_that_a_job_never_reached_are_deferred_and_untold_ones_unknown() -> None:
    org = bulk_org({"state": "Aborted", "numberRecordsProcessed": 1}, unprocessedrecords='"Key__c"\n"k1"\n')
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [Deferred, Unknown]


def test_a_lost_upload_defers_because_nothing_has_begun() -> None:
    org = bulk_org()
    org.on("PUT", f"{JOB}/batches", LOST)
    abort = org.on("PATCH", JOB, answer({"state": "Aborted"}))
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [Deferred, Deferred]
    assert json_of(abort.calls[0].request) == {"state": "Aborted"}


def test_when_the_answer_to_the_start_is_lost_the_job_tells() -> None:
    org = bulk_org(successfulResults=f'"sf__Id","sf__Created","Key__c"\n"{LEAD}","true","k1"\n"{OTHER}","true","k2"\n')
    org.on("PATCH", JOB, LOST)
    org.on("POST", "/composite/sobjects/Lead", answer([lead(), lead(OTHER)]))
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [Applied, Applied]


def test_a_job_that_cannot_be_followed_is_unknown() -> None:
    org = bulk_org()
    org.on("GET", JOB, error("NOT_FOUND", "The requested resource does not exist", 404))
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [Unknown, Unknown]


def test_where_jobs_are_declined_collections_do_the_work() -> None:
    org = bulk_org()
    org.on("POST", "/jobs/ingest", error("FEATURENOTENABLED", "Bulk API is not enabled", 403))
    created = [{"id": id, "success": True, "errors": []} for id in (LEAD, OTHER)]
    part = {"referenceId": "w", "httpStatusCode": 200, "body": created}
    org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    org.on("POST", "/composite/sobjects/Lead", answer([lead(), lead(OTHER)]))
    assert [type(outcome) for outcome in run(org, [new(1), new(2)])] == [Applied, Applied]
