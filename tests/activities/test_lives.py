"""Short lives of activities by chance: people log, edit, move and delete on both sides, leads are converted, answers
are lost.  Afterwards all is quiet, nothing was made twice, and what is carried both ways says the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenarios.acting import FIRST, belong
from tests.scenarios.stage import MINUTE, Stage

TEXTS = {
    "calls": ("hs_call_title", "hs_call_body"),
    "emails": ("hs_email_subject", "hs_email_text"),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
    "notes": ("hs_note_body", "hs_note_body"),
    "tasks": ("hs_task_subject", "hs_task_body"),
    "Task": ("Subject", "Description"),
    "Event": ("Subject", "Description"),
}
OBJECTS = {"hubspot": tuple(TEXTS)[:5], "salesforce": tuple(TEXTS)[5:]}
PARENTS = {"hubspot": ("contacts", "companies"), "salesforce": ("Contact", "Lead", "Account")}
BODIES = ("<p>a &amp; b</p><p>c</p>", "plain < text", "a\n  b", "<b>x</b>")
KEYS = {"hubspot": "smk_crm_activity_id", "salesforce": "SMK_Key__c"}
BOTH_WAYS = ("tasks", "calls", "meetings")


class Life:
    """One world, and what happens in it by chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.stage = Stage()
        for kind in ("activity", "company", "deal"):
            self.stage.raw[kind] = {"sync": True}
        self.stage.begin()
        for n in range(3):
            stage = self.rng.choice(("lead", "marketingqualifiedlead"))
            self.make("hubspot", "contacts", lastname="X", email=f"p{n}@p.example", lifecyclestage=stage)
            self.make("salesforce", "Contact", LastName="X", Email=f"p{n + 1}@p.example")
        self.make("salesforce", "Lead", LastName="L", Company="C", Email="lead@p.example")
        self.make("hubspot", "companies", name="Acme", domain="acme.example")
        self.make("salesforce", "Account", Name="Acme", Website="acme.example")

    def make(self, side: str, object: str, **values: Any) -> str:
        return str(self.stage.world.face(side).create(object, values, self.stage.human(side)))

    def live(self, side: str, *objects: str) -> list[tuple[str, str]]:
        rows = self.stage.world.rows
        return [(o, id) for o in objects for id, row in rows(side, o).items() if row.archived_at is None]

    def happen(self) -> None:
        """One thing that somebody does."""
        side = self.rng.choice(("hubspot", "salesforce"))
        deed = self.rng.choices((self.log, self.edit, self.move, self.delete, self.convert), (6, 6, 2, 1, 1))[0]
        there = self.live(side, *OBJECTS[side])
        if deed == self.log or there:
            deed(side, *self.rng.choice(there or [("", "")]))

    def log(self, side: str, *_: str) -> None:
        kind = self.rng.choice(OBJECTS["hubspot"] if side == "hubspot" else ("call", "email", "task", "meeting"))
        object = kind if side == "hubspot" else "Event" if kind == "meeting" else "Task"
        subject, body = TEXTS[object]
        values = {**FIRST[kind], subject: f"T{self.rng.random()}", body: self.rng.choice(BODIES)}
        self.move(side, object, self.make(side, object, **values))

    def edit(self, side: str, object: str, id: str) -> None:
        new = {self.rng.choice(TEXTS[object]): f"E{self.rng.random()}\nz"}
        if object == "Task" and self.rng.random() < 0.5:
            new = {"Status": self.rng.choice(("Completed", "In Progress", "Not Started"))}
        self.stage.world.face(side).edit(object, id, new, self.stage.human(side))

    def move(self, side: str, object: str, id: str) -> None:
        leads = self.stage.world.rows("salesforce", "Lead")
        there = [
            p for p in self.live(side, *PARENTS[side]) if p[0] != "Lead" or not leads[p[1]].values.get("IsConverted")
        ]
        try:
            belong(self.stage, side, object, id, self.rng.choice(there))
        except ValueError as refused:
            assert "lead" in str(refused), refused

    def delete(self, side: str, object: str, id: str) -> None:
        self.stage.world.face(side).delete(object, id, self.stage.human(side))

    def convert(self, *_: str) -> None:
        rows = self.stage.world.rows("salesforce", "Lead")
        for _object, lead in self.live("salesforce", "Lead")[:1]:
            if not rows[lead].values.get("IsConverted"):
                self.stage.world.salesforce.convert(lead, self.stage.human("salesforce"), opportunity=True)

    def play(self) -> None:
        for _ in range(5):
            for _ in range(self.rng.randrange(1, 6)):
                self.happen()
            self.stage.clock.advance(self.rng.choice((0, 1, MINUTE, 2 * MINUTE)))
            if self.rng.random() < 0.4:
                side, lost = self.rng.choice(tuple(OBJECTS)), self.rng.choice(("lost_after", "lost_before"))
                self.stage.trouble(
                    side, lost, {"path": "^(POST|PATCH) .*/(composite|batch/(create|update))", "times": "1"}
                )
            assert self.stage.sync().accounted
        self.stage.world.faults.clear()
        for _ in range(3):
            self.stage.clock.advance(25 * MINUTE)
            self.stage.sync("backfill", full=True)


@pytest.fixture(params=range(4))
def life(request: pytest.FixtureRequest) -> Iterator[Life]:
    made = Life(request.param)
    try:
        made.play()
        yield made
    finally:
        made.stage.close()


def test_a_life_ends_quietly_with_everything_once_and_the_same_on_both_sides(life: Life) -> None:
    stage = life.stage
    before = stage.snapshot()
    stage.clock.advance(2 * MINUTE)
    assert not stage.sync().changed
    assert stage.snapshot() == before
    for side, objects in OBJECTS.items():
        rows = [row for object in objects for row in stage.world.rows(side, object).values()]
        named = Counter(key for row in rows if (key := row.values.get(KEYS[side])))
        assert set(named.values()) <= {1}
    compared = stage.sync("reconcile", compare=True).comparison or {}
    left = [line for line in compared["remaining"] if line["object"] == "activity"]
    differing = [line for line in left if line["field"] in ("subject", "body", "status", "person", "starts", "ends")]
    assert not [id for line in differing for id in line["ids"] if any(f"/{o}/" in id for o in (*BOTH_WAYS, "Task"))]
