"""Work out again what is learned of those about whom something is news, and keep it for the planner to write.

Whoever changed, did something, or has a deal or activity that changed is marked where that is stored; here the marks
are followed, some people at a time, in constant memory: so the work grows with the news, not with the base.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from insight import outcomes, rollups
from insight.fields import BEHAVIOUR, OUTCOMES, SCORE, SLA, STAGES
from insight.fields import field as our_field
from insight.reports.facts import Deal
from insight.score.scorer import PERSONA
from insight.sla.handoffs import Owed
from insight.touches import Derived, Touch
from mapping.deals import OPEN
from mapping.facts import Facts
from mapping.links import parent_key, record_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import STAGE, Place
from state.rows import LIVE, MOVED, DerivedRow, Row
from sync.decide import moves
from sync.insight import clocks as clockwork
from sync.insight import facts, touching
from sync.insight.behaviour import singly_read

if TYPE_CHECKING:
    from sync.engine import Engine

COMPANY, PERSON, DEAL, ACTIVITY = "company", "person", "deal", "activity"
ACTIVE = ("@last_visit_at", "@last_open_at", "@last_click_at", "@recent_offer_at")
"""When a person last did what."""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of one person."""

    entity: str
    rows: Sequence[Row]
    facts: Facts
    """Of the live records."""
    touches: Sequence[Touch]
    """In the order of time."""
    deals: Sequence[Deal]
    now: int
    currency: str
    """In which most deals are."""
    at_sales: bool = False
    """The person stands at a stage of sales and is no customer."""
    lead_type: str = ""
    """By the agreement."""


def behaviour(known: Known) -> Iterator[Derived]:
    """What a person did, rolled up."""
    told = known.facts
    counted = rollups.Counted(
        told.get("visits"), told.get("page_views"), told.get("last_visit"),
        touching.channel(told.get("source")) or None, told.get("source_detail"),
    )  # fmt: skip
    for name, value in rollups.roll_up(known.entity, known.touches, known.now, counted).items():
        yield Derived(known.entity, name, value, f"from {len(known.touches)} touches")


def became(known: Known) -> Iterator[Derived]:
    """What became of a person."""
    why = f"from {len(known.deals)} deals"
    for name, value in outcomes.of_person(known.entity, known.deals, known.touches, known.currency).items():
        yield Derived(known.entity, name, value, why)
    open_ = sum(deal.outcome == OPEN for deal in known.deals)
    why = f"{open_} open deals" if open_ else "sales is at work" if known.at_sales else "no open deal, not with sales"
    yield Derived(known.entity, "@in_sales_process", bool(open_) or known.at_sales, why)


def agreed_type(known: Known) -> Iterator[Derived]:
    """What type of lead a person is."""
    yield Derived(known.entity, "@lead_type", known.lead_type or None, "the first type of [sla] whose condition holds")


WORKERS: dict[str, Callable[[Known], Iterator[Derived]]] = {BEHAVIOUR: behaviour, OUTCOMES: became, SLA: agreed_type}
"""feature → what works out its values of one person."""


def learn(engine: Engine, *, afresh: bool = False) -> int:
    """Follow the marks; how many values are others than before.  afresh: of everybody, because time has passed."""
    learner = Learner(engine)
    if not learner.features and engine.telling is None:
        return 0
    if (scoring := engine.scoring) is not None and PERSON in learner.mappings:
        scoring.begin(engine)
    if (suggesting := engine.suggesting) is not None and PERSON in learner.mappings:
        suggesting.begin(engine)
    if afresh:
        # What is news first: what time does to scores is not for this pass to write.
        learner.run()
        learner.scoring = None
        engine.store.forget_learned(engine.lease, [kind for kind in (PERSON, COMPANY) if kind in learner.mappings])
    return learner.run()


class Learner:
    """One pass over what is marked."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = engine.store
        known = {kind: engine.mapping_of(kind) for kind in (COMPANY, PERSON, DEAL, ACTIVITY)}
        self.mappings: dict[str, KindMapping] = {kind: m for kind, m in known.items() if m is not None}
        ours = [our_field(kind, f.name) for kind, m in self.mappings.items() for f in m.rule.fields]
        self.fields = {(field.kind, field.name) for field in ours if field is not None}
        self.features = {field.feature for field in ours if field is not None}
        self.quiet = frozenset(field.name for field in ours if field is not None and field.quiet)
        self.now = engine.now()
        self.changed = 0
        self.deals: set[str] = set()
        """Those of which something is to be worked out again: they are news, or their people are."""
        self.scoring = engine.scoring
        telling = engine.telling
        self.of_clocks = engine.agreed is not None and telling is not None and telling.of_clocks
        """Whether somebody is told how clocks stand."""

    def run(self) -> int:
        """Of activities and deals whose people and companies they are news to, then of these."""
        self._wind()
        self._spread(ACTIVITY)
        self.deals = self._spread(DEAL)
        for rows in self._marked(PERSON):
            self._people(rows)
        if OUTCOMES in self.features and DEAL in self.mappings:
            entities = sorted(self.deals)
            for start in range(0, len(entities), self.engine.batch):
                self._deals(self.store.entity_rows(entities[start : start + self.engine.batch]))
        for rows in self._marked(COMPANY):
            self._companies(rows)
        return self.changed

    # -- marks ---------------------------------------------------------------------------------------------------------

    def _marked(self, kind: str) -> Iterator[list[Row]]:
        after = 0
        while kind in self.mappings and (rows := self.store.unlearned(kind, after, self.engine.batch)):
            after = rows[-1].n
            self.engine.beat()
            self.engine.step("learn:batch")
            yield rows
            self.engine.progress("learned", kind, "", len(rows), None)

    def _wind(self) -> None:
        """Whose clock is running is looked at again, whether or not anything happened."""
        if (SLA in self.features or self.of_clocks) and PERSON in self.mappings:
            self.store.again(self.engine.lease, PERSON, clockwork.STATE, clockwork.RUNNING)

    def _spread(self, kind: str) -> set[str]:
        """Pass the marks of a kind on to whom its records name now; its entities."""
        entities: set[str] = set()
        for rows in self._marked(kind):
            mapping = self.mappings[kind]
            named = {
                record_key(row.system, of, id)
                for row in rows
                for of, id in mapping.parents(Place(row.system, row.object), row.now)
                if of in (PERSON, COMPANY)
            }
            entities |= {row.entity for row in rows if row.entity is not None}
            self.store.unlearn(self.engine.lease, sorted(named), [row.n for row in rows])
        return entities

    # -- people --------------------------------------------------------------------------------------------------------

    def known(self, members: Mapping[str, Sequence[Row]]) -> Iterator[Known]:
        """Everything about these people.  members: entity → its records."""
        mapping = self.mappings[PERSON]
        touches = touching.touches(self.store, mapping, self.mappings.get(ACTIVITY), members)
        deals = self._deals_of(PERSON, members) if OUTCOMES in self.features else {}
        agreed = self.engine.agreed
        theirs = {stage.name for stage in mapping.rule.stages if stage.owner == "sales" and stage.buyer != "customer"}
        for entity, rows in members.items():
            live = [
                (Place(row.system, row.object), row.now)
                for row in facts.freshest(row for row in rows if row.state == LIVE)
            ]
            if live:
                told, mine = mapping.facts(*live), deals.get(entity, ())
                yield Known(
                    entity, rows, told, touches[entity], mine, self.now, self.currency,
                    told.get("stage") in theirs, agreed.lead_type(told) if agreed is not None else "",
                )  # fmt: skip

    def _people(self, rows: Sequence[Row]) -> None:
        self._follow([row for row in rows if row.state == MOVED])
        members = self.store.entity_rows(sorted({row.entity for row in rows if row.entity is not None}))
        self._remember(row for mates in members.values() for row in mates if row.state == LIVE)
        workers = [work for feature, work in WORKERS.items() if feature in self.features]
        people = list(self.known(members))
        self.deals |= {deal.entity for known in people for deal in known.deals}
        values = [value for known in people for work in workers for value in work(known)]
        if self.scoring is not None:
            values += self.scoring.people(self.engine, people)
        if self.engine.suggesting is not None:
            personas = {value.entity: value.value for value in values if value.field == PERSONA}
            values += self.engine.suggesting.people(people, personas)
        agreed, telling = self.engine.agreed, self.engine.telling
        loud = telling if telling is not None and not self.engine.report.muted else None
        clocks: dict[str, Owed] = {}
        if agreed is not None and (SLA in self.features or telling is not None):
            clocks = clockwork.running(self.store, agreed, self.mappings[PERSON], people)
            values += clockwork.values(people, clocks)
        news = loud.look(self.engine, people, clocks, values) if loud is not None else []
        self._keep(PERSON, values, [row.n for row in rows])
        if loud is not None:
            loud.keep(self.engine, news)
        if self.features & {BEHAVIOUR, SCORE, STAGES} and COMPANY in self.mappings:
            self.store.unlearn(self.engine.lease, sorted(self._employers(members)), ())

    def _follow(self, gone: Sequence[Row]) -> None:
        """What was done by somebody who was merged or converted was done by whom they live on in."""
        to = ((row, moves.heir_of(self.engine, row)) for row in gone)
        pairs = [
            (record_key(row.system, row.kind, row.id), record_key(heir.system, heir.kind, heir.id))
            for row, heir in to
            if heir is not None and heir.n != row.n
        ]
        if pairs:
            self.store.repoint(self.engine.lease, pairs)

    def _remember(self, rows: Iterable[Row]) -> None:
        """Keep what contacts tell of their last visits and forms."""
        if BEHAVIOUR in self.features:
            singly = singly_read(self.store.cursors(), self.engine.connectors.values())
            named = {record_key(row.system, row.kind, row.id): row for row in rows}
            seen = self.store.latest(list(named), "page_view")
            told = [t for name, row in named.items() for t in touching.anchors(row, singly, seen.get(name, -1))]
            if new := touching.unknown(self.store, told):
                self.store.save_touches(self.engine.lease, new)

    def _employers(self, members: Mapping[str, Sequence[Row]]) -> set[str]:
        mapping = self.mappings[PERSON]
        return {
            record_key(row.system, kind, id)
            for rows in members.values()
            for row in rows
            for kind, id in mapping.parents(Place(row.system, row.object), row.now)
            if kind == COMPANY
        }

    # -- deals and companies -------------------------------------------------------------------------------------------

    def _deals(self, members: Mapping[str, Sequence[Row]]) -> None:
        mapping, people = self.mappings[DEAL], self.mappings[PERSON]
        named = {
            (row.system, id)
            for rows in members.values()
            for row in rows
            for kind, id in mapping.parents(Place(row.system, row.object), row.now)
            if kind == PERSON
        }
        theirs = self._members(PERSON, named)
        whose = {(row.system, row.id): entity for entity, rows in theirs.items() for row in rows}
        touches = touching.touches(self.store, people, self.mappings.get(ACTIVITY), theirs)
        values: list[Derived] = []
        for entity, rows in members.items():
            deal = facts.deal(mapping, entity, rows, whose)
            if deal is None:
                continue
            all_of_them = sorted((t for person in deal.people for t in touches[person]), key=lambda t: (t.at, t.key))
            told = outcomes.of_deal(deal, all_of_them)
            values += [Derived(entity, name, value, f"from {len(all_of_them)} touches") for name, value in told.items()]
        self._keep(DEAL, values, ())

    def _companies(self, rows: Sequence[Row]) -> None:
        members = self.store.entity_rows(sorted({row.entity for row in rows if row.entity is not None}))
        values: list[Derived] = []
        theirs = self._deals_of(COMPANY, members) if self.features & {OUTCOMES, STAGES} else {}
        if OUTCOMES in self.features and DEAL in self.mappings:
            for entity, deals in theirs.items():
                told = outcomes.of_company(deals, self.currency)
                values += [Derived(entity, name, value, f"from {len(deals)} deals") for name, value in told.items()]
        if BEHAVIOUR in self.features and PERSON in self.mappings:
            for entity, people in self._people_of(members).items():
                told = rollups.engaged(people, entity, self.now)
                values += [Derived(entity, name, value, f"from {len(people)} people") for name, value in told.items()]
        if STAGES in self.features and PERSON in self.mappings:
            stages = [stage.name for stage in self.mappings[PERSON].rule.stages]
            for entity, said in self._said_of(members).items():
                stage, why = outcomes.stage_of_company(stages, said, theirs.get(entity, ()))
                values.append(Derived(entity, "@company_stage", stage, why))
        if self.scoring is not None:
            values += self.scoring.companies(self.engine, self._staff(members))
        self._keep(COMPANY, values, [row.n for row in rows])

    def _staff(self, members: Mapping[str, Sequence[Row]]) -> dict[str, set[str]]:
        """Entity of a company → its people's."""
        keys = {parent_key(row.system, COMPANY, row.id): entity for entity, rows in members.items() for row in rows}
        found: dict[str, set[str]] = {entity: set() for entity in members}
        for key, rows in self.store.by_keys(PERSON, sorted(keys)).items():
            found[keys[key]] |= {row.entity for row in rows if row.state == LIVE and row.entity is not None}
        return found

    def _said_of(self, members: Mapping[str, Sequence[Row]]) -> dict[str, list[set[str]]]:
        """Entity of a company → of each of its people, what their records say of how far they are."""
        staff, mapping = self._staff(members), self.mappings[PERSON]
        people = self.store.entity_rows(sorted({person for each in staff.values() for person in each}))
        said = {
            person: {
                str(stage)
                for row in rows
                if row.state == LIVE and row.now.get(STAGE) is not None
                if not isinstance(
                    stage := mapping.canon(Place(row.system, row.object), STAGE, row.now[STAGE]), Unmapped
                )
            }
            for person, rows in people.items()
        }
        return {entity: [said[person] for person in sorted(each) if person in said] for entity, each in staff.items()}

    def _people_of(self, members: Mapping[str, Sequence[Row]]) -> dict[str, dict[str, list[int | None]]]:
        """Entity of a company → its people → when they last did what."""
        found: dict[str, dict[str, list[int | None]]] = {
            entity: {person: [] for person in sorted(staff)} for entity, staff in self._staff(members).items()
        }
        known = self.store.derived(sorted({person for people in found.values() for person in people}))
        nothing: Mapping[str, DerivedRow] = {}
        for people in found.values():
            for person in people:
                told = known.get(person, nothing)
                people[person] = [told[name].value for name in ACTIVE if name in told]
        return found

    def _deals_of(self, kind: str, members: Mapping[str, Sequence[Row]]) -> dict[str, list[Deal]]:
        """Entity of a person or company → its deals."""
        if DEAL not in self.mappings:
            return {}
        keys = {parent_key(row.system, kind, row.id): entity for entity, rows in members.items() for row in rows}
        theirs: dict[str, set[str]] = {entity: set() for entity in members}
        for key, rows in self.store.by_keys(DEAL, sorted(keys)).items():
            theirs[keys[key]] |= {row.entity for row in rows if row.entity is not None and row.state == LIVE}
        deals = self.store.entity_rows(sorted({deal for each in theirs.values() for deal in each}))
        mapping = self.mappings[DEAL]
        named = {
            (row.system, id)
            for rows in deals.values()
            for row in rows
            for of, id in mapping.parents(Place(row.system, row.object), row.now)
            if of == PERSON
        }
        whose = {(r.system, r.id): entity for entity, rows in self._members(PERSON, named).items() for r in rows}
        told = {entity: facts.deal(mapping, entity, rows, whose) for entity, rows in deals.items()}
        return {
            entity: [deal for name in sorted(each) if (deal := told.get(name)) is not None]
            for entity, each in theirs.items()
        }

    def _members(self, kind: str, named: Iterable[tuple[str, str]]) -> dict[str, list[Row]]:
        """Entity → all its records, of these (system, id)."""
        ids: dict[str, list[str]] = {}
        for system, id in named:
            ids.setdefault(system, []).append(id)
        rows = [
            row
            for system, wanted in ids.items()
            for object in self.mappings[kind].rule.objects[system]
            for row in self.store.rows(system, object, sorted(wanted)).values()
        ]
        return self.store.entity_rows(sorted({row.entity for row in rows if row.entity is not None}))

    @cached_property
    def currency(self) -> str:
        """The currency of most of the first deals: amounts in others are not added to it."""
        counts: Counter[str] = Counter()
        for system, objects in self.mappings[DEAL].rule.objects.items() if DEAL in self.mappings else ():
            rows = self.store.scan(system, objects[0], 0, self.engine.batch)
            counts.update(facts.money(row.now.get(facts.AMOUNT))[1] for row in rows)
        return max(sorted(counts.keys() - {""}), key=lambda name: counts[name], default="")

    def _keep(self, kind: str, values: Sequence[Derived], learned: Sequence[int]) -> None:
        """Those for which there are fields; and how clocks stand, where somebody is told of it."""
        kept = [value for value in values if (kind, value.field) in self.fields]
        self.changed += self.store.learn(self.engine.lease, kept, self.now, quiet=self.quiet, learned=learned)
        if self.of_clocks and (kind, clockwork.STATE) not in self.fields:
            states = [value for value in values if value.field == clockwork.STATE]
            self.store.learn(self.engine.lease, states, self.now, quiet={clockwork.STATE})
