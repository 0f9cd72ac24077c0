"""The faults that concern a call as a whole."""

from __future__ import annotations

import pytest

from sandbox.kernel import Dropped, Fault, Hang
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error

LEAD = {"LastName": "A", "Company": "B"}


def count(org: Salesforce) -> int:
    return len(org.store.shelf("Lead"))


def test_lost_before_it_took_effect(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("lost_before", "salesforce", path="POST .*/sobjects/Lead"))
    with pytest.raises(Dropped):
        api("POST", "/sobjects/Lead", LEAD)
    assert (count(org), org.kernel.log.calls[-1].status) == (0, 0)


def test_lost_after_it_took_effect(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("lost_after", "salesforce"))
    with pytest.raises(Dropped):
        api("POST", "/sobjects/Lead", LEAD)
    assert (count(org), org.kernel.log.calls[-1].status) == (1, 0)


def test_an_answer_that_is_late(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("hang", "salesforce", ms=5_000))
    with pytest.raises(Hang) as late:
        api("POST", "/sobjects/Lead", LEAD)
    assert (late.value.ms, late.value.response.status_code, count(org)) == (5_000, 201, 1)


@pytest.mark.parametrize(("status", "code"), [(503, "SERVER_UNAVAILABLE"), (500, "UNKNOWN_EXCEPTION")])
def test_an_error_before_anything_happens(api: Api, org: Salesforce, status: int, code: str) -> None:
    org.kernel.faults.add(Fault("error", "salesforce", status=status))
    assert error(api("POST", "/sobjects/Lead", LEAD))[:2] == (status, code)
    assert count(org) == 0
    assert api("POST", "/sobjects/Lead", LEAD).status_code == 201


def test_html_where_json_was_expected(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("html", "salesforce", status=502))
    answer = api("GET", "/limits")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html;charset=UTF-8")


def test_a_session_that_ends(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("expire", "salesforce"))
    assert error(api("GET", "/limits"))[:2] == (401, "INVALID_SESSION_ID")
    assert api("GET", "/limits").status_code == 401
    assert Api(org)("GET", "/limits").status_code == 200


def test_the_daily_limit(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("daily_limit", "salesforce", times=2))
    assert [api("GET", "/limits").status_code for _ in range(3)] == [403, 403, 200]


def test_a_fault_of_the_other_side_is_none_of_ours(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("error", "hubspot"))
    assert api("GET", "/limits").status_code == 200
