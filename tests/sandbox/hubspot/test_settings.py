"""Properties, pipelines, lists, and what people did."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import NOW, Portal

PROPERTIES = "/crm/v3/properties/contacts"
PIPELINES = "/crm/v3/pipelines/deals"


def _property(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "type": "string",
        "fieldType": "text",
        "groupName": "contactinformation",
        **more,
    }


def test_a_new_property_can_be_written_at_once(portal: Portal) -> None:
    portal.post(PROPERTIES, _property("crm_id", hasUniqueValue=True), 201)
    id = portal.contact(email="a@x.org", crm_id="L-1")
    assert portal.get("/crm/v3/objects/contacts/L-1?idProperty=crm_id")["id"] == id
    told = portal.get(f"{PROPERTIES}/crm_id")
    assert (told["hasUniqueValue"], told["hubspotDefined"], told["archived"]) == (True, False, False)


def test_an_existing_property_is_a_conflict(portal: Portal) -> None:
    answer = portal.call("POST", PROPERTIES, _property("email"))
    assert (answer.status, answer.body["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert answer.body["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert answer.body["message"] == "A property named 'email' already exists."
    assert answer.body["context"] == {"name": ["email"]}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x"},
        _property("X y"),
        _property("x", type="number"),
        _property("x", groupName="nothing"),
        _property("x", type="enumeration", fieldType="select"),
    ],
)
def test_a_property_must_make_sense(portal: Portal, body: dict[str, Any]) -> None:
    assert portal.call("POST", PROPERTIES, body).status == 400


def test_a_batch_of_properties_reports_those_that_exist(portal: Portal) -> None:
    body = {"inputs": [_property("one"), _property("email")]}
    answer = portal.post(f"{PROPERTIES}/batch/create", body, 207)
    assert [p["name"] for p in answer["results"]] == ["one"]
    assert answer["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"


def test_options_are_replaced_as_a_whole(portal: Portal) -> None:
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    portal.post(PROPERTIES, _property("pick", type="enumeration", fieldType="select", options=options), 201)
    portal.call("PATCH", f"{PROPERTIES}/pick", {"options": [{"label": "C", "value": "c"}]})
    assert portal.contact(email="a@x.org", pick="c")
    answer = portal.call("POST", "/crm/v3/objects/contacts", {"properties": {"pick": "a"}})
    assert answer.body["errors"][0]["code"] == "INVALID_OPTION"


def test_an_archived_property_is_gone_but_listed(portal: Portal) -> None:
    portal.post(PROPERTIES, _property("mine"), 201)
    assert portal.call("DELETE", f"{PROPERTIES}/mine").status == 204
    assert portal.call("GET", f"{PROPERTIES}/mine").status == 404
    assert [p["name"] for p in portal.get(f"{PROPERTIES}?archived=true")["results"]] == ["mine"]


def test_built_in_properties_say_what_may_be_written(portal: Portal) -> None:
    of = {p["name"]: p for p in portal.get("/crm/properties/2026-03/contacts")["results"]}
    assert of["email"]["modificationMetadata"]["readOnlyValue"] is False
    assert of["hs_email_optout"]["modificationMetadata"]["readOnlyValue"] is True
    assert of["hubspotscore"]["calculated"] is True
    assert [o["value"] for o in of["lifecyclestage"]["options"]][:2] == ["subscriber", "lead"]
    assert of["hubspot_owner_id"]["externalOptions"] is True


def test_groups(portal: Portal) -> None:
    portal.post(f"{PROPERTIES}/groups", {"name": "sales", "label": "Sales"}, 201)
    assert portal.call("POST", f"{PROPERTIES}/groups", {"name": "sales", "label": "Sales"}).status == 409
    portal.post(PROPERTIES, _property("mine", groupName="sales"), 201)
    assert "sales" in {g["name"] for g in portal.get(f"{PROPERTIES}/groups")["results"]}


def test_custom_properties_are_counted(portal: Portal) -> None:
    portal.post(PROPERTIES, _property("mine"), 201)
    told = portal.get("/crm/v3/limits/custom-properties")["byObjectType"]
    assert next(t["usage"] for t in told if t["objectTypeId"] == "0-1") == 1


def test_the_built_in_pipeline(portal: Portal) -> None:
    told = portal.get(PIPELINES)["results"][0]
    assert told["id"] == "default"
    assert [s["id"] for s in told["stages"]][-2:] == ["closedwon", "closedlost"]
    assert told["stages"][-2]["metadata"] == {"isClosed": "true", "probability": "1.0"}


def test_a_new_stage_can_be_used_and_is_guarded(portal: Portal) -> None:
    body = {"label": "Pilot", "displayOrder": 3, "metadata": {"probability": "0.5"}}
    stage = portal.post(f"{PIPELINES}/default/stages", body, 201)["id"]
    values = {"dealname": "D", "dealstage": stage}
    deal = portal.post("/crm/v3/objects/deals", {"properties": values}, 201)["id"]
    path = f"{PIPELINES}/default/stages/{stage}"
    used = portal.call("DELETE", f"{path}?validateReferencesBeforeDelete=true")
    assert (used.status, used.body["subCategory"]) == (400, "PipelineError.STAGE_ID_IN_USE")
    assert portal.hub.get("deals", deal)[f"hs_v2_date_entered_{stage}"]  # type: ignore[index]
    assert portal.call("DELETE", path).status == 204


def test_a_deal_stage_needs_a_probability(portal: Portal) -> None:
    body = {"label": "Pilot", "displayOrder": 3, "metadata": {"probability": "2"}}
    assert portal.call("POST", f"{PIPELINES}/default/stages", body).status == 400


def test_lists(portal: Portal) -> None:
    ids = [portal.contact(email=f"p{i}@x.org") for i in range(3)]
    body = {"name": "Hot", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = portal.post("/crm/v3/lists/", body)["list"]
    path = f"/crm/v3/lists/{made['listId']}"
    added = portal.call("PUT", f"{path}/memberships/add", [*ids, "5"]).body
    assert added == {"recordsIdsAdded": ids, "recordIdsMissing": ["5"], "recordIdsRemoved": []}
    portal.call("PUT", f"{path}/memberships/remove", [ids[0]])
    assert [m["recordId"] for m in portal.get(f"{path}/memberships")["results"]] == ids[1:]
    assert portal.get(f"/crm/v3/lists/records/0-1/{ids[1]}/memberships")["results"][0]["listId"] == made["listId"]
    assert portal.get("/crm/v3/lists/object-type-id/0-1/name/Hot")["list"]["size"] == 2
    assert portal.post("/crm/v3/lists/search", {"query": "ho"})["total"] == 1
    assert portal.call("DELETE", path).status == 204
    assert portal.call("GET", path).status == 404
    assert portal.call("PUT", f"{path}/restore").status == 204


def test_events_of_one_contact(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    for number in range(3):
        portal.hub.event(id, "e_visited_page", {"hs_url": f"https://x.org/{number}"}, NOW + number * 1_000)
    portal.hub.event(id, "e_submitted_form", {}, NOW)
    page = portal.get(f"/events/v3/events/?objectType=contact&objectId={id}&eventType=e_visited_page&limit=2")
    assert [e["properties"]["hs_url"][-1] for e in page["results"]] == ["2", "1"]
    assert page["paging"]["next"]["after"]
    by_mail = portal.get("/events/v3/events?objectType=contact&objectProperty.email=ann@acme.com")
    assert len(by_mail["results"]) == 4
    assert "e_visited_page" in portal.get("/events/v3/events/event-types")["eventTypes"]


def test_a_sent_event_counts_once_per_key(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    body = {"eventName": "pe1_shop", "email": "ann@acme.com", "uuid": "u1", "properties": {"a": "b"}}
    for _ in range(2):
        assert portal.call("POST", "/events/v3/send", body).status == 204
    found = portal.get(f"/events/v3/events?objectType=contact&objectId={id}")["results"]
    assert [e["eventType"] for e in found] == ["pe1_shop"]


def test_email_events_come_newest_first(portal: Portal) -> None:
    for number, kind in enumerate(("SENT", "DELIVERED", "OPEN")):
        portal.hub.email_event("ann@acme.com", kind, 7, NOW + number)
    told = portal.get("/email/public/v1/events?recipient=ann@acme.com&limit=2")
    assert [e["type"] for e in told["events"]] == ["OPEN", "DELIVERED"]
    assert told["hasMore"] is True
    rest = portal.get(f"/email/public/v1/events?recipient=ann@acme.com&limit=2&offset={told['offset']}")
    assert ([e["type"] for e in rest["events"]], rest["hasMore"]) == (["SENT"], False)
    assert len(portal.get(f"/email/public/v1/events?startTimestamp={NOW + 1}")["events"]) == 2


def test_a_form_makes_or_changes_its_contact(portal: Portal) -> None:
    guid = portal.hub.form("Newsletter")
    first = portal.hub.submit(guid, {"email": "ann@acme.com", "firstname": "Ann"}, "https://x.org")
    second = portal.hub.submit(guid, {"email": "ann@acme.com", "firstname": "Anna"}, "https://x.org", NOW + 1)
    assert first == second
    told = portal.get(f"/form-integrations/v1/submissions/forms/{guid}")["results"]
    assert [r["submittedAt"] for r in told] == [NOW + 1, NOW]
    assert told[0]["values"][1] == {"name": "firstname", "value": "Anna", "objectTypeId": "0-1"}
    history = portal.hub.history("contacts", first)
    assert [change.by for change in history if change.field == "firstname"] == ["form", "form"]
    assert [change.by for change in history if change.field == "recent_conversion_event_name"][-1] == "calculated"
    assert [f["id"] for f in portal.get("/marketing/v3/forms/")["results"]] == [guid]
