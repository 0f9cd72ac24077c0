"""The real program, as its users start it: a process of its own, a configuration file, and two served stand-ins."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from sandbox.background import Addresses, running
from sandbox.kernel import Clock
from sandbox.world import World
from state.store import open_store
from sync import compose
from sync.config import load, rules
from sync.engine import Engine
from sync.setup.provision import lacking, provision

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, str(ROOT / "main.py"))
HOPE = 20 * 60_000
"""Longer than any list of changes lags behind, ms."""
RUNS = count(1)
"""Of this process: each needs a name of its own."""
PATIENCE = 300
"""Seconds: a process that takes longer hangs."""

CONFIG = """\
[state]
url = "{state}"
[hubspot]
base_url = "{hubspot}"
access_token = "env:HUBSPOT_ACCESS_TOKEN"
[salesforce]
login_url = "{salesforce}"
auth = "client_credentials"
client_id = "env:SALESFORCE_CLIENT_ID"
client_secret = "env:SALESFORCE_CLIENT_SECRET"
"""


class Ended(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed with --json: one document and nothing else."""
        return orjson.loads(self.out)


@dataclass
class Program:
    """One installation: a folder with its configuration and state, and the environment with its secrets."""

    folder: Path
    addresses: Addresses
    environment: dict[str, str]
    state: str = ""

    @classmethod
    def installed(cls, folder: Path, addresses: Addresses, *, state: str = "", more: str = "") -> Program:
        """Beside these stand-ins; `more` is added to the configuration."""
        told = addresses.announced
        environment = {
            "HUBSPOT_ACCESS_TOKEN": told["hubspot"]["access_token"],
            "SALESFORCE_CLIENT_ID": told["salesforce"]["client_id"],
            "SALESFORCE_CLIENT_SECRET": told["salesforce"]["client_secret"],
        }
        program = cls(folder, addresses, environment, state or f"sqlite:///{folder}/state.db")
        program.configure(more)
        return program

    def configure(self, more: str = "", **changed: str) -> None:
        """Write the configuration anew."""
        given = {"state": self.state, "hubspot": self.addresses.hubspot, "salesforce": self.addresses.salesforce}
        (self.folder / "config.toml").write_text(CONFIG.format(**{**given, **changed}) + more)

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any) -> Any:
        """The running process, as subprocess.Popen[str]."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "COLUMNS": "200", **self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any) -> Ended:
        """The process to its end."""
        with self.start(*arguments, environment=environment, **options) as process:
            return ended(process)

    def json(self, *arguments: str) -> Any:
        """The document of a command that must not fail (held records are no failure)."""
        done = self.run("--json", *arguments)
        assert done.code in (0, 1), done.err
        return done.document


def ended(process: Any) -> Ended:
    """Wait for a process."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ended(process.returncode, out, err)


def real_clock() -> Clock:
    """The stand-ins' time is the machine's, as the program's is."""
    return Clock(lambda: time.time_ns() // 1_000_000)


@contextmanager
def served(people: int, seed: int = 5) -> Iterator[tuple[World, Addresses]]:
    """Both stand-ins on free ports, full of people."""
    world = World(seed, people, real_clock())
    with running(world) as addresses:
        yield world, addresses


def later(world: World, ms: int = 60_000) -> None:
    """Time passes in both systems."""
    with world.lock:
        world.clock.advance(ms)


def one_sentence(done: Ended) -> bool:
    """Whether a failure was told plainly: no stack trace, nothing on standard output, a few lines at most."""
    lines = [line for line in done.err.splitlines() if line.strip()]
    return "Traceback" not in done.err and not done.out.strip() and 1 <= len(lines) <= 8


def provisioned(program: Program) -> None:
    """Our own fields exist: what `provision --apply` does, without a process of its own."""
    settings = load(program.folder / "config.toml")
    clock = Machine()
    sides = compose.connectors(settings, compose.World(clock, lambda: "provision", program.environment, 0))
    provision(sides, lacking(sides, rules(settings)))
    for side in sides.values():
        side.close()  # type: ignore[attr-defined]


def settled(program: Program, world: World) -> None:
    """What was sent and never answered is given up only when the lists of changes have had time to tell of it: that
    time passes, and the same command is given once more."""
    with open_store(program.state) as state:
        if not any(step == "sent" for _, step in state.backlog()):
            return
    later(world, HOPE)
    with engine(program, ahead=HOPE) as ours:
        ours.cycle("backfill", full=True, muted=True)


@contextmanager
def engine(program: Program, ahead: int = 0) -> Iterator[Engine]:
    """The engine that the program's commands make, in this process, which is quicker than to start another."""
    settings = load(program.folder / "config.toml")
    outside = compose.World(Machine(ahead), lambda: f"inside-{next(RUNS)}", program.environment, 0)
    with open_store(program.state) as state:
        made = compose.engine(settings, outside, state)
        try:
            yield made
        finally:
            for side in made.connectors.values():
                side.close()  # type: ignore[attr-defined]


class Machine:
    """The machine's time, for what a test does itself, `ahead` by so many ms; nobody waits."""

    def __init__(self, ahead: int = 0) -> None:
        self._ahead = ahead

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000 + self._ahead

    def sleep(self, seconds: float) -> None:
        """There is no time for that."""

    def random(self) -> float:
        """Half of everything."""
        return 0.5
