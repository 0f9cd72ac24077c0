from __future__ import annotations

import pytest

from sandbox.salesforce.soql import SoqlError, parse, run
from tests.sandbox.soql.conftest import Ask
from tests.sandbox.soql.memory import Memory


def test_count_alone_is_the_total(memory: Memory) -> None:
    result = run(parse("select count() from Opportunity where Amount > 0"), memory)
    assert (result.total, result.page()) == (3, [])


def test_aggregates_without_group_make_one_row(ask: Ask) -> None:
    query = "SELECT COUNT(Id), SUM(Amount) total, AVG(Amount), MIN(CloseDate), MAX(CreatedDate) FROM Opportunity"
    assert ask(query) == [
        {"expr0": 4, "total": 600.0, "expr1": 150.0, "expr2": "2026-01-15", "expr3": "2026-01-31T12:00:00.000+0000"}
    ]


def test_aggregates_of_nothing(ask: Ask) -> None:
    assert ask("SELECT COUNT(Id) n, SUM(Amount) s, MAX(CloseDate) m FROM Opportunity WHERE Name = 'none'") == [
        {"n": 0, "s": None, "m": None}
    ]
    assert ask("SELECT StageName, COUNT(Id) FROM Opportunity WHERE Name = 'none' GROUP BY StageName") == []


def test_empty_values_do_not_count(ask: Ask) -> None:
    assert ask("SELECT COUNT(AccountId) a, COUNT(Id) n, COUNT_DISTINCT(AccountId) d FROM Contact") == [
        {"a": 2, "n": 3, "d": 1}
    ]


def test_groups_are_of_type_aggregate_result(memory: Memory) -> None:
    query = "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName ORDER BY COUNT(Id) DESC, StageName"
    assert list(run(parse(query), memory).records) == [
        {"attributes": {"type": "AggregateResult"}, "StageName": "Closed Won", "expr0": 2},
        {"attributes": {"type": "AggregateResult"}, "StageName": "Closed Lost", "expr0": 1},
        {"attributes": {"type": "AggregateResult"}, "StageName": "Prospecting", "expr0": 1},
    ]


def test_having_picks_groups(ask: Ask) -> None:
    query = (
        "SELECT StageName s, SUM(Amount) FROM Opportunity GROUP BY StageName HAVING COUNT(Id) > 1 AND SUM(Amount) > 1"
    )
    assert ask(query) == [{"s": "Closed Won", "expr0": 300.0}]
    assert ask("SELECT StageName FROM Opportunity GROUP BY StageName HAVING StageName LIKE 'p%'") == [
        {"StageName": "Prospecting"}
    ]


def test_groups_by_parent_and_by_date(ask: Ask) -> None:
    assert ask("SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name ORDER BY Account.Name") == [
        {"Name": None, "n": 1},
        {"Name": "Acme", "n": 2},
    ]
    query = (
        "SELECT CALENDAR_MONTH(CloseDate) m, SUM(Amount) FROM Opportunity GROUP BY CALENDAR_MONTH(CloseDate) LIMIT 2"
    )
    assert ask(query) == [{"m": 1, "expr0": 0.0}, {"m": 2, "expr0": 100.0}]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT Name, COUNT(Id) FROM Opportunity", "Field must be grouped or aggregated: Name"),
        (
            "SELECT StageName, Name FROM Opportunity GROUP BY StageName",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY StageName ORDER BY Name",
            "Field must be grouped or aggregated: Name",
        ),
        ("SELECT Name n FROM Opportunity", "only aggregate expressions use field aliasing"),
    ],
)
def test_what_must_be_grouped(memory: Memory, query: str, message: str) -> None:
    with pytest.raises(SoqlError) as caught:
        run(parse(query), memory)
    assert (caught.value.code, caught.value.message) == ("MALFORMED_QUERY", message)


def test_groups_come_in_one_batch_or_not_at_all(memory: Memory) -> None:
    for n in range(2001):
        memory.add("Campaign", {"Name": str(n)})
    assert run(parse("SELECT Name FROM Campaign GROUP BY Name LIMIT 2000"), memory).total == 2000
    with pytest.raises(SoqlError) as caught:
        run(parse("SELECT Name FROM Campaign GROUP BY Name"), memory)
    assert caught.value.code == "EXCEEDED_ID_LIMIT"
