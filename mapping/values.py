"""What a value is: how each type is read, and when two values are the same.

A native value is decoded into the value *as carried*.  Text travels unharmed, exactly as it was read; only what
everybody calls blank becomes None.  Equality is a question of its own: `same` sees through Unicode composition, line
ends, phone formats and trailing zeros, so that a system's habits of spelling never look like an edit.

What cannot be read as its type is carried as the text it is: it can be compared, shown and held, but not written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

import idna
import phonenumbers

from mapping.domains import host
from mapping.markup import plain as plain_text
from mapping.rules import Value

BLANK: Value = None

KNOWN: Final = 4096
"""So many values of each kind are remembered: what recurs, and what is asked twice in a row, however many there are."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)
CALENDAR_ENDS = 253_402_300_800_000
"""The first millisecond of the year 10,000."""
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
PLAIN_ADDRESS: Final = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,24}\Z")
"""Addresses of the common form, which need no care."""
_ADDRESS = re.compile(r"<([^<>]*@[^<>]*)>\s*$")
_MILLISECONDS = re.compile(r"-?\d{1,16}$", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$", re.ASCII)
_PHONE = re.compile(r"[\d\s()+./\u2010-\u2015-]+$")
_FEW_DIGITS = 15
"""So many are certainly a number that needs no second look."""
_TRUE = frozenset({"true", "1", "yes"})
_FALSE = frozenset({"false", "0", "no"})


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A value that has no counterpart in the vocabulary (or none in the target): held and listed, never guessed."""

    own: Value
    hint: str = field(default="", compare=False)
    """What would be right, where more can be said than of any value."""

    def __bool__(self) -> bool:
        return False


class Unlinked(Unmapped):
    """A reference to a record that belongs to nobody we know: it waits."""


def decoder(type_: str) -> Callable[[Any], Value]:
    """What reads native values of this type; `reference:company` is read as any reference."""
    return DECODERS[type_.partition(":")[0]]


def reader(type_: str, native: str) -> Callable[[Any], Value]:
    """The same for a field whose system calls its type `native`: text that is kept as HTML is read without."""
    if native == "references" and type_.startswith("reference:"):
        return options
    return _html if native == "html" and type_ in ("text", "long_text") else decoder(type_)


def in_units(read: Callable[[Any], Value], unit: int) -> Callable[[Any], Value]:
    """What reads numbers of a system that counts in smaller units: `unit` of them are one."""

    def whole(native: Any) -> Value:
        number = to_decimal(read(native))
        return read(native) if number is None else int(number // unit)

    return whole


def _html(native: Any) -> Value:
    raw = text(native)
    return None if raw is None else plain_text(raw)


def decode(type_: str, native: Any) -> Value:
    """A native value as carried.  Never raises for a known type."""
    return decoder(type_)(native)


def same(type_: str, a: Value, b: Value, region: str = "") -> bool:
    """Whether two carried values mean the same.  `region`: ISO country of national phone numbers."""
    if a == b and a.__class__ is b.__class__:
        return True
    if type_ == "phone" and (a is None or b is None):
        # Only blank text is as good as no number: nobody need find out which number it is.
        type_ = "text"
    return form(type_, a, region) == form(type_, b, region)


def form(type_: str, value: Value, region: str = "") -> Hashable:
    """The form in which two values of a type are equal exactly if they are the same."""
    if isinstance(value, Unmapped):
        return ("unmapped", form(type_, value.own, region))
    if value is None:
        return False if type_ == "bool" else None
    if type_ == "phone":
        return _phone_form(str(value), region)
    return _FORMS.get(type_, _text_form)(value)


# -- reading -----------------------------------------------------------------------------------------------------------


def text(native: Any) -> Value:
    """Text exactly as it is; "", white space, null and empty lists are blank."""
    if native.__class__ is str:
        return native if native and not native.isspace() else None
    if native is None or native == [] or native == {}:
        return None
    if isinstance(native, bool):
        return "true" if native else "false"
    return text(str(native))


@lru_cache(maxsize=KNOWN)
def _email(raw: str) -> str | None:
    found = _ADDRESS.search(raw)
    address = _trim(found.group(1) if found else raw).lower()
    local, at, domain = address.rpartition("@")
    if at and not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return address or None
        return f"{local}@{domain}"
    return address or None


def _trim(raw: str) -> str:
    before = None
    while before != raw:
        before, raw = raw, raw.strip().strip(_INVISIBLE)
    return raw


def email(native: Any) -> Value:
    """An address: trimmed, without display name, lower case, the domain in ASCII."""
    if native.__class__ is str and PLAIN_ADDRESS.match(native):
        return native
    raw = text(native)
    return None if raw is None else _email(raw)


def domain(native: Any) -> Value:
    """The host of a web address; what is none, or everybody's, stays as it was typed."""
    raw = text(native)
    return None if raw is None else host(raw) or raw


def decimal(native: Any) -> Value:
    """A number as plain decimal digits without superfluous zeros."""
    if isinstance(native, bool):
        native = int(native)
    raw = text(native)
    if raw is None:
        return None
    number = to_decimal(raw)
    return raw if number is None else plain(number)


def money(native: Any) -> Value:
    """An amount as `decimal` carries it, with its currency where one is told: `12.5 EUR`."""
    raw = text(native)
    if raw is None:
        return None
    amount, currency = split_money(raw)
    number = decimal(amount)
    return f"{number} {currency}" if currency and number is not None else number


def split_money(own: Value) -> tuple[str, str]:
    """(amount, currency or nothing) of a carried amount of money."""
    amount, _, currency = str(own).strip().rpartition(" ")
    return (amount, currency) if amount and len(currency) == 3 and currency.isalpha() else (str(own), "")


def integer(native: Any) -> Value:
    """A whole number; one that is not whole stays a decimal string."""
    if native.__class__ is int:
        return native
    if native.__class__ is str and len(native) <= _FEW_DIGITS and native.isascii() and native.isdigit():
        return int(native)
    carried = decimal(native)
    number = None if carried is None else to_decimal(carried)
    return int(number) if number is not None and number == number.to_integral_value() else carried


def to_decimal(raw: Any) -> Decimal | None:
    """The number that a carried value is, or None."""
    stripped = str(raw).strip()
    if not _NUMBER.match(stripped):
        return None
    try:
        return Decimal(stripped)
    except InvalidOperation:
        return None


def plain(number: Decimal) -> str:
    """Digits without exponent, superfluous zeros or minus zero."""
    digits = format(number, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits in ("-0", "") else digits


def boolean(native: Any) -> Value:
    """True or False; blank stays blank."""
    if isinstance(native, bool) or native is None:
        return native
    raw = text(native)
    word = raw.strip().lower() if raw is not None else ""
    if word in _TRUE:
        return True
    return False if word in _FALSE else raw


def instant(native: Any) -> Value:
    """Milliseconds since the epoch, from ISO 8601 or from milliseconds."""
    if native.__class__ is int:
        return native
    if native.__class__ is float:
        native = int(native) if native == native and abs(native) < 1e16 else str(native)
        return instant(native)
    raw = text(native)
    if raw is None:
        return None
    stripped = raw.strip()
    if _MILLISECONDS.match(stripped):
        return int(stripped)
    parsed = _iso(stripped)
    return raw if parsed is None else (parsed - _EPOCH) // _MILLISECOND


def _iso(raw: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(raw)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
    except ValueError:
        return None


def day(native: Any) -> Value:
    """`YYYY-MM-DD`, from a date, from ISO 8601 (its day in UTC) or from milliseconds."""
    raw = text(native)
    if raw is None:
        return None
    stripped = raw.strip()
    if len(stripped) == 10:
        try:
            return date.fromisoformat(stripped).isoformat()
        except ValueError:
            return raw
    at = instant(stripped)
    moment = _moment(at) if isinstance(at, int) else None
    return raw if moment is None else moment.date().isoformat()


def _moment(ms: int) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None


def iso_instant(ms: int) -> str | None:
    """`2026-01-31T12:34:56.000Z`, which both systems take; None beyond the calendar."""
    days, left = divmod(ms, _DAY)
    date_ = _day_text(days)
    if date_ is None:
        return None
    seconds, left = divmod(left, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{date_}T{hour:02d}:{minute:02d}:{second:02d}.{left:03d}Z"


@lru_cache(maxsize=KNOWN)
def _day_text(days: int) -> str | None:
    try:
        return date.fromordinal(_EPOCH.toordinal() + days).isoformat()
    except (ValueError, OverflowError):
        return None


def options(native: Any) -> Value:
    """Several options as a sorted list without repetition, from `a;b` or from a list."""
    if isinstance(native, list | tuple | set | frozenset):
        # A semicolon separates wherever it stands: no option of either system can hold one.
        parts = [option for part in native for option in str(part).split(";")]
    else:
        raw = text(native)
        parts = [] if raw is None else raw.split(";")
    return sorted({part.strip() for part in parts if part.strip()}) or None


DECODERS: dict[str, Callable[[Any], Value]] = {
    "text": text,
    "long_text": text,
    "email": email,
    "phone": text,
    "url": text,
    "domain": domain,
    "int": integer,
    "decimal": decimal,
    "money": money,
    "bool": boolean,
    "date": day,
    "datetime": instant,
    "choice": text,
    "set": options,
    "owner": text,
    "stage": text,
    "deal_stage": text,
    "reference": text,
    "references": options,
}


# -- comparing ---------------------------------------------------------------------------------------------------------


def _text_form(value: Value) -> Hashable:
    if not isinstance(value, str):
        return value if isinstance(value, Hashable) else str(value)
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip() or None


def _number_form(value: Value) -> Hashable:
    number = to_decimal(value)
    return _text_form(value) if number is None else number


def _money_form(value: Value) -> Hashable:
    amount, currency = split_money(value)
    return (_number_form(amount), currency.upper())


def _instant_form(value: Value) -> Hashable:
    # Salesforce keeps whole seconds: what it cut off is no edit.
    return value // 1000 if isinstance(value, int) else _text_form(value)


def _set_form(value: Value) -> Hashable:
    return frozenset(map(_text_form, value)) if isinstance(value, list) else _text_form(value)


def _url_form(value: Value) -> Hashable:
    plain_text = str(_text_form(value))
    scheme, mark, rest = plain_text.partition("://")
    if not mark:
        scheme, rest = "", plain_text
    host, slash, path = rest.partition("/")
    return (scheme.lower(), host.lower(), path if slash else "")


@lru_cache(maxsize=KNOWN)
def _phone_form(raw: str, region: str) -> Hashable:
    number = parse_phone(raw, region)
    if number is not None:
        return (phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension or "")
    digits = "".join(str(unicodedata.digit(c)) for c in raw if c.isdigit())
    return digits if digits and _PHONE.match(raw) else _text_form(raw)


def parse_phone(raw: str, region: str) -> phonenumbers.PhoneNumber | None:
    """The number, where the text is one with a country code or a national one of the region."""
    typed = raw.strip()
    if typed.startswith("00"):
        typed = "+" + typed[2:]
    if not typed.startswith("+") and not region:
        return None
    try:
        return phonenumbers.parse(typed, region or None)
    except phonenumbers.NumberParseException:
        return None


_FORMS: dict[str, Callable[[Value], Hashable]] = {
    "int": _number_form,
    "decimal": _number_form,
    "money": _money_form,
    "datetime": _instant_form,
    "set": _set_form,
    "url": _url_form,
}
