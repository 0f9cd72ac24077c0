"""Trees back to text, to see that the parser loses nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.salesforce.soql.ast import (
    And,
    Call,
    Children,
    Compare,
    Condition,
    Constant,
    Expr,
    FieldsOf,
    Includes,
    InList,
    InQuery,
    Item,
    Not,
    Or,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
)

_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f", "'": r"\'", '"': r"\"", "\\": r"\\"}


def query_text(query: Query) -> str:
    parts = ["SELECT", ", ".join(map(_item, query.items)), "FROM", query.object]
    if query.alias:
        parts += [query.alias]
    if query.scope:
        parts += ["USING SCOPE", query.scope]
    if query.where:
        parts += ["WHERE", condition_text(query.where)]
    if query.group_by:
        parts += ["GROUP BY", ", ".join(map(_expr, query.group_by))]
        if query.having:
            parts += ["HAVING", condition_text(query.having)]
    if query.order_by:
        parts += ["ORDER BY", ", ".join(map(_order, query.order_by))]
    if query.limit is not None:
        parts += ["LIMIT", str(query.limit)]
    if query.offset is not None:
        parts += ["OFFSET", str(query.offset)]
    parts += query.options
    if query.all_rows:
        parts += ["ALL ROWS"]
    return " ".join(parts)


def condition_text(condition: Condition) -> str:
    match condition:
        case And(items):
            return " AND ".join(map(_nested, items))
        case Or(items):
            return " OR ".join(map(_nested, items))
        case Not(item):
            return f"NOT {_nested(item)}"
        case Compare(expr, op, value):
            return f"{_expr(expr)} {op} {_constant(value, like=op == 'LIKE')}"
        case InList(expr, negated, values):
            return f"{_expr(expr)} {'NOT ' * negated}IN ({', '.join(_constant(v) for v in values)})"
        case InQuery(expr, negated, query):
            return f"{_expr(expr)} {'NOT ' * negated}IN ({query_text(query)})"
        case Includes(expr, negated, values):
            word = "EXCLUDES" if negated else "INCLUDES"
            return f"{_expr(expr)} {word} ({', '.join(_constant(v) for v in values)})"


def _nested(condition: Condition) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, And | Or | Not) else text


def _item(item: Item) -> str:
    match item:
        case Selected(expr, alias):
            return f"{_expr(expr)} {alias}" if alias else _expr(expr)
        case FieldsOf(kind):
            return f"FIELDS({kind})"
        case Children(query):
            return f"({query_text(query)})"
        case TypeOf(relation, whens, otherwise):
            each = [f"WHEN {kind} THEN {', '.join(map(_expr, paths))}" for kind, paths in whens]
            last = [f"ELSE {', '.join(map(_expr, otherwise))}"] if otherwise else []
            return " ".join(["TYPEOF", _expr(relation), *each, *last, "END"])


def _expr(expr: Expr) -> str:
    match expr:
        case Path(parts):
            return ".".join(parts)
        case Call(name, args):
            return f"{name}({', '.join(map(_expr, args))})"


def _order(order: Order) -> str:
    nulls = {None: "", True: " NULLS LAST", False: " NULLS FIRST"}[order.nulls_last]
    return f"{_expr(order.expr)}{' DESC' if order.descending else ''}{nulls}"


def _constant(constant: Constant, *, like: bool = False) -> str:
    value = constant.value
    match constant.kind:
        case "string":
            kept = {k: v for k, v in _ESCAPES.items() if not (like and k == "\\")}
            return "'" + "".join(kept.get(c, c) for c in str(value)) + "'"
        case "null":
            return "null"
        case "boolean":
            return str(value).lower()
        case "datetime":
            assert isinstance(value, int)
            moment = datetime.fromtimestamp(value // 1000, UTC)
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{value % 1000:03}Z"
    return str(value)
