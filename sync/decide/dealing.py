"""How far people are and what their deals say, asked of the state once a batch; who learns of a change of a deal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mapping.deals import DAY, NOTHING, OPEN, Deal, Told, due
from mapping.journey import Standing
from mapping.links import parent_key, record_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import STAGE, Place
from mapping.values import instant
from state.rows import LIVE, THERE, Batch, Row
from sync.decide.recall import recall, since
from sync.decide.staging import Moment, actor

if TYPE_CHECKING:
    from sync.engine import Engine

KIND = "deal"
REASON, CLOSED = "lost_reason", "close_date"


class Way(NamedTuple):
    """How far a person is: by the journal, and the deals that tell of it."""

    stands: Standing | None
    told: Told
    past: Mapping[int, Sequence[Moment]] = {}
    """Of somebody who is met: number of a row → what its stage was, where a history tells."""


UNKNOWN = Way(None, NOTHING)


def ways(engine: Engine, people: KindMapping, members: Mapping[str, Sequence[Row]]) -> dict[str, Way]:
    """Entity → its way, of those of whom anything is known.  members: entity → its records in every state."""
    standings = engine.view.standings(sorted(members))
    met = members.keys() - standings.keys()
    deals = _deals(engine, people, members, met)
    past = recall(engine, people, (row for entity in met for row in members[entity]))
    now, found = engine.now(), dict[str, Way]()
    for entity in standings.keys() | deals.keys() | (met if past else set()):
        stands = standings.get(entity)
        over = due(stands, now) if stands is not None else None
        found[entity] = Way(stands, Told(deals.get(entity, ()), over), past if stands is None else {})
    return found


def wake(engine: Engine, people: KindMapping) -> None:
    """Once a day: who was lost for as long as was agreed is decided again."""
    today = [
        run for run in engine.store.runs(2) if run.id != engine.run and run.started_ms // DAY == engine.now() // DAY
    ]
    if any(run.outcome in ("done", "partial") for run in today):
        return
    over = [entity for entity, stands in engine.store.waiting() if due(stands, engine.now()) is not None]
    for start in range(0, len(over), engine.batch):
        rows = engine.store.entity_rows(over[start : start + engine.batch]).values()
        keys = [record_key(row.system, people.rule.kind, row.id) for mates in rows for row in mates]
        engine.store.commit_batch(engine.lease, Batch(released=keys))


def _deals(
    engine: Engine, people: KindMapping, members: Mapping[str, Sequence[Row]], met: Collection[str]
) -> dict[str, list[Deal]]:
    """Entity → its deals, of those people who have any.  members: entity → its records in every state.  met: those of
    whom the journal does not know yet."""
    mapping = engine.mapping_of(KIND)
    if mapping is None or mapping.rule.tells != people.rule.kind:
        return {}
    whose = {
        parent_key(row.system, people.rule.kind, row.id): entity for entity, rows in members.items() for row in rows
    }
    found: dict[str, dict[int, Row]] = {}
    for key, rows in engine.view.by_keys(KIND, sorted(whose)).items():
        found.setdefault(whose[key], {}).update((row.n, row) for row in rows if row.state in THERE)
    news = {n: row for entity in sorted(met & found.keys()) for n, row in found[entity].items()}
    past = recall(engine, mapping, news.values())
    return {entity: list(_each(mapping, people, list(rows.values()), past)) for entity, rows in found.items()}


def _each(
    mapping: KindMapping, people: KindMapping, rows: Sequence[Row], past: Mapping[int, Sequence[Moment]]
) -> Iterator[Deal]:
    """One a deal: of its records the one that changed since they agreed speaks, else that of the sales team."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.entity or str(row.ref), []).append(row)
    for name in sorted(groups):
        rows = sorted(
            groups[name],
            key=lambda r: (r.state != LIVE, STAGE not in r.spans, people.rule.teams.get(r.system) != "sales", r.n),
        )
        said = outcome(mapping, rows[0])
        if said is not None:
            yield _deal(mapping, rows, said, past)


def outcome(mapping: KindMapping, row: Row) -> str | None:
    """How a deal stands; None: the system does not say."""
    slot = mapping.slots(Place(row.system, row.object)).get(STAGE)
    return slot.steps.outcome(row.now.get(STAGE)) if slot is not None and slot.steps is not None else None


def _deal(mapping: KindMapping, rows: Sequence[Row], outcome: str, past: Mapping[int, Sequence[Moment]]) -> Deal:
    row = rows[0]
    place = Place(row.system, row.object)
    slots = mapping.slots(place)
    span = row.spans.get(STAGE)
    made = row.created_ms or 0
    did, who = actor(span[2:]) if span is not None else actor(())
    if span is not None:
        at = span[1]
    elif (brought := since(slots[STAGE], past.get(row.n, ()), outcome)) is not None:
        at, did, who = brought.at, brought.actor, brought.who
    elif outcome == OPEN:
        at = made
    else:
        day = instant(row.now.get(CLOSED))
        at = max(made, min(day + DAY - 1, row.version_ms)) if isinstance(day, int) else row.version_ms
    slot = slots.get(REASON)
    reason = slot.canon(row.now.get(REASON)) if slot is not None else None
    return Deal(
        ids=tuple(f"{r.system}:{r.id}" for r in rows),
        outcome=outcome,
        at=at,
        what=f"{row.object} {row.id}",
        witnessed=span is not None,
        reason=None if reason is None or isinstance(reason, Unmapped) else str(reason),
        actor=did,
        who=who,
    )


def told(mapping: KindMapping, changed: Iterable[tuple[Row | None, Row]]) -> list[str]:
    """The keys of the people to whom these changes of deals are news.  changed: (before, after)."""
    keys: set[str] = set()
    for before, after in changed:
        if before is not None and before.state == after.state and _said(mapping, before) == _said(mapping, after):
            continue
        for row in (before, after):
            if row is not None:
                keys.update(record_key(row.system, kind, id) for kind, id in _told(mapping, row))
    return sorted(keys)


def _said(mapping: KindMapping, row: Row) -> tuple[object, object, object]:
    return row.now.get(STAGE), row.now.get(REASON), _told(mapping, row)


def _told(mapping: KindMapping, row: Row) -> list[tuple[str, str]]:
    """Those who are part of the deal."""
    parents = mapping.parents(Place(row.system, row.object), row.now)
    return [(kind, id) for kind, id in parents if kind == mapping.rule.tells]
