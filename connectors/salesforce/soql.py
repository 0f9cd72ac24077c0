"""Writing SOQL: literals that cannot break out of their quotes, and the three shapes of question we ask.

Values reach a query only through `text` and `moment`, names only through `name`; nothing else is ever pasted in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

_ESCAPES = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_SPECIAL = re.compile("[\\\\'\"\x00-\x1f\x7f\u2028\u2029]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}\Z")


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04X}"


def text(value: str) -> str:
    """A string literal (SOQL reference, Quoted String Escape Sequences: any other backslash is an error)."""
    return f"'{_SPECIAL.sub(_escape, value)}'"


def moment(ms: int) -> str:
    """A datetime literal: never quoted, UTC, whole seconds (audit fields are stored to the second)."""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def name(value: str) -> str:
    """A field, object or dotted parent field; raises ValueError for anything else."""
    if not _NAME.match(value):
        raise ValueError(f"{value!r} is not the name of a Salesforce field or object")
    return value


def select(fields: Iterable[str], object: str, where: str = "", order: str = "", children: Sequence[str] = ()) -> str:
    """A query; `where` and `order` are made by the functions below, `children` are subqueries of our own."""
    query = f"SELECT {','.join((*map(name, fields), *children))} FROM {name(object)}"  # noqa: S608 (names are checked)
    if where:
        query += f" WHERE {where}"
    if order:
        query += f" ORDER BY {order}"
    return query


def after_id(last: str) -> str:
    """Keyset of a full listing: the rows behind this id, in order of id."""
    return f"Id > {text(last)}" if last else ""


def after_stamp(stamp_ms: int, last: str = "") -> str:
    """Keyset of changes: behind (stamp, id), in that order; equal stamps are told apart by id."""
    at = moment(stamp_ms)
    if not last:
        return f"SystemModstamp >= {at}"
    return f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > {text(last)}))"


def is_in(field: str, values: Sequence[str]) -> str:
    """The field holds one of these values."""
    return f"{name(field)} IN ({','.join(map(text, values))})"


def chunks(values: Sequence[str], room: int, most: int = 2000) -> Iterator[list[str]]:
    """Split values for IN lists so that each list, percent-encoded, stays within `room` bytes; at least one each."""
    chunk: list[str] = []
    used = 0
    for value in values:
        size = len(quote_plus(text(value))) + 3
        if chunk and (used + size > room or len(chunk) >= most):
            yield chunk
            chunk, used = [], 0
        chunk.append(value)
        used += size
    if chunk:
        yield chunk
