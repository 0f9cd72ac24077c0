"""Random histories: whatever is asked of the store in whatever order, it agrees with a model of dicts and lists.

A step that the model refuses must be refused by the store and leave no trace; a step under a lost lease likewise.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import NullPool, create_engine, text

from connectors.errors import LeaseLost
from connectors.port import Ref
from state.errors import StateError
from state.rows import FATES, RECORD_STATES, Batch, Closing, CursorRow, Ending, Lease, Outcomes, Row
from state.schema import metadata
from state.store import Store, open_store
from tests.postgres import Server
from tests.state.make import change, operation, question
from tests.state.model import Model, Refused

REFS = [Ref("hubspot", "contacts", id) for id in "1234"] + [Ref("salesforce", "Lead", id) for id in "567"]
ENTITIES = ["e1", "e2", "e3"]
KEYS = ["email:a", "email:b", "phone:c"]

small = st.integers(0, 4)
entity = st.sampled_from([None, *ENTITIES])
values = st.dictionaries(st.sampled_from(["email", "phone"]), st.sampled_from(["x", "y", None, True]), max_size=2)
keys = st.dictionaries(st.sampled_from(REFS), st.lists(st.sampled_from(KEYS), max_size=3), max_size=3)


@st.composite
def observations(draw: st.DrawFn, ref: Ref | None = None) -> Row:
    chosen = draw(st.sampled_from(REFS)) if ref is None else ref
    return Row(
        *chosen,
        kind="person",
        now=draw(values),
        version_ms=draw(small),
        seen_ms=draw(small),
        state=draw(st.sampled_from(["live", "live", "live", "deleted", "moved"])),
        created_ms=draw(st.none() | small),
        spans=draw(st.dictionaries(st.just("email"), st.just([1, 2]))),
        dirty=draw(st.booleans()),
        run=draw(st.sampled_from(["r1", "r2"])),
        fate=draw(st.sampled_from(FATES)),
        moved_to=draw(st.none() | st.sampled_from(REFS)),
    )


decisions = st.fixed_dictionaries(
    {
        "entity": entity,
        "state": st.sampled_from(["live", "live", *RECORD_STATES]),
        "shadow": st.none() | values,
        "spans": st.just({}),
        "dirty": st.booleans(),
        "fate": st.sampled_from(FATES),
        "why": st.none() | st.just({"rule": "email"}),
    }
)
operations = st.lists(
    st.builds(
        operation,
        st.sampled_from(ENTITIES),
        st.sampled_from(["hubspot", "salesforce"]),
        state=st.just("planned"),
        not_before_ms=small,
        urgent=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda o: (o.entity, o.system),
)
questions = st.lists(st.builds(question, st.sampled_from("ab"), detail=values), max_size=2)
closings = st.lists(st.builds(Closing, st.sampled_from("ab"), small, st.just("yes")), max_size=2)
outcome_rows = st.lists(st.tuples(observations(), decisions).map(lambda pair: pair[0]._replace(**pair[1])), max_size=3)


class Histories(RuleBasedStateMachine):
    """One store and one model, told the same."""

    fresh: Callable[[], str]

    @initialize()
    def begin(self) -> None:
        self.url = type(self).fresh()
        self.store: Store = open_store(self.url)
        self.model = Model()
        self.now = 0
        self.lease: Lease = self.store.lease("sync", "a", self.now, 10)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    def agree(self, told: Callable[[Model], Any], asked: Callable[[], Any]) -> None:
        """Tell both; what the model refuses the store must refuse."""
        after = self.model.copy()
        try:
            expected = told(after)
        except Refused:
            with pytest.raises(StateError):
                asked()
            return
        assert asked() == expected
        self.model = after

    @rule(rows=st.lists(observations(), max_size=5), keys=keys, mark=st.none() | small)
    def observe(self, rows: list[Row], keys: dict[Ref, list[str]], mark: int | None) -> None:
        present = {row.ref for row in rows}
        keys = {ref: new for ref, new in keys.items() if ref in present}
        cursor = None if mark is None else CursorRow("hubspot", "contacts", mark, None, "m")
        self.agree(
            lambda model: model.save_page(rows, keys, cursor),
            lambda: self.store.save_page(self.lease, rows, keys, cursor),
        )
        self.learn_numbers()

    @rule(data=st.data(), operations=operations, opened=questions, closed=closings, drop=st.booleans())
    def decide(self, data: st.DataObject, operations: Any, opened: Any, closed: Any, drop: bool) -> None:
        known = list(self.model.records.values())
        chosen = data.draw(st.lists(st.sampled_from(known), unique_by=lambda row: row.ref, max_size=4)) if known else []
        rows = [row._replace(**data.draw(decisions)) for row in chosen]
        if data.draw(st.booleans()):
            rows = [row._replace(seen_ms=row.seen_ms - 1) for row in rows]
        dropped = [o.n for o in self.model.operations[:1]] if drop else []
        lines = [change("e1")] if opened else []
        batch = Batch(rows, operations, dropped, lines, opened, closed)
        self.agree(lambda model: model.commit_batch(batch), lambda: self.store.commit_batch(self.lease, batch))
        self.learn_numbers()

    @rule(system=st.sampled_from(["hubspot", "salesforce"]), now=small, limit=st.integers(1, 3))
    def take(self, system: str, now: int, limit: int) -> None:
        self.agree(
            lambda model: model.take(system, now, limit), lambda: self.store.take(self.lease, system, now, limit)
        )

    @rule(
        rows=outcome_rows,
        keys=keys,
        endings=st.lists(st.sampled_from(["done", "parked", "planned", "sent"]), max_size=3),
        dirty=st.lists(st.sampled_from(ENTITIES), max_size=2),
        opened=questions,
    )
    def learn(self, rows: Any, keys: dict[Ref, list[str]], endings: list[str], dirty: list[str], opened: Any) -> None:
        present = {row.ref for row in rows}
        sent = [o.n for o in self.model.operations if o.state == "sent"]
        outcomes = Outcomes(
            rows=rows,
            keys={ref: new for ref, new in keys.items() if ref in present},
            ended=[Ending(n, state, note=state) for n, state in zip(sent, endings, strict=False)],
            dirty=dirty,
            opened=opened,
        )
        self.agree(
            lambda model: model.commit_outcomes(outcomes), lambda: self.store.commit_outcomes(self.lease, outcomes)
        )
        self.learn_numbers()

    @rule()
    def retry(self) -> None:
        self.agree(lambda model: model.retry(), lambda: self.store.retry(self.lease))

    @rule()
    def another_takes_over(self) -> None:
        lost, self.now = self.lease, self.now + 10
        self.lease = self.store.lease("sync", "b", self.now, 10)
        with pytest.raises(LeaseLost):
            self.store.save_page(lost, [Row(*REFS[0], "person", {"email": "stolen"}, 99, 99)], {}, None)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = open_store(self.url)

    def learn_numbers(self) -> None:
        """The store numbers operations in the order they were given, and records as it likes."""
        numbers = [o.n for o in self.store.operations()]
        assert len(numbers) == len(self.model.operations)
        pairs = zip(self.model.operations, numbers, strict=True)
        self.model.operations = [o._replace(n=n) for o, n in pairs]
        for ref, row in self.records().items():
            if ref in self.model.records:
                self.model.records[ref] = self.model.records[ref]._replace(n=row.n)

    def records(self) -> dict[Ref, Row]:
        found: dict[Ref, Row] = {}
        for system, object in {(ref.system, ref.object) for ref in REFS}:
            ids = [ref.id for ref in REFS if ref.system == system]
            found |= {row.ref: row for row in self.store.rows(system, object, ids).values()}
        return found

    @invariant()
    def records_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        assert self.records() == self.model.records

    @invariant()
    def answers_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        model, store = self.model, self.store
        members = {e: {row.ref for row in model.records.values() if row.entity == e} for e in ENTITIES}
        found = store.entity_rows(ENTITIES)
        assert {e: {row.ref for row in found.get(e, [])} for e in ENTITIES} == members
        holders = {key: {ref for ref, held in model.keys.items() if key in held} for key in KEYS}
        by_key = store.by_keys("person", KEYS)
        assert {key: {row.ref for row in by_key.get(key, [])} for key in KEYS} == holders
        assert {row.ref for row in store.dirty("person", 0, 99)} == {
            row.ref for row in model.records.values() if row.dirty
        }

    @invariant()
    def work_agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        model, store = self.model, self.store
        assert store.operations() == model.operations
        assert [row._replace(n=0) for row in store.reviews(open=False)] == model.reviews
        assert store.cursors() == list(model.cursors.values())
        open_places = {(o.entity, o.system) for o in model.operations if o.state != "done"}
        assert set(store.open_operations(ENTITIES)) == open_places


def explore(machine: type[Histories], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_random_histories_on_sqlite() -> None:
    with TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        open_store(f"sqlite:///{template}").close()

        def fresh() -> str:
            used = Path(folder) / "used.db"
            shutil.copyfile(template, used)
            return f"sqlite:///{used}"

        explore(type("OnSqlite", (Histories,), {"fresh": staticmethod(fresh)}), 30)


def test_random_histories_on_postgresql(postgres: Server) -> None:
    with postgres.database() as url:
        open_store(url).close()
        engine = create_engine(url, poolclass=NullPool)
        names = ", ".join(metadata.tables)

        def fresh() -> str:
            with engine.begin() as connection:
                connection.execute(text(f"TRUNCATE {names}"))
            return url

        explore(type("OnPostgresql", (Histories,), {"fresh": staticmethod(fresh)}), 10)
