"""What Salesforce says when it declines: one reading of its several error shapes.

REST answers an array of `errorCode`, results inside a 200 say `statusCode`, OAuth answers an object with `error`, and
matches of a duplicate rule hang under a key that the platform itself misspells in many versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import httpx
import orjson

from connectors.errors import Misconfigured, SchemaChanged, SyncError, Unauthorised, Unavailable
from connectors.salesforce.values import long_id

_EXISTING = re.compile(r"record with id: ([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)\b")
_COLUMN = re.compile(r"(?:No such column|No such relation|Field name not found :) *'?([\w.]+)")


class Complaint(NamedTuple):
    """One error, of a call or of one record in it."""

    code: str
    message: str
    """May hold personal values: never logged, never in an exception."""
    fields: tuple[str, ...] = ()
    existing: str | None = None
    """The record in the way (a duplicate), 18 characters."""

    @property
    def column(self) -> str | None:
        """The field that does not exist for us, where the message names one."""
        found = _COLUMN.search(self.message)
        return found.group(1) if found else None


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """A definite no to a whole call: nothing happened."""

    def __init__(self, status: int, complaints: tuple[Complaint, ...]) -> None:
        super().__init__(f"{status} {complaints[0].code if complaints else ''}".strip())
        self.status = status
        self.complaints = complaints

    @property
    def first(self) -> Complaint:
        """The complaint that counts; Salesforce rarely makes more than one about a call."""
        return self.complaints[0] if self.complaints else Complaint(f"HTTP_{self.status}", "")


def complaint(error: dict[str, Any]) -> Complaint:
    """Read one error object of any shape."""
    code = str(error.get("errorCode") or error.get("statusCode") or error.get("exceptionCode") or "UNKNOWN")
    message = str(error.get("message") or error.get("exceptionMessage") or "")
    fields = tuple(str(name) for name in error.get("fields") or ())
    return Complaint(code, message, fields, _existing(error, message))


def complaints(body: Any) -> tuple[Complaint, ...]:
    """Read the body of an answer, or the `errors` of one result."""
    if isinstance(body, dict):
        return (complaint(body),)
    if isinstance(body, list):
        return tuple(complaint(error) for error in body if isinstance(error, dict))
    return ()


def parsed(content: bytes) -> Any:
    """JSON, or None where the answer is something else (an HTML page of a proxy)."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def declined(response: httpx.Response) -> Declined:
    """The answer, which is a refusal, as an exception."""
    return Declined(response.status_code, complaints(parsed(response.content)))


def _existing(error: dict[str, Any], message: str) -> str | None:
    # `duplicateResut` is how v51 to v54 and many live orgs spell it.
    found = error.get("duplicateResut") or error.get("duplicateResult")
    if isinstance(found, dict):
        for id in _matched(found.get("matchResults") or ()):
            return long_id(id)
    match = _EXISTING.search(message)
    return long_id(match.group(1)) if match else None


def _matched(results: Iterable[dict[str, Any]]) -> Iterable[str]:
    for result in results:
        for match in result.get("matchRecords") or ():
            id = (match.get("record") or {}).get("Id")
            if id:
                yield str(id)


def explain(no: Declined, doing: str) -> SyncError:
    """What a refusal of a whole call means for the system; `doing` completes "Salesforce refused to …"."""
    first = no.first
    if no.status == 410 or first.code == "UNSUPPORTED_API_VERSION":
        return Misconfigured(
            "Salesforce has retired the configured API version; set [salesforce] version to a newer one"
        )
    if first.column:
        return SchemaChanged(
            f"Salesforce has no field {first.column} that these credentials may see (it refused to {doing});"
            " create it, or grant read access in a permission set"
        )
    if first.code in ("INVALID_TYPE", "NOT_FOUND", "INVALID_FIELD"):
        return SchemaChanged(
            f"Salesforce refused to {doing}: {first.code}; the object or a field was removed or is hidden from these"
            " credentials"
        )
    if no.status == 403 or first.code.startswith(("INSUFFICIENT_ACCESS", "API_DISABLED", "API_CURRENTLY")):
        return Unauthorised(
            f"Salesforce refused to {doing}: {first.code}; give the integration user API access and the permissions"
            " on this object (Setup, Permission Sets)"
        )
    if no.status == 401:
        return Unauthorised(f"Salesforce refused to {doing}: the session is not valid")
    if first.code in ("QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"):
        return Unavailable(f"Salesforce could not {doing}: {first.code}")
    return Misconfigured(f"Salesforce refused to {doing}: {first.code} (HTTP {no.status})")
