"""What is learned is kept once, marks whose it is, and is taken back when it is no more."""

from __future__ import annotations

from connectors.port import Ref
from state.learning import whose
from state.rows import CursorRow, Lease, TouchRow
from state.store import Store
from tests.state.make import contact, decide, known, save

ANN = "record:hubspot:person:1"
MAIL = "email:1@x.com"


def touch(who: str, key: str, at: int = 5) -> TouchRow:
    return TouchRow(who, key, at, "visit", "buyer", "Houses", "https://x.example", "social", "Spring", "")


def learned(store: Store, lease: Lease, *rows: int) -> None:
    store.learn(lease, [], 0, learned=rows)


def test_a_touch_is_kept_once_and_its_person_is_to_be_learned_again(store: Store, lease: Lease) -> None:
    store.save_page(lease, [contact("1")], {Ref("hubspot", "contacts", "1"): [MAIL]}, None)
    row = known(store, contact("1"))
    assert whose([row]) == [ANN, MAIL]
    for who in (ANN, MAIL):
        learned(store, lease, row.n)
        assert store.unlearned("person", 0, 10) == []
        store.save_touches(lease, [touch(who, "k"), touch(who, "k", 7)], CursorRow("hubspot", "~forms", 9))
        assert [r.n for r in store.unlearned("person", 0, 10)] == [row.n]
    assert sorted(store.touches([ANN, MAIL])) == sorted([touch(ANN, "k", 7), touch(MAIL, "k", 7)])
    assert store.latest([ANN, "nobody"], "visit") == {ANN: 7}
    cursor = store.cursor("hubspot", "~forms")
    assert cursor is not None and cursor.watermark_ms == 9


def test_touches_move_to_another_and_stay_one_each(store: Store, lease: Lease) -> None:
    store.save_touches(lease, [touch(ANN, "a"), touch(ANN, "b"), touch(MAIL, "b", 9)])
    store.repoint(lease, [(ANN, MAIL)])
    assert store.touches([ANN]) == []
    assert {(t.key, t.at_ms) for t in store.touches([MAIL])} == {("a", 5), ("b", 9)}


def test_a_value_that_changed_has_its_entity_decided_again(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    decide(store, lease, row._replace(entity="ann", dirty=False))

    def dirty() -> bool:
        row = known(store, contact("1"))
        decide(store, lease, row._replace(dirty=False))
        return row.dirty

    assert store.learn(lease, [("ann", "@visits", 3, "seen")], 5) == 1 and dirty()
    assert store.learn(lease, [("ann", "@visits", 3, "seen again")], 6) == 0 and not dirty()
    assert store.learn(lease, [("ann", "@views", 3, ""), ("ann", "@x", None, "")], 6, quiet={"@views"}) == 1
    assert not dirty()
    assert store.learn(lease, [("ann", "@visits", None, "gone")], 7) == 1 and dirty()
    told = store.derived(["ann", "bob"])
    assert {name: (row.value, row.at_ms) for name, row in told["ann"].items()} == {
        "@visits": (None, 7), "@views": (3, 6)
    }  # fmt: skip


def test_who_came_to_another_entity_is_learned_again(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    learned(store, lease, row.n)
    decide(store, lease, row)
    assert store.unlearned("person", 0, 10) == []
    decide(store, lease, row._replace(entity="ann"))
    assert len(store.unlearned("person", 0, 10)) == 1
    learned(store, lease, row.n)
    store.forget_learned(lease, ["person"])
    assert len(store.unlearned("person", 0, 10)) == 1


def test_who_is_erased_leaves_nothing_behind(store: Store, lease: Lease) -> None:
    store.save_page(lease, [contact("1")], {Ref("hubspot", "contacts", "1"): [MAIL]}, None)
    decide(store, lease, known(store, contact("1"))._replace(entity="ann"))
    store.save_touches(lease, [touch(ANN, "a"), touch(MAIL, "b"), touch("email:2@x.com", "c")])
    store.learn(lease, [("ann", "@visits", 3, "")], 5)
    store.erase(lease, "person", ["ann"], [], {})
    assert [t.key for t in store.touches([ANN, MAIL, "email:2@x.com"])] == ["c"]
    assert store.derived(["ann"]) == {}
