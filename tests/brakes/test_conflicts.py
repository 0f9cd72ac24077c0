"""Where the sides differ and no rule decides, a person does, and the next sync writes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from state.rows import Outcomes
from sync import compose
from sync.decide.answers import Answer, Conflict, answer, conflicts
from tests.scenarios.stage import MINUTE, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.begin()
    yield made
    made.close()


def meet(stage: Stage, hubspot: str, salesforce: str) -> tuple[str, str]:
    """Ann is in both systems, with these cities; their ids."""
    human = stage.human
    contact = stage.world.hubspot.create(
        "contacts", {"email": "ann@acme.example", "lastname": "Abel", "city": hubspot}, human("hubspot")
    )
    values = {"LastName": "Abel", "Company": "Acme", "Email": "ann@acme.example", "City": salesforce}
    lead = stage.world.salesforce.create("Lead", values, human("salesforce"))
    sync(stage)
    return contact, lead


def sync(stage: Stage) -> None:
    """One more run."""
    stage.clock.advance(2 * MINUTE)
    stage.sync()


def listed(stage: Stage) -> list[Conflict]:
    """Of Ann's city."""
    return [one for one in conflicts(stage.state) if one.field == "city"]


def resolve(stage: Stage, conflict: Conflict, take: str) -> Answer | str:
    """What `smarketing conflicts resolve` does."""
    (mapping,) = compose.engine(stage.settings(), stage.outside(), stage.state).mappings()
    told = answer(mapping, conflict, take, "rita")
    if isinstance(told, Answer):
        asked = Outcomes(dirty=[told.entity], opened=[told.question(stage.clock.now())])
        stage.leased(lambda lease: stage.state.commit_outcomes(lease, asked))
    return told


def cities(stage: Stage, contact: str, lead: str) -> tuple[object, object]:
    """What the sides hold."""
    held = (stage.world.salesforce.get("Lead", lead) or {})["City"]
    return stage.world.rows("hubspot", "contacts")[contact].values["city"], held


@pytest.mark.parametrize(("take", "then"), [("hubspot", "Bonn"), ("salesforce", "Bremen"), ("Berlin", "Berlin")])
@pytest.mark.parametrize("first", ["fill_blanks", "review"])
def test_what_a_person_chooses_is_written(stage: Stage, first: str, take: str, then: str) -> None:
    stage.configure("city", {"first": first})
    ids = meet(stage, "Bonn", "Bremen")
    assert cities(stage, *ids) == ("Bonn", "Bremen")
    (conflict,) = listed(stage)
    assert conflict.as_json()["values"] == {"hubspot": "Bonn", "salesforce": "Bremen"}
    assert conflict.waits == (first == "review")
    assert isinstance(resolve(stage, conflict, take), Answer)
    sync(stage)
    assert cities(stage, *ids) == (then, then)
    assert listed(stage) == []
    assert stage.state.reviews(question="answered") == []
    told = [line.reason for line in stage.state.journal(conflict.id.rpartition(":")[0]) if line.field == "city"]
    assert any("by hand: rita" in reason for reason in told)


def test_a_decision_is_dropped_where_somebody_changed_a_value_since(stage: Stage) -> None:
    contact, lead = meet(stage, "Bonn", "Bremen")
    (conflict,) = listed(stage)
    stage.world.salesforce.edit("Lead", lead, {"City": "Berlin"}, stage.human("salesforce"))
    resolve(stage, conflict, "hubspot")
    sync(stage)
    assert cities(stage, contact, lead) == ("Berlin", "Berlin")
    assert stage.state.reviews(question="answered") == []


def test_what_the_rule_never_writes_is_refused(stage: Stage) -> None:
    stage.configure("city", {"to": "marketing"})
    meet(stage, "Bonn", "Bremen")
    (conflict,) = listed(stage)
    assert "change `to`" in str(resolve(stage, conflict, "hubspot"))


def test_nobody_decides_an_opt_out_by_hand(stage: Stage) -> None:
    meet(stage, "Bonn", "Bremen")
    (conflict,) = listed(stage)
    assert "evidence" in str(resolve(stage, conflict._replace(field="opted_out"), "hubspot"))
