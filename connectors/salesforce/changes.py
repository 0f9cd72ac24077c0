"""Reading everything, and reading what changed.

A full listing walks ids upwards; a poll walks (SystemModstamp, Id) upwards from the watermark.  Both ask `queryAll`,
so that one call shows live, binned, merged and converted records alike, and a quiet poll is exactly one call.

Why the watermark stays behind: a stamp is taken inside a transaction and shows only when it commits, so a record
may appear with a stamp older than others seen before it.  What is older than the question by the lag is settled.

A listing that was stopped goes on behind the last id; a poll behind the last (stamp, id); a Bulk job at its locator.
All carry the time of their first question, since that alone bounds the watermark they may set at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from connectors.port import Cursor, Page, Record
from connectors.salesforce import soql
from connectors.salesforce.api import Api
from connectors.salesforce.bulk_query import BulkQuery
from connectors.salesforce.describing import Describer
from connectors.salesforce.reading import Reader
from connectors.salesforce.roles import changed_since
from connectors.salesforce.rows import Shape

GRAIN = 1000

_BY_STAMP = "SystemModstamp, Id"


class Resume(NamedTuple):
    """Where an interrupted reading goes on; as text it is `way|asked|first|second`."""

    way: str
    """rows: a listing by id; job: a Bulk query; poll: changes."""
    asked: int
    at: str = ""
    """The last id; the job; the last stamp in ms."""
    then: str = ""
    """The locator of the job's next page; the last id."""

    def __str__(self) -> str:
        return f"{self.way}|{self.asked}|{self.at}|{self.then}"

    @classmethod
    def of(cls, text: str | None) -> Resume | None:
        """From its text; None for anything else."""
        parts = (text or "").split("|", 3)
        if len(parts) != 4 or parts[0] not in ("rows", "job", "poll") or not parts[1].isdigit():
            return None
        return cls(parts[0], int(parts[1]), parts[2], parts[3])


def settled(asked: int, lag: int) -> int:
    """What is older than this when a reading ends has certainly been seen: the watermark."""
    return (asked - lag) // GRAIN * GRAIN


class Changes:
    """`Connector.changes` for one org."""

    def __init__(self, api: Api, describer: Describer, reader: Reader) -> None:
        self._api = api
        self._reader = reader
        self._bulk = BulkQuery(api)
        self._describer = describer
        self._lag = api.settings.lag_ms

    def pages(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """As `Connector.changes`."""
        resume = Resume.of(since.resume if since else None)
        if since is not None and since.watermark is not None:
            return self._poll(Shape(object, fields), since.watermark, resume)
        if resume is not None and resume.way == "job":
            return self._job(object, fields, resume)
        return self._listing(object, fields, resume)

    # -- everything --------------------------------------------------------------------------------------------

    def _listing(self, object: str, fields: Sequence[str], resume: Resume | None) -> Iterator[Page]:
        shape = Shape(object, fields)
        at = resume if resume is not None and resume.way == "rows" else None
        last = at.at if at else ""
        query = self._ask(shape.ask(soql.after_id(last), "Id"), shape)
        asked = at.asked if at else query.asked
        total = query.total if not last else None
        by_job = query.total > self._api.settings.bulk_above and not shape.children
        while True:
            lost = False
            for rows, more in query:
                records = list(map(shape.record, rows))
                last = rows[-1]["Id"] if rows else last
                if more and by_job:
                    yield from self._rest_by_job(object, fields, last, Page(records, Cursor(None), asked, total))
                    return
                end = Cursor(None, str(Resume("rows", asked, last))) if more else self._settled(asked)
                yield Page(records, end, asked, total)
                lost = more
            if not lost:
                return
            query = self._ask(shape.ask(soql.after_id(last), "Id"), shape)

    def _rest_by_job(self, object: str, fields: Sequence[str], last: str, first: Page) -> Iterator[Page]:
        """The page in hand carries the job that brings the rest, so that whoever stops now comes back to it."""
        job = self._bulk.start(soql.select(Shape(object, fields).select, object, soql.after_id(last)))
        resume = Resume("job", first.asked, job)
        yield replace(first, cursor=Cursor(None, str(resume)))
        yield from self._job(object, fields, resume, first.total)

    def _job(self, object: str, fields: Sequence[str], resume: Resume, total: int | None = None) -> Iterator[Page]:
        job, asked = resume.at, resume.asked
        if not self._bulk.wait(job):
            yield from self._listing(object, fields, None)
            return
        shape = Shape(object, fields, flat=True)
        types = {name: self._describer.native_type(object, name) for name in shape.select}
        for rows, locator in self._bulk.results(job, resume.then, types):
            records: list[Record] = list(map(shape.record, rows))
            end = (
                Cursor(None, str(Resume("job", asked, job, locator))) if locator else Cursor(settled(asked, self._lag))
            )
            yield Page(records, end, asked, total)

    # -- what changed ------------------------------------------------------------------------------------------

    def _poll(self, shape: Shape, watermark: int, resume: Resume | None) -> Iterator[Page]:
        at = resume if resume is not None and resume.way == "poll" and resume.at.isdigit() else None
        stamp, last = (int(at.at), at.then) if at else (watermark, "")
        asked = at.asked if at else None
        lost = True
        while lost:
            query = self._ask(
                shape.ask(soql.after_stamp(stamp, last), _BY_STAMP), shape, watermark if shape.children else None
            )
            asked = query.asked if asked is None else asked
            if query.beside:
                onward = Cursor(watermark, str(Resume("poll", asked, str(stamp), last)))
                records = list(self._reader.by_ids(shape, query.beside))
                yield Page(records, onward, asked, query.total + len(records))
            for rows, more in query:
                records = list(map(shape.record, rows))
                if records:
                    stamp, last = records[-1].version, records[-1].ref.id
                onward = Cursor(watermark, str(Resume("poll", asked, str(stamp), last)))
                yield Page(
                    records, onward if more else Cursor(max(watermark, settled(asked, self._lag))), asked, query.total
                )
                lost = more

    def _settled(self, asked: int) -> Cursor:
        return Cursor(settled(asked, self._lag))

    def _ask(self, query: str, shape: Shape, roles_since: int | None = None) -> _Query:
        return _Query(self._api, query, shape, roles_since)


class _Query:
    """A query and its pages, as (rows, whether more follow); it ends early when Salesforce has lost its place.

    `beside`: with `roles_since`, the opportunities whose contact roles changed since then and that are not on the first
    page anyway.
    """

    def __init__(self, api: Api, query: str, shape: Shape, roles_since: int | None = None) -> None:
        self._api = api
        self._children = shape.children
        self._doing = f"read {shape.object}"
        self.beside: list[str] = []
        sent = api.door.clock.now_ms()
        if roles_since is None:
            self._first: dict[str, Any] = api.query(query, self._doing, everything=True)
        else:
            self._first, roles = api.pair(query, changed_since(roles_since), self._doing)
            self._find_beside(roles)
        self.asked = api.door.server_time(sent)
        self.total = int(self._first.get("totalSize") or 0)

    def __iter__(self) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        page: dict[str, Any] | None = self._first
        while page is not None:
            more = not page.get("done", True)
            self._api.whole(page["records"], self._children, self._doing)
            yield page["records"], more
            page = self._api.more(page["nextRecordsUrl"], self._doing) if more else None

    def _find_beside(self, roles: dict[str, Any]) -> None:
        seen = {row["Id"] for row in self._first["records"]}
        page: dict[str, Any] | None = roles
        while page is not None:
            self.beside += [id for row in page["records"] if (id := row["OpportunityId"]) not in seen]
            seen.update(self.beside)
            page = self._api.get(page["nextRecordsUrl"], self._doing) if not page.get("done", True) else None
