"""One simulated life: two CRMs in memory, people who act at every boundary, troubles, crashes, and the real engine.

Everything follows from the seed: who acts when, what breaks, where the process dies.  `Life.run` lives it through,
heals the world, and leaves two systems and a state for `invariants` to judge.  People and troubles draw from separate
streams of chance, so that the same people live through other troubles.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from connectors.errors import SyncError
from connectors.port import Ref, Write
from mapping.rules import KINDS, KindRule
from state.errors import StateError
from state.store import Store, open_store
from sync.engine import Engine
from sync.plan import Planner
from tests.simulation.ageing import interrupted
from tests.simulation.erasing import erase
from tests.simulation.homes import FileHome, Home, guard
from tests.simulation.people import People
from tests.simulation.profile import Profile
from tests.simulation.resting import Resting
from tests.simulation.rivals import MOST, Woken, judge_woken, usurp
from tests.simulation.traders import Traders
from tests.simulation.weave import Loom
from tests.simulation.words import FIELDS, PEOPLE
from tests.simulation.world import (
    RESHAPES,
    REWRITTEN,
    SETTINGS,
    START,
    Automated,
    Watched,
    all_rules,
    consenting,
    hubspot,
    salesforce,
)

TRADE = 0.6
"""Share of what is done that people do not do to people, where there is more."""

RESHAPED_AT, MISSED_AT = 5, 8
"""The deed beside which an admin changes a schema; where what goes was read before, a later one."""


class Crash(BaseException):
    """The process dies here."""


class Worker(Engine):
    """The engine as it is, except that rules are compiled once for all lives with the same schemas."""

    compiled: ClassVar[dict[tuple[int, ...], tuple[Planner, tuple[object, ...]]]] = {}

    def planner(self, rule: KindRule) -> Planner:
        described = [c.describe(name) for c in self.connectors.values() for name in rule.objects[c.name]]
        key = (id(rule), *map(id, described))
        if key not in self.compiled:
            # What a key names is held on to, so that nothing else gets its number.
            self.compiled[key] = super().planner(rule), (rule, *described)
        return replace(self.compiled[key][0], skew=self._skew)


@dataclass
class Life(Resting):
    """A seed and what follows from it."""

    current: ClassVar[Life | None] = None
    """Whose cycle is on."""
    seed: int
    folder: Path
    template: Path
    frozen: bool = False
    """People act before the first run and never again; nothing goes wrong but the crash at `stop_at`."""
    stop_at: int | None = None
    """Crash at exactly this boundary, and nowhere else."""
    batch: int | None = None
    """Size of pages and batches, instead of a drawn one."""
    decided: int | None = None
    """How many records are decided at a time, instead of a drawn number."""
    rules: tuple[str, str] | None = None
    """Settings of phone and title, instead of drawn ones."""
    two_workers: bool = False
    """Another worker takes over in mid-life."""
    people_alone: bool = False
    """There are no companies, deals and activities, and deletions mean nothing, whatever the seed says."""
    at_home: Home | None = None
    """Where the state is kept, instead of in a file."""
    dropped: frozenset[str] = frozenset()
    """What is left out of this life, by name: see `shrink`."""
    chances: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """How chance stood after each thing that people did, in the life that had them all."""
    events: list[str] = field(default_factory=list)
    """What happened, by name."""
    trace: list[str] | None = None
    """What happened, for a person who replays a life."""
    now: int = START
    troubled: bool = True
    crashes: int = 0
    lost: int = 0
    cycles: int = 0
    steps: int = 0
    quiet: bool = False
    """Whether the healed world came to rest within K cycles."""
    idle: int = 0
    """Calls of the last run, which found nothing to do, beyond the pages of what is new."""
    listed: tuple[int, int] | None = None
    """(records that a run read after a day without any, those that had changed); None: there was no such day."""
    marks: Counter[str] = field(default_factory=Counter)
    lost_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(system, id or sync key) → writes whose answer was lost."""
    unleased: set[str] = field(default_factory=set)
    """HubSpot contacts that a worker wrote to which had lost its lease."""
    erased_at: dict[str, int] = field(default_factory=dict)
    """Address of somebody who was erased → when."""
    archived: dict[Ref, int] = field(default_factory=dict)
    """Records that we put into the bin → when, the last time."""
    made_late: set[Ref] = field(default_factory=set)
    """Records of ours that came to be when nobody waited for them any more."""
    reshaped: set[str] = field(default_factory=set)
    """Fields that need not agree any more, because an admin changed a schema."""
    versions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """The newest version of each record that the state ever knew."""
    violations: list[str] = field(default_factory=list)
    """What `watch` saw on the way."""

    def __post_init__(self) -> None:
        drawn = Profile.of(self.seed, whole=not self.people_alone)
        self.profile = drawn.two_workers if self.two_workers else drawn
        self.luck = random.Random(f"luck {self.seed}")
        self.rng = random.Random(f"people {self.seed}")
        sizes = [self.luck.choice([2, 5, 100]), self.luck.choice([2, 5, 200]), self.luck.choice([1, 3, 100])]
        if self.batch is not None:
            sizes = [self.batch] * 3
        chosen = (self.luck.choice(list(SETTINGS)), self.luck.choice(list(SETTINGS)))
        self.settings = self.rules or (("always_use_salesforce", chosen[1]) if self.profile.quarrel else chosen)
        kinds = self.profile.kinds
        every = all_rules(*self.settings, kinds, self.profile.on_delete, agrees=self.profile.agrees)
        self.rule = next(rule for rule in every if rule.kind == "person")
        self.beside = [rule for rule in every if rule is not self.rule]
        """Those of the other kinds."""
        self.hubspot = hubspot(self.clock, self, sizes[0], kinds)
        self.salesforce = salesforce(lambda: self.now + self.profile.ahead, self, sizes[1], kinds)
        self.connectors = {
            s.name: Watched(s, sizes[2], self.mark, self.archived) for s in (self.hubspot, self.salesforce)
        }
        profile = self.profile
        if profile.robot and not self.frozen and self.settings[0] in REWRITTEN[profile.robot]:
            self.mark("automation")
            robotic = self.hubspot if profile.robot == "hubspot" else self.salesforce
            robotic.robot = FIELDS["phone"][profile.robot]
        self.hubspot.forgets_addresses = random.Random(f"merges {self.seed}").random() < 0.2
        self.people = People(self.rng, self.hubspot, self.salesforce, profile.moves, profile.deletes, self.mark)
        self.people.live(profile)
        if profile.agrees:
            self.hubspot.schemas["contacts"] = consenting(self.hubspot.schemas["contacts"])
        self.traders: Traders | None = None
        if kinds:
            self.mark(f"kinds: {' '.join(kinds)}")
            trade, both = random.Random(f"trade {self.seed}"), (self.hubspot, self.salesforce)
            self.traders = Traders(trade, *both, kinds, profile.moves, profile.deletes, self.mark)
            self.people.convert_lead = self.traders.convert
        self.home: Home = self.at_home or FileHome(self.folder, self.template, self.seed)
        self.store: Store | None = None
        self.runs = 0
        self.acted = 0
        self.raced = 0
        self._acting = False
        self._named = Counter[str]()
        self._batch: Sequence[Write] = ()
        self._unanswered = False
        self.erasing: list[str | None] = []
        """Addresses of people who asked to be erased, and are not yet."""
        self._late: list[tuple[int, Write]] = []
        """(when it takes effect, a write that nobody waits for any more)"""
        self._dead = False
        self.rivals = random.Random(f"rivals {self.seed}")
        self._slept = 0
        self.woken: Woken | None = None
        """Set while a worker goes on that has lost its lease."""
        self._alone = 0
        """Whether no other worker may take over now."""
        self.loom = Loom(self.luck, self.profile.woven)

    @property
    def systems(self) -> dict[str, Automated]:
        """Both, by name."""
        return {"hubspot": self.hubspot, "salesforce": self.salesforce}

    # -- time and chance ---------------------------------------------------------------------------------------

    def clock(self) -> int:
        """The virtual time, ms."""
        return self.now

    def name(self, sort: str) -> str:
        """The name of what happens now."""
        self._named[sort] += 1
        self.events.append(f"{sort} {self._named[sort]}")
        return self.events[-1]

    def befalls(self, sort: str) -> bool:
        """Whether this trouble is not left out."""
        return self.name(sort) not in self.dropped

    def mark(self, name: str) -> None:
        """A rare branch was reached."""
        self.marks[name] += 1

    def say(self, what: str) -> None:
        """Note what happened, if someone listens."""
        if self.trace is not None:
            self.trace.append(f"{self.now - START:>9} {what}")

    def step(self, name: str) -> None:
        """A boundary: time passes, people act, the process may die."""
        self.steps += 1
        self.now += self.luck.choice([1, 2, 40, 400, 1500])
        if self._acting:
            return
        if self.trace is not None:
            self.say(f"  . {name}")
        if self._late:
            self._arrive()
        if self.profile.woven < 1:
            self.loom.perhaps()
        if self.may_act and self.rng.random() < self.profile.humans:
            self.act()
        if self.may_race and self.rng.random() < self.profile.race:
            self._race(name)
        if self._may_sleep(name) and self.rivals.random() < self.profile.pause and self.befalls("pause"):
            self._slept += 1
            self._alone += 1
            usurp(self, name)
            self._alone -= 1
        dies = self.stop_at == self.steps or (self.stop_at is None and self.strikes(self.profile.crash))
        if dies and self.befalls("crash"):
            self._dead = True
            self.crashes += 1
            self.mark("crash")
            self.say("CRASH")
            raise Crash(name)

    def _may_sleep(self, name: str) -> bool:
        """Whether this worker may lose its lease here: not between HubSpot's look at the version and the write, for
        that write would be one that takes effect late."""
        ready = self.profile.pause > 0 and self.troubled and not self.frozen and not self._alone
        return ready and self.woken is None and self._slept < MOST and name != "write:checked"

    def _race(self, name: str) -> None:
        """Someone is at the very record, in the very instant: makes the rarest branches common."""
        self._acting = True
        try:
            if name == "write:checked" or (name == "write:done" and self._unanswered):
                self.raced += bool(self._happens("race", partial(self._meddle, gone=name == "write:done")))
            elif name.startswith("observe:salesforce:"):
                self.raced += bool(self._happens("race", self.people.again))
        except ValueError:
            self.mark("refused to a person")
        self._acting = False

    def _meddle(self, *, gone: bool) -> bool:
        write = self.rng.choice(self._batch)
        who = self.people if write.object in PEOPLE else self.traders
        return who is not None and who.meddle(write, gone=gone)

    @property
    def may_act(self) -> bool:
        """Whether anybody still does anything."""
        return self.troubled and not self.frozen and self.acted < self.profile.actions

    @property
    def may_race(self) -> bool:
        """Whether anybody still gets in our way."""
        return self.troubled and not self.frozen and self.profile.race > 0 and self.raced < 8

    def reshape(self) -> None:
        """An admin takes away a field or an option, or demands a value."""
        where, name, how = RESHAPES[self.profile.reshape]
        self.mark("schema changed")
        self.say(f"admin: {self.profile.reshape}")
        self.reshaped.add(name)
        system = self.systems[where]
        system.schemas |= {object: how(system.schemas[object]) for object in PEOPLE if object in system.schemas}

    def act(self) -> None:
        """Somebody does something."""
        self.acted += 1
        at = MISSED_AT if self.profile.missed else RESHAPED_AT
        if self.profile.reshape and self.acted == at and not self.frozen:
            self.reshape()
        self._acting = True
        trades = self.traders is not None and self.traders.rng.random() < TRADE
        self._happens("deed", self.traders.act if trades and self.traders is not None else self.people.act)
        self._acting = False

    def _happens(self, sort: str, deed: Callable[[], object]) -> object:
        """Somebody does this, unless it is left out; chance goes on as if they had."""
        name = self.name(sort)
        streams = [self.rng, *([self.traders.rng] if self.traders is not None else ())]
        try:
            return deed() if name not in self.dropped else False
        finally:
            if name in self.chances:
                for stream, stood in zip(streams, self.chances[name], strict=True):
                    stream.setstate(stood)
            else:
                self.chances[name] = tuple(stream.getstate() for stream in streams)

    # -- living ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """From birth to rest."""
        for _ in range(self.rng.randint(2, 6)):
            self.act()
            self.now += self.rng.choice([10, 2_000, 90_000])
        if self.traders is not None:
            self.traders.begin()
        if self.frozen:
            for _ in range(self.profile.actions):
                self.act()
                self.now += self.rng.choice([10, 2_000, 90_000])
        for n in range(self.profile.cycles if not self.frozen else 2):
            if n and not self.frozen:
                self._now_and_then(n)
            self.cycle()
            self.passes(self.luck.choice([1_000, 10_000, 120_000, 1_200_000]))
            if self.may_act:
                self.act()
        self.heal()

    def _now_and_then(self, n: int) -> None:
        """What happens between two runs: somebody is to be erased, another release takes over the database."""
        if n <= self.profile.erases:
            self.erasing.append(self.people.who())
        for who in list(filter(None, self.erasing)):
            if self.erase(who):
                self.erasing.remove(who)
                self.people.come_back(who)
        if self.profile.older and n == 1:
            self._upgrade()

    def _upgrade(self) -> None:
        self.mark("upgraded")
        self.close()
        self.home.age(self.profile.older)
        try:
            interrupted(self.open, Crash("migration"), random.Random(f"migration {self.seed}"))
        except Crash:
            self.mark("died while upgrading")
            self.crashes += 1
            self.close()
        try:
            self.open()
        except StateError as error:
            self.violations.append(f"seed={self.seed} invariant=M6 an upgrade that died cannot be taken up: {error}")
            self.lose_state()

    def retry(self) -> None:
        """Someone runs `errors retry`."""
        store = self.open()
        lease = store.lease("sync", "retry", self.now, 1000)
        store.retry(lease)
        store.release(lease)

    def open(self) -> Store:
        """The store, opened anew after a crash."""
        if self.store is None:
            self.store = open_store(self.home.url)
            guard(self.store, self._no_ghost)
        return self.store

    def _no_ghost(self) -> None:
        """A process that is dead writes nothing, whatever it has under `finally`; nor does a lane."""
        if self.loom.in_call:
            self.violations.append(f"seed={self.seed} invariant=X a lane touched the state")
        if self._dead:
            raise Crash("dead")

    def close(self) -> None:
        """The process ends."""
        self.loom.lanes.clear()
        if self.store is not None:
            self.store.close()
            self.store = None
        self._dead = False

    def lose_state(self) -> None:
        """The database is gone; an empty one takes its place."""
        self.close()
        self.versions.clear()
        self.home.fresh()

    def end(self) -> None:
        """Leave nothing behind."""
        self.close()
        self.home.end()

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read the state past the product's own code."""
        return self.home.ask(query, parameters)

    def journal(self) -> list[tuple[Any, ...]]:
        """(entity, system, field, was, became, reason, when) of every line, in order."""
        lines: list[tuple[Any, ...]] = []
        query = "SELECT entity, system, field, was, became, reason, at_ms FROM journal ORDER BY n"
        for entity, system, name, was, became, reason, at in self.ask(query):
            if name == "@fields":
                lines += [(entity, *line, at) for line in json.loads(became)]
            else:
                lines.append((entity, system, name, json.loads(was), json.loads(became), reason, at))
        return lines

    def engine(self) -> Engine:
        """A fresh worker over the store."""
        return Worker(
            store=self.open(),
            connectors=self.connectors,
            rules=sorted((self.rule, *self.beside), key=lambda rule: KINDS.index(rule.kind)),
            now=self.clock,
            new_run=self.new_run,
            step=self.step,
            lane=self.loom.lane,
            batch=self.decided or self.batch or self.luck.choice([2, 5, 500]),
        )

    def new_run(self) -> str:
        """The name of the next run."""
        self.runs += 1
        return f"run-{self.runs}"

    def cycle(self) -> None:
        """One turn of the wheel, whatever befalls it."""
        from tests.simulation.watch import watch

        Life.current = self
        self.cycles += 1
        self.say(f"cycle {self.cycles}")
        try:
            if self.strikes(self.profile.dry):
                self._plan()
            elif self.strikes(self.profile.full):
                self.mark("full reading")
                self.engine().cycle(full=True)
            elif self.strikes(self.profile.single) and (record := self._any_record()) is not None:
                self.mark("one record")
                self.engine().cycle(record=record)
            else:
                self.engine().cycle()
        except Crash:
            self.close()
        except SyncError as error:
            self.say(f"stopped: {error}")
            self.mark("stopped")
        judge_woken(self)
        watch(self)

    def read_everything(self) -> None:
        """A complete reading, to which nothing happens."""
        Life.current = self
        self.engine().cycle(full=True)
        self.passes(700_000)

    def erase(self, address: str) -> bool:
        """Somebody runs `smarketing erase ADDRESS`.  False: it could not be done now."""
        self._alone += 1
        try:
            return erase(self, address)
        finally:
            self._alone -= 1

    def _any_record(self) -> tuple[str, str] | None:
        """(system, id) of a record that was there once."""
        refs = sorted(
            ref for s in self.systems.values() for rows in s.rows.values() for ref in (row.ref for row in rows.values())
        )
        ref = self.luck.choice(refs) if refs else None
        return None if ref is None else (ref.system, ref.id)

    def _plan(self) -> None:
        before = [connector.writes for connector in self.connectors.values()]
        self._alone += 1
        try:
            self.engine().plan()
        finally:
            self._alone -= 1
        self.mark("dry run")
        if before != [connector.writes for connector in self.connectors.values()]:
            self.violations.append(f"seed={self.seed} invariant=S12 a plan wrote")
