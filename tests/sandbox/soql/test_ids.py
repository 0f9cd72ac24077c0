from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce.ids import CHECK, DIGITS, NULL_ID, check_suffix, is_id, make_id, normalise_id

_ids = st.text(DIGITS, min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("id15", "suffix"),
    [("00Q000000000000", "EAA"), ("001000000000000", "AAA"), ("00DABCDEabcde0Z", None), ("AAAAAAAAAAAAAAA", "555")],
)
def test_known_suffixes(id15: str, suffix: str | None) -> None:
    naive = "".join(
        CHECK[int("".join("1" if c.isupper() else "0" for c in reversed(id15[i : i + 5])), 2)] for i in (0, 5, 10)
    )
    assert check_suffix(id15) == (suffix or naive)


@given(_ids)
def test_the_suffix_tells_the_case(id15: str) -> None:
    id18 = id15 + check_suffix(id15)
    assert normalise_id(id15) == id18
    assert normalise_id(id18) == id18
    assert normalise_id(id18.lower()) == id18
    assert normalise_id(id18.upper()) == id18


@given(_ids, _ids)
def test_ids_that_differ_in_case_only_have_different_suffixes(one: str, two: str) -> None:
    two = "".join(b if b.lower() == a.lower() else a.swapcase() for a, b in zip(one, two, strict=True))
    assert (one == two) == ((one + check_suffix(one)).lower() == (two + check_suffix(two)).lower())


@given(st.integers(0, 10**11), st.integers(0, 10**11))
def test_ids_sort_by_number(one: int, two: int) -> None:
    assert (one < two) == (make_id("00Q", one) < make_id("00Q", two))


@given(st.integers(0, 10**11))
def test_made_ids_are_ids(n: int) -> None:
    made = make_id("003", n)
    assert len(made) == 18
    assert normalise_id(made[:15]) == made


@pytest.mark.parametrize("text", ["", "001", "00Q000000000000EAB", "00Q00000000000-", "00Q0000000000000", "é" * 15])
def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)


def test_the_null_id_is_below_every_id() -> None:
    assert is_id(NULL_ID)
    assert make_id("001", 0) > NULL_ID
