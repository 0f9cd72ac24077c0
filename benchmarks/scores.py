"""What it costs to score and roll up people with twenty touches each, from the state and back into it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.meter import Phase, measured
from insight.score.scorer import SCORED_AT
from sandbox.kernel import Clock
from sandbox.world import World
from state.rows import Batch, JournalRow, Lease, Row, TouchRow
from state.store import Store, open_store
from sync import compose
from sync.config import parse, rules
from sync.console.logs import configure
from sync.engine import Engine
from sync.insight.learning import learn
from sync.quiet import quiet
from sync.setup.provision import lacking, provision

NOW = 1_795_000_000_000
DAY = 86_400_000
YEAR = 365 * DAY
TOUCHES = 20
PAGE = 1_000
SORTS = ("visit", "page_view", "page_view", "email_open", "email_click", "form")
PAGES = ("about", "pricing", "whitepaper", "blog", "demo")
TITLES = ("CEO", "Marketing Manager", "Clerk", "Head of IT", "Student")


@dataclass
class Still:
    """Time that stands where it is put."""

    at: int = NOW

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let this much time pass."""
        self.at += round(seconds * 1000)

    def random(self) -> float:
        """In [0, 1)."""
        return 0.5


def scored(url: str, people: int) -> Iterator[tuple[Phase, int]]:
    """(what it cost, how many scores were written) of the first pass over so many people, and of the next day's, when
    nobody had done anything."""
    configure("warning", "text")
    clock = Still()
    with open_store(url) as store:
        made = _engine(store, clock)
        lease = store.lease("sync", "benchmarks", NOW, 3_600_000)
        _fill(store, lease, people)
        store.release(lease)
        for _ in range(2):
            with made._running("learn", muted=True):
                made._prepare()
                with quiet(), measured(made, lambda: time.monotonic_ns() // 1_000_000) as phase:
                    learn(made)
            yield phase, _written(store, clock.at)
            clock.at += DAY


def _written(store: Store, at: int) -> int:
    written, after = 0, ""
    while entities := store.entities("person", after, PAGE):
        after = entities[-1]
        written += sum(told[SCORED_AT].value == at for told in store.derived(entities).values() if SCORED_AT in told)
    return written


def _engine(store: Store, clock: Still) -> Engine:
    world = World(1, 0, Clock(clock.now_ms))
    known = world.credentials
    raw = {
        "hubspot": {"base_url": world.hubspot_url, "access_token": "env:TOKEN"},
        "salesforce": {
            "login_url": world.salesforce_url, "client_id": "env:CLIENT_ID", "client_secret": "env:CLIENT_SECRET",
        },
        "deal": {"sync": False}, "activity": {"sync": False},
        "insight": {"behaviour": True}, "score": {"enabled": True},
    }  # fmt: skip
    secrets = {
        "TOKEN": known["hubspot"]["access_token"],
        "CLIENT_ID": known["salesforce"]["client_id"],
        "CLIENT_SECRET": known["salesforce"]["client_secret"],
    }
    outside = compose.World(clock, lambda: f"run {clock.at}", secrets, 1, world.transport())
    settings = parse(raw)
    sides = compose.connectors(settings, outside)
    provision(sides, lacking(sides, rules(settings)))
    return compose.engine(settings, outside, store)


def _fill(store: Store, lease: Lease, people: int) -> None:
    dice = Random(1)
    for start in range(0, people, PAGE):
        numbers = range(start, min(start + PAGE, people))
        rows = [_row(n) for n in numbers]
        store.save_page(lease, rows, {row.ref: [f"email:{row.now['email']}"] for row in rows}, None)
        held = store.rows("salesforce", "Lead", [row.id for row in rows])
        linked = [held[row.id]._replace(entity=f"person-{row.id}", dirty=False) for row in rows]
        store.commit_batch(lease, Batch(rows=linked, journal=[_way(n, f"person-{_id(n)}") for n in numbers]))
        store.save_touches(lease, [touch for n in numbers for touch in _touches(n, dice)])


def _row(n: int) -> Row:
    now = {
        "email": f"p{n}@company{n % 5000}.example", "last_name": f"Person {n}", "title": TITLES[n % len(TITLES)],
        "country": "DE", "phone": "+49301234567", "stage": "mql",
    }  # fmt: skip
    return Row("salesforce", "Lead", _id(n), "person", now, NOW - DAY, NOW - DAY, created_ms=NOW - YEAR)


def _id(n: int) -> str:
    return f"00Q{n:012}AAA"


def _way(n: int, entity: str) -> JournalRow:
    """Everybody became an MQL; of every ten, one was won, rather a boss than not, and three were lost."""
    at = NOW - YEAR + n % 300 * DAY
    won, lost = n % 10 == n % 3, n % 10 in (7, 8, 9)
    entered = {"mql": at} | ({"customer": at + 20 * DAY} if won else {}) | ({"lost": at + 30 * DAY} if lost else {})
    status = {"status": "lost"} if lost and not won else {}
    stands = {"stage": "customer" if won else "mql", "cycle": 1, "entered": entered} | status
    return JournalRow(at, "r", entity, "salesforce", "@stage", {}, stands, "met")


def _touches(n: int, dice: Random) -> Iterator[TouchRow]:
    who = f"email:p{n}@company{n % 5000}.example"
    for i in range(TOUCHES):
        sort, page = dice.choice(SORTS), dice.choice(PAGES)
        at = NOW - dice.randrange(120 * DAY)
        yield TouchRow(who, f"hubspot:{sort}:{n}-{i}", at, sort, "buyer", page, f"https://acme.example/{page}")
