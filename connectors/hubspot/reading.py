"""Records as they are this moment: batch read, and one by one where a record may have been merged away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from connectors.errors import Misconfigured
from connectors.hubspot import rows
from connectors.hubspot.answers import Answer, demand, fault, system_error
from connectors.hubspot.api import Api
from connectors.hubspot.links import Links
from connectors.port import Key, Record, Ref, Write

BATCH = 100
HISTORY_BATCH = 50


class Reader:
    """`read`, `overwritten` and `changed_at` of the port."""

    def __init__(self, api: Api, links: Links) -> None:
        self._api = api
        self._door = api.door
        self._links = links

    def by_ids(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Iterator[Record]:
        """In no promised order.  A missing id costs one call of its own, to learn whether it was merged away."""
        batches = _cut(list(dict.fromkeys(ids)), BATCH)
        for found in self._door.map(lambda batch: self.batch(object, fields, batch), batches):
            missing = [id for id, record in found.items() if record is None]
            yield from (record for record in found.values() if record is not None)
            yield from self._door.map(lambda id: self._single(object, fields, id), missing)

    def batch(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, Record | None]:
        """At most 100 ids in one call; None for those HubSpot does not give under this id."""
        body = {
            "inputs": [{"id": id} for id in ids],
            "properties": rows.asked_properties(object, fields),
        }
        answer = demand(self._api.batch_read(object, body), f"a read of {object}")
        records = self._links.of_rows(object, fields, answer.get("results") or [])
        by_id = {record.ref.id: record for record in records}
        return {id: by_id.get(id) for id in ids}

    def _single(self, object: str, fields: Sequence[str], id: str) -> Record:
        asked = Ref(rows.SYSTEM, object, id)
        answer = self._api.one(object, id, rows.asked_properties(object, fields))
        if not answer.good:
            return self._gone(asked, answer)
        record = self._links.of_rows(object, fields, [answer.body])[0]
        if record.ref.id == id:
            return record
        return Record(asked, record.fields, record.version, record.created, deleted=True, moved_to=record.ref)

    def _gone(self, asked: Ref, answer: Answer) -> Record:
        """Of a deleted record nothing is left to read, not even when it went; it was gone by now."""
        if answer.status != 404:
            demand(answer, f"a read of one of {asked.object}")
        return Record(asked, {}, self._door.server_now(), deleted=True)

    def by_keys(self, object: str, fields: Sequence[str], keys: Sequence[Key]) -> Iterator[Record]:
        """By unique properties, e-mail among them.  Raises `Misconfigured` for a property that is not unique."""
        by_field: dict[str, list[str]] = {}
        for key in keys:
            by_field.setdefault(key.field, []).append(key.value)
        for name, values in by_field.items():
            batches = _cut(list(dict.fromkeys(values)), BATCH)
            for found in self._door.map(partial(self._keyed, object, fields, name), batches):
                yield from found

    def _keyed(self, object: str, fields: Sequence[str], name: str, values: Sequence[str]) -> list[Record]:
        body = {
            "inputs": [{"id": value} for value in values],
            "idProperty": name,
            "properties": rows.asked_properties(object, (*fields, name)),
        }
        answer = self._api.batch_read(object, body)
        if answer.status == 404 and fault(answer.body, 404).gone:
            return []
        if answer.status == 400:
            error = system_error(answer, f"a read of {object}")
            raise error or Misconfigured(f"hubspot: {object}.{name} is not a unique property; make one with provision")
        found = demand(answer, f"a read of {object} by {name}").get("results") or []
        return self._links.of_rows(object, fields, found)

    # -- history -----------------------------------------------------------------------------------------------

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> dict[str, dict[str, Any]]:
        """What stood right before our value, where it was put there after the version we decided on."""
        asked = [(write, record) for write, record in writes if write.id and write.unless_changed_since is not None]
        found: dict[str, dict[str, Any]] = {}
        for object in dict.fromkeys(write.object for write, _ in asked):
            mine = [pair for pair in asked if pair[0].object == object]
            for histories in self._door.map(self._histories, _cut(mine, HISTORY_BATCH)):
                found.update(histories)
        return found

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, int]]:
        """When the present value of each property was put there."""
        names = sorted({name for field in fields if field[0] != "@" for name in [field.removesuffix("!")]})
        found: dict[str, dict[str, int]] = {}
        for part in _cut(list(ids), HISTORY_BATCH):
            body = {"inputs": [{"id": id} for id in part], "properties": [], "propertiesWithHistory": names}
            results = demand(self._api.batch_read(object, body), f"the history of {object}").get("results") or []
            for row in results:
                history = row.get("propertiesWithHistory") or {}
                found[str(row["id"])] = {
                    name: max(rows.ms(entry["timestamp"]) for entry in entries)
                    for name, entries in history.items()
                    if entries
                }
        return found

    def _histories(self, batch: Sequence[tuple[Write, Record]]) -> dict[str, dict[str, Any]]:
        object = batch[0][0].object
        names = sorted({name.removesuffix("!") for write, _ in batch for name in write.fields if name[0] != "@"})
        body = {
            "inputs": [{"id": record.ref.id} for _, record in batch],
            "properties": [],
            "propertiesWithHistory": names,
        }
        results = demand(self._api.batch_read(object, body), f"the history of {object}").get("results") or []
        by_id = {str(row["id"]): row.get("propertiesWithHistory") or {} for row in results}
        found: dict[str, dict[str, Any]] = {}
        for write, record in batch:
            history = by_id.get(record.ref.id, {})
            for name in write.fields:
                entries = history.get(name.removesuffix("!")) or []
                lost = _replaced(entries, rows.native(write.fields[name]), record.fields.get(name), write)
                if lost is not None:
                    found.setdefault(record.ref.id, {})[name] = lost[0]
        return found


def _replaced(entries: Sequence[Mapping[str, Any]], sent: str, stored: Any, write: Write) -> tuple[Any] | None:
    """The value that our entry replaced, if it was put there after the version the write was decided on."""
    ordered = sorted(entries, key=lambda entry: rows.ms(entry["timestamp"]), reverse=True)
    values = [entry.get("value") or "" for entry in ordered]
    ours = next((n for n, value in enumerate(values) if value in (sent, stored or "")), None)
    if ours is None:
        return None
    # A forced stage is cleared first: that blank is ours as well.
    before = ours + 1 + (len(values) > ours + 1 and values[ours + 1] == "" and rows.FORCED_STAGE in write.fields)
    if before >= len(ordered) or write.unless_changed_since is None:
        return None
    if rows.ms(ordered[before]["timestamp"]) <= write.unless_changed_since:
        return None
    return (values[before] or None,)


def _cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
