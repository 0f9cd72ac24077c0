"""The benchmarks run to their end and print every figure; how fast is their own affair."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Figure
from benchmarks.worker import measure

PEOPLE = 300


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    state = f"sqlite:///{tmp_path_factory.mktemp('benchmarks') / 'state.db'}"
    return {figure.what: figure for figure in measure("life", PEOPLE, state)}


@pytest.mark.parametrize(
    "what",
    [
        "backfill: people per second",
        "backfill: engine CPU per person",
        "backfill: calls against the fewest",
        "backfill: calls for safety",
        "second run at once: engine CPU per person",
        "idle poll: engine CPU",
        "1 % changed: calls against the fewest",
        "peak memory",
    ],
)
def test_a_life_tells_each_figure(life: dict[str, Figure], what: str) -> None:
    assert life[what].value > 0


def test_a_second_run_an_idle_poll_and_the_echo_cost_nothing(life: dict[str, Figure]) -> None:
    names = ("second run at once: writes", "1 % changed: echo writes afterwards", "runs whose numbers do not add up")
    assert {life[name].value for name in names} == {0}
    assert life["idle poll: calls per object and side"].value == 1


def test_the_limits_are_kept(tmp_path: Path) -> None:
    figures = {figure.what: figure.value for figure in measure("limited", 100, f"sqlite:///{tmp_path / 'state.db'}")}
    assert figures["under limits: 429s seen"] == 0
    assert figures["under limits: HubSpot's rate kept busy"] > 0


def test_storing_is_measured(tmp_path: Path) -> None:
    assert all(figure.value > 0 for figure in measure("upserts", 200, f"sqlite:///{tmp_path / 'state.db'}"))


def test_a_plan_is_measured(tmp_path: Path) -> None:
    figures = {figure.what: figure.value for figure in measure("plan", 200, f"sqlite:///{tmp_path / 'state.db'}")}
    assert figures["plan: operations"] == 200
    assert figures["plan: the page"] > 0


def test_scoring_is_measured(tmp_path: Path) -> None:
    figures = {figure.what: figure for figure in measure("scores", 70, f"sqlite:///{tmp_path / 'state.db'}")}
    assert figures["first pass: people scored"].value == 70
    share = figures["next day, nobody did anything: share written"]
    assert share.reaches(share.goal)
