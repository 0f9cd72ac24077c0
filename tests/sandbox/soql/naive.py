"""SOQL's meaning written down a second time, plainly and slowly: one row, one condition, no indexes, no closures."""

from __future__ import annotations

from fnmatch import translate
from functools import cmp_to_key
from re import IGNORECASE, match
from typing import Any

from sandbox.salesforce.soql.ast import And, Compare, Condition, Constant, InList, Not, Or, Order, Path, Query

Values = dict[str, Any]


def answer(query: Query, rows: list[Values]) -> list[str]:
    """The ids a query gives, in order."""
    kept = [r for r in rows if not r["IsDeleted"] and (query.where is None or holds(query.where, r))]
    kept.sort(key=cmp_to_key(lambda a, b: _before(a, b, query.order_by)))
    first = query.offset or 0
    last = len(kept) if query.limit is None else first + query.limit
    return [r["Id"] for r in kept[first:last]]


def holds(condition: Condition, row: Values) -> bool:
    if isinstance(condition, And):
        return all(holds(i, row) for i in condition.items)
    if isinstance(condition, Or):
        return any(holds(i, row) for i in condition.items)
    if isinstance(condition, Not):
        return not holds(condition.item, row)
    if isinstance(condition, InList):
        found = any(_equal(_value(condition.expr, row), c) for c in condition.values)
        return found != condition.negated
    assert isinstance(condition, Compare)
    if condition.op in ("<", "<=", ">", ">="):
        pair = (_folded(condition.expr, v) for v in (_value(condition.expr, row), condition.value.value))
        return _ranks(condition.op, *pair)
    return _compare(_value(condition.expr, row), condition.op, condition.value)


def _value(expr: object, row: Values) -> Any:
    assert isinstance(expr, Path)
    value: Any = row
    for part in expr.parts:
        value = value[part] if value is not None else None
    return value


def _equal(value: Any, constant: Constant) -> bool:
    if constant.kind == "string":
        text = str(constant.value)
        return value is None if text == "" else value is not None and value.lower() == text.lower()
    if isinstance(constant.value, bool):
        return bool(value) == constant.value
    return bool(value == constant.value)


def _compare(value: Any, op: str, constant: Constant) -> bool:
    if op == "=":
        return _equal(value, constant)
    if op == "!=":
        return not _equal(value, constant)
    assert op == "LIKE"
    pattern = str(constant.value).replace("%", "*").replace("_", "?")
    return value is not None and match(translate(pattern), value, IGNORECASE) is not None


def _ranks(op: str, left: Any, right: Any) -> bool:
    if left is None:
        return False
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op])


def _folded(expr: object, value: Any) -> Any:
    """Text ranks without case; ids are no text."""
    assert isinstance(expr, Path)
    return value.lower() if isinstance(value, str) and not expr.parts[-1].endswith("Id") else value


def _before(one: Values, two: Values, orders: tuple[Order, ...]) -> int:
    for order in orders:
        a, b = _value(order.expr, one), _value(order.expr, two)
        a, b = (_folded(order.expr, v) for v in (a, b))
        if a == b:
            continue
        if a is None or b is None:
            null_first = -1 if a is None else 1
            return -null_first if order.nulls_last else null_first
        rising = -1 if a < b else 1
        return -rising if order.descending else rising
    return 0
