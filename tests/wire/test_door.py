"""The door: what is repeated, what is not, how fast, how much, and to whom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpcore
import httpx
import pytest
import requests

from connectors.door import (
    Answered,
    Budget,
    Called,
    Door,
    DoorAdapter,
    DoorPool,
    Grant,
    Manners,
    NoAnswer,
    Refused,
    Route,
    Token,
    Window,
    is_loopback,
    wire,
)
from connectors.errors import Exhausted, Misconfigured, Unauthorised, Unavailable
from connectors.hubspot.manners import HubSpotManners, windows

HOST = "https://api.example.test"
START = 1_769_864_400_000


class FakeClock:
    """Stands still but for sleeping."""

    def __init__(self) -> None:
        self.now = START
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(seconds * 1000) + 1

    def random(self) -> float:
        return 0.5


class Script(httpx.BaseTransport):
    """Answers in turn, the last one for ever; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.seen: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def door(*answers: httpx.Response | Exception, **options: object) -> tuple[Door, Script, FakeClock]:
    script, clock = Script(*answers), FakeClock()
    given = {"clock": clock, "transport": script, "parallel": 1, **options}
    return Door("example", HOST, **given), script, clock  # type: ignore[arg-type]


OK = httpx.Response(200, json={})
LOST = [
    httpx.ReadTimeout("late"),
    httpx.ReadError("broken"),
    httpx.RemoteProtocolError("disconnected"),
    httpx.WriteError("broken"),
]

# -- repetition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*LOST, *(httpx.Response(status) for status in (408, 500, 502, 503, 504, 524))])
def test_a_read_without_an_answer_is_repeated(fault: httpx.Response | Exception) -> None:
    way, script, _ = door(fault, fault, OK)
    assert way.call("GET", "/a").status_code == 200
    assert len(script.seen) == 3
    assert way.usage().retries == 2


@pytest.mark.parametrize("fault", [*LOST, *(httpx.Response(status) for status in (408, 500, 502, 503, 504, 524))])
def test_a_write_without_an_answer_is_never_repeated(fault: httpx.Response | Exception) -> None:
    way, script, _ = door(fault, OK)
    with pytest.raises(NoAnswer):
        way.call("POST", "/a")
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(429),
        httpx.Response(423),
        httpx.Response(503, headers={"retry-after": "3"}),
        httpx.Response(477, headers={"retry-after": "3"}),
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
    ],
)
def test_what_was_definitely_refused_is_repeated_even_for_a_write(refusal: httpx.Response | Exception) -> None:
    way, script, _ = door(refusal, OK)
    assert way.call("POST", "/a").status_code == 200
    assert len(script.seen) == 2


def test_retry_after_is_obeyed() -> None:
    way, _, clock = door(httpx.Response(503, headers={"retry-after": "7"}), OK)
    way.call("GET", "/a")
    assert 7 <= sum(clock.slept) < 8


def test_a_long_retry_after_is_left_to_a_later_run() -> None:
    way, script, clock = door(httpx.Response(503, headers={"retry-after": "3600"}))
    with pytest.raises(Refused) as caught:
        way.call("GET", "/a")
    assert caught.value.until == START + 3_600_000
    assert (len(script.seen), clock.slept) == (1, [])


def test_repeating_ends() -> None:
    way, script, clock = door(httpx.Response(500))
    with pytest.raises(Unavailable):
        way.call("GET", "/a")
    assert len(script.seen) == 6
    assert clock.slept == sorted(clock.slept), "it backs off"


def test_refusals_end_as_refused() -> None:
    way, _, clock = door(httpx.Response(429))
    with pytest.raises(Refused) as caught:
        way.call("POST", "/a")
    assert caught.value.until is not None and caught.value.until > clock.now


@pytest.mark.parametrize("status", [200, 207, 300, 400, 403, 404, 409, 412, 413])
def test_an_answer_is_the_callers_to_read(status: int) -> None:
    way, script, _ = door(httpx.Response(status, json={"a": 1}))
    assert way.call("POST", "/a").status_code == status
    assert len(script.seen) == 1


def test_an_untrusted_certificate_is_a_setting_to_mend() -> None:
    way, script, _ = door(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))
    with pytest.raises(Misconfigured, match="not trusted"):
        way.call("GET", "/a")
    assert len(script.seen) == 1


# -- rate ------------------------------------------------------------------------------------------------------------


def test_calls_wait_for_the_window() -> None:
    class Slow(Manners):
        def route(self, method: str, path: str) -> Route:
            return Route("x", "general", repeatable=True)

    way, _, clock = door(OK, manners=Slow(), windows={"general": Window(2, 1.0)})
    for _ in range(5):
        way.call("GET", "/a")
    assert clock.now - START >= 2_000
    assert way.usage().waited_ms == pytest.approx(clock.now - START, abs=10)


def refusal(message: str, policy: str | None = None) -> httpx.Response:
    body = {"status": "error", "message": message, "errorType": "RATE_LIMIT"}
    return httpx.Response(429, json={**body, **({"policyName": policy} if policy else {})})


@pytest.mark.parametrize(
    ("answer", "kind", "bucket"),
    [
        (refusal("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING"), "rate", None),
        (refusal("You have reached your secondly limit."), "rate", "search"),
        (refusal("You have reached your daily limit.", "DAILY"), "daily", None),
        (httpx.Response(429, text="<html>slow down</html>"), "rate", None),
    ],
)
def test_hubspots_429_tells_which_limit(answer: httpx.Response, kind: str, bucket: str | None) -> None:
    found = HubSpotManners().refusal(answer)
    assert found is not None
    assert (found.kind, found.bucket) == (kind, bucket)


def test_a_search_429_closes_the_search_window_only() -> None:
    way, _, clock = door(
        refusal("You have reached your secondly limit."), OK, manners=HubSpotManners(), windows=windows()
    )
    way.call("POST", "/crm/v3/objects/contacts/search")
    waited = clock.now
    way.call("GET", "/crm/v3/objects/contacts")
    assert waited - START >= 1_000
    assert clock.now == waited


# -- budget ----------------------------------------------------------------------------------------------------------


def test_our_cap_stops_before_the_call_and_says_until_when() -> None:
    way, script, clock = door(OK, budget=Budget(calls_per_day=2))
    way.call("GET", "/a")
    way.call("GET", "/a")
    with pytest.raises(Exhausted) as caught:
        way.call("GET", "/a")
    assert len(script.seen) == 2
    assert caught.value.until == (START // 86_400_000 + 1) * 86_400_000
    clock.now = caught.value.until
    way.call("GET", "/a")


def test_a_share_is_left_to_others() -> None:
    headers = {"x-hubspot-ratelimit-daily": "1000", "x-hubspot-ratelimit-daily-remaining": "300"}
    busy = httpx.Response(200, headers=headers)
    way, _, clock = door(busy, manners=HubSpotManners(), budget=Budget(reserve=0.3))
    way.call("GET", "/a")
    with pytest.raises(Exhausted):
        way.call("GET", "/a")
    assert (way.usage().daily_used, way.usage().daily_limit) == (700, 1000)
    clock.now += 3_600_001
    way.call("GET", "/a")


def test_a_daily_refusal_exhausts() -> None:
    way, script, _ = door(refusal("You have reached your daily limit.", "DAILY"), manners=HubSpotManners())
    for _ in range(2):
        with pytest.raises(Exhausted):
            way.call("GET", "/a")
    assert len(script.seen) == 1, "the second one is not even sent"


# -- token -----------------------------------------------------------------------------------------------------------


def tokens() -> Iterator[Grant]:
    for n in range(100):
        yield Grant(f"t{n}", START + 1_800_000)


def test_an_expired_token_is_renewed_once_and_the_call_repeated() -> None:
    made = tokens()
    way, script, _ = door(httpx.Response(401), OK, token=Token(fetch=lambda: next(made)))
    assert way.call("POST", "/a").status_code == 200
    assert [request.headers["authorization"] for request in script.seen] == ["Bearer t0", "Bearer t1"]


def test_a_token_that_stays_refused_is_not_renewed_for_ever() -> None:
    made = tokens()
    way, script, _ = door(httpx.Response(401), token=Token(fetch=lambda: next(made)))
    with pytest.raises(Unauthorised):
        way.call("GET", "/a")
    assert len(script.seen) == 2


def test_a_token_is_renewed_before_it_ends() -> None:
    made = tokens()
    way, script, clock = door(OK, token=Token(fetch=lambda: next(made)))
    way.call("GET", "/a")
    clock.now += 1_800_000 - 60_000
    way.call("GET", "/a")
    assert [request.headers["authorization"] for request in script.seen] == ["Bearer t0", "Bearer t1"]


def test_many_threads_renew_once() -> None:
    made: list[int] = []
    gate = threading.Barrier(4)

    def fetch() -> Grant:
        made.append(1)
        return Grant(f"new{len(made)}")

    token = Token(Grant("old"), fetch)

    def renew() -> None:
        gate.wait()
        assert token.renew("old") == "new1"

    threads = [threading.Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_fixed_token_that_is_refused_stops_without_being_shown() -> None:
    way, _, _ = door(httpx.Response(401), token=Token(Grant("pat-secret")))
    with pytest.raises(Unauthorised) as caught:
        way.call("GET", "/a")
    assert "pat-secret" not in str(caught.value)


# -- where calls go --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://elsewhere.test/a", "http://api.example.test/a", "https://api.example.test:8443/"]
)
def test_only_the_configured_address_is_called(url: str) -> None:
    way, script, _ = door(OK)
    with pytest.raises(Misconfigured, match="not the configured host"):
        way.call("GET", url)
    assert script.seen == []


def test_a_redirect_elsewhere_is_refused() -> None:
    way, script, _ = door(httpx.Response(302, headers={"location": "https://elsewhere.test/login"}))
    with pytest.raises(Misconfigured, match=r"elsewhere\.test"):
        way.call("GET", "/a")
    assert len(script.seen) == 1


def test_a_redirect_within_the_host_is_followed_for_a_read() -> None:
    way, script, _ = door(httpx.Response(307, headers={"location": "/a/"}), OK)
    assert way.call("GET", "/a").status_code == 200
    assert script.seen[-1].url.path == "/a/"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.8.8", True), ("api.hubapi.com", False)],
)
def test_loopback_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("url", "proxied"),
    [("https://api.example.test", True), ("http://127.0.0.1:8080", False), ("http://localhost", False)],
)
def test_the_environments_proxy_is_used_but_never_for_loopback(
    url: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://proxy.example.test:3128")
    with wire(url) as transport:
        assert isinstance(transport._pool, httpcore.HTTPProxy) is proxied


# -- knowing ---------------------------------------------------------------------------------------------------------


def test_the_ledger_names_routes_without_ids_queries_or_values() -> None:
    lines: list[Called] = []
    way, _, _ = door(OK, manners=HubSpotManners(), on_call=lines.append)
    way.call("GET", "/crm/v3/objects/contacts/12345", params={"properties": "email"})
    way.call("GET", "/communication-preferences/v3/status/email/ann@x.com")
    assert [line.route for line in lines] == [
        "GET /crm/v3/objects/contacts/{id}",
        "GET /communication-preferences/v3/status/email/{id}",
    ]
    assert way.usage().calls == 2


def test_the_servers_clock_is_never_taken_to_be_later_than_it_is() -> None:
    dates = ["Sat, 31 Jan 2026 13:00:10 GMT", "Sat, 31 Jan 2026 13:00:11 GMT"]
    way, _, clock = door(*(httpx.Response(200, headers={"date": date}) for date in dates))
    assert way.server_now() == START, "ours, as long as nothing is known"
    way.call("GET", "/a")
    assert way.server_now() == START + 10_000
    clock.now += 200
    way.call("GET", "/a")
    assert way.server_now() == START + 11_000


def test_map_keeps_the_order_and_ends_at_the_first_failure() -> None:
    way, _, _ = door(OK, parallel=4)

    def work(n: int) -> int:
        if n == 5:
            raise ValueError(n)
        return n * n

    results = way.map(work, range(10))
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(ValueError, match="5"):
        next(results)
    way.close()


def test_map_within_map_does_not_lock_up() -> None:
    way, _, _ = door(OK, parallel=2)
    outer = way.map(lambda n: sum(way.map(lambda m: m, range(n))), range(6))
    assert list(outer) == [0, 0, 1, 3, 6, 10]
    way.close()


def test_ahead_fetches_the_next_item_while_the_caller_works() -> None:
    way, _, _ = door(OK, parallel=2)
    begun = [threading.Event() for _ in range(4)]

    def pages() -> Iterator[int]:
        for n in range(3):
            begun[n].set()
            yield n
        begun[3].set()
        raise Unavailable("gone")

    seen = []
    with pytest.raises(Unavailable):
        for item in way.ahead(pages()):
            assert begun[item + 1].wait(10)
            seen.append(item)
    assert seen == [0, 1, 2]


def test_ahead_can_be_left_early() -> None:
    way, _, _ = door(OK, parallel=2)
    items = way.ahead(iter(range(10)))
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if "example-ahead" in thread.name]


# -- riders ----------------------------------------------------------------------------------------------------------


def test_requests_rides_through_the_door_as_plain_http_where_only_that_is_allowed() -> None:
    script, clock = Script(httpx.Response(200, json={"a": 1}, headers={"x-b": "c"})), FakeClock()
    way = Door("example", "http://127.0.0.1:8080", clock=clock, transport=script)
    session = requests.Session()
    session.mount("https://", DoorAdapter(way, sign=False))
    response = session.post("https://127.0.0.1:8080/x?y=1", json={"z": 2}, headers={"Authorization": "Bearer own"})
    assert (response.json(), response.headers["X-B"]) == ({"a": 1}, "c")
    (request,) = script.seen
    assert str(request.url) == "http://127.0.0.1:8080/x?y=1"
    assert (request.content, request.headers["authorization"]) == (b'{"z": 2}', "Bearer own")


def test_the_pool_takes_refusals_past_the_client() -> None:
    way, _, _ = door(httpx.Response(404, text="<html>"))
    pool = DoorPool(way)
    with pytest.raises(Answered) as caught:
        pool.request("GET", f"{HOST}/a", fields=[("properties", "a"), ("properties", "b")])
    assert caught.value.response.status_code == 404


def test_the_pool_sends_queries_and_forms() -> None:
    way, script, _ = door(OK)
    rewrite: Callable[[str], str] = lambda path: path.replace("v3", "2026-09")  # noqa: E731
    pool = DoorPool(way, rewrite)
    pool.request("GET", f"{HOST}/v3/a", fields=[("properties", "a"), ("properties", "b")])
    pool.request(
        "POST",
        f"{HOST}/v3/b",
        fields={"grant_type": "x"},
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert str(script.seen[0].url) == f"{HOST}/2026-09/a?properties=a&properties=b"
    assert script.seen[1].content == b"grant_type=x"
