"""Times, ids and texts as HubSpot writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache

DAY = 86_400_000
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


@lru_cache(maxsize=20_000)
def _day(number: int) -> str:
    return date.fromordinal(719_163 + number).isoformat()


@lru_cache(maxsize=4_096)
def iso(ms: int) -> str:
    """A moment in ISO 8601, UTC; the fraction is left out when it is zero, as HubSpot does."""
    days, rest = divmod(ms, DAY)
    seconds, millis = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    if millis:
        return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
    return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}Z"


def iso_day(ms: int) -> str:
    return _day(ms // DAY)


def moment(text: str) -> int | None:
    """ms of an ISO 8601 text or of epoch milliseconds; None when it is neither."""
    if text.lstrip("-").isdigit():
        return int(text)
    found = _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError:
        return None
    ms = int(at.timestamp()) * 1000 + int((fraction or "0")[:3].ljust(3, "0"))
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        ms -= sign * (int(zone[1:3]) * 60 + int(zone[-2:])) * 60_000
    return ms


def clock_of(ms: int) -> str:
    """The time of day as HubSpot's own message prints it: 2:40:0.123."""
    seconds, millis = divmod(ms % DAY, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}.{millis}"


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
