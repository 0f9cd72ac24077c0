"""Record types and currencies that an administrator adds."""

from __future__ import annotations

from sandbox.kernel import Caller
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error

DEAL = {"Name": "Big", "StageName": "Qualification", "CloseDate": "2026-12-31"}
TYPES = {
    "New_Business": ("New business", {"StageName": ["Qualification", "Closed Won", "Closed Lost"]}),
    "Renewal": ("Renewal", {}),
}


def test_without_record_types_there_is_the_master_alone(api: Api) -> None:
    infos = api("GET", "/sobjects/Opportunity/describe").json()["recordTypeInfos"]
    assert [(info["name"], info["master"], info["defaultRecordTypeMapping"]) for info in infos] == [
        ("Master", True, True)
    ]
    answer = api("GET", "/query", params={"q": "SELECT RecordTypeId FROM Opportunity"})
    assert error(answer)[:2] == (400, "INVALID_FIELD")


def test_record_types_offer_values_and_one_is_the_default(org: Salesforce, person: Caller, api: Api) -> None:
    ids = org.add_record_types("Opportunity", TYPES, "New_Business")
    infos = {i["developerName"]: i for i in api("GET", "/sobjects/Opportunity/describe").json()["recordTypeInfos"]}
    assert infos["New_Business"]["defaultRecordTypeMapping"] and not infos["Master"]["defaultRecordTypeMapping"]
    assert infos["Renewal"]["recordTypeId"] == ids["Renewal"]
    stages = {}
    for name, id in ids.items():
        told = api("GET", f"/ui-api/object-info/Opportunity/picklist-values/{id}").json()["picklistFieldValues"]
        stages[name] = [each["value"] for each in told["StageName"]["values"]]
    assert stages["New_Business"] == ["Qualification", "Closed Won", "Closed Lost"]
    assert len(stages["Renewal"]) == 10
    deal = org.create("Opportunity", DEAL, person)
    other = org.create("Opportunity", {**DEAL, "RecordTypeId": ids["Renewal"]}, person)
    rows = api.query("SELECT Id, RecordType.DeveloperName FROM Opportunity")
    named = {row["Id"]: row["RecordType"]["DeveloperName"] for row in rows}
    assert named == {deal: "New_Business", other: "Renewal"}


def test_an_unknown_record_type_is_refused(org: Salesforce, api: Api) -> None:
    org.add_record_types("Opportunity", TYPES, "New_Business")
    wrong = "012000000000999AAA"
    assert api("GET", f"/ui-api/object-info/Opportunity/picklist-values/{wrong}").status_code == 404
    assert (
        error(api("POST", "/sobjects/Opportunity", {**DEAL, "RecordTypeId": wrong}))[1] == "INVALID_CROSS_REFERENCE_KEY"
    )


def test_currencies_are_a_field_only_where_there_are_several(org: Salesforce, person: Caller, api: Api) -> None:
    def names() -> set[str]:
        return {field["name"] for field in api("GET", "/sobjects/Opportunity/describe").json()["fields"]}

    assert "CurrencyIsoCode" not in names()
    org.use_currencies("USD", "EUR")
    assert "CurrencyIsoCode" in names()
    for given, stored in (({}, "USD"), ({"CurrencyIsoCode": "EUR"}, "EUR")):
        deal = org.create("Opportunity", {**DEAL, "Amount": 10.5, **given}, person)
        held = org.get("Opportunity", deal)
        assert held is not None and (held["CurrencyIsoCode"], held["Amount"]) == (stored, 10.5)
