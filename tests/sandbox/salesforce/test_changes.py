"""Stamps, histories, the bin, merges and conversions: how a record's past shows."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.kernel import Caller
from sandbox.salesforce import Salesforce
from sandbox.salesforce.dml.engine import BIN_MS
from tests.sandbox.salesforce.conftest import START, Api, error

DAY = 86_400_000


def lead(org: Salesforce, **values: Any) -> str:
    return org.seed("Lead", {"LastName": "Ngo", "Company": "Acme", **values})


def test_an_update_moves_both_stamps(api: Api, org: Salesforce) -> None:
    made = lead(org)
    org.kernel.clock.advance(61_500)
    api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"})
    shown = api("GET", f"/sobjects/Lead/{made}").json()
    assert shown["SystemModstamp"] == shown["LastModifiedDate"] == "2026-09-21T14:14:21.000+0000"
    assert shown["CreatedDate"] == "2026-09-21T14:13:20.000+0000"


def test_an_automation_moves_the_system_stamp_alone(org: Salesforce) -> None:
    made = lead(org)
    org.kernel.clock.advance(60_000)
    org.edit("Lead", made, {"City": "X"}, Caller("automation", "nightly"))
    shown = org.get("Lead", made)
    assert shown is not None
    assert shown["LastModifiedDate"] == "2026-09-21T14:13:20.000+0000"
    assert shown["SystemModstamp"] == "2026-09-21T14:14:20.000+0000"


def test_who_changed_it(org: Salesforce) -> None:
    seller = org.seed("User", {"Username": "s@x.org", "LastName": "S", "IsActive": True})
    made = lead(org)
    org.edit("Lead", made, {"City": "X"}, Caller("human", seller))
    shown = org.get("Lead", made)
    assert shown is not None
    assert (shown["CreatedById"], shown["LastModifiedById"]) == (org.user_id, seller)


def test_the_history_of_a_seeded_record(org: Salesforce, person: Caller) -> None:
    made = org.seed("Lead", {"LastName": "A", "City": "X"}, created=START - DAY)
    org.edit("Lead", made, {"City": "Y"}, person)
    cities = [(c.at, c.value, c.by) for c in org.history("Lead", made) if c.field == "City"]
    assert cities == [(START - DAY, "X", "seed"), (START, "Y", "human")]


def test_lead_history(api: Api, org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.edit("Lead", made, {"Status": "Working - Contacted", "Description": "untracked"}, person)
    found = api.query(f"SELECT Field, OldValue, NewValue, CreatedById FROM LeadHistory WHERE LeadId = '{made}'")
    assert found == [
        {
            "Field": "Status",
            "OldValue": "Open - Not Contacted",
            "NewValue": "Working - Contacted",
            "CreatedById": org.user_id,
        }
    ]


def test_a_flag_that_stays_off_is_no_change(org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.edit("Lead", made, {"HasOptedOutOfEmail": False}, person)
    assert {c.by for c in org.history("Lead", made)} == {"seed"}


def test_changed_records_are_found_by_their_stamp(api: Api, org: Salesforce) -> None:
    ids = [lead(org) for _ in range(5)]
    org.kernel.clock.advance(10_000)
    for made in reversed(ids[1:4]):
        api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"})
    since = "2026-09-21T14:13:21Z"
    found = api.query(f"SELECT Id FROM Lead WHERE SystemModstamp >= {since} ORDER BY SystemModstamp, Id")
    assert [r["Id"] for r in found] == ids[1:4]


def test_the_bin(api: Api, org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.delete("Lead", made, person)
    assert org.get("Lead", made) is None
    assert api.query("SELECT Id FROM Lead") == []
    everything = api("GET", "/queryAll", params={"q": "SELECT Id, IsDeleted, MasterRecordId FROM Lead"}).json()
    assert everything["records"][0]["IsDeleted"] is True
    assert everything["records"][0]["MasterRecordId"] is None
    org.restore("Lead", made, person)
    assert api.query("SELECT Id, IsDeleted FROM Lead") == [{"Id": made, "IsDeleted": False}]


def test_the_bin_is_emptied_after_15_days(org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.delete("Lead", made, person)
    org.kernel.clock.advance(BIN_MS + 1)
    api = Api(org)
    assert api("GET", "/queryAll", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"] == 0
    with pytest.raises(ValueError, match="INVALID_CROSS_REFERENCE_KEY"):
        org.restore("Lead", made, person)


def test_children_go_with_their_parent_and_come_back(org: Salesforce, person: Caller) -> None:
    account = org.seed("Account", {"Name": "A"})
    contact = org.seed("Contact", {"LastName": "B", "AccountId": account})
    org.delete("Account", account, person)
    assert org.get("Contact", contact) is None
    org.restore("Account", account, person)
    assert org.get("Contact", contact) is not None


def test_a_purged_record_is_gone_from_everything_but_the_delete_log(api: Api, org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.purge("Lead", made, person)
    org.kernel.clock.advance(120_000)
    assert api("GET", "/queryAll", params={"q": "SELECT Id FROM Lead"}).json()["totalSize"] == 0
    span = {"start": "2026-09-21T14:00:00Z", "end": "2026-09-21T14:15:00Z"}
    assert api("GET", "/sobjects/Lead/deleted/", params=span).json()["deletedRecords"] == [
        {"id": made, "deletedDate": "2026-09-21T14:13:20.000+0000"}
    ]


@pytest.mark.parametrize(
    ("resource", "start", "end"),
    [
        ("updated", "2026-09-21T14:00:30Z", "2026-09-21T14:00:10Z"),
        ("updated", "2026-08-01T00:00:00Z", "2026-09-21T14:00:00Z"),
        ("deleted", "2026-09-01T00:00:00Z", "2026-09-21T14:00:00Z"),
    ],
)
def test_spans_that_are_refused(api: Api, resource: str, start: str, end: str) -> None:
    answer = api("GET", f"/sobjects/Lead/{resource}/", params={"start": start, "end": end})
    assert error(answer)[:2] == (400, "INVALID_REPLICATION_DATE")


def test_merge(api: Api, org: Salesforce, person: Caller) -> None:
    winner, loser = (org.seed("Contact", {"LastName": n}) for n in "AB")
    task = org.seed("Task", {"Subject": "S", "WhoId": loser})
    org.kernel.clock.advance(1_000)
    assert org.merge("Contact", winner, loser, person) == winner
    found = api("GET", "/queryAll", params={"q": f"SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '{loser}'"})
    (shown,) = found.json()["records"]
    assert (shown["IsDeleted"], shown["MasterRecordId"]) == (True, winner)
    moved = org.get("Task", task)
    assert moved is not None
    assert (moved["WhoId"], moved["SystemModstamp"]) == (winner, "2026-09-21T14:13:21.000+0000")


def test_what_was_merged_away_cannot_be_restored(org: Salesforce, person: Caller) -> None:
    winner, loser = lead(org), lead(org)
    org.merge("Lead", winner, loser, person)
    with pytest.raises(ValueError, match="UNDELETE_FAILED"):
        org.restore("Lead", loser, person)


def test_conversion(api: Api, org: Salesforce, person: Caller) -> None:
    made = lead(org, FirstName="Ann", Email="a@b.co", City="Oslo", HasOptedOutOfEmail=True, Website="acme.example")
    task = org.seed("Task", {"Subject": "S", "WhoId": made})
    campaign = org.seed("Campaign", {"Name": "C"})
    member = org.seed("CampaignMember", {"CampaignId": campaign, "LeadId": made})
    result = org.convert(made, person)
    shown = org.get("Lead", made)
    assert shown is not None
    assert (shown["IsConverted"], shown["ConvertedDate"], shown["Status"]) == (True, "2026-09-21", "Closed - Converted")
    contact = org.get("Contact", result["contactId"] or "")
    assert contact is not None
    assert (contact["Name"], contact["MailingCity"], contact["HasOptedOutOfEmail"]) == ("Ann Ngo", "Oslo", True)
    account = org.get("Account", result["accountId"] or "")
    assert account is not None
    assert (account["Name"], account["Website"]) == ("Acme", "acme.example")
    opportunity = org.get("Opportunity", result["opportunityId"] or "")
    assert opportunity is not None
    assert (opportunity["StageName"], opportunity["AccountId"]) == ("Prospecting", result["accountId"])
    moved, membership = org.get("Task", task), org.get("CampaignMember", member)
    assert moved is not None
    assert membership is not None
    assert (moved["WhoId"], moved["WhatId"]) == (result["contactId"], result["opportunityId"])
    assert membership["ContactId"] == result["contactId"]
    roles = api.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole")
    assert roles == [{"ContactId": result["contactId"], "IsPrimary": True}]


def test_conversion_into_existing_records_fills_only_what_is_empty(org: Salesforce, person: Caller) -> None:
    account = org.seed("Account", {"Name": "Kept"})
    contact = org.seed("Contact", {"LastName": "Old", "AccountId": account, "Title": "CEO"})
    made = lead(org, Title="CTO", Email="a@b.co")
    result = org.convert(made, person, account=account, contact=contact, opportunity=False)
    assert result["opportunityId"] is None
    shown = org.get("Contact", contact)
    assert shown is not None
    assert (shown["LastName"], shown["Title"], shown["Email"]) == ("Old", "CEO", "a@b.co")


@pytest.mark.parametrize("wish", [{"contact": "003000000000001AAA"}, {"status": "Open - Not Contacted"}])
def test_conversions_that_are_refused(org: Salesforce, person: Caller, wish: dict[str, str]) -> None:
    made = lead(org)
    with pytest.raises(ValueError, match=r"REQUIRED_FIELD_MISSING|INVALID_STATUS"):
        org.convert(made, person, **wish)  # type: ignore[arg-type]
    assert org.get("Lead", made)["IsConverted"] is False  # type: ignore[index]


def test_a_queue_cannot_own_what_is_made(org: Salesforce, person: Caller) -> None:
    queue = org.seed("Group", {"Name": "Q", "Type": "Queue"})
    with pytest.raises(ValueError, match="REQUIRED_FIELD_MISSING: Owner"):
        org.convert(lead(org, OwnerId=queue), person)


def test_a_refused_conversion_leaves_nothing_behind(api: Api, org: Salesforce, person: Caller) -> None:
    org.validation_rules.append(lambda save: "no contacts today" if save.object == "Contact" else None)
    with pytest.raises(ValueError, match="FIELD_CUSTOM_VALIDATION_EXCEPTION"):
        org.convert(lead(org), person)
    assert api.query("SELECT Id FROM Account") == []


def test_a_converted_lead_is_read_only(api: Api, org: Salesforce, person: Caller) -> None:
    made = lead(org)
    org.convert(made, person)
    answer = api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"})
    assert error(answer) == (400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    org.settings.edit_converted_leads = True
    assert api("PATCH", f"/sobjects/Lead/{made}", {"City": "X"}).status_code == 204


def test_setting_a_converted_status_does_not_convert(api: Api, org: Salesforce) -> None:
    made = lead(org)
    api("PATCH", f"/sobjects/Lead/{made}", {"Status": "Closed - Converted"})
    assert api("GET", f"/sobjects/Lead/{made}").json()["IsConverted"] is False


def test_a_change_may_become_visible_after_its_stamp(org: Salesforce, person: Caller) -> None:
    org.settings.commit_lag_ms = 60_000
    made = [lead(org) for _ in range(20)]
    org.kernel.clock.advance(120_000)
    for record in made:
        org.edit("Lead", record, {"City": "X"}, person)
    late = [START + 120_000 - org.store.shelf("Lead").rows[record].modified for record in made]
    assert all(0 <= ms <= 60_000 for ms in late)
    assert any(ms > 10_000 for ms in late)


def test_a_stamp_never_goes_back(org: Salesforce, person: Caller) -> None:
    org.settings.commit_lag_ms = 60_000
    made, stamps = lead(org), []
    for n in range(20):
        org.kernel.clock.advance(1_000)
        org.edit("Lead", made, {"City": str(n)}, person)
        stamps.append(org.store.shelf("Lead").rows[made].modified)
    assert stamps == sorted(stamps)
