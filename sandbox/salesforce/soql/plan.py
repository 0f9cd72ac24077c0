"""Which rows to look at: the ones an index names, or all.

A plan only narrows; the condition is checked on every row it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.soql.ast import And, Compare, Condition, Constant, Expr, InList, Or, Order, Path
from sandbox.salesforce.soql.dates import midnight, span
from sandbox.salesforce.soql.scope import Scope

_BY_VALUE = frozenset(("string", "email", "phone", "url", "reference"))
_STAMPED = frozenset(("systemmodstamp", "lastmodifieddate", "createddate"))
"""Neither creation nor a user's change is later than SystemModstamp: a lower bound on one of them is one on it."""

_FEW = 10_000

Bounds = tuple[Any, Any]
"""Lowest and highest value that can match, both included; None where open."""
_OPEN: Bounds = (None, None)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows to check, and whether they already come in the order asked for."""

    rows: Iterable[Row]
    ordered: bool


def candidates(
    scope: Scope, where: Condition | None, order_by: tuple[Order, ...], limit: int | None = None
) -> Candidates:
    """The cheapest of: ids that are named, equal values, the bin, a span of stamps or ids, everything.

    `order_by` and `limit` tell whether reading in order and stopping early is of use.
    """
    source, name = scope.source, scope.meta.name
    table = source.table(name)
    named = _named(scope, where)
    if named is not None:
        return Candidates(_rows(table.rows, named), False)
    keys, falling = _order_keys(order_by)
    stamps = _bounds(where, lambda c: _stamp_bounds(scope, c))
    by_stamp = keys in (("systemmodstamp",), ("systemmodstamp", "id"))
    by_id = keys == ("id",)
    if by_stamp or stamps != _OPEN:
        ids = source.by_modstamp(name, *stamps, by_stamp and falling)
        if ids is not None and by_id and limit is not None:
            ids = _if_few(ids)
        if ids is not None:
            return Candidates(_rows(table.rows, ids), by_stamp)
    span_of_ids = _bounds(where, lambda c: _id_bounds(scope, c))
    if by_id or span_of_ids != _OPEN:
        ids = source.by_id(name, *span_of_ids, by_id and falling)
        if ids is not None:
            return Candidates(_rows(table.rows, ids), by_id)
    return Candidates(table, False)


def _rows(rows: dict[str, Row], ids: Iterable[str]) -> Iterator[Row]:
    get = rows.get
    for each in ids:
        row = get(each)
        if row is not None:
            yield row


def _if_few(ids: Iterable[str]) -> list[str] | None:
    """The ids of a narrow span of stamps; a wide one is better read in order of id, up to the limit."""
    few = list(islice(ids, _FEW + 1))
    return few if len(few) <= _FEW else None


def _order_keys(order_by: tuple[Order, ...]) -> tuple[tuple[str, ...], bool]:
    """The fields ordered by, if all run the same way, and whether that is down."""
    ways = {o.descending for o in order_by}
    if len(ways) != 1 or not all(isinstance(o.expr, Path) and len(o.expr.parts) == 1 for o in order_by):
        return (), False
    return tuple(_field_name(o.expr) for o in order_by), ways.pop()


def _field_name(expr: Expr) -> str:
    return expr.parts[0].lower() if isinstance(expr, Path) and len(expr.parts) == 1 else ""


def _named(scope: Scope, where: Condition | None) -> Iterable[str] | None:
    """The ids of the few rows that a condition which must hold picks out by value."""
    found: Iterable[str] | None = None
    for each in where.items if isinstance(where, And) else (where,):
        match each:
            case Compare(expr, "=", constant):
                ids = _by_values(scope, expr, (constant,))
            case InList(expr, False, constants):
                ids = _by_values(scope, expr, constants)
            case _:
                continue
        if ids is not None:
            if _field_name(expr) == "id":
                return ids
            found = ids if found is None else found
    return found


def _by_values(scope: Scope, expr: Expr, constants: tuple[Constant, ...]) -> Iterable[str] | None:
    meta = scope.find(_field_name(expr))
    if meta is None:
        return None
    source, name = scope.source, scope.meta.name
    if meta.name == "IsDeleted" and all(c.value is True for c in constants):
        return source.by_deleted(name)
    if not all(c.kind == "string" and c.value for c in constants):
        return None
    values = [str(c.value) for c in constants]
    if meta.type in ("id", "reference"):
        values = [v for each in values if (v := normalise_id(each)) is not None]
    values = list(dict.fromkeys(values))
    if meta.name == "Id":
        return sorted(values)
    if meta.type not in _BY_VALUE or meta.derive is not None:
        return None
    ids = source.by_value(name, meta.name, values)
    return None if ids is None else dict.fromkeys(ids)


def _bounds(where: Condition | None, leaf: Callable[[Compare], Bounds]) -> Bounds:
    """What a condition says of one value: narrower with every AND, as wide as the widest branch of an OR."""
    match where:
        case Compare():
            return leaf(where)
        case And(items):
            parts = [_bounds(i, leaf) for i in items]
            lows = [low for low, _ in parts if low is not None]
            highs = [high for _, high in parts if high is not None]
            return max(lows, default=None), min(highs, default=None)
        case Or(items):
            parts = [_bounds(i, leaf) for i in items]
            lows, highs = [p[0] for p in parts], [p[1] for p in parts]
            return None if None in lows else min(lows), None if None in highs else max(highs)
    return _OPEN


def _id_bounds(scope: Scope, condition: Compare) -> Bounds:
    constant = condition.value
    if _field_name(condition.expr) != "id" or constant.kind != "string":
        return _OPEN
    return _one_sided(condition.op, normalise_id(str(constant.value)), None)


def _stamp_bounds(scope: Scope, condition: Compare) -> Bounds:
    field, constant = _field_name(condition.expr), condition.value
    if field not in _STAMPED:
        return _OPEN
    if constant.kind == "datetime":
        low, high = _one_sided(condition.op, constant.value, None)
    elif constant.kind == "relative":
        source = scope.source
        first, after = span(str(constant.value), source.now_ms, source.time_zone)
        low, high = _one_sided(condition.op, midnight(first, source.time_zone), midnight(after, source.time_zone))
    else:
        return _OPEN
    return (low, high) if field == "systemmodstamp" else (low, None)


def _one_sided(op: str, low: Any, high: Any) -> Bounds:
    """The bounds that `op` sets against a value, or against a span from low to high; ends count as inside."""
    match op:
        case "=":
            return low, low if high is None else high
        case ">" | ">=":
            return low, None
        case "<" | "<=":
            return None, low if high is None else high
    return _OPEN
