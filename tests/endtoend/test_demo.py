"""The demo itself, and the promise it makes: after a backfill a second sync writes nothing, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.port import Connector
from sandbox.background import Addresses
from sandbox.world import World
from sync import compose
from sync.config import rules
from sync.setup.provision import lacking, provision
from tests.endtoend import people
from tests.endtoend.program import Program, later, provisioned, served
from tests.postgres import Server, postgres
from tests.scenarios.stage import MINUTE, Stage

__all__ = ["postgres"]

CHAPTERS = (
    "1. Check", "2. Plan", "3. Backfill", "4. Again", "5. An edit on each side", "6. Both change the same field",
    "7. An opt-out is never lost", "8. A record that cannot be written is held",
    "9. Whom to call first", "10. Somebody asks to be called", "11. Won", "12. One report",
)  # fmt: skip


def test_the_demo_tells_its_whole_story(tmp_path: Path) -> None:
    nothing = Addresses("", "", "", {})
    done = Program(tmp_path, nothing, {}).run("demo", "--people", "120")
    assert done.code == 0, done.err
    told = " ".join(done.out.split())
    places = [told.find(chapter) for chapter in CHAPTERS]
    assert -1 not in places
    assert places == sorted(places)
    assert "0 writes. What both sides hold is what both sides agreed on." in told
    assert "1 conflict." in told
    assert "certainly newer" in told
    assert "REQUIRED" in told
    assert "asks: Demo request" in told and "on_track" in told and "The clock: met" in told
    assert "won" in told[told.find("smk_outcome") :][:40]
    assert "revenue per lead" in told
    assert "That is the whole story." in told
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


def second_sync_writes_nothing(folder: Path, state: str) -> None:
    with served(150) as (world, addresses):
        program = Program.installed(folder, addresses, state=state)
        provisioned(program)
        first: dict[str, Any] = program.json("backfill")
        assert first["accounted"] is True
        assert all(side["written"]["created"] for side in first["objects"]["person"].values())
        assert first["objects"]["deal"]["hubspot"]["written"]["created"]
        later(world)
        before = people.frozen(world)
        second = program.json("sync")
        assert second["accounted"] is True
        written = [side["written"] for sides in second["objects"].values() for side in sides.values()]
        assert not any(count for side in written for count in side.values())
        assert people.frozen(world) == before


def test_a_second_sync_writes_nothing_with_what_is_learned() -> None:
    stage = Settled(3, 200)
    try:
        provision(stage.sides(), lacking(stage.sides(), rules(stage.settings())))
        assert stage.sync("backfill", full=True).accounted
        stage.clock.advance(MINUTE)
        assert stage.sync().changed == 0
    finally:
        stage.close()


class Settled(Stage):
    """A world with everything that is learned switched on, and clocks that stand still while a run lasts."""

    def __init__(self, seed: int, people: int) -> None:
        super().__init__()
        self.world = World(seed, people, self.clock)
        for kind in ("company", "deal", "activity"):
            del self.raw[kind]
        self.raw["hubspot"]["base_url"] = self.world.hubspot_url
        self.raw["salesforce"]["login_url"] = self.world.salesforce_url
        self.raw |= {"insight": {"behaviour": True, "outcomes": True}, "score": {"enabled": True}, "sla": {"on": True}}
        self.ready = True

    def sides(self) -> dict[str, Connector]:
        return compose.connectors(self.settings(), self.outside())


def test_a_second_sync_writes_nothing_with_sqlite(tmp_path: Path) -> None:
    second_sync_writes_nothing(tmp_path, "")


def test_a_second_sync_writes_nothing_with_postgresql(tmp_path: Path, postgres: Server) -> None:
    with postgres.database() as state:
        second_sync_writes_nothing(tmp_path, state)


@pytest.mark.parametrize("seed", [2])
def test_a_plan_is_what_the_backfill_then_does(seed: int, tmp_path: Path) -> None:
    with served(100, seed) as (_, addresses):
        program = Program.installed(tmp_path, addresses)
        provisioned(program)
        planned = program.json("plan")["summary"]
        done = program.json("backfill")["objects"]["person"]
    for side, written in ((side, done[side]["written"]) for side in done):
        creates = sum(n for name, n in planned.items() if name.startswith(side) and name.endswith(".create"))
        assert written["created"] + written["failed"] >= creates
