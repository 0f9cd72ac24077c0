"""A saved plan, carried out by a process that is killed again and again, ends where one that nobody kills ends.

The stand-ins do the killing, as in `test_killed`.  SMARKETING_KILLS says how many kills there are (3 if not given) and
SMARKETING_PEOPLE of how many people the plan is (60): `SMARKETING_KILLS=60 SMARKETING_PEOPLE=3000` is a plan of some
thousand writes, and takes minutes.
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path
from typing import Any

from sandbox.background import Addresses, running
from sync.trust.approving import Approved
from sync.trust.plans import Saved
from tests.endtoend import people
from tests.endtoend.deadly import Deadly
from tests.endtoend.program import HOPE, Program, ended, engine, later, provisioned

KILLS = int(os.environ.get("SMARKETING_KILLS", "3"))
PEOPLE = int(os.environ.get("SMARKETING_PEOPLE", "60"))
SEED = 12
WRITES = r"^(POST|PATCH) \S*(/batch/(create|update)|/composite(/sobjects)?|/jobs/ingest)"
PLAN = "plan.json"


def planned(world: Deadly, addresses: Addresses, folder: Path) -> tuple[Program, int]:
    """A new program beside a world made anew, with a plan of everything; how many writes that is."""
    folder.mkdir()
    world.reset(SEED, PEOPLE)
    program = Program.installed(folder, addresses)
    provisioned(program)
    document = program.json("plan", "--full", "--out", PLAN)
    return program, len(document["operations"])


def told(document: Any) -> dict[str, Any]:
    """What became of the plan; what is proposed beside it each process tells of its own turns."""
    return {name: value for name, value in document["plan"].items() if name not in ("plan", "not_in_the_plan")}


def in_pieces(program: Program, world: Deadly, rng: random.Random) -> tuple[int, Any]:
    """Apply, killed until there were enough kills.  (how many there were, what the last process said)"""
    kills, code, said = 0, -signal.SIGKILL, None
    while code == -signal.SIGKILL:
        with program.start("--json", "apply", PLAN) as process:
            if kills < KILLS:
                how = rng.choice(("before", "after", "between", "between"))
                at = (rng.randint(1, 25), "") if rng.random() < 0.4 else (rng.randint(1, 3), WRITES)
                world.aim(process.kill, at[0], how, rng.uniform(0, 0.3), at[1])
            done = ended(process)
        code = done.code
        kills += code == -signal.SIGKILL
        said = done
    world.aim(lambda: None, -1, "", 0)
    assert said is not None and code in (0, 1), said
    return kills, said.document


def finished(program: Program, world: Deadly, document: Any) -> Any:
    """What no process heard an answer to is looked for until the lists of changes had time to tell of it."""
    if not document["plan"]["waiting"]:
        return document
    later(world, HOPE)
    with engine(program, ahead=HOPE) as ours:
        approved = Approved(Saved(program.folder / PLAN))
        return ours.cycle(approved.job, muted=approved.made.full, approved=approved).as_json()


def test_a_plan_that_is_killed_in_pieces_ends_as_one_that_is_not(tmp_path: Path) -> None:
    rng, world = random.Random(KILLS), Deadly(SEED, PEOPLE)
    with running(world) as addresses:
        program, writes = planned(world, addresses, tmp_path / "whole")
        at_once = told(program.json("apply", PLAN))
        undisturbed = people.everyone(world)
        assert at_once["written"] + at_once["refused"] + len(at_once["replanned"]) == writes
        assert at_once["written"] > 0.9 * writes
        kills = rounds = 0
        while kills < KILLS:
            rounds += 1
            program, again = planned(world, addresses, tmp_path / str(rounds))
            assert again == writes
            killed, document = in_pieces(program, world, rng)
            kills += killed
            document = finished(program, world, document)
            print(f"{kills} kills so far, {rounds} plans of {writes} writes")  # noqa: T201 - for whoever asked for more
            assert told(document) == at_once
            assert not people.twice(world)
            assert people.everyone(world) == undisturbed
