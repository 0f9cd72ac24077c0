"""The bearer token: fetched when needed, renewed by one caller while the others wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from connectors.errors import Unauthorised

_EARLY = 120_000
"""Renew so long before the end, ms: a call that waits for the rate limit must not outlive its token."""


class Grant(NamedTuple):
    """An access token and when it ends, ms on our clock (None: it does not say)."""

    token: str
    ends: int | None = None


class Token:
    """Hands out the current token.  `fetch` makes a new one; without it the token is fixed, and `refused` says what
    to do once it is refused."""

    def __init__(
        self,
        grant: Grant | None = None,
        fetch: Callable[[], Grant] | None = None,
        *,
        refused: str = "the access token is refused; give a valid one",
    ) -> None:
        assert grant is not None or fetch is not None, "a token, or a way to get one"
        self._grant = grant
        self._fetch = fetch
        self._refused = refused
        self._lock = threading.Lock()

    def get(self, now: int) -> str:
        """The token to send now."""
        grant = self._grant
        if grant is not None and (grant.ends is None or now < grant.ends - _EARLY or self._fetch is None):
            return grant.token
        return self.renew(grant.token if grant else None)

    def renew(self, refused: str | None) -> str:
        """A token other than the refused one.  Raises `Unauthorised` when there is no way to get one."""
        with self._lock:
            if self._grant is not None and self._grant.token != refused:
                return self._grant.token
            if self._fetch is None:
                raise Unauthorised(self._refused)
            self._grant = self._fetch()
            return self._grant.token
