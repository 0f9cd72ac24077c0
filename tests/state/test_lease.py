"""Leases: one holder at a time, a token that only grows, and nothing written without it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from connectors.errors import LeaseLost
from state.rows import Batch, CursorRow, Lease, Outcomes
from state.store import Store, open_store
from tests.state.make import contact, operation, question


@pytest.fixture
def other(url: str) -> Iterator[Store]:
    """A second process, as far as the database can tell."""
    with open_store(url) as opened:
        yield opened


def test_a_lease_has_one_holder(store: Store, other: Store) -> None:
    store.lease("sync", "a", now=0, ttl_ms=100)
    with pytest.raises(LeaseLost, match=r"sync \(a\)"):
        other.lease("sync", "b", now=99, ttl_ms=100)


def test_the_holder_does_not_get_it_twice(store: Store) -> None:
    store.lease("sync", "a", now=0, ttl_ms=100)
    with pytest.raises(LeaseLost):
        store.lease("sync", "a", now=1, ttl_ms=100)


def test_leases_of_other_names_are_free(store: Store, other: Store) -> None:
    store.lease("observe:hubspot:contacts", "a", now=0, ttl_ms=100)
    assert other.lease("observe:salesforce:Lead", "b", now=0, ttl_ms=100).owner == "b"


def test_a_released_lease_is_free(store: Store, other: Store) -> None:
    first = store.lease("sync", "a", now=0, ttl_ms=100)
    store.release(first)
    assert other.lease("sync", "b", now=1, ttl_ms=100) == Lease("sync", "b", first.token + 1, 101)


def test_a_lease_ends_with_its_time(store: Store, other: Store) -> None:
    first = store.lease("sync", "a", now=0, ttl_ms=100)
    assert other.lease("sync", "b", now=100, ttl_ms=100).token > first.token


def test_a_renewed_lease_lasts_longer(store: Store, other: Store) -> None:
    first = store.lease("sync", "a", now=0, ttl_ms=100)
    assert store.renew(first, now=90, ttl_ms=100) == first._replace(until_ms=190)
    with pytest.raises(LeaseLost):
        other.lease("sync", "b", now=150, ttl_ms=100)


def test_a_lease_that_was_taken_over_is_not_renewed(store: Store, other: Store) -> None:
    first = store.lease("sync", "a", now=0, ttl_ms=100)
    other.lease("sync", "b", now=100, ttl_ms=100)
    with pytest.raises(LeaseLost):
        store.renew(first, now=101, ttl_ms=100)


def test_releasing_what_was_taken_over_changes_nothing(store: Store, other: Store) -> None:
    first = store.lease("sync", "a", now=0, ttl_ms=100)
    second = other.lease("sync", "b", now=100, ttl_ms=100)
    store.release(first)
    assert other.renew(second, now=101, ttl_ms=100).token == second.token


def test_the_lease_of_a_holder_that_is_gone_is_free_at_once(store: Store, url: str) -> None:
    gone = open_store(url)
    first = gone.lease("sync", "a", now=0, ttl_ms=1_000_000)
    gone.close()
    assert store.lease("sync", "b", now=1, ttl_ms=100).token > first.token


def test_a_late_holder_that_renews_is_known_to_be_alive(store: Store, other: Store, url: str) -> None:
    store.lease("sync", "a", now=0, ttl_ms=100)
    second = other.lease("sync", "b", now=100, ttl_ms=100)
    store.close()
    other.renew(second, now=150, ttl_ms=100)
    with open_store(url) as third, pytest.raises(LeaseLost):
        third.lease("sync", "c", now=151, ttl_ms=100)


def test_a_killed_process_leaves_its_lease_free(store: Store, url: str) -> None:
    program = (
        "import os, signal, sys\n"
        "from state.store import open_store\n"
        "open_store(sys.argv[1]).lease('sync', 'a', 0, 1_000_000)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, url], check=False, timeout=60)
    assert killed.returncode == -9
    # A server notices in its own time that the other end of a session is gone.
    for _ in range(500):
        try:
            assert store.lease("sync", "b", now=1, ttl_ms=100).token == 2
        except LeaseLost:
            continue
        return
    pytest.fail("the lease stays taken")


def everything(store: Store) -> list[object]:
    return [store.counts(), store.cursors(), store.operations(), store.reviews(), store.journal_of("run-1")]


WRITES: dict[str, Callable[[Store, Lease], object]] = {
    "save_page": lambda store, lease: store.save_page(
        lease, [contact("2")], {contact("2").ref: ["k"]}, CursorRow("hubspot", "contacts", 1)
    ),
    "commit_batch": lambda store, lease: store.commit_batch(
        lease, Batch(operations=[operation("f")], opened=[question("q")])
    ),
    "commit_outcomes": lambda store, lease: store.commit_outcomes(
        lease, Outcomes(rows=[contact("2")], opened=[question("q")])
    ),
    "take": lambda store, lease: store.take(lease, "salesforce", 9, 9),
    "retry": lambda store, lease: store.retry(lease),
    "erase": lambda store, lease: store.erase(lease, "person", ["e"], [1], {}),
    "lift": lambda store, lease: store.lift(lease, ["k"], "email:a@x.com"),
    "forget": lambda store, lease: store.forget(lease),
}


@pytest.mark.parametrize("write", WRITES)
def test_who_lost_the_lease_writes_nothing(store: Store, other: Store, write: str) -> None:
    lease = store.lease("sync", "a", now=0, ttl_ms=100)
    store.save_page(lease, [contact("1")], {}, None)
    store.commit_batch(lease, Batch(operations=[operation("e"), operation("h", state="parked")]))
    taken = other.lease("sync", "b", now=100, ttl_ms=100)
    before = everything(store)
    with pytest.raises(LeaseLost):
        WRITES[write](store, lease)
    assert everything(store) == before
    WRITES[write](other, taken)
