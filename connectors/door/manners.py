"""What the door must know of a system: which calls are repeatable, and what its refusals and headers mean.

`Manners` states what plain HTTP says; a connector derives from it where its system says more.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import httpx


class Route(NamedTuple):
    """The kind of a call, told from its method and path."""

    name: str
    """Method and path with ids taken out, for the ledger: `POST /crm/v3/objects/contacts/search`."""
    bucket: str | None = None
    """The rate window it counts in; None is unlimited."""
    repeatable: bool = False
    """Sending it twice does no harm (reads, searches, token requests)."""
    counted: bool = True
    """Counts against the daily limit."""


class Refusal(NamedTuple):
    """An answer that is no answer to what was asked.

    `kind`: token (renew and repeat once) · rate · lock · busy (nothing happened, repeat) · daily (nothing happened,
    stop for today) · fault (it may or may not have happened).
    """

    kind: Literal["token", "rate", "lock", "busy", "daily", "fault"]
    wait: float | None = None
    """Seconds the system asks us to wait, or the least that makes sense."""
    bucket: str | None = None
    """The rate window to close meanwhile, where it is not that of the route."""


class Quota(NamedTuple):
    """The daily allowance as the system reports it, all callers together."""

    used: int
    limit: int


class Pace(NamedTuple):
    """The state of a rate window as the system reports it."""

    limit: int
    left: int


def retry_after(response: httpx.Response) -> float | None:
    """`Retry-After` in seconds, where it is given as a number."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


LOCK_SECONDS = 2.0
"""HubSpot's guide on error handling: a 423 lock lasts two seconds; pause at least as long."""


class Manners:
    """Plain HTTP.  Derive and override what differs."""

    def route(self, method: str, path: str) -> Route:
        """`path` is decoded, without the query."""
        return Route(f"{method} {path}", None, repeatable=method in ("GET", "HEAD"))

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """None: the answer is for the connector to read, whatever its status."""
        status = response.status_code
        wait = retry_after(response)
        if status == 401:
            return Refusal("token")
        if status == 429:
            return Refusal("rate", wait)
        if status == 423:
            return Refusal("lock", max(wait or 0.0, LOCK_SECONDS))
        if status == 477 or (status == 503 and wait is not None):
            return Refusal("busy", wait)
        if status >= 500 or status == 408:
            return Refusal("fault", wait)
        return None

    def quota(self, headers: httpx.Headers) -> Quota | None:
        """The daily allowance, where this answer reports it."""
        return None

    def pace(self, headers: httpx.Headers) -> Pace | None:
        """The rate window of the route, where this answer reports it."""
        return None
