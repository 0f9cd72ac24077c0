"""The control address over real HTTP: people at work in both systems, faults, the clock and the settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.background import Addresses, running
from sandbox.kernel import Clock
from sandbox.world import World

NOW = 1_790_000_000_000
LOST = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, Addresses]]:
    world = World(1, 60, Clock(lambda: NOW))
    with running(world) as addresses:
        yield world, addresses


class Hands:
    """The three addresses, from a client's side."""

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses
        self.client = httpx.Client(timeout=5)
        self.bearer = {"Authorization": f"Bearer {addresses.announced['hubspot']['access_token']}"}

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self.client.request(method, self.addresses.control + path, json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refused(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        answer = self.client.request(method, self.addresses.control + path, json=body)
        return answer.status_code, answer.json()["error"]

    def contacts(self) -> httpx.Response:
        return self.client.get(self.addresses.hubspot + "/crm/v3/objects/contacts?limit=1", headers=self.bearer)


@pytest.fixture
def hands(served: tuple[World, Addresses]) -> Iterator[Hands]:
    """Everything as new before each test."""
    hands = Hands(served[1])
    hands.control("POST", "/reset")
    yield hands
    hands.client.close()


def test_health_tells_what_world_it_is(hands: Hands) -> None:
    assert hands.control("GET", "/health") == {"ok": True, "seed": 1, "people": 60, "now": NOW}


@pytest.mark.parametrize(
    ("path", "values", "change"),
    [
        ("/records/hubspot/contacts", {"email": "a@b.example", "firstname": "A"}, {"firstname": "B"}),
        (
            "/records/salesforce/Lead",
            {"LastName": "A", "Company": "C", "Email": "a@b.example"},
            {"LastName": "B"},
        ),
    ],
)
def test_a_person_creates_edits_deletes_and_restores(
    hands: Hands, path: str, values: dict[str, str], change: dict[str, str]
) -> None:
    record = f"{path}/{hands.control('POST', path, {'values': values})['id']}"
    hands.control("PATCH", record, {"values": change})
    assert hands.control("GET", record)["values"].items() >= (values | change).items()
    hands.control("DELETE", record)
    assert hands.refused("GET", record)[0] == 404
    hands.control("POST", record + "/restore")
    assert hands.control("GET", record)["values"].items() >= change.items()


def test_history_tells_who_changed_what(hands: Hands) -> None:
    made = hands.control("POST", "/records/hubspot/contacts", {"values": {"email": "a@b.example", "city": "Bonn"}})
    hands.control(
        "PATCH", f"/records/hubspot/contacts/{made['id']}", {"values": {"city": "Ulm"}, "by": "form", "actor": "fair"}
    )
    history = hands.control("GET", f"/history/hubspot/contacts/{made['id']}")["history"]
    city = [(c["value"], c["by"], c["actor"]) for c in history if c["field"] == "city"]
    assert city == [("Bonn", "human", "someone"), ("Ulm", "form", "fair")]


def test_a_merge_tells_the_survivor(hands: Hands) -> None:
    first, second = (
        hands.control("POST", "/records/hubspot/contacts", {"values": {"email": f"{n}@b.example"}})["id"] for n in "ab"
    )
    survivor = hands.control("POST", f"/records/hubspot/contacts/{first}/merge", {"loser": second})["id"]
    assert hands.control("GET", f"/records/hubspot/contacts/{survivor}")["values"]["email"] == "a@b.example"


def test_a_lead_is_converted(hands: Hands) -> None:
    lead = hands.control("POST", "/records/salesforce/Lead", {"values": {"LastName": "A", "Company": "C"}})["id"]
    made = hands.control("POST", f"/records/salesforce/Lead/{lead}/convert", {"opportunity": False})
    assert hands.control("GET", f"/records/salesforce/Contact/{made['contactId']}")["values"]["LastName"] == "A"
    assert made["opportunityId"] is None


def test_two_records_are_associated(hands: Hands) -> None:
    contact = hands.control("POST", "/records/hubspot/contacts", {"values": {"email": "a@b.example"}})["id"]
    company = hands.control("POST", "/records/hubspot/companies", {"values": {"name": "B"}})["id"]
    path = f"/records/hubspot/contacts/{contact}"
    hands.control("POST", path + "/associate", {"to_object": "companies", "to_id": company})
    assert hands.control("GET", path)["values"]["associatedcompanyid"] == company


def test_what_the_platform_refuses_is_refused(hands: Hands) -> None:
    status, error = hands.refused("POST", "/records/salesforce/Lead", {"values": {"LastName": "A"}})
    assert (status, error.partition(":")[0]) == (400, "REQUIRED_FIELD_MISSING")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/history/hubspot"),
        ("GET", "/records/elsewhere/contacts"),
        ("GET", "/records/hubspot/widgets"),
        ("GET", "/records/salesforce/Lead/00Q000000000000AAA"),
        ("GET", "/history/hubspot/contacts/1"),
    ],
)
def test_what_is_not_there_is_404(hands: Hands, method: str, path: str) -> None:
    assert hands.refused(method, path)[0] == 404


def test_a_body_that_lacks_something_is_told_so(hands: Hands) -> None:
    assert hands.refused("POST", "/records/hubspot/contacts", {}) == (400, "values is missing.")


def test_all_records_are_paged_through(hands: Hands) -> None:
    seen: list[str] = []
    page = hands.control("GET", "/records/hubspot/contacts?limit=20")
    seen += [r["id"] for r in page["records"]]
    while page["next"]:
        page = hands.control("GET", f"/records/hubspot/contacts?limit=20&after={page['next']}")
        seen += [r["id"] for r in page["records"]]
    assert len(seen) == len(set(seen)) == page["total"] > 20


def test_calls_are_counted_and_told_since_a_number(hands: Hands) -> None:
    hands.contacts()
    last = hands.control("GET", "/calls")["last"]
    hands.contacts()
    told = hands.control("GET", f"/calls?since={last}&side=hubspot")
    assert [(c["method"], c["status"]) for c in told["calls"]] == [("GET", 200)]
    assert told["counts"] == {"hubspot": 2}


def test_a_fault_strikes_as_often_as_it_is_told_to(hands: Hands) -> None:
    hands.control("POST", "/faults", {"kind": "error", "side": "hubspot", "status": 503, "times": 1})
    assert [hands.contacts().status_code for _ in range(2)] == [503, 200]
    assert hands.control("GET", "/faults")["faults"][0]["hits"] == 1


def test_faults_are_lifted(hands: Hands) -> None:
    hands.control("POST", "/faults", {"kind": "error", "side": "hubspot", "times": -1})
    assert hands.control("DELETE", "/faults") == {"faults": []}
    assert hands.contacts().status_code == 200


def test_an_unknown_word_in_a_fault_is_refused(hands: Hands) -> None:
    status, error = hands.refused("POST", "/faults", {"kind": "error", "side": "hubspot", "tmies": 2})
    assert status == 400 and "tmies" in error


@pytest.mark.parametrize(("kind", "exists"), [("lost_before", False), ("lost_after", True)])
def test_a_lost_answer_breaks_the_connection_and_may_have_taken_effect(hands: Hands, kind: str, exists: bool) -> None:
    hands.control("POST", "/faults", {"kind": kind, "side": "hubspot", "path": "POST /crm"})
    with pytest.raises(LOST):
        hands.client.post(
            hands.addresses.hubspot + "/crm/v3/objects/contacts",
            json={"properties": {"email": "lost@b.example"}},
            headers=hands.bearer,
        )
    records = hands.control("GET", "/records/hubspot/contacts?limit=1000")["records"]
    assert any(r["values"].get("email") == "lost@b.example" for r in records) is exists


def test_the_clock_is_frozen_set_advanced_and_thawed(hands: Hands) -> None:
    assert hands.control("POST", "/clock", {"freeze": True}) == {"now": NOW, "frozen": True}
    assert hands.control("POST", "/clock", {"set": NOW + 1_000})["now"] == NOW + 1_000
    assert hands.control("POST", "/clock", {"advance_ms": -1_000})["now"] == NOW
    assert hands.control("POST", "/clock", {"thaw": True}) == {"now": NOW, "frozen": False}


def test_settings_are_shown_and_changed(hands: Hands) -> None:
    changed = hands.control(
        "POST", "/settings", {"hubspot": {"search_lag_ms": 0, "limits_on": False}, "salesforce": {"daily_limit": 7}}
    )
    assert (changed["hubspot"]["search_lag_ms"], changed["hubspot"]["limits_on"]) == (0, False)
    assert changed["salesforce"]["daily_limit"] == 7


@pytest.mark.parametrize("wanted", [{"hubspot": {"lag": 1}}, {"salesforce": {"daily_limit": "many"}}])
def test_a_wrong_setting_is_refused(hands: Hands, wanted: dict[str, Any]) -> None:
    assert hands.refused("POST", "/settings", wanted)[0] == 400


def test_settings_show_no_secret(hands: Hands) -> None:
    secret = hands.addresses.announced["salesforce"]["client_secret"]
    assert secret not in str(hands.control("GET", "/settings"))


@pytest.mark.parametrize(
    ("path", "values", "name"),
    [
        ("/records/hubspot/contacts", {"email": "a@b.example", "phone": "5550101234"}, "phone"),
        ("/records/salesforce/Lead", {"LastName": "A", "Company": "C", "Phone": "5550101234"}, "Phone"),
    ],
)
def test_an_automation_rewrites_what_others_write(hands: Hands, path: str, values: dict[str, str], name: str) -> None:
    hands.control("POST", "/automations", {"side": path.split("/")[2], "name": "format_phone"})
    made = hands.control("POST", path, {"values": values})["id"]
    assert hands.control("GET", f"{path}/{made}")["values"][name] == "(555) 010-1234"


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
def test_an_unknown_automation_is_refused(hands: Hands, side: str) -> None:
    assert hands.refused("POST", "/automations", {"side": side, "name": "nothing"})[0] == 400


def test_a_reset_makes_another_world(hands: Hands) -> None:
    assert hands.control("POST", "/reset", {"seed": 2, "people": 10})["people"] == 10
    assert hands.control("GET", "/records/hubspot/contacts")["total"] <= 10
    hands.control("POST", "/reset", {"seed": 1, "people": 60})


def test_a_thousand_requests_are_answered_on_one_connection(hands: Hands) -> None:
    hands.control("POST", "/settings", {"hubspot": {"limits_on": False}})
    assert {hands.contacts().status_code for _ in range(1_000)} == {200}


def test_what_is_announced_logs_in_to_salesforce(hands: Hands) -> None:
    told = hands.addresses.announced["salesforce"]
    form = {"grant_type": "client_credentials", "client_id": told["client_id"], "client_secret": told["client_secret"]}
    answer = hands.client.post(hands.addresses.salesforce + "/services/oauth2/token", data=form).json()
    assert answer["instance_url"] == hands.addresses.salesforce
