"""Versions, limits, counting, and what every answer carries."""

from __future__ import annotations

from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error


def test_the_list_of_versions_is_free_and_public(api: Api, org: Salesforce) -> None:
    answer = api("GET", "/services/data/", headers={"Authorization": ""})
    versions = {v["version"]: v["label"] for v in answer.json()}
    assert versions["59.0"] == "Winter '24"
    assert versions["68.0"] == "Winter '27"
    assert "30.0" not in versions
    assert org.platform.usage.used(org.kernel.clock.now()) == 0
    assert "Sforce-Limit-Info" not in answer.headers


def test_a_retired_version_is_gone(api: Api) -> None:
    assert api.at("30.0")("GET", "/limits").status_code == 410
    assert api.at("69.0")("GET", "/limits").status_code == 404


def test_a_trailing_slash_changes_nothing(api: Api) -> None:
    assert api("GET", "/limits/").json() == api("GET", "/limits").json() | {
        "DailyApiRequests": {"Max": 100_000, "Remaining": 100_000}
    }


def test_each_call_is_counted_and_told(api: Api, org: Salesforce) -> None:
    org.settings.daily_limit = 3
    told = [api("GET", "/limits").headers["Sforce-Limit-Info"] for _ in range(3)]
    assert told == ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3"]
    refused = api("GET", "/limits")
    assert error(refused) == (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    assert "Sforce-Limit-Info" in refused.headers
    org.kernel.clock.advance(24 * 3_600_000)
    org.sessions.close_all()
    assert Api(org)("GET", "/limits").status_code == 200


def test_the_date_is_the_sandbox_clock(api: Api) -> None:
    assert api("GET", "/limits").headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


def test_too_long_an_address(api: Api) -> None:
    assert api("GET", "/query", params={"q": "x" * 17_000}).status_code == 414
    assert api("GET", "/limits", headers={"X-Long": "x" * 17_000}).status_code == 431


def test_unknown_addresses_and_methods(api: Api) -> None:
    assert error(api("GET", "/nowhere"))[:2] == (404, "NOT_FOUND")
    assert error(api("GET", "/sobjects/Nope/describe"))[:2] == (404, "NOT_FOUND")
    assert error(api("PUT", "/sobjects/Lead"))[:2] == (405, "METHOD_NOT_ALLOWED")


def test_standard_lead_conversion_is_no_invocable_action(api: Api) -> None:
    assert api("POST", "/actions/standard/convertLead", {"inputs": []}).status_code == 404


def test_every_call_is_in_the_log(api: Api, org: Salesforce) -> None:
    api("GET", "/limits")
    call = org.kernel.log.calls[-1]
    assert (call.method, call.path, call.status, call.counted) == ("GET", "/services/data/v64.0/limits", 200, True)


def test_describe_shows_what_the_caller_may_see(api: Api, org: Salesforce) -> None:
    org.org.hide("Lead", "Phone")
    org.org.make_read_only("Lead", "Title")
    answer = api("GET", "/sobjects/Lead/describe", headers={"If-Modified-Since": "Mon, 21 Sep 2026 14:13:20 GMT"})
    fields = {f["name"]: f for f in answer.json()["fields"]}
    assert "Phone" not in fields
    assert fields["Title"]["updateable"] is False
    assert answer.json()["urls"]["describe"] == "/services/data/v64.0/sobjects/Lead/describe"
