"""Queries in the very forms that known clients send."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from simple_salesforce.format import format_soql

from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.soql import parse, run
from tests.sandbox.soql.conftest import Ask
from tests.sandbox.soql.memory import Memory

JSFORCE = [
    "SELECT Id, Name FROM Account WHERE Id = '0011000000NPNrW' LIMIT 10 OFFSET 20",
    "SELECT Id, Name FROM Account WHERE Id = '0011000000NPNrW' OR Id = '00110000005WlZd'",
    "SELECT Id FROM Account WHERE Type = 'Partner' AND (Id = '0011000000NPNrW' OR Id = '00110000005WlZd')",
    "SELECT Id FROM Opportunity WHERE Account.Type = 'Partner' OR (Amount >= 1000 AND Amount < 2000)",
    "SELECT Id FROM Opportunity WHERE NOT (Amount >= 1000 AND Amount < 2000 AND Account.Type = 'Customer')",
    "SELECT Id FROM Opportunity WHERE (NOT Name LIKE 'Test%') AND Amount >= 1000",
    "SELECT Id FROM Opportunity WHERE Account.Type = 'Partner' OR (NOT (Amount >= 1000 AND Amount < 2000))",
    "SELECT Id FROM Opportunity WHERE CloseDate >= LAST_N_DAYS:10 AND CloseDate <= TOMORROW "
    "AND CloseDate > 2010-11-05 AND CreatedDate < 2010-11-01T19:45:04Z",
    r"SELECT Id FROM Account WHERE Name LIKE 'John\'s%' AND (NOT Owner.Name LIKE '%Test%')",
    "SELECT Id FROM Contact WHERE Account.Id IN ('0011000000NPNrW', '00110000005WlZd') "
    "AND Owner.Id NOT IN ('00510000000N2C2')",
    "SELECT Id FROM Task WHERE WhatId != null AND WhoId = null",
    "SELECT Id FROM Contact WHERE Languages__c INCLUDES ('English', 'Japanese') AND Languages__c EXCLUDES ('Oracle')",
    "SELECT Id FROM Opportunity WHERE Owner.Name LIKE 'A%' ORDER BY CreatedDate DESC, Name ASC LIMIT 10",
    "SELECT count() FROM Account WHERE Name LIKE 'A%'",
    "SELECT Id, Name, (SELECT Id, Name FROM Contacts ORDER BY Name ASC LIMIT 5) FROM Account",
]
SF_CLI = [
    "SELECT Id, Name, InstanceName, IsSandbox, TrialExpirationDate, NamespacePrefix FROM Organization",
    "SELECT Name FROM Organization",
    "SELECT Id FROM PermissionSet WHERE Name='Sync'",
    "SELECT Id FROM PermissionSet WHERE Name='Sync' AND NamespacePrefix='ns'",
    "SELECT id FROM User WHERE Username='ann@example.com'",
    "SELECT Username, ProfileId, Id FROM User WHERE Username = 'ann@example.com'",
    "SELECT Id FROM Profile WHERE name='Standard User'",
    "SELECT QualifiedApiName, DataType FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Lead'",
]
SINGER = [
    "SELECT Id,Name,SystemModstamp FROM Lead WHERE SystemModstamp >= 2026-01-01T00:00:00.000000Z  "
    "ORDER BY SystemModstamp ASC",
    "SELECT Id,Name,SystemModstamp FROM Lead WHERE SystemModstamp >= 2026-01-01T00:00:00Z  "
    "AND SystemModstamp < 2026-02-01T00:00:00Z",
    "SELECT Id,CreatedDate FROM LeadHistory WHERE CreatedDate >= 2026-01-01T00:00:00Z  ORDER BY CreatedDate ASC",
]
AIRBYTE = [
    "SELECT Id,Name,SystemModstamp FROM Lead ORDER BY Id ASC",
    "SELECT Id,Name FROM Contact WHERE SystemModstamp >= 2026-01-01T00:00:00.000+00:00 "
    "AND SystemModstamp < 2026-02-01T00:00:00.000+00:00",
    "SELECT Id FROM Contact WHERE SystemModstamp >= 2026-01-01T00:00:00Z AND Id > '003000000000001' "
    "ORDER BY Id ASC LIMIT 15000",
]


@pytest.mark.parametrize("query", [*JSFORCE, *SF_CLI, *SINGER, *AIRBYTE])
def test_clients_are_answered(memory: Memory, query: str) -> None:
    memory.org.add_custom_field("Contact", FieldMeta("Languages__c", "multipicklist", "Languages"), visible=True)
    result = run(parse(query), memory)
    assert len(list(result.records)) == len(result) <= max(result.total, 0)


def test_a_source_may_select_every_described_field(memory: Memory) -> None:
    for name in memory.org.objects:
        fields = [f["name"] for f in memory.org.describe(name)["fields"]]
        result = run(parse(f"SELECT {','.join(fields)} FROM {name}"), memory, all_rows=True, tooling=True)
        for record in result.records:
            assert [*record] == ["attributes", *fields]


def test_what_simple_salesforce_quotes(memory: Memory, ask: Ask) -> None:
    for name in ("it's", 'a "b"', "50%_off", "back\\slash", "two\nlines"):
        memory.add("Campaign", {"Name": name})
        assert ask(format_soql("SELECT Name FROM Campaign WHERE Name = {}", name)) == [{"Name": name}]
        assert ask(format_soql("SELECT Name FROM Campaign WHERE Name LIKE '{:like}%'", name)) == [{"Name": name}]
        assert ask(format_soql("SELECT Name FROM Campaign WHERE Name IN {}", [name, "x"])) == [{"Name": name}]
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    query = format_soql("SELECT COUNT(Id) n FROM Campaign WHERE CreatedDate = {} AND IsActive = {}", moment, False)
    assert ask(query) == [{"n": 5}]
