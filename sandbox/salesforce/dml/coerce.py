"""From what a caller sends to what a row stores, field type by field type.

Two moments: `parsed` refuses what cannot be read at all (the JSON parser's errors, which refuse the whole call), and
`checked` refuses what can be read but not stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.times import parse_date, parse_datetime

_EMAIL = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@[^\s@.,;:<>()\[\]\\\"]+(\.[^\s@.,;:<>()\[\]\\\"]+)+\Z")
_NUMBERS = frozenset({"int", "double", "currency", "percent"})
_TEXTS = frozenset(
    {"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox", "encryptedstring"}
)


class UnreadableError(RecordError):
    """The value is not of the field's type at all."""


def parsed(meta: FieldMeta, value: Any, textual: bool) -> Any:
    """The value in its stored form.  `textual`: it comes from CSV or XML, where everything is text."""
    if value is None or value == "":
        if meta.type == "boolean" and value is None:
            raise _wrong_type(meta, value, textual)
        return False if meta.type == "boolean" else None
    if meta.type in _TEXTS:
        if not isinstance(value, str):
            raise _wrong_type(meta, value, textual)
        return value
    if meta.type in ("id", "reference"):
        return _id(meta, value)
    reader = _READERS.get(meta.type)
    if reader is None:
        return value
    try:
        return reader(value)
    except (ValueError, TypeError, InvalidOperation):
        raise _wrong_type(meta, value, textual) from None


def checked(meta: FieldMeta, value: Any) -> Any:
    """The value as it will be stored (numbers rounded to their scale), or the platform's refusal."""
    if value is None:
        return None
    if meta.type in _TEXTS:
        _check_text(meta, value)
        return value
    if meta.type in _NUMBERS:
        return _fitted(meta, value)
    return value


def _check_text(meta: FieldMeta, value: str) -> None:
    if meta.type == "email" and not _EMAIL.match(value):
        raise RecordError("INVALID_EMAIL_ADDRESS", f"{meta.label}: invalid email address: {value}", (meta.name,))
    if meta.length and len(value) > meta.length:
        raise RecordError(
            "STRING_TOO_LONG",
            f"{meta.label}: data value too large: {value} (max length={meta.length})",
            (meta.name,),
        )
    if meta.restricted and meta.picklist:
        chosen = value.split(";") if meta.type == "multipicklist" else [value]
        allowed = {p.value for p in meta.picklist if p.active}
        for each in chosen:
            if each not in allowed:
                raise RecordError(
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"{meta.label}: bad value for restricted picklist field: {each}",
                    (meta.name,),
                )


def _fitted(meta: FieldMeta, value: float) -> float:
    number = Decimal(str(value)).quantize(Decimal(1).scaleb(-meta.scale), ROUND_HALF_UP)
    if meta.precision and abs(number) >= Decimal(10) ** (meta.precision - meta.scale):
        raise RecordError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{meta.label}: value outside of valid range on numeric field: {value}",
            (meta.name,),
        )
    return int(number) if meta.type == "int" else float(number)


def _id(meta: FieldMeta, value: Any) -> str:
    found = normalise_id(value) if isinstance(value, str) else None
    if found is None:
        raise RecordError("MALFORMED_ID", f"{meta.label}: id value of incorrect type: {value}", (meta.name,))
    return found


def _boolean(value: Any) -> bool:
    flag = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
    if flag is None:
        raise ValueError
    return flag


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(Decimal(value))
    if number - number != 0:
        raise ValueError
    return number


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "int": _whole,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": parse_date,
    "datetime": lambda value: parse_datetime(value) // 1000 * 1000,
}
_JSON_KINDS: dict[type, str] = {
    bool: "VALUE_TRUE",
    int: "VALUE_NUMBER_INT",
    float: "VALUE_NUMBER_FLOAT",
    str: "VALUE_STRING",
    dict: "START_OBJECT",
    list: "START_ARRAY",
}
_NAMES = {"date": "date", "datetime": "datetime", "boolean": "boolean", "int": "int"}


def _wrong_type(meta: FieldMeta, value: Any, textual: bool) -> RecordError:
    if textual:
        return RecordError(
            "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{meta.label}: value not of required type: {value}", (meta.name,)
        )
    if value is None:
        return RecordError(
            "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{meta.label}: value not of required type: null", (meta.name,)
        )
    kind = _JSON_KINDS.get(type(value), "VALUE_STRING")
    wanted = _NAMES.get(meta.type) or ("double" if meta.type in _NUMBERS else "string")
    shown = "" if kind.startswith("START") else f" value {str(value).lower() if value is True else value}"
    return UnreadableError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {wanted} from {kind}{shown} or request may be missing a required field"
        " at [line:1, column:2]",
    )
