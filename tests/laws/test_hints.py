"""Suggestions of mappings: laws over any fields, and what each kind of evidence is worth."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Option
from mapping.codecs import TYPES
from sync.config import parse
from sync.setup.hints import NATIVE, WORTH, Offer, Side, Suggestion, suggest

NAMES = (
    "industry_text",
    "Industry",
    "zip_2",
    "Postal_Code__c",
    "hs_region",
    "Region__c",
    "favourite_colour",
    "Cell__c",
)
KINDS = (*sorted(NATIVE), "reference", "percent", "id")
RECORDS = tuple(f"r{n}" for n in range(8))
VALUES = st.sampled_from([None, "", "a", "b", "1", "2.5", "2026-01-31", True, False, "a;b", "x@prospect.example"])


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
        written = draw(st.booleans())
        options = tuple(Option(value, draw(st.sampled_from(["A", "B", value]))) for value in ("a", "b"))
        meta = Field(name, draw(st.sampled_from(NAMES)), draw(st.sampled_from(KINDS)), written, written)
        if meta.type in ("choice", "choices"):
            meta = Field(name, meta.label, meta.type, written, written, options=options, restricted=True)
        values = draw(st.dictionaries(st.sampled_from(RECORDS), VALUES))
        found.append(Offer(meta, draw(st.sampled_from([(), ("Lead",)])), values))
    return found


def both(hubspot: list[Offer], salesforce: list[Offer]) -> list[Side]:
    hubspot = [Offer(one.meta, (), one.values) for one in hubspot]
    return [Side("hubspot", "marketing", hubspot), Side("salesforce", "crm", salesforce)]


def field(name: str, type: str = "text", label: str = "", **more: Any) -> Field:
    return Field(name, label or name, type, **more)


def held(*values: Any) -> dict[str, Any]:
    return {f"r{n}": value for n, value in enumerate(values)}


def one(a: Field, b: Field, mine: Mapping[str, Any] | None = None, theirs: Mapping[str, Any] | None = None) -> Any:
    found = suggest(both([Offer(a, (), mine or {})], [Offer(b, (), theirs or {})]), ())
    return found[0] if found else None


def pasted(suggestions: list[Suggestion]) -> dict[str, Any]:
    text = "\n".join(["[person.fields]", *(suggestion.line() for suggestion in suggestions)])
    return tomllib.loads(text)


# -- laws --------------------------------------------------------------------------------------------------------------


@given(offers(), offers())
def test_the_order_of_sides_and_fields_makes_no_difference(a: list[Offer], b: list[Offer]) -> None:
    one, other = both(a, b)
    turned = [Side(side.system, side.role, list(reversed(side.offers))) for side in (other, one)]
    assert suggest([one, other], ()) == suggest([one, other], ()) == suggest(turned, ())


@given(offers(), offers())
def test_evidence_is_worth_the_same_whichever_side_it_comes_from(a: list[Offer], b: list[Offer]) -> None:
    b = [Offer(each.meta, (), each.values) for each in b]
    for mine in a:
        for theirs in b:
            there, back = suggest(both([mine], [theirs]), ()), suggest(both([theirs], [mine]), ())
            assert [(s.name, s.type, s.score) for s in there] == [(s.name, s.type, s.score) for s in back]


@given(offers(), offers(), st.sets(st.sampled_from(["industry", "region", "zip"])))
def test_what_is_suggested_is_free_fits_and_can_be_written(a: list[Offer], b: list[Offer], taken: set[str]) -> None:
    found = suggest(both(a, b), taken)
    for side in ("hubspot", "salesforce"):
        natives = [each.fields[side].meta.name for each in found]
        assert len(natives) == len(set(natives)), "two lines would contradict each other"
    names = [each.name for each in found]
    assert len(names) == len(set(names))
    assert not taken & set(names)
    for each in found:
        assert WORTH <= each.score <= 1
        assert each.reasons
        assert all(offer.meta.type in TYPES[each.type] for offer in each.fields.values())
        for role, side in (("crm", "salesforce"), ("marketing", "hubspot")):
            assert each.to not in ("", role) or each.fields[side].meta.writable
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@given(offers(), offers())
def test_every_line_can_be_pasted(a: list[Offer], b: list[Offer]) -> None:
    found = suggest(both(a, b), ())
    raw = pasted(found)
    assert raw["person"]["fields"] == {each.name: each.settings() for each in found}
    sides = {
        "hubspot": {"base_url": "https://api.example", "access_token": "env:TOKEN"},
        "salesforce": {"login_url": "https://login.example", "client_id": "env:ID", "client_secret": "env:SECRET"},
    }
    settings = parse({**sides, **raw})
    assert all(settings.person.fields[each.name].type == each.type for each in found)


@given(st.lists(VALUES, max_size=8))
def test_no_value_is_ever_said(values: list[Any]) -> None:
    mine = held(*(f"secret{value}" for value in values))
    found = one(field("region", label="Region"), field("Region__c", label="Region"), mine, mine)
    assert found is not None
    assert "secret" not in found.line() + " ".join(found.reasons)


@given(st.permutations(["region_name", "regional_office_name", "favourite_colour"]), st.lists(VALUES, max_size=8))
def test_of_equal_evidence_the_name_that_is_most_alike_wins(order: list[str], values: list[Any]) -> None:
    sample = held(*values)
    mine = [Offer(field("region", label="Region name"), (), sample)]
    theirs = [Offer(field(f"{name}__c"), (), sample) for name in order]
    theirs.append(Offer(field("Region__c", "bool", label="Region name"), (), sample))
    assert suggest(both(mine, theirs), ())[0].fields["salesforce"].meta.name == "region_name__c"


# -- evidence ----------------------------------------------------------------------------------------------------------


def test_one_meaning_under_two_words_is_one_name() -> None:
    found = one(field("hs_cell"), field("Mobile_Phone__c"))
    assert found.reasons == ("names mean the same",)
    assert one(field("favourite_colour"), field("Shoe_Size__c")) is None


def test_values_of_linked_records_make_fields_alike_that_are_called_nothing_alike() -> None:
    values = [f"v{n % 7}" for n in range(51)]
    other = [*values[:48], "x", "y", "z"]
    found = one(field("alpha"), field("Omega__c"), held(*values), held(*other))
    assert found.reasons == ("equal in 48 of 51 linked people", "filled in 100 % / 100 %")
    assert one(field("alpha"), field("Omega__c"), held(*values), held(*reversed(values))) is None


def test_names_alike_count_less_where_linked_records_differ() -> None:
    mine, theirs = held(*(f"a{n}" for n in range(40))), held(*(f"b{n}" for n in range(40)))
    assert one(field("region"), field("Region__c")) is not None
    assert one(field("region"), field("Region__c"), mine, theirs) is None


def test_boxes_that_are_all_empty_say_nothing() -> None:
    nobody = held(*[False] * 50)
    assert one(field("alpha", "bool"), field("Omega__c", "bool"), nobody, nobody) is None


def test_one_value_written_two_ways_is_the_same() -> None:
    mine = held(*(f"{n}.0" for n in range(20)))
    theirs = held(*range(20))
    found = one(field("alpha", "number"), field("Omega__c", "number"), mine, theirs)
    assert (found.type, found.reasons[0]) == ("int", "equal in 20 of 20 linked people")
    assert one(field("a", "number"), field("A__c", "number"), held("2.5"), held(2.5)).type == "decimal"


def test_records_that_are_not_linked_are_compared_by_what_occurs_on_both_sides() -> None:
    mine = {f"hubspot:{n}": f"v{n}" for n in range(20)}
    theirs = {f"salesforce:{n}": f"v{n}" for n in range(5, 25)}
    found = one(field("region_names"), field("Region_Name__c"), mine, theirs)
    assert "15 of 20 distinct values occur on both sides" in found.reasons


def test_what_is_too_long_for_the_other_side_is_said() -> None:
    mine, theirs = field("region"), field("Region__c", length=3)
    told = "but 2 of 3 are longer than the 3 characters of Region__c"
    assert told in one(mine, theirs, held("long", "longer", "no", None)).reasons
    fixed = field("Region__c", length=3, writable=False, createable=False)
    assert told not in one(mine, fixed, held("long", "longer", "no", None)).reasons


def test_options_of_one_label_are_translated_where_they_are_called_differently() -> None:
    hot = tuple(Option(value, label) for value, label in (("1", "Hot"), ("2", "Cold"), ("3", "Frozen")))
    warm = tuple(Option(label, label) for label in ("hot", "Cold"))
    mine, theirs = field("rating", "choice", options=hot), field("Rating__c", "choice", options=warm)
    found = one(mine, theirs, held("1", "2"), held("hot", "Cold"))
    assert "both lists share 2 of 3 options" in found.reasons
    assert "equal in 2 of 2 linked people" in found.reasons
    assert found.values == {
        "Cold": {"hubspot": "2", "salesforce": "Cold"},
        "Hot": {"hubspot": "1", "salesforce": "hot"},
    }
    assert one(mine, field("Rating__c", "choice", options=hot)).values == {}


def test_what_one_side_cannot_take_flows_the_other_way_alone() -> None:
    fixed: Any = {"writable": False, "createable": False}
    assert one(field("region"), field("Region__c")).to == ""
    assert one(field("region"), field("Region__c", **fixed)).to == "marketing"
    assert one(field("region", **fixed), field("Region__c")).to == "crm"
    assert one(field("region", **fixed), field("Region__c", **fixed)) is None
    listed = field("Region__c", "choice", options=(Option("n", "North"),), restricted=True)
    assert one(field("region"), listed).to == "marketing", "free text does not fit a list"
