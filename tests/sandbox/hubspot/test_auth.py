"""Tokens, scopes, limits and the headers that tell of them."""

from __future__ import annotations

import pytest

from sandbox.hubspot.codec import iso
from tests.sandbox.hubspot.conftest import NOW, Portal, Reply

CONTACTS = "/crm/v3/objects/contacts"


def _form(portal: Portal, path: str, **values: str) -> Reply:
    answer = portal.client.post(path, data=values)
    return Reply(answer.status_code, answer.json() if answer.content else None, answer.headers)


def _app(portal: Portal) -> dict[str, str]:
    return {"client_id": portal.hub.client_id, "client_secret": portal.hub.client_secret}


def _refresh(portal: Portal, path: str = "/oauth/v1/token", **more: str) -> Reply:
    values = {"grant_type": "refresh_token", "refresh_token": portal.hub.refresh_token} | _app(portal) | more
    return _form(portal, path, **values)


def test_a_missing_token(portal: Portal) -> None:
    answer = portal.client.get(CONTACTS)
    assert answer.status_code == 401
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert answer.json()["message"].startswith("Authentication credentials not found. This API supports OAuth 2.0")


def test_an_unknown_token(portal: Portal) -> None:
    assert portal.call("GET", CONTACTS, token="pat-eu1-unknown").body["category"] == "INVALID_AUTHENTICATION"


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token", "/oauth/2026-09/token"])
def test_a_refreshed_token_works_for_half_an_hour(portal: Portal, path: str) -> None:
    made = _refresh(portal, path).body
    assert (made["token_type"], made["expires_in"]) == ("bearer", 1_800)
    assert made["refresh_token"] == portal.hub.refresh_token
    assert made["hub_id"] == portal.hub.portal_id
    portal.clock.advance(1_799_000)
    assert portal.call("GET", CONTACTS, token=made["access_token"]).status == 200
    portal.clock.advance(8_000)
    late = portal.call("GET", CONTACTS, token=made["access_token"])
    assert (late.status, late.body["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert late.body["message"] == "The OAuth token used to make this call expired 7 second(s) ago."


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"refresh_token": "no"}, "BAD_REFRESH_TOKEN"),
        ({"client_id": "no"}, "BAD_CLIENT_ID"),
        ({"client_secret": "no"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "no"}, "BAD_GRANT_TYPE"),
    ],
)
def test_a_refused_refresh(portal: Portal, wrong: dict[str, str], status: str) -> None:
    answer = _refresh(portal, **wrong)
    assert (answer.status, answer.body["status"]) == (400, status)


def test_a_revoked_refresh_token_is_dead(portal: Portal) -> None:
    assert _form(portal, "/oauth/v3/token/revoke", token=portal.hub.refresh_token, **_app(portal)).status == 200
    assert _refresh(portal).body["error"] == "invalid_grant"


def test_an_installation_by_code(portal: Portal) -> None:
    back = "https://example.com/back"
    query = f"client_id={portal.hub.client_id}&redirect_uri={back}&state=s1"
    sent = portal.client.get(f"/oauth/authorize?{query}").headers["location"]
    assert sent.startswith(f"{back}?code=") and sent.endswith("&state=s1")
    code = sent.removeprefix(f"{back}?code=").removesuffix("&state=s1")
    made = _form(
        portal, "/oauth/v1/token", grant_type="authorization_code", code=code, redirect_uri=back, **_app(portal)
    )
    assert portal.call("GET", CONTACTS, token=made.body["access_token"]).status == 200
    again = _form(
        portal, "/oauth/v1/token", grant_type="authorization_code", code=code, redirect_uri=back, **_app(portal)
    )
    assert again.body["status"] == "BAD_AUTH_CODE"


def test_introspection(portal: Portal) -> None:
    text = _refresh(portal).body["access_token"]
    told = portal.client.get(f"/oauth/v1/access-tokens/{text}").json()
    assert (told["hub_id"], told["app_id"], told["expires_in"]) == (
        portal.hub.portal_id,
        portal.hub.oauth_app_id,
        1_800,
    )
    asked = _form(portal, "/oauth/v3/token/introspect", token=text, **_app(portal)).body
    assert (asked["active"], asked["token_use"]) == (True, "access_token")
    portal.clock.advance(1_800_000)
    assert portal.client.get(f"/oauth/v1/access-tokens/{text}").status_code == 404
    assert _form(portal, "/oauth/v3/token/introspect", token=text, **_app(portal)).body == {"active": False}


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", CONTACTS, ["crm.objects.contacts.read"]),
        ("POST", "/crm/objects/2026-03/0-3", ["crm.objects.deals.write"]),
        ("POST", "/crm/v3/objects/notes/search", ["crm.objects.contacts.read"]),
        ("GET", "/crm/v3/properties/companies", ["crm.schemas.companies.read", "crm.objects.companies.read"]),
        ("POST", "/crm/v3/properties/contacts", ["crm.schemas.contacts.write"]),
        ("GET", "/crm/v3/owners/", ["crm.objects.owners.read"]),
        ("POST", "/crm/v4/associations/contacts/companies/batch/read", ["crm.objects.contacts.read"]),
    ],
)
def test_a_missing_scope_is_named(portal: Portal, method: str, path: str, needed: list[str]) -> None:
    portal.hub.private.scopes = frozenset({"oauth"})
    answer = portal.call(method, path, {} if method == "POST" else None)
    assert (answer.status, answer.body["category"]) == (403, "MISSING_SCOPES")
    assert answer.body["errors"] == [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": needed},
        }
    ]
    assert answer.body["links"] == {"scopes": "https://developers.hubspot.com/scopes"}


def test_a_private_app_can_ask_what_its_token_may_do(portal: Portal) -> None:
    portal.hub.private.scopes = frozenset({"oauth", "forms"})
    body = {"tokenKey": portal.hub.access_token}
    told = portal.post("/oauth/v2/private-apps/get/access-token-info", body)
    assert (told["hubId"], told["scopes"]) == (portal.hub.portal_id, ["forms", "oauth"])


def test_the_text_of_emails_needs_a_scope_of_its_own(portal: Portal) -> None:
    id = portal.hub.seed("emails", {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_email_text": "secret"})
    path = f"/crm/v3/objects/emails/{id}?properties=hs_email_text"
    assert portal.get(path)["properties"]["hs_email_text"] == "secret"
    portal.hub.private.scopes -= {"sales-email-read"}
    assert portal.get(path)["properties"]["hs_email_text"] is None


@pytest.mark.parametrize(
    "path", ["/crm/v4/properties/contacts", "/crm/v2/objects/contacts", "/account-info/v4/details"]
)
def test_versions_that_do_not_exist(portal: Portal, path: str) -> None:
    assert portal.call("GET", path).status == 404


def test_the_burst_limit_rolls(portal: Portal) -> None:
    portal.hub.limits_on = True
    for _ in range(190):
        portal.clock.advance(10)
        assert portal.call("GET", f"{CONTACTS}?limit=1").status == 200
    refused = portal.call("GET", f"{CONTACTS}?limit=1")
    assert refused.status == 429
    assert refused.body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused.body["errorType"] == "RATE_LIMIT"
    assert refused.body["message"] == "You have reached your ten_secondly_rolling limit."
    assert "category" not in refused.body
    portal.clock.advance(10_000 - 190 * 10 + 10)
    assert portal.call("GET", f"{CONTACTS}?limit=1").status == 200
    assert portal.call("GET", f"{CONTACTS}?limit=1").status == 429


def test_searches_have_a_bucket_of_their_own(portal: Portal) -> None:
    portal.hub.limits_on = True
    for _ in range(5):
        assert portal.call("POST", f"{CONTACTS}/search", {}).status == 200
    refused = portal.call("POST", f"{CONTACTS}/search", {})
    assert (refused.status, refused.body["message"]) == (429, "You have reached your secondly limit.")
    assert refused.body["category"] == "RATE_LIMITS"
    assert "policyName" not in refused.body
    assert portal.call("GET", CONTACTS).status == 200
    portal.clock.advance(1_000)
    assert portal.call("POST", f"{CONTACTS}/search", {}).status == 200


def test_the_day_ends_at_midnight_of_the_account(portal: Portal) -> None:
    portal.hub.limits_on = True
    portal.call("GET", CONTACTS)
    portal.hub.limits.daily_used = portal.hub.limits.daily
    refused = portal.call("GET", CONTACTS)
    assert (refused.status, refused.body["policyName"]) == (429, "DAILY")
    portal.clock.freeze(NOW - NOW % 86_400_000 + 86_400_000 - 2 * 3_600_000 - 1)
    assert iso(portal.clock.now()) == "2026-09-21T21:59:59.999Z"
    assert portal.call("GET", CONTACTS).status == 429
    portal.clock.advance(1)
    assert portal.call("GET", CONTACTS).status == 200
    assert portal.hub.limits.daily_used == 1


def test_headers_tell_what_is_left(portal: Portal) -> None:
    headers = portal.call("GET", CONTACTS).headers
    assert headers["X-HubSpot-RateLimit-Daily"] == "650000"
    assert headers["X-HubSpot-RateLimit-Daily-Remaining"] == "649999"
    assert headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert headers["X-HubSpot-RateLimit-Max"] == "190"
    assert headers["X-HubSpot-RateLimit-Remaining"] == "189"


def test_search_answers_tell_only_of_the_day(portal: Portal) -> None:
    headers = portal.call("POST", f"{CONTACTS}/search", {}).headers
    assert "X-HubSpot-RateLimit-Daily-Remaining" in headers
    assert "X-HubSpot-RateLimit-Max" not in headers


def test_an_oauth_app_has_no_daily_limit_and_a_smaller_burst(portal: Portal) -> None:
    portal.hub.limits_on = True
    text = _refresh(portal).body["access_token"]
    headers = portal.call("GET", CONTACTS, token=text).headers
    portal.hub.limits.daily_used = portal.hub.limits.daily
    assert portal.call("GET", CONTACTS, token=text).status == 200
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in headers


def test_account_details(portal: Portal) -> None:
    told = portal.get("/account-info/v3/details")
    assert (told["portalId"], told["timeZone"], told["utcOffset"]) == (portal.hub.portal_id, "Europe/Berlin", "+02:00")
