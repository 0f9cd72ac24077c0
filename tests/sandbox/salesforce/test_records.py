"""One record over REST: create, read, update, delete, conditional writes and external ids."""

from __future__ import annotations

import pytest

from sandbox.kernel import Caller
from sandbox.salesforce import Salesforce
from sandbox.salesforce.schema import FieldMeta
from tests.sandbox.salesforce.conftest import Api, error


@pytest.fixture
def keyed(org: Salesforce) -> None:
    """A unique external id on leads and accounts."""
    for name in ("Lead", "Account"):
        meta = FieldMeta("Ext__c", "string", "Ext", length=20, unique=True, external_id=True, id_lookup=True)
        org.org.add_custom_field(name, meta, visible=True)


def lead(api: Api, **values: object) -> str:
    answer = api("POST", "/sobjects/Lead", {"LastName": "Ngo", "Company": "Acme", **values})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_create_and_read(api: Api) -> None:
    answer = api("POST", "/sobjects/Lead", {"LastName": "Ngo", "Company": "Acme"})
    made = answer.json()
    assert (answer.status_code, made["success"], made["errors"]) == (201, True, [])
    read = api("GET", f"/sobjects/Lead/{made['id']}?fields=Id,Email,Status").json()
    url = f"/services/data/v64.0/sobjects/Lead/{made['id']}"
    assert read == {
        "attributes": {"type": "Lead", "url": url},
        "Id": made["id"],
        "Email": None,
        "Status": "Open - Not Contacted",
    }


def test_a_15_character_id_names_the_same_record(api: Api) -> None:
    made = lead(api)
    assert api("GET", f"/sobjects/Lead/{made[:15]}").json()["Id"] == made


def test_update_is_204_without_a_body(api: Api) -> None:
    made = lead(api)
    answer = api("PATCH", f"/sobjects/Lead/{made}", {"FirstName": "Ann"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api("GET", f"/sobjects/Lead/{made}").json()["Name"] == "Ann Ngo"


def test_null_and_the_empty_string_clear(api: Api) -> None:
    made = lead(api, Title="Dr", City="Oslo")
    api("PATCH", f"/sobjects/Lead/{made}", {"Title": None, "City": ""})
    read = api("GET", f"/sobjects/Lead/{made}").json()
    assert (read["Title"], read["City"]) == (None, None)


def test_what_is_in_the_bin_is_deleted(api: Api) -> None:
    made = lead(api)
    assert api("DELETE", f"/sobjects/Lead/{made}").status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        answer = api(method, f"/sobjects/Lead/{made}", {} if method == "PATCH" else None)
        assert error(answer) == (404, "ENTITY_IS_DELETED", "entity is deleted")


def test_an_id_that_never_was(api: Api) -> None:
    assert error(api("GET", "/sobjects/Lead/00Q000000000000EAA"))[:2] == (404, "NOT_FOUND")


def test_the_id_does_not_belong_in_the_body(api: Api) -> None:
    made = lead(api)
    assert error(api("PATCH", f"/sobjects/Lead/{made}", {"Id": made}))[:2] == (400, "INVALID_FIELD")
    assert error(api("POST", "/sobjects/Lead", {"Id": made, "LastName": "A", "Company": "B"}))[0] == 400


def test_if_unmodified_since(api: Api, org: Salesforce) -> None:
    made = lead(api)
    seen = "Mon, 21 Sep 2026 14:13:20 GMT"
    path = f"/sobjects/Lead/{made}"
    assert api("PATCH", path, {"City": "A"}, headers={"If-Unmodified-Since": seen}).status_code == 204
    org.kernel.clock.advance(1000)
    api("PATCH", path, {"City": "B"})
    assert api("PATCH", path, {"City": "C"}, headers={"If-Unmodified-Since": seen}).status_code == 412
    assert api("GET", path).json()["City"] == "B"


@pytest.mark.usefixtures("keyed")
def test_upsert_answers_by_version(api: Api) -> None:
    path, body = "/sobjects/Lead/Ext__c/a", {"LastName": "A", "Company": "B"}
    first = api("PATCH", path, body)
    assert (first.status_code, first.json()["created"]) == (201, True)
    second = api("PATCH", path, {"City": "X"})
    assert (second.status_code, second.json()["created"], second.json()["id"]) == (200, False, first.json()["id"])
    old = api.at("45.0")("PATCH", path, {"City": "Y"})
    assert (old.status_code, old.content) == (204, b"")


@pytest.mark.usefixtures("keyed")
def test_upsert_update_only(api: Api) -> None:
    answer = api("PATCH", "/sobjects/Lead/Ext__c/a?updateOnly=true", {"LastName": "A", "Company": "B"})
    assert answer.status_code == 404
    assert api.query("SELECT Id FROM Lead") == []


@pytest.mark.usefixtures("keyed")
def test_upsert_with_a_slash_in_the_key(api: Api) -> None:
    assert api("PATCH", "/sobjects/Lead/Ext__c/a%2Fb%20c", {"LastName": "A", "Company": "B"}).status_code == 201
    assert api.query("SELECT Ext__c FROM Lead") == [{"Ext__c": "a/b c"}]


@pytest.mark.usefixtures("keyed")
def test_the_key_is_not_repeated_in_the_body(api: Api) -> None:
    answer = api("PATCH", "/sobjects/Lead/Ext__c/a", {"Ext__c": "a", "LastName": "A", "Company": "B"})
    assert error(answer)[:2] == (400, "INVALID_FIELD")


def test_upsert_with_several_matches_changes_nothing(api: Api) -> None:
    ids = [lead(api, Email="a@b.co") for _ in range(2)]
    answer = api("PATCH", "/sobjects/Lead/Email/a@b.co", {"City": "X"})
    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v64.0/sobjects/Lead/{i}" for i in ids]
    assert api.query("SELECT City FROM Lead") == [{"City": None}, {"City": None}]


def test_upsert_by_a_field_that_is_no_key(api: Api) -> None:
    answer = api("PATCH", "/sobjects/Lead/City/x", {"LastName": "A"})
    message = "Provided external ID field does not exist or is not accessible: City"
    assert error(answer) == (404, "NOT_FOUND", message)


def test_insert_by_the_empty_id(api: Api) -> None:
    answer = api("POST", "/sobjects/Lead/Id", {"LastName": "A", "Company": "B"})
    assert (answer.status_code, answer.json()["created"]) == (201, True)


@pytest.mark.usefixtures("keyed")
def test_a_parent_by_its_external_id(api: Api, org: Salesforce, person: Caller) -> None:
    account = org.create("Account", {"Name": "Acme", "Ext__c": "acme"}, person)
    made = api("POST", "/sobjects/Contact", {"LastName": "A", "Account": {"Ext__c": "acme"}}).json()["id"]
    assert org.store.shelf("Contact").rows[made].values["AccountId"] == account
    answer = api("POST", "/sobjects/Contact", {"LastName": "A", "Account": {"Ext__c": "nobody"}})
    assert error(answer)[:2] == (400, "INVALID_FIELD")


@pytest.mark.usefixtures("keyed")
def test_read_and_delete_by_external_id(api: Api) -> None:
    made = lead(api, Ext__c="k")
    assert api("GET", "/sobjects/Lead/Ext__c/k").json()["Id"] == made
    assert api("DELETE", "/sobjects/Lead/Ext__c/k").status_code == 204
    assert api("GET", "/sobjects/Lead/Ext__c/k").status_code == 404


def test_a_body_that_is_no_json(api: Api) -> None:
    answer = api("POST", "/sobjects/Lead", content=b"{nope")
    assert error(answer)[:2] == (400, "JSON_PARSER_ERROR")
    assert "[line:1, column:" in error(answer)[2]
