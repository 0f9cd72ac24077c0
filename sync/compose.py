"""Put the parts together: settings and what `main` injects in, an engine out."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from connectors import connect
from connectors.door import Budget, Called, Clock
from connectors.port import Connector
from insight.fields import CONTENT
from mapping.rules import KINDS
from state.rows import OperationRow
from state.store import Store, open_store
from sync.config import rules
from sync.console.progress import Progress
from sync.engine import Engine
from sync.insight.agreement import Agreement
from sync.insight.alerting import Telling
from sync.insight.clocks import Agreed
from sync.insight.features import features
from sync.insight.known import compiled, known, lead_type_of
from sync.insight.scoring import Scoring
from sync.insight.suggesting import Suggesting
from sync.lanes import thread
from sync.schedule import a_day
from sync.settings.common import Settings
from sync.settings.fields import Section
from sync.settings.secrets import is_reference, resolve
from sync.setup.check_load import Day
from sync.setup.offered import offered, sentence
from sync.trust.estimate import Cost, estimate

if TYPE_CHECKING:
    import httpx

SECRETS = (
    "access_token", "client_id", "client_secret", "refresh_token",
    "username", "password", "security_token", "private_key",
)  # fmt: skip

ALWAYS: dict[str, dict[str, Any]] = {"hubspot": {"bin_due": True}, "salesforce": {}}
"""A command that lives for one run must see deletions too."""
DAY = 86_400_000
SALESFORCE_SECONDS = 0.6
"""What a call with 200 records takes as a rule."""
RUNS_A_DAY = 5_000
"""More than one run every 20 seconds is not counted against the daily budget."""

log = structlog.get_logger()


@dataclass(frozen=True)
class World:
    """What the program knows of the outside: time, chance, the environment, and who it is."""

    clock: Clock
    new_run: Callable[[], str]
    environment: Mapping[str, str]
    process: int
    transport: httpx.BaseTransport | None = None
    """What stands in for the network; None: the network."""
    interrupted: Callable[[], bool] = lambda: False
    """Whether somebody asked that the run in hand should end."""


def connectors(settings: Settings, world: World, spent: Mapping[str, int] | None = None) -> dict[str, Connector]:
    """Both connectors, signed in lazily.  Raises Misconfigured where a secret is missing.

    spent: calls that earlier runs of this UTC day have cost, per side.
    """
    today = world.clock.now_ms() // DAY
    found: dict[str, Connector] = {}
    for name in ("hubspot", "salesforce"):
        section: Section = getattr(settings, name)
        budget = getattr(settings.budget, name)
        found[name] = connect(
            name,
            {**resolved(name, section, world.environment), **budget.model_dump(exclude_none=True), **ALWAYS[name]},
            clock=world.clock,
            transport=world.transport,
            budget=Budget(budget.calls_per_day, budget.reserve, spent=(spent or {}).get(name, 0), day=today),
            parallel=budget.parallel,
            on_call=partial(_told, name),
            on_token=_keeper(name, section),
        )
    return found


def _told(side: str, called: Called) -> None:
    log.debug("call", side=side, method=called.method, route=called.route, status=called.status, ms=called.ms)


def spent_today(state: Store, now: int) -> dict[str, int]:
    """Calls of this UTC day by the runs that the state knows."""
    spent: Counter[str] = Counter()
    for run in state.runs(RUNS_A_DAY):
        if run.started_ms // DAY == now // DAY:
            spent.update(run.counts.get("api_calls", {}))
    return dict(spent)


def resolved(name: str, section: Section, environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings of one side with its secrets looked up."""
    values = section.model_dump(exclude_none=True)
    return {
        key: resolve(value, environment, f"{name}.{key}") if key in SECRETS and is_reference(str(value)) else value
        for key, value in values.items()
    }


def _keeper(name: str, section: Section) -> Callable[[str], None]:
    """Keeps a refresh token that the platform replaced: the old one is dead."""
    reference = str(getattr(section, "refresh_token", None) or "")

    def keep(token: str) -> None:
        kind, _, rest = reference.partition(":")
        if kind != "file":
            log.error(
                "refresh token replaced",
                side=name,
                fix=f'set {name}.refresh_token to "file:PATH" so that it can be kept',
            )
            return
        path = Path(rest).expanduser()
        fresh = path.with_name(path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(token, encoding="utf-8")
        fresh.replace(path)

    return keep


def store(settings: Settings) -> Store:
    """The state, created or upgraded."""
    return open_store(settings.state.url)


def engine(
    settings: Settings,
    world: World,
    state: Store,
    *,
    progress: Progress | None = None,
    kinds: Collection[str] = KINDS,
) -> Engine:
    """One worker over this state.  kinds: only these, as far as they are synchronised at all."""
    sides = connectors(settings, world, spent_today(state, world.clock.now_ms()))
    settings, lacking = offered(settings, sides, state)
    made = Engine(
        store=state,
        connectors=sides,
        rules=rules(settings, kinds),
        left_out=sentence(lacking),
        now=world.clock.now_ms,
        new_run=world.new_run,
        owner=f"{socket.gethostname()}:{world.process}",
        sleep=world.clock.sleep,
        lane=thread,
        interrupted=world.interrupted,
        limits=settings.plan,
        scoring=Scoring(settings) if settings.score.enabled else None,
        brakes=settings.brakes,
        agreed=(agreed := agreed_on(settings)),
        telling=telling(settings, agreed, world.environment),
        suggesting=Suggesting(settings) if CONTENT in features(settings) else None,
    )
    if progress is not None:
        made.progress = progress
        progress.calls = lambda side: made.connectors[side].usage().calls
    return made


def day(settings: Settings) -> Day:
    """What the configuration asks of both systems in a day."""
    budgets = {name: getattr(settings.budget, name) for name in ("hubspot", "salesforce")}
    allowed = {name: budget.calls_per_day for name, budget in budgets.items()}
    return Day(a_day(settings.schedule.sync), a_day(settings.schedule.reconcile), allowed)


def agreed_on(settings: Settings) -> Agreed:
    """What both teams promised."""
    agreement = Agreement(settings.sla, settings.calendar)
    return Agreed(agreement, settings.sla.start, lead_type_of(settings))


def telling(settings: Settings, agreed: Agreed, environment: Mapping[str, str]) -> Telling | None:
    """Who tells colleagues what is worth their attention.  Raises Misconfigured where a channel's secret is missing."""
    alerts = settings.alerts
    if not alerts.on:
        return None
    everybody = {one: resolve(one, environment, "alerts.channels") for one in alerts.channels}
    own = {
        owner.lower(): {one: resolve(one, environment, f"alerts.people.{owner}") for one in some}
        for owner, some in alerts.people.items()
    }
    return Telling(alerts, agreed, compiled(settings, alerts.never), everybody, own, partial(known, settings))


def cost(settings: Settings, worker: Engine, operations: Iterable[OperationRow]) -> dict[str, Cost]:
    """What carrying out these operations will cost, by side."""
    pace = {"hubspot": 10 / settings.budget.hubspot.calls_per_10_s, "salesforce": SALESFORCE_SECONDS}
    return estimate(operations, {name: side.traits for name, side in worker.connectors.items()}, pace, worker.recalls)
