"""What came of a lead's conversion continues what its person had: the opportunity a deal, the account a company.

Sales converts the lead of somebody who has a deal in HubSpot, and Salesforce makes an opportunity: it is that deal, if
that is the only open one of the person, was there before the conversion, and is nothing else in Salesforce yet.  Where
both are over, they must have come to the same end and have the same name, whichever was there first.

The account of a converted lead is the company that its person works for in HubSpot, if all leads that were converted
to it say the same one, if neither has another counterpart, and if not each has a website of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from connectors.port import Ref
from mapping.deals import OPEN
from mapping.keys import called_key, made_key
from mapping.links import parent_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from mapping.steps import DEAL_STAGE
from state.rows import LIVE, Row

if TYPE_CHECKING:
    from sync.engine import Engine

PERSON = "person"
A_DAY = 24 * 3_600_000


class _Pair(NamedTuple):
    made: Row
    old: Row
    evidence: str


def continued(
    engine: Engine, mapping: KindMapping, rows: Sequence[Row], found: dict[str, list[Row]]
) -> list[tuple[Ref, Ref, str]]:
    """(what came of it, what it continues, evidence) of those among these records.

    rows: records that belong to nobody else's.  found: takes in the records that belong to them.
    """
    people = engine.mapping_of(PERSON)
    if people is None or not people.rule.conversion:
        return []
    stage = next((field for field in mapping.rule.fields if field.type == DEAL_STAGE), None)
    pairs: list[_Pair] = []
    if stage is not None and PERSON in mapping.rule.parents:
        leads = _leads(engine, mapping, rows)
        pairs = list(_Conversions(engine, mapping, stage.name, leads).pairs()) if leads else []
    elif mapping.rule.kind in people.rule.parents:
        pairs = list(_accounts(engine, mapping, people, rows))
    clear = [pair for pair in pairs if _only(pairs, pair)]
    found.update({pair.evidence: [pair.made, pair.old] for pair in clear})
    return [(pair.made.ref, pair.old.ref, pair.evidence) for pair in clear]


def _only(pairs: Sequence[_Pair], pair: _Pair) -> bool:
    """Whether nothing else came of what it continues, and it continues nothing else."""
    beside = [other for other in pairs if other.made.ref == pair.made.ref or other.old.ref == pair.old.ref]
    return all((other.made.ref, other.old.ref) == (pair.made.ref, pair.old.ref) for other in beside)


def _accounts(engine: Engine, mapping: KindMapping, people: KindMapping, rows: Sequence[Row]) -> Iterator[_Pair]:
    """Accounts, and the companies that the people of the converted leads work for."""
    kind, view = mapping.rule.kind, engine.view
    keys = [made_key(row.system, row.id) for row in rows]
    # Of a company that is new nobody's record is linked yet: its people say nothing of conversions.
    keys += [parent_key(row.system, kind, row.id) for row in rows if row.entity is not None]
    near = [row for some in view.by_keys(PERSON, sorted(set(keys))).values() for row in some]
    near += [row for some in _members(engine, (row.entity for row in near)).values() for row in some]
    wanted = {made_key(row.system, str(row.now["@account"])) for row in near if "@account" in row.now}
    leads = [row for some in view.by_keys(PERSON, sorted(wanted)).values() for row in some] if wanted else []
    members = _members(engine, (lead.entity for lead in leads))
    ids: dict[tuple[str, str], set[str]] = {}
    told: list[tuple[Row, tuple[str, str]]] = []
    for lead in leads:
        for row in members.get(lead.entity or "", ()):
            for of, id in people.parents(Place(row.system, row.object), row.now) if row.state == LIVE else ():
                if of == kind and row.system != lead.system:
                    told.append((lead, (row.system, id)))
                    ids.setdefault((row.system, mapping.rule.objects[row.system][0]), set()).add(id)
        ids.setdefault((lead.system, mapping.rule.objects[lead.system][0]), set()).add(str(lead.now["@account"]))
    known = {(place[0], id): row for place, some in ids.items() for id, row in view.rows(*place, sorted(some)).items()}
    whole = _members(engine, (row.entity for row in known.values()))
    for lead, place in told:
        made, old = known.get((lead.system, str(lead.now["@account"]))), known.get(place)
        if made is None or old is None or not (_alone(whole, made) and _alone(whole, old)):
            continue
        if not (_facts(mapping, made) and _facts(mapping, old)):
            yield _Pair(made, old, f"{lead.object} {lead.id} became {made.id}; its person works for {old.id}")


def _facts(mapping: KindMapping, row: Row) -> list[str]:
    """The match keys by which a company could be told from others."""
    keys = mapping.match_keys(Place(row.system, row.object), row.now)
    return [key for key in keys if not key.startswith(("key:", "name:"))]


def _alone(members: Mapping[str, Sequence[Row]], row: Row) -> bool:
    """Whether a live record belongs to nobody else's."""
    return row.state == LIVE and all(other.n == row.n for other in members.get(row.entity or "", ()))


def _leads(engine: Engine, mapping: KindMapping, rows: Sequence[Row]) -> list[Row]:
    """The converted records of the people in question that name what came of it."""
    named = engine.view.by_keys(PERSON, sorted({made_key(row.system, row.id) for row in rows}))
    ids: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for kind, id in mapping.parents(Place(row.system, row.object), row.now):
            for object in mapping.rule.parents[kind][row.system] if kind == PERSON else ():
                ids.setdefault((row.system, object), set()).add(id)
    people = [row for place, some in ids.items() for row in engine.view.rows(*place, sorted(some)).values()]
    known = _members(engine, (row.entity for row in people))
    every = [row for some in (*named.values(), *known.values()) for row in some]
    return list({row.ref: row for row in every if row.now.get("@deal") is not None}.values())


def _members(engine: Engine, entities: Iterable[str | None]) -> Mapping[str, Sequence[Row]]:
    wanted = sorted({entity for entity in entities if entity is not None})
    found: Mapping[str, Sequence[Row]] = engine.view.entity_rows(wanted) if wanted else {}
    return found


class _Conversions:
    """What the state tells of these leads, read at once."""

    def __init__(self, engine: Engine, mapping: KindMapping, stage: str, leads: Sequence[Row]) -> None:
        self.mapping, self.stage, self.leads = mapping, stage, leads
        view = engine.view
        made: dict[tuple[str, str], list[str]] = {}
        heirs: dict[tuple[str, str], list[str]] = {}
        for lead in leads:
            for object in mapping.rule.objects[lead.system]:
                made.setdefault((lead.system, object), []).append(str(lead.now["@deal"]))
            if lead.entity is None and lead.moved_to is not None:
                heirs.setdefault(lead.moved_to[:2], []).append(lead.moved_to.id)
        self.made = {
            (system, id): row
            for (system, object), ids in made.items()
            for id, row in view.rows(system, object, ids).items()
        }
        self.heirs = {Ref(*at, id): row for at, ids in heirs.items() for id, row in view.rows(*at, ids).items()}
        self.people = _members(engine, map(self._entity, leads))
        mates = [row for lead in leads for row in self._mates(lead)]
        keys = sorted({self._key(row) for row in mates})
        self.deals: Mapping[str, Sequence[Row]] = view.by_keys(mapping.rule.kind, keys) if keys else {}
        every = [*self.made.values(), *(row for rows in self.deals.values() for row in rows)]
        self.members = _members(engine, (row.entity for row in every))

    def pairs(self) -> Iterator[_Pair]:
        """Who continues what."""
        for lead in self.leads:
            made = self.made.get((lead.system, str(lead.now["@deal"])))
            outcome = self._outcome(made) if made is not None and made.state == LIVE else None
            if made is None or outcome is None or not _alone(self.members, made):
                continue
            for person in self._mates(lead):
                deals = [row for row in self.deals.get(self._key(person), ()) if row.state == LIVE]
                alike = [row for row in deals if self._outcome(row) == outcome]
                if len(alike) == 1 and self._fits(alike[0], made, outcome):
                    what = f"the only {outcome} deal of {person.object} {person.id}"
                    yield _Pair(made, alike[0], f"{lead.object} {lead.id} became {made.id}; {what}")

    def _fits(self, deal: Row, made: Row, outcome: str) -> bool:
        if not _alone(self.members, deal):
            return False
        if outcome != OPEN:
            # Somebody may note a deal only when it is over.
            return self._called(deal) == self._called(made)
        there = deal.created_ms is not None and made.created_ms is not None
        return there and (deal.created_ms or 0) <= (made.created_ms or 0) + A_DAY

    def _entity(self, lead: Row) -> str | None:
        """Whose record it was, or is the one that it lives on in."""
        heir = self.heirs.get(lead.moved_to) if lead.moved_to is not None else None
        return lead.entity or (heir.entity if heir is not None else None)

    def _mates(self, lead: Row) -> list[Row]:
        """The person's live records in other systems."""
        members = self.people.get(self._entity(lead) or "", ())
        return [row for row in members if row.state == LIVE and row.system != lead.system]

    def _key(self, person: Row) -> str:
        return parent_key(person.system, PERSON, person.id)

    def _outcome(self, row: Row) -> str | None:
        """open, won or lost; None where the system does not say."""
        steps = self.mapping.slots(Place(row.system, row.object))[self.stage].steps
        return steps.outcome(row.now.get(self.stage)) if steps is not None else None

    def _called(self, row: Row) -> str:
        return called_key(row.now.get(self.mapping.rule.called))
