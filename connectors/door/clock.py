"""Time and chance, injected: the only way connectors learn of either."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Given by `main` (the real one), by the simulator or by a test."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch, on our own clock."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let this much time pass."""
        ...

    def random(self) -> float:
        """In [0, 1): jitter for waits."""
        ...
