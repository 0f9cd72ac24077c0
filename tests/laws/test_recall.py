"""What a history of native values says of a stage, and when a deal came to its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Past
from mapping.slots import Slot
from sync.decide.recall import moments, since
from sync.decide.staging import Moment
from tests.laws import make

PEOPLE = make.mapping(make.stage_rule())
STAGES = PEOPLE.slots(make.CONTACTS)["stage"]
STATUS = PEOPLE.slots(make.LEAD)["stage"]


def told(*values: tuple[int, Any]) -> list[Past]:
    return [Past(value, at, "human", "7") for at, value in reversed(values)]


def way(slot: Slot, past: dict[str, list[Past]], made: int = 5) -> list[tuple[Any, int]]:
    return [(moment.own, moment.at) for moment in moments(slot, past, made)]


def test_two_properties_say_a_stage_together() -> None:
    stage, refined = STAGES.natives
    past = {stage: told((10, "lead"), (20, "mql")), refined: told((20, "mql"), (30, "sal"))}
    assert way(STAGES, past) == [("lead", 10), ("mql", 20), ("sal", 30)]


def test_a_stage_that_is_cleared_to_be_set_back_is_one_step() -> None:
    past = {STAGES.natives[0]: told((10, "sql"), (20, None), (21, "lead"), (40, "lead"))}
    assert way(STAGES, past) == [("sql", 10), ("lead", 21)]


def test_what_was_before_all_changes_is_as_old_as_the_record() -> None:
    assert way(STATUS, {"Status": told((0, "Open"), (9, "Working A"))}) == [("mql", 5), ("sal", 9)]


@given(st.lists(st.sampled_from(["won", "lost", "open"]), min_size=1, max_size=6), st.sampled_from(["won", "lost"]))
def test_a_deal_came_to_its_outcome_when_it_last_turned_to_it(outcomes: Sequence[str], outcome: str) -> None:
    slot = cast("Slot", SimpleNamespace(steps=SimpleNamespace(outcome=lambda own: own)))
    found = since(slot, [Moment(own, at, "stage", "person", "7") for at, own in enumerate(outcomes)], outcome)
    if outcomes[-1] != outcome:
        assert found is None
    else:
        assert found is not None
        assert set(outcomes[found.at :]) == {outcome}
        assert found.at == 0 or outcomes[found.at - 1] != outcome
