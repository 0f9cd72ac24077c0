"""`[dashboard]`: the pages, `/metrics` and `/health` that `run` serves.  They are read only, and behind a token.

The token comes as `Authorization: Bearer TOKEN`, or as the password that a browser asks for, with any name.  `/health`
alone answers without it, and says one word.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.errors import Misconfigured
from mapping.mapping import Mapping as KindMapping
from mapping.rules import KINDS
from state.store import Store
from sync import compose
from sync.console.metrics import exposed
from sync.console.panels import Panels, Part
from sync.console.show import when
from sync.engine import Engine
from sync.settings.common import Settings
from sync.settings.secrets import resolve

OPEN = "/health"
RUNS = 200
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STOP_SECONDS = 2


def admitted(authorization: str, token: str) -> bool:
    """Whether this header carries the token; it takes as long however much of it is right."""
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            given = ""
    elif scheme.lower() != "bearer":
        given = ""
    said, right = (hashlib.sha256(text.strip().encode()).digest() for text in (given, token))
    return hmac.compare_digest(said, right) and bool(given)


class Guarded:
    """Lets through who has the token, and puts our headers on every answer."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        if request.url.path == OPEN or admitted(request.headers.get("authorization", ""), self._token):
            await self._app(scope, receive, with_headers)
        else:
            ask = {"WWW-Authenticate": 'Basic realm="Smarketing Sync: the token is the password", charset="UTF-8"'}
            refused = PlainTextResponse("The token of [dashboard] is needed.\n", 401, ask)
            await refused(scope, receive, with_headers)


def app(panels: Panels, token: str) -> ASGIApp:
    """All pages."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    template, one_by_one = environment.get_template("dashboard.html"), Lock()

    def page(title: str, make: Callable[[], list[Part]], up: str = "") -> Response:
        with one_by_one:
            parts = make()
        return HTMLResponse(template.render(title=title, made=when(panels.now()), parts=parts, up=up))

    def report(request: Request) -> Response:
        name = str(request.path_params["name"])
        try:
            return page(f"Report: {name}", lambda: panels.report(name), up="../")
        except KeyError:
            raise HTTPException(404, f"There is no report {name!r}.") from None

    def metrics(_: Request) -> Response:
        return Response(exposed(panels.told(), panels.store.runs(RUNS)), media_type=CONTENT_TYPE_LATEST)

    def health(_: Request) -> Response:
        found = panels.health()
        return PlainTextResponse(f"{found}\n", 503 if found == "failing" else 200)

    routes = [
        Route("/", lambda _: page("Status", panels.status), methods=["GET"]),
        Route("/errors", lambda _: page("Errors", panels.errors), methods=["GET"]),
        Route("/charts", lambda _: page("Charts", panels.charts), methods=["GET"]),
        Route("/reports", lambda _: page("Reports", panels.reports), methods=["GET"]),
        Route("/reports/{name}", report, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route(OPEN, health, methods=["GET"]),
    ]
    return Guarded(Starlette(routes=routes), token)


@contextmanager
def serving(served: ASGIApp, host: str, port: int) -> Iterator[str]:
    """Serve in a thread of its own; gives the address.  Raises Misconfigured where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise Misconfigured(f"dashboard.address: {host}:{port} cannot be had: {error.strerror}.") from None
    config = uvicorn.Config(
        served, log_config=None, access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="dashboard", daemon=True)
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def shown(settings: Settings, world: compose.World, state: Store, engine: Engine) -> Iterator[str]:
    """The dashboard of a process, as long as the block lasts; gives its address, empty without a token."""
    chosen = settings.dashboard
    if chosen.token is None:
        yield ""
        return
    token = resolve(chosen.token, world.environment, "dashboard.token")

    def mappings() -> list[KindMapping]:
        return [mapping for kind in KINDS if (mapping := engine.mapping_of(kind)) is not None]

    panels = Panels(state, settings, world.clock.now_ms, mappings)
    with serving(app(panels, token), chosen.host, chosen.port) as address:
        yield address
