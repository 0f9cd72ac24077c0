"""Carry out what was planned: mark sent, write, record what came of it.

Write-ahead: an operation is `sent` in the state before the call is made.  Whatever happens then, a crash included,
the next cycle finds it and looks at the target before anything is decided again (`sync.recover`).  A write is never
repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.errors import SyncError
from connectors.port import Applied, Connector, Key, Outcome, Write
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import PLANNED, Ending, OperationRow, Outcomes
from sync.decide.telling import stamp
from sync.lanes import Handler, Job, Lanes
from sync.outcomes import Told

if TYPE_CHECKING:
    from sync.engine import Engine

COMMIT = 500
"""Outcomes stored in one transaction."""
AHEAD = 2
"""Jobs given to a lane: one to do and one to go on with.  One alone where a stride makes them large."""
BATCHES = 10
"""Taken at a time, unless the connector has a stride: enough to keep several calls in flight, few enough to hold."""


def send(engine: Engine, lanes: Lanes, connector: Connector, mapping: KindMapping, due: int, *, more: bool) -> int:
    """Give the lane of this system what is planned and due; returns how many operations.

    due: ms on our clock; what may be sent later is left.  more: more is being decided, so only whole batches are sent.
    """
    sent = 0
    batch = connector.traits.batch
    most = connector.traits.stride or BATCHES * batch
    whole = (connector.traits.stride or batch) if more else batch
    ahead = 1 if connector.traits.stride else AHEAD
    stopped = connector.name in engine.guard.stopped(mapping.rule.kind, again=False)
    while lanes.going(connector.name) < ahead:
        operations = engine.store.take(
            engine.lease, connector.name, due, most, kind=mapping.rule.kind, whole=whole, rest=not more,
            only_urgent=stopped,
        )  # fmt: skip
        if not operations:
            break
        sent += len(operations)
        engine.beat()
        engine.step(f"apply:{connector.name}:sent")
        for object, group in by_object(operations).items():
            lanes.start(connector.name, _job(engine, connector, mapping, object, group))
    return sent


def by_object(operations: Iterable[OperationRow]) -> dict[str, list[OperationRow]]:
    """The operations of each object, in order."""
    groups: dict[str, list[OperationRow]] = {}
    for operation in operations:
        groups.setdefault(operation.object, []).append(operation)
    return groups


def as_write(operation: OperationRow) -> Write:
    """What the connector is asked to do."""
    key = Key(*operation.key) if operation.key else None
    archive = operation.verb == "archive"
    return Write(operation.object, operation.id, operation.native, key, operation.basis.get("version"), archive)


def _stamped(operation: OperationRow, when: Mapping[str, Any]) -> Write:
    """The same, and it says when.  No decision rests on that."""
    write = as_write(operation)
    return write if write.archive or not write.fields else write._replace(fields={**write.fields, **when})


def _job(
    engine: Engine, connector: Connector, mapping: KindMapping, object: str, operations: Sequence[OperationRow]
) -> Job:
    place = Place(connector.name, object)
    natives, when = mapping.natives(place), stamp(mapping, place, engine.now())

    def write() -> Handler:
        # In the lane: nothing here touches the state.
        answers = _Answers()
        try:
            outcomes = connector.write([_stamped(operation, when) for operation in operations], natives)
            answers.told.extend(zip(operations, outcomes, strict=False))
        except SyncError as error:
            answers.failure, answers.unsent = error, not answers.told
        try:
            answers.ask_what_was_replaced(connector)
        except SyncError as error:
            answers.failure = answers.failure or error
        return partial(_take_in, engine, connector, mapping, object, operations, answers)

    return write


@dataclass
class _Answers:
    """What became of the operations of one job."""

    told: list[tuple[OperationRow, Outcome]] = field(default_factory=list)
    replaced: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """id → native field → what our write replaced."""
    failure: SyncError | None = None
    """Why there are no answers to the rest."""
    unsent: bool = False
    """The connector raised before its first outcome."""

    def ask_what_was_replaced(self, connector: Connector) -> None:
        """Without that, an update is not known to be done: it stays sent, and is looked at."""
        if not connector.traits.history:
            return
        updated = [(op, told) for op, told in self.told if isinstance(told, Applied) and op.id is not None]
        if not updated:
            return
        try:
            self.replaced = connector.overwritten([(as_write(op), told.record) for op, told in updated])
        except SyncError:
            self.told = [(op, told) for op, told in self.told if op.id is None or not isinstance(told, Applied)]
            raise


def _take_in(
    engine: Engine,
    connector: Connector,
    mapping: KindMapping,
    object: str,
    operations: Sequence[OperationRow],
    answers: _Answers,
) -> int:
    moved = 0
    for start in range(0, len(answers.told), COMMIT):
        moved += _record(engine, connector, mapping, object, answers.told[start : start + COMMIT], answers.replaced)
    if answers.failure is not None:
        if answers.unsent:
            _put_back(engine, operations)
        raise answers.failure
    return moved


def _put_back(engine: Engine, operations: Sequence[OperationRow]) -> None:
    """Nothing of these was sent: the connector raised before its first outcome."""
    ended = [Ending(operation.n, PLANNED) for operation in operations]
    engine.store.commit_outcomes(engine.lease, Outcomes(ended=ended))


def _record(
    engine: Engine,
    connector: Connector,
    mapping: KindMapping,
    object: str,
    answered: Sequence[tuple[OperationRow, Outcome]],
    replaced: Mapping[str, Mapping[str, Any]],
) -> int:
    engine.beat()
    engine.step(f"apply:{connector.name}:answered")
    told = Told(engine, connector, mapping, object)
    told.know([operation for operation, _ in answered])
    for operation, outcome in answered:
        told.outcome(operation, outcome, replaced.get(operation.id or "", {}))
    told.look()
    engine.store.commit_outcomes(engine.lease, told.result())
    engine.step(f"apply:{connector.name}:recorded")
    engine.progress("written", connector.name, object, len(answered), None)
    return told.moved
