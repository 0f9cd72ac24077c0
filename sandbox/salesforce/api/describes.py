"""Describe: what objects there are and what fields the caller sees."""

from __future__ import annotations

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform


def all_objects(platform: Platform, call: Call) -> Answer:
    """`GET /sobjects`."""
    return json_answer(platform.org.describe_global(call.user_id, call.root))


def one_object(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X`: the short description and what was looked at last."""
    meta = platform.object(name, call)
    body = platform.org.describe(meta.name, call.user_id, call.root)
    brief = {k: v for k, v in body.items() if not isinstance(v, list)}
    return json_answer({"objectDescribe": brief, "recentItems": []})


def describe(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X/describe`.  If-Modified-Since is tolerated: the whole answer always comes."""
    meta = platform.object(name, call)
    return json_answer(platform.org.describe(meta.name, call.user_id, call.root))


def picklists(platform: Platform, call: Call, name: str, record_type: str) -> Answer:
    """`GET /ui-api/object-info/X/picklist-values/ID` (UI API guide)."""
    meta = platform.object(name, call)
    body = platform.org.picklists(meta.name, normalise_id(record_type) or "", call.user_id, call.root)
    if body is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return json_answer(body)
