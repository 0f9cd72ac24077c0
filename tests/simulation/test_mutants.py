"""Every safety rule, taken out alone, is missed: by some life, or by the story of the bug that made the rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation import test_found as found
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.runner import many
from tests.simulation.scene import Scene

SEEDS = 5000
STORIES: dict[str, Callable[[Scene], None]] = {
    "edits to a record found by looking are changes": (
        found.test_an_edit_to_a_record_whose_creation_went_unanswered_travels
    ),
    "a write that half happened is journaled": (
        found.test_what_an_unanswered_write_replaced_is_journaled_though_another_field_changed_since
    ),
    "no creation again before the feed has caught up": (
        found.test_what_was_made_unanswered_and_deleted_at_once_is_not_made_again
    ),
}
"""Rules that matter in so few lives that a story tells it faster."""
COVERED = {
    "a creation in flight reserves its place",
    "the other side's shadow moves with a write",
    "merges and conversions are followed",
    "an heir is judged by what it held after the move",
    "the sync key is unique (and nobody looks)",
    "create inserts, never upserts (and nobody looks)",
}
"""Defence in depth: another rule does the same work in nearly every life of one worker."""


def caught(mutant: Mutant) -> tuple[int, str] | None:
    """(seed, violation) of the first life that objects."""
    with mutant.alive():
        for seed in mutant.seeds(SEEDS):
            for line in many([seed]).failures:
                if not mutant.by or f"invariant={mutant.by} " in line:
                    return seed, line
    return None


@pytest.mark.parametrize("rule", sorted(set(MUTANTS) - set(STORIES) - COVERED))
def test_a_life_misses_the_rule(rule: str) -> None:
    assert caught(MUTANTS[rule]), f"nobody misses the rule: {rule}"


@pytest.mark.parametrize("rule", sorted(STORIES))
def test_a_story_misses_the_rule(rule: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    with MUTANTS[rule].alive(), pytest.raises(AssertionError):
        STORIES[rule](scene)
    scene.end()
