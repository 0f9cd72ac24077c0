"""One request as handlers see it, one answer as they give it, and the table that leads from one to the other.

HubSpot has two styles of paths for the same thing, /crm/v3/objects/… and /crm/objects/2026-03/…; both lead here to
`objects/…` and the handler can ask which version was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote

import orjson

from sandbox.hubspot import errors
from sandbox.hubspot.schema import ALIASES, ObjectType
from sandbox.hubspot.shapes import checked
from sandbox.kernel import Caller

if TYPE_CHECKING:
    from sandbox.hubspot.auth import Token
    from sandbox.hubspot.portal import Portal


class Answer(NamedTuple):
    """A status and what goes into the body: JSON, or nothing."""

    status: int
    body: Any = None
    items: int = 1


class Ask:
    """A request, decoded as far as somebody looks."""

    __slots__ = ("_body", "_query", "caller", "content_type", "headers", "method", "path", "raw", "token", "version")

    def __init__(self, method: str, path: str, query: str, raw: bytes, content_type: str) -> None:
        self.method = method
        self.path = path
        self.raw = raw
        self.content_type = content_type
        self.version = ""
        self.token: Token | None = None
        self.caller = Caller("integration", "0")
        self._query = parse_qs(query, keep_blank_values=True) if query else {}
        self._body: Any = None

    def one(self, name: str, default: str = "") -> str:
        values = self._query.get(name)
        return values[-1] if values else default

    def query(self) -> dict[str, list[str]]:
        return self._query

    def many(self, name: str) -> list[str]:
        """A list: repeated, or separated by commas."""
        values = self._query.get(name)
        if not values:
            return []
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def flag(self, name: str) -> bool:
        return self.one(name).lower() == "true"

    def whole(self, name: str, default: int, most: int, least: int = 1) -> int:
        text = self.one(name)
        if not text:
            return default
        return whole(text, name, most, least)

    def position(self, name: str) -> int:
        """Where to go on from: a number that an earlier answer gave, or 0."""
        return self.whole(name, 0, 1 << 62, 0)

    def json(self) -> Any:
        if self._body is None:
            if not self.content_type.startswith("application/json"):
                raise errors.Refusal(415, "<html><body><h2>HTTP ERROR 415 Unsupported Media Type</h2></body></html>")
            try:
                self._body = checked(orjson.loads(self.raw or b"{}"))
            except orjson.JSONDecodeError as error:
                raise errors.bad_json() from error
        return self._body

    def object(self) -> dict[str, Any]:
        body = self.json()
        if not isinstance(body, dict):
            raise errors.bad_json("Cannot deserialize value of type object")
        return body

    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.raw.decode("utf-8", "replace")).items()}


def whole(value: Any, name: str, most: int, least: int = 1) -> int:
    """A whole number within bounds, else the refusal."""
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise errors.invalid(f"{name} must be a valid integer") from error
    if not least <= number <= most:
        raise errors.invalid(f"{name} must be between {least} and {most}, got {number}")
    return number


def type_of(name: str) -> ObjectType:
    found = ALIASES.get(name.lower())
    if found is None:
        raise errors.bad_type(name)
    return found


Handler = Callable[..., Answer]


class Route(NamedTuple):
    """One entry of the table.

    `scopes` may name {type}: the object in the path; of several, separated by blanks, one is enough.
    `bucket` is the rate limit that applies: burst, search, associations or none.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler
    scopes: str = ""
    bucket: str = "burst"
    open: bool = False
    """No token is needed."""


def route(
    method: str, path: str, handler: Handler, scopes: str = "", bucket: str = "burst", open: bool = False
) -> Route:
    return Route(method, tuple(path.split("/")), handler, scopes, bucket, open)


_STEMS = r"(?P<stem>objects|property-validations|properties|pipelines|owners|lists|limits)"
_DATED = r"(?P<version>2026-0[39])"
_STYLES = [
    (re.compile(rf"crm/{_STEMS}/{_DATED}(?P<rest>/.*)?"), ""),
    (
        re.compile(rf"crm/(?P<version>v3|v4)/{_STEMS}(?P<rest>/.*)?"),
        "",
    ),
    (re.compile(r"crm/associations/(?P<version>v4|2026-0[39])(?P<rest>/.*)?"), "associations"),
    (re.compile(r"crm/(?P<version>v4)/associations(?P<rest>/.*)?"), "associations"),
    (re.compile(r"crm/(?P<version>v3)/associations(?P<rest>/.*)?"), "named-associations"),
    (re.compile(rf"events/event-occurrences/{_DATED}(?P<rest>/.*)?"), "events/events"),
    (re.compile(rf"events/custom/{_DATED}/send(?P<rest>/.*)?"), "events/send"),
    (re.compile(r"(?P<stem>oauth)/(?P<version>v1|v2|v3|2026-0[39])(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>communication-preferences)/(?P<version>v3|v4|2026-0[39])(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>account-info)/(?P<version>v3|2026-0[39])(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>events|marketing)/(?P<version>v3)(?P<rest>/.*)?"), ""),
    (re.compile(r"crm(?:-object-schemas)?/(?P<version>v3)/(?P<stem>schemas)(?P<rest>/.*)?"), ""),
    (re.compile(r"properties/(?P<version>v1|v2)(?P<rest>/.*)?"), "legacy-properties"),
    (re.compile(r"crm-pipelines/(?P<version>v1)/pipelines(?P<rest>/.*)?"), "legacy-pipelines"),
    (re.compile(r"(?P<stem>email/public|form-integrations)/(?P<version>v1)(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>companies|forms)/(?P<version>v2)(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>deals|engagements|marketing-emails)/(?P<version>v1)(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>automation)/(?P<version>v3)(?P<rest>/.*)?"), ""),
    (re.compile(r"(?P<stem>oauth)(?P<rest>/authorize)(?P<version>)"), ""),
]


def canonical(path: str) -> tuple[str, list[str]] | None:
    """Version, and the parts of the path without it."""
    trimmed = path.strip("/")
    for pattern, fixed in _STYLES:
        found = pattern.fullmatch(trimmed)
        if found:
            stem = fixed or found["stem"]
            rest = (found["rest"] or "").strip("/")
            if trimmed.startswith("crm/v4/") and stem not in ("associations", "objects"):
                return None
            return found["version"], [*stem.split("/"), *([unquote(p) for p in rest.split("/")] if rest else [])]
    return None


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by: dict[tuple[str, str, int], list[Route]] = {}
        self._paths: dict[tuple[str, int], list[Route]] = {}
        for entry in routes:
            self._by.setdefault((entry.method, entry.parts[0], len(entry.parts)), []).append(entry)
            self._paths.setdefault((entry.parts[0], len(entry.parts)), []).append(entry)

    def find(self, method: str, parts: list[str]) -> tuple[Route, list[str]]:
        """The route and the values of its variable parts.  Raises the 404 or 405."""
        for entry in self._by.get((method, parts[0], len(parts)), ()):
            values = _match(entry.parts, parts)
            if values is not None:
                return entry, values
        if any(_match(entry.parts, parts) is not None for entry in self._paths.get((parts[0], len(parts)), ())):
            raise errors.Refusal(405, "<html><body><h2>HTTP ERROR 405 Method Not Allowed</h2></body></html>")
        raise errors.not_found_page()


def _match(pattern: tuple[str, ...], parts: list[str]) -> list[str] | None:
    values = []
    for want, got in zip(pattern, parts, strict=True):
        if want[0] == "{":
            values.append(got)
        elif want != got:
            return None
    return values


def needed(portal: Portal, entry: Route, values: list[str]) -> list[str]:
    """The scopes of which one is needed."""
    if "{type}" not in entry.scopes:
        return entry.scopes.split()
    type_ = type_of(values[0])
    also = ["sales-email-read"] if type_.name == "emails" else []
    return entry.scopes.replace("{type}", type_.scopes).split() + also
