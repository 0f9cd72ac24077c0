"""Who works with companies, deals and activities in a simulated life, and what they do to them.

Names and words are unique, so that every one that travels can be led back to who wrote it; websites are few, so that
companies meet.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.memory import MemorySystem, Row
from connectors.port import Ref, Write
from tests.simulation.trade import DEAL_STAGES, DOMAINS, FIELDS, KIND, LINKS, OBJECTS, STATUSES

DAN, EVE = "dan@elm.example", "eve@oak.example"
DAY = "2027-01-31"
NOON = f"{DAY}T12:00:00Z"
SORTS: dict[str, dict[str, object]] = {
    "calls": {"hs_timestamp": NOON},
    "notes": {"hs_timestamp": NOON},
    "tasks": {"hs_timestamp": NOON, "hs_task_status": "NOT_STARTED"},
    "meetings": {"hs_meeting_start_time": NOON, "hs_meeting_end_time": f"{DAY}T13:00:00Z"},
    "call": {"TaskSubtype": "Call", "Status": "Completed", "ActivityDate": DAY},
    "task": {"TaskSubtype": "Task", "Status": "Not Started", "ActivityDate": DAY},
    "Event": {"StartDateTime": NOON, "EndDateTime": f"{DAY}T13:00:00Z"},
}
MADE = {"hubspot": ("calls", "notes", "tasks", "meetings"), "salesforce": ("call", "task", "Event")}
"""The sorts of activities that people make."""
ON_TASK = ("call", "task")
PEOPLE = {"hubspot": ("contacts",), "salesforce": ("Contact", "Lead")}


@dataclass
class Traders:
    """Everyone who works with more than people."""

    rng: random.Random
    hubspot: MemorySystem
    salesforce: MemorySystem
    kinds: Sequence[str]
    moves: bool
    """They merge."""
    deletes: bool
    mark: Callable[[str], None]
    _token: int = 0
    _doings: list[Callable[[MemorySystem], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._doings = [*[self.create] * 4, *[self.edit] * 5, *[self.link] * 4]
        self._doings += [self.delete, self.restore] if self.deletes else []
        self._doings += [self.merge] if self.moves else []
        self._doings += [self.win] * 3 if self.moves and "deal" in self.kinds else []

    def act(self) -> None:
        """Somebody does something somewhere; what the system refuses does not happen."""
        system = self.rng.choice([self.hubspot, self.salesforce])
        try:
            self.rng.choice(self._doings)(system)
        except ValueError:
            self.mark("refused to a person")

    def begin(self) -> None:
        """What was there before anybody synchronised: two companies, somebody both sides know, and what there is of
        them."""
        if "deal" in self.kinds:
            self.hubspot.create("contacts", {"email": DAN, "lastname": "Dee", "lifecyclestage": "opportunity"})
            self.salesforce.create("Contact", {"Email": DAN, "LastName": "Dee"})
            lead = {"Email": EVE, "LastName": "Eis", "Company": "Oak", "Status": "Working - Contacted"}
            if self.salesforce.refusal("Lead", None, lead) is not None:
                # The option is gone.
                lead["Status"] = "Open - Not Contacted"
            self.salesforce.create("Lead", lead)
        for website in self.rng.sample(DOMAINS, 2):
            self._company(self.rng.choice([self.hubspot, self.salesforce]), website)
        for kind in self.kinds[1:]:
            for _ in range(self.rng.randint(1, 2)):
                (self._deal if kind == "deal" else self._activity)(self.rng.choice([self.hubspot, self.salesforce]))

    def token(self) -> str:
        """A value that nobody wrote before."""
        self._token += 1
        return f"t{self._token}"

    def create(self, system: MemorySystem) -> None:
        """A company, a deal of somebody's, a call with somebody."""
        kind = self.rng.choice(self.kinds)
        if kind == "company":
            self._company(system, self.rng.choice([*DOMAINS, None]))
        elif kind == "deal":
            self._deal(system)
        else:
            self._activity(system)

    def _company(self, system: MemorySystem, website: str | None) -> str:
        if system is self.hubspot:
            stage = self.rng.choice(["lead", "opportunity", "opportunity", "opportunity"])
            return system.create("companies", {"name": self.token(), "domain": website, "lifecyclestage": stage})
        return system.create("Account", {"Name": self.token(), "Website": website, "BillingCity": self.token()})

    def _deal(self, system: MemorySystem) -> None:
        stage = self.rng.choice(list(DEAL_STAGES[system.name]))
        people = sorted(row.ref.id for row in self._some(system, PEOPLE[system.name][:1]))
        companies = system.live(OBJECTS["company"][system.name][0])
        company = self.rng.choice([*companies, None])
        fields: dict[str, object] = {"@contacts": people} if people else {}
        if system is self.hubspot:
            fields |= {"dealname": self.token(), "dealstage": stage, "pipeline": "default", "closedate": NOON}
            system.create("deals", {**fields, **({"@company": company.ref.id} if company else {})})
            return
        fields |= {"Name": self.token(), "StageName": stage, "CloseDate": DAY, "Amount": self.rng.choice([None, 100])}
        system.create("Opportunity", {**fields, **({"AccountId": company.ref.id} if company else {})})

    def _activity(self, system: MemorySystem) -> None:
        sort = self.rng.choice(MADE[system.name])
        object = "Task" if sort in ON_TASK else sort
        fields = {FIELDS[object][name]: self.token() for name in ("subject", "body") if name in FIELDS[object]}
        people = [row for object in PEOPLE[system.name] for row in system.live(object)]
        who = self.rng.choice([*people, None])
        if who is not None:
            fields |= {"WhoId": who.ref.id} if system is self.salesforce else {"@contacts": [who.ref.id]}  # type: ignore[dict-item]
        system.create(object, {**SORTS[sort], **fields})

    def edit(self, system: MemorySystem) -> None:
        """One field of one record."""
        row = self._pick(system)
        if row is None:
            return
        name = self.rng.choice(sorted(FIELDS[row.ref.object]))
        system.edit(*row.ref[1:], {FIELDS[row.ref.object][name]: self._value(system.name, name)})

    def _value(self, side: str, name: str) -> object:
        if name == "stage":
            return self.rng.choice(list(DEAL_STAGES[side]))
        if name == "status":
            return self.rng.choice(list(STATUSES[side]))
        if name == "domain":
            return self.rng.choice(DOMAINS)
        if name == "amount":
            return self.rng.choice([None, 100, 250, 1_000])
        return self.token()

    def link(self, system: MemorySystem) -> None:
        """Somebody works for a company, a deal is a company's, an activity is about somebody."""
        objects = [o for o in system.schemas if o in LINKS and (KIND.get(o, "company") in self.kinds)]
        row = self._pick(system, objects)
        if row is None:
            return
        native, kind = LINKS[row.ref.object][self.rng.choice(sorted(LINKS[row.ref.object]))]
        spec = system.schemas[row.ref.object].fields[native]
        found = self._some(system, [o for o in spec.references if o in system.schemas])
        if spec.type == "references":
            held = row.fields.get(native) or []
            ids = [r.ref.id for r in found] if kind == "person" else []
            value: object = sorted({*held, *ids}) if row.ref.object in ("deals", "Opportunity") else ids[:1]
        else:
            value = found[0].ref.id if found else None
        if value:
            system.edit(*row.ref[1:], {native: value})

    def delete(self, system: MemorySystem) -> None:
        """To the bin."""
        row = self._pick(system)
        if row is not None:
            system.delete(*row.ref[1:])

    def restore(self, system: MemorySystem) -> None:
        """Out of the bin."""
        binned = [
            row
            for object in system.schemas
            if object in KIND
            for row in system.rows[object].values()
            if row.deleted and row.moved_to is None
        ]
        if binned:
            system.restore(*self.rng.choice(binned).ref[1:])

    def merge(self, system: MemorySystem) -> None:
        """Two companies become one, or two of HubSpot's deals."""
        objects = ["companies", "deals"] if system is self.hubspot else ["Account"]
        winner = self._pick(system, [o for o in objects if o in system.schemas])
        others = [row for row in system.live(winner.ref.object) if row is not winner] if winner else []
        if winner is not None and others:
            system.merge(winner.ref.object, winner.ref.id, self.rng.choice(others).ref.id)

    def win(self, _: MemorySystem) -> None:
        """Sales has somebody to talk to."""
        leads = self.salesforce.live("Lead")
        if leads:
            self.convert(self.rng.choice(leads).ref.id)

    def convert(self, lead: str) -> None:
        """A lead becomes a contact of an account, perhaps with a deal."""
        system = self.salesforce
        known = self._some(system, ("Account",)) if self.rng.random() < 0.5 else []
        account = known[0].ref.id if known else system.create("Account", {"Name": self.token()}, "convert")
        contact = system.convert("Lead", lead, "Contact", {"AccountId": account})
        made = [Ref(system.name, "Account", account)]
        if "deal" in self.kinds and self.rng.random() < 0.6:
            self.mark("converted with a deal")
            fields = {"Name": self.token(), "StageName": "Prospecting", "CloseDate": DAY, "AccountId": account}
            deal = system.create("Opportunity", {**fields, "@contacts": [contact.id]}, "convert")
            made.append(Ref(system.name, "Opportunity", deal))
        row = system.rows["Lead"][lead]
        row.converted = (contact, *made)
        ids = {f"Converted{ref.object}Id": ref.id for ref in row.converted}
        system.edit("Lead", lead, {"ConvertedDate": DAY, **ids}, "convert")

    def meddle(self, write: Write, *, gone: bool) -> bool:
        """Touch a record that is being written: one of its fields, or (`gone`) the record itself."""
        system = self.hubspot if write.object in self.hubspot.schemas else self.salesforce
        row = system.rows[write.object].get(write.id) if write.id is not None else None
        if row is None and write.key is not None:
            row = system.holder(write.object, write.key.field, write.key.value)
        if row is None or row.deleted:
            return False
        if gone and self.deletes and self.rng.random() < 0.3:
            system.delete(*row.ref[1:])
            return True
        name = self.rng.choice(sorted(FIELDS[write.object]))
        system.edit(*row.ref[1:], {FIELDS[write.object][name]: self._value(system.name, name)})
        return True

    def _pick(self, system: MemorySystem, objects: Sequence[str] | None = None) -> Row | None:
        wanted = [object for object in system.schemas if object in KIND] if objects is None else objects
        rows = [row for object in wanted for row in system.live(object)]
        return self.rng.choice(rows) if rows else None

    def _some(self, system: MemorySystem, objects: Sequence[str]) -> list[Row]:
        """One or two live records of these objects, or none."""
        rows = [row for object in objects for row in system.live(object)]
        many = min(len(rows), self.rng.choice([0, 1, 1, 2]))
        return self.rng.sample(rows, many)
