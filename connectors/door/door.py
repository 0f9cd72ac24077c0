"""The one door: every request to a system passes here, and nowhere else.

So there is one rate limit, one budget, one rule of repetition and one ledger, and a test or the simulator that
stands in for the transport sees every byte.

The rule of repetition: what is repeatable is repeated; what was definitely refused is repeated; a write without an
answer is never repeated but raised as `NoAnswer`, because it may have happened.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connectors.door.budget import Budget
from connectors.door.clock import Clock
from connectors.door.faults import NoAnswer, Refused
from connectors.door.manners import Manners, Refusal, Route
from connectors.door.rate import Window
from connectors.door.token import Token
from connectors.errors import Exhausted, Misconfigured, Unauthorised, Unavailable
from connectors.port import Usage

_END = object()
Item = TypeVar("Item")
Result = TypeVar("Result")


class Called(NamedTuple):
    """One line of the ledger: no query, no values."""

    method: str
    route: str
    status: int
    """0: no answer came."""
    ms: int


@dataclass(frozen=True)
class Patience:
    """How long to wait and how often to repeat."""

    connect: float = 5.0
    """Seconds."""
    read: float = 60.0
    attempts: int = 6
    longest_wait: float = 60.0
    """Seconds: what asks for more is left to a later run."""


class _Again(Exception):  # noqa: N818 - a signal to repeat, not an error
    """Repeat after `wait` seconds (None: back off).  `definite`: nothing has happened."""

    def __init__(self, why: str, wait: float | None, definite: bool) -> None:
        super().__init__(why)
        self.wait = wait
        self.definite = definite


@dataclass(slots=True)
class _Call:
    method: str
    url: str
    route: Route
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    timeout: dict[str, float]
    signed: bool
    renewed: bool = False


class Door:
    """The way to one system.  Safe to share between threads.

    `transport` is production's `wire(base_url)`, or a stand-in; `windows` are the rate windows by the names that
    `manners.route` uses; `on_call` sees each line of the ledger; `parallel` is how many calls `map` keeps in flight.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        clock: Clock,
        transport: httpx.BaseTransport,
        manners: Manners | None = None,
        windows: Mapping[str, Window] | None = None,
        budget: Budget | None = None,
        token: Token | None = None,
        on_call: Callable[[Called], None] | None = None,
        parallel: int = 4,
        patience: Patience | None = None,
        user_agent: str = "smarketing-sync",
    ) -> None:
        self.name = name
        self.clock = clock
        self.manners = manners or Manners()
        self.windows = dict(windows or {})
        self.budget = budget or Budget()
        self.token = token
        self.on_call = on_call
        self.parallel = parallel
        self.patience = patience or Patience()
        self._transport = transport
        self._agent = user_agent
        self._usage = Usage()
        self._lock = threading.Lock()
        self._in_flight = 0
        self._workers = f"{name}-door"
        self._pool: ThreadPoolExecutor | None = None
        self._date = ""
        self._offsets: deque[int] = deque(maxlen=64)
        self._hosts: set[str] = set()
        self._timeout = self._times(self.patience.read)
        self.base_url = ""
        self.move(base_url)
        self._retrying = Retrying(
            retry=retry_if_exception_type(_Again),
            stop=stop_after_attempt(self.patience.attempts),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )

    # -- calling -----------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
        route: Route | None = None,
        read_timeout: float | None = None,
        signed: bool = True,
    ) -> httpx.Response:
        """Send one request and return the answer, body read, whatever its status, unless it is a refusal.

        `url` is a path below `base_url` or an absolute address of an allowed host; `json` or `form` is encoded
        here; `route`
        overrides `manners.route`; `signed` False leaves `Authorization` to the caller.

        Raises `NoAnswer` (a write that may have happened), `Refused` (nothing happened, later perhaps),
        `Unavailable` (a read that failed), `Exhausted`, `Unauthorised`, `Misconfigured`.
        """
        if json is not None:
            content = orjson.dumps(json)
            headers = {"content-type": "application/json", **(headers or {})}
        elif form is not None:
            content = urlencode(form)
            headers = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        if params:
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}"
        call = self._prepare(method, url, headers, content, route, read_timeout, signed)
        return self._follow(call, self._repeat(call))

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`work` of each item, up to `parallel` at a time, results in order of the items.

        The first exception ends it when its turn comes; what is in flight is finished, what is not begun is dropped.
        """
        # A worker that waited for workers could wait for ever.
        if self.parallel <= 1 or threading.current_thread().name.startswith(self._workers):
            yield from map(work, items)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.parallel, thread_name_prefix=self._workers)
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(self._pool.submit(work, item))
                if len(waiting) >= self.parallel:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def ahead(self, items: Iterator[Item]) -> Iterator[Item]:
        """The same items, the next one being fetched while the caller works on this one (not with `parallel` 1)."""
        if self.parallel <= 1:
            yield from items
            return
        with ThreadPoolExecutor(1, thread_name_prefix=f"{self.name}-ahead") as worker:
            coming: Future[Any] = worker.submit(next, items, _END)
            while (item := coming.result()) is not _END:
                coming = worker.submit(next, items, _END)
                yield item

    def close(self) -> None:
        """Let go of connections and threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        self._transport.close()

    # -- knowing -----------------------------------------------------------------------------------------------

    def server_time(self, ours: int) -> int:
        """The system's clock at this time of ours, ms: never later than it truly was, at most some 1 s earlier.

        From the `Date` headers seen so far; our own clock until one was seen.
        """
        with self._lock:
            return ours + (max(self._offsets) if self._offsets else 0)

    def server_now(self) -> int:
        """The system's clock now, estimated."""
        return self.server_time(self.clock.now_ms())

    def usage(self) -> Usage:
        """A copy of the counts so far."""
        with self._lock:
            quota = self.budget.quota
            return replace(
                self._usage,
                daily_used=quota.used if quota else None,
                daily_limit=quota.limit if quota else None,
                by_route=dict(self._usage.by_route),
            )

    def move(self, base_url: str) -> None:
        """Paths are below this address from now on; its host becomes an allowed one."""
        self.allow(base_url)
        self.base_url = base_url.rstrip("/")

    def allow(self, url: str) -> None:
        """Let calls go to the host of this address too."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured(f"{self.name}: {url!r} is not an address; expected https://host")
        self._hosts.add(f"{parts.scheme}://{parts.netloc}")

    def allows(self, url: str) -> bool:
        """Whether calls may go to the scheme and host of this address."""
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}" in self._hosts

    # -- one call ----------------------------------------------------------------------------------------------

    def _prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | str,
        route: Route | None,
        read_timeout: float | None,
        signed: bool,
    ) -> _Call:
        if url.startswith("/"):
            url = self.base_url + url
        parts = urlsplit(url)
        if not self.allows(url):
            raise Misconfigured(f"{self.name}: refused to call {parts.hostname}, which is not the configured host")
        ours = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": self._agent}
        ours.update((name.lower(), value) for name, value in (headers or {}).items())
        return _Call(
            method=method,
            url=url,
            route=route or self.manners.route(method, parts.path),
            headers=ours,
            content=content.encode() if isinstance(content, str) else content,
            timeout=self._timeout if read_timeout is None else self._times(read_timeout),
            signed=signed and self.token is not None,
        )

    def _repeat(self, call: _Call) -> httpx.Response:
        try:
            answer: httpx.Response = self._retrying(self._attempt, call)
            return answer
        except _Again as last:
            message = f"{self.name}: {call.route.name}: {last}"
            if last.definite:
                wait = last.wait if last.wait is not None else self.patience.longest_wait
                raise Refused(message, self.clock.now_ms() + int(wait * 1000)) from None
            raise Unavailable(message) from None

    def _attempt(self, call: _Call) -> httpx.Response:
        response, token = self._send(call)
        refusal = self.manners.refusal(response)
        if refusal is None:
            return response
        if refusal.kind == "token":
            return self._renew(call, token)
        self._refused(call, refusal, response.status_code)
        raise AssertionError("every refusal raises")

    def _renew(self, call: _Call, token: str | None) -> httpx.Response:
        if not call.signed or call.renewed or self.token is None:
            raise Unauthorised(f"{self.name} refuses the credentials (401 to {call.route.name})")
        call.renewed = True
        self.token.renew(token)
        return self._attempt(call)

    def _refused(self, call: _Call, refusal: Refusal, status: int) -> None:
        now = self.clock.now_ms()
        why = f"answered {status} ({refusal.kind})"
        if refusal.kind == "daily":
            raise Exhausted(f"{self.name}: the daily limit is used up", self.budget.exhaust(now))
        if refusal.kind == "fault":
            self._fault(call, why, refusal.wait)
        if refusal.kind == "rate":
            window = self.windows.get(refusal.bucket or call.route.bucket or "")
            if window is not None:
                window.close(now + int((refusal.wait or 1.0) * 1000))
        self._again(why, refusal.wait, definite=True)

    def _fault(self, call: _Call, why: str, wait: float | None = None) -> None:
        """No usable answer: repeat a read, give up a write."""
        if not call.route.repeatable:
            raise NoAnswer(f"{self.name}: {call.route.name}: {why}")
        self._again(why, wait, definite=False)

    def _again(self, why: str, wait: float | None, definite: bool) -> None:
        if wait is not None and wait > self.patience.longest_wait:
            until = self.clock.now_ms() + int(wait * 1000)
            raise Refused(f"{self.name}: {why}, and asks to wait {wait:.0f} s", until)
        raise _Again(why, wait, definite)

    def _send(self, call: _Call) -> tuple[httpx.Response, str | None]:
        token = None
        if call.signed and self.token is not None:
            token = self.token.get(self.clock.now_ms())
            call.headers["authorization"] = f"Bearer {token}"
        request = httpx.Request(
            call.method, call.url, headers=call.headers, content=call.content, extensions={"timeout": call.timeout}
        )
        self._queue(call.route)
        sent = self.clock.now_ms()
        status = 0
        with self._lock:
            self._in_flight += 1
        try:
            response = self._transport.handle_request(request)
            response.request = request
            response.read()
            status = response.status_code
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as fault:
            self._unreachable(fault)
            raise AssertionError("unreachable raises") from None
        except (httpx.TransportError, httpx.DecodingError) as fault:
            self._fault(call, f"no answer ({type(fault).__name__})")
            raise AssertionError("a fault raises") from None
        finally:
            self._note(call, status, sent)
        self._learn(call.route, response.headers)
        return response, token

    def _unreachable(self, fault: Exception) -> None:
        if "CERTIFICATE_VERIFY_FAILED" in str(fault):
            raise Misconfigured(f"{self.name}: the certificate of {self.base_url} is not trusted") from None
        self._again(f"could not be reached ({type(fault).__name__})", None, definite=True)

    def _follow(self, call: _Call, response: httpx.Response) -> httpx.Response:
        """A redirect within the host is followed once for a read; any other is refused."""
        if response.status_code not in (301, 302, 303, 307, 308):
            return response
        there = str(httpx.URL(call.url).join(response.headers.get("location", "")))
        if not self.allows(there) or not call.route.repeatable:
            raise Misconfigured(
                f"{self.name}: {self.base_url} redirects to {urlsplit(there).hostname}; configure that address"
            )
        call.url = there
        return self._repeat(call)

    # -- waiting and counting ----------------------------------------------------------------------------------

    def _queue(self, route: Route) -> None:
        if route.counted:
            self.budget.spend(self.clock.now_ms())
        window = self.windows.get(route.bucket or "")
        if window is None:
            return
        while wait := window.take(self.clock.now_ms()):
            with self._lock:
                self._usage.waited_ms += wait
            self.clock.sleep(wait / 1000)

    def _note(self, call: _Call, status: int, sent: int) -> None:
        now = self.clock.now_ms()
        window = self.windows.get(call.route.bucket or "")
        if window is not None:
            window.answered(now)
        with self._lock:
            self._in_flight -= 1
            self._usage.calls += call.route.counted
            by_route = self._usage.by_route
            by_route[call.route.name] = by_route.get(call.route.name, 0) + 1
        if self.on_call is not None:
            self.on_call(Called(call.method, call.route.name, status, now - sent))

    def _learn(self, route: Route, headers: httpx.Headers) -> None:
        now = self.clock.now_ms()
        date = headers.get("date", "")
        if date and date != self._date:
            self._date = date
            # `Date` is cut to the second and was set before now: a lower bound, and the highest one is the truest.
            offset = int(parsedate_to_datetime(date).timestamp() * 1000) - now
            with self._lock:
                self._offsets.append(offset)
        if (quota := self.manners.quota(headers)) is not None:
            self.budget.learn(quota, now)
        window = self.windows.get(route.bucket or "")
        if window is not None and (pace := self.manners.pace(headers)) is not None:
            window.learn(pace, now, self._in_flight)

    def _pause(self, state: RetryCallState) -> float:
        again = state.outcome.exception() if state.outcome else None
        assert isinstance(again, _Again)
        backoff: float = min(2.0 ** (state.attempt_number - 1), 30.0) * (0.5 + self.clock.random())
        return backoff if again.wait is None else again.wait + self.clock.random() / 4

    def _sleep(self, seconds: float) -> None:
        with self._lock:
            self._usage.retries += 1
        self.clock.sleep(seconds)

    def _times(self, read: float) -> dict[str, float]:
        return {"connect": self.patience.connect, "read": read, "write": read, "pool": read}
