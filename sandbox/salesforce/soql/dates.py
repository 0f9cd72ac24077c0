"""Relative date literals: spans of whole days in the user's time zone (SOQL reference, Date Formats and Date Literals).

Weeks begin on Sunday.  The fiscal year is the calendar year.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_UNITS = {"DAY": 0, "WEEK": 0, "MONTH": 1, "QUARTER": 3, "FISCAL_QUARTER": 3, "YEAR": 12, "FISCAL_YEAR": 12}
_SPANS = ("WEEK", "MONTH", "QUARTER", "FISCAL_QUARTER", "YEAR", "FISCAL_YEAR")

PLAIN = frozenset(
    ["TODAY", "YESTERDAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"]
    + [f"{when}_{span}" for when in ("LAST", "THIS", "NEXT") for span in _SPANS]
)
COUNTED = frozenset(
    [f"{when}_N_{unit}S" for when in ("LAST", "NEXT") for unit in _UNITS] + [f"N_{unit}S_AGO" for unit in _UNITS]
)


def span(literal: str, now_ms: int, time_zone: str) -> tuple[date, date]:
    """First day, and the day after the last, of a literal such as LAST_MONTH or LAST_N_DAYS:7."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(ZoneInfo(time_zone)).date()
    name, _, count = literal.partition(":")
    return _counted(name, int(count), today) if count else _plain(name, today)


def midnight(day: date, time_zone: str) -> int:
    """The ms at which this day begins in this zone."""
    return round(datetime.combine(day, time(), ZoneInfo(time_zone)).timestamp() * 1000)


def _plain(name: str, today: date) -> tuple[date, date]:
    one = timedelta(days=1)
    match name:
        case "TODAY":
            return today, today + one
        case "YESTERDAY":
            return today - one, today
        case "TOMORROW":
            return today + one, today + one * 2
        case "LAST_90_DAYS":
            return _counted("LAST_N_DAYS", 90, today)
        case "NEXT_90_DAYS":
            return _counted("NEXT_N_DAYS", 90, today)
    when, _, unit = name.partition("_")
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[when]
    return _start(unit, today, shift), _start(unit, today, shift + 1)


def _counted(name: str, n: int, today: date) -> tuple[date, date]:
    """LAST_N_DAYS includes today; the other units leave out the current one."""
    one = timedelta(days=1)
    if name.endswith("_AGO"):
        unit = name.removeprefix("N_").removesuffix("S_AGO")
        return _start(unit, today, -n), _start(unit, today, 1 - n)
    when, _, rest = name.partition("_N_")
    unit = rest.removesuffix("S")
    if unit == "DAY":
        return (today - one * n, today + one) if when == "LAST" else (today + one, today + one * (n + 1))
    if when == "LAST":
        return _start(unit, today, -n), _start(unit, today, 0)
    return _start(unit, today, 1), _start(unit, today, n + 1)


def _start(unit: str, today: date, shift: int) -> date:
    """The first day of the unit that today is in, `shift` units on."""
    if unit == "DAY":
        return today + timedelta(days=shift)
    if unit == "WEEK":
        return today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
    months = _UNITS[unit]
    index = (today.year * 12 + today.month - 1) // months * months + shift * months
    return date(index // 12, index % 12 + 1, 1)
