"""Bulk API 2.0 query: a job whose rows come as CSV, page by page (Bulk 2.0 guide, Get Results for a Query Job)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.api import bulk_csv
from sandbox.salesforce.api.queries import answer
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer, no_content
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.soql import Column, Result

MOST_ROWS = 250_000
"""Rows of one page unless the caller asks for fewer."""


@dataclass(slots=True)
class QueryJob:
    """A query whose answer is complete as soon as it was asked; its state follows the clock."""

    id: str
    operation: str
    text: str
    delimiter: str
    ending: str
    made: int
    user_id: str
    version: float
    result: Result
    state: str = "UploadComplete"

    def info(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.result.object,
            "createdById": self.user_id,
            "createdDate": datetime_text(self.made),
            "systemModstamp": datetime_text(self.made),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": self.version,
            "lineEnding": self.ending,
            "columnDelimiter": self.delimiter,
        }


def create(platform: Platform, call: Call) -> Answer:
    """`POST /jobs/query {"operation", "query"}`."""
    wish = call.json_object()
    operation = wish.get("operation")
    if operation not in ("query", "queryAll"):
        raise ApiError(400, "INVALIDJOB", f"Unsupported operation: {operation}")
    delimiter, ending = wish.get("columnDelimiter", "COMMA"), wish.get("lineEnding", "LF")
    if delimiter not in bulk_csv.DELIMITERS or ending not in bulk_csv.ENDINGS:
        raise ApiError(400, "INVALIDJOB", "columnDelimiter or lineEnding is not one of the allowed values")
    text = str(wish.get("query", ""))
    result = answer(platform, call, text, operation == "queryAll")
    check(platform, text, result)
    job = QueryJob(
        platform.next_id("750"), operation, text, delimiter, ending, platform.now, call.user_id, call.version, result
    )
    platform.jobs[job.id] = job
    return json_answer(job.info())


def check(platform: Platform, text: str, result: Result) -> None:
    """Bulk queries know no aggregates, no OFFSET, no subqueries and no compound fields."""
    if any(c.aggregate for c in result.columns) or result.object not in platform.org.objects:
        raise ApiError(400, "API_ERROR", "Aggregate Relationships not supported in Bulk V2 Query with CSV content type")
    fields = platform.org.objects[result.object].fields
    if any(c.name in fields and fields[c.name].type == "address" for c in result.columns):
        raise ApiError(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
    if " offset " in f" {text.lower()} ":
        raise ApiError(400, "API_ERROR", "OFFSET is not supported in Bulk V2 Query")


def find(platform: Platform, job_id: str) -> QueryJob:
    job = platform.jobs.get(job_id)
    if not isinstance(job, QueryJob):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if job.state in ("UploadComplete", "InProgress"):
        job.state = "JobComplete" if platform.now - job.made >= platform.settings.bulk_ms else "InProgress"
    return job


def read(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET /jobs/query/id`."""
    job = find(platform, job_id)
    done = job.state == "JobComplete"
    more = {
        "jobType": "V2Query",
        "numberRecordsProcessed": len(job.result) if done else 0,
        "retries": 0,
        "totalProcessingTime": 100 if done else 0,
        "isPkChunkingSupported": True,
    }
    return json_answer(job.info() | more)


def change(platform: Platform, call: Call, job_id: str) -> Answer:
    """`PATCH {"state": "Aborted"}`."""
    job = find(platform, job_id)
    if call.json_object().get("state") != "Aborted" or job.state == "JobComplete":
        raise ApiError(400, "INVALIDJOBSTATE", f"The job is {job.state} and cannot be changed so")
    job.state = "Aborted"
    return json_answer(job.info())


def delete(platform: Platform, call: Call, job_id: str) -> Answer:
    """`DELETE /jobs/query/id` → 204."""
    find(platform, job_id)
    del platform.jobs[job_id]
    return no_content()


def listing(platform: Platform, call: Call) -> Answer:
    """`GET /jobs/query`."""
    jobs = [job.info() | {"jobType": "V2Query"} for job in platform.jobs.values() if isinstance(job, QueryJob)]
    return json_answer({"done": True, "records": jobs, "nextRecordsUrl": None})


def results(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET /jobs/query/id/results?maxRecords=&locator=`."""
    job = find(platform, job_id)
    if call.version != job.version:
        raise ApiError(409, "API_ERROR", "The API version differs from the one that the job was made with")
    if job.state != "JobComplete":
        raise ApiError(400, "INVALIDJOBSTATE", f"The job is {job.state}; there are no results yet")
    start = _start(call.query.get("locator", ""))
    asked = call.query.get("maxRecords", "")
    size = min(int(asked), MOST_ROWS) if asked.isdigit() and int(asked) else MOST_ROWS
    records = job.result.page(start, size)
    end = start + len(records)
    following = _locator(end) if end < len(job.result) else "null"
    if platform.troubles.take("duplicate_page") is not None and start:
        following = _locator(start)
    call.items = len(records)
    return Answer(
        200,
        bulk_csv.write(table(job.text, job.result, records), job.delimiter, job.ending),
        {"Content-Type": "text/csv", "Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(records))},
    )


def table(text: str, result: Result, records: list[dict[str, Any]]) -> list[Sequence[str]]:
    """Records as CSV shows them, under a header with the paths of the selected fields."""
    paths = _leaves(text, result.columns)
    rows = zip(*(_column(records, path) for path in paths), strict=True)
    return [[".".join(path) for path in paths], *rows]


def _leaves(text: str, columns: tuple[Column, ...], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every selected field, in the order of the SELECT list."""
    found: list[tuple[str, ...]] = []
    for column in columns:
        path = (*before, column.name)
        found += _leaves("", column.joins, path) if column.joins else [path]
    listed = re.sub(r"\s", "", text.lower().partition(" from ")[0].strip().removeprefix("select")).split(",")
    place = {name: n for n, name in enumerate(listed)}
    return sorted(found, key=lambda path: place.get(".".join(path).lower(), len(listed)))


def _column(records: list[dict[str, Any]], path: tuple[str, ...]) -> list[str]:
    """One column as it is written; plain text, which most values are, takes the short way."""
    name = path[0]
    values = [r[name] for r in records] if len(path) == 1 else [_value(r, path) for r in records]
    return [v if v.__class__ is str and v[-5:] != "+0000" else bulk_csv.shown(v) for v in values]


def _value(record: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = record
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _start(locator: str) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (binascii.Error, ValueError):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from None
