"""Laws 1 and 2 over random histories: whatever people do between, during and after the pages, nothing is missed.

A reader follows the cursors like the engine does: it stores each page with its cursor, stops in the middle of a
listing now and then, and goes on from what it has stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.port import Cursor
from tests.conformance.systems import HUBSPOT, SALESFORCE, HubSpotWorld, MemoryWorld, SalesforceWorld, System

Step = tuple[str, int]


@dataclass
class Reader:
    """What the engine would know: the newest record seen of each id, and the cursor."""

    system: System
    cursor: Cursor | None = None
    known: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def read(self, pages: int | None, between: Callable[[], None]) -> None:
        """Take so many pages (None: all), letting something happen after each."""
        for n, page in enumerate(self.system.connector.changes(self.system.object, self.system.fields, self.cursor)):
            for record in page.records:
                value = None if record.deleted else record.fields[self.system.first]
                if record.version >= self.known.get(record.ref.id, (0, None))[0]:
                    self.known[record.ref.id] = (record.version, value)
            self.check(page.cursor)
            self.cursor = page.cursor
            between()
            if pages is not None and n + 1 >= pages:
                return

    def check(self, cursor: Cursor) -> None:
        """Law 1, taken literally: what is older than the watermark has been seen as it is."""
        if cursor.watermark is None:
            return
        assert self.cursor is None or (self.cursor.watermark or 0) <= cursor.watermark, "watermarks never go back"
        for id, record in self.system.look(*self.system.live()).items():
            if record.version < cursor.watermark:
                assert self.known[id] == (record.version, record.fields[self.system.first])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.integers(1, 3)),
        st.tuples(st.just("edit"), st.integers(0, 50)),
        st.tuples(st.just("delete"), st.integers(0, 50)),
        st.tuples(st.just("pass"), st.sampled_from([1, 300, 1_000, 4_999, 5_000, 20_000])),
        st.tuples(st.just("late"), st.sampled_from([0, 1, 1_000, 5_000])),
        st.tuples(st.just("pages"), st.integers(1, 3)),
        st.tuples(st.just("all"), st.just(0)),
    ),
    max_size=12,
)


LATE: list[Step] = [
    ("create", 1),
    ("pass", 20_000),
    ("all", 0),
    ("late", 5_000),
    ("edit", 0),
    ("pass", 1_000),
    ("all", 0),
]
"""An edit that is not shown yet when the next reading ends: its watermark must stay below it."""


class History:
    """Applies the steps; the number of a step picks the record."""

    def __init__(self, system: System, crowd: int = 1) -> None:
        self.system = system
        self.crowd = crowd
        self.made = 0

    def act(self, what: str, n: int) -> None:
        live = sorted(self.system.live(), key=lambda id: (len(id), id))
        if what == "create":
            for _ in range(n * self.crowd):
                self.made += 1
                self.system.create({self.system.first: f"Ann {self.made}"})
        elif what == "edit" and live:
            self.made += 1
            self.system.edit(live[n % len(live)], {self.system.first: f"Bea {self.made}"})
        elif what == "delete" and live:
            self.system.delete(live[n % len(live)])
        elif what == "pass":
            self.system.advance(n)
        elif what == "late":
            self.system.show_late(n)


def follow(system: System, steps: list[Step], during: list[Step], crowd: int = 1) -> None:
    """Live through the steps, then let everything settle, and demand that the reader knows all there is."""
    history, reader, left = History(system, crowd), Reader(system), list(during)

    def between() -> None:
        if left:
            history.act(*left.pop())

    for what, n in steps:
        if what in ("pages", "all"):
            reader.read(n if what == "pages" else None, between)
        else:
            history.act(what, n)
    system.advance(system.connector.traits.lag + system.connector.traits.grain)
    # An unfinished listing first comes to its end; what happened while it ran is in the reading after it.
    for _ in range(2):
        reader.read(None, lambda: None)
    truth = {id: record.fields[system.first] for id, record in system.look(*system.live()).items()}
    known = {id: value for id, (_, value) in reader.known.items() if value is not None}
    assert known == truth


@pytest.mark.parametrize("grain", [1, 1_000])
@given(steps=STEPS, during=STEPS)
@example(steps=LATE, during=[])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_memory_misses_nothing(grain: int, steps: list[Step], during: list[Step]) -> None:
    follow(MemoryWorld(grain=grain), steps, during)


@given(thing=st.sampled_from(sorted(HUBSPOT)), steps=STEPS, during=STEPS)
@example(thing="contacts", steps=LATE, during=[])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_hubspot_misses_nothing(thing: str, steps: list[Step], during: list[Step]) -> None:
    """Each creation makes a crowd in one millisecond, so that pages end inside it."""
    follow(HubSpotWorld(thing), steps, during, crowd=70)


@pytest.mark.parametrize("bulk_above", [1, 200_000])
@given(thing=st.sampled_from(sorted(SALESFORCE)), steps=STEPS, during=STEPS)
@example(thing="Lead", steps=LATE, during=[])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_salesforce_misses_nothing(bulk_above: int, thing: str, steps: list[Step], during: list[Step]) -> None:
    """Each creation makes a crowd in one second, so that pages end inside it; listings by query and by job."""
    follow(SalesforceWorld(thing, bulk_above=bulk_above), steps, during, crowd=70)
