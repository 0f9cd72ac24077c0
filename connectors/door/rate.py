"""A rolling rate window: never more than `limit` calls in any `seconds`.

A token bucket with a full bucket lets twice its rate through in its first window; vendors count a rolling window,
so we count one too.  It is kept a little longer than theirs, because calls bunch up on their way.
"""

from __future__ import annotations

import threading
from collections import deque

from connectors.door.manners import Pace

_SLACK = 1.02


class Window:
    """Calls of one class.  Times are ms on our clock; safe to share between threads."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._most = limit
        self._span = int(seconds * 1000 * _SLACK)
        self._sent: deque[int] = deque()
        self._closed_until = 0
        self._lock = threading.Lock()

    def take(self, now: int) -> int:
        """0: a call may go now and is counted.  Otherwise: ask again in so many ms."""
        with self._lock:
            if now < self._closed_until:
                return self._closed_until - now
            self._forget(now)
            if len(self._sent) < self.limit:
                self._sent.append(now)
                return 0
            return self._sent[0] + self._span - now

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
            unseen = (self.limit - len(self._sent)) - (pace.left + in_flight)
            if unseen > self.limit // 10:
                self._sent.extend([now] * unseen)

    def _forget(self, now: int) -> None:
        while self._sent and self._sent[0] + self._span <= now:
            self._sent.popleft()
        while self._sent and self._sent[-1] > now:  # the clock was set back
            self._sent.pop()
