"""Why does this field have this value: the answer is what the systems' own histories of writes say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from mapping.rules import Place, is_ours
from sandbox.kernel import Caller
from sync import compose
from sync.plan import Planner
from sync.trust.explain import explain
from tests.scenarios.stage import MINUTE, Stage

PEOPLE, EDITS = 100, 50
BY_DEFAULT = ("OwnerId", "Status")
"""What Salesforce gives a new record where nobody says what it should be: nobody wrote that."""
EDITED = {
    "hubspot": ("phone", "city", "jobtitle", "firstname"),
    "salesforce": ("Phone", "City", "Title", "FirstName"),
}


@pytest.fixture(scope="module")
def edited() -> Iterator[Stage]:
    """People on both sides, met, then changed at random on either, and synchronised in between."""
    stage = Stage()
    stage.begin()
    rng = random.Random(4)
    ids: dict[str, list[str]] = {"hubspot": [], "salesforce": []}
    for n in range(PEOPLE):
        name = f"person{n}"
        contact = {"email": f"{name}@prospect.example", "lastname": name, "company": "Acme", "city": "Bonn"}
        lead = {"Email": f"{name}@prospect.example", "LastName": name, "Company": "Acme", "Title": "Buyer"}
        if n % 3 != 2:
            stages = {"lifecyclestage": rng.choice(["lead", "marketingqualifiedlead", "salesqualifiedlead"])}
            ids["hubspot"].append(str(stage.world.hubspot.create("contacts", contact | stages, stage.human("hubspot"))))
        if n % 3 != 1:
            ids["salesforce"].append(str(stage.world.salesforce.create("Lead", lead, stage.human("salesforce"))))
    settled(stage)
    for n in range(EDITS):
        side = rng.choice(["hubspot", "salesforce"])
        object = "contacts" if side == "hubspot" else "Lead"
        value = rng.choice(["+49 30 5550", "+49 40 7770", ""]) + str(n) if n % 5 else ""
        stage.world.face(side).edit(object, rng.choice(ids[side]), {rng.choice(EDITED[side]): value}, stage.human(side))
        if n % 10 == 9:
            settled(stage)
    yield stage
    stage.close()


def settled(stage: Stage) -> None:
    for _ in range(3):
        stage.clock.advance(3 * MINUTE)
        stage.sync()


def people(stage: Stage) -> tuple[Planner, list[str]]:
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    planner = next(engine.planner(rule) for rule in engine.rules if rule.kind == "person")
    rows = [*stage.state.scan("hubspot", "contacts", 0, 10_000), *stage.state.scan("salesforce", "Lead", 0, 10_000)]
    return planner, sorted({row.entity for row in rows if row.entity is not None})


def told(stage: Stage) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """(what is told of a field on a side, the history of its native field there) of every mapped field of everybody."""
    planner, entities = people(stage)
    for entity in entities:
        document = explain(stage.state, planner, entity)
        records = {record["side"]: record for record in document["records"] if record["state"] == "live"}
        for name, field in document["fields"].items():
            for side, view in field["sides"].items():
                record = records[side]
                native = planner.mapping.slots(Place(side, record["object"]))[name].natives[0]
                if native.startswith("@") or is_ours(name):
                    continue
                history = stage.world.face(side).history(record["object"], record["id"])
                yield view, [change for change in history if change.field == native]


def test_who_wrote_a_value_is_who_the_systems_say_wrote_it(edited: Stage) -> None:
    checked = 0
    for view, history in told(edited):
        if view["value"] is None or not history or (len(history) == 1 and history[0].field in BY_DEFAULT):
            continue
        expected = "sync" if history[-1].by == "integration" else "not the sync"
        found = "sync" if view["written_by"] == "sync" else "not the sync"
        assert found == expected, (view, history[-1])
        checked += 1
    assert checked > 5 * PEOPLE


def test_what_the_sync_wrote_names_the_run_the_time_and_the_reason(edited: Stage) -> None:
    ours = [view for view, _ in told(edited) if view["written_by"] == "sync"]
    assert ours
    for view in ours:
        assert view["because"] and view["run"] and view["written_at"]


def test_at_rest_nothing_is_left_to_do(edited: Stage) -> None:
    assert {view["next"] for view, _ in told(edited) if view["met"]} == {"none: agreed"}


def test_an_edit_that_was_not_decided_yet_says_so(edited: Stage) -> None:
    planner, entities = people(edited)
    document = explain(edited.state, planner, entities[0])
    record = next(record for record in document["records"] if record["side"] == "hubspot")
    edited.world.hubspot.edit("contacts", record["id"], {"city": "Celle"}, Caller("human", "1"))
    edited.clock.advance(3 * MINUTE)
    compose.engine(edited.settings(), edited.outside(), edited.state).plan()
    view = explain(edited.state, planner, entities[0])["fields"]["city"]["sides"]["hubspot"]
    assert (view["value"], view["agreed"], view["written_by"]) == ("Celle", "Bonn", "hubspot")
    assert "decided at the next sync" in view["next"]
