"""Salesforce behind the port."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import httpx

from connectors.door import Budget, Called, Clock, Door, wire
from connectors.furniture import Furnishing, ViewSpec
from connectors.port import (
    Cursor,
    Erasure,
    FieldSpec,
    Interactions,
    Key,
    Outcome,
    Owner,
    Page,
    Past,
    Problem,
    Record,
    Schema,
    Traits,
    Usage,
    Write,
)
from connectors.salesforce.api import Api
from connectors.salesforce.changes import GRAIN, Changes
from connectors.salesforce.checking import Checker
from connectors.salesforce.collection import MOST
from connectors.salesforce.describing import Describer
from connectors.salesforce.erasing import erase
from connectors.salesforce.furnishing import Furnisher
from connectors.salesforce.history import TOLD, History
from connectors.salesforce.provisioning import Provisioner
from connectors.salesforce.reading import Reader
from connectors.salesforce.rehearsing import Rehearser
from connectors.salesforce.responses import SOURCES, responses
from connectors.salesforce.rows import SYSTEM, Shape
from connectors.salesforce.settings import Settings
from connectors.salesforce.writing import Writer

STRIDE = 20 * MOST
"""Beyond 2,000 writes a Bulk job takes fewer calls than batches do; looking before and after goes by 2,000 as well."""


class Salesforce:
    """One Salesforce org.

    `door` leads to `settings.login_url`; the connector gives it its token and its manners.  `on_token` is called with
    each new refresh token and must store it before it returns.

    `compare_and_set` is False although up to 25 updates at once are guarded by the platform itself: larger batches
    rest on a look at the stamps just before, and stamps are whole seconds on every road.
    """

    name = SYSTEM

    def __init__(self, settings: Settings, door: Door, on_token: Callable[[str], None] | None = None) -> None:
        self.door = door
        self.traits = Traits(
            batch=MOST, grain=GRAIN, lag=settings.lag_ms, compare_and_set=False, history=False, stride=STRIDE, told=TOLD
        )
        self._api = Api(settings, door, on_token)
        self._describer = Describer(self._api)
        self._reader = Reader(self._api)
        self._history = History(self._api)
        self._changes = Changes(self._api, self._describer, self._reader)
        self._writer = Writer(self._api, self._reader, self._describer)
        self._provisioner = Provisioner(self._api, self._describer)
        self._rehearser = Rehearser(self._api)
        self._furnisher = Furnisher(self._api)
        self._checker = Checker(self._api, self._describer)

    @classmethod
    def open(
        cls,
        settings: Mapping[str, Any],
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        budget: Budget | None = None,
        on_call: Callable[[Called], None] | None = None,
        on_token: Callable[[str], None] | None = None,
        parallel: int = 4,
    ) -> Salesforce:
        """`settings`: the names of `Settings`.  Raises `Misconfigured`."""
        chosen = Settings.of(settings)
        door = Door(
            cls.name,
            chosen.login_url,
            clock=clock,
            transport=transport or wire(chosen.login_url),
            budget=budget,
            on_call=on_call,
            parallel=parallel,
        )
        return cls(chosen, door, on_token)

    def account(self) -> str:
        """The org's id."""
        return self._api.org_id()

    def describe(self, object: str) -> Schema:
        """As `Connector.describe`."""
        return self._describer.schema(object)

    def owners(self) -> Sequence[Owner]:
        """Users and queues."""
        return self._describer.owners()

    def provision(self, specs: Sequence[FieldSpec]) -> Sequence[str]:
        """Create missing custom fields, and grant them through the permission set `Smarketing_Sync`."""
        return self._provisioner.provision(specs)

    def furnish(
        self, objects: Sequence[str], views: Sequence[ViewSpec], sources: Collection[str], *, apply: bool
    ) -> Sequence[Furnishing]:
        """The permission set `Smarketing_Sync` with its object rights, and list views."""
        return self._furnisher.furnish(objects, views, sources, apply=apply)

    def check(self, objects: Sequence[str], sources: Collection[str] = ()) -> Sequence[Problem]:
        """As `Connector.check`."""
        return self._checker.check(objects, sources)

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """As `Connector.changes`; a field of a parent is asked for by dot: `Account.Name`."""
        return self._changes.pages(object, fields, since)

    def sources(self) -> Mapping[str, frozenset[str]]:
        """Responses to campaigns."""
        return SOURCES

    def interactions(self, source: str, since: Cursor | None, ids: Sequence[str] = ()) -> Iterator[Interactions]:
        """See `connectors.salesforce.responses`."""
        return responses(self._changes, source, since)

    def read(
        self, object: str, fields: Sequence[str], *, ids: Sequence[str] = (), keys: Sequence[Key] = ()
    ) -> Iterator[Record]:
        """As `Connector.read`."""
        shape = Shape(object, fields)
        yield from self._reader.by_ids(shape, ids)
        yield from self._reader.by_keys(shape, keys)

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Of the fields whose history is tracked."""
        told = self._history.of(object, ids, fields)
        return {id: {name: values[0].at for name, values in by_field.items()} for id, by_field in told.items()}

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> Mapping[str, Mapping[str, Any]]:
        """Nothing: Salesforce keeps history of few fields, late and only where an administrator asked for it."""
        return {}

    def history(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Past]]]:
        """Of tracked fields, and of an opportunity's stage, amount, close date and probability."""
        return self._history.of(object, ids, fields)

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """As `Connector.write`.  More than a batch at once is welcome: thousands become one Bulk job."""
        return self._writer.run(writes, fields)

    def rehearse(self, writes: Sequence[Write]) -> Iterator[Outcome | None]:
        """Each in a transaction that is rolled back.  Automations run; what they did elsewhere stays done."""
        return self._rehearser.run(writes)

    def erase(self, object: str, id: str) -> Erasure:
        """Delete, and empty the bin of it."""
        return erase(self._api, object, id)

    def close(self) -> None:
        """Let go of connections."""
        self.door.close()

    def leave(self, share: float) -> None:
        """As `Connector.leave`."""
        self.door.budget.keep = share

    def usage(self) -> Usage:
        """As `Connector.usage`; the daily numbers come from Sforce-Limit-Info."""
        return self.door.usage()
