"""The broad road: Bulk API 2.0 jobs for thousands of writes.

A job that is complete has not thereby succeeded: its successful, failed and unprocessed rows are all fetched, and
matched to our writes by a column of ours, since they come in no promised order.  Nothing happens before the job is
marked UploadComplete, so trouble up to there only defers; when the answer to that mark is lost, the job tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.door import NoAnswer
from connectors.errors import SyncError, Unavailable
from connectors.port import Deferred, Rejected, Unknown, Write
from connectors.salesforce.answers import Complaint, Declined, complaint
from connectors.salesforce.api import Api
from connectors.salesforce.collection import plain
from connectors.salesforce.csvfile import files, fits, table
from connectors.salesforce.values import long_id
from connectors.salesforce.verdicts import Done, Halted, Verdict, of

LONGEST_WAIT = 20.0
"""Seconds between looks at a running job."""
PATIENCE = 4 * 3_600_000
"""Ms after which an unfinished job's rows are Unknown."""
_ERROR = re.compile(r"(?P<code>[A-Z][A-Z_]+):(?P<message>.*):(?P<fields>[\w, ]*)--\s*\Z", re.DOTALL)


class Ingest:
    """Creates or updates many records of one object."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def takes(self, write: Write) -> bool:
        """Whether a Bulk job can carry this write exactly.  Jobs know no duplicate-rule header."""
        if write.id is None and self._api.settings.save_duplicates:
            return False
        return all(map(fits, plain(write).values()))

    def run(self, object: str, writes: Sequence[Write]) -> list[Verdict | None]:
        """One verdict each.  All of `writes` either create or update.

        None where Salesforce declined the job itself (no Bulk API for this object or user): take another road.
        """
        creating = writes[0].id is None
        columns = sorted({name for write in writes for name in plain(write)})
        if not creating:
            columns.insert(0, "Id")
        rows = (plain(write) if creating else {"Id": write.id, **plain(write)} for write in writes)
        verdicts: list[Verdict | None] = []
        for content, count in files(columns, rows):
            part = writes[len(verdicts) : len(verdicts) + count]
            verdicts += self._job(object, "insert" if creating else "update", content, part)
        return verdicts

    def _job(self, object: str, operation: str, content: bytes, writes: Sequence[Write]) -> list[Verdict | None]:
        job = ""
        try:
            job, address = self._open(object, operation)
            self._api.send("PUT", address, content=content, headers={"content-type": "text/csv"})
            self._begin(job)
        except NoAnswer as lost:
            self._abort(job)
            return [Deferred(str(lost))] * len(writes)
        except Declined:
            self._abort(job)
            return [None] * len(writes)
        except SyncError as error:
            self._abort(job)
            return [Halted(error)] * len(writes)
        try:
            return [*self._verdicts(job, self._wait(job), writes)]
        except SyncError as error:
            return [Unknown(f"a bulk job runs, but cannot be followed: {error}")] * len(writes)

    def _open(self, object: str, operation: str) -> tuple[str, str]:
        """A new job, and where its rows are to be put."""
        body = {
            "object": object,
            "operation": operation,
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        job = self._api.send("POST", self._api.paths.ingest, body)
        if not isinstance(job, dict) or "id" not in job:
            raise Unavailable("Salesforce did not answer with a bulk job")
        path = str(job.get("contentUrl") or self._api.paths.job("ingest", job["id"], "batches"))
        return str(job["id"]), "/" + path.lstrip("/")

    def _begin(self, job: str) -> None:
        try:
            answer = self._api.send("PATCH", self._api.paths.job("ingest", job), {"state": "UploadComplete"})
        except NoAnswer:
            answer = None
        if not isinstance(answer, dict) and self._look(job)["state"] == "Open":
            raise Unavailable("Salesforce did not start a bulk job")

    def _abort(self, job: str) -> None:
        """Leave no open job behind; what is left anyway, Salesforce drops after a day."""
        if not job:
            return
        try:
            self._api.send("PATCH", self._api.paths.job("ingest", job), {"state": "Aborted"})
        except (Declined, SyncError):
            return

    def _wait(self, job: str) -> dict[str, Any]:
        clock = self._api.door.clock
        until, pause = clock.now_ms() + PATIENCE, 0.5
        while True:
            state = self._look(job)
            if state["state"] in ("JobComplete", "Failed", "Aborted"):
                return state
            if clock.now_ms() >= until:
                raise Unavailable("it has not ended in four hours")
            clock.sleep(pause)
            pause = min(pause * 2, LONGEST_WAIT)

    def _look(self, job: str) -> dict[str, Any]:
        state: dict[str, Any] = self._api.get(self._api.paths.job("ingest", job), "look at a bulk job")
        return state

    def _verdicts(self, job: str, state: Mapping[str, Any], writes: Sequence[Write]) -> list[Verdict]:
        column = _mark_column(writes)
        found: dict[str, Verdict] = {}
        places = {_mark(write): write for write in writes}
        for row in self._results(job, "successfulResults"):
            found[_marked(row, column)] = Done(long_id(row["sf__Id"]))
        for row in self._results(job, "failedResults"):
            mark = _marked(row, column)
            if mark in places:
                found[mark] = of(places[mark], (_complaint(row.get("sf__Error", "")),))
        for row in self._results(job, "unprocessedrecords"):
            found.setdefault(_marked(row, column), _unprocessed(state))
        return [found.get(_mark(write)) or _untold(state) for write in writes]

    def _results(self, job: str, part: str) -> Iterator[dict[str, str]]:
        answer = self._api.csv(self._api.paths.job("ingest", job, part), "fetch the results of a bulk job")
        header, cells = table(answer.text)
        return (dict(zip(header, line, strict=False)) for line in cells)


def _mark_column(writes: Sequence[Write]) -> str:
    """The column that tells which write a result row is about."""
    if writes[0].id is not None:
        return "Id"
    assert writes[0].key is not None, "a creation needs its sync key"
    return writes[0].key.field


def _mark(write: Write) -> str:
    if write.id is not None:
        return long_id(write.id)
    assert write.key is not None, "a creation needs its sync key"
    return write.key.value


def _marked(row: Mapping[str, str], column: str) -> str:
    value = row.get(column, "")
    return long_id(value or row.get("sf__Id", "")) if column == "Id" else value


def _complaint(error: str) -> Complaint:
    """`CODE:message:Field,Field --`, the form of sf__Error; anything else is all message."""
    found = _ERROR.match(error)
    if found is None:
        return complaint({"statusCode": error.partition(":")[0].strip() or "UNKNOWN", "message": error})
    fields = [name.strip() for name in found["fields"].split(",") if name.strip()]
    return complaint({"statusCode": found["code"], "message": found["message"], "fields": fields})


def _unprocessed(state: Mapping[str, Any]) -> Verdict:
    """Nothing happened to this row.  A job that could not read its columns would fail again."""
    said = str(state.get("errorMessage") or "")
    if state["state"] == "Failed" and said.startswith(("InvalidBatch", "ClientInputError")):
        code = said.partition(":")[0].strip()
        column = Complaint(code, said).column
        return Rejected(code, said, (column,) if column else ())
    return Deferred(f"the bulk job ended before this record ({state['state']})")


def _untold(state: Mapping[str, Any]) -> Verdict:
    if state["state"] == "Failed" and not state.get("numberRecordsProcessed"):
        return _unprocessed(state)
    return Unknown("the bulk job did not say what became of this record")
