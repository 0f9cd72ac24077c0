"""How many calls are allowed (page "API usage guidelines" and changelog "Increasing our API limits")."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from sandbox.hubspot import errors

if TYPE_CHECKING:
    from sandbox.hubspot.auth import Token
    from sandbox.hubspot.portal import Portal


class Tier(NamedTuple):
    """Calls per ten seconds and day for private apps, and per ten seconds for the association endpoints."""

    burst: int
    daily: int
    associations: int


TIERS = {
    "free": Tier(100, 250_000, 100),
    "starter": Tier(100, 250_000, 100),
    "professional": Tier(190, 650_000, 150),
    "enterprise": Tier(190, 1_000_000, 150),
}
OAUTH_BURST = 110
SEARCHES = 5
"""Per second and account."""
WINDOW_MS = 10_000


class Limits:
    """Rolling windows by app, and the account's day."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.tier = "professional"
        self.daily_used = 0
        self._day = ""
        self._windows: dict[str, deque[int]] = {}

    @property
    def daily(self) -> int:
        return TIERS[self.tier].daily

    def allowance(self, token: Token, bucket: str) -> int:
        if bucket == "search":
            return SEARCHES
        if bucket == "associations":
            return TIERS[self.tier].associations
        return OAUTH_BURST if token.oauth else TIERS[self.tier].burst

    def take(self, token: Token, bucket: str, enforce: bool) -> None:
        """Counts a call.  Raises the 429 when it is one too many (which does not count)."""
        now = self._portal.clock.now()
        self._roll_day(now)
        window = self._window(token, bucket, now)
        if enforce:
            if not token.oauth and self.daily_used >= self.daily:
                raise errors.daily_limit()
            if len(window) >= self.allowance(token, bucket):
                raise self.refusal(token, bucket)
        window.append(now)
        if not token.oauth:
            self.daily_used += 1

    def refusal(self, token: Token, bucket: str) -> errors.Refusal:
        if bucket == "search":
            return errors.search_limit()
        return errors.burst_limit(f"publicapi:private-apps-api-calls-ten-secondly:{token.app_id}")

    def _window(self, token: Token, bucket: str, now: int) -> deque[int]:
        key = "search" if bucket == "search" else f"{bucket}:{token.app_id}"
        window = self._windows.setdefault(key, deque())
        edge = now - (1_000 if bucket == "search" else WINDOW_MS)
        while window and window[0] <= edge:
            window.popleft()
        return window

    def _roll_day(self, now: int) -> None:
        """The day ends at midnight in the account's time zone."""
        day = datetime.fromtimestamp(now // 1000, UTC).astimezone(ZoneInfo(self._portal.time_zone)).date().isoformat()
        if self._day and day != self._day:
            self.daily_used = 0
        self._day = day

    def headers(self, token: Token, bucket: str) -> dict[str, str]:
        """Search answers carry no burst headers, OAuth answers no daily ones."""
        out: dict[str, str] = {}
        if not token.oauth:
            out["X-HubSpot-RateLimit-Daily"] = str(self.daily)
            out["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, self.daily - self.daily_used))
        if bucket == "search":
            return out
        most = self.allowance(token, bucket)
        used = len(self._window(token, bucket, self._portal.clock.now()))
        out["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(WINDOW_MS)
        out["X-HubSpot-RateLimit-Max"] = str(most)
        out["X-HubSpot-RateLimit-Remaining"] = str(max(0, most - used))
        out["X-HubSpot-RateLimit-Secondly"] = str(most // 10)
        out["X-HubSpot-RateLimit-Secondly-Remaining"] = str(max(0, most // 10 - 1))
        return out
