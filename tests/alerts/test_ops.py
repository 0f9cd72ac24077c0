"""What those who run it are told: what stopped or goes wrong, once, and that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.errors import Unauthorised, Unavailable
from state.rows import ReviewRow
from tests.alerts.told import OWNER, Told, receiver, told
from tests.scenarios.stage import MINUTE


@contextmanager
def watched(*types: str) -> Iterator[tuple[Told, list[dict[str, Any]]]]:
    """A service that is in order, and what is heard of it."""
    with receiver() as (heard, port), told(task=False, channels=["env:OPS"], types=types, ops=[OWNER]) as stage:
        stage.secrets = {"OPS": f"json://127.0.0.1:{port}/ops"}
        stage.lead("ann")
        stage.settle()
        assert heard == []
        yield stage, heard


def titles(heard: list[dict[str, Any]]) -> list[str]:
    return [str(each["title"]) for each in heard]


def fails(stage: Told, why: type[Exception], path: str, kind: str, **more: str) -> None:
    """A run that does not come to its end."""
    stage.trouble("hubspot", kind, {"path": path, "times": "100", **more})
    stage.clock.advance(3 * MINUTE)
    with pytest.raises(why):
        stage.sync()


def test_access_that_was_lost_is_told_once_and_that_it_is_back() -> None:
    with watched("auth") as (stage, heard):
        for _ in range(2):
            fails(stage, Unauthorised, "contacts", "error", status="401")
        [lost] = titles(heard)
        assert lost.startswith("No access: ") and "check" in heard[0]["message"]
        stage.world.faults.clear()
        stage.settle()
        assert titles(heard)[1:] == [f"Over: {lost}"]


def test_runs_that_fail_in_a_row_and_what_was_not_read_for_long_are_told() -> None:
    with watched("error_rate", "lag") as (stage, heard):
        for _ in range(2):
            fails(stage, Unavailable, "contacts", "error", status="500")
        assert heard == [], "one that fails is followed by one that does not, as a rule"
        stage.clock.advance(120 * MINUTE)
        for _ in range(2):
            fails(stage, Unavailable, "contacts", "error", status="500")
        *late, failed = before = sorted(titles(heard))
        sides = ("hubspot", "salesforce")
        assert late == [f"Not everything that changed in {side} was read in the last 2 h" for side in sides]
        assert failed.startswith("The last 3 runs failed: ")
        stage.world.faults.clear()
        stage.settle()
        assert sorted(titles(heard)[3:]) == [f"Over: {one}" for one in before]


def test_writes_that_are_refused_are_told_where_they_are_many() -> None:
    with watched("error_rate") as (stage, heard):
        for n in range(25):
            stage.lead(f"no{n}")
        stage.trouble("salesforce", "reject", {"path": "", "times": "1000", "code": "INVALID", "message": "no"})
        stage.settle(turns=1)
        [many] = titles(heard)
        assert many.endswith("writes were refused")


def test_values_without_a_counterpart_are_told_once_for_a_field() -> None:
    with watched("unmapped") as (stage, heard):

        def ask(id: str) -> None:
            detail = {"code": "UNMAPPED_VALUE", "value": "Z"}
            at = stage.clock.now()
            stage.state.ask(
                ReviewRow("unmapped", f"unmapped|{id}", at, None, "salesforce", "Lead", id, "status", detail)
            )

        ask("1")
        stage.settle()
        ask("2")
        stage.settle()
        [told] = titles(heard)
        assert told == "Values of status in salesforce have no counterpart on the other side (1 held)"
        for id in ("1", "2"):
            stage.state.answer(f"unmapped|{id}", stage.clock.now(), "mapped")
        stage.settle()
        assert titles(heard)[1:] == [f"Over: {told}"]
