"""An opt-out is said of an address: it counts for everybody who holds that address, strangers as they may be.

A mailbox of a role or of several people links nobody, so nothing else travels between its holders.  Who said it stays
to be decided until all are told, so that nothing is forgotten whatever happens in between.  Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mapping.rules import FieldRule
from state.rows import LIVE, SHARED, Row
from sync.decide.consent import HOLDERS, owed, said_last, says
from sync.decide.telling import DUPLICATE_OF

if TYPE_CHECKING:
    from sync.plan import Planner

ADDRESS = "email"


def sought(planner: Planner, rows: Iterable[Row], matched: Collection[int]) -> set[str]:
    """The match keys of addresses whose other holders must be known: of those who opted out, and of those of whom
    there is anything new, for they may have come to their address, out of the bin, or by a merge.  matched: numbers
    of records whose fellow holders were looked up already."""
    return {
        f"{ADDRESS}:{row.now[ADDRESS]}"
        for row in rows
        if row.n not in matched and ADDRESS in row.now and _concerns(planner, row)
    }


def _concerns(planner: Planner, row: Row) -> bool:
    new = row.dirty and row.state in HOLDERS
    return new or any(_loud(planner, rule, row) for rule in planner.mapping.consents)


def _loud(planner: Planner, rule: FieldRule, row: Row) -> bool:
    return says(planner, rule, row) if row.state in HOLDERS else said_last(planner, rule, row)


def owing(planner: Planner, rows: Mapping[int, Row]) -> Iterator[tuple[int, str, set[int]]]:
    """(record, field, who opted out by it) for every record that has to be told because of its address alone."""
    for rule in planner.mapping.consents:
        loud: dict[str, set[int]] = {}
        for n, row in rows.items():
            if ADDRESS in row.now and _loud(planner, rule, row):
                loud.setdefault(str(row.now[ADDRESS]), set()).add(n)
        if not loud:
            continue
        for n, row in rows.items():
            said = loud.get(str(row.now.get(ADDRESS)), ())
            told = row.entity is not None and all(rows[other].entity == row.entity for other in said)
            # Who waits for a person's answer on who they are has no place to be told from yet.
            undecided = row.entity is None and row.state == LIVE
            if said and row.state in HOLDERS and not told and not undecided and owed(planner, rule, row):
                yield n, rule.name, set(said)


def set_apart(rows: Iterable[Row]) -> list[Row]:
    """Those who share their address and still name a primary record, each in a place where it is told that it is no
    duplicate any more."""
    found = (row for row in rows if row.state == SHARED and row.now.get(DUPLICATE_OF))
    return [row._replace(entity=row.entity or place_of(row)) for row in found]


PLACE = "mailbox/"


def place_of(row: Row) -> str:
    """The entity under which a record that is linked with nobody is told."""
    return f"{PLACE}{row.system}/{row.id}"


def is_place(entity: str) -> bool:
    """Whether an entity is nobody's: who lives on from there is matched like anybody new."""
    return entity.startswith(PLACE)
