"""Something is wrong in one of the systems: `check`, `errors list` or the run itself names the cause and the fix.
The fix, carried out as it is said and nothing else, makes the record go through.

Each trouble befalls Ann, a contact and a lead who are linked.  It is `caused`; then there is `news` of her, or of
somebody new, which does not arrive; then the trouble is `mended`, an hour passes, and the news has arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from connectors.errors import SyncError
from connectors.port import FieldSpec
from sandbox.kernel import SEED, Fault
from sandbox.salesforce.dml.rules import DuplicateRule, Save
from sandbox.salesforce.schema import FieldMeta, PickValue
from sync import compose
from sync.config import rules
from sync.console.show import by_cause, held
from sync.setup.check import check
from sync.setup.provision import lacking, provision
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


Act = Callable[[Scene], Any]


@dataclass(frozen=True)
class Trouble:
    """What befalls Ann."""

    caused: Act
    said: tuple[str, ...]
    """Words that name the cause and the fix."""
    mended: Act
    """The fix, carried out literally."""
    news: Act = field(default=lambda scene: scene.edit(jobtitle="Head of Homes"))
    arrived: Callable[[Scene], bool] = field(
        default=lambda scene: scene.leads[scene.lead].get("Title") == "Head of Homes"
    )


def new(scene: Scene) -> None:
    scene.made("bob", jobtitle="Head of Homes")


def came(scene: Scene) -> bool:
    return any(values.get("LastName") == "Bob" for values in scene.leads.values())


def rated(value: str) -> dict[str, Any]:
    return {
        "news": lambda scene: scene.edit(message=value),
        "arrived": lambda scene: scene.leads[scene.lead].get("Rating__c") == "Hot",
    }


def no_title_without_phone(save: Save) -> tuple[str, str] | None:
    return (
        ("Whoever has a title has a phone.", "Phone")
        if save.values.get("Title") and not save.values.get("Phone")
        else None
    )


def same_title(save: Save) -> list[Any]:
    rows = save.store.shelf("Lead").live_matching("Title", save.values.get("Title"))
    return [row for row in rows if row.id != save.id] if save.values.get("Title") else []


def other_lead(scene: Scene, **values: Any) -> None:
    values = {"LastName": "Other", "Company": "Other", "Status": "Open - Not Contacted", **values}
    scene.kept = scene.salesforce.create("Lead", values, scene.stage.human(S))


def unassign(scene: Scene) -> None:
    sets = scene.stage.world.rows(S, "PermissionSet")
    for id, row in list(scene.stage.world.rows(S, "PermissionSetAssignment").items()):
        if sets[row.values["PermissionSetId"]].values["Name"] == "Smarketing_Sync":
            scene.salesforce.delete("PermissionSetAssignment", id, scene.stage.human(S))


def renamed(scene: Scene) -> None:
    scene.sides[H].provision([FieldSpec("contacts", "job_role", "Job role", "text")])
    scene.edit(job_role="Head of Homes")


def owner_gone(scene: Scene) -> None:
    scene.stage.configure("owner", {"on_invalid": "hold", "winner": "latest"})
    active(scene, "max", False)


def one_of_a_title(scene: Scene) -> None:
    other_lead(scene, Title="Head of Homes")
    scene.salesforce.duplicate_rules.append(DuplicateRule("Titles", "Lead", same_title, allow_save=False))


def customer_number(scene: Scene) -> None:
    scene.text("Number__c", unique=True)
    scene.stage.configure("number", {"hubspot": "message", "salesforce": "Number__c"})
    other_lead(scene, Number__c="K-7")


def forget_faults(scene: Scene) -> None:
    scene.stage.world.faults.clear()


def version(value: str) -> Act:
    return lambda scene: scene.stage.raw["salesforce"].update(version=value)


def active(scene: Scene, person: str, yes: bool) -> None:
    scene.salesforce.edit("User", str(scene.stage.staff[person][S]), {"IsActive": yes}, SEED)


def refused(code: str, *said: str, message: str = "no", side: str = S, **more: Any) -> Trouble:
    """What only the platform's own refusal tells; it is lifted as the catalogue says, somewhere we do not see."""
    return Trouble(lambda scene: scene.refusing(code, message, side), said, forget_faults, **more)


def to_hubspot(**values: str) -> dict[str, Any]:
    """News from Salesforce."""
    return {
        "news": lambda scene: scene.edit(S, FirstName="Anna"),
        "arrived": lambda scene: scene.contact_now.get("firstname") == "Anna",
    }


TROUBLES: dict[str, Trouble] = {
    "scope removed": Trouble(
        lambda scene: scene.scopes("crm.objects.contacts.write"),
        ("lacks the scope crm.objects.contacts.write", "Scopes: add crm.objects.contacts.write"),
        lambda scene: scene.scopes(),
        **to_hubspot(),
    ),
    "token refused": Trouble(
        lambda scene: setattr(scene, "kept", scene.hubspot.auth.tokens.pop(scene.hubspot.access_token)),
        ("copy the token into access_token",),
        lambda scene: scene.hubspot.auth.tokens.update({scene.hubspot.access_token: scene.kept}),
        **to_hubspot(),
    ),
    "field hidden": Trouble(
        lambda scene: scene.salesforce.org.hide("Lead", "Title"),
        ("salesforce.Lead.Title", "may not be seen", "Set Field-Level Security: tick Visible"),
        lambda scene: scene.salesforce.org.unhide("Lead", "Title"),
    ),
    "field read-only": Trouble(
        lambda scene: scene.salesforce.org.make_read_only("Lead", "Title"),
        ("salesforce.Lead.Title: cannot be written", "Field Permissions: tick Edit Access"),
        lambda scene: scene.salesforce.org._read_only.clear(),
    ),
    "permission set missing": Trouble(
        unassign,
        ("SMK_HubSpot_Id__c", "provision --apply"),
        lambda scene: provision(scene.sides, lacking(scene.sides, rules(scene.stage.settings()))),
        new,
        lambda scene: all(values.get("SMK_HubSpot_Id__c") for values in scene.leads.values()),
    ),
    "property renamed": Trouble(
        lambda scene: scene.hubspot.schemas["contacts"].properties.pop("jobtitle"),
        ("hubspot.contacts.jobtitle", "does not exist", "correct person.fields.title"),
        lambda scene: scene.stage.configure("title", {"hubspot": "job_role"}),
        renamed,
    ),
    "option deleted": Trouble(
        lambda scene: scene.picklist("Cold"),
        ("NOT_AN_OPTION", "add the option to Rating"),
        lambda scene: scene.picklist("Cold", "Hot"),
        **rated("Hot"),
    ),
    "picklist restricted, and the value translated": Trouble(
        lambda scene: scene.picklist("Hot"),
        ("NOT_AN_OPTION", "or translate the value"),
        lambda scene: scene.stage.configure("rating", {"values.Hot": '{ hubspot = "very hot", salesforce = "Hot" }'}),
        **rated("very hot"),
    ),
    "validation rule added": Trouble(
        lambda scene: scene.salesforce.validation_rules.append(no_title_without_phone),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Correct the record as the rule's message says"),
        lambda scene: scene.edit(S, Phone="+41 44 668 18 00"),
    ),
    "validation rule switched off again": Trouble(
        lambda scene: scene.salesforce.validation_rules.append(no_title_without_phone),
        ("exempt our user: Setup, Object Manager, Lead, Validation Rules",),
        lambda scene: scene.salesforce.validation_rules.clear(),
    ),
    "owner deactivated": Trouble(
        owner_gone,
        ("OWNER_UNMAPPED", "make them a user of salesforce"),
        lambda scene: active(scene, "max", True),
        lambda scene: scene.edit(hubspot_owner_id=scene.stage.staff["max"][H]),
        lambda scene: scene.leads[scene.lead]["OwnerId"] == scene.stage.staff["max"][S],
    ),
    "required field added": Trouble(
        lambda scene: scene.text("Region__c", nillable=False),
        ("Region__c", "is required there to create a record", "make it optional"),
        lambda scene: setattr(scene.salesforce.org.objects["Lead"].fields["Region__c"], "nillable", True),
        new,
        came,
    ),
    "unique value taken": Trouble(
        customer_number,
        ("DUPLICATE_VALUE", "Another Lead holds this unique value", "clear the value there"),
        lambda scene: scene.salesforce.edit("Lead", scene.kept, {"Number__c": None}, scene.stage.human(S)),
        lambda scene: scene.edit(message="K-7"),
        lambda scene: scene.leads[scene.lead].get("Number__c") == "K-7",
    ),
    "duplicate rule": Trouble(
        one_of_a_title,
        ("DUPLICATES_DETECTED", "Merge the two, or correct one"),
        lambda scene: scene.salesforce.edit("Lead", scene.kept, {"Title": "Foot of Homes"}, scene.stage.human(S)),
    ),
    "text too long": Trouble(
        lambda scene: None,
        ("TOO_LONG", "shorten it to 128 characters"),
        lambda scene: scene.edit(jobtitle="Head of Homes"),
        lambda scene: scene.edit(jobtitle="Head of Homes " * 12),
    ),
    "invalid e-mail": Trouble(
        lambda scene: scene.refusing("INVALID_EMAIL_ADDRESS", Email="typo"),
        ("INVALID_EMAIL_ADDRESS", "not a valid e-mail address", "Correct Email"),
        lambda scene: scene.hubspot.edit("contacts", scene.kept, {"email": "bob@acme.example"}, scene.stage.human(H)),
        lambda scene: setattr(scene, "kept", scene.made("bob", email="bob@acme.typo")),
        came,
    ),
    "stage without a meaning": Trouble(
        lambda scene: None,
        ("UNMAPPED_VALUE", "say in the vocabulary"),
        lambda scene: scene.stage.configure("vocabulary", {"sal.salesforce": "Nurturing"}),
        lambda scene: scene.edit(S, Status="Nurturing"),
        lambda scene: scene.contact_now.get("smk_stage") == "sal",
    ),
    "wrong API version": Trouble(
        version("99.0"),
        ("does not offer API version 99.0", "set [salesforce] version to"),
        version("64.0"),
    ),
    "consumer key mistyped": Trouble(
        lambda scene: scene.stage.raw["salesforce"].update(client_id="3MVG9typo"),
        ("client_id is not the consumer key of an app in this org",),
        lambda scene: scene.stage.raw["salesforce"].update(client_id="env:CLIENT_ID"),
    ),
    "quota used up": Trouble(
        lambda scene: setattr(scene.salesforce.settings, "daily_limit", 5),
        ("salesforce", "daily limit is used up"),
        lambda scene: setattr(scene.salesforce.settings, "daily_limit", 100_000),
    ),
    "our own daily cap": Trouble(
        lambda scene: scene.stage.raw["budget"][S].update(calls_per_day=1),
        ("daily budget of 1 calls is spent",),
        lambda scene: scene.stage.raw["budget"][S].update(calls_per_day=1_000),
    ),
    "session expired": Trouble(
        lambda scene: scene.stage.world.faults.add(Fault("expire", S, times=1)), (), lambda scene: None
    ),
    "converted lead": Trouble(
        lambda scene: scene.salesforce.convert(scene.lead, scene.stage.human(S)),
        (),
        lambda scene: None,
        arrived=lambda scene: any(
            row.values.get("Title") == "Head of Homes" for row in scene.stage.world.rows(S, "Contact").values()
        ),
    ),
    "record locked by an approval": refused("ENTITY_IS_LOCKED", "locked by an approval process", "Approval History"),
    "sharing taken away": refused(
        "INSUFFICIENT_ACCESS_OR_READONLY", "may not change this Lead", "Object Settings, Lead: tick Edit", "Modify All"
    ),
    "trigger fails": refused(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "A trigger or flow", "it names the trigger or flow"
    ),
    "record type gone": refused(
        "INVALID_CROSS_REFERENCE_KEY", "record type is gone", "Record Types: assign it",
        message="Record Type ID: this ID value isn't valid for the user: 012000000000000AAA",
        news=new,
        arrived=came,
    ),
    "currency off": refused("INVALID_CURRENCY_ISO", "Setup, Manage Currencies: add or activate it"),
    "storage full": refused(
        "STORAGE_LIMIT_EXCEEDED", "data storage is full", "Setup, Storage Usage", news=new, arrived=came
    ),
    "HubSpot demands a property": refused(
        "VALIDATION_ERROR", "demands properties that are blank", "Create record form", side=H,
        message="Error creating CONTACT. Some required properties were not set.", **to_hubspot(),
    ),
}  # fmt: skip


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.stage.close()


def test_there_are_enough_troubles() -> None:
    assert len(TROUBLES) >= 25


@pytest.mark.parametrize("name", TROUBLES)
def test_the_fix_that_is_named_is_the_fix(scene: Scene, name: str) -> None:
    trouble = TROUBLES[name]
    trouble.caused(scene)
    trouble.news(scene)
    scene.sync()
    told = scene.told()
    missing = [words for words in trouble.said if words not in told]
    assert not missing, told
    if trouble.said:
        assert not trouble.arrived(scene), "nothing was wrong"
    trouble.mended(scene)
    scene.sync(wait=HOUR)
    assert trouble.arrived(scene), scene.told()
