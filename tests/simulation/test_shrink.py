"""A life that fails is shrunk to what matters, and chance goes on as if the rest had happened."""

from __future__ import annotations

from tests.simulation.mutants import MUTANTS
from tests.simulation.runner import live, nursery
from tests.simulation.shrink import again, smallest


def test_a_life_that_fails_is_shrunk_to_what_matters() -> None:
    with MUTANTS["what loses is journaled"].alive(), nursery() as born:
        life, left, line = next(found for seed in range(50) if (found := smallest(born, seed)).line)
        assert "invariant=S" in line
        assert 0 < len(left) < len(life.events) / 2
        assert live(again(born, life, left)), "and it still fails"


def test_a_life_without_anything_left_out_is_the_same() -> None:
    with nursery() as born:
        life = born(3)
        assert live(life) == []
        same = again(born, life, life.events)
        assert live(same) == []
        assert (same.now, same.steps, same.events) == (life.now, life.steps, life.events)
