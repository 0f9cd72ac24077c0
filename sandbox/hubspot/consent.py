"""Who may be sent what: subscriptions by address, and the opt-out from everything that the contact shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.hubspot import errors, writing
from sandbox.hubspot.codec import iso
from sandbox.hubspot.schema import TYPES
from sandbox.hubspot.store import Record
from sandbox.kernel import Caller

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

LEGAL = frozenset(
    (
        "LEGITIMATE_INTEREST_PQL",
        "LEGITIMATE_INTEREST_CLIENT",
        "LEGITIMATE_INTEREST_OTHER",
        "PERFORMANCE_OF_CONTRACT",
        "CONSENT_WITH_NOTICE",
        "NON_GDPR",
        "PROCESS_AND_STORE",
    )
)


@dataclass(slots=True)
class Subscription:
    """A kind of email that people may subscribe to."""

    id: str
    name: str
    description: str
    internal: bool = False
    created: int = 0

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "purpose": "Marketing",
            "communicationMethod": "Email",
            "isActive": True,
            "isDefault": True,
            "isInternal": self.internal,
            "createdAt": iso(self.created),
            "updatedAt": iso(self.created),
        }


class Status(NamedTuple):
    """What is known of one address and one subscription."""

    subscribed: bool
    at: int
    by: str
    legal_basis: str | None = None
    explanation: str | None = None


@dataclass(slots=True)
class _Person:
    by_subscription: dict[str, Status] = field(default_factory=dict)
    all: Status | None = None


class Consent:
    """Statuses are kept by address; a contact's hs_email_optout follows, and a seeded one is believed."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._people: dict[str, _Person] = {}
        self.subscriptions = {
            s.id: s
            for s in (
                Subscription("10001", "Marketing Information", "Marketing offers and updates."),
                Subscription("10002", "Newsletter", "What is new, once a month."),
                Subscription("10003", "Customer Service Communication", "Feedback requests and service messages."),
                Subscription("10004", "One to One", "One to One emails", True),
            )
        }

    def contact(self, email: str) -> Record | None:
        records = self._portal.records["contacts"]
        return records.live(records.unique["email"].get(writing.fold(email), ""))

    def opted_out(self, email: str) -> Status | None:
        """The opt-out from everything, if there is one."""
        person = self._people.get(writing.fold(email))
        if person and person.all is not None:
            return None if person.all.subscribed else person.all
        row = self.contact(email)
        if row is not None and row.values.get("hs_email_optout") == "true":
            return Status(False, row.created, "seed")
        return None

    def status(self, email: str, subscription: str) -> Status | None:
        """None: never specified."""
        out = self.opted_out(email)
        if out is not None:
            return out
        person = self._people.get(writing.fold(email))
        return person.by_subscription.get(subscription) if person else None

    def set(self, email: str, subscription: str, status: Status) -> None:
        """Raises Refusal when the address itself had opted out and an integration would subscribe it again."""
        former = self.status(email, subscription)
        by_themselves = former is not None and not former.subscribed and former.by in ("form", "human", "seed")
        if status.subscribed and status.by == "integration" and by_themselves:
            raise errors.invalid(
                f"Subscription {subscription} for {email} cannot be updated because they have unsubscribed"
            )
        person = self._people.setdefault(writing.fold(email), _Person())
        if status.subscribed and self.opted_out(email) is not None:
            person.all = Status(True, status.at, status.by)
            self._show(email, {"hs_email_optout": "false"}, status.by)
        person.by_subscription[subscription] = status
        self._show(email, {f"hs_email_optout_{subscription}": "false" if status.subscribed else "true"}, status.by)

    def told(self) -> Iterator[tuple[str, str, Status]]:
        """The last word of each address on each subscription; on all of them: an empty name."""
        for address, person in self._people.items():
            if person.all is not None:
                yield address, "", person.all
            for subscription, status in person.by_subscription.items():
                yield address, subscription, status

    def opt_out(self, email: str, by: str) -> Status:
        status = Status(False, self._portal.clock.now(), by)
        self._people.setdefault(writing.fold(email), _Person()).all = status
        self._show(email, {"hs_email_optout": "true"}, by)
        return status

    def opt_in(self, email: str, by: str) -> None:
        """Takes an opt-out from everything back."""
        person = self._people.setdefault(writing.fold(email), _Person())
        person.all = Status(True, self._portal.clock.now(), by)
        self._show(email, {"hs_email_optout": "false"}, by)

    def _show(self, email: str, values: dict[str, str], by: str) -> None:
        row = self.contact(email)
        if row is None:
            return
        type_ = TYPES["contacts"]
        known = self._portal.schemas["contacts"].properties
        values = {name: value for name, value in values.items() if name in known}
        if values:
            caller = Caller(by, "EMAIL_SUBSCRIPTION")
            writing.update(self._portal, type_, row, values, caller, self._portal.clock.now())
