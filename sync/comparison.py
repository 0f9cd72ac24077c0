"""Both systems compared completely with what we remember, and with each other; what differs is decided again.

First everything is read that the systems say has changed.  What a full listing then shows otherwise went unnoticed: a
change that moved no stamp (a formula, an association), one that the list of changes never showed, a record that is gone
without a trace.  Nothing is repaired here: what differs is observed, made dirty, and decided like anything else.

Counts are kept, and the ids of the first so many: memory does not grow with the systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.port import Cursor, Page, Record
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import Place
from state.rows import DELETED, ERASED, LIVE, MOVED, Outcomes, Row
from sync.decide.decision import PARKED_QUESTION
from sync.reconcile import PLANNED_QUESTIONS

if TYPE_CHECKING:
    from sync.engine import Engine
    from sync.plan import Planner

LISTED = 1_000
"""Ids that are listed of one kind of difference."""
BATCH = 500

MISSED, SILENT, GONE = "missed", "changed without stamp", "gone"
HELD, AGREED, WAITING = "held", "as decided", "waiting"
DELETED_THERE, NOT_MADE = "deleted there", "not made"


@dataclass
class Tally:
    """How many, and the ids of the first ones."""

    records: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, id: str) -> None:
        """One more."""
        self.records += 1
        if len(self.ids) < LISTED:
            self.ids.append(id)

    def as_json(self) -> dict[str, Any]:
        """`cut`: there are more than are listed."""
        return {"records": self.records, "ids": self.ids, "cut": self.records > len(self.ids)}


@dataclass
class Comparison:
    """What one complete comparison found."""

    unnoticed: dict[tuple[str, Place, str], Tally] = field(default_factory=dict)
    """(kind, place, what happened) → records of which the lists of changes did not tell."""
    remaining: dict[tuple[str, str, str], Tally] = field(default_factory=dict)
    """(kind, field or missing side, why) → entities whose sides differ after everything was decided."""
    asked: dict[Place, int] = field(default_factory=dict)
    """When the full listing of an object began, on the system's clock."""
    warnings: list[str] = field(default_factory=list)

    def page(
        self, kind: str, place: Place, page: Page, known: Mapping[str, Row], rows: Mapping[str, Row], settled: int
    ) -> None:
        """A page of a full listing.  settled: all that changed before this was read already, as far as we were told."""
        self.asked[place] = min(page.asked, self.asked.get(place, page.asked))
        for record in page.records:
            self._note(kind, record, known.get(record.ref.id), rows.get(record.ref.id), settled)

    def _note(self, kind: str, record: Record, old: Row | None, new: Row | None, settled: int) -> None:
        if new is None or new.state == ERASED or record.version >= settled:
            return
        place = Place(record.ref.system, record.ref.object)
        away = record.deleted or record.moved_to is not None
        if old is None:
            what = "" if away else MISSED
        elif away:
            what = "" if old.state in (DELETED, MOVED) else GONE
        else:
            back = old.state in (DELETED, MOVED)
            what = "" if new.now == old.now and not back else MISSED if record.version > old.version_ms else SILENT
        if what:
            self.unnoticed.setdefault((kind, place, what), Tally()).add(record.ref.id)

    def as_json(self) -> dict[str, Any]:
        """The document of `reconcile --json`, beside the account of its run."""
        return {
            "unnoticed": [
                {"object": kind, "side": place.system, "native": place.object, "what": what, **tally.as_json()}
                for (kind, place, what), tally in sorted(self.unnoticed.items())
            ],
            "remaining": [
                {"object": kind, "field": name, "why": why, **tally.as_json()}
                for (kind, name, why), tally in sorted(self.remaining.items())
            ],
            "warnings": self.warnings,
        }


def bury(engine: Engine, planner: Planner, comparison: Comparison) -> Iterator[tuple[Place, Page]]:
    """Records that a full listing did not show, looked at one by one: pages of those that are gone."""
    for system, objects in planner.mapping.rule.objects.items():
        connector = engine.connectors[system]
        for place in (Place(system, object) for object in objects):
            if place not in comparison.asked or _too_many(engine, planner.mapping.rule.kind, place, comparison):
                continue
            natives = planner.mapping.natives(place)
            for rows in _unseen(engine, place, comparison.asked[place]):
                known = {row.id: row for row in rows}
                gone = [
                    record._replace(version=max(record.version, known[record.ref.id].version_ms))
                    for record in connector.read(place.object, natives, ids=list(known))
                    if record.deleted or record.moved_to is not None
                ]
                tally = comparison.unnoticed.setdefault((planner.mapping.rule.kind, place, GONE), Tally())
                for record in gone:
                    tally.add(record.ref.id)
                yield place, Page(gone, Cursor(None), engine.now())


def _unseen(engine: Engine, place: Place, since: int) -> Iterator[list[Row]]:
    after = 0
    while rows := engine.store.scan(*place, after, BATCH, unseen_since=since):
        after = rows[-1].n
        yield rows


def _too_many(engine: Engine, kind: str, place: Place, comparison: Comparison) -> bool:
    unseen = sum(len(rows) for rows in _unseen(engine, place, comparison.asked[place]))
    why = engine.guard.lacks(kind, place, unseen)
    if why:
        comparison.warnings.append(
            f"{why}. Nothing was taken for deleted; see whether the credentials still show every record."
        )
    return bool(why)


def doubt(engine: Engine, planner: Planner) -> None:
    """Everybody whose sides differ is decided again."""
    for page in _entities(engine, planner.mapping):
        differing = [entity for entity, rows in page if any(True for _ in differences(planner.mapping, rows))]
        if differing:
            engine.beat()
            engine.store.commit_outcomes(engine.lease, Outcomes(dirty=differing))


def remains(engine: Engine, planner: Planner, comparison: Comparison) -> None:
    """Count what differs when everything was decided, and why it does."""
    kind = planner.mapping.rule.kind
    for page in _entities(engine, planner.mapping):
        engine.beat()
        found = {entity: told for entity, rows in page if (told := list(differences(planner.mapping, rows)))}
        asked: dict[str | None, set[str | None]] = {}
        parked: set[str | None] = set()
        for review in engine.store.questions_of(found, PLANNED_QUESTIONS):
            if review.question == PARKED_QUESTION:
                parked.add(review.entity)
            else:
                asked.setdefault(review.entity, set()).add(review.field)
        for entity, told in found.items():
            for name, why in told:
                held = not asked.get(entity, set()).isdisjoint({name, None})
                waits = why == NOT_MADE and entity in parked
                because = HELD if held else WAITING if waits else why
                comparison.remaining.setdefault((kind, name, because), Tally()).add(entity)


def _entities(engine: Engine, mapping: KindMapping) -> Iterator[list[tuple[str, Sequence[Row]]]]:
    """All entities with a live record, each once, with all their records; page after page."""
    systems = list(mapping.rule.objects)
    for system, objects in mapping.rule.objects.items():
        for object in objects:
            after = 0
            while page := engine.store.scan(system, object, after, BATCH):
                after = page[-1].n
                mine = {row.entity: row.n for row in page if row.entity is not None}
                members = engine.store.entity_rows(sorted(mine))
                # Of an entity with several live records the first system's page tells.
                first = {
                    entity: min((row for row in rows if row.state == LIVE), key=lambda row: systems.index(row.system)).n
                    for entity, rows in members.items()
                }
                yield [(entity, rows) for entity, rows in members.items() if first[entity] == mine[entity]]


def differences(mapping: KindMapping, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """(field or missing side, why) where the records of one entity do not say the same.  Pure."""
    every = list(rows)
    live = {row.system: row for row in every if row.state == LIVE}
    for system in mapping.rule.objects:
        if live and system not in live:
            gone = any(row.system == system and row.state in (DELETED, MOVED) for row in every)
            yield f"missing in {system}", DELETED_THERE if gone else NOT_MADE
    for shared in mapping.shared(tuple(Place(row.system, row.object) for row in live.values())):
        values = []
        agreed = True
        for slot in shared.slots:
            row = live[slot.place.system]
            own = row.now.get(shared.rule.name)
            values.append(slot.canon(own))
            was = (row.shadow or {}).get(shared.rule.name)
            agreed = agreed and row.shadow is not None and not mapping.changed(slot.place, shared.rule.name, own, was)
        if not shared.rule.to or any(isinstance(value, Unmapped) for value in values):
            continue
        if any(not mapping.same(shared.rule.name, values[0], value) for value in values[1:]):
            yield shared.rule.name, AGREED if agreed else WAITING
