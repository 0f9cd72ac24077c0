"""Query cursors, and what a query may not be.  (SOQL itself is tested beside its own package.)"""

from __future__ import annotations

import pytest

from sandbox.kernel import Caller, Fault
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error


@pytest.fixture
def many(org: Salesforce) -> list[str]:
    return [org.seed("Lead", {"LastName": f"L{n}", "Company": "C"}) for n in range(450)]


def test_pages(api: Api, many: list[str]) -> None:
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = api("GET", "/query", params={"q": "SELECT Id FROM Lead ORDER BY Id"}, headers=headers).json()
    seen = []
    while True:
        assert page["totalSize"] == 450
        seen += [r["Id"] for r in page["records"]]
        if page["done"]:
            break
        assert page["nextRecordsUrl"].startswith("/services/data/v64.0/query/01g")
        page = api("GET", page["nextRecordsUrl"]).json()
    assert "nextRecordsUrl" not in page
    assert seen == many


@pytest.mark.parametrize(("asked", "size"), [("50", 200), ("300", 300), ("9999", 450)])
def test_page_sizes_are_kept_in_bounds(api: Api, many: list[str], asked: str, size: int) -> None:
    headers = {"Sforce-Query-Options": f"batchSize={asked}"}
    page = api("GET", "/query", params={"q": "SELECT Id FROM Lead"}, headers=headers).json()
    assert len(page["records"]) == size


def test_a_cursor_survives_changes(api: Api, org: Salesforce, many: list[str], person: Caller) -> None:
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = api("GET", "/query", params={"q": "SELECT Id FROM Lead ORDER BY Id"}, headers=headers).json()
    org.purge("Lead", many[210], person)
    org.seed("Lead", {"LastName": "new"})
    following = api("GET", page["nextRecordsUrl"]).json()
    assert len(following["records"]) == 200


def test_a_cursor_grows_old(api: Api, org: Salesforce, many: list[str]) -> None:
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = api("GET", "/query", params={"q": "SELECT Id FROM Lead"}, headers=headers).json()
    org.settings.session_ms = org.settings.locator_ms * 2
    org.kernel.clock.advance(org.settings.locator_ms + 1)
    assert error(api("GET", page["nextRecordsUrl"]))[:2] == (400, "INVALID_QUERY_LOCATOR")


def test_a_page_delivered_twice(api: Api, org: Salesforce, many: list[str]) -> None:
    org.kernel.faults.add(Fault("duplicate_page", "salesforce"))
    headers = {"Sforce-Query-Options": "batchSize=200"}
    first = api("GET", "/query", params={"q": "SELECT Id FROM Lead"}, headers=headers).json()
    again = api("GET", first["nextRecordsUrl"]).json()
    assert again["records"] == first["records"]
    assert len(api("GET", again["nextRecordsUrl"]).json()["records"]) == 200


@pytest.mark.parametrize(
    ("params", "message"),
    [({}, "A query string has to be specified"), ({"q": " "}, "SOQL statements cannot be empty or null")],
)
def test_no_query(api: Api, params: dict[str, str], message: str) -> None:
    assert error(api("GET", "/query/", params=params)) == (400, "MALFORMED_QUERY", message)


def test_query_all(api: Api, org: Salesforce, person: Caller) -> None:
    made = org.seed("Lead", {"LastName": "A"})
    org.delete("Lead", made, person)
    assert api("GET", "/query", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"] == 0
    assert api("GET", "/queryAll/", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"] == 1


def test_columns_for_the_command_line(api: Api) -> None:
    answer = api("GET", "/query", params={"q": "SELECT Id, Account.Name FROM Contact", "columns": "true"}).json()
    assert [c["columnName"] for c in answer["columnMetadata"]] == ["Id", "Account"]
    assert answer["columnMetadata"][1]["joinColumns"][0]["columnName"] == "Name"


def test_what_an_automation_index_finds_after_a_change(api: Api, org: Salesforce, person: Caller) -> None:
    made = org.seed("Lead", {"LastName": "A", "Email": "old@x.org"})
    assert len(api.query("SELECT Id FROM Lead WHERE Email = 'OLD@x.org'")) == 1
    org.edit("Lead", made, {"Email": "new@x.org"}, person)
    assert api.query("SELECT Id FROM Lead WHERE Email = 'old@x.org'") == []
    assert len(api.query("SELECT Id FROM Lead WHERE Email = 'new@x.org'")) == 1


def test_search(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "Ngo", "Email": "ann@acme.example"})
    found = api("GET", "/search", params={"q": "FIND {ann@acme} IN ALL FIELDS RETURNING Lead(Id, LastName)"}).json()
    assert [(r["Id"], r["LastName"]) for r in found["searchRecords"]] == [(made, "Ngo")]
    other = api("GET", "/parameterizedSearch", params={"q": "Ngo", "sobject": "Lead", "fields": "Id"}).json()
    assert [r["Id"] for r in other["searchRecords"]] == [made]
