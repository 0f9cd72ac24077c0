"""Salesforce's ids and times as the port wants them, and CSV text as the JSON values it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\Z")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(value: str) -> bool:
    """Whether this has the form of a record id, 15 or 18 characters."""
    return bool(_ID.match(value))


def long_id(value: str) -> str:
    """The 18-character form: 15 case-sensitive characters and three that make it safe to fold case."""
    if len(value) != 15:
        return value
    groups = (value[0:5], value[5:10], value[10:15])
    return value + "".join(_CHECK[sum(1 << n for n, c in enumerate(g) if "A" <= c <= "Z")] for g in groups)


def to_ms(stamp: str) -> int:
    """`2026-01-31T12:34:56.000+0000` (REST) or `…Z` (Bulk) as ms since the epoch."""
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)


def http_date(ms: int) -> str:
    """RFC 1123, whole seconds, for If-Unmodified-Since."""
    return format_datetime(datetime.fromtimestamp(ms // 1000, UTC), usegmt=True)


def from_http_date(value: str | None) -> int | None:
    """A Date header as ms, or None when it is absent or unreadable."""
    if not value:
        return None
    try:
        return round(parsedate_to_datetime(value).timestamp() * 1000)
    except ValueError:
        return None


def _datetime(value: str) -> str:
    return value[:-1] + "+0000" if value.endswith("Z") else value


_FROM_CSV: dict[str, Callable[[str], Any]] = {
    "boolean": lambda value: value == "true",
    "int": int,
    "long": int,
    "double": float,
    "currency": float,
    "percent": float,
    "datetime": _datetime,
}


def from_csv(native_type: str) -> Callable[[str], Any] | None:
    """What turns a Bulk CSV cell that is not empty into the value REST would have given; None: leave it as text."""
    return _FROM_CSV.get(native_type)
