"""The systems that the laws are checked on: a world that people act in, and the connector that reads and writes it.

To add one, derive `System` and enter its maker in `SYSTEMS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
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


@dataclass(frozen=True)
class Thing:
    """One object: two plain text fields, and what the laws need to know."""

    object: str
    first: str
    second: str
    bad: Mapping[str, Any]
    """Fields that the system refuses in any record."""
    needed: Mapping[str, Any] = field(default_factory=dict)
    """What every record must have."""
    merges: bool = True
    tracked: bool = True
    """Whether there is a history of the first field."""
    erases: bool = True
    """Whether records can be destroyed beyond the bin."""


class System(ABC):
    """A world of one object with two plain text fields and a unique key."""

    connector: Connector
    object: str
    key: str
    first: str
    second: str
    bad: Mapping[str, Any]
    """Fields that the system refuses in any record."""
    needed: Mapping[str, Any] = MappingProxyType({})
    merges = True
    """Whether records can be merged."""
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

    def be(self, thing: Thing) -> None:
        """Speak of this object from now on."""
        for name in ("object", "first", "second", "bad", "needed", "merges", "tracked", "erases"):
            setattr(self, name, getattr(thing, name))

    def make(self, key: str, **fields: Any) -> Write:
        """A creation."""
        return Write(self.object, None, {self.key: key, **self.needed, **fields}, Key(self.key, key))

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

    key = "smk_key"
    page = 100
    calls_per_batch = 2
    lag = 60_000

    def __init__(
        self, thing: str = "contacts", *, api: str = "v3", url: str | None = None, world: World | None = None
    ) -> None:
        self.be(HUBSPOT[thing])
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
            return self.world.hubspot.create(self.object, {**self.needed, **fields}, HUMAN)

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

    key = "SMK_Key__c"
    page = 100
    calls_per_batch = 2
    calls_around = 2

    def __init__(
        self, thing: str = "Lead", *, url: str | None = None, world: World | None = None, **settings: Any
    ) -> None:
        self.be(SALESFORCE[thing])
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


def _activity(object: str, first: str, second: str, bad: Mapping[str, Any], **needed: Any) -> Thing:
    at = {"hs_timestamp": "2026-11-18T09:00:00Z", **needed}
    return Thing(object, first, second, bad, at, merges=False, erases=False)


HUBSPOT = {
    thing.object: thing
    for thing in (
        Thing("contacts", "firstname", "jobtitle", {"email": "not an address"}),
        Thing("companies", "phone", "city", {"numberofemployees": "many"}, {"name": "Acme"}, erases=False),
        Thing(
            "deals",
            "dealname",
            "description",
            {"amount": "a lot"},
            {"dealname": "Big", "dealstage": "qualifiedtobuy"},
            erases=False,
        ),
        _activity("calls", "hs_call_title", "hs_call_body", {"hs_call_direction": "SIDEWAYS"}),
        _activity(
            "emails", "hs_email_subject", "hs_email_text", {"hs_email_status": "LOST"}, hs_email_direction="EMAIL"
        ),
        _activity("meetings", "hs_meeting_title", "hs_meeting_location", {"hs_meeting_outcome": "NONE"}),
        _activity("notes", "hs_note_body", "hs_attachment_ids", {"hs_timestamp": "yesterday"}),
        _activity("tasks", "hs_task_subject", "hs_task_body", {"hs_task_priority": "NONE AT ALL"}),
    )
}

SALESFORCE = {
    thing.object: thing
    for thing in (
        Thing("Lead", "FirstName", "Title", {"Email": "not an address"}, {"LastName": "Berg", "Company": "Acme"}),
        Thing("Contact", "FirstName", "Title", {"Email": "not an address"}, {"LastName": "Berg"}),
        Thing("Account", "Name", "Site", {"Phone": "1" * 50}, {"Name": "Acme"}),
        Thing(
            "Opportunity",
            "Name",
            "Description",
            {"NextStep": "x" * 300},
            {"Name": "Big", "StageName": "Qualification", "CloseDate": "2026-12-31"},
            merges=False,
        ),
        Thing("Task", "Subject", "Description", {"CallType": "Sideways"}, merges=False, tracked=False),
        Thing(
            "Event",
            "Subject",
            "Location",
            {"ShowAs": "Nothing"},
            {"DurationInMinutes": 30, "ActivityDateTime": "2026-11-18T09:00:00Z"},
            merges=False,
            tracked=False,
        ),
    )
}


def empty_world() -> World:
    """Both sandboxes, nobody in them, and a clock that stands still."""
    clock = Clock(lambda: START)
    clock.freeze()
    return World(1, 0, clock)


@contextmanager
def _memory(**options: Any) -> Iterator[System]:
    yield MemoryWorld(**options)


@contextmanager
def _hubspot(thing: str = "contacts", api: str = "v3") -> Iterator[System]:
    yield HubSpotWorld(thing, api=api)


@contextmanager
def _hubspot_served() -> Iterator[System]:
    world = empty_world()
    with running(world) as at:
        system = HubSpotWorld(url=at.hubspot, world=world)
        yield system
        assert isinstance(system.connector, HubSpot)
        system.connector.close()


@contextmanager
def _salesforce(thing: str = "Lead", **settings: Any) -> Iterator[System]:
    yield SalesforceWorld(thing, **settings)


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
    "hubspot, dated": lambda: _hubspot(api="2026-09"),
    "hubspot, served": _hubspot_served,
    "salesforce": _salesforce,
    "salesforce, listed by jobs": lambda: _salesforce(bulk_above=1),
    "salesforce, served": _salesforce_served,
}
"""Name → context manager of a fresh system."""

OBJECTS: dict[str, Callable[[], Any]] = {
    **{f"hubspot {name}": partial(_hubspot, name) for name in HUBSPOT if name != "contacts"},
    **{f"salesforce {name}": partial(_salesforce, name) for name in SALESFORCE if name != "Lead"},
}
"""The same for every other object of the two systems."""
