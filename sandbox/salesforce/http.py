"""One call as the resources see it, and the answer they give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from sandbox.salesforce.errors import ApiError


@dataclass(slots=True)
class Answer:
    """An HTTP answer before the common headers."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        status,
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS),
        {"Content-Type": "application/json;charset=UTF-8", **(headers or {})},
    )


def no_content() -> Answer:
    return Answer(204)


@dataclass(slots=True)
class Call:
    """A request, taken apart.  Composite subrequests are Calls too."""

    method: str
    path: str
    """Raw path, without the query string."""
    query: dict[str, str]
    headers: Mapping[str, str]
    """Looked up in lower case."""
    body: bytes = b""
    parsed: Any = None
    """The body where it is already parsed (composite subrequests)."""
    version: float = 0.0
    user_id: str = ""
    base_url: str = ""
    items: int = 1
    depth: int = 0
    """0 for a request of its own, 1 for a subrequest."""

    @property
    def segments(self) -> tuple[str, ...]:
        """Percent-decoded one by one, so that an encoded slash stays in its segment; a trailing slash is ignored."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @property
    def root(self) -> str:
        """`/services/data/v68.0`, for the URLs in answers."""
        return f"/services/data/v{self.version:.1f}"

    def header(self, name: str) -> str | None:
        return self.headers.get(name.lower())

    def json(self) -> Any:
        if self.parsed is not None:
            return self.parsed
        if not self.body:
            raise ApiError(
                400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."
            )
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ApiError(
                400, "JSON_PARSER_ERROR", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
            ) from None

    def json_object(self) -> dict[str, Any]:
        value = self.json()
        if not isinstance(value, dict):
            raise ApiError(
                400, "JSON_PARSER_ERROR", "Can not deserialize SObject out of START_ARRAY token at [line:1, column:1]"
            )
        return value


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """A path with its query string → path, parameters; `+` is a space, as the platform reads it."""
    path, _, query = target.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))
