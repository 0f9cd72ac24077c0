"""Bugs planted one at a time: each takes one safety rule out of the product, and some life must object.

A mutant replaces a function or a statement while it lasts; there is no seam for it in the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import connectors.memory
import mapping.journey
import state.applying
import state.base
import state.deciding
import state.observing
import sync.apply
import sync.decide.decision
import sync.decide.moves
import sync.engine
import sync.match
import sync.merge
import sync.observe
import sync.outcomes
import sync.plan
import sync.reconcile
from connectors.port import Applied, Stale
from state.operations import OPERATION_COLUMNS, read_operation
from state.rows import LIVE, PARKED, Batch, Ending, Outcomes
from sync.merge import Verdict
from tests.simulation import planted
from tests.simulation.profile import Profile

Told: Any = sync.outcomes.Told
Deciding: Any = sync.reconcile._Batch
Matching: Any = sync.match._Matching
Planner: Any = sync.plan.Planner
Memory: Any = connectors.memory.Memory
Applying: Any = state.applying.Applying
Observing: Any = state.observing.Observing


def _any(_: Profile) -> bool:
    return True


def _unanswered(profile: Profile) -> bool:
    return profile.lost > 0 and profile.race > 0


def _late(profile: Profile) -> bool:
    return profile.lost > 0 and profile.late > 0.5


def _unanswered_and_deleted(profile: Profile) -> bool:
    return _unanswered(profile) and profile.deletes


def _moving(profile: Profile) -> bool:
    return profile.moves and profile.humans >= 0.4 and profile.actions >= 12 and not profile.race


@dataclass(frozen=True)
class Mutant:
    """A rule, and how to take it out: (owner, attribute, what stands there instead)."""

    rule: str
    patches: Callable[[], list[tuple[Any, str, Any]]]
    fits: Callable[[Profile], bool] = _any
    """The lives in which the rule can matter: others are not tried."""
    objected: int | None = None
    """The seed of a life that objected once, where many do not: tried first."""

    def seeds(self, most: int) -> Iterator[int]:
        """Those of the first `most` seeds that fit."""
        if self.objected is not None:
            yield self.objected
        yield from (seed for seed in range(most) if self.fits(Profile.of(seed)))

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While this lasts the rule is gone."""
        with ExitStack() as stack:
            for owner, name, instead in self.patches():
                stack.enter_context(patch.object(owner, name, instead))
            yield


def _losers() -> list[tuple[Any, str, Any]]:
    journal = Told._journal

    def without(self: Any, operation: Any, *rest: Any) -> None:
        fields = operation.basis.get("fields", {})
        bare = {name: {**why, "old": None, "lost": []} for name, why in fields.items()}
        journal(self, operation._replace(basis={**operation.basis, "fields": bare}), *rest)

    return [(Told, "_journal", without)]


def _no_journal() -> list[tuple[Any, str, Any]]:
    return [(Told, "_journal", lambda *_: None)]


def _backwards() -> list[tuple[Any, str, Any]]:
    observed = sync.observe.observed

    def believing(mapping: Any, record: Any, old: Any, *rest: Any) -> Any:
        older = old is not None and record.version < old.version_ms
        return observed(mapping, record, old._replace(version_ms=0) if older else old, *rest)

    save = state.observing._SAVE
    always = save.replace("WHERE (excluded.version_ms, excluded.seen_ms) >= (record.version_ms, record.seen_ms)", "")
    assert always != save
    return [(sync.observe, "observed", believing), (state.observing, "_SAVE", always)]


def _no_compare_and_set() -> list[tuple[Any, str, Any]]:
    write = sync.apply.as_write
    return [(sync.apply, "as_write", lambda operation: write(operation)._replace(unless_changed_since=None))]


def _no_read_back() -> list[tuple[Any, str, Any]]:
    return [(Memory, "overwritten", lambda *_: {})]


def _any_stage() -> list[tuple[Any, str, Any]]:
    judge = mapping.journey._judge

    def latest(lifecycle: Any, now: Any, said: Any) -> Any:
        if said.value in lifecycle.stages and said.value != now.stage:
            return now._replace(stage=said.value), "forward"
        return judge(lifecycle, now, said)

    return [(mapping.journey, "_judge", latest)]


def _opt_in() -> list[tuple[Any, str, Any]]:
    def either(case: Any) -> Verdict:
        changed = [name for name, side in case.sides.items() if side.changed]
        if not changed:
            return sync.merge._nothing("nothing changed", "unchanged")
        return sync.merge._write(case, changed, case.sides[changed[0]].now, "it changed", "latest")

    return [(sync.merge, "_sticky", either)]


def _blanks_win() -> list[tuple[Any, str, Any]]:
    return [(sync.merge, "_may_clear", lambda *_: True), (sync.merge, "_first", _first_takes_any)]


def _first_takes_any(case: Any) -> Verdict:
    source = sorted(case.sides)[0]
    return sync.merge._write(case, [source], case.sides[source].now, "the first side decides", "first")


def _no_shadow() -> list[tuple[Any, str, Any]]:
    return [(Told, "_agree", lambda *_: None)]


def _edge_triggered() -> list[tuple[Any, str, Any]]:
    result = Told.result

    def once(self: Any) -> Outcomes:
        outcomes: Outcomes = result(self)
        return replace(outcomes, rows=[row._replace(dirty=False) for row in outcomes.rows], dirty=[])

    return [(Told, "result", once)]


def _resurrection() -> list[tuple[Any, str, Any]]:
    decide = Planner.decide

    def forgetful(self: Any, entity: str, rows: Any, *rest: Any) -> Any:
        return decide(self, entity, [row for row in rows if row.state == LIVE], *rest)

    return [(Planner, "decide", forgetful)]


def _retry() -> list[tuple[Any, str, Any]]:
    def again(engine: Any, connector: Any, mapping: Any) -> int:
        operations = engine.store.sent(connector.name)
        ended = [Ending(operation.n, "planned") for operation in operations]
        engine.store.commit_outcomes(engine.lease, Outcomes(ended=ended))
        return len(operations)

    return [(sync.engine, "recover", again)]


def _forget_the_unanswered() -> list[tuple[Any, str, Any]]:
    def drop(engine: Any, connector: Any, mapping: Any) -> int:
        operations = engine.store.sent(connector.name)
        dropped, dirty = [o.n for o in operations], sorted({o.entity for o in operations})
        engine.store.commit_outcomes(engine.lease, Outcomes(dropped=dropped, dirty=dirty))
        return len(operations)

    return [(sync.engine, "recover", drop)]


def _write_ahead() -> list[tuple[Any, str, Any]]:
    def unmarked(self: Any, lease: Any, system: str, now: int, most: int, *, kind: str, **_: Any) -> Any:
        statement = (
            f"SELECT {OPERATION_COLUMNS} FROM operation WHERE state = 'planned' "
            "AND system = ? AND not_before_ms <= ? AND kind = ? ORDER BY n LIMIT ?"
        )
        with self._tables.writing(lease) as connection:
            found = self._tables.rows(connection, statement, (system, now, kind, most))
            due = [read_operation(row) for row in found]
            if due:
                forget = "DELETE FROM operation WHERE n IN ??"
                self._tables.run(connection, forget, (self._tables.many([o.n for o in due]),))
        return due

    return [(Applying, "take", unmarked)]


def _two_of_one_key() -> list[tuple[Any, str, Any]]:
    one = Memory._one

    def twice(self: Any, write: Any, stale: Any, fields: Any) -> Any:
        outcome = one(self, write, stale, fields)
        if write.id is None and isinstance(outcome, Stale) and write.key is not None:
            fresh = write._replace(fields={k: v for k, v in write.fields.items() if k != write.key.field})
            if self.system.refusal(write.object, None, fresh.fields) is None:
                return Applied(self._pick([self.system.put(fresh)], fields)[0])
        return outcome

    return [(Memory, "_one", twice)]


def _upsert() -> list[tuple[Any, str, Any]]:
    one = Memory._one

    def over(self: Any, write: Any, stale: Any, fields: Any) -> Any:
        outcome = one(self, write, stale, fields)
        if write.id is None and isinstance(outcome, Stale) and outcome.existing is not None:
            return Applied(self._pick([self.system.put(write._replace(id=outcome.existing))], fields)[0])
        return outcome

    return [(Memory, "_one", over)]


def _silent_duplicates() -> list[tuple[Any, str, Any]]:
    ask = Deciding._ask

    def mute(self: Any, question: str, *rest: Any) -> None:
        if question != "duplicate":
            ask(self, question, *rest)

    return [(Deciding, "_ask", mute)]


def _refusals_forgotten() -> list[tuple[Any, str, Any]]:
    tried = sync.decide.decision.tried

    def last(open_: Any) -> Any:
        return tried(open_) if open_ is not None and open_.state == PARKED else ()

    return [(sync.decide.decision, "tried", last), (sync.plan, "tried", last)]


def _cursor_first() -> list[tuple[Any, str, Any]]:
    save = Observing.save_page

    def apart(self: Any, lease: Any, rows: Any, keys: Any, *rest: Any) -> Any:
        kept = {row.ref for row in rows[:-1]}
        return save(self, lease, rows[:-1], {ref: found for ref, found in keys.items() if ref in kept}, *rest)

    return [(Observing, "save_page", apart)]


def _unsettled_watermark() -> list[tuple[Any, str, Any]]:
    return [(Memory, "_settled", lambda self, asked: asked)]


def _unsettled_decision() -> list[tuple[Any, str, Any]]:
    return [(Planner, "settled", lambda *_: True)]


def _no_reservation() -> list[tuple[Any, str, Any]]:
    return [(Matching, "_reserved", lambda *_: False)]


def _moves_unfollowed() -> list[tuple[Any, str, Any]]:
    return [(Deciding, "_follow_moves", lambda _: None)]


def _stale_heirs() -> list[tuple[Any, str, Any]]:
    return [(sync.decide.moves, "seen_since", lambda *_: True)]


def _silent_parking() -> list[tuple[Any, str, Any]]:
    result = Told.result

    def mute(self: Any) -> Outcomes:
        outcomes: Outcomes = result(self)
        return replace(outcomes, opened=[])

    def hush(self: Any) -> Batch:
        batch: Batch = decided(self)
        return replace(batch, opened=[asked for asked in batch.opened if asked.question != "rejected"])

    decided = Deciding.result
    return [(Told, "result", mute), (Deciding, "result", hush)]


def _one_way_only_in_name() -> list[tuple[Any, str, Any]]:
    write = sync.merge._write

    def anywhere(case: Any, *rest: Any) -> Verdict:
        return write(replace(case, rule=replace(case.rule, to=frozenset(case.sides))), *rest)

    return [(sync.merge, "_write", anywhere)]


def _link_anyone() -> list[tuple[Any, str, Any]]:
    buckets = Matching._buckets

    def by_name(self: Any) -> Mapping[str, Any]:
        every = buckets(self)
        found: dict[str, list[Any]] = {}
        for address, holders in every.get("email", {}).items():
            found.setdefault(address.partition("@")[0], []).extend(holders)
        return {**every, "email": found}

    return [(Matching, "_buckets", by_name)]


def _half_done_untold() -> list[tuple[Any, str, Any]]:
    return [(Told, "drop", _drop_silently)]


def _drop_silently(self: Any, operation: Any, record: Any, replaced: Any) -> None:
    self.dropped.append(operation.n)
    self.dirty.append(operation.entity)
    if record is not None:
        self._observe(record)


def _hasty() -> list[tuple[Any, str, Any]]:
    return [(Told, "is_past_hope", lambda *_: True)]


def _as_found() -> list[tuple[Any, str, Any]]:
    return [(Told, "_as_made", lambda self, operation, name, now: now)]


def _plans_written() -> list[tuple[Any, str, Any]]:
    def eager(self: Any, *, full: bool = False) -> None:
        self.cycle(full=full)

    return [(sync.engine.Engine, "plan", eager)]


def _forgotten_batch() -> list[tuple[Any, str, Any]]:
    result = Deciding.result

    def all_clean(self: Any) -> Batch:
        batch: Batch = result(self)
        return replace(batch, rows=[row._replace(dirty=False) for row in batch.rows])

    return [(Deciding, "result", all_clean)]


def _no_fence() -> list[tuple[Any, str, Any]]:
    return [(state.base.Tables, "_assert_ours", lambda *_: None)]


def _refusing(profile: Profile) -> bool:
    return profile.refuse > 0.05 and profile.deletes


def _refusing_two_workers(profile: Profile) -> bool:
    return profile.refuse > 0 and profile.pause > 0


def _unanswered_two_workers(profile: Profile) -> bool:
    return profile.lost > 0 and profile.pause > 0 and not profile.kinds


def _two_workers(profile: Profile) -> bool:
    return profile.pause > 0


def _trading(profile: Profile) -> bool:
    return "deal" in profile.kinds


def _deleting(profile: Profile) -> bool:
    return bool({"archive", "delete"} & set(dict(profile.on_delete).values()))


def _erasing(profile: Profile) -> bool:
    return profile.erases > 0


def _upgrading(profile: Profile) -> bool:
    return bool(profile.older)


MUTANTS: dict[str, Mutant] = {
    mutant.rule: mutant
    for mutant in (
        Mutant("what loses is journaled", _losers),
        Mutant("what is written is journaled", _no_journal),
        Mutant("the mirror never goes back in time", _backwards),
        Mutant("compare and set", _no_compare_and_set),
        Mutant("the property history is read back", _no_read_back),
        Mutant("stages only go forward", _any_stage, fits=_unanswered_two_workers),
        Mutant("an opt-out is never withdrawn", _opt_in),
        Mutant("a blank is no opinion at a first meeting", _blanks_win),
        Mutant("the other side's shadow moves with a write", _no_shadow),
        Mutant("every outcome makes dirty again", _edge_triggered),
        Mutant("who was deleted is not made again", _resurrection),
        Mutant("look, never retry", _retry),
        Mutant("unanswered writes are looked after", _forget_the_unanswered),
        Mutant("marked as sent before the call", _write_ahead),
        Mutant("the sync key is unique", _two_of_one_key, fits=_late),
        Mutant("create inserts, never upserts", _upsert, fits=_late),
        Mutant("duplicates are shown to a person", _silent_duplicates),
        Mutant("the cursor is stored with what was read", _cursor_first),
        Mutant("the watermark is settled", _unsettled_watermark),
        Mutant("only settled versions are decided on", _unsettled_decision, objected=142),
        Mutant("a creation in flight reserves its place", _no_reservation, fits=_unanswered),
        Mutant("merges and conversions are followed", _moves_unfollowed, fits=_moving),
        Mutant("an heir is judged by what it held after the move", _stale_heirs, objected=314),
        Mutant("what is parked is shown to a person", _silent_parking),
        Mutant("a field is written only where its rule allows", _one_way_only_in_name, objected=126),
        Mutant("similar addresses are not the same", _link_anyone),
        Mutant("a write that half happened is journaled", _half_done_untold, fits=_unanswered),
        Mutant("no creation again before the feed has caught up", _hasty, fits=_unanswered_and_deleted),
        Mutant("edits to a record found by looking are changes", _as_found, fits=_unanswered),
        Mutant("a plan writes nothing", _plans_written),
        Mutant("what waits stays on the work list", _forgotten_batch),
        Mutant("what is planned remembers what was refused before", _refusals_forgotten),
        Mutant("a refusal stops no other write", planted.poison, fits=_refusing),
        Mutant("what was refused was not written", planted.refused_remembered, fits=_refusing_two_workers),
        Mutant("one write of an entity to a system at a time", planted.two_in_flight, fits=_unanswered),
        Mutant("who is decided leaves the work list", planted.never_done),
        Mutant("a run reads only what is new", planted.read_all),
        Mutant("who lost the lease changes nothing", _no_fence, fits=_two_workers),
        Mutant("a reference leads to who is meant", planted.any_company, fits=_trading),
        Mutant(
            "who was edited since is not put into the bin", planted.edited_and_binned, fits=_deleting, objected=2678
        ),
        Mutant("who was erased is not taken in again", planted.taken_in_again, fits=_erasing),
        Mutant("the last words of who is gone are heard", planted.last_words_unheard),
        Mutant("an upgrade happens as a whole", planted.half_upgraded, fits=_upgrading),
        Mutant("who agrees again does so after they opted out", planted.no_opt_out_remembered, objected=2731),
    )
}

CAUGHT: dict[str, str] = {
    "S1": "a blank is no opinion at a first meeting",
    "S2": "what loses is journaled",
    "S3": "who was deleted is not made again",
    "S4": "an opt-out is never withdrawn",
    "S5": "stages only go forward",
    "S6": "a field is written only where its rule allows",
    "S7": "the mirror never goes back in time",
    "S8": "the mirror never goes back in time",
    "S9": "what was refused was not written",
    "S10": "one write of an entity to a system at a time",
    "S11": "the cursor is stored with what was read",
    "S12": "a plan writes nothing",
    "S13": "who lost the lease changes nothing",
    "S14": "who was deleted is not made again",
    "S15": "what is written is journaled",
    "S16": "similar addresses are not the same",
    "S17": "a run reads only what is new",
    "L1": "every outcome makes dirty again",
    "L2": "who is decided leaves the work list",
    "L3": "merges and conversions are followed",
    "L4": "a refusal stops no other write",
    "L5": "duplicates are shown to a person",
    "L6": "a run reads only what is new",
}
"""Invariant → a rule whose loss it objects to, by its own name."""
COMPARED: dict[str, Mutant] = {
    "M1": Mutant("everything follows from the seed", planted.by_chance),
    "M2": Mutant("what comes twice is the same", planted.gone_when_seen_again),
    "M3": MUTANTS["the cursor is stored with what was read"],
    "M4": Mutant("the order of arrival decides nothing", planted.first_come),
    "M5": Mutant("ties go to whom the rule says", planted.one_side_wins_ties),
    "M6": Mutant("the cursor is stored with what was read, at once", planted.cursor_apart),
    "M7": Mutant("a record is known again by its keys", planted.no_names),
    "M8": Mutant("both databases answer alike", planted.postgresql_backwards),
    "M9": Mutant("all is decided again when the mapping changes", planted.mapping_unnoticed),
}
"""Comparison of lives → a rule whose loss it objects to."""
