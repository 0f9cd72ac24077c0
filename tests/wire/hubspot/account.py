"""A scripted HubSpot: documented answers by route, and the connector that talks to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import orjson
import respx

from connectors.hubspot import HubSpot
from connectors.port import Key, Write

HOST = "https://api.hubapi.com"
CONTACTS = f"{HOST}/crm/v3/objects/contacts"
CREATE, READ, UPDATE = f"{CONTACTS}/batch/create", f"{CONTACTS}/batch/read", f"{CONTACTS}/batch/update"
SEARCH = f"{CONTACTS}/search"
STAMP = "2026-01-31T12:34:56.789Z"
STAMP_MS = 1_769_862_896_789
NOW_MS = 1_769_864_400_000
DATE = "Sat, 31 Jan 2026 13:00:00 GMT"
FIELDS = ("email", "firstname")


class FakeClock:
    """Stands still but for sleeping."""

    def __init__(self) -> None:
        self.now = NOW_MS
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * 1000) + 1

    def random(self) -> float:
        return 0.5


class Account:
    """`router` answers, `connector` asks."""

    def __init__(self, **settings: Any) -> None:
        self.router = respx.Router(assert_all_called=False)
        self.clock = FakeClock()
        self.tokens: list[str] = []
        chosen: dict[str, Any] = {"access_token": "pat-eu1-secret", **settings}
        self.connector = HubSpot.open(
            chosen,
            clock=self.clock,
            transport=httpx.MockTransport(self.router.handler),
            on_token=self.tokens.append,
            parallel=1,
        )

    def on(self, method: str, url: str, *answers: httpx.Response | Exception) -> respx.Route:
        """These answers in turn."""
        return self.router.request(method, url).mock(side_effect=list(answers))

    def write(self, *writes: Write) -> list[Any]:
        """Outcomes."""
        return list(self.connector.write(writes, FIELDS))


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    """JSON, as HubSpot sends it."""
    named = {"Date": DATE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.Response(status, json=body, headers=named)


def html(status: int) -> httpx.Response:
    """A gateway's page."""
    return httpx.Response(status, text="<html><body>Bad gateway</body></html>", headers={"content-type": "text/html"})


def row(id: str, stamp: str = STAMP, **properties: Any) -> dict[str, Any]:
    """A record."""
    held = {"email": None, "firstname": None, "lastmodifieddate": stamp, **properties}
    return {"id": id, "properties": held, "createdAt": STAMP, "updatedAt": stamp, "archived": False}


def batch(rows: Sequence[Any], status: int = 200, errors: Sequence[Any] = ()) -> httpx.Response:
    """A batch answer; 207 when there are errors."""
    body: dict[str, Any] = {"status": "COMPLETE", "results": list(rows), "startedAt": STAMP, "completedAt": STAMP}
    if errors:
        body |= {"numErrors": len(errors), "errors": list(errors)}
    return answer(207 if errors else status, body)


def refusal(status: int, message: str, category: str | None = None, **more: Any) -> httpx.Response:
    """The documented envelope; `category` is left out as often as not."""
    named = {"category": category} if category else {}
    return answer(status, {"status": "error", "message": message, "correlationId": "c0ffee", **named, **more})


def invalid(code: str, name: str, text: str) -> httpx.Response:
    """400 for one property of some input (guide on error handling)."""
    inner = orjson.dumps([{"isValid": False, "message": text, "error": code, "name": name}]).decode()
    errors = [{"message": text, "code": code, "context": {"propertyName": [name]}}]
    return refusal(400, f"Property values were not valid: {inner}", "VALIDATION_ERROR", errors=errors)


def missing(*ids: str) -> dict[str, Any]:
    """The 207 entry for records that are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": list(ids)},
    }


def traced(trace: str, category: str, message: str, **context: Any) -> dict[str, Any]:
    """The 207 entry for one input of a creation."""
    named = {"objectWriteTraceId": [trace], **context}
    return {"status": "error", "category": category, "message": message, "context": named}


def create(key: str, **fields: Any) -> Write:
    """A creation with a sync key."""
    return Write("contacts", None, {"smk_key": key, **fields}, Key("smk_key", key))


def update(id: str, since: int | None = STAMP_MS, /, **fields: Any) -> Write:
    """A change."""
    return Write("contacts", id, fields, unless_changed_since=since)


def sent(route: respx.Route, n: int = -1) -> Any:
    """The JSON of a request."""
    return orjson.loads(route.calls[n].request.content)
