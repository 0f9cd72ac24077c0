"""The web server flow: how an app that asks a person first comes to a refresh token.

The person agrees at once, so that clients which know nothing but refresh tokens can be connected by two requests
(OAuth guide, "OAuth 2.0 Web Server Flow"; with PKCE where the app asks for it, RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.sessions import Consent

CODE_MS = 15 * 60_000


class OAuthError(Exception):
    """HTTP 400 with `{"error", "error_description"}`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description

    def answer(self, headers: Mapping[str, str] | None = None) -> Answer:
        body = {"error": self.error, "error_description": self.description}
        return json_answer(body, 400, dict(headers or {}))


def authorize(platform: Platform, call: Call) -> Answer:
    """`GET /services/oauth2/authorize`: 302 to the app with a code."""
    asked = call.query
    redirect = asked.get("redirect_uri", "")
    if asked.get("client_id") != platform.settings.client_id:
        return OAuthError("invalid_client_id", "client identifier invalid").answer()
    if not redirect:
        return OAuthError("redirect_uri_missing", "missing required parameter: redirect_uri").answer()
    if asked.get("response_type") != "code":
        return _back(
            redirect, asked, error="unsupported_response_type", error_description="response type not supported"
        )
    consent = Consent(
        asked["client_id"],
        redirect,
        asked.get("scope", ""),
        asked.get("code_challenge", ""),
        platform.now + CODE_MS,
    )
    return _back(redirect, asked, code=platform.sessions.grant_code(consent))


def _back(redirect: str, asked: Mapping[str, str], **told: str) -> Answer:
    told |= {"state": asked["state"]} if asked.get("state") else {}
    return Answer(302, headers={"Location": f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(told)}"})


def redeem(platform: Platform, form: Mapping[str, str], client_id: str) -> Consent:
    """What the code in the form stands for.  It serves once, for the app and address it was made for."""
    consent = platform.sessions.redeem_code(form.get("code", ""))
    if consent is None or consent.client_id != client_id:
        raise OAuthError("invalid_grant", "invalid authorization code")
    if consent.until < platform.now:
        raise OAuthError("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != consent.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    if consent.challenge and _challenge(form.get("code_verifier", "")) != consent.challenge:
        raise OAuthError("invalid_grant", "invalid code verifier")
    return consent


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
