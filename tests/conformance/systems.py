"""The systems that the laws are checked on: a world that people act in, and the connector that reads and writes it.

To add one, derive `System` and enter its maker in `SYSTEMS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.hubspot import HubSpot
from connectors.memory import Memory, MemorySystem, Troubles
from connectors.port import Connector, Field, FieldSpec, Key, Record, Schema, Traits, Write
from connectors.salesforce import Salesforce
from sandbox.background import running
from sandbox.kernel import Caller, Clock, Fault
from sandbox.world import World

START = 1_795_000_000_000
"""2026-11-18, noon or so: when every test begins, ms."""
HUMAN = Caller("human", "71500001")


class TestClock:
    """The connector's time: it is the world's, and sleeping makes it pass."""

    __test__ = False

    def __init__(self, now: Callable[[], int], advance: Callable[[int], None]) -> None:
        self.now_ms = now
        self._advance = advance

    def sleep(self, seconds: float) -> None:
        """The world's clock moves; nobody waits."""
        self._advance(int(seconds * 1000) + 1)

    def random(self) -> float:
        """Half of everything."""
        return 0.5


class System(ABC):
    """A world of one object with two plain text fields and a unique key."""

    connector: Connector
    object: str
    key: str
    first: str
    second: str
    bad: Mapping[str, Any]
    """Fields that the system refuses in any record."""
    page: int
    """Most records on one page of `changes`."""
    erases = True
    """Whether records can be destroyed beyond the bin."""
    tracked = True
    """Whether there is a history of the first field."""
    calls_around = 0
    """Calls that any number of writes takes besides: a look at the schema, a look at what was written."""
    calls_per_batch = 1
    """Calls that a batch of writes takes: two where the connector must look before it writes."""

    @abstractmethod
    def now(self) -> int:
        """The world's clock, ms."""

    @abstractmethod
    def advance(self, ms: int) -> None:
        """Let time pass."""

    @abstractmethod
    def create(self, fields: Mapping[str, Any]) -> str:
        """Someone makes a record."""

    @abstractmethod
    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        """Someone changes a record."""

    @abstractmethod
    def delete(self, id: str) -> None:
        """Someone throws a record away."""

    @abstractmethod
    def restore(self, id: str) -> None:
        """Someone takes a record out of the bin."""

    @abstractmethod
    def merge(self, winner: str, loser: str) -> str:
        """Someone merges two records; the survivor's id."""

    @abstractmethod
    def held(self, id: str) -> Mapping[str, Any] | None:
        """What the record holds this moment; None if it is not there."""

    @abstractmethod
    def live(self) -> set[str]:
        """Ids of the records that are there."""

    @abstractmethod
    def lose_answer(self, *, after: bool) -> None:
        """The next batch of writes gets no answer, after or before it took effect."""

    @abstractmethod
    def show_late(self, ms: int) -> None:
        """From now on changes become visible so much later; at most the connector's lag."""

    def make(self, key: str, **fields: Any) -> Write:
        """A creation."""
        return Write(self.object, None, {self.key: key, **fields}, Key(self.key, key))

    def bin(self, record: Record) -> Write:
        """An archiving that rests on what was read."""
        return Write(self.object, record.ref.id, {}, unless_changed_since=record.version, archive=True)

    def update(self, record: Record, **fields: Any) -> Write:
        """A change that rests on what was read."""
        return Write(self.object, record.ref.id, fields, unless_changed_since=record.version)

    def look(self, *ids: str) -> dict[str, Record]:
        """Read by id."""
        found = self.connector.read(self.object, self.fields, ids=ids)
        return {record.ref.id: record for record in found}

    @property
    def fields(self) -> Sequence[str]:
        """What the laws ask for."""
        return (self.key, self.first, self.second)


class _Late(Troubles):
    """Loses answers and shows changes late."""

    def __init__(self) -> None:
        self.fate = ""
        self.late = 0

    def batch(self, writes: Sequence[Write]) -> str:
        fate, self.fate = self.fate, ""
        return fate

    def delay(self) -> int:
        return self.late


class MemoryWorld(System):
    """The reference implementation."""

    object, key, first, second = "people", "key", "first", "second"
    bad: Mapping[str, Any] = {"first": "x" * 300}
    page = 3

    def __init__(self, *, compare_and_set: bool = True, survivor_is_new: bool = False, grain: int = 1_000) -> None:
        self.clock = Clock(lambda: START)
        self.clock.freeze()
        self.troubles = _Late()
        fields = [
            Field("key", "Key", "text", unique=True),
            Field("first", "First", "text", length=255),
            Field("second", "Second", "text"),
        ]
        self.system = MemorySystem(
            "memory",
            self.clock.now,
            [Schema("people", {field.name: field for field in fields})],
            traits=Traits(10, grain, 5_000, compare_and_set, history=True),
            fit=lambda object, field, value: value.strip() if isinstance(value, str) else value,
            survivor_is_new=survivor_is_new,
            troubles=self.troubles,
        )
        self.connector: Connector = Memory(self.system, page=self.page)

    def now(self) -> int:
        return self.clock.now()

    def advance(self, ms: int) -> None:
        self.clock.advance(ms)

    def create(self, fields: Mapping[str, Any]) -> str:
        return self.system.create("people", fields)

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        self.system.edit("people", id, fields)

    def delete(self, id: str) -> None:
        self.system.delete("people", id)

    def restore(self, id: str) -> None:
        self.system.restore("people", id)

    def merge(self, winner: str, loser: str) -> str:
        return self.system.merge("people", winner, loser)

    def held(self, id: str) -> Mapping[str, Any] | None:
        row = self.system.rows["people"].get(id)
        return None if row is None or row.deleted else row.fields

    def live(self) -> set[str]:
        return {row.ref.id for row in self.system.live("people")}

    def lose_answer(self, *, after: bool) -> None:
        self.troubles.fate = "lost_after" if after else "lost_before"

    def show_late(self, ms: int) -> None:
        self.troubles.late = ms


class HubSpotWorld(System):
    """The HubSpot connector on the sandbox."""

    object, key, first, second = "contacts", "smk_key", "firstname", "jobtitle"
    bad: Mapping[str, Any] = {"email": "not an address"}
    page = 100
    calls_per_batch = 2
    lag = 60_000

    def __init__(self, *, api: str = "v3", url: str | None = None, world: World | None = None) -> None:
        self.world = world or empty_world()
        hubspot = self.world.hubspot
        settings = {"base_url": url or self.world.hubspot_url, "access_token": hubspot.access_token, "api": api}
        self.connector: Connector = HubSpot.open(
            {**settings, "lag_ms": self.lag, "bin_every_ms": 0},
            clock=TestClock(self.now, self.advance),
            transport=None if url else self.world.transport(),
            parallel=4 if url else 1,
        )
        self.connector.provision([FieldSpec(self.object, self.key, "Key", "text", unique=True)])

    def now(self) -> int:
        return self.world.clock.now()

    def advance(self, ms: int) -> None:
        self.world.clock.advance(ms)

    def create(self, fields: Mapping[str, Any]) -> str:
        with self.world.lock:
            return self.world.hubspot.create(self.object, fields, HUMAN)

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        with self.world.lock:
            self.world.hubspot.edit(self.object, id, fields, HUMAN)

    def delete(self, id: str) -> None:
        with self.world.lock:
            self.world.hubspot.delete(self.object, id, HUMAN)

    def restore(self, id: str) -> None:
        with self.world.lock:
            self.world.hubspot.restore(self.object, id, HUMAN)

    def merge(self, winner: str, loser: str) -> str:
        with self.world.lock:
            return self.world.hubspot.merge(self.object, winner, loser, HUMAN)

    def held(self, id: str) -> Mapping[str, Any] | None:
        return self.world.hubspot.get(self.object, id) if id in self.live() else None

    def live(self) -> set[str]:
        return {id for id, row in self.world.rows("hubspot", self.object).items() if row.archived_at is None}

    def lose_answer(self, *, after: bool) -> None:
        kind = "lost_after" if after else "lost_before"
        self.world.faults.add(Fault(kind, "hubspot", path=r"/batch/(create|update|archive)"))

    def show_late(self, ms: int) -> None:
        self.world.hubspot.search_lag_ms = ms


class SalesforceWorld(System):
    """The Salesforce connector on the sandbox."""

    object, key, first, second = "Lead", "SMK_Key__c", "FirstName", "Title"
    bad: Mapping[str, Any] = {"Email": "not an address"}
    page = 100
    calls_per_batch = 2
    calls_around = 2
    needed: Mapping[str, Any] = {"LastName": "Berg", "Company": "Acme"}
    """What every lead must have."""

    def __init__(self, *, url: str | None = None, world: World | None = None, **settings: Any) -> None:
        self.world = world or empty_world()
        self.face = self.world.salesforce
        self.face.settings.page = self.page
        known = self.world.credentials["salesforce"]
        given = {name: known[name] for name in ("client_id", "client_secret")}
        somebody = {"Username": "sales@acme.example", "LastName": "Sales", "IsActive": True, "UserType": "Standard"}
        self.human = Caller("human", self.face.seed("User", somebody))
        self.connector: Connector = Salesforce.open(
            {"login_url": url or known["login_url"], **given, **settings},
            clock=TestClock(self.now, self.advance),
            transport=None if url else self.world.transport(),
            parallel=4 if url else 1,
        )
        self.connector.provision([FieldSpec(self.object, self.key, "Key", "text", length=64, unique=True)])

    def now(self) -> int:
        return self.world.clock.now()

    def advance(self, ms: int) -> None:
        self.world.clock.advance(ms)

    def create(self, fields: Mapping[str, Any]) -> str:
        with self.world.lock:
            return self.face.create(self.object, {**self.needed, **fields}, self.human)

    def edit(self, id: str, fields: Mapping[str, Any]) -> None:
        with self.world.lock:
            self.face.edit(self.object, id, fields, self.human)

    def delete(self, id: str) -> None:
        with self.world.lock:
            self.face.delete(self.object, id, self.human)

    def restore(self, id: str) -> None:
        with self.world.lock:
            self.face.restore(self.object, id, self.human)

    def merge(self, winner: str, loser: str) -> str:
        with self.world.lock:
            return self.face.merge(self.object, winner, loser, self.human)

    def held(self, id: str) -> Mapping[str, Any] | None:
        return self.face.get(self.object, id)

    def live(self) -> set[str]:
        return {row.id for row in self.world.rows("salesforce", self.object).values() if row.archived_at is None}

    def lose_answer(self, *, after: bool) -> None:
        kind = "lost_after" if after else "lost_before"
        self.world.faults.add(
            Fault(kind, "salesforce", path=r"^(POST|PATCH|DELETE) \S*/composite(/sobjects)?(\?\S*)?$")
        )

    def show_late(self, ms: int) -> None:
        """The sandbox commits at once."""

    def make(self, key: str, **fields: Any) -> Write:
        return super().make(key, **{**self.needed, **fields})


def empty_world() -> World:
    """Both sandboxes, nobody in them, and a clock that stands still."""
    clock = Clock(lambda: START)
    clock.freeze()
    return World(1, 0, clock)


@contextmanager
def _memory(**options: Any) -> Iterator[System]:
    yield MemoryWorld(**options)


@contextmanager
def _hubspot(api: str = "v3") -> Iterator[System]:
    yield HubSpotWorld(api=api)


@contextmanager
def _hubspot_served() -> Iterator[System]:
    world = empty_world()
    with running(world) as at:
        system = HubSpotWorld(url=at.hubspot, world=world)
        yield system
        assert isinstance(system.connector, HubSpot)
        system.connector.close()


@contextmanager
def _salesforce(**settings: Any) -> Iterator[System]:
    yield SalesforceWorld(**settings)


@contextmanager
def _salesforce_served() -> Iterator[System]:
    world = empty_world()
    with running(world) as at:
        system = SalesforceWorld(url=at.salesforce, world=world)
        yield system
        assert isinstance(system.connector, Salesforce)
        system.connector.close()


SYSTEMS: dict[str, Callable[[], Any]] = {
    "memory": _memory,
    "memory, looking first": lambda: _memory(compare_and_set=False, survivor_is_new=True, grain=1),
    "hubspot": _hubspot,
    "hubspot, dated": lambda: _hubspot("2026-09"),
    "hubspot, served": _hubspot_served,
    "salesforce": _salesforce,
    "salesforce, listed by jobs": lambda: _salesforce(bulk_above=1),
    "salesforce, served": _salesforce_served,
}
"""Name → context manager of a fresh system."""
