"""Signing in: five ways to a token, one way to say why it was refused.

The door holds the token and renews it once when it has worn out; this module only makes new ones, and moves the
door to the instance that the token belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import jwt

from connectors.door import Door, Grant, is_loopback
from connectors.errors import Exhausted, Misconfigured, Unauthorised, Unavailable
from connectors.salesforce import paths, soap
from connectors.salesforce.answers import complaints, parsed
from connectors.salesforce.settings import Settings

_FORM = {"content-type": "application/x-www-form-urlencoded"}
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180

_REMEDIES = {
    "user hasn't approved this consumer": "pre-authorise the app for the user's profile or permission set"
    " (Setup, External Client App Manager, Policies)",
    "audience is invalid": "set login_url to login.salesforce.com, test.salesforce.com or your My Domain, with https://",
    "expired access/refresh token": "connect again and store the new refresh_token (a sixth grant revokes the oldest)",
    "authentication failure": "check username, password and security_token, and that the app allows this flow",
    "invalid assertion": "check that private_key belongs to the certificate uploaded to the app",
    "invalid_client_id": "client_id is not the consumer key of an app in this org",
    "invalid_client": "client_secret is not the consumer secret of this app",
    "unsupported_grant_type": "this org does not allow that way to sign in; use client_credentials or jwt",
    "inactive_user": "the integration user is inactive; activate it in Setup, Users",
    "inactive_org": "the org is closed or suspended",
    "invalid_app_access": "give the user access to the app (Setup, External Client App Manager, Policies)",
    "no client credentials user enabled": "name a Run As user for client credentials in the app's policies",
    "INVALID_LOGIN": "check username, password and security_token, or whether the user is locked out",
    "rate_limit_exceeded": "too many sign-ins; wait an hour",
}


class SignIn:
    """Makes tokens.  `on_token` is given each new refresh token: the old one is void from then on."""

    def __init__(self, settings: Settings, door: Door, on_token: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._door = door
        self._on_token = on_token
        self._refresh_token = settings.refresh_token
        self._handed_out = False
        self.user_id = self.org_id = ""
        """The user we act as and their org, where the answer named them."""

    def fetch(self) -> Grant:
        """A new token; afterwards the door leads to the right instance.  Raises `Unauthorised` with what to do."""
        settings = self._settings
        if settings.auth == "access_token":
            return self._given()
        if settings.auth == "password":
            return self._by_password()
        return self._taken(self._token(self._form()))

    def _given(self) -> Grant:
        if self._handed_out:
            raise Unauthorised(
                "Salesforce refuses the access_token: it has expired or was revoked; give a new one, or set auth to"
                " client_credentials or jwt, which renew themselves"
            )
        self._handed_out = True
        if self._settings.instance_url:
            self._follow(self._settings.instance_url)
        return Grant(self._settings.access_token)

    def _form(self) -> dict[str, str]:
        settings = self._settings
        secret = {"client_id": settings.client_id} | (
            {"client_secret": settings.client_secret} if settings.client_secret else {}
        )
        if settings.auth == "jwt":
            return {"grant_type": _JWT_GRANT, "assertion": self._assertion()}
        if settings.auth == "refresh_token":
            return {"grant_type": "refresh_token", "refresh_token": self._refresh_token, **secret}
        return {"grant_type": "client_credentials", **secret}

    def _assertion(self) -> str:
        settings = self._settings
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": audience(settings.login_url),
            "exp": self._door.server_now() // 1000 + _JWT_SECONDS,
        }
        try:
            return jwt.encode(claims, settings.private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise Misconfigured("[salesforce] private_key is not an RSA private key in PEM form") from None

    def _by_password(self) -> Grant:
        settings = self._settings
        if settings.client_id:
            answer = self._post(
                {
                    "grant_type": "password",
                    "client_id": settings.client_id,
                    "client_secret": settings.client_secret,
                    "username": settings.username,
                    "password": settings.password + settings.security_token,
                }
            )
            body = parsed(answer.content)
            if answer.status_code == 200 and isinstance(body, dict):
                return self._taken(body)
            # Orgs made since Summer '23 block this flow and then say no more than for a wrong password.
            if not isinstance(body, dict) or body.get("error") not in ("unsupported_grant_type", "invalid_grant"):
                raise _refusal(answer)
        return self._by_soap()

    def _by_soap(self) -> Grant:
        settings = self._settings
        version = min(float(settings.version), paths.LAST_SOAP_LOGIN_VERSION)
        answer = self._door.call(
            "POST",
            settings.login_url.rstrip("/") + paths.Paths(f"{version:.1f}").soap_login,
            content=soap.login_envelope(settings.username, settings.password + settings.security_token),
            headers=soap.HEADERS,
            signed=False,
        )
        session = soap.element(answer.text, "sessionId")
        if answer.status_code != 200 or not session:
            code = soap.element(answer.text, "exceptionCode") or f"HTTP {answer.status_code}"
            raise Unauthorised(_sentence(code.removeprefix("sf:"), ""))
        self.user_id, self.org_id = soap.element(answer.text, "userId"), soap.element(answer.text, "organizationId")
        server = urlsplit(soap.element(answer.text, "serverUrl"))
        self._follow(f"{server.scheme}://{server.netloc}")
        return Grant(session)

    def _token(self, form: Mapping[str, str]) -> dict[str, Any]:
        answer = self._post(form)
        body = parsed(answer.content)
        if answer.status_code != 200 or not isinstance(body, dict) or not body.get("access_token"):
            raise _refusal(answer)
        return body

    def _post(self, form: Mapping[str, str]) -> httpx.Response:
        return self._door.call(
            "POST",
            self._settings.login_url.rstrip("/") + paths.TOKEN,
            content=urlencode(form),
            headers=_FORM,
            signed=False,
        )

    def _taken(self, body: dict[str, Any]) -> Grant:
        rotated = body.get("refresh_token")
        if rotated and rotated != self._refresh_token:
            self._refresh_token = rotated
            if self._on_token is not None:
                self._on_token(rotated)
        # https://login.salesforce.com/id/ORG/USER
        identity, _, self.user_id = str(body.get("id") or "").rpartition("/")
        self.org_id = identity.rpartition("/")[2]
        if body.get("instance_url"):
            self._follow(str(body["instance_url"]))
        return Grant(str(body["access_token"]))

    def _follow(self, instance_url: str) -> None:
        """Only to where a token of ours may go: the host we signed in at, Salesforce's own, or this machine."""
        if may_follow(self._settings.login_url, instance_url):
            parts = urlsplit(instance_url)
            self._door.move(f"{parts.scheme}://{parts.netloc}")


def audience(login_url: str) -> str:
    """The `aud` claim: Salesforce wants its common login host there even when the call goes to a My Domain."""
    host = urlsplit(login_url).hostname or ""
    if host.endswith(".sandbox.my.salesforce.com"):
        return "https://test.salesforce.com"
    if host.endswith(".my.salesforce.com"):
        return "https://login.salesforce.com"
    parts = urlsplit(login_url)
    return f"{parts.scheme}://{parts.netloc}"


def may_follow(login_url: str, instance_url: str) -> bool:
    """Whether calls may go to the instance that a token answer names."""
    there, here = urlsplit(instance_url), urlsplit(login_url)
    host = there.hostname or ""
    if there.scheme not in ("http", "https") or not host:
        return False
    if host == here.hostname:
        return there.scheme == here.scheme or there.scheme == "https"
    if is_loopback(host):
        return is_loopback(here.hostname or "")
    return there.scheme == "https" and host.endswith((".salesforce.com", ".force.com"))


def _refusal(answer: httpx.Response) -> Exception:
    body = parsed(answer.content)
    if isinstance(body, dict) and body.get("error"):
        return Unauthorised(_sentence(str(body["error"]), str(body.get("error_description") or "")))
    if any(item.code == "REQUEST_LIMIT_EXCEEDED" for item in complaints(body)):
        return Exhausted("salesforce: the org's daily API calls are used up")
    if answer.status_code >= 500:
        return Unavailable(f"Salesforce could not sign us in (HTTP {answer.status_code})")
    return Unauthorised(
        f"Salesforce answered the sign-in with HTTP {answer.status_code} and no token; check that login_url is the"
        " address of a Salesforce org"
    )


def _sentence(code: str, description: str) -> str:
    remedy = _REMEDIES.get(description.strip().lower()) or _REMEDIES.get(code) or "check the [salesforce] settings"
    said = f"{code}, {description.strip().rstrip('.')}" if description else code
    return f"Salesforce refused the sign-in ({said}): {remedy}"
