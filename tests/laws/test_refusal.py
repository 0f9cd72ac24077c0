"""A refused write stays refused exactly as long as nothing has changed that the refusal rested on."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Option, Schema
from mapping.mapping import Mapping
from mapping.rules import FieldRule, KindRule, Place
from state.rows import PARKED, PLANNED, OperationRow, Row
from sync.trust.catalogue import CATALOGUES
from sync.trust.refusal import BASIS, basis, seen, stands

STAMPS = count(1)
CRM = Place("salesforce", "Lead")
TITLE = Field("Title", "Title", "choice", length=40, options=(Option("CEO", "CEO"),), restricted=True)
CODES = [(code, entries[-1].rests) for code, entries in CATALOGUES["salesforce"].items()]


def mapping(**changed: Any) -> Mapping:
    rules = tuple(
        FieldRule(name, "text", {CRM: native}, frozenset({"salesforce"}))
        for name, native in (("title", "Title"), ("city", "City"))
    )
    fields = {"Title": replace(TITLE, **changed), "City": Field("City", "City", "text")}
    rule = KindRule("person", {"salesforce": ("Lead",)}, rules, keys=(), create={}, create_as={})
    return Mapping(rule, {CRM: Schema("Lead", fields)}, {})


def row(phone: int) -> Row:
    """As it is written by us or read again, with another stamp each time."""
    return Row("salesforce", "Lead", "00Q1", "person", {"phone": str(phone), "@sync_state": "ok"}, phone, next(STAMPS))


def refused(code: str, fields: tuple[str, ...], id: str | None = "00Q1") -> OperationRow:
    native = {"Title": "Chief", "City": "Berne"}
    operation = OperationRow("e", "person", "salesforce", "Lead", id, "update", {}, native, {}, {}, "run", PARKED)
    return operation._replace(note={BASIS: basis(mapping(), operation, row(5) if id else None, code, "", fields)})


@given(st.sampled_from(CODES), st.sampled_from([(), ("Title",)]))
def test_it_stands_while_nothing_changes(code: tuple[str, str], fields: tuple[str, ...]) -> None:
    assert stands(mapping(), refused(code[0], fields), [row(5)])


@given(
    st.sampled_from(CODES),
    st.sampled_from(
        [{"length": 80}, {"writable": False}, {"options": (Option("Chief", "Chief"),)}, {"restricted": False}]
    ),
)
def test_what_the_platform_says_of_the_field_counts_always(code: tuple[str, str], changed: dict[str, Any]) -> None:
    assert not stands(mapping(**changed), refused(code[0], ("Title",)), [row(5)])
    assert stands(mapping(**changed), refused(code[0], ("City",)), [row(5)])
    assert not stands(mapping(**changed), refused(code[0], ()), [row(5)])


@given(st.sampled_from(CODES))
def test_the_rest_of_the_record_counts_where_the_refusal_may_rest_on_it(code: tuple[str, str]) -> None:
    assert stands(mapping(), refused(code[0], ()), [row(6)]) == (code[1] == "value")
    assert stands(mapping(), refused(code[0], (), None), [row(6)])


def test_what_is_in_hand_stands_always() -> None:
    assert stands(mapping(length=80), refused("STRING_TOO_LONG", ())._replace(state=PLANNED), [row(6)])


def test_another_look_of_the_systems_is_another_fingerprint() -> None:
    assert seen(mapping(), {}) == seen(mapping(), {}) != seen(mapping(length=80), {})
