"""References in Salesforce, on the sandbox: accounts, who and what, contact roles; converted leads; campaigns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.port import PARENT_GONE, Applied, Cursor, Record, Ref, Rejected, Stale, Unknown, Write
from tests.conformance.systems import SALESFORCE, SalesforceWorld

CONTACTS = ("@contacts",)


def make(system: SalesforceWorld, object: str, **fields: Any) -> str:
    return system.face.create(object, {**SALESFORCE[object].needed, **fields}, system.human)


def world(thing: str = "Opportunity", **options: Any) -> SalesforceWorld:
    system = SalesforceWorld(thing, **options)
    system.advance(1_000)
    return system


def people(system: SalesforceWorld, count: int) -> list[str]:
    return sorted(make(system, "Contact") for _ in range(count))


def put(system: SalesforceWorld, id: str, value: Any, **fields: Any) -> Any:
    (outcome,) = system.connector.write([Write(system.object, id, {"@contacts": value, **fields})], CONTACTS)
    return outcome


def roles(system: SalesforceWorld, opportunity: str) -> list[dict[str, Any]]:
    held = [row.values for row in system.face.store.shelf("OpportunityContactRole") if row.archived_at is None]
    return [values for values in held if values["OpportunityId"] == opportunity]


def test_contact_roles_are_a_list_that_can_be_set_changed_and_cleared() -> None:
    system = world()
    a, b, c = people(system, 3)
    (made,) = system.connector.write([system.make("k1", **{"@contacts": [b, a]})], CONTACTS)
    assert isinstance(made, Applied) and made.record.fields == {"@contacts": [a, b]}
    id = made.record.ref.id
    for value in ([c, b], [a, b, c], [c], None):
        outcome = put(system, id, value)
        assert isinstance(outcome, Applied)
        wanted = sorted(value) if value else None
        assert outcome.record.fields == {"@contacts": wanted}
        system.advance(system.connector.traits.lag + 1_000)
        listed = [r for page in system.connector.changes("Opportunity", CONTACTS, None) for r in page.records]
        polled = [r for page in system.connector.changes("Opportunity", CONTACTS, Cursor(0)) for r in page.records]
        read = list(system.connector.read("Opportunity", CONTACTS, ids=[id]))
        assert [{r.ref.id: r.fields["@contacts"] for r in way}[id] for way in (listed, polled, read)] == [wanted] * 3


def test_a_role_that_stays_keeps_what_people_said_of_it() -> None:
    system = world()
    a, b, c = people(system, 3)
    id = system.create({})
    role = {"OpportunityId": id, "ContactId": a, "Role": "Decision Maker", "IsPrimary": True}
    system.face.create("OpportunityContactRole", role, system.human)
    system.face.create("OpportunityContactRole", {"OpportunityId": id, "ContactId": b}, system.human)
    assert isinstance(put(system, id, [a, c]), Applied)
    held = {values["ContactId"]: values for values in roles(system, id)}
    assert held.keys() == {a, c}
    assert (held[a]["Role"], held[a]["IsPrimary"]) == ("Decision Maker", True)
    assert not held[c].get("Role") and not held[c].get("IsPrimary")


def polled(system: SalesforceWorld, cursor: Cursor) -> tuple[dict[str, Record], Cursor]:
    pages = list(system.connector.changes("Opportunity", (*system.fields, "@contacts"), cursor))
    assert all(page.cursor.resume is not None for page in pages[:-1])
    return {r.ref.id: r for page in pages for r in page.records}, pages[-1].cursor


def test_a_poll_tells_of_contact_roles_that_came_and_went_in_the_same_call() -> None:
    system = world()
    (a,) = people(system, 1)
    ids = [system.create({}) for _ in range(3)]
    system.advance(system.connector.traits.lag + 1_000)
    _, cursor = polled(system, Cursor(0))
    calls = system.connector.usage().calls
    told, cursor = polled(system, cursor)
    assert not told and system.connector.usage().calls - calls == 1
    role = system.face.create("OpportunityContactRole", {"OpportunityId": ids[1], "ContactId": a}, system.human)
    system.advance(1_000)
    told, _ = polled(system, cursor)
    assert {id: record.fields["@contacts"] for id, record in told.items()} == {ids[1]: [a]}
    system.advance(system.connector.traits.lag + 1_000)
    told, cursor = polled(system, cursor)
    system.face.delete("OpportunityContactRole", role, system.human)
    system.advance(1_000)
    told, _ = polled(system, cursor)
    assert {id: record.fields["@contacts"] for id, record in told.items()} == {ids[1]: None}


STEPS = st.lists(st.tuples(st.integers(0, 2), st.sets(st.integers(0, 3))), min_size=1, max_size=5)


@given(steps=STEPS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_lists_are_written_are_the_lists_and_polls_know_them(steps: list[tuple[int, set[int]]]) -> None:
    system = world()
    contacts = people(system, 4)
    ids = [system.create({}) for _ in range(3)]
    known, cursor = polled(system, Cursor(0))
    for n, chosen in steps:
        wanted = [contacts[k] for k in chosen]
        assert isinstance(put(system, ids[n], wanted or None), Applied)
        system.advance(1_000)
        told, cursor = polled(system, cursor)
        known |= told
        truth = {id: sorted(values["ContactId"] for values in roles(system, id)) or None for id in ids}
        assert truth[ids[n]] == (sorted(wanted) or None)
        assert {id: known[id].fields["@contacts"] for id in ids} == truth


def test_many_lists_are_written_in_few_calls() -> None:
    system = world()
    a, b = people(system, 2)
    ids = [system.create({}) for _ in range(60)]
    before = system.connector.usage().calls
    writes = [Write("Opportunity", id, {"@contacts": [a, b], "NextStep": "Call"}) for id in ids]
    assert all(isinstance(outcome, Applied) for outcome in system.connector.write(writes, CONTACTS))
    assert system.connector.usage().calls - before <= 6


def test_11_a_contact_that_is_gone_is_told_and_half_a_list_is_no_success() -> None:
    system = world()
    there, gone = people(system, 2)
    system.face.delete("Contact", gone, system.human)
    id = system.create({})
    assert put(system, id, [gone]) == Rejected(PARENT_GONE, "entity is deleted", CONTACTS)
    assert isinstance(put(system, id, [there, gone], NextStep="Call"), Unknown)
    assert isinstance(put(system, id, [there, gone]), Rejected)
    assert [values["ContactId"] for values in roles(system, id)] == [there]
    (made,) = system.connector.write([system.make("k1", **{"@contacts": [gone]})], CONTACTS)
    assert isinstance(made, Unknown)
    (again,) = system.connector.write([system.make("k1", **{"@contacts": [gone]})], CONTACTS)
    assert isinstance(again, Stale) and again.existing


@pytest.mark.parametrize(
    ("thing", "field", "parent"),
    [
        ("Contact", "AccountId", "Account"),
        ("Opportunity", "AccountId", "Account"),
        ("Task", "WhoId", "Contact"),
        ("Task", "WhatId", "Opportunity"),
        ("Event", "WhoId", "Lead"),
        ("Event", "WhatId", "Account"),
    ],
)
@pytest.mark.parametrize("how", ["binned", "purged", "converted"])
@pytest.mark.parametrize("many", [False, True], ids=["composite", "collections"])
def test_11_a_parent_that_is_gone_is_told_by_name(thing: str, field: str, parent: str, how: str, many: bool) -> None:
    if (how == "converted") != (parent == "Lead"):
        return
    system = world(thing)
    there, gone = make(system, parent), make(system, parent)
    if how == "converted":
        system.face.convert(gone, system.human)
    else:
        getattr(system.face, "delete" if how == "binned" else "purge")(parent, gone, system.human)
    new = [system.make("k1", **{field: gone}), system.make("k2", **{field: there})]
    bad, good = system.connector.write(new, (field,))
    assert isinstance(bad, Rejected) and (bad.code, bad.fields) == (PARENT_GONE, (field,))
    assert isinstance(good, Applied) and good.record.fields == {field: there}
    ids = [good.record.ref.id, *(system.create({}) for _ in range(30 if many else 0))]
    outcomes = list(system.connector.write([Write(thing, id, {field: gone}) for id in ids], (field,)))
    assert {(o.code, o.fields) for o in outcomes if isinstance(o, Rejected)} == {(PARENT_GONE, (field,))}
    assert len([o for o in outcomes if isinstance(o, Rejected)]) == len(ids)


def test_a_record_that_is_gone_itself_is_stale_though_its_parent_is_there() -> None:
    system = world("Contact")
    account = make(system, "Account")
    id = system.create({})
    system.delete(id)
    (outcome,) = system.connector.write([Write("Contact", id, {"AccountId": account})], ())
    assert outcome == Stale(reason="gone")


def test_a_converted_lead_names_all_that_it_became() -> None:
    system = world("Lead")
    id = system.create({})
    system.advance(system.connector.traits.lag + 1_000)
    fields = ("ConvertedDate", "Status")
    cursor = list(system.connector.changes("Lead", fields, None))[-1].cursor
    became = system.face.convert(id, system.human)
    system.advance(system.connector.traits.lag + 1_000)
    (told,) = [r for page in system.connector.changes("Lead", fields, cursor) for r in page.records]
    (read,) = system.connector.read("Lead", fields, ids=[id])
    for record in (told, read):
        assert record.moved_to == Ref("salesforce", "Contact", became["contactId"] or "")
        assert record.converted == tuple(
            Ref("salesforce", object, became[key] or "")
            for object, key in (("Contact", "contactId"), ("Account", "accountId"), ("Opportunity", "opportunityId"))
        )
        assert record.fields["ConvertedDate"] == "2026-11-18"


def test_campaigns_and_their_members_are_read() -> None:
    system = world("Lead")
    lead = system.create({})
    campaign = system.face.create("Campaign", {"Name": "Fair"}, system.human)
    member = system.face.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead}, system.human)
    fields = {"Campaign": ("Name", "Status"), "CampaignMember": ("CampaignId", "LeadId", "ContactId", "Status")}
    cursors = {}
    for object, id in (("Campaign", campaign), ("CampaignMember", member)):
        pages = list(system.connector.changes(object, fields[object], None))
        assert [record.ref.id for page in pages for record in page.records] == [id]
        cursors[object] = pages[-1].cursor
    system.advance(system.connector.traits.lag + 1_000)
    system.face.edit("CampaignMember", member, {"Status": "Responded"}, system.human)
    pages = list(system.connector.changes("CampaignMember", fields["CampaignMember"], cursors["CampaignMember"]))
    (record,) = [record for page in pages for record in page.records]
    assert record.fields == {"CampaignId": campaign, "LeadId": lead, "ContactId": None, "Status": "Responded"}


def test_record_types_and_currencies_are_described() -> None:
    system = world()
    offered = {"StageName": ["Qualification", "Closed Won"]}
    ids = system.face.add_record_types("Opportunity", {"New": ("New business", offered)}, "New")
    system.face.use_currencies("USD", "EUR")
    schema = system.connector.describe("Opportunity")
    (found,) = schema.record_types
    assert (found.id, found.name, found.label, found.default) == (ids["New"], "New", "New business", True)
    assert found.values["StageName"] == ("Qualification", "Closed Won")
    assert [option.value for option in schema.fields["CurrencyIsoCode"].options] == ["USD", "EUR"]
    write = system.make("k1", RecordTypeId=ids["New"], CurrencyIsoCode="EUR", Amount=10.5, CloseDate="2026-12-31")
    (outcome,) = system.connector.write([write], ("RecordTypeId", "CurrencyIsoCode", "Amount", "CloseDate"))
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {
        "RecordTypeId": ids["New"], "CurrencyIsoCode": "EUR", "Amount": 10.5, "CloseDate": "2026-12-31",
    }  # fmt: skip


def test_a_listing_by_job_leaves_contact_roles_to_queries() -> None:
    system = world(bulk_above=1)
    (a,) = people(system, 1)
    ids = {system.create({}) for _ in range(2 * system.page + 1)}
    put(system, min(ids), [a])
    listed = [r for page in system.connector.changes("Opportunity", CONTACTS, None) for r in page.records]
    assert {record.ref.id: record.fields["@contacts"] for record in listed} == dict.fromkeys(ids, None) | {
        min(ids): [a]
    }


def test_stages_and_statuses_say_what_they_mean() -> None:
    system = world()
    schema = system.connector.describe("Opportunity")
    stages = {option.value: option for option in schema.fields["StageName"].options}
    assert (stages["Closed Won"].closed, stages["Closed Won"].won, stages["Closed Won"].probability) == (True, True, 1)
    assert (stages["Closed Lost"].closed, stages["Closed Lost"].won) == (True, False)
    assert stages["Qualification"].closed is False and stages["Qualification"].probability == 0.1
    assert schema.fields["@contacts"].references == ("Contact",)
    assert schema.fields["CloseDate"].type == "date"
    tasks = {option.value: option.closed for option in system.connector.describe("Task").fields["Status"].options}
    assert tasks["Completed"] is True and tasks["Not Started"] is False
