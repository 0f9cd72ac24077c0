"""Segments: named sets of records, filled by hand through the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot.codec import iso


@dataclass(slots=True)
class Segment:
    """One list.  Members: record id → when it joined."""

    id: str
    name: str
    type_id: str
    processing: str
    created: int
    updated: int
    version: int = 1
    deleted: int | None = None
    members: dict[str, int] = field(default_factory=dict)
    filters: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "listId": self.id,
            "listVersion": self.version,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "processingStatus": "COMPLETE",
            "processingType": self.processing,
            "objectTypeId": self.type_id,
            "name": self.name,
            "size": len(self.members),
        }
        if self.filters is not None:
            out["filterBranch"] = self.filters
        if self.deleted is not None:
            out["deletedAt"] = iso(self.deleted)
        return out


class Lists:
    """All lists of the portal, deleted ones included."""

    def __init__(self) -> None:
        self.all: dict[str, Segment] = {}

    def add(self, name: str, type_id: str, processing: str, at: int, filters: dict[str, Any] | None) -> Segment:
        made = Segment(str(len(self.all) + 1), name, type_id, processing, at, at, filters=filters)
        self.all[made.id] = made
        return made

    def live(self, id: str) -> Segment | None:
        found = self.all.get(id)
        return found if found is not None and found.deleted is None else None

    def named(self, name: str, type_id: str) -> Segment | None:
        return next(
            (s for s in self.all.values() if s.deleted is None and s.name == name and s.type_id == type_id), None
        )
