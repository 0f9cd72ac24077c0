"""Bulk API 2.0: jobs, CSV, results."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from sandbox.kernel import Caller, Fault
from sandbox.salesforce import Salesforce
from sandbox.salesforce.schema import FieldMeta
from tests.sandbox.salesforce.conftest import Api, error


def job(api: Api, content: str, operation: str = "insert", **wish: Any) -> dict[str, Any]:
    """Create, upload, close; the job as it is then."""
    body = {"object": "Lead", "operation": operation, "contentType": "CSV", **wish}
    made = api("POST", "/jobs/ingest", body).json()
    assert made["state"] == "Open"
    assert not made["contentUrl"].startswith("/")
    upload = api("PUT", f"/services/../{made['contentUrl']}", content=content.encode())
    assert (upload.status_code, upload.content) == (201, b"")
    assert api("PATCH", f"/jobs/ingest/{made['id']}", {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    return dict(api("GET", f"/jobs/ingest/{made['id']}").json())


def results(api: Api, done: dict[str, Any], kind: str) -> list[dict[str, str]]:
    text = api("GET", f"/jobs/ingest/{done['id']}/{kind}/").text
    return list(csv.DictReader(io.StringIO(text), delimiter=",|"[done["columnDelimiter"] == "PIPE"]))


def test_job_complete_does_not_mean_that_all_went_well(api: Api) -> None:
    done = job(api, "LastName,Company,Email\nA,C,a@b.co\nB,C,nope\n")
    assert done["state"] == "JobComplete"
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    (good,) = results(api, done, "successfulResults")
    assert (good["sf__Created"], good["LastName"]) == ("true", "A")
    (bad,) = results(api, done, "failedResults")
    assert bad["sf__Error"] == "INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email--"
    assert results(api, done, "unprocessedrecords") == []


def test_an_empty_cell_is_left_alone_and_na_clears(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "Company": "B", "City": "X", "Title": "T"})
    job(api, f'Id,City,Title,Description\n{made},,#N/A,"two, ""quoted""\nlines"\n', "update")
    shown = org.get("Lead", made)
    assert shown is not None
    assert (shown["City"], shown["Title"]) == ("X", None)
    assert shown["Description"] == 'two, "quoted"\nlines'


def test_values_are_not_trimmed_and_flags_are_text(api: Api) -> None:
    job(api, "LastName,Company,HasOptedOutOfEmail,NumberOfEmployees\n A ,C,true,12\n")
    (found,) = api.query("SELECT LastName, HasOptedOutOfEmail, NumberOfEmployees FROM Lead")
    assert found == {"LastName": " A ", "HasOptedOutOfEmail": True, "NumberOfEmployees": 12}


def test_a_wrong_type_refuses_its_row(api: Api) -> None:
    done = job(api, "LastName,Company,NumberOfEmployees\nA,C,many\n")
    assert results(api, done, "failedResults")[0]["sf__Error"].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")


def test_upsert(api: Api, org: Salesforce) -> None:
    org.org.add_custom_field(
        "Lead", FieldMeta("Ext__c", "string", "Ext", length=9, unique=True, external_id=True), visible=True
    )
    job(api, "LastName,Company,Ext__c\nA,C,1\n")
    done = job(api, "LastName,Company,Ext__c\nB,C,1\nD,C,2\n", "upsert", externalIdFieldName="Ext__c")
    made = {row["LastName"]: row["sf__Created"] for row in results(api, done, "successfulResults")}
    assert made == {"B": "false", "D": "true"}


def test_delete_and_hard_delete(api: Api, org: Salesforce) -> None:
    binned, gone = org.seed("Lead", {"LastName": "A"}), org.seed("Lead", {"LastName": "B"})
    job(api, f"Id\n{binned}\n", "delete")
    job(api, f"Id\n{gone}\n", "hardDelete")
    left = api("GET", "/queryAll", params={"q": "SELECT Id FROM Lead"}).json()["records"]
    assert [r["Id"] for r in left] == [binned]


def test_parents_by_external_id(api: Api, org: Salesforce, person: Caller) -> None:
    org.org.add_custom_field(
        "Account", FieldMeta("Ext__c", "string", "Ext", length=9, unique=True, external_id=True), visible=True
    )
    account = org.create("Account", {"Name": "A", "Ext__c": "acme"}, person)
    job(api, "LastName,Account.Ext__c\nA,acme\n", object="Contact")
    assert api.query("SELECT AccountId FROM Contact") == [{"AccountId": account}]


@pytest.mark.parametrize(
    ("content", "wish", "message"),
    [
        ("LastName,Nope__c\nA,B\n", {}, "InvalidBatch : Field name not found : Nope__c"),
        (
            "LastName,Company\r\nA,B\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            "LastName,Company\nA,B\n",
            {"lineEnding": "CRLF"},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF",
        ),
    ],
)
def test_jobs_that_fail_as_a_whole(api: Api, content: str, wish: dict[str, str], message: str) -> None:
    done = job(api, content, **wish)
    assert (done["state"], done["errorMessage"], done["numberRecordsProcessed"]) == ("Failed", message, 0)
    assert api.query("SELECT Id FROM Lead") == []


def test_other_delimiters_and_line_endings(api: Api) -> None:
    done = job(api, "LastName|Company\r\nA|C\r\n", columnDelimiter="PIPE", lineEnding="CRLF")
    assert results(api, done, "successfulResults")[0]["Company"] == "C"


def test_quoted_newlines_may_be_refused(api: Api, org: Salesforce) -> None:
    org.settings.bulk_quoted_newlines = False
    assert job(api, 'LastName,Company\nA,"C\nD"\n')["state"] == "Failed"


def test_results_come_in_another_order(api: Api, org: Salesforce) -> None:
    rows = "".join(f"L{n},C\n" for n in range(50))
    done = job(api, "LastName,Company\n" + rows)
    names = [row["LastName"] for row in results(api, done, "successfulResults")]
    assert names != sorted(names, key=lambda n: int(n[1:]))
    assert len(set(names)) == 50


def test_a_job_takes_its_time(api: Api, org: Salesforce) -> None:
    org.settings.bulk_ms = 10_000
    done = job(api, "LastName,Company\nA,C\n")
    assert done["state"] == "UploadComplete"
    org.kernel.clock.advance(5_000)
    assert api("GET", f"/jobs/ingest/{done['id']}").json()["state"] == "InProgress"
    assert api.query("SELECT Id FROM Lead") == []
    org.kernel.clock.advance(5_000)
    assert len(api.query("SELECT Id FROM Lead")) == 1


def test_an_aborted_job_does_nothing(api: Api) -> None:
    made = api("POST", "/jobs/ingest", {"object": "Lead", "operation": "insert"}).json()["id"]
    api("PUT", f"/jobs/ingest/{made}/batches", content=b"LastName,Company\nA,C\n")
    assert api("PATCH", f"/jobs/ingest/{made}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert error(api("PATCH", f"/jobs/ingest/{made}", {"state": "UploadComplete"}))[:2] == (400, "INVALIDJOBSTATE")
    assert api("DELETE", f"/jobs/ingest/{made}").status_code == 204
    assert api.query("SELECT Id FROM Lead") == []


def test_job_and_content_in_one_request(api: Api) -> None:
    files = {
        "job": (None, '{"object":"Lead","operation":"insert","contentType":"CSV"}', "application/json"),
        "content": ("content", "LastName,Company\nA,C\n", "text/csv"),
    }
    answer = api("POST", "/jobs/ingest", files=files)
    assert (answer.status_code, answer.json()["state"]) == (200, "UploadComplete")
    assert len(api.query("SELECT Id FROM Lead")) == 1


def test_a_locked_row_can_be_tried_again(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("lock", "salesforce", match={"LastName": "^B$"}))
    done = job(api, "LastName,Company\nA,C\nB,C\n")
    (bad,) = results(api, done, "failedResults")
    assert bad["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record")


def query_job(api: Api, text: str, operation: str = "query") -> str:
    answer = api("POST", "/jobs/query", {"operation": operation, "query": text})
    assert (answer.status_code, answer.json()["state"]) == (200, "UploadComplete"), answer.text
    return str(answer.json()["id"])


def test_query_results_page_by_page(api: Api, org: Salesforce) -> None:
    account = org.seed("Account", {"Name": "A"})
    for n in range(3):
        org.seed("Contact", {"LastName": f"L{n}", "AccountId": account if n else None})
    made = query_job(api, "SELECT LastName, Account.Name, CreatedDate, HasOptedOutOfEmail FROM Contact ORDER BY Id")
    first = api("GET", f"/jobs/query/{made}/results?maxRecords=2")
    assert first.headers["Sforce-NumberOfRecords"] == "2"
    assert first.text == (
        '"LastName","Account.Name","CreatedDate","HasOptedOutOfEmail"\n'
        '"L0","","2026-09-21T14:13:20.000Z","false"\n"L1","A","2026-09-21T14:13:20.000Z","false"\n'
    )
    locator = first.headers["Sforce-Locator"]
    last = api("GET", f"/jobs/query/{made}/results?maxRecords=2&locator={locator}")
    assert (last.headers["Sforce-NumberOfRecords"], last.headers["Sforce-Locator"]) == ("1", "null")


def test_query_all_jobs_see_the_bin(api: Api, org: Salesforce, person: Caller) -> None:
    org.delete("Lead", org.seed("Lead", {"LastName": "A"}), person)
    made = query_job(api, "SELECT Id, IsDeleted FROM Lead", "queryAll")
    assert '"true"' in api("GET", f"/jobs/query/{made}/results").text


def test_results_at_another_version(api: Api) -> None:
    made = query_job(api, "SELECT Id FROM Lead")
    assert api.at("63.0")("GET", f"/jobs/query/{made}/results").status_code == 409


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(Id) FROM Lead",
        "SELECT Id FROM Lead LIMIT 5 OFFSET 5",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
        "SELECT MailingAddress FROM Contact",
        "SELECT nope FROM Contact",
    ],
)
def test_queries_that_bulk_refuses(api: Api, text: str) -> None:
    assert api("POST", "/jobs/query", {"operation": "query", "query": text}).status_code == 400
