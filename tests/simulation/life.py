"""One simulated life: two CRMs in memory, people who act at every boundary, troubles, crashes, and the real engine.

Everything follows from the seed: who acts when, what breaks, where the process dies.  `Life.run` lives it through,
heals the world, and leaves two systems and a state for `invariants` to judge.  People and troubles draw from separate
streams of chance, so that the same people live through other troubles.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import event

from connectors.errors import SyncError
from connectors.memory import MemorySystem
from connectors.port import Ref, Write
from mapping.rules import KindRule
from state.store import Store, open_store
from sync.engine import Engine
from sync.plan import Planner
from tests.simulation.homes import FileHome, Home
from tests.simulation.people import People
from tests.simulation.profile import Profile
from tests.simulation.rivals import MOST, Woken, judge_woken, usurp
from tests.simulation.weave import Loom
from tests.simulation.words import FIELDS
from tests.simulation.world import RESHAPES, SETTINGS, START, Watched, hubspot, rules_of, salesforce

RESHAPED_AT = 5
"""The deed beside which an admin changes a schema."""
K = 4
"""Cycles after which a healed world must be at rest."""


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
class Life:
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
    at_home: Home | None = None
    """Where the state is kept, instead of in a file."""
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
    marks: Counter[str] = field(default_factory=Counter)
    lost_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(system, id or sync key) → writes whose answer was lost."""
    unleased: set[str] = field(default_factory=set)
    """HubSpot contacts that a worker wrote to which had lost its lease."""
    made_late: set[Ref] = field(default_factory=set)
    """Records of ours that came to be when nobody waited for them any more."""
    reshaped: set[str] = field(default_factory=set)
    """Fields that need not agree any more, because an admin changed a schema."""
    versions: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """The newest version of each record that the state ever knew."""
    violations: list[str] = field(default_factory=list)
    """What `watch` saw on the way."""

    def __post_init__(self) -> None:
        drawn = Profile.of(self.seed)
        self.profile = drawn.two_workers if self.two_workers else drawn
        self.luck = random.Random(f"luck {self.seed}")
        self.rng = random.Random(f"people {self.seed}")
        sizes = [self.luck.choice([2, 5, 100]), self.luck.choice([2, 5, 200]), self.luck.choice([1, 3, 100])]
        if self.batch is not None:
            sizes = [self.batch] * 3
        chosen = (self.luck.choice(list(SETTINGS)), self.luck.choice(list(SETTINGS)))
        self.settings = self.rules or chosen
        self.rule = rules_of(*self.settings)
        self.hubspot = hubspot(self.clock, self, sizes[0])
        self.salesforce = salesforce(lambda: self.now + self.profile.ahead, self, sizes[1])
        self.connectors = {s.name: Watched(s, sizes[2], self.mark) for s in (self.hubspot, self.salesforce)}
        profile = self.profile
        if profile.robot and not self.frozen and self.settings[0] in ("default", "two_way"):
            self.mark("automation")
            robotic = self.hubspot if profile.robot == "hubspot" else self.salesforce
            robotic.robot = FIELDS["phone"][profile.robot]
        self.hubspot.forgets_addresses = random.Random(f"merges {self.seed}").random() < 0.2
        self.people = People(self.rng, self.hubspot, self.salesforce, profile.moves, profile.deletes, self.mark)
        self.home: Home = self.at_home or FileHome(self.folder, self.template, self.seed)
        self.store: Store | None = None
        self.runs = 0
        self.acted = 0
        self.raced = 0
        self._acting = False
        self._batch: Sequence[Write] = ()
        self._unanswered = False
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
    def systems(self) -> dict[str, MemorySystem]:
        """Both, by name."""
        return {"hubspot": self.hubspot, "salesforce": self.salesforce}

    # -- time and chance ---------------------------------------------------------------------------------------

    def clock(self) -> int:
        """The virtual time, ms."""
        return self.now

    def strikes(self, chance: float) -> bool:
        """Whether trouble of this chance comes now."""
        return self.troubled and not self.frozen and chance > 0 and self.luck.random() < chance

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
        if self._may_sleep(name) and self.rivals.random() < self.profile.pause:
            self._slept += 1
            self._alone += 1
            usurp(self, name)
            self._alone -= 1
        if self.stop_at == self.steps or (self.stop_at is None and self.strikes(self.profile.crash)):
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

    def passes(self, ms: int) -> None:
        """Time without a cycle: what was sent takes effect when it is due."""
        until = self.now + ms
        for at in sorted(at for at, _ in self._late if at <= until):
            self.now = max(self.now, at)
            self._arrive()
        self.now = until

    def _arrive(self) -> None:
        """What was sent long ago takes effect now."""
        due = [write for at, write in self._late if at <= self.now]
        self._late = [(at, write) for at, write in self._late if at > self.now]
        for write in due:
            self.say(f"takes effect: {write}")
            system = "hubspot" if write.object == "contacts" else "salesforce"
            if (ref := self.connectors[system].arrive(write)) is not None and write.id is None:
                self.made_late.add(ref)

    def _race(self, name: str) -> None:
        """Someone is at the very record, in the very instant: makes the rarest branches common."""
        self._acting = True
        try:
            if name == "write:checked" or (name == "write:done" and self._unanswered):
                self.raced += self.people.meddle(self.rng.choice(self._batch), gone=name == "write:done")
            elif name.startswith("observe:salesforce:"):
                self.raced += self.people.again()
        except ValueError:
            self.mark("refused to a person")
        self._acting = False

    @property
    def may_act(self) -> bool:
        """Whether anybody still does anything."""
        return self.troubled and not self.frozen and self.acted < self.profile.actions

    @property
    def may_race(self) -> bool:
        """Whether anybody still gets in our way."""
        return self.troubled and not self.frozen and self.profile.race > 0 and self.raced < 8

    def outage(self) -> str:
        """Whether a read fails, and how."""
        if not self.strikes(self.profile.outage):
            return ""
        self.mark("outage")
        return "unavailable" if self.luck.random() < 0.7 else "exhausted"

    def fate(self, writes: Sequence[Write]) -> str:
        """What befalls a batch of writes."""
        if self.woken is not None:
            self.unleased |= {write.id for write in writes if write.object == "contacts" and write.id is not None}
        self._batch, self._unanswered = writes, False
        if not self.strikes(self.profile.lost):
            return ""
        self.lost += 1
        self._unanswered = True
        for write in writes:
            self.lost_on[str(write.object), str(write.id or (write.key.value if write.key else ""))] += 1
        if self.luck.random() >= self.profile.late:
            fate = self.luck.choice(["lost_before", "lost_after", "lost_after"])
            self.say(f"answer {fate}: {[w.id for w in writes]}")
            return fate
        self.say(f"late: {[w.id for w in writes]}")
        # A contact's update that lands late cannot be told from a person's edit: HubSpot refuses no write as too old.
        late = [write for write in writes if write.id is None or write.object != "contacts"]
        self._late += [(self.now + self.luck.choice([2_000, 20_000, 60_000]), write) for write in late]
        return "lost_before"

    def refusal(self) -> str:
        """Whether one write is refused, and how."""
        return self.luck.choice(["locked", "rule"]) if self.strikes(self.profile.refuse) else ""

    def delay(self) -> int:
        """How late the change feed shows a change."""
        return self.luck.randint(0, self.profile.delay) if self.troubled and self.profile.delay else 0

    def reshape(self) -> None:
        """An admin takes away a field or an option, or demands a value."""
        where, name, how = RESHAPES[self.profile.reshape]
        self.mark("schema changed")
        self.say(f"admin: {self.profile.reshape}")
        self.reshaped.add(name)
        system = self.systems[where]
        system.schemas |= {object: how(schema) for object, schema in system.schemas.items()}

    def act(self) -> None:
        """Somebody does something."""
        self.acted += 1
        if self.profile.reshape and self.acted == RESHAPED_AT and not self.frozen:
            self.reshape()
        self._acting = True
        self.people.act()
        self._acting = False

    # -- living ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """From birth to rest."""
        for _ in range(self.rng.randint(2, 6)):
            self.act()
            self.now += self.rng.choice([10, 2_000, 90_000])
        if self.frozen:
            for _ in range(self.profile.actions):
                self.act()
                self.now += self.rng.choice([10, 2_000, 90_000])
        for _ in range(self.profile.cycles if not self.frozen else 2):
            self.cycle()
            self.passes(self.luck.choice([1_000, 10_000, 120_000, 1_200_000]))
            if self.may_act:
                self.act()
        self.heal()

    def heal(self) -> None:
        """The faults stop, people rest, what was refused is tried again; then there must be rest within K cycles."""
        self.troubled = False
        self.stop_at = None
        self.passes(700_000)
        self.retry()
        for _ in range(K + 1):
            before, listing, least = self._trail(), self._in_a_listing(), self._calls() + self._pages()
            self.cycle()
            self.idle = self._calls() - least
            self.passes(700_000)
            self.quiet = self._trail() == before and not self._unsettled() and not listing
            if self.quiet:
                return

    def _trail(self) -> tuple[int, ...]:
        """What a cycle without work does not change."""
        written = (connector.writes for connector in self.connectors.values())
        return (*written, *self.ask("SELECT count(*) FROM journal")[0])

    def _calls(self) -> int:
        return sum(connector.usage().calls for connector in self.connectors.values())

    def _pages(self) -> int:
        """How many pages hold what changed since the watermarks; at least one an object."""
        read_to = {tuple(at): ms for *at, ms in self.ask("SELECT system, object, watermark_ms FROM cursor")}
        return sum(
            max(
                1, -(-sum(row.version >= (read_to.get((name, object)) or 0) for row in rows.values()) // connector.page)
            )
            for name, connector in self.connectors.items()
            for object, rows in self.systems[name].rows.items()
        )

    def _in_a_listing(self) -> bool:
        """Whether a listing goes on that began before: what changed meanwhile is read by the run after it."""
        return bool(self.ask("SELECT 1 FROM cursor WHERE watermark_ms IS NULL"))

    def _unsettled(self) -> bool:
        return bool(self.ask("SELECT 1 FROM operation WHERE state IN ('planned', 'sent') LIMIT 1"))

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
            event.listen(self.store._engine, "begin", self._no_ghost)
        return self.store

    def _no_ghost(self, _: Any) -> None:
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
            rules=[self.rule],
            now=self.clock,
            new_run=self._new_run,
            step=self.step,
            lane=self.loom.lane,
            batch=self.decided or self.batch or self.luck.choice([2, 5, 500]),
        )

    def _new_run(self) -> str:
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


def template(folder: Path) -> Path:
    """An empty database that lives start from: creating one takes longer than living."""
    path = folder / "template.db"
    if not path.exists():
        open_store(f"sqlite:///{path}").close()
    return path
