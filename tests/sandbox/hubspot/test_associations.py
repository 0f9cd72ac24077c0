"""Links in both directions, their types and labels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import HUMAN, Portal

PRIMARY = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]


@pytest.fixture
def pair(portal: Portal) -> tuple[str, str]:
    return portal.contact(email="ann@acme.com"), portal.company(name="Acme", domain="acme.com")


def _types(portal: Portal, path: str) -> list[int]:
    results = portal.get(path)["results"]
    return [t["typeId"] for row in results for t in row["associationTypes"]]


def test_a_default_link_is_seen_from_both_ends(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    answer = portal.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    assert answer.status == 200
    assert {r["associationSpec"]["associationTypeId"] for r in answer.body["results"]} == {279, 280}
    told = portal.get(f"/crm/v4/objects/contacts/{contact}/associations/companies")["results"]
    assert told == [
        {
            "toObjectId": int(company),
            "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}],
        }
    ]
    assert _types(portal, f"/crm/v4/objects/companies/{company}/associations/contacts") == [280]


def test_the_primary_link_brings_the_default_one_and_shows_on_the_contact(
    portal: Portal, pair: tuple[str, str]
) -> None:
    contact, company = pair
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    answer = portal.call("PUT", f"{path}/{company}", PRIMARY)
    assert (answer.status, answer.body["labels"]) == (201, ["Primary"])
    assert _types(portal, path) == [279, 1]
    assert _types(portal, f"/crm/v4/objects/companies/{company}/associations/contacts") == [280, 2]
    told = portal.get(f"/crm/v3/objects/contacts/{contact}?properties=associatedcompanyid&associations=companies")
    assert told["properties"]["associatedcompanyid"] == company
    assert {r["type"] for r in told["associations"]["companies"]["results"]} == {
        "contact_to_company",
        "contact_to_company_unlabeled",
    }


def test_there_is_one_primary_company(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    second = portal.company(name="Beta")
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    for id in (company, second):
        portal.call("PUT", f"{path}/{id}", PRIMARY)
    told = {r["toObjectId"]: [t["typeId"] for t in r["associationTypes"]] for r in portal.get(path)["results"]}
    assert told == {int(company): [279], int(second): [279, 1]}
    assert portal.hub.get("contacts", contact)["associatedcompanyid"] == second  # type: ignore[index]


def test_a_labelled_put_replaces_the_labels(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    portal.call("PUT", f"{path}/{company}", PRIMARY)
    plain = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    portal.call("PUT", f"{path}/{company}", plain)
    assert _types(portal, path) == [279]
    assert not portal.hub.get("contacts", contact)["associatedcompanyid"]  # type: ignore[index]


def test_a_deleted_link_is_gone_from_both_ends(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies"
    portal.call("PUT", f"{path}/{company}", PRIMARY)
    assert portal.call("DELETE", f"{path}/{company}").status == 204
    assert portal.get(path)["results"] == []
    assert portal.get(f"/crm/v4/objects/companies/{company}/associations/contacts")["results"] == []


def test_an_unknown_type_is_refused(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    wrong = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 999}]
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    assert portal.call("PUT", path, wrong).status == 400


@pytest.mark.parametrize(
    "stem", ["/crm/v4/associations", "/crm/associations/v4", "/crm/associations/2026-03", "/crm/associations/2026-09"]
)
def test_batches(portal: Portal, pair: tuple[str, str], stem: str) -> None:
    contact, company = pair
    both: dict[str, Any] = {"from": {"id": contact}, "to": {"id": company}}
    batch = f"{stem}/contacts/companies/batch"
    made = portal.post(f"{batch}/create", {"inputs": [{**both, "types": PRIMARY}]}, 201)
    assert made["results"][0]["labels"] == ["Primary"]
    read = portal.post(f"{batch}/read", {"inputs": [{"id": contact}, {"id": company}]}, 207)
    assert [t["typeId"] for t in read["results"][0]["to"][0]["associationTypes"]] == [279, 1]
    assert read["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert portal.call("POST", f"{batch}/labels/archive", {"inputs": [{**both, "types": PRIMARY}]}).status == 204
    assert portal.hub.linked("contacts", contact, "companies") == [company]
    gone = {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}
    assert portal.call("POST", f"{batch}/archive", gone).status == 204
    assert portal.hub.linked("contacts", contact, "companies") == []
    again = portal.post(f"{batch}/associate/default", {"inputs": [both]})
    assert len(again["results"]) == 2


def test_unknown_records_of_a_batch_create_are_reported(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    inputs = [{"from": {"id": contact}, "to": {"id": id}, "types": PRIMARY} for id in (company, "5")]
    answer = portal.post("/crm/v4/associations/contacts/companies/batch/create", {"inputs": inputs}, 207)
    assert (len(answer["results"]), answer["errors"][0]["context"]) == (1, {"ids": ["5"]})


def test_labels_of_ones_own_come_in_pairs(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    labels = "/crm/v4/associations/contacts/companies/labels"
    body = {"name": "adviser", "label": "Adviser", "inverseLabel": "Advised by"}
    mine, theirs = portal.post(labels, body)["results"]
    assert (mine["category"], mine["label"], theirs["label"]) == ("USER_DEFINED", "Adviser", "Advised by")
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": mine["typeId"]}]
    portal.call("PUT", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}", spec)
    back = portal.get(f"/crm/v4/objects/companies/{company}/associations/contacts")["results"][0]["associationTypes"]
    assert [t["label"] for t in back] == [None, "Advised by"]
    assert portal.call("DELETE", f"{labels}/{mine['typeId']}").status == 204
    assert _types(portal, f"/crm/v4/objects/contacts/{contact}/associations/companies") == [279]


@pytest.mark.parametrize(
    ("a", "b", "number"),
    [
        ("contacts", "companies", 279),
        ("companies", "contacts", 280),
        ("deals", "contacts", 3),
        ("deals", "companies", 341),
        ("calls", "contacts", 194),
        ("emails", "contacts", 198),
        ("meetings", "contacts", 200),
        ("notes", "contacts", 202),
        ("tasks", "contacts", 204),
        ("contacts", "tasks", 203),
    ],
)
def test_default_type_ids(portal: Portal, a: str, b: str, number: int) -> None:
    told = portal.get(f"/crm/v4/associations/{a}/{b}/labels")["results"]
    assert next(r["typeId"] for r in told if r["label"] is None) == number


def test_the_older_names(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    path = f"/crm/v3/objects/contacts/{contact}/associations/companies"
    assert portal.call("PUT", f"{path}/{company}/contact_to_company").status == 200
    assert {r["type"] for r in portal.get(path)["results"]} == {"contact_to_company", "contact_to_company_unlabeled"}
    read = portal.post("/crm/v3/associations/contacts/companies/batch/read", {"inputs": [{"id": contact}]})
    assert read["results"][0]["to"][0]["id"] == company


def test_links_follow_a_merge(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    other = portal.contact(email="ann@old.org")
    portal.hub.associate("contacts", other, "companies", company, HUMAN)
    survivor = portal.hub.merge("contacts", contact, other, HUMAN)
    assert portal.hub.linked("companies", company, "contacts") == [survivor]


def test_links_of_a_deleted_record_come_back_with_it(portal: Portal, pair: tuple[str, str]) -> None:
    contact, company = pair
    portal.hub.associate("contacts", contact, "companies", company, HUMAN)
    portal.hub.delete("companies", company, HUMAN)
    assert portal.hub.linked("contacts", contact, "companies") == []
    assert not portal.hub.get("contacts", contact)["associatedcompanyid"]  # type: ignore[index]
    portal.hub.restore("companies", company, HUMAN)
    assert portal.hub.get("contacts", contact)["associatedcompanyid"] == company  # type: ignore[index]


def test_a_contact_may_join_the_company_of_its_address(portal: Portal) -> None:
    portal.hub.associate_by_domain = True
    company = portal.company(name="Acme", domain="https://www.Acme.com/de")
    contact = portal.contact(email="ann@acme.com")
    assert portal.hub.linked("contacts", contact, "companies") == [company]
    assert portal.hub.linked("contacts", portal.contact(email="eve@gmail.com"), "companies") == []
