"""A world on three loopback addresses (HubSpot, Salesforce, control), all in one process and one event loop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sandbox.control import Control
from sandbox.http import Server
from sandbox.kernel import Clock
from sandbox.world import World, announcement

Announce = Callable[[dict[str, Any]], None]
"""Told once, when all three answer: the addresses and every credential, as JSON values."""


def serve(world: World, hubspot_port: int, salesforce_port: int, control_port: int, announce: Announce) -> None:
    """Serve until the process is told to stop: SIGTERM returns, Ctrl-C raises KeyboardInterrupt.

    Port 0 takes a free one; a port that cannot be opened raises OSError with one clear sentence.
    """
    asyncio.run(live(world, (hubspot_port, salesforce_port, control_port), announce, None))


def serve_new(
    seed: int,
    people: int,
    wall: Callable[[], int],
    ports: tuple[int, int, int],
    announce: Announce,
    dataset: Path | None = None,
) -> None:
    """Make a world and serve it: what a child process runs.  `wall` gives ms since the epoch."""
    serve(World(seed, people, Clock(wall), dataset), *ports, announce)


async def live(world: World, ports: tuple[int, int, int], announce: Announce, stop: asyncio.Event | None) -> None:
    """Serve in the running loop until `stop` is set, or SIGTERM comes if there is no `stop`."""
    stop = stop or _stop_on_signal()
    hubspot = Server("HubSpot", world.hubspot_handle)
    salesforce = Server("Salesforce", world.salesforce_handle)
    controls = Server("control", Control(world).handle)
    servers = (hubspot, salesforce, controls)
    with TemporaryDirectory(prefix="sandbox-") as folder:
        try:
            for server, port in zip(servers, ports, strict=True):
                await server.open(port)
            world.locate(hubspot.url, salesforce.url)
            key = Path(folder) / "salesforce.key"
            key.touch(mode=0o600)
            key.write_text(world.private_key(), encoding="ascii")
            # The people stay: the collector need not look at them again and again.
            gc.freeze()
            announce(announcement(world, controls.url, key))
            await stop.wait()
        finally:
            for server in servers:
                await server.close()


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    return stop
