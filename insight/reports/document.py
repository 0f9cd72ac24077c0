"""What a report says: columns, rows of cells, and notes; every number knows the records that it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple, TypeVar

from insight.ratio import FEW, Ratio

T = TypeVar("T")
Value = str | int | float | Decimal | Ratio | None
NONE = "(none)"
"""What stands for a text that nobody gave."""


class Cell(NamedTuple):
    """A value, and the entities that it counts."""

    value: Value
    records: tuple[str, ...] = ()


class Period(NamedTuple):
    """From the first to the last day, both included; None: open."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date | None) -> bool:
        """Whether a day lies in it.  What has no day lies only in the period that is open on both sides."""
        if day is None:
            return self == Period()
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def before(self) -> Period | None:
        """The span of time of the same length before it; None: it is open."""
        if self.first is None or self.last is None:
            return None
        length = self.last - self.first + timedelta(days=1)
        return Period(self.first - length, self.first - timedelta(days=1))

    def as_json(self) -> dict[str, str | None]:
        """ISO dates."""
        return {
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }


Row = dict[str, Cell]


@dataclass(frozen=True)
class Document:
    """One report."""

    name: str
    period: Period
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    """Columns that are worth a picture."""
    currency: str = ""
    """Of its amounts; empty: not known."""

    def named(self, names: Mapping[str, str]) -> Document:
        """The same with other names of the entities."""
        rows = tuple(
            {
                name: Cell(value, tuple(names.get(entity, entity) for entity in records))
                for name, (value, records) in row.items()
            }
            for row in self.rows
        )
        return replace(self, rows=rows)

    def frozen(self) -> dict[str, Any]:
        """The report as JSON values, to be thawed as it is."""
        rows = [{name: [_frozen(value), list(records)] for name, (value, records) in row.items()} for row in self.rows]
        return {
            "name": self.name,
            "period": self.period.as_json(),
            "columns": list(self.columns),
            "rows": rows,
            "notes": list(self.notes),
            "charts": list(self.charts),
            "currency": self.currency,
        }

    @classmethod
    def thawed(cls, told: Mapping[str, Any], note: str) -> Document:
        """What was frozen, with a note more."""
        first, last = (date.fromisoformat(day) if day else None for day in told["period"].values())
        rows = tuple(
            {name: Cell(_thawed(value), tuple(records)) for name, (value, records) in row.items()}
            for row in told["rows"]
        )
        return cls(
            told["name"], Period(first, last), tuple(told["columns"]), rows, (note, *told["notes"]),
            tuple(told["charts"]), told["currency"],
        )  # fmt: skip

    def as_json(self, *, records: bool = False) -> dict[str, Any]:
        """The form that scripts rely on.  records: with the entities behind each number."""
        rows = []
        for row in self.rows:
            told: dict[str, Any] = {name: plain(row[name].value, self.currency) for name in self.columns}
            if records:
                told["records"] = {name: list(row[name].records) for name in self.columns if row[name].records}
            rows.append(told)
        return {
            "report": self.name,
            "period": self.period.as_json(),
            "columns": list(self.columns),
            "rows": rows,
            "notes": list(self.notes),
        }


def _frozen(value: Value) -> Any:
    if isinstance(value, Ratio):
        return {"ratio": [value.numerator, value.denominator]}
    return {"amount": str(value)} if isinstance(value, Decimal) else value


def _thawed(value: Any) -> Value:
    if not isinstance(value, dict):
        found: Value = value
        return found
    return Ratio(*value["ratio"]) if "ratio" in value else Decimal(value["amount"])


def plain(value: Value, currency: str = "") -> Any:
    """A value as JSON has it.  A decimal number is an amount: to the cent, with its currency where that is known."""
    if isinstance(value, Ratio):
        return value.as_json()
    return f"{_to_the_cent(value):f} {currency}".rstrip() if isinstance(value, Decimal) else value


def _to_the_cent(amount: Decimal) -> Decimal:
    return round(amount, 2) if amount.as_tuple().exponent not in (0, -1, -2) else amount


def shown(value: Value, currency: str = "") -> str:
    """A value as people read it: ratios with their parts, or too few to say; the interval stands beside it."""
    if value is None:
        return "–"
    if isinstance(value, Ratio):
        parts = f"{value.numerator:,} of {value.denominator:,}"
        if value.value is None:
            return "–"
        if value.few:
            return f"{parts} (too few)"
        return f"{value.value:.1%} ({parts})"
    if isinstance(value, Decimal):
        return f"{value:,.2f} {currency}".rstrip()
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else value


def between(value: Value) -> str:
    """The interval of a ratio that says something, as people read it; else nothing."""
    if not isinstance(value, Ratio) or value.few:
        return ""
    low, high = value.interval
    return f"{low:.1%} to {high:.1%}"


def text(value: str) -> Cell:
    """A label."""
    return Cell(value or NONE)


def count(records: Iterable[str]) -> Cell:
    """How many."""
    found = tuple(records)
    return Cell(len(found), found)


def share(part: Iterable[str], whole: Sequence[str]) -> Cell:
    """How many of how many."""
    found = tuple(part)
    return Cell(Ratio(len(found), len(whole)), found)


def middle(values: Sequence[float], records: Iterable[str]) -> Cell:
    """The median; None: of nothing."""
    return Cell(float(median(values)) if values else None, tuple(records))


def quarter(values: Sequence[float], records: Iterable[str]) -> Cell:
    """What three quarters do not exceed; None: of nothing."""
    ordered = sorted(values)
    return Cell(float(ordered[max(0, -(-len(ordered) * 3 // 4) - 1)]) if ordered else None, tuple(records))


def grouped(things: Iterable[T], key: Callable[[T], tuple[str, ...]]) -> dict[tuple[str, ...], list[T]]:
    """Key → those that have it, the largest group first."""
    found: dict[tuple[str, ...], list[T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    return dict(sorted(found.items(), key=lambda group: (-len(group[1]), group[0])))


TOO_FEW = f"A ratio of fewer than {FEW} cases is shown with its parts only: it says nothing yet."
INTERVAL = "Shares stand with their parts; in pages, CSV and JSON also with Wilson's 95 % interval."
