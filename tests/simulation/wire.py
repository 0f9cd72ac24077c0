"""Whole lives on the wire: the real connectors, door and client libraries against the sandbox in process.

People act at every boundary and before every call, the sandbox causes the troubles that it knows, the process dies;
then all is healed, and `wire_judge` looks at the sandbox's own history of who wrote what.  Everything follows from the
seed.
"""

from __future__ import annotations

import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import httpx
import structlog

import sync.lanes
from connectors.errors import SyncError
from state.store import open_store
from sync import compose
from tests.scenarios.stage import Stage
from tests.simulation.homes import guard
from tests.simulation.life import Crash
from tests.simulation.resting import K
from tests.simulation.runner import Account
from tests.simulation.weave import Loom
from tests.simulation.wire_people import People

FAULTS: tuple[tuple[str, dict[str, str | None]], ...] = (
    ("rate_limit", {"times": "2"}),
    ("error", {"status": "503", "times": "2"}),
    ("error", {"status": "502", "times": "1"}),
    ("html", {"status": "500", "times": "1"}),
    ("lost_before", {"path": "^(POST|PATCH) .*/(composite|batch/(create|update))", "times": "1"}),
    ("lost_after", {"path": "^(POST|PATCH) .*/(composite|batch/(create|update))", "times": "1"}),
    ("lost_after", {"path": "^(POST|PATCH) .*/(composite|batch/(create|update))", "times": "1", "skip": "1"}),
    ("expire", {"times": "1"}),
    ("lock", {"times": "1"}),
    ("shuffle", {"times": "2"}),
    ("duplicate_page", {"times": "2"}),
    ("stale_index", {"ms": "20000"}),
)
"""What the sandbox causes, one to three at a time, while a run is on."""
KINDS = ((), (), ("company",), ("company", "deal"), ("company", "deal", "activity"))
"""Kinds beside people: two lives in five are of people alone."""


class _Line(httpx.BaseTransport):
    """Time passes and people act before each call."""

    def __init__(self, life: WireLife, inner: httpx.BaseTransport) -> None:
        self._life, self._inner = life, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._life.step("call")
        return self._inner.handle_request(request)


class _Stage(Stage):
    """The stage of scenarios, with somebody on the line."""

    life: WireLife | None = None

    def outside(self) -> compose.World:
        world = super().outside()
        if self.life is None or world.transport is None:
            return world
        return replace(world, transport=_Line(self.life, world.transport))


class WireLife:
    """A seed and what follows from it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        rng = random.Random(f"wire {seed}")
        self.luck, self.rng = random.Random(f"wire luck {seed}"), random.Random(f"wire people {seed}")
        self.kinds = ("person", *rng.choice(KINDS))
        self.troubles = rng.choice((0, 1, 3))
        self.crash = rng.choice((0.0, 0.0, 0.004, 0.015))
        self.humans = rng.choice((0.0, 0.02, 0.08))
        self.cycles = rng.randint(2, 4)
        self.moves, self.deletes = rng.random() < 0.4, rng.random() < 0.3
        self.stage = _Stage()
        for kind in ("company", "deal", "activity"):
            self.stage.raw[kind] = {"sync": kind in self.kinds}
        self.stage.begin()
        self.people = People(self.rng, self.stage, self.kinds, self.moves, self.deletes)
        self.loom = Loom(self.luck, rng.choice((1.0, 0.2)))
        self.stage.life = self
        self.troubled = True
        self.dead = False
        self.acting = False
        self.quiet = False
        self.idle: list[int] = []
        """Calls of each run that found nothing to do."""
        self.differing: list[dict[str, Any]] = []
        """What a complete comparison of activities leaves, once all is at rest."""
        self.marks: Counter[str] = Counter()
        self.crashes = self.lost = self.runs = 0
        self.violations: list[str] = []
        self._watch_state()

    # -- what happens at a boundary ----------------------------------------------------------------------------

    def step(self, _: str) -> None:
        """Time passes, people act, the process may die."""
        self.stage.clock.advance(self.luck.choice((0, 1, 40, 400)))
        if self.acting or not self.troubled:
            return
        if self.rng.random() < self.humans:
            self.act()
        if self.luck.random() < self.crash:
            self.dead = True
            self.crashes += 1
            raise Crash

    def act(self) -> None:
        """Somebody does something."""
        self.acting = True
        self.people.act()
        self.acting = False

    def _watch_state(self) -> None:
        guard(self.stage.state, self._no_ghost)

    def _no_ghost(self) -> None:
        """A process that is dead writes nothing, whatever it has under `finally`."""
        if self.dead:
            raise Crash

    # -- living ------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """From birth to rest."""
        for _ in range(self.rng.randint(3, 8)):
            self.act()
        for _ in range(self.cycles):
            self.stage.clock.advance(self.luck.choice((1_000, 30_000, 120_000, 1_200_000)))
            self._trouble()
            self.cycle(full=self.luck.random() < 0.1)
            self.stage.world.faults.clear()
            for _ in range(self.rng.randint(0, 4)):
                self.act()
        self.heal()

    def _trouble(self) -> None:
        for _ in range(self.luck.randint(0, self.troubles)):
            kind, given = self.luck.choice(FAULTS)
            self.marks[f"fault: {kind}"] += 1
            self.lost += kind in ("lost_before", "lost_after")
            more = {} if kind == "stale_index" else {"skip": given.get("skip") or str(self.luck.randint(0, 12))}
            self.stage.trouble(self.luck.choice(("hubspot", "salesforce")), kind, {**given, **more})

    def cycle(self, *, full: bool = False, compare: bool = False) -> int:
        """One run of a worker that knows nothing but the state; how many writes it made."""
        self.runs += 1
        made = compose.engine(self.stage.settings(), self.stage.outside(), self.stage.state)
        made.step, made.lane = self.step, self.loom.lane
        try:
            report = made.cycle(full=full or compare, compare=compare)
        except Crash:
            self.loom.lanes.clear()
            self.stage.state.close()
            self.dead = False
            self.stage.state = open_store(f"sqlite:///{self.stage._folder.name}/state.db")
            self._watch_state()
            self.marks["crash"] += 1
            return -1
        except SyncError:
            self.marks["stopped"] += 1
            return -1
        if not report.accounted:
            self.violations.append(f"seed={self.seed} invariant=accounted {report}")
        if compare:
            remaining = (report.comparison or {})["remaining"]
            self.differing = [line for line in remaining if line["object"] == "activity"]
            return 0
        writes = sum(sum(counts.values()) for counts in report.writes.values())
        if not (writes or full):
            self.idle.append(sum(report.calls.values()))
        return writes

    def heal(self) -> None:
        """No trouble any more, and nobody acts: within K runs there must be rest."""
        self.troubled = False
        self.stage.world.faults.clear()
        self.stage.clock.advance(25 * 60_000)
        self.stage.retry()
        for _ in range(K + 1):
            lines = self.ask("SELECT count(*) FROM journal")
            writes = self.cycle()
            self.stage.clock.advance(25 * 60_000)
            waits = self.ask("SELECT 1 FROM operation WHERE state IN ('planned', 'sent')")
            if writes == 0 and lines == self.ask("SELECT count(*) FROM journal") and not waits:
                self.quiet = True
                break
        if "activity" in self.kinds:
            self.cycle(compare=True)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Read the state past the product's own code."""
        look = sqlite3.connect(f"{self.stage._folder.name}/state.db")
        try:
            return look.execute(query).fetchall()
        finally:
            look.close()


@contextmanager
def _woven() -> Iterator[list[WireLife]]:
    """Calls overlap as the life that is on has it; nothing is logged."""
    on: list[WireLife] = []

    def waiting(jobs: Any, **how: Any) -> Any:
        on[-1].loom.wait(jobs, **how)

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        with patch.object(sync.lanes, "wait", waiting):
            yield on
    finally:
        structlog.configure(**before)


def many_on_the_wire(seeds: Iterable[int]) -> Account:
    """Live these lives."""
    from tests.simulation.wire_judge import judge

    account = Account()
    with _woven() as on:
        for seed in seeds:
            life = WireLife(seed)
            on.append(life)
            try:
                life.run()
                account.failures += [*life.violations, *judge(life)]
            except Exception as error:
                where = error.__traceback__
                while where is not None and where.tb_next is not None:
                    where = where.tb_next
                at = f"{where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where is not None else ""
                account.failures.append(f"seed={seed} invariant=X {type(error).__name__}: {error} at {at}")
            finally:
                life.stage.close()
            account.lives += 1
            account.crashes += life.crashes
            account.cycles += life.runs
            account.lost += life.lost
            account.marks.update(dict.fromkeys((*life.marks, f"kinds: {len(life.kinds)}"), 1))
    return account
