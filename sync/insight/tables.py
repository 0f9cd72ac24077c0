"""The files of `[insight] content` and `[insight] costs`: CSV with a line of headers, read anew by every run."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from connectors.errors import Misconfigured
from insight.catalogue import Piece, Spent
from sync.insight.touching import bare

T = TypeVar("T")
BUYERS = ("", "awareness", "consideration", "decision", "customer")


class TableError(Misconfigured):
    """A file says something that it cannot say; str() tells where and what would be right."""


def content(path: str) -> list[Piece]:
    """The content catalogue: title, url, and if given type, stage, persona, topic.  Raises TableError."""
    return _read(path, ("title", "url"), ("type", "stage", "persona", "topic"), _piece)


def costs(path: str) -> list[Spent]:
    """The cost table: source, month, cost, and if given campaign.  Raises TableError."""
    return _read(path, ("source", "month", "cost"), ("campaign",), _spent)


def _read(path: str, needed: tuple[str, ...], more: tuple[str, ...], made: Callable[[dict[str, str]], T]) -> list[T]:
    if not path:
        return []
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            headers = reader.fieldnames or ()
            if missing := [name for name in needed if name not in headers]:
                raise TableError(f"{path}: its first line must name {', '.join(needed)}; it lacks {', '.join(missing)}")
            found: list[T] = []
            for row in reader:
                told = {name: (row.get(name) or "").strip() for name in (*needed, *more)}
                try:
                    found.append(made(told))
                except ValueError as error:
                    raise TableError(f"{path}, line {reader.line_num}: {error}") from None
            return found
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path} cannot be read: {error}") from None


def _piece(told: dict[str, str]) -> Piece:
    if not told["title"] or not told["url"]:
        raise ValueError("needs a title and a url")
    if told["stage"] not in BUYERS:
        raise ValueError(f"stage is {told['stage']!r}; choose one of {', '.join(BUYERS[1:])}, or leave it blank")
    return Piece(told["title"], bare(told["url"]), told["type"], told["stage"], told["persona"], told["topic"])


def _spent(told: dict[str, str]) -> Spent:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", told["month"]):
        raise ValueError(f"month is {told['month']!r}; it must be like 2026-03")
    try:
        cost = Decimal(told["cost"])
    except InvalidOperation:
        raise ValueError(f"cost is {told['cost']!r}; it must be a number like 1200.50") from None
    if not cost.is_finite() or cost < 0:
        raise ValueError(f"cost is {told['cost']!r}; it must not be less than nothing")
    return Spent(told["source"].lower(), told["campaign"], told["month"], cost)
