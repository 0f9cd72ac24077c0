"""Conditions to closures over a row.

Logic has two values: an empty field is equal to null only, unequal to everything else, and neither more nor less than
anything; NOT turns that round.  An empty boolean counts as false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import (
    And,
    Call,
    Compare,
    Condition,
    Constant,
    Expr,
    Includes,
    InList,
    InQuery,
    Not,
    Or,
)
from sandbox.salesforce.soql.dates import midnight, span
from sandbox.salesforce.soql.errors import at, malformed
from sandbox.salesforce.soql.functions import is_aggregate
from sandbox.salesforce.soql.scope import Bound, Scope

Predicate = Callable[[Any], bool]
Binder = Callable[[Expr], Bound]
SemiJoin = Callable[[InQuery], frozenset[Any]]

_NUMBERS = frozenset(("int", "double", "currency", "percent"))
_SOAP_NAMES = {"datetime": "dateTime", "currency": "double", "percent": "double"}
_IDS = frozenset(("id", "reference"))


class Compiler:
    """Makes predicates.  `bind` says what an expression means, `semi_join` which values a subquery gives."""

    def __init__(self, scope: Scope, bind: Binder, semi_join: SemiJoin) -> None:
        self.scope = scope
        self.bind = bind
        self.semi_join = semi_join

    def compile(self, condition: Condition) -> Predicate:
        match condition:
            case And(items):
                return _all([self.compile(i) for i in items])
            case Or(items):
                return _any([self.compile(i) for i in items])
            case Not(item):
                return _not(self.compile(item))
            case Compare():
                return self._compare(condition)
            case InList(expr, negated, values):
                return self._among(expr, negated, values)
            case InQuery(expr, negated, _):
                bound = self._bound(expr, "=")
                if bound.type not in _IDS:
                    raise malformed("Semi join sub-selects are only allowed on id and reference fields")
                return _member(bound.read, self.semi_join(condition), negated)
            case Includes():
                return self._includes(condition)

    def _bound(self, expr: Expr, op: str) -> Bound:
        bound = self.bind(expr)
        pos = expr.pos
        if not bound.meta.filterable or bound.type in ("address", "location"):
            self._refuse(pos, f"field '{bound.meta.name}' can not be filtered in a query call")
        if op == "LIKE" and bound.type in _NUMBERS | {"boolean", "date", "datetime", "multipicklist"} | _IDS:
            kind = f" on {bound.type} field" if bound.type in _IDS | {"multipicklist"} else ""
            raise at("INVALID_QUERY_FILTER_OPERATOR", self.scope.text, pos, f"invalid operator{kind}")
        return bound

    def _refuse(self, pos: int, message: str) -> None:
        raise at("INVALID_FIELD", self.scope.text, pos, message)

    def _compare(self, condition: Compare) -> Predicate:
        expr, op, constant = condition.expr, condition.op, condition.value
        bound = self._bound(expr, op)
        if constant.kind == "relative":
            return self._relative(bound, op, constant, expr)
        value = self.value(bound, constant, expr)
        if value is None and op not in ("=", "!="):
            raise at("INVALID_QUERY_FILTER_OPERATOR", self.scope.text, constant.pos, "invalid operator")
        if op == "LIKE":
            return _like(bound.read, str(value))
        read = folding(bound)
        if op in ("<", "<=", ">", ">="):
            return _order(read, op, value)
        return _member(read, frozenset((value,)), op == "!=")

    def value(self, bound: Bound, constant: Constant, expr: Expr) -> Any:
        """The constant in the form the field's reader gives (strings folded), or INVALID_FIELD on a wrong type."""
        kind, meta = constant.kind, bound.meta
        if kind == "null":
            return False if meta.type == "boolean" else None
        if meta.type in _NUMBERS and kind in ("number", "currency"):
            return constant.value if kind == "number" else float(str(constant.value)[3:])
        if kind == meta.type and kind in ("boolean", "date", "datetime"):
            return constant.value
        if meta.type in _NUMBERS or meta.type in ("boolean", "date", "datetime"):
            name = _SOAP_NAMES.get(meta.type, meta.type)
            self._mistyped(expr, f"must be of type {name} and should not be enclosed in quotes")
        if kind != "string":
            self._mistyped(expr, "must be of type string and should be enclosed in quotes")
        text = str(constant.value)
        if not text:
            return None
        if meta.type in _IDS:
            return self._id(text, constant)
        return text if meta.case_sensitive else text.lower()

    def _mistyped(self, expr: Expr, message: str) -> None:
        name = expr.name if isinstance(expr, Call) else expr.parts[-1]
        self._refuse(expr.pos, f"value of filter criterion for field '{name}' {message}")

    def _id(self, text: str, constant: Constant) -> str:
        found = normalise_id(text)
        if found is None:
            message = f"invalid ID field: {text}"
            raise at("INVALID_QUERY_FILTER_OPERATOR", self.scope.text, constant.pos, message)
        return found

    def _relative(self, bound: Bound, op: str, constant: Constant, expr: Expr) -> Predicate:
        if bound.type not in ("date", "datetime"):
            self.value(bound, constant, expr)
        low, high = self.bounds(bound.meta, str(constant.value))
        read = bound.read
        match op:
            case "<":
                return _order(read, "<", low)
            case ">=":
                return _order(read, ">=", low)
            case ">":
                return _order(read, ">=", high)
            case "<=":
                return _order(read, "<", high)
            case "LIKE":
                raise at("INVALID_QUERY_FILTER_OPERATOR", self.scope.text, constant.pos, "invalid operator")
        within = _within(read, low, high)
        return within if op == "=" else _not(within)

    def bounds(self, meta: FieldMeta, literal: str) -> tuple[Any, Any]:
        """First value of a relative literal, and the first one after it, in the field's form."""
        source = self.scope.source
        first, after = span(literal, source.now_ms, source.time_zone)
        if meta.type == "datetime":
            return midnight(first, source.time_zone), midnight(after, source.time_zone)
        return first.isoformat(), after.isoformat()

    def _among(self, expr: Expr, negated: bool, values: Iterable[Constant]) -> Predicate:
        bound = self._bound(expr, "=")
        values = tuple(values)
        if any(v.kind == "relative" for v in values):
            parts = [self._compare(Compare(expr, "=", v)) for v in values]
            return _not(_any(parts)) if negated else _any(parts)
        return _member(folding(bound), frozenset(self.value(bound, v, expr) for v in values), negated)

    def _includes(self, condition: Includes) -> Predicate:
        bound = self._bound(condition.expr, "=")
        if bound.type != "multipicklist":
            raise at("INVALID_QUERY_FILTER_OPERATOR", self.scope.text, condition.expr.pos, "invalid operator")
        wanted = [frozenset(str(v.value).lower().split(";")) for v in condition.values]
        read = bound.read

        def includes(row: Row) -> bool:
            value = read(row)
            chosen = frozenset(value.lower().split(";")) if value else frozenset()
            return any(each <= chosen for each in wanted)

        return _not(includes) if condition.negated else includes


def folding(bound: Bound) -> Reader:
    """The field's value in the form values are compared in: text without case, empty text and booleans settled."""
    read, kind = bound.read, bound.type
    if kind == "boolean":
        return lambda row: bool(read(row))
    if kind in _NUMBERS or kind in ("date", "datetime") or kind in _IDS:
        return read
    if bound.meta.case_sensitive:
        return lambda row: read(row) or None

    def fold(row: Row) -> Any:
        value = read(row)
        return value.lower() if value else None

    return fold


def check_filters(condition: Condition, *, having: bool) -> None:
    """WHERE speaks of rows only, and semi-joins stand at its top; MALFORMED_QUERY otherwise."""
    top = condition.items if isinstance(condition, And) else (condition,)
    joins = sum(isinstance(c, InQuery) for c in top)
    if joins > 2:
        raise malformed("Maximum 2 semi join sub-selects are allowed")
    for each in _leaves(condition):
        if isinstance(each, InQuery) and (having or each not in top):
            raise malformed(
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE "
                "expressions."
            )
        if not having and is_aggregate(each.expr):
            raise malformed("Grouping or aggregate functions are not allowed in WHERE: use HAVING")


def _leaves(condition: Condition) -> Iterable[Compare | InList | InQuery | Includes]:
    match condition:
        case And(items) | Or(items):
            for item in items:
                yield from _leaves(item)
        case Not(item):
            yield from _leaves(item)
        case _:
            yield condition


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 2:
        one, two = parts
        return lambda row: one(row) and two(row)
    if len(parts) == 3:
        one, two, three = parts
        return lambda row: one(row) and two(row) and three(row)
    return lambda row: all(part(row) for part in parts)


def _any(parts: list[Predicate]) -> Predicate:
    if len(parts) == 2:
        one, two = parts
        return lambda row: one(row) or two(row)
    return lambda row: any(part(row) for part in parts)


def _not(part: Predicate) -> Predicate:
    return lambda row: not part(row)


def _member(read: Reader, wanted: frozenset[Any], negated: bool) -> Predicate:
    if len(wanted) == 1:
        (only,) = wanted
        if negated:
            return lambda row: bool(read(row) != only)
        return lambda row: bool(read(row) == only)
    if negated:
        return lambda row: read(row) not in wanted
    return lambda row: read(row) in wanted


def _order(read: Reader, op: str, limit: Any) -> Predicate:
    match op:
        case "<":
            return lambda row: (value := read(row)) is not None and value < limit
        case "<=":
            return lambda row: (value := read(row)) is not None and value <= limit
        case ">":
            return lambda row: (value := read(row)) is not None and value > limit
    return lambda row: (value := read(row)) is not None and value >= limit


def _within(read: Reader, low: Any, high: Any) -> Predicate:
    return lambda row: (value := read(row)) is not None and low <= value < high


_LIKE_PARTS = re.compile(r"\\[_%\\]|.", re.DOTALL)


def _like(read: Reader, pattern: str) -> Predicate:
    wild = {"%": ".*", "_": "."}
    regex = "".join(wild.get(p) or re.escape(p[-1]) for p in _LIKE_PARTS.findall(pattern))
    match = re.compile(regex, re.IGNORECASE | re.DOTALL).fullmatch

    def like(row: Row) -> bool:
        value = read(row)
        return value is not None and match(value) is not None

    return like
