"""Object permissions, list views, locked records, room for data: what an administrator grants or takes away."""

from __future__ import annotations

import pytest

from sandbox.kernel import SEED, Caller
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error

LEAD = {"LastName": "Lee", "Company": "Acme"}
RIGHTS = ("PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete")
VIEW = {"listViewApiName": "Mine", "label": "Mine", "displayColumns": ["Name"], "visibility": "Public"}


def profile(org: Salesforce) -> str:
    """The profile's own set, without Modify All Data."""
    (row,) = org.store.shelf("PermissionSet").live_matching("Type", "Profile")
    org.edit("PermissionSet", row.id, {"PermissionsModifyAllData": False}, SEED)
    return row.id


def rights_on(org: Salesforce, parent: str, object: str) -> str:
    rows = org.store.shelf("ObjectPermissions").live_matching("ParentId", parent)
    return next(row.id for row in rows if row.values["SobjectType"] == object)


def test_object_rights_bind_who_may_not_modify_all_data(org: Salesforce, api: Api) -> None:
    id = api("POST", "/sobjects/Lead", json=LEAD).json()["id"]
    own = rights_on(org, profile(org), "Lead")
    org.edit("ObjectPermissions", own, {"PermissionsCreate": False, "PermissionsEdit": False}, SEED)
    described = api("GET", "/sobjects/Lead/describe").json()
    assert (described["createable"], described["updateable"], described["queryable"]) == (False, False, True)
    refused = api("POST", "/sobjects/Lead", json=LEAD)
    assert error(refused)[1:] == ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "entity type cannot be inserted: Lead")
    refused = api("PATCH", f"/sobjects/Lead/{id}", json={"Title": "x"})
    assert error(refused)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    more = {"ParentId": profile(org), "SobjectType": "Campaign", "PermissionsRead": True}
    assert error(api("POST", "/sobjects/ObjectPermissions", json=more))[1] == "DUPLICATE_VALUE"


def test_an_object_that_may_not_be_read_looks_like_a_missing_one(org: Salesforce, api: Api) -> None:
    id = api("POST", "/sobjects/Lead", json=LEAD).json()["id"]
    own = rights_on(org, profile(org), "Lead")
    org.edit("ObjectPermissions", own, dict.fromkeys(RIGHTS, False), SEED)
    for path in ("/sobjects/Lead/describe", f"/sobjects/Lead/{id}", "/sobjects/Lead/updated"):
        assert error(api("GET", path))[:2] == (404, "NOT_FOUND"), path
    for query in ("query", "queryAll"):
        assert error(api("GET", f"/{query}", params={"q": "SELECT Id FROM Lead"}))[1] == "INVALID_TYPE"
    assert error(api("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}))[1] == "INVALIDENTITY"
    many = {"records": [{"attributes": {"type": "Lead"}, **LEAD}]}
    assert error(api("POST", "/composite/sobjects", json=many))[1] == "INVALID_TYPE"
    assert "Lead" not in {each["name"] for each in api("GET", "/sobjects").json()["sobjects"]}
    assert "Contact" in {each["name"] for each in api("GET", "/sobjects").json()["sobjects"]}
    org.edit("ObjectPermissions", own, {"PermissionsRead": True}, SEED)
    assert api("GET", f"/sobjects/Lead/{id}").json()["LastName"] == "Lee"


def test_deleting_is_a_right_of_its_own_and_takes_along_what_hangs_on_a_record(org: Salesforce, api: Api) -> None:
    account = api("POST", "/sobjects/Account", json={"Name": "Acme"}).json()["id"]
    contact = api("POST", "/sobjects/Contact", json={"LastName": "Lee", "AccountId": account}).json()["id"]
    set = profile(org)
    org.edit("ObjectPermissions", rights_on(org, set, "Contact"), {"PermissionsDelete": False}, SEED)
    refused = api("DELETE", f"/sobjects/Contact/{contact}")
    assert error(refused)[1] == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert api("GET", "/sobjects/Contact/describe").json()["deletable"] is False
    assert api("DELETE", f"/sobjects/Account/{account}").status_code == 204
    assert api("GET", f"/sobjects/Contact/{contact}").status_code == 404


@pytest.mark.parametrize(
    ("given", "depends"),
    [
        ({"SobjectType": "Lead", "PermissionsEdit": True}, "Permission Edit Lead depends on permission(s): Read Lead"),
        ({"SobjectType": "Contact", "PermissionsRead": True}, "Permission Read Contact depends on permission(s): Read"),
        ({"SobjectType": "Task", "PermissionsRead": True}, "bad value for restricted picklist field: Task"),
    ],
)
def test_rights_rest_on_others(api: Api, given: dict[str, object], depends: str) -> None:
    made = api("POST", "/sobjects/PermissionSet", json={"Name": "Ours", "Label": "Ours"}).json()["id"]
    assert depends in error(api("POST", "/sobjects/ObjectPermissions", json={"ParentId": made, **given}))[2]


def test_list_views_are_made_read_and_listed(org: Salesforce, api: Api) -> None:
    assert api("POST", "/ui-api/list-info/Lead", json=VIEW).status_code == 201
    assert api("GET", "/ui-api/list-info/Lead/Mine").json()["visibility"] == "Public"
    found = api("GET", "/query", params={"q": "SELECT DeveloperName FROM ListView WHERE SobjectType = 'Lead'"}).json()
    assert [row["DeveloperName"] for row in found["records"]] == ["Mine"]
    assert error(api("POST", "/ui-api/list-info/Lead", json=VIEW))[1] == "DUPLICATE_DEVELOPER_NAME"
    other = {**VIEW, "listViewApiName": "Other", "displayColumns": ["Nope__c"]}
    assert error(api("POST", "/ui-api/list-info/Lead", json=other))[1] == "INVALID_API_INPUT"


def test_a_locked_record_is_changed_by_nobody_but_who_may_modify_all_data(
    org: Salesforce, api: Api, person: Caller
) -> None:
    id = org.create("Lead", LEAD, person)
    org.lock("Lead", id)
    assert api("PATCH", f"/sobjects/Lead/{id}", json={"Title": "x"}).status_code == 204
    profile(org)
    assert error(api("PATCH", f"/sobjects/Lead/{id}", json={"Title": "y"}))[1] == "ENTITY_IS_LOCKED"
    org.lock("Lead", id, locked=False)
    assert api("PATCH", f"/sobjects/Lead/{id}", json={"Title": "y"}).status_code == 204


def test_no_record_is_made_where_there_is_no_room(org: Salesforce, api: Api, person: Caller) -> None:
    id = org.create("Lead", LEAD, person)
    org.settings.data_storage = 1
    assert error(api("POST", "/sobjects/Lead", json=LEAD))[1] == "STORAGE_LIMIT_EXCEEDED"
    org.purge("Lead", id, person)
    assert api("POST", "/sobjects/Lead", json=LEAD).status_code == 201
