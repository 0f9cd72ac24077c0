"""A plan of a slice: what a backfill of some records would write is written, and the rest is left undecided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.trust.scope import Scope
from tests.trust.lives import Careful, Crash, careful

NAMES = ("ann", "ben", "cleo", "dora", "emil", "fred")


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        for n, name in enumerate(NAMES):
            stage.contact(name, city="Bonn" if n % 2 else "Ulm")
        stage.lead("gina")
        stage.later()
        yield stage


def leads(life: Careful) -> list[str]:
    """Who is in Salesforce by now, but for Gina."""
    names = (row.values["LastName"] for row in life.world.rows("salesforce", "Lead").values())
    return sorted(name for name in names if name != "gina")


def test_what_lies_outside_is_left_undecided(life: Careful, tmp_path: Path) -> None:
    plan = life.save(tmp_path / "plan.json", full=True, scope=Scope(where='city == "Ulm"'))
    report = life.apply(plan)
    assert report.plan is not None
    assert (report.plan["written"], report.plan["replanned"], report.plan["not_in_the_plan"]) == (3, [], 0)
    assert leads(life) == ["ann", "cleo", "emil"]
    assert report.as_json()["accounted"]
    for _ in range(2):
        life.later()
        life.sync()
    assert leads(life) == ["ann", "cleo", "emil"]
    assert len(life.world.rows("hubspot", "contacts")) == len(NAMES)


@pytest.mark.parametrize("piece", range(1, 12))
def test_a_limit_counts_once_however_often_it_is_stopped(life: Careful, tmp_path: Path, piece: int) -> None:
    plan = life.save(tmp_path / "plan.json", full=True, scope=Scope(limit=2))
    left = [piece]

    def crash(_: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash

    with pytest.raises(Crash):
        life.apply(plan, crash)
    life.reopen()
    for _ in range(2):
        life.later(30)
        report = life.apply(plan)
    assert report.plan is not None
    assert (report.plan["written"], report.plan["waiting"]) == (2, 0)
    for _ in range(2):
        life.later()
        life.sync()
    assert len(leads(life)) + len(life.world.rows("hubspot", "contacts")) - len(NAMES) == 2


def test_a_record_of_the_slice_finds_its_counterpart_outside(life: Careful, tmp_path: Path) -> None:
    life.lead("ann", City="Basle")
    life.later()
    plan = life.save(tmp_path / "plan.json", full=True, scope=Scope(where='city == "Ulm"'))
    life.apply(plan)
    assert leads(life) == ["ann", "cleo", "emil"]


def test_a_slice_that_is_too_much_asks_for_a_plan_of_the_same(life: Careful) -> None:
    life.raw["plan"] = {"creates": 1, "share": 0}
    engine = life.engine()
    engine.scope = Scope(where='city == "Ulm"')
    report = engine.cycle("backfill", full=True, muted=True)
    assert (report.status, leads(life)) == ("paused", [])
    assert "`smarketing plan --full --out plan.json` and the same options" in report.message
