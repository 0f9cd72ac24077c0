"""The people of a simulated life: marketing in HubSpot, sales in Salesforce, and what they do to records.

Few addresses, so that records collide; mostly unique values, so that a lost update shows; sometimes repeated ones, so
that a value goes and comes back between two observations.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.memory import MemorySystem, Row
from connectors.port import Write
from tests.simulation.profile import Profile
from tests.simulation.words import PEOPLE
from tests.simulation.world import STAGES, STATUSES

EMAILS = [f"{name}@{domain}" for name in ("ann", "ben", "cyd") for domain in ("acme.example", "oak.example")]
NAMESAKES = [f"cyd@{domain}" for domain in ("acme.example", "oak.example", "elm.example")]
LAST = {"ann": "Abel", "ben": "Bosch", "cyd": "Curie"}
EDITED = ["phone", "phone", "phone", "title", "title", "stage", "opted_out", "opted_out", "email", "last_name"]


@dataclass
class People:
    """Everyone who works in the two systems."""

    rng: random.Random
    hubspot: MemorySystem
    salesforce: MemorySystem
    moves: bool
    """They merge and convert."""
    deletes: bool
    mark: Callable[[str], None]
    convert_lead: Callable[[str], object] | None = None
    """How a lead is converted where there is more than people."""
    titled: bool = False
    """Everybody whom they enter has a title."""
    addresses: Sequence[str] = tuple(EMAILS)
    """Those that people have."""
    _token: int = 0
    _doings: list[Callable[[MemorySystem], None]] = field(init=False)

    def __post_init__(self) -> None:
        doings: list[Callable[[MemorySystem], None]] = [*[self.edit] * 6, *[self.create] * 2]
        self._doings = doings
        self._doings += [self.delete, self.restore] if self.deletes else []
        self._doings += [self.merge, self.convert] if self.moves else []

    def live(self, profile: Profile) -> None:
        """As it is their kind of life."""
        self.titled = profile.missed
        if profile.namesakes:
            self.addresses = NAMESAKES
        if profile.agrees:
            self.change_their_minds()
        if profile.on_delete:
            self.tidy_up(again=profile.returns)

    def act(self) -> None:
        """Somebody does something somewhere; what the system refuses does not happen."""
        system = self.rng.choice([self.hubspot, self.salesforce])
        try:
            self.rng.choice(self._doings)(system)
        except ValueError:
            self.mark("refused to a person")

    def token(self) -> str:
        """A value to write into a field."""
        chance = self.rng.random()
        if chance < 0.2:
            return self.rng.choice(["x1", "x2"])
        self._token += 1
        if chance < 0.25:
            return f" v{self._token} "
        return f"v{self._token}" if chance < 0.97 else f"v{self._token} is far too long for the other system to hold"

    def create(self, system: MemorySystem) -> None:
        """A form, an import, a rep who types."""
        email = self.rng.choice(self.addresses)
        last = LAST[email.partition("@")[0]] if self.rng.random() < 0.93 else None
        if self.addresses is NAMESAKES:
            last = self.rng.choice([last, "Zuse"])
        phone, title = self.rng.choice([None, self.token()]), self.rng.choice([None, self.token(), self.token()])
        if self.titled:
            title = title or self.token()
        if system is self.hubspot:
            fields: dict[str, object] = {"email": email, "lastname": last, "phone": phone, "jobtitle": title}
            fields |= {"company": "Acme", "lifecyclestage": self.rng.choice(STAGES)}
            if self.rng.random() < (0.5 if self.addresses is NAMESAKES else 0.05):
                fields["hs_additional_emails"] = self.rng.choice(self.addresses)
            system.create("contacts", fields)
            return
        fields = {"Email": email, "LastName": last or "Unknown", "Phone": phone, "Title": title}
        object = self.rng.choice(["Lead", "Lead", "Contact"])
        if object == "Lead":
            fields |= {"Company": "Acme", "Status": self.rng.choice(STATUSES)}
        system.create(object, fields)

    def edit(self, system: MemorySystem) -> None:
        """One field of one record."""
        row = self._pick(system)
        if row is None:
            return
        hubspot = system is self.hubspot
        name = self.rng.choice(EDITED)
        value: object = self.token()
        if name == "phone" and self.rng.random() < 0.2:
            value = None
        elif name == "stage":
            if row.ref.object == "Contact":
                return
            value = self.rng.choice(STAGES if hubspot else STATUSES)
        elif name == "opted_out":
            value = self.rng.random() < 0.7
        elif name == "email":
            value = self.rng.choice(self.addresses)
        natives = {
            "phone": ("phone", "Phone"),
            "title": ("jobtitle", "Title"),
            "last_name": ("lastname", "LastName"),
            "stage": ("lifecyclestage", "Status"),
            "opted_out": ("@subscriptions", "HasOptedOutOfEmail"),
            "email": ("email", "Email"),
        }
        system.edit(row.ref.object, row.ref.id, {natives[name][not hubspot]: value})

    def delete(self, system: MemorySystem) -> None:
        """To the bin."""
        row = self._pick(system)
        if row is not None:
            system.delete(row.ref.object, row.ref.id)

    def lose(self, _: MemorySystem) -> None:
        """To the bin of Salesforce, which is one of a pair."""
        linked = [
            row
            for o in self._objects(self.salesforce)
            for row in self.salesforce.live(o)
            if "SMK_HubSpot_Id__c" in row.fields
        ]
        if linked:
            self.salesforce.delete(*self.rng.choice(linked).ref[1:])

    def restore(self, system: MemorySystem) -> None:
        """Out of the bin."""
        every = (row for object in self._objects(system) for row in system.rows[object].values())
        binned = [row for row in every if row.deleted and row.moved_to is None]
        if binned:
            row = self.rng.choice(binned)
            system.restore(row.ref.object, row.ref.id)

    def merge(self, system: MemorySystem) -> None:
        """Two records of one object become one."""
        winner = self._pick(system)
        loser = self._pick(system, winner.ref.object) if winner else None
        if winner is not None and loser is not None and winner is not loser:
            system.merge(winner.ref.object, winner.ref.id, loser.ref.id)

    def convert(self, _: MemorySystem) -> None:
        """A lead becomes a contact."""
        row = self._pick(self.salesforce, "Lead")
        if row is not None:
            self._convert(row)

    def _convert(self, row: Row) -> None:
        if self.convert_lead is not None:
            self.convert_lead(row.ref.id)
        else:
            self.salesforce.convert("Lead", row.ref.id, "Contact")

    def tidy_up(self, *, again: bool = False) -> None:
        """From now on they delete more than others, and who was deleted comes back by themselves; again: often."""
        self._doings += [self.lose, self.lose, *[self.fill_form] * 4] if again else [*[self.delete] * 4, self.fill_form]

    def change_their_minds(self) -> None:
        """From now on people opt out more than others, and agree again."""
        self._doings += [self.agree, self.agree, *[self.opt_out] * 2]

    def opt_out(self, system: MemorySystem) -> None:
        """No more mail."""
        if (row := self._pick(system)) is not None:
            system.edit(*row.ref[1:], {"@subscriptions" if system is self.hubspot else "HasOptedOutOfEmail": True})

    def agree(self, _: MemorySystem) -> None:
        """Somebody subscribes again in HubSpot, which shows how; sometimes not all of it, or an earlier time."""
        out = [row for row in self.hubspot.live("contacts") if row.fields.get("@subscriptions") is True]
        if not out:
            return
        at = self.hubspot.now() - (self.rng.choice([1_000_000, 90_000]) if self.rng.random() < 0.2 else 0)
        told: dict[str, object] = {
            "last_event": "signed up",
            "last_event_at": f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z",
            "last_event_source": "form",
            "legal_basis": "consent",
        }
        if self.rng.random() < 0.2:
            told[self.rng.choice(list(told))] = None
        self.hubspot.edit(*self.rng.choice(out).ref[1:], {"@subscriptions": False, **told})
        self.mark("agreed again")

    def come_back(self, email: str) -> None:
        """Somebody who was erased is there again, or not; not where somebody else has the address by now."""
        again = {"email": email, "lastname": "Again", "lifecyclestage": STAGES[2]}
        if self.rng.random() < 0.5 and self.hubspot.refusal("contacts", None, again) is None:
            self.hubspot.create("contacts", again)

    def fill_form(self, _: MemorySystem) -> None:
        """Somebody comes back by themselves."""
        row = self._pick(self.hubspot)
        if row is not None:
            told = datetime.fromtimestamp(self.hubspot.now() // 1000, UTC)
            self.hubspot.edit(*row.ref[1:], {"recent_conversion_date": f"{told:%Y-%m-%dT%H:%M:%S.000Z}"})

    def who(self) -> str | None:
        """The address of somebody who is there."""
        rows = [
            row for system in (self.hubspot, self.salesforce) for o in self._objects(system) for row in system.live(o)
        ]
        found = sorted({address for row in rows if isinstance(address := _address(row), str)})
        return self.rng.choice(found) if found else None

    def meddle(self, write: Write, *, gone: bool) -> bool:
        """Touch a record that is being written: one of its fields, or (`gone`) the record itself."""
        system = self.hubspot if write.object == "contacts" else self.salesforce
        if gone and write.id is None and self.rng.random() < 0.5:
            return self._meanwhile(system, write)
        row = system.rows[write.object].get(write.id) if write.id is not None else None
        if row is None and write.key is not None:
            row = system.holder(write.object, write.key.field, write.key.value)
        if row is None or row.deleted:
            return False
        if (gone or self.moves) and self.rng.random() < 0.3:
            like = [r for r in system.live(write.object) if r is not row and _address(r) == _address(row)]
            if self.deletes and gone and self.rng.random() < 0.5:
                system.delete(*row.ref[1:])
            elif self.moves and like and self.rng.random() < 0.7:
                system.merge(write.object, self.rng.choice(like).ref.id, row.ref.id)
            elif self.moves and row.ref.object == "Lead":
                self._convert(row)
            return True
        texts = [native for native in write.fields if native in ("phone", "jobtitle", "Phone", "Title")]
        native = self.rng.choice(texts or (["phone"] if system is self.hubspot else ["Phone"]))
        system.edit(*row.ref[1:], {native: self.token().strip()[:30]})
        return True

    def _meanwhile(self, system: MemorySystem, write: Write) -> bool:
        """Make by hand the record that is being made."""
        names = ("email", "lastname") if system is self.hubspot else ("Email", "LastName", "Company", "Status")
        fields = {name: write.fields[name] for name in names if name in write.fields}
        try:
            system.create(write.object, fields)
        except ValueError:
            self.mark("refused to a person")
        return True

    def again(self) -> bool:
        """Edit the Salesforce record that was touched last, perhaps within the same second."""
        rows = [row for name in self._objects(self.salesforce) for row in self.salesforce.live(name)]
        if not rows:
            return False
        row = max(rows, key=lambda row: (row.version, row.ref))
        self.salesforce.edit(*row.ref[1:], {self.rng.choice(["Phone", "Title"]): self.token().strip()[:30]})
        return True

    def _pick(self, system: MemorySystem, object: str | None = None) -> Row | None:
        rows = [row for name in ([object] if object else self._objects(system)) for row in system.live(name)]
        return self.rng.choice(rows) if rows else None

    def _objects(self, system: MemorySystem) -> list[str]:
        return [object for object in system.schemas if object in PEOPLE]


def _address(row: Row) -> object:
    value = row.fields.get("email") or row.fields.get("Email")
    return value.lower() if isinstance(value, str) else None
