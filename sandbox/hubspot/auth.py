"""Tokens: the private app's, and those that OAuth gives out for half an hour (guide "Manage OAuth tokens")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.schema import IDLE, TYPES
from sandbox.hubspot.wire import Answer, Ask, route

if TYPE_CHECKING:
    from sandbox.hubspot.face import HubSpot

LIFETIME_S = 1_800
ALL_SCOPES = frozenset(
    [
        "oauth",
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.companies.read",
        "crm.objects.companies.write",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.objects.leads.read",
        "crm.objects.leads.write",
        *(f"crm.objects.{TYPES[name].scopes}.{doing}" for name in IDLE for doing in ("read", "write")),
        "crm.objects.owners.read",
        "crm.schemas.contacts.read",
        "crm.schemas.contacts.write",
        "crm.schemas.companies.read",
        "crm.schemas.companies.write",
        "crm.schemas.deals.read",
        "crm.schemas.deals.write",
        "crm.lists.read",
        "crm.lists.write",
        "sales-email-read",
        "forms",
        "content",
        "communication_preferences.read",
        "communication_preferences.write",
        "communication_preferences.read_write",
        "communication_preferences.statuses.batch.read",
        "communication_preferences.statuses.batch.write",
        "automation",
        "analytics.behavioral_events.send",
        "behavioral_events.event_definitions.read_write",
    ]
)


@dataclass(slots=True)
class App:
    """A registered app; `refresh` are the refresh tokens of its installs, stable until revoked."""

    client_id: str
    client_secret: str
    app_id: int
    scopes: frozenset[str]
    refresh: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)
    """Authorisation code → redirect URI."""


@dataclass(slots=True)
class Token:
    """One access token.  A private app's never expires by itself."""

    text: str
    app_id: int
    scopes: frozenset[str]
    expires: int | None = None
    client_id: str = ""
    refresh: str = ""

    @property
    def oauth(self) -> bool:
        return bool(self.client_id)


class Auth:
    """Every token of the portal.  `scopes` of a token may be narrowed to see what MISSING_SCOPES does."""

    def __init__(self, face: HubSpot) -> None:
        self._face = face
        self.tokens: dict[str, Token] = {}
        self.apps: dict[str, App] = {}
        self.user_id = 9_586_504

    def secret(self, parts: tuple[int, ...] = (8, 4, 4, 4, 12)) -> str:
        rng = self._face.kernel.rng
        return "-".join(f"{rng.getrandbits(4 * n):0{n}x}" for n in parts)

    def private(self, text: str, app_id: int, scopes: frozenset[str] = ALL_SCOPES) -> Token:
        made = self.tokens[text] = Token(text, app_id, scopes)
        return made

    def register(self, client_id: str, client_secret: str, app_id: int, refresh: str) -> App:
        made = self.apps[client_id] = App(client_id, client_secret, app_id, ALL_SCOPES, {refresh})
        return made

    def issue(self, app: App, refresh: str) -> Token:
        text = f"CI{self.secret((24, 24, 24))}"
        expires = self._face.clock.now() + LIFETIME_S * 1000
        made = self.tokens[text] = Token(text, app.app_id, app.scopes, expires, app.client_id, refresh)
        return made

    def expire_all(self) -> None:
        """Every OAuth token is over, as of now."""
        for token in self.tokens.values():
            if token.oauth:
                token.expires = self._face.clock.now() - 1000

    def check(self, header: str) -> Token:
        """The token of a request.  Raises the 401."""
        kind, _, text = header.partition(" ")
        token = self.tokens.get(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise errors.no_token()
        if token.expires is not None and token.expires <= self._face.clock.now():
            raise errors.expired_token((self._face.clock.now() - token.expires) // 1000)
        return token

    @staticmethod
    def allow(token: Token, needed: list[str]) -> None:
        """Raises the 403 unless one of these scopes was granted."""
        if needed and token.scopes.isdisjoint(needed):
            raise errors.missing_scopes(needed)


def _bad(code: str, error: str, message: str) -> errors.Refusal:
    body = {
        "status": code,
        "message": message,
        "correlationId": "",
        "error": error,
        "error_description": message,
    }
    return errors.Refusal(400, body)


def _app(face: HubSpot, form: dict[str, str]) -> App:
    app = face.auth.apps.get(form.get("client_id", ""))
    if app is None:
        raise _bad("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
    if form.get("client_secret") != app.client_secret:
        raise _bad("BAD_CLIENT_SECRET", "invalid_client", "missing or invalid client secret")
    return app


def _grant(face: HubSpot, app: App, form: dict[str, str]) -> str:
    kind = form.get("grant_type", "")
    if kind == "refresh_token":
        if form.get("refresh_token", "") not in app.refresh:
            raise _bad("BAD_REFRESH_TOKEN", "invalid_grant", "missing or invalid refresh token")
        return form["refresh_token"]
    if kind == "authorization_code":
        if app.codes.get(form.get("code", "")) != form.get("redirect_uri", ""):
            raise _bad("BAD_AUTH_CODE", "invalid_grant", "missing or invalid auth code")
        del app.codes[form["code"]]
        refresh = f"na1-{face.auth.secret()}"
        app.refresh.add(refresh)
        return refresh
    raise _bad("BAD_GRANT_TYPE", "unsupported_grant_type", "missing or unknown grant type")


def token(face: HubSpot, ask: Ask) -> Answer:
    form = ask.form()
    app = _app(face, form)
    refresh = _grant(face, app, form)
    made = face.auth.issue(app, refresh)
    body = {
        "token_type": "bearer",
        "access_token": made.text,
        "refresh_token": refresh,
        "expires_in": LIFETIME_S,
        "hub_id": face.portal_id,
        "scopes": sorted(made.scopes),
        "user_id": face.auth.user_id,
        "token_use": "access_token",
    }
    return Answer(200, body)


def _shown(face: HubSpot, found: Token) -> dict[str, Any]:
    left = 0 if found.expires is None else max(0, (found.expires - face.clock.now()) // 1000)
    return {
        "token": found.text,
        "user": "admin@example.com",
        "hub_domain": "example.com",
        "scopes": sorted(found.scopes),
        "signed_access_token": _signed(face, found),
        "hub_id": face.portal_id,
        "app_id": found.app_id,
        "expires_in": left,
        "user_id": face.auth.user_id,
        "token_type": "access",
        "is_private_distribution": True,
    }


def _signed(face: HubSpot, found: Token) -> dict[str, Any]:
    return {
        "expiresAt": found.expires or 0,
        "scopes": "",
        "hubId": face.portal_id,
        "userId": face.auth.user_id,
        "appId": found.app_id,
        "signature": "",
        "scopeToScopeGroupPks": "",
        "newSignature": "",
        "hublet": "na1",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "isUserLevel": False,
        "isServiceAccount": False,
        "isPrivateDistribution": True,
        "installingUserId": face.auth.user_id,
        "appInstallId": "0",
        "audience": "",
    }


def _live(face: HubSpot, text: str) -> Token | None:
    found = face.auth.tokens.get(text)
    gone = found is None or (found.expires is not None and found.expires <= face.clock.now())
    return None if gone else found


def access_token(face: HubSpot, ask: Ask, text: str) -> Answer:
    found = _live(face, text)
    if found is None:
        raise errors.refuse(404, "This access token does not exist or has expired", "OBJECT_NOT_FOUND")
    return Answer(200, _shown(face, found))


def refresh_token(face: HubSpot, ask: Ask, text: str) -> Answer:
    app = next((a for a in face.auth.apps.values() if text in a.refresh), None)
    if app is None:
        raise errors.refuse(404, "This refresh token does not exist", "OBJECT_NOT_FOUND")
    if ask.method == "DELETE":
        app.refresh.discard(text)
        return Answer(204)
    return Answer(200, _refresh_shown(face, app, text))


def _refresh_shown(face: HubSpot, app: App, text: str) -> dict[str, Any]:
    return {
        "token": text,
        "client_id": app.client_id,
        "user": "admin@example.com",
        "hub_domain": "example.com",
        "hub_id": face.portal_id,
        "scopes": sorted(app.scopes),
        "token_type": "refresh",
        "user_id": face.auth.user_id,
    }


def introspect(face: HubSpot, ask: Ask) -> Answer:
    form = ask.form()
    app = _app(face, form)
    text = form.get("token", "")
    found = _live(face, text)
    more = {"active": True, "client_id": app.client_id, "app_id": app.app_id}
    if found is not None:
        return Answer(200, {**_shown(face, found), **more, "token_use": "access_token"})
    if text in app.refresh:
        return Answer(200, {**_refresh_shown(face, app, text), **more, "token_use": "refresh_token"})
    return Answer(200, {"active": False})


def revoke(face: HubSpot, ask: Ask) -> Answer:
    form = ask.form()
    app = _app(face, form)
    app.refresh.discard(form.get("token", ""))
    face.auth.tokens.pop(form.get("token", ""), None)
    return Answer(200)


def private_app(face: HubSpot, ask: Ask) -> Answer:
    """What a private app's token may do (page "Private apps")."""
    found = face.auth.tokens.get(str(ask.object().get("tokenKey") or ""))
    if found is None or found.oauth:
        raise errors.refuse(404, "Access token not found", "OBJECT_NOT_FOUND")
    body = {
        "userId": face.auth.user_id,
        "hubId": face.portal_id,
        "appId": found.app_id,
        "scopes": sorted(found.scopes),
    }
    return Answer(200, body)


def authorize(face: HubSpot, ask: Ask) -> Answer:
    """The installing user agrees at once: a redirect with the code."""
    app = face.auth.apps.get(ask.one("client_id"))
    if app is None:
        raise _bad("BAD_CLIENT_ID", "invalid_client", "missing or unknown client id")
    code = face.auth.secret()
    target = ask.one("redirect_uri")
    app.codes[code] = target
    state = f"&state={ask.one('state')}" if ask.one("state") else ""
    raise errors.Refusal(302, "", {"Location": f"{target}{'&' if '?' in target else '?'}code={code}{state}"})


ROUTES = [
    route("POST", "oauth/token", token, bucket="none", open=True),
    route("POST", "oauth/token/introspect", introspect, bucket="none", open=True),
    route("POST", "oauth/token/revoke", revoke, bucket="none", open=True),
    route("GET", "oauth/access-tokens/{token}", access_token, bucket="none", open=True),
    route("GET", "oauth/refresh-tokens/{token}", refresh_token, bucket="none", open=True),
    route("DELETE", "oauth/refresh-tokens/{token}", refresh_token, bucket="none", open=True),
    route("POST", "oauth/private-apps/get/access-token-info", private_app, bucket="none", open=True),
    route("GET", "oauth/authorize", authorize, bucket="none", open=True),
]
