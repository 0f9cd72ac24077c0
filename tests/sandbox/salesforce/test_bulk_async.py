"""Bulk API 1.0: jobs, batches and results, in both of its languages."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import HOST, START, Api

ASYNC = "/services/async/61.0"


def call(org: Salesforce, method: str, path: str, content: str = "", kind: str = "application/json") -> httpx.Response:
    client = httpx.Client(transport=httpx.MockTransport(org.handle), base_url=HOST)
    headers = {"X-SFDC-Session": org.access_token(), "Content-Type": kind}
    return client.request(method, ASYNC + path, content=content.encode(), headers=headers)


def texts(answer: httpx.Response) -> dict[str, str | None]:
    return {e.tag.rpartition("}")[2]: e.text for e in ElementTree.fromstring(answer.content)}


def job(org: Salesforce, operation: str, content: str) -> str:
    wish = f'{{"operation": "{operation}", "object": "Lead", "contentType": "{content}"}}'
    answer = call(org, "POST", "/job", wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_rows_of_csv_have_results_in_their_order(org: Salesforce, api: Api) -> None:
    made = job(org, "insert", "CSV")
    rows = "LastName,Company\nNgo,Acme\n,Acme\nRoy,Acme\n"
    batch = texts(call(org, "POST", f"/job/{made}/batch", rows, "text/csv"))
    assert (batch["state"], batch["numberRecordsProcessed"], batch["numberRecordsFailed"]) == ("Completed", "3", "1")
    lines = call(org, "GET", f"/job/{made}/batch/{batch['id']}/result").text.splitlines()
    assert lines[0] == '"Id","Success","Created","Error"'
    assert [line.split(",")[1] for line in lines[1:]] == ['"true"', '"false"', '"true"']
    assert "REQUIRED_FIELD_MISSING" in lines[2]
    assert [row["LastName"] for row in api.query("SELECT LastName FROM Lead ORDER BY LastName")] == ["Ngo", "Roy"]


def test_a_json_query_shows_moments_in_milliseconds(org: Salesforce, api: Api) -> None:
    api("POST", "/sobjects/Lead", {"LastName": "Ngo", "Company": "Acme"})
    made = job(org, "query", "JSON")
    batch = call(org, "POST", f"/job/{made}/batch", "SELECT LastName, CreatedDate FROM Lead").json()
    path = f"/job/{made}/batch/{batch['id']}/result"
    (result,) = call(org, "GET", path).json()
    (row,) = call(org, "GET", f"{path}/{result}").json()
    assert (row["LastName"], row["CreatedDate"]) == ("Ngo", START)


@pytest.mark.parametrize(("rows", "told"), [(0, "Records not found for this query"), (1, "LastName")])
def test_a_csv_query_lists_its_results_in_xml(org: Salesforce, api: Api, rows: int, told: str) -> None:
    for _ in range(rows):
        api("POST", "/sobjects/Lead", {"LastName": "Ngo", "Company": "Acme"})
    made = job(org, "queryAll", "CSV")
    batch = texts(call(org, "POST", f"/job/{made}/batch", "SELECT LastName FROM Lead", "text/csv"))
    path = f"/job/{made}/batch/{batch['id']}/result"
    result = texts(call(org, "GET", path))["result"]
    assert call(org, "GET", f"{path}/{result}").text.splitlines()[0] == f'"{told}"'


def test_a_job_in_xml_is_closed_in_xml(org: Salesforce) -> None:
    wish = "<jobInfo xmlns='http://www.force.com/2009/06/asyncapi/dataload'>{}</jobInfo>"
    parts = "<operation>insert</operation><object>Lead</object><contentType>CSV</contentType>"
    made = texts(call(org, "POST", "/job", wish.format(parts), "application/xml"))
    closing = wish.format("<state>Closed</state>")
    closed = texts(call(org, "POST", f"/job/{made['id']}", closing, "application/xml"))
    assert (made["state"], closed["state"]) == ("Open", "Closed")
    late = call(org, "POST", f"/job/{made['id']}/batch", "LastName\nNgo\n", "text/csv")
    assert (late.status_code, texts(late)["exceptionCode"]) == (400, "InvalidJobState")


def test_a_query_that_makes_no_sense_fails_its_batch(org: Salesforce) -> None:
    made = job(org, "query", "CSV")
    batch = texts(call(org, "POST", f"/job/{made}/batch", "SELECT Nope FROM Lead", "text/csv"))
    assert batch["state"] == "Failed"
    assert "No such column 'Nope'" in str(batch["stateMessage"])


@pytest.mark.parametrize(
    ("path", "session", "code"),
    [("/job/750000000000000AAA", None, "InvalidJob"), ("/job/750000000000000AAA", "gone", "InvalidSessionId")],
)
def test_refusals_have_their_own_form(org: Salesforce, path: str, session: str | None, code: str) -> None:
    client = httpx.Client(transport=httpx.MockTransport(org.handle), base_url=HOST)
    headers = {"X-SFDC-Session": session or org.access_token(), "Content-Type": "application/json"}
    answer = client.get(ASYNC + path, headers=headers)
    assert (answer.status_code, answer.json()["exceptionCode"]) == (400, code)


def test_the_library_inserts_asks_and_upserts(sf: Any) -> None:
    made, refused = sf.bulk.Lead.insert([{"LastName": "Ngo", "Company": "A", "Email": "n@x.org"}, {"Company": "B"}])
    assert (made["success"], refused["success"]) == (True, False)
    assert sf.bulk.Lead.upsert([{"Email": "n@x.org", "Title": "CTO"}], "Email")[0]["created"] is False
    (row,) = sf.bulk.Lead.query("SELECT Id, Title FROM Lead")
    assert (row["Id"], row["Title"]) == (made["id"], "CTO")
