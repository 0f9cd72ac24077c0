"""A very small HTTP/1.1 server for one synchronous `handle(httpx.Request) -> httpx.Response`.

Why not an ASGI server: two things that a world to practise in must do concern the connection rather than the answer,
and are outside ASGI.  `Dropped` must break the TCP connection without a byte of answer, before or after the request
took effect, and `Hang` must delay one connection while all others go on.  An `asyncio.Protocol` over httptools does
both in a few lines, and answers several thousand small requests a second, each in one write.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import httptools
import httpx

from sandbox.kernel import Dropped, Hang

Handle = Callable[[httpx.Request], httpx.Response]

_log = logging.getLogger(__name__)
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Server:
    """One listening address."""

    def __init__(self, name: str, handle: Handle) -> None:
        self.name = name
        self.handle = handle
        self.port = 0
        self.connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self, port: int) -> None:
        """Listen on loopback only; port 0 takes a free one.  Raises OSError with one clear sentence."""
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(lambda: Connection(self), "127.0.0.1", port, backlog=512)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(
                f"The {self.name} address 127.0.0.1:{port} cannot be opened ({why}); choose another."
            ) from error
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.connections):
            connection.close()
        if self._listener is not None:
            await self._listener.wait_closed()


class Connection(asyncio.Protocol):
    """One TCP connection: requests are answered in the order they came.  (asyncio switches Nagle's algorithm off.)"""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[httpx.Request, bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # Some clients offer HTTP/2 with every first request; nobody has to take the offer.
            self._parser = httptools.HttpRequestParser(self)
            if rest := data[upgrade.args[0] :]:
                self.data_received(rest)
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self._transport.close()
        self._answer_waiting()

    # httptools calls these

    def on_message_begin(self) -> None:
        self._url, self._headers, self._body = b"", [], []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if any(name.lower() == b"expect" for name, _ in self._headers):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        host = next((value for name, value in self._headers if name.lower() == b"host"), b"127.0.0.1")
        target = self._url if self._url.startswith(b"http") else b"http://" + host + self._url
        method = self._parser.get_method().decode("ascii")
        # Transfer-Encoding described the wire; the body handed on is whole.
        headers = [(name, value) for name, value in self._headers if name.lower() != b"transfer-encoding"]
        request = httpx.Request(method, target.decode("latin-1"), headers=headers, content=b"".join(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))

    # answers

    def close(self) -> None:
        self._transport.abort()

    def _answer_waiting(self) -> None:
        while self._waiting and self._timer is None and not self._transport.is_closing():
            request, keep_alive = self._waiting.popleft()
            self._answer(request, keep_alive)

    def _answer(self, request: httpx.Request, keep_alive: bool) -> None:
        try:
            response = self._server.handle(request)
        except Dropped:
            self._transport.abort()
            return
        except Hang as hang:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(hang.ms / 1000, self._write_late, request.method, hang.response, keep_alive)
            return
        except Exception:
            _log.exception("The %s stand-in failed on %s %s", self._server.name, request.method, request.url.path)
            response = httpx.Response(500, text="The stand-in itself failed on this request; its log says how.")
        self._write(request.method, response, keep_alive)

    def _write(self, method: str, response: httpx.Response, keep_alive: bool) -> None:
        self._transport.write(render(method, response, keep_alive))
        if not keep_alive:
            self._transport.close()

    def _write_late(self, method: str, response: httpx.Response, keep_alive: bool) -> None:
        self._timer = None
        self._write(method, response, keep_alive)
        self._answer_waiting()


def render(method: str, response: httpx.Response, keep_alive: bool) -> bytes:
    """The bytes of an answer.  The body is taken as the face made it, compressed if the face compressed it."""
    status = response.status_code
    stream = response.stream
    assert isinstance(stream, httpx.SyncByteStream)
    body = b"".join(stream)
    reason = response.extensions.get("reason_phrase") or _REASONS.get(status, "").encode()
    lines = [b"HTTP/1.1 %d %s" % (status, reason)]
    lines += [name + b": " + value for name, value in response.headers.raw if name.lower() not in _OURS]
    if status not in _BODILESS:
        lines.append(b"Content-Length: %d" % len(body))
    if not keep_alive:
        lines.append(b"Connection: close")
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    return head if method == "HEAD" or status in _BODILESS else head + body


_OURS = frozenset({b"content-length", b"transfer-encoding", b"connection"})
