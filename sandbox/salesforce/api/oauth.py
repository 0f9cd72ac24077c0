"""The OAuth 2.0 endpoints: token (every flow), revoke, userinfo, identity; where a code comes from is `web_flow`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import jwt

from sandbox.kernel import Row
from sandbox.salesforce.api.web_flow import OAuthError, redeem
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import datetime_text

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")


Form = Mapping[str, str]


def token(platform: Platform, call: Call) -> Answer:
    """`POST /services/oauth2/token`."""
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)) or call.query
    flow = _FLOWS.get(form.get("grant_type", ""))
    try:
        if flow is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return json_answer(flow(platform, call, form), headers=_NO_STORE)
    except OAuthError as refused:
        return refused.answer(_NO_STORE)


_NO_STORE = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}


def _client(platform: Platform, call: Call, form: Form, secret_needed: bool = True) -> str:
    """The app that calls, by Basic header or by body."""
    client, secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret"))
    if client != platform.settings.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    if (secret_needed or secret is not None) and secret != platform.settings.client_secret:
        raise OAuthError("invalid_client", "invalid client credentials")
    return client


def _basic(call: Call) -> tuple[str, str] | None:
    kind, _, encoded = (call.header("authorization") or "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "invalid client credentials") from None
    return unquote(client), unquote(secret)


def user_named(platform: Platform, username: str) -> Row | None:
    """The user with this name, in any case."""
    found = platform.store.shelf("User").live_matching("Username", username)
    return found[0] if found else None


def password_fits(platform: Platform, username: str, password: str) -> Row | None:
    """The user who may log in so, if any.  Every user of a sandbox shares its password and security token."""
    user = user_named(platform, username)
    right = platform.settings.password + platform.settings.security_token
    return user if user is not None and password == right and user.values.get("IsActive") else None


def _password(platform: Platform, call: Call, form: Form) -> dict[str, Any]:
    _client(platform, call, form)
    user = password_fits(platform, form.get("username", ""), form.get("password", ""))
    if user is None:
        raise OAuthError("invalid_grant", "authentication failure")
    return _granted(platform, call, user.id)


def _refresh(platform: Platform, call: Call, form: Form) -> dict[str, Any]:
    client = _client(platform, call, form, secret_needed=False)
    found = platform.sessions.refresh(form.get("refresh_token", ""), client)
    if found is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    user_id, replacement = found
    answer = _granted(platform, call, user_id, "refresh_token api")
    return answer | ({"refresh_token": replacement} if replacement else {})


def _code(platform: Platform, call: Call, form: Form) -> dict[str, Any]:
    consent = redeem(platform, form, _client(platform, call, form, secret_needed="code_verifier" not in form))
    answer = _granted(platform, call, platform.user_id, consent.scope or "refresh_token api")
    if not consent.offline:
        return answer
    return answer | {"refresh_token": platform.sessions.grant_refresh(platform.user_id, consent.client_id)}


def _client_credentials(platform: Platform, call: Call, form: Form) -> dict[str, Any]:
    _client(platform, call, form)
    if call.base_url in LOGIN_HOSTS:
        raise OAuthError("invalid_grant", "request not supported on this domain")
    return _granted(platform, call, platform.user_id, "api")


def _jwt(platform: Platform, call: Call, form: Form) -> dict[str, Any]:
    claims = _claims(platform, form.get("assertion", ""))
    if claims.get("iss") != platform.settings.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    audiences = (*LOGIN_HOSTS, call.base_url, platform.kernel.salesforce_url)
    if str(claims.get("aud", "")).rstrip("/") not in audiences:
        raise OAuthError("invalid_grant", "audience is invalid")
    if not _still_valid(claims.get("exp"), platform.now):
        raise OAuthError("invalid_grant", "expired authorization code")
    user = user_named(platform, str(claims.get("sub") or claims.get("prn") or ""))
    if user is None:
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    if not user.values.get("IsActive"):
        raise OAuthError("inactive_user", "user is inactive")
    return _granted(platform, call, user.id, "api")


def _claims(platform: Platform, assertion: str) -> dict[str, Any]:
    unchecked = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
    try:
        return dict(jwt.decode(assertion, platform.sessions.public_key(), algorithms=["RS256"], options=unchecked))  # type: ignore[arg-type]
    except jwt.PyJWTError:
        raise OAuthError("invalid_grant", "invalid assertion") from None


def _still_valid(expires: Any, now: int) -> bool:
    """`exp` in seconds, at most a few minutes ahead; some clients send it as text."""
    try:
        return int(expires) * 1000 > now
    except (TypeError, ValueError):
        return False


def _granted(platform: Platform, call: Call, user_id: str, scope: str | None = None) -> dict[str, Any]:
    answer = {
        "access_token": platform.sessions.open(user_id),
        "signature": base64.b64encode(platform.rng.randbytes(32)).decode(),
        "instance_url": call.base_url,
        "id": identity_url(platform, call, user_id),
        "token_type": "Bearer",
        "issued_at": str(platform.now),
    }
    return answer | ({"scope": scope} if scope else {})


_FLOWS: dict[str, Callable[[Platform, Call, Form], dict[str, Any]]] = {
    "password": _password,
    "authorization_code": _code,
    "refresh_token": _refresh,
    "client_credentials": _client_credentials,
    JWT_BEARER: _jwt,
}


def identity_url(platform: Platform, call: Call, user_id: str) -> str:
    return f"{call.base_url}/id/{platform.org_id}/{user_id}"


def revoke(platform: Platform, call: Call) -> Answer:
    """`POST /services/oauth2/revoke`."""
    form = dict(parse_qsl(call.body.decode("utf-8", "replace"))) or call.query
    platform.sessions.close(form.get("token", ""))
    return Answer(200)


def _person(platform: Platform, user_id: str) -> dict[str, Any]:
    user = platform.store.find("User", user_id)
    return user.values if user else {}


def userinfo(platform: Platform, call: Call) -> Answer:
    """`GET /services/oauth2/userinfo` (OpenID Connect)."""
    person = _person(platform, call.user_id)
    return json_answer(
        {
            "sub": identity_url(platform, call, call.user_id),
            "user_id": call.user_id,
            "organization_id": platform.org_id,
            "preferred_username": person.get("Username"),
            "nickname": person.get("CommunityNickname"),
            "name": " ".join(filter(None, (person.get("FirstName"), person.get("LastName")))),
            "email": person.get("Email"),
            "email_verified": True,
            "given_name": person.get("FirstName"),
            "family_name": person.get("LastName"),
            "zoneinfo": person.get("TimeZoneSidKey", "GMT"),
            "profile": f"{call.base_url}/{call.user_id}",
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "updated_at": datetime_text(platform.now),
        }
    )


def identity(platform: Platform, call: Call) -> Answer:
    """`GET /id/<org>/<user>`: who one is, and where the APIs are (`{version}` is for the caller to fill in)."""
    person = _person(platform, call.user_id)
    rest = f"{call.base_url}/services/data/v{{version}}/"
    soap = f"{call.base_url}/services/Soap"
    return json_answer(
        {
            "id": identity_url(platform, call, call.user_id),
            "asserted_user": True,
            "user_id": call.user_id,
            "organization_id": platform.org_id,
            "username": person.get("Username"),
            "nick_name": person.get("CommunityNickname"),
            "display_name": " ".join(filter(None, (person.get("FirstName"), person.get("LastName")))),
            "email": person.get("Email"),
            "email_verified": True,
            "first_name": person.get("FirstName"),
            "last_name": person.get("LastName"),
            "timezone": person.get("TimeZoneSidKey", "GMT"),
            "urls": {
                "enterprise": f"{soap}/c/{{version}}/{platform.org_id[:15]}",
                "metadata": f"{soap}/m/{{version}}/{platform.org_id[:15]}",
                "partner": f"{soap}/u/{{version}}/{platform.org_id[:15]}",
                "rest": rest,
                "sobjects": f"{rest}sobjects/",
                "search": f"{rest}search/",
                "query": f"{rest}query/",
                "recent": f"{rest}recent/",
                "tooling_soap": f"{soap}/T/{{version}}/{platform.org_id[:15]}",
                "tooling_rest": f"{rest}tooling/",
                "profile": f"{call.base_url}/{call.user_id}",
            },
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "last_modified_date": datetime_text(platform.now),
            "is_app_installed": True,
        }
    )
