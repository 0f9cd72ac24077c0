"""Who is logged in: access tokens that slide with use, refresh tokens, and the key pair for JWTs."""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.kernel import Clock
from sandbox.salesforce.settings import Settings

MOST_REFRESH_TOKENS = 5
"""A sixth grant for the same user and app revokes the oldest."""
_OFFLINE = frozenset(("refresh_token", "offline_access"))
_OPAQUE = string.ascii_letters + string.digits + "._"


@dataclass(slots=True)
class Session:
    """One access token in use."""

    user_id: str
    used: int


class Consent(NamedTuple):
    """What a person agreed to, until the code for it is handed in."""

    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    until: int

    @property
    def offline(self) -> bool:
        """Whether a refresh token was asked for; an app that names no scope gets all that it has."""
        return not self.scope or not _OFFLINE.isdisjoint(self.scope.split())


class Sessions:
    """Tokens of one org, drawn from the sandbox's own generator so that a seed repeats them."""

    def __init__(self, org_id: str, clock: Clock, settings: Settings, rng: Random) -> None:
        self.org_id = org_id
        self._clock = clock
        self._settings = settings
        self._rng = rng
        self._open: dict[str, Session] = {}
        self._refresh: dict[str, tuple[str, str]] = {}
        self._codes: dict[str, Consent] = {}
        self._private: rsa.RSAPrivateKey | None = None

    def open(self, user_id: str) -> str:
        """A new access token."""
        token = f"{self.org_id[:15]}!{self._opaque(96)}"
        self._open[token] = Session(user_id, self._clock.now())
        return token

    def user_of(self, token: str) -> str | None:
        """The user of a token that is still valid, whose life begins anew; None for any other."""
        session = self._open.get(token)
        if session is None:
            return None
        if self._clock.now() - session.used > self._settings.session_ms:
            del self._open[token]
            return None
        session.used = self._clock.now()
        return session.user_id

    def close(self, token: str) -> None:
        self._open.pop(token, None)
        self._refresh.pop(token, None)

    def close_all(self) -> None:
        """End every session, as an administrator may."""
        self._open.clear()

    def grant_refresh(self, user_id: str, client_id: str) -> str:
        """A new refresh token of a user for an app."""
        mine = [t for t, owner in self._refresh.items() if owner == (user_id, client_id)]
        for oldest in mine[: max(0, len(mine) - MOST_REFRESH_TOKENS + 1)]:
            del self._refresh[oldest]
        token = "5Aep" + self._opaque(80)
        self._refresh[token] = (user_id, client_id)
        return token

    def refresh(self, token: str, client_id: str) -> tuple[str, str | None] | None:
        """(user, the token that replaces this one if they rotate); None if it is not valid for this app."""
        owner = self._refresh.get(token)
        if owner is None or owner[1] != client_id:
            return None
        if not self._settings.rotate_refresh_tokens:
            return owner[0], None
        del self._refresh[token]
        return owner[0], self.grant_refresh(*owner)

    def grant_code(self, consent: Consent) -> str:
        """A code that stands for what a person agreed to."""
        code = "aPrx" + self._opaque(60)
        self._codes[code] = consent
        return code

    def redeem_code(self, code: str) -> Consent | None:
        """What a code stands for, the first time it is handed in."""
        return self._codes.pop(code, None)

    def public_key(self) -> str:
        """PEM of the key that assertions are checked with."""
        if self._settings.public_key is not None:
            return self._settings.public_key
        encoded = (
            self._pair()
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        return encoded.decode()

    def private_key(self) -> str:
        """PEM of the key that a client signs assertions with, where the sandbox made the pair."""
        encoded = self._pair().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return encoded.decode()

    def _pair(self) -> rsa.RSAPrivateKey:
        if self._private is None:
            self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._private

    def _opaque(self, length: int) -> str:
        return "".join(self._rng.choices(_OPAQUE, k=length))
