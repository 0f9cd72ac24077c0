"""Pipelines and their stages, of deals, leads, tickets and of the contacts' lifecycle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot.choices import DEAL_STAGES, LEAD_STAGES, STAGES, TICKET_STAGES
from sandbox.hubspot.codec import iso


@dataclass(slots=True)
class Stage:
    """One step.  Metadata values are texts: probability "0.0" to "1.0", isClosed."""

    id: str
    label: str
    order: int
    metadata: dict[str, str] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.order,
            "metadata": self.metadata,
            "id": self.id,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            "archived": self.archived,
        }


@dataclass(slots=True)
class Pipeline:
    """Stages in order."""

    id: str
    label: str
    order: int
    stages: dict[str, Stage] = field(default_factory=dict)
    created: int = 0
    updated: int = 0
    archived: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "displayOrder": self.order,
            "id": self.id,
            "stages": [s.shown() for s in sorted(self.stages.values(), key=lambda s: s.order)],
            "createdAt": iso(self.created),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
        }


class Pipelines:
    """All pipelines of the portal, by object."""

    def __init__(self) -> None:
        lifecycle = {k: Stage(k, label, i, {"isClosed": "false"}) for i, (k, label) in enumerate(STAGES.items())}
        deals = {
            k: Stage(k, label, i, {"isClosed": str(closed).lower(), "probability": chance})
            for i, (k, (label, chance, closed)) in enumerate(DEAL_STAGES.items())
        }
        leads = {
            k: Stage(k, label, i, {"leadState": label.upper()}) for i, (k, label) in enumerate(LEAD_STAGES.items())
        }
        tickets = {
            k: Stage(k, label, i, {"ticketState": "CLOSED" if label == "Closed" else "OPEN"})
            for i, (k, label) in enumerate(TICKET_STAGES.items())
        }
        contact_line = Pipeline("contacts-lifecycle-pipeline", "Lifecycle Stage Pipeline", 0, lifecycle)
        self.of: dict[str, dict[str, Pipeline]] = {
            "contacts": {contact_line.id: contact_line},
            "deals": {"default": Pipeline("default", "Sales Pipeline", 0, deals)},
            "leads": {"lead-pipeline-id": Pipeline("lead-pipeline-id", "Lead pipeline", 0, leads)},
            "tickets": {"0": Pipeline("0", "Support Pipeline", 0, tickets)},
        }

    def date(self, at: int) -> None:
        """All that there is was made at this time."""
        for pipeline in (p for of in self.of.values() for p in of.values()):
            pipeline.created = pipeline.updated = at
            for stage in pipeline.stages.values():
                stage.created = stage.updated = at

    def live(self, name: str) -> Iterator[Pipeline]:
        return (p for p in self.of.get(name, {}).values() if not p.archived)

    def stage(self, name: str, id: str) -> Stage | None:
        return next((p.stages[id] for p in self.live(name) if id in p.stages), None)
