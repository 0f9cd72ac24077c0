"""Which of the records that a write points at are not there.

Salesforce says `entity is deleted` of the record that is written and of one it points at alike, and names no field.
So where it could be either, we look.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.port import Write
from connectors.salesforce import paths, soql
from connectors.salesforce.api import Api
from connectors.salesforce.verdicts import PREFIXES, pointers

_ROOM = 300


class Parents:
    """Looks."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def missing(self, writes: Sequence[Write]) -> list[tuple[str, ...]]:
        """For each write the fields that name a record in the bin, gone, or converted (a lead that lives on as a
        contact can be nobody's parent)."""
        named = [pointers(write) for write in writes]
        wanted: dict[str, set[str]] = {}
        for fields in named:
            for id in fields.values():
                wanted.setdefault(PREFIXES[id[:3]], set()).add(id)
        there = {id for object, ids in wanted.items() for id in self._there(object, sorted(ids))}
        return [tuple(name for name, id in fields.items() if id not in there) for fields in named]

    def _there(self, object: str, ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for part in soql.chunks(ids, paths.LONGEST_URL - _ROOM):
            where = soql.is_in("Id", part) + (" AND IsConverted = false" if object == "Lead" else "")
            rows = self._api.rows(soql.select(("Id",), object, where), f"read {object}")
            found.update(row["Id"] for row in rows)
        return found
