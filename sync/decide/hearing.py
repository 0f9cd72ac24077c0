"""What is known of somebody beside their records: whose opt-outs count for them, and whose addresses they were given.

Asked of the state once an entity; what follows from it is decided purely (`sync.plan`, `sync.decide.reconsent`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from state.rows import DUPLICATE, LIVE, Row
from sync.decide.consent import SET_AGAIN
from sync.decide.mailboxes import ADDRESS
from sync.match import another_name
from sync.trust.erased import PERSON, address_key

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

NOBODY: Mapping[str, Row] = {}
NOTHING: Mapping[str, str] = {}


class Heard(NamedTuple):
    """What is known of an entity's consent beside its records."""

    others: Mapping[str, str] = NOTHING
    """The fields by which somebody else opted out for them, and why: a record that holds their address, or one that was
    merged into theirs."""
    opted_out_at: int | None = None
    """When the person opted out, by the journal, ms."""
    taken: Mapping[str, Row] = NOBODY
    """System → somebody else's record there, who seems to be the same person and has the address they changed to."""
    erased: Mapping[str, Row] = NOBODY
    """System → their record there, which was given the address of somebody who was erased."""


def hear(
    engine: Engine,
    planner: Planner,
    entity: str,
    rows: Sequence[Row],
    everybody: Iterable[Row],
    others: Mapping[str, Mapping[str, str]],
) -> Heard:
    """What is known beside the entity's records.  everybody: all records at hand; others: entity → as in `Heard`."""
    at = _opted_out_at(engine, planner, entity, rows)
    changed = [row for row in rows if ADDRESS in row.spans and row.state == LIVE and ADDRESS in row.now]
    if not changed:
        return Heard(others.get(entity, NOTHING), at)
    return Heard(others.get(entity, NOTHING), at, _taken(changed, everybody), _erased(engine, changed))


def _erased(engine: Engine, changed: Iterable[Row]) -> Mapping[str, Row]:
    if engine.salt is None:
        return {}
    keys = {address_key(engine.salt, str(row.now[ADDRESS])): row for row in changed}
    return {keys[key].system: keys[key] for key in engine.view.by_keys(PERSON, sorted(keys))}


def _taken(changed: Sequence[Row], everybody: Iterable[Row]) -> Mapping[str, Row]:
    return {
        other.system: other
        for row in changed
        for other in everybody
        if other.system != row.system and other.entity not in (None, row.entity) and other.state in (LIVE, DUPLICATE)
        and other.now.get(ADDRESS) == row.now[ADDRESS] and not another_name(row, other)
    }  # fmt: skip


def _opted_out_at(engine: Engine, planner: Planner, entity: str, rows: Iterable[Row]) -> int | None:
    """When the person opted out, by the journal; asked only where a record may have taken that back."""
    if planner.mapping.rule.reconsent is None:
        return None
    names = {rule.name for rule in planner.mapping.consents}
    if all(name not in row.spans and _stands(row, name) for row in rows for name in names):
        return None
    lines = (line for line in engine.store.journal(entity) if line.field in names and line.became is True)
    return max((line.at_ms for line in lines if SET_AGAIN not in line.reason), default=None)


def _stands(row: Row, name: str) -> bool:
    """Whether it says what it said when the sides last agreed."""
    return row.now.get(name) == (row.shadow or NOTHING).get(name)
