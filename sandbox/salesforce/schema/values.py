"""How a field's value is read from a row, and how it looks in JSON.

Both come as closures, made once for a field and called for a million rows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.schema.model import FieldMeta, ObjectMeta

Reader = Callable[[Any], Any]
"""From a row; in a grouped query, from a group."""

_DAY = 86_400
_AUDIT = {"CreatedDate": "created", "LastModifiedDate": "modified"}
"""Stamps that stand on the row unless its values hold others (imported records)."""

_dates: dict[int, str] = {}
_times: dict[int, str] = {}

ADDRESS_PARTS = (
    ("city", "City"),
    ("country", "Country"),
    ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("street", "Street"),
)


def date_text(days: int) -> str:
    """YYYY-MM-DD of a day counted from the epoch."""
    text = _dates.get(days)
    if text is None:
        text = _dates[days] = date.fromordinal(days + 719_163).isoformat()
    return text


def datetime_text(ms: int | None) -> str | None:
    """2026-01-31T12:34:56.000+0000: always UTC, cut to the second."""
    if ms is None:
        return None
    days, seconds = divmod(ms // 1000, _DAY)
    time = _times.get(seconds)
    if time is None:
        time = _times[seconds] = datetime.fromtimestamp(seconds, UTC).strftime("T%H:%M:%S.000+0000")
    return date_text(days) + time


def stamp(row: Row) -> int:
    """SystemModstamp in ms, cut to the second as the platform stores it."""
    return row.modified // 1000 * 1000


def is_deleted(row: Row) -> bool:
    return row.archived_at is not None


def reader(meta: FieldMeta) -> Reader:
    """The field's value in the form rows keep: datetimes as ms cut to the second, compound addresses as dicts."""
    name = meta.name
    if name == "Id":
        return attrgetter("id")
    if name == "IsDeleted":
        return is_deleted
    if name == "SystemModstamp":
        return stamp
    if name in _AUDIT:
        return _audit(name, _AUDIT[name])
    if meta.type == "address":
        return _address(name.removesuffix("Address"))
    if meta.derive is not None:
        return _derived(name, meta.derive)
    if meta.type == "boolean":
        return _flag(name, bool(meta.default))
    if meta.type == "datetime":
        return _moment(name)
    return lambda row: row.values.get(name)


def is_plain(meta: FieldMeta) -> bool:
    """Whether JSON shows exactly what the row stores under the field's name."""
    computed = meta.type in ("address", "boolean", "datetime") or meta.derive is not None
    return not computed and meta.name != "Id"


def renderer(meta: FieldMeta) -> Reader:
    """The field's value as JSON shows it."""
    name = meta.name
    if name == "SystemModstamp":
        return lambda row: datetime_text(row.modified)
    read = reader(meta)
    if meta.type != "datetime":
        return read
    if name in _AUDIT or meta.derive is not None:
        return lambda row: datetime_text(read(row))
    return lambda row: datetime_text(row.values.get(name))


def record_address(meta: ObjectMeta, base: str) -> Callable[[Row], dict[str, str]]:
    """The `attributes` of a record: its type, and the address it is read at."""
    name = meta.name
    head = f"{base}/sobjects/{name}/"
    return lambda row: {"type": name, "url": head + row.id}


def _audit(name: str, attribute: str) -> Reader:
    fallback = attrgetter(attribute)

    def read(row: Row) -> int:
        ms: int | None = row.values.get(name)
        return (fallback(row) if ms is None else ms) // 1000 * 1000

    return read


def _moment(name: str) -> Reader:
    def read(row: Row) -> int | None:
        ms = row.values.get(name)
        return None if ms is None else ms // 1000 * 1000

    return read


def _flag(name: str, default: bool) -> Reader:
    def read(row: Row) -> bool:
        value = row.values.get(name)
        return default if value is None else value

    return read


def _derived(name: str, derive: Reader) -> Reader:
    def read(row: Row) -> Any:
        value = row.values.get(name)
        return derive(row) if value is None else value

    return read


def _address(prefix: str) -> Reader:
    keys = tuple((key, prefix + part) for key, part in ADDRESS_PARTS)

    def read(row: Row) -> dict[str, Any] | None:
        values = row.values
        found = {key: values.get(name) for key, name in keys}
        return found if any(v is not None for v in found.values()) else None

    return read
