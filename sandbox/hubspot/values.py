"""What a property accepts, and how it is stored: every stored value is the text that answers show.

Sources: guides "Properties" (types, dates at midnight, `;` appends), changelogs on number and non-string validation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.hubspot.codec import DAY, clock_of, iso, iso_day, moment
from sandbox.hubspot.errors import Problem
from sandbox.hubspot.schema import Property

LONGEST = 65_536
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@(?:[^\s@.<>(),;:\"\[\]\\/]+\.)+[^\s@.<>(),;:\"\[\]\\/\d]{2,}")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SITE = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?([^/?#:]+).*$")


def as_text(value: Any) -> str:
    """JSON numbers and booleans are taken as the text they would be; null clears."""
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def is_email(text: str) -> bool:
    return len(text) <= 254 and _EMAIL.fullmatch(text) is not None


def bare_domain(text: str) -> str:
    found = _SITE.match(text.strip().lower())
    return found.group(1) if found else text


def _choice(prop: Property, text: str) -> str | Problem:
    chosen = text.split(";") if prop.many else [text]
    for value in chosen:
        if value and value not in prop.values:
            listed = ", ".join(o.value for o in prop.options)
            return Problem(prop.name, "INVALID_OPTION", f"{value} was not one of the allowed options: [{listed}]")
    return text


def _date(prop: Property, text: str) -> str | Problem:
    ms = moment(text)
    if ms is None:
        return Problem(prop.name, "INVALID_DATE", f"{text} was not a valid date.")
    if ms % DAY:
        return Problem(prop.name, "INVALID_DATE", f"{text} is at {clock_of(ms)} UTC, not midnight!")
    return iso_day(ms)


def _datetime(prop: Property, text: str) -> str | Problem:
    ms = moment(text)
    if ms is None:
        return Problem(prop.name, "INVALID_LONG", f"{text} was not a valid long.")
    return iso(ms)


def _number(prop: Property, text: str) -> str | Problem:
    if _NUMBER.fullmatch(text):
        return text
    return Problem(prop.name, "INVALID_INTEGER", f"{prop.name} was not a valid number")


def _bool(prop: Property, text: str) -> str | Problem:
    folded = text.lower()
    if folded in ("true", "false"):
        return folded
    return Problem(prop.name, "INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")


def _string(prop: Property, text: str) -> str | Problem:
    if len(text) > LONGEST:
        return Problem(prop.name, "STRING_TOO_LONG", f"{prop.name} is too long: at most {LONGEST} characters")
    return text


_CHECKS: dict[str, Callable[[Property, str], str | Problem]] = {
    "enumeration": _choice,
    "date": _date,
    "datetime": _datetime,
    "number": _number,
    "bool": _bool,
    "string": _string,
    "phone_number": _string,
}


def accept(prop: Property, value: Any) -> str | Problem:
    """The text to store, or what is wrong with it.  Emails, domains and owners have rules of their own elsewhere."""
    text = as_text(value)
    if not text or prop.owner:
        return text
    if prop.type != "string" and text != text.strip():
        return Problem(prop.name, "INVALID_WHITESPACE", f"{prop.name} has leading or trailing whitespace")
    return _CHECKS[prop.type](prop, text)
