"""Bulk API 2.0 query: the road for listings of hundreds of thousands of rows.

A job runs on the server for seven days at most; its pages are fetched by locator, so a stopped listing goes on where
it was.  Cells are text: they are turned into the values that REST would have given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import SchemaChanged, Unavailable
from connectors.salesforce.answers import Complaint, Declined, explain
from connectors.salesforce.api import Api
from connectors.salesforce.csvfile import table
from connectors.salesforce.values import from_csv

PAGE_ROWS = 10_000
LONGEST_WAIT = 30.0
"""Seconds between looks at a running job."""
PATIENCE = 4 * 3_600_000
"""Ms after which a job that does not end is left to a later run."""


class BulkQuery:
    """Starts, awaits and reads query jobs."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def start(self, query: str) -> str:
        """The id of a new job over live, binned and archived rows."""
        body = {"operation": "queryAll", "query": query}
        return str(self._api.post(self._api.paths.bulk_query, body, "start a bulk query")["id"])

    def wait(self, job: str) -> bool:
        """True when the results are ready, False when the job is gone (results are kept for seven days)."""
        clock = self._api.door.clock
        until, pause = clock.now_ms() + PATIENCE, 1.0
        while True:
            try:
                state = self._api.get(self._api.paths.job("query", job), "look at a bulk query")
            except SchemaChanged:  # 404: purged
                return False
            if state["state"] == "JobComplete":
                return True
            if state["state"] in ("Failed", "Aborted"):
                raise _failure(str(state.get("errorMessage") or state["state"]))
            if clock.now_ms() >= until:
                raise Unavailable("Salesforce has not finished a bulk query in four hours; it is taken up again later")
            clock.sleep(pause)
            pause = min(pause * 2, LONGEST_WAIT)

    def results(self, job: str, locator: str, types: Mapping[str, str]) -> Iterator[tuple[list[dict[str, Any]], str]]:
        """Pages of rows, each with the locator of the next page (empty after the last)."""
        while True:
            path = f"{self._api.paths.job('query', job, 'results')}?maxRecords={PAGE_ROWS}"
            if locator:
                path += f"&locator={locator}"
            answer = self._api.csv(path, "fetch the results of a bulk query")
            locator = answer.headers.get("sforce-locator", "null")
            locator = "" if locator == "null" else locator
            yield _rows(answer.text, types), locator
            if not locator:
                return


def _rows(text: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    header, cells = table(text)
    convert = [from_csv(types.get(name, "string")) for name in header]
    typed = [(name, work) for name, work in zip(header, convert, strict=True) if work is not None]
    rows = []
    for line in cells:
        row: dict[str, Any] = {name: cell or None for name, cell in zip(header, line, strict=True)}
        for name, work in typed:
            cell = row[name]
            if cell is not None:
                row[name] = work(cell)
        rows.append(row)
    return rows


def _failure(message: str) -> Exception:
    # The message holds our query and names of fields, no values of records.
    return explain(Declined(400, (Complaint(message.partition(":")[0].strip(), message),)), "run a bulk query")
