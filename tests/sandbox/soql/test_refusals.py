from __future__ import annotations

import pytest

from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.soql import SoqlError, parse, run
from tests.sandbox.soql.memory import Memory

_CONSULT = "Please reference your WSDL or the describe call for the appropriate names."


def refusal(memory: Memory, query: str) -> SoqlError:
    with pytest.raises(SoqlError) as caught:
        run(parse(query), memory)
    return caught.value


def test_a_missing_column(memory: Memory) -> None:
    error = refusal(memory, "SELECT Id, Nope__c FROM Lead")
    assert error.code == "INVALID_FIELD"
    assert error.message == (
        "\nSELECT Id, Nope__c FROM Lead\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'Nope__c' on entity 'Lead'. If you are attempting to use a custom field, be sure to append the "
        f"'__c' after the custom field name. {_CONSULT}"
    )


def test_a_column_on_a_later_row(memory: Memory) -> None:
    error = refusal(memory, "SELECT Id\nFROM Lead\nWHERE  Nope = 1")
    assert error.message.startswith("\nWHERE  Nope = 1\n       ^\nERROR at Row:3:Column:8\nNo such column 'Nope'")


def test_a_missing_object(memory: Memory) -> None:
    error = refusal(memory, "SELECT Id FROM Nope")
    assert error.code == "INVALID_TYPE"
    assert error.message.endswith(
        "ERROR at Row:1:Column:16\nsObject type 'Nope' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name. {_CONSULT}"
    )


@pytest.mark.parametrize(
    "clause",
    [
        "SELECT {} FROM Lead",
        "SELECT Id FROM Lead WHERE {} = 1",
        "SELECT Id FROM Lead ORDER BY {}",
        "SELECT COUNT({}) FROM Lead",
        "SELECT COUNT(Id) FROM Lead GROUP BY {}",
        "SELECT ConvertedAccount.{} FROM Lead",
    ],
)
def test_a_hidden_field_looks_like_a_missing_one(memory: Memory, clause: str) -> None:
    memory.user_id = next(iter(memory.table("User").rows))
    hidden = clause.format("Hidden__c")
    memory.org.add_custom_field("Lead", FieldMeta("Hidden__c", "double", "Hidden"))
    memory.org.add_custom_field("Account", FieldMeta("Hidden__c", "double", "Hidden"))
    error = refusal(memory, hidden)
    assert error.code == "INVALID_FIELD"
    assert "No such column 'Hidden__c' on entity" in error.message
    for name in ("Lead", "Account"):
        memory.org.grant("0PS1", name, "Hidden__c")
        memory.org.allow("0PS1", name, frozenset({"Read"}))
    memory.org.assign(memory.user_id, "0PS1")
    run(parse(hidden), memory)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            "CreatedDate > '2026-01-01T00:00:00Z'",
            "field 'CreatedDate' must be of type dateTime and should not be enclosed",
        ),
        (
            "CreatedDate > 2026-01-01",
            "field 'CreatedDate' must be of type dateTime and should not be enclosed in quotes",
        ),
        (
            "ConvertedDate > 2026-01-01T00:00:00Z",
            "field 'ConvertedDate' must be of type date and should not be enclosed",
        ),
        ("IsConverted = 'true'", "field 'IsConverted' must be of type boolean and should not be enclosed in quotes"),
        (
            "NumberOfEmployees > '5'",
            "field 'NumberOfEmployees' must be of type int and should not be enclosed in quotes",
        ),
        ("AnnualRevenue > '5'", "field 'AnnualRevenue' must be of type double and should not be enclosed in quotes"),
        ("Company = 5", "field 'Company' must be of type string and should be enclosed in quotes"),
        ("Company = TODAY", "field 'Company' must be of type string and should be enclosed in quotes"),
        ("Description LIKE '%x%'", "field 'Description' can not be filtered in a query call"),
        ("Address != null", "field 'Address' can not be filtered in a query call"),
    ],
)
def test_wrong_values_and_fields_in_filters(memory: Memory, where: str, message: str) -> None:
    error = refusal(memory, f"SELECT Id FROM Lead WHERE {where}")
    assert error.code == "INVALID_FIELD"
    assert message in error.message


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("Id = 'nonsense'", "invalid ID field: nonsense"),
        ("OwnerId IN ('nonsense')", "invalid ID field: nonsense"),
        ("OwnerId LIKE '005%'", "invalid operator on reference field"),
        ("CreatedDate LIKE '2026%'", "invalid operator"),
        ("Company INCLUDES ('a')", "invalid operator"),
        ("Company > null", "invalid operator"),
    ],
)
def test_wrong_operators(memory: Memory, where: str, message: str) -> None:
    error = refusal(memory, f"SELECT Id FROM Lead WHERE {where}")
    assert error.code == "INVALID_QUERY_FILTER_OPERATOR"
    assert error.message.endswith(message)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT Id, id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id, FIELDS(ALL) FROM Lead LIMIT 5", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
        ("SELECT Nope.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nope' in field path."),
        ("SELECT (SELECT Id FROM Nopes) FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nopes' in field"),
        ("SELECT Owner.City FROM Lead", "INVALID_FIELD", "No such column 'City' on entity 'Name'."),
        (
            "SELECT Id FROM Lead ORDER BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be sorted in a query",
        ),
        ("SELECT COUNT(Id) FROM Lead GROUP BY Description", "INVALID_FIELD", "can not be grouped in a query call"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Task)",
            "MALFORMED_QUERY",
            "Entity 'Task' is not supported for semi join inner selects",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "MALFORMED_QUERY",
            "Semi join sub-selects are only allowed at the top level WHERE expressions",
        ),
        ("SELECT Id FROM CustomField", "INVALID_TYPE", "sObject type 'CustomField' is not supported."),
    ],
)
def test_other_refusals(memory: Memory, query: str, code: str, message: str) -> None:
    error = refusal(memory, query)
    assert error.code == code
    assert message in error.message


def test_an_object_of_the_tooling_address(memory: Memory) -> None:
    assert run(parse("SELECT Id FROM CustomField"), memory, tooling=True).total == 0


@pytest.mark.parametrize(
    "query",
    [
        "SELECT FIELDS(ALL) FROM Lead WHERE Id IN ('00Q000000000001')",
        "SELECT FIELDS(STANDARD) FROM Lead",
        "SELECT Id FROM Lead USING SCOPE mine",
        "SELECT Id FROM Lead FOR VIEW",
        "SELECT Id FROM Lead OFFSET 2000",
        "SELECT convertCurrency(AnnualRevenue) FROM Lead",
    ],
)
def test_what_is_allowed_after_all(memory: Memory, query: str) -> None:
    run(parse(query), memory)
