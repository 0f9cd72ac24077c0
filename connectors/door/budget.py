"""The daily allowance: our own cap, and a share that is left to everyone else who uses the account."""

from __future__ import annotations

import threading

from connectors.door.manners import Quota
from connectors.errors import Exhausted

_DAY = 86_400_000
_HOUR = 3_600_000


class Budget:
    """Counts our calls per day (UTC) and compares the account's use with what must remain for others.

    `calls_per_day`: our cap, None for none.  `reserve`: the fraction of the account's limit that we leave.
    `spent`, `day`: what was counted before this process started (day = days since the epoch), so that many short
    runs share one budget.
    """

    def __init__(self, calls_per_day: int | None = None, reserve: float = 0.0, *, spent: int = 0, day: int = 0) -> None:
        self.calls_per_day = calls_per_day
        self.reserve = reserve
        self.spent = spent
        self.day = day
        self.keep = 0.0
        """The share of what is allowed that is left to calls that are more important than those made now."""
        self.quota: Quota | None = None
        self._learned = 0
        self._lock = threading.Lock()

    def spend(self, now: int) -> None:
        """Count one call, or raise `Exhausted` with the time when it is worth asking again."""
        with self._lock:
            if now // _DAY != self.day:
                self.day, self.spent = now // _DAY, 0
            if self.calls_per_day is not None and self.spent >= self.calls_per_day * (1 - self.keep):
                kept = f" but for {self.keep:.0%} that is kept for what is more important" if self.keep else ""
                raise Exhausted(
                    f"the daily budget of {self.calls_per_day} calls is spent{kept}; raise calls_per_day or wait",
                    (self.day + 1) * _DAY,
                )
            # An old report proves nothing: after an hour one call may go, to learn anew.
            if self.quota is not None and now < self._learned + _HOUR and self._left() <= 0:
                raise Exhausted(
                    f"{self.quota.used} of the account's {self.quota.limit} daily calls are used and"
                    f" {self.reserve:.0%} is reserved for others",
                    self._learned + _HOUR,
                )
            self.spent += 1

    def learn(self, quota: Quota, now: int) -> None:
        """Take note of the account's use."""
        with self._lock:
            self.quota = quota
            self._learned = now

    def exhaust(self, now: int) -> int:
        """The system has refused for the day.  Returns when it is worth asking again."""
        with self._lock:
            limit = self.quota.limit if self.quota else 1
            self.quota = Quota(limit, limit)
            self._learned = now
            return now + _HOUR

    def _left(self) -> int:
        assert self.quota is not None
        return int(self.quota.limit * (1 - self.reserve) * (1 - self.keep)) - self.quota.used
