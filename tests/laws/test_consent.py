"""An opt-out passes whatever keeps other values back, and what the platform refuses is not tried for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from state.rows import PARKED, OperationRow, Row
from sync.decide.decision import Draft
from sync.plan import Planner
from tests.laws.make import PERSON, H, S, mapping, rule

MAPPING = mapping(*PERSON, rule("opted_out", "bool", winner="sticky_true", only="never"))
PLANNER = Planner(
    mapping=MAPPING,
    create={H: lambda facts: False, S: lambda facts: False},
    only={"opted_out": lambda facts: False},
    grain={H: 1, S: 1000},
)
OBJECTS = {H: "contacts", S: "Lead"}


@st.composite
def record(draw: st.DrawFn, n: int, system: str, state: str = "live") -> Row:
    now: dict[str, Any] = {"email": "ann@acme.com", "first_name": draw(st.sampled_from(["Ann", "Anna", None]))}
    now["opted_out"] = draw(st.sampled_from([True, False, None]))
    now = {name: value for name, value in now.items() if value is not None}
    shadow = draw(st.sampled_from([None, now, {**now, "first_name": "Ann", "opted_out": draw(st.booleans())}]))
    if draw(st.integers(0, 4)) == 0:
        now = {**now, "@ignore": True}
    seen = draw(st.sampled_from([5_000, 90_000]))
    return Row(system, OBJECTS[system], f"{n}", "person", now, 5_000, seen, state=state, entity="e", shadow=shadow, n=n)


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    rows = [draw(record(1, H)), draw(record(2, S))]
    return rows + [draw(record(n, S, "duplicate")) for n in range(3, 3 + draw(st.integers(0, 2)))]


def parked(draft: Draft) -> OperationRow:
    """The platform refused it."""
    fields = {name: why.new for name, why in draft.fields.items()}
    basis = {"tried": [list(one) for one in draft.tried]}
    return OperationRow(
        "e", "person", draft.system, draft.object, draft.id, "update", fields, draft.native, {}, basis, "r", PARKED
    )


def owes(rows: Sequence[Row]) -> list[Row]:
    out = any(row.now.get("opted_out") is True for row in rows)
    return [row for row in rows if out and row.now.get("opted_out") is not True]


@given(people(), st.booleans())
def test_an_opt_out_is_written_whatever_else_is_left_out_or_refused(rows: list[Row], refused: bool) -> None:
    other = {H: {"firstname": "x"}, S: {"FirstName": "x"}}
    opens = {
        row.system: OperationRow("e", "person", row.system, row.object, row.id, "update", {}, other[row.system], {}, {},
                                 "r", PARKED)
        for row in rows[:2] if refused
    }  # fmt: skip
    decision = PLANNER.decide("e", rows, opens)
    for row in owes(rows):
        written = [d for d in decision.drafts if (d.system, d.id) == (row.system, row.id)]
        assert written or (row.state == "duplicate" and decision.waits)
        assert all("opted_out" in draft.fields for draft in written)
        assert all(draft.urgent and draft.fields["opted_out"].new is True for draft in written)


@given(people())
def test_what_is_refused_is_not_tried_for_ever(rows: list[Row]) -> None:
    opens: dict[str, OperationRow] = {}
    for _ in range(3 + 2 * len(rows)):
        decision = PLANNER.decide("e", rows, opens)
        if not decision.drafts:
            break
        opens |= {draft.system: parked(draft) for draft in decision.drafts}
    assert not decision.drafts
    asked = {question.system for question in decision.questions if question.question == "rejected"}
    assert {row.system for row in owes(rows)} <= asked


@given(people())
def test_a_no_sync_box_lets_nothing_but_an_opt_out_pass(rows: list[Row]) -> None:
    if any("@ignore" in row.now for row in rows[:2]):
        decision = PLANNER.decide("e", rows, {})
        assert all(set(draft.fields) == {"opted_out"} for draft in decision.drafts)
        assert all(set(moved) <= {"opted_out"} for moved in decision.shadows.values())
