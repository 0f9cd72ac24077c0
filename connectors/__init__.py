"""Where records live: one connector per system, each behind the same port and the same kind of door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.errors import Misconfigured
from connectors.port import Connector

SYSTEMS = ("hubspot", "salesforce")


def connect(name: str, settings: Mapping[str, Any], **door: Any) -> Connector:
    """The connector of this name.  `settings` are those of its section; `door` is what `open` of its class takes:
    clock, transport, budget, on_call, on_token, parallel."""
    openers: dict[str, Callable[[], Callable[..., Connector]]] = {"hubspot": _hubspot, "salesforce": _salesforce}
    if name not in openers:
        raise Misconfigured(f"there is no connector {name!r}; expected one of {', '.join(SYSTEMS)}")
    return openers[name]()(settings, **door)


def _hubspot() -> Callable[..., Connector]:
    # Imported when asked for: the client libraries take a third of a second to load.
    from connectors.hubspot import HubSpot

    return HubSpot.open


def _salesforce() -> Callable[..., Connector]:
    from connectors.salesforce import Salesforce

    return Salesforce.open
