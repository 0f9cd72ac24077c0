"""Put the parts together: settings and what `main` injects in, an engine out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from connectors import connect
from connectors.door import Budget, Called, Clock
from connectors.port import Connector
from mapping.rules import Place
from state.store import Store, open_store
from sync.config import person_rule
from sync.engine import Engine
from sync.secrets import is_reference, resolve
from sync.settings import Section, Settings

if TYPE_CHECKING:
    import httpx

SECRETS = (
    "access_token", "client_id", "client_secret", "refresh_token",
    "username", "password", "security_token", "private_key",
)  # fmt: skip

__all__ = ["Place", "World", "connectors", "engine", "resolved", "store"]

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


def connectors(
    settings: Settings, world: World, on_call: Callable[[str, Called], None] | None = None
) -> dict[str, Connector]:
    """Both connectors, signed in lazily.  Raises Misconfigured where a secret is missing."""
    found: dict[str, Connector] = {}
    for name in ("hubspot", "salesforce"):
        section: Section = getattr(settings, name)
        budget = getattr(settings.budget, name)
        found[name] = connect(
            name,
            {**resolved(name, section, world.environment), **budget.model_dump(exclude_none=True)},
            clock=world.clock,
            transport=world.transport,
            budget=Budget(budget.calls_per_day, budget.reserve),
            parallel=budget.parallel,
            on_call=None if on_call is None else partial(on_call, name),
            on_token=_keeper(name, section),
        )
    return found


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
    progress: Callable[[str, str, str, int, int | None], None] | None = None,
    on_call: Callable[[str, Called], None] | None = None,
) -> Engine:
    """One worker over this state."""
    made = Engine(
        store=state,
        connectors=connectors(settings, world, on_call),
        rules=[person_rule(settings)],
        now=world.clock.now_ms,
        new_run=world.new_run,
        owner=f"{socket.gethostname()}:{world.process}",
    )
    if progress is not None:
        made.progress = progress
    return made
