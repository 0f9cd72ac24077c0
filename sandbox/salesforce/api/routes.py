"""Which resource answers which address below `/services/data/vNN/`."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.salesforce.api import (
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    describes,
    list_views,
    queries,
    records,
    replication,
    search,
    service,
    tooling,
    tree,
)
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call
from sandbox.salesforce.platform import Platform

Handler = Callable[..., Answer]

ROUTES: dict[str, dict[str, Handler]] = {
    "": {"GET": service.resources},
    "limits": {"GET": service.limits},
    "query": {"GET": queries.query},
    "query/*": {"GET": queries.more},
    "queryAll": {"GET": queries.query_all},
    "queryAll/*": {"GET": queries.more},
    "sobjects": {"GET": describes.all_objects},
    "sobjects/*": {"GET": describes.one_object, "POST": records.create},
    "sobjects/*/describe": {"GET": describes.describe},
    "sobjects/*/updated": {"GET": replication.updated},
    "sobjects/*/deleted": {"GET": replication.deleted},
    "sobjects/*/*": {
        "GET": records.read,
        "PATCH": records.update,
        "DELETE": records.delete,
        "POST": records.create_by_null_key,
    },
    "sobjects/*/*/*": {"GET": records.read_by_key, "PATCH": records.upsert, "DELETE": records.delete_by_key},
    "ui-api/object-info/*/picklist-values/*": {"GET": describes.picklists},
    "ui-api/list-info/*": {"POST": list_views.create},
    "ui-api/list-info/*/*": {"GET": list_views.read},
    "composite/sobjects": {"POST": collections.create, "PATCH": collections.update, "DELETE": collections.delete},
    "composite/sobjects/*": {"GET": collections.retrieve, "POST": collections.retrieve},
    "composite/sobjects/*/*": {"PATCH": collections.upsert},
    "composite/tree/*": {"POST": tree.create},
    "search": {"GET": search.search},
    "parameterizedSearch": {"GET": search.parameterized, "POST": search.parameterized},
    "recent": {"GET": search.recent},
    "jobs/ingest": {"GET": bulk_ingest.listing, "POST": bulk_ingest.create},
    "jobs/ingest/*": {"GET": bulk_ingest.read, "PATCH": bulk_ingest.change, "DELETE": bulk_ingest.delete},
    "jobs/ingest/*/batches": {"PUT": bulk_ingest.upload},
    "jobs/ingest/*/successfulResults": {"GET": bulk_ingest.successful},
    "jobs/ingest/*/failedResults": {"GET": bulk_ingest.failed},
    "jobs/ingest/*/unprocessedrecords": {"GET": bulk_ingest.unprocessed},
    "jobs/ingest/*/unprocessedRecords": {"GET": bulk_ingest.unprocessed},
    "jobs/query": {"GET": bulk_query.listing, "POST": bulk_query.create},
    "jobs/query/*": {"GET": bulk_query.read, "PATCH": bulk_query.change, "DELETE": bulk_query.delete},
    "jobs/query/*/results": {"GET": bulk_query.results},
    "tooling": {"GET": service.resources},
    "tooling/query": {"GET": queries.tooling_query},
    "tooling/query/*": {"GET": queries.more},
    "tooling/sobjects": {"GET": tooling.all_objects},
    "tooling/sobjects/*/describe": {"GET": tooling.describe},
    "tooling/sobjects/CustomField": {"POST": tooling.create},
    "tooling/sobjects/CustomField/*": {"GET": tooling.read, "PATCH": tooling.update, "DELETE": tooling.delete},
}


def _compile() -> dict[int, list[tuple[tuple[str, ...], dict[str, Handler]]]]:
    by_length: dict[int, list[tuple[tuple[str, ...], dict[str, Handler]]]] = {}
    for pattern, handlers in ROUTES.items():
        parts = tuple(part for part in pattern.split("/") if part)
        by_length.setdefault(len(parts), []).append((parts, handlers))
    return by_length


def dispatch(platform: Platform, call: Call, segments: tuple[str, ...]) -> Answer:
    """Answer a call by the segments that follow the version."""
    for parts, handlers in _COMPILED.get(len(segments), ()):
        if all(p in ("*", s) for p, s in zip(parts, segments, strict=True)):
            handler = handlers.get(call.method) or (handlers.get("GET") if call.method == "HEAD" else None)
            if handler is None:
                raise ApiError(
                    405,
                    "METHOD_NOT_ALLOWED",
                    f"HTTP Method '{call.method}' not allowed. Allowed are {','.join(handlers)}",
                )
            return handler(platform, call, *(s for p, s in zip(parts, segments, strict=True) if p == "*"))
    raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")


ROUTES |= {
    "composite": {"POST": composite.resource(dispatch)},
    "composite/batch": {"POST": composite.batch(dispatch)},
    "composite/graph": {"POST": composite.graph(dispatch)},
}
_COMPILED = _compile()
