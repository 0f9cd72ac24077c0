"""What people ask, and the few things they tell."""

from __future__ import annotations

from pathlib import Path

from state.rows import Batch, Closing, CursorRow, Ending, Lease, Outcomes, RunRow
from state.store import Store, open_store
from tests.state.make import change, contact, decide, known, lead, operation, question, save


def park(store: Store, lease: Lease, *entities: str) -> list[int]:
    store.commit_batch(lease, Batch(operations=[operation(entity) for entity in entities]))
    sent = store.take(lease, "salesforce", 0, 10)
    store.commit_outcomes(lease, Outcomes(ended=[Ending(o.n, "parked") for o in sent]))
    return [o.n for o in sent]


def test_runs_are_told_newest_first(store: Store) -> None:
    store.start_run("a", "sync", 1)
    store.start_run("b", "backfill", 2, muted=True)
    store.end_run("a", 3, "done", {"person": {"read": 2}})
    assert store.runs() == [
        RunRow("b", "backfill", 2, muted=True),
        RunRow("a", "sync", 1, 3, "done", {"person": {"read": 2}}),
    ]
    assert [run.id for run in store.runs(limit=1)] == ["b"]
    assert [run.id for run in store.runs(job="sync")] == ["a"]
    assert [run.id for run in store.runs(id="b")] == ["b"]
    assert not store.runs(job="sync", id="b")


def test_what_is_planned_and_not_sent_is_put_back(store: Store, lease: Lease) -> None:
    first, *_ = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="a", dirty=False))
    park(store, lease, "p")
    store.commit_batch(lease, Batch(operations=[operation("a")]))
    assert store.put_back(lease) == 1
    assert store.backlog() == {("salesforce", "parked"): 1}
    assert first.n in [row.n for row in store.dirty("person", 0, 10)]


def test_a_copy_remembers_the_same(store: Store, lease: Lease, tmp_path: Path) -> None:
    first, *_ = save(store, lease, contact("1"), lead("2"))
    decide(store, lease, first._replace(entity="e", shadow={"city": "Ulm"}))
    store.start_run("a", "sync", 1)
    park(store, lease, "p")
    with open_store(f"sqlite:///{tmp_path}/copy.db") as copy:
        store.copy_to(copy)
        assert copy.entity_rows(["e"]) == store.entity_rows(["e"])
        assert copy.counts() == store.counts()
        assert copy.backlog() == store.backlog()
        assert copy.runs() == store.runs()
        save(copy, copy.lease("sync", "the copy", 0, 1_000), contact("3"))
    assert sum(store.counts().values()) == 2


def test_fates_add_up(store: Store, lease: Lease) -> None:
    fates = ["applied", "applied", "held", "unchanged"]
    save(store, lease, *(contact(str(n), fate=fate, run="r") for n, fate in enumerate(fates)))
    save(store, lease, lead("9", run="r"), contact("other", run="q"))
    assert store.fates("r") == {
        ("person", "hubspot", "contacts", "applied"): 2,
        ("person", "hubspot", "contacts", "held"): 1,
        ("person", "hubspot", "contacts", "unchanged"): 1,
        ("person", "salesforce", "Lead", "pending"): 1,
    }


def test_the_backlog_counts_what_is_not_done(store: Store, lease: Lease) -> None:
    park(store, lease, "p")
    store.commit_batch(lease, Batch(operations=[operation("a"), operation("b")]))
    store.commit_batch(lease, Batch(operations=[operation("a", "hubspot")]))
    (sent,) = store.take(lease, "hubspot", 0, 10)
    store.commit_outcomes(lease, Outcomes(ended=[Ending(sent.n, "done")]))
    assert store.backlog() == {
        ("salesforce", "planned"): 2,
        ("salesforce", "parked"): 1,
    }


def test_records_are_counted(store: Store, lease: Lease) -> None:
    first, *_ = save(store, lease, contact("1"), contact("2"), lead("3", state="deleted"))
    decide(store, lease, first._replace(entity="e"))
    assert store.counts() == {
        ("person", "hubspot", "contacts", "live", True): 1,
        ("person", "hubspot", "contacts", "live", False): 1,
        ("person", "salesforce", "Lead", "deleted", False): 1,
    }


def test_a_scan_goes_through_live_rows_in_pieces(store: Store, lease: Lease) -> None:
    save(store, lease, contact("1"), contact("2", state="deleted"), contact("3"), lead("4"), contact("5"))
    first = store.scan("hubspot", "contacts", 0, 2)
    rest = store.scan("hubspot", "contacts", first[-1].n, 2)
    assert [row.id for row in first + rest] == ["1", "3", "5"]


def test_a_scan_finds_what_a_listing_did_not_hold(store: Store, lease: Lease) -> None:
    save(store, lease, contact("1", seen=5), contact("2", seen=9), contact("3", seen=10))
    assert [row.id for row in store.scan("hubspot", "contacts", 0, 9, unseen_since=9)] == ["1"]


def test_operations_are_chosen(store: Store, lease: Lease) -> None:
    park(store, lease, "p")
    store.commit_batch(lease, Batch(operations=[operation("a"), operation("b", run="run-2")]))
    assert [o.entity for o in store.operations(run="run-2")] == ["b"]
    assert [o.entity for o in store.operations(state="planned")] == ["a", "b"]
    assert [o.entity for o in store.operations(entity="a")] == ["a"]
    first = store.operations(limit=2)
    assert [o.entity for o in first + store.operations(after_n=first[-1].n)] == ["p", "a", "b"]


def test_open_questions_of_some_kinds_on_some_entities(store: Store, lease: Lease) -> None:
    asked = [question(f"{kind}-{entity}", question=kind, entity=entity) for kind in "xyz" for entity in "efg"]
    store.commit_batch(lease, Batch(opened=asked))
    store.commit_batch(lease, Batch(closed=[Closing("x-f", 9, "yes")]))
    assert [row.fingerprint for row in store.questions_of({"e", "f"}, {"x", "y"})] == ["x-e", "y-e", "y-f"]
    assert store.questions_of([], ["x"]) == []
    assert store.asked(["x-e", "x-f", "nobody"]) == {"x-e"}


def test_a_question_is_settled_once(store: Store, lease: Lease) -> None:
    store.commit_batch(lease, Batch(opened=[question("a")]))
    (asked,) = store.reviews()
    assert store.answer(asked.fingerprint, 9, "hubspot") is True
    assert store.answer(asked.fingerprint, 10, "salesforce") is False
    assert [(row.closed_ms, row.answer) for row in store.reviews(open=False)] == [(9, "hubspot")]


def test_forgetting_keeps_history_and_the_erased(store: Store, lease: Lease) -> None:
    ann, bob = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, bob._replace(state="erased"))
    store.save_page(lease, [ann, bob], {ann.ref: ["a"], bob.ref: ["hash"]}, CursorRow("hubspot", "contacts", 1))
    park(store, lease, "p")
    store.commit_batch(lease, Batch(operations=[operation("done")], journal=[change("e")], opened=[question("q")]))
    (sent,) = store.take(lease, "salesforce", 0, 9)
    store.commit_outcomes(lease, Outcomes(ended=[Ending(sent.n, "done")]))
    store.forget(lease)
    assert list(store.counts()) == [("person", "hubspot", "contacts", "erased", False)]
    assert sorted(store.by_keys("person", ["a", "hash"])) == ["hash"]
    assert (store.cursors(), store.reviews(), store.backlog()) == ([], [], {})
    assert [o.entity for o in store.operations()] == ["done"]
    assert len(store.journal("e")) == 1


def test_erasing_leaves_a_tombstone_and_no_value(store: Store, lease: Lease) -> None:
    ann, also_ann, bob = contact("1", now={"email": "secret"}), lead("2", now={"email": "secret"}), contact("3")
    keys = {row.ref: ["email:secret"] for row in (ann, also_ann, bob)}
    store.save_page(lease, [ann, also_ann, bob], keys, None)
    linked = [known(store, row)._replace(entity="e", shadow={"email": "secret"}) for row in (ann, also_ann)]
    notes = Batch(rows=linked, journal=[change("e"), change("f")], opened=[question("q", entity="e"), question("r")])
    store.commit_batch(lease, notes)
    store.commit_batch(lease, Batch(operations=[operation("e"), operation("f")]))
    assert store.erase(lease, "person", ["e"], [store.reviews()[0].n], {ann.ref: ["hash:1", "hash:1"]}) == 2
    for row in (known(store, ann), known(store, also_ann)):
        assert (row.state, row.now, row.shadow, row.dirty, row.entity) == ("erased", {}, None, False, "e")
    assert [row.id for row in store.lookup("email:secret")] == ["3"]
    assert [row.id for row in store.lookup("hash:1")] == ["1"]
    assert store.tombstone() == ["erased", "hash:1"]
    assert (store.journal("e"), store.operations(entity="e"), store.reviews(entity="e")) == ([], [], [])
    assert (len(store.journal("f")), len(store.operations(entity="f")), len(store.reviews())) == (1, 1, 1)


def test_a_tombstone_is_set_up_for_unlinked_and_unknown_records_too(store: Store, lease: Lease) -> None:
    (ann,) = save(store, lease, contact("1", now={"email": "secret"}))
    unknown = lead("9").ref
    assert store.tombstone() == []
    assert store.erase(lease, "person", [], [], {ann.ref: ["hash:1"], unknown: ["hash:1"]}) == 1
    assert [(row.ref, row.state, row.now) for row in store.lookup("hash:1")] == [
        (ann.ref, "erased", {}),
        (unknown, "erased", {}),
    ]


def test_a_tombstone_that_is_lifted_is_gone(store: Store, lease: Lease) -> None:
    ann, bob = save(store, lease, contact("1"), contact("2"))
    store.erase(lease, "person", [], [], {ann.ref: ["hash:1"], bob.ref: ["hash:2"]})
    assert store.lift(lease, ["hash:1"], "email:a@x.com") == 1
    assert store.rows("hubspot", "contacts", ["1", "2"]).keys() == {"2"}
    assert store.lookup("hash:1") == []
