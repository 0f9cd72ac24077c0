"""Scores of people, a batch at a time: what the state knows of them goes in, values of our own fields come out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insight.fields import SCORE, fields
from insight.score.fit import told as with_job
from insight.score.history import Life, recycled_at
from insight.score.points import SCALE
from insight.score.priority import Cuts
from insight.score.scorer import (
    ACCOUNT,
    ENGAGEMENT,
    FIT,
    HOT_PEOPLE,
    NAMES,
    PRIORITY,
    SCORED_AT,
    STEP,
    Change,
    Person,
    Scored,
    Scorer,
    account,
    change,
    due,
    of_today,
)
from insight.touches import Derived, Touch
from mapping.links import record_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place, is_ours
from state.models import way
from state.rows import LIVE, JournalRow, Row
from state.store import Store
from sync.insight import touching
from sync.insight.facts import freshest
from sync.insight.scores import fit_rules, personas

if TYPE_CHECKING:
    from insight.score.model import Model
    from sync.engine import Engine
    from sync.insight.learning import Known
    from sync.settings.common import Settings

BATCH = 500
BASE = "base"
"""The document that holds the scale of engagement and the cuts of priority."""
FADED = "faded"
"""The document that holds the day on which everybody's scores were last looked at."""
WON = "won"
DAY = 86_400_000
QUIET = frozenset(field.name for field in fields({SCORE}, "person") if field.quiet)
LAG = 3_600_000
"""So long after somebody set a value we may have carried it to the other side."""
_CHANGED = re.compile("only .+ changed")
"""The reason in the journal where somebody set a value."""


@dataclass(frozen=True)
class People:
    """Who is known, and what of them."""

    store: Store
    mapping: KindMapping
    companies: KindMapping | None
    activities: KindMapping | None
    beat: Callable[[], None] = lambda: None
    """Tells that the work goes on."""

    def batches(self) -> Iterator[list[str]]:
        """All entities of people."""
        after = ""
        while batch := self.store.entities(self.mapping.rule.kind, after, BATCH):
            yield batch
            after = batch[-1]
            self.beat()

    def read(self, entities: Sequence[str]) -> list[Person]:
        """What their scores rest on."""
        members = self.store.entity_rows(entities)
        return self.known(members, self._touches(members))

    def known(self, members: Mapping[str, Sequence[Row]], touches: Mapping[str, Sequence[Touch]]) -> list[Person]:
        """The same of whom the records and touches have been read."""
        rows = _live(members)
        facts, standings = self._facts(rows), self.store.standings(list(rows))
        return [Person(entity, facts[entity], touches[entity], recycled_at(standings.get(entity))) for entity in rows]

    def lives(self, entities: Sequence[str]) -> list[Life]:
        """What is learned from."""
        members = self.store.entity_rows(entities)
        rows = _live(members)
        facts, touches, journals = self._facts(rows), self._touches(members), self.store.journals(list(rows))
        return [
            Life(entity, way(told), with_job(facts[entity]), touches[entity], _set_at(rows[entity], told))
            for entity in rows
            for told in [journals.get(entity, [])]
        ]

    def rows(self, entities: Sequence[str]) -> dict[str, list[Row]]:
        """Their live records."""
        return _live(self.store.entity_rows(entities))

    def _facts(self, people: Mapping[str, Sequence[Row]]) -> dict[str, dict[str, Any]]:
        own = {entity: told(self.mapping, rows) for entity, rows in people.items()}
        companies = self.companies
        if companies is None:
            return own
        kind = companies.rule.kind
        held = self.parents(companies, [row for rows in people.values() for row in rows])
        for entity, rows in people.items():
            firms = [held[row.system, id] for row in rows for id in self._ids(kind, row) if (row.system, id) in held]
            own[entity] |= {f"{kind}_{name}": value for name, value in told(companies, firms).items()}
        return own

    def parents(self, companies: KindMapping, people: Sequence[Row]) -> dict[tuple[str, str], Row]:
        """(system, id) → the record of a company that these records belong to."""
        wanted: dict[str, set[str]] = {}
        for row in people:
            wanted.setdefault(row.system, set()).update(self._ids(companies.rule.kind, row))
        return {
            (system, id): row
            for system, ids in wanted.items()
            for object in companies.rule.objects.get(system, ())
            for id, row in self.store.rows(system, object, sorted(ids)).items()
            if row.state == LIVE
        }

    def _ids(self, kind: str, row: Row) -> list[str]:
        return [id for of, id in self.mapping.parents(Place(row.system, row.object), row.now) if of == kind]

    def employers(self, entities: Sequence[str]) -> list[str]:
        """The names of the companies of these people, as marks are set by them."""
        kind = self.companies.rule.kind if self.companies is not None else ""
        rows = [row for rows in self.rows(entities).values() for row in rows]
        return sorted({record_key(row.system, kind, id) for row in rows for id in self._ids(kind, row)})

    def _touches(self, people: Mapping[str, Sequence[Row]]) -> dict[str, list[Touch]]:
        return touching.touches(self.store, self.mapping, self.activities, people)


def _live(members: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
    """Entity → its live records, where it has any."""
    live = {entity: [row for row in rows if row.state == LIVE] for entity, rows in members.items()}
    return {entity: rows for entity, rows in live.items() if rows}


def told(mapping: KindMapping, rows: Sequence[Row]) -> dict[str, Any]:
    """Canonical values of one entity by name; the systems are asked in the order in which the rules name them, but one
    that changed since they agreed goes first."""
    if not rows:
        return {}
    order = list(mapping.rule.objects)
    rows = freshest(sorted(rows, key=lambda row: order.index(row.system)))
    facts: Mapping[str, Any] = mapping.facts(*((Place(row.system, row.object), row.now) for row in rows))
    held = {name: None for row in rows for name, value in row.now.items() if value is not None and not is_ours(name)}
    return {name: value for name in held if (value := facts.get(name)) is not None}


def _set_at(rows: Sequence[Row], told: Sequence[JournalRow]) -> dict[str, int]:
    """Field → when it was last set at the earliest, as far as the journal or a change under way tells.

    What was copied at the first meeting of two records may have been there for long.
    """
    found = {name: span[0] for row in rows for name, span in row.spans.items()}
    for line in told:
        if _CHANGED.fullmatch(line.reason) and not is_ours(line.field):
            found[line.field] = max(found.get(line.field, 0), line.at_ms - LAG)
    return found


def scorer(settings: Settings, documents: Mapping[str, Any]) -> Scorer:
    """How people are scored now.  documents: what was learned."""
    base = documents.get(BASE, {})
    cuts = Cuts(*base["cuts"]) if base.get("cuts") else settings.score.cuts
    return Scorer(
        settings.score.scheme(base.get("scale", SCALE)),
        fit_rules(settings),
        personas(settings),
        cuts,
        _model(documents.get(WON)),
    )


def _model(document: Any) -> Model | None:
    if document is None:
        return None
    from insight.score.model import from_json

    return from_json(document)


def values(entity: str, scored: Scored, now: int) -> list[Derived]:
    """What is written of a score."""
    why = f"fit {scored.fit}, engagement {scored.engagement}: {scored.priority} by {scored.model}"
    return [Derived(entity, name, value, why) for name, value in {**scored.values(), SCORED_AT: now}.items()]


class Scoring:
    """Keeps the scores of an engine's people: of those of whom something is news, and of all once a day."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._by: Scorer | None = None

    def begin(self, engine: Engine) -> None:
        """Before a pass over what is news: once a week learn from everybody, once a day see what time did."""
        people, now = of(engine), engine.now()
        documents = people.store.models()
        if engine.report.job != "plan":
            documents = self._of_the_week(people, documents, engine, now)
        self._by = scorer(self.settings, documents)
        if engine.report.job != "plan" and documents.get(FADED, {}).get("day") != now // DAY:
            fade(people, self._by, engine, now)
            people.store.keep_model(engine.lease, FADED, now, {"day": now // DAY})

    def _of_the_week(self, people: People, documents: dict[str, Any], engine: Engine, now: int) -> dict[str, Any]:
        from sync.insight.training import overdue, train

        if not overdue(documents, now):
            return documents
        trained = train(people, self.settings, engine.lease, now)
        if (telling := engine.telling) is not None:
            for goal, why in trained.given_up.items():
                telling.drifted(engine, goal, why)
        return people.store.models()

    def people(self, engine: Engine, known: Sequence[Known]) -> list[Derived]:
        """The scores of these people that are worth writing."""
        assert self._by is not None, "a pass has begun"
        now, people = engine.now(), of(engine)
        persons = people.known({one.entity: one.rows for one in known}, {one.entity: one.touches for one in known})
        found: list[Derived] = []
        for entity, before, scored in _each(people.store, self._by, persons, now):
            found += [Derived(entity, name, value, "from what is known") for name, value in scored.kind().items()]
            if due(before, scored.values(), now):
                found += values(entity, scored, now)
        return found

    def companies(self, engine: Engine, staff: Mapping[str, Collection[str]]) -> list[Derived]:
        """What companies are worth: their people together.  staff: entity → its people's."""
        store = engine.store
        scores = store.derived(sorted({entity for entities in staff.values() for entity in entities}))
        held = store.derived(sorted(staff))
        found: list[Derived] = []
        for firm, entities in staff.items():
            told = [scores[entity] for entity in sorted(entities) if ENGAGEMENT in scores.get(entity, {})]
            active, hot = account((one[ENGAGEMENT].value, one[PRIORITY].value) for one in told)
            was = {name: row.value for name, row in held.get(firm, {}).items()}
            if was.get(HOT_PEOPLE) != hot or abs(was.get(ACCOUNT, -STEP) - active) >= STEP:
                why = f"{len(told):,} scored people, {hot:,} of them hot"
                found += [Derived(firm, ACCOUNT, active, why), Derived(firm, HOT_PEOPLE, hot, why)]
        return found


def of(engine: Engine) -> People:
    """The people of an engine that synchronises them."""
    mapping = engine.mapping_of("person")
    assert mapping is not None, "fields of people are ours"
    return People(engine.store, mapping, engine.mapping_of("company"), engine.mapping_of("activity"), engine.beat)


def fade(people: People, by: Scorer, engine: Engine, now: int) -> None:
    """What time did to everybody's scores, as much of it as a day may cost."""
    chosen = of_today(_faded(people, by, now), people.store.size(people.mapping.rule.kind))
    for start in range(0, len(chosen), BATCH):
        entities = [change.entity for change in chosen[start : start + BATCH]]
        told = [
            value
            for entity, _, scored in _each(people.store, by, people.read(entities), now)
            for value in values(entity, scored, now)
        ]
        people.store.learn(engine.lease, told, now, quiet=QUIET)
        people.store.unlearn(engine.lease, people.employers(entities), ())


def _faded(people: People, by: Scorer, now: int) -> Iterator[Change]:
    """Every score that is another than what was written, one at a time."""
    for batch in people.batches():
        known = [entity for entity, told in people.store.derived(batch).items() if FIT in told]
        for entity, before, scored in _each(people.store, by, people.read(known), now):
            after = scored.values()
            if due(before, after, now):
                yield change(entity, before, after)


def _each(store: Store, by: Scorer, people: Sequence[Person], now: int) -> Iterator[tuple[str, dict[str, Any], Scored]]:
    """(entity, what was written, the score now)"""
    held = store.derived([person.entity for person in people])
    for person in people:
        known = held.get(person.entity, {})
        before = {name: known[name].value for name in NAMES if name in known}
        yield person.entity, before if FIT in before else {}, by.score(person, now)
