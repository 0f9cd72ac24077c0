"""HubSpot behind the port, through its official client and the one door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import httpx

from connectors.door import Budget, Called, Clock, Door, wire
from connectors.errors import Misconfigured
from connectors.furniture import Furnishing, ViewSpec
from connectors.hubspot import auth, checkup, paths, rows, schema
from connectors.hubspot.api import Api
from connectors.hubspot.behaviour import SOURCES, Behaviour
from connectors.hubspot.erasing import erase
from connectors.hubspot.history import BATCH as TOLD
from connectors.hubspot.history import History
from connectors.hubspot.links import Links
from connectors.hubspot.listing import Lister
from connectors.hubspot.manners import HubSpotManners, windows
from connectors.hubspot.reading import BATCH, Reader
from connectors.hubspot.writing import Writer
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

LAG_MS = 600_000
"""The search index lags by seconds as a rule; ten minutes cover a bad day (search guide names no bound)."""
BIN_EVERY_MS = 900_000


class HubSpot:
    """The connector.  Make one with `HubSpot.open`."""

    name = rows.SYSTEM

    def __init__(
        self,
        door: Door,
        *,
        api: str = paths.NUMBERED,
        lag: int = LAG_MS,
        bin_every: int = BIN_EVERY_MS,
        bin_due: bool = False,
    ) -> None:
        if api not in paths.VERSIONS:
            raise Misconfigured(f"[hubspot] api is {api!r}; expected one of {', '.join(paths.VERSIONS)}")
        # Deleted records are reported when the bin is read, which is not at every call of `changes`.
        self.traits = Traits(
            batch=BATCH, grain=1, lag=lag, compare_and_set=False, history=True, bin_visible=bin_every == 0, told=TOLD
        )
        self.door = door
        self._api = Api(door, api)
        links = Links(self._api)
        self._reader = Reader(self._api, links)
        self._history = History(self._api)
        self._lister = Lister(self._api, self._reader, links, lag=lag, bin_every_ms=bin_every, bin_due=bin_due)
        self._behaviour = Behaviour(self._api)
        self._writer = Writer(self._api, self._reader, links)

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
    ) -> HubSpot:
        """`settings`: base_url; access_token, or client_id, client_secret and refresh_token; api, calls_per_10_s,
        searches_per_s, lag_ms, bin_every_ms, bin_due.  `on_token` is given a refresh token that HubSpot has rotated."""
        base_url = str(settings.get("base_url") or "https://api.hubapi.com")
        api = str(settings.get("api") or paths.NUMBERED)
        token, renewal = auth.token(settings, api, on_token)
        door = Door(
            cls.name,
            base_url,
            clock=clock,
            transport=transport or wire(base_url),
            manners=HubSpotManners(),
            windows=windows(int(settings.get("calls_per_10_s", 190)), int(settings.get("searches_per_s", 5))),
            budget=budget,
            token=token,
            on_call=on_call,
            parallel=parallel,
        )
        if renewal is not None:
            renewal.door = door
        lag, bin_every = settings.get("lag_ms", LAG_MS), settings.get("bin_every_ms", BIN_EVERY_MS)
        due = bool(settings.get("bin_due"))
        return cls(door, api=api, lag=int(lag), bin_every=int(bin_every), bin_due=due)

    def account(self) -> str:
        """The Hub ID."""
        return self._api.account()

    def describe(self, object: str) -> Schema:
        """Properties, and the pseudo-fields `@subscriptions`, `@company`, `@contact`, `@deal`."""
        return schema.describe(self._api, object)

    def owners(self) -> Sequence[Owner]:
        """Archived ones included."""
        return schema.owners(self._api)

    def provision(self, specs: Sequence[FieldSpec]) -> Sequence[str]:
        """In the group "Sales alignment"."""
        return schema.provision(self._api, specs)

    def furnish(
        self, objects: Sequence[str], views: Sequence[ViewSpec], sources: Collection[str], *, apply: bool
    ) -> Sequence[Furnishing]:
        """Nothing: scopes are granted where the app is kept, and HubSpot offers no public call for saved views."""
        return ()

    def check(self, objects: Sequence[str], sources: Collection[str] = ()) -> Sequence[Problem]:
        """Token, scopes, objects, owners, limits."""
        return checkup.check(self._api, self.door.token, objects, sources)

    def changes(self, object: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """The list, then the bin; or a search by time."""
        return self.door.ahead(self._lister.changes(object, fields, since))

    def sources(self) -> Mapping[str, frozenset[str]]:
        """Page views (of one contact at a time), form submissions, e-mail events."""
        return SOURCES

    def interactions(self, source: str, since: Cursor | None, ids: Sequence[str] = ()) -> Iterator[Interactions]:
        """See `connectors.hubspot.behaviour`."""
        return self._behaviour.of(source, since, ids)

    def read(
        self, object: str, fields: Sequence[str], *, ids: Sequence[str] = (), keys: Sequence[Key] = ()
    ) -> Iterator[Record]:
        """Batch reads; an id that is missing costs one more call."""
        yield from self._reader.by_ids(object, fields, ids)
        yield from self._reader.by_keys(object, fields, keys)

    def overwritten(self, writes: Sequence[tuple[Write, Record]]) -> Mapping[str, Mapping[str, Any]]:
        """From the history of the properties."""
        return self._history.overwritten(writes)

    def changed_at(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """From the history of the properties."""
        return self._history.changed_at(object, ids, fields)

    def history(
        self, object: str, ids: Sequence[str], fields: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Past]]]:
        """From the history of the properties."""
        return self._history.of(object, ids, fields)

    def write(self, writes: Sequence[Write], fields: Sequence[str]) -> Iterator[Outcome]:
        """Batches of 100.  `lifecyclestage!` sets the stage even backwards; `@subscriptions` only ever opts out."""
        return self._writer.write(writes, fields)

    def rehearse(self, writes: Sequence[Write]) -> Iterator[Outcome | None]:
        """Nothing: HubSpot takes back no write."""
        return iter(())

    def erase(self, object: str, id: str) -> Erasure:
        """A contact is destroyed and its address blocked; of other objects HubSpot only lets us fill the bin."""
        return erase(self._api, object, id)

    def leave(self, share: float) -> None:
        """As `Connector.leave`."""
        self.door.budget.keep = share

    def usage(self) -> Usage:
        """From the door's ledger."""
        return self.door.usage()

    def close(self) -> None:
        """Let go of connections and threads."""
        self.door.close()
