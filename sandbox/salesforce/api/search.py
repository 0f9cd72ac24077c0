"""SOSL at its smallest: names and e-mail addresses, and what was used last."""

from __future__ import annotations

import re
from typing import Any

from sandbox.kernel import Row
from sandbox.salesforce.api.records import fields_named, rendering
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform

_FIND = re.compile(r"\s*FIND\s*\{(.+?)\}\s*(?:IN\s+[\w ]+?\s+FIELDS)?\s*(?:RETURNING\s+(.*))?\Z", re.I | re.S)
_RETURNING = re.compile(r"(\w+)\s*(?:\(([^)]*)\))?")
_SEARCHED = ("Name", "FirstName", "LastName", "Company", "Email", "Phone")
_DEFAULT_OBJECTS = ("Account", "Contact", "Lead", "Opportunity")
MOST = 2_000


def search(platform: Platform, call: Call) -> Answer:
    """`GET /search?q=FIND {text} RETURNING Lead(Id, Name)`."""
    found = _FIND.match(call.query.get("q", ""))
    if found is None:
        raise ApiError(400, "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces.")
    returning = _RETURNING.findall(found.group(2) or ", ".join(_DEFAULT_OBJECTS))
    wanted = {name: [f.strip() for f in fields.split(",") if f.strip()] for name, fields in returning}
    return _answer(platform, call, found.group(1), wanted)


def parameterized(platform: Platform, call: Call) -> Answer:
    """`GET` or `POST /parameterizedSearch`."""
    body = call.json_object() if call.method == "POST" else dict(call.query)
    objects = body.get("sobjects") or body.get("sobject") or _DEFAULT_OBJECTS
    names = objects.split(",") if isinstance(objects, str) else objects
    fields = body.get("fields") or ["Id"]
    shared = fields.split(",") if isinstance(fields, str) else fields
    wanted = {
        (o["name"] if isinstance(o, dict) else o): (o.get("fields") if isinstance(o, dict) else None) or shared
        for o in names
    }
    return _answer(platform, call, str(body.get("q", "")), wanted)


def _answer(platform: Platform, call: Call, text: str, wanted: dict[str, list[str]]) -> Answer:
    needle = text.strip().strip("\"'*").replace("\\", "").lower()
    records: list[dict[str, Any]] = []
    for name, fields in wanted.items():
        meta = platform.object(name, call)
        render = rendering(call, meta, fields_named(platform, call, meta, fields or ["Id"]))
        for row in platform.store.shelf(meta.name):
            if row.archived_at is None and _holds(row, needle):
                records.append(render(row))
            if len(records) >= MOST:
                break
    return json_answer({"searchRecords": records})


def _holds(row: Row, needle: str) -> bool:
    return any(needle in str(row.values.get(name, "")).lower() for name in _SEARCHED)


def recent(platform: Platform, call: Call) -> Answer:
    """`GET /recent`: nothing is ever viewed through an API."""
    return json_answer([])
