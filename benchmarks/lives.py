"""The engine over stand-ins, taken through its life: a backfill, the same again, nothing, a few changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.meter import Phase, measured
from benchmarks.stand import Stand
from main import RealClock, new_run
from mapping.rules import Place
from sync import compose
from sync.config import parse
from sync.console.logs import configure
from sync.engine import Engine
from sync.setup.provision import missing

LATER_MS = 15 * 60_000
"""Beyond every overlap: what was seen until then is settled."""
MINUTE_MS = 60_000
CHANGED = 0.01


@dataclass
class Life:
    """The phases of one state, in order."""

    people: int
    phases: dict[str, Phase] = field(default_factory=dict)
    edited: dict[str, int] = field(default_factory=dict)
    """object → records that people changed."""
    refused: int = 0
    """429s seen."""


@contextmanager
def engine(stand: Stand, state: str, *, limited: bool) -> Iterator[Engine]:
    """An engine over these stand-ins, which have our fields.  `limited`: it keeps to HubSpot's limits."""
    configure("warning", "text")
    settings = parse(_config(stand.announced, state))
    environment = {
        "ACCESS_TOKEN": str(stand.announced["hubspot"]["access_token"]),
        "CLIENT_ID": str(stand.announced["salesforce"]["client_id"]),
        "CLIENT_SECRET": str(stand.announced["salesforce"]["client_secret"]),
    }
    world = compose.World(RealClock(), new_run, environment, os.getpid())
    with compose.store(settings) as store:
        made = compose.engine(settings, world, store)
        made.limits = None  # What is measured needs nobody's approval.
        stand.limits(on=False)
        _provision(made)
        if not limited:
            for connector in made.connectors.values():
                connector.door.windows.clear()  # type: ignore[attr-defined]
        stand.limits(on=limited)
        stand.wait(MINUTE_MS)
        try:
            yield made
        finally:
            for connector in made.connectors.values():
                connector.close()  # type: ignore[attr-defined]


def _config(announced: dict[str, Any], state: str) -> dict[str, Any]:
    salesforce = {
        "login_url": announced["salesforce"]["login_url"],
        "client_id": "env:CLIENT_ID",
        "client_secret": "env:CLIENT_SECRET",
    }
    return {
        "state": {"url": state},
        "hubspot": {"base_url": announced["hubspot"]["base_url"], "access_token": "env:ACCESS_TOKEN"},
        "salesforce": salesforce,
        "budget": {"salesforce": {"calls_per_day": 1_000_000}},
        # The figures are of people.
        **{kind: {"sync": False} for kind in ("company", "deal", "activity")},
    }


def _provision(made: Engine) -> None:
    for rule in made.rules:
        schemas = {
            Place(name, object): connector.describe(object)
            for name, connector in made.connectors.items()
            for object in rule.objects[name]
        }
        lacking = missing(rule, schemas)
        for name, connector in made.connectors.items():
            connector.provision([spec for side, spec in lacking if side == name])


def life(stand: Stand, state: str, people: int) -> Life:
    """A whole life without limits."""
    told = Life(people)
    with engine(stand, state, limited=False) as made:

        def cycle(name: str, **how: Any) -> Phase:
            with measured(made, _now) as phase:
                phase.report = made.cycle(**how)
            told.phases[name] = phase
            return phase

        cycle("backfill", job="backfill", full=True, muted=True)
        cycle("again")
        # What the backfill wrote lies in the overlap once more, then never again.
        stand.wait(LATER_MS)
        cycle("settle")
        stand.wait(LATER_MS)
        cycle("idle")
        told.edited = _edit(stand)
        stand.wait(MINUTE_MS)
        cycle("changes")
        stand.wait(LATER_MS)
        cycle("echo")
    return told


def _edit(stand: Stand) -> dict[str, int]:
    return {
        "contacts": stand.edit_some("hubspot", "contacts", CHANGED, {"city": "Springfield"}),
        "Lead": stand.edit_some("salesforce", "Lead", CHANGED, {"MobilePhone": "+49 151 5550100"}),
        "Contact": stand.edit_some("salesforce", "Contact", CHANGED, {"MobilePhone": "+49 151 5550100"}),
    }


def limited(stand: Stand, state: str, people: int) -> Life:
    """A backfill under the documented limits."""
    told = Life(people)
    with engine(stand, state, limited=True) as made:
        with measured(made, _now) as phase:
            phase.report = made.cycle("backfill", full=True, muted=True)
        told.phases["backfill"] = phase
        told.refused = stand.refusals(0)
    return told


_now: Callable[[], int] = RealClock().now_ms
