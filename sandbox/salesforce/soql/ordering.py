"""ORDER BY: rows in their final order, by keys that ignore the case of text and place empty values as asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import nsmallest
from typing import Any

from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import Expr, Order
from sandbox.salesforce.soql.errors import at
from sandbox.salesforce.soql.predicates import folding
from sandbox.salesforce.soql.scope import Bound

Key = Callable[[Any], tuple[int, Any]]

_SMALL = 5000
"""Up to this many first rows are picked without sorting all."""


Sorter = Callable[[Iterable[Any], int | None], list[Any]]
"""Takes rows and how many of the first ones are wanted (None: all); ties keep the order the rows came in."""


def sorter(orders: tuple[Order, ...], bind: Callable[[Expr], Bound], text: str) -> Sorter:
    """What puts rows in order; INVALID_FIELD when a field cannot be sorted by."""
    keys = [(_key(_sortable(bind(o.expr), o, text), o), o.descending) for o in orders]
    ways = {down for _, down in keys}
    joined = _joined([key for key, _ in keys])

    def sort(rows: Iterable[Any], most: int | None) -> list[Any]:
        if ways == {False} and most is not None and most <= _SMALL:
            return nsmallest(most, rows, key=joined)
        out = list(rows)
        if len(ways) == 1:
            out.sort(key=joined, reverse=True in ways)
            return out
        for key, down in reversed(keys):
            out.sort(key=key, reverse=down)
        return out

    return sort


def _sortable(bound: Bound, item: Order, text: str) -> Reader:
    if not bound.meta.sortable:
        raise at("INVALID_FIELD", text, item.expr.pos, f"field '{bound.meta.name}' can not be sorted in a query call")
    return folding(bound)


def _key(read: Reader, item: Order) -> Key:
    """Empty values sort first unless they are asked for last; a falling sort turns the flag round."""
    empty = 2 if bool(item.nulls_last) != item.descending else 0

    def key(row: Any) -> tuple[int, Any]:
        value = read(row)
        return (empty, 0) if value is None else (1, value)

    return key


def _joined(keys: list[Key]) -> Callable[[Any], Any]:
    if len(keys) == 1:
        return keys[0]
    return lambda row: tuple(key(row) for key in keys)
