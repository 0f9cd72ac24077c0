"""Bugs for `mutants`: each function says what stands instead of what, (owner, attribute, instead)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import state.base
import state.observing
import state.opening
import sync.compiling
import sync.decide.deleting
import sync.decide.hearing
import sync.engine
import sync.match
import sync.merge
import sync.observe
import sync.outcomes
import sync.plan
import sync.reconcile
import sync.trust.erased
import tests.simulation.life
from connectors.port import Applied, Ref, Rejected
from state.rows import DELETED, LIVE, SENT, Batch
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
        (sync.compiling, "fingerprint", lambda *_: "as ever"),
        (tests.simulation.life.Worker, "compiled", {}),
    ]


def never_done() -> Patches:
    """Whatever is decided stays to be decided."""
    result = Deciding.result

    def all_dirty(self: Any) -> Batch:
        batch: Batch = result(self)
        return replace(batch, rows=[row._replace(dirty=True) for row in batch.rows])

    return [(Deciding, "result", all_dirty)]


def by_chance() -> Patches:
    """The order in which writes are planned is nobody's."""
    result = Deciding.result

    def shuffled(self: Any) -> Batch:
        batch: Batch = result(self)
        random.SystemRandom().shuffle(rows := list(batch.rows))
        random.SystemRandom().shuffle(drafts := list(batch.operations))
        return replace(batch, rows=rows, operations=drafts)

    return [(Deciding, "result", shuffled)]


def gone_when_seen_again() -> Patches:
    """What comes a second time, and is the same, is taken for gone."""
    observed = sync.observe.observed

    def once(mapping: Any, record: Any, old: Any, *rest: Any) -> Any:
        row = observed(mapping, record, old, *rest)
        again = old is not None and old.state == LIVE and record.version == old.version_ms
        return row._replace(state=DELETED) if row is not None and again else row

    return [(sync.observe, "observed", once)]


def first_come() -> Patches:
    """Of several records the one that arrived first is the primary one."""
    order = Matching._order

    def arrived(self: Any, candidate: Any) -> tuple[Any, ...]:
        first, *others = order(self, candidate)
        return (first, *(0 for _ in others[1:]), self.given.index(candidate))

    return [(Matching, "_order", arrived)]


def one_side_wins_ties() -> Patches:
    """Whatever the rule says of ties."""
    newest = sync.merge._newest

    def biased(case: Any, names: Any) -> Any:
        return newest(replace(case, rule=replace(case.rule, tie="salesforce")), names)

    return [(sync.merge, "_newest", biased)]


def postgresql_backwards() -> Patches:
    """On one engine rows come in another order."""
    text = state.base.Tables.text

    def turned(self: Any, statement: str) -> str:
        said: str = text(self, statement)
        return said.replace("ORDER BY n", "ORDER BY n DESC") if self.postgresql else said

    return [(state.base.Tables, "text", turned)]


# -- what there is beside people -------------------------------------------------------------------------------------


def edited_and_binned() -> Patches:
    """Whose counterpart was deleted is put into the bin, though somebody edited it since."""
    bin_ = sync.decide.deleting._bin

    def heedless(planner: Any, row: Any, *rest: Any) -> None:
        bin_(planner, row._replace(spans={}), *rest)

    return [(sync.decide.deleting, "_bin", heedless), (sync.decide.deleting, "_touched", lambda *_: False)]


def taken_in_again() -> Patches:
    """Who was erased is somebody new."""
    return [(sync.trust.erased, "intercepted", lambda row: row)]


def last_words_unheard() -> Patches:
    """What a record said last before it was gone is not asked for."""
    return [(sync.observe, "_last_words", lambda *_: {})]


def no_opt_out_remembered() -> Patches:
    """When somebody opted out is not asked of the journal."""
    return [(sync.decide.hearing, "_opted_out_at", lambda *_: None)]


def any_company() -> Patches:
    """Every reference is taken for one to the first company there is."""
    entity = sync.plan.Planner.linked

    def first(self: Any, links: Any) -> Any:
        one = next((e for (kind, _, _), e in sorted(links.entities.items()) if kind == "company"), None)
        entities = {key: one if key[0] == "company" else e for key, e in links.entities.items()}
        return entity(self, replace(links, entities=entities))

    return [(sync.plan.Planner, "linked", first)]


def half_upgraded() -> Patches:
    """An upgrade is no transaction: what was done of it before the process died stays, and is tried again."""
    current = state.opening._is_current

    def any_age(connection: Any, url: Any) -> bool:
        found: bool = current(connection, url)
        if not found:
            connection.exec_driver_sql("COMMIT")
        return found

    return [(state.opening, "_is_current", any_age)]


def read_all() -> Patches:
    """Every run reads everything."""
    cycle = sync.engine.Engine.cycle

    def everything(self: Any, *job: Any, **how: Any) -> Any:
        return cycle(self, *job, **{**how, "full": how.get("record") is None})

    return [(sync.engine.Engine, "cycle", everything)]
