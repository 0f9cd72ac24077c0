"""`python -m tests.simulation --seeds 1000` lives many lives; `python -m tests.simulation 12345` replays one."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from connectors.memory import MemorySystem
from tests.simulation.life import Life
from tests.simulation.runner import (
    CHUNK,
    Account,
    crash_everywhere,
    found_before,
    found_seeds,
    live,
    many,
    nursery,
    over_postgresql,
    spread,
)
from tests.simulation.shrink import again, smallest
from tests.simulation.wire import many_on_the_wire

DEEDS = ("create", "edit", "delete", "restore", "merge", "convert", "put")


def main() -> int:
    """Exit code 1 on any violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?", type=int, help="replay this life and print what happened in it")
    parser.add_argument("--seeds", type=int, default=200, help="how many lives")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=1, help="processes that live them")
    parser.add_argument(
        "--crash-everywhere", type=int, metavar="M", default=0, help="M lives, a crash at each boundary"
    )
    parser.add_argument("--state", choices=["sqlite", "postgresql"], default="sqlite", help="where lives keep it")
    parser.add_argument("--two-workers", action="store_true", help="lives in which another worker takes over")
    parser.add_argument("--shrink", action="store_true", help="of the life that fails, the smallest story")
    parser.add_argument("--wire", action="store_true", help="lives of all kinds against the sandbox")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if asked.seed is not None and not asked.wire:
        return shrink(asked.seed) if asked.shrink else replay(asked.seed)
    if asked.wire:
        asked.start, asked.seeds = (asked.seed, 1) if asked.seed is not None else (asked.start, asked.seeds)
        return volume(asked, many_on_the_wire, 10, lambda: many_on_the_wire(found_seeds("wire")))
    if asked.state == "postgresql":
        # A server a chunk: a chunk for each process.
        return volume(asked, partial(over_postgresql, two_workers=asked.two_workers), -(-asked.seeds // asked.workers))
    return volume(asked, partial(many, two_workers=asked.two_workers), CHUNK, found_before)


def volume(
    asked: argparse.Namespace,
    live_many: Callable[[range], Account],
    chunk: int,
    found: Callable[[], Account] = Account,
) -> int:
    """Many lives: found seeds first."""
    begun = time.monotonic()
    total = Account()
    if asked.seeds and asked.seed is None:
        total.add(tell(found()))
    for account in spread(range(asked.start, asked.start + asked.seeds), asked.workers, live_many, max(chunk, 1)):
        total.add(tell(account))
    singles = range(asked.start, asked.start + asked.crash_everywhere)
    for account in spread(singles, asked.workers, _every, 2):
        total.add(tell(account))
    taken = time.monotonic() - begun
    write(
        f"{total.lives} lives, {total.crashes} crashes, {total.lost} lost answers, {total.cycles} cycles, "
        f"{total.lives / taken / asked.workers:.1f} lives/s/core, {len(total.failures)} violations"
    )
    for name, lives in total.marks.most_common():
        write(f"  {name}: {lives} lives ({100 * lives / total.lives:.1f} %)")
    if total.failures and live_many is not many_on_the_wire:
        shrink(int(total.failures[0].partition("seed=")[2].split()[0]))
    return 1 if total.failures else 0


def _every(seeds: range) -> Account:
    account = Account()
    for seed in seeds:
        account.add(crash_everywhere(seed))
    return account


def tell(account: Account) -> Account:
    """Print failures as they come, one line each."""
    for line in account.failures:
        write(line)
    return account


def replay(seed: int) -> int:
    """One life, told."""
    with nursery() as born:
        return told(born(seed, trace=[]))


def shrink(seed: int) -> int:
    """The smallest life of a seed that fails alike, and of it what matters."""
    with nursery() as born:
        life, left, line = smallest(born, seed)
        if not line:
            write(f"seed={seed} does not fail")
            return 0
        write(f"{line}\nof {len(life.events)} things that happened these are enough: {', '.join(left)}")
        return told(again(born, life, left, trace=[]), boundaries=False)


def told(life: Life, *, boundaries: bool = True) -> int:
    """Live it, and say what happens; `boundaries`: each of them as well."""
    for system in life.systems.values():
        for deed in DEEDS:
            setattr(system, deed, _told(life, system, deed, getattr(system, deed)))
    failures = live(life)
    assert life.trace is not None
    write(f"{life.profile}\nphone: {life.settings[0]}, title: {life.settings[1]}")
    for line in (*life.trace, *failures):
        if boundaries or " . " not in line[:14]:
            write(line)
    return 1 if failures else 0


def _told(life: Life, system: MemorySystem, deed: str, done: Callable[..., Any]) -> Callable[..., Any]:
    return partial(_tell, life, f"{system.name} {deed}", done)


def _tell(life: Life, deed: str, done: Callable[..., Any], *arguments: Any) -> Any:
    result = done(*arguments)
    life.say(f"{deed} {' '.join(map(str, arguments))} = {getattr(result, 'ref', result)}")
    return result


def write(line: str) -> None:
    """Say it now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
