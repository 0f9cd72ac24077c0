"""What a condition matches where a second evaluator would only repeat the first one's reading of the manual."""

from __future__ import annotations

import pytest

from sandbox.salesforce.ids import make_id
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.soql import parse, run
from tests.sandbox.soql.conftest import Ask
from tests.sandbox.soql.memory import NOON, Memory


def names(ask: Ask, where: str) -> list[str]:
    return [r["LastName"] for r in ask(f"SELECT LastName FROM Contact WHERE {where} ORDER BY LastName")]


def test_text_ignores_case_unless_the_field_minds(memory: Memory, ask: Ask) -> None:
    memory.org.add_custom_field("Contact", FieldMeta("Key__c", "string", "Key", case_sensitive=True), visible=True)
    for row, key in zip(memory.table("Contact"), ("a", "A", "b"), strict=True):
        row.values["Key__c"] = key
    assert names(ask, "Email = 'c1@EXAMPLE.com'") == ["No1"]
    assert names(ask, "Key__c = 'A'") == ["No1"]
    assert names(ask, "Key__c IN ('a', 'B')") == ["No0"]


def test_an_empty_field_is_unequal_to_every_value(memory: Memory, ask: Ask) -> None:
    next(iter(memory.table("Contact"))).values["Email"] = None
    assert names(ask, "Email != 'c1@example.com'") == ["No0", "No2"]
    assert names(ask, "Email NOT IN ('c1@example.com', 'c2@example.com')") == ["No0"]
    assert names(ask, "(NOT Email > 'a')") == ["No0"]
    assert names(ask, "Email = ''") == ["No0"]


def test_ids_match_in_15_and_18_characters(memory: Memory, ask: Ask) -> None:
    account = next(iter(memory.table("Account").rows))
    for form in (account, account[:15], account.lower()):
        assert names(ask, f"AccountId = '{form}'") == ["No0", "No1"]
        assert names(ask, f"Account.Id NOT IN ('{form}')") == ["No2"]


def test_a_missing_parent_is_null_in_every_field(ask: Ask) -> None:
    assert names(ask, "Account.Name = null") == ["No2"]
    assert names(ask, "Account.Name != 'Acme'") == ["No2"]
    assert names(ask, "Account.IsDeleted = false") == ["No0", "No1", "No2"]


def test_like_has_two_wildcards_and_escapes(memory: Memory, ask: Ask) -> None:
    for row, title in zip(memory.table("Contact"), ("100%", "100 x", "a_b"), strict=True):
        row.values["Title"] = title
    assert names(ask, r"Title LIKE '100\%'") == ["No0"]
    assert names(ask, "Title LIKE '100_%'") == ["No0", "No1"]
    assert names(ask, r"Title LIKE 'A\_B'") == ["No2"]
    assert names(ask, "(NOT Title LIKE '%0%')") == ["No2"]


def test_multi_select_values(memory: Memory, ask: Ask) -> None:
    memory.org.add_custom_field("Contact", FieldMeta("Tags__c", "multipicklist", "Tags"), visible=True)
    for row, tags in zip(memory.table("Contact"), ("a;b", "b;c", None), strict=True):
        row.values["Tags__c"] = tags
    assert names(ask, "Tags__c INCLUDES ('A;B', 'c')") == ["No0", "No1"]
    assert names(ask, "Tags__c INCLUDES ('a;c')") == []
    assert names(ask, "Tags__c EXCLUDES ('a')") == ["No1", "No2"]


def test_semi_joins_and_anti_joins(ask: Ask) -> None:
    with_contacts = "SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Email LIKE 'c%')"
    assert ask(with_contacts) == [{"Name": "Acme"}]
    assert ask("SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact)") == [{"Name": "Bolt"}]


def test_deleted_rows_are_for_those_who_ask(memory: Memory) -> None:
    memory.add("Contact", {"LastName": "Gone"}, deleted=True)
    deleted = parse("SELECT Id FROM Contact WHERE IsDeleted = true")
    assert run(deleted, memory).total == 0
    assert run(deleted, memory, all_rows=True).total == 1
    assert run(parse("SELECT COUNT() FROM Contact"), memory).total == 3
    assert run(parse("SELECT COUNT() FROM Contact ALL ROWS"), memory).total == 4


@pytest.mark.parametrize(
    ("literal", "days"),
    [
        ("= TODAY", ["2026-01-31"]),
        ("= YESTERDAY", ["2026-01-30"]),
        ("= TOMORROW", ["2026-02-01"]),
        ("= LAST_N_DAYS:1", ["2026-01-30", "2026-01-31"]),
        ("= NEXT_N_DAYS:1", ["2026-02-01"]),
        ("= N_DAYS_AGO:1", ["2026-01-30"]),
        ("= THIS_WEEK", ["2026-01-25", "2026-01-30", "2026-01-31"]),
        ("= NEXT_WEEK", ["2026-02-01"]),
        ("= LAST_WEEK", ["2026-01-24"]),
        ("= THIS_MONTH", ["2026-01-01", "2026-01-24", "2026-01-25", "2026-01-30", "2026-01-31"]),
        ("= LAST_MONTH", ["2025-12-31"]),
        ("= LAST_N_MONTHS:2", ["2025-12-31"]),
        ("= N_MONTHS_AGO:2", []),
        ("= NEXT_N_MONTHS:1", ["2026-02-01"]),
        ("= LAST_QUARTER", ["2025-12-31"]),
        ("= LAST_YEAR", ["2025-12-31"]),
        ("= NEXT_N_YEARS:2", ["2027-06-01"]),
        ("> THIS_YEAR", ["2027-06-01"]),
        (">= TOMORROW", ["2026-02-01", "2027-06-01"]),
        ("< THIS_YEAR", ["2025-12-31"]),
        ("<= LAST_YEAR", ["2025-12-31"]),
    ],
)
def test_relative_dates(literal: str, days: list[str]) -> None:
    memory = Memory()
    for day in ("2025-12-31", "2026-01-01", "2026-01-24", "2026-01-25", "2026-01-30", "2026-01-31", "2026-02-01",
                "2027-06-01"):  # fmt: skip
        memory.add("Contact", {"LastName": day, "Birthdate": day})
    found = run(parse(f"SELECT Birthdate FROM Contact WHERE Birthdate {literal} ORDER BY Birthdate"), memory)
    assert [r["Birthdate"] for r in found.records] == days


def test_relative_dates_are_days_of_the_users_zone(memory: Memory, ask: Ask) -> None:
    memory.time_zone = "Asia/Tokyo"
    memory.now_ms = NOON + 4 * 3_600_000  # one hour into 1 February there
    assert names(ask, "CreatedDate = YESTERDAY") == ["No0"]
    assert names(ask, "CreatedDate = TODAY") == ["No1"]
    assert names(ask, "CreatedDate = TOMORROW") == ["No2"]


def test_rows_are_found_by_the_key_of_the_last_page(memory: Memory) -> None:
    for n in range(6):
        memory.add("Campaign", {"Name": str(n)}, NOON + n // 3 * 1000)
    seen: list[str] = []
    stamp, last = "2026-01-01T00:00:00Z", make_id("701", 0)
    while True:
        where = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last}'))"
        query = f"SELECT Id, Name, SystemModstamp FROM Campaign WHERE {where} ORDER BY SystemModstamp, Id LIMIT 2"
        page = list(run(parse(query), memory).records)
        if not page:
            break
        seen += [r["Name"] for r in page]
        stamp, last = page[-1]["SystemModstamp"].replace("+0000", "Z"), page[-1]["Id"]
    assert seen == ["0", "1", "2", "3", "4", "5"]
