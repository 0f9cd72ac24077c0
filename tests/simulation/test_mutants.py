"""Every safety rule, taken out alone, is missed: by some life, or by the story of the bug that made the rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.postgres import Server, postgres
from tests.simulation import test_found as found
from tests.simulation import test_found_people as people
from tests.simulation import test_mirrored as mirrored
from tests.simulation import test_seeds as compared
from tests.simulation.mutants import CAUGHT, COMPARED, MUTANTS, Mutant
from tests.simulation.runner import live, nursery
from tests.simulation.scene import Scene

__all__ = ["postgres"]
SEEDS = 5000
COMPARISONS: dict[str, Callable[[], None]] = {
    "M1": partial(compared.test_the_same_seed_lives_the_same_life, 0),
    "M2": compared.test_pages_delivered_twice_change_nothing,
    "M3": compared.test_sizes_of_pages_and_batches_change_nothing,
    "M4": compared.test_orders_mixed_up_change_nothing,
    "M5": mirrored.test_swapped_systems_and_rules_give_the_mirror_image,
    "M6": partial(compared.test_a_crash_anywhere_changes_nothing_in_the_end, 0),
    "M7": compared.test_a_state_that_is_lost_is_rebuilt_without_a_duplicate,
    "M9": compared.test_a_field_that_comes_into_the_mapping_later_is_all_that_is_written_then,
}
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
        found.test_an_opt_out_does_not_wait_for_what_is_refused_without_a_name
    ),
    "the last words of who is gone are heard": people.test_who_opted_out_just_before_they_were_deleted_is_heard,
}
"""Rules that matter in so few lives that a story tells it faster."""


def caught(mutant: Mutant, by: str = "") -> tuple[int, str] | None:
    """(seed, violation) of the first life that objects; `by`: with this invariant."""
    with mutant.alive(), nursery() as born:
        for seed in mutant.seeds(SEEDS):
            for line in live(born(seed)):
                assert "invariant=X " not in line, f"a planted bug is a law broken, no exception: {line}"
                if not by or f"invariant={by} " in line:
                    return seed, line
    return None


@pytest.mark.parametrize("invariant", CAUGHT)
def test_each_invariant_catches_a_planted_bug(invariant: str) -> None:
    assert caught(MUTANTS[CAUGHT[invariant]], invariant), f"nothing that {invariant} catches"


@pytest.mark.parametrize("rule", sorted(set(MUTANTS) - set(STORIES) - set(CAUGHT.values())))
def test_a_life_misses_the_rule(rule: str) -> None:
    assert caught(MUTANTS[rule]), f"nobody misses the rule: {rule}"


@pytest.mark.parametrize("rule", sorted(STORIES))
def test_a_story_misses_the_rule(rule: str, tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    with MUTANTS[rule].alive(), pytest.raises(AssertionError):
        STORIES[rule](scene)
    scene.end()


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_each_comparison_catches_a_planted_bug(comparison: str) -> None:
    with COMPARED[comparison].alive(), pytest.raises(AssertionError):
        COMPARISONS[comparison]()


def test_both_databases_are_compared(postgres: Server) -> None:
    """M8"""
    with COMPARED["M8"].alive(), pytest.raises(AssertionError):
        compared.test_a_life_is_the_same_over_postgresql(postgres)
