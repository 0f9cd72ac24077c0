"""The default story of the sandbox, all kinds of it in step, and people who go on working in both systems."""

from __future__ import annotations

import random
from typing import Any

from sandbox.world import World
from tests.trust.lives import Careful

EDITED: dict[str, dict[str, dict[str, tuple[Any, ...]]]] = {
    "hubspot": {
        "contacts": {"phone": ("+49 30 5550", "+44 20 7946 0"), "city": ("Bonn", "York", None), "jobtitle": ("CFO",)},
        "companies": {"city": ("Bonn", "York", None), "phone": ("+49 30 5550",)},
        "deals": {"amount": ("1200", "99000.50"), "dealname": ("Roof", "Kitchen"), "dealstage": ("contractsent",)},
        "calls": {"hs_call_body": ("said yes", "said no")},
        "notes": {"hs_note_body": ("liked it", "wants two")},
        "tasks": {"hs_task_subject": ("Call back",)},
    },
    "salesforce": {
        "Lead": {"Phone": ("+49 40 7770", "+44 20 7946 1"), "City": ("Celle", None), "Title": ("CEO", "Owner")},
        "Contact": {"Phone": ("+49 40 7770",), "MailingCity": ("Celle", "Hull"), "Title": ("CEO", "Owner")},
        "Account": {"BillingCity": ("Celle", "Hull"), "Phone": ("+49 40 7770",)},
        "Opportunity": {"Amount": (1300, 88000.25), "Name": ("Stairs",), "StageName": ("Perception Analysis",)},
        "Task": {"Description": ("called", "no answer")},
    },
}  # fmt: skip
"""Side → object → field → what people enter."""


class Told(Careful):
    """One account of so many people; everything is synchronised."""

    def __init__(self, people: int, seed: int = 1) -> None:
        super().__init__()
        self.world = World(seed, people, self.clock)
        for kind in ("company", "deal", "activity"):
            self.raw[kind] = {"sync": True}
        self.raw["hubspot"]["base_url"] = self.world.hubspot_url
        self.raw["salesforce"]["login_url"] = self.world.salesforce_url

    def in_step(self) -> None:
        """Both sides are brought together, and come to rest."""
        self.sync("backfill", full=True)
        for _ in range(3):
            self.later()
            last = self.sync()
        assert last.changed == 0
        self.later()

    def live(self, side: str, object: str) -> list[str]:
        """The records that are there."""
        return [id for id, row in self.world.rows(side, object).items() if row.archived_at is None]

    def convert(self, rng: random.Random) -> None:
        """Sales converts a lead to a contact with an account and an opportunity."""
        users = self.world.rows("salesforce", "User")
        rows = self.world.rows("salesforce", "Lead")
        open_ = [id for id in self.live("salesforce", "Lead") if not rows[id].values.get("IsConverted")]
        active = {id for id, user in users.items() if user.values.get("IsActive")}
        working = [id for id in open_ if rows[id].values["OwnerId"] in active]
        self.world.salesforce.convert(rng.choice(working), self.human("salesforce"))

    def work(self, rng: random.Random, edits: int) -> None:
        """So many edits by people, on both sides, of all kinds; every tenth changes whose a record is."""
        for n in range(edits):
            side = rng.choice(sorted(EDITED))
            object = rng.choice(sorted(EDITED[side]))
            there = self.live(side, object)
            if not there:
                continue
            id = rng.choice(there)
            if n % 10 == 9 and object in ("contacts", "Contact", "deals", "Opportunity"):
                self.employ(
                    side,
                    object,
                    id,
                    (side, rng.choice(self.live(side, "companies" if side == "hubspot" else "Account"))),
                )
                continue
            name = rng.choice(sorted(EDITED[side][object]))
            value = rng.choice(EDITED[side][object][name])
            told = f"{value}{n}" if isinstance(value, str) and "stage" not in name.lower() else value
            try:
                self.edit(side, object, id, **{name: told})
            except ValueError:
                # A rule of the account refuses it.
                continue
            self.clock.advance(1_500)
        self.later()
