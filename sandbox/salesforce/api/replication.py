"""What changed and what was deleted in a span of time (REST guide, Get Updated and Get Deleted)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.times import DAY_MS, parse_datetime

UPDATED_BACK = 30 * DAY_MS
DELETED_BACK = 15 * DAY_MS
MOST_IDS = 600_000
_MINUTE = 60_000


def updated(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X/updated/?start=&end=` → ids, and the time up to which the answer is complete."""
    meta = platform.object(name, call)
    start, end = _span(platform, call, UPDATED_BACK)
    rows = platform.store.shelf(meta.name).rows
    ids = [i for i in platform.store.shelf(meta.name).stamped(start, end - 1) if rows[i].archived_at is None]
    _check_count(len(ids))
    return json_answer({"ids": ids, "latestDateCovered": datetime_text(end)})


def deleted(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X/deleted/?start=&end=`."""
    meta = platform.object(name, call)
    start, end = _span(platform, call, DELETED_BACK)
    log = platform.store.deletions.get(meta.name, [])
    found: dict[str, int] = {}
    for at, record_id in log[bisect_left(log, (start, "")) :]:
        if at < end and platform.store.live(meta.name, record_id) is None:
            found[record_id] = at
    _check_count(len(found))
    body: dict[str, Any] = {
        "deletedRecords": [{"id": i, "deletedDate": datetime_text(at)} for i, at in found.items()],
        "earliestDateAvailable": datetime_text(platform.now - DELETED_BACK),
        "latestDateCovered": datetime_text(end),
    }
    return json_answer(body)


def _span(platform: Platform, call: Call, back: int) -> tuple[int, int]:
    """start and end, whose seconds are ignored; the second that is still running is not yet covered."""
    try:
        start, end = (parse_datetime(call.query[n].replace(" ", "+")) // _MINUTE * _MINUTE for n in ("start", "end"))
    except KeyError as missing:
        raise ApiError(400, "MISSING_ARGUMENT", f"{missing.args[0]} parameter is required") from None
    except ValueError:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be ISO 8601 datetimes") from None
    if start >= end:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate before endDate")
    if start < platform.now - back:
        raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    return start, min(end, platform.now // 1000 * 1000)


def _check_count(count: int) -> None:
    if count > MOST_IDS:
        raise ApiError(400, "EXCEEDED_ID_LIMIT", f"more than {MOST_IDS} ids")
