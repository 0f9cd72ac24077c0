"""The three mistakes that every admin fears, made in the default story: each is caught before anybody's values are
touched, and where somebody lets it pass, undo brings them back.

SMARKETING_STORY says how many people there are (250 if not given); the limits are those of the defaults at 10,000.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce.schema import FieldMeta, PickValue
from sync.trust.guard import HOLDS
from sync.trust.pausing import pauses
from tests.trust.lives import touched
from tests.trust.story import Told

PEOPLE = int(os.environ.get("SMARKETING_STORY", "250"))
DORMANT = 10 * PEOPLE
LIMITS = {"creates": 2 * PEOPLE, "updates": 2 * PEOPLE, "replaces": PEOPLE // 50, "clears": max(PEOPLE // 500, 1)}
MOST = 0.01
OURS = ("smk_", "hs_email_optout", "hasoptedoutofemail", "lastmodified", "systemmodstamp", "hs_lastmodified")
"""Our own fields and opt-outs, which nothing stops."""


@pytest.fixture
def life() -> Iterator[Told]:
    story = Told(PEOPLE)
    story.raw["plan"] = dict(LIMITS)
    story.begin()
    yield story
    story.close()


def titles(life: Told) -> dict[tuple[str, str], Any]:
    names = {"contacts": "jobtitle", "Lead": "Title", "Contact": "Title"}
    return {
        (object, id): values.get(names[object]) or None
        for (_, object, id), (values, _) in life.snapshot().items()
        if object in names
    }


def test_the_wrong_winner_for_job_titles(life: Told, tmp_path: Path) -> None:
    for n, id in enumerate(life.live("hubspot", "contacts")):
        if life.value("hubspot", "contacts", id, "jobtitle"):
            life.edit("hubspot", "contacts", id, jobtitle=f"Head of {n}")
    life.configure("title", {"winner": "crm", "first": "crm", "rule": None})
    before, old = life.snapshot(), titles(life)
    stopped = life.sync("backfill", full=True)
    assert stopped.status == "paused"
    assert "would replace values in" in stopped.message
    assert touched(before, life.snapshot(), but=OURS) <= MOST
    life.later()
    # Somebody does not read it and lets everything pass.
    report = life.apply(life.save(tmp_path / "unread.json", full=True))
    wrong = {ref for ref, title in titles(life).items() if ref in old and old[ref] and title != old[ref]}
    assert len(wrong) > LIMITS["replaces"]
    life.later()
    _, found = life.undo(report.run, field="title")
    assert not found.left
    assert all(title == old[ref] for ref, title in titles(life).items() if ref in old)
    life.later()
    life.sync()
    assert all(titles(life)[ref] == old[ref] for ref in wrong), "nothing is redone by itself"


def test_a_free_text_in_a_restricted_picklist(life: Told) -> None:
    for n, id in enumerate(life.live("hubspot", "contacts")):
        life.edit("hubspot", "contacts", id, message=f"We sell things, mostly {n}")
    life.in_step()
    values = tuple(PickValue(value, value) for value in ("Energy", "Retail"))
    for object in ("Lead", "Contact"):
        sector = FieldMeta("Sector__c", "picklist", label="Sector", length=255, restricted=True, picklist=values)
        life.world.salesforce.org.add_custom_field(object, sector, visible=True)
    fields = life.raw.setdefault("person", {}).setdefault("fields", {})
    fields["sector"] = {"hubspot": "message", "salesforce": "Sector__c", "type": "choice"}
    before = life.snapshot()
    for _ in range(2):
        life.sync()
        life.later()
        assert touched(before, life.snapshot(), but=OURS) <= MOST
    held = [one for one in life.state.reviews(question="held", limit=None) if one.field == "sector"]
    assert len(held) > PEOPLE // 4
    assert all(one.detail["fix"] for one in held)
    said = [
        id
        for id in life.live("hubspot", "contacts")
        if life.value("hubspot", "contacts", id, "smk_sync_state") == "held"
    ]
    assert HOLDS not in {one.cause for one in pauses(life.state)} or len(said) <= max(PEOPLE * MOST, 50)


def test_a_mapping_switched_on_for_dormant_leads_on_a_friday(life: Told) -> None:
    for n in range(DORMANT):
        values = {"email": f"dormant{n}@long-ago.example", "lastname": f"Dormant {n}", "lifecyclestage": "lead"}
        life.world.hubspot.seed("contacts", values)
    life.in_step()
    life.configure("person.create", {"salesforce": "has_email"})
    before = life.snapshot()
    for _ in range(3):
        stopped = life.sync()
        assert (stopped.status, stopped.changed) == ("paused", 0)
        assert "The configuration has changed" in stopped.message
        life.later()
    assert touched(before, life.snapshot(), but=OURS) == 0
