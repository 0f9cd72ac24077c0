"""The outbox: sent before the call, one ending each, and what was learnt is stored with it."""

from __future__ import annotations

import pytest

from connectors.port import Ref
from state.errors import StateError
from state.rows import Batch, Closing, Ending, Lease, OperationRow, Outcomes
from state.store import Store
from tests.state.make import change, contact, decide, known, lead, operation, question, save


def plan(store: Store, lease: Lease, *operations: OperationRow) -> None:
    store.commit_batch(lease, Batch(operations=operations))


def test_operations_are_taken_in_the_order_they_were_decided(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("c"), operation("a"), operation("b"))
    first = store.take(lease, "salesforce", 0, 2)
    rest = store.take(lease, "salesforce", 0, 2)
    assert [o.entity for o in first + rest] == ["c", "a", "b"]


def test_urgent_operations_are_taken_alone_and_before_all_others(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("a"), operation("b", urgent=True), operation("c"), operation("d", urgent=True))
    turns = [[o.entity for o in store.take(lease, "salesforce", 0, 10)] for _ in range(3)]
    assert turns == [["b", "d"], ["a", "c"], []]


def test_what_was_taken_is_sent_and_counted(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("e"))
    taken = store.take(lease, "salesforce", 0, 10)
    assert [(o.state, o.attempts) for o in taken] == [("sent", 1)]
    assert store.sent("salesforce") == taken
    assert store.take(lease, "salesforce", 0, 10) == []


def test_only_what_is_due_planned_and_of_the_system_is_taken(store: Store, lease: Lease) -> None:
    plan(
        store,
        lease,
        operation("later", not_before_ms=10),
        operation("parked", state="parked"),
        operation("other", "hubspot"),
        operation("due", not_before_ms=9),
    )
    assert [o.entity for o in store.take(lease, "salesforce", 9, 10)] == ["due"]


def test_an_applied_creation_becomes_a_linked_record(store: Store, lease: Lease) -> None:
    (ann,) = save(store, lease, contact("1"))
    decide(store, lease, ann._replace(entity="e", dirty=False))
    plan(store, lease, operation("e"))
    (sent,) = store.take(lease, "salesforce", 0, 10)
    made = lead("00Q1", 5, 5, entity="e", shadow={"email": "a"}, why={"rule": "created"}, dirty=True, fate="applied")
    outcomes = Outcomes(
        rows=[made, known(store, ann)._replace(shadow={"email": "a"})],
        keys={made.ref: ["email:a"]},
        ended=[Ending(sent.n, "done", id="00Q1")],
        dirty=["e"],
        journal=[change("e")],
    )
    store.commit_outcomes(lease, outcomes)
    assert known(store, made)._replace(n=0) == made
    assert (known(store, ann).shadow, known(store, ann).dirty) == ({"email": "a"}, True)
    assert [row.id for row in store.by_keys("person", ["email:a"])["email:a"]] == ["00Q1"]
    assert [(o.state, o.id) for o in store.operations(entity="e")] == [("done", "00Q1")]
    assert len(store.journal("e")) == 1


@pytest.mark.parametrize(
    ("ending", "open_state"), [("planned", "planned"), ("parked", "parked"), ("sent", "sent"), ("done", None)]
)
def test_each_ending(store: Store, lease: Lease, ending: str, open_state: str | None) -> None:
    plan(store, lease, operation("e", id="7"))
    (sent,) = store.take(lease, "salesforce", 0, 10)
    store.commit_outcomes(lease, Outcomes(ended=[Ending(sent.n, ending, not_before_ms=9, note={"code": "X"})]))
    assert [(o.state, o.id, o.not_before_ms, o.note) for o in store.operations()] == [(ending, "7", 9, {"code": "X"})]
    assert [o.state for o in store.open_operations(["e"]).values()] == ([open_state] if open_state else [])


def test_only_what_was_sent_can_end(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("e"))
    n = store.open_operations(["e"])["e", "salesforce"].n
    store.commit_outcomes(lease, Outcomes(ended=[Ending(n, "done")]))
    assert [o.state for o in store.operations()] == ["planned"]


def test_history_is_not_dropped(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("e"))
    (sent,) = store.take(lease, "salesforce", 0, 10)
    store.commit_outcomes(lease, Outcomes(ended=[Ending(sent.n, "done")]))
    store.commit_outcomes(lease, Outcomes(dropped=[sent.n]))
    assert [o.state for o in store.operations(entity="e")] == ["done"]


def test_a_done_operation_makes_room_for_the_next(store: Store, lease: Lease) -> None:
    for _ in range(3):
        plan(store, lease, operation("e"))
        (sent,) = store.take(lease, "salesforce", 0, 10)
        store.commit_outcomes(lease, Outcomes(ended=[Ending(sent.n, "done")]))
    assert len(store.operations(entity="e", state="done")) == 3


def test_numbers_of_dropped_operations_are_not_used_again(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("e"))
    (dropped,) = store.operations()
    store.commit_batch(lease, Batch(dropped=[dropped.n]))
    plan(store, lease, operation("e"))
    assert store.operations()[0].n > dropped.n


def test_an_outcome_older_than_the_memory_changes_decisions_only(store: Store, lease: Lease) -> None:
    (newer,) = save(store, lease, lead("1", 9, 9, now={"phone": "newer"}))
    written = lead("1", 5, 5, now={"phone": "ours"}, entity="e", shadow={"phone": "ours"}, dirty=False, why={"by": "x"})
    store.commit_outcomes(lease, Outcomes(rows=[written]))
    expected = newer._replace(entity="e", shadow={"phone": "ours"}, why={"by": "x"}, dirty=True)
    assert known(store, newer) == expected


def test_an_outcome_of_today_replaces_the_memory(store: Store, lease: Lease) -> None:
    save(store, lease, lead("1", 5, 5))
    written = lead("1", 6, 6, now={"phone": "ours"}, entity="e", shadow={}, dirty=False, state="live", fate="applied")
    store.commit_outcomes(lease, Outcomes(rows=[written]))
    assert known(store, written)._replace(n=0) == written


def test_entities_become_dirty_again(store: Store, lease: Lease) -> None:
    rows = save(store, lease, contact("1", dirty=False), lead("2", dirty=False), contact("3", dirty=False))
    decide(store, lease, rows[0]._replace(entity="e"), rows[1]._replace(entity="e"), rows[2]._replace(entity="f"))
    store.commit_outcomes(lease, Outcomes(dirty=["e"]))
    assert [known(store, row).dirty for row in rows] == [True, True, False]


def test_outcomes_are_stored_whole_or_not_at_all(store: Store, lease: Lease) -> None:
    plan(store, lease, operation("e"))
    (sent,) = store.take(lease, "salesforce", 0, 10)
    outcomes = Outcomes(
        rows=[lead("1", entity="e"), lead("2", entity="e")],
        keys={Ref("salesforce", "Lead", "1"): ["k"]},
        ended=[Ending(sent.n, "done")],
        opened=[question("a")],
    )
    with pytest.raises(StateError):
        store.commit_outcomes(lease, outcomes)
    assert [o.state for o in store.operations()] == ["sent"]
    assert (store.counts(), store.reviews(), store.by_keys("person", ["k"])) == ({}, [], {})


def test_records_may_swap_their_entities_in_outcomes(store: Store, lease: Lease) -> None:
    store.commit_outcomes(lease, Outcomes(rows=[lead("1", entity="e"), lead("2", entity="f")]))
    store.commit_outcomes(lease, Outcomes(rows=[lead("1", 2, entity="f"), lead("2", 2, entity="e")]))
    assert [row.id for rows in store.entity_rows(["e", "f"]).values() for row in rows] == ["1", "2"]
    assert known(store, lead("1")).entity == "f"


def test_outcomes_settle_questions(store: Store, lease: Lease) -> None:
    store.commit_outcomes(lease, Outcomes(opened=[question("a"), question("b")]))
    store.commit_outcomes(lease, Outcomes(closed=[Closing("a", 9, "written")]))
    assert [row.fingerprint for row in store.reviews()] == ["b"]


def test_whole_batches_are_taken_first_and_the_rest_on_request(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(operations=[operation(f"e{n}") for n in range(7)]))
    assert len(store.take(lease, "salesforce", 0, 100, whole=3, rest=False)) == 6
    assert store.take(lease, "salesforce", 0, 100, whole=3, rest=False) == []
    assert len(store.take(lease, "salesforce", 0, 100, whole=3)) == 1


def test_a_cut_is_made_between_batches(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(operations=[operation(f"e{n}") for n in range(7)]))
    assert [len(store.take(lease, "salesforce", 0, 5, whole=3)) for _ in range(4)] == [3, 4, 0, 0]
