"""One world, two faces: HubSpot and Salesforce stand-ins over the same clock, faults and call log, full of people.

A world is made of a seed, a number of people and a clock, and is the same every time; its records are dated back from
the midnight before the clock's present.  Use it in process through `handle` or `transport`, or serve it
(`sandbox.serve`).
"""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sandbox import datasets
from sandbox.business import Business
from sandbox.hubspot import HubSpot
from sandbox.kernel import CallLog, Clock, Dropped, Faults, Hang, Kernel, Row
from sandbox.people import DAY, MIX, Crowd, Mix, Staff, colleagues, companies
from sandbox.populate import Settler
from sandbox.salesforce import Salesforce

HUBSPOT_URL = "http://hubspot.sandbox"
SALESFORCE_URL = "http://salesforce.sandbox"
"""Names for use in process; the vendors' own host names lead here as well."""


class World:
    """Both systems and everything that can happen to them.

    `people` made-up ones live in it, after those of `dataset` (a folder with the files that `sandbox.datasets` reads)
    if one is given.  `lock` is held during every request; take it to touch the world from another thread than the
    server's.
    """

    def __init__(self, seed: int, people: int, clock: Clock, dataset: Path | None = None, mix: Mix = MIX) -> None:
        self.clock = clock
        self.dataset = dataset
        self.mix = mix
        self.lock = threading.RLock()
        self.hubspot_url = HUBSPOT_URL
        self.salesforce_url = SALESFORCE_URL
        self.staff = Staff((), ())
        self._key: tuple[str, str] | None = None
        self._first_seed = seed
        self.reset(seed, people)

    def reset(self, seed: int, people: int) -> None:
        """Make everything anew.  Addresses and credentials stay; whoever is logged in to Salesforce is logged out."""
        with self.lock:
            self.seed = seed
            self.people = people
            self.faults = Faults(random.Random(f"faults {seed}"))
            self.kernel = Kernel(
                self.clock, random.Random(f"faces {self._first_seed}"), self.faults, CallLog(), self.salesforce_url
            )
            self.hubspot = HubSpot(self.kernel)
            self.salesforce = Salesforce(self.kernel)
            if self._key is not None:
                self.salesforce.settings.public_key = self._key[1]
            with _collector_off():
                self._populate()

    def _populate(self) -> None:
        now = self.clock.now() // DAY * DAY
        rng = random.Random(f"people {self.seed}")
        settler = Settler(self.hubspot, self.salesforce, rng, now)
        if self.dataset is not None:
            data = datasets.load(self.dataset)
            team = data.colleagues()
            settler.people(data.people(settler.staff(team, queue=False), team))
        self.staff = settler.staff(colleagues(rng, self.people))
        employers = settler.employers(companies(rng, int(self.people * self.mix.employers + 1e-9)), self.staff)
        settler.people(Crowd(rng, self.people, now, self.staff, employers, self.mix))
        if self.mix.deals or self.mix.activities:
            Business(settler, self.seed).fill(self.mix, self.people)

    # requests

    def hubspot_handle(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self.hubspot.handle(request)

    def salesforce_handle(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self.salesforce.handle(request)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Whoever the request's host and port name.  Raises Dropped and Hang as the faces do."""
        url = str(request.url)
        if url.startswith((self.hubspot_url, HUBSPOT_URL, "https://api.hubapi.com")):
            return self.hubspot_handle(request)
        if url.startswith((self.salesforce_url, SALESFORCE_URL)) or request.url.host.endswith(".salesforce.com"):
            return self.salesforce_handle(request)
        raise httpx.ConnectError(f"Nobody answers at {request.url.host}.", request=request)

    def transport(self) -> httpx.BaseTransport:
        """For an httpx.Client in the same process, with broken and late connections as a network would show them."""
        return _Transport(self)

    # people

    def face(self, side: str) -> HubSpot | Salesforce:
        """`hubspot` or `salesforce`; LookupError for anything else."""
        if side not in ("hubspot", "salesforce"):
            raise LookupError(f"There is no side called {side}; there are hubspot and salesforce.")
        return self.hubspot if side == "hubspot" else self.salesforce

    def rows(self, side: str, name: str) -> Mapping[str, Row]:
        """Every record of an object by id, those in the bin included; LookupError if the side has no such object."""
        face = self.face(side)
        if name not in (face.records if isinstance(face, HubSpot) else face.org.objects):
            raise LookupError(f"{side} has no object called {name}.")
        return face.records[name].rows if isinstance(face, HubSpot) else face.store.shelf(name).rows

    # who may come in

    def locate(self, hubspot_url: str, salesforce_url: str) -> None:
        """The world is served: these are its addresses from now on."""
        self.hubspot_url = hubspot_url
        self.salesforce_url = self.kernel.salesforce_url = salesforce_url

    @property
    def credentials(self) -> dict[str, dict[str, str]]:
        """What `sandbox` announces for each side, but for what only serving adds (key file, control address)."""
        hubspot, salesforce = self.hubspot, self.salesforce.settings
        return {
            "hubspot": {
                "base_url": self.hubspot_url,
                "access_token": hubspot.access_token,
                "client_id": hubspot.client_id,
                "client_secret": hubspot.client_secret,
                "refresh_token": hubspot.refresh_token,
            },
            "salesforce": {
                "login_url": self.salesforce_url,
                "client_id": salesforce.client_id,
                "client_secret": salesforce.client_secret,
                "username": salesforce.username,
                "password": salesforce.password,
                "security_token": salesforce.security_token,
            },
        }

    def private_key(self) -> str:
        """PEM; signs the assertions of the JWT bearer flow, also after a reset."""
        if self._key is None:
            self._key = self.salesforce.private_key(), self.salesforce.sessions.public_key()
        return self._key[0]


class _Transport(httpx.BaseTransport):
    def __init__(self, world: World) -> None:
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        try:
            return self._world.handle(request)
        except Dropped as dropped:
            message = "Server disconnected without sending a response."
            raise httpx.RemoteProtocolError(message, request=request) from dropped
        except Hang as hang:
            return self._wait(request, hang)

    def _wait(self, request: httpx.Request, hang: Hang) -> httpx.Response:
        """Nobody sleeps in process: the sandbox's time passes instead."""
        patience = request.extensions.get("timeout", {}).get("read")
        if patience is not None and hang.ms > patience * 1000:
            self._world.clock.advance(int(patience * 1000))
            raise httpx.ReadTimeout("The read operation timed out.", request=request)
        self._world.clock.advance(hang.ms)
        return hang.response


@contextmanager
def _collector_off() -> Iterator[None]:
    """Building a million records makes no garbage, but the collector would look through all of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def announcement(world: World, control_url: str, key_file: Path) -> dict[str, Any]:
    """The JSON object that `sandbox` prints."""
    told: dict[str, Any] = {side: dict(values) for side, values in world.credentials.items()}
    told["salesforce"]["private_key_file"] = str(key_file)
    return told | {"control_url": control_url}
