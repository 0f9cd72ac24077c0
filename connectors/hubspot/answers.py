"""HubSpot's refusals, read with care: every part of the documented envelope may be missing, and a gateway may
answer HTML instead (guide on error handling)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from connectors.errors import Misconfigured, SchemaChanged, SyncError, Unauthorised, Unavailable

_EXISTING = re.compile(r"Existing ID:\s*(\d+)")
_VALUES = re.compile(r"Property values were not valid:\s*(\[.*\])", re.DOTALL)
_NOT_THERE = "PROPERTY_DOESNT_EXIST"


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded answer: `body` is empty where it was not a JSON object."""

    status: int
    body: Mapping[str, Any]

    @property
    def good(self) -> bool:
        """2xx, 207 included."""
        return 200 <= self.status <= 299


@dataclass(frozen=True, slots=True)
class Fault:
    """One refusal: of a whole call, or of one input of a batch."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    existing: str | None = None
    ids: tuple[str, ...] = ()
    """Record ids it is about, where it says so."""
    traces: tuple[str, ...] = ()
    """`objectWriteTraceId`s it is about, where it says so."""

    @property
    def conflict(self) -> bool:
        """A unique value is taken."""
        return self.code in ("CONFLICT", "CONFLICTING_UNIQUE_VALUE", "CONTACT_EXISTS") or self.existing is not None

    @property
    def gone(self) -> bool:
        """The record does not exist."""
        return self.code in ("OBJECT_NOT_FOUND", "HTTP_404")

    @property
    def schema(self) -> bool:
        """A property of ours is not there (any more)."""
        return self.code == _NOT_THERE


def decode(response: httpx.Response) -> Answer:
    """The answer with its body, or an empty one."""
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = {}
    return Answer(response.status_code, body if isinstance(body, dict) else {})


def fault(body: Mapping[str, Any], status: int) -> Fault:
    """The refusal in an error envelope, or in one entry of a batch's `errors`."""
    message = str(body.get("message") or f"HubSpot answered {status}")
    inner = [entry for entry in _list(body.get("errors")) if isinstance(entry, Mapping)]
    invalid = _invalid_values(message)
    codes = [str(entry["code"]) for entry in inner if entry.get("code")]
    codes += [str(entry["error"]) for entry in invalid if entry.get("error")]
    names = [name for entry in inner for name in _context(entry, "propertyName")]
    names += [str(entry["name"]) for entry in invalid if entry.get("name")]
    found = _EXISTING.search(message)
    existing = [*_context(body, "existingId"), *([found.group(1)] if found else [])]
    # A vanished property explains every other complaint, so it goes first.
    code = _NOT_THERE if _NOT_THERE in codes else next(iter(codes), "")
    return Fault(
        code=code or str(body.get("category") or _by_status(status, message)),
        message=message,
        fields=tuple(dict.fromkeys(names)),
        existing=existing[0] if existing else None,
        ids=_context(body, "ids") or _context(body, "id"),
        traces=_context(body, "objectWriteTraceId"),
    )


def system_error(answer: Answer, what: str) -> SyncError | None:
    """The exception an answer stands for when it is about the system rather than about one record."""
    body = answer.body
    found = fault(body, answer.status)
    if answer.status == 403:
        scopes = ", ".join(required_scopes(body)) or "unknown"
        return Unauthorised(f"HubSpot refuses {what}: the app lacks a scope; one of these is required: {scopes}")
    if found.schema:
        return SchemaChanged(f"HubSpot refuses {what}: unknown property {', '.join(found.fields)}")
    if found.message.startswith(("Unable to infer object type", "Invalid object or event type")):
        return SchemaChanged(f"HubSpot refuses {what}: it has no such object")
    if answer.status in (404, 405, 410, 415):
        return Misconfigured(f"HubSpot answered {answer.status} to {what}: check base_url and api")
    return None


def demand(answer: Answer, what: str) -> Mapping[str, Any]:
    """The body of a good answer to a read; raises what a bad one stands for."""
    if answer.good and answer.body:
        return answer.body
    if answer.good:
        raise Unavailable(f"HubSpot answered {what} with something that is not JSON")
    error = system_error(answer, what)
    code = fault(answer.body, answer.status).code
    raise error or Misconfigured(f"HubSpot refuses {what}: {answer.status} {code}")


def required_scopes(body: Mapping[str, Any]) -> list[str]:
    """The scopes a 403 names: in `errors[].context` or in a top-level `context`."""
    entries = [body, *(entry for entry in _list(body.get("errors")) if isinstance(entry, Mapping))]
    return [scope for entry in entries for scope in _context(entry, "requiredGranularScopes")]


def _invalid_values(message: str) -> list[Mapping[str, Any]]:
    """The JSON array that HubSpot writes into the message."""
    found = _VALUES.search(message)
    if found is None:
        return []
    try:
        entries = orjson.loads(found.group(1))
    except orjson.JSONDecodeError:
        return []
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _by_status(status: int, message: str) -> str:
    return "CONFLICT" if status == 409 or "already exists" in message else f"HTTP_{status}"


def _context(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    context = body.get("context")
    value = context.get(name) if isinstance(context, Mapping) else None
    return tuple(str(item) for item in _list(value)) if not isinstance(value, str) else (value,)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
