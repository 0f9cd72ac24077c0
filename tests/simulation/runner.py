"""Living many lives: one after another, in several processes, or one life again and again with a crash at each
boundary in turn."""

from __future__ import annotations

import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sync.lanes
from state.store import open_store
from sync.match import _Matching
from tests.postgres import server
from tests.simulation.homes import ServerHome, template
from tests.simulation.invariants import judge
from tests.simulation.life import Life

SEEDS = Path(__file__).with_name("seeds.txt")
MEMORY = Path("/dev/shm")
"""A disk that forgets: nothing here outlives the life it belongs to."""
CHUNK = 100


@dataclass
class Account:
    """What many lives came to."""

    lives: int = 0
    crashes: int = 0
    cycles: int = 0
    lost: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    """Rare branch → lives that took it."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: Account) -> None:
        """Take in the account of other lives."""
        self.lives += other.lives
        self.crashes += other.crashes
        self.cycles += other.cycles
        self.lost += other.lost
        self.marks += other.marks
        self.failures += other.failures


@contextmanager
def nursery() -> Iterator[Callable[..., Life]]:
    """Gives birth to lives: (seed, **settings) → Life; whoever asks must `end` them."""
    reserved = _Matching._reserved

    def noted(self: _Matching, *groups: Any) -> bool:
        found = reserved(self, *groups)
        if found and Life.current is not None:
            Life.current.mark("slot reserved")
        return found

    def waiting(jobs: Any, **how: Any) -> Any:
        assert Life.current is not None
        Life.current.loom.wait(jobs, **how)

    home = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
    with home as folder, patch.object(_Matching, "_reserved", noted), patch.object(sync.lanes, "wait", waiting):
        empty = template(Path(folder))
        yield lambda seed, **settings: Life(seed, Path(folder), empty, **settings)


def live(life: Life) -> list[str]:
    """Live a life to its end and judge it.  An exception that is no crash is a violation like any other."""
    try:
        life.run()
        return judge(life)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [f"seed={life.seed} invariant=X {type(error).__name__}: {error} at {where.name}:{where.lineno}"]
    finally:
        life.end()


def many(
    seeds: Iterable[int],
    *,
    stop: bool = False,
    batch: int | None = None,
    url: str | None = None,
    two_workers: bool = False,
    people_alone: bool = False,
) -> Account:
    """Live these lives; `stop`: no further than the first failure; `url`: over this PostgreSQL database."""
    account = Account()
    with nursery() as born:
        for seed in seeds:
            home = ServerHome(url) if url else None
            life = born(seed, batch=batch, at_home=home, two_workers=two_workers, people_alone=people_alone)
            account.failures += live(life)
            count(account, life)
            if stop and account.failures:
                break
    return account


def found_before() -> Account:
    """Live what failed once."""
    account = many(found_seeds(), people_alone=True)
    account.add(many(found_seeds("whole")))
    return account


def over_postgresql(seeds: Iterable[int], *, two_workers: bool = False) -> Account:
    """Live these lives over a server of their own."""
    with server() as running:
        empty = running.template("lives", lambda url: open_store(url).close())
        with running.database(empty) as url:
            return many(seeds, url=url, two_workers=two_workers)


def count(account: Account, life: Life) -> None:
    """Enter a life into the account."""
    account.lives += 1
    account.crashes += life.crashes
    account.cycles += life.cycles
    account.lost += life.lost
    account.marks.update(dict.fromkeys(life.marks, 1))


def crash_everywhere(seed: int, most: int = 1_000_000) -> Account:
    """Live a life as often as it has boundaries, and crash at another one each time.

    `most`: of a life with more boundaries only so many are tried, evenly spread.
    """
    account = Account()
    with nursery() as born:
        first = born(seed, stop_at=0)
        account.failures += live(first)
        count(account, first)
        for boundary in range(1, first.steps + 1, max(1, first.steps // most)):
            life = born(seed, stop_at=boundary)
            account.failures += [f"{line} (crash at {boundary})" for line in live(life)]
            count(account, life)
    return account


def spread(seeds: range, workers: int, job: Callable[[range], Account], chunk: int = CHUNK) -> Iterator[Account]:
    """The accounts of chunks of seeds, as they are lived."""
    chunks = [seeds[start : start + chunk] for start in range(0, len(seeds), chunk)]
    if workers < 2:
        yield from map(job, chunks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(job, chunks)


def found_seeds(where: str = "") -> list[int]:
    """Seeds that failed once; `where`: "wire", "whole" (with everything that the seed says), else people alone."""
    lines = [line.split() for line in SEEDS.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [int(seed) for *place, seed in lines if place == where.split()]
