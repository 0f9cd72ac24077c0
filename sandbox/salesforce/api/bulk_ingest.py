"""Bulk API 2.0 ingest: a job, its upload, and what became of each row (Bulk 2.0 guide).

Rows are carried out in transactions of 200; a refused row fails alone.  JobComplete says that every row was tried, not
that every row went well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from sandbox.kernel import Caller
from sandbox.salesforce.api import bulk_csv
from sandbox.salesforce.api.collections import own_id, upsert_one, without_id
from sandbox.salesforce.dml import removal
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call, json_answer, no_content
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import ObjectMeta, datetime_text

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
MOST_BYTES = 150 * 1024 * 1024
_DONE = ("JobComplete", "Failed", "Aborted")


@dataclass(slots=True)
class IngestJob:
    """One job.  Results keep the cells as they were uploaded."""

    id: str
    object: str
    operation: str
    key: str | None
    delimiter: str
    ending: str
    made: int
    user_id: str
    version: float
    state: str = "Open"
    text: str | None = None
    closed: int = 0
    header: list[str] = field(default_factory=list)
    successful: list[list[str]] = field(default_factory=list)
    failed: list[list[str]] = field(default_factory=list)
    unprocessed: list[list[str]] = field(default_factory=list)
    error: str | None = None
    modified: int = 0

    def info(self) -> dict[str, Any]:
        """The job as every answer shows it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdById": self.user_id,
            "createdDate": datetime_text(self.made),
            "systemModstamp": datetime_text(self.modified or self.made),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": self.version,
            "contentUrl": f"services/data/v{self.version:.1f}/jobs/ingest/{self.id}/batches",
            "lineEnding": self.ending,
            "columnDelimiter": self.delimiter,
        }
        if self.key:
            shown["externalIdFieldName"] = self.key
        return shown

    def details(self) -> dict[str, Any]:
        """The job as `GET` shows it."""
        more: dict[str, Any] = {
            "jobType": "V2Ingest",
            "numberRecordsProcessed": len(self.successful) + len(self.failed),
            "numberRecordsFailed": len(self.failed),
            "retries": 0,
            "totalProcessingTime": 100 if self.state in _DONE else 0,
            "apiActiveProcessingTime": 50 if self.state in _DONE else 0,
            "apexProcessingTime": 0,
        }
        if self.error:
            more["errorMessage"] = self.error
        return self.info() | more


def create(platform: Platform, call: Call) -> Answer:
    """`POST /jobs/ingest`; with multipart, job and content in one call."""
    content_type = call.header("content-type") or ""
    if content_type.lower().startswith("multipart/form-data"):
        wish, text = _multipart(call.body, content_type)
    else:
        wish, text = call.json_object(), None
    job = _job(platform, call, wish)
    platform.jobs[job.id] = job
    if text is not None:
        job.text = text
        _close(platform, job)
    answer = json_answer(job.info())
    advance(platform)
    return answer


def _job(platform: Platform, call: Call, wish: dict[str, Any]) -> IngestJob:
    meta = platform.org.seen(str(wish.get("object", "")), call.user_id)
    operation = str(wish.get("operation", ""))
    if meta is None or meta.tooling:
        raise ApiError(400, "INVALIDENTITY", f"Object '{wish.get('object')}' is not supported")
    if operation not in OPERATIONS:
        raise ApiError(400, "INVALIDJOB", f"Unsupported operation: {operation}")
    if operation == "upsert" and not wish.get("externalIdFieldName"):
        raise ApiError(400, "INVALIDJOB", "externalIdFieldName is required for upsert")
    delimiter, ending = wish.get("columnDelimiter", "COMMA"), wish.get("lineEnding", "LF")
    if delimiter not in bulk_csv.DELIMITERS or ending not in bulk_csv.ENDINGS:
        raise ApiError(400, "INVALIDJOB", "columnDelimiter or lineEnding is not one of the allowed values")
    return IngestJob(
        platform.next_id("750"), meta.name, operation, wish.get("externalIdFieldName"), delimiter, ending, platform.now,
        call.user_id, call.version,
    )  # fmt: skip


def _multipart(body: bytes, content_type: str) -> tuple[dict[str, Any], str]:
    boundary = content_type.partition("boundary=")[2].strip().strip('"').encode()
    found: dict[bytes, bytes] = {}
    for part in body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n") if b"\r\n\r\n" in part else part.partition(b"\n\n")
        name = head.partition(b'name="')[2].partition(b'"')[0]
        found[name] = content.removesuffix(b"\r\n") if content.endswith(b"\r\n") else content.removesuffix(b"\n")
    if b"job" not in found or b"content" not in found:
        raise ApiError(400, "INVALIDJOB", "A multipart request has the parts job and content")
    try:
        wish = orjson.loads(found[b"job"])
    except orjson.JSONDecodeError:
        raise ApiError(400, "JSON_PARSER_ERROR", "The job part is not JSON") from None
    return wish, found[b"content"].decode("utf-8", "replace")


def find(platform: Platform, job_id: str) -> IngestJob:
    advance(platform)
    job = platform.jobs.get(job_id)
    if not isinstance(job, IngestJob):
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return job


def upload(platform: Platform, call: Call, job_id: str) -> Answer:
    """`PUT /jobs/ingest/id/batches` → 201, once."""
    job = find(platform, job_id)
    if job.state != "Open" or job.text is not None:
        raise ApiError(400, "INVALIDJOBSTATE", "Only one upload is allowed, to a job that is open")
    if len(call.body) > MOST_BYTES:
        raise ApiError(413, "PAYLOADTOOLARGE", "The upload is larger than 150 MB")
    job.text = call.body.decode("utf-8", "replace")
    return Answer(201)


def change(platform: Platform, call: Call, job_id: str) -> Answer:
    """`PATCH {"state": "UploadComplete" | "Aborted"}`."""
    job = find(platform, job_id)
    wanted = call.json_object().get("state")
    if wanted == "UploadComplete":
        if job.state != "Open" or job.text is None:
            raise ApiError(400, "INVALIDJOBSTATE", f"The job is {job.state} and cannot be closed")
        _close(platform, job)
    elif wanted == "Aborted":
        if job.state in _DONE:
            raise ApiError(400, "INVALIDJOBSTATE", f"The job is {job.state} and cannot be aborted")
        job.state, job.modified = "Aborted", platform.now
    else:
        raise ApiError(400, "INVALIDJOB", f"The state cannot be set to {wanted}")
    answer = json_answer(job.info())
    advance(platform)
    return answer


def _close(platform: Platform, job: IngestJob) -> None:
    job.state, job.closed, job.modified = "UploadComplete", platform.now, platform.now
    platform.pending.append(job)


def read(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET /jobs/ingest/id`."""
    return json_answer(find(platform, job_id).details())


def listing(platform: Platform, call: Call) -> Answer:
    """`GET /jobs/ingest`."""
    advance(platform)
    jobs = [job.info() | {"jobType": "V2Ingest"} for job in platform.jobs.values() if isinstance(job, IngestJob)]
    return json_answer({"done": True, "records": jobs, "nextRecordsUrl": None})


def delete(platform: Platform, call: Call, job_id: str) -> Answer:
    """`DELETE /jobs/ingest/id` → 204."""
    job = find(platform, job_id)
    if job.state not in _DONE:
        raise ApiError(400, "INVALIDJOBSTATE", f"The job is {job.state} and cannot be deleted")
    del platform.jobs[job_id]
    return no_content()


def successful(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET …/successfulResults`."""
    job = find(platform, job_id)
    return _results(platform, job, ["sf__Id", "sf__Created", *job.header], job.successful)


def failed(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET …/failedResults`."""
    job = find(platform, job_id)
    return _results(platform, job, ["sf__Id", "sf__Error", *job.header], job.failed)


def unprocessed(platform: Platform, call: Call, job_id: str) -> Answer:
    """`GET …/unprocessedrecords`."""
    job = find(platform, job_id)
    return _results(platform, job, job.header, job.unprocessed)


def _results(platform: Platform, job: IngestJob, header: list[str], rows: list[list[str]]) -> Answer:
    rows = list(rows)
    if platform.settings.bulk_shuffle or platform.troubles.take("shuffle") is not None:
        platform.rng.shuffle(rows)
    return Answer(200, bulk_csv.write([header, *rows], job.delimiter, job.ending), {"Content-Type": "text/csv"})


# Carrying out.


def advance(platform: Platform) -> None:
    """Carry out every job whose time has come."""
    for job in list(platform.pending):
        if job.state == "Aborted":
            platform.pending.remove(job)
        elif platform.now - job.closed >= platform.settings.bulk_ms:
            platform.pending.remove(job)
            _carry_out(platform, job)
        elif platform.now > job.closed:
            job.state = "InProgress"


def _carry_out(platform: Platform, job: IngestJob) -> None:
    meta = platform.org.objects[job.object]
    text, job.text = job.text or "", ""
    job.modified = platform.now
    try:
        bulk_csv.check_endings(text, job.ending, platform.settings.bulk_quoted_newlines)
        job.header, rows = bulk_csv.read(text, job.delimiter)
        _check_header(platform, job, meta)
    except bulk_csv.BadUpload as bad:
        job.state, job.error = "Failed", str(bad)
        return
    writer = Writer(
        Caller("integration", job.user_id),
        job.user_id,
        sees=job.user_id,
        textual=True,
        refuse=platform.troubles.for_call(),
    )
    for chunk in _chunks(rows):
        seen: set[str] = set()
        for row in chunk:
            _one(platform, job, meta, row, writer, seen)
    job.state = "JobComplete"


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while chunk := list(islice(rows, 200)):
        yield chunk


def _check_header(platform: Platform, job: IngestJob, meta: ObjectMeta) -> None:
    for name in job.header:
        relationship, dot, _ = name.rpartition(".")
        known = (
            meta.parent(relationship.rpartition(":")[2]) if dot else platform.org.visible_field(meta, name, job.user_id)
        )
        if known is None:
            raise bulk_csv.BadUpload(f"InvalidBatch : Field name not found : {name}")
    folded = [name.lower() for name in job.header]
    if job.operation in ("delete", "hardDelete") and folded != ["id"]:
        raise bulk_csv.BadUpload("InvalidBatch : The 'delete' batch must contain only ids")
    if job.operation == "upsert" and str(job.key).lower() not in folded:
        raise bulk_csv.BadUpload(f"InvalidBatch : Field name not found : {job.key}")


def _one(platform: Platform, job: IngestJob, meta: ObjectMeta, row: list[str], writer: Writer, seen: set[str]) -> None:
    record = bulk_csv.given(job.header, row)
    try:
        record_id, made = platform.store.attempt(
            lambda: applied(platform, job.operation, job.key, meta, record, writer, seen)
        )
    except RecordError as refused:
        own = next((str(v) for k, v in record.items() if k.lower() == "id"), "")
        job.failed.append([own, refused.line(), *row])
    else:
        job.successful.append([record_id, "true" if made else "false", *row])


def applied(
    platform: Platform,
    operation: str,
    key: str | None,
    meta: ObjectMeta,
    record: dict[str, Any],
    writer: Writer,
    seen: set[str],
) -> tuple[str, bool]:
    """Carry out one row: (id, whether it was made).  `seen`: the keys that its transaction has had."""
    if operation == "insert":
        return platform.engine.insert(meta.name, record, writer), True
    if operation == "upsert":
        item = upsert_one(platform, meta, str(key), record, writer, seen)
        return item["id"], item["created"]
    record_id = own_id(meta, record)
    if operation == "update":
        platform.engine.update(meta.name, record_id, without_id(record), writer)
    elif operation == "delete":
        removal.delete(platform.engine, meta.name, record_id, writer)
    else:
        removal.hard_delete(platform.engine, meta.name, record_id, writer)
    return record_id, False
