"""When to stop, over counts: what is usual never stops a run, and what is too much always does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rows import Row
from sync.trust.guard import (
    BLANK,
    BUDGET,
    BY_HAND,
    CLEARS,
    CREATES,
    DELETES,
    FEW,
    SHRUNK,
    UPDATES,
    VANISHED,
    Pause,
    Usual,
    blanked,
    overdone,
    pause_of,
    room,
    shrunk,
)
from sync.trust.limits import BrakesSettings

LIMITS = BrakesSettings()
COUNTS = st.dictionaries(st.sampled_from([UPDATES, CLEARS, CREATES, DELETES]), st.integers(0, 20_000))
PLENTY = st.integers(0, 100_000)


def usual(links: int = 0, written: int = 0, before: Mapping[str, int] | None = None, allowed: int = 0) -> Usual:
    """What is known, without asking anybody."""
    return Usual(lambda: links, lambda: written, before or {}, lambda _: allowed)


def causes(planned: Mapping[str, int], known: Usual) -> set[str]:
    """Of what there is too much."""
    return {cause for cause, _, _ in overdone(LIMITS, planned, known)}


@given(COUNTS, PLENTY, PLENTY)
def test_a_direction_stops_exactly_above_its_limits(planned: dict[str, int], links: int, written: int) -> None:
    most = {
        UPDATES: max(500, 4 * written, int(0.05 * links)),
        CLEARS: max(20, int(0.01 * links)),
        CREATES: 1_000,
        DELETES: 20,
    }
    assert causes(planned, usual(links, written)) == {c for c, many in planned.items() if many > most[c]}


@given(COUNTS, st.dictionaries(st.sampled_from([CREATES, DELETES]), st.integers(0, 20_000)))
def test_within_its_room_no_brake_can_come(planned: dict[str, int], before: dict[str, int]) -> None:
    if sum(planned.values()) <= room(LIMITS, before):
        assert not causes(planned, usual(before=before))


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_creations_of_a_day_add_up(planned: int, before: int) -> None:
    assert causes({CREATES: planned}, usual(before={CREATES: before})) == (
        {CREATES} if planned and planned + before > 1_000 else set()
    )


@given(COUNTS, PLENTY)
def test_as_much_as_somebody_let_go_is_let_pass_once_more(planned: dict[str, int], allowed: int) -> None:
    assert all(planned[cause] > allowed for cause in causes(planned, usual(allowed=allowed)))


def row(n: int, phone: str | None) -> Row:
    """A contact of ours."""
    return Row("hubspot", "contacts", str(n), "person", {"phone": phone} if phone else {}, 1, 1)


def test_a_field_is_not_believed_blank_where_most_had_a_value() -> None:
    for filled in range(FEW + 1):
        known = {str(n): row(n, "1" if n < filled else None) for n in range(FEW)}
        blank = {id: row(int(id), None) for id in known}
        found = blanked(["phone", "city"], known, blank, 0.5, ())
        assert found == ([("phone", filled)] if filled >= FEW / 2 else [])


def test_one_value_is_enough_to_believe_a_page() -> None:
    known = {str(n): row(n, "1") for n in range(FEW)}
    page = {id: row(int(id), "2" if id == "7" else None) for id in known}
    assert blanked(["phone"], known, page, 0.5, ()) == []


def test_few_records_prove_nothing_unless_it_was_seen_before() -> None:
    known = {"1": row(1, "1")}
    page = {"1": row(1, None)}
    assert blanked(["phone"], known, page, 0.5, ()) == []
    assert blanked(["phone"], known, page, 0.5, {"phone"}) == [("phone", 1)]


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_fifth_may_go_and_a_few_always(gone: int, live: int) -> None:
    assert shrunk(gone, live, 0.2) == (gone > FEW and gone > 0.2 * live)


@pytest.mark.parametrize("cause", [UPDATES, BY_HAND, BLANK, SHRUNK, BUDGET, VANISHED])
def test_a_pause_stops_what_it_is_about_and_comes_back_as_it_was(cause: str) -> None:
    pause = Pause(cause, "person", "hubspot", "contacts", "phone", "why", "fix", 7, 9, 3, True)
    assert pause_of(pause.question()) == pause
    there, back = pause.stops("person", "hubspot"), pause.stops("person", "salesforce")
    assert not pause.stops("deal", "hubspot")
    told = {BUDGET: (False, False), VANISHED: (False, False), BLANK: (True, True), SHRUNK: (True, True)}
    assert (there, back) == told.get(cause, (True, False))


def test_everything_is_stopped_where_nothing_is_named() -> None:
    assert all(Pause(BY_HAND).stops(kind, side) for kind in ("person", "deal") for side in ("hubspot", "salesforce"))
