"""`at_rest` is a shortcut of `Planner.decide`: it says yes only where that would find nothing to do."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from state.rows import Row
from sync.decide.rest import at_rest
from sync.plan import Planner
from tests.laws.make import PERSON, H, S, mapping, rule, stage_rule

MAPPING = mapping(*PERSON, rule("opted_out", "bool", winner="sticky_true"), stage_rule())
PLANNER = Planner(
    mapping=MAPPING,
    create={H: lambda facts: True, S: lambda facts: True},
    only={},
    grain={H: 1, S: 1000},
)
OTHER = {H: "salesforce:Lead", S: "hubspot:contacts"}
IDS = {H: "51", S: "00Q51"}


def row(system: str, now: dict[str, Any], shadow: dict[str, Any] | None, **more: Any) -> Row:
    object = "contacts" if system == H else "Lead"
    return Row(
        system, object, IDS[system], "person", now, 5_000, 90_000, dirty=True, entity="e", shadow=shadow,
        n=1 if system == H else 2, **more,
    )  # fmt: skip


def values(email: str | None, name: str | None, out: bool | None, stage: str | None) -> dict[str, Any]:
    every = {"email": email, "first_name": name, "opted_out": out, "stage": stage}
    return {key: value for key, value in every.items() if value is not None}


FIELDS = ("email", "first_name", "last_name", "phone", "opted_out", "stage")
held = st.builds(
    values,
    st.sampled_from([None, "ann@acme.com"]),
    st.sampled_from([None, "Ann", "Anna"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "mql", "?new"]),
)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    found = []
    for system, other in ((H, S), (S, H)):
        now = draw(held)
        shadow = draw(st.sampled_from([now, now, now, None, draw(held)]))
        if draw(st.integers(0, 9)):
            now = {**now, f"@key:{OTHER[system]}": IDS[other]}
        if not draw(st.integers(0, 9)):
            now = {**now, "@ignore": True}
        full = None if shadow is None else {name: shadow.get(name) for name in FIELDS[draw(st.integers(0, 1)) * 2 :]}
        state = draw(st.sampled_from(["live"] * 8 + ["deleted", "duplicate"]))
        found.append(row(system, now, full, state=state))
    return found[: draw(st.sampled_from([2, 2, 2, 1]))]


@given(rows())
def test_who_rests_has_nothing_to_decide(found: list[Row]) -> None:
    if not at_rest(MAPPING, found):
        return
    decision = PLANNER.decide("e", found, {})
    assert (decision.drafts, decision.questions, decision.notes) == ([], [], [])
    assert (decision.conflicts, decision.waits, decision.skipped) == (0, False, "")
    for each in found:
        moved = decision.shadows.get(each.system, {})
        assert {name: (each.shadow or {})[name] for name in moved} == moved


def test_two_records_that_agree_and_name_each_other_rest() -> None:
    shadow = dict.fromkeys(FIELDS) | {"email": "ann@acme.com"}
    found = [
        row(system, {"email": "ann@acme.com", f"@key:{OTHER[system]}": IDS[other]}, shadow)
        for system, other in ((H, S), (S, H))
    ]
    assert at_rest(MAPPING, found)
