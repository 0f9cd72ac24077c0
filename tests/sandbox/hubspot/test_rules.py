"""What the platform checks, fills in and ignores; and the people and automations that work in it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.hubspot import Option, Property
from sandbox.kernel import SEED, Caller, Row
from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

CONTACTS = "/crm/v3/objects/contacts"
GROUP = "contactinformation"


@pytest.fixture
def typed(portal: Portal) -> Portal:
    add = portal.hub.add_property
    add("contacts", Property("n", "N", "number", "number", GROUP))
    add("contacts", Property("d", "D", "date", "date", GROUP))
    add("contacts", Property("t", "T", "datetime", "date", GROUP))
    add("contacts", Property("b", "B", "bool", "booleancheckbox", GROUP))
    add("contacts", Property("m", "M", "enumeration", "checkbox", GROUP, options=[Option(v, v) for v in "xyz"]))
    return portal


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("n", "12.50", "12.50"),
        ("n", 12, "12"),
        ("n", -1.5, "-1.5"),
        ("d", "2026-02-28", "2026-02-28"),
        ("d", "1772236800000", "2026-02-28"),
        ("t", "2026-02-28T10:00:00+02:00", "2026-02-28T08:00:00Z"),
        ("t", 1772236800123, "2026-02-28T00:00:00.123Z"),
        ("b", True, "true"),
        ("b", "FALSE", "false"),
        ("m", "x;z", "x;z"),
        ("email", " Ann@Acme.com ", "ann@acme.com"),
        ("phone", "(030) 12 34", "(030) 12 34"),
        ("hs_lead_status", "OPEN", "OPEN"),
        ("hubspot_owner_id", "501", "501"),
    ],
)
def test_accepted_values(typed: Portal, name: str, given: Any, stored: str) -> None:
    id = typed.contact(firstname="Ann")
    answer = typed.call("PATCH", f"{CONTACTS}/{id}", {"properties": {name: given}})
    assert answer.body["properties"][name] == stored


@pytest.mark.parametrize(
    ("name", "given", "code", "message"),
    [
        ("n", "1,5", "INVALID_INTEGER", "n was not a valid number"),
        ("d", "28.02.2026", "INVALID_DATE", "28.02.2026 was not a valid date."),
        ("d", "1772236800123", "INVALID_DATE", "1772236800123 is at 0:0:0.123 UTC, not midnight!"),
        ("t", "soon", "INVALID_LONG", "soon was not a valid long."),
        ("b", "yes", "INVALID_OPTION", "yes was not one of the allowed options: [true, false]"),
        ("m", "x;q", "INVALID_OPTION", "q was not one of the allowed options: [x, y, z]"),
        ("hs_lead_status", "open", "INVALID_OPTION", None),
        ("email", "nonsense", "INVALID_EMAIL", "Email address nonsense is invalid"),
        ("hubspot_owner_id", "999", "INVALID_OWNER_ID", None),
        ("nope", "x", "PROPERTY_DOESNT_EXIST", 'Property "nope" does not exist'),
        (
            "hubspotscore",
            "5",
            "READ_ONLY_VALUE",
            '"hubspotscore" is a calculated property; its value cannot be set.',
        ),
        ("hs_email_optout", "true", "READ_ONLY_VALUE", None),
        ("city", "x" * 65_537, "STRING_TOO_LONG", None),
        ("n", " 5", "INVALID_WHITESPACE", None),
    ],
)
def test_refused_values(typed: Portal, name: str, given: str, code: str, message: str | None) -> None:
    answer = typed.call("POST", CONTACTS, {"properties": {name: given}})
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    entry = answer.body["errors"][0]
    assert (entry["code"], entry["context"]) == (code, {"propertyName": [name]})
    assert message in (None, entry["message"])


def test_a_leading_semicolon_appends(typed: Portal) -> None:
    id = typed.contact(firstname="Ann", m="x")
    typed.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"m": ";z"}})
    assert typed.hub.get("contacts", id)["m"] == "x;z"  # type: ignore[index]


def test_the_lifecycle_goes_forward_only_and_says_nothing(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", lifecyclestage="opportunity")
    back = portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"lifecyclestage": "lead", "city": "Ulm"}})
    assert (back.status, back.body["properties"]["lifecyclestage"]) == (200, "opportunity")
    assert portal.hub.get("contacts", id)["city"] == "Ulm"  # type: ignore[index]
    for stage in ("", "lead"):
        portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"lifecyclestage": stage}})
    told = portal.get(f"{CONTACTS}/{id}?properties=lifecyclestage,hs_lifecyclestage_lead_date,hs_v2_date_entered_lead")
    assert told["properties"]["lifecyclestage"] == "lead"
    assert told["properties"]["hs_lifecyclestage_lead_date"] == told["properties"]["hs_v2_date_entered_lead"]


def test_people_may_move_a_lifecycle_back(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com", lifecyclestage="customer")
    portal.hub.edit("contacts", id, {"lifecyclestage": "lead"}, HUMAN)
    assert portal.hub.get("contacts", id)["lifecyclestage"] == "lead"  # type: ignore[index]


def test_a_deal_knows_whether_it_is_closed(portal: Portal) -> None:
    values = {"dealname": "D", "dealstage": "appointmentscheduled", "amount": "10"}
    id = portal.post("/crm/v3/objects/deals", {"properties": values}, 201)["id"]
    portal.call("PATCH", f"/crm/v3/objects/deals/{id}", {"properties": {"dealstage": "closedwon"}})
    told = portal.hub.get("deals", id)
    assert told is not None
    assert [told[n] for n in ("pipeline", "hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability")] == [
        "default",
        "true",
        "true",
        "1.0",
    ]
    assert "hs_v2_date_exited_appointmentscheduled" in told


def test_an_activity_counts_on_its_contact_and_moves_its_modification_time(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    portal.clock.advance(1_000)
    for object, number in (("notes", 202), ("calls", 194)):
        body = {
            "properties": {"hs_timestamp": str(NOW)},
            "associations": [
                {
                    "to": {"id": id},
                    "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
                }
            ],
        }
        portal.post(f"/crm/v3/objects/{object}", body, 201)
    told = portal.get(f"{CONTACTS}/{id}?properties=num_notes,num_contacted_notes,notes_last_contacted")
    assert [told["properties"][n] for n in ("num_notes", "num_contacted_notes")] == ["2", "1"]
    assert told["properties"]["notes_last_contacted"] == "2026-09-21T14:13:20Z"
    assert told["updatedAt"] == "2026-09-21T14:13:21.001Z"


def test_automations_run_after_a_write_and_sign_for_it(portal: Portal) -> None:
    def shout(object: str, row: Row, changed: frozenset[str], caller: Caller) -> dict[str, Any] | None:
        return {"lastname": row.values["lastname"].upper()} if "lastname" in changed else None

    portal.hub.automations.append(shout)
    id = portal.contact(email="ann@acme.com", lastname="Hill")
    assert portal.hub.get("contacts", id)["lastname"] == "HILL"  # type: ignore[index]
    last = portal.hub.history("contacts", id)[-1]
    assert (last.field, last.value, last.by, last.actor) == ("lastname", "HILL", "automation", "shout")


def test_people_are_under_the_same_rules(portal: Portal) -> None:
    id = portal.hub.create("contacts", {"email": "ann@acme.com"}, HUMAN)
    with pytest.raises(ValueError, match=rf"^CONFLICT: Contact already exists\. Existing ID: {id}"):
        portal.hub.create("contacts", {"email": "ann@acme.com"}, HUMAN)
    with pytest.raises(ValueError, match=r"^INVALID_EMAIL"):
        portal.hub.edit("contacts", id, {"email": "x"}, HUMAN)
    with pytest.raises(ValueError, match=r"^OBJECT_NOT_FOUND"):
        portal.hub.edit("contacts", "5", {"city": "x"}, HUMAN)
    with pytest.raises(ValueError, match=r"^READ_ONLY_VALUE"):
        portal.hub.edit("contacts", id, {"hubspotscore": "5"}, HUMAN)


def test_seeding_may_set_what_nobody_may(portal: Portal) -> None:
    id = portal.hub.seed("contacts", {"email": "ann@acme.com", "hs_email_open": 4, "city": None}, id="7000000")
    assert portal.get(f"{CONTACTS}/{id}?properties=hs_email_open,city")["properties"]["hs_email_open"] == "4"
    portal.hub.edit("contacts", id, {"hs_email_open": "5"}, SEED)
    assert int(portal.contact(email="bob@acme.com")) > 7_000_000


def test_a_record_comes_back_from_the_bin(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    portal.hub.delete("contacts", id, HUMAN)
    assert portal.hub.get("contacts", id) is None
    portal.hub.restore("contacts", id, HUMAN)
    assert portal.get(f"{CONTACTS}/ann@acme.com?idProperty=email")["id"] == id


def test_the_first_entry_of_a_history_is_what_the_record_began_with(portal: Portal) -> None:
    id = portal.hub.seed("contacts", {"email": "ann@acme.com", "city": "Ulm"}, created=NOW - 10)
    portal.hub.edit("contacts", id, {"city": "Bonn"}, HUMAN)
    entries = [(c.at, c.value, c.by) for c in portal.hub.history("contacts", id) if c.field == "city"]
    assert entries == [(NOW - 10, "Ulm", "seed"), (NOW, "Bonn", "human")]


def test_owners(portal: Portal) -> None:
    active = portal.get("/crm/v3/owners/")["results"]
    assert [(o["id"], o["userId"]) for o in active] == [("501", 9001), ("502", 9002)]
    gone = portal.get("/crm/v3/owners/?archived=True")["results"]
    assert [(o["id"], o["userId"], o["userIdIncludingInactive"]) for o in gone] == [("503", None, 9003)]
    assert portal.get("/crm/v3/owners/9002?idProperty=userId")["id"] == "502"
    assert [o["id"] for o in portal.get("/crm/owners/2026-03?email=ANN@example.com")["results"]] == ["501"]
    first = portal.get("/crm/v3/owners?limit=1")
    assert portal.get(f"/crm/v3/owners?limit=1&after={first['paging']['next']['after']}")["results"][0]["id"] == "502"


@pytest.mark.parametrize(
    ("rule", "argument", "good", "bad", "code"),
    [
        ("ALPHANUMERIC", "ALPHA_ONLY", "Berne", "Berne 1", "INVALID_ALPHA"),
        ("ALPHANUMERIC", "NUMERIC_ONLY", "3001", "CH3001", "INVALID_NUMERIC"),
        ("MIN_LENGTH", "4", "Bern", "Ulm", "INVALID_LENGTH"),
        ("MAX_LENGTH", "4", "Bern", "Berne", "INVALID_LENGTH"),
        ("REGEX", "[A-Z]+", "BERNE", "Berne", "INVALID_REGEX"),
        ("WHITESPACE", "x", "Berne", "", ""),
    ],
)
def test_rules_of_properties_bind_the_api(
    portal: Portal, rule: str, argument: str, good: str, bad: str, code: str
) -> None:
    path = f"/crm/v3/property-validations/0-1/city/rule-type/{rule}"
    assert portal.call("PUT", path, {"ruleArguments": [argument], "shouldApplyNormalization": False}).status == 204
    made = portal.post(CONTACTS, {"properties": {"city": good}}, 201)["id"]
    portal.call("PATCH", f"{CONTACTS}/{made}", {"properties": {"city": ""}})
    if bad:
        refused = portal.call("PATCH", f"{CONTACTS}/{made}", {"properties": {"city": bad, "firstname": "Ann"}})
        assert (refused.status, refused.body["category"]) == (400, "VALIDATION_ERROR")
        assert f'"error":"{code}","name":"city"' in refused.body["message"].replace(" ", "")


@pytest.mark.parametrize(
    ("name", "rule", "argument", "good", "bad"),
    [
        ("n", "MIN_NUMBER", "1", "1", "0.5"),
        ("n", "MAX_NUMBER", "10", "10", "11"),
        ("n", "DECIMAL", "2", "1.25", "1.255"),
        ("d", "START_DATE", "2026-01-01", "2026-01-01", "2025-12-31"),
        ("d", "END_DATE", "2026-01-01", "2026-01-01", "2026-01-02"),
    ],
)
def test_numbers_and_dates_have_bounds(typed: Portal, name: str, rule: str, argument: str, good: str, bad: str) -> None:
    typed.hub.validations[CONTACTS.rpartition("/")[2], name] = {rule: [argument]}
    assert typed.call("POST", CONTACTS, {"properties": {name: good}}).status == 201
    assert typed.call("POST", CONTACTS, {"properties": {name: bad}}).status == 400
