"""Where records live: one connector per system, each behind the same port and the same kind of door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from connectors.errors import Misconfigured

if TYPE_CHECKING:
    import httpx

    from connectors.door import Budget, Called, Clock
    from connectors.port import Connector

SYSTEMS = ("hubspot", "salesforce")


def whole_id(system: str, id: str) -> str:
    """An id as the system's records bear it: Salesforce's pages and reports show 15 of its 18 characters, too."""
    if system != "salesforce":
        return id
    from connectors.salesforce.values import is_id, long_id

    return long_id(id) if is_id(id) else id


def connect(
    name: str,
    settings: Mapping[str, Any],
    *,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    budget: Budget | None = None,
    on_call: Callable[[Called], None] | None = None,
    on_token: Callable[[str], None] | None = None,
    parallel: int = 4,
) -> Connector:
    """The connector of this name, signed in when it is first used.

    `settings` are those of its section and of its budget, secrets looked up; `transport` stands in for the network;
    `on_call` sees each line of the ledger; `on_token` must store a refresh token that the system has replaced.
    Raises `Misconfigured`.
    """
    # Imported when asked for: whoever needs only the port should not wait for HTTP and the client libraries.
    if name == "hubspot":
        from connectors.hubspot import HubSpot

        return HubSpot.open(
            settings,
            clock=clock,
            transport=transport,
            budget=budget,
            on_call=on_call,
            on_token=on_token,
            parallel=parallel,
        )
    if name == "salesforce":
        from connectors.door import Door, wire
        from connectors.salesforce import Salesforce, Settings

        known = {field.name for field in fields(Settings)}
        own = Settings(**{key: value for key, value in settings.items() if key in known})
        transport = transport or wire(own.login_url)
        door = Door(
            name, own.login_url, clock=clock, transport=transport, budget=budget, on_call=on_call, parallel=parallel
        )
        return Salesforce(own, door, on_token)
    raise Misconfigured(f"there is no connector {name!r}; expected one of {', '.join(SYSTEMS)}")


def rights(name: str, objects: Sequence[str], sources: Collection[str] = ()) -> list[str]:
    """What an administrator has to grant for these objects and sources of interactions, and no more: HubSpot's scopes,
    Salesforce's permissions."""
    if name == "hubspot":
        from connectors.hubspot.checkup import every_scope

        return every_scope(objects, sources)
    from connectors.salesforce.checking import rights as permissions

    return permissions(objects, sources)
