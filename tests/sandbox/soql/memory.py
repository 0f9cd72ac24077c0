"""A Source over rows held in lists: with the indexes of the protocol, or without any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.kernel import Row, Table
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.schema import Org, stamp, standard_org

NOON = 1_769_860_800_000
"""2026-01-31T12:00:00Z, the time in every test."""


class Memory:
    """Rows by object.  `touched` counts the rows that queries were given by an index."""

    def __init__(self, org: Org | None = None, *, indexed: bool = True) -> None:
        self.org = org or standard_org()
        self.user_id: str | None = None
        self.now_ms = NOON
        self.time_zone = "UTC"
        self.base = "/services/data/v64.0"
        self.indexed = indexed
        self.used: list[str] = []
        self._tables: dict[str, Table] = {}

    def table(self, object_name: str) -> Table:
        return self._tables.setdefault(object_name, Table(object_name))

    def add(self, object_name: str, values: dict[str, Any], at: int = NOON, *, deleted: bool = False) -> str:
        table = self.table(object_name)
        row = Row(make_id(self.org.objects[object_name].key_prefix or "000", len(table) + 1), values, at)
        if deleted:
            row.archived_at = at
        table.rows[row.id] = row
        return row.id

    def by_id(self, object_name: str, low: str | None, high: str | None, descending: bool) -> Iterable[str] | None:
        ids = [i for i in self.table(object_name).rows if (low is None or i >= low) and (high is None or i <= high)]
        return self._use("id", sorted(ids, reverse=descending))

    def by_modstamp(
        self, object_name: str, low: int | None, high: int | None, descending: bool
    ) -> Iterable[str] | None:
        keys = [(stamp(r), r.id) for r in self.table(object_name)]
        keys = [k for k in keys if (low is None or k[0] >= low) and (high is None or k[0] <= high)]
        return self._use("modstamp", [i for _, i in sorted(keys, reverse=descending)])

    def by_value(self, object_name: str, field: str, values: list[str]) -> Iterable[str] | None:
        wanted = {v.lower() for v in values}
        rows = self.table(object_name)
        return self._use(f"value:{field}", [r.id for r in rows if str(r.values.get(field)).lower() in wanted])

    def by_deleted(self, object_name: str) -> Iterable[str] | None:
        return self._use("deleted", [r.id for r in self.table(object_name) if r.archived_at is not None])

    def _use(self, index: str, ids: list[str]) -> list[str] | None:
        if not self.indexed:
            return None
        self.used.append(f"{index} {len(ids)}")
        return ids
