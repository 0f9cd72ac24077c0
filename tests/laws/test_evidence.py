"""When a change happened: stamps are coarse, clocks differ, and what cannot be known goes to the tie."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.rows import Row
from sync.plan import Planner
from tests.laws.make import CONTACTS, LEAD, H, S, mapping, rule

HOUR = 3_600_000
NOON = 1_780_000_000_000


def row(place: tuple[str, str], phone: str, span: tuple[int, int]) -> Row:
    """A linked record whose phone was agreed on as 0 and changed within the span."""
    id = "1" if place[0] == H else "00Q1"
    other = {"@key:salesforce:Lead": "00Q1"} if place[0] == H else {"@key:hubspot:contacts": "1"}
    return Row(
        *place, id, "person", {"phone": phone, **other}, span[1], NOON + 2 * HOUR,
        shadow={"phone": "0"}, spans={"phone": span}, entity="e", n=1,
    )  # fmt: skip


def winner(
    hubspot: tuple[int, int], salesforce: tuple[int, int], skew: dict[str, int] | None = None
) -> tuple[str, str]:
    """(whose phone is written to the other side, why)"""
    planner = Planner(
        mapping(rule("phone", tie=S)), create={}, only={}, grain={H: 1, S: 1000}, skew=skew or {}
    )  # fmt: skip
    decision = planner.decide("e", [row(CONTACTS, "1", hubspot), replace_n(row(LEAD, "2", salesforce))], {})
    (draft,) = decision.drafts
    why = draft.fields["phone"]
    return {"1": H, "2": S}[why.new], why.rule


def replace_n(found: Row) -> Row:
    return found._replace(n=2)


@pytest.mark.parametrize(
    ("hubspot", "expected"),
    [
        (NOON + 1_000, (H, "latest")),  # the next second has begun: certainly later
        (NOON + 999, (S, "tie")),  # within Salesforce's second nobody knows
        (NOON, (S, "tie")),
        (NOON - 1, (S, "latest")),
    ],
)
def test_a_stamp_of_whole_seconds_is_an_interval(hubspot: int, expected: tuple[str, str]) -> None:
    assert winner((hubspot, hubspot), (NOON, NOON)) == expected


def test_overlapping_intervals_go_to_the_tie() -> None:
    assert winner((NOON, NOON + HOUR), (NOON + 1000, NOON + 2000)) == (S, "tie")


def test_a_clock_that_is_ahead_gains_nothing() -> None:
    late, early = NOON + 60_000, NOON
    assert winner((late, late), (early, early)) == (H, "latest")
    assert winner((late, late), (early, early), {H: 600_000}) == (S, "latest")


def test_both_clocks_ahead_by_the_same_changes_nothing() -> None:
    late, early = NOON + 60_000, NOON
    assert winner((late, late), (early, early), {H: HOUR, S: HOUR}) == (H, "latest")


def test_the_planner_is_a_value() -> None:
    planner = Planner(mapping(rule("phone")), create={}, only={}, grain={H: 1, S: 1000})
    assert replace(planner, skew={H: 5}).interval(H, NOON, NOON) == (NOON - 5, NOON - 5)
