"""What every resource works with: the org's data, rules, sessions, cursors and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sandbox.kernel import Caller, Kernel
from sandbox.salesforce.dml.engine import Engine
from sandbox.salesforce.dml.rules import Rules
from sandbox.salesforce.dml.writer import Writer
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Call
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.schema import ObjectMeta, Org
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.soql import Result
from sandbox.salesforce.storage import Store, View
from sandbox.salesforce.troubles import Troubles

HOUR_MS = 3_600_000


class Usage:
    """API requests of the last 24 hours, counted by the hour."""

    def __init__(self) -> None:
        self._hours: dict[int, int] = {}

    def add(self, now: int, calls: int = 1) -> None:
        hour = now // HOUR_MS
        self._hours[hour] = self._hours.get(hour, 0) + calls
        if len(self._hours) > 48:
            self._hours = {h: n for h, n in self._hours.items() if h > hour - 24}

    def used(self, now: int) -> int:
        hour = now // HOUR_MS
        return sum(n for h, n in self._hours.items() if h > hour - 24)


@dataclass(slots=True)
class Cursor:
    """A query whose pages are being read."""

    result: Result
    made: int
    page: int
    resource: str
    """query, queryAll or tooling/query."""


@dataclass(slots=True)
class Platform:
    """One org behind its API."""

    kernel: Kernel
    settings: Settings
    org: Org
    store: Store
    rules: Rules
    engine: Engine
    sessions: Sessions
    org_id: str
    user_id: str
    """The integration user: who tokens are for unless a flow names another user."""
    troubles: Troubles
    usage: Usage = field(default_factory=Usage)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    """Bulk jobs by id, ingest and query."""
    pending: list[Any] = field(default_factory=list)
    """Ingest jobs whose upload is closed and whose rows are not yet carried out."""
    _counts: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return self.kernel.clock.now()

    @property
    def rng(self) -> Random:
        return self.kernel.rng

    def next_id(self, prefix: str) -> str:
        """An id for what is not a record: a cursor, a job."""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return make_id(prefix, self._counts[prefix])

    def view(self, call: Call) -> View:
        user = self.store.find("User", call.user_id)
        zone = (user.values.get("TimeZoneSidKey") if user else None) or "GMT"
        return View(self.store, call.user_id, self.now, call.root, zone)

    def object(self, name: str, call: Call) -> ObjectMeta:
        """The object that a path names; 404 for any other, and for one that the caller may not read."""
        meta = self.org.seen(name, call.user_id)
        if meta is None or meta.tooling:
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return meta

    def writer(self, call: Call, textual: bool = False) -> Writer:
        """Who writes in this call, with the options of its headers."""
        options = parse_options(call.header("sforce-duplicate-rule-header"))
        return Writer(
            caller=Caller("integration", call.user_id),
            user_id=call.user_id,
            sees=call.user_id,
            allow_duplicates=options.get("allowsave", "").lower() == "true",
            auto_assign=(call.header("sforce-auto-assign") or "TRUE").upper() != "FALSE",
            textual=textual,
            refuse=self.troubles.for_call(),
        )


def parse_options(header: str | None) -> Mapping[str, str]:
    """`a=b; c=d` → names in lower case."""
    parts = (part.partition("=") for part in (header or "").replace(",", ";").split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}
