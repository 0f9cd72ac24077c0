"""Records as they are this moment: batch read, and one by one where a record may have been merged away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from connectors.errors import Misconfigured
from connectors.hubspot import rows
from connectors.hubspot.answers import Answer, demand, fault, system_error
from connectors.hubspot.api import Api
from connectors.hubspot.links import Links
from connectors.port import Key, Record, Ref

BATCH = 100


class Reader:
    """`read` of the port."""

    def __init__(self, api: Api, links: Links) -> None:
        self._api = api
        self._door = api.door
        self._links = links

    def by_ids(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Iterator[Record]:
        """In no promised order.  A missing id costs one call of its own, to learn whether it was merged away."""
        batches = cut(list(dict.fromkeys(ids)), BATCH)
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
            return self._gone(asked, fields, answer)
        record = self._links.of_rows(object, fields, [answer.body])[0]
        if record.ref.id == id:
            return record
        return Record(asked, record.fields, record.version, record.created, deleted=True, moved_to=record.ref)

    def _gone(self, asked: Ref, fields: Sequence[str], answer: Answer) -> Record:
        """What the bin tells of a deleted record; of one that is not there either nothing is left to read, not even
        when it went: it was gone by now."""
        if answer.status != 404:
            demand(answer, f"a read of one of {asked.object}")
        binned = self._api.one(asked.object, asked.id, rows.asked_properties(asked.object, fields), archived=True)
        if binned.good and binned.body.get("archived"):
            return rows.record(asked.object, binned.body, fields)._replace(ref=asked)
        if binned.status != 404:
            demand(binned, f"a read of one of {asked.object}")
        return Record(asked, {}, self._door.server_now(), deleted=True)

    def by_keys(self, object: str, fields: Sequence[str], keys: Sequence[Key]) -> Iterator[Record]:
        """By unique properties, e-mail among them.  Raises `Misconfigured` for a property that is not unique."""
        by_field: dict[str, list[str]] = {}
        for key in keys:
            by_field.setdefault(key.field, []).append(key.value)
        for name, values in by_field.items():
            batches = cut(list(dict.fromkeys(values)), BATCH)
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


def cut(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """In parts of at most this size."""
    return [items[start : start + size] for start in range(0, len(items), size)]
