"""Datetimes as callers write them; `schema.datetime_text` is the other direction."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?\Z", re.IGNORECASE
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000


@lru_cache(maxsize=4096)
def parse_datetime(text: str) -> int:
    """ms of an ISO 8601 datetime; ValueError if it is none.  Without an offset it is UTC."""
    found = _DATETIME.match(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    offset = timezone.utc if not zone or zone.upper() == "Z" else _offset(zone)  # noqa: UP017  mypy sees one type
    moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=offset)
    return (moment - _EPOCH) // timedelta(seconds=1) * 1000 + int((fraction or "0").ljust(3, "0")[:3])


def _offset(zone: str) -> timezone:
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def parse_date(text: str) -> str:
    """`YYYY-MM-DD` of a date, or of a datetime's day; ValueError if it is neither."""
    if len(text) > 10 and "T" in text:
        parse_datetime(text)
        text = text[:10]
    return date.fromisoformat(text).isoformat()


def http_date(ms: int) -> str:
    return formatdate(ms / 1000, usegmt=True)


def parse_http_date(text: str) -> int:
    """ms of an HTTP date; ValueError if it is none."""
    return round(parsedate_to_datetime(text).timestamp()) * 1000


def zulu(text: str) -> str:
    """A datetime of an answer as bulk results write it: `2026-01-31T12:34:56.000Z`."""
    return text[:-5] + "Z" if text.endswith("+0000") else text


def whole_second(ms: int) -> int:
    return ms // 1000 * 1000
