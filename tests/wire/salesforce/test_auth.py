"""Signing in, by each way and with each way to be refused."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.errors import Exhausted, Misconfigured, Unauthorised
from connectors.salesforce import Settings
from connectors.salesforce.auth import audience, may_follow
from tests.wire.salesforce.org import DATE_MS, HOST, Org, answer, error, page

TOKEN = "/services/oauth2/token"
CLIENT: dict[str, Any] = {"auth": "client_credentials", "client_id": "key", "client_secret": "hush"}
PASSWORD: dict[str, Any] = {
    "auth": "password",
    "username": "ann@acme.example",
    "password": "a<b",
    "security_token": "tok",
}


def grant(token: str = "00D!one", **more: Any) -> httpx.Response:
    return answer(
        {
            "access_token": token,
            "instance_url": HOST,
            "id": f"{HOST}/id/00D000000000001EAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": "1769862896000",
            **more,
        }
    )


def form(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def ask(org: Org) -> None:
    org.on("GET", "/queryAll", page(), page())
    list(org.connector.changes("Lead", ["Email"], None))


def test_client_credentials_sign_in_once_and_sign_each_call() -> None:
    org = Org(**CLIENT)
    token = org.on("POST", TOKEN, grant())
    ask(org)
    assert form(token.calls[0].request) == {
        "grant_type": "client_credentials",
        "client_id": "key",
        "client_secret": "hush",
    }
    assert token.call_count == 1
    assert org.calls[-1].headers["authorization"] == "Bearer 00D!one"


def test_a_jwt_carries_numeric_times_and_the_login_host(key: rsa.RSAPrivateKey) -> None:
    org = Org(auth="jwt", client_id="key", username="ann@acme.example", private_key=pem(key))
    token = org.on("POST", TOKEN, grant())
    ask(org)
    sent = form(token.calls[0].request)
    assert sent["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.get_unverified_header(sent["assertion"])["alg"] == "RS256"
    claims = jwt.decode(
        sent["assertion"], key.public_key(), ["RS256"], options={"verify_exp": False, "verify_aud": False}
    )
    assert claims == {
        "iss": "key",
        "sub": "ann@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": DATE_MS // 1000 + 180,
    }


def test_a_key_that_is_none_is_a_matter_of_configuration() -> None:
    org = Org(auth="jwt", client_id="key", username="ann@acme.example", private_key="no key")
    with pytest.raises(Misconfigured, match="private_key"):
        ask(org)


def test_a_rotated_refresh_token_is_handed_over_and_used_from_then_on() -> None:
    org = Org(auth="refresh_token", client_id="key", refresh_token="first")
    token = org.on("POST", TOKEN, grant(refresh_token="second"), grant("00D!two", refresh_token="second"))
    org.on("GET", "/queryAll", error("INVALID_SESSION_ID", "Session expired or invalid", 401), page())
    list(org.connector.changes("Lead", ["Email"], None))
    assert org.tokens == ["second"]
    assert [form(call.request)["refresh_token"] for call in token.calls] == ["first", "second"]
    assert org.calls[-1].headers["authorization"] == "Bearer 00D!two"


def test_a_session_that_stays_invalid_costs_one_sign_in() -> None:
    org = Org(**CLIENT)
    token = org.on("POST", TOKEN, grant(), grant("00D!two"))
    gone = error("INVALID_SESSION_ID", "Session expired or invalid", 401)
    org.on("GET", "/queryAll", gone, gone)
    with pytest.raises(Unauthorised):
        list(org.connector.changes("Lead", ["Email"], None))
    assert token.call_count == 2


def test_an_access_token_that_wore_out_cannot_be_renewed() -> None:
    org = Org()
    org.on("GET", "/queryAll", error("INVALID_SESSION_ID", "Session expired or invalid", 401))
    with pytest.raises(Unauthorised, match="give a new one"):
        list(org.connector.changes("Lead", ["Email"], None))


def soap(session: str = "00D!soap") -> httpx.Response:
    return httpx.Response(
        200,
        text=f"""<?xml version="1.0"?><soapenv:Envelope xmlns="urn:partner.soap.sforce.com"><soapenv:Body>
        <loginResponse><result><serverUrl>{HOST}/services/Soap/u/64.0/00D</serverUrl>
        <sessionId>{session}</sessionId><userId>005000000000001AAA</userId></result></loginResponse>
        </soapenv:Body></soapenv:Envelope>""",
    )


def test_a_password_goes_by_oauth_where_there_is_an_app() -> None:
    org = Org(**PASSWORD, client_id="key", client_secret="hush")
    token = org.on("POST", TOKEN, grant())
    ask(org)
    assert form(token.calls[0].request)["password"] == "a<btok"


def test_a_password_falls_back_to_soap_at_its_last_version() -> None:
    org = Org(**PASSWORD, client_id="key", client_secret="hush", version="68.0")
    org.on("POST", TOKEN, answer({"error": "unsupported_grant_type", "error_description": "x"}, 400))
    login = org.on("POST", "/services/Soap/u/64.0", soap())
    org.on("GET", "/services/data/v68.0/queryAll", page())
    list(org.connector.changes("Lead", ["Email"], None))
    assert b"<urn:password>a&lt;btok</urn:password>" in login.calls[0].request.content
    assert org.calls[-1].headers["authorization"] == "Bearer 00D!soap"


def test_the_org_is_known_from_the_sign_in() -> None:
    org = Org(**CLIENT)
    org.on("POST", TOKEN, grant())
    assert org.connector.account() == "00D000000000001"
    by_soap = Org(**PASSWORD)
    by_soap.on("POST", "/services/Soap/u/64.0", soap())
    by_soap.on("GET", "/query", page({"Id": "00D000000000001EAA"}))
    assert by_soap.connector.account() == "00D000000000001"


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (page({"Id": "00D000000000001EAA"}), "00D000000000001"),
        (page(), ""),
        (error("INSUFFICIENT_ACCESS", "no access", 403), ""),
    ],
)
def test_with_a_token_alone_the_org_is_asked(told: httpx.Response, known: str) -> None:
    org = Org()
    asked = org.on("GET", "/query", told)
    assert org.connector.account() == known
    assert "Organization" in str(asked.calls[0].request.url)


def test_a_soap_fault_says_what_to_check() -> None:
    org = Org(**PASSWORD)
    fault = (
        "<e><sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"
        "<sf:exceptionMessage>Invalid username</sf:exceptionMessage></sf:LoginFault></e>"
    )
    org.on("POST", "/services/Soap/u/64.0", httpx.Response(500, text=fault))
    with pytest.raises(Unauthorised, match=r"INVALID_LOGIN.*check username, password") as caught:
        ask(org)
    assert "a<b" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"error": "invalid_client_id", "error_description": "client identifier invalid"}, "consumer key"),
        ({"error": "invalid_client", "error_description": "invalid client credentials"}, "consumer secret"),
        ({"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, "pre-authorise"),
        ({"error": "invalid_grant", "error_description": "audience is invalid"}, "login_url"),
        ({"error": "invalid_grant", "error_description": "expired access/refresh token"}, "connect again"),
        ({"error": "invalid_grant"}, "check the"),
        ({"error": "inactive_user", "error_description": "user is inactive"}, "activate it"),
    ],
)
def test_a_refused_sign_in_names_what_to_do(body: dict[str, str], says: str) -> None:
    org = Org(**CLIENT)
    org.on("POST", TOKEN, answer(body, 400))
    with pytest.raises(Unauthorised, match=says):
        ask(org)


def test_a_page_of_html_is_not_a_token() -> None:
    org = Org(**CLIENT)
    org.on("POST", TOKEN, httpx.Response(200, text="<html>"))
    with pytest.raises(Unauthorised, match="login_url"):
        ask(org)


def test_the_daily_limit_can_strike_while_signing_in() -> None:
    org = Org(**CLIENT)
    org.on("POST", TOKEN, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403))
    with pytest.raises(Exhausted):
        ask(org)


@pytest.mark.parametrize(
    ("login", "aud"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com/", "https://test.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ],
)
def test_the_audience_is_the_common_login_host(login: str, aud: str) -> None:
    assert audience(login) == aud


@pytest.mark.parametrize(
    ("login", "instance", "follow"),
    [
        ("https://login.salesforce.com", "https://acme.my.salesforce.com", True),
        ("https://acme.example", "https://acme.example", True),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", True),
        ("https://acme.my.salesforce.com", "https://evil.example", False),
        ("https://acme.my.salesforce.com", "https://salesforce.com.evil.example", False),
        ("https://acme.my.salesforce.com", "http://acme.my.salesforce.com", False),
        ("https://acme.my.salesforce.com", "http://127.0.0.1:9", False),
        ("https://acme.my.salesforce.com", "ftp://acme.my.salesforce.com", False),
    ],
)
def test_a_token_follows_only_where_it_may_go(login: str, instance: str, follow: bool) -> None:
    assert may_follow(login, instance) is follow


def test_calls_stay_at_the_login_host_when_the_instance_is_a_strange_one() -> None:
    org = Org(**CLIENT)
    org.on("POST", TOKEN, grant(instance_url="https://evil.example"))
    ask(org)
    assert {call.url.host for call in org.calls} == {"acme.my.salesforce.com"}


@pytest.mark.parametrize(
    "settings", [{"auth": "magic"}, {"auth": "jwt", "client_id": "key"}, {**CLIENT, "version": "v64"}]
)
def test_incomplete_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=r"must be|needs"):
        Settings(HOST, **settings)


def test_secrets_do_not_show_in_the_settings() -> None:
    assert "hush" not in repr(Settings(HOST, **CLIENT))
