"""How the vendors' client libraries ride through the door.

hubspot-api-client gets a stand-in for the urllib3 pool below its generated code; simple-salesforce gets a transport
adapter for its requests session.  Neither library's own retries, time-outs or tokens remain in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from connectors.door.door import Door


class Answered(Exception):  # noqa: N818 - an answer, not an error
    """An answer other than 2xx, taken past the generated code, whose exception classes share no base."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class PoolAnswer:
    """What the generated code reads of a urllib3 response."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.reason = response.reason_phrase
        self.headers = response.headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self.response.content

    def getheaders(self) -> httpx.Headers:
        """All headers."""
        return self.response.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """One header."""
        value: str | None = self.response.headers.get(name, default)
        return value


class DoorPool:
    """Stands in for `ApiClient.rest_client.pool_manager` of hubspot-api-client.

    `rewrite` changes a path before it is sent (dated API versions).  Raises `Answered` for any status but 2xx.
    """

    def __init__(self, door: Door, rewrite: Callable[[str], str] = lambda path: path) -> None:
        self._door = door
        self._rewrite = rewrite

    def request(
        self,
        method: str,
        url: str,
        *,
        fields: Any = None,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> PoolAnswer:
        """As `urllib3.PoolManager.request`, as far as the generated code uses it."""
        parts = urlsplit(url)
        path = self._rewrite(parts.path)
        content = body or b""
        query = parts.query
        if fields and method in ("GET", "HEAD", "DELETE"):
            query = urlencode(fields)
        elif fields:
            content = urlencode(fields)
        kept = {name: value for name, value in (headers or {}).items() if name.lower() == "content-type"}
        response = self._door.call(method, f"{path}?{query}" if query else path, content=content, headers=kept)
        if not 200 <= response.status_code <= 299:
            raise Answered(response)
        return PoolAnswer(response)


class DoorAdapter(BaseAdapter):
    """A requests transport adapter: `session.mount("https://", DoorAdapter(door))`.

    simple-salesforce writes https:// before every host; a host that the door allows only as http (a stand-in on
    loopback) is called as http.  With `sign` the door's token replaces the library's `Authorization`.
    """

    def __init__(self, door: Door, *, sign: bool = True) -> None:
        super().__init__()
        self._door = door
        self._sign = sign

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send through the door; its exceptions pass through requests untouched."""
        assert request.url is not None and request.method is not None
        headers = dict(request.headers or {})
        headers.pop("Content-Length", None)
        answer = self._door.call(
            request.method,
            self._address(request.url),
            content=request.body or b"",
            headers=headers,
            signed=self._sign,
        )
        return _as_requests(request, answer)

    def close(self) -> None:
        """The door stays open: others use it."""

    def _address(self, url: str) -> str:
        plain = urlsplit(url)._replace(scheme="http").geturl()
        return plain if self._door.allows(plain) and not self._door.allows(url) else url


def _as_requests(request: requests.PreparedRequest, answer: httpx.Response) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status_code
    response.headers = CaseInsensitiveDict(answer.headers)
    response.headers.pop("content-encoding", None)  # the body is decoded already
    response.encoding = answer.encoding or "utf-8"
    response.reason = answer.reason_phrase
    response.url = request.url or ""
    response.request = request
    response._content = answer.content
    response.raw = BytesIO(answer.content)
    return response
