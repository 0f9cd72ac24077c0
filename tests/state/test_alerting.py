"""An alert is kept once; each of its ways has a mark of its own, and goes with the person when they are erased."""

from __future__ import annotations

from state.rows import TELLING, TOLD, UNSURE, UNTOLD, WAITING, AlertRow, Lease, TellingRow
from state.store import Store


def alert(key: str, person: str = "ann", rank: int = 1) -> AlertRow:
    return AlertRow(key, "hot_lead", person, "olga", 5, f"about {person}", "why", rank)


def sent_out(store: Store, lease: Lease, *ways: str) -> list[TellingRow]:
    rows = [TellingRow(key, way, "alert:m", 10, digest=True) for key in ("a", "b") for way in ways]
    store.raise_alerts(lease, [alert("a"), alert("b", "bob", 5)])
    store.send_out(lease, ["a", "b"], rows, 10, "" if rows else "no way")
    return rows


def test_an_alert_is_kept_once(store: Store, lease: Lease) -> None:
    assert store.raise_alerts(lease, [alert("a"), alert("b", "bob")]) == 2
    assert store.raise_alerts(lease, [alert("a")._replace(title="other")]) == 0
    assert store.alerts_in(WAITING) == [alert("a"), alert("b", "bob")]
    assert store.alerts_about(["bob"]) == [alert("b", "bob")]
    assert store.alert_counts() == {WAITING: 2}


def test_an_alert_is_told_when_no_way_is_open_and_one_took_it(store: Store, lease: Lease) -> None:
    task, mail, *_ = sent_out(store, lease, "task", "env:MAIL")
    assert [(way.way, way.alert) for way in store.tellings(WAITING)] == [
        ("env:MAIL", "a"), ("env:MAIL", "b"), ("task", "a"), ("task", "b"),
    ]  # fmt: skip
    store.mark(lease, task._replace(state=TOLD, at_ms=11, note="Task 1"))
    assert {row.state for row in store.alerts_of("alert:m")} == {TELLING}
    store.mark(lease, mail._replace(state=TELLING))
    assert [way.way for way in store.tellings(TELLING)] == ["env:MAIL", "env:MAIL"]
    store.mark(lease, mail._replace(state=UNTOLD, attempts=3))
    assert {row.state for row in store.alerts_of("alert:m")} == {TOLD}
    assert store.told_since(10, 5) == {"olga": 1} and store.told_since(11, 5) == {}


def test_of_ways_that_all_failed_the_better_counts(store: Store, lease: Lease) -> None:
    task, mail, *_ = sent_out(store, lease, "task", "env:MAIL")
    store.mark(lease, task._replace(state=UNTOLD))
    store.mark(lease, mail._replace(state=UNSURE))
    assert store.alert_counts() == {UNSURE: 2}


def test_what_no_way_leads_to_is_not_told(store: Store, lease: Lease) -> None:
    sent_out(store, lease)
    assert [(row.state, row.note) for row in store.alerts_in(UNTOLD)] == [(UNTOLD, "no way")] * 2


def test_erasing_takes_along_what_was_told_and_lists_that_may_name_anybody(store: Store, lease: Lease) -> None:
    sent_out(store, lease, "task")
    store.raise_alerts(lease, [alert("week", "")])
    store.erase(lease, "person", ["ann"], [], {})
    assert store.alerts_about(["ann", "bob", ""]) == [alert("b", "bob", 5)._replace(state=TELLING, told_ms=10)]
    assert [way.alert for way in store.tellings(WAITING)] == ["b"]
