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
    "a creation in flight reserves its place": found.test_who_arrives_while_a_creation_is_under_way_waits_for_it,
    "the sync key is unique": found.test_a_creation_that_takes_effect_after_it_was_made_again_is_refused,
    "create inserts, never upserts": found.test_a_creation_that_takes_effect_after_it_was_made_again_is_refused,
    "the other side's shadow moves with a write": (
        found.test_an_edit_right_after_our_write_is_no_conflict_with_what_we_wrote
    ),
    "what is planned remembers what was refused before": (
        found.test_an_opt_out_does_not_wait_for_what_is_refused_though_its_records_are_decided_one_by_one
    ),
}
"""Rules that matter in so few lives that a story tells it faster."""


def caught(mutant: Mutant) -> tuple[int, str] | None:
    """(seed, violation) of the first life that objects."""
    with mutant.alive():
        for seed in mutant.seeds(SEEDS):
            for line in many([seed]).failures:
                assert "invariant=X " not in line, f"a planted bug is a law broken, no exception: {line}"
                if not mutant.by or f"invariant={mutant.by} " in line:
                    return seed, line
    return None


@pytest.mark.parametrize("rule", sorted(set(MUTANTS) - set(STORIES)))
def test_a_life_misses_the_rule(rule: str) -> None:
    assert caught(MUTANTS[rule]), f"nobody misses the rule: {rule}"


@pytest.mark.parametrize("rule", sorted(STORIES))
def test_a_story_misses_the_rule(rule: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    with MUTANTS[rule].alive(), pytest.raises(AssertionError):
        STORIES[rule](scene)
    scene.end()
