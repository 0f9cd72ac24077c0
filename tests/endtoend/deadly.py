"""Stand-ins that strike: at a chosen call the program that makes it is killed, interrupted or told to stop."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import httpx

from sandbox.kernel import Dropped
from sandbox.world import World
from tests.endtoend.program import real_clock


class Deadly(World):
    """Does something to its visitor (kills it, as a rule) at a call that was chosen before."""

    def __init__(self, seed: int, people: int) -> None:
        self.victim: Callable[[], None] = lambda: None
        self.calls_left = -1
        self.how = ""
        self.only = ""
        self.late = 0.0
        super().__init__(seed, people, real_clock())

    def aim(self, victim: Callable[[], None], calls: int, how: str = "before", late: float = 0, only: str = "") -> None:
        """At the call of this number: `before` or `after` it takes effect, or `between` calls, `late` seconds on.

        `only`: a regular expression; other calls are not counted.
        """
        self.only = only
        self.victim, self.how, self.late, self.calls_left = victim, how, late, calls

    def hubspot_handle(self, request: httpx.Request) -> httpx.Response:
        return self._deadly(super().hubspot_handle, request)

    def salesforce_handle(self, request: httpx.Request) -> httpx.Response:
        return self._deadly(super().salesforce_handle, request)

    def _deadly(self, handle: Callable[[httpx.Request], httpx.Response], request: httpx.Request) -> httpx.Response:
        if not re.search(self.only, f"{request.method} {request.url.path}"):
            return handle(request)
        self.calls_left -= 1
        if self.calls_left != 0:
            return handle(request)
        if self.how == "before":
            self.victim()
            raise Dropped
        response = handle(request)
        if self.how == "after":
            self.victim()
        else:
            threading.Timer(self.late, self.victim).start()
        return response
