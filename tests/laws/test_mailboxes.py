"""An address that opted out has opted out for all its holders, and whoever said so waits until they are told."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from state.rows import DUPLICATE, LIVE, MOVED, SHARED, Row
from sync.decide.consent import HOLDERS
from sync.decide.mailboxes import owing, place_of, sought
from sync.plan import Planner
from tests.laws.make import PERSON, H, S, mapping, rule

PLANNER = Planner(
    mapping=mapping(*PERSON, rule("opted_out", "bool", winner="sticky_true")),
    create={H: lambda facts: False, S: lambda facts: False},
    only={},
    grain={H: 1, S: 1000},
)
ADDRESSES = ("info@acme.com", "berg@acme.com", None)


@st.composite
def record(draw: st.DrawFn, n: int) -> Row:
    now: dict[str, Any] = {"email": draw(st.sampled_from(ADDRESSES)), "opted_out": draw(st.sampled_from([True, None]))}
    now = {name: value for name, value in now.items() if value is not None}
    state = draw(st.sampled_from([LIVE, DUPLICATE, SHARED, MOVED]))
    entity = None if state == SHARED else draw(st.sampled_from(["e1", "e2", "e3", None]))
    system, object = draw(st.sampled_from([(H, "contacts"), (S, "Lead"), (S, "Contact")]))
    return Row(system, object, f"{n}", "person", now, 5_000, 90_000, state=state, entity=entity, n=n)


@st.composite
def people(draw: st.DrawFn) -> dict[int, Row]:
    return {n: draw(record(n)) for n in range(1, draw(st.integers(2, 7)))}


def says(row: Row) -> bool:
    return row.now.get("opted_out") is True


def told(rows: dict[int, Row], owed: set[int]) -> dict[int, Row]:
    """As the systems are when the entities of these records were told."""
    placed = {n: row._replace(entity=row.entity or place_of(row)) if n in owed else row for n, row in rows.items()}
    entities = {placed[n].entity for n in owed}
    entities |= {row.entity for row in rows.values() if says(row) and row.state in HOLDERS} - {None}
    return {
        n: row._replace(now={**row.now, "opted_out": True}) if row.entity in entities else row
        for n, row in placed.items()
    }


@given(people())
def test_everybody_who_holds_an_address_that_opted_out_is_told(rows: dict[int, Row]) -> None:
    for _ in range(len(rows)):
        rows = told(rows, {n for n, _, _ in owing(PLANNER, rows)})
    loud = {row.now["email"] for row in rows.values() if says(row) and row.state in HOLDERS and "email" in row.now}
    for row in rows.values():
        undecided = row.state == LIVE and row.entity is None
        if row.state in HOLDERS and row.now.get("email") in loud and not undecided:
            assert says(row)


@given(people())
def test_only_their_own_address_says_so_of_strangers(rows: dict[int, Row]) -> None:
    for n, name, because in owing(PLANNER, rows):
        assert name == "opted_out"
        assert not says(rows[n])
        assert {rows[m].now["email"] for m in because} == {rows[n].now["email"]}
        assert all(says(rows[m]) for m in because)


@given(people(), st.sets(st.integers(1, 7)))
def test_whoever_opted_out_looks_for_who_shares_the_address(rows: dict[int, Row], matched: set[int]) -> None:
    keys = sought(PLANNER, rows.values(), matched)
    for n, row in rows.items():
        asks = says(row) and row.state in HOLDERS and "email" in row.now and n not in matched
        assert not asks or f"email:{row.now['email']}" in keys
