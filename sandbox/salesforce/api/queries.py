"""SOQL over REST: query and queryAll, page by page (REST guide, Query and Query More Results)."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Cursor, Platform, parse_options
from sandbox.salesforce.soql import Result, SoqlError, parse, run

LONGEST = 100_000
SMALLEST_PAGE = 200
_PLAN = {
    "cardinality": 1,
    "fields": [],
    "leadingOperationType": "TableScan",
    "notes": [],
    "relativeCost": 1.0,
    "sobjectCardinality": 1,
    "sobjectType": "",
}
"""What `explain` answers: tolerated, not computed."""
MOST_CURSORS = 50
"""One more closes the oldest."""


def answer(platform: Platform, call: Call, text: str, all_rows: bool, tooling: bool = False) -> Result:
    """Run a query as the caller; refusals are HTTP 400."""
    if not text.strip():
        raise ApiError(400, "MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(text) > LONGEST:
        raise ApiError(400, "MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST} characters")
    try:
        return run(parse(text), platform.view(call), all_rows=all_rows, tooling=tooling)
    except SoqlError as refused:
        raise ApiError(400, refused.code, refused.message) from None


def query(platform: Platform, call: Call) -> Answer:
    """`GET /query?q=`."""
    return _query(platform, call, "query")


def tooling_query(platform: Platform, call: Call) -> Answer:
    """`GET /tooling/query?q=`: the objects that exist only there too."""
    return _query(platform, call, "tooling/query")


def query_all(platform: Platform, call: Call) -> Answer:
    """`GET /queryAll?q=`: deleted records too."""
    return _query(platform, call, "queryAll")


def _query(platform: Platform, call: Call, resource: str) -> Answer:
    if "explain" in call.query:
        return json_answer({"plans": [_PLAN], "sourceQuery": call.query["explain"]})
    if "q" not in call.query:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    result = answer(platform, call, call.query["q"], resource == "queryAll", resource == "tooling/query")
    if call.query.get("columns", "").lower() == "true":
        return json_answer(_metadata(result))
    cursor = Cursor(result, platform.now, page_size(platform, call), resource)
    if len(result) <= cursor.page:
        return json_answer(_page(call, cursor, None, 0))
    if len(platform.cursors) >= MOST_CURSORS:
        del platform.cursors[next(iter(platform.cursors))]
    locator = platform.next_id("01g")
    platform.cursors[locator] = cursor
    return json_answer(_page(call, cursor, locator, 0))


def page_size(platform: Platform, call: Call) -> int:
    """Sforce-Query-Options: batchSize=200…2000."""
    asked = parse_options(call.header("sforce-query-options")).get("batchsize", "")
    if not asked.isdigit():
        return platform.settings.page
    return min(max(int(asked), min(SMALLEST_PAGE, platform.settings.page)), platform.settings.page)


def more(platform: Platform, call: Call, locator_and_offset: str) -> Answer:
    """`GET /query/01g…-2000`."""
    locator, _, offset = locator_and_offset.rpartition("-")
    cursor = platform.cursors.get(locator)
    if cursor is not None and platform.now - cursor.made > platform.settings.locator_ms:
        del platform.cursors[locator]
        cursor = None
    if cursor is None or not offset.isdigit() or int(offset) >= len(cursor.result):
        raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    start = int(offset)
    if platform.troubles.take("duplicate_page") is not None:
        return json_answer(_page(call, cursor, locator, max(0, start - cursor.page), start))
    return json_answer(_page(call, cursor, locator, start))


def _page(call: Call, cursor: Cursor, locator: str | None, start: int, following: int | None = None) -> dict[str, Any]:
    end = start + cursor.page
    body: dict[str, Any] = {"totalSize": cursor.result.total, "done": True}
    following = end if following is None else following
    if locator is not None and following < len(cursor.result):
        body["done"] = False
        body["nextRecordsUrl"] = f"{call.root}/{cursor.resource}/{locator}-{following}"
    body["records"] = cursor.result.page(start, cursor.page)
    return body


def _metadata(result: Result) -> dict[str, Any]:
    """What the sf CLI asks for with `columns=true`: the columns, and no records."""
    return {
        "columnMetadata": [c.to_json() for c in result.columns],
        "entityName": result.object,
        "groupBy": False,
        "idSelected": any(c.name.lower() == "id" for c in result.columns),
        "keyPrefix": None,
    }
