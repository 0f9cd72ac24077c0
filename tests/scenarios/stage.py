"""Where scenarios are played: both stand-ins in process, a clock that stands still, and the real engine."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.port import FieldSpec, Option
from sandbox.kernel import SEED, Caller, Clock, Fault
from sandbox.people.staff import Colleague
from sandbox.populate import Settler
from sandbox.salesforce import Salesforce
from sandbox.salesforce.dml.rules import Save
from sandbox.switches import automate, change
from sandbox.world import World
from state.rows import ReviewRow, Row
from state.store import Store, open_store
from sync import compose
from sync.config import parse, rules
from sync.report import Report
from sync.settings.common import PERSON_FIELDS, STAGES, STATUSES, Settings
from sync.settings.frames import FRAMES
from sync.setup.provision import lacking, provision
from tests.scenarios.acting import ACTIVITIES, belong, whose

START = 1_795_000_000_000
"""Noon or so, ms: when every scenario begins."""
MINUTE = 60_000
PAUSE = 2 * MINUTE
"""Time that passes before a sync, unless it is to be `at once`."""

STAFF = (
    Colleague("Rita", "Sales", "rita@homes.example"),
    Colleague("Max", "Field", "max@homes.example"),
    Colleague("Mona", "Marketing", "mona@homes.example", salesforce=False),
    Colleague("Gone", "Away", "gone@homes.example"),
)


class TestClock:
    """Our time is the world's, and sleeping makes it pass."""

    __test__ = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now_ms = clock.now

    def sleep(self, seconds: float) -> None:
        """The world's clock moves; nobody waits."""
        self._clock.advance(int(seconds * 1000) + 1)

    def random(self) -> float:
        """Half of everything."""
        return 0.5


class Ahead(Clock):
    """Another system's clock, some time ahead of the world's."""

    def __init__(self, clock: Clock, ms: int) -> None:
        super().__init__(lambda: clock.now() + ms)


@cache
def empty_state() -> bytes:
    """A new state, made once: its migrations take longer than a scenario."""
    with TemporaryDirectory(prefix="scenario-") as folder:
        open_store(f"sqlite:///{folder}/state.db").close()
        return (Path(folder) / "state.db").read_bytes()


class Stage:
    """One world and one state, with the default configuration unless `configure` changes it."""

    def __init__(self) -> None:
        self.clock = Clock(lambda: START)
        self.clock.freeze()
        self.world = World(1, 0, self.clock)
        self._folder = TemporaryDirectory(prefix="scenario-")
        (Path(self._folder.name) / "state.db").write_bytes(empty_state())
        self.state: Store = open_store(f"sqlite:///{self._folder.name}/state.db")
        self.raw: dict[str, Any] = {
            "hubspot": {"base_url": self.world.hubspot_url, "access_token": "env:TOKEN"},
            "salesforce": {
                "login_url": self.world.salesforce_url,
                "client_id": "env:CLIENT_ID",
                "client_secret": "env:CLIENT_SECRET",
            },
            "company": {"sync": False},
            "deal": {"sync": False},
            "activity": {"sync": False},
            "budget": {"hubspot": {"parallel": 1}, "salesforce": {"parallel": 1}},
        }
        self.staff: dict[str, dict[str, str | None]] = {}
        self.ready = False
        self._runs = count(1)

    def close(self) -> None:
        """Nothing of it stays."""
        self.state.close()
        self._folder.cleanup()

    # -- before it begins --------------------------------------------------------------------------------------

    def ahead(self, ms: int) -> None:
        """Salesforce's clock runs ahead.  Nobody may live in it yet."""
        assert not self.ready, "the clocks are set before anybody is in the story"
        kernel = replace(self.world.kernel, clock=Ahead(self.clock, ms))
        self.world.salesforce = Salesforce(kernel)

    def begin(self) -> None:
        """The people who work here, and our own fields."""
        if self.ready:
            return
        self.ready = True
        world = self.world
        settler = Settler(world.hubspot, world.salesforce, random.Random(1), START - 400 * 86_400_000)
        staff = settler.staff(STAFF, queue=False)
        for colleague, hubspot, salesforce in zip(STAFF, staff.hubspot, staff.salesforce, strict=True):
            self.staff[colleague.first.lower()] = {"hubspot": hubspot, "salesforce": salesforce}
        world.salesforce.edit("User", str(self.staff["gone"]["salesforce"]), {"IsActive": False}, SEED)
        sides = compose.connectors(self.settings(), self.outside())
        provision(sides, lacking(sides, rules(self.settings())))

    def field(self, side: str, type: str, native: str, options: Sequence[str]) -> None:
        """A field of their own."""
        self.begin()
        objects = ("contacts",) if side == "hubspot" else ("Lead", "Contact")
        length = {"text": 255, "long_text": 131_072}.get(type)
        if side == "hubspot":
            length = None
        choices = tuple(Option(option, option) for option in options)
        specs = [FieldSpec(object, native, native, type, length=length, options=choices) for object in objects]
        compose.connectors(self.settings(), self.outside())[side].provision(specs)

    # -- configuration -----------------------------------------------------------------------------------------

    def configure(self, place: str, values: dict[str, str | None]) -> None:
        """Change settings: of a person's field, by its name, or of a section, by its path or in brackets."""
        if place == "vocabulary":
            self._vocabulary(values)
            return
        if "." not in place and place[0] != "[" and place != "person":
            self._field(place, values)
            return
        table = self.raw
        for part in place.strip("[]").split("."):
            table = table.setdefault(part, {})
        table.update({name: _toml(value) for name, value in values.items()})

    def _field(self, name: str, values: dict[str, str | None]) -> None:
        fields = self.raw.setdefault("person", {}).setdefault("fields", {})
        default = PERSON_FIELDS.get(name)
        known = default.model_dump(exclude_unset=True) if default is not None else {}
        kept = ("hubspot", "salesforce", "type", "personal", "default") if "rule" in values else tuple(known)
        before = fields.get(name) or {key: known[key] for key in kept if key in known}
        field = fields[name] = dict(before)
        for key, value in values.items():
            table = field
            *path, last = key.split(".")
            for part in path:
                table[part] = dict(table.get(part) or {}) if isinstance(table.get(part), dict) else {}
                table = table[part]
            table[last] = _toml(value)

    def _vocabulary(self, values: dict[str, str | None]) -> None:
        """`mql.salesforce=Nurturing`: this value is read as that stage or status, too."""
        stages = [stage.model_dump() for stage in STAGES]
        statuses = [status.model_dump() for status in STATUSES]
        for key, value in values.items():
            name, side = key.split(".")
            (stage,) = (stage for stage in (*stages, *statuses) if stage["name"] == name)
            stage[side]["read"] = [*stage[side]["read"], value]
        self.raw["vocabulary"] = {"stage": stages, "status": statuses}

    def settings(self) -> Settings:
        """The settings as they are now."""
        return parse(self.raw)

    def outside(self) -> compose.World:
        known = self.world.credentials
        environment = {
            "TOKEN": known["hubspot"]["access_token"],
            "CLIENT_ID": known["salesforce"]["client_id"],
            "CLIENT_SECRET": known["salesforce"]["client_secret"],
        }
        return compose.World(
            TestClock(self.clock), lambda: f"run-{next(self._runs)}", environment, 1, self.world.transport()
        )

    # -- our own work ------------------------------------------------------------------------------------------

    def sync(self, job: str = "sync", *, full: bool = False, compare: bool = False) -> Report:
        """One cycle, by an engine that knows nothing but the state, as a command would make it."""
        self.begin()
        return compose.engine(self.settings(), self.outside(), self.state).cycle(
            job, full=full, muted=full, compare=compare
        )

    def rebuild(self) -> Report:
        """Forget and learn again."""
        self.leased(self.state.forget)
        return self.sync("rebuild", full=True)

    def retry(self) -> None:
        """What `errors retry` does."""
        self.leased(self.state.retry)

    def leased(self, work: Callable[..., Any]) -> Any:
        """What only the holder of the lease may do."""
        lease = self.state.lease("sync", "scenario", self.clock.now(), 60_000)
        done = work(lease)
        self.state.release(lease)
        return done

    def reopen(self) -> None:
        """The state as another process finds it."""
        self.state.close()
        self.state = open_store(f"sqlite:///{self._folder.name}/state.db")

    # -- what is so --------------------------------------------------------------------------------------------

    def row(self, side: str, object: str, id: str) -> Row | None:
        """What the state remembers of a record."""
        return self.state.rows(side, object, [id]).get(id)

    def held(self) -> list[ReviewRow]:
        """What waits for a person."""
        kinds = ("held", "unmapped", "rejected", "conflict", "reconsent", "parked", "frozen")
        return [review for kind in kinds for review in self.state.reviews(question=kind)]

    def snapshot(self) -> dict[tuple[str, str, str], Any]:
        """Every record in both systems, as it is."""
        objects = [
            (side, object) for frame in FRAMES.values() for side, objects in frame.objects.items() for object in objects
        ]
        return {
            (side, object, id): (dict(row.values), row.archived_at is not None)
            for side, object in objects
            for id, row in self.world.rows(side, object).items()
        }

    # -- people ------------------------------------------------------------------------------------------------

    def human(self, side: str) -> Caller:
        """Rita, who works in both systems."""
        return Caller("human", str(self.staff["rita"][side]))

    def employ(self, side: str, object: str, id: str, other: tuple[str, str]) -> None:
        """Somebody works for a company from now on, or something is about somebody or something."""
        if object in ACTIVITIES:
            belong(self, side, object, id, other)
            return
        human, company = self.human(side), other[1]
        if side == "salesforce":
            self.world.salesforce.edit(object, id, {"AccountId": company}, human)
            return
        self.world.hubspot.associate(object, id, "companies", company, human, primary=True)

    def employer(self, side: str, object: str, id: str, target: str) -> str | None:
        """The company that somebody works for; what an activity has to do with among records of the object `target`."""
        if object in ACTIVITIES:
            return whose(self, side, object, id, target)
        if side == "salesforce":
            return (self.world.salesforce.get(object, id) or {}).get("AccountId")
        links = self.world.hubspot.links
        primary = links.primary(object, "companies")
        return next((other for other, specs in links.of(object, id, "companies").items() if primary in specs), None)

    def install(self, side: str, name: str) -> None:
        """A rule or an automation."""
        if side == "salesforce" and name in RULES:
            RULES[name](self.world.salesforce)
        else:
            automate(self.world.face(side), name)

    def uninstall(self, side: str) -> None:
        """None of them any more."""
        if side == "hubspot":
            self.world.hubspot.automations.clear()
            return
        rules = self.world.salesforce.rules
        for installed in (rules.triggers, rules.validation_rules, rules.duplicate_rules):
            installed.clear()

    def trouble(self, side: str, kind: str, given: dict[str, str | None]) -> None:
        """A fault from now on."""
        numbers = {"times", "skip", "status", "ms"}
        told = {name: int(value or 0) if name in numbers else str(value) for name, value in given.items()}
        match = {name.removeprefix("match."): told.pop(name) for name in list(told) if name.startswith("match.")}
        self.world.faults.add(Fault(kind, side, **told, match=match))  # type: ignore[arg-type]

    def set(self, side: str, given: dict[str, str | None]) -> None:
        """Change settings of a system."""
        change(self.world.face(side), {name: _toml(value) for name, value in given.items()})

    def clock_to(self, hour: int, minute: int) -> None:
        """Time passes until this time of the day."""
        now = datetime.fromtimestamp(self.clock.now() / 1000, UTC)
        wanted = int(now.replace(hour=hour, minute=minute, second=0, microsecond=0).timestamp() * 1000)
        day = 24 * 60 * MINUTE
        self.clock.advance((wanted - self.clock.now()) % day)


def lowercase_city(save: Save) -> dict[str, Any] | None:
    """The opposite of what HubSpot's workflow does."""
    names = ("City", "MailingCity")
    return {n: save.values[n].lower() for n in names if n in save.changed and save.values.get(n)}


RULES: dict[str, Callable[[Salesforce], None]] = {
    "lowercase_city": lambda face: face.triggers.append(lowercase_city),
}


def _toml(value: str | None) -> Any:
    """true, false and numbers as TOML reads them; everything else is text."""
    if value is None:
        return None
    try:
        return tomllib.loads(f"v = {value}")["v"]
    except tomllib.TOMLDecodeError:
        return value
