"""HubSpot over HTTP: finds the token, the limits, the troubles and the handler of every request."""

from __future__ import annotations

import re
from email.utils import formatdate

import httpx
import orjson

from sandbox.hubspot import (
    account,
    association_routes,
    auth,
    batches,
    behaviour_routes,
    consent_routes,
    errors,
    former_routes,
    legacy_routes,
    list_routes,
    objects,
    pipeline_routes,
    property_routes,
    search,
)
from sandbox.hubspot.auth import Auth, Token
from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.limits import Limits
from sandbox.hubspot.people import People
from sandbox.hubspot.wire import Answer, Ask, Route, Router, canonical, needed
from sandbox.kernel import Caller, Dropped, Fault, Hang, Kernel

SIDE = "hubspot"
ROUTES: list[Route] = [
    route
    for module in (
        batches,
        search,
        association_routes,
        objects,
        property_routes,
        pipeline_routes,
        account,
        consent_routes,
        behaviour_routes,
        list_routes,
        legacy_routes,
        former_routes,
        auth,
    )
    for route in module.ROUTES
]
_BEFORE = ("lost_before", "error", "html", "lock", "expire", "rate_limit", "daily_limit")
_BODIES = frozenset(("hs_email_text", "hs_email_html", "hs_email_subject", "hs_email_headers", "hs_body_preview"))
_TYPES = {True: "text/html;charset=utf-8", False: "application/json;charset=utf-8"}


class HubSpot(People):
    """One account, in process: `handle` answers requests; the people's methods act in the portal directly."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.limits = Limits(self)
        self.limits_on = True
        """Whether rate limits are enforced; calls are counted either way."""
        self.auth = Auth(self)
        self.access_token = f"pat-eu1-{self.new_key()}"
        self.client_id = self.new_key()
        self.client_secret = self.new_key()
        self.refresh_token = f"eu1-{self.new_key()}"
        self.app_id = 2_460_135
        self.oauth_app_id = 1_903_377
        self.integration = Caller("integration", str(self.app_id))
        self.private = self.auth.private(self.access_token, self.app_id)
        self.auth.register(self.client_id, self.client_secret, self.oauth_app_id, self.refresh_token)
        self._router = Router(ROUTES)
        self._last_page: dict[str, bytes] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answers one request.  Raises Dropped or Hang where a fault breaks the connection."""
        target = request.url.raw_path.decode("ascii")
        path, _, query = target.partition("?")
        raw = request.read() if request.method != "GET" else b""
        ask = Ask(request.method, path, query, raw, request.headers.get("content-type", ""))
        call = f"{ask.method} {target}"
        hang = self.kernel.faults.take(SIDE, call, ("hang",))
        lost = None
        try:
            response, counted, items = self._answer(ask, call, request.headers.get("authorization", ""))
            lost = self.kernel.faults.take(SIDE, call, ("lost_after",))
        except Dropped:
            self._note(ask, target, 0, False, 1)
            raise
        self._note(ask, target, 0 if lost else response.status_code, counted, items)
        if lost:
            raise Dropped
        if hang:
            raise Hang(hang.ms, response)
        return response

    def _note(self, ask: Ask, target: str, status: int, counted: bool, items: int) -> None:
        self.kernel.log.add(self.clock.now(), SIDE, ask.method, target, status, counted, items)

    def _answer(self, ask: Ask, call: str, authorization: str) -> tuple[httpx.Response, bool, int]:
        """The response, whether it counts, and how many records it was about."""
        entry: Route | None = None
        counted = False
        try:
            found = canonical(ask.path)
            if found is None:
                raise errors.not_found_page()
            ask.version, parts = found
            entry, values = self._router.find(ask.method, parts)
            if not entry.open:
                self._admit(ask, authorization)
            fault = self.kernel.faults.take(SIDE, call, _BEFORE)
            if fault:
                self._strike(fault, ask, entry)
            if not entry.open:
                assert ask.token is not None
                self.auth.allow(ask.token, needed(self, entry, values))
                self.limits.take(ask.token, entry.bucket, self.limits_on)
                counted = not ask.token.oauth
            answer = self._run(entry, ask, values, call)
        except Refusal as refusal:
            return self._refused(refusal, ask, entry), counted, 1
        return self._answered(answer, ask, entry, call), counted, answer.items

    def _admit(self, ask: Ask, authorization: str) -> None:
        ask.token = self.auth.check(authorization)
        ask.caller = Caller("integration", str(ask.token.app_id))
        self.withheld = frozenset() if "sales-email-read" in ask.token.scopes else _BODIES

    def _run(self, entry: Route, ask: Ask, values: list[str], call: str) -> Answer:
        fault = self.kernel.faults.standing(SIDE, "reject")
        if fault is None or (fault.path and not _searched(fault.path, call)):
            return entry.handler(self, ask, *values)
        self.begin_rejecting(fault)
        try:
            return entry.handler(self, ask, *values)
        finally:
            self.begin_rejecting(None)

    def _strike(self, fault: Fault, ask: Ask, entry: Route) -> None:
        """Raises what the fault asks for."""
        if fault.kind == "lost_before":
            raise Dropped
        if fault.kind == "html":
            raise Refusal(fault.status, f"<html><body><h1>{fault.status} Server Error</h1></body></html>")
        if fault.kind == "lock" or fault.status == 423:
            raise errors.refuse(423, fault.message or "The record is locked by another operation", "LOCKED")
        if fault.kind == "expire":
            self._expire(ask.token)
        if fault.kind == "daily_limit" or fault.code == "daily":
            raise errors.daily_limit()
        if fault.kind == "rate_limit":
            if ask.token is None:
                body = {"status": "RATE_LIMIT", "message": "You have reached your rate limit."}
                raise Refusal(429, body, {"Retry-After": "1"})
            bucket = fault.code if fault.code in ("search", "ten_secondly") else entry.bucket
            refusal = self.limits.refusal(ask.token, bucket)
            if fault.ms:
                refusal.headers["Retry-After"] = str(max(1, fault.ms // 1000))
            raise refusal
        if fault.kind == "error":
            headers = {"Retry-After": str(max(1, fault.ms // 1000))} if fault.status == 477 or fault.ms else {}
            refusal = errors.refuse(fault.status, fault.message or "internal error")
            refusal.headers.update(headers)
            raise refusal

    def _expire(self, token: Token | None) -> None:
        if token is not None and token.oauth:
            token.expires = self.clock.now() - 1000
            raise errors.expired_token(1)
        raise errors.no_token()

    def _refused(self, refusal: Refusal, ask: Ask, entry: Route | None) -> httpx.Response:
        html = isinstance(refusal.body, str)
        if isinstance(refusal.body, str):
            content = refusal.body.encode()
        else:
            body = refusal.body
            for name in ("correlationId", "requestId"):
                if name in body:
                    body[name] = self.auth.secret()
            content = orjson.dumps(body)
        return self._respond(refusal.status, content, _TYPES[html], ask, entry, refusal.headers)

    def _answered(self, answer: Answer, ask: Ask, entry: Route, call: str) -> httpx.Response:
        content = b"" if answer.body is None else orjson.dumps(answer.body)
        if entry.handler in (objects.list_page, search.search):
            content = self._paged(ask, call, content)
        return self._respond(answer.status, content, _TYPES[False], ask, entry, {})

    def _paged(self, ask: Ask, call: str, content: bytes) -> bytes:
        """The page, or with the fault `duplicate_page` the one before it once more."""
        before = self._last_page.get(ask.path)
        if before is not None and self.kernel.faults.take(SIDE, call, ("duplicate_page",)):
            return before
        if any(f.kind == "duplicate_page" for f in self.kernel.faults.active):
            self._last_page[ask.path] = content
        return content

    def _respond(
        self, status: int, content: bytes, kind: str, ask: Ask, entry: Route | None, more: dict[str, str]
    ) -> httpx.Response:
        headers = {"Date": formatdate(self.clock.now() / 1000, usegmt=True)}
        if content or status != 204:
            headers["Content-Type"] = kind
        if entry is not None and ask.token is not None and entry.bucket != "none":
            headers.update(self.limits.headers(ask.token, entry.bucket))
        headers.update(more)
        return httpx.Response(status, headers=headers, content=content)


def _searched(pattern: str, call: str) -> bool:
    return re.search(pattern, call) is not None
