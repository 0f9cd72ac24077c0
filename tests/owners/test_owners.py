"""Owners who are nobody on the other side are told with their records, and who is not called alike can be named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.port import Problem
from sync import compose
from sync.config import rules
from sync.setup.check import check
from tests.scenarios.stage import MINUTE, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.begin()
    yield made
    made.close()


def contact(stage: Stage, name: str, owner: str) -> str:
    values = {"email": f"{name}@prospect.example", "lastname": name.title(), "lifecyclestage": "marketingqualifiedlead"}
    human = stage.human("hubspot")
    return stage.world.hubspot.create("contacts", {**values, "hubspot_owner_id": stage.staff[owner]["hubspot"]}, human)


def lead(stage: Stage, name: str, owner: str) -> str:
    values = {"Email": f"{name}@prospect.example", "LastName": name.title(), "Company": "Acme"}
    human = stage.human("salesforce")
    id = stage.world.salesforce.create("Lead", {**values, "OwnerId": stage.staff["rita"]["salesforce"]}, human)
    stage.world.rows("salesforce", "Lead")[id].values["OwnerId"] = stage.staff[owner]["salesforce"]
    return str(id)


def sync(stage: Stage) -> None:
    stage.clock.advance(2 * MINUTE)
    stage.sync()


def problems(stage: Stage) -> list[Problem]:
    found = check(compose.connectors(stage.settings(), stage.outside()), rules(stage.settings()), stage.state)
    return [problem for problem in found if "owners" in problem.where]


def test_an_owner_without_a_counterpart_is_named_with_the_records_and_what_becomes_of_them(stage: Stage) -> None:
    for name in ("ann", "bob"):
        contact(stage, name, "mona")
    sync(stage)
    (told,) = [p for p in problems(stage) if "mona@homes.example (2)" in p.what]
    assert (told.level, told.where) == ("warning", "hubspot.owners")
    assert "have no active counterpart in salesforce" in told.what
    assert "gets the platform's default owner" in told.what
    stage.raw.setdefault("person", {})["owner_fallback"] = {"salesforce": "rita@homes.example"}
    (told,) = [p for p in problems(stage) if "mona@homes.example (2)" in p.what]
    assert "person goes to rita@homes.example" in told.what


def test_an_inactive_owner_is_told_only_with_records(stage: Stage) -> None:
    assert not [p for p in problems(stage) if "inactive" in p.what]
    lead(stage, "ann", "gone")
    sync(stage)
    (told,) = [p for p in problems(stage) if "inactive owners" in p.what]
    assert told.where == "salesforce.owners"
    assert "1 inactive owners, with 1 records: gone@homes.example (1)" in told.what


def test_who_is_not_called_alike_is_named_in_the_vocabulary(stage: Stage) -> None:
    stage.raw["vocabulary"] = {"owners": {"mona@homes.example": "Max@homes.example"}}
    contact(stage, "ann", "mona")
    sync(stage)
    (made,) = stage.world.rows("salesforce", "Lead").values()
    assert made.values["OwnerId"] == stage.staff["max"]["salesforce"]
    sync(stage)
    (held,) = stage.world.rows("hubspot", "contacts").values()
    assert held.values["hubspot_owner_id"] == stage.staff["mona"]["hubspot"]
    assert not [p for p in problems(stage) if "mona" in p.what]


def test_a_name_that_nobody_has_is_an_error(stage: Stage) -> None:
    stage.raw["vocabulary"] = {"owners": {"mona@homes.example": "nobody@homes.example"}}
    (told,) = [p for p in problems(stage) if p.level == "error"]
    assert (told.where, "nobody@homes.example is no active owner" in told.what) == ("vocabulary.owners", True)
