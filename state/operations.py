"""How an operation becomes a row and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from state.base import Tables, from_json, from_json_or_null, to_json, to_json_or_null
from state.rows import OperationRow
from state.sessions import Connection

OPERATION_COLUMNS: Final = (
    "entity, kind, system, object, id, verb, fields, native, agreed, basis, run, state, key, not_before_ms, attempts, "
    "note, urgent, n"
)
"""The columns of `operation` in the order of `OperationRow`."""

_NEW: Final = OPERATION_COLUMNS.removesuffix(", n")


def read_operation(values: Sequence[Any]) -> OperationRow:
    """A row of `OPERATION_COLUMNS` as a value."""
    entity, kind, system, object, id, verb, fields, native, agreed, basis, run, state, key, *rest = values
    not_before, attempts, note, urgent, n = rest
    return OperationRow(
        entity,
        kind,
        system,
        object,
        id,
        verb,
        from_json(fields),
        from_json(native),
        from_json(agreed),
        from_json(basis),
        run,
        state,
        from_json_or_null(key),
        not_before,
        attempts,
        from_json_or_null(note),
        bool(urgent),
        n,
    )


def insert_operations(tables: Tables, connection: Connection, operations: Sequence[OperationRow]) -> None:
    """Store new operations in the order given."""
    tables.insert(connection, "operation", _NEW, [_write_operation(operation) for operation in operations])


def _write_operation(operation: OperationRow) -> tuple[Any, ...]:
    entity, kind, system, object, id, verb, fields, native, agreed, basis, run, state, key, *rest = operation
    not_before, attempts, note, urgent, _ = rest
    documents = (to_json(fields), to_json(native), to_json(agreed), to_json(basis))
    when = (not_before, attempts, to_json_or_null(note), bool(urgent))
    return (entity, kind, system, object, id, verb, *documents, run, state, to_json_or_null(key), *when)


def drop_operations(tables: Tables, connection: Connection, numbers: Sequence[int]) -> None:
    """Forget operations that will not be, or were not, carried out."""
    if numbers:
        statement = "DELETE FROM operation WHERE n IN ?? AND state <> 'done'"
        tables.run(connection, statement, (tables.many(numbers),))
