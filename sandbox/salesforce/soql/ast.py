"""The tree a query is parsed into.

Places in the text (`pos`) serve error messages only and do not count when trees are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: ("Account", "Owner", "Name")."""

    parts: tuple[str, ...]
    pos: int = field(default=-1, compare=False)

    @property
    def text(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function: COUNT(Id), toLabel(Status), CALENDAR_YEAR(CreatedDate), COUNT() with no argument."""

    name: str
    args: tuple[Path | Call, ...]
    pos: int = field(default=-1, compare=False)


Expr = Path | Call


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in a condition.  `kind` keeps apart what looks alike: 'x' is a string, x a date, TODAY a range."""

    kind: Literal["string", "number", "boolean", "null", "date", "datetime", "relative", "currency"]
    value: Value
    """Strings unescaped; numbers as numbers; datetimes as UTC ms; dates as YYYY-MM-DD; relative as NAME or NAME:n."""
    pos: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    expr: Expr
    op: Literal["=", "!=", "<", "<=", ">", ">=", "LIKE"]
    value: Constant


@dataclass(frozen=True, slots=True)
class InList:
    expr: Expr
    negated: bool
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class InQuery:
    """A semi-join, or an anti-join when negated."""

    expr: Expr
    negated: bool
    query: Query


@dataclass(frozen=True, slots=True)
class Includes:
    """INCLUDES or EXCLUDES of a multi-select picklist; each value may join several with `;`."""

    expr: Expr
    negated: bool
    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition


Condition = Compare | InList | InQuery | Includes | And | Or | Not


@dataclass(frozen=True, slots=True)
class Selected:
    expr: Expr
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class FieldsOf:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    kind: Literal["ALL", "STANDARD", "CUSTOM"]
    pos: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class TypeOf:
    """TYPEOF What WHEN Account THEN Name WHEN … ELSE … END."""

    relation: Path
    whens: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Children:
    """A subquery in SELECT; the object of its query is the child relationship's name."""

    query: Query


Item = Selected | FieldsOf | TypeOf | Children


@dataclass(frozen=True, slots=True)
class Order:
    expr: Expr
    descending: bool = False
    nulls_last: bool | None = None
    """None: not said, so nulls come first, descending or not."""


@dataclass(frozen=True, slots=True)
class Query:
    items: tuple[Item, ...]
    object: str
    alias: str | None = None
    scope: str | None = None
    where: Condition | None = None
    group_by: tuple[Expr, ...] = ()
    having: Condition | None = None
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    all_rows: bool = False
    options: tuple[str, ...] = ()
    """What follows and changes nothing here: FOR VIEW, FOR REFERENCE, FOR UPDATE."""
    text: str = field(default="", compare=False, repr=False)
    """The whole query this one was written in, for error messages."""
    pos: int = field(default=-1, compare=False)
    """Where the object's name stands."""
