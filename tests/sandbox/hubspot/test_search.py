"""Filters, order, walls, and an index that lags."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.kernel import Fault
from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

SORT = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]


def _is(name: str, operator: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **({} if value is None else {"value": value}), **more}


@pytest.fixture
def three(portal: Portal) -> dict[str, str]:
    seed = portal.hub.seed
    return {
        "ann": seed(
            "contacts", {"email": "ann@acme.com", "city": "Ulm", "lifecyclestage": "lead", "hubspotscore": "9"}
        ),
        "bob": seed("contacts", {"email": "bob@beta.org", "city": "Bonn", "lifecyclestage": "customer"}),
        "eve": seed("contacts", {"email": "eve@acme.com", "city": "ulm", "hubspotscore": "10"}),
    }


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (_is("city", "EQ", "ULM"), ["ann", "eve"]),
        (_is("city", "NEQ", "ulm"), ["bob"]),
        (_is("lifecyclestage", "EQ", "lead"), ["ann"]),
        (_is("lifecyclestage", "EQ", "Lead"), []),
        (_is("lifecyclestage", "HAS_PROPERTY"), ["ann", "bob"]),
        (_is("lifecyclestage", "NOT_HAS_PROPERTY"), ["eve"]),
        (_is("city", "IN", values=["ulm"]), ["ann", "eve"]),
        (_is("city", "IN", values=["Ulm"]), []),
        (_is("city", "NOT_IN", values=["ulm"]), ["bob"]),
        (_is("hubspotscore", "GT", "9"), ["eve"]),
        (_is("hubspotscore", "GTE", "9"), ["ann", "eve"]),
        (_is("hubspotscore", "LT", "10"), ["ann"]),
        (_is("hubspotscore", "LTE", "10"), ["ann", "eve"]),
        (_is("hubspotscore", "BETWEEN", "9", highValue="9.5"), ["ann"]),
        (_is("email", "CONTAINS_TOKEN", "*@acme.com"), ["ann", "eve"]),
        (_is("email", "CONTAINS_TOKEN", "acme"), ["ann", "eve"]),
        (_is("email", "NOT_CONTAINS_TOKEN", "acme"), ["bob"]),
        (_is("email", "EQ", "ANN@acme.com"), ["ann"]),
        (_is("hs_email_domain", "EQ", "beta.org"), ["bob"]),
        (_is("createdate", "GTE", str(NOW)), ["ann", "bob", "eve"]),
    ],
)
def test_operators(portal: Portal, three: dict[str, str], condition: dict[str, Any], names: list[str]) -> None:
    assert portal.found(condition) == [three[name] for name in names]


def test_groups_are_alternatives_and_filters_are_joined(portal: Portal, three: dict[str, str]) -> None:
    groups = [
        {"filters": [_is("city", "EQ", "ulm"), _is("lifecyclestage", "EQ", "lead")]},
        {"filters": [_is("email", "EQ", "bob@beta.org")]},
    ]
    found = portal.post("/crm/v3/objects/contacts/search", {"filterGroups": groups})
    assert [r["id"] for r in found["results"]] == [three["ann"], three["bob"]]


def test_a_search_for_nothing_finds_all_in_order_of_creation(portal: Portal, three: dict[str, str]) -> None:
    found = portal.post("/crm/v3/objects/contacts/search", {})
    assert (found["total"], [r["id"] for r in found["results"]]) == (3, list(three.values()))


def test_free_text(portal: Portal, three: dict[str, str]) -> None:
    assert portal.found(query="acm") == [three["ann"], three["eve"]]


def test_linked_records_can_be_asked_for(portal: Portal, three: dict[str, str]) -> None:
    acme = portal.company(name="Acme")
    portal.hub.associate("contacts", three["eve"], "companies", acme, HUMAN)
    assert portal.found(_is("associations.company", "EQ", acme)) == [three["eve"]]


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [_is("city", "EQ", "x")]}] * 6},
        {"filterGroups": [{"filters": [_is("city", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [_is("city", "EQ", "x")] * 5}] * 4},
        {"filterGroups": [{"filters": [_is("nothing", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [_is("city", "LIKE", "x")]}]},
        {"limit": 201},
        {"limit": 200, "after": "9801"},
        {"sorts": [*SORT, *SORT]},
        {"query": "", "properties": ["p" * 3_001]},
    ],
)
def test_what_is_too_much_is_refused(portal: Portal, body: dict[str, Any]) -> None:
    assert portal.call("POST", "/crm/v3/objects/contacts/search", body).status == 400


def test_pages_reach_ten_thousand_results_and_no_further(portal: Portal) -> None:
    for number in range(10_050):
        portal.hub.seed("contacts", {"email": f"p{number}@x.org"})
    last = portal.search(_is("lastmodifieddate", "GTE", "0"), sorts=SORT, limit=200, after="9800")
    assert (last["total"], len(last["results"]), last["paging"]["next"]["after"]) == (10_050, 200, "10000")
    body = {"sorts": SORT, "limit": 200, "after": "10000"}
    assert portal.call("POST", "/crm/v3/objects/contacts/search", body).status == 400


def test_a_new_record_is_not_found_within_the_lag(portal: Portal) -> None:
    portal.hub.search_lag_ms = 3_000
    id = portal.contact(email="ann@acme.com")
    question = _is("email", "EQ", "ann@acme.com")
    portal.clock.advance(2_999)
    assert portal.found(question) == []
    portal.clock.advance(1)
    assert portal.found(question) == [id]


def test_a_changed_record_shows_its_old_values_and_time_within_the_lag(portal: Portal) -> None:
    portal.hub.search_lag_ms = 3_000
    id = portal.hub.seed("contacts", {"email": "ann@acme.com", "city": "Ulm"}, created=NOW - 60_000)
    portal.hub.edit("contacts", id, {"city": "Bonn", "state": "NRW"}, HUMAN)
    told = portal.search(_is("city", "EQ", "Ulm"), properties=["city", "state"])["results"][0]["properties"]
    assert (told["city"], told["state"], told["lastmodifieddate"]) == ("Ulm", None, "2026-09-21T14:12:20Z")
    assert portal.found(_is("lastmodifieddate", "GTE", str(NOW)), sorts=SORT) == []
    portal.clock.advance(3_000)
    assert portal.found(_is("lastmodifieddate", "GTE", str(NOW)), sorts=SORT) == [id]


def test_an_archived_or_merged_record_is_still_found_within_the_lag(portal: Portal) -> None:
    portal.hub.search_lag_ms = 3_000
    ids = [portal.hub.seed("contacts", {"email": f"p{i}@x.org"}, created=NOW - 60_000) for i in range(3)]
    portal.hub.delete("contacts", ids[0], HUMAN)
    portal.hub.merge("contacts", ids[1], ids[2], HUMAN)
    assert portal.found(sorts=SORT) == ids
    portal.clock.advance(3_000)
    assert len(portal.found(sorts=SORT)) == 1


def test_the_lag_is_a_condition_that_faults_can_lengthen(portal: Portal) -> None:
    id = portal.contact(email="ann@acme.com")
    portal.clock.advance(50_000)
    portal.faults.add(Fault("stale_index", "hubspot", ms=60_000, times=-1))
    assert portal.found() == []
    portal.clock.advance(10_000)
    assert portal.found() == [id]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["new", "edit", "drop", "merge"]), st.integers(0, 30), st.integers(0, 2_000)),
        max_size=25,
    ),
    low=st.integers(0, 20_000),
    lag=st.integers(0, 5_000),
    after=st.integers(0, 4),
    by_id=st.booleans(),
    down=st.booleans(),
)
def test_a_walked_window_finds_what_looking_at_every_row_finds(
    steps: list[tuple[str, int, int]], low: int, lag: int, after: int, by_id: bool, down: bool
) -> None:
    portal = Portal()
    portal.hub.search_lag_ms = lag
    ids: list[str] = []
    for number, (doing, which, wait) in enumerate(steps):
        portal.clock.advance(wait)
        live = [id for id in ids if portal.hub.records["contacts"].live(id)]
        if doing == "new" or len(live) < 2:
            ids.append(portal.hub.create("contacts", {"email": f"p{number}@x.org"}, HUMAN))
        elif doing == "edit":
            portal.hub.edit("contacts", live[which % len(live)], {"city": f"c{number}"}, HUMAN)
        elif doing == "drop":
            portal.hub.delete("contacts", live[which % len(live)], HUMAN)
        else:
            one = which % len(live)
            ids.append(portal.hub.merge("contacts", live[one], live[one - 1], HUMAN))
    name = "hs_object_id" if by_id else "lastmodifieddate"
    edge = str(100_001 + low % 20) if by_id else str(NOW + low)
    order = [{"propertyName": name, "direction": "DESCENDING" if down else "ASCENDING"}]
    walked = portal.search(_is(name, "GTE", edge), sorts=order, limit=5, after=str(after))
    looked = portal.search(_is(name, "GTE", edge), _is("email", "HAS_PROPERTY"), sorts=order, limit=5, after=str(after))
    assert walked == looked
