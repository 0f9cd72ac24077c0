"""Whether the credentials lead to the accounts that the state is about.

An address is the same for every HubSpot account and for every Salesforce sandbox.  Ids of one account mean nothing in
another, or somebody else: with the token of another account every record would seem to be gone, and every id of ours
would be somebody's.  So the state remembers whose it is, in the runs that it keeps, and nothing is read or written
with credentials of anybody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.errors import Misconfigured
from connectors.port import Connector
from state.store import Store

COUNTED = "accounts"
"""Where a run tells it: side → id of the account."""
LATEST_RUNS = 200
_NAMES = {"hubspot": ("HubSpot account", "access_token"), "salesforce": ("Salesforce org", "client_id")}


def recognise(store: Store, connectors: Mapping[str, Connector]) -> dict[str, str]:
    """Side → id of its account, as far as the systems say.  Raises Misconfigured where the state is about another."""
    now = {side: id for side, connector in connectors.items() if (id := connector.account())}
    before = remembered(store)
    for side, id in now.items():
        if (known := before.get(side, id)) != id:
            account, secret = _NAMES.get(side, (f"account of {side}", "credentials"))
            raise Misconfigured(
                f"The state database is foreign: it is about the {account} {known}, and [{side}] leads to {id}. Give "
                f"the {secret} of {known}, or name another database in [state] url."
            )
    return now


def remembered(store: Store) -> dict[str, str]:
    """Side → id of the account that the state is about, as far as it knows."""
    found: dict[str, str] = {}
    for run in store.runs(LATEST_RUNS):
        told: Mapping[str, Any] = run.counts.get(COUNTED, {})
        found = {**told, **found}
    return found
