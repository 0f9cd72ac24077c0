"""Look where no answer came: what became of a write is asked of its target, and never guessed.

An operation that is `sent` in the state was handed to its system, and nobody knows whether it happened: the answer
was lost, or we crashed.  Its record is read; then the operation is done, or dropped and decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.port import Applied, Connector, Key, Record
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import OperationRow
from sync.apply import COMMIT, as_write, by_object
from sync.outcomes import Told

if TYPE_CHECKING:
    from sync.engine import Engine


def recover(engine: Engine, connector: Connector, mapping: KindMapping) -> int:
    """Look at the target of every operation that was sent and never answered.  Returns how many there were."""
    operations = engine.store.sent(connector.name, kind=mapping.rule.kind)
    for object, group in by_object(operations).items():
        for start in range(0, len(group), COMMIT):
            _look_after(engine, connector, mapping, object, group[start : start + COMMIT])
    return len(operations)


def _look_after(
    engine: Engine, connector: Connector, mapping: KindMapping, object: str, operations: Sequence[OperationRow]
) -> None:
    place = Place(connector.name, object)
    natives = mapping.natives(place)
    told = Told(engine, connector, mapping, object)
    told.know(operations)
    updates = {op.id: op for op in operations if op.id is not None}
    creates = {key: op for op in operations if op.id is None and (key := _creation_key(op, mapping, place))}
    found: dict[int, Record] = {}
    if updates:
        for record in connector.read(object, natives, ids=list(updates)):
            found[updates[record.ref.id].n] = record
    if creates:
        awaited = {(key.field, key.value.casefold()): operation for key, operation in creates.items()}
        for record in connector.read(object, natives, keys=list(creates)):
            for native in {key.field for key in creates}:
                operation = awaited.get((native, str(record.fields.get(native)).casefold()))
                if operation is not None:
                    found.setdefault(operation.n, record)
    engine.step(f"recover:{connector.name}:looked")
    happened = [(op, seen) for op in operations if (seen := found.get(op.n)) is not None and told.happened(op, seen)]
    updated = [(as_write(op), seen) for op in operations if op.id and (seen := found.get(op.n)) and not seen.deleted]
    replaced = connector.overwritten(updated) if updated and connector.traits.history else {}
    for operation, record in happened:
        told.outcome(operation, Applied(record), replaced.get(operation.id or "", {}), looked=True)
    done = {operation.n for operation, _ in happened}
    for operation in operations:
        if operation.n in done:
            continue
        if operation.n in found or operation.id is not None:
            told.drop(operation, found.get(operation.n), replaced.get(operation.id or "", {}))
        elif not told.is_past_hope(operation):
            engine.made(deferred=1)
        elif (gone := told.made_and_gone(operation)) is not None:
            told.was_made(operation, gone)
        else:
            told.drop(operation, None, {})
    engine.store.commit_outcomes(engine.lease, told.result())
    engine.step(f"recover:{connector.name}:recorded")


def _creation_key(operation: OperationRow, mapping: KindMapping, place: Place) -> Key | None:
    return Key(*operation.key) if operation.key else mapping.stand_in(place, operation.native)
