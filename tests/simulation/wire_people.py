"""The people of a life on the wire: in all kinds they make, edit, link, merge, convert, delete and opt out.

Most values are unique, so that every one that travels can be led back to the person who wrote it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

from connectors.port import Ref
from tests.scenarios.acting import FIRST, belong
from tests.scenarios.stage import Stage

EMAILS = [f"{name}@{domain}" for name in ("ann", "ben", "cyd") for domain in ("acme.example", "oak.example")]
LAST = {"ann": "Abel", "ben": "Bosch", "cyd": "Curie"}
DOMAINS = ("acme.example", "oak.example", "elm.example")
KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "person": {"hubspot": ("contacts",), "salesforce": ("Lead", "Contact")},
    "company": {"hubspot": ("companies",), "salesforce": ("Account",)},
    "deal": {"hubspot": ("deals",), "salesforce": ("Opportunity",)},
    "activity": {"hubspot": ("calls", "meetings", "notes", "tasks"), "salesforce": ("Task", "Event")},
}
TEXTS: dict[str, tuple[str, ...]] = {
    "contacts": ("jobtitle",),
    "Lead": ("Title",),
    "Contact": ("Title",),
    "companies": ("name", "city"),
    "Account": ("Name", "BillingCity"),
    "deals": ("dealname", "hs_next_step"),
    "Opportunity": ("Name", "NextStep"),
    "calls": ("hs_call_title",),
    "meetings": ("hs_meeting_title",),
    "notes": (),
    "tasks": ("hs_task_subject",),
    "Task": ("Subject",),
    "Event": ("Subject",),
}
"""Object → its fields of free text that people edit."""
BODIES = {
    "calls": "hs_call_body",
    "meetings": "hs_meeting_body",
    "notes": "hs_note_body",
    "tasks": "hs_task_body",
    "Task": "Description",
    "Event": "Description",
}
"""Where an activity keeps what was said."""
SAID = ("<p>a &amp; b</p><p>c</p>", "plain < text", "a\n  b", "<b>x</b>")
STAGES = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity")
STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
DEAL_STAGES = {
    "hubspot": ("appointmentscheduled", "qualifiedtobuy", "closedwon", "closedlost"),
    "salesforce": ("Prospecting", "Qualification", "Closed Won", "Closed Lost"),
}
OPT_OUT = "HasOptedOutOfEmail"


class People:
    """Everyone who works in both systems, as chance has it."""

    def __init__(self, rng: random.Random, stage: Stage, kinds: tuple[str, ...], moves: bool, deletes: bool) -> None:
        self.rng, self.stage, self.kinds = rng, stage, kinds
        self.opted: dict[str, int] = {}
        """Address → when people opted out by it."""
        self.deleted: dict[Ref, int] = {}
        self._token = 0
        self._deeds: list[Callable[[str], None]] = [*[self.edit] * 6, *[self.create] * 4, self.opt_out]
        self._deeds += [self.link] * 3 if len(kinds) > 1 else []
        self._deeds += [self.merge, self.convert] if moves else []
        self._deeds += [self.delete, self.restore] if deletes else []

    def act(self) -> None:
        """Somebody does something somewhere; what the system refuses does not happen."""
        with suppress(ValueError):
            self.rng.choice(self._deeds)(self.rng.choice(("hubspot", "salesforce")))

    def live(self, side: str, objects: tuple[str, ...]) -> list[Ref]:
        """The records of these objects that people see."""
        return [
            Ref(side, object, id)
            for object in objects
            for id, row in self.stage.world.rows(side, object).items()
            if row.archived_at is None and not row.values.get("IsConverted")
        ]

    def token(self) -> str:
        """A value that nobody ever wrote before."""
        self._token += 1
        return f"v{self._token}"

    def create(self, side: str) -> None:
        """A form, an import, a rep who types."""
        kind = self.rng.choice((*self.kinds, "person"))
        object = self.rng.choice(KINDS[kind][side])
        self._make(side, object, getattr(self, f"_{kind}")(side, object))

    def _make(self, side: str, object: str, values: dict[str, str]) -> None:
        made = str(self.stage.world.face(side).create(object, values, self.stage.human(side)))
        if object in KINDS["activity"][side]:
            self._belong(Ref(side, object, made))

    def _person(self, side: str, object: str) -> dict[str, str]:
        email = self.rng.choice(EMAILS)
        last = LAST[email.partition("@")[0]]
        if side == "hubspot":
            return {"email": email, "lastname": last, "jobtitle": self.token(), "lifecyclestage": self._one(STAGES)}
        more = {"Company": "Acme", "Status": self._one(STATUSES)} if object == "Lead" else {}
        return {"Email": email, "LastName": last, "Title": self.token(), **more}

    def _company(self, side: str, _: str) -> dict[str, str]:
        name, domain = self.token(), self._one(DOMAINS)
        if side == "hubspot":
            return {"name": name, "domain": domain, "lifecyclestage": "opportunity"}
        return {"Name": name, "Website": domain}

    def _deal(self, side: str, _: str) -> dict[str, str]:
        name, stage = self.token(), self._one(DEAL_STAGES[side])
        if side == "hubspot":
            return {"dealname": name, "dealstage": stage, "pipeline": "default", "closedate": "2027-01-31T12:00:00Z"}
        return {"Name": name, "StageName": stage, "CloseDate": "2027-01-31"}

    def _activity(self, side: str, object: str) -> dict[str, str]:
        first = object if side == "hubspot" else "meeting" if object == "Event" else self._one(("call", "task"))
        told = {TEXTS[object][0]: self.token()} if TEXTS[object] else {BODIES[object]: self._one(SAID)}
        return {**FIRST[first], **told}

    def _one(self, values: tuple[str, ...]) -> str:
        return self.rng.choice(values)

    def _any(self, side: str, *kinds: str) -> Ref:
        there = [ref for kind in kinds for ref in self.live(side, KINDS[kind][side])]
        if not there:
            raise ValueError("nobody is there")
        return self.rng.choice(there)

    def edit(self, side: str) -> None:
        """One field of one record."""
        ref = self._any(side, *self.kinds)
        field, value = self.rng.choice(TEXTS[ref.object] or (BODIES["notes"],)), self.token()
        if ref.object in ("contacts", "Lead") and self.rng.random() < 0.3:
            field, value = (
                ("lifecyclestage", self._one(STAGES)) if side == "hubspot" else ("Status", self._one(STATUSES))
            )
        elif ref.object in KINDS["deal"][side] and self.rng.random() < 0.3:
            field, value = ("dealstage" if side == "hubspot" else "StageName"), self._one(DEAL_STAGES[side])
        elif ref.object in BODIES and ref.object != "notes" and self.rng.random() < 0.3:
            field, value = BODIES[ref.object], self._one(SAID)
        elif ref.object == "Task" and self.rng.random() < 0.3:
            field, value = "Status", self._one(("Completed", "In Progress", "Not Started"))
        self.stage.world.face(side).edit(ref.object, ref.id, {field: value}, self.stage.human(side))

    def opt_out(self, side: str) -> None:
        """By a link in a mail, or told to sales."""
        ref = self._any(side, "person")
        values = self.stage.world.rows(side, ref.object)[ref.id].values
        if side == "salesforce":
            self.stage.world.salesforce.edit(ref.object, ref.id, {OPT_OUT: True}, self.stage.human(side))
        elif values.get("email"):
            self.stage.world.hubspot.opt_out(str(values["email"]), self.stage.human(side))
        address = values.get("email") or values.get("Email")
        if address:
            self.opted.setdefault(str(address).lower(), self.stage.clock.now())

    def link(self, side: str) -> None:
        """Somebody works for a company, a deal is a company's, an activity is about somebody."""
        what = self._any(side, *(kind for kind in self.kinds if kind != "company"))
        if what.object in KINDS["activity"][side]:
            self._belong(what)
            return
        if what.object == "Lead":
            raise ValueError("a lead has no account")
        company = self._any(side, "company")
        if side == "salesforce":
            self.stage.world.salesforce.edit(what.object, what.id, {"AccountId": company.id}, self.stage.human(side))
        else:
            human = self.stage.human(side)
            self.stage.world.hubspot.associate(what.object, what.id, "companies", company.id, human, primary=True)

    def _belong(self, what: Ref) -> None:
        other = self._any(what.system, "person")
        belong(self.stage, what.system, what.object, what.id, (other.object, other.id))

    def merge(self, side: str) -> None:
        """Two people of one object become one."""
        winner = self._any(side, "person")
        others = [ref for ref in self.live(side, (winner.object,)) if ref != winner]
        if others:
            loser = self.rng.choice(others)
            self.stage.world.face(side).merge(winner.object, winner.id, loser.id, self.stage.human(side))

    def convert(self, _: str) -> None:
        """A lead becomes a contact of an account, perhaps with a deal."""
        leads = self.live("salesforce", ("Lead",))
        if leads:
            deal = "deal" in self.kinds and self.rng.random() < 0.5
            lead = self.rng.choice(leads).id
            self.stage.world.salesforce.convert(lead, self.stage.human("salesforce"), opportunity=deal)

    def delete(self, side: str) -> None:
        """To the bin."""
        ref = self._any(side, *(kind for kind in self.kinds if kind != "activity"))
        self.stage.world.face(side).delete(ref.object, ref.id, self.stage.human(side))
        self.deleted[ref] = self.stage.clock.now()

    def restore(self, side: str) -> None:
        """Out of the bin."""
        gone = sorted(ref for ref in self.deleted if ref.system == side)
        if gone:
            ref = self.rng.choice(gone)
            self.stage.world.face(side).restore(ref.object, ref.id, self.stage.human(side))
            del self.deleted[ref]
