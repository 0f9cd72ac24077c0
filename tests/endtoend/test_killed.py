"""Killed at any moment, answers lost, calls refused: started again, the program ends where it would have ended anyway.

The stand-ins do the killing: at a chosen call, before it takes effect, after it took effect and before the answer, or a
moment later while the program works on its state.  SMARKETING_KILLS says how many kills there are (15 if not given).
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.background import Addresses, running
from sandbox.world import World
from tests.endtoend import people
from tests.endtoend.deadly import Deadly
from tests.endtoend.program import Program, ended, engine, later, provisioned, settled

KILLS = int(os.environ.get("SMARKETING_KILLS", "15"))
PEOPLE = 60 + 12 * KILLS
"""So many that one backfill, as a rule, is long enough for all the kills."""
SEED = 11
WRITES = r"^(POST|PATCH) \S*(/batch/(create|update)|/composite(/sobjects)?)"


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Deadly, Addresses]]:
    made = Deadly(SEED, PEOPLE)
    with running(made) as addresses:
        yield made, addresses


@pytest.fixture(scope="module")
def undisturbed(world: tuple[Deadly, Addresses], tmp_path_factory: pytest.TempPathFactory) -> Counter[Any]:
    """What both sides hold when nothing happens."""
    program = installed(world, tmp_path_factory.mktemp("undisturbed"))
    assert program.run("backfill").code in (0, 1)
    return people.couples(world[0])


def installed(world: tuple[Deadly, Addresses], folder: Path) -> Program:
    """A new program beside a world made anew, where nothing was synchronised yet."""
    made, addresses = world
    made.reset(SEED, PEOPLE)
    program = Program.installed(folder, addresses)
    provisioned(program)
    return program


def as_undisturbed(world: World, program: Program, undisturbed: Counter[Any]) -> None:
    """No duplicate, nothing lost, nothing skipped, and nothing left to do."""
    settled(program, world)
    assert not people.twice(world)
    found = people.couples(world)
    assert not found - undisturbed, "somebody is there twice, or with other values"
    assert not undisturbed - found, "somebody is missing"
    later(world)
    before = people.frozen(world)
    with engine(program, ahead=60_000) as ours:
        assert not ours.store.backlog()
        assert not ours.store.dirty("person", 0, 10)
        assert ours.cycle().accounted
    assert people.frozen(world) == before


def test_killed_at_any_moment(world: tuple[Deadly, Addresses], undisturbed: Counter[Any], tmp_path: Path) -> None:
    made, _ = world
    rng = random.Random(KILLS)
    made.aim(lambda: None, -1)
    kills = rounds = 0
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / str(rounds)
        folder.mkdir()
        program = installed(world, folder)
        code = -signal.SIGKILL
        while code == -signal.SIGKILL:
            with program.start("backfill") as process:
                if kills < KILLS:
                    how = rng.choice(("before", "after", "between", "between"))
                    at = (rng.randint(1, 14), "") if rng.random() < 0.5 else (rng.randint(1, 2), WRITES)
                    made.aim(process.kill, at[0], how, rng.uniform(0, 0.3), at[1])
                done = ended(process)
            code = done.code
            kills += code == -signal.SIGKILL
        made.aim(lambda: None, -1, "", 0)
        assert code in (0, 1), done.err
        print(f"{kills} kills so far, in {rounds} backfills")  # noqa: T201 - what SMARKETING_KILLS=100 is asked for
        as_undisturbed(made, program, undisturbed)


FAULTS: dict[str, list[dict[str, Any]]] = {
    "answers lost after the write took effect": [
        {"kind": "lost_after", "side": side, "path": WRITES, "times": -1, "chance": 0.4}
        for side in ("hubspot", "salesforce")
    ],
    "connections broken before the write": [
        {"kind": "lost_before", "side": side, "path": WRITES, "times": -1, "chance": 0.4}
        for side in ("hubspot", "salesforce")
    ],
    "too many requests": [
        {"kind": "rate_limit", "side": side, "path": WRITES, "times": 1, "skip": skip, "ms": 1000}
        for side in ("hubspot", "salesforce")
        for skip in (0, 2)
    ],
    "expired sessions": [
        {"kind": "expire", "side": "salesforce", "times": 1, "skip": skip} for skip in (3, 7, 12, 15)
    ],
    "half-refused batches": [
        {"kind": "reject", "side": "salesforce", "times": -1, "code": "UNABLE_TO_LOCK_ROW", "message": "locked",
         "match": {"LastName": "^[A-M]"}},
        {"kind": "reject", "side": "hubspot", "times": -1, "code": "INVALID_EMAIL", "message": "Not an address.",
         "match": {"lastname": "^[A-M]"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_troubles_change_nothing_in_the_end(
    faults: list[dict[str, Any]], world: tuple[Deadly, Addresses], undisturbed: Counter[Any], tmp_path: Path
) -> None:
    made, addresses = world
    program = installed(world, tmp_path)
    with httpx.Client(base_url=addresses.control) as control:
        for fault in faults:
            control.post("/faults", json=fault).raise_for_status()
        first = program.json("backfill")
        assert first["accounted"] is True
        hits = [fault["hits"] for fault in control.get("/faults").json()["faults"]]
        assert any(hits) or any(first["objects"]["person"][side]["written"]["failed"] for side in first["api_calls"])
        control.delete("/faults").raise_for_status()
    later(made)
    with engine(program, ahead=60_000) as ours:
        lease = ours.store.lease("sync", "retry", 0, 1)
        ours.store.retry(lease)
        ours.store.release(lease)
        assert ours.cycle().accounted
    as_undisturbed(made, program, undisturbed)
