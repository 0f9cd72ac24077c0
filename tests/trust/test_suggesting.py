"""Suggested mappings over both stand-ins: what is added on both sides is found, can be pasted, and works."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from sync import compose
from sync.config import parse, rules
from sync.setup.check import check
from sync.setup.hints import Suggestion, suggest
from sync.setup.sampling import Sample, sample
from tests.trust.lives import Careful, careful

COLOURS = ("red", "green", "blue")


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        stage.field("hubspot", "text", "shoe_colour", [])
        stage.field("salesforce", "text", "Colour_of_Shoes__c", [])
        stage.field("salesforce", "text", "Shoe_Maker__c", [])
        yield stage


def looked(life: Careful, *, remembered: bool = True) -> tuple[Sample, list[Suggestion]]:
    sides = compose.connectors(life.settings(), life.outside())
    (rule,) = rules(life.settings(), ["person"])
    found = sample(sides, rule, life.state if remembered else None)
    assert all(side.usage().calls < 12 for side in sides.values()), "it costs a handful of calls"
    return found, suggest(found.sides, [field.name for field in rule.fields])


def pasted(life: Careful, found: Suggestion) -> dict[str, Any]:
    """The configuration with this line in it."""
    fields = tomllib.loads(f"[person.fields]\n{found.line()}")["person"]["fields"]
    return {**life.raw, "person": {**life.raw.get("person", {}), "fields": fields}}


def test_a_field_of_the_same_meaning_on_both_sides_comes_first_and_its_line_works(life: Careful) -> None:
    for n in range(12):
        tint = COLOURS[n % 3]
        life.contact(f"p{n}", shoe_colour=tint)
        life.lead(f"p{n}", Colour_of_Shoes__c=tint, Shoe_Maker__c=f"maker {n}")
    for _ in range(2):
        life.later()
        life.sync()
    before = life.snapshot()
    found, suggestions = looked(life)
    first = suggestions[0]
    assert found.linked == 12
    assert {side: offer.meta.name for side, offer in first.fields.items()} == {
        "hubspot": "shoe_colour", "salesforce": "Colour_of_Shoes__c",
    }  # fmt: skip
    assert "equal in 12 of 12 linked people" in first.reasons
    assert life.snapshot() == before, "nothing is written"
    life.raw = pasted(life, first)
    assert parse(life.raw).person.fields[first.name].type == "text"
    problems = check(compose.connectors(life.settings(), life.outside()), rules(life.settings()))
    assert not [problem for problem in problems if first.name in problem.what]
    again = [offer.meta.name for each in looked(life)[1] for offer in each.fields.values()]
    assert not {"shoe_colour", "Colour_of_Shoes__c"} & {*again}, "what is mapped is not suggested"


def test_before_anything_is_linked_names_and_first_pages_have_to_do(life: Careful) -> None:
    life.field("salesforce", "text", "Shoe_Colour__c", [])
    life.contact("ann", shoe_colour="red")
    life.lead("bob", Shoe_Colour__c="blue")
    for remembered in (False, True):
        found, suggestions = looked(life, remembered=remembered)
        assert (found.linked, found.read) == (0, {"hubspot": 1, "salesforce": 1})
        names = {offer.meta.name for offer in suggestions[0].fields.values()}
        assert names == {"shoe_colour", "Shoe_Colour__c"}
        assert suggestions[0].settings()["salesforce"] == "Shoe_Colour__c", "leads and contacts both have it"


def test_our_own_fields_and_what_the_systems_keep_themselves_are_not_offered(life: Careful) -> None:
    found, suggestions = looked(life)
    offered = {side.system: {offer.meta.name for offer in side.offers} for side in found.sides}
    for names in offered.values():
        assert not [name for name in names if name.lower().startswith("smk_") or name[0] == "@"]
    assert not {"email", "firstname", "createdate", "hs_object_id", "lastmodifieddate"} & offered["hubspot"]
    assert not {"Email", "Id", "CreatedDate", "SystemModstamp", "ConvertedDate"} & offered["salesforce"]
    assert all(each.reasons for each in suggestions)
