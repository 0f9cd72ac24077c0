"""The whole HTTP surface: which door a request knocks at, who it is, what it costs, and what goes wrong on the way."""

from __future__ import annotations

import re

import httpx

from sandbox.kernel import Dropped, Hang
from sandbox.salesforce.api import bulk_async, oauth, service, soap, web_flow
from sandbox.salesforce.api.bulk_ingest import advance
from sandbox.salesforce.api.routes import dispatch
from sandbox.salesforce.dml.removal import empty_bin
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer, split_target
from sandbox.salesforce.platform import HOUR_MS, Platform
from sandbox.salesforce.settings import NEWEST_SERVED, OLDEST_SERVED
from sandbox.salesforce.times import http_date
from sandbox.salesforce.troubles import SIDE

LONGEST_URI = 16_384
_VERSION = re.compile(r"v(\d{1,3})\.0\Z")
_NOT_LOGGED_IN = ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")


class Front:
    """Answers requests of one org."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._bin_emptied = 0

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One request, one entry in the call log.  Raises Dropped or Hang where a fault says so."""
        platform = self._platform
        target = request.url.raw_path.decode("ascii", "replace")
        label = f"{request.method} {target}"
        platform.troubles.begin(label)
        self._empty_bin()
        advance(platform)
        if platform.troubles.take("lost_before") is not None:
            self._log(request.method, target, 0, False, 1)
            raise Dropped
        path, query = split_target(target)
        base_url = str(request.url.copy_with(raw_path=b"/")).rstrip("/")
        call = Call(request.method, path, query, request.headers, request.content, base_url=base_url)
        counted = _is_counted(path)
        try:
            answer = self._answer(call, target, counted)
        except ApiError as refused:
            answer = _refusal(call, refused)
        return self._finish(request, call, answer, target, counted)

    def _answer(self, call: Call, target: str, counted: bool) -> Answer:
        platform = self._platform
        if len(target) > LONGEST_URI:
            raise ApiError(414, "REQUEST_URI_TOO_LONG", "URI Too Long")
        if len(target) + sum(len(k) + len(v) for k, v in call.headers.items()) > LONGEST_URI:
            raise ApiError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "Request Header Fields Too Large")
        instead = platform.troubles.before()
        if instead is not None:
            return instead
        self._check_daily_limit(counted or "/oauth2/token" in call.path)
        return self._route(call)

    def _route(self, call: Call) -> Answer:
        platform, segments = self._platform, call.segments
        if segments[:2] == ("services", "oauth2"):
            return self._oauth(call, segments[2:])
        if segments[:1] == ("id",):
            self._log_in(call)
            return oauth.identity(platform, call)
        if segments == ("services", "data"):
            return service.versions(platform, call)
        if segments[:2] == ("services", "data"):
            call.version = served_version(segments[2])
            self._log_in(call)
            return dispatch(platform, call, segments[3:])
        if segments[:2] == ("services", "async") and len(segments) > 2:
            call.version = served_version(f"v{segments[2]}")
            self._log_in(call, call.header("x-sfdc-session"))
            return bulk_async.dispatch(platform, call, segments[3:])
        if segments[:2] == ("services", "Soap") and len(segments) >= 4 and segments[2] in ("u", "c"):
            return soap.answer(platform, call, segments[3])
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")

    def _oauth(self, call: Call, rest: tuple[str, ...]) -> Answer:
        if rest == ("token",):
            return oauth.token(self._platform, call)
        if rest == ("authorize",):
            return web_flow.authorize(self._platform, call)
        if rest == ("revoke",):
            return oauth.revoke(self._platform, call)
        if rest == ("userinfo",):
            self._log_in(call)
            return oauth.userinfo(self._platform, call)
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")

    def _log_in(self, call: Call, session: str | None = None) -> None:
        header = f"Bearer {session}" if session else call.header("authorization")
        if header is None:
            raise _NOT_LOGGED_IN
        kind, _, token = header.partition(" ")
        if kind not in ("Bearer", "OAuth") or not token:
            raise ApiError(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        if self._platform.troubles.take("expire") is not None:
            self._platform.sessions.close(token)
        user_id = self._platform.sessions.user_of(token)
        if user_id is None:
            raise _NOT_LOGGED_IN
        call.user_id = user_id

    def _check_daily_limit(self, counted: bool) -> None:
        if not counted:
            return
        platform, settings = self._platform, self._platform.settings
        over = settings.enforce_daily_limit and platform.usage.used(platform.now) >= settings.daily_limit
        if over or platform.troubles.take("daily_limit") is not None:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def _finish(self, request: httpx.Request, call: Call, answer: Answer, target: str, counted: bool) -> httpx.Response:
        platform = self._platform
        counted = counted and answer.status != 401
        if counted:
            platform.usage.add(platform.now)
        lost = platform.troubles.take("lost_after") is not None
        self._log(call.method, target, 0 if lost else answer.status, counted, call.items)
        if lost:
            raise Dropped
        headers = {"Date": http_date(platform.now), **answer.headers}
        if _is_counted(call.path):
            headers["Sforce-Limit-Info"] = (
                f"api-usage={platform.usage.used(platform.now)}/{platform.settings.daily_limit}"
            )
        body = b"" if call.method == "HEAD" else answer.body
        response = httpx.Response(answer.status, headers=headers, content=body, request=request)
        hang = platform.troubles.take("hang")
        if hang is not None:
            raise Hang(hang.ms, response)
        return response

    def _log(self, method: str, target: str, status: int, counted: bool, items: int) -> None:
        self._platform.kernel.log.add(self._platform.now, SIDE, method, target, status, counted, items)

    def _empty_bin(self) -> None:
        hour = self._platform.now // HOUR_MS
        if hour != self._bin_emptied:
            self._bin_emptied = hour
            empty_bin(self._platform.engine)


def _refusal(call: Call, refused: ApiError) -> Answer:
    if "/services/Soap/" in call.path:
        return soap.refusal(refused)
    if "/services/async/" in call.path:
        return bulk_async.refusal(call, refused)
    return json_answer(refused.body(), refused.status)


def _is_counted(path: str) -> bool:
    """Whether requests there count against the daily limit: the APIs do, the list of versions and logging in do not."""
    return path.startswith(("/services/data/v", "/services/Soap/", "/services/async/"))


def served_version(segment: str) -> float:
    """The number in `v68.0`; 410 for a version that is retired, 404 for one that never was."""
    found = _VERSION.match(segment)
    number = int(found.group(1)) if found else 0
    if found is None or number > NEWEST_SERVED:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if number < OLDEST_SERVED:
        raise ApiError(410, "UNSUPPORTED_API_VERSION", f"API version {segment} is no longer supported.")
    return float(number)
