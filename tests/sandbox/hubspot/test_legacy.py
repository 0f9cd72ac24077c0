"""The older numbered paths that readers of whole accounts use."""

from __future__ import annotations

import pytest

from sandbox.hubspot.schema import TYPES
from tests.sandbox.hubspot.conftest import Portal


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", ["contacts", "contact", "deals", "company"])
def test_properties_are_an_array_with_flat_flags(portal: Portal, version: str, name: str) -> None:
    told = {p["name"]: p for p in portal.get(f"/properties/{version}/{name}/properties")}
    made = told["hs_object_source_label"]
    assert (made["type"], made["readOnlyValue"], made["hubspotDefined"]) == ("string", True, True)
    assert isinstance(made["createdAt"], int)
    assert told["hubspot_owner_id"]["referencedObjectType"] == "OWNER"


def test_pipelines_name_their_ids_in_full(portal: Portal) -> None:
    (told,) = portal.get("/crm-pipelines/v1/pipelines/deals")["results"]
    assert (told["pipelineId"], told["objectType"], told["default"]) == ("default", "DEAL", True)
    assert told["stages"][0]["stageId"] == "appointmentscheduled"


def test_kinds_of_associations_have_names(portal: Portal) -> None:
    told = portal.get("/crm/v3/associations/contacts/companies/types")["results"]
    assert {"id": "1", "name": "contact_to_company"} in told
    assert {"id": "279", "name": "contact_to_company_unlabeled"} in told


@pytest.mark.parametrize("path", ["/crm/v3/schemas", "/crm-object-schemas/v3/schemas"])
def test_custom_objects_have_two_addresses(portal: Portal, path: str) -> None:
    assert portal.get(path) == {"results": []}


def test_lists_are_searched_by_object_and_name_their_wishes(portal: Portal) -> None:
    for type_ in ("0-1", "0-2"):
        portal.post("/crm/v3/lists", {"name": type_, "objectTypeId": type_, "processingType": "MANUAL"})
    asked = {"objectTypeId": "0-2", "additionalProperties": ["hs_last_record_added_at"], "offset": 0}
    assert [found["name"] for found in portal.post("/crm/v3/lists/search", asked)["lists"]] == ["0-2"]


@pytest.mark.parametrize(("sort", "names"), [("HS_UPDATED_AT", ["b", "a"]), ("-HS_UPDATED_AT", ["a", "b"])])
def test_lists_are_searched_in_the_order_asked_for(portal: Portal, sort: str, names: list[str]) -> None:
    for name in ("b", "a"):
        portal.post("/crm/v3/lists", {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"})
        portal.clock.advance(1)
    assert [found["name"] for found in portal.post("/crm/v3/lists/search", {"sort": sort})["lists"]] == names


@pytest.mark.parametrize("name", sorted(TYPES))
def test_every_standard_object_can_be_read_and_described(portal: Portal, name: str) -> None:
    of = TYPES[name]
    for alias in (of.name, of.singular, of.id):
        assert portal.get(f"/crm/v3/objects/{alias}") == {"results": []}
        assert {"hs_object_id", of.created, of.modified} <= {
            p["name"] for p in portal.get(f"/properties/v2/{alias}/properties")
        }
    assert portal.search(object=name) == {"total": 0, "results": []}


def test_a_ticket_of_a_contact(portal: Portal) -> None:
    who = portal.contact(email="a@x.org")
    kind = portal.get("/crm/v3/associations/tickets/contacts/types")["results"][0]["id"]
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": int(kind)}]
    body = {
        "properties": {"subject": "Help", "hs_pipeline": "0", "hs_pipeline_stage": "1"},
        "associations": [{"to": {"id": who}, "types": types}],
    }
    id = portal.post("/crm/v3/objects/tickets", body, 201)["id"]
    told = portal.get(f"/crm/v3/objects/tickets/{id}?associations=contacts")
    assert told["associations"]["contacts"]["results"][0]["id"] == who
    assert portal.call("POST", "/crm/v3/objects/tickets", {"properties": {"subject": "Help"}}).status == 400


def test_companies_tell_each_value_with_its_time_and_source(portal: Portal) -> None:
    ids = [portal.post("/crm/v3/objects/companies", {"properties": {"name": n}}, 201)["id"] for n in ("a", "b")]
    told = portal.get("/companies/v2/companies/paged?limit=1&properties=name")
    (first,) = told["companies"]
    assert (first["companyId"], first["properties"]["name"]["value"]) == (int(ids[0]), "a")
    assert first["properties"]["hs_lastmodifieddate"]["value"].isdigit()
    assert told["has-more"]
    last = portal.get(f"/companies/v2/companies/paged?offset={told['offset']}")
    assert ([c["companyId"] for c in last["companies"]], last["has-more"]) == ([int(ids[1])], False)
    one = portal.get(f"/companies/v2/companies/{ids[1]}")
    assert one["properties"]["name"]["versions"][0]["source"] == "INTEGRATION"
    assert portal.get("/companies/v2/companies/recent/modified")["total"] == 2


def test_deals_name_whom_they_are_about(portal: Portal) -> None:
    who = portal.contact(email="a@x.org")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    told = {"dealname": "d", "dealstage": "appointmentscheduled", "pipeline": "default"}
    body = {"properties": told, "associations": [{"to": {"id": who}, "types": types}]}
    id = portal.post("/crm/v3/objects/deals", body, 201)["id"]
    (told,) = portal.get("/deals/v1/deal/paged?includeAllProperties=true")["deals"]
    assert (told["dealId"], told["associations"]["associatedVids"]) == (int(id), [int(who)])
    assert told["properties"]["dealname"]["value"] == "d"
    assert "appointmentscheduled" in [s["stageId"] for p in portal.get("/deals/v1/pipelines") for s in p["stages"]]


def test_engagements_are_all_kinds_in_one_list(portal: Portal) -> None:
    at = {"hs_timestamp": "2026-01-02T03:04:05Z"}
    portal.post("/crm/v3/objects/notes", {"properties": at | {"hs_note_body": "n"}}, 201)
    portal.clock.advance(1)
    portal.post("/crm/v3/objects/calls", {"properties": at | {"hs_call_title": "c"}}, 201)
    told = portal.get("/engagements/v1/engagements/paged?limit=1")
    assert ([e["engagement"]["type"] for e in told["results"]], told["hasMore"]) == (["NOTE"], True)
    first = portal.get("/engagements/v1/engagements/modified/after?limit=1")
    then = portal.get(f"/engagements/v1/engagements/modified/after?after={first['after']}")
    assert [e["metadata"] for e in first["results"] + then["results"]] == [{"body": "n"}, {"title": "c"}]
    assert portal.get(f"/engagements/v1/engagements/modified/after?after={then['after']}")["results"] == []


def test_marketing_pages_of_that_age(portal: Portal) -> None:
    portal.contact(email="a@x.org")
    portal.hub.consent.opt_out("a@x.org", "form")
    (change,) = portal.get("/email/public/v1/subscriptions/timeline")["timeline"]
    assert (change["recipient"], change["changes"][0]["change"]) == ("a@x.org", "UNSUBSCRIBED")
    assert len(portal.get("/email/public/v1/subscriptions")["subscriptionDefinitions"]) == 4
    assert portal.get("/email/public/v1/campaigns/by-id")["campaigns"] == []
    assert portal.get("/automation/v3/workflows") == {"workflows": []}
    assert portal.get("/forms/v2/forms") == []
