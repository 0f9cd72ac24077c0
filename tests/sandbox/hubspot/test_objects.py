"""Single records and the list."""

from __future__ import annotations

import pytest

from sandbox.hubspot.codec import moment
from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

CONTACTS = "/crm/v3/objects/contacts"


def test_a_created_contact_is_answered_with_more_than_was_sent(portal: Portal) -> None:
    made = portal.post(CONTACTS, {"properties": {"email": "Ann@Acme.COM", "firstname": "Ann"}}, 201)
    told = made["properties"]
    assert told["email"] == "ann@acme.com"
    assert told["hs_email_domain"] == "acme.com"
    assert told["lifecyclestage"] == "lead"
    assert told["hs_lifecyclestage_lead_date"] == str(NOW)
    assert told["hs_object_id"] == made["id"]
    assert made["archived"] is False


@pytest.mark.parametrize("name", ["contacts", "contact", "0-1"])
@pytest.mark.parametrize("style", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"])
def test_every_name_and_style_of_path_leads_to_the_same_record(portal: Portal, style: str, name: str) -> None:
    id = portal.contact(email="ann@acme.com")
    assert portal.get(f"{style}/{name}/{id}")["properties"]["email"] == "ann@acme.com"


def test_default_properties_are_those_of_the_guide(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", city="Ulm")
    assert set(portal.get(f"{CONTACTS}/{id}")["properties"]) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }


def test_properties_may_be_repeated_or_comma_separated_and_unknown_ones_are_left_out(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    one = portal.get(f"{CONTACTS}/{id}?properties=email,city,nothing")
    two = portal.get(f"{CONTACTS}/{id}?properties=email&properties=city&properties=nothing")
    assert one == two
    assert one["properties"]["city"] is None
    assert "nothing" not in one["properties"]


def test_a_cleared_property_reads_empty_and_a_never_set_one_null(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", city="Ulm")
    portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": ""}})
    told = portal.get(f"{CONTACTS}/{id}?properties=city,state")["properties"]
    assert (told["city"], told["state"]) == ("", None)


def test_a_taken_address_is_a_conflict_that_names_the_holder(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "ANN@acme.com"}})
    assert answer.status == 409
    assert answer.body["category"] == "CONFLICT"
    assert answer.body["message"] == f"Contact already exists. Existing ID: {id}"


def test_moving_to_a_taken_address_is_a_conflict_too(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    other = portal.contact(email="bob@acme.com")
    answer = portal.call("PATCH", f"{CONTACTS}/{other}", {"properties": {"email": "ann@acme.com"}})
    assert (answer.status, answer.body["message"]) == (409, f"Contact already exists. Existing ID: {id}")


def test_an_address_is_free_again_once_its_contact_has_another(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"email": "ann@new.com"}})
    assert portal.contact(email="ann@acme.com") != id


def test_additional_addresses_are_unique_and_lead_to_their_contact(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", hs_additional_emails="ann@home.org;a.hill@acme.com")
    assert portal.get(f"{CONTACTS}/ann@home.org?idProperty=email")["id"] == id
    assert portal.call("POST", CONTACTS, {"properties": {"email": "a.hill@acme.com"}}).status == 409


@pytest.mark.parametrize(
    ("id", "message", "category"),
    [
        ("999", "resource not found", None),
        ("abc", "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_told_by_the_look_of_its_id(
    portal: Portal, id: str, message: str, category: str | None
) -> None:
    answer = portal.call("GET", f"{CONTACTS}/{id}")
    assert (answer.status, answer.body["message"], answer.body.get("category")) == (404, message, category)


def test_an_unknown_object_has_no_category(portal: Portal) -> None:
    answer = portal.call("GET", "/crm/v3/objects/widgets")
    assert (answer.status, answer.body["message"]) == (400, "Unable to infer object type from: widgets")
    assert "category" not in answer.body


def test_an_unknown_page_is_html(portal: Portal) -> None:
    answer = portal.call("GET", "/crm/v3/nothing/here")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_malformed_json_is_refused_without_a_category(portal: Portal) -> None:
    answer = portal.client.post(
        CONTACTS,
        content=b"{nope",
        headers={"Authorization": f"Bearer {portal.hub.access_token}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON on line 1, column 2: ")
    assert "category" not in answer.json()


def test_another_content_type_is_415(portal: Portal) -> None:
    answer = portal.client.post(
        CONTACTS,
        content=b"{}",
        headers={"Authorization": f"Bearer {portal.hub.access_token}", "Content-Type": "text/plain"},
    )
    assert answer.status_code == 415


def test_the_bin(portal: Portal) -> None:
    id, kept = portal.contact(email="ann@acme.com"), portal.contact(email="bob@acme.com")
    assert portal.call("DELETE", f"{CONTACTS}/{id}").status == 204
    assert portal.call("GET", f"{CONTACTS}/{id}").status == 404
    archived = portal.get(f"{CONTACTS}/{id}?archived=true")
    assert archived["archived"] is True
    assert "archivedAt" in archived
    assert [r["id"] for r in portal.get(f"{CONTACTS}?archived=True")["results"]] == [id]
    assert [r["id"] for r in portal.get(CONTACTS)["results"]] == [kept]
    assert portal.contact(email="ann@acme.com") not in (id, kept)


def test_a_list_comes_in_order_of_id_and_ends_without_paging(portal: Portal) -> None:
    ids = [portal.hub.seed("contacts", {"email": f"p{i}@x.org"}) for i in range(7)]
    first = portal.get(f"{CONTACTS}?limit=3")
    second = portal.get(f"{CONTACTS}?limit=3&after={first['paging']['next']['after']}")
    third = portal.get(f"{CONTACTS}?limit=3&after={second['paging']['next']['after']}")
    assert [r["id"] for page in (first, second, third) for r in page["results"]] == ids
    assert "paging" not in third
    assert "total" not in first


@pytest.mark.parametrize(("query", "most"), [("", 100), ("&propertiesWithHistory=email", 50)])
def test_page_sizes_are_bounded(portal: Portal, query: str, most: int) -> None:
    assert portal.call("GET", f"{CONTACTS}?limit={most}{query}").status == 200
    assert portal.call("GET", f"{CONTACTS}?limit={most + 1}{query}").status == 400


def test_history_is_newest_first_and_says_who(portal: Portal) -> None:
    id = portal.hub.seed("contacts", {"email": "ann@acme.com", "city": "Ulm"}, created=NOW - 9_000)
    portal.clock.advance(1_000)
    portal.hub.edit("contacts", id, {"city": "Bonn"}, HUMAN)
    portal.clock.advance(1_000)
    portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": "Kiel"}})
    entries = portal.get(f"{CONTACTS}/{id}?propertiesWithHistory=city")["propertiesWithHistory"]["city"]
    assert [(e["value"], e["sourceType"], e["timestamp"]) for e in entries] == [
        ("Kiel", "INTEGRATION", "2026-09-21T14:13:22Z"),
        ("Bonn", "CRM_UI", "2026-09-21T14:13:21Z"),
        ("Ulm", "IMPORT", "2026-09-21T14:13:11Z"),
    ]
    assert entries[0]["sourceId"] == str(portal.hub.app_id)
    assert entries[1]["updatedByUserId"] == 77


def test_the_modification_time_grows_strictly_with_every_change(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    times = [moment(portal.get(f"{CONTACTS}/{id}")["updatedAt"])]
    for city in ("Ulm", "Bonn", "Kiel"):
        answer = portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": city}})
        times.append(moment(answer.body["properties"]["lastmodifieddate"]))
    assert times == [NOW, NOW + 1, NOW + 2, NOW + 3]


def test_writing_what_is_there_already_changes_nothing(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", city="Ulm")
    before = portal.get(f"{CONTACTS}/{id}")["updatedAt"]
    portal.clock.advance(5_000)
    portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": "Ulm", "state": ""}})
    assert portal.get(f"{CONTACTS}/{id}")["updatedAt"] == before


def test_a_merge_makes_a_third_record_to_which_both_ids_lead(portal: Portal) -> None:
    ann = portal.contact(email="ann@acme.com", city="Ulm")
    old = portal.contact(email="ann@old.org", city="Bonn", state="BW")
    merged = portal.post(f"{CONTACTS}/merge", {"primaryObjectId": ann, "objectIdToMerge": old})
    assert merged["id"] not in (ann, old)
    for id in (ann, old, merged["id"]):
        told = portal.get(f"{CONTACTS}/{id}?properties=email,city,state,hs_merged_object_ids,hs_additional_emails")
        assert told["id"] == merged["id"]
        assert told["properties"] | {"createdate": "", "lastmodifieddate": "", "hs_object_id": ""} == {
            "email": "ann@acme.com",
            "city": "Ulm",
            "state": "BW",
            "hs_merged_object_ids": f"{ann};{old}",
            "hs_additional_emails": "ann@old.org",
            "createdate": "",
            "lastmodifieddate": "",
            "hs_object_id": "",
        }
    assert portal.call("PATCH", f"{CONTACTS}/{old}", {"properties": {"city": "Kiel"}}).body["id"] == merged["id"]
    assert portal.call("POST", CONTACTS, {"properties": {"email": "ann@old.org"}}).status == 409


def test_old_ids_do_not_work_in_batches(portal: Portal) -> None:
    ann, old = portal.contact(email="ann@acme.com"), portal.contact(email="ann@old.org")
    portal.post(f"{CONTACTS}/merge", {"primaryObjectId": ann, "objectIdToMerge": old})
    inputs = {"inputs": [{"id": old, "properties": {"city": "Ulm"}}]}
    answer = portal.post(f"{CONTACTS}/batch/update", inputs, 207)
    assert answer["errors"][0]["context"] == {"ids": [old]}


def test_merging_keeps_the_histories_of_both(portal: Portal) -> None:
    ann, old = portal.contact(email="ann@acme.com", city="Ulm"), portal.contact(email="ann@old.org", city="Bonn")
    merged = portal.post(f"{CONTACTS}/merge", {"primaryObjectId": ann, "objectIdToMerge": old})
    told = portal.get(f"{CONTACTS}/{merged['id']}?propertiesWithHistory=city")["propertiesWithHistory"]["city"]
    assert [entry["value"] for entry in told] == ["Ulm", "Bonn", "Ulm"]


def test_a_purged_person_can_never_come_back(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    assert (
        portal.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "ann@acme.com", "idProperty": "email"}).status
        == 204
    )
    assert portal.call("GET", f"{CONTACTS}/{id}?archived=true").status == 404
    assert portal.call("POST", CONTACTS, {"properties": {"email": "ann@acme.com"}}).status == 400


@pytest.mark.parametrize(
    ("object", "values", "missing"),
    [
        ("notes", {"hs_note_body": "x"}, ["hs_timestamp"]),
        ("calls", {"hs_call_title": "x"}, ["hs_timestamp"]),
        ("deals", {"dealstage": "closedwon"}, ["dealname"]),
        ("companies", {"city": "Ulm"}, ["name"]),
    ],
)
def test_required_properties(portal: Portal, object: str, values: dict[str, str], missing: list[str]) -> None:
    answer = portal.call("POST", f"/crm/v3/objects/{object}", {"properties": values})
    assert (answer.status, answer.body["context"]) == (400, {"properties": missing})


def test_a_meeting_takes_its_timestamp_from_its_start(portal: Portal) -> None:
    values = {"hs_meeting_title": "Demo", "hs_meeting_start_time": "2026-10-01T09:00:00Z"}
    made = portal.post("/crm/v3/objects/meetings", {"properties": values}, 201)
    assert made["properties"]["hs_timestamp"] == "2026-10-01T09:00:00Z"


def test_a_create_may_link_at_once(portal: Portal) -> None:
    contact = portal.contact(email="ann@acme.com")
    body = {
        "properties": {"hs_timestamp": str(NOW), "hs_note_body": "Hello"},
        "associations": [
            {
                "to": {"id": contact},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}],
            }
        ],
    }
    note = portal.post("/crm/v3/objects/notes", body, 201)["id"]
    told = portal.get(f"/crm/v3/objects/notes/{note}?associations=contacts,companies")
    assert told["associations"] == {"contacts": {"results": [{"id": contact, "type": "note_to_contact"}]}}


def test_every_answer_carries_the_sandbox_clock(portal: Portal) -> None:
    assert portal.call("GET", CONTACTS).headers["date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


def test_every_call_is_logged_with_its_cost(portal: Portal) -> None:
    portal.call("GET", f"{CONTACTS}?limit=1")
    portal.call("GET", "/nothing")
    assert [(c.method, c.path, c.status, c.counted) for c in portal.log.calls] == [
        ("GET", f"{CONTACTS}?limit=1", 200, True),
        ("GET", "/nothing", 404, False),
    ]
