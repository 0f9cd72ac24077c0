"""Whether our clock and the system's tell the same time: `latest` compares what both have stamped."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.door.door import Door
from connectors.port import Problem

NOTED_MS = 60_000
"""Clocks that differ by more are told of."""


def skewed(door: Door, system: str) -> Iterator[Problem]:
    """Told of, if they differ by much; after at least one call."""
    ahead = door.server_now() - door.clock.now_ms()
    if abs(ahead) > NOTED_MS:
        yield Problem(
            "warning",
            f"{system}.clock",
            f"our clock is {abs(ahead) // 1000:,} s {'behind' if ahead > 0 else 'ahead of'} the system's: tokens may "
            "be refused, and times by our clock are off",
            "let this machine keep its time by NTP (timedatectl set-ntp true)",
        )
