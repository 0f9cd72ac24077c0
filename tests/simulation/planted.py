"""Bugs for `mutants`: each function says what stands instead of what, (owner, attribute, instead)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import state.observing
import sync.engine
import sync.match
import sync.outcomes
import sync.plan
import sync.reconcile
import tests.simulation.life
from connectors.port import Applied, Ref, Rejected
from state.rows import SENT, Batch
from state.store import open_store

Told: Any = sync.outcomes.Told
Deciding: Any = sync.reconcile._Batch
Matching: Any = sync.match._Matching
Planner: Any = sync.plan.Planner
Patches = list[tuple[Any, str, Any]]


def poison() -> Patches:
    """After a refusal the rest of the batch counts as refused as well."""
    outcome = Told.outcome
    refused: list[Any] = []

    def all_with_it(self: Any, operation: Any, told: Any, *rest: Any, **how: Any) -> None:
        if isinstance(told, Rejected):
            refused[:] = [self, told]
        elif refused and refused[0] is self and isinstance(told, Applied):
            self._rejected(operation, refused[1])
            return
        outcome(self, operation, told, *rest, **how)

    return [(Told, "outcome", all_with_it)]


def refused_remembered() -> Patches:
    """A refused write moves the shadow."""
    rejected = Told._rejected

    def as_if_written(self: Any, operation: Any, *rest: Any) -> None:
        rejected(self, operation, *rest)
        row = self.rows.get(Ref(operation.system, operation.object, operation.id)) if operation.id is not None else None
        wrote = {name: value for name, value in operation.fields.items() if name[0] != "@"}
        if row is not None:
            self._settle(row._replace(shadow={**(row.shadow or {}), **wrote}))

    return [(Told, "_rejected", as_if_written)]


def two_in_flight() -> Patches:
    """What is under way is not looked at."""
    decide = Planner.decide

    def heedless(self: Any, entity: str, rows: Any, opens: Any, *rest: Any) -> Any:
        return decide(self, entity, rows, {s: o for s, o in opens.items() if o.state != SENT}, *rest)

    def unguarded(url: str) -> Any:
        store = open_store(url)
        with store._engine.begin() as connection:
            connection.exec_driver_sql("DROP INDEX IF EXISTS operation_slot")
        return store

    return [(Planner, "decide", heedless), (tests.simulation.life, "open_store", unguarded)]


def no_names() -> Patches:
    """A record is not known again by its keys."""
    return [(Matching, "by_sync_key", lambda _: None), (Matching, "by_address", lambda *_: None)]


def cursor_apart() -> Patches:
    """The cursor is stored before what was read, in a transaction of its own."""
    save = state.observing.Observing.save_page

    def twice(self: Any, lease: Any, rows: Any, keys: Any, cursor: Any, *rest: Any) -> Any:
        save(self, lease, [], {}, cursor, *rest)
        life = tests.simulation.life.Life.current
        assert life is not None
        life.step("between the cursor and what was read")
        return save(self, lease, rows, keys, None, *rest)

    return [(state.observing.Observing, "save_page", twice)]


def mapping_unnoticed() -> Patches:
    """A change of the mapping goes unnoticed."""
    return [
        (sync.engine, "fingerprint", lambda *_: "as ever"),
        (tests.simulation.life.Worker, "compiled", {}),
    ]


def never_done() -> Patches:
    """Whatever is decided stays to be decided."""
    result = Deciding.result

    def all_dirty(self: Any) -> Batch:
        batch: Batch = result(self)
        return replace(batch, rows=[row._replace(dirty=True) for row in batch.rows])

    return [(Deciding, "result", all_dirty)]


def read_all() -> Patches:
    """Every run reads everything."""
    cycle = sync.engine.Engine.cycle

    def everything(self: Any, *job: Any, **how: Any) -> Any:
        return cycle(self, *job, **{**how, "full": how.get("record") is None})

    return [(sync.engine.Engine, "cycle", everything)]
