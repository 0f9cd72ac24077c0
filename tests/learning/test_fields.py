"""The definition of our own fields holds together, and the documents tell of every one."""

from __future__ import annotations

from pathlib import Path

from insight.fields import BEHAVIOUR, CONTENT, FIELDS, OUTCOMES, SCORE, SLA, STAGES
from mapping.rules import is_ours
from sync.decide.writeback import HELP_MOST

PAGE = (Path(__file__).resolve().parents[2] / "docs/insight.md").read_text(encoding="utf-8")


def test_each_is_one_field_in_every_place() -> None:
    names = [(field.kind, field.name) for field in FIELDS]
    natives = [(place, native) for field in FIELDS for place, native in field.places.items()]
    assert len(set(names)) == len(names)
    assert len(set(natives)) == len(natives)
    assert all(is_ours(field.name) and field.places for field in FIELDS)
    assert {field.feature for field in FIELDS} == {BEHAVIOUR, CONTENT, OUTCOMES, SCORE, SLA, STAGES}


def test_the_platforms_can_hold_them() -> None:
    for field in FIELDS:
        assert not field.hubspot or field.hubspot.startswith("smk_"), field.name
        assert not field.salesforce or (field.salesforce.startswith("SMK_") and field.salesforce.endswith("__c"))
        assert len(field.salesforce.removesuffix("__c")) <= 40
        assert len(field.label) <= 40
        assert (field.type == "choice") == (bool(field.options) or field.feature == STAGES), field.name
        for _, spec in field.specs():
            assert len(spec.help) <= HELP_MOST


def test_the_page_tells_of_every_one() -> None:
    for field in FIELDS:
        shown = [f"`{native}`" for native in (field.hubspot, field.salesforce) if native]
        (line,) = [line for line in PAGE.splitlines() if all(name in line for name in shown) and field.help in line]
        assert ("*Goes along.*" in line) == field.quiet
