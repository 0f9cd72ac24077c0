"""A scripted Salesforce: documented answers by route, and the connector that talks to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import respx

from connectors.door import Door
from connectors.salesforce import Salesforce, Settings

HOST = "https://acme.my.salesforce.com"
ROOT = "/services/data/v64.0"
STAMP = "2026-01-31T12:34:56.000+0000"
STAMP_MS = 1_769_862_896_000
DATE = "Sat, 31 Jan 2026 13:00:00 GMT"
DATE_MS = 1_769_864_400_000
LEAD = "00Q000000000001EAA"
OTHER = "00Q000000000002EAA"


class FakeClock:
    """Stands still but for sleeping."""

    def __init__(self, now: int = DATE_MS) -> None:
        self.now = now
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * 1000)

    def random(self) -> float:
        return 0.5


class Org:
    """`org.router` answers; `org.connector` asks; `org.calls` is what was asked."""

    def __init__(self, **settings: Any) -> None:
        self.router = respx.Router(assert_all_called=False)
        self.clock = FakeClock()
        self.tokens: list[str] = []
        chosen: dict[str, Any] = {"login_url": HOST, "auth": "access_token", "access_token": "00D!secret", **settings}
        self.door = Door(
            "salesforce",
            chosen["login_url"],
            clock=self.clock,
            transport=httpx.MockTransport(self._answer),
            parallel=1,
        )
        self.connector = Salesforce(Settings(**chosen), self.door, self.tokens.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        response = self.router.handler(request)
        response.headers.setdefault("date", DATE)
        return response

    @property
    def calls(self) -> list[httpx.Request]:
        return [call.request for call in self.router.calls]

    def on(self, method: str, path: str, *answers: httpx.Response | Exception) -> respx.Route:
        """Answer calls to a path below the API root (or an absolute one), one answer after the other."""
        full = path if path.startswith("/services") else ROOT + path
        return self.router.route(method=method, path=full).mock(side_effect=list(answers))


def answer(body: Any = None, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer."""
    content = b"" if body is None else orjson.dumps(body)
    return httpx.Response(
        status,
        content=content,
        headers={"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
    )


def error(code: str, message: str = "", status: int = 400, **more: Any) -> httpx.Response:
    """A REST error: an array of one."""
    return answer([{"errorCode": code, "message": message, **more}], status)


def page(*rows: dict[str, Any], more: str | None = None, total: int | None = None) -> httpx.Response:
    """A page of a query."""
    body: dict[str, Any] = {"totalSize": len(rows) if total is None else total, "done": more is None, "records": rows}
    if more is not None:
        body["nextRecordsUrl"] = more
    return answer(body)


def lead(id: str = LEAD, stamp: str = STAMP, **fields: Any) -> dict[str, Any]:
    """A row of Lead with the fields that the connector always asks for."""
    return {
        "attributes": {"type": "Lead", "url": f"{ROOT}/sobjects/Lead/{id}"},
        "Id": id,
        "SystemModstamp": stamp,
        "CreatedDate": "2026-01-01T00:00:00.000+0000",
        "IsDeleted": False,
        "MasterRecordId": None,
        "IsConverted": False,
        "ConvertedContactId": None,
        **fields,
    }


def soql_of(request: httpx.Request) -> str:
    """The query that a call asked."""
    return parse_qs(urlsplit(str(request.url)).query)["q"][0]


def json_of(request: httpx.Request) -> Any:
    """The body of a call."""
    return orjson.loads(request.content)


def describe(*fields: dict[str, Any], **flags: Any) -> httpx.Response:
    """A describe of Lead."""
    return answer(
        {"name": "Lead", "queryable": True, "createable": True, "updateable": True, **flags, "fields": fields}
    )


def field(name: str, type: str = "string", **more: Any) -> dict[str, Any]:
    """One field of a describe."""
    return {
        "name": name,
        "label": name,
        "type": type,
        "length": 0,
        "nillable": True,
        "createable": True,
        "updateable": True,
        "defaultedOnCreate": False,
        "unique": False,
        "calculated": False,
        "picklistValues": [],
        "referenceTo": [],
        **more,
    }
