"""One kind, mapped: reading, translating, writing and finding."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Owner
from mapping.mapping import UNWRITTEN, Mapping, Unmapped
from mapping.rules import ValueMap
from tests.laws.make import (
    CONTACT,
    CONTACTS,
    LEAD,
    PERSON,
    H,
    S,
    kind,
    mapping,
    options,
    record,
    rule,
    schema,
    stage_rule,
)

LOSSY = rule(
    "state",
    "choice",
    values={
        H: ValueMap(read={"NEW": "new", "OPEN": "open"}, write={"new": "NEW", "open": "OPEN"}),
        S: ValueMap(read={"New": "new", "A": "open", "B": "open"}, write={"new": "New", "open": "A"}),
    },
)
OWNERS = {
    H: [Owner("1", "Ann@x.com", "Ann"), Owner("2", "bob@x.com", "Bob", active=False), Owner("9", "f@x.com", "Fay")],
    S: [Owner("u1", "ann@x.com", "Ann"), Owner("q1", "", "Inbound", queue=True)],
}
OWNER = rule("owner", "owner")


# -- reading -----------------------------------------------------------------------------------------------------------


def test_a_record_is_read_into_shared_names_without_its_blanks() -> None:
    m = mapping(*PERSON, ignore={CONTACTS: "no_sync"})
    fields: dict[str, Any] = {
        "email": "Ann <A@x.com>",
        "first_name": "",
        "last_name": " Lee ",
        "phone": None,
        "no_sync": "true",
    }
    more = {"more_emails": "B@x.com; c@x.com", "crm_lead_id": "00Q1", "crm_contact_id": ""}
    assert m.decode(record(CONTACTS, **fields, **more)) == {
        "email": "a@x.com",
        "last_name": " Lee ",
        "@key:salesforce:Lead": "00Q1",
        "@ignore": True,
        "@emails": ["b@x.com", "c@x.com"],
    }


def test_everything_that_is_read_is_asked_for_once() -> None:
    m = mapping(*PERSON, stage_rule(), ignore={CONTACTS: "no_sync"})
    asked = m.natives(CONTACTS)
    mapped = ["email", "first_name", "last_name", "phone", "lifecyclestage", "smk_stage"]
    assert sorted(asked) == sorted([*mapped, "crm_lead_id", "crm_contact_id", "no_sync", "more_emails"])


def test_a_field_the_system_does_not_show_has_no_place_there() -> None:
    shown = schema(CONTACTS, Field("email", "E", "email"), Field("lifecyclestage", "L", "choice"))
    m = mapping(*PERSON, stage_rule(), schemas=shown)
    assert CONTACTS not in m.rule_of("phone").places
    assert LEAD in m.rule_of("phone").places
    assert m.natives(CONTACTS) == ["email", "lifecyclestage"]
    assert m.known(CONTACTS, "@subscriptions")


def test_the_fingerprint_changes_with_what_is_read_and_with_nothing_else() -> None:
    base = mapping(*PERSON, stage_rule())
    assert mapping(*PERSON, stage_rule()).fingerprint == base.fingerprint
    renamed = (replace(PERSON[0], winner="review", too_long="cut"), *PERSON[1:], stage_rule())
    assert mapping(*renamed).fingerprint == base.fingerprint
    assert mapping(*PERSON[:-1], stage_rule()).fingerprint != base.fingerprint
    assert mapping(*PERSON, stage_rule(), stages=()).fingerprint != base.fingerprint


# -- stages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("natives", "own"),
    [
        (("mql", None), "mql"),
        (("mql", "sal"), "sal"),
        (("sql", "sal"), "sql"),  # somebody moved the first field by hand: the refinement is stale
        (("lead", "nonsense"), "lead"),
        (("other", None), "?other"),
        ((None, "sal"), None),
        ((None, None), None),
    ],
)
def test_a_refined_stage_counts_while_its_field_agrees(natives: tuple[Any, Any], own: Any) -> None:
    m = mapping(stage_rule())
    read = m.decode(record(CONTACTS, lifecyclestage=natives[0], smk_stage=natives[1]))
    assert read.get("stage") == own


def test_every_stage_that_is_written_is_read_back() -> None:
    m = mapping(stage_rule())
    for place in (CONTACTS, LEAD):
        for stage in m.lifecycle.stages:
            fitted = m.fit(place, "stage", stage)
            assert fitted is UNWRITTEN or m.canon(place, "stage", fitted) == stage


def test_a_stage_that_a_system_does_not_express_leaves_the_record_as_it_is() -> None:
    m = mapping(stage_rule())
    assert m.fit(LEAD, "stage", "sql") is UNWRITTEN
    assert not m.changed(LEAD, "stage", m.fit(LEAD, "stage", "sql"), "mql")
    assert m.encode(LEAD, {"stage": "sql"}, creating=False) == ({}, [])


def test_unknown_stages_are_unmapped_and_statuses_have_no_rank() -> None:
    m = mapping(stage_rule())
    assert m.canon(LEAD, "stage", m.decode(record(LEAD, Status="Odd"))["stage"]) == Unmapped("Odd")
    assert m.canon(LEAD, "stage", m.decode(record(LEAD, Status="Unqualified"))["stage"]) == "disqualified"
    assert m.rank("disqualified") < m.rank(None) < m.rank("lead") < m.rank("mql") < m.rank("sql")


def test_clearing_a_stage_clears_both_fields() -> None:
    native, problems = mapping(stage_rule()).encode(CONTACTS, {"stage": None}, creating=False)
    assert (native, problems) == ({"lifecyclestage": None, "smk_stage": None}, [])


# -- translating -------------------------------------------------------------------------------------------------------


def test_several_own_values_mean_one_shared_value_and_one_is_written() -> None:
    m = mapping(LOSSY)
    assert m.canon(LEAD, "state", "A") == m.canon(LEAD, "state", "B") == "open"
    assert m.fit(LEAD, "state", "open") == "A"
    assert m.changed(LEAD, "state", "A", "B")


def test_what_has_no_translation_is_unmapped_and_never_guessed() -> None:
    m = mapping(LOSSY)
    assert m.canon(LEAD, "state", "C") == Unmapped("C")
    assert not m.canon(LEAD, "state", "C")
    native, problems = m.encode(LEAD, {"state": "lost"}, creating=False)
    assert native == {} and [p.code for p in problems] == ["UNMAPPED_VALUE"]
    assert m.fit(LEAD, "state", "lost") == Unmapped("lost")


def test_sets_are_translated_option_by_option() -> None:
    values = {S: ValueMap(read={"X": "x", "Y": "y"}, write={"x": "X", "y": "Y"})}
    m = mapping(rule("tags", "set", values=values))
    assert m.canon(LEAD, "tags", ["X", "Y"]) == ["x", "y"]
    assert m.canon(LEAD, "tags", ["X", "Z"]) == Unmapped(["Z"])
    assert m.encode(LEAD, {"tags": ["y", "x"]}, creating=False) == ({"Tags": "X;Y"}, [])


def test_owners_are_translated_by_address() -> None:
    m = mapping(OWNER, owners=OWNERS)
    assert m.canon(CONTACTS, "owner", "1") == "ann@x.com"
    assert m.canon(CONTACTS, "owner", "77") == Unmapped("77")
    assert m.encode(LEAD, {"owner": "ann@x.com"}, creating=False) == ({"Owner": "u1"}, [])


def test_an_owner_without_counterpart_is_held_left_out_or_replaced() -> None:
    m = mapping(OWNER, owners=OWNERS)
    native, problems = m.encode(LEAD, {"owner": "f@x.com"}, creating=False)
    assert native == {} and [p.code for p in problems] == ["OWNER_UNMAPPED"]
    assert m.encode(LEAD, {"owner": "f@x.com"}, creating=True) == ({}, [])
    assert m.encode(CONTACTS, {"owner": "bob@x.com"}, creating=False)[1], "an inactive owner is not assigned"
    fallback = mapping(OWNER, owners=OWNERS, owner_fallback={S: "Inbound"})
    assert fallback.encode(LEAD, {"owner": "f@x.com"}, creating=False) == ({"Owner": "q1"}, [])


# -- writing -----------------------------------------------------------------------------------------------------------

SHORT = Field("Title", "Title", "text", length=5)


@pytest.mark.parametrize(
    ("more", "native", "codes"),
    [
        ({}, {}, ["TOO_LONG"]),
        ({"too_long": "cut"}, {"Title": "Chief"}, []),
        ({"on_invalid": "drop"}, {}, ["TOO_LONG"]),
    ],
)
def test_too_long_texts_are_held_or_cut(more: dict[str, Any], native: dict[str, Any], codes: list[str]) -> None:
    m = mapping(rule("title", **more), schemas=schema(LEAD, SHORT))
    written, problems = m.encode(LEAD, {"title": "Chief of Staff"}, creating=False)
    assert (written, [p.code for p in problems]) == (native, codes)


PICK = Field("Colour", "Colour", "choice", options=options("red", "blue"), restricted=True)


@pytest.mark.parametrize(
    ("more", "value", "native", "codes"),
    [
        ({}, "green", {}, ["NOT_AN_OPTION"]),
        ({"on_invalid": "drop"}, "green", {}, []),
        ({"on_invalid": "nearest"}, "RED ", {"Colour": "red"}, []),
        ({"on_invalid": "nearest"}, "green", {}, ["NOT_AN_OPTION"]),
        ({"on_invalid": "default", "default": "blue"}, "green", {"Colour": "blue"}, []),
        ({"on_invalid": "default", "default": "pink"}, "green", {}, ["NOT_AN_OPTION"]),
    ],
)
def test_invalid_values_follow_the_setting(
    more: dict[str, Any], value: str, native: dict[str, Any], codes: list[str]
) -> None:
    m = mapping(rule("colour", "choice", **more), schemas=schema(LEAD, PICK))
    written, problems = m.encode(LEAD, {"colour": value}, creating=False)
    assert (written, [p.code for p in problems]) == (native, codes)


def test_what_a_new_record_needs_is_filled_in_or_named() -> None:
    needs = schema(
        LEAD,
        *(Field(n, n, "text", required=True) for n in ("Last_Name", "Company", "Region")),
        Field("Email", "E", "email"),
    )
    m = mapping(PERSON[0], PERSON[2], rule("company", default="[not provided]"), schemas=needs)
    native, problems = m.encode(LEAD, {"email": "a@x.com", "last_name": None}, creating=True)
    assert native == {"Email": "a@x.com", "Company": "[not provided]"}
    assert [(p.code, p.field, p.native) for p in problems] == [
        ("REQUIRED", "last_name", "Last_Name"),
        ("REQUIRED", "", "Region"),
    ]


def test_updating_writes_only_what_was_given_and_blanks_clear() -> None:
    m = mapping(*PERSON, rule("company", default="[not provided]"))
    assert m.encode(LEAD, {"phone": None}, creating=False) == ({"Phone": None}, [])


def test_a_field_that_must_be_filled_is_not_cleared() -> None:
    m = mapping(*PERSON, schemas=schema(LEAD, Field("Last_Name", "L", "text", required=True)))
    native, problems = m.encode(LEAD, {"last_name": None}, creating=False)
    assert (native, [p.code for p in problems]) == ({}, ["REQUIRED"])


def test_a_field_that_cannot_be_written_stays_as_it_is() -> None:
    m = mapping(rule("score", "int"), schemas=schema(LEAD, Field("Score", "S", "number", writable=False)))
    assert m.encode(LEAD, {"score": 7}, creating=False) == ({}, [])
    assert m.fit(LEAD, "score", 7) is UNWRITTEN
    assert m.encode(LEAD, {"score": 7}, creating=True) == ({"Score": 7}, [])


@given(
    st.sampled_from(["text", "email", "phone", "int", "decimal", "bool", "date", "datetime", "set"]),
    st.text(max_size=30),
)
def test_fit_is_what_is_read_back_and_fitting_again_changes_nothing(type_: str, raw: str) -> None:
    m = mapping(
        rule("f", type_, on_invalid="nearest", too_long="cut"), schemas=schema(LEAD, Field("F", "F", "text", length=12))
    )
    value = m.decode(record(CONTACTS, f=raw)).get("f")
    fitted = m.fit(LEAD, "f", value)
    native, _ = m.encode(LEAD, {"f": value}, creating=False)
    if isinstance(fitted, Unmapped):
        assert native == {}
        return
    assert m.decode(record(LEAD, **native)).get("f") == fitted
    assert m.fit(LEAD, "f", m.canon(LEAD, "f", fitted)) == fitted


@given(
    st.permutations(PERSON),
    st.dictionaries(st.sampled_from(["email", "first_name", "last_name", "phone"]), st.text(max_size=9)),
)
def test_the_order_of_fields_is_irrelevant(fields: list[Any], natives: dict[str, str]) -> None:
    a, b = mapping(*PERSON), mapping(*fields)
    own = a.decode(record(CONTACTS, **natives))
    assert b.decode(record(CONTACTS, **natives)) == own
    assert sorted(a.match_keys(CONTACTS, own)) == sorted(b.match_keys(CONTACTS, own))
    assert a.encode(LEAD, own, creating=True)[0] == b.encode(LEAD, own, creating=True)[0]


# -- finding -----------------------------------------------------------------------------------------------------------


def test_match_keys_name_what_the_record_is_found_by() -> None:
    m = mapping(*PERSON, match_phone=True, phone_region="DE")
    own = {
        "email": "ann@acme.com", "@emails": ["ann@acme.com", "a@home.org"], "@key:salesforce:Lead": "00Q1",
        "last_name": "LEE", "phone": "030 1234567",
    }  # fmt: skip
    assert m.match_keys(CONTACTS, own) == [
        "key:salesforce:Lead:00Q1",
        "email:ann@acme.com",
        "alt:a@home.org",
        "phone:+49301234567|lee|acme.com",
    ]


@pytest.mark.parametrize(
    "own",
    [
        {"email": "ann@gmail.com", "last_name": "Lee", "phone": "+49301234567"},
        {"email": "ann@acme.com", "phone": "+49301234567"},
        {"email": "ann@acme.com", "last_name": "Lee", "phone": "reception"},
        {"last_name": "Lee", "phone": "+49301234567"},
    ],
)
def test_a_phone_number_alone_is_no_key(own: dict[str, Any]) -> None:
    m = mapping(*PERSON, match_phone=True)
    assert not [key for key in m.match_keys(CONTACT, own) if key.startswith("phone:")]


def test_facts_are_canonical_values_and_flags() -> None:
    m = mapping(*PERSON, stage_rule(), LOSSY)
    known = m.facts((LEAD, {"email": "info+x@acme.com", "stage": "disqualified", "state": "odd"}))
    flags = {name: known[name] for name in ("has_email", "role_address", "disqualified", "shared")}
    assert flags == {"has_email": True, "role_address": True, "disqualified": True, "shared": False}
    assert "state" not in known
    assert m.facts((CONTACT, {}))["has_email"] is False


def test_the_kind_is_not_changed_by_mapping_it() -> None:
    given_kind = kind(*PERSON)
    assert Mapping(given_kind, {}, {}).rule == given_kind
