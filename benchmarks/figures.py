"""What was measured, as figures with a goal and a floor each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.lives import Life
from benchmarks.meter import Phase
from benchmarks.minimum import purposes, ratio

CALLS_PER_S = 19.0
"""HubSpot allows a private app of a Professional account 190 calls in ten seconds."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    unit: str = ""
    goal: float | None = None
    floor: float | None = None
    more: bool = False
    """More is better."""

    def reaches(self, mark: float | None) -> bool | None:
        """Whether the value is at least as good; None: there is no mark."""
        if mark is None:
            return None
        return self.value >= mark if self.more else self.value <= mark


def of_life(life: Life) -> Iterator[Figure]:
    """Everything that is told of a life without limits."""
    backfill, again, idle = life.phases["backfill"], life.phases["again"], life.phases["idle"]
    changes, echo = life.phases["changes"], life.phases["echo"]
    people = life.people
    calls = purposes(backfill)
    yield Figure("backfill: people per second", people / backfill.seconds, "/s")
    yield Figure("backfill: engine CPU per person", backfill.cpu / people * 1e6, "us", 300, 600)
    yield Figure("backfill: records read", sum(backfill.report.read.values()))
    yield Figure("backfill: writes", backfill.report.changed)
    yield Figure("backfill: calls against the fewest", ratio(backfill, listed=True), "x", 1.01, 1.05)
    for purpose in ("reading", "writing", "safety", "set-up"):
        yield Figure(f"backfill: calls for {purpose}", calls[purpose])
    yield Figure("second run at once: people per second", people / again.seconds, "/s")
    yield Figure("second run at once: engine CPU per person", again.cpu / people * 1e6, "us")
    yield Figure("second run at once: writes", again.report.changed, "", 0, 0)
    objects = len(idle.report.read) or 3
    yield Figure("idle poll: calls per object and side", idle.calls / objects, "x", 1, 2)
    yield Figure("idle poll: engine CPU", idle.cpu * 1000, "ms")
    edited = sum(life.edited.values())
    yield Figure("1 % changed: records edited by people", edited)
    yield Figure("1 % changed: engine CPU per edit", changes.cpu / max(edited, 1) * 1e6, "us")
    yield Figure("1 % changed: writes", changes.report.changed)
    yield Figure("1 % changed: calls against the fewest", ratio(changes, listed=False), "x", 1.1, 1.3)
    yield Figure("1 % changed: calls for safety", purposes(changes)["safety"])
    yield Figure("1 % changed: echo writes afterwards", echo.report.changed, "", 0, 0)
    yield Figure("peak memory", max(phase.memory for phase in life.phases.values()) / 2**20, "MiB", 200, 350)
    wrong = sum(not phase.report.accounted for phase in life.phases.values())
    yield Figure("runs whose numbers do not add up", wrong, "", 0, 0)


def of_limited(life: Life) -> Iterator[Figure]:
    """Everything that is told of a backfill under the documented limits."""
    backfill = life.phases["backfill"]
    calls = backfill.calls_to("hubspot") - backfill.called("hubspot", "/search")
    share = calls / (CALLS_PER_S * backfill.seconds)
    yield Figure("under limits: people per second", life.people / backfill.seconds, "/s")
    yield Figure("under limits: HubSpot's rate kept busy", share * 100, "%", 97, 90, more=True)
    yield Figure("under limits: 429s seen", life.refused, "", 0, 0)


def of_scores(people: int, first: tuple[Phase, int], next_day: tuple[Phase, int]) -> Iterator[Figure]:
    """What scoring and rolling up cost."""
    (phase, scored), (later, faded) = first, next_day
    yield Figure("first pass: seconds", phase.seconds, "s", 120, 120)
    yield Figure("first pass: engine CPU per person", phase.cpu / people * 1e6, "us")
    yield Figure("first pass: people scored", scored)
    yield Figure("next day, nobody did anything: seconds", later.seconds, "s")
    yield Figure("next day, nobody did anything: share written", 100 * faded / people, "%", 100 / 7, 100 / 7)
    yield Figure("peak memory", max(phase.memory, later.memory) / 2**20, "MiB", 500, 500)
