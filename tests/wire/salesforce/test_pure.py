"""The parts that need no wire: literals, CSV, ids and stamps."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import soql
from connectors.salesforce.changes import Resume, settled
from connectors.salesforce.csvfile import NULL, cell, files, fits, table
from connectors.salesforce.manners import SalesforceManners
from connectors.salesforce.values import from_csv, http_date, is_id, long_id, to_ms

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def unescape(literal: str) -> str:
    """SOQL's rule, read back: any backslash but the documented ones is an error."""
    assert literal[0] == literal[-1] == "'"
    known = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"'}

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if code[0] == "u" else known[code]

    inner = literal[1:-1]
    assert not re.search(r"(?<!\\)(\\\\)*'", inner), "an unescaped quote ends the literal"
    return re.sub(r"\\(u[0-9A-F]{4}|.)", one, inner, flags=re.DOTALL)


@given(_TEXT)
def test_a_literal_reads_back_as_what_was_quoted(value: str) -> None:
    assert unescape(soql.text(value)) == value


@pytest.mark.parametrize("name", ["Name FROM User", "Email'", "", "a-b", "Account..Name", "1st"])
def test_only_names_pass_as_names(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        soql.select((name,), "Lead")


def test_changes_are_asked_behind_the_last_stamp_and_id() -> None:
    at = to_ms("2026-01-31T12:34:56.000+0000")
    assert soql.after_stamp(at) == "SystemModstamp >= 2026-01-31T12:34:56Z"
    assert soql.after_stamp(at, "00Q1") == (
        "(SystemModstamp > 2026-01-31T12:34:56Z OR (SystemModstamp = 2026-01-31T12:34:56Z AND Id > '00Q1'))"
    )


@given(st.lists(st.text(min_size=1, max_size=40), max_size=60), st.integers(30, 400))
def test_chunks_lose_nothing_and_stay_within_their_room(values: list[str], room: int) -> None:
    from urllib.parse import quote_plus

    chunks = list(soql.chunks(values, room))
    assert [value for chunk in chunks for value in chunk] == values
    assert all(len(quote_plus(",".join(map(soql.text, chunk)))) <= room for chunk in chunks if len(chunk) > 1)


@given(st.lists(st.lists(_TEXT.filter(fits), min_size=2, max_size=2), min_size=1, max_size=20), st.integers(20, 300))
def test_csv_reads_back_as_what_was_written(rows: list[list[str]], most: int) -> None:
    documents = list(files(("A", "B"), ({"A": a, "B": b} for a, b in rows), most))
    read = [line for content, _ in documents for line in list(csv.reader(StringIO(content.decode(), newline="")))[1:]]
    assert read == [[a or NULL, b or NULL] for a, b in rows]
    assert sum(count for _, count in documents) == len(rows)
    assert all(b"\r" not in content for content, _ in documents)


def test_a_missing_column_is_left_alone_and_a_blank_one_cleared() -> None:
    ((content, count),) = files(("A", "B"), [{"A": None}, {"B": ""}])
    assert content == b"A,B\n#N/A,\n,#N/A\n"
    assert count == 2


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (0, "0"), (1.5, "1.5"), ("x", "x")])
def test_a_cell_holds_a_value(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize("value", ["two\nlines", "two\r", NULL, {"Ext__c": "x"}])
def test_what_a_cell_cannot_say_does_not_go_into_one(value: object) -> None:
    assert not fits(value)


def test_an_answer_in_csv_is_a_header_and_rows() -> None:
    header, rows = table('"sf__Id","Name"\n"1","a ""b"", c"\n')
    assert header == ["sf__Id", "Name"]
    assert list(rows) == [["1", 'a "b", c']]


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("boolean", "true", True),
        ("int", "5", 5),
        ("double", "5.50", 5.5),
        ("datetime", "2026-01-31T12:34:56.000Z", "2026-01-31T12:34:56.000+0000"),
    ],
)
def test_a_bulk_cell_becomes_the_value_that_rest_gives(type: str, text: str, value: object) -> None:
    convert = from_csv(type)
    assert convert is not None
    assert convert(text) == value


@pytest.mark.parametrize(
    ("short", "long"),
    [("00Q000000000000", "00Q000000000000EAA"), ("001000000000000", "001000000000000AAA")],
)
def test_ids_grow_their_check_characters(short: str, long: str) -> None:
    assert long_id(short) == long == long_id(long)
    assert is_id(short)
    assert is_id(long)


@pytest.mark.parametrize("value", ["", "00Q", "00Q00000000000!", "00Q0000000000001"])
def test_other_texts_are_no_ids(value: str) -> None:
    assert not is_id(value)


def test_stamps_of_rest_and_bulk_are_the_same_moment() -> None:
    assert to_ms("2026-01-31T12:34:56.000+0000") == to_ms("2026-01-31T12:34:56.000Z") == 1_769_862_896_000
    assert http_date(1_769_862_896_999) == "Sat, 31 Jan 2026 12:34:56 GMT"


@given(st.integers(0, 4_000_000_000_000))
def test_the_watermark_is_whole_seconds_and_stays_behind_by_the_lag(asked: int) -> None:
    assert settled(asked, 300_000) % 1000 == 0
    assert 0 <= asked - 300_000 - settled(asked, 300_000) < 1000


@given(
    st.sampled_from(["rows", "job", "poll"]), st.integers(0), st.text("0123456789aQ", max_size=18), st.text(max_size=9)
)
def test_a_resume_survives_being_stored(way: str, asked: int, at: str, then: str) -> None:
    resume = Resume(way, asked, at, then)
    assert Resume.of(str(resume)) == resume


@pytest.mark.parametrize("text", [None, "", "rows", "other|1|a|b", "rows|x|a|b"])
def test_a_foreign_resume_starts_anew(text: str | None) -> None:
    assert Resume.of(text) is None


@pytest.mark.parametrize(
    ("method", "path", "name", "repeatable", "counted"),
    [
        ("GET", "/services/data/v64.0/query", "GET /query", True, True),
        ("GET", "/services/data/v64.0/query/01gRO0000016PIAYA2-500", "GET /query/{more}", True, True),
        ("POST", "/services/data/v64.0/composite/sobjects/Lead", "POST /composite/sobjects/Lead", True, True),
        ("POST", "/services/data/v64.0/composite/sobjects", "POST /composite/sobjects", False, True),
        ("POST", "/services/data/v64.0/composite", "POST /composite", False, True),
        ("PATCH", "/services/data/v64.0/sobjects/Lead/00Q000000000001EAA", "PATCH /sobjects/Lead/{id}", False, True),
        ("PUT", "/services/data/v64.0/jobs/ingest/750000000000001AAA/batches", None, False, True),
        ("POST", "/services/data/v64.0/tooling/sobjects/CustomField", "POST /tooling/sobjects/CustomField", True, True),
        ("POST", "/services/data/v64.0/sobjects/FieldPermissions", "POST /sobjects/FieldPermissions", True, True),
        ("POST", "/services/oauth2/token", "POST sign-in", True, False),
        ("GET", "/services/data/", "GET /services/data/", True, False),
    ],
)
def test_calls_are_named_without_ids(method: str, path: str, name: str | None, repeatable: bool, counted: bool) -> None:
    route = SalesforceManners().route(method, path)
    assert route.name == (name or "PUT /jobs/ingest/{id}/batches")
    assert (route.repeatable, route.counted) == (repeatable, counted)
