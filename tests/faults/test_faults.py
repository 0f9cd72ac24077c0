"""Something is wrong in one of the systems: `check`, `errors list` or the run itself names the cause and the fix.
The fix, carried out as it is said and nothing else, makes the record go through.

Each trouble befalls Ann, a contact and a lead who are linked.  It is `caused`; then there is `news` of her, or of
somebody new, which does not arrive; then the trouble is `mended`, an hour passes, and the news has arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.port import FieldSpec
from sandbox.kernel import SEED, Caller, Fault
from sandbox.salesforce.dml.rules import DuplicateRule, Save
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.schema import FieldMeta
from sync.config import rules
from sync.setup.provision import furnish, lacking, provision
from tests.faults.scene import HOUR, H, S, Scene, no_title_without_phone, same_title
from tests.scenarios.stage import MINUTE

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
    wait: int = HOUR
    """How long the fix takes to be noticed, ms."""


def new(scene: Scene) -> None:
    scene.made("bob", jobtitle="Head of Homes")


def came(scene: Scene) -> bool:
    return any(values.get("LastName") == "Bob" for values in scene.leads.values())


def rated(value: str) -> dict[str, Any]:
    return {
        "news": lambda scene: scene.edit(message=value),
        "arrived": lambda scene: scene.leads[scene.lead].get("Rating__c") == "Hot",
    }


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


def least(scene: Scene) -> dict[str, str]:
    """Our user holds the rights that `provision` grants, and none by the profile; object → id of its row of rights."""
    furnish(scene.sides, rules(scene.stage.settings()), apply=True)
    rows = scene.stage.world.rows(S, "PermissionSet")
    profile, ours = (
        next(row.id for row in rows.values() if row.values["Name"].startswith(name)) for name in ("X00", "Smarketing")
    )
    scene.salesforce.edit("PermissionSet", profile, {"PermissionsModifyAllData": False}, SEED)
    granted = list(scene.stage.world.rows(S, "ObjectPermissions").values())
    for row in granted:
        if row.values["ParentId"] == profile:
            scene.salesforce.delete("ObjectPermissions", row.id, SEED)
    return {row.values["SobjectType"]: row.id for row in granted if row.values["ParentId"] == ours}


def object_rights(scene: Scene, object: str, **rights: bool) -> None:
    """Somebody ticks or unticks rights of our permission set."""
    scene.kept = scene.kept or least(scene)
    scene.salesforce.edit("ObjectPermissions", scene.kept[object], rights, SEED)


RIGHTS = ("PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete")


def deleting_taken_away(scene: Scene) -> None:
    scene.stage.configure("person.on_delete", {"salesforce": "delete"})
    object_rights(scene, "Lead", PermissionsDelete=False)
    scene.stage.clock.advance(MINUTE)


def locked(scene: Scene) -> None:
    least(scene)
    scene.salesforce.lock("Lead", scene.lead)


def title_trigger(save: Save) -> None:
    if save.values.get("Title") and "Title" in save.changed:
        raise RecordError(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "TitleTrigger: execution of BeforeUpdate caused by: no number", ()
        )


def restoring(scene: Scene) -> None:
    """The rule restores what a flow takes away, until the brake says that it is enough; the fix is that it stops."""
    scene.edit(city="Berlin")
    for _ in range(5):
        scene.sync()
        scene.salesforce.edit("Lead", scene.lead, {"City": "Bern"}, Caller("automation", "City flow"))


def account(scene: Scene, name: str) -> str:
    return scene.salesforce.create("Account", {"Name": name}, scene.stage.human(S))


def record_types(scene: Scene) -> None:
    """Two record types of leads, one of which nobody may use."""
    ids = scene.salesforce.add_record_types("Lead", {"Buyer": ("Buyer", {}), "Owner": ("Owner", {})}, "Buyer")
    scene.stage.configure("sort", {"hubspot": "message", "salesforce": '{ Lead = "RecordTypeId" }'})
    scene.kept = ids["Owner"]
    scene.salesforce.org.withheld.add(scene.kept)


def currencies(scene: Scene, *codes: str) -> None:
    """The currencies that the org knows, mapped to a text of HubSpot."""
    scene.salesforce.use_currencies(*codes)
    fields: dict[str, str | None] = {
        "hubspot": "message",
        "salesforce": '{ Lead = "CurrencyIsoCode" }',
        "type": "choice",
    }
    scene.stage.configure("currency", fields)


def storage_full(scene: Scene) -> None:
    other_lead(scene)
    scene.salesforce.settings.data_storage = 2


def parent_deleted(scene: Scene) -> None:
    """A partner account that the leads look up to is deleted."""
    for object in ("Lead", "Contact"):
        meta = FieldMeta("Partner__c", "reference", label="Partner", length=18, reference_to=("Account",))
        scene.salesforce.org.add_custom_field(object, meta, visible=True)
    scene.stage.configure("partner", {"hubspot": "message", "salesforce": "Partner__c"})
    scene.kept = account(scene, "Partner")
    scene.salesforce.delete("Account", scene.kept, scene.stage.human(S))


def version(value: str) -> Act:
    return lambda scene: scene.stage.raw["salesforce"].update(version=value)


def active(scene: Scene, person: str, yes: bool) -> None:
    scene.salesforce.edit("User", str(scene.stage.staff[person][S]), {"IsActive": yes}, SEED)


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
        lambda scene: None,
        ("INVALID_EMAIL", "not a valid e-mail address", "Correct Email on the record"),
        lambda scene: scene.hubspot.edit("contacts", scene.kept, {"email": "bob@acme.example"}, scene.stage.human(H)),
        lambda scene: setattr(scene, "kept", scene.made("bob", email="bob.@acme.example")),
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
    "record locked by an approval": Trouble(
        locked,
        ("ENTITY_IS_LOCKED", "locked by an approval process", "Approval History"),
        lambda scene: scene.salesforce.lock("Lead", scene.lead, locked=False),
    ),
    "object right taken away": Trouble(
        lambda scene: object_rights(scene, "Lead", PermissionsEdit=False),
        ("may not change or delete this Lead", "Object Settings, Lead: tick Edit", "Lead cannot be changed"),
        lambda scene: object_rights(scene, "Lead", PermissionsEdit=True),
    ),
    "creating taken away": Trouble(
        lambda scene: object_rights(scene, "Lead", PermissionsCreate=False),
        ("Lead cannot be created", "Object Settings, Lead: tick Create"),
        lambda scene: object_rights(scene, "Lead", PermissionsCreate=True),
        new,
        came,
    ),
    "reading taken away": Trouble(
        lambda scene: object_rights(scene, "Lead", **dict.fromkeys(RIGHTS, False)),
        ("refused to describe Lead", "Object Settings, Lead: tick Read"),
        lambda scene: object_rights(scene, "Lead", **dict.fromkeys(RIGHTS, True)),
    ),
    "deleting taken away": Trouble(
        deleting_taken_away,
        ("INSUFFICIENT_ACCESS_OR_READONLY", "may not change or delete this Lead", "to delete: Delete"),
        lambda scene: object_rights(scene, "Lead", PermissionsDelete=True),
        lambda scene: scene.hubspot.delete("contacts", scene.contact, scene.stage.human(H)),
        lambda scene: scene.lead not in scene.leads,
    ),
    "trigger fails": Trouble(
        lambda scene: scene.salesforce.triggers.append(title_trigger),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "A trigger or flow", "it names the trigger or flow"),
        lambda scene: scene.salesforce.triggers.clear(),
    ),
    "trigger rewrites a value": Trouble(
        lambda scene: scene.salesforce.install("uppercase_city"),
        (),
        lambda scene: None,
        lambda scene: scene.edit(city="Berlin"),
        lambda scene: scene.leads[scene.lead].get("City") == "BERLIN",
    ),
    "automation keeps taking a value away": Trouble(
        lambda scene: scene.stage.configure("city", {"rule": "always_use_hubspot"}),
        ("PING_PONG", "keeps taking away what the rule of city restores", "change that automation"),
        lambda scene: None,
        restoring,
        lambda scene: scene.leads[scene.lead].get("City") == "Berlin",
        wait=25 * HOUR,
    ),
    "parent deleted": Trouble(
        parent_deleted,
        ("PARENT_GONE", "deleted or merged away there", "choose another one on the record"),
        lambda scene: scene.hubspot.edit("contacts", scene.contact, {"message": account(scene, "Other")}, SEED),
        lambda scene: scene.edit(message=scene.kept),
        lambda scene: scene.leads[scene.lead].get("Partner__c") is not None,
    ),
    "record type not assigned": Trouble(
        record_types,
        ("INVALID_CROSS_REFERENCE_KEY", "record type is gone, or our user may not use it", "Record Types: assign it"),
        lambda scene: scene.salesforce.org.withheld.clear(),
        lambda scene: scene.edit(message=scene.kept),
        lambda scene: scene.leads[scene.lead].get("RecordTypeId") == scene.kept,
    ),
    "currency not active": Trouble(
        lambda scene: currencies(scene, "EUR"),
        ("NOT_AN_OPTION", "Add the option to CurrencyIsoCode"),
        lambda scene: currencies(scene, "EUR", "CHF"),
        lambda scene: scene.edit(message="CHF"),
        lambda scene: scene.leads[scene.lead].get("CurrencyIsoCode") == "CHF",
    ),
    "storage full": Trouble(
        storage_full,
        ("STORAGE_LIMIT_EXCEEDED", "data storage is full", "delete what is not needed and empty the recycle bin"),
        lambda scene: scene.salesforce.purge("Lead", scene.kept, scene.stage.human(S)),
        new,
        came,
    ),
    "property rule added": Trouble(
        lambda scene: scene.hubspot.validations.update({("contacts", "firstname"): {"ALPHANUMERIC": ["ALPHA_ONLY"]}}),
        ("INVALID_ALPHA", "A validation rule of the property firstname", "Settings, Properties, firstname, Rules"),
        lambda scene: scene.hubspot.validations.clear(),
        lambda scene: scene.edit(S, FirstName="Anna 2", City="Bonn"),
        lambda scene: scene.contact_now.get("firstname") == "Anna 2",
    ),
    "property rule added, and the value corrected": Trouble(
        lambda scene: scene.hubspot.validations.update({("contacts", "city"): {"MAX_LENGTH": ["10"]}}),
        ("INVALID_LENGTH", "Correct city on the record as HubSpot's message says"),
        lambda scene: scene.edit(S, City="Bonn"),
        lambda scene: scene.edit(S, City="Bonn on the Rhine"),
        lambda scene: scene.contact_now.get("city") == "Bonn",
    ),
    "HubSpot demands a property": Trouble(
        lambda scene: scene.hubspot.demanded.update(contacts={"city"}),
        ("VALIDATION_ERROR", "demands properties that are blank", "Create record form"),
        lambda scene: scene.hubspot.demanded.clear(),
        lambda scene: other_lead(scene, Email="other@acme.example"),
        lambda scene: "Other" in {row.values.get("lastname") for row in scene.stage.world.rows(H, "contacts").values()},
    ),
    "HubSpot demands a property, and it is filled in": Trouble(
        lambda scene: scene.hubspot.demanded.update(contacts={"city"}),
        ("Fill them in on the record",),
        lambda scene: scene.salesforce.edit("Lead", scene.kept, {"City": "Bonn"}, scene.stage.human(S)),
        lambda scene: other_lead(scene, Email="other@acme.example"),
        lambda scene: "Other" in {row.values.get("lastname") for row in scene.stage.world.rows(H, "contacts").values()},
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
    scene.sync(wait=trouble.wait)
    assert trouble.arrived(scene), scene.told()
