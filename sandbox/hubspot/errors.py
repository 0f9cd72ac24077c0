"""What HubSpot says when it refuses, letter by letter (guide "Error handling" and recorded answers).

The envelope is `status, message, correlationId` and, by no means always, `category, subCategory, errors, context,
links`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
_OAUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"


class Refusal(Exception):
    """An answer that is not a success.  `correlationId` is filled in where the answer is built."""

    def __init__(self, status: int, body: dict[str, Any] | str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}

    @property
    def code(self) -> str:
        """The most telling code: for those who call without HTTP."""
        if isinstance(self.body, str):
            return str(self.status)
        for entry in self.body.get("errors", ()):
            if "code" in entry:
                return str(entry["code"])
        return str(self.body.get("category") or self.body.get("status") or self.status)

    @property
    def message(self) -> str:
        return self.body if isinstance(self.body, str) else str(self.body.get("message", ""))

    def as_value_error(self) -> ValueError:
        return ValueError(f"{self.code}: {self.message}")


class Problem(NamedTuple):
    """One property value that is not accepted."""

    name: str
    code: str
    message: str


def refuse(status: int, message: str, category: str | None = None, **more: Any) -> Refusal:
    body: dict[str, Any] = {"status": "error", "message": message, "correlationId": ""}
    body.update({key: value for key, value in more.items() if value is not None})
    if category:
        body["category"] = category
    return Refusal(status, body)


def invalid(message: str, **more: Any) -> Refusal:
    return refuse(400, message, "VALIDATION_ERROR", **more)


def _told(problem: Problem, portal: int) -> dict[str, Any]:
    return {
        "isValid": False,
        "message": problem.message,
        "error": problem.code,
        "name": problem.name,
        "localizedErrorMessage": problem.message,
        "portalId": portal,
    }


def values_message(problems: Iterable[Problem], portal: int) -> str:
    told = orjson.dumps([_told(p, portal) for p in problems]).decode()
    return f"Property values were not valid: {told}"


def bad_values(problems: Sequence[Problem], portal: int) -> Refusal:
    """One entry per problem; which input of a batch it belongs to is not told."""
    entries = [{"message": p.message, "code": p.code, "context": {"propertyName": [p.name]}} for p in problems]
    return invalid(values_message(problems, portal), errors=entries)


def unknown_property(name: str) -> Problem:
    return Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')


def required_missing(type_name: str, names: Sequence[str]) -> Refusal:
    return invalid(
        f"Error creating {type_name}. Some required properties were not set.", context={"properties": list(names)}
    )


def contact_exists(existing: str | None) -> Refusal:
    suffix = f". Existing ID: {existing}" if existing else ""
    return refuse(409, f"Contact already exists{suffix}", "CONFLICT")


def resource_not_found(asked: str) -> Refusal:
    """A numeric id answers without a category, anything else with one."""
    if asked.isdigit():
        return refuse(404, "resource not found")
    return refuse(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", context={"id": [asked]})


def some_missing(type_name: str, ids: Sequence[str]) -> dict[str, Any]:
    """The entry of a 207."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {type_name} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": list(ids)},
    }


def duplicate_ids(ids: Sequence[str]) -> Refusal:
    listed = ", ".join(ids)
    return invalid(f"Duplicate IDs found in batch input: [{listed}]. IDs must be unique", context={"ids": list(ids)})


def too_many_inputs(limit: int, history: bool = False) -> Refusal:
    where = "a batch request for property histories" if history else "a batch"
    return invalid(
        f"The maximum number of inputs supported in {where} is {limit}. Please reduce the number of items and try again"
    )


def bad_json(detail: str = "Unexpected character") -> Refusal:
    return refuse(400, f"Invalid input JSON on line 1, column 2: {detail}")


def missing_fields(*names: str) -> Refusal:
    return refuse(
        400, f"Invalid input JSON on line 1, column 2: Some required fields were not set: [{', '.join(names)}]"
    )


def no_token() -> Refusal:
    return refuse(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        f"details at {_OAUTH_PAGE}",
        "INVALID_AUTHENTICATION",
    )


def expired_token(seconds: int) -> Refusal:
    return refuse(
        401, f"The OAuth token used to make this call expired {seconds} second(s) ago.", "EXPIRED_AUTHENTICATION"
    )


def missing_scopes(scopes: Sequence[str]) -> Refusal:
    entry = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(scopes)},
    }
    return refuse(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes "
        f"here: {SCOPES_PAGE}.",
        "MISSING_SCOPES",
        errors=[entry],
        links={"scopes": SCOPES_PAGE},
    )


def bad_type(name: str) -> Refusal:
    if name[:1].isdigit():
        return refuse(400, f"Invalid object or event type id: {name}")
    return refuse(400, f"Unable to infer object type from: {name}")


def not_found_page() -> Refusal:
    return Refusal(404, "<html><head><title>Not Found</title></head><body><h2>HTTP ERROR 404</h2></body></html>")


def burst_limit(group: str) -> Refusal:
    body = {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "",
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": group,
    }
    return Refusal(429, body)


def search_limit() -> Refusal:
    return refuse(429, "You have reached your secondly limit.", "RATE_LIMITS")


def daily_limit() -> Refusal:
    body = {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": "",
        "policyName": "DAILY",
        "requestId": "",
    }
    return Refusal(429, body)
