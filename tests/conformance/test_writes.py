"""Laws 4, 5, 6 and 8 over random batches: what each outcome says is what happened to that record, and to no other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.port import Applied, Deferred, Outcome, Record, Rejected, Stale, Unknown, Write
from tests.conformance.systems import OBJECTS, SYSTEMS, System

KINDS = ("new", "taken", "twice", "bad new", "good", "bad", "behind", "gone")
BATCHES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), min_size=1, max_size=24)
LOST = st.sampled_from(["", "", "before", "after"])

EXPECTED: dict[str, type[Outcome]] = {
    "new": Applied,
    "twice": Applied,
    "good": Applied,
    "taken": Stale,
    "behind": Stale,
    "gone": Stale,
    "bad new": Rejected,
    "bad": Rejected,
}

Tagged = tuple[str, str, Write]
"""Kind, a text that only this write would store, and the write."""


class Scene:
    """Records of every sort: four that are as read, four changed since, four deleted, and four keys that are taken."""

    def __init__(self, system: System) -> None:
        self.system = system
        ids = [system.create({system.first: f"Ann {n}"}) for n in range(12)]
        read = system.look(*ids)
        system.advance(system.connector.traits.grain)
        self.as_read, self.behind, self.gone = ([read[id] for id in ids[n : n + 4]] for n in (0, 4, 8))
        for record in self.behind:
            system.edit(record.ref.id, {system.second: "since"})
        for record in self.gone:
            system.delete(record.ref.id)
        made = list(system.connector.write([system.make(f"taken{n}") for n in range(4)], system.fields))
        assert all(isinstance(outcome, Applied) for outcome in made)

    def writes(self, batch: Sequence[tuple[str, int]]) -> list[Tagged]:
        return [self._write(kind, n, f"v{place}") for place, (kind, n) in enumerate(batch)]

    def _write(self, kind: str, n: int, tag: str) -> Tagged:
        system = self.system
        fields = {system.first: tag, **(system.bad if kind.startswith("bad") else {})}
        if kind in ("new", "bad new", "taken", "twice"):
            key = {"taken": f"taken{n}", "twice": f"twice{n}"}.get(kind, tag)
            return kind, tag, system.make(key, **fields)
        record: Record = {"behind": self.behind, "gone": self.gone}.get(kind, self.as_read)[n]
        return kind, tag, system.update(record, **fields)

    def check(self, tagged: Sequence[Tagged], outcomes: Sequence[Outcome], lost: str) -> None:
        system = self.system
        assert len(outcomes) == len(tagged)
        now = system.look(*system.live())
        stored = [record.fields[system.first] for record in now.values()]
        keys = [record.fields[system.key] for record in now.values() if record.fields[system.key]]
        assert len(keys) == len(set(keys)), "no key is held twice"
        for (kind, tag, write), outcome in zip(tagged, outcomes, strict=True):
            if isinstance(outcome, Unknown):
                assert lost
                continue
            if isinstance(outcome, Applied):
                assert kind in ("new", "twice", "good")
                assert outcome.record.fields[system.first] == tag
                assert kind == "good" or now[outcome.record.ref.id].fields[system.first] == tag
            else:
                assert tag not in stored
            # What a batch holds twice may be done in turn, stale after the first, or left to a later run.
            twice = sum(same(write, other) for _, _, other in tagged) > 1
            assert isinstance(outcome, (Applied, Rejected, Stale, Deferred) if twice else EXPECTED[kind])


def same(one: Write, other: Write) -> bool:
    """Whether two writes are about one record."""
    return one.id == other.id if one.id else one.key == other.key


def live_through(name: str, batch: list[tuple[str, int]], lost: str) -> None:
    with {**SYSTEMS, **OBJECTS}[name]() as system:
        scene = Scene(system)
        tagged = scene.writes(batch)
        if lost:
            system.lose_answer(after=lost == "after")
        outcomes = list(system.connector.write([write for _, _, write in tagged], system.fields))
        scene.check(tagged, outcomes, lost)


@pytest.mark.parametrize("name", ["memory", "memory, looking first"])
@given(batch=BATCHES, lost=LOST)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_outcome_is_true_in_memory(name: str, batch: list[tuple[str, int]], lost: str) -> None:
    live_through(name, batch, lost)


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
@given(data=st.data(), batch=BATCHES, lost=LOST)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_outcome_is_true_on_the_sandbox(
    side: str, data: st.DataObject, batch: list[tuple[str, int]], lost: str
) -> None:
    names = [side, *(name for name in OBJECTS if name.startswith(side))]
    live_through(data.draw(st.sampled_from(names)), batch, lost)
