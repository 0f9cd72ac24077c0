"""An org whose clock stands still, a client that is logged in, and simple-salesforce on a real loopback address."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as Client

from sandbox.http import Server
from sandbox.kernel import Caller, CallLog, Clock, Faults, Kernel
from sandbox.salesforce import Salesforce

START = 1_790_000_000_000
HOST = "https://acme.my.salesforce.com"


@pytest.fixture
def org() -> Salesforce:
    clock = Clock(lambda: START)
    clock.freeze()
    return Salesforce(Kernel(clock, random.Random(1), Faults(random.Random(2)), CallLog()))


@pytest.fixture
def person(org: Salesforce) -> Caller:
    return Caller("human", org.user_id)


class Api:
    """A client of the REST API, logged in, whose paths begin after the version."""

    def __init__(self, org: Salesforce, version: str = "64.0") -> None:
        self.org = org
        self.root = f"/services/data/v{version}"
        self.http = httpx.Client(transport=httpx.MockTransport(org.handle), base_url=HOST)
        self.http.headers["Authorization"] = f"Bearer {org.access_token()}"

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> httpx.Response:
        target = path if path.startswith(("/services", "/id/")) else self.root + path
        return self.http.request(method, target, json=json, **more) if json is not None else self.http.request(
            method, target, **more
        )  # fmt: skip

    def query(self, text: str) -> list[dict[str, Any]]:
        answer = self("GET", "/query", params={"q": text})
        assert answer.status_code == 200, answer.text
        return [{k: v for k, v in r.items() if k != "attributes"} for r in answer.json()["records"]]

    def at(self, version: str) -> Api:
        """The same at another version."""
        return Api(self.org, version)


@pytest.fixture
def api(org: Salesforce) -> Api:
    return Api(org)


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """(status, errorCode, message) of a refusal."""
    first = answer.json()[0]
    return answer.status_code, first["errorCode"], first["message"]


class _Loopback(HTTPAdapter):
    """simple-salesforce insists on https; here every address is the served org's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        assert request.url is not None
        request.url = self._url + "/" + request.url.split("/", 3)[3]
        return super().send(request, *args, **more)


class Served:
    """One server for the whole run; each test puts its own org behind it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.org: Salesforce | None = None

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", _Loopback(self.url))
        return session


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    served = Served("")
    loop = asyncio.new_event_loop()

    def answer(request: httpx.Request) -> httpx.Response:
        assert served.org is not None
        return served.org.handle(request)

    listener = Server("Salesforce", answer)
    loop.run_until_complete(listener.open(0))
    served.url = listener.url
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield served
    asyncio.run_coroutine_threadsafe(listener.close(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def served(server: Served, org: Salesforce) -> Served:
    server.org = org
    return server


@pytest.fixture
def sf(served: Served, org: Salesforce) -> Iterator[Any]:
    """simple-salesforce, logged in by client credentials."""
    with served.session() as session:
        yield Client(
            consumer_key=org.settings.client_id,
            consumer_secret=org.settings.client_secret,
            domain="acme.my",
            version="64.0",
            session=session,
        )
