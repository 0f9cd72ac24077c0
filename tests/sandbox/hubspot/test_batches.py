"""What fails as a whole and what fails in part."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot import Property
from tests.sandbox.hubspot.conftest import Portal

BATCH = "/crm/v3/objects/contacts/batch"


def _new(*emails: str, traced: bool = False) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in emails]
    if traced:
        for number, entry in enumerate(inputs):
            entry["objectWriteTraceId"] = str(number)
    return {"inputs": inputs}


def test_results_come_in_another_order_than_inputs(portal: Portal) -> None:
    emails = [f"p{i}@x.org" for i in range(20)]
    made = portal.post(f"{BATCH}/create", _new(*emails), 201)
    told = [r["properties"]["email"] for r in made["results"]]
    assert told != emails
    assert sorted(told) == sorted(emails)


def test_one_bad_value_fails_a_whole_create_and_every_problem_is_told(portal: Portal) -> None:
    body = _new("fine@x.org", "nonsense")
    body["inputs"].append({"properties": {"email": "b@x.org", "color": "red"}})
    answer = portal.call("POST", f"{BATCH}/create", body)
    assert answer.status == 400
    assert [e["code"] for e in answer.body["errors"]] == ["INVALID_EMAIL", "PROPERTY_DOESNT_EXIST"]
    assert answer.body["message"].startswith("Property values were not valid: [{")
    assert portal.get("/crm/v3/objects/contacts")["results"] == []


def test_one_taken_address_fails_a_whole_create(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    answer = portal.call("POST", f"{BATCH}/create", _new("new@x.org", "ann@acme.com"))
    assert (answer.status, answer.body["message"]) == (409, f"Contact already exists. Existing ID: {id}")
    assert len(portal.get("/crm/v3/objects/contacts")["results"]) == 1


def test_the_same_address_twice_in_a_create_is_a_conflict_without_an_id(portal: Portal) -> None:
    answer = portal.call("POST", f"{BATCH}/create", _new("ann@acme.com", "Ann@acme.com"))
    assert (answer.status, answer.body["message"]) == (409, "Contact already exists")


def test_a_traced_create_keeps_the_good_ones(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    answer = portal.post(f"{BATCH}/create", _new("ann@acme.com", "bob@x.org", "nonsense", traced=True), 207)
    assert [(r["objectWriteTraceId"], r["properties"]["email"]) for r in answer["results"]] == [("1", "bob@x.org")]
    assert answer["numErrors"] == 2
    conflict, value = answer["errors"]
    assert (conflict["category"], conflict["context"]) == (
        "CONFLICT",
        {"objectWriteTraceId": ["0"], "existingId": [id]},
    )
    assert (value["category"], value["context"]) == ("VALIDATION_ERROR", {"objectWriteTraceId": ["2"]})
    assert value["message"].startswith("Property values were not valid: ")


def test_trace_ids_must_be_on_all_inputs(portal: Portal) -> None:
    body = _new("a@x.org", "nonsense", traced=True)
    del body["inputs"][0]["objectWriteTraceId"]
    assert portal.call("POST", f"{BATCH}/create", body).status == 400


def test_unknown_ids_of_a_read_are_reported_beside_the_rest(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    answer = portal.post(f"{BATCH}/read", {"inputs": [{"id": id}, {"id": "5"}], "properties": ["email"]}, 207)
    assert [r["id"] for r in answer["results"]] == [id]
    assert answer["numErrors"] == 1
    assert answer["errors"][0] == {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": ["5"]},
    }


def test_a_read_by_email(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    body = {"inputs": [{"id": "ANN@acme.com"}], "idProperty": "email", "properties": ["email"]}
    assert [r["id"] for r in portal.post(f"{BATCH}/read", body)["results"]] == [id]


def test_an_update_writes_the_known_ones(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    inputs = [{"id": id, "properties": {"city": "Ulm"}}, {"id": "5", "properties": {"city": "Ulm"}}]
    answer = portal.post(f"{BATCH}/update", {"inputs": inputs}, 207)
    assert answer["results"][0]["properties"]["city"] == "Ulm"
    assert answer["errors"][0]["context"] == {"ids": ["5"]}


def test_one_bad_value_fails_a_whole_update(portal: Portal) -> None:
    ann, bob = portal.contact(email="ann@acme.com"), portal.contact(email="bob@acme.com")
    inputs = [{"id": ann, "properties": {"city": "Ulm"}}, {"id": bob, "properties": {"hs_lead_status": "x"}}]
    assert portal.call("POST", f"{BATCH}/update", {"inputs": inputs}).status == 400
    assert portal.get(f"/crm/v3/objects/contacts/{ann}?properties=city")["properties"]["city"] is None


@pytest.mark.parametrize("name", ["email", "hs_object_id", "city"])
def test_an_update_by_property_is_refused(portal: Portal, name: str) -> None:
    inputs = [{"id": "x", "idProperty": name, "properties": {"city": "Ulm"}}]
    answer = portal.call("POST", f"{BATCH}/update", {"inputs": inputs})
    assert answer.status == 400
    assert answer.body["message"].startswith("Unable to perform update/upsert by non-unique 0-1 property")


def test_the_same_id_twice_is_refused(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    inputs = [{"id": id, "properties": {"city": c}} for c in ("Ulm", "Bonn")]
    answer = portal.call("POST", f"{BATCH}/update", {"inputs": inputs})
    assert answer.status == 400
    assert answer.body["message"] == f"Duplicate IDs found in batch input: [{id}]. IDs must be unique"
    assert answer.body["context"] == {"ids": [id]}


def test_an_upsert_says_what_is_new(portal: Portal) -> None:
    portal.contact(email="ann@acme.com")
    inputs = [
        {"id": email, "idProperty": "email", "properties": {"email": email, "city": "Ulm"}}
        for email in ("ann@acme.com", "bob@acme.com")
    ]
    answer = portal.post(f"{BATCH}/upsert", {"inputs": inputs})
    assert {r["properties"]["email"]: r["new"] for r in answer["results"]} == {
        "ann@acme.com": False,
        "bob@acme.com": True,
    }


def test_an_upsert_by_a_unique_property_of_ones_own(portal: Portal) -> None:
    portal.hub.add_property("contacts", Property("crm_id", "CRM id", group="contactinformation", unique=True))
    inputs = [{"id": "L-1", "idProperty": "crm_id", "properties": {"crm_id": "L-1", "email": "a@x.org"}}]
    first = portal.post(f"{BATCH}/upsert", {"inputs": inputs})["results"][0]
    second = portal.post(f"{BATCH}/upsert", {"inputs": inputs})["results"][0]
    assert (first["new"], second["new"], first["id"] == second["id"]) == (True, False, True)


def test_a_unique_property_of_ones_own_is_guarded(portal: Portal) -> None:
    portal.hub.add_property("contacts", Property("crm_id", "CRM id", group="contactinformation", unique=True))
    portal.contact(email="a@x.org", crm_id="L-1")
    answer = portal.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "b@x.org", "crm_id": "L-1"}})
    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "CONFLICTING_UNIQUE_VALUE")


@pytest.mark.parametrize("operation", ["read", "create", "update", "upsert", "archive"])
def test_a_hundred_is_the_most(portal: Portal, operation: str) -> None:
    inputs = [{"id": str(i), "idProperty": "email", "properties": {}} for i in range(101)]
    answer = portal.call("POST", f"{BATCH}/{operation}", {"inputs": inputs})
    assert answer.status == 400
    assert answer.body["message"] == (
        "The maximum number of inputs supported in a batch is 100. Please reduce the number of items and try again"
    )


def test_with_history_fifty_is_the_most(portal: Portal) -> None:
    body = {"inputs": [{"id": str(i)} for i in range(51)], "propertiesWithHistory": ["email"], "properties": []}
    answer = portal.call("POST", f"{BATCH}/read", body)
    assert answer.status == 400
    assert "in a batch request for property histories is 50" in answer.body["message"]


def test_archiving_passes_over_unknown_ids(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    assert portal.call("POST", f"{BATCH}/archive", {"inputs": [{"id": id}, {"id": "5"}]}).status == 204
    assert portal.call("GET", f"/crm/v3/objects/contacts/{id}").status == 404
