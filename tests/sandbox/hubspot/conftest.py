"""A HubSpot account with a clock that stands still, and ways to call it."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import orjson
import pytest

from sandbox.http import Server
from sandbox.hubspot import HubSpot, Owner
from sandbox.kernel import Caller, CallLog, Clock, Faults, Kernel

NOW = 1_790_000_000_000
HUMAN = Caller("human", "77")
Json = Any


class Reply(NamedTuple):
    """A status, headers, and the body: parsed when it is JSON."""

    status: int
    body: Json
    headers: httpx.Headers


class Portal:
    """The account under test, called in process through httpx."""

    def __init__(self) -> None:
        rng = random.Random(7)
        self.clock = Clock(lambda: NOW)
        self.clock.freeze(NOW)
        self.faults = Faults(rng)
        self.log = CallLog()
        self.hub = HubSpot(Kernel(self.clock, rng, self.faults, self.log))
        self.hub.limits_on = False
        self.hub.search_lag_ms = 0
        self.hub.add_owner(Owner("501", "ann@example.com", "Ann", "Hill", 9001))
        self.hub.add_owner(Owner("502", "bob@example.com", "Bob", "Vale", 9002))
        self.hub.add_owner(Owner("503", "carl@example.com", "Carl", "Gone", 9003, archived=True))
        self.client = httpx.Client(transport=httpx.MockTransport(self.hub.handle), base_url="https://api.hubapi.com")

    def call(self, method: str, path: str, body: Json = None, token: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {token or self.hub.access_token}"}
        answer = self.client.request(method, path, json=body, headers=headers)
        parsed = orjson.loads(answer.content) if answer.content[:1] in (b"{", b"[") else answer.text
        return Reply(answer.status_code, parsed, answer.headers)

    def get(self, path: str) -> Json:
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, body: Json, status: int = 200) -> Json:
        answer = self.call("POST", path, body)
        assert answer.status == status, answer
        return answer.body

    def contact(self, **values: str) -> str:
        return str(self.post("/crm/v3/objects/contacts", {"properties": values}, 201)["id"])

    def company(self, **values: str) -> str:
        return str(self.post("/crm/v3/objects/companies", {"properties": values}, 201)["id"])

    def search(self, *filters: Json, object: str = "contacts", **more: Json) -> Json:
        body = {"filterGroups": [{"filters": list(filters)}] if filters else [], **more}
        return self.post(f"/crm/v3/objects/{object}/search", body)

    def found(self, *filters: Json, **more: Json) -> list[str]:
        return [row["id"] for row in self.search(*filters, **more)["results"]]


@pytest.fixture
def portal() -> Portal:
    return Portal()


class _Loop(threading.Thread):
    """The account behind a real port."""

    def __init__(self, hub: HubSpot) -> None:
        super().__init__(daemon=True)
        self.server = Server("HubSpot", hub.handle)
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.stop = asyncio.Event()

    def run(self) -> None:
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self) -> None:
        await self.server.open(0)
        self.ready.set()
        await self.stop.wait()
        await self.server.close()


@pytest.fixture
def address(portal: Portal) -> Iterator[str]:
    thread = _Loop(portal.hub)
    thread.start()
    thread.ready.wait()
    yield thread.server.url
    thread.loop.call_soon_threadsafe(thread.stop.set)
    thread.join()
