"""From a carried value to what a system's field takes, or the reason why it cannot take it.

`mapping.values` reads; this module writes.  Together they are a lens: what is written and read back is the value as
the field holds it, and writing that again changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from connectors.port import Field
from mapping.domains import host
from mapping.markup import markup
from mapping.rules import Value
from mapping.values import PLAIN_ADDRESS, boolean, day, instant, iso_instant, to_decimal

TEXTS = frozenset({"text", "long_text", "email", "phone", "url", "domain"})
NUMBERS = frozenset({"number", "money", "percent"})

TYPES: dict[str, frozenset[str]] = {
    "text": frozenset({"text", "long_text", "html", "email", "phone", "url", "choice", "other", "id", "reference"}),
    "long_text": frozenset({"text", "long_text", "html"}),
    "domain": frozenset({"url", "text"}),
    "email": frozenset({"email", "text"}),
    "phone": frozenset({"phone", "text"}),
    "url": frozenset({"url", "text"}),
    "int": frozenset({"number"}),
    "decimal": frozenset({"number", "money", "percent"}),
    "bool": frozenset({"bool"}),
    "date": frozenset({"date", "datetime"}),
    "money": frozenset({"number", "money"}),
    "deal_stage": frozenset({"choice", "text"}),
    "datetime": frozenset({"datetime"}),
    "choice": frozenset({"choice", "text"}),
    "set": frozenset({"choices"}),
    "owner": frozenset({"reference", "choice", "number", "text"}),
    "stage": frozenset({"choice", "text"}),
    "reference": frozenset({"reference", "references", "text"}),
    "references": frozenset({"references"}),
}
"""Type of a mapping → types of fields that it fits."""

GOES_ON = " […]"
"""The end of a long text that was cut."""
_MARKED = 1_000
"""Fields of so many characters hold long texts."""

_PLAIN_MOST = 64
_RESERVED = tuple(f"{before}{name}" for name in SPECIAL_USE_DOMAIN_NAMES for before in (".", "@"))
"""Ends of addresses that the full test refuses."""


class MisfitError(Exception):
    """A value that a field cannot take.  `code`: what is wrong; `fix`: what puts it right."""

    def __init__(self, code: str, fix: str) -> None:
        super().__init__(code)
        self.code = code
        self.fix = fix


def to_native(type_: str, own: Value, meta: Field) -> Any:
    """The native value that holds a carried one.  Raises MisfitError."""
    if own is None:
        # A checkbox is never blank.
        return False if meta.type == "bool" else None
    native = _WRITERS.get(type_, _write_text)(own, meta)
    if meta.type == "html":
        native = markup(native)
    if isinstance(native, str):
        _check_length(native, meta)
    if meta.type in ("choice", "choices") and meta.options and meta.restricted:
        _check_options(native if isinstance(native, str) else str(native), meta)
    return native


def cut(own: Value, meta: Field) -> Value:
    """The longest beginning of a text that the field holds; of a long text, marked as one that goes on."""
    if not isinstance(own, str) or meta.length is None or _fits(own, meta):
        return own
    if meta.length < _MARKED:
        return own[: meta.length].rstrip() or None
    most = bisect_right(range(1, len(own)), False, key=lambda n: not _fits(own[:n] + GOES_ON, meta))
    return own[:most].rstrip() + GOES_ON


def _fits(own: str, meta: Field) -> bool:
    return len(markup(own) if meta.type == "html" else own) <= (meta.length or 0)


def nearest(type_: str, own: Value, meta: Field) -> Value:
    """A value close to this one that the field may take: an option of another spelling, a rounded number, a shorter
    text.  None: there is none."""
    if meta.type == "choice" and isinstance(own, str):
        wanted = own.strip().casefold()
        named = (o.value for o in meta.options if o.active and wanted in (o.value.casefold(), o.label.casefold()))
        return next(named, None)
    if meta.type == "choices" and isinstance(own, list):
        known = {o.value.casefold(): o.value for o in meta.options if o.active}
        return sorted({known[part.casefold()] for part in own if part.casefold() in known}) or None
    if type_ == "int":
        number = to_decimal(own)
        return None if number is None else int(number.to_integral_value())
    return cut(own, meta) if type_ in TEXTS - {"email", "domain"} else None


def _check_length(native: str, meta: Field) -> None:
    if meta.length is not None and len(native) > meta.length:
        raise MisfitError("TOO_LONG", f'shorten it to {meta.length} characters, or set too_long = "cut"')


def _check_options(native: str, meta: Field) -> None:
    allowed = {option.value for option in meta.options if option.active}
    parts = native.split(";") if meta.type == "choices" else [native]
    if not allowed.issuperset(parts):
        raise MisfitError("NOT_AN_OPTION", f"add the option to {meta.label or meta.name}, or translate the value")


def _write_text(own: Value, meta: Field) -> Any:
    return own if isinstance(own, str) else str(own)


def _write_email(own: Value, meta: Field) -> Any:
    address = str(own)
    wrong = None if is_plain_address(address) else _wrong_address(address)
    if wrong is not None:
        raise MisfitError("INVALID_EMAIL", wrong)
    return own


def is_plain_address(address: str) -> bool:
    """Whether an address is of the common form that is certainly valid, which spares most of them the full test."""
    return len(address) <= _PLAIN_MOST and PLAIN_ADDRESS.match(address) is not None and not address.endswith(_RESERVED)


@lru_cache(maxsize=4096)
def _wrong_address(address: str) -> str | None:
    """What puts an invalid address right."""
    try:
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return "correct the address"
    return None if "." in checked.domain else "complete the domain of the address"


def _write_domain(own: Value, meta: Field) -> Any:
    if host(str(own)) != own:
        raise MisfitError("NOT_A_WEBSITE", "enter the company's own website, such as example.com")
    return own


def _write_int(own: Value, meta: Field) -> Any:
    if own.__class__ is int:
        return own if meta.type in NUMBERS else str(own)
    number = to_decimal(own)
    if number is None or number != number.to_integral_value():
        raise MisfitError("NOT_A_WHOLE_NUMBER", "enter a whole number")
    return int(number) if meta.type in NUMBERS else str(int(number))


def _write_decimal(own: Value, meta: Field) -> Any:
    number = to_decimal(own)
    if number is None:
        raise MisfitError("NOT_A_NUMBER", "enter a number with digits and at most one point")
    if meta.type not in NUMBERS:
        return own
    if number == number.to_integral_value():
        return int(number)
    # A float that does not come back as the same digits would change the number.
    return float(number) if to_decimal(repr(float(number))) == number else own


def _write_bool(own: Value, meta: Field) -> Any:
    value = boolean(own)
    if not isinstance(value, bool):
        raise MisfitError("NOT_YES_OR_NO", "enter true or false")
    return value if meta.type == "bool" else str(value).lower()


def _write_date(own: Value, meta: Field) -> Any:
    value = day(own)
    if value is None or value != own or len(value) != 10:
        raise MisfitError("NOT_A_DATE", "enter a date as YYYY-MM-DD")
    try_ms = instant(value)
    if not isinstance(try_ms, int):
        raise MisfitError("NOT_A_DATE", "enter a date as YYYY-MM-DD")
    return iso_instant(try_ms) if meta.type == "datetime" else value


def _write_datetime(own: Value, meta: Field) -> Any:
    text = iso_instant(own) if isinstance(own, int) else None
    if text is None:
        raise MisfitError("NOT_A_TIME", "enter a date and a time")
    return text[:10] if meta.type == "date" else text


def _write_list(own: Value, meta: Field) -> Any:
    return own


def _write_set(own: Value, meta: Field) -> Any:
    return ";".join(own) if isinstance(own, list) else str(own)


_WRITERS: dict[str, Callable[[Value, Field], Any]] = {
    "email": _write_email,
    "domain": _write_domain,
    "int": _write_int,
    "decimal": _write_decimal,
    "bool": _write_bool,
    "date": _write_date,
    "datetime": _write_datetime,
    "set": _write_set,
    "references": _write_list,
}
