"""simple-salesforce itself, over loopback HTTP: what the library does with our answers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simple_salesforce import exceptions
from simple_salesforce.api import Salesforce as Client

from sandbox.kernel import Fault
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import START, Served


def test_client_credentials_and_a_query(sf: Any) -> None:
    made = sf.Lead.create({"LastName": "Ngo", "Company": "Acme"})
    found = sf.query("SELECT Id, Name, CreatedDate FROM Lead")
    assert [r["Id"] for r in found["records"]] == [made["id"]]
    assert found["records"][0]["CreatedDate"] == "2026-09-21T14:13:20.000+0000"
    assert sf.api_usage["api-usage"].total == 100_000


def test_soap_login(served: Served, org: Salesforce) -> None:
    with served.session() as session:
        settings = org.settings
        client: Any = Client(
            username=settings.username,
            password=settings.password,
            security_token=settings.security_token,
            version="64.0",
            session=session,
        )
        assert client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_soap_login_with_a_wrong_password(served: Served, org: Salesforce) -> None:
    with served.session() as session, pytest.raises(exceptions.SalesforceAuthenticationFailed) as refused:
        Client(username=org.settings.username, password="no", security_token="no", version="64.0", session=session)
    assert refused.value.code == "INVALID_LOGIN"


def test_soap_login_is_gone_after_version_64(served: Served, org: Salesforce) -> None:
    settings = org.settings
    with served.session() as session, pytest.raises(exceptions.SalesforceAuthenticationFailed) as refused:
        Client(
            username=settings.username,
            password=settings.password,
            security_token=settings.security_token,
            version="65.0",
            session=session,
        )
    assert refused.value.code == "UNSUPPORTED_API_VERSION"


def test_jwt_login_accepts_the_expiry_as_text(served: Served, org: Salesforce) -> None:
    """The library signs for the wall clock, so the org's is put well before it."""
    org.kernel.clock.freeze(1_000_000_000_000)
    with served.session() as session:
        client: Any = Client(
            username=org.settings.username,
            consumer_key=org.settings.client_id,
            privatekey=org.private_key(),
            version="64.0",
            session=session,
        )
        assert client.query("SELECT COUNT() FROM Lead")["done"] is True


def test_crud_by_id(sf: Any) -> None:
    made = sf.Contact.create({"LastName": "Ito"})["id"]
    assert sf.Contact.update(made, {"FirstName": "Kei"}) == 204
    assert sf.Contact.get(made)["Name"] == "Kei Ito"
    assert sf.Contact.delete(made) == 204
    with pytest.raises(exceptions.SalesforceResourceNotFound) as gone:
        sf.Contact.get(made)
    content: Any = gone.value.content
    assert content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_upsert_by_email(sf: Any) -> None:
    assert sf.Lead.upsert("Email/a@b.co", {"LastName": "A", "Company": "B"}) == 201
    assert sf.Lead.upsert("Email/a@b.co", {"LastName": "C"}) == 200
    sf.Lead.create({"LastName": "D", "Company": "B", "Email": "a@b.co"})
    with pytest.raises(exceptions.SalesforceMoreThanOneRecord):
        sf.Lead.upsert("Email/a@b.co", {"LastName": "E"})


def test_collections(sf: Any) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": f"L{n}", "Company": "C"} for n in range(200)]
    answer = sf.restful("composite/sobjects", method="POST", json={"records": records})
    assert len({item["id"] for item in answer}) == 200
    assert sf.query("SELECT COUNT() FROM Lead")["totalSize"] == 200


def test_query_all_iter_pages_by_the_batch_size(sf: Any, org: Salesforce) -> None:
    for n in range(450):
        org.seed("Lead", {"LastName": f"L{n}", "Company": "C"})
    before = len(org.kernel.log.calls)
    found = list(sf.query_all_iter("SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=200"}))
    assert len({r["Id"] for r in found}) == 450
    assert len(org.kernel.log.calls) - before == 3


def test_describe(sf: Any) -> None:
    fields = {f["name"]: f for f in sf.Lead.describe()["fields"]}
    assert fields["LastName"]["nillable"] is False
    assert "Lead" in {o["name"] for o in sf.describe()["sobjects"]}
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000


def test_bulk2_insert_keeps_what_was_refused(sf: Any) -> None:
    (result,) = sf.bulk2.Contact.insert(records=[{"LastName": "One"}, {"LastName": "x" * 81}], wait=0.01)
    assert (result["numberRecordsProcessed"], result["numberRecordsFailed"]) == (2, 1)
    failed = list(csv.DictReader(io.StringIO(sf.bulk2.Contact.get_failed_records(result["job_id"]))))
    assert failed[0]["sf__Error"].startswith("STRING_TOO_LONG:Last Name: data value too large")
    good = list(csv.DictReader(io.StringIO(sf.bulk2.Contact.get_successful_records(result["job_id"]))))
    assert [row["LastName"] for row in good] == ["One"]
    assert sf.bulk2.Contact.get_unprocessed_records(result["job_id"]).splitlines() == ['"LastName"']


def test_bulk2_query_reads_every_page(sf: Any, org: Salesforce) -> None:
    for n in range(25):
        org.seed("Contact", {"LastName": f"C{n}"})
    pages = list(sf.bulk2.Contact.query("SELECT Id, LastName FROM Contact", max_records=10, wait=0.01))
    assert [len(page.splitlines()) - 1 for page in pages] == [10, 10, 5]


def test_updated_and_deleted(sf: Any, org: Salesforce) -> None:
    kept = sf.Lead.create({"LastName": "A", "Company": "B"})["id"]
    gone = sf.Lead.create({"LastName": "A", "Company": "B"})["id"]
    sf.Lead.delete(gone)
    now = datetime.fromtimestamp(START / 1000, UTC)
    org.kernel.clock.advance(120_000)
    span = now - timedelta(hours=1), now + timedelta(minutes=1)
    assert sf.Lead.updated(*span)["ids"] == [kept]
    assert [d["id"] for d in sf.Lead.deleted(*span)["deletedRecords"]] == [gone]


def test_an_ended_session_is_named_as_such(served: Served, org: Salesforce) -> None:
    with served.session() as session:
        client: Any = Client(session_id=org.access_token(), instance_url=served.url, version="64.0", session=session)
        org.kernel.faults.add(Fault("expire", "salesforce"))
        with pytest.raises(exceptions.SalesforceExpiredSession):
            client.query("SELECT Id FROM Lead")
