"""Three wrong mappings that every admin fears, and how far each of them gets: the plan, the limits and undo.

The accounts are small, and so are the limits of `[plan]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.salesforce.schema import FieldMeta, PickValue
from sync.decide.counts import CREATES, LINKS
from sync.trust.guard import HOLDS
from sync.trust.pausing import pauses
from sync.trust.undoing import Wish
from tests.trust.lives import Careful, careful, touched

LIMITS = {"creates": 20, "updates": 20, "replaces": 4, "clears": 1}


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        stage.raw["plan"] = dict(LIMITS)
        yield stage


def test_a_mapping_switched_on_for_dormant_leads_on_a_friday_creates_nobody(life: Careful, tmp_path: Path) -> None:
    for n in range(30):
        life.contact(f"dormant{n}", lifecyclestage="lead")
    life.couple("ann")
    life.configure("person.create", {"salesforce": "has_email"})
    before = life.snapshot()
    for _ in range(3):
        stopped = life.sync()
        assert (stopped.status, stopped.changed) == ("paused", 0)
        assert "The configuration has changed" in stopped.message
        assert "would create 30" in stopped.message
        life.later()
    assert touched(before, life.snapshot()) == 0
    plan = life.save(tmp_path / "monday.json")
    assert life.look().counts["person", "salesforce", CREATES] == 30
    report = life.apply(plan)
    assert report.plan is not None
    assert report.plan["written"] == 30, "whoever wants it says so"
    life.later()
    _, found = life.undo(report.run, archive_created=True)
    assert not found.left or {left.why for left in found.left} == {"more deletions than a day may have"}


def test_the_wrong_winner_for_job_titles_overwrites_nobody_and_undo_brings_back_who_was(
    life: Careful, tmp_path: Path
) -> None:
    here, there = {}, {}
    for n in range(8):
        here[n] = life.contact(f"p{n}", jobtitle=f"Head of {n}")
        there[n] = life.lead(f"p{n}", Title=f"Intern {n}")
    life.configure("title", {"winner": "crm", "first": "crm", "rule": None})
    life.later()
    before = life.snapshot()
    stopped = life.sync("backfill", full=True)
    assert (stopped.status, stopped.changed) == ("paused", 0)
    assert "would replace values in 8 of 8" in stopped.message
    assert touched(before, life.snapshot()) == 0
    # Somebody does not read it and lets everything pass.
    report = life.apply(life.save(tmp_path / "unread.json"))
    titles = [life.value("hubspot", "contacts", id, "jobtitle") for id in here.values()]
    assert titles == [f"Intern {n}" for n in here]
    # Meanwhile one of them is corrected by hand.
    life.later()
    life.edit("hubspot", "contacts", here[0], jobtitle="Chief of 0")
    life.later()
    _, found = life.undo(report.run, field="title")
    assert [left.id for left in found.left] == [here[0]]
    titles = [life.value("hubspot", "contacts", id, "jobtitle") for id in here.values()]
    assert titles == ["Chief of 0", *(f"Head of {n}" for n in range(1, 8))]
    # The rule is put right, and what the undo held is let go: nothing is overwritten any more.
    life.configure("title", {"first": "fill_blanks"})
    assert life.engine().let_go(Wish(report.run)) == 7
    life.later()
    life.raw["plan"] = {}
    for _ in range(2):
        life.sync()
        life.later()
    for n in range(1, 8):
        assert life.value("hubspot", "contacts", here[n], "jobtitle") == f"Head of {n}"
        assert life.value("salesforce", "Lead", there[n], "Title") == f"Intern {n}"


def test_what_is_held_in_too_many_records_is_not_written_on_all_of_them(life: Careful) -> None:
    contacts = _sectors(life, 10)
    life.raw["brakes"] = {"holds": 3}
    dry = life.look()
    assert sum(dry.counts.values()) == 6, "three on each side"
    life.later()
    for _ in range(2):
        report = life.sync()
        life.later()
        assert report.status in ("done", "partial"), "everything else goes on"
    said = [id for id in contacts if life.value("hubspot", "contacts", id, "smk_sync_state") == "held"]
    assert len(said) == 3
    assert len([one for one in life.held() if one.field == "sector"]) == 10, "the list has all of them"
    assert [(one.cause, one.field) for one in pauses(life.state)] == [(HOLDS, "sector")] * 2
    for id in contacts:
        life.edit("hubspot", "contacts", id, industry_text="Energy")
    life.later()
    for _ in range(3):
        life.sync()
        life.later()
    assert {life.value("hubspot", "contacts", id, "smk_sync_state") for id in said} == {"ok"}


def _sectors(life: Careful, many: int) -> list[str]:
    """So many people in step, with a free text that is mapped to a restricted picklist from now on."""
    life.field("hubspot", "text", "industry_text", [])
    values = tuple(PickValue(value, value) for value in ("Energy", "Retail"))
    for object in ("Lead", "Contact"):
        sector = FieldMeta("Sector__c", "picklist", label="Sector", length=255, restricted=True, picklist=values)
        life.world.salesforce.org.add_custom_field(object, sector, visible=True)
    contacts = [life.contact(f"p{n}", industry_text=f"we sell things, mostly {n}") for n in range(many)]
    for n in range(many):
        life.lead(f"p{n}")
    life.later()
    for _ in range(2):
        life.sync()
        life.later()
    mapped = {"hubspot": "industry_text", "salesforce": "Sector__c", "type": "choice"}
    life.raw.setdefault("person", {}).setdefault("fields", {})["sector"] = mapped
    return contacts


def test_free_text_mapped_to_a_restricted_picklist_is_held_and_writes_nothing(life: Careful) -> None:
    contacts = _sectors(life, 6)
    before = life.snapshot()
    dry = life.look()
    # The records are told that they are held, and nothing else.
    assert {what for _, _, what in dry.counts} <= {LINKS}
    held = [one for one in dry.questions if one.field == "sector"]
    assert len(held) == 6
    assert all(one.detail["fix"] for one in held)
    life.later()
    life.sync()
    assert touched(before, life.snapshot()) == 0
    assert {life.value("hubspot", "contacts", id, "smk_sync_state") for id in contacts} == {"held"}
