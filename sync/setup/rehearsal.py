"""A sample of what a sync would write, tried and taken back: the rules of a system are met before anything is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from connectors.errors import SyncError
from connectors.port import Connector, Deferred, Outcome, Problem, Rejected, Unknown, Write
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import OperationRow, Row
from state.store import Store
from sync.apply import as_write
from sync.trust.catalogue import explain

MOST = 10
"""Writes of one sort that are tried for each object: each costs a call."""
CREATED, CHANGED, SAVED = "would be created", "would be changed", "are there, saved again as they are,"

_POINTING = ("owner", "reference", "references")
Sample = dict[tuple[str, str, str], list[Write]]
"""(system, object, sort) → writes."""


def sample(operations: Iterable[OperationRow], store: Store, mappings: Iterable[KindMapping]) -> Sample:
    """The first of each sort that are planned, and records that are in step, unchanged."""
    found: Sample = {}
    for operation in operations:
        if operation.verb in ("create", "update"):
            sort = CREATED if operation.id is None else CHANGED
            writes = found.setdefault((operation.system, operation.object, sort), [])
            if len(writes) < MOST:
                writes.append(as_write(operation))
    for mapping in mappings:
        for place in mapping.places:
            rows = store.scan(place.system, place.object, 0, 5 * MOST)
            again = (_again(mapping, place, row) for row in rows if row.shadow)
            if writes := list(islice(filter(None, again), MOST)):
                found[place.system, place.object, SAVED] = writes
    return found


def _again(mapping: KindMapping, place: Place, row: Row) -> Write | None:
    """Everything that we may write, as it is; not whose it is, which an old record may keep and a new write may not."""
    fields: dict[str, object] = {}
    for name, slot in mapping.slots(place).items():
        points = slot.rule.type.partition(":")[0] in _POINTING
        if place.system in slot.rule.to and not points and row.now.get(name) is not None:
            fields |= slot.again(row.now[name]) or {}
    plainly = {name: value for name, value in fields.items() if not name.startswith("@")}
    return Write(row.object, row.id, plainly) if plainly else None


def rehearse(connectors: Mapping[str, Connector], writes: Sample) -> Iterator[Problem]:
    """What the systems say of them."""
    for (system, object, sort), some in writes.items():
        where = f"{system}.{object}"
        try:
            told = list(connectors[system].rehearse(some))
        except SyncError as error:
            yield Problem("error", where, str(error), "read it, and try no further: `smarketing check` without --probe")
            return
        refused: dict[tuple[str, str, tuple[str, ...]], int] = {}
        for outcome in told:
            if (reason := _reason(outcome)) is not None:
                refused[reason] = refused.get(reason, 0) + 1
        for (code, message, fields), count in refused.items():
            known = explain(system, code, message, object, fields)
            what = f"{count} of {len(told)} records that {sort} would be refused: {code}. {known['cause']}"
            yield Problem("warning", where, what, known["fix"])
        if told and not refused:
            what = f"{len(told)} records that {sort} were tried and taken back: none would be refused"
            yield Problem("note", where, what, "none needed")


def _reason(outcome: Outcome | None) -> tuple[str, str, tuple[str, ...]] | None:
    if isinstance(outcome, Rejected):
        return outcome.code, outcome.message, outcome.fields
    if isinstance(outcome, Deferred | Unknown):
        return "UNTRIED", outcome.reason, ()
    return None
