"""Calls to Salesforce, each through the door: raw bytes where speed matters, simple-salesforce where it does not.

The library holds no credentials and never signs in: the door puts the token on every request and renews it.  We read
rows from the bytes ourselves, because the library reads GET queries only, asks for pretty-printed bodies and builds
an ordered dict of every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson
import requests
from simple_salesforce.api import Salesforce as Library
from simple_salesforce.exceptions import SalesforceError

from connectors.door import Door, DoorAdapter, Route, Token
from connectors.errors import Misconfigured, Unauthorised, Unavailable
from connectors.salesforce import paths
from connectors.salesforce.answers import Declined, complaints, declined, explain, parsed
from connectors.salesforce.auth import SignIn
from connectors.salesforce.manners import SalesforceManners
from connectors.salesforce.settings import Settings

_COMMON = {"sforce-call-options": "client=smarketing"}
_READING = {**_COMMON, "sforce-query-options": "batchSize=2000"}
_COMPOSITE_READ = Route("POST /composite (query)", repeatable=True)

READ_SECONDS = 180.0
"""A query may run for two minutes before Salesforce gives it up."""
WRITE_SECONDS = 600.0
"""Salesforce ends a call after ten minutes; to stop waiting sooner would leave a write in flight."""


class Api:
    """One org, signed in.  Reads raise what `connectors.errors` names; writes may also raise `Declined`."""

    def __init__(self, settings: Settings, door: Door, on_token: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        self.door = door
        self.paths = paths.Paths(settings.version)
        self.sign_in = SignIn(settings, door, on_token)
        door.manners = SalesforceManners()
        door.token = Token(fetch=self.sign_in.fetch)
        self._library: Library | None = None
        self._library_url = ""

    # -- reading -----------------------------------------------------------------------------------------------

    def get(self, path: str, doing: str) -> Any:
        """The JSON of a GET; `doing` completes the sentence "Salesforce refused to …"."""
        return _json(self._read("GET", path, doing, headers=_READING), doing)

    def post(self, path: str, body: Any, doing: str) -> Any:
        """The JSON of a POST that only reads."""
        return _json(self._read("POST", path, doing, json=body, headers=_READING), doing)

    def csv(self, path: str, doing: str) -> httpx.Response:
        """A Bulk 2.0 result."""
        return self._read("GET", path, doing, headers={**_COMMON, "accept": "text/csv"})

    def query(self, soql: str, doing: str, *, everything: bool = False) -> Any:
        """The first page of a query; `everything` shows deleted and archived rows too."""
        path = self.paths.query(soql, everything=everything)
        if len(path) <= paths.LONGEST_URL:
            return self.get(path, doing)
        body = {
            "allOrNone": False,
            "compositeRequest": [{"method": "GET", "url": path, "referenceId": "rows"}],
        }
        answer = self._read("POST", self.paths.composite, doing, json=body, headers=_READING, route=_COMPOSITE_READ)
        return _part(_json(answer, doing)["compositeResponse"][0], doing)

    def more(self, path: str, doing: str) -> Any | None:
        """The next page of a query, or None when Salesforce has lost its place (a locator lives for days at most)."""
        self.ready()
        answer = self.door.call("GET", path, headers=_READING, read_timeout=READ_SECONDS)
        if answer.status_code < 300:
            return _json(answer, doing)
        no = declined(answer)
        if no.first.code == "INVALID_QUERY_LOCATOR":
            return None
        raise explain(no, doing)

    def rows(self, soql: str, doing: str, *, everything: bool = False) -> Iterator[dict[str, Any]]:
        """All rows of a query."""
        page = self.query(soql, doing, everything=everything)
        while True:
            yield from page["records"]
            if page.get("done", True):
                return
            page = self.get(page["nextRecordsUrl"], doing)

    def whole(self, rows: Sequence[dict[str, Any]], children: Sequence[str], doing: str) -> None:
        """Bring what a subquery did not: Salesforce pages the rows inside a row as well."""
        for row in rows if children else ():
            for inner in row.values():
                while isinstance(inner, dict) and inner.get("done") is False:
                    page = self.get(inner["nextRecordsUrl"], doing)
                    inner["records"] += page["records"]
                    inner["done"], inner["nextRecordsUrl"] = page.get("done", True), page.get("nextRecordsUrl")

    def pair(self, first: str, second: str, doing: str) -> tuple[Any, Any]:
        """The first pages of two queries of everything, in one call."""
        parts = [
            {"method": "GET", "url": self.paths.query(query, everything=True), "referenceId": name}
            for name, query in (("rows", first), ("more", second))
        ]
        body = {"allOrNone": False, "compositeRequest": parts}
        answer = self._read("POST", self.paths.composite, doing, json=body, headers=_READING, route=_COMPOSITE_READ)
        found = {part["referenceId"]: part for part in _json(answer, doing)["compositeResponse"]}
        return _part(found["rows"], doing), _part(found["more"], doing)

    def _read(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] = _COMMON,
        route: Route | None = None,
    ) -> httpx.Response:
        self.ready()
        answer = self.door.call(method, path, json=json, headers=headers, route=route, read_timeout=READ_SECONDS)
        if answer.status_code >= 300:
            raise explain(declined(answer), doing)
        return answer

    def user(self) -> dict[str, Any]:
        """Who we are."""
        info: dict[str, Any] = self.get(paths.USERINFO, "say who we are")
        return info

    def user_id(self) -> str:
        """The id of the user we act as."""
        self.ready()
        return self.sign_in.user_id or str(self.user()["user_id"])

    def org_id(self) -> str:
        """The id of the org: its first 15 characters, which every form of it has.  Empty where we may not ask."""
        self.ready()
        try:
            id = self.sign_in.org_id or next(self.rows("SELECT Id FROM Organization", "name the org"))["Id"]
        except (Misconfigured, Unauthorised, StopIteration):
            return ""
        return str(id)[:15]

    # -- writing -----------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Any:
        """Change something; the JSON of the answer.

        Raises `Declined` (nothing happened, for a reason), else as `Door.call`: `NoAnswer` means perhaps.
        """
        self.ready()
        answer = self.door.call(
            method,
            path,
            json=body,
            content=content,
            headers={**_COMMON, **(headers or {})},
            read_timeout=WRITE_SECONDS,
        )
        if answer.status_code >= 300:
            raise declined(answer)
        return parsed(answer.content) if answer.content else None

    def compose(self, parts: Sequence[Mapping[str, Any]], *, together: bool = False) -> dict[str, dict[str, Any]]:
        """Subrequests in one call, carried out in order and independent of each other, or all or none of them; their
        answers by reference."""
        body = {"allOrNone": together, "collateSubrequests": False, "compositeRequest": parts}
        answer = self.send("POST", self.paths.composite, body)
        given = answer.get("compositeResponse") if isinstance(answer, dict) else None
        return {part["referenceId"]: part for part in given or ()}

    # -- the library -------------------------------------------------------------------------------------------

    def ask(self, doing: str, work: Callable[[Library], Any]) -> Any:
        """Something rare, by simple-salesforce; its exceptions become ours."""
        try:
            return self.change(work)
        except Declined as no:
            raise explain(no, doing) from None
        except requests.JSONDecodeError:
            raise Unavailable(f"Salesforce could not {doing}: the answer is not JSON") from None

    def change(self, work: Callable[[Library], Any]) -> Any:
        """The same for a change: raises `Declined` when it is refused."""
        try:
            return work(self._ride())
        except SalesforceError as error:
            raise _from_library(error) from None

    def ready(self) -> None:
        """Have a token, so that the door leads to the right instance before an address is made."""
        token = self.door.token
        assert token is not None
        token.get(self.door.clock.now_ms())

    def _ride(self) -> Library:
        self.ready()
        if self._library is None or self._library_url != self.door.base_url:
            session = requests.Session()
            session.trust_env = False
            session.mount("https://", DoorAdapter(self.door))
            self._library_url = self.door.base_url
            self._library = Library(
                session_id="held by the door",
                instance_url=self._library_url,
                version=self.settings.version,
                session=session,
            )
            self._library.headers = {"Content-Type": "application/json", **_COMMON}
        return self._library


def _json(answer: httpx.Response, doing: str) -> Any:
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise Unavailable(f"Salesforce could not {doing}: the answer is not JSON") from None


def _part(part: Mapping[str, Any], doing: str) -> Any:
    """The body of one answer in a composite."""
    if part["httpStatusCode"] >= 300:
        raise explain(Declined(part["httpStatusCode"], complaints(part["body"])), doing)
    return part["body"]


def _from_library(error: SalesforceError) -> Declined:
    return Declined(error.status, complaints(error.content))
