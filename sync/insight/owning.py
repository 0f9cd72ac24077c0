"""Whose somebody is: of sales, and of marketing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mapping.rules import Place
from state.rows import LIVE, Row
from sync.config import TEAMS

if TYPE_CHECKING:
    from sync.engine import Engine

OWNER, ACCOUNT, PERSON, COMPANY = "owner", "account", "person", "company"
SALES, MARKETING = "sales", "marketing"


def seller(engine: Engine, rows: Iterable[Row]) -> str:
    """Who sells to the person: the owner of their record where sales works, else of their account, else of their record
    elsewhere; empty: nobody who works here."""
    live = sorted((row for row in rows if row.state == LIVE), key=lambda row: TEAMS[row.system] != SALES)
    for row in live:
        if found := _owner(engine, PERSON, row) or _of_account(engine, row):
            return found
    return ""


def marketer(engine: Engine, rows: Iterable[Row]) -> str:
    """Whose the person is in marketing; empty: nobody's, or only whose they are in sales."""
    live = [row for row in rows if row.state == LIVE]
    found = [_owner(engine, PERSON, row) for row in live if TEAMS[row.system] == MARKETING]
    others = {_owner(engine, PERSON, row) for row in live if TEAMS[row.system] == SALES}
    return next((name for name in found if name and name not in others), "")


def _owner(engine: Engine, kind: str, row: Row) -> str:
    """The active colleague who owns a record."""
    mapping, own = engine.mapping_of(kind), row.now.get(OWNER)
    if mapping is None or own is None or not mapping.owners.active(row.system, own):
        return ""
    name = mapping.canon(Place(row.system, row.object), OWNER, own)
    return name if isinstance(name, str) else ""


def _of_account(engine: Engine, row: Row) -> str:
    mapping, account = engine.mapping_of(COMPANY), row.now.get(ACCOUNT)
    if mapping is None or not isinstance(account, str):
        return ""
    [object, *_] = mapping.rule.objects[row.system]
    held = engine.store.rows(row.system, object, [account]).get(account)
    return _owner(engine, COMPANY, held) if held is not None and held.state == LIVE else ""
