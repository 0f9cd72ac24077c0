"""Duplicates name the primary record of their system, and who is none names nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from state.rows import DUPLICATE, LIVE, Row
from sync.decide.decision import Decision
from sync.decide.telling import DUPLICATE_OF, name_primaries, told_fields
from tests.laws.make import PERSON, H, S, mapping

OBJECTS = {H: ("contacts",), S: ("Contact", "Lead")}
MAPPING = mapping(*PERSON, *told_fields("person", OBJECTS))


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    rows = []
    for n, (system, state) in enumerate([(H, LIVE), (S, LIVE), *draw(st.lists(st.tuples(st.sampled_from([H, S]),
                                         st.just(DUPLICATE)), max_size=3))], 1):  # fmt: skip
        now = {} if (held := draw(st.sampled_from([None, "1", "2", "9"]))) is None else {DUPLICATE_OF: held}
        object = "contacts" if system == H else draw(st.sampled_from(OBJECTS[S]))
        rows.append(Row(system, object, f"{n}", "person", now, 5_000, 90_000, state=state, entity="e", n=n))
    return rows


@given(people())
def test_after_as_many_turns_as_there_are_records_all_say_what_is_so_and_there_is_rest(rows: list[Row]) -> None:
    primary = {row.system: row.id for row in rows if row.state == LIVE}
    for _ in rows:
        decision = Decision("e")
        live = {row.system: row for row in rows if row.state == LIVE}
        name_primaries(MAPPING, rows, live, {}, decision)
        assert len({draft.system for draft in decision.drafts}) == len(decision.drafts)
        assert all(set(draft.fields) == {DUPLICATE_OF} for draft in decision.drafts)
        written = {(draft.system, draft.id): draft.fields[DUPLICATE_OF].new for draft in decision.drafts}
        rows = [
            row._replace(now={**row.now, DUPLICATE_OF: written[row.system, row.id]})
            if (row.system, row.id) in written
            else row
            for row in rows
        ]
    assert not decision.waits
    for row in rows:
        assert row.now.get(DUPLICATE_OF) == (primary[row.system] if row.state == DUPLICATE else None)
