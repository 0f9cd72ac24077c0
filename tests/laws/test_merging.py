"""What a record should hold that stays after a merge which people make by hand."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from state.rows import Row
from sync.decide.merging import Inherited, inherited
from tests.laws.make import PERSON, H, S, mapping, rule

MAPPING = mapping(
    *PERSON,
    rule("opted_out", "bool", winner="sticky_true"),
    rule("tags", "set", winner="union"),
    rule("visits", "int", winner="max"),
    rule("since", "int", winner="min"),
    rule("title", winner=S),
    rule("source", winner=H),
)
VALUES: dict[str, list[Any]] = {
    "first_name": ["Ann", "Anna"],
    "opted_out": [True],
    "tags": [["a"], ["b"], ["a", "b"]],
    "visits": [3, 7],
    "since": [3, 7],
    "title": ["x", "y"],
    "source": ["x", "y"],
}


@st.composite
def record(draw: st.DrawFn, n: int) -> Row:
    now = {name: draw(st.sampled_from([None, *values])) for name, values in VALUES.items()}
    now = {name: value for name, value in now.items() if value is not None} | {"email": f"{n}@acme.com"}
    return Row(H, "contacts", f"{n}", "person", now, 5_000, 90_000, created_ms=draw(st.integers(0, 9_000)), n=n)


def outcome(goes: Row, stays: Row) -> dict[str, Inherited]:
    return {one.name: one for one in inherited(MAPPING, goes, stays)}


@given(record(1), record(2))
def test_a_blank_never_wins_and_nothing_is_said_of_what_agrees(goes: Row, stays: Row) -> None:
    told = outcome(goes, stays)
    for name in VALUES:
        here, there = stays.now.get(name), goes.now.get(name)
        assert (name in told) == (there is not None and here != there)
        if name in told and here is None:
            assert told[name].then == there


@given(record(1), record(2))
def test_the_rules_of_the_fields_decide(goes: Row, stays: Row) -> None:
    for name, one in outcome(goes, stays).items():
        if one.stays is None:
            continue
        expected = {
            "opted_out": True,
            "tags": sorted({*(one.stays if name == "tags" else ()), *(one.goes if name == "tags" else ())}),
            "visits": 7,
            "since": 3,
            "title": one.stays,
            "source": one.goes,
        }
        assert one.then == expected.get(name, one.then)
