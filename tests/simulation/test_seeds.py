"""Lives in the suite: those that failed once, crashes at every boundary, and lives compared.

Comparisons (metamorphic): the same seed twice, other sizes of pages and batches, a crash anywhere against none, and a
state that is lost and rebuilt.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest

from connectors.memory import SYNC, Memory
from connectors.port import Outcome, Page, Write
from state.store import open_store
from tests.postgres import Server, postgres
from tests.simulation.evidence import Evidence
from tests.simulation.homes import ServerHome
from tests.simulation.life import Life
from tests.simulation.runner import MEMORY, Account, crash_everywhere, found_before, live, nursery
from tests.simulation.words import FIELDS, KEYS

__all__ = ["postgres"]
CHANGES, CARRY_OUT = Memory.changes, Memory._carry_out


def test_what_failed_once() -> None:
    assert found_before().failures == []


@pytest.mark.parametrize("first", [0, 5, 10, 15])
def test_a_crash_at_every_boundary(first: int) -> None:
    account = Account()
    for seed in range(first, first + 5):
        account.add(crash_everywhere(seed, 15))
    assert account.failures == []
    assert account.crashes >= 50, "some lives have few boundaries, but not so few"


def _memory(life: Life) -> tuple[Any, ...]:
    """Everything that a life left, to the byte."""
    journal = life.ask("SELECT * FROM journal ORDER BY n")
    histories = [
        (row.ref, tuple(row.history))
        for system in life.systems.values()
        for rows in system.rows.values()
        for row in rows.values()
    ]
    return journal, life.ask("SELECT * FROM operation ORDER BY n"), histories, life.now


def _values(life: Life) -> Counter[tuple[Any, ...]]:
    """What both systems hold in the end, whatever ids the records of ours got."""
    return Counter(
        (
            row.ref.system,
            row.ref.object,
            *((f, str(v)) for f, v in sorted(row.fields.items()) if v and not _names_one(f)),
        )
        for system in life.systems.values()
        for object in system.schemas
        for row in system.live(object)
    )


def _names_one(native: str) -> bool:
    """Whether a field holds the id of a counterpart."""
    return native in KEYS or native.lower().startswith(("smk_hubspot_", "smk_crm_"))


def _links(life: Life) -> set[tuple[str, ...]]:
    """Which records are one entity: by what they hold and, of people's own records, by id."""
    evidence = Evidence(life)
    return {
        tuple(sorted(f"{ref.object}:{ref.id}" for ref in members.values()))
        for members in evidence.entities.values()
        if len(members) > 1
    }


@pytest.mark.parametrize("start", [0, 1000])
def test_the_same_seed_lives_the_same_life(start: int) -> None:
    """M1"""
    for seed in range(start, start + 20):
        told = []
        for _ in range(2):
            with nursery() as born:
                life = born(seed)
                life.run()
                told.append(_memory(life))
                life.end()
        assert told[0] == told[1], f"seed {seed}"


def test_sizes_of_pages_and_batches_change_nothing() -> None:
    """M3, people frozen"""
    with nursery() as born:
        for seed in range(40):
            ends = []
            for size in (1, 7, 1000):
                life = born(seed, frozen=True, batch=size)
                life.run()
                ends.append(_values(life))
                life.end()
            assert ends[0] == ends[1] == ends[2], f"seed {seed}"


def test_a_life_is_the_same_over_postgresql(postgres: Server) -> None:
    """M8"""
    empty = postgres.template("lives", lambda url: open_store(url).close())
    with postgres.database(empty) as url, nursery() as born:
        for seed in range(6):
            told = []
            for home in (None, ServerHome(url)):
                life = born(seed, at_home=home)
                life.run()
                told.append((life.journal(), _values(life), life.now))
                life.end()
            assert told[0] == told[1], f"seed {seed}"


@pytest.mark.parametrize("first", [0])
def test_a_crash_anywhere_changes_nothing_in_the_end(first: int) -> None:
    """M6, people frozen"""
    with nursery() as born:
        for seed in range(first, first + 6):
            calm = born(seed, frozen=True)
            calm.run()
            wanted, steps = _values(calm), calm.steps
            calm.end()
            for boundary in range(1, min(steps, 60), 2):
                life = born(seed, frozen=True, stop_at=boundary)
                life.run()
                assert _values(life) == wanted, f"seed {seed}, crash at {boundary}"
                life.end()


def test_a_state_that_is_lost_is_rebuilt_without_a_duplicate() -> None:
    """M7"""
    with nursery() as born:
        for seed in range(60):
            life = born(seed)
            life.run()
            before, count = _links(life), _creations(life)
            plain = not (life.profile.deletes or life.profile.moves or life.erased_at or _questions(life))
            life.lose_state()
            life.heal()
            assert _creations(life) == count or not plain, f"seed {seed}: created again"
            assert before <= _links(life) or not plain, f"seed {seed}: {before - _links(life)} lost"
            for (ref, name), changes in Evidence(life).changes.items():
                backwards = [c for c in changes if c.ours and c.before is True and c.value is not True]
                assert name != "opted_out" or not backwards, f"seed {seed}: {ref}"
            life.end()


def _creations(life: Life) -> int:
    return sum(len(rows) for system in life.systems.values() for rows in system.rows.values())


def _questions(life: Life) -> bool:
    return bool(life.ask("SELECT 1 FROM review WHERE question IN ('duplicate', 'shared', 'same_person', 'ambiguous')"))


def test_the_judge_sees_what_is_planted() -> None:
    """A judge that never objects proves nothing: values that we did not write appear as ours."""
    with nursery() as born:
        life = born(3)
        life.run()
        row = next(iter(life.hubspot.live("contacts")))
        life.hubspot.edit("contacts", row.ref.id, {FIELDS["phone"]["hubspot"]: "invented"}, "sync")
        life.heal()
        assert any("invariant=S1" in line for line in [*life.violations, *_judged(life)])
        life.end()


def _judged(life: Life) -> list[str]:
    from tests.simulation.invariants import judge

    return judge(life)


def test_lives_are_lived_in_memory_where_there_is_such_a_disk() -> None:
    with nursery() as born:
        life = born(1)
        assert not MEMORY.is_dir() or MEMORY in life.folder.parents
        assert live(life) == []


def _twice(self: Memory, object: str, *rest: Any) -> Iterator[Page]:
    for page in CHANGES(self, object, *rest):
        yield from (page, page)


def _mixed(self: Memory, object: str, *rest: Any) -> Iterator[Page]:
    for n, page in enumerate(CHANGES(self, object, *rest)):
        records = list(page.records)
        random.Random(n).shuffle(records)
        yield replace(page, records=records)


def _backwards(self: Memory, batch: Sequence[Write], *rest: Any) -> list[Outcome]:
    return CARRY_OUT(self, batch[::-1], *rest)[::-1]


def _ends_alike(*changed: tuple[str, Any]) -> None:
    """Whether lives end as they would have, people frozen, when the connectors do something else."""
    with nursery() as born:
        for seed in range(30):
            ends = []
            for patches in ((), changed):
                with ExitStack() as stack:
                    for name, instead in patches:
                        stack.enter_context(patch.object(Memory, name, instead))
                    life = born(seed, frozen=True, batch=7)
                    life.run()
                ends.append(_values(life))
                life.end()
            assert ends[0] == ends[1], f"seed {seed}"


def test_pages_delivered_twice_change_nothing() -> None:
    """M2"""
    _ends_alike(("changes", _twice))


def test_orders_mixed_up_change_nothing() -> None:
    """M4"""
    _ends_alike(("changes", _mixed), ("_carry_out", _backwards))


def test_a_field_that_comes_into_the_mapping_later_is_all_that_is_written_then() -> None:
    """M9, people frozen"""
    everything: set[str] = set()
    with nursery() as born:
        for seed in range(20):
            life = born(seed, frozen=True, rules=("two_way", "two_way"))
            whole = life.rule
            life.rule = replace(whole, fields=tuple(field for field in whole.fields if field.name != "title"))
            life.run()
            before, life.rule = life.now, whole
            life.heal()
            written = {
                entry.field
                for system in life.systems.values()
                for rows in system.rows.values()
                for row in rows.values()
                for entry in row.history
                if entry.by == SYNC and entry.at >= before
            }
            assert written <= set(FIELDS["title"].values()), f"seed {seed}"
            everything |= written
            life.end()
    assert everything == set(FIELDS["title"].values())
