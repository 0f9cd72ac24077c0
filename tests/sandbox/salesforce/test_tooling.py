"""Custom fields made by API, which nobody sees until they are granted."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error


def make(api: Api, full_name: str = "Lead.Ext__c", **metadata: Any) -> Any:
    body = {"FullName": full_name, "Metadata": {"label": "Ext", "type": "Text", "length": 9, **metadata}}
    return api("POST", "/tooling/sobjects/CustomField", body)


def grant(api: Api, org: Salesforce, edit: bool = True) -> str:
    parent = api("POST", "/sobjects/PermissionSet", {"Name": "Sync", "Label": "Sync"}).json()["id"]
    rights = {"PermissionsRead": True, "PermissionsEdit": edit}
    field = {"ParentId": parent, "SobjectType": "Lead", "Field": "Lead.Ext__c", **rights}
    made = api("POST", "/sobjects/FieldPermissions", field).json()["id"]
    api("POST", "/sobjects/PermissionSetAssignment", {"PermissionSetId": parent, "AssigneeId": org.user_id})
    return str(made)


def sees(api: Api) -> bool:
    return "Ext__c" in {f["name"] for f in api("GET", "/sobjects/Lead/describe").json()["fields"]}


def test_a_new_field_is_invisible_until_it_is_granted(api: Api, org: Salesforce) -> None:
    answer = make(api, unique=True, externalId=True)
    assert answer.status_code == 201
    assert answer.json()["id"].startswith("00N")
    assert not sees(api)
    lead = {"LastName": "A", "Company": "B", "Ext__c": "1"}
    assert error(api("POST", "/sobjects/Lead", lead))[:2] == (400, "INVALID_FIELD")
    permission = grant(api, org)
    assert sees(api)
    assert api("POST", "/sobjects/Lead", lead).status_code == 201
    assert api("POST", "/sobjects/Lead", lead).json()[0]["errorCode"] == "DUPLICATE_VALUE"
    api("DELETE", f"/sobjects/FieldPermissions/{permission}")
    assert not sees(api)


def test_a_field_that_may_only_be_read(api: Api, org: Salesforce) -> None:
    make(api)
    permission = grant(api, org, edit=False)
    lead = {"LastName": "A", "Company": "B", "Ext__c": "1"}
    assert error(api("POST", "/sobjects/Lead", lead))[:2] == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    api("PATCH", f"/sobjects/FieldPermissions/{permission}", {"PermissionsEdit": True})
    assert api("POST", "/sobjects/Lead", lead).status_code == 201


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"type": "Number", "precision": 5, "scale": 0}, "double"),
        ({"type": "Checkbox", "defaultValue": "false"}, "boolean"),
        ({"type": "DateTime"}, "datetime"),
        ({"type": "LongTextArea", "length": 2000, "visibleLines": 3}, "textarea"),
        (
            {
                "type": "Picklist",
                "valueSet": {"restricted": True, "valueSetDefinition": {"value": [{"fullName": "a", "label": "A"}]}},
            },
            "picklist",
        ),
    ],
)
def test_types(api: Api, org: Salesforce, metadata: dict[str, Any], kind: str) -> None:
    assert make(api, **metadata).status_code == 201
    grant(api, org)
    field = next(f for f in api("GET", "/sobjects/Lead/describe").json()["fields"] if f["name"] == "Ext__c")
    assert (field["type"], field["custom"], field["label"]) == (kind, True, "Ext")


def test_the_same_name_twice(api: Api) -> None:
    make(api)
    assert error(make(api))[:2] == (400, "DUPLICATE_DEVELOPER_NAME")


def test_fields_of_activities_belong_to_both(api: Api, org: Salesforce) -> None:
    assert make(api, "Activity.Key__c").status_code == 201
    assert {"Key__c"} <= set(org.org.objects["Task"].fields) & set(org.org.objects["Event"].fields)


def test_fields_of_activities_are_not_unique_unless_they_may_be(api: Api, org: Salesforce) -> None:
    refused = make(api, "Activity.Key__c", unique=True, externalId=True)
    assert error(refused)[:2] == (400, "FIELD_INTEGRITY_EXCEPTION")
    org.settings.unique_activity_fields = True
    assert make(api, "Activity.Key__c", unique=True, externalId=True).status_code == 201


def test_what_cannot_be_made(api: Api) -> None:
    assert make(api, "Lead.Ext").status_code == 400
    assert make(api, type="Nope").status_code == 400
    assert make(api, length=None).status_code == 400


def test_permissions_for_a_field_that_is_not_there(api: Api) -> None:
    parent = api("POST", "/sobjects/PermissionSet", {"Name": "P", "Label": "P"}).json()["id"]
    body = {"ParentId": parent, "SobjectType": "Lead", "Field": "Lead.Nope__c", "PermissionsRead": True}
    assert error(api("POST", "/sobjects/FieldPermissions", body))[1] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_tooling_queries_read_and_delete_a_field(api: Api, org: Salesforce) -> None:
    made = make(api).json()["id"]
    text = "SELECT Id, DeveloperName FROM CustomField WHERE DeveloperName = 'Ext'"
    assert api("GET", "/tooling/query/", params={"q": text}).json()["records"][0]["Id"] == made
    shown = api("GET", f"/tooling/sobjects/CustomField/{made}").json()
    assert (shown["FullName"], shown["Metadata"]["type"]) == ("Lead.Ext__c", "Text")
    assert api("DELETE", f"/tooling/sobjects/CustomField/{made}").status_code == 204
    assert "Ext__c" not in org.org.objects["Lead"].fields
