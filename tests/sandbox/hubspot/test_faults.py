"""Every trouble that the kernel knows, as HubSpot would show it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel import Dropped, Fault, Hang
from tests.sandbox.hubspot.conftest import HUMAN, Portal

CONTACTS = "/crm/v3/objects/contacts"


def _cause(portal: Portal, kind: str, **more: Any) -> None:
    portal.faults.add(Fault(kind, "hubspot", **more))


def test_a_rate_limit_is_that_of_the_endpoint(portal: Portal) -> None:
    _cause(portal, "rate_limit", times=2)
    assert portal.call("GET", CONTACTS).body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert portal.call("POST", f"{CONTACTS}/search", {}).body["message"] == "You have reached your secondly limit."
    assert portal.call("GET", CONTACTS).status == 200


def test_the_daily_limit(portal: Portal) -> None:
    _cause(portal, "daily_limit")
    assert portal.call("GET", CONTACTS).body["policyName"] == "DAILY"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_happens_before_anything_else(portal: Portal, status: int) -> None:
    _cause(portal, "error", status=status)
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "a@x.org"}})
    assert (answer.status, answer.body["status"]) == (status, "error")
    assert portal.get(CONTACTS)["results"] == []


def test_a_moving_account_says_when_to_come_back(portal: Portal) -> None:
    _cause(portal, "error", status=477, ms=90_000)
    answer = portal.call("GET", CONTACTS)
    assert (answer.status, answer.headers["retry-after"]) == (477, "90")


def test_an_error_page(portal: Portal) -> None:
    _cause(portal, "html", status=502)
    answer = portal.call("GET", CONTACTS)
    assert (answer.status, answer.headers["content-type"][:9]) == (502, "text/html")


def test_a_locked_record(portal: Portal) -> None:
    _cause(portal, "lock", path="PATCH")
    id = portal.contact(email="a@x.org")
    assert portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": "Ulm"}}).status == 423
    assert portal.call("PATCH", f"{CONTACTS}/{id}", {"properties": {"city": "Ulm"}}).status == 200


@pytest.mark.parametrize(("kind", "happened"), [("lost_before", 0), ("lost_after", 1)])
def test_a_broken_connection(portal: Portal, kind: str, happened: int) -> None:
    _cause(portal, kind, path="POST")
    with pytest.raises(Dropped):
        portal.call("POST", CONTACTS, {"properties": {"email": "a@x.org"}})
    assert portal.log.calls[-1].status == 0
    assert len(portal.get(CONTACTS)["results"]) == happened


def test_a_late_answer_took_effect(portal: Portal) -> None:
    _cause(portal, "hang", ms=30_000)
    with pytest.raises(Hang) as late:
        portal.call("POST", CONTACTS, {"properties": {"email": "a@x.org"}})
    assert late.value.ms == 30_000
    assert late.value.response.status_code == 201
    assert len(portal.get(CONTACTS)["results"]) == 1


def test_an_expired_token_stays_expired(portal: Portal) -> None:
    app = portal.hub.auth.apps[portal.hub.client_id]
    text = portal.hub.auth.issue(app, portal.hub.refresh_token).text
    _cause(portal, "expire")
    assert portal.call("GET", CONTACTS, token=text).body["category"] == "EXPIRED_AUTHENTICATION"
    assert portal.call("GET", CONTACTS, token=text).body["category"] == "EXPIRED_AUTHENTICATION"
    assert portal.call("GET", CONTACTS).status == 200


def test_one_refused_input_fails_an_update_as_a_whole(portal: Portal) -> None:
    ids = [portal.contact(email=f"p{i}@x.org") for i in range(3)]
    _cause(portal, "reject", code="INVALID_OPTION", message="not today", match={"email": "p1@"})
    inputs = [{"id": id, "properties": {"city": "Ulm"}} for id in ids]
    answer = portal.call("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "INVALID_OPTION")
    rest = {"inputs": [inputs[0], inputs[2]]}
    assert portal.call("POST", f"{CONTACTS}/batch/update", rest).status == 200


def test_one_refused_input_of_a_traced_create_fails_alone(portal: Portal) -> None:
    _cause(portal, "reject", code="INVALID_OPTION", message="not today")
    inputs = [{"properties": {"email": f"p{i}@x.org"}, "objectWriteTraceId": str(i)} for i in range(3)]
    answer = portal.post(f"{CONTACTS}/batch/create", {"inputs": inputs}, 207)
    assert (len(answer["results"]), answer["numErrors"]) == (2, 1)
    assert "not today" in answer["errors"][0]["message"]


def test_people_are_not_refused_by_a_fault(portal: Portal) -> None:
    _cause(portal, "reject", times=-1)
    assert portal.hub.create("contacts", {"email": "a@x.org"}, HUMAN)


def test_a_page_that_is_delivered_twice_leads_on(portal: Portal) -> None:
    ids = [portal.hub.seed("contacts", {"email": f"p{i}@x.org"}) for i in range(6)]
    _cause(portal, "duplicate_page")
    seen, after = [], "0"
    for _ in range(4):
        page = portal.get(f"{CONTACTS}?limit=2&after={after}")
        seen.append([r["id"] for r in page["results"]])
        after = page.get("paging", {}).get("next", {}).get("after", "")
    assert seen == [ids[:2], ids[:2], ids[2:4], ids[4:]]


def test_other_sides_faults_pass_by(portal: Portal) -> None:
    portal.faults.add(Fault("error", "salesforce"))
    assert portal.call("GET", CONTACTS).status == 200
