"""Logging in: every flow, every refusal of the token endpoint, and the life of a session."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import jwt
import pytest

from sandbox.kernel import Fault
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import HOST, START, Api, error

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def token(org: Salesforce, basic: str = "", **form: str) -> httpx.Response:
    client = httpx.Client(transport=httpx.MockTransport(org.handle), base_url=HOST)
    return client.post("/services/oauth2/token", data=form, headers={"Authorization": basic} if basic else None)


def app(org: Salesforce) -> dict[str, str]:
    return {"client_id": org.settings.client_id, "client_secret": org.settings.client_secret}


def assertion(org: Salesforce, key: str | None = None, **claims: Any) -> str:
    body = {
        "iss": org.settings.client_id,
        "sub": org.settings.username,
        "aud": "https://login.salesforce.com",
        "exp": START // 1000 + 180,
    }
    return jwt.encode(body | claims, key or org.private_key(), "RS256")


def test_the_answer_of_the_token_endpoint(org: Salesforce) -> None:
    answer = token(org, grant_type="client_credentials", **app(org)).json()
    assert answer["access_token"].startswith(f"{org.platform.org_id[:15]}!")
    assert answer["instance_url"] == HOST
    assert answer["id"] == f"{HOST}/id/{org.platform.org_id}/{org.user_id}"
    assert answer["issued_at"] == str(START)
    assert answer["token_type"] == "Bearer"
    assert "expires_in" not in answer


def test_credentials_in_a_basic_header(org: Salesforce) -> None:
    pair = base64.b64encode(f"{org.settings.client_id}:{org.settings.client_secret}".encode()).decode()
    answer = token(org, f"Basic {pair}", grant_type="client_credentials")
    assert answer.status_code == 200


def test_password_with_its_security_token(org: Salesforce) -> None:
    password = org.settings.password + org.settings.security_token
    answer = token(org, grant_type="password", username=org.settings.username, password=password, **app(org))
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()


def test_jwt(org: Salesforce) -> None:
    assert token(org, grant_type=JWT_BEARER, assertion=assertion(org)).status_code == 200


def test_jwt_for_the_address_it_is_sent_to(org: Salesforce) -> None:
    assert token(org, grant_type=JWT_BEARER, assertion=assertion(org, aud=HOST)).status_code == 200


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"aud": "https://elsewhere.example"}, ("invalid_grant", "audience is invalid")),
        ({"sub": "nobody@x.org"}, ("invalid_grant", "user hasn't approved this consumer")),
        ({"iss": "other"}, ("invalid_client_id", "client identifier invalid")),
        ({"exp": START // 1000 - 1}, ("invalid_grant", "expired authorization code")),
    ],
)
def test_jwt_refused(org: Salesforce, claims: dict[str, Any], expected: tuple[str, str]) -> None:
    answer = token(org, grant_type=JWT_BEARER, assertion=assertion(org, **claims))
    assert (answer.status_code, tuple(answer.json().values())) == (400, expected)


def test_jwt_signed_with_another_key(org: Salesforce) -> None:
    stranger = Salesforce(org.kernel).private_key()
    answer = token(org, grant_type=JWT_BEARER, assertion=assertion(org, stranger))
    assert answer.json() == {"error": "invalid_grant", "error_description": "invalid assertion"}


def test_jwt_against_a_key_that_was_given(org: Salesforce) -> None:
    other = Salesforce(org.kernel)
    org.settings.public_key = other.sessions.public_key()
    assert token(org, grant_type=JWT_BEARER, assertion=assertion(org, other.private_key())).status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"grant_type": "authorization"}, ("unsupported_grant_type", "grant type not supported")),
        (
            {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
            ("invalid_client_id", "client identifier invalid"),
        ),
        ({"grant_type": "client_credentials", "client_secret": "y"}, ("invalid_client", "invalid client credentials")),
        (
            {"grant_type": "password", "username": "u", "password": "p"},
            ("invalid_grant", "authentication failure"),
        ),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, ("invalid_grant", "expired access/refresh token")),
    ],
)
def test_refusals(org: Salesforce, form: dict[str, str], expected: tuple[str, str]) -> None:
    answer = token(org, **(app(org) | form))
    assert (answer.status_code, tuple(answer.json().values())) == (400, expected)


def agreed(org: Salesforce, **more: str) -> dict[str, str]:
    """What comes back to the app when a person is asked."""
    asked = {"response_type": "code", "client_id": org.settings.client_id, "redirect_uri": "http://app.test/back"}
    client = httpx.Client(transport=httpx.MockTransport(org.handle), base_url=HOST)
    answer = client.get("/services/oauth2/authorize", params=asked | more)
    assert answer.status_code == 302
    return dict(httpx.URL(answer.headers["location"]).params)


def test_a_person_who_agrees_gives_a_refresh_token(org: Salesforce) -> None:
    back = agreed(org, state="s 1")
    assert back["state"] == "s 1"
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": "http://app.test/back"} | app(org)
    given = token(org, **form).json()["refresh_token"]
    assert token(org, grant_type="refresh_token", refresh_token=given, **app(org)).status_code == 200
    assert token(org, **form).json()["error_description"] == "invalid authorization code"


@pytest.mark.parametrize(("verifier", "status"), [("v" * 43, 200), ("w" * 43, 400)])
def test_a_proof_key_stands_for_the_secret(org: Salesforce, verifier: str, status: int) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).decode().rstrip("=")
    code = agreed(org, code_challenge=challenge, code_challenge_method="S256")["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": "http://app.test/back", "code_verifier": verifier}
    assert token(org, code=code, client_id=org.settings.client_id, **form).status_code == status


@pytest.mark.parametrize(
    ("scope", "later", "where", "told"),
    [
        ("api", 0, "http://app.test/back", None),
        ("api", 15 * 60_000 + 1, "http://app.test/back", "expired authorization code"),
        ("api", 0, "http://app.test/other", "redirect_uri must match configuration"),
    ],
)
def test_what_a_code_is_good_for(org: Salesforce, scope: str, later: int, where: str, told: str | None) -> None:
    code = agreed(org, scope=scope)["code"]
    org.kernel.clock.advance(later)
    answer = token(org, grant_type="authorization_code", code=code, redirect_uri=where, **app(org)).json()
    assert "refresh_token" not in answer
    assert answer.get("error_description") == told


def test_a_refresh_token_serves_again_unless_they_rotate(org: Salesforce) -> None:
    given = org.refresh_token()
    for _ in range(2):
        answer = token(org, grant_type="refresh_token", refresh_token=given, **app(org))
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


def test_a_rotated_refresh_token_serves_once(org: Salesforce) -> None:
    org.settings.rotate_refresh_tokens = True
    given = org.refresh_token()
    renewed = token(org, grant_type="refresh_token", refresh_token=given, **app(org)).json()["refresh_token"]
    assert token(org, grant_type="refresh_token", refresh_token=given, **app(org)).status_code == 400
    assert token(org, grant_type="refresh_token", refresh_token=renewed, **app(org)).status_code == 200


def test_a_sixth_grant_revokes_the_oldest(org: Salesforce) -> None:
    grants = [org.refresh_token() for _ in range(6)]
    answers = [token(org, grant_type="refresh_token", refresh_token=g, **app(org)).status_code for g in grants]
    assert answers == [400, 200, 200, 200, 200, 200]


def test_userinfo_and_identity(api: Api, org: Salesforce) -> None:
    info = api("GET", "/services/oauth2/userinfo").json()
    assert (info["user_id"], info["organization_id"]) == (org.user_id, org.platform.org_id)
    resources = api("GET", "").json()
    assert api("GET", resources["identity"].removeprefix(HOST)).json()["username"] == org.settings.username


def test_a_session_ends_after_its_time_without_a_call(api: Api, org: Salesforce) -> None:
    org.kernel.clock.advance(org.settings.session_ms)
    assert api("GET", "/limits").status_code == 200
    org.kernel.clock.advance(org.settings.session_ms)
    assert api("GET", "/limits").status_code == 200
    org.kernel.clock.advance(org.settings.session_ms + 1)
    assert error(api("GET", "/limits")) == (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_no_session_and_a_malformed_one(api: Api) -> None:
    assert error(api("GET", "/limits", headers={"Authorization": "Bearer nope"}))[:2] == (401, "INVALID_SESSION_ID")
    assert error(api("GET", "/limits", headers={"Authorization": "Basic x"}))[1:] == (
        "INVALID_AUTH_HEADER",
        "INVALID_HEADER_TYPE",
    )


def test_revoke_ends_the_session(api: Api) -> None:
    mine = api.http.headers["Authorization"].removeprefix("Bearer ")
    assert api("POST", "/services/oauth2/revoke", data={"token": mine}).status_code == 200
    assert api("GET", "/limits").status_code == 401


def test_out_of_calls_the_token_endpoint_answers_as_rest_does(org: Salesforce) -> None:
    org.kernel.faults.add(Fault("daily_limit", "salesforce"))
    assert error(token(org, grant_type="client_credentials", **app(org)))[:2] == (403, "REQUEST_LIMIT_EXCEEDED")
