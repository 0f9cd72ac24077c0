"""Why does this field have this value: of a hundred records of the default story, of all kinds, after fifty edits."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mapping.rules import Place, is_ours
from sync import compose
from sync.trust.explain import explain
from tests.trust.story import Told

PEOPLE, EDITS, RECORDS = 200, 50, 100
CLOSE = 2_000
"""Salesforce stamps whole seconds, and its history is written in them, ms."""


@pytest.fixture(scope="module")
def life() -> Iterator[Told]:
    story = Told(PEOPLE)
    story.begin()
    story.in_step()
    story.work(random.Random(3), EDITS)
    for _ in range(3):
        story.sync()
        story.later()
    yield story
    story.close()


def told(life: Told) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    """(kind, field, what is told of it on a side, its history there) of a hundred random records."""
    engine = compose.engine(life.settings(), life.outside(), life.state)
    engine.plan()
    whose = [
        (engine.planner(rule), row.entity)
        for rule in engine.rules
        for system, objects in rule.objects.items()
        for object in objects
        for row in life.state.scan(system, object, 0, 10_000)
        if row.entity is not None
    ]
    for planner, entity in random.Random(4).sample(whose, RECORDS):
        document = explain(life.state, planner, entity)
        records = {record["side"]: record for record in document["records"] if record["state"] == "live"}
        for name, field in document["fields"].items():
            for side, view in field["sides"].items():
                native = planner.mapping.slots(Place(side, records[side]["object"]))[name].natives[0]
                if native.startswith("@") or is_ours(name):
                    continue
                history = life.world.face(side).history(records[side]["object"], records[side]["id"])
                yield planner.mapping.rule.kind, name, view, [one for one in history if one.field == native]


def test_who_wrote_each_value_is_who_the_systems_say_wrote_it(life: Told) -> None:
    kinds: Counter[str] = Counter()
    for kind, name, view, history in told(life):
        if view["value"] is None or not history:
            continue
        last = history[-1]
        if last.by == "seed" or (len(history) == 1 and last.by == "integration" and view["written_by"] != "sync"):
            # Nobody wrote it: the system gave it to the record when we made that.
            continue
        assert (view["written_by"] == "sync") == (last.by == "integration"), (kind, name, view, last)
        if view["written_by"] == "sync":
            assert view["because"] and view["run"], (kind, name, view)
            assert abs(view["written_at"] - last.at) <= CLOSE
        kinds[kind] += 1
    assert set(kinds) == {"company", "person", "deal", "activity"}
    assert sum(kinds.values()) > RECORDS


def test_every_field_says_what_becomes_of_it_next(life: Told) -> None:
    assert all(view["next"] for _, _, view, _ in told(life))
