"""What stories tell of deals: pipelines, record types, currencies, who is part of a deal, and whose it is."""

from __future__ import annotations

from typing import Any

import httpx

from tests.scenarios.language import Line, ScenarioError, Step
from tests.scenarios.stage import Stage

ROLE = "OpportunityContactRole"
PATHS = {"hubspot": "/crm/v3/pipelines/deals"}


class Deals:
    """The sentences about deals; part of the Player."""

    stage: Stage
    cast: dict[str, dict[str, tuple[str, str]]]

    def given_pipeline(self, step: Step) -> None:
        """`hubspot has a pipeline Renewals with r1=Talking 0.4 open`: stages with their label, chance and outcome."""
        self.stage.begin()
        name = str(step.told["pipeline"])
        stages = [_stage(n, id, str(told)) for n, (id, told) in enumerate(step.fields.items())]
        if str(step.told["have"]) == "has more stages in":
            for stage in stages:
                self._ask("POST", f"/crm/v3/pipelines/deals/{name}/stages", stage)
            return
        body = {"pipelineId": name.lower(), "label": name, "displayOrder": 5, "stages": stages}
        self._ask("POST", "/crm/v3/pipelines/deals", body)

    def _ask(self, method: str, path: str, body: dict[str, Any]) -> None:
        world = self.stage.world
        with httpx.Client(transport=world.transport(), base_url=world.hubspot_url) as client:
            token = world.credentials["hubspot"]["access_token"]
            answer = client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
            assert answer.is_success, answer.text

    def given_types(self, step: Step) -> None:
        """Salesforce has record types, which offer all stages; the first one is the default."""
        self.stage.begin()
        names = str(step.told["types"]).split(" and ")
        types: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {name: (name, {}) for name in names}
        self.stage.world.salesforce.add_record_types("Opportunity", types, names[0])

    def given_currencies(self, step: Step) -> None:
        """Salesforce knows several currencies."""
        self.stage.begin()
        self.stage.world.salesforce.use_currencies(*str(step.told["codes"]).split())

    def when_part(self, step: Step) -> None:
        """Somebody joins or leaves a deal: an association, a contact role."""
        self._time(step)  # type: ignore[attr-defined]
        side, object, id = self._record(step)  # type: ignore[attr-defined]
        _, contact = self.cast[str(step.told["other"])][side]
        joins = step.told["way"] == "involves"
        human = self.stage.human(side)
        if side == "hubspot":
            link = self.stage.world.hubspot.associate if joins else self.stage.world.hubspot.dissociate
            link(object, id, "contacts", contact, human)
            return
        if joins:
            role = {"OpportunityId": id, "ContactId": contact}
            self.stage.world.salesforce.create(ROLE, role, human)
            return
        for role_id, row in list(self.stage.world.rows("salesforce", ROLE).items()):
            if (row.values["OpportunityId"], row.values["ContactId"]) == (id, contact) and row.archived_at is None:
                self.stage.world.salesforce.delete(ROLE, role_id, human)

    def then_parts(self, step: Step) -> None:
        """All who are part of a deal."""
        side, object, id = self._record(step)  # type: ignore[attr-defined]
        names = str(step.told["names"])
        wanted = set() if names == "nobody" else {self.cast[name][side][1] for name in names.split(" and ")}
        held = set(self._parts(side, object, id))
        check(step.line, held == wanted, f"These are: {sorted(held)}, not {sorted(wanted)}.")

    def _parts(self, side: str, object: str, id: str) -> list[str]:
        if side == "hubspot":
            return self.stage.world.hubspot.linked(object, id, "contacts")
        rows = self.stage.world.rows("salesforce", ROLE).values()
        return [r.values["ContactId"] for r in rows if r.values["OpportunityId"] == id and r.archived_at is None]


def _stage(order: int, id: str, told: str) -> dict[str, Any]:
    label, chance, outcome = told.rsplit(" ", 2)
    closed = {"open": "false", "won": "true", "lost": "true"}[outcome]
    metadata = {"probability": chance, "isClosed": closed}
    return {"stageId": id, "label": label, "displayOrder": order, "metadata": metadata}


def check(line: Line, holds: bool, problem: str) -> None:
    """Raises ScenarioError where it does not hold."""
    if not holds:
        raise ScenarioError(line, problem)
