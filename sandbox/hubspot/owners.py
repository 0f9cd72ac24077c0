"""Who may own a record: people, queues, and those who left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.codec import iso


@dataclass(slots=True)
class Owner:
    """One owner.  The id goes into hubspot_owner_id; the user id does not."""

    id: str
    email: str
    first: str
    last: str
    user_id: int
    archived: bool = False
    kind: str = "PERSON"
    created: int = 0
    updated: int = 0
    team: str = ""

    def shown(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "id": self.id,
            "email": self.email,
            "type": self.kind,
            "firstName": self.first,
            "lastName": self.last,
            "userId": None if self.archived or self.kind == "QUEUE" else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
        }
        if self.team:
            out["teams"] = [{"id": self.team, "name": f"Team {self.team}", "primary": True}]
        return out
