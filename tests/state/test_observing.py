"""Pages: what is stored, what is refused as old news, what a decision protects."""

from __future__ import annotations

import pytest

from connectors.port import Ref
from state.errors import StateError
from state.rows import CursorRow, Lease
from state.store import Store
from tests.state.make import contact, decide, known, lead, save


def test_a_row_comes_back_as_it_went(store: Store, lease: Lease) -> None:
    row = contact(
        "1",
        now={"email": "ann@x.com", "tags": ["a", "ü"], "opted_out": False, "fax": None, "stage": "?odd", "n": 3},
        created_ms=17,
        spans={"email": [3, 9]},
        dirty=False,
        run="run-1",
        fate="skipped",
        state="moved",
        moved_to=Ref("hubspot", "contacts", "2"),
    )
    (stored,) = save(store, lease, row)
    assert stored._replace(n=0) == row._replace(spans={"email": [3, 9]})
    assert stored.n > 0


def test_only_known_records_are_found(store: Store, lease: Lease) -> None:
    save(store, lease, contact("1"), contact("2"), lead("3"))
    assert list(store.rows("hubspot", "contacts", ["2", "3", "nobody"])) == ["2"]


def test_no_ids_find_nothing(store: Store) -> None:
    assert store.rows("hubspot", "contacts", []) == {}


@pytest.mark.parametrize(
    ("version", "seen", "kept"),
    [(4, 9, "old"), (5, 4, "old"), (5, 5, "new"), (5, 6, "new"), (6, 1, "new")],
)
def test_memory_never_travels_back_in_time(store: Store, lease: Lease, version: int, seen: int, kept: str) -> None:
    save(store, lease, contact("1", 5, 5, now={"phone": "old"}))
    stored = store.save_page(lease, [contact("1", version, seen, now={"phone": "new"})], {}, None)
    assert known(store, contact("1")).now == {"phone": kept}
    assert stored == (kept == "new")


def test_a_record_twice_in_a_page_is_stored_once_and_newest(store: Store, lease: Lease) -> None:
    rows = [contact("1", 2, now={"v": 2}), contact("1", 3, now={"v": 3}), contact("1", 1, now={"v": 1})]
    assert store.save_page(lease, rows, {}, None) == 1
    assert known(store, contact("1")).now == {"v": 3}


def test_an_empty_page_moves_the_cursor(store: Store, lease: Lease) -> None:
    cursor = CursorRow("hubspot", "contacts", 99, "page 2", "m1")
    store.save_page(lease, [], {}, cursor)
    assert store.cursor("hubspot", "contacts") == cursor


def test_a_cursor_is_replaced(store: Store, lease: Lease) -> None:
    store.save_page(lease, [], {}, CursorRow("hubspot", "contacts", 99, "page 2", "m1"))
    store.save_page(lease, [], {}, CursorRow("hubspot", "contacts", 100, None, "m2"))
    assert store.cursors() == [CursorRow("hubspot", "contacts", 100, None, "m2")]


def test_an_unread_object_has_no_cursor(store: Store) -> None:
    assert store.cursor("hubspot", "contacts") is None


def test_decisions_survive_an_observation(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    decide(store, lease, row._replace(entity="e", shadow={"email": "a"}, why={"rule": "email"}, dirty=False))
    (again,) = save(store, lease, contact("1", 2, now={"email": "b"}))
    assert (again.entity, again.shadow, again.why) == ("e", {"email": "a"}, {"rule": "email"})


def test_a_dirty_row_stays_dirty_when_seen_again_unchanged(store: Store, lease: Lease) -> None:
    save(store, lease, contact("1"))
    (again,) = save(store, lease, contact("1", 1, 2, dirty=False))
    assert again.dirty


@pytest.mark.parametrize("state", ["duplicate", "ignored", "shared"])
def test_only_a_decision_lifts_a_decided_state(store: Store, lease: Lease, state: str) -> None:
    (row,) = save(store, lease, contact("1"))
    decide(store, lease, row._replace(state=state))
    (seen,) = save(store, lease, contact("1", 2))
    assert seen.state == state
    decide(store, lease, seen._replace(state="live"))
    assert known(store, seen).state == "live"


@pytest.mark.parametrize("state", ["duplicate", "ignored", "shared", "live"])
def test_every_record_can_be_seen_deleted(store: Store, lease: Lease, state: str) -> None:
    (row,) = save(store, lease, contact("1"))
    decide(store, lease, row._replace(state=state))
    (seen,) = save(store, lease, contact("1", 2, state="deleted"))
    assert seen.state == "deleted"


def test_an_erased_record_learns_nothing_again(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1", now={}))
    decide(store, lease, row._replace(state="erased"))
    (seen,) = save(store, lease, contact("1", 2, now={"email": "ann@x.com"}, spans={"email": [1, 2]}))
    assert (seen.state, seen.now, seen.spans) == ("erased", {}, {})


def test_a_restored_record_takes_its_place_again(store: Store, lease: Lease) -> None:
    (row,) = save(store, lease, contact("1"))
    decide(store, lease, row._replace(entity="e"))
    save(store, lease, contact("1", 2, state="deleted"))
    (back,) = save(store, lease, contact("1", 3))
    assert (back.state, back.entity) == ("live", "e")


def test_a_restored_record_whose_place_is_taken_is_matched_anew(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="e"))
    save(store, lease, contact("1", 2, state="deleted"))
    decide(store, lease, second._replace(entity="e"))
    (back,) = save(store, lease, contact("1", 3))
    assert (back.state, back.entity, known(store, second).entity) == ("live", None, "e")


def test_who_comes_back_takes_the_place_of_who_leaves_in_the_same_page(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="e", state="deleted"), second._replace(entity="e"))
    save(store, lease, contact("1", 2), contact("2", 2, state="deleted"))
    assert known(store, first).entity == known(store, second).entity == "e"


def test_two_that_come_back_at_once_do_not_share_a_place(store: Store, lease: Lease) -> None:
    first, second = save(store, lease, contact("1"), contact("2"))
    decide(store, lease, first._replace(entity="e", state="deleted"), second._replace(entity="e", state="deleted"))
    save(store, lease, contact("1", 2), contact("2", 2))
    assert [known(store, first).entity, known(store, second).entity] == ["e", None]


def test_match_keys_find_their_records(store: Store, lease: Lease) -> None:
    ann, also_ann = contact("1"), lead("2")
    keys = {ann.ref: ["email:ann@x.com", "alt:a@x.com", "alt:a@x.com"], also_ann.ref: ["email:ann@x.com"]}
    store.save_page(lease, [ann, also_ann], keys, None)
    found = store.by_keys("person", ["email:ann@x.com", "alt:a@x.com", "email:bob@x.com"])
    assert {key: [row.id for row in rows] for key, rows in found.items()} == {
        "email:ann@x.com": ["1", "2"],
        "alt:a@x.com": ["1"],
    }
    assert [row.id for row in store.lookup("email:ann@x.com")] == ["1", "2"]
    assert store.by_keys("company", ["email:ann@x.com"]) == {}


def test_keys_given_replace_keys_and_keys_not_given_stay(store: Store, lease: Lease) -> None:
    one, two = contact("1"), contact("2")
    store.save_page(lease, [one, two], {one.ref: ["a", "b"], two.ref: ["c"]}, None)
    store.save_page(lease, [contact("1", 2), contact("2", 2)], {one.ref: ["b", "d"]}, None)
    assert sorted(store.by_keys("person", ["a", "b", "c", "d"])) == ["b", "c", "d"]


def test_keys_can_be_taken_away(store: Store, lease: Lease) -> None:
    one = contact("1")
    store.save_page(lease, [one], {one.ref: ["a"]}, None)
    store.save_page(lease, [one], {one.ref: []}, None)
    assert store.by_keys("person", ["a"]) == {}


def test_old_news_does_not_replace_keys(store: Store, lease: Lease) -> None:
    one = contact("1", 5)
    store.save_page(lease, [one], {one.ref: ["new"]}, None)
    store.save_page(lease, [contact("1", 4)], {one.ref: ["old"]}, None)
    assert sorted(store.by_keys("person", ["new", "old"])) == ["new"]


def test_a_page_is_stored_whole_or_not_at_all(store: Store, lease: Lease) -> None:
    page = [contact("1"), contact("2", state="nonsense")]
    with pytest.raises(StateError, match="record_state"):
        store.save_page(lease, page, {}, CursorRow("hubspot", "contacts", 9))
    assert store.rows("hubspot", "contacts", ["1", "2"]) == {}
    assert store.cursor("hubspot", "contacts") is None


def test_no_value_is_told_when_the_database_refuses(store: Store, lease: Lease) -> None:
    with pytest.raises(StateError) as refused:
        save(store, lease, contact("1", now={"email": "secret@x.com"}, state="nonsense"))
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_a_large_page(store: Store, lease: Lease) -> None:
    rows = [contact(str(n), now={"text": "x" * 2_000, "n": n}) for n in range(3_000)]
    assert store.save_page(lease, rows, {row.ref: [f"k{row.id}"] for row in rows}, None) == 3_000
    found = store.by_keys("person", [f"k{n}" for n in range(3_000)])
    assert sum(rows[0].now["n"] for rows in found.values()) == sum(range(3_000))
