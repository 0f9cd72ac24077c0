"""Law 13: what happened is told once known, by one id for ever, and nothing older than a watermark comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from connectors.memory import Memory, MemorySystem
from connectors.port import Connector, Cursor, Interaction, Schema, Traits
from sync import compose
from tests.scenarios.stage import MINUTE, START, Stage

TRAITS = Traits(batch=10, grain=1, lag=5_000, compare_and_set=False, history=False)


class World(NamedTuple):
    connector: Connector
    source: str
    act: Callable[[int], None]
    """The so-manieth person does something."""
    wait: Callable[[int], None]


def _memory(stage: Stage) -> World:
    system = MemorySystem("memory", stage.clock.now, [Schema("people", {})], traits=TRAITS)

    def act(n: int) -> None:
        system.act(Interaction(str(n), stage.clock.now(), "form", email=f"p{n}@x.example"))

    return World(Memory(system), "deeds", act, stage.clock.advance)


def _forms(stage: Stage) -> World:
    guids = [stage.world.hubspot.form(name) for name in ("Catalogue", "Viewing")]

    def act(n: int) -> None:
        stage.world.hubspot.submit(guids[n % 2], {"email": f"p{n}@x.example"}, "https://x.example")

    return World(_side(stage, "hubspot"), "forms", act, stage.clock.advance)


def _emails(stage: Stage) -> World:
    def act(n: int) -> None:
        stage.world.hubspot.email_event(f"p{n}@x.example", ("OPEN", "CLICK")[n % 2], 7)

    return World(_side(stage, "hubspot"), "emails", act, stage.clock.advance)


def _campaigns(stage: Stage) -> World:
    human, salesforce = stage.human("salesforce"), stage.world.salesforce
    campaign = salesforce.create("Campaign", {"Name": "Fair"}, human)

    def act(n: int) -> None:
        lead = salesforce.create("Lead", {"LastName": f"P{n}", "Company": "X"}, human)
        salesforce.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"}, human)

    return World(_side(stage, "salesforce"), "campaigns", act, stage.clock.advance)


def _side(stage: Stage, name: str) -> Connector:
    return compose.connectors(stage.settings(), stage.outside())[name]


@pytest.fixture(params=[_memory, _forms, _emails, _campaigns], ids=lambda make: str(make.__name__)[1:])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    stage = Stage()
    stage.begin()
    yield request.param(stage)
    stage.close()


def told(world: World, since: Cursor | None) -> tuple[dict[str, Interaction], Cursor]:
    """By id, and the last cursor."""
    found: dict[str, Interaction] = {}
    cursor = Cursor(None)
    for part in world.connector.interactions(world.source, since):
        found |= {one.id: one for one in part.told}
        cursor = part.cursor
    assert cursor.watermark is not None
    return found, cursor


def test_each_is_told_and_keeps_its_id(world: World) -> None:
    known: dict[str, Interaction] = {}
    cursor: Cursor | None = None
    for n in range(7):
        world.act(n)
        world.wait(11 * MINUTE)
        new, cursor = told(world, cursor)
        assert all(known[id] == one for id, one in new.items() if id in known)
        known |= new
    every, _ = told(world, None)
    assert known == every
    assert len(every) == 7
    assert all(one.at >= START or one.sort == "campaign_response" for one in every.values())


def test_nothing_new_is_nothing(world: World) -> None:
    world.act(1)
    world.wait(60 * MINUTE)
    _, cursor = told(world, None)
    world.wait(60 * MINUTE)
    assert told(world, cursor)[0] == {}
