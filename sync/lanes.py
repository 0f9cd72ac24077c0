"""Calls to several systems at once: each system has a lane, and what its calls bring is taken in by one thread.

The state is touched by the engine's thread only.  A lane does nothing but talk to its system, one job after another,
and gives back what to do with the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Self

Handler = Callable[[], int]
"""Takes in what a job brought; returns how many operations had any effect on the state."""
Job = Callable[[], Handler]


class InTurn(Executor):
    """Runs a job at once, in the caller's thread: nothing happens at the same time, and everything in order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


def thread(system: str) -> Executor:
    """A lane of its own for a system."""
    return ThreadPoolExecutor(1, thread_name_prefix=f"{system}-lane")


class Lanes:
    """The jobs that are going on, by system.  Leaving the block waits for the calls in hand and drops the rest."""

    def __init__(self, lane: Callable[[str], Executor]) -> None:
        self._make = lane
        self._lanes: dict[str, Executor] = {}
        self._going: list[tuple[str, Future[Handler]]] = []
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)

    def start(self, system: str, job: Job) -> None:
        """Do this after what the lane of this system has in hand.  After a failure nothing is started any more."""
        if self._error is None:
            lane = self._lanes.get(system) or self._lanes.setdefault(system, self._make(system))
            self._going.append((system, lane.submit(job)))

    def going(self, system: str) -> int:
        """How many jobs of this system are not taken in yet."""
        return sum(name == system for name, _ in self._going)

    def take_in(self, *, patient: bool) -> int | None:
        """Take in what the next job brought, and return what its handler returns; None if there is nothing.

        `patient`: wait for it.  Raises what a job raised, once everything else that was going on is taken in.
        """
        if patient and self._going:
            wait([job for _, job in self._going], return_when=FIRST_COMPLETED)
        ready = next((at for at, (_, job) in enumerate(self._going) if job.done()), None)
        if ready is None:
            if self._error is not None and not self._going:
                raise self._error
            return None
        _, job = self._going.pop(ready)
        try:
            return job.result()()
        except Exception as error:
            self._error = self._error or error
            return 0

    def finish(self) -> int:
        """Take in everything; returns what the handlers returned, in sum."""
        return sum(iter(lambda: self.take_in(patient=True), None))
