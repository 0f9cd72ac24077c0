"""The indexes say what a scan would say, after any changes and after any that were taken back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.kernel import Row
from sandbox.salesforce.ordered import Ordered
from sandbox.salesforce.schema import standard_org
from sandbox.salesforce.storage import Store

ORG = standard_org()
EMAILS = st.sampled_from(["a@x.org", "A@x.org", "b@x.org", None])
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "change", "bin", "drop"]), st.integers(0, 5), EMAILS, st.integers(0, 9_999)),
    max_size=25,
)


class TakenBackError(Exception):
    pass


def apply(store: Store, steps: list[tuple[str, int, str | None, int]]) -> None:
    shelf = store.shelf("Lead")
    for verb, number, email, at in steps:
        row = shelf.rows.get(f"00Q{number}")
        values: dict[str, Any] = {"Email": email} if email else {}
        if verb == "put" and row is None:
            new = Row(f"00Q{number}", values, at)
            store.put("Lead", new)
        elif row is not None and verb == "change":
            store.replace("Lead", row, values, at, row.archived_at)
        elif row is not None and verb == "bin":
            store.replace("Lead", row, row.values, at, at)
        elif row is not None and verb == "drop":
            store.drop("Lead", row)


def agrees(store: Store) -> None:
    shelf = store.shelf("Lead")
    rows = sorted(shelf.rows.values(), key=lambda r: (r.modified // 1000, r.id))
    assert list(shelf.stamped(None, None)) == [r.id for r in rows]
    assert list(shelf.stamped(2_500, 6_000)) == [r.id for r in rows if 2 <= r.modified // 1000 <= 6]
    assert list(shelf.stamped(None, None, descending=True)) == [r.id for r in reversed(rows)]
    assert list(shelf.in_order(None, None)) == sorted(shelf.rows)
    assert shelf.binned == {r.id for r in rows if r.archived_at is not None}
    for email in ("a@x.org", "b@x.org"):
        found = {r.id for r in rows if str(r.values.get("Email")).lower() == email}
        assert set(shelf.ids_matching("Email", email)) == found


@given(STEPS, STEPS)
def test_indexes(first: list[tuple[str, int, str | None, int]], second: list[tuple[str, int, str | None, int]]) -> None:
    store = Store(ORG)
    apply(store, first)
    agrees(store)
    apply(store, second)
    agrees(store)


@given(STEPS, STEPS)
def test_what_is_taken_back(
    first: list[tuple[str, int, str | None, int]], second: list[tuple[str, int, str | None, int]]
) -> None:
    store = Store(ORG)
    apply(store, first)
    agrees(store)
    shelf = store.shelf("Lead")
    before = {i: (r.values, r.modified, r.archived_at) for i, r in shelf.rows.items()}

    def work() -> None:
        store.attempt(lambda: apply(store, second))
        raise TakenBackError

    try:
        store.attempt(work)
    except TakenBackError:
        agrees(store)
    assert {i: (r.values, r.modified, r.archived_at) for i, r in shelf.rows.items()} == before


@given(st.lists(st.lists(st.text("abc", max_size=2))))
def test_ordered_is_a_sorted_list(batches: list[list[str]]) -> None:
    ordered: Ordered[str] = Ordered()
    expected: list[str] = []
    for batch in batches:
        for item in batch:
            ordered.add(item)
        expected += batch
        assert list(ordered.between(None, None)) == sorted(expected)
        assert list(ordered.between("ab", "b")) == sorted(x for x in expected if "ab" <= x <= "b")
