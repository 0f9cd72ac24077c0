"""Ann in both systems, on which troubles come down; and two rules that an administrator may have made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from connectors.errors import SyncError
from sandbox.kernel import Fault
from sandbox.salesforce.dml.rules import Save
from sandbox.salesforce.schema import FieldMeta, PickValue
from sync import compose
from sync.config import rules
from sync.console.show import by_cause, held
from sync.setup.check import check
from tests.scenarios.stage import MINUTE, Stage

HOUR = 60 * MINUTE
H, S = "hubspot", "salesforce"


class Scene:
    """Ann, in both systems."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.stage.begin()
        self.hubspot, self.salesforce = self.stage.world.hubspot, self.stage.world.salesforce
        self.contact = self.made("ann")
        self.said = ""
        self.kept: Any = None
        """What a trouble needs again when it is mended."""
        self.sync()
        (self.lead,) = self.leads

    def made(self, name: str, **more: str) -> str:
        """Somebody new in HubSpot."""
        values = {"email": f"{name}@acme.example", "lastname": name.title(), "lifecyclestage": "marketingqualifiedlead"}
        return self.hubspot.create("contacts", {**values, **more}, self.stage.human(H))

    def edit(self, side: str = H, **values: Any) -> None:
        """Somebody edits Ann's record."""
        face, object, id = (
            (self.hubspot, "contacts", self.contact) if side == H else (self.salesforce, "Lead", self.lead)
        )
        face.edit(object, id, values, self.stage.human(side))

    def sync(self, wait: int = 2 * MINUTE) -> None:
        """A cycle, of which only what it said is kept."""
        self.stage.clock.advance(wait)
        try:
            self.said = self.stage.sync().message or ""
        except SyncError as error:
            self.said = str(error)

    @property
    def leads(self) -> dict[str, dict[str, Any]]:
        """Those in use."""
        rows = self.stage.world.rows(S, "Lead").values()
        return {row.id: row.values for row in rows if row.archived_at is None}

    @property
    def contact_now(self) -> dict[str, Any]:
        """Ann's contact."""
        return self.hubspot.get("contacts", self.contact) or {}

    @property
    def sides(self) -> dict[str, Any]:
        """Connectors as a command makes them."""
        return compose.connectors(self.stage.settings(), self.stage.outside())

    def told(self) -> str:
        """Everything that `errors list`, `check` and the run say."""
        lines = [f"{c['code']}: {c['cause']} → {c['fix']}" for c in by_cause(held(self.stage.state))]
        try:
            found = check(self.sides, rules(self.stage.settings()), self.stage.state)
            lines += [f"{p.where}: {p.what} → {p.fix}" for p in found]
        except SyncError as error:
            lines.append(str(error))
        return "\n".join([*lines, self.said])

    def refusing(self, code: str, message: str = "no", side: str = S, **match: str) -> None:
        """The platform refuses such records for a reason of its own."""
        self.stage.world.faults.add(Fault("reject", side, times=-1, code=code, message=message, match=match))

    def scopes(self, *lacking: str) -> None:
        """The app has all scopes but these."""
        auth = self.hubspot.auth
        self.granted = getattr(self, "granted", auth.tokens[self.hubspot.access_token].scopes)
        auth.private(self.hubspot.access_token, self.hubspot.app_id, self.granted - set(lacking))

    def picklist(self, *values: str) -> None:
        """A restricted picklist of the org, mapped to a text of HubSpot."""
        org = self.salesforce.org
        meta = FieldMeta("Rating__c", "picklist", label="Rating", length=255, restricted=True)
        for object in ("Lead", "Contact"):
            if org.objects[object].find("Rating__c") is None:
                org.add_custom_field(object, replace(meta), visible=True)
            org.objects[object].fields["Rating__c"].picklist = tuple(PickValue(v, v) for v in values)
        self.stage.configure("rating", {"hubspot": "message", "salesforce": "Rating__c", "type": "choice"})

    def text(self, name: str, **more: Any) -> None:
        """A text field of the org's leads and contacts."""
        for object in ("Lead", "Contact"):
            meta = FieldMeta(name, "string", label=name, length=40, **more)
            self.salesforce.org.add_custom_field(object, meta, visible=True)


def no_title_without_phone(save: Save) -> tuple[str, str] | None:
    return (
        ("Whoever has a title has a phone.", "Phone")
        if save.values.get("Title") and not save.values.get("Phone")
        else None
    )


def same_title(save: Save) -> list[Any]:
    rows = save.store.shelf("Lead").live_matching("Title", save.values.get("Title"))
    return [row for row in rows if row.id != save.id] if save.values.get("Title") else []
