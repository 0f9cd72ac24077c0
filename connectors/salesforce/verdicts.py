"""What became of one write, read from what Salesforce says of it.

A verdict is an outcome of the port, or one of three that the writer still has to finish: `Done` lacks the record as
stored, `Contested` lacks the knowledge whose unique value is taken, `Halted` is trouble of the whole system.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.door import NoAnswer, Refused
from connectors.errors import Exhausted, SyncError
from connectors.port import PARENT_GONE, Deferred, Outcome, Rejected, Stale, Unknown, Write
from connectors.salesforce.answers import Complaint, Declined, complaints, explain
from connectors.salesforce.values import is_id, long_id


class Done(NamedTuple):
    """It happened."""

    id: str
    row: dict[str, Any] | None = None
    """The row as stored, where the same call read it back."""


class Contested(NamedTuple):
    """Nothing happened: a unique value is taken, and Salesforce does not say which."""

    complaint: Complaint


class Halted(NamedTuple):
    """Nothing happened, because of the system and not of the record."""

    error: SyncError


class Orphaned(NamedTuple):
    """Nothing happened: this record or one that it points at is not there, and Salesforce does not say which."""

    complaint: Complaint

    def rejected(self, fields: tuple[str, ...]) -> Rejected:
        """It was a parent, named by these fields."""
        return Rejected(PARENT_GONE, self.complaint.message, fields)


Verdict = Outcome | Done | Contested | Orphaned | Halted

PREFIXES = {"001": "Account", "003": "Contact", "006": "Opportunity", "00Q": "Lead", "701": "Campaign"}
"""The first three characters of an id tell its object."""

_LATER = frozenset(
    (
        "UNABLE_TO_LOCK_ROW",
        "REQUEST_LIMIT_EXCEEDED",
        "SERVER_UNAVAILABLE",
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "UNKNOWN_EXCEPTION",
        "PROCESSING_HALTED",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    )
)
_NOT_THERE = frozenset(("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "CANNOT_UPDATE_CONVERTED_LEAD"))
_GONE = frozenset(("ENTITY_IS_DELETED", "NOT_FOUND"))
_TAKEN = re.compile(r"duplicate value found: (\S+) duplicates")
_SYSTEM = frozenset(
    ("INVALID_TYPE", "NOT_FOUND", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "UNSUPPORTED_API_VERSION")
)


def of(write: Write, errors: Sequence[Complaint]) -> Verdict:
    """The verdict on a record that was refused."""
    first = errors[0] if errors else Complaint("UNKNOWN", "")
    if first.code in _LATER:
        return Deferred(first.code)
    if first.code in _NOT_THERE and _about_pointers(pointers(write), first):
        return Orphaned(first)
    if first.code == "CANNOT_UPDATE_CONVERTED_LEAD":
        return Stale(reason="converted")
    if write.id is not None and (first.code in _GONE or _points_nowhere(write, first)):
        return Stale(reason="gone")
    if first.code == "DUPLICATE_VALUE":
        return _taken(write, first)
    named = tuple(dict.fromkeys(name for error in errors for name in error.fields))
    if not named and first.column:
        named = (first.column,)
    return Rejected(first.code, first.message, named, first.existing)


def pointers(write: Write) -> dict[str, str]:
    """Field → id, of the fields that point at another record; its own key is none of them."""
    own = write.key.field if write.key else ""
    return {
        name: long_id(value)
        for name, value in write.fields.items()
        if name != own and isinstance(value, str) and is_id(value) and value[:3] in PREFIXES
    }


def _about_pointers(named: Mapping[str, str], error: Complaint) -> bool:
    """Whether the refusal may be about a record that is pointed at: it names such a field, or none."""
    return bool(named) and (not error.fields or any(name in named for name in error.fields))


def _points_nowhere(write: Write, error: Complaint) -> bool:
    """An unknown id reads like a bad lookup; it is the record's own when no field of ours holds an id."""
    if error.code != "INVALID_CROSS_REFERENCE_KEY":
        return False
    return not error.fields and not any(isinstance(v, str) and is_id(v) for v in write.fields.values())


def _taken(write: Write, error: Complaint) -> Verdict:
    found = _TAKEN.search(error.message)
    field = found.group(1) if found else "<unknown>"
    if write.key is None or write.id is not None:
        named = error.fields or ((field,) if field in write.fields else ())
        return Rejected(error.code, error.message, named, error.existing)
    if field == write.key.field or write.key.field in error.fields:
        return Stale(error.existing, "a record with this key exists")
    if field == "<unknown>" and not error.fields:
        return Contested(error)
    return Rejected(error.code, error.message, error.fields or (field,), error.existing)


def of_item(write: Write, item: Any, rows: Mapping[str, dict[str, Any]]) -> Verdict:
    """The verdict on one result of a collections call; `rows` are those it read back, by id."""
    if not isinstance(item, dict) or "success" not in item:
        return Unknown("Salesforce gave no result for this record")
    if item["success"]:
        id = long_id(str(item.get("id") or write.id))
        return Done(id, rows.get(id))
    return of(write, complaints(item.get("errors")))


def of_system(no: Declined) -> SyncError | None:
    """The trouble of the whole system that a refusal of a call stands for, or None when some record is to blame."""
    if no.status in (401, 403, 404, 410) or no.first.code in _SYSTEM:
        return explain(no, "write")
    return None


def attempt(work: Callable[[], list[Verdict]], count: int) -> list[Verdict]:
    """One call's verdicts, whatever happens to the call."""
    try:
        return work()
    except NoAnswer as lost:
        return [Unknown(str(lost))] * count
    except Refused as later:
        return [Deferred(str(later), later.until)] * count
    except SyncError as error:
        return [Halted(error)] * count


def deferred(error: SyncError) -> Deferred:
    """What trouble of the system means for a write when others in its batch have gone through."""
    return Deferred(str(error), error.until if isinstance(error, Exhausted) else None)
