"""sObject Collections: up to 200 records in one call, each with a result of its own in the order of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from sandbox.salesforce.api.records import fields_named, key_rows, rendering
from sandbox.salesforce.dml import removal
from sandbox.salesforce.dml.coerce import UnreadableError
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import ObjectMeta
from sandbox.salesforce.storage import fold

MOST = 200
MOST_CHUNKS = 10
MOST_RETRIEVED = 2_000

Item = dict[str, Any]
Step = Callable[[], Item]

_ROLLED_BACK = RecordError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)


class _HaltError(Exception):
    """An all-or-nothing call has failed; carries what each record got."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__()
        self.items = items


def carry_out(platform: Platform, steps: list[Step], all_or_none: bool) -> Answer:
    """Run each step; a refused one becomes its item, and undoes the others if it was all or none."""
    try:
        items = platform.store.attempt(lambda: _run(platform, steps, all_or_none))
    except _HaltError as halted:
        items = halted.items
    return json_answer(items)


def _run(platform: Platform, steps: list[Step], all_or_none: bool) -> list[Item]:
    items = []
    for step in steps:
        try:
            items.append(platform.store.attempt(step))
        except UnreadableError as refused:
            raise refused.alone() from None
        except RecordError as refused:
            items.append(failure(refused))
    if all_or_none and not all(item["success"] for item in items):
        raise _HaltError([failure(_ROLLED_BACK) if item["success"] else item for item in items])
    return items


def failure(refused: RecordError) -> Item:
    return {"success": False, "errors": [refused.item()]}


def success(record_id: str, **more: Any) -> Item:
    return {"id": record_id, "success": True, "errors": [], **more}


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise ApiError(400, "JSON_PARSER_ERROR", "The records property is required at [line:1, column:1]")
    check_size(len(records))
    call.items = len(records)
    return records, bool(body.get("allOrNone", False))


def check_size(count: int, most: int = MOST) -> None:
    if count > most:
        raise ApiError(400, "INVALID_INPUT", f"The maximum number of records allowed is {most}. Received {count}.", ())


def _typed(platform: Platform, call: Call, records: list[dict[str, Any]]) -> list[ObjectMeta]:
    """The object of each record; at most ten runs of one type."""
    metas = []
    for record in records:
        name = (record.get("attributes") or {}).get("type")
        if not isinstance(name, str):
            raise ApiError(400, "INVALID_INPUT", "Include an entity type with your request", ())
        meta = platform.org.seen(name, call.user_id)
        if meta is None or meta.tooling:
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.", ())
        metas.append(meta)
    if sum(1 for _ in groupby(metas, key=lambda m: m.name)) > MOST_CHUNKS:
        raise ApiError(400, "INVALID_INPUT", "The records are in more than 10 chunks of one type", ())
    return metas


def create(platform: Platform, call: Call) -> Answer:
    """`POST /composite/sobjects`."""
    records, all_or_none = _records(call)
    metas, writer = _typed(platform, call, records), platform.writer(call)

    def step(meta: ObjectMeta, record: Mapping[str, Any]) -> Step:
        return lambda: success(platform.engine.insert(meta.name, record, writer))

    return carry_out(platform, [step(m, r) for m, r in zip(metas, records, strict=True)], all_or_none)


def update(platform: Platform, call: Call) -> Answer:
    """`PATCH /composite/sobjects`: each record names its Id."""
    records, all_or_none = _records(call)
    metas, writer = _typed(platform, call, records), platform.writer(call)
    seen: set[str] = set()

    def step(meta: ObjectMeta, record: Mapping[str, Any]) -> Step:
        def run() -> Item:
            record_id = own_id(meta, record)
            if record_id in seen:
                raise RecordError("DUPLICATE_VALUE", f"duplicate id in list: {record_id}", ("Id",))
            seen.add(record_id)
            platform.engine.update(meta.name, record_id, without_id(record), writer)
            return success(record_id)

        return run

    return carry_out(platform, [step(m, r) for m, r in zip(metas, records, strict=True)], all_or_none)


def own_id(meta: ObjectMeta, record: Mapping[str, Any]) -> str:
    """The Id that a record of an update carries."""
    given = next((v for k, v in record.items() if k.lower() == "id"), None)
    if not given:
        raise RecordError("MISSING_ARGUMENT", "Id not specified in an update call", ())
    found = normalise_id(given) if isinstance(given, str) else None
    if found is None or (meta.key_prefix and not found.startswith(meta.key_prefix)):
        raise RecordError("MALFORMED_ID", f"{meta.label} ID: id value of incorrect type: {given}", ("Id",))
    return found


def without_id(record: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k.lower() != "id"}


def upsert(platform: Platform, call: Call, name: str, key: str) -> Answer:
    """`PATCH /composite/sobjects/X/ExtField`: records of one type by a key in each of them."""
    meta = platform.object(name, call)
    records, all_or_none = _records(call)
    writer = platform.writer(call)
    try:
        field = platform.engine.key_field(meta, key, writer)
    except RecordError as refused:
        raise refused.alone() from None
    if any(m.name != meta.name for m in _typed(platform, call, records)):
        raise ApiError(400, "INVALID_INPUT", "The records are not all of the type in the address", ())

    seen: set[str] = set()

    def step(record: Mapping[str, Any]) -> Step:
        return lambda: upsert_one(platform, meta, field.name, record, writer, seen)

    return carry_out(platform, [step(r) for r in records], all_or_none)


def upsert_one(
    platform: Platform, meta: ObjectMeta, key: str, record: Mapping[str, Any], writer: Writer, seen: set[str]
) -> Item:
    """Update the one record with this key or insert it.  `seen`: the keys that this transaction has had."""
    value = next((v for k, v in record.items() if k.lower() == key.lower()), None)
    field, rows = key_rows(platform, meta, key, value, writer)
    if len(rows) > 1:
        raise RecordError(
            "DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found for external id field: "
            f"[{', '.join(row.id for row in rows)}]", (field.name,),
        )  # fmt: skip
    if value in (None, "") and field.name != "Id":
        raise RecordError("MISSING_ARGUMENT", f"{field.name} not specified", ())
    if value is not None:
        if fold(value) in seen:
            raise RecordError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (field.name,))
        seen.add(fold(value))
    rest = {k: v for k, v in record.items() if k.lower() != key.lower()}
    if rows:
        platform.engine.update(meta.name, rows[0].id, rest, writer)
        return success(rows[0].id, created=False)
    if field.name == "Id" and value:
        raise RecordError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ())
    if field.name != "Id":
        rest[field.name] = value
    return success(platform.engine.insert(meta.name, rest, writer), created=True)


def delete(platform: Platform, call: Call) -> Answer:
    """`DELETE /composite/sobjects?ids=a,b&allOrNone=`."""
    ids = [i.strip() for i in call.query.get("ids", "").split(",") if i.strip()]
    check_size(len(ids))
    call.items = len(ids)
    writer = platform.writer(call)

    def step(given: str) -> Step:
        def run() -> Item:
            record_id = normalise_id(given)
            name = platform.org.object_of_id(record_id) if record_id else None
            if record_id is None or name is None:
                raise RecordError("MALFORMED_ID", f"malformed id {given}", ())
            removal.delete(platform.engine, name, record_id, writer)
            return success(record_id)

        return run

    return carry_out(platform, [step(i) for i in ids], call.query.get("allOrNone", "").lower() == "true")


def retrieve(platform: Platform, call: Call, name: str) -> Answer:
    """`GET ?ids=&fields=` and `POST {"ids", "fields"}` on `/composite/sobjects/X`; null in place of an unknown id."""
    meta = platform.object(name, call)
    if call.method == "POST":
        body = call.json_object()
        ids, fields = list(body.get("ids") or []), list(body.get("fields") or [])
    else:
        ids = [i for i in call.query.get("ids", "").split(",") if i]
        fields = [f for f in call.query.get("fields", "").split(",") if f]
    check_size(len(ids), MOST_RETRIEVED)
    call.items = len(ids)
    metas = fields_named(platform, call, meta, fields or ["Id"])
    if not any(f.name == "Id" for f in metas):
        metas.append(meta.fields["Id"])
    rows = [platform.store.live(meta.name, normalise_id(str(i))) for i in ids]
    render = rendering(call, meta, metas)
    return json_answer([render(row) if row else None for row in rows])
