from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.salesforce.ids import make_id
from sandbox.salesforce.soql import run
from sandbox.salesforce.soql.ast import (
    And,
    Call,
    Compare,
    Condition,
    Constant,
    InList,
    Not,
    Or,
    Order,
    Path,
    Query,
    Selected,
)
from tests.sandbox.soql.memory import NOON, Memory
from tests.sandbox.soql.naive import answer

_WORDS = ["Acme", "acme", "ACME Corp", "bolt", "Zed", "a*b"]
_SECONDS = [NOON + n * 1000 for n in range(5)]
_ACCOUNTS = [make_id("001", n) for n in (1, 2)]
_LEADS = [make_id("003", n) for n in range(1, 9)]


def _maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


_DATES = ["2025-12-31", "2026-01-31", "2026-02-01"]
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "LastName": st.sampled_from(_WORDS),
            "Email": _maybe(["a@x.com", "A@X.com", "b@x.com"]),
            "Title": _maybe(_WORDS),
            "LeadSource": _maybe(["Web", "Other"]),
            "Birthdate": _maybe(_DATES),
            "EmailBouncedDate": _maybe(_SECONDS),
            "DoNotCall": _maybe([True, False]),
            "AccountId": _maybe(_ACCOUNTS),
            "MailingLatitude": _maybe([-1, 0, 2.5, 10]),
            "stamp": st.integers(NOON, NOON + 4999),
            "deleted": st.booleans(),
        }
    ),
    max_size=8,
)


def _strings(values: list[str]) -> st.SearchStrategy[Constant]:
    return st.sampled_from(["", *values]).map(lambda v: Constant("string", v))


_numbers = st.sampled_from([-1, 0, 1, 2.5, 10]).map(lambda n: Constant("number", n))
_moments = st.sampled_from([*_SECONDS, NOON + 500]).map(lambda ms: Constant("datetime", ms))
_dates = st.sampled_from(_DATES).map(lambda d: Constant("date", d))
_FIELDS: dict[tuple[str, ...], st.SearchStrategy[Constant]] = {
    ("Id",): st.sampled_from(_LEADS).map(lambda v: Constant("string", v)),
    ("LastName",): _strings(_WORDS),
    ("Title",): _strings(_WORDS),
    ("Email",): _strings(["a@X.com", "b@x.com"]),
    ("LeadSource",): _strings(["web", "Other"]),
    ("AccountId",): _strings(_ACCOUNTS),
    ("Account", "Name"): _strings(["acme", "Bolt"]),
    ("MailingLatitude",): _numbers,
    ("Account", "AnnualRevenue"): _numbers,
    ("Birthdate",): _dates,
    ("EmailBouncedDate",): _moments,
    ("CreatedDate",): _moments,
    ("SystemModstamp",): _moments,
}
_FLAGS = [("DoNotCall",), ("IsDeleted",)]
_TEXTS = [("LastName",), ("Title",), ("Email",), ("Account", "Name")]
_NULL = Constant("null", None)


def _leaves(field: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    path, constants = Path(field), _FIELDS[field]
    solid = constants.filter(lambda c: c.value != "")
    return st.one_of(
        st.builds(Compare, st.just(path), st.sampled_from(["=", "!="]), constants | st.just(_NULL)),
        st.builds(Compare, st.just(path), st.sampled_from(["<", "<=", ">", ">="]), solid),
        st.builds(InList, st.just(path), st.booleans(), st.lists(constants, min_size=1, max_size=3).map(tuple)),
    )


_leaf: st.SearchStrategy[Condition] = st.one_of(
    *(_leaves(field) for field in sorted(_FIELDS)),
    st.builds(
        Compare,
        st.sampled_from(_FLAGS).map(Path),
        st.sampled_from(["=", "!="]),
        st.booleans().map(lambda b: Constant("boolean", b)),
    ),
    st.builds(
        Compare,
        st.sampled_from(_TEXTS).map(Path),
        st.just("LIKE"),
        st.sampled_from(["a%", "%e%", "_olt", "zed", "%", "a*b"]).map(lambda v: Constant("string", v)),
    ),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))


_conditions = st.recursive(_leaf, _joined, max_leaves=6)
_orders = st.lists(
    st.builds(Order, st.sampled_from(sorted(_FIELDS)).map(Path), st.booleans(), st.sampled_from([None, True, False])),
    max_size=2,
)
_last = st.booleans().map(lambda down: Order(Path(("Id",)), down))
_queries = st.builds(
    lambda where, orders, last, limit, offset: Query(
        (Selected(Path(("Id",))),), "Contact", where=where, order_by=(*orders, last), limit=limit, offset=offset
    ),
    st.none() | _conditions,
    _orders,
    _last,
    st.none() | st.integers(0, 5),
    st.none() | st.integers(0, 3),
)


def _fill(memory: Memory, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the rows into the source; give them back as the naive evaluator wants them."""
    for name, revenue in (("Acme", 10), ("Bolt", None)):
        memory.add("Account", {"Name": name, "AnnualRevenue": revenue})
    accounts = {i: {"Name": r.values["Name"], "AnnualRevenue": r.values["AnnualRevenue"]}
                for i, r in memory.table("Account").rows.items()}  # fmt: skip
    plain = []
    for row in rows:
        stored = {k: v for k, v in row.items() if k not in ("stamp", "deleted") and v is not None}
        made = memory.add("Contact", stored, row["stamp"], deleted=row["deleted"])
        second = row["stamp"] // 1000 * 1000
        own = {"Id": made, "SystemModstamp": second, "CreatedDate": second, "IsDeleted": row["deleted"]}
        plain.append({**row, **own, "Account": accounts.get(row["AccountId"])})
    return plain


@settings(max_examples=100, deadline=None)
@given(_rows, _queries, st.booleans())
def test_answers_are_those_of_the_naive_evaluator(rows: list[dict[str, Any]], query: Query, indexed: bool) -> None:
    memory = Memory(indexed=indexed)
    plain = _fill(memory, rows)
    assert [r["Id"] for r in run(query, memory).records] == answer(query, plain)


@settings(max_examples=30, deadline=None)
@given(_rows, _conditions)
def test_count_agrees_with_the_records(rows: list[dict[str, Any]], where: Condition) -> None:
    memory = Memory()
    _fill(memory, rows)
    counted = run(Query((Selected(Call("COUNT", ())),), "Contact", where=where), memory)
    listed = run(Query((Selected(Path(("Id",))),), "Contact", where=where), memory)
    assert (counted.total, len(counted)) == (len(list(listed.records)), 0)


def _cycle(values: list[Any], n: int, step: int) -> Any:
    return [*values, None][n * step // 3 % (len(values) + 1)]


_TABLE: list[dict[str, Any]] = [
    {
        "LastName": _WORDS[n % len(_WORDS)],
        "Email": _cycle(["a@x.com", "A@X.com", "b@x.com"], n, 1),
        "Title": _cycle(_WORDS, n, 5),
        "LeadSource": _cycle(["Web", "Other"], n, 2),
        "Birthdate": _cycle(_DATES, n, 4),
        "EmailBouncedDate": _cycle(_SECONDS, n, 2),
        "DoNotCall": _cycle([True, False], n, 1),
        "AccountId": _cycle(_ACCOUNTS, n, 4),
        "MailingLatitude": _cycle([-1, 0, 2.5, 10], n, 5),
        "stamp": NOON + n * 7 % 50 * 100,
        "deleted": n % 11 == 0,
    }
    for n in range(40)
]
_FULL = {indexed: Memory(indexed=indexed) for indexed in (True, False)}
_PLAIN, _ = (_fill(memory, _TABLE) for memory in _FULL.values())


def _agrees(query: Query, indexed: bool) -> None:
    assert [r["Id"] for r in run(query, _FULL[indexed]).records] == answer(query, _PLAIN)


@settings(max_examples=400, deadline=None)
@given(_leaf | _leaf.map(Not), _orders, st.booleans())
def test_single_conditions_on_a_full_table(where: Condition, orders: list[Order], indexed: bool) -> None:
    last = Order(Path(("Id",)))
    _agrees(Query((Selected(Path(("Id",))),), "Contact", where=where, order_by=(*orders, last)), indexed)


_KEYS = [("Id",), ("SystemModstamp",), ("CreatedDate",)]
_key_leaf = st.one_of(*(_leaves(field) for field in _KEYS))
_key_orders = st.lists(
    st.builds(Order, st.sampled_from([*_KEYS[:2], ("LastName",)]).map(Path), st.booleans()), min_size=1, max_size=2
)


@settings(max_examples=400, deadline=None)
@given(st.recursive(_key_leaf, _joined, max_leaves=4), _key_orders, st.booleans(), st.none() | st.integers(0, 9))
def test_spans_of_stamps_and_ids(where: Condition, orders: list[Order], down: bool, limit: int | None) -> None:
    ordered = (*orders, Order(Path(("Id",)), down))
    _agrees(Query((Selected(Path(("Id",))),), "Contact", where=where, order_by=ordered, limit=limit), indexed=True)
