from __future__ import annotations

import json

import pytest

from sandbox.kernel import Row
from sandbox.salesforce.schema import FieldMeta, datetime_text, reader, renderer, standard_org
from tests.sandbox.soql.memory import NOON

FIELD_KEYS = {
    "autoNumber", "byteLength", "calculated", "calculatedFormula", "caseSensitive", "compoundFieldName",
    "controllerName", "createable", "custom", "defaultValue", "defaultValueFormula", "defaultedOnCreate",
    "dependentPicklist", "deprecatedAndHidden", "digits", "externalId", "extraTypeInfo", "filterable", "groupable",
    "htmlFormatted", "idLookup", "inlineHelpText", "label", "length", "mask", "name", "nameField", "namePointing",
    "nillable", "permissionable", "picklistValues", "polymorphicForeignKey", "precision", "queryByDistance",
    "referenceTo", "relationshipName", "restrictedPicklist", "scale", "soapType", "sortable", "type", "unique",
    "updateable", "writeRequiresMasterRead",
}  # fmt: skip


def test_every_object_is_described_with_every_key() -> None:
    org = standard_org()
    for name in org.objects:
        body = json.loads(json.dumps(org.describe(name)))
        assert {"fields", "childRelationships", "recordTypeInfos", "urls", "keyPrefix", "labelPlural"} <= set(body)
        for field in body["fields"]:
            assert not FIELD_KEYS - set(field)
            assert (field["type"] == "reference") == bool(field["referenceTo"])


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Lead", {"LastName", "Company"}),
        ("Contact", {"LastName"}),
        ("Account", {"Name"}),
        ("Opportunity", {"Name", "StageName", "CloseDate"}),
        ("OpportunityContactRole", {"OpportunityId", "ContactId"}),
        ("Task", set()),
        ("Campaign", {"Name"}),
        ("CampaignMember", {"CampaignId"}),
        ("FieldPermissions", {"ParentId", "SobjectType", "Field"}),
    ],
)
def test_what_a_create_must_give(name: str, required: set[str]) -> None:
    fields = standard_org().describe(name)["fields"]
    assert {
        f["name"] for f in fields if f["createable"] and not f["nillable"] and not f["defaultedOnCreate"]
    } == required


def test_facts_of_the_lead() -> None:
    fields = {f["name"]: f for f in standard_org().describe("Lead")["fields"]}
    statuses = [(v["value"], v["defaultValue"]) for v in fields["Status"]["picklistValues"]]
    assert statuses == [
        ("Open - Not Contacted", True),
        ("Working - Contacted", False),
        ("Closed - Converted", False),
        ("Closed - Not Converted", False),
    ]
    assert (fields["LastName"]["length"], fields["LastName"]["compoundFieldName"]) == (80, "Name")
    assert (fields["Name"]["createable"], fields["Name"]["nameField"]) == (False, True)
    assert (fields["City"]["compoundFieldName"], fields["Address"]["type"]) == ("Address", "address")
    assert fields["Email"]["idLookup"]
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert fields["ConvertedDate"]["type"] == "date"
    assert not fields["SystemModstamp"]["updateable"]


def test_children_are_named_as_in_soql() -> None:
    children = {c["relationshipName"]: c for c in standard_org().describe("Account")["childRelationships"]}
    assert (children["Contacts"]["childSObject"], children["Contacts"]["field"]) == ("Contact", "AccountId")
    assert {"Opportunities", "Tasks", "Events", "ChildAccounts"} <= set(children)


def test_no_object_has_two_children_of_one_name() -> None:
    for meta in standard_org().objects.values():
        named = [c.relationship for c in meta.children if c.relationship]
        assert len(named) == len(set(named)), meta.name


def test_the_list_of_objects() -> None:
    body = standard_org().describe_global(base="/services/data/v61.0")
    lead = next(o for o in body["sobjects"] if o["name"] == "Lead")
    assert (body["encoding"], body["maxBatchSize"], lead["keyPrefix"], lead["mergeable"]) == ("UTF-8", 200, "00Q", True)
    assert lead["urls"]["describe"] == "/services/data/v61.0/sobjects/Lead/describe"
    assert "CustomField" not in {o["name"] for o in body["sobjects"]}


def test_a_custom_field_is_invisible_until_granted() -> None:
    org = standard_org()
    org.add_custom_field("Lead", FieldMeta("Score__c", "double", "Score"))

    def seen(user: str | None) -> dict[str, bool]:
        return {f["name"]: f["updateable"] for f in org.describe("Lead", user)["fields"]}

    assert "Score__c" in seen(None)
    assert "Score__c" not in seen("005A")
    org.grant("0PS1", "Lead", "Score__c", edit=False)
    assert "Score__c" not in seen("005A")
    org.assign("005A", "0PS1")
    assert seen("005A")["Score__c"] is False
    assert "Score__c" not in seen("005B")
    org.grant("0PS1", "Lead", "Score__c", edit=True)
    assert seen("005A")["Score__c"] is True
    org.revoke("0PS1", "Lead", "Score__c")
    assert "Score__c" not in seen("005A")


def test_a_standard_field_can_be_hidden_and_shown() -> None:
    org = standard_org()
    org.hide("Contact", "Title")
    assert not org.visible("Contact", "Title", "005A")
    assert org.visible("Contact", "Title", None)
    org.unhide("Contact", "Title")
    assert org.visible("Contact", "Title", "005A")


def test_orgs_do_not_share_fields() -> None:
    one, two = standard_org(), standard_org()
    one.add_custom_field("Lead", FieldMeta("Score__c", "double"), visible=True)
    assert two.objects["Lead"].find("score__C") is None


def test_removing_a_field_removes_its_relation() -> None:
    org = standard_org()
    link = FieldMeta(
        "Hub__c", "reference", reference_to=("Account",), relationship_name="Hub__r", children_as="Leads__r"
    )
    org.add_custom_field("Lead", link, visible=True)
    assert org.objects["Account"].child("leads__R") is not None
    assert org.objects["Lead"].parent("HUB__r") is link
    org.remove_custom_field("Lead", "Hub__c")
    assert org.objects["Account"].child("Leads__r") is None
    assert org.objects["Lead"].parent("Hub__r") is None


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("Closed Won", (True, True, 100, "Closed", 50.0)),
        ("Closed Lost", (True, False, 0, "Omitted", 0.0)),
        ("Prospecting", (False, False, 10, "Pipeline", 5.0)),
        ("Unheard of", (False, False, None, None, None)),
    ],
)
def test_a_stage_tells_the_rest(stage: str, expected: tuple[object, ...]) -> None:
    meta = standard_org().objects["Opportunity"]
    row = Row("006", {"StageName": stage, "Amount": 50, "CloseDate": "2026-05-01"}, NOON)
    names = ("IsClosed", "IsWon", "Probability", "ForecastCategoryName", "ExpectedRevenue")
    assert tuple(reader(meta.fields[n])(row) for n in names) == expected
    assert [reader(meta.fields[n])(row) for n in ("FiscalYear", "FiscalQuarter", "Fiscal")] == [2026, 2, "2026 2"]


def test_what_a_row_stores_wins_over_what_would_be_derived() -> None:
    meta = standard_org().objects["Opportunity"]
    row = Row("006", {"StageName": "Prospecting", "Probability": 35, "CreatedDate": NOON - 1500}, NOON)
    assert reader(meta.fields["Probability"])(row) == 35
    assert renderer(meta.fields["CreatedDate"])(row) == "2026-01-31T11:59:58.000+0000"


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, None),
        (0, "1970-01-01T00:00:00.000+0000"),
        (-1, "1969-12-31T23:59:59.000+0000"),
        (951_782_399_999, "2000-02-28T23:59:59.000+0000"),
        (4_102_444_800_000, "2100-01-01T00:00:00.000+0000"),
    ],
)
def test_datetimes_on_the_wire(ms: int | None, text: str | None) -> None:
    assert datetime_text(ms) == text
