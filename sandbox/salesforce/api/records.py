"""One record: create, read, update, delete, and the same by external id (REST guide, sObject Rows)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.kernel import Row
from sandbox.salesforce.dml import removal
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError, RecordError
from sandbox.salesforce.http import Answer, Call, json_answer, no_content
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import FieldMeta, ObjectMeta, renderer, stamp
from sandbox.salesforce.times import parse_http_date

T = TypeVar("T")
UPSERT_ANSWERS_SINCE = 46.0
"""Until v45 an upsert that updates answers 204 without a body."""


def alone(platform: Platform, work: Callable[[], T]) -> T:
    """A write that stands alone: a refused record is a refused call, and leaves nothing behind."""
    try:
        return platform.store.attempt(work)
    except RecordError as refused:
        raise refused.alone() from None


def rendering(call: Call, meta: ObjectMeta, fields: list[FieldMeta]) -> Callable[[Row], dict[str, Any]]:
    """Makes of a row the record that `GET` shows, null fields included."""
    head = f"{call.root}/sobjects/{meta.name}/"
    columns = [(field.name, renderer(field)) for field in fields]

    def render(row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {"attributes": {"type": meta.name, "url": head + row.id}}
        for name, show in columns:
            shown[name] = show(row)
        return shown

    return render


def fields_named(platform: Platform, call: Call, meta: ObjectMeta, names: list[str] | None) -> list[FieldMeta]:
    """The fields a caller asks for, or all it sees."""
    if names is None:
        return [f for f in meta.fields.values() if platform.org.visible(meta.name, f.name, call.user_id)]
    found = []
    for name in names:
        field = platform.org.visible_field(meta, name, call.user_id)
        if field is None:
            raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {meta.name}")
        found.append(field)
    return found


def create(platform: Platform, call: Call, name: str) -> Answer:
    """`POST /sobjects/X` → 201."""
    meta = platform.object(name, call)
    check_createable(meta)
    given, writer = call.json_object(), platform.writer(call)
    record_id = alone(platform, lambda: platform.engine.insert(meta.name, given, writer))
    return json_answer(
        {"id": record_id, "success": True, "errors": []},
        201,
        {"Location": f"{call.root}/sobjects/{meta.name}/{record_id}"},
    )


def check_createable(meta: ObjectMeta) -> None:
    if not meta.createable:
        raise ApiError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {meta.name} does not support create")


def read(platform: Platform, call: Call, name: str, record_id: str) -> Answer:
    """`GET /sobjects/X/id?fields=A,B`."""
    meta = platform.object(name, call)
    row = _found(platform, meta, record_id)
    return json_answer(rendering(call, meta, _asked(platform, call, meta))(row))


def _asked(platform: Platform, call: Call, meta: ObjectMeta) -> list[FieldMeta]:
    asked = call.query.get("fields")
    return fields_named(platform, call, meta, [n.strip() for n in asked.split(",")] if asked else None)


def update(platform: Platform, call: Call, name: str, record_id: str) -> Answer:
    """`PATCH /sobjects/X/id` → 204; 412 when the record is younger than If-Unmodified-Since."""
    meta = platform.object(name, call)
    given, writer = call.json_object(), platform.writer(call)
    row = _found(platform, meta, record_id)
    check_unmodified(platform, call, row)
    if any(key.lower() == "id" for key in given):
        raise ApiError(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ("Id",))
    alone(platform, lambda: platform.engine.update(meta.name, row.id, given, writer))
    return no_content()


def delete(platform: Platform, call: Call, name: str, record_id: str) -> Answer:
    """`DELETE /sobjects/X/id` → 204."""
    meta = platform.object(name, call)
    row = _found(platform, meta, record_id)
    check_unmodified(platform, call, row)
    writer = platform.writer(call)
    alone(platform, lambda: removal.delete(platform.engine, meta.name, row.id, writer))
    return no_content()


def _found(platform: Platform, meta: ObjectMeta, record_id: str) -> Row:
    normal = normalise_id(record_id)
    row = platform.store.find(meta.name, normal) if normal else None
    if row is None:
        if normal is None:
            raise ApiError(
                404, "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {record_id}"
            )
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    if row.archived_at is not None:
        raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", ())
    return row


def check_unmodified(platform: Platform, call: Call, row: Row) -> None:
    """Conditional requests (REST guide, Conditional Request Headers)."""
    header = call.header("if-unmodified-since")
    if header is None or (call.depth and not platform.settings.composite_cas):
        return
    try:
        since = parse_http_date(header)
    except (ValueError, TypeError):
        return
    if stamp(row) > since:
        raise ApiError(412, "PRECONDITION_FAILED", "The record has been modified since the date in If-Unmodified-Since")


# By external id.


def key_rows(
    platform: Platform, meta: ObjectMeta, field_name: str, value: Any, writer: Writer
) -> tuple[FieldMeta, list[Row]]:
    """The field that is the key, and the live records that hold this value in it."""
    field = platform.engine.key_field(meta, field_name, writer)
    if field.name == "Id":
        normal = normalise_id(str(value)) if value else None
        row = platform.store.live(meta.name, normal) if normal else None
        return field, [row] if row else []
    rows = platform.store.shelf(meta.name).live_matching(field.name, value) if value not in (None, "") else []
    if field.case_sensitive:
        rows = [row for row in rows if row.values.get(field.name) == value]
    return field, rows


def _by_key(platform: Platform, call: Call, meta: ObjectMeta, field: str, value: str) -> list[Row]:
    try:
        return key_rows(platform, meta, field, value, platform.writer(call))[1]
    except RecordError as refused:
        raise refused.alone() from None


def _one(platform: Platform, call: Call, meta: ObjectMeta, field: str, value: str) -> Row | Answer:
    rows = _by_key(platform, call, meta, field, value)
    if not rows:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return rows[0] if len(rows) == 1 else several(call, meta, rows)


def several(call: Call, meta: ObjectMeta, rows: list[Row]) -> Answer:
    """300: the key is held by more than one record; where they are."""
    return json_answer([f"{call.root}/sobjects/{meta.name}/{row.id}" for row in rows], 300)


def read_by_key(platform: Platform, call: Call, name: str, field: str, value: str) -> Answer:
    """`GET /sobjects/X/Ext__c/value`."""
    meta = platform.object(name, call)
    found = _one(platform, call, meta, field, value)
    if isinstance(found, Answer):
        return found
    return json_answer(rendering(call, meta, _asked(platform, call, meta))(found))


def delete_by_key(platform: Platform, call: Call, name: str, field: str, value: str) -> Answer:
    """`DELETE /sobjects/X/Ext__c/value` → 204."""
    meta = platform.object(name, call)
    found = _one(platform, call, meta, field, value)
    if isinstance(found, Answer):
        return found
    writer = platform.writer(call)
    alone(platform, lambda: removal.delete(platform.engine, meta.name, found.id, writer))
    return no_content()


def upsert(platform: Platform, call: Call, name: str, field_name: str, value: str) -> Answer:
    """`PATCH /sobjects/X/Ext__c/value`: 201, 200 (204 before v46), or 300 and nothing done."""
    meta = platform.object(name, call)
    given, writer = call.json_object(), platform.writer(call)
    rows = _by_key(platform, call, meta, field_name, value)
    if len(rows) > 1:
        return several(call, meta, rows)
    key = meta.find(field_name)
    assert key is not None
    if any(k.lower() == key.name.lower() for k in given):
        raise ApiError(
            400, "INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.", (key.name,)
        )
    if rows:
        check_unmodified(platform, call, rows[0])
        alone(platform, lambda: platform.engine.update(meta.name, rows[0].id, given, writer))
        if call.version < UPSERT_ANSWERS_SINCE:
            return no_content()
        return json_answer({"id": rows[0].id, "success": True, "errors": [], "created": False})
    if call.query.get("updateOnly", "").lower() == "true" or key.name == "Id":
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    check_createable(meta)
    record_id = alone(platform, lambda: platform.engine.insert(meta.name, {**given, key.name: value}, writer))
    return json_answer({"id": record_id, "success": True, "errors": [], "created": True}, 201)


def create_by_null_key(platform: Platform, call: Call, name: str, field: str) -> Answer:
    """`POST /sobjects/X/Id` without an id inserts (v37 and later)."""
    if field.lower() != "id":
        raise ApiError(405, "METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are GET,PATCH,DELETE")
    made = create(platform, call, name)
    return Answer(made.status, made.body[:-1] + b',"created":true}', made.headers)
