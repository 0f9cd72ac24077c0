"""What a day with this configuration costs in calls: the readings on schedule, the comparison, and a day's changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from connectors.port import Connector, Problem, Traits
from mapping.rules import KindRule
from state.store import Store

PAGES = {"hubspot": 100, "salesforce": 2_000}
"""Records on one page of a full reading."""
CHANGED = 0.05
"""The share of all records that is taken to change in a day."""


class Day(NamedTuple):
    """What the configuration asks of a day."""

    syncs: float
    comparisons: float
    allowed: Mapping[str, int | None]
    """system → calls that it leaves us; None: as many as the account allows."""


class Load(NamedTuple):
    """Calls a day to one system."""

    readings: int
    comparison: int
    changes: int

    @property
    def calls(self) -> int:
        """All of them."""
        return self.readings + self.comparison + self.changes


def forecast(objects: int, records: int, traits: Traits, page: int, day: Day) -> Load:
    """objects, records: of one system, in scope."""
    per_update = 2 + 2 * traits.history
    return Load(
        ceil(day.syncs * objects),
        ceil(day.comparisons * (ceil(records / page) + objects)),
        ceil(records * CHANGED / traits.batch) * per_update,
    )


def load(
    connectors: Mapping[str, Connector],
    rules: Sequence[KindRule],
    state: Store,
    day: Day,
) -> Iterator[Problem]:
    """What each side will be asked for."""
    records: Counter[str] = Counter()
    for (_, system, _, fate, _), count in state.counts().items():
        records[system] += count if fate == "live" else 0
    for name, connector in connectors.items():
        objects = sum(len(rule.objects[name]) for rule in rules)
        page = PAGES.get(name, connector.traits.batch)
        one = forecast(objects, records[name], connector.traits, page, day)
        limits = [limit for limit in (day.allowed.get(name), connector.usage().daily_limit) if limit]
        most = min(limits, default=None)
        over = most is not None and one.calls > most
        of = f" of {most:,}" if most is not None else ""
        yield Problem(
            "warning" if over else "note",
            f"{name}.limits",
            f"about {one.calls:,}{of} calls a day: {one.readings:,} to look for changes, {one.comparison:,} for the "
            f"comparison, {one.changes:,} to write if {CHANGED:.0%} of {records[name]:,} records change",
            "let [schedule] sync run less often, or synchronise fewer kinds" if over else "nothing",
        )
