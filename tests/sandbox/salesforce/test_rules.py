"""What the platform refuses, derives and rewrites when a record is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.kernel import Caller, Fault
from sandbox.salesforce import DuplicateRule, Salesforce, Save, same_email
from sandbox.salesforce.schema import FieldMeta
from tests.sandbox.salesforce.conftest import Api, error

LEAD = {"LastName": "Ngo", "Company": "Acme"}


def refused(api: Api, kind: str, **values: Any) -> tuple[str, str, list[str]]:
    answer = api("POST", f"/sobjects/{kind}", values)
    assert answer.status_code == 400, answer.text
    (first,) = answer.json()
    return first["errorCode"], first["message"], first.get("fields", [])


def read(api: Api, kind: str, record_id: str) -> dict[str, Any]:
    return dict(api("GET", f"/sobjects/{kind}/{record_id}").json())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"Company": None},
            ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ["Company"]),
        ),
        (
            {"LastName": "x" * 81},
            ("STRING_TOO_LONG", f"Last Name: data value too large: {'x' * 81} (max length=80)", ["LastName"]),
        ),
        (
            {"Email": "not an email"},
            ("INVALID_EMAIL_ADDRESS", "Email: invalid email address: not an email", ["Email"]),
        ),
        ({"Nope__c": 1}, ("INVALID_FIELD", "No such column 'Nope__c' on sobject of type Lead", [])),
        (
            {"OwnerId": "nope"},
            ("MALFORMED_ID", "Owner ID: id value of incorrect type: nope", ["OwnerId"]),
        ),
        (
            {"OwnerId": "005000000000001AAA"},
            ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["OwnerId"]),
        ),
        (
            {"NumberOfEmployees": 123_456_789},
            (
                "NUMBER_OUTSIDE_VALID_RANGE",
                "Employees: value outside of valid range on numeric field: 123456789",
                ["NumberOfEmployees"],
            ),
        ),
    ],
)
def test_refusals(api: Api, values: dict[str, Any], expected: tuple[str, str, list[str]]) -> None:
    assert refused(api, "Lead", **(LEAD | values)) == expected


@pytest.mark.parametrize(
    "values", [{"LastName": 5}, {"HasOptedOutOfEmail": "maybe"}, {"NumberOfEmployees": "x"}, {"AnnualRevenue": []}]
)
def test_a_wrong_json_type_is_a_parser_error(api: Api, values: dict[str, Any]) -> None:
    assert refused(api, "Lead", **(LEAD | values))[0] == "JSON_PARSER_ERROR"


def test_a_flag_cannot_be_null(api: Api) -> None:
    assert refused(api, "Lead", **LEAD, DoNotCall=None)[0] == "INVALID_TYPE_ON_FIELD_IN_RECORD"


def test_read_only_fields(api: Api) -> None:
    code, message, fields = refused(api, "Lead", **LEAD, Name="Ann Ngo", IsConverted=True)
    assert (code, fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Name", "IsConverted"])
    assert message.startswith("Unable to create/update fields: Name, IsConverted. Please check the security settings")


def test_a_field_that_is_written_once(api: Api, org: Salesforce) -> None:
    task = api("POST", "/sobjects/Task", {"TaskSubtype": "Call"}).json()["id"]
    answer = api("PATCH", f"/sobjects/Task/{task}", {"TaskSubtype": "Email"})
    assert error(answer)[:2] == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_restricted_picklists(api: Api) -> None:
    code, message, fields = refused(api, "Task", TaskSubtype="Chat")
    assert (code, message) == (
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Task Subtype: bad value for restricted picklist field: Chat",
    )
    assert fields == ["TaskSubtype"]


def test_open_picklists_take_any_value(api: Api) -> None:
    assert api("POST", "/sobjects/Lead", LEAD | {"Rating": "Lukewarm"}).status_code == 201


def test_a_hidden_field_looks_like_a_missing_one(api: Api, org: Salesforce, person: Caller) -> None:
    org.org.hide("Lead", "Phone")
    assert refused(api, "Lead", **LEAD, Phone="1")[:2] == (
        "INVALID_FIELD",
        "No such column 'Phone' on sobject of type Lead",
    )
    org.create("Lead", LEAD | {"Phone": "1"}, person)


def test_numbers_are_rounded_to_their_scale(api: Api) -> None:
    made = api("POST", "/sobjects/Opportunity", {
        "Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 10.005,
    }).json()["id"]  # fmt: skip
    assert read(api, "Opportunity", made)["Amount"] == 10.01


def test_datetimes_are_kept_to_the_second_in_utc(api: Api) -> None:
    made = api("POST", "/sobjects/Task", {"ReminderDateTime": "2026-01-31T12:34:56.789+02:00"}).json()["id"]
    assert read(api, "Task", made)["ReminderDateTime"] == "2026-01-31T10:34:56.000+0000"


def unique_key(org: Salesforce, case_sensitive: bool = False) -> None:
    meta = FieldMeta("Ext__c", "string", "Ext", length=20, unique=True, external_id=True, case_sensitive=case_sensitive)
    org.org.add_custom_field("Lead", meta, visible=True)


def test_a_unique_value_names_the_record_that_has_it(api: Api, org: Salesforce) -> None:
    unique_key(org)
    first = api("POST", "/sobjects/Lead", LEAD | {"Ext__c": "a"}).json()["id"]
    assert refused(api, "Lead", **LEAD, Ext__c="A")[:2] == (
        "DUPLICATE_VALUE",
        f"duplicate value found: Ext__c duplicates value on record with id: {first[:15]}",
    )


def test_a_unique_value_is_free_again_once_deleted(api: Api, org: Salesforce) -> None:
    unique_key(org)
    first = api("POST", "/sobjects/Lead", LEAD | {"Ext__c": "a"}).json()["id"]
    api("DELETE", f"/sobjects/Lead/{first}")
    assert api("POST", "/sobjects/Lead", LEAD | {"Ext__c": "a"}).status_code == 201


def test_a_case_sensitive_key(api: Api, org: Salesforce) -> None:
    unique_key(org, case_sensitive=True)
    assert [api("POST", "/sobjects/Lead", LEAD | {"Ext__c": k}).status_code for k in "aAa"] == [201, 201, 400]


def test_an_inactive_owner(api: Api, org: Salesforce) -> None:
    gone = org.seed("User", {"Username": "gone@x.org", "LastName": "Gone", "IsActive": False})
    assert refused(api, "Lead", **LEAD, OwnerId=gone)[0] == "INACTIVE_OWNER_OR_USER"


def test_a_deleted_parent(api: Api, org: Salesforce, person: Caller) -> None:
    account = org.create("Account", {"Name": "A"}, person)
    org.delete("Account", account, person)
    answer = api("POST", "/sobjects/Contact", {"LastName": "A", "AccountId": account})
    assert error(answer)[:2] == (404, "ENTITY_IS_DELETED")


def test_a_parent_of_another_kind(api: Api, org: Salesforce) -> None:
    contact = org.seed("Contact", {"LastName": "A"})
    code, message, _ = refused(api, "Contact", LastName="B", AccountId=contact)
    assert (code, message) == ("MALFORMED_ID", f"Account ID: id value of incorrect type: {contact}")


def test_validation_rules(api: Api, org: Salesforce) -> None:
    org.install("block_last_name_test")
    assert refused(api, "Lead", LastName="Test", Company="A") == (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Test records are not allowed here.",
        ["LastName"],
    )
    assert api("POST", "/sobjects/Lead", LEAD).status_code == 201


def test_automations_rewrite_and_are_remembered(api: Api, org: Salesforce) -> None:
    org.install("format_phone")
    made = api("POST", "/sobjects/Lead", LEAD | {"Phone": "5550101234"}).json()["id"]
    assert read(api, "Lead", made)["Phone"] == "(555) 010-1234"
    writers = {change.field: (change.by, change.actor) for change in org.history("Lead", made)}
    assert writers["Phone"] == ("automation", "format_phone")
    assert writers["LastName"] == ("integration", org.user_id)


def test_an_automation_of_ones_own(api: Api, org: Salesforce) -> None:
    def rate(save: Save) -> Mapping[str, Any] | None:
        return {"Rating": "Hot"} if save.object == "Lead" and "Title" in save.changed else None

    org.triggers.append(rate)
    made = api("POST", "/sobjects/Lead", LEAD).json()["id"]
    assert read(api, "Lead", made)["Rating"] is None
    api("PATCH", f"/sobjects/Lead/{made}", {"Title": "CEO"})
    assert read(api, "Lead", made)["Rating"] == "Hot"


def test_an_unknown_rule(org: Salesforce) -> None:
    with pytest.raises(ValueError, match="no rule is called nope"):
        org.install("nope")


def test_a_duplicate_is_reported_with_its_matches(api: Api, org: Salesforce) -> None:
    org.duplicate_rules.append(same_email("Lead"))
    first = api("POST", "/sobjects/Lead", LEAD | {"Email": "a@b.co"}).json()["id"]
    answer = api("POST", "/sobjects/Lead", LEAD | {"Email": "A@b.co"})
    (body,) = answer.json()
    assert (answer.status_code, body["errorCode"]) == (400, "DUPLICATES_DETECTED")
    match = body["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]
    assert match["Id"] == first


def test_an_alert_may_be_overridden_and_a_block_may_not(api: Api, org: Salesforce) -> None:
    header = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"}
    org.duplicate_rules.append(same_email("Lead"))
    api("POST", "/sobjects/Lead", LEAD | {"Email": "a@b.co"})
    assert api("POST", "/sobjects/Lead", LEAD | {"Email": "a@b.co"}, headers=header).status_code == 201
    org.duplicate_rules[:] = [same_email("Lead", allow_save=False)]
    assert api("POST", "/sobjects/Lead", LEAD | {"Email": "a@b.co"}, headers=header).status_code == 400


def test_in_collections_a_duplicate_comes_without_its_matches(api: Api, org: Salesforce) -> None:
    rule = DuplicateRule("R", "Lead", lambda save: list(save.store.shelf("Lead"))[:1], message="Use one of these?")
    org.seed("Lead", {"LastName": "A"})
    org.duplicate_rules.append(rule)
    records = [{"attributes": {"type": "Lead"}, **LEAD}]
    (item,) = api("POST", "/composite/sobjects", {"records": records}).json()
    assert item["errors"] == [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these?", "fields": []}]


def test_assignment_can_be_switched_off(api: Api, org: Salesforce) -> None:
    seller = org.seed("User", {"Username": "s@x.org", "LastName": "S", "IsActive": True})
    org.rules.assignment_rule = lambda save: seller
    assigned = api("POST", "/sobjects/Lead", LEAD).json()["id"]
    kept = api("POST", "/sobjects/Lead", LEAD, headers={"Sforce-Auto-Assign": "FALSE"}).json()["id"]
    assert read(api, "Lead", assigned)["OwnerId"] == seller
    assert read(api, "Lead", kept)["OwnerId"] == org.user_id


def test_the_stage_brings_probability_and_outcome(api: Api, org: Salesforce) -> None:
    values = {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Probability": 33}
    made = api("POST", "/sobjects/Opportunity", values).json()["id"]
    assert read(api, "Opportunity", made)["Probability"] == 33
    api("PATCH", f"/sobjects/Opportunity/{made}", {"StageName": "Closed Won"})
    shown = read(api, "Opportunity", made)
    assert (shown["Probability"], shown["IsClosed"], shown["IsWon"]) == (100, True, True)
    assert shown["ForecastCategoryName"] == "Closed"


def test_opportunity_history(api: Api, org: Salesforce) -> None:
    values = {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 5}
    made = api("POST", "/sobjects/Opportunity", values).json()["id"]
    api("PATCH", f"/sobjects/Opportunity/{made}", {"StageName": "Closed Won"})
    stages = api.query("SELECT StageName, Probability FROM OpportunityHistory ORDER BY Id")
    assert stages == [
        {"StageName": "Prospecting", "Probability": 10},
        {"StageName": "Closed Won", "Probability": 100},
    ]
    tracked = api.query("SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory WHERE Field = 'StageName'")
    assert tracked == [{"Field": "StageName", "OldValue": "Prospecting", "NewValue": "Closed Won"}]


def test_the_contact_of_a_new_opportunity_becomes_its_primary_role(api: Api, org: Salesforce) -> None:
    contact = org.seed("Contact", {"LastName": "A"})
    values = {"Name": "O", "StageName": "Prospecting", "CloseDate": "2026-12-31", "ContactId": contact}
    made = api("POST", "/sobjects/Opportunity", values).json()["id"]
    api("POST", "/sobjects/OpportunityContactRole", {
        "OpportunityId": made, "ContactId": org.seed("Contact", {"LastName": "B"}), "IsPrimary": True,
    })  # fmt: skip
    roles = api.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole ORDER BY Id")
    assert [r["IsPrimary"] for r in roles] == [False, True]


def test_a_task_knows_its_account_and_when_it_was_done(api: Api, org: Salesforce) -> None:
    account = org.seed("Account", {"Name": "A"})
    contact = org.seed("Contact", {"LastName": "B", "AccountId": account})
    task = api("POST", "/sobjects/Task", {"Subject": "Call", "WhoId": contact}).json()["id"]
    before = read(api, "Task", task)
    assert (before["AccountId"], before["IsClosed"], before["CompletedDateTime"]) == (account, False, None)
    assert (before["Status"], before["Priority"], before["TaskSubtype"]) == ("Not Started", "Normal", "Task")
    api("PATCH", f"/sobjects/Task/{task}", {"Status": "Completed"})
    after = read(api, "Task", task)
    assert (after["IsClosed"], after["CompletedDateTime"]) == (True, "2026-09-21T14:13:20.000+0000")


def test_a_lead_as_who_leaves_no_room_for_a_what(api: Api, org: Salesforce) -> None:
    lead, account = org.seed("Lead", {"LastName": "A"}), org.seed("Account", {"Name": "B"})
    assert refused(api, "Task", WhoId=lead, WhatId=account)[0] == "FIELD_INTEGRITY_EXCEPTION"


def test_an_event_knows_its_end(api: Api) -> None:
    made = api("POST", "/sobjects/Event", {
        "Subject": "Meet", "ActivityDateTime": "2026-10-01T09:00:00Z", "DurationInMinutes": 30,
    }).json()["id"]  # fmt: skip
    assert read(api, "Event", made)["EndDateTime"] == "2026-10-01T09:30:00.000+0000"


def test_a_person_is_in_a_campaign_once(api: Api, org: Salesforce) -> None:
    campaign, lead = org.seed("Campaign", {"Name": "C"}), org.seed("Lead", {"LastName": "A"})
    values = {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"}
    made = api("POST", "/sobjects/CampaignMember", values).json()["id"]
    assert read(api, "CampaignMember", made)["HasResponded"] is True
    assert refused(api, "CampaignMember", **values)[0] == "DUPLICATE_VALUE"


def test_users_are_never_deleted(api: Api, org: Salesforce) -> None:
    user = org.seed("User", {"Username": "s@x.org", "LastName": "S", "IsActive": True})
    assert api("DELETE", f"/sobjects/User/{user}").status_code == 403


def test_people_are_refused_with_the_platforms_code(org: Salesforce, person: Caller) -> None:
    with pytest.raises(ValueError, match=r"^REQUIRED_FIELD_MISSING: Required fields are missing: \[LastName\]"):
        org.create("Lead", {"Company": "A"}, person)


def test_a_standing_rejection(api: Api, org: Salesforce) -> None:
    org.kernel.faults.add(Fault("reject", "salesforce", times=-1, code="SOME_CODE", match={"Email": "@bad[.]org$"}))
    records = [{"attributes": {"type": "Lead"}, **LEAD, "Email": f"a@{host}.org"} for host in ("good", "bad")]
    items = api("POST", "/composite/sobjects", {"records": records}).json()
    assert [i["success"] for i in items] == [True, False]
    assert items[1]["errors"][0]["statusCode"] == "SOME_CODE"


def test_locked_rows(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", LEAD)
    org.kernel.faults.add(Fault("lock", "salesforce"))
    answer = api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"})
    assert error(answer)[:2] == (400, "UNABLE_TO_LOCK_ROW")
    assert api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"}).status_code == 204


def test_a_finished_task_shows_on_its_person_without_moving_a_stamp(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", LEAD)
    before = read(api, "Lead", made)
    org.kernel.clock.advance(60_000)
    task = api("POST", "/sobjects/Task", {"WhoId": made, "ActivityDate": "2026-09-20"}).json()["id"]
    assert read(api, "Lead", made)["LastActivityDate"] is None
    api("PATCH", f"/sobjects/Task/{task}", {"Status": "Completed"})
    assert read(api, "Lead", made) == before | {"LastActivityDate": "2026-09-20"}


def test_a_new_campaign_has_two_member_statuses(api: Api) -> None:
    api("POST", "/sobjects/Campaign", {"Name": "C"})
    found = api.query("SELECT Label, HasResponded FROM CampaignMemberStatus ORDER BY SortOrder")
    assert found == [{"Label": "Sent", "HasResponded": False}, {"Label": "Responded", "HasResponded": True}]


def test_an_event_needs_its_times(api: Api) -> None:
    assert refused(api, "Event", Subject="Meet")[0] == "REQUIRED_FIELD_MISSING"
    assert api("POST", "/sobjects/Event", {"IsAllDayEvent": True, "ActivityDate": "2026-10-01"}).status_code == 201
