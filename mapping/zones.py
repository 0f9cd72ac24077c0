"""Days in a time zone: what date an instant is, and which instant stands for a date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mapping.rules import Value
from mapping.values import day, instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON = time(12)
"""Midnight is another day a little further east or west; noon hardly anywhere."""


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The zone of this IANA name; UTC where there is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def day_in(name: str) -> Callable[[Any], Value]:
    """What reads an instant as the date, `YYYY-MM-DD`, that it is in this zone."""
    where = zone(name)

    def read(native: Any) -> Value:
        at = instant(native)
        if not isinstance(at, int) or (len(str(native).strip()) == 10 and "-" in str(native)):
            return day(native)
        try:
            return (_EPOCH + timedelta(milliseconds=at)).astimezone(where).date().isoformat()
        except OverflowError:
            return day(native)

    return read


def noon(day: str, name: str) -> int | None:
    """The instant, ms, that stands for a date in this zone: its noon.  None: no date, or beyond the calendar."""
    try:
        return (datetime.combine(date.fromisoformat(day), _NOON, zone(name)) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
