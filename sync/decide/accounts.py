"""Which companies buy from us: customers, and those with an open deal.  Asked of the state, once a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mapping.deals import CUSTOMER, OPEN, WON
from mapping.links import Links, parent_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import STAGE, Place
from state.rows import LIVE, THERE, Row
from sync.decide.dealing import KIND as DEAL
from sync.decide.dealing import outcome

if TYPE_CHECKING:
    from sync.engine import Engine

COMPANY = "company"


def buying(engine: Engine, links: Links) -> frozenset[str]:
    """The entities of those among the companies referred to."""
    companies = sorted({entity for (kind, _, _), entity in links.entities.items() if kind == COMPANY})
    rows = [row for rows in engine.view.entity_rows(companies).values() for row in rows if row.state == LIVE]
    mapping, dealing = engine.mapping_of(COMPANY), engine.mapping_of(DEAL)
    found = {row.entity for row in rows if mapping is not None and _customer(mapping, row)}
    if dealing is not None:
        whose = {parent_key(row.system, COMPANY, row.id): row.entity for row in rows}
        for key, deals in engine.view.by_keys(DEAL, sorted(whose)).items():
            if any(row.state in THERE and outcome(dealing, row) in (OPEN, WON) for row in deals):
                found.add(whose[key])
    return frozenset(str(entity) for entity in found)


def _customer(mapping: KindMapping, row: Row) -> bool:
    stage = mapping.canon(Place(row.system, row.object), STAGE, row.now.get(STAGE))
    return CUSTOMER in mapping.lifecycle.stages and mapping.rank(stage) >= mapping.rank(CUSTOMER)
