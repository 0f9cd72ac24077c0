"""What a phase cost this process: time, processor, memory, and calls by kind."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sync.engine import Engine
from sync.report import Report

MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass
class Phase:
    """One cycle as it was measured."""

    seconds: float = 0.0
    cpu: float = 0.0
    """User and system time of this process, seconds."""
    memory: int = 0
    """Peak resident memory of this process up to the end of the phase, bytes."""
    routes: Counter[str] = field(default_factory=Counter)
    """`side METHOD path` → calls."""
    report: Report = field(default_factory=lambda: Report("", ""))

    @property
    def calls(self) -> int:
        """Calls in all."""
        return sum(self.routes.values())

    def calls_to(self, side: str) -> int:
        """Calls to one side."""
        return sum(count for route, count in self.routes.items() if route.startswith(side))

    def called(self, *parts: str) -> int:
        """Calls whose side and route hold all of these texts."""
        return sum(count for route, count in self.routes.items() if all(part in route for part in parts))


def routes(engine: Engine) -> Counter[str]:
    """All calls so far."""
    found: Counter[str] = Counter()
    for side, connector in engine.connectors.items():
        for route, count in connector.usage().by_route.items():
            found[f"{side} {route}"] += count
    return found


def cpu() -> float:
    """User and system time of this process so far, seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def measured(engine: Engine, now_ms: Callable[[], int]) -> Iterator[Phase]:
    """Measure what happens inside; the phase is filled at the end."""
    phase = Phase()
    before, started, used = routes(engine), now_ms(), cpu()
    yield phase
    phase.cpu = cpu() - used
    phase.seconds = max(now_ms() - started, 1) / 1000
    phase.routes = routes(engine) - before
    phase.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES
