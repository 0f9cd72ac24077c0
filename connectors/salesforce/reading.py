"""Records as they are this moment, by id or by key.

By id the collections resource gives 2,000 rows a call, but it is silent about what is in the bin and knows nothing of
parent fields: what it leaves out is asked again by `queryAll`, and what that does not know either is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.errors import Misconfigured
from connectors.port import Key, Record
from connectors.salesforce import paths, soql
from connectors.salesforce.api import Api
from connectors.salesforce.rows import Shape
from connectors.salesforce.values import is_id, long_id

MOST_IDS = 2000
"""Of one retrieve by POST (REST guide, Get Records With a Request Body Using sObject Collections)."""
FEWER_IDS = 200
"""The limit of every other collections call: tried where an org refuses more."""
_ROOM_FOR_REST = 400


class Reader:
    """`Connector.read` for one org."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._most_ids = MOST_IDS

    def by_ids(self, shape: Shape, ids: Sequence[str]) -> Iterator[Record]:
        """One record for each different id."""
        wanted = list(dict.fromkeys(ids))
        proper = [id for id in wanted if is_id(id)]
        found: dict[str, dict[str, Any]] = {}
        if not shape.queried:
            found = self.retrieve(shape.object, shape.select, proper)
        missing = [id for id in proper if long_id(id) not in found]
        if missing:
            found |= self._look(shape, missing)
        now = self._api.door.server_now()
        for id in wanted:
            row = found.get(long_id(id))
            yield _under(id, shape.record(row)) if row is not None else shape.gone(id, now)

    def by_keys(self, shape: Shape, keys: Sequence[Key]) -> Iterator[Record]:
        """Live records that hold one of these keys."""
        for field in dict.fromkeys(key.field for key in keys):
            values = list(dict.fromkeys(key.value for key in keys if key.field == field))
            for rows in self._ask(shape, field, values, everything=False):
                yield from map(shape.record, rows)

    def retrieve(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Rows that are there, by 18-character id."""
        try:
            return self._retrieve(object, fields, ids)
        except Misconfigured:
            if min(len(ids), self._most_ids) <= FEWER_IDS:
                raise
            self._most_ids = FEWER_IDS
            return self._retrieve(object, fields, ids)

    def _retrieve(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        batches = [ids[n : n + self._most_ids] for n in range(0, len(ids), self._most_ids)]
        path = self._api.paths.retrieve(object)

        def fetch(batch: Sequence[str]) -> list[dict[str, Any] | None]:
            rows: list[dict[str, Any] | None] = self._api.post(path, {"ids": batch, "fields": fields}, f"read {object}")
            return rows

        found: dict[str, dict[str, Any]] = {}
        for rows in self._api.door.map(fetch, batches):
            found.update((row["Id"], row) for row in rows if row is not None)
        return found

    def _look(self, shape: Shape, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        pages = self._ask(shape, "Id", ids, everything=True)
        return {row["Id"]: row for rows in pages for row in rows}

    def _ask(
        self, shape: Shape, field: str, values: Sequence[str], *, everything: bool
    ) -> Iterator[list[dict[str, Any]]]:
        head = len(self._api.paths.query(shape.ask()))
        room = max(paths.LONGEST_URL - head - _ROOM_FOR_REST, paths.LONGEST_URL // 3)

        def fetch(chunk: list[str]) -> list[dict[str, Any]]:
            query = shape.ask(soql.is_in(field, chunk))
            rows = list(self._api.rows(query, f"read {shape.object}", everything=everything))
            self._api.whole(rows, shape.children, f"read {shape.object}")
            return rows

        yield from self._api.door.map(fetch, soql.chunks(values, room))


def _under(id: str, record: Record) -> Record:
    """The record under the very id that was asked for (15 or 18 characters)."""
    return record if record.ref.id == id else record._replace(ref=record.ref._replace(id=id))
