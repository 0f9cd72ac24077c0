"""How long a plan of many writes takes, and how much memory: everybody in one system is new to the other, in memory."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import count
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.meter import MAXRSS_BYTES
from connectors.memory import Memory, MemorySystem
from connectors.port import Field, Schema, Traits
from mapping.rules import KindRule, Place
from state.store import open_store
from sync.config import parse, person_rule
from sync.console.planned import Shown, write_html
from sync.engine import Engine
from sync.trust.approving import Approved
from sync.trust.plans import Made, Saved, document, save
from tests.browser import NoBrowserError, browser

START = 1_750_000_000_000
PAGE = 10_000
MB = 2**20
TRAITS = Traits(batch=100, grain=1, lag=0, compare_and_set=False, history=False)


def planned(state: str, people: int) -> Iterator[Figure]:
    """A plan that creates so many, whose values are as unlike as people, saved, shown and read again."""
    now = count(START, 10)
    rule = _rule()
    systems = [_system(name, rule, lambda: next(now)) for name in ("hubspot", "salesforce")]
    for n in range(people):
        odd = blake2b(str(n).encode(), digest_size=12).hexdigest()
        values = {
            "email": f"p{n}@acme.example",
            "firstname": odd[:8],
            "lastname": odd[8:16],
            "company": f"Acme {odd[:3]}",
        }
        more = {"phone": f"+49 30 {n:07}", "jobtitle": "Buyer", "city": odd[16:], "lifecyclestage": "opportunity"}
        systems[0].create("contacts", {**values, **more})
    for _ in range(1_000):
        next(now)
    runs = count(1)
    with open_store(state) as store, tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        connectors = {system.name: Memory(system, page=PAGE) for system in systems}
        engine = Engine(store, connectors, [rule], lambda: next(now), lambda: f"run-{next(runs)}")
        before, began = _peak(), time.monotonic()
        started = time.process_time()
        dry = engine.plan()
        read, took = time.process_time() - started, time.monotonic() - began
        started = time.process_time()
        dry = engine.plan()
        decided = time.process_time() - started
        yield Figure("plan: operations", len(dry.operations), "", people, people, more=True)
        yield Figure("plan: time to read, store and decide", took, "s", 60, 120)
        yield Figure("plan: CPU of that", read, "s", 60, 120)
        yield Figure("plan: CPU to decide again", decided, "s", 30, 60)
        yield Figure("plan: memory beside what is read", (_peak() - before) / MB, "MiB", 100, 200)
        shown, file, page = Shown(dry, {}), Path(folder) / "plan.json", Path(folder) / "plan.html"
        started = time.process_time()
        made = Made(engine.run, 0, 0, False, engine.accounts, engine.decides_by)
        save(file, made, document(dry, shown.held(), shown.summary()))
        yield Figure("plan: CPU to save", time.process_time() - started, "s", 10, 30)
        started = time.process_time()
        write_html(page, shown, "now")
        yield Figure("plan: CPU to write the page", time.process_time() - started, "s", 10, 30)
        yield Figure("plan: the page", page.stat().st_size / MB, "MiB", 10, 50)
        yield from _opened(page, people)
        started = time.process_time()
        Approved(Saved(file))
        yield Figure("plan: CPU to check it before it is carried out", time.process_time() - started, "s", 10, 30)
        yield Figure("plan: memory with all of that", (_peak() - before) / MB, "MiB", 150, 300)


def _opened(file: Path, people: int) -> Iterator[Figure]:
    """In a real browser; nothing where there is none."""
    try:
        with browser() as page:
            started = time.monotonic()
            page.open(file)
            page.until(f"document.getElementById('where').textContent === '1 to {min(50, people)} of {people}'")
            yield Figure("plan: time to open the page", time.monotonic() - started, "s", 3, 10)
            started = time.monotonic()
            page.fill("text", f"p{people - 1}@acme.example")
            page.until("document.getElementById('where').textContent === '1 to 1 of 1'")
            yield Figure("plan: time to search it for the last one", time.monotonic() - started, "s", 3, 10)
    except NoBrowserError as reason:
        print(f"Without a browser: {reason}.", file=sys.stderr)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES


def _rule() -> KindRule:
    salesforce = {"login_url": "https://example.my.salesforce.com", "client_id": "x", "client_secret": "env:X"}
    return person_rule(parse({"hubspot": {"access_token": "env:X"}, "salesforce": salesforce}))


def _system(name: str, rule: KindRule, now: Callable[[], int]) -> MemorySystem:
    """All fields that the rules are about, as text."""
    schemas = []
    for object in rule.objects[name]:
        place = Place(name, object)
        natives = {part for field in rule.fields for part in field.places.get(place, "").split("+") if part}
        natives |= {key.native for key in rule.keys if key.place == place}
        fields = {native: Field(native, native, _type(native)) for native in sorted(natives)}
        schemas.append(Schema(object, fields))
    return MemorySystem(name, now, schemas, traits=TRAITS)


def _type(native: str) -> str:
    if native in ("@subscriptions", "HasOptedOutOfEmail"):
        return "bool"
    return "datetime" if native.endswith(("_at", "_At__c", "_Entered__c")) else "text"
