"""Batches of decisions: what they change, what they leave, and that they are whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.errors import StateError
from state.notes import packed, read_journal
from state.rows import Batch, Closing, Lease, Outcomes
from state.store import Store
from tests.state.make import change, contact, decide, known, lead, operation, question, save


def test_the_work_list_is_in_order_and_in_pieces(store: Store, lease: Lease) -> None:
    save(store, lease, contact("3"), contact("1"), contact("2", dirty=False), lead("4"))
    first = store.dirty("person", 0, 2)
    rest = store.dirty("person", first[-1].n, 2)
    assert [row.id for row in first + rest] == ["3", "1", "4"]
    assert store.dirty("company", 0, 2) == []


def test_what_was_decided_is_kept(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1", spans={"email": [1, 2]}))
    decided = row._replace(
        entity="e", shadow={"email": "b"}, spans={}, dirty=False, fate="applied", why={"rule": "email"}, state="live"
    )
    decide(store, lease, decided)
    assert known(store, row) == decided


def test_a_decision_does_not_touch_what_was_observed(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1", now={"email": "a"}))
    decide(store, lease, row._replace(now={"email": "invented"}))
    assert known(store, row).now == {"email": "a"}


def test_a_row_that_moved_on_meanwhile_is_decided_again(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    (moved,) = save(store, lease, contact("1", 2, state="deleted", spans={"email": [1, 2]}, run="run-2"))
    decide(store, lease, row._replace(entity="e", shadow={"email": "a"}, dirty=False, fate="applied", spans={}))
    assert known(store, row) == moved._replace(entity="e", shadow={"email": "a"})
    assert moved.dirty


def test_a_clean_row_that_moved_on_can_still_become_dirty(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1", dirty=False))
    save(store, lease, contact("1", 2, dirty=False))
    decide(store, lease, row._replace(dirty=True))
    assert known(store, row).dirty


def test_an_entity_has_one_live_record_per_system(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    with pytest.raises(StateError, match=r"record_slot|record\.entity, record\.system"):
        decide(store, lease, first._replace(entity="e"), second._replace(entity="e"))
    assert known(store, first).entity is None


def test_an_entity_may_have_other_records_beside_the_live_one(store: Store, lease: Lease) -> None:
    rows = save(store, lease, contact("1"), contact("2"), contact("3"), lead("4"))
    states = ["live", "duplicate", "moved", "live"]
    decide(store, lease, *(row._replace(entity="e", state=state) for row, state in zip(rows, states, strict=True)))
    assert [row.state for row in store.entity_rows(["e", "f"])["e"]] == states


def test_records_may_swap_their_entities(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="e"), second._replace(entity="f"))
    decide(store, lease, first._replace(entity="f"), second._replace(entity="e"))
    assert (known(store, first).entity, known(store, second).entity) == ("f", "e")


def test_a_record_takes_the_place_of_one_that_leaves(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="e"))
    decide(store, lease, second._replace(entity="e"), first._replace(entity="e", state="duplicate"))
    assert known(store, second).entity == "e"


def test_an_operation_comes_back_as_it_went(store: Store, lease: Lease) -> None:
    sent = operation("e", id="00Q1", verb="update", key=("Key__c", "e"), not_before_ms=9, note={"why": ["x"]})
    store.commit_batch(lease, Batch(operations=[sent]))
    ((key, found),) = store.open_operations(["e", "f"]).items()
    assert key == ("e", "salesforce")
    assert found._replace(n=0) == sent._replace(key=["Key__c", "e"])
    assert found.n > 0


def test_a_new_operation_replaces_the_one_in_its_place(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(operations=[operation("e"), operation("e", "hubspot")]))
    store.commit_batch(lease, Batch(operations=[operation("e", fields={"phone": "2"})]))
    found = store.open_operations(["e"])
    assert found["e", "salesforce"].fields == {"phone": "2"}
    assert len(store.operations(entity="e")) == 2


def test_what_was_sent_is_never_replaced(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(operations=[operation("e")]))
    store.take(lease, "salesforce", 0, 10)
    (row,) = save(store, lease, contact("1"))
    with pytest.raises(StateError, match=r"operation_slot|operation\.entity, operation\.system"):
        store.commit_batch(lease, Batch(rows=[row._replace(entity="e")], operations=[operation("e")]))
    assert known(store, row).entity is None


def test_an_operation_can_be_dropped(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(operations=[operation("e"), operation("f")]))
    store.commit_batch(lease, Batch(dropped=[store.open_operations(["e"])["e", "salesforce"].n]))
    assert list(store.open_operations(["e", "f"])) == [("f", "salesforce")]


def test_an_unknown_verb_is_refused(store: Store, lease: Lease) -> None:
    with pytest.raises(StateError, match="operation_verb"):
        store.commit_batch(lease, Batch(operations=[operation("e", verb="explode")]))


def test_the_journal_keeps_values_of_every_type(store: Store, lease: Lease) -> None:
    lines = [change("e", was=None, became=["a", "b"]), change("e", was=True, became="x", operation=4), change("f")]
    store.commit_batch(lease, Batch(journal=lines))
    assert [line._replace(n=0) for line in store.journal("e")] == lines[1::-1]
    assert [line._replace(n=0) for line in store.journal_of("run-1")] == lines


def test_the_journal_of_a_run_in_pieces(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(journal=[change("e", field=str(n)) for n in range(5)]))
    first = store.journal_of("run-1", limit=3)
    assert [line.field for line in first + store.journal_of("run-1", first[-1].n)] == list("01234")


def test_a_question_is_asked_once_while_it_is_open(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(opened=[question("a", detail={"n": 1}, opened_ms=1)]))
    store.commit_batch(lease, Batch(opened=[question("a", detail={"n": 2}, opened_ms=2), question("b")]))
    asked = store.reviews()
    assert [(row.fingerprint, row.detail, row.opened_ms) for row in asked] == [("a", {"n": 2}, 1), ("b", {}, 7)]


def test_a_settled_question_may_be_asked_again(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(opened=[question("a")]))
    store.commit_batch(lease, Batch(closed=[Closing("a", 9, "gone")], opened=[question("a")]))
    assert [(row.closed_ms, row.answer) for row in store.reviews(open=False)] == [(9, "gone"), (None, None)]


def test_a_question_keeps_what_it_is_about(store: Store, lease: Lease) -> None:
    asked = question("a", entity="e", system="hubspot", object="contacts", id="1", field="phone", detail={"x": [1]})
    store.commit_batch(lease, Batch(opened=[asked]))
    assert [row._replace(n=0) for row in store.reviews(entity="e", question="duplicate")] == [asked]
    assert store.reviews(question="other") == store.reviews(entity="f") == []


def test_a_batch_is_stored_whole_or_not_at_all(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    batch = Batch(
        rows=[row._replace(entity="e", dirty=False)],
        operations=[operation("e"), operation("f", verb="explode")],
        journal=[change("e")],
        opened=[question("a")],
    )
    with pytest.raises(StateError):
        store.commit_batch(lease, batch)
    assert known(store, row) == row
    assert (store.operations(), store.journal("e"), store.reviews()) == ([], [], [])


def test_empty_work_changes_nothing(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch())
    store.commit_outcomes(lease, Outcomes())
    assert (store.counts(), store.backlog(), store.entity_rows([]), store.by_keys("person", [])) == ({}, {}, {}, {})
    assert store.open_operations([]) == {}


def test_who_holds_a_released_key_is_decided_again(store: Store, lease: Lease) -> None:
    child, other = contact("1", dirty=False), contact("2", dirty=False)
    keys = {child.ref: ["parent:hubspot:company:5", "email:a"], other.ref: ["parent:hubspot:company:6"]}
    store.save_page(lease, [child, other], keys, None)
    store.commit_batch(lease, Batch(released=["parent:hubspot:company:5"]))
    assert [row.id for row in store.dirty("person", 0, 9)] == ["1"]
    store.commit_outcomes(lease, Outcomes(released=["parent:hubspot:company:6"]))
    assert [row.id for row in store.dirty("person", 0, 9)] == ["1", "2"]


@given(st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from(["phone", "city"]), st.text()), max_size=12))
def test_the_lines_of_an_operation_come_back_as_they_were(lines: list[tuple[int | None, str, str]]) -> None:
    told = [change("e", field=field, became=value, operation=of) for of, field, value in lines]
    rows = [tuple(row) for row in packed(told)]
    read = read_journal((*row, n) for n, row in enumerate(rows))
    assert [line._replace(n=0) for line in read] == told
