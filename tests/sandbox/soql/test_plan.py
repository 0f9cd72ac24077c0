"""Which index answers which query: the ones a sync sends must not read every row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.salesforce.ids import make_id
from sandbox.salesforce.schema import FieldMeta
from sandbox.salesforce.soql import parse, run
from tests.sandbox.soql.memory import NOON, Memory

_T = "2026-01-31T12:00:03Z"
_ID = make_id("00Q", 4)


@pytest.fixture(scope="module")
def leads() -> Memory:
    m = Memory()
    m.org.add_custom_field("Lead", FieldMeta("Ext__c", "string", "Ext", external_id=True), visible=True)
    for n in range(6):
        values = {"LastName": str(n), "Email": f"p{n}@example.com", "Ext__c": f"e{n}"}
        m.add("Lead", values, NOON + n * 1000, deleted=n == 5)
    return m


@pytest.mark.parametrize(
    ("rest", "index", "found"),
    [
        (f"WHERE SystemModstamp >= {_T}", "modstamp 3", "34"),
        (f"WHERE SystemModstamp > {_T} AND SystemModstamp < 2026-01-31T12:01:00Z", "modstamp 3", "4"),
        (f"WHERE SystemModstamp >= {_T} ORDER BY SystemModstamp, Id", "modstamp 3", "34"),
        (f"WHERE SystemModstamp >= {_T} ORDER BY SystemModstamp DESC, Id DESC LIMIT 1", "modstamp 3", "4"),
        (f"WHERE LastModifiedDate >= {_T} ORDER BY LastModifiedDate", "modstamp 3", "34"),
        (f"WHERE CreatedDate >= {_T} AND CreatedDate < {_T}", "modstamp 3", ""),
        (
            f"WHERE (SystemModstamp > {_T} OR (SystemModstamp = {_T} AND Id > '{_ID}')) ORDER BY SystemModstamp, Id",
            "modstamp 3",
            "4",
        ),
        (f"WHERE SystemModstamp = 2026-01-31T12:00:01Z OR SystemModstamp >= {_T}", "modstamp 5", "134"),
        (f"WHERE SystemModstamp <= {_T} AND (CreatedDate > {_T} OR SystemModstamp = {_T})", "modstamp 1", "3"),
        (f"WHERE Id > '{_ID}' OR Id = '{make_id('00Q', 2)}'", "id 5", "14"),
        ("ORDER BY SystemModstamp LIMIT 2", "modstamp 6", "01"),
        (f"WHERE Id > '{_ID}' ORDER BY Id LIMIT 2000", "id 3", "4"),
        ("ORDER BY SystemModstamp, LastName LIMIT 2", None, "01"),
        (f"WHERE Id < '{_ID}' ORDER BY Id DESC", "id 4", "210"),
        ("WHERE Email IN ('P1@example.com', 'p2@example.com')", "value:Email 2", "12"),
        ("WHERE Ext__c = 'E3' AND LastName != 'x'", "value:Ext__c 1", "3"),
    ],
)
def test_an_index_answers(leads: Memory, rest: str, index: str | None, found: str) -> None:
    leads.used.clear()
    result = run(parse(f"SELECT LastName FROM Lead {rest}"), leads)
    assert "".join(r["LastName"] for r in result.records) == found
    assert leads.used == ([index] if index else [])


def test_ids_need_no_index(leads: Memory) -> None:
    leads.used.clear()
    asked = f"SELECT LastName FROM Lead WHERE Id IN ('{_ID}', '{make_id('00Q', 2)[:15]}', '{make_id('00Q', 99)}')"
    assert [r["LastName"] for r in run(parse(asked), leads).records] == ["1", "3"]
    assert leads.used == []


def test_the_bin_is_read_by_itself(leads: Memory) -> None:
    leads.used.clear()
    asked = parse(
        f"SELECT LastName FROM Lead WHERE IsDeleted = true AND SystemModstamp >= {_T} ORDER BY SystemModstamp"
    )
    assert [r["LastName"] for r in run(asked, leads, all_rows=True).records] == ["5"]
    assert leads.used == ["deleted 1"]


@pytest.mark.parametrize(
    "where",
    ["Email = null", "Email != 'p1@example.com'", "Email IN ('p1@example.com', '')", "IsDeleted = false",
     "(NOT Email = 'p1@example.com')", f"(SystemModstamp >= {_T} OR LastName = '0')"],
)  # fmt: skip
def test_what_no_index_can_answer(leads: Memory, where: str) -> None:
    leads.used.clear()
    run(parse(f"SELECT LastName FROM Lead WHERE {where}"), leads)
    assert leads.used == []


class Counting(Memory):
    """Counts the ids that are taken from the index by id."""

    taken = 0

    def by_id(self, object_name: str, low: str | None, high: str | None, descending: bool) -> Iterator[str]:
        for each in super().by_id(object_name, low, high, descending) or ():
            self.taken += 1
            yield each


def test_a_limit_stops_reading() -> None:
    memory = Counting()
    for n in range(100):
        memory.add("Lead", {"LastName": str(n)})
    assert run(parse("SELECT Id FROM Lead ORDER BY Id LIMIT 3"), memory).total == 3
    assert memory.taken == 3


@pytest.mark.parametrize(("first", "taken"), [("2026-01-31T12:00:00Z", 3), ("2026-01-31T13:00:00Z", 0)])
def test_a_wide_span_of_stamps_is_read_in_order_of_id(first: str, taken: int) -> None:
    memory = Counting()
    for n in range(10_001):
        memory.add("Lead", {"LastName": str(n)}, NOON + n // 5_000 * 3_600_000)
    query = parse(f"SELECT LastName FROM Lead WHERE SystemModstamp >= {first} ORDER BY Id LIMIT 3")
    assert [r["LastName"] for r in run(query, memory).records] == (
        ["0", "1", "2"] if taken else ["5000", "5001", "5002"]
    )
    assert memory.taken == taken
