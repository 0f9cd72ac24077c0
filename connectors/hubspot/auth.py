"""The bearer token: a private app's, or OAuth's, renewed before it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.door import Door, Grant, Token
from connectors.errors import Misconfigured, Unauthorised
from connectors.hubspot import paths
from connectors.hubspot.answers import Answer, decode


class Renewal:
    """Trades the refresh token for an access token; keeps and reports a refresh token that was rotated."""

    def __init__(self, settings: Mapping[str, Any], api: str, on_token: Callable[[str], None] | None) -> None:
        self.door: Door | None = None
        self._settings = dict(settings)
        self._api = api
        self._on_token = on_token

    def fetch(self) -> Grant:
        """Raises `Unauthorised` when HubSpot no longer accepts the refresh token."""
        assert self.door is not None, "the door is set when it is made"
        form = {"grant_type": "refresh_token"}
        form.update((name, str(self._settings[name])) for name in ("client_id", "client_secret", "refresh_token"))
        answer = self._post(paths.TOKEN, form)
        if answer.status == 404 and self._api == paths.NUMBERED:
            answer = self._post(paths.LEGACY_TOKEN, form)
        token = answer.body.get("access_token")
        if not answer.good or not token:
            raise Unauthorised(f"HubSpot refuses the refresh token ({answer.status}); connect the app again")
        rotated = answer.body.get("refresh_token")
        if rotated and rotated != self._settings["refresh_token"]:
            self._settings["refresh_token"] = rotated
            if self._on_token is not None:
                self._on_token(str(rotated))
        lives = int(answer.body.get("expires_in") or 1800)
        return Grant(str(token), self.door.clock.now_ms() + lives * 1000)

    def _post(self, path: str, form: Mapping[str, str]) -> Answer:
        assert self.door is not None
        return decode(self.door.call("POST", paths.versioned(path, self._api), form=form, signed=False))


def token(
    settings: Mapping[str, Any], api: str, on_token: Callable[[str], None] | None
) -> tuple[Token, Renewal | None]:
    """The token these settings describe; the renewal wants its door."""
    if settings.get("access_token"):
        refused = "HubSpot refuses the access token; put a valid one where hubspot.access_token points to"
        return Token(Grant(str(settings["access_token"])), refused=refused), None
    missing = [name for name in ("client_id", "client_secret", "refresh_token") if not settings.get(name)]
    if missing:
        raise Misconfigured(f"[hubspot] needs access_token, or {', '.join(missing)} as well")
    renewal = Renewal(settings, api, on_token)
    return Token(fetch=renewal.fetch), renewal
