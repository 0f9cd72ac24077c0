"""HubSpot's manners: what its refusals and headers mean to the door (usage guidelines; guide on error handling)."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from connectors.door import Manners, Pace, Quota, Refusal, Route, Window, retry_after
from connectors.hubspot import paths

_TEN_SECONDS = 2.5
"""The window rolls, so some room comes back long before ten seconds have passed."""
_ONE_SECOND = 1.0


def windows(calls_per_10_s: int = 190, searches_per_s: int = 5) -> dict[str, Window]:
    """190 calls in 10 s for a private app of a Professional account, 5 searches a second for the whole account;
    associations apart, 150 in 10 s (100 where all calls may be 100)."""
    return {
        "general": Window(calls_per_10_s, 10.0),
        "associations": Window(min(calls_per_10_s, 150), 10.0),
        "search": Window(searches_per_s, 1.0),
    }


class HubSpotManners(Manners):
    """Which limit a 429 means is told by `policyName`, and for searches only by the message."""

    def route(self, method: str, path: str) -> Route:
        """See `paths.route`."""
        return paths.route(method, path)

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """As plain HTTP, but 429 tells which limit was passed."""
        if response.status_code != 429:
            return super().refusal(response)
        body = _json(response)
        policy = f"{body.get('policyName', '')} {body.get('message', '')}".lower()
        if "daily" in policy:
            return Refusal("daily")
        wait = retry_after(response)
        if "secondly" in policy and "ten_secondly" not in policy:
            return Refusal("rate", wait or _ONE_SECOND, "search")
        return Refusal("rate", wait or _TEN_SECONDS)

    def quota(self, headers: httpx.Headers) -> Quota | None:
        """Absent for OAuth apps, which have no daily limit."""
        limit, left = headers.get("x-hubspot-ratelimit-daily"), headers.get("x-hubspot-ratelimit-daily-remaining")
        if limit is None or left is None or not (limit.isdigit() and left.isdigit()):
            return None
        return Quota(int(limit) - int(left), int(limit))

    def pace(self, headers: httpx.Headers) -> Pace | None:
        """Search answers carry none of these."""
        limit, left = headers.get("x-hubspot-ratelimit-max"), headers.get("x-hubspot-ratelimit-remaining")
        if limit is None or left is None or not (limit.isdigit() and left.isdigit()):
            return None
        return Pace(int(limit), int(left))


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
