"""One HubSpot account: its settings, its records, and what happens around every write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from sandbox.hubspot import writing
from sandbox.hubspot.consent import Consent
from sandbox.hubspot.defaults import schemas
from sandbox.hubspot.errors import Problem
from sandbox.hubspot.events import Behaviour
from sandbox.hubspot.links import Links, Spec
from sandbox.hubspot.lists import Lists
from sandbox.hubspot.owners import Owner
from sandbox.hubspot.pipelines import Pipelines
from sandbox.hubspot.rules import activity_counts
from sandbox.hubspot.schema import ENGAGEMENTS, TYPES, ObjectType
from sandbox.hubspot.store import Record, Records
from sandbox.hubspot.values import bare_domain
from sandbox.kernel import Caller, Fault, Kernel, Row

Automation = Callable[[str, Row, frozenset[str], Caller], dict[str, Any] | None]
"""object, row, names of the changed properties, who changed them → values to set, or None."""

_SOURCES = {
    "human": "CRM_UI",
    "integration": "INTEGRATION",
    "automation": "AUTOMATION_PLATFORM",
    "import": "IMPORT",
    "form": "FORM",
    "seed": "IMPORT",
    "calculated": "CALCULATED",
}
_FIRST_ID = 100_001
_FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "hotmail.com",
        "outlook.com",
        "icloud.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "aol.com",
    ]
)


class Portal:
    """The account's state.  The attributes that are not documented here are what their types say."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.clock = kernel.clock
        self.portal_id = 24_601_357
        self.time_zone = "Europe/Berlin"
        self.currency = "EUR"
        self.search_lag_ms = 3_000
        """Searches see the records as they were this long ago."""
        self.default_lifecycle: str | None = "lead"
        """Given to new contacts and companies; None: nothing is given."""
        self.associate_by_domain = False
        """A contact is linked to the company of its email domain, which becomes its primary company."""
        self.create_companies = False
        """With associate_by_domain: a company that is missing is made."""
        self.shuffle_results = True
        """Batch answers come in another order than the inputs."""
        self.automations: list[Automation] = []
        self.owners: dict[str, Owner] = {}
        self.blocked: set[str] = set()
        """Addresses of people who were deleted for good."""
        self.schemas = schemas()
        self.demanded: dict[str, set[str]] = {}
        """Object → properties without which no record is made (Create record form; it binds the API since 2026-09)."""
        self.validations: dict[tuple[str, str], dict[str, list[str]]] = {}
        """(object, property) → rule type → its arguments.  Kept and shown; nothing is refused by them."""
        self.records = {name: Records(name) for name in TYPES}
        for name, records in self.records.items():
            records.unique = {p: {} for p in self.schemas[name].unique_names() if p != "hs_object_id"}
        self.links = Links()
        self.pipelines = Pipelines()
        self.consent = Consent(self)
        self.behaviour = Behaviour()
        self.lists = Lists()
        self.reject: Fault | None = None
        """The `reject` fault that is in force during the present call."""
        self.withheld: frozenset[str] = frozenset()
        """Properties of emails that the present caller may not see."""
        self._rejected = False
        self._last_id = _FIRST_ID - 1
        self._domains: dict[str, str] = {}

    def next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def note_id(self, id: str) -> None:
        """An id that was chosen outside: later ones stay above it."""
        self._last_id = max(self._last_id, int(id))

    @staticmethod
    def source_type(by: str) -> str:
        return _SOURCES.get(by, "INTEGRATION")

    def begin_rejecting(self, fault: Fault | None) -> None:
        self.reject, self._rejected = fault, False

    def refused(self, values: dict[str, str]) -> list[Problem]:
        """The problem that a `reject` fault finds in these values.  Without a pattern one record per call is hit."""
        fault = self.reject
        if fault is None or (not fault.match and self._rejected):
            return []
        if not all(re.search(pattern, values.get(name) or "") for name, pattern in fault.match.items()):
            return []
        self._rejected = True
        fault.hits += 1
        name = next(iter(fault.match), next(iter(values), "email"))
        return [Problem(name, fault.code or "INVALID_OPTION", fault.message or f"{name} was not valid")]

    def unique_on(self, name: str, prop: str) -> None:
        """Starts the index of a property that has unique values."""
        self.records[name].unique.setdefault(prop, {})

    def add(
        self,
        type: ObjectType,
        clean: writing.Values,
        caller: Caller,
        links: Iterable[tuple[str, str, list[Spec]]] = (),
    ) -> Record:
        """Creates a record of prepared values, with its associations: object, id, types."""
        at = self.clock.now()
        row = writing.create(self, type, clean, caller, at)
        for other_type, other, specs in links:
            self.associate_rows(type.name, row.id, other_type, other, specs)
        self._after(type, row, frozenset(row.values), caller)
        return row

    def change(self, type: ObjectType, row: Record, clean: writing.Values, caller: Caller) -> set[str]:
        changed = writing.update(self, type, row, clean, caller, self.clock.now())
        if changed:
            self._after(type, row, frozenset(changed), caller)
        return changed

    def _after(self, type: ObjectType, row: Record, changed: frozenset[str], caller: Caller) -> None:
        if type.name == "companies" and "domain" in changed and row.values.get("domain"):
            self._domains.setdefault(row.values["domain"], row.id)
        if self.associate_by_domain and type.name == "contacts" and "email" in changed:
            self._join_company(row)
        for automation in self.automations:
            wanted = automation(type.name, row, changed, caller)
            if wanted:
                name = getattr(automation, "__name__", "automation")
                self._automate(type, row, wanted, Caller("automation", name))

    def _automate(self, type: ObjectType, row: Record, wanted: dict[str, Any], actor: Caller) -> None:
        """An automation whose values are refused does nothing: nobody is there to be told."""
        with suppress(writing.Invalid, writing.Taken):
            clean = writing.prepare(self, type, wanted, actor, row)
            writing.check_unique(self, type, clean, row.id)
            writing.update(self, type, row, clean, actor, self.clock.now())

    def _join_company(self, row: Record) -> None:
        domain = (row.values.get("email") or "").partition("@")[2]
        if not domain or domain in _FREE_MAIL or self.links.of("contacts", row.id, "companies"):
            return
        company = self.records["companies"].live(self._domains.get(domain, ""))
        actor = Caller("automation", "CompanyAssociation")
        if company is None and self.create_companies:
            company = self.add(TYPES["companies"], {"domain": domain, "name": domain}, actor)
        if company is not None:
            primary = self.links.primary("contacts", "companies")
            self.associate_rows("contacts", row.id, "companies", company.id, [primary] if primary else [])

    def note_domain(self, value: str, id: str) -> None:
        self._domains.setdefault(bare_domain(value), id)

    def associate_rows(self, a: str, id: str, b: str, other: str, specs: Iterable[Spec]) -> tuple[Spec, ...]:
        """Links two records; a new activity of a contact counts on the contact."""
        known = other in self.links.of(a, id, b)
        held = self.relink(a, id, b, other, specs)
        if not known:
            self._count_activity(a, id, b, other)
        return held

    def relink(self, a: str, id: str, b: str, other: str, specs: Iterable[Spec]) -> tuple[Spec, ...]:
        """Links two records without anything having happened between them."""
        held = self.links.link(a, id, b, other, specs)
        self.follow_primary(a, id, b, other)
        return held

    def _count_activity(self, a: str, id: str, b: str, other: str) -> None:
        if a == "contacts":
            a, id, b, other = b, other, a, id
        if a not in ENGAGEMENTS or b != "contacts":
            return
        activity, contact = self.records[a].live(id), self.records[b].live(other)
        if activity is not None and contact is not None:
            values = activity_counts(a, activity.values, contact.values)
            writing.stamp(self, TYPES["contacts"], contact, values, self.clock.now())

    def follow_primary(self, a: str, id: str, b: str, other: str) -> None:
        """Keeps `associatedcompanyid` of a contact equal to its primary company."""
        if {a, b} != {"contacts", "companies"}:
            return
        contact = id if a == "contacts" else other
        row = self.records["contacts"].live(contact)
        if row is None:
            return
        primary = self.links.primary("contacts", "companies")
        held = self.links.of("contacts", contact, "companies")
        company = next((c for c, specs in held.items() if primary in specs), "")
        if (row.values.get("associatedcompanyid") or "") != company:
            writing.stamp(self, TYPES["contacts"], row, {"associatedcompanyid": company}, self.clock.now())

    def bin(self, type: ObjectType, row: Record) -> None:
        """Into the bin, where it stays readable for 90 days; its unique values and links are free again."""
        records = self.records[type.name]
        held = list(self.links.all_of(type.name, row.id))
        row.extra = {**(row.extra or {}), "links": held}
        writing.release(records, type, row)
        records.archive(row, self.clock.now())
        for b, other, _ in held:
            self.links.unlink(type.name, row.id, b, other)
            self.follow_primary(b, other, type.name, row.id)

    def unbin(self, type: ObjectType, row: Record) -> None:
        records = self.records[type.name]
        records.restore(row, self.clock.now())
        writing.claim_again(records, type, row)
        for b, other, specs in (row.extra or {}).pop("links", []):
            if self.records[b].live(other):
                self.relink(type.name, row.id, b, other, specs)

    def purge(self, type: ObjectType, row: Record) -> None:
        """Deletes for good; the address can never come back."""
        records = self.records[type.name]
        email = (row.values.get("email") or "").lower()
        if email:
            self.blocked.add(email)
        if row.archived_at is None:
            self.bin(type, row)
        records.forget(row)
