"""The law of undo over the default story: companies, people, deals, activities, whose they are, conversions, and values
that are our own."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from state.rows import OperationRow
from sync.trust.plans import words
from sync.trust.undoing import Wish
from tests.trust.story import Told

PEOPLE, EDITS = 120, 60


@pytest.fixture(scope="module")
def life() -> Iterator[Told]:
    story = Told(PEOPLE)
    story.raw["insight"] = {"behaviour": True, "outcomes": True, "company_stage": True}
    story.raw["score"] = {"enabled": True}
    story.begin()
    story.in_step()
    yield story
    story.close()


def updates(life: Told) -> dict[bytes, OperationRow]:
    """The writes that a sync would make to records that are there, but for what it says of itself."""
    planned = life.look().operations
    return {words(one): one for one in planned if one.id is not None and any(name[0] != "@" for name in one.fields)}


@pytest.mark.parametrize("seed", [2, 5])
def test_what_was_taken_back_and_let_go_is_proposed_again(life: Told, seed: int) -> None:
    rng = random.Random(seed)
    life.work(rng, EDITS)
    for _ in range(2):
        life.convert(rng)
    life.later()
    proposed = updates(life)
    assert len({(one.system, one.object) for one in proposed.values()}) > 5
    run = life.sync().run
    written = {words(one) for one in life.state.operations(run=run, limit=None)}
    assert proposed.keys() <= written
    life.later()
    _, found = life.undo(run)
    assert not [left for left in found.left if "created by the run" not in left.why]
    life.later()
    for _ in range(2):
        life.sync()
        life.later()
    assert life.sync().changed == 0, "nothing is redone by itself"
    life.later()
    life.engine().let_go(Wish(run))
    again = updates(life)
    assert proposed.keys() <= again.keys()
    assert again.keys() <= written, "what followed from these writes in the same run follows again"
    for _ in range(3):
        life.later()
        life.sync()
