"""Every question of a cycle is answered from an index: the work grows with the changes, not with the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Pool, event

from connectors.port import Ref
from state.rows import Batch, Closing, CursorRow, Ending, Lease, Outcomes, TouchRow
from state.store import Store, open_store
from tests.postgres import Server
from tests.state.make import change, contact, operation, question

QUESTIONS: dict[str, Callable[[Store, Lease], Any]] = {
    "rows": lambda s, lease: s.rows("hubspot", "contacts", ["1", "2"]),
    "save_page": lambda s, lease: s.save_page(
        lease, [contact("1")], {contact("1").ref: ["k"]}, CursorRow("hubspot", "contacts", 1)
    ),
    "dirty": lambda s, lease: s.dirty("person", 0, 10),
    "entity_rows": lambda s, lease: s.entity_rows(["e", "f"]),
    "by_keys": lambda s, lease: s.by_keys("person", ["k", "l"]),
    "standings": lambda s, lease: s.standings(["e", "f"]),
    "open_operations": lambda s, lease: s.open_operations(["e", "f"]),
    "commit_batch": lambda s, lease: s.commit_batch(
        lease,
        Batch([contact("1", n=1)], [operation("e")], [7], [change("e")], [question("q")], [Closing("q", 1, "yes")]),
    ),
    "take": lambda s, lease: s.take(lease, "salesforce", 9, 10),
    "sent": lambda s, lease: s.sent("salesforce"),
    "commit_outcomes": lambda s, lease: s.commit_outcomes(
        lease,
        Outcomes(
            rows=[contact("1", entity="e")],
            keys={Ref("hubspot", "contacts", "1"): ["k"]},
            ended=[Ending(1, "done")],
            dropped=[8],
            dirty=["e"],
        ),
    ),
    "lookup": lambda s, lease: s.lookup("k"),
    "save_touches": lambda s, lease: s.save_touches(
        lease,
        [TouchRow("email:a@x.com", "k", 1, "visit", "buyer"), TouchRow("record:hubspot:person:1", "k", 1, "", "")],
    ),
    "touches": lambda s, lease: s.touches(["email:a@x.com"]),
    "latest": lambda s, lease: s.latest(["email:a@x.com"], "visit"),
    "repoint": lambda s, lease: s.repoint(lease, [("email:a@x.com", "email:b@x.com")]),
    "unlearned": lambda s, lease: s.unlearned("person", 0, 10),
    "unlearn": lambda s, lease: s.unlearn(lease, ["record:hubspot:person:1"], [1]),
    "derived": lambda s, lease: s.derived(["e"]),
    "learn": lambda s, lease: s.learn(lease, [("e", "@visits", 1, "")], 1, learned=[1]),
    "journal": lambda s, lease: s.journal("e"),
    "journal_of": lambda s, lease: s.journal_of("run-1"),
    "operations of an entity": lambda s, lease: s.operations(entity="e"),
    "operations of a run": lambda s, lease: s.operations(run="run-1"),
    "operations in a state": lambda s, lease: s.operations(state="parked"),
    "erase": lambda s, lease: s.erase(lease, "person", ["e"], [1], {Ref("hubspot", "contacts", "1"): ["hash"]}),
    "tombstone": lambda s, lease: s.tombstone(),
    "lift": lambda s, lease: s.lift(lease, ["hash"], "email:a@x.com"),
    "reviews of an entity": lambda s, lease: s.reviews(open=False, entity="e"),
    "fates": lambda s, lease: s.fates("run-1"),
    "backlog": lambda s, lease: s.backlog(),
    "questions_of": lambda s, lease: s.questions_of(["e"], ["duplicate"]),
    "asked": lambda s, lease: s.asked(["q", "r"]),
    "retry": lambda s, lease: s.retry(lease),
    "renew": lambda s, lease: s.renew(lease, 1, 2),
}


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[Store, list[str]]]:
    """A store, and the statements it sends, with the values in them."""
    statements: list[str] = []

    def listen(connection: Any, _: Any) -> None:
        connection.set_trace_callback(statements.append)

    event.listen(Pool, "connect", listen)
    with open_store(f"sqlite:///{tmp_path}/state.db") as store:
        yield store, statements
    event.remove(Pool, "connect", listen)


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_a_cycle_reads_a_whole_table(
    asked: tuple[Store, list[str]], question: str, tmp_path: Path
) -> None:
    store, statements = asked
    lease = store.lease("sync", "a", 0, 9)
    statements.clear()
    QUESTIONS[question](store, lease)
    scans = [
        (statement, step)
        for statement in list(statements)
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
        for step in plan(store, statement)
        if step.startswith("SCAN") and "json_each" not in step and "USING" not in step
    ]
    assert scans == []


def plan(store: Store, statement: str) -> list[str]:
    with store._tables.reading() as connection:
        return [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def test_postgresql_finds_records_by_their_ids_even_without_statistics(postgres: Server) -> None:
    with postgres.database() as url, open_store(url) as store:
        lease = store.lease("sync", "a", 0, 9)
        store.save_page(lease, [contact(str(n)) for n in range(2_000)], {}, None)
        query = "EXPLAIN SELECT n FROM record WHERE system = ? AND object = ? AND id IN ??"
        ids = store._tables.many([str(n) for n in range(1_000)])
        with store._tables.reading() as connection:
            connection.execute("SET LOCAL enable_seqscan = off")
            steps = [str(step[0]) for step in store._tables.rows(connection, query, ("hubspot", "contacts", ids))]
    conditions = [step for step in steps if "Index Cond" in step]
    assert conditions
    assert all("id = ANY" in condition for condition in conditions)
