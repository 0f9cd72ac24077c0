"""The small HTTP server: answers, connections that break, and answers that come late."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from sandbox.http import Handle, Server, render
from sandbox.kernel import Dropped, Hang


@contextmanager
def served(handle: Handle) -> Iterator[Server]:
    """A server in a thread."""
    server = Server("test", handle)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        await server.open(0)
        ready.set()
        await done.wait()
        await server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


def echo(request: httpx.Request) -> httpx.Response:
    """Tells what it was asked."""
    told = {"method": request.method, "url": str(request.url), "body": request.content.decode()}
    return httpx.Response(200, json=told, headers={"X-Kind": request.headers.get("x-kind", "")})


def raw(server: Server, data: bytes) -> bytes:
    """What comes back on a plain connection until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_request_arrives_whole_and_its_answer_comes_back() -> None:
    with served(echo) as server:
        response = httpx.post(server.url + "/a%20b?q=%C3%A4", content="bödy", headers={"X-Kind": "test"})
    assert response.json() == {"method": "POST", "url": server.url + "/a%20b?q=%C3%A4", "body": "bödy"}
    assert response.headers["x-kind"] == "test"


def test_a_large_chunked_body_arrives_whole() -> None:
    with served(echo) as server:
        response = httpx.put(server.url, content=(b"x" * 100_000 for _ in range(20)))
    assert len(response.json()["body"]) == 2_000_000


def test_a_thousand_requests_share_one_connection() -> None:
    with served(echo) as server, httpx.Client(base_url=server.url) as client:
        answers = [client.get(f"/{n}").json()["url"] for n in range(1_000)]
        open_connections = len(server.connections)
    assert answers[-1].endswith("/999")
    assert open_connections == 1


def test_pipelined_requests_are_answered_in_order() -> None:
    ask = b"GET /%d HTTP/1.1\r\nHost: x\r\n%s\r\n"
    with served(echo) as server:
        answer = raw(server, ask % (1, b"") + ask % (2, b"") + ask % (3, b"Connection: close\r\n"))
    assert [answer.index(b"http://x/%d" % n) for n in (1, 2, 3)] == sorted(
        answer.index(b"http://x/%d" % n) for n in (1, 2, 3)
    )


def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    with served(echo) as server:
        answer = raw(server, head + b"hi")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")


def test_an_offer_of_http_2_is_answered_in_http_1() -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    with served(echo) as server:
        answer = raw(
            server,
            b"GET /first HTTP/1.1\r\nHost: x\r\n" + offer + b"\r\n"
            b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
    assert b"http://x/first" in answer and b"http://x/second" in answer


def test_nonsense_is_answered_with_400_and_closed() -> None:
    with served(echo) as server:
        assert raw(server, b"not http at all\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_a_204_has_no_body_and_no_length() -> None:
    written = render("DELETE", httpx.Response(204), True)
    assert written == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_head_request_gets_the_length_only() -> None:
    written = render("HEAD", httpx.Response(200, content=b"four"), True)
    assert b"Content-Length: 4" in written and not written.endswith(b"four")


def test_a_compressed_answer_stays_compressed_on_the_wire() -> None:
    def zipped(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=gzip.compress(b"text" * 1_000), headers={"Content-Encoding": "gzip"})

    with served(zipped) as server:
        response = httpx.get(server.url)
    assert response.text == "text" * 1_000
    assert int(response.headers["content-length"]) < 200


def test_a_dropped_request_breaks_the_connection_without_an_answer() -> None:
    def drop(request: httpx.Request) -> httpx.Response:
        raise Dropped

    with served(drop) as server, pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        httpx.get(server.url)


def test_a_late_answer_comes_and_holds_up_nobody_else() -> None:
    order = []

    def slow(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/slow":
            raise Hang(150, httpx.Response(200, text="late"))
        return httpx.Response(200, text="quick")

    with served(slow) as server:
        waiting = threading.Thread(target=lambda: order.append(httpx.get(server.url + "/slow").text))
        waiting.start()
        order.append(httpx.get(server.url + "/quick").text)
        waiting.join()
    assert order == ["quick", "late"]


def test_an_impatient_client_gives_up_on_a_late_answer() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise Hang(60_000, httpx.Response(200))

    with served(never) as server, pytest.raises(httpx.ReadTimeout):
        httpx.get(server.url, timeout=0.05)


def test_a_mistake_in_the_stand_in_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("mistake")

    with served(broken) as server:
        assert httpx.get(server.url).status_code == 500
    assert "mistake" in caplog.text


def test_a_port_in_use_is_refused_in_one_sentence() -> None:
    with served(echo) as server:
        second = Server("HubSpot", echo)
        with pytest.raises(OSError, match=rf"The HubSpot address 127.0.0.1:{server.port} cannot be opened"):
            asyncio.run(second.open(server.port))
