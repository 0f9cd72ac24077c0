"""GROUP BY and aggregates: many rows to few, one AggregateResult for each group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.schema.build import number, whole
from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import Call, Expr, Path, Query, Selected
from sandbox.salesforce.soql.errors import SoqlError, at, malformed
from sandbox.salesforce.soql.functions import AGGREGATES, bind, format_value, is_aggregate, shown
from sandbox.salesforce.soql.result import Column, column_of
from sandbox.salesforce.soql.scope import Bound, Scope

Fold = Callable[[list[Any]], Any]

MAX_GROUPS = 2000
_NUMBERS = frozenset(("int", "double", "currency", "percent"))


@dataclass(slots=True)
class Group:
    """The rows that share the values grouped by, and the values asked of them so far."""

    rows: list[Row]
    known: dict[str, Any] = field(default_factory=dict)


def is_grouped(query: Query) -> bool:
    """Whether a query answers AggregateResults."""
    return bool(query.group_by) or any(isinstance(i, Selected) and is_aggregate(i.expr) for i in query.items)


def is_bare_count(query: Query) -> bool:
    """SELECT COUNT() FROM …: the answer is totalSize alone."""
    match query.items:
        case (Selected(Call(name, ()), None),):
            return name.upper() == "COUNT"
    return False


class Grouping:
    """What a grouped query says of its groups."""

    def __init__(self, query: Query, scope: Scope) -> None:
        self.query = query
        self.scope = scope
        self._grouped = {_canonical(scope, e) for e in query.group_by}
        self._keys = [self._groupable(e).read for e in query.group_by]

    def split(self, rows: Iterable[Row]) -> list[Group]:
        """The groups, in order of first appearance; without GROUP BY always one."""
        if not self._keys:
            return [Group(list(rows))]
        groups: dict[tuple[Any, ...], Group] = {}
        keys = self._keys
        for row in rows:
            key = tuple(read(row) for read in keys)
            group = groups.get(key)
            if group is None:
                groups[key] = Group([row])
            else:
                group.rows.append(row)
        return list(groups.values())

    def bind(self, expr: Expr) -> Bound:
        """What an expression means on a group; MALFORMED_QUERY unless it is grouped by or an aggregate."""
        if isinstance(expr, Call) and expr.name.upper() in AGGREGATES:
            return self._aggregate(expr)
        if isinstance(expr, Call) and expr.name.upper() == "FORMAT" and expr.args and is_aggregate(expr.args[0]):
            inner = self.bind(expr.args[0])
            return Bound(lambda g: format_value(inner.read(g), inner.meta), inner.meta, inner.owner)
        if _canonical(self.scope, expr) not in self._grouped:
            raise malformed(f"Field must be grouped or aggregated: {_shown_name(expr)}")
        bound = bind(self.scope, expr)
        read = bound.read
        return Bound(lambda g: read(g.rows[0]), bound.meta, bound.owner)

    def project(self) -> tuple[Callable[[Group], dict[str, Any]], tuple[Column, ...]]:
        """The maker of AggregateResults: keys are aliases, field names, or expr0, expr1 … for unnamed aggregates."""
        readers: dict[str, Reader] = {}
        columns: list[Column] = []
        unnamed = 0
        for item in self.query.items:
            if not isinstance(item, Selected):
                raise malformed("Only fields and aggregate functions can be selected in a grouped query")
            bound = self.bind(item.expr)
            name = item.alias
            if name is None and isinstance(item.expr, Path):
                name = bound.meta.name
            elif name is None:
                name = f"expr{unnamed}"
                unnamed += 1
            if name in readers:
                raise malformed(f"duplicate alias: {name}")
            readers[name] = shown(bound.meta, bound.read)
            columns.append(column_of(name, bound.meta, aggregate=is_aggregate(item.expr)))
        pairs = list(readers.items())

        def render(group: Group) -> dict[str, Any]:
            out: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
            for name, read in pairs:
                out[name] = read(group)
            return out

        return render, tuple(columns)

    def _groupable(self, expr: Expr) -> Bound:
        bound = bind(self.scope, expr)
        if not bound.meta.groupable and isinstance(expr, Path):
            message = f"field '{bound.meta.name}' can not be grouped in a query call"
            raise at("INVALID_FIELD", self.scope.text, expr.pos, message)
        return bound

    def _aggregate(self, call: Call) -> Bound:
        name = call.name.upper()
        if not call.args:
            raise malformed("COUNT() must be the only element in the SELECT list")
        if len(call.args) > 1:
            raise malformed(f"unexpected token: '{call.name}'")
        inner = bind(self.scope, call.args[0])
        if name in ("SUM", "AVG") and inner.type not in _NUMBERS:
            message = f"field {inner.meta.name} does not support aggregate operator {name}"
            raise at("INVALID_FIELD", self.scope.text, call.pos, message)
        fold, meta = _fold(name, inner.meta)
        known, read = f"{name} {_canonical(self.scope, call.args[0])}", inner.read

        def aggregate(group: Group) -> Any:
            if known not in group.known:
                group.known[known] = fold([v for v in map(read, group.rows) if v is not None])
            return group.known[known]

        return Bound(aggregate, meta, inner.owner)


def check_size(groups: list[Group]) -> None:
    """Grouped answers come in one piece or not at all."""
    if len(groups) > MAX_GROUPS:
        raise SoqlError(
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
        )


def _fold(name: str, meta: FieldMeta) -> tuple[Fold, FieldMeta]:
    match name:
        case "COUNT":
            return len, whole("COUNT")
        case "COUNT_DISTINCT":
            return _count_distinct, whole("COUNT_DISTINCT")
        case "SUM":
            return lambda values: sum(values) if values else None, meta
        case "AVG":
            return lambda values: sum(values) / len(values) if values else None, number("AVG")
        case "MIN":
            return lambda values: min(values, default=None), meta
    return lambda values: max(values, default=None), meta


def _count_distinct(values: list[Any]) -> int:
    return len(set(values))


def _canonical(scope: Scope, expr: Expr) -> str:
    if isinstance(expr, Path):
        return scope.own(expr).text.lower()
    return f"{expr.name.lower()}({','.join(_canonical(scope, a) for a in expr.args)})"


def _shown_name(expr: Expr) -> str:
    return expr.text if isinstance(expr, Path) else expr.name
