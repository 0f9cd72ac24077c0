"""Why nothing happens next, who asks about whom, and what is promised: of people, companies and deals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sync import compose
from sync.trust.explain import explain, find
from sync.trust.guard import BY_HAND, Pause
from sync.trust.pausing import stop
from tests.trust.lives import Careful, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def told(life: Careful, who: str) -> dict[str, Any]:
    """What `explain WHO` says, of the only one who is meant."""
    engine = life.engine()
    planners = {rule.kind: engine.planner(rule) for rule in engine.rules}
    ((mapping, entity),) = find(life.state, [planner.mapping for planner in planners.values()], who)
    return explain(life.state, planners[mapping.rule.kind], entity)


def test_at_rest_there_is_nothing_to_explain(life: Careful) -> None:
    life.couple("ann", city="Bonn")
    assert told(life, "ann@prospect.example")["idle"] == []


def test_why_nobody_is_made_on_the_other_side(life: Careful) -> None:
    life.contact("ann", lifecyclestage="subscriber")
    life.later()
    life.sync()
    life.later()
    document = told(life, "ann@prospect.example")
    (why,) = document["idle"]
    assert why.startswith("not made in salesforce: ")
    assert why.endswith("does not hold")
    assert document["fields"]["city"]["sides"]["hubspot"]["next"] == f"none: {why}"


def test_a_pause_a_refusal_and_a_ticked_box_are_reasons(life: Careful) -> None:
    ann, _ = life.couple("ann", city="Bonn")
    stop(life.state, Pause(BY_HAND, "person", "salesforce", why="the spring cleaning"))
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    life.sync()
    document = told(life, "ann@prospect.example")
    assert document["idle"] == ["nothing is written to salesforce: by_hand, the spring cleaning"]
    city = document["fields"]["city"]["sides"]["salesforce"]
    assert city["next"] == "to be written once salesforce goes on: by_hand"
    bea, _ = life.couple("bea")
    life.edit("hubspot", "contacts", bea, smk_no_sync="true")
    life.later()
    life.sync()
    assert any("no-sync box" in why for why in told(life, "bea@prospect.example")["idle"])


def test_a_duplicate_is_told_with_the_person_it_may_be(life: Careful) -> None:
    life.couple("ann")
    life.lead("ann")
    life.later()
    life.sync()
    held = told(life, "ann@prospect.example")["held"]
    assert [one["question"] for one in held] == ["duplicate"]
    assert held[0]["why"]


def test_companies_and_deals_are_explained_alike(life: Careful) -> None:
    life.raw["company"] = {"sync": True}
    life.raw["deal"] = {"sync": True}
    compose.engine(life.settings(), life.outside(), life.state)
    life.world.hubspot.create("companies", {"name": "Acme", "domain": "acme.example"}, life.human("hubspot"))
    life.later()
    life.sync()
    life.later()
    stop(life.state, Pause(BY_HAND, "company", "", why="the spring cleaning"))
    document = told(life, "acme.example")
    assert document["kind"] == "company"
    assert "nothing is written to hubspot: by_hand, the spring cleaning" in document["idle"]
    assert {"alerts", "clock", "held", "next", "history"} <= document.keys()
