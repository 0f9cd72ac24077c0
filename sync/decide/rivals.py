"""What speaks for each of several records of one person: their deals, owners and activities, as the state knows them.

Asked of the state only, and only of records of one system that share an address: no call is made for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mapping.deals import OPEN
from mapping.links import parent_key
from mapping.mapping import Mapping as KindMapping
from mapping.values import instant
from state.rows import THERE, Row
from sync.decide.dealing import KIND as DEAL
from sync.decide.dealing import outcome
from sync.match import Candidate

if TYPE_CHECKING:
    from sync.engine import Engine

ACTIVITY = "activity"
WHEN = ("day", "starts")
"""Fields of an activity that say when it took place."""


def weighed(engine: Engine, mapping: KindMapping, candidates: list[Candidate]) -> list[Candidate]:
    """The same, each rival with what speaks for it."""
    crowd = Counter((c.ref.system, address) for c in candidates if (address := c.own.get("email")) is not None)
    keys = {
        c.ref: parent_key(c.ref.system, mapping.rule.kind, c.ref.id)
        for c in candidates
        if crowd[c.ref.system, c.own.get("email")] > 1
    }
    if not keys:
        return candidates
    deals, activities = _held(engine, DEAL, keys.values()), _held(engine, ACTIVITY, keys.values())
    dealing = engine.mapping_of(DEAL)
    return [
        c._replace(
            open_opportunity=dealing is not None and any(outcome(dealing, row) == OPEN for row in deals.get(key, ())),
            owner_active=mapping.owners.active(c.ref.system, c.own.get("owner")),
            touched=max((_when(row, engine.now()) for row in activities.get(key, ())), default=None),
        )
        if (key := keys.get(c.ref)) is not None
        else c
        for c in candidates
    ]


def _held(engine: Engine, kind: str, keys: Iterable[str]) -> Mapping[str, list[Row]]:
    if engine.mapping_of(kind) is None:
        return {}
    found = engine.view.by_keys(kind, sorted(keys))
    return {key: [row for row in rows if row.state in THERE] for key, rows in found.items()}


def _when(row: Row, now: int) -> int:
    """When it took place; what is planned was entered by somebody all the same."""
    told = next((at for name in WHEN if isinstance(at := instant(row.now.get(name)), int)), None)
    return told if told is not None and told <= now else row.created_ms or 0
