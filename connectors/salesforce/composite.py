"""The careful road: up to 25 updates in one call, each on condition that its record has not changed since.

`If-Unmodified-Since` is honoured on single rows (REST guide, Conditional Request Headers) and answered with 412.
Whether a subrequest honours it everywhere is not documented, so the writer looks at the stamps before as well.  The
same call reads the records back while there is room for a query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.port import Stale, Unknown, Write
from connectors.salesforce import paths, soql
from connectors.salesforce.answers import Declined, complaints
from connectors.salesforce.api import Api
from connectors.salesforce.collection import plain, rows_of, write_headers
from connectors.salesforce.rows import Shape
from connectors.salesforce.values import http_date, long_id
from connectors.salesforce.verdicts import Done, Halted, Verdict, attempt, of, of_system

MOST = 25
MOST_QUERIES = 5


class Composite:
    """Updates a few records of any objects."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._headers = write_headers(api.settings)

    def run(self, writes: Sequence[Write], shapes: Mapping[str, Shape]) -> list[Verdict]:
        """One verdict each, for at most `MOST` updates; `shapes` say what to read back."""
        return attempt(lambda: self._call(writes, shapes), len(writes))

    def _call(self, writes: Sequence[Write], shapes: Mapping[str, Shape]) -> list[Verdict]:
        parts = [self._update(n, write) for n, write in enumerate(writes)]
        parts += self._read_back(writes, shapes)
        try:
            results = self._api.compose(parts)
        except Declined as no:
            error = of_system(no)
            if error is not None:
                return [Halted(error)] * len(writes)
            if len(writes) == 1:
                return [of(writes[0], no.complaints)]
            middle = len(writes) // 2
            return self.run(writes[:middle], shapes) + self.run(writes[middle:], shapes)
        rows = rows_of(results)
        return [_verdict(write, results.get(f"w{n}"), rows) for n, write in enumerate(writes)]

    def _update(self, n: int, write: Write) -> dict[str, Any]:
        assert write.id is not None, "only updates take this road"
        headers = dict(self._headers)
        if write.unless_changed_since is not None:
            headers["If-Unmodified-Since"] = http_date(write.unless_changed_since)
        return {
            "method": "PATCH",
            "url": self._api.paths.row(write.object, write.id),
            "referenceId": f"w{n}",
            "httpHeaders": headers,
            "body": plain(write),
        }

    def _read_back(self, writes: Sequence[Write], shapes: Mapping[str, Shape]) -> list[dict[str, Any]]:
        queries: list[dict[str, Any]] = []
        for object in dict.fromkeys(write.object for write in writes):
            ids = [write.id for write in writes if write.object == object and write.id]
            url = self._api.paths.query(shapes[object].ask(soql.is_in("Id", ids)))
            queries.append({"method": "GET", "url": url, "referenceId": f"q{len(queries)}"})
        too_long = any(len(query["url"]) > paths.LONGEST_URL for query in queries)
        too_many = len(queries) > MOST_QUERIES or len(writes) + len(queries) > MOST
        return [] if too_long or too_many else queries


def _verdict(write: Write, part: dict[str, Any] | None, rows: Mapping[str, dict[str, Any]]) -> Verdict:
    if part is None:
        return Unknown("Salesforce gave no result for this record")
    status = part["httpStatusCode"]
    if status < 300:
        id = long_id(str(write.id))
        return Done(id, rows.get(id))
    if status == 412:
        return Stale(reason="changed since")
    if status >= 500:
        return Unknown(f"Salesforce failed ({status}) on this record")
    return of(write, complaints(part["body"]))
