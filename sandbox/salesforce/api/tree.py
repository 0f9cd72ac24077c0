"""sObject Tree: records with their children in one call, all of them or none (REST guide, sObject Tree)."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform

MOST_RECORDS = 200
MOST_LEVELS = 5


class _FailedError(Exception):
    def __init__(self, reference: str, refused: RecordError) -> None:
        super().__init__()
        self.reference = reference
        self.refused = refused


def create(platform: Platform, call: Call, name: str) -> Answer:
    """`POST /composite/tree/X`."""
    meta = platform.object(name, call)
    records = call.json_object().get("records")
    if not isinstance(records, list):
        raise ApiError(400, "JSON_PARSER_ERROR", "The records property is required at [line:1, column:1]")
    writer = platform.writer(call)
    results: list[dict[str, str]] = []
    try:
        platform.store.attempt(lambda: _plant_all(platform, meta.name, records, {}, writer, results, 1))
    except _FailedError as failed:
        item = {"referenceId": failed.reference, "errors": [failed.refused.item()]}
        return json_answer({"hasErrors": True, "results": [item]}, 400)
    call.items = len(results)
    return json_answer({"hasErrors": False, "results": results}, 201)


def _plant_all(
    platform: Platform,
    name: str,
    records: list[dict[str, Any]],
    links: dict[str, str],
    writer: Writer,
    results: list[dict[str, str]],
    level: int,
) -> None:
    for record in records:
        _plant(platform, name, record, links, writer, results, level)


def _plant(
    platform: Platform,
    name: str,
    record: dict[str, Any],
    links: dict[str, str],
    writer: Writer,
    results: list[dict[str, str]],
    level: int,
) -> None:
    reference = str((record.get("attributes") or {}).get("referenceId", ""))
    meta = platform.org.objects[name]
    nested = {k: v for k, v in record.items() if isinstance(v, dict) and isinstance(v.get("records"), list)}
    own = {k: v for k, v in record.items() if k not in nested}
    try:
        if level > MOST_LEVELS or len(results) >= MOST_RECORDS:
            raise RecordError("INVALID_INPUT", "A tree has at most 5 levels and 200 records")
        record_id = platform.engine.insert(name, own | links, writer)
    except RecordError as refused:
        raise _FailedError(reference, refused) from None
    results.append({"referenceId": reference, "id": record_id})
    for relationship, children in nested.items():
        link = meta.child(relationship)
        if link is None:
            raise _FailedError(
                reference, RecordError("INVALID_FIELD", f"No such column '{relationship}' on sobject of type {name}")
            )
        _plant_all(platform, link.child, children["records"], {link.field: record_id}, writer, results, level + 1)
