"""Subscriptions, and the opt-out that a contact shows."""

from __future__ import annotations

import pytest

from sandbox.kernel import Caller
from tests.sandbox.hubspot.conftest import Portal

V3 = "/communication-preferences/v3"
V4 = "/communication-preferences/v4/statuses"
FORM = Caller("form", "preferences")


def _optout(portal: Portal, id: str) -> str | None:
    told = portal.get(f"/crm/v3/objects/contacts/{id}?properties=hs_email_optout")
    value: str | None = told["properties"]["hs_email_optout"]
    return value


def _v3(portal: Portal, email: str) -> dict[str, str]:
    told = portal.get(f"{V3}/status/email/{email}")
    assert told["recipient"] == email
    return {s["id"]: s["status"] for s in told["subscriptionStatuses"]}


def test_definitions(portal: Portal) -> None:
    assert len(portal.get(f"{V3}/definitions")["subscriptionDefinitions"]) == 4
    assert len(portal.get("/communication-preferences/v4/definitions")["results"]) == 4


def test_one_subscription(portal: Portal) -> None:
    portal.contact(email="ann@acme.com")
    body = {"emailAddress": "ann@acme.com", "subscriptionId": "10001", "legalBasis": "CONSENT_WITH_NOTICE"}
    assert portal.post(f"{V3}/subscribe", body)["status"] == "SUBSCRIBED"
    assert _v3(portal, "ann@acme.com")["10001"] == "SUBSCRIBED"
    assert portal.post(f"{V3}/unsubscribe", body)["status"] == "NOT_SUBSCRIBED"
    assert portal.post(f"{V3}/subscribe", body)["status"] == "SUBSCRIBED"


def test_who_left_by_themselves_cannot_be_subscribed_again(portal: Portal) -> None:
    portal.contact(email="ann@acme.com")
    portal.hub.opt_out("ann@acme.com", FORM, "10001")
    body = {"emailAddress": "ann@acme.com", "subscriptionId": "10001"}
    assert portal.call("POST", f"{V3}/subscribe", body).status == 400


def test_leaving_everything_shows_on_the_contact(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    before = portal.hub.records["contacts"].rows[id].modified
    assert portal.call("POST", f"{V4}/ann@acme.com/unsubscribe-all?channel=EMAIL").status == 200
    assert _optout(portal, id) == "true"
    assert portal.hub.records["contacts"].rows[id].modified > before
    assert set(_v3(portal, "ann@acme.com").values()) == {"NOT_SUBSCRIBED"}
    wide = portal.get(f"{V4}/ann@acme.com/unsubscribe-all?channel=EMAIL")["results"][0]
    assert (wide["wideStatusType"], wide["status"]) == ("PORTAL_WIDE", "UNSUBSCRIBED")


def test_a_seeded_optout_is_believed(portal: Portal) -> None:
    portal.hub.seed("contacts", {"email": "ann@acme.com", "hs_email_optout": "true"})
    told = portal.get(f"{V4}/ann@acme.com?channel=EMAIL")["results"]
    assert {s["status"] for s in told} == {"UNSUBSCRIBED"}


def test_v4_tells_apart_what_was_never_said(portal: Portal) -> None:
    body = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 10002}
    made = portal.post(f"{V4}/eve@x.org", body)["results"][0]
    assert (made["status"], made["setStatusSuccessReason"]) == ("SUBSCRIBED", "REQUESTED_CHANGE_OCCURRED")
    again = portal.post(f"{V4}/eve@x.org", body)["results"][0]
    assert again["setStatusSuccessReason"] == "NO_STATUS_CHANGE"
    told = portal.get(f"{V4}/eve@x.org?channel=EMAIL")["results"]
    assert {s["subscriptionId"]: s["status"] for s in told} == {
        10001: "NOT_SPECIFIED",
        10002: "SUBSCRIBED",
        10003: "NOT_SPECIFIED",
        10004: "NOT_SPECIFIED",
    }


def test_the_channel_must_be_named(portal: Portal) -> None:
    assert portal.call("GET", f"{V4}/ann@acme.com").status == 400


@pytest.mark.parametrize("by", ["human", "form"])
def test_people_opt_out_and_in(portal: Portal, by: str) -> None:
    id = portal.contact(email="ann@acme.com")
    caller = Caller(by, "x")
    portal.hub.opt_out("ann@acme.com", caller)
    assert _optout(portal, id) == "true"
    portal.hub.opt_in("ann@acme.com", caller)
    assert _optout(portal, id) == "false"


def test_batches(portal: Portal) -> None:
    portal.contact(email="ann@acme.com")
    emails = {"inputs": ["ann@acme.com", "eve@x.org"]}
    assert len(portal.post(f"{V4}/batch/read?channel=EMAIL", emails)["results"]) == 2
    portal.post(f"{V4}/batch/unsubscribe-all?channel=EMAIL", emails)
    told = portal.post(f"{V4}/batch/unsubscribe-all/read?channel=EMAIL", emails)["results"]
    assert {r["wideStatuses"][0]["status"] for r in told} == {"UNSUBSCRIBED"}
