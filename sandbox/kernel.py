"""What both faces of the sandbox stand on: a clock, tables that remember who wrote what, faults and a call log.

The sandbox is an oracle, so it shares no code with the product.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import httpx


class Clock:
    """The sandbox's time, ms since the epoch.  It follows `wall` plus an offset, or stands still when frozen."""

    def __init__(self, wall: Callable[[], int]) -> None:
        self._wall = wall
        self._offset = 0
        self._frozen: int | None = None

    def now(self) -> int:
        return self._frozen if self._frozen is not None else self._wall() + self._offset

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def advance(self, ms: int) -> None:
        if self._frozen is not None:
            self._frozen += ms
        else:
            self._offset += ms

    def freeze(self, at: int | None = None) -> None:
        self._frozen = self.now() if at is None else at

    def thaw(self) -> None:
        now = self.now()
        self._frozen = None
        self._offset = now - self._wall()


class Change(NamedTuple):
    """One entry of a field's history, oldest first in `Row.history`."""

    at: int
    field: str
    value: Any
    by: str
    """human, integration, automation, import, form, seed."""
    actor: str
    """User id, app id, or the name of the automation."""


class Row:
    """One record: current values, and every change that led to them."""

    __slots__ = ("archived_at", "created", "extra", "history", "id", "modified", "values")

    def __init__(self, id: str, values: dict[str, Any], created: int) -> None:
        self.id = id
        self.values = values
        self.created = created
        self.modified = created
        self.archived_at: int | None = None
        self.history: list[Change] = []
        self.extra: dict[str, Any] | None = None
        """What a face needs beyond values: merged ids, associations, conversion …"""


class Table:
    """The records of one object, in order of id, with unique indexes that the faces maintain through `put`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[str, Row] = {}
        self.unique: dict[str, dict[str, str]] = {}
        """field → folded value → id."""

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)


class Caller(NamedTuple):
    """Who makes a change: kept in the history."""

    by: str
    actor: str


SEED = Caller("seed", "seed")


class Dropped(Exception):
    """The connection breaks and no answer is given."""


class Hang(Exception):
    """The request took effect, but its answer comes only after this many ms: a client with less patience gives up."""

    def __init__(self, ms: int, response: httpx.Response) -> None:
        super().__init__(ms)
        self.ms = ms
        self.response = response


@dataclass(slots=True)
class Fault:
    """A trouble to cause.  Switched on through the control address, or in process through `World.faults`.

    `kind` is one of:
      rate_limit     429 as documented (hubspot: which = ten_secondly | search | daily)
      daily_limit    the day's calls are used up
      error          answer `status` (500, 502, 503, 504, 423, 477 …) before anything happens
      html           the same with an HTML body
      lost_before    the connection breaks before the request takes effect
      lost_after     the request takes effect, then the connection breaks
      hang           the answer is late by `ms`
      expire         the session or token is no longer valid
      lock           rows are locked (UNABLE_TO_LOCK_ROW, 423)
      reject         one record of a batch is refused with `code` and `message` (field and value match narrow it)
      stale_index    searches see the state of `ms` ago
      shuffle        batch results come in another order
      duplicate_page a page is delivered twice
    """

    kind: str
    side: str
    """hubspot or salesforce."""
    path: str = ""
    """A regular expression searched in `METHOD /path?query`; empty matches every call."""
    times: int = 1
    """How many calls it hits; -1 for ever."""
    skip: int = 0
    """How many matching calls pass first."""
    chance: float = 1.0
    status: int = 500
    ms: int = 0
    code: str = ""
    message: str = ""
    match: dict[str, str] = field(default_factory=dict)
    """For `reject`: field → regular expression a record must match to be refused."""
    hits: int = 0


class Faults:
    """The troubles in force, asked by each face at fixed points."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self) -> None:
        self.active.clear()

    def take(self, side: str, call: str, kinds: Iterable[str]) -> Fault | None:
        """The first fault of one of these kinds that hits this call, now counted as used."""
        wanted = frozenset(kinds)
        for fault in self.active:
            if fault.kind not in wanted or fault.side != side or fault.times == 0:
                continue
            if fault.path and not re.search(fault.path, call):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            if fault.chance < 1 and self.rng.random() >= fault.chance:
                continue
            fault.times -= fault.times > 0
            fault.hits += 1
            return fault
        return None

    def standing(self, side: str, kind: str) -> Fault | None:
        """A fault that is a condition rather than an event (stale_index, reject): looked at, not used up."""
        return next((f for f in self.active if f.kind == kind and f.side == side and f.times != 0), None)


class Call(NamedTuple):
    """One request that a face answered."""

    n: int
    at: int
    side: str
    method: str
    path: str
    """With the query string."""
    status: int
    """0: the connection was broken instead."""
    counted: bool
    """Whether it counts against the daily limit."""
    items: int
    """Records in a batch, else 1."""


class CallLog:
    """Calls, newest last, counted for ever and kept up to `keep`."""

    def __init__(self, keep: int = 200_000) -> None:
        self.keep = keep
        self.calls: list[Call] = []
        self.counts: dict[str, int] = {}
        self._n = 0

    def add(
        self, at: int, side: str, method: str, path: str, status: int, counted: bool = True, items: int = 1
    ) -> None:
        self._n += 1
        if counted:
            self.counts[side] = self.counts.get(side, 0) + 1
        self.calls.append(Call(self._n, at, side, method, path, status, counted, items))
        if len(self.calls) > self.keep:
            del self.calls[: self.keep // 4]


@dataclass(slots=True)
class Kernel:
    """What a face is given."""

    clock: Clock
    rng: random.Random
    faults: Faults
    log: CallLog
    salesforce_url: str = "http://127.0.0.1"
    """Where the Salesforce face is reached: it names itself in tokens and nextRecordsUrl."""
