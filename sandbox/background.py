"""A served world for tests: it runs in a thread beside the test and stops cleanly at the end of the block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sandbox.serve import live
from sandbox.world import World


class Addresses(NamedTuple):
    """Where the three answer, and all that `sandbox` would have announced."""

    hubspot: str
    salesforce: str
    control: str
    announced: dict[str, Any]


@contextmanager
def running(world: World, ports: tuple[int, int, int] = (0, 0, 0)) -> Iterator[Addresses]:
    """Serve, by default on free ports.  Inside, touch the world in process only under `world.lock`."""
    thread = _Thread(world, ports)
    thread.start()
    thread.ready.wait()
    try:
        if thread.failure is not None:
            raise thread.failure
        told = thread.told
        yield Addresses(told["hubspot"]["base_url"], told["salesforce"]["login_url"], told["control_url"], told)
    finally:
        thread.finish()


class _Thread(threading.Thread):
    def __init__(self, world: World, ports: tuple[int, int, int]) -> None:
        super().__init__(name="sandbox", daemon=True)
        self.ready = threading.Event()
        self.told: dict[str, Any] = {}
        self.failure: Exception | None = None
        self._world = world
        self._ports = ports
        self._serving: asyncio.AbstractEventLoop
        self._done: asyncio.Event

    def run(self) -> None:
        try:
            asyncio.run(self._live())
        except Exception as error:
            self.failure = error
        finally:
            self.ready.set()

    async def _live(self) -> None:
        self._serving, self._done = asyncio.get_running_loop(), asyncio.Event()
        await live(self._world, self._ports, self._announce, self._done)

    def _announce(self, told: dict[str, Any]) -> None:
        self.told = told
        self.ready.set()

    def finish(self) -> None:
        if self.failure is None:
            self._serving.call_soon_threadsafe(self._done.set)
        self.join()
