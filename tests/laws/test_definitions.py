"""Who contradicts the definitions, and the page of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.rows import Row
from sync.setup.definitions import contradictions, page
from tests.laws.make import PERSON, STAGES, H, S, mapping, rule, stage_rule

WITH_RULE = tuple(replace(stage, entry='country == "DE"') if stage.name == "sql" else stage for stage in STAGES)
MAPPING = mapping(*PERSON, rule("country"), stage_rule(), stages=WITH_RULE)


def person(hubspot: str | None, salesforce: str | None, country: str = "DE", lead: str = "Lead") -> list[Row]:
    mine, theirs = {"stage": hubspot, "country": country}, {"stage": salesforce}
    return [
        Row(H, "contacts", "51", "person", mine, 1, 1, entity="e"),
        Row(S, lead, "00Q1", "person", theirs, 1, 1, entity="e"),
    ]


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "found"),
    [
        ("mql", "mql", []),
        (None, "mql", []),
        ("lead", "mql", ["hubspot says lead, salesforce says mql"]),
        # Salesforce has no word for lead or sql here: nothing contradicts.
        ("sql", "sal", []),
        ("sal", "mql", ["salesforce says mql, hubspot says sal"]),
        ("mql", "disqualified", []),
        ("?odd", "mql", []),
    ],
)
def test_two_sides_contradict_each_other_where_one_could_say_what_the_other_says(
    hubspot: str | None, salesforce: str | None, found: list[str]
) -> None:
    assert list(contradictions(MAPPING, person(hubspot, salesforce))) == found


def test_an_entry_rule_is_broken_by_whoever_stands_there_without_fulfilling_it() -> None:
    assert list(contradictions(MAPPING, person("sql", None, "US"))) == [
        'at sql without fulfilling its entry rule (country == "DE")'
    ]
    assert list(contradictions(MAPPING, person("mql", None, "US"))) == []


def test_nobody_is_sent_away_and_has_a_deal_at_once() -> None:
    stages = (*STAGES, replace(STAGES[-1], name="opportunity", rank=9, read={H: ("deal",)}, write={H: "deal"}))
    people = mapping(*PERSON, stage_rule(), stages=stages)
    assert list(contradictions(people, person("opportunity", "disqualified"))) == [
        "salesforce says disqualified, hubspot says opportunity"
    ]


def test_the_page_names_every_stage_status_reason_and_entry_rule() -> None:
    text = page(MAPPING.rule)
    assert all(f"`{entry.name}`" in text for entry in (*MAPPING.rule.stages, *MAPPING.rule.statuses))
    assert 'everybody there should fulfil `country == "DE"`' in text
