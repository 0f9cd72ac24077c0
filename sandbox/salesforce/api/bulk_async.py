"""Bulk API 1.0, `/services/async/NN.0/job…`: older than 2.0, in use by every client that says just "bulk".

A job has batches, and each batch its own results in the order of its rows.  What is about a job comes as JSON to whom
writes JSON, and as XML otherwise; what is about a batch follows the content type of its job.  Batches are carried out
as they come (Bulk API guide).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import orjson

from sandbox.kernel import Caller
from sandbox.salesforce.api import bulk_csv, bulk_query, queries
from sandbox.salesforce.api.bulk_ingest import OPERATIONS, applied
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.soql import Result
from sandbox.salesforce.times import parse_datetime, zulu

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
QUERIES = ("query", "queryAll")
MOST_ROWS = 10_000
"""Of one batch."""
_CODES = {"INVALID_SESSION_ID": "InvalidSessionId", "REQUEST_LIMIT_EXCEEDED": "ExceededQuota"}
_STATES = ("Open", "Closed", "Aborted")
_NO_TIMES = {"totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0}
_DATETIME_LENGTH = len("2026-01-31T12:34:56.000+0000")


@dataclass(slots=True)
class AsyncBatch:
    """One upload and what became of it: an entry for each row, or the answer to a query."""

    id: str
    job_id: str
    request: bytes
    made: int
    state: str = "Completed"
    message: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    result: Result | None = None
    result_id: str = ""

    @property
    def refused(self) -> int:
        return sum(not item["success"] for item in self.items)

    def info(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": self.id, "jobId": self.job_id, "state": self.state}
        if self.message:
            shown["stateMessage"] = self.message
        return shown | {
            "createdDate": _moment(self.made),
            "systemModstamp": _moment(self.made),
            "numberRecordsProcessed": len(self.items) if self.result is None else len(self.result),
            "numberRecordsFailed": self.refused,
            **_NO_TIMES,
        }


@dataclass(slots=True)
class AsyncJob:
    """One job."""

    id: str
    object: str
    operation: str
    key: str | None
    content: str
    made: int
    user_id: str
    version: float
    state: str = "Open"
    batches: dict[str, AsyncBatch] = field(default_factory=dict)

    def info(self) -> dict[str, Any]:
        states = [batch.state for batch in self.batches.values()]
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": _moment(self.made),
            "systemModstamp": _moment(self.made),
            "state": self.state,
        }
        if self.key:
            shown["externalIdFieldName"] = self.key
        return shown | {
            "concurrencyMode": "Parallel",
            "contentType": self.content,
            "numberBatchesQueued": 0,
            "numberBatchesInProgress": 0,
            "numberBatchesCompleted": states.count("Completed"),
            "numberBatchesFailed": states.count("Failed"),
            "numberBatchesTotal": len(states),
            "numberRecordsProcessed": sum(b.info()["numberRecordsProcessed"] for b in self.batches.values()),
            "numberRetries": 0,
            "apiVersion": self.version,
            "numberRecordsFailed": sum(b.refused for b in self.batches.values()),
            **_NO_TIMES,
        }


def dispatch(platform: Platform, call: Call, segments: tuple[str, ...]) -> Answer:
    """Answer a call by the segments that follow the version."""
    match call.method, *segments:
        case ["POST", "job"]:
            return _create(platform, call)
        case ["GET" | "POST", "job", job_id]:
            return _job(call, _find(platform, job_id))
        case ["GET" | "POST", "job", job_id, "batch"]:
            return _batches(platform, call, _find(platform, job_id))
        case ["GET", "job", job_id, "batch", batch_id, *rest]:
            job = _find(platform, job_id)
            return _batch(call, job, _one_of(job, batch_id), rest)
    raise _no("InvalidUrl", f"Destination URL not found: {call.path}", 404)


def refusal(call: Call, refused: ApiError) -> Answer:
    """As these resources say no: by code and message, 400 also where REST says 401."""
    code = _CODES.get(refused.code, refused.code)
    message = "Invalid session id" if code == "InvalidSessionId" else refused.message
    body = {"exceptionCode": code, "exceptionMessage": message}
    return _told(_asked_json(call), "error", body, 400 if refused.status in (401, 403) else refused.status)


def _no(code: str, message: str, status: int = 400) -> ApiError:
    return ApiError(status, code, message)


def _find(platform: Platform, job_id: str) -> AsyncJob:
    job = platform.jobs.get(job_id)
    if not isinstance(job, AsyncJob):
        raise _no("InvalidJob", f"Unable to find object: {job_id}")
    return job


def _one_of(job: AsyncJob, batch_id: str) -> AsyncBatch:
    if batch_id not in job.batches:
        raise _no("InvalidBatch", f"Unable to find batch: {batch_id}")
    return job.batches[batch_id]


# Jobs.


def _wish(call: Call) -> dict[str, Any]:
    if _asked_json(call):
        return call.json_object()
    if b"<!DOCTYPE" in call.body or b"<!ENTITY" in call.body:
        raise _no("InvalidJob", "A document type is not allowed")
    try:
        document = ElementTree.fromstring(call.body)  # noqa: S314  entities are refused above
    except ElementTree.ParseError as error:
        raise _no("InvalidJob", f"Unable to parse Job: {error}") from None
    return {element.tag.rpartition("}")[2]: element.text for element in document}


def _create(platform: Platform, call: Call) -> Answer:
    wish = _wish(call)
    operation, content = str(wish.get("operation", "")), str(wish.get("contentType") or "XML")
    meta = platform.org.seen(str(wish.get("object", "")), call.user_id)
    if operation not in (*OPERATIONS, *QUERIES):
        raise _no("InvalidJob", f"Invalid operation: {operation}")
    if meta is None or meta.tooling:
        raise _no("InvalidJob", f"Unable to find object: {wish.get('object')}")
    if content not in ("CSV", "JSON"):
        raise _no("InvalidJob", f"Content type {content} is not offered here; there are CSV and JSON")
    key = wish.get("externalIdFieldName")
    if operation == "upsert" and not key:
        raise _no("InvalidJob", "External ID was blank for an upsert")
    job = AsyncJob(
        platform.next_id("750"), meta.name, operation, key, content, platform.now, call.user_id, call.version
    )
    platform.jobs[job.id] = job
    return _told(_asked_json(call), "jobInfo", job.info(), 201)


def _job(call: Call, job: AsyncJob) -> Answer:
    if call.method == "POST":
        wanted = _wish(call).get("state")
        if wanted not in _STATES or job.state != "Open":
            raise _no("InvalidJobState", f"The job is {job.state} and cannot become {wanted}")
        job.state = str(wanted)
    return _told(_asked_json(call), "jobInfo", job.info())


# Batches.


def _batches(platform: Platform, call: Call, job: AsyncJob) -> Answer:
    if call.method == "GET":
        infos = [batch.info() for batch in job.batches.values()]
        return _told(job.content == "JSON", "batchInfoList", {"batchInfo": infos})
    if job.state != "Open":
        raise _no("InvalidJobState", f"Unable to add a batch: the job is {job.state}")
    batch = AsyncBatch(platform.next_id("751"), job.id, call.body, platform.now)
    job.batches[batch.id] = batch
    work = _ask if job.operation in QUERIES else _carry_out
    try:
        work(platform, call, job, batch)
    except (ApiError, bulk_csv.BadUpload) as bad:
        batch.state, batch.message = "Failed", f"InvalidBatch : {getattr(bad, 'message', bad)}"
    return _told(job.content == "JSON", "batchInfo", batch.info(), 201)


def _ask(platform: Platform, call: Call, job: AsyncJob, batch: AsyncBatch) -> None:
    text = batch.request.decode("utf-8", "replace")
    result = queries.answer(platform, call, text, job.operation == "queryAll")
    bulk_query.check(platform, text, result)
    batch.result, batch.result_id = result, platform.next_id("752")


def _carry_out(platform: Platform, call: Call, job: AsyncJob, batch: AsyncBatch) -> None:
    meta, records = platform.org.objects[job.object], _records(job, batch)
    call.items = len(records)
    writer = Writer(
        Caller("integration", job.user_id),
        job.user_id,
        sees=job.user_id,
        textual=job.content == "CSV",
        refuse=platform.troubles.for_call(),
    )
    seen: set[str] = set()
    for number, record in enumerate(records):
        if number % 200 == 0:
            seen = set()
        one = _bound(platform, job, meta, record, writer, seen)
        try:
            record_id, made = platform.store.attempt(one)
        except RecordError as refused:
            error = refused.item() | {"extendedErrorDetails": None, "line": refused.line()}
            batch.items.append({"success": False, "created": False, "id": None, "errors": [error]})
        else:
            batch.items.append({"success": True, "created": made, "id": record_id, "errors": []})


def _bound(
    platform: Platform, job: AsyncJob, meta: Any, record: dict[str, Any], writer: Writer, seen: set[str]
) -> Callable[[], tuple[str, bool]]:
    return lambda: applied(platform, job.operation, job.key, meta, record, writer, seen)


def _records(job: AsyncJob, batch: AsyncBatch) -> list[dict[str, Any]]:
    if job.content == "CSV":
        header, rows = bulk_csv.read(batch.request.decode("utf-8", "replace"), "COMMA")
        records = [bulk_csv.given(header, row) for row in rows]
    else:
        try:
            records = orjson.loads(batch.request)
        except orjson.JSONDecodeError as error:
            raise bulk_csv.BadUpload(f"Failed to parse JSON: {error}") from None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise bulk_csv.BadUpload("Failed to parse JSON: an array of objects is needed")
    if len(records) > MOST_ROWS:
        raise bulk_csv.BadUpload(f"Records limit exceeded: a batch holds at most {MOST_ROWS} records")
    return records


def _batch(call: Call, job: AsyncJob, batch: AsyncBatch, rest: list[str]) -> Answer:
    as_json = job.content == "JSON"
    match rest:
        case []:
            return _told(as_json, "batchInfo", batch.info())
        case ["request"]:
            return Answer(200, batch.request, _type(job))
        case ["result"] if job.operation in QUERIES:
            found = [batch.result_id] if batch.result is not None else []
            return _json(found) if as_json else _told(False, "result-list", {"result": found})
        case ["result"]:
            return _json([_plain(item) for item in batch.items]) if as_json else _lines(batch)
        case ["result", result_id] if batch.result is not None and result_id == batch.result_id:
            return _rows(call, job, batch, batch.result)
    raise _no("InvalidBatch", f"Unable to find a result of batch {batch.id}")


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    errors = [{name: value for name, value in error.items() if name != "line"} for error in item["errors"]]
    return item | {"errors": errors}


def _lines(batch: AsyncBatch) -> Answer:
    rows = [["Id", "Success", "Created", "Error"]]
    for item in batch.items:
        error = "".join(error["line"] for error in item["errors"])
        rows.append([item["id"] or "", str(item["success"]).lower(), str(item["created"]).lower(), error])
    return Answer(200, bulk_csv.write(rows, "COMMA", "LF"), {"Content-Type": "text/csv"})


def _rows(call: Call, job: AsyncJob, batch: AsyncBatch, result: Result) -> Answer:
    records = result.page(0, len(result))
    call.items = len(records)
    if job.content == "JSON":
        return _json(_milliseconds(records))
    if not records:
        return Answer(200, b'"Records not found for this query"\n', {"Content-Type": "text/csv"})
    rows = bulk_query.table(batch.request.decode("utf-8", "replace"), result, records)
    return Answer(200, bulk_csv.write(rows, "COMMA", "LF"), {"Content-Type": "text/csv"})


def _milliseconds(value: Any) -> Any:
    """JSON results of this API show moments as milliseconds since the epoch."""
    if isinstance(value, dict):
        return {name: _milliseconds(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_milliseconds(inner) for inner in value]
    if isinstance(value, str) and len(value) == _DATETIME_LENGTH and value.endswith("+0000"):
        return parse_datetime(value)
    return value


# Writing.


def _asked_json(call: Call) -> bool:
    return "json" in (call.header("content-type") or "").lower()


def _type(job: AsyncJob) -> dict[str, str]:
    return {"Content-Type": "application/json" if job.content == "JSON" else "text/csv"}


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value), {"Content-Type": "application/json"})


def _told(as_json: bool, name: str, body: dict[str, Any], status: int = 200) -> Answer:
    if as_json:
        return _json(body, status)
    inner = "".join(_element(key, value) for key, value in body.items())
    document = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{NAMESPACE}">{inner}</{name}>'
    return Answer(status, document.encode(), {"Content-Type": "application/xml"})


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, entry) for entry in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, inner) for key, inner in value.items())}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def _moment(ms: int) -> str:
    return zulu(datetime_text(ms) or "")
