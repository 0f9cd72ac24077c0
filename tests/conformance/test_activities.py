"""Calls, e-mails, meetings, notes and tasks on both sides: made once, with their parents, at the time they say."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.port import Applied, FieldSpec, Rejected, Stale, Unknown
from tests.conformance.systems import HUBSPOT, HUMAN, SALESFORCE, HubSpotWorld, SalesforceWorld

ENGAGEMENTS = [name for name, thing in HUBSPOT.items() if thing.needed.get("hs_timestamp")]


def paths(system: HubSpotWorld) -> list[str]:
    return [call.path for call in system.world.kernel.log.calls if call.side == "hubspot"]


@pytest.mark.parametrize("thing", ENGAGEMENTS)
def test_an_engagement_is_made_with_all_its_parents_in_one_call(thing: str) -> None:
    system = HubSpotWorld(thing)
    make = system.world.hubspot.create
    people = sorted(make("contacts", {"firstname": name}, HUMAN) for name in ("Ann", "Bea"))
    company, deal = make("companies", {"name": "Acme"}, HUMAN), make("deals", HUBSPOT["deals"].needed, HUMAN)
    links: dict[str, Any] = {"@contacts": people, "@company": company, "@deal": deal}
    before = len(paths(system))
    (outcome,) = system.connector.write([system.make("k1", **links)], tuple(links))
    assert isinstance(outcome, Applied) and outcome.record.fields == links
    writing = [path for path in paths(system)[before:] if not path.endswith("/read")]
    assert [path.rpartition("/")[2] for path in writing] == ["create"]


@pytest.mark.parametrize("thing", ENGAGEMENTS)
@pytest.mark.parametrize("given", ["2026-03-29T01:30:00Z", "1774747800000"])
def test_an_engagement_keeps_its_time_to_the_millisecond(thing: str, given: str) -> None:
    system = HubSpotWorld(thing)
    (outcome,) = system.connector.write([system.make("k1", hs_timestamp=given)], ("hs_timestamp",))
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {"hs_timestamp": "2026-03-29T01:30:00Z"}


def made(system: SalesforceWorld, object: str) -> str:
    return system.face.create(object, dict(SALESFORCE[object].needed), system.human)


@pytest.mark.parametrize("thing", ["Task", "Event"])
@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_an_activity_is_made_once_whatever_becomes_of_the_answer(thing: str, unique: bool, after: bool) -> None:
    system = SalesforceWorld(thing)
    system.face.settings.unique_activity_fields = unique
    system.key = "SMK_Other__c"
    spec = FieldSpec(thing, system.key, "Key", "text", length=64, unique=True)
    assert system.connector.provision([spec]) == [f"{thing}.{system.key}"]
    assert system.connector.describe(thing).fields[system.key].unique is unique
    write = system.make("k1", **{system.first: "Call Ann"})
    system.lose_answer(after=after)
    (lost,) = system.connector.write([write], system.fields)
    assert isinstance(lost, Unknown)
    (again,) = system.connector.write([write], system.fields)
    assert isinstance(again, Stale if after else Applied)
    assert len(system.live()) == 1
    assert write.key is not None
    (found,) = system.connector.read(thing, system.fields, keys=[write.key])
    assert {found.ref.id} == system.live()


def test_one_field_serves_tasks_and_events() -> None:
    system = SalesforceWorld("Task")
    specs = [FieldSpec(thing, "SMK_Both__c", "Key", "text", length=64, unique=True) for thing in ("Task", "Event")]
    assert system.connector.provision(specs) == ["Task.SMK_Both__c", "Event.SMK_Both__c"]
    for thing in ("Task", "Event"):
        assert system.connector.describe(thing).fields["SMK_Both__c"].writable
    assert system.connector.provision(specs) == []


def test_a_call_is_a_task_of_its_subtype_with_who_what_and_a_day() -> None:
    system = SalesforceWorld("Task")
    contact, deal = made(system, "Contact"), made(system, "Opportunity")
    subtype = system.connector.describe("Task").fields["TaskSubtype"]
    assert (subtype.createable, subtype.writable) == (True, False)
    fields = {
        "TaskSubtype": "Call", "Subject": "Call", "Status": "Completed", "ActivityDate": "2026-03-29",
        "CallDurationInSeconds": 61, "WhoId": contact, "WhatId": deal,
    }  # fmt: skip
    asked = (*fields, "IsClosed", "AccountId")
    (outcome,) = system.connector.write([system.make("k1", **fields)], asked)
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {**fields, "IsClosed": True, "AccountId": None}
    change = system.update(outcome.record, TaskSubtype="Email")
    (refused,) = system.connector.write([change], asked)
    assert isinstance(refused, Rejected) and refused.fields == ("TaskSubtype",)


def test_a_lead_leaves_no_room_for_a_what() -> None:
    system = SalesforceWorld("Task")
    lead, account = made(system, "Lead"), made(system, "Account")
    (outcome,) = system.connector.write([system.make("k1", WhoId=lead, WhatId=account)], ())
    assert isinstance(outcome, Rejected) and outcome.fields == ("WhatId",)


def test_a_meeting_is_an_event_from_when_to_when() -> None:
    system = SalesforceWorld("Event")
    times = {"StartDateTime": "2026-03-29T01:30:00.000+0000", "EndDateTime": "2026-03-29T02:00:00.000+0000"}
    write = system.make("k1", DurationInMinutes=None, ActivityDateTime=None, **times)
    (outcome,) = system.connector.write([write], (*times, "DurationInMinutes"))
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {**times, "DurationInMinutes": 30}
