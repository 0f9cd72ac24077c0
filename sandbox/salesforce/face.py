"""The Salesforce face of the sandbox: its HTTP surface, and the same org for people who act in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import RLock
from typing import Any, TypeVar

import httpx

from sandbox.kernel import SEED, Caller, Change, Kernel, Row
from sandbox.salesforce import administration
from sandbox.salesforce.bootstrap import furnish
from sandbox.salesforce.dml import permissions, removal
from sandbox.salesforce.dml.convert import Conversion, convert
from sandbox.salesforce.dml.engine import LOCKED, Engine
from sandbox.salesforce.dml.merge import merge
from sandbox.salesforce.dml.rules import DuplicateRule, Rules, Trigger, ValidationRule
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import RecordError
from sandbox.salesforce.front import Front
from sandbox.salesforce.ids import normalise_id
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.schema import renderer, standard_org
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.storage import Store
from sandbox.salesforce.times import parse_datetime
from sandbox.salesforce.troubles import Troubles

T = TypeVar("T")


class Salesforce:
    """One org.  `handle` answers HTTP; the other methods are people and automations at work in it.

    Values are those of the JSON API: API names, text for dates, datetimes and ids.  A refusal is a ValueError whose
    text begins with the platform's code.
    """

    def __init__(self, kernel: Kernel, settings: Settings | None = None) -> None:
        self.kernel = kernel
        self.settings = settings or Settings()
        self.org = standard_org()
        self.store = Store(self.org)
        self.rules = Rules()
        self.engine = Engine(self.store, kernel.clock, self.settings, self.rules, kernel.rng)
        org_id, user_id = furnish(self.store, self.settings, kernel.clock.now())
        self.user_id = user_id
        """The integration user."""
        self.sessions = Sessions(org_id, kernel.clock, self.settings, kernel.rng)
        self.platform = Platform(
            kernel, self.settings, self.org, self.store, self.rules, self.engine, self.sessions, org_id, user_id,
            Troubles(kernel.faults),
        )  # fmt: skip
        self._front = Front(self.platform)
        self._lock = RLock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; raises Dropped or Hang where a fault says so.  Safe to call from several threads."""
        with self._lock:
            return self._front.handle(request)

    # Rules.

    @property
    def validation_rules(self) -> list[ValidationRule]:
        return self.rules.validation_rules

    @property
    def triggers(self) -> list[Trigger]:
        return self.rules.triggers

    @property
    def duplicate_rules(self) -> list[DuplicateRule]:
        return self.rules.duplicate_rules

    def install(self, rule: str) -> None:
        """Install a rule that is known by name (`dml.rules.NAMED`); ValueError for any other."""
        self.rules.install(rule)

    def add_record_types(
        self, object: str, types: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]], default: str
    ) -> dict[str, str]:
        """Developer name → label and picklist values offered; returns developer name → id."""
        return administration.add_record_types(self.store, object, types, default, self.kernel.clock.now())

    def use_currencies(self, *codes: str) -> None:
        """Several currencies; the first is the company's."""
        administration.use_currencies(self.store, codes)

    # Logging in without HTTP.

    def access_token(self) -> str:
        """A session of the integration user."""
        return self.sessions.open(self.user_id)

    def refresh_token(self) -> str:
        """A refresh token of the integration user for the known app."""
        return self.sessions.grant_refresh(self.user_id, self.settings.client_id)

    def private_key(self) -> str:
        """PEM that signs JWT assertions for the known app."""
        return self.sessions.private_key()

    # People.

    def seed(self, object: str, values: Mapping[str, Any], *, id: str | None = None, created: int | None = None) -> str:
        """Add a record as if it had always been there: no rule is asked, no history is kept."""
        shelf = self.store.shelf(object)
        stored = {**shelf.shape.defaults, **values}
        for name in shelf.shape.moments & values.keys():
            if isinstance(stored[name], str):
                stored[name] = parse_datetime(stored[name])
        stored.setdefault("CreatedById", self.user_id)
        stored.setdefault("LastModifiedById", self.user_id)
        if "OwnerId" in shelf.meta.fields:
            stored.setdefault("OwnerId", self.user_id)
        row = Row(id or self.store.new_id(object), stored, self.kernel.clock.now() if created is None else created)
        self.store.put(object, row)
        if object in permissions.CARRIERS:
            permissions.applied(self.org, object, row)
        return row.id

    def create(self, object: str, values: Mapping[str, Any], caller: Caller) -> str:
        """Create a record; returns its id."""
        return self._act(lambda: self.engine.insert(object, values, self._writer(caller)))

    def edit(self, object: str, id: str, values: Mapping[str, Any], caller: Caller) -> None:
        self._act(lambda: self.engine.update(object, _id(id), values, self._writer(caller)))

    def delete(self, object: str, id: str, caller: Caller) -> None:
        """Put a record into the recycle bin."""
        self._act(lambda: removal.delete(self.engine, object, _id(id), self._writer(caller)))

    def restore(self, object: str, id: str, caller: Caller) -> None:
        """Take a record out of the recycle bin."""
        self._act(lambda: removal.undelete(self.engine, object, _id(id), self._writer(caller)))

    def purge(self, object: str, id: str, caller: Caller) -> None:
        """Remove a record for good, from the bin as well."""
        self._act(lambda: removal.hard_delete(self.engine, object, _id(id), self._writer(caller)))

    def merge(self, object: str, winner: str, loser: str, caller: Caller) -> str:
        """Merge two records; returns the id of the survivor."""
        self._act(lambda: merge(self.engine, object, _id(winner), {}, [_id(loser)], self._writer(caller)))
        return _id(winner)

    def convert(
        self,
        lead_id: str,
        caller: Caller,
        account: str | None = None,
        contact: str | None = None,
        opportunity: bool = True,
        status: str = "Closed - Converted",
    ) -> dict[str, str | None]:
        """Convert a lead; returns accountId, contactId, leadId, opportunityId."""
        wish = Conversion(
            _id(lead_id), status, account and _id(account), contact and _id(contact), create_opportunity=opportunity
        )
        return self._act(lambda: convert(self.engine, wish, self._writer(caller)))

    def lock(self, object: str, id: str, locked: bool = True) -> None:
        """An approval process holds a record, or lets it go (Setup, Approval Processes: lock the record)."""
        row = self.engine.target(object, _id(id))
        row.extra = {**(row.extra or {}), LOCKED: locked}

    def get(self, object: str, id: str) -> dict[str, Any] | None:
        """Every field as the JSON API shows it, or None if there is no such record outside the bin."""
        row = self.store.live(object, _id(id))
        if row is None:
            return None
        return {f.name: renderer(f)(row) for f in self.org.objects[object].fields.values()}

    def history(self, object: str, id: str) -> list[Change]:
        """Every change of every field, oldest first; what was there from the start comes first."""
        row = self.store.find(object, _id(id))
        if row is None:
            return []
        creator = (row.extra or {}).get("creator", SEED)
        known = {change.field for change in row.history}
        first = [
            Change(row.created, name, value, creator.by, creator.actor)
            for name, value in row.values.items()
            if name not in known
        ]
        return sorted([*first, *row.history], key=lambda change: change.at)

    def _writer(self, caller: Caller) -> Writer:
        is_user = self.store.live("User", caller.actor) is not None
        return Writer(caller, caller.actor if is_user else self.user_id, allow_duplicates=False)

    def _act(self, work: Callable[[], T]) -> T:
        with self._lock:
            try:
                return self.store.attempt(work)
            except RecordError as refused:
                raise ValueError(str(refused)) from refused


def _id(text: str) -> str:
    return normalise_id(text) or text
