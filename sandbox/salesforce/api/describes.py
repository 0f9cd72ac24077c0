"""Describe: what objects there are and what fields the caller sees."""

from __future__ import annotations

from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform


def all_objects(platform: Platform, call: Call) -> Answer:
    """`GET /sobjects`."""
    return json_answer(platform.org.describe_global(call.root))


def one_object(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X`: the short description and what was looked at last."""
    meta = platform.object(name)
    body = platform.org.describe(meta.name, call.user_id, call.root)
    brief = {k: v for k, v in body.items() if not isinstance(v, list)}
    return json_answer({"objectDescribe": brief, "recentItems": []})


def describe(platform: Platform, call: Call, name: str) -> Answer:
    """`GET /sobjects/X/describe`.  If-Modified-Since is tolerated: the whole answer always comes."""
    meta = platform.object(name)
    return json_answer(platform.org.describe(meta.name, call.user_id, call.root))
