"""A rolling rate window: never more than `limit` calls in any `seconds`.

A token bucket with a full bucket lets twice its rate through in its first window; vendors count a rolling window,
so we count one too.  When a call reached the system we cannot know, only that it was before the answer came: a call
counts from its start until a whole window after its answer, however long it was on its way.
"""

from __future__ import annotations

import threading
from collections import deque

from connectors.door.manners import Pace

_SLACK = 1.005
"""Two clocks never run quite alike."""
_SOON = 10
"""How long to wait where all calls that are let through are still under way, ms."""


class Window:
    """Calls of one class.  Times are ms on our clock; safe to share between threads."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._most = limit
        self._span = int(seconds * 1000 * _SLACK)
        self._under_way = 0
        self._answered: deque[int] = deque()
        self._closed_until = 0
        self._lock = threading.Lock()

    def take(self, now: int) -> int:
        """0: a call may go now and is counted, and `answered` must follow.  Otherwise: ask again in so many ms."""
        with self._lock:
            if now < self._closed_until:
                return self._closed_until - now
            self._forget(now)
            if len(self._answered) + self._under_way < self.limit:
                self._under_way += 1
                return 0
            return self._answered[0] + self._span - now if self._answered else _SOON

    def answered(self, now: int) -> None:
        """A call that was let through has ended, in whatever way."""
        with self._lock:
            self._under_way -= 1
            self._answered.append(now)

    def close(self, until: int) -> None:
        """The system has refused: let nothing through before this time."""
        with self._lock:
            self._closed_until = max(self._closed_until, until)

    def learn(self, pace: Pace, now: int, in_flight: int) -> None:
        """Adapt to what the system reports: a smaller limit, or calls that others made in our name."""
        with self._lock:
            if pace.limit > 0:
                self.limit = min(self._most, pace.limit)
            self._forget(now)
            unseen = (self.limit - len(self._answered) - self._under_way) - (pace.left + in_flight)
            if unseen > self.limit // 10:
                self._answered.extend([now] * unseen)

    def _forget(self, now: int) -> None:
        while self._answered and self._answered[0] + self._span <= now:
            self._answered.popleft()
        # By more than a thread may come late with its look at the clock: that was set back.
        while self._answered and self._answered[-1] > now + self._span:
            self._answered.pop()
