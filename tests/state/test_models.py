"""What was learned is kept by its name; everybody of a kind, and everything the journal tells of them, is found."""

from __future__ import annotations

from mapping.journey import Standing
from state.models import way
from state.rows import Batch, JournalRow, Lease
from state.store import Store
from tests.state.make import change, contact, decide, save


def test_a_document_takes_the_place_of_the_one_of_its_name(store: Store, lease: Lease) -> None:
    store.keep_model(lease, "won", 1, {"rung": "rules"})
    store.keep_model(lease, "sql", 1, {"rung": "lifts"})
    store.keep_model(lease, "won", 2, {"rung": "logistic", "weights": {"trade": {"a": 0.5}}})
    assert store.models() == {
        "won": {"rung": "logistic", "weights": {"trade": {"a": 0.5}}},
        "sql": {"rung": "lifts"},
    }


def test_everybody_is_found_once_and_in_order(store: Store, lease: Lease) -> None:
    rows = save(store, lease, contact("1"), contact("2"), contact("3"), contact("4"))
    decide(store, lease, *(row._replace(entity=name) for row, name in zip(rows, ("c", "a", "b"), strict=False)))
    assert store.entities("person", "", 2) == ["a", "b"]
    assert store.entities("person", "b", 2) == ["c"]
    assert store.entities("company", "", 2) == []


def test_the_journal_tells_the_way_and_every_field(store: Store, lease: Lease) -> None:
    stands = [
        JournalRow(at, "r", "a", "hubspot", "@stage", {}, {"stage": stage, "cycle": 1}, "met")
        for at, stage in ((1, "lead"), (2, "mql"))
    ]
    packed = [change("a", "phone", operation=7), change("a", "city", operation=7)]
    store.commit_batch(lease, Batch(journal=[*stands, *packed, change("b")]))
    found = store.journals(["a"])
    assert list(found) == ["a"]
    assert [line.field for line in found["a"]] == ["@stage", "@stage", "phone", "city"]
    assert way(found["a"]) == [Standing("lead"), Standing("mql")]
