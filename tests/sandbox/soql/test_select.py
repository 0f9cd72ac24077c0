from __future__ import annotations

from sandbox.salesforce.schema import FieldMeta, PickValue
from sandbox.salesforce.soql import parse, run
from tests.sandbox.soql.conftest import Ask
from tests.sandbox.soql.memory import NOON, Memory


def test_attributes_name_the_type_and_the_address(memory: Memory) -> None:
    (record, *_) = run(parse("select id, ACCOUNT.name from contact"), memory).records
    contact, account = next(iter(memory.table("Contact").rows)), next(iter(memory.table("Account").rows))
    assert record == {
        "attributes": {"type": "Contact", "url": f"/services/data/v64.0/sobjects/Contact/{contact}"},
        "Id": contact,
        "Account": {
            "attributes": {"type": "Account", "url": f"/services/data/v64.0/sobjects/Account/{account}"},
            "Name": "Acme",
        },
    }


def test_parents_nest_and_are_null_when_missing(ask: Ask) -> None:
    found = ask("SELECT LastName, Account.Name, Account.Owner.Name, Account.Owner.Username FROM Contact ORDER BY Id")
    owner = {"Name": "Ann Lee", "Username": "ann@example.com"}
    assert [r["Account"] for r in found] == [{"Name": "Acme", "Owner": owner}] * 2 + [None]


def test_a_parent_in_the_bin_is_gone_unless_all_rows_are_asked_for(memory: Memory) -> None:
    next(iter(memory.table("Account").rows.values())).archived_at = NOON
    query = parse("SELECT Account.Name FROM Contact WHERE LastName = 'No0'")
    assert [r["Account"] for r in run(query, memory).records] == [None]
    assert [r["Account"]["Name"] for r in run(query, memory, all_rows=True).records] == ["Acme"]


def test_values_look_as_on_the_wire(ask: Ask) -> None:
    (lead,) = ask("SELECT CreatedDate, IsConverted, ConvertedDate, Address, Name FROM Lead WHERE City = 'oslo'")
    assert lead["CreatedDate"] == "2026-01-31T12:00:00.000+0000"
    assert (lead["IsConverted"], lead["ConvertedDate"], lead["Name"]) == (False, None, "Owned")
    assert lead["Address"]["city"] == "Oslo"
    assert set(lead["Address"]) == {
        "city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street",
    }  # fmt: skip


def test_the_order_of_select_is_the_order_of_keys(memory: Memory) -> None:
    (record, *_) = run(
        parse("SELECT Title, Id, CreatedDate, Owner.Name, Email, IsDeleted FROM Contact"), memory
    ).records
    assert list(record) == ["attributes", "Title", "Id", "CreatedDate", "Owner", "Email", "IsDeleted"]


def test_stamps_are_cut_to_the_second(memory: Memory, ask: Ask) -> None:
    memory.add("Campaign", {"Name": "Fair"}, NOON + 999)
    assert ask("SELECT SystemModstamp FROM Campaign WHERE SystemModstamp = 2026-01-31T12:00:00Z") == [
        {"SystemModstamp": "2026-01-31T12:00:00.000+0000"}
    ]


def test_children_come_as_a_result_of_their_own_or_null(ask: Ask) -> None:
    query = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account ORDER BY Name"
    assert ask(query) == [
        {"Name": "Acme", "Contacts": {"totalSize": 1, "done": True, "records": [{"LastName": "No1"}]}},
        {"Name": "Bolt", "Contacts": None},
    ]


def test_children_are_the_same_without_indexes(memory: Memory, ask: Ask) -> None:
    query = "SELECT Name, (SELECT LastName FROM Contacts WHERE Email LIKE 'c%'), (SELECT Id FROM Tasks) FROM Account"
    indexed = ask(query)
    memory.indexed = False
    assert ask(query) == indexed


def test_a_polymorphic_parent_reads_name(memory: Memory, ask: Ask) -> None:
    (record, *_) = run(parse("SELECT Owner.Name, Owner.Type FROM Lead ORDER BY LastName DESC"), memory).records
    group = next(iter(memory.table("Group").rows))
    assert record["Owner"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v64.0/sobjects/Group/{group}"},
        "Name": "Inbound",
        "Type": "Queue",
    }
    assert ask("SELECT Subject FROM Task WHERE Who.Type = 'Lead'") == [{"Subject": "Call"}]


def test_typeof_shows_the_fields_of_each_kind(ask: Ask) -> None:
    query = "SELECT TYPEOF Who WHEN Lead THEN Company, Status ELSE Name END FROM Task ORDER BY Subject"
    assert ask(query) == [{"Who": {"Company": "X", "Status": "Open - Not Contacted"}}, {"Who": {"Name": "C No0"}}]


def test_an_alias_or_the_objects_name_may_stand_before_a_field(ask: Ask) -> None:
    expected = [{"Name": "Acme"}]
    assert ask("SELECT a.Name FROM Account a WHERE a.Industry = 'Media'") == expected
    assert ask("SELECT Account.Name FROM Account WHERE Account.Industry = 'Media'") == expected


def test_fields_expand_to_what_the_user_sees(memory: Memory, ask: Ask) -> None:
    memory.org.add_custom_field("Lead", FieldMeta("Score__c", "double", "Score"), visible=True)
    standard = ask("SELECT FIELDS(STANDARD) FROM Lead")[0]
    custom = ask("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 200")[0]
    assert set(custom) == {"Score__c"}
    assert {"Id", "Company", "Address"} <= set(standard)
    assert set(ask("SELECT fields(all) FROM Lead LIMIT 1")[0]) == set(standard) | {"Score__c"}


def test_labels_and_formats(memory: Memory, ask: Ask) -> None:
    picked = FieldMeta("Tier__c", "picklist", "Tier", picklist=(PickValue("g", "Gold"),))
    memory.org.add_custom_field("Account", picked, visible=True)
    next(iter(memory.table("Account").rows.values())).values["Tier__c"] = "g"
    query = "SELECT toLabel(Tier__c), FORMAT(AnnualRevenue) r, FORMAT(CreatedDate) d FROM Account WHERE Name = 'Acme'"
    assert ask(query) == [{"Tier__c": "Gold", "r": "$5,000,000.00", "d": "1/31/2026, 12:00 PM"}]
    assert ask("SELECT Name FROM Account WHERE toLabel(Tier__c) = 'gold'") == [{"Name": "Acme"}]


def test_pages_may_be_asked_for_again(memory: Memory) -> None:
    for n in range(5):
        memory.add("Campaign", {"Name": str(n)})
    result = run(parse("SELECT Name FROM Campaign ORDER BY Name"), memory)
    assert (result.total, len(result)) == (5, 5)
    assert [r["Name"] for r in result.page(2, 2)] == ["2", "3"]
    assert result.page(2, 2) == result.page(2, 2)
    assert result.page(5, 2) == []


def test_columns_tell_of_parents_children_and_aggregates(memory: Memory) -> None:
    columns = run(parse("SELECT Id, Name, Owner.Name, (SELECT Id FROM Contacts) FROM Account"), memory).columns
    assert [c.to_json()["columnName"] for c in columns] == ["Id", "Name", "Owner", "Contacts"]
    assert [[j["columnName"] for j in c.to_json()["joinColumns"]] for c in columns] == [[], [], ["Name"], ["Id"]]
    (count,) = run(parse("SELECT COUNT(Id) n FROM Account"), memory).columns
    assert (count.name, count.aggregate, count.number) == ("n", True, True)


def test_a_parent_beyond_a_polymorphic_one_nests(memory: Memory, ask: Ask) -> None:
    profile = memory.add("Profile", {"Name": "Standard User", "UserType": "Standard"})
    next(iter(memory.table("User").rows.values())).values["ProfileId"] = profile
    query = "SELECT Owner.Name, Owner.Profile.Name, Owner.Profile.Id FROM Lead ORDER BY LastName"
    assert ask(query) == [
        {"Owner": {"Name": "Ann Lee", "Profile": {"Name": "Standard User", "Id": profile}}},
        {"Owner": {"Name": "Inbound", "Profile": None}},
    ]
