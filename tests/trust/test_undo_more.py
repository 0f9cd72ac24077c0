"""What a run did, taken back and let go, is proposed again in the same words: also where it created records, and of
deals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sync.trust.plans import words
from sync.trust.undoing import Wish
from tests.trust.lives import Careful, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def proposed(life: Careful) -> set[bytes]:
    """What would be written to what people entered, in its words."""
    return {words(one) for one in life.look().operations if any(name[0] != "@" for name in one.fields)}


def leads(life: Careful) -> list[Any]:
    """Those that are not in the bin."""
    return [row for row in life.world.rows("salesforce", "Lead").values() if row.archived_at is None]


def test_what_was_created_and_put_into_the_bin_is_proposed_again(life: Careful) -> None:
    ann, abel = life.couple("ann", city="Bonn")
    for n in range(3):
        life.contact(f"new{n}")
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    before = proposed(life)
    assert len(before) == 4
    life.later()
    run = life.sync().run
    life.later()
    _, found = life.undo(run, archive_created=True)
    assert not found.left
    assert life.value("salesforce", "Lead", abel, "City") == "Bonn"
    for _ in range(2):
        life.later()
        life.sync()
        assert proposed(life) == set(), "nothing is redone by itself"
    assert [row.values["Email"] for row in leads(life)] == ["ann@prospect.example"]
    assert life.engine().let_go(Wish(run)) > 0
    life.later()
    assert proposed(life) == before


@pytest.fixture
def selling() -> Iterator[Careful]:
    stage = Careful()
    stage.raw |= {"company": {"sync": True}, "deal": {"sync": True}}
    stage.begin()
    yield stage
    stage.close()


def test_a_deal_s_changes_are_proposed_again(selling: Careful) -> None:
    life = selling
    human = life.human("salesforce")
    account = life.world.salesforce.create("Account", {"Name": "Acme", "Website": "acme.example"}, human)
    deal = {
        "Name": "Alder",
        "StageName": "Prospecting",
        "CloseDate": "2027-01-31",
        "Amount": 120.0,
        "AccountId": account,
    }
    opportunity = str(life.world.salesforce.create("Opportunity", deal, human))
    for _ in range(3):
        life.later()
        life.sync()
    life.later()
    life.edit("salesforce", "Opportunity", opportunity, Amount=240.0, CloseDate="2027-02-28")
    life.later()
    before = proposed(life)
    assert before
    life.later()
    run = life.sync().run
    life.later()
    life.undo(run)
    life.later()
    life.sync()
    assert proposed(life) == set()
    life.engine().let_go(Wish(run))
    life.later()
    assert proposed(life) == before
