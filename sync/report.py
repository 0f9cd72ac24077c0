"""What a run did, as numbers that add up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mapping.rules import KINDS, Place
from sync.trust.guard import Pause

FATES = ("applied", "unchanged", "held", "skipped", "parked", "deleted", "merged")
SOON = 60_000
"""What waits longer than this, ms, waits for a later run."""
WRITTEN = ("created", "updated", "archived", "associated", "failed")


@dataclass
class Report:
    """The account of one run, in the shape users' scripts rely on (`as_json`)."""

    run: str
    job: str
    muted: bool = False
    told: int = 0
    """Alerts that colleagues were told."""
    started_ms: int = 0
    ended_ms: int = 0
    status: str = "done"
    message: str = ""
    """Why it stopped before its end."""
    until_ms: int | None = None
    """When it is worth trying again."""
    read: dict[tuple[str, Place], int] = field(default_factory=dict)
    """Records read, by kind and place, each counted once."""
    fates: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """(kind, system) → what became of them."""
    writes: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    calls: dict[str, int] = field(default_factory=dict)
    links: int = 0
    suggested: int = 0
    conflicts: int = 0
    unknown: int = 0
    deferred: int = 0
    pauses: list[Pause] = field(default_factory=list)
    """What is stopped at its end."""
    comparison: Mapping[str, Any] | None = None
    """What a complete comparison found."""
    plan: Mapping[str, Any] | None = None
    """What became of the plan that was carried out."""

    def written(self, kind: str, system: str, what: str) -> None:
        """Count one write."""
        self.writes[kind, system][what] += 1

    def stop(self, status: str, message: str, until_ms: int | None = None) -> None:
        """The run ends early."""
        self.status, self.message, self.until_ms = status, message, until_ms

    def finish(self, now: int, fates: Mapping[tuple[str, str, str, str], int]) -> None:
        """Close the account.  A record that was read and not decided any more waits for the next run: parked."""
        self.ended_ms = now
        for (kind, system, _object, fate), count in fates.items():
            self.fates.setdefault((kind, system), Counter())["parked" if fate == "pending" else fate] += count
        if self.status == "done" and (self.held or self.failed or self.deferred or self.replanned):
            self.status = "partial"
        if self.status in ("done", "partial") and self.pauses:
            told = "; ".join(f"{pause.why} ({pause.fix})" for pause in self.pauses)
            self.stop("paused", " ".join(filter(None, (self.message, f"Paused: {told}."))), self.until_ms)
        if self.status == "partial" and self.until_ms is not None and self.until_ms > now + SOON:
            self.stop("paused", "some writes wait until the system takes more calls", self.until_ms)

    def wait_until(self, until: int) -> None:
        """A write waits until then, ms."""
        self.until_ms = max(self.until_ms or 0, until)

    @property
    def held(self) -> int:
        """Records that wait for a person."""
        return sum(counts["held"] for counts in self.fates.values())

    @property
    def replanned(self) -> int:
        """Writes of the plan that was carried out that are not proposed any more in the same words."""
        return len(self.plan["replanned"]) if self.plan is not None else 0

    @property
    def failed(self) -> int:
        """Writes that were refused."""
        return sum(counts["failed"] for counts in self.writes.values())

    @property
    def changed(self) -> int:
        """Writes that took effect."""
        return sum(count for counts in self.writes.values() for what, count in counts.items() if what != "failed")

    @property
    def accounted(self) -> bool:
        """Whether every record that was read is accounted for, on every side and object."""
        sides = {(kind, place.system) for kind, place in self.read}
        return all(self._read(*side) == sum(self.fates.get(side, Counter())[fate] for fate in FATES) for side in sides)

    def _read(self, kind: str, side: str) -> int:
        return sum(count for (of, place), count in self.read.items() if (of, place.system) == (kind, side))

    def as_json(self) -> dict[str, Any]:
        """The contract's document."""
        sides = sorted({*self.calls, *(place.system for _, place in self.read)})
        known = {kind for kind, _ in (*self.fates, *self.writes, *self.read)} or {"person"}
        kinds = sorted(known, key=lambda kind: (KINDS.index(kind) if kind in KINDS else len(KINDS), kind))
        return {
            "run": self.run,
            "status": self.status,
            "muted": self.muted,
            "seconds": round((self.ended_ms - self.started_ms) / 1000, 1),
            "objects": {kind: {side: self._side(kind, side) for side in sides} for kind in kinds},
            "conflicts": self.conflicts,
            "links": {"made": self.links, "suggested": self.suggested},
            "api_calls": dict(sorted(self.calls.items())),
            "accounted": self.accounted,
            **({"alerts": self.told} if self.told else {}),
            **({"message": self.message} if self.message else {}),
            **({"paused": [pause.as_json() for pause in self.pauses]} if self.pauses else {}),
            **({"plan": self.plan} if self.plan is not None else {}),
            **({"differences": self.comparison} if self.comparison is not None else {}),
        }

    def _side(self, kind: str, side: str) -> dict[str, Any]:
        fates = self.fates.get((kind, side), Counter())
        writes = self.writes.get((kind, side), Counter())
        return {
            "read": self._read(kind, side),
            **{fate: fates[fate] for fate in FATES},
            "written": {what: writes[what] for what in WRITTEN},
        }
