"""Values travel unharmed, and writing then reading gives what the field holds."""

from __future__ import annotations

from typing import Any

import pytest
from email_validator import validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st

from connectors.port import Field
from mapping.codecs import MisfitError, cut, is_plain_address, to_native
from mapping.values import DECODERS, Unmapped, decode, form, in_units, reader, same, to_decimal
from tests.laws.make import options

SCRIPTS = {
    "latin": "Žofie Öström-Nuñez",
    "decomposed": "Zo\u0065\u0301",
    "cyrillic": "Анна Ахматова",
    "greek": "Ἀριστοτέλης",
    "arabic": "محمد \u200f(علي)",
    "hebrew": "שָׁלוֹם",
    "devanagari": "क्षत्रिय",
    "thai": "สมชาย",
    "han": "王小明",
    "kana": "ﾊﾝｶｸ ハンカク",
    "hangul": "김철수 \u1100\u1161",
    "emoji": "👩🏽‍💻🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪",
    "zero width": "a\u200bb\u200c\u200d\ufeffc",
    "line ends": "one\r\ntwo\nthree\rfour",
    "control": "tab\tbell\x07 nul\x00",
    "quotes": '"O\'Brien" \\ <b>&amp;</b> ;#N/A',
    "spaces kept": "  two  spaces\u00a0 ",
    "astral": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff",
    "long": "äöü👍" * 16_384,
}
TEXT_TYPES = ("text", "long_text", "phone", "url", "choice", "owner")
TEXT = Field("f", "F", "text")


@pytest.mark.parametrize("type_", TEXT_TYPES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_travels_unharmed(type_: str, name: str) -> None:
    assert decode(type_, to_native(type_, decode(type_, SCRIPTS[name]), TEXT)) == SCRIPTS[name]


@given(st.text(st.characters()))
def test_text_is_carried_as_it_is_or_blank(raw: str) -> None:
    assert decode("text", raw) == (None if not raw.strip() else raw)


@pytest.mark.parametrize("type_", sorted(DECODERS))
@pytest.mark.parametrize("native", ["", " ", "\t\r\n", "\u00a0\u2003", None, []])
def test_blanks_are_one_value(type_: str, native: Any) -> None:
    assert decode(type_, native) is None


NATIVES = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.booleans(),
    st.lists(st.text(max_size=8), max_size=4),
    st.sampled_from(
        ["2026-01-31", "2026-02-30", "2026-01-31T12:34:56.000+0000", "1769862896000", "-5", "1e5", "a;b;a"]
    ),
)


@given(st.sampled_from(sorted(DECODERS)), NATIVES)
def test_reading_never_fails_and_reading_the_carried_changes_nothing(type_: str, native: Any) -> None:
    once = decode(type_, native)
    assert once is None or isinstance(once, str | bool | int | list)
    assert decode(type_, once) == once


METAS = {
    "int": Field("f", "F", "number"),
    "decimal": Field("f", "F", "money"),
    "bool": Field("f", "F", "bool"),
    "date": Field("f", "F", "date"),
    "datetime": Field("f", "F", "datetime"),
    "set": Field("f", "F", "choices"),
}


@example("set", [";"], False)
@given(st.sampled_from(sorted(DECODERS)), NATIVES, st.booleans())
def test_writing_what_was_read_and_reading_it_again_changes_nothing(type_: str, native: Any, as_text: bool) -> None:
    meta = TEXT if as_text else METAS.get(type_, TEXT)
    own = decode(type_, native)
    try:
        written = to_native(type_, own, meta)
    except MisfitError:
        assume(False)
    assert same(type_, decode(type_, written), own)
    assert to_native(type_, decode(type_, written), meta) == written


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_every_instant_of_the_calendar_survives(ms: int) -> None:
    assert decode("datetime", to_native("datetime", ms, METAS["datetime"])) == ms


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=6))
def test_numbers_keep_every_digit(number: Any) -> None:
    written = to_native("decimal", decode("decimal", str(number)), METAS["decimal"])
    assert same("decimal", decode("decimal", written), str(number))


@given(st.text(st.characters()), st.integers(1, 50))
def test_cutting_fits_and_cutting_again_changes_nothing(text: str, length: int) -> None:
    meta = Field("f", "F", "text", length=length)
    once = cut(text, meta)
    assert once is None or (len(once) <= length and text.startswith(once))
    assert cut(once, meta) == once


@pytest.mark.parametrize(
    ("type_", "native", "carried"),
    [
        ("email", ' "Ann Müller" <Ann@Example.COM> ', "ann@example.com"),
        ("email", "ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("email", "ann+news@example.com\u200b", "ann+news@example.com"),
        ("email", "not an address", "not an address"),
        ("int", "12.0", 12),
        ("int", 12.0, 12),
        ("int", "12.5", "12.5"),
        ("decimal", "0012.500", "12.5"),
        ("decimal", 100.0, "100"),
        ("decimal", "1,000", "1,000"),
        ("decimal", "-0.0", "0"),
        ("bool", "TRUE", True),
        ("bool", 0, False),
        ("bool", "maybe", "maybe"),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", 1769817600000, "2026-01-31"),
        ("date", "1769817600000", "2026-01-31"),
        ("date", "2026-02-30", "2026-02-30"),
        ("datetime", "2026-01-31T12:34:56.000+0000", 1769862896000),
        ("datetime", "2026-01-31T12:34:56Z", 1769862896000),
        ("datetime", "2026-01-31T13:34:56+01:00", 1769862896000),
        ("datetime", "1769862896000", 1769862896000),
        ("set", "b;a;;b", ["a", "b"]),
        ("set", ";a", ["a"]),
        ("set", ["b", "a"], ["a", "b"]),
        ("phone", "+49 (30) 123-456", "+49 (30) 123-456"),
    ],
)
def test_reading(type_: str, native: Any, carried: Any) -> None:
    assert decode(type_, native) == carried


@pytest.mark.parametrize(
    ("type_", "a", "b", "region", "equal"),
    [
        ("text", "Zoé", "Zoe\u0301", "", True),
        ("text", "a\r\nb ", " a\nb", "", True),
        ("text", "Ann", "ann", "", False),
        ("phone", "+49 30 1234567", "0049 (30) 123-4567", "", True),
        ("phone", "030 1234567", "+49301234567", "DE", True),
        ("phone", "030 1234567", "+49301234567", "", False),
        ("phone", "030-123", "030 123", "", True),
        ("phone", "+1 650 253 0000 ext. 5", "+16502530000", "", False),
        ("phone", "ask reception", "ask  reception", "", False),
        ("decimal", "1.50", "1.5", "", True),
        ("decimal", "1.5", "1.51", "", False),
        ("datetime", 1769862896123, 1769862896000, "", True),
        ("datetime", 1769862896000, 1769862897000, "", False),
        ("set", ["a", "b"], ["b", "a"], "", True),
        ("bool", None, False, "", True),
        ("bool", None, True, "", False),
        ("text", None, "x", "", False),
        ("url", "HTTPS://Example.com/", "https://example.com", "", True),
        ("url", "https://example.com/A", "https://example.com/a", "", False),
        ("choice", Unmapped("x"), "x", "", False),
        ("choice", Unmapped("x"), Unmapped("x"), "", True),
    ],
)
def test_sameness(type_: str, a: Any, b: Any, region: str, equal: bool) -> None:
    assert same(type_, a, b, region) is equal
    assert same(type_, b, a, region) is equal


@given(st.sampled_from(sorted(DECODERS)), NATIVES, NATIVES, st.sampled_from(["", "DE"]))
def test_sameness_is_sameness_of_form(type_: str, a: Any, b: Any, region: str) -> None:
    x, y = decode(type_, a), decode(type_, b)
    assert same(type_, x, x, region)
    assert same(type_, x, y, region) == (form(type_, x, region) == form(type_, y, region))


@pytest.mark.parametrize(
    ("type_", "own", "meta", "code"),
    [
        ("text", "x" * 81, Field("f", "F", "text", length=80), "TOO_LONG"),
        ("email", "ann@", Field("f", "F", "email"), "INVALID_EMAIL"),
        ("email", "ann@host", Field("f", "F", "email"), "INVALID_EMAIL"),
        ("email", "a b@example.com", Field("f", "F", "email"), "INVALID_EMAIL"),
        ("int", "12.5", METAS["int"], "NOT_A_WHOLE_NUMBER"),
        ("decimal", "1,000", METAS["decimal"], "NOT_A_NUMBER"),
        ("bool", "maybe", METAS["bool"], "NOT_YES_OR_NO"),
        ("date", "2026-02-30", METAS["date"], "NOT_A_DATE"),
        ("datetime", "soon", METAS["datetime"], "NOT_A_TIME"),
        ("choice", "z", Field("f", "F", "choice", options=options("a"), restricted=True), "NOT_AN_OPTION"),
        ("set", ["a", "z"], Field("f", "F", "choices", options=options("a"), restricted=True), "NOT_AN_OPTION"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_cause(type_: str, own: Any, meta: Field, code: str) -> None:
    with pytest.raises(MisfitError) as misfit:
        to_native(type_, own, meta)
    assert misfit.value.code == code
    assert misfit.value.fix


@pytest.mark.parametrize(
    ("type_", "own", "meta", "native"),
    [
        ("bool", None, METAS["bool"], False),
        ("bool", True, TEXT, "true"),
        ("int", 7, TEXT, "7"),
        ("decimal", "0.1", METAS["decimal"], 0.1),
        ("decimal", "12345678901234567.25", METAS["decimal"], "12345678901234567.25"),
        ("date", "2026-01-31", METAS["datetime"], "2026-01-31T00:00:00.000Z"),
        ("datetime", 1769862896000, METAS["date"], "2026-01-31"),
        ("set", ["a", "b"], METAS["set"], "a;b"),
        ("text", None, TEXT, None),
    ],
)
def test_writing(type_: str, own: Any, meta: Field, native: Any) -> None:
    assert to_native(type_, own, meta) == native


LABEL = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,3}){0,2}", fullmatch=True)
LOCAL = st.from_regex(r"[a-z0-9_+.-]{1,12}", fullmatch=True)
TOP = st.sampled_from(["com", "example", "test", "local", "arpa", "onion", "de", "museum"])


@given(LOCAL, st.lists(LABEL, max_size=3), TOP)
def test_an_address_of_the_common_form_passes_the_full_test(local: str, labels: list[str], top: str) -> None:
    address = f"{local}@{'.'.join([*labels, top])}"
    if is_plain_address(address):
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
        assert "." in checked.domain


@given(st.integers(0, 10**9), st.sampled_from([1, 60, 1000]), st.sampled_from([str, int]))
def test_a_number_in_smaller_units_is_read_as_whole_ones(native: int, unit: int, kind: type) -> None:
    assert in_units(reader("int", "number"), unit)(kind(native)) == native // unit


@given(st.text(max_size=5))
def test_what_is_no_number_stays_as_it_is_whatever_the_unit(text: str) -> None:
    read = reader("int", "number")
    if to_decimal(text) is None:
        assert in_units(read, 1000)(text) == read(text)
