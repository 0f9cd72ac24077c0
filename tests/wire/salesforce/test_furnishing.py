"""Our permission set and list views, on the sandbox: made once, then left alone; told where they cannot be made."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.furniture import ViewSpec
from connectors.port import FieldSpec, Option
from sandbox.kernel import SEED
from tests.conformance.systems import SalesforceWorld

OBJECTS = ("Contact", "Lead", "Task", "Opportunity")
STATE = FieldSpec("Lead", "SMK_State__c", "State", "choice", options=(Option("held", "held"), Option("ok", "ok")))
VIEW = ViewSpec("Lead", "SMK_Held", "Held", ("Name", "SMK_State__c"), "SMK_State__c", ("held",))


@pytest.fixture
def at() -> SalesforceWorld:
    made = SalesforceWorld()
    made.connector.provision([STATE])
    return made


def furnish(at: SalesforceWorld, apply: bool = True, **more: Any) -> list[tuple[str, bool]]:
    found = at.connector.furnish(OBJECTS, [VIEW], more.get("sources", ()), apply=apply)
    return [(each.what, each.made) for each in found]


def rights(at: SalesforceWorld) -> dict[str, set[str]]:
    (parent,) = at.face.store.shelf("PermissionSet").live_matching("Name", "Smarketing_Sync")
    rows = at.face.store.shelf("ObjectPermissions").live_matching("ParentId", parent.id)
    return {
        row.values["SobjectType"]: {n.removeprefix("Permissions") for n, v in row.values.items() if v is True}
        for row in rows
    }


def calls(at: SalesforceWorld) -> int:
    return sum(entry.method != "GET" for entry in at.face.kernel.log.calls)


def test_object_rights_and_the_list_are_made_and_a_second_time_nothing(at: SalesforceWorld) -> None:
    told = furnish(at, apply=False)
    assert all(not made for _, made in told)
    assert ("list view Lead.SMK_Held: Held", False) in told
    made = furnish(at)
    assert [what for what, _ in made] == [what for what, _ in told]
    assert all(done for _, done in made)
    working = {"Read", "Create", "Edit"}
    assert rights(at) == {"Account": {"Read"}, "Contact": working, "Lead": working, "Opportunity": working}
    before = calls(at)
    assert furnish(at) == []
    assert calls(at) == before


def test_campaigns_may_be_read_where_responses_to_them_are(at: SalesforceWorld) -> None:
    furnish(at, sources=("campaigns",))
    assert rights(at)["Campaign"] == {"Read"}


def test_the_list_shows_to_everybody_what_is_held(at: SalesforceWorld) -> None:
    furnish(at)
    (row,) = at.face.store.shelf("ListView").live_matching("DeveloperName", "SMK_Held")
    assert row.extra == {
        "columns": ["Name", "SMK_State__c"],
        "filters": [{"fieldApiName": "SMK_State__c", "operator": "Equals", "operandLabels": ["held"]}],
        "visibility": "Public",
    }


def test_a_list_that_may_not_be_made_says_how_a_person_makes_it_and_the_rest_is_made(at: SalesforceWorld) -> None:
    (profile,) = at.face.store.shelf("PermissionSet").live_matching("Type", "Profile")
    at.face.edit("PermissionSet", profile.id, {"PermissionsManagePublicListViews": False}, SEED)
    found = at.connector.furnish(OBJECTS, [VIEW], (), apply=True)
    assert [each.what for each in found if not each.made] == ["list view Lead.SMK_Held: Held"]
    assert "New: Held, shared with all users; filter SMK_State__c equals held" in found[-1].fix
    assert "INSUFFICIENT_ACCESS" in found[-1].fix


def test_our_rights_alone_are_enough(at: SalesforceWorld) -> None:
    """What `provision` grants lets a user work who may do nothing by the profile."""
    furnish(at)
    (profile,) = at.face.store.shelf("PermissionSet").live_matching("Type", "Profile")
    at.face.edit("PermissionSet", profile.id, {"PermissionsModifyAllData": False}, SEED)
    for row in list(at.face.store.shelf("ObjectPermissions").live_matching("ParentId", profile.id)):
        at.face.delete("ObjectPermissions", row.id, SEED)
    assert not [p for p in at.connector.check(["Lead", "Contact"]) if "with these credentials" in p.what]
    (outcome,) = at.connector.write([at.make("k1")], ("LastName",))
    assert outcome.record.ref.id  # type: ignore[union-attr]


def test_options_that_are_lacking_are_added_and_the_others_stay(at: SalesforceWorld) -> None:
    (row,) = at.face.store.shelf("CustomField").live_matching("FullName", "Lead.SMK_State__c")
    more = FieldSpec("Lead", "SMK_State__c", "State", "choice", options=(Option("ok", "ok"), Option("new", "New")))
    assert at.connector.provision([more]) == ["Lead.SMK_State__c"]
    assert at.connector.provision([more]) == []
    values = row.values["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
    assert [value["fullName"] for value in values] == ["held", "ok", "new"]
    options = at.connector.describe("Lead").fields["SMK_State__c"].options
    assert [option.value for option in options] == ["held", "ok", "new"]
