"""Functions of one field: labels, formats, parts of dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta, datetime_text
from sandbox.salesforce.schema.build import text as text_field
from sandbox.salesforce.schema.build import whole
from sandbox.salesforce.schema.values import Reader
from sandbox.salesforce.soql.ast import Call, Expr, Path
from sandbox.salesforce.soql.errors import malformed
from sandbox.salesforce.soql.scope import Bound, Scope

AGGREGATES = frozenset(("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"))


def _week_of_month(day: date) -> int:
    return (day.day - 1) // 7 + 1


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


_DATE_PARTS: dict[str, Callable[[date], Any]] = {
    "CALENDAR_YEAR": lambda d: d.year,
    "CALENDAR_MONTH": lambda d: d.month,
    "CALENDAR_QUARTER": _quarter,
    "FISCAL_YEAR": lambda d: d.year,
    "FISCAL_MONTH": lambda d: d.month,
    "FISCAL_QUARTER": _quarter,
    "DAY_IN_MONTH": lambda d: d.day,
    "DAY_IN_WEEK": lambda d: d.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda d: d.timetuple().tm_yday,
    "DAY_ONLY": lambda d: f"{d:%Y-%m-%d}",
    "HOUR_IN_DAY": lambda d: d.hour if isinstance(d, datetime) else 0,
    "WEEK_IN_MONTH": _week_of_month,
    "WEEK_IN_YEAR": lambda d: (d.timetuple().tm_yday - 1) // 7 + 1,
}


def is_aggregate(expr: Expr) -> bool:
    """Whether an expression is about many rows: an aggregate, or a function of one."""
    if isinstance(expr, Path):
        return False
    return expr.name.upper() in AGGREGATES or any(is_aggregate(a) for a in expr.args)


def bind(scope: Scope, expr: Expr) -> Bound:
    """What an expression without aggregates means on one row."""
    if isinstance(expr, Path):
        return scope.field(expr)
    name = expr.name.upper()
    inner = bind(scope, _only(expr))
    if name == "TOLABEL":
        return replace(inner, read=_labels(inner))
    if name == "FORMAT":
        return Bound(_formatted(inner.read, inner.meta), text_field(inner.meta.name), inner.owner, inner.parents)
    if name in ("CONVERTCURRENCY", "CONVERTTIMEZONE"):
        return inner
    if name in _DATE_PARTS and inner.type in ("date", "datetime"):
        zone = scope.source.time_zone if _converted(expr) else "UTC"
        meta = whole(name) if name != "DAY_ONLY" else FieldMeta(name, "date", name)
        return Bound(_date_part(inner, _DATE_PARTS[name], ZoneInfo(zone)), meta, inner.owner)
    raise malformed(f"unexpected token: '{expr.name}'")


def format_value(value: Any, meta: FieldMeta) -> Any:
    """FORMAT() in the locale en_US; text and empty values stay as they are."""
    if value is None or isinstance(value, bool):
        return value
    if meta.type == "datetime":
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment:%M %p}"
    if meta.type == "date":
        day = date.fromisoformat(value)
        return f"{day.month}/{day.day}/{day.year}"
    if meta.type == "currency":
        return f"${value:,.2f}"
    return f"{value:,}" if isinstance(value, int | float) else value


def _only(call: Call) -> Expr:
    if len(call.args) != 1:
        raise malformed(f"unexpected token: '{call.name}'")
    return call.args[0]


def _converted(call: Call) -> bool:
    arg = call.args[0]
    return isinstance(arg, Call) and arg.name.upper() == "CONVERTTIMEZONE"


def _labels(inner: Bound) -> Reader:
    labels = {v.value: v.label for v in inner.meta.picklist}
    read = inner.read

    def label(row: Row) -> Any:
        value = read(row)
        return labels.get(value, value)

    return label


def _formatted(read: Reader, meta: FieldMeta) -> Reader:
    return lambda row: format_value(read(row), meta)


def _date_part(inner: Bound, part: Callable[[date], Any], zone: ZoneInfo) -> Reader:
    read, is_moment = inner.read, inner.type == "datetime"

    def extract(row: Row) -> Any:
        value = read(row)
        if value is None:
            return None
        return part(datetime.fromtimestamp(value / 1000, zone) if is_moment else date.fromisoformat(value))

    return extract


def shown(meta: FieldMeta, read: Reader) -> Reader:
    """The reader of a value as JSON shows it."""
    if meta.type == "datetime":
        return lambda row: datetime_text(read(row))
    return read
