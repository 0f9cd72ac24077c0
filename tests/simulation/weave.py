"""Lanes in a world without threads.

A call to a system is made at once, or at a later boundary, or when somebody waits for it, as chance will have it.  So
calls to both systems, deciding and storing overlap in every order, and a life can be lived again.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from typing import Any


class Lane(Executor):
    """What one system has still to do, in order."""

    def __init__(self, loom: Loom) -> None:
        self._loom = loom
        self.waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self.busy = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Now or later."""
        done: Future[Any] = Future()
        self.waiting.append((done, lambda: fn(*args, **kwargs)))
        self._loom.perhaps()
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """What was not begun is dropped."""
        self.waiting.clear()
        self._loom.lanes.remove(self)

    def work(self) -> None:
        """Do the next thing."""
        done, job = self.waiting.popleft()
        self.busy = True
        try:
            result = job()
        except Exception as error:
            done.set_exception(error)
        else:
            done.set_result(result)
        finally:
            self.busy = False


class Loom:
    """The lanes of one life."""

    def __init__(self, luck: random.Random, chance: float) -> None:
        self.luck = luck
        self.chance = chance
        """Of a call that waits to be made at a boundary."""
        self.lanes: list[Lane] = []

    def lane(self, _system: str) -> Executor:
        """A lane of its own for a system."""
        made = Lane(self)
        self.lanes.append(made)
        return made

    @property
    def in_call(self) -> bool:
        """Whether a call is being made: then nobody touches the state."""
        return any(lane.busy for lane in self.lanes)

    def perhaps(self) -> None:
        """A boundary: some lane may go on."""
        ready = self._ready()
        if ready and self.luck.random() < self.chance:
            self.luck.choice(ready).work()

    def wait(self, jobs: Iterable[Future[Any]], **_: Any) -> None:
        """Until one of these is done."""
        wanted = list(jobs)
        while not any(job.done() for job in wanted):
            self.luck.choice(self._ready()).work()

    def _ready(self) -> list[Lane]:
        return [lane for lane in self.lanes if lane.waiting and not lane.busy]
