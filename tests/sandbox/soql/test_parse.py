from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce.soql import SoqlError, parse
from sandbox.salesforce.soql.ast import (
    And,
    Call,
    Children,
    Compare,
    Condition,
    Constant,
    Expr,
    FieldsOf,
    Includes,
    InList,
    InQuery,
    Not,
    Or,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
)
from tests.sandbox.soql.printing import query_text

_names = st.sampled_from(["Id", "Name", "Score__c", "Email", "CreatedDate", "_x", "Lists", "Orders", "Fromage"])
_paths = st.lists(_names, min_size=1, max_size=4).map(lambda parts: Path(tuple(parts)))
_calls = st.builds(lambda name, arg: Call(name, (arg,)), st.sampled_from(["COUNT", "toLabel", "FORMAT"]), _paths)
_exprs: st.SearchStrategy[Expr] = st.one_of(_paths, _calls)
_strings = st.text(max_size=8).filter(lambda s: "\x00" not in s).map(lambda s: Constant("string", s))
_constants = st.one_of(
    _strings,
    st.integers(-(10**12), 10**12).map(lambda n: Constant("number", n)),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: Constant("number", x)),
    st.booleans().map(lambda b: Constant("boolean", b)),
    st.just(Constant("null", None)),
    st.dates(date(1700, 1, 1)).map(lambda d: Constant("date", d.isoformat())),
    st.integers(0, 4_000_000_000_000).map(lambda ms: Constant("datetime", ms)),
    st.sampled_from(["TODAY", "LAST_FISCAL_QUARTER", "NEXT_90_DAYS"]).map(lambda w: Constant("relative", w)),
    st.integers(0, 500).map(lambda n: Constant("relative", f"LAST_N_DAYS:{n}")),
    st.just(Constant("currency", "EUR500")),
)
_patterns = st.lists(st.sampled_from(["a", "%", "_", r"\_", r"\%", r"\\", "'", " "]), max_size=6).map("".join)
_lists = st.lists(_constants, min_size=1, max_size=3).map(tuple)
_comparisons = st.one_of(
    st.builds(Compare, _exprs, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _constants),
    st.builds(Compare, _exprs, st.just("LIKE"), _patterns.map(lambda p: Constant("string", p))),
    st.builds(InList, _exprs, st.booleans(), _lists),
    st.builds(Includes, _exprs, st.booleans(), st.lists(_strings, min_size=1, max_size=3).map(tuple)),
    st.builds(
        lambda expr, negated, path: InQuery(expr, negated, Query((Selected(path),), "Contact")),
        _paths,
        st.booleans(),
        _paths,
    ),
)


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, inner))


_conditions = st.recursive(_comparisons, _joined, max_leaves=6)
_optional = st.none() | st.integers(0, 5000)
_items = st.one_of(
    st.builds(Selected, _exprs, st.none() | st.sampled_from(["total", "n1"])),
    st.builds(FieldsOf, st.sampled_from(["ALL", "STANDARD", "CUSTOM"])),
    st.builds(
        TypeOf,
        _names.map(lambda n: Path((n,))),
        st.lists(st.tuples(_names, st.lists(_paths, min_size=1, max_size=2).map(tuple)), min_size=1, max_size=2).map(
            tuple
        ),
        st.lists(_paths, max_size=2).map(tuple),
    ),
    st.builds(lambda path, where: Children(Query((Selected(path),), "Contacts", where=where)), _paths, _conditions),
)
_queries = st.builds(
    Query,
    st.lists(_items, min_size=1, max_size=4).map(tuple),
    st.sampled_from(["Lead", "My_Thing__c"]),
    alias=st.none() | st.just("l"),
    scope=st.none() | st.just("mine"),
    where=st.none() | _conditions,
    order_by=st.lists(st.builds(Order, _exprs, st.booleans(), st.none() | st.booleans()), max_size=3).map(tuple),
    limit=_optional,
    offset=_optional,
    all_rows=st.booleans(),
    options=st.sampled_from([(), ("FOR VIEW",), ("FOR VIEW", "UPDATE TRACKING")]),
)


@given(_queries)
def test_what_is_printed_is_parsed_back(query: Query) -> None:
    assert parse(query_text(query)) == query


@given(st.lists(_exprs, min_size=1, max_size=3).map(tuple), st.none() | _conditions)
def test_grouping_is_parsed_back(group_by: tuple[Expr, ...], having: Condition | None) -> None:
    query = Query((Selected(Call("COUNT", (Path(("Id",)),))),), "Lead", group_by=group_by, having=having)
    assert parse(query_text(query)) == query


def test_keywords_ignore_case_and_line_breaks() -> None:
    spread = "select Id\n,Name\tfrom Lead where Name like 'a' order by Name desc nulls last limit 5 offset 1"
    assert parse(spread) == parse(
        "SELECT Id, Name FROM Lead WHERE Name LIKE 'a' ORDER BY Name DESC NULLS LAST LIMIT 5 OFFSET 1"
    )


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        (r"'it\'s'", "it's"),
        (r"'a\"b'", 'a"b'),
        (r"'back\\slash'", "back\\slash"),
        (r"'\n\r\t\b\f'", "\n\r\t\b\f"),
        (r"'\u00e9\u4e2D'", "é中"),
        ("'two\nlines'", "two\nlines"),
        ("''", ""),
    ],
)
def test_escapes(literal: str, value: str) -> None:
    where = parse(f"SELECT Id FROM Lead WHERE Name = {literal}").where
    assert isinstance(where, Compare)
    assert where.value.value == value


@pytest.mark.parametrize(
    ("literal", "ms"),
    [
        ("2026-01-31T12:00:00Z", 1_769_860_800_000),
        ("2026-01-31T13:00:00+01:00", 1_769_860_800_000),
        ("2026-01-31T07:00:00-0500", 1_769_860_800_000),
        ("2026-01-31T12:00:00.7Z", 1_769_860_800_700),
        ("2026-01-31T12:00:00.123456+00:00", 1_769_860_800_123),
    ],
)
def test_datetimes_are_moments(literal: str, ms: int) -> None:
    where = parse(f"SELECT Id FROM Lead WHERE CreatedDate > {literal}").where
    assert isinstance(where, Compare)
    assert where.value == Constant("datetime", ms)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "SOQL statements cannot be empty or null"),
        (" \n", "SOQL statements cannot be empty or null"),
        ("invalid", "unexpected token: 'invalid'"),
        ("SELECT FROM Lead", "unexpected token: 'FROM'"),
        ("SELECT Id, FROM Lead", "unexpected token: 'FROM'"),
        ("SELECT Id FROM", "unexpected token: '<EOF>'"),
        ("SELECT * FROM Lead", "unexpected token: '*'"),
        ("SELECT Id FROM Lead;", "unexpected token: ';'"),
        ("SELECT Id FROM Lead LIMIT -1", "unexpected token: '-1'"),
        ("SELECT Id FROM Lead LIMIT 1 WHERE Id = null", "unexpected token: 'WHERE'"),
        ("SELECT Id FROM Lead WHERE Name = :name", "unexpected token: ':'"),
        ("SELECT Id FROM Lead WHERE Name IN ()", "unexpected token: ')'"),
        ("SELECT Id FROM Lead WHERE Name", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE Name = x", "unexpected token: 'x'"),
        ("SELECT Id FROM Lead WHERE A = 1 AND B = 2 OR C = 3", "unexpected token: 'OR'"),
        ("SELECT Id FROM Lead WHERE A = 1 OR B = 2 AND C = 3", "unexpected token: 'AND'"),
        ("SELECT Id FROM Lead WHERE A = 1 AND NOT B = 2", "unexpected token: 'NOT'"),
        ("SELECT Id FROM Lead WHERE NOT A = 1 AND B = 2", "unexpected token: 'AND'"),
        ("SELECT Id FROM Lead WHERE (A = 1", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE A LIKE 'x' ORDER BY", "unexpected token: '<EOF>'"),
        (
            r"SELECT Id FROM Lead WHERE Name = 'C:\dir'",
            r"Invalid string literal 'C:\dir'. Illegal character sequence '\d' in string literal.",
        ),
        (
            r"SELECT Id FROM Lead WHERE Name = 'a\_b'",
            r"Invalid string literal 'a\_b'. Illegal character sequence '\_' in string literal.",
        ),
    ],
)
def test_what_is_no_query(query: str, message: str) -> None:
    with pytest.raises(SoqlError) as caught:
        parse(query)
    assert caught.value.code == "MALFORMED_QUERY"
    assert caught.value.message.rsplit("\n", 1)[-1] == message


def test_a_stray_word_is_pointed_at() -> None:
    with pytest.raises(SoqlError) as caught:
        parse("SELECT Id\nFROM Lead\nWHERE A = 1 AND B = 2 OR C = 3")
    assert caught.value.message == (
        "\nWHERE A = 1 AND B = 2 OR C = 3\n                      ^\nERROR at Row:3:Column:23\nunexpected token: 'OR'"
    )


def test_a_query_has_at_most_100_000_characters() -> None:
    head = "SELECT Id FROM Lead WHERE Name = '"
    longest = head + "x" * (100_000 - len(head) - 1) + "'"
    assert parse(longest).object == "Lead"
    with pytest.raises(SoqlError) as caught:
        parse(longest + " ")
    assert caught.value.code == "MALFORMED_QUERY"
