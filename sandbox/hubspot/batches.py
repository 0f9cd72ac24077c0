"""A hundred records at once (guide "Error handling", section multi-status; recorded answers).

What fails as a whole and what fails in part differs by operation: unknown ids are reported beside the results (207);
a bad value fails the whole batch, except in a create whose every input carries an `objectWriteTraceId` of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.hubspot import errors, writing
from sandbox.hubspot.codec import iso
from sandbox.hubspot.errors import Problem
from sandbox.hubspot.objects import Linked, by_property, links_in, properties_in
from sandbox.hubspot.rules import missing_on_create
from sandbox.hubspot.schema import ObjectType
from sandbox.hubspot.shape import View, created_view
from sandbox.hubspot.store import Record
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

MOST = 100
MOST_HISTORY = 50


def shuffled(portal: Portal, results: list[Any]) -> list[Any]:
    """Another order than the inputs', as the platform promises none."""
    if portal.shuffle_results and len(results) > 1:
        before = list(results)
        portal.kernel.rng.shuffle(results)
        if all(a is b for a, b in zip(before, results, strict=True)):
            results.append(results.pop(0))
    return results


def batch_answer(portal: Portal, status: int, results: list[Any], failed: Sequence[dict[str, Any]] = ()) -> Answer:
    now = iso(portal.clock.now())
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": shuffled(portal, results),
        "startedAt": now,
        "completedAt": now,
    }
    if failed:
        body["numErrors"] = len(failed)
        body["errors"] = list(failed)
    return Answer(207 if failed else status, body, len(results) + len(failed))


def inputs_of(ask: Ask, most: int = MOST, history: bool = False) -> list[dict[str, Any]]:
    body = ask.object()
    inputs = body.get("inputs")
    if not isinstance(inputs, list):
        raise errors.missing_fields("inputs")
    if len(inputs) > most:
        raise errors.too_many_inputs(most, history)
    if any(not isinstance(entry, dict) for entry in inputs):
        raise errors.bad_json("Cannot deserialize value of inputs")
    return inputs


def _ids(inputs: Iterable[dict[str, Any]]) -> list[str]:
    ids = [str(entry.get("id") or "") for entry in inputs]
    if "" in ids:
        raise errors.missing_fields("id")
    return ids


def _refuse_duplicates(ids: Iterable[str]) -> None:
    twice = [id for id, count in Counter(ids).items() if count > 1]
    if twice:
        raise errors.duplicate_ids(twice)


def read(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    body = ask.object()
    history = body.get("propertiesWithHistory") or []
    inputs = inputs_of(ask, MOST_HISTORY if history else MOST, bool(history))
    records = portal.records[type_.name]
    name = body.get("idProperty")
    archived = ask.flag("archived")
    view = View(portal, type_, body.get("properties") or (), history)
    results, missing = [], []
    for id in dict.fromkeys(_ids(inputs)):
        if name:
            row = by_property(portal, type_, name, id)
        else:
            row = records.archived.get(id) if archived else records.live(id)
        if row is None:
            missing.append(id)
        else:
            results.append(view.one(row))
    failed = [errors.some_missing(type_.singular.upper(), missing)] if missing else []
    return batch_answer(portal, 200, results, failed)


class _New(NamedTuple):
    """One input of a create, checked."""

    values: writing.Values
    links: Linked


def create(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    inputs = inputs_of(ask)
    traces = [str(entry.get("objectWriteTraceId") or "") for entry in inputs]
    if all(traces) and len(set(traces)) == len(traces):
        return _create_traced(portal, ask, type_, inputs, traces)
    checked = _check_all(portal, ask, type_, inputs)
    rows = [portal.add(type_, new.values, ask.caller, new.links) for new in checked]
    return batch_answer(portal, 201, [created_view(portal, type_, row) for row in rows])


def _check_all(portal: Portal, ask: Ask, type: ObjectType, inputs: list[dict[str, Any]]) -> list[_New]:
    """Every input, or the refusal that tells every problem at once."""
    problems: list[Problem] = []
    checked = []
    for entry in inputs:
        try:
            clean = writing.prepare(portal, type, properties_in(entry), ask.caller)
        except writing.Invalid as error:
            problems += error.problems
            continue
        checked.append(_New(clean, links_in(portal, type, entry)))
    if problems:
        raise errors.bad_values(problems, portal.portal_id)
    taken: set[tuple[str, str]] = set()
    for new in checked:
        missing = missing_on_create(portal, type, new.values)
        if missing:
            raise errors.required_missing(type.singular.upper(), missing)
        try:
            writing.check_unique(portal, type, new.values, None)
            _check_within(portal, type, new.values, taken)
        except writing.Taken as error:
            raise writing.refusal(portal, error) from error
    return checked


def _check_within(portal: Portal, type: ObjectType, values: writing.Values, taken: set[tuple[str, str]]) -> None:
    """Raises Taken for a unique value that an earlier input of the same batch claims."""
    for name in portal.records[type.name].unique:
        for value in writing.unique_values(type, name, values):
            if (name, value) in taken:
                raise writing.Taken(name, value, None)
            taken.add((name, value))


def _create_traced(
    portal: Portal, ask: Ask, type: ObjectType, inputs: list[dict[str, Any]], traces: list[str]
) -> Answer:
    results, failed = [], []
    for entry, trace in zip(inputs, traces, strict=True):
        try:
            clean = writing.prepare(portal, type, properties_in(entry), ask.caller)
            writing.check_unique(portal, type, clean, None)
            row = portal.add(type, clean, ask.caller, links_in(portal, type, entry))
        except (writing.Invalid, writing.Taken, errors.Refusal) as error:
            failed.append(_traced_error(portal, error, trace))
        else:
            results.append({**created_view(portal, type, row), "objectWriteTraceId": trace})
    return batch_answer(portal, 201, results, failed)


def _traced_error(portal: Portal, error: Exception, trace: str) -> dict[str, Any]:
    context: dict[str, list[str]] = {"objectWriteTraceId": [trace]}
    told = writing.refusal(portal, error) if isinstance(error, writing.Invalid | writing.Taken) else error
    assert isinstance(told, errors.Refusal) and isinstance(told.body, dict)
    if isinstance(error, writing.Taken) and error.existing:
        context["existingId"] = [error.existing]
    return {
        "status": "error",
        "category": told.body.get("category", "VALIDATION_ERROR"),
        "message": told.message,
        "context": context,
    }


class _Change(NamedTuple):
    """One input of an update or upsert, checked; without a row it creates."""

    row: Record | None
    values: writing.Values
    trace: str


def update(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    inputs = inputs_of(ask)
    ids = _ids(inputs)
    _refuse_duplicates(ids)
    names = {str(entry["idProperty"]) for entry in inputs if entry.get("idProperty")}
    for name in names:
        if name in ("email", "hs_object_id") or name not in portal.records[type_.name].unique:
            raise errors.invalid(f"Unable to perform update/upsert by non-unique {type_.id} property {name}")

    def find(entry: dict[str, Any]) -> Record | None:
        if entry.get("idProperty"):
            return by_property(portal, type_, str(entry["idProperty"]), str(entry["id"]))
        return portal.records[type_.name].live(str(entry["id"]))

    found = [(find(entry), entry) for entry in inputs]
    missing = [str(entry["id"]) for row, entry in found if row is None]
    changes = _check_changes(portal, ask, type_, [(row, entry) for row, entry in found if row is not None])
    results = [_applied(portal, ask, type_, change)[0] for change in changes]
    failed = [errors.some_missing(type_.singular.upper(), missing)] if missing else []
    return batch_answer(portal, 200, results, failed)


def upsert(portal: Portal, ask: Ask, type_name: str) -> Answer:
    type_ = type_of(type_name)
    inputs = inputs_of(ask)
    ids = _ids(inputs)
    for entry in inputs:
        name = str(entry.get("idProperty") or "")
        if name == "hs_object_id" or name not in portal.records[type_.name].unique:
            raise errors.invalid(f"Unable to perform update/upsert by non-unique {type_.id} property {name}")
    _refuse_duplicates(writing.fold(id) for id in ids)
    found = []
    for entry in inputs:
        name = str(entry["idProperty"])
        row = by_property(portal, type_, name, str(entry["id"]))
        entry = {**entry, "properties": {name: entry["id"], **properties_in(entry)}}
        found.append((row, entry))
    changes = _check_changes(portal, ask, type_, found)
    results = []
    for change in changes:
        shown, new = _applied(portal, ask, type_, change)
        results.append({**shown, "new": new})
    return batch_answer(portal, 200, results)


def _check_changes(
    portal: Portal, ask: Ask, type: ObjectType, found: list[tuple[Record | None, dict[str, Any]]]
) -> list[_Change]:
    """Every input, or the refusal of the whole batch."""
    problems: list[Problem] = []
    changes = []
    for row, entry in found:
        try:
            clean = writing.prepare(portal, type, properties_in(entry), ask.caller, row)
        except writing.Invalid as error:
            problems += error.problems
            continue
        changes.append(_Change(row, clean, str(entry.get("objectWriteTraceId") or "")))
    if problems:
        raise errors.bad_values(problems, portal.portal_id)
    taken: set[tuple[str, str]] = set()
    for change in changes:
        try:
            writing.check_unique(portal, type, change.values, change.row.id if change.row else None)
            _check_within(portal, type, change.values, taken)
        except writing.Taken as error:
            raise writing.refusal(portal, error) from error
        if change.row is None and (missing := missing_on_create(portal, type, change.values)):
            raise errors.required_missing(type.singular.upper(), missing)
    return changes


def _applied(portal: Portal, ask: Ask, type: ObjectType, change: _Change) -> tuple[dict[str, Any], bool]:
    row, new = change.row, change.row is None
    if row is None:
        row = portal.add(type, change.values, ask.caller)
        shown = created_view(portal, type, row)
    else:
        portal.change(type, row, change.values, ask.caller)
        shown = View(portal, type, list(change.values)).one(row)
    if change.trace:
        shown["objectWriteTraceId"] = change.trace
    return shown, new


def archive(portal: Portal, ask: Ask, type_name: str) -> Answer:
    """Unknown ids are passed over."""
    type_ = type_of(type_name)
    ids = _ids(inputs_of(ask))
    for id in dict.fromkeys(ids):
        row = portal.records[type_.name].live(id)
        if row is not None:
            portal.bin(type_, row)
    return Answer(204, items=len(ids))


_READ = "crm.objects.{type}.read"
_WRITE = "crm.objects.{type}.write"


def _batch(name: str, handler: Callable[..., Answer], scopes: str) -> Any:
    return route("POST", f"objects/{{type}}/batch/{name}", handler, scopes)


ROUTES = [
    _batch("read", read, _READ),
    _batch("create", create, _WRITE),
    _batch("update", update, _WRITE),
    _batch("upsert", upsert, _WRITE),
    _batch("archive", archive, _WRITE),
]
