"""Everything, or everything changed: HubSpot's list and HubSpot's search.

The list is complete and goes by id; the search goes by time, answers 10,000 rows at most, and its index lags.  Paging
a search by offset loses rows, because whatever changes meanwhile jumps to the end; so each page is a new question
that begins at the last time seen.  Rows of one millisecond that fill a page are walked by id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connectors.hubspot import rows
from connectors.hubspot.api import Api
from connectors.hubspot.links import Links
from connectors.hubspot.reading import Reader
from connectors.port import Cursor, Page, Record, Ref

LIST_PAGE = 100
SEARCH_PAGE = 200
SEARCH_MOST = 10_000
_PROPERTIES_MOST = 2_500
"""Characters of the list of properties in a search: HubSpot refuses a body of more than 3,000 (search guide), and the
rest of ours takes fewer than 400."""
_LINKS_EVERY = 3_600_000
"""ms"""
_QUERY_MOST = 5_500
"""A longer list of properties in the address risks 414."""
_LIST_SPEED, _SEARCH_SPEED = 1_900, 1_000
"""Records a second at the rate limits: 19 lists of 100, 5 searches of 200."""


@dataclass(slots=True)
class Pass:
    """When a list of one object was last read to its end, ms on our clock, and what that took."""

    read: int
    pages: int = 0


class Lister:
    """`changes` of the port.

    Deleted records can only be found by reading the whole list of archived ones.  That is done at the end of each
    full listing, and between incremental ones when `bin_every_ms` have passed since, or ten seconds for each page
    it took, whichever is longer; so the bin never costs more than a call in ten seconds.  `bin_due`: the first
    incremental one reads it as well, as a process that lives for one run must.

    Associations that change without the record's own time moving are found in the same way by reading the list of live
    records, where they are asked for: every hour, or a minute for each page it took, whichever is longer.
    """

    def __init__(
        self, api: Api, reader: Reader, links: Links, *, lag: int, bin_every_ms: int, bin_due: bool = False
    ) -> None:
        self._api = api
        self._door = api.door
        self._reader = reader
        self._links = links
        self._lag = lag
        self._bin_every = bin_every_ms
        self._bin_due = bin_due
        self._bins: dict[str, Pass] = {}
        self._lists: dict[str, Pass] = {}

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """Pages as the port wants them."""
        if since is None or since.watermark is None:
            yield from self._everything(object, fields, since.resume if since else None)
        else:
            yield from self._changed(object, fields, since.watermark)

    # -- the list ----------------------------------------------------------------------------------------------

    def _everything(self, object: str, fields: Sequence[str], resume: str | None) -> Iterator[Page]:
        """Live records, then the bin.  `resume` is `asked:live|bin:after`; `asked` stays that of the start."""
        asked, part, start = _resumed(resume)
        total: int | None = None
        merges = _Merges()
        if part == "live":
            for records, after, began in self._list(object, fields, False, start):
                if asked is None:
                    asked = began
                    # The list does not say how many there are; one search does, where there is more than a page.
                    total = self._count(object) if after else len(records)
                cursor = Cursor(None, f"{asked}:{'live' if after else 'bin'}:{after or ''}")
                yield Page(merges.note(records), cursor, asked, total)
            start = None
        for records, after, began in self._list(object, fields, True, start):
            asked = began if asked is None else asked
            cursor = Cursor(None, f"{asked}:bin:{after}") if after else Cursor(asked - self._lag)
            yield Page(merges.tell(records), cursor, asked, total)

    def _list(
        self, object: str, fields: Sequence[str], archived: bool, after: str | None
    ) -> Iterator[tuple[list[Record], str | None, int]]:
        """Records, where the next page begins, and the server's time when this one was asked for."""
        properties = rows.asked_properties(object, fields)
        short = sum(len(name) + 12 for name in properties) <= _QUERY_MOST
        query: dict[str, Any] = {"limit": LIST_PAGE, "archived": archived}
        query["properties"] = properties if short else rows.asked_properties(object, rows.last_words(fields))
        if short and not archived and (linked := self._links.listed(object, fields)):
            query["associations"] = linked
        done = Pass(self._door.clock.now_ms())
        while True:
            sent = self._door.clock.now_ms()
            body = self._api.page(object, **query, **({"after": after} if after else {}))
            done.pages += 1
            after = _next(body)
            found = body.get("results") or []
            if short:
                records = self._links.of_rows(object, fields, found, listed=True)
            else:
                records = self._detail(object, fields, found)
            yield records, after, self._door.server_time(sent)
            if after is None:
                break
        (self._bins if archived else self._lists)[object] = done

    def _detail(self, object: str, fields: Sequence[str], found: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Too many properties for one address or one search body: read by id; of the bin only what must be heard."""
        archived = [rows.record(object, row, rows.last_words(fields)) for row in found if row.get("archived")]
        ids = [str(row["id"]) for row in found if not row.get("archived")]
        return [*archived, *self._reader.by_ids(object, fields, ids)]

    # -- the search --------------------------------------------------------------------------------------------

    def _changed(self, object: str, fields: Sequence[str], watermark: int) -> Iterator[Page]:
        walk = _Walk(rows.stamp(object), watermark)
        asked: int | None = None
        total: int | None = None
        reached = watermark
        merges = _Merges()
        while True:
            sent = self._door.clock.now_ms()
            body = self._api.search(object, self._question(object, fields, walk))
            if asked is None:
                asked = self._door.server_time(sent)
                total = int(body.get("total") or 0)
                if total > SEARCH_MOST and self._list_is_faster(object, total):
                    yield from self._everything(object, fields, None)
                    return
            found = walk.advance(body.get("results") or [], more=_next(body) is not None)
            records = merges.note(self._searched(object, fields, found))
            settled = max(watermark, asked - self._lag)
            if walk.done:
                for live in self._links_if_due(object, fields):
                    yield Page(merges.note(live), Cursor(reached), asked)
                for gone in self._bin_if_due(object, fields):
                    late = merges.tell([record for record in gone if record.version >= watermark])
                    yield Page(late, Cursor(reached), asked)
                yield Page(records, Cursor(settled), asked, total)
                return
            reached = max(reached, min(walk.since, settled))
            yield Page(records, Cursor(reached), asked, total)

    def _question(self, object: str, fields: Sequence[str], walk: _Walk) -> dict[str, Any]:
        asked = rows.asked_properties(object, () if _too_wide(object, fields) else fields)
        return {**walk.filter(), "limit": SEARCH_PAGE, "properties": asked}

    def _searched(self, object: str, fields: Sequence[str], found: Sequence[Mapping[str, Any]]) -> list[Record]:
        if _too_wide(object, fields):
            return self._detail(object, fields, found)
        return self._links.of_rows(object, fields, found)

    def _list_is_faster(self, object: str, changed: int) -> bool:
        return self._count(object) / _LIST_SPEED < changed / _SEARCH_SPEED

    def _count(self, object: str) -> int:
        """How many records there are at all."""
        return int(self._api.search(object, {"limit": 1, "properties": [rows.stamp(object)]}).get("total") or 0)

    def _bin_if_due(self, object: str, fields: Sequence[str]) -> Iterator[list[Record]]:
        now = self._door.clock.now_ms()
        bin = self._bins.setdefault(object, Pass(0 if self._bin_due else now))
        if now - bin.read < max(self._bin_every, 10_000 * bin.pages):
            return
        for records, _, _ in self._list(object, fields, archived=True, after=None):
            yield records

    def _links_if_due(self, object: str, fields: Sequence[str]) -> Iterator[list[Record]]:
        now = self._door.clock.now_ms()
        last = self._lists.setdefault(object, Pass(now))
        if self._links.silent(object, fields) and now - last.read >= max(_LINKS_EVERY, 60_000 * last.pages):
            for records, _, _ in self._list(object, fields, archived=False, after=None):
                yield records


class _Merges:
    """Who absorbed whom, as the survivors seen so far tell: what lies in the bin may have been merged, not deleted.
    Whether HubSpot lists merged records there is not documented."""

    def __init__(self) -> None:
        self._into: dict[str, Ref] = {}

    def note(self, records: list[Record]) -> list[Record]:
        """Remember the survivors among these."""
        self._into.update((old, record.ref) for record in records for old in record.former)
        return records

    def tell(self, records: list[Record]) -> list[Record]:
        """These deleted records, with `moved_to` where a survivor is known."""
        return [record._replace(moved_to=self._into.get(record.ref.id)) for record in records]


class _Walk:
    """Where a search has got to: everything before `since` was seen, and at `since` the rows in `seen`."""

    def __init__(self, stamp: str, since: int) -> None:
        self.since = since
        self.done = False
        self._stamp = stamp
        self._seen: set[str] = set()
        self._tied: int | None = None
        """Within one crowded millisecond: the last id."""

    def filter(self) -> dict[str, Any]:
        """Filter and order of the next question."""
        if self._tied is None:
            filters = [{"propertyName": self._stamp, "operator": "GTE", "value": str(self.since)}]
            order = self._stamp
        else:
            filters = [
                {"propertyName": self._stamp, "operator": "EQ", "value": str(self.since)},
                {"propertyName": "hs_object_id", "operator": "GT", "value": str(self._tied)},
            ]
            order = "hs_object_id"
        return {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
        }

    def advance(self, found: Sequence[Mapping[str, Any]], more: bool) -> list[Mapping[str, Any]]:
        """Take in one page; returns its rows that were not seen before."""
        fresh = [row for row in found if str(row["id"]) not in self._seen]
        if self._tied is not None:
            self._walk_tie(found, more)
            return fresh
        if not more or not found:
            self.done = True
            return fresh
        last = self._at(found[-1])
        if last == self.since and not fresh:
            self._tied = 0
        elif last > self.since:
            self._seen = set()
        self.since = max(last, self.since)
        self._seen.update(str(row["id"]) for row in found if self._at(row) == self.since)
        if len(self._seen) >= SEARCH_PAGE // 2:
            self._tied = 0
        return fresh

    def _walk_tie(self, found: Sequence[Mapping[str, Any]], more: bool) -> None:
        if more and found:
            self._tied = int(found[-1]["id"])
            return
        self._tied = None
        self._seen = set()
        self.since += 1

    def _at(self, row: Mapping[str, Any]) -> int:
        properties = row.get("properties") or {}
        return rows.ms(properties.get(self._stamp) or row.get("updatedAt"))


def _too_wide(object: str, fields: Sequence[str]) -> bool:
    return len(orjson.dumps(rows.asked_properties(object, fields))) > _PROPERTIES_MOST


def _next(body: Mapping[str, Any]) -> str | None:
    paging = body.get("paging") or {}
    after = (paging.get("next") or {}).get("after")
    return None if after is None else str(after)


def _resumed(resume: str | None) -> tuple[int | None, str, str | None]:
    if resume is None:
        return None, "live", None
    asked, part, after = resume.split(":", 2)
    return int(asked), part, after or None
