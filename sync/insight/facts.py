"""What reports are made of, gathered from the state: people with their way, and deals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from insight.reports.dropped import LEFT, QUEUE
from insight.reports.facts import Deal, Facts, Person, Reached, SentBack
from insight.sla.clock import Pause
from mapping.deals import RECYCLED
from mapping.lifecycle import ACTIVE
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import STAGE, Place
from mapping.values import split_money
from state.rows import LIVE, JournalRow, Row
from state.store import Store
from sync.config import TEAMS
from sync.insight import touching

PEOPLE, DEALS, ACTIVITIES = "person", "deal", "activity"
BATCH = 1000
AMOUNT, CLOSED, REASON, OWNER = "amount", "close_date", "lost_reason", "owner"
NEEDS, QUALITY = "pain_points", "lead_quality"


LeadType = Callable[[Mapping[str, Any]], str]
"""What conditions may ask of a person → their type of lead."""


def facts(store: Store, mappings: Sequence[KindMapping], lead_type: LeadType) -> Facts:
    """Everybody who is synchronised, and all deals.  mappings: of the kinds that are synchronised."""
    known = {mapping.rule.kind: mapping for mapping in mappings}
    holders: dict[tuple[str, str], str] = {}
    people = list(_people(store, known[PEOPLE], lead_type, holders)) if PEOPLE in known else []
    deals = list(_deals(store, known[DEALS], holders)) if DEALS in known else []
    stages = [stage.name for stage in known[PEOPLE].rule.stages] if PEOPLE in known else []

    def touched(some: Sequence[Person]) -> Iterator[Person]:
        members = store.entity_rows([person.entity for person in some])
        touches = touching.touches(store, known[PEOPLE], known.get(ACTIVITIES), members)
        return (person._replace(touches=tuple(touches.get(person.entity, ()))) for person in some)

    return Facts(people, deals, stages, touched)


def entities(store: Store, mapping: KindMapping) -> Iterator[dict[str, list[Row]]]:
    """All entities of a kind with all their records, some at a time, each once."""
    done: set[str] = set()
    for system, objects in mapping.rule.objects.items():
        for object in objects:
            after = 0
            while rows := store.scan(system, object, after, BATCH):
                after = rows[-1].n
                wanted = {row.entity for row in rows if row.state == LIVE and row.entity is not None} - done
                done |= wanted
                yield store.entity_rows(sorted(wanted))


def _people(
    store: Store,
    mapping: KindMapping,
    lead_type: LeadType,
    holders: dict[tuple[str, str], str],
) -> Iterator[Person]:
    """holders: takes in whose the records are."""
    for members in entities(store, mapping):
        ways, derived = store.ways(list(members)), store.derived(list(members))
        for entity, rows in members.items():
            holders.update({(row.system, row.id): entity for row in rows})
            ours = {name: _text(row.value) for name, row in derived.get(entity, {}).items()}
            found = person(mapping, entity, rows, ways.get(entity, ()), lead_type)
            yield found._replace(
                tier=ours.get("@priority", ""),
                persona=ours.get("@persona") or found.persona,
            )


def person(
    mapping: KindMapping, entity: str, rows: Sequence[Row], way: Sequence[JournalRow], lead_type: LeadType
) -> Person:
    """One person without their touches.  way: their transitions, the first one first."""
    live = freshest(row for row in rows if row.state == LIVE)
    told: Mapping[str, Any] = mapping.facts(*((Place(row.system, row.object), row.now) for row in live))
    last: Mapping[str, Any] = way[-1].became if way else {}
    return Person(
        entity=entity,
        created=_first_known(rows),
        source=_text(told.get("source")),
        detail=_text(told.get("source_detail")),
        page=_text(told.get("first_page")).partition("?")[0].partition("#")[0],
        offer=_text(told.get("first_offer")),
        lead_type=lead_type(told),
        persona=_text(told.get("persona")),
        owner=_text(told.get(OWNER)),
        owner_is=_owner_is(mapping, live),
        seen=min((r.created_ms for r in rows if TEAMS[r.system] == "sales" and r.created_ms is not None), default=None),
        recycled=tuple(_sent_back(way)),
        needs=texts(told.get(NEEDS)),
        quality=_grade(told.get(QUALITY)),
        pauses=tuple(_pauses(way)),
        status=str(last.get("status") or ACTIVE),
        reason=_text(last.get("reason")),
        way=tuple(_reached(line) for line in way if line.became.get("stage") != line.was.get("stage")),
    )


def _owner_is(mapping: KindMapping, live: Sequence[Row]) -> str:
    """What is wrong with whoever owns the person where sales works."""
    for row in live:
        own = row.now.get(OWNER)
        if TEAMS[row.system] == "sales" and own is not None and not mapping.owners.active(row.system, own):
            return QUEUE if mapping.owners.queue(row.system, own) else LEFT
    return ""


def freshest(rows: Iterable[Row]) -> list[Row]:
    """Records in the order in which they are asked: one first that changed since the sides agreed, for what it says is
    on its way to the others."""
    return sorted(rows, key=lambda row: not row.spans)


def _first_known(rows: Sequence[Row]) -> int | None:
    """When marketing first knew the person; where it learned of them from us, when sales did."""
    theirs = [row for row in rows if row.created_ms is not None and (row.why or {}).get("rule") != "create"]
    marketing = [row for row in theirs if TEAMS[row.system] == "marketing"]
    return min((row.created_ms for row in marketing or theirs or rows if row.created_ms is not None), default=None)


def _pauses(way: Sequence[JournalRow]) -> Iterator[Pause]:
    """When the person was not simply on the way: recycled, disqualified, looked at …"""
    since: int | None = None
    for line in way:
        aside, at = line.became.get("status", ACTIVE) != ACTIVE, line.became.get("at")
        if aside and since is None:
            since = at
        elif not aside and since is not None:
            yield Pause(since, at)
            since = None
    if since is not None:
        yield Pause(since)


def _sent_back(way: Sequence[JournalRow]) -> Iterator[SentBack]:
    for line in way:
        was, became = line.was.get("status", ACTIVE), line.became
        if became.get("status") == RECYCLED != was and isinstance(at := became.get("at"), int):
            yield SentBack(at, _text(became.get("reason")))


def texts(value: Any) -> tuple[str, ...]:
    """Several values, as one field of many or of one has them."""
    if isinstance(value, str):
        value = value.split(";")
    return tuple(text for part in value if (text := str(part).strip())) if isinstance(value, list | tuple) else ()


def _grade(value: Any) -> int | None:
    return int(value) if str(value).isdigit() else None


def _reached(line: JournalRow) -> Reached:
    became = line.became
    return Reached(
        str(became.get("stage") or ""), became.get("at"), int(became.get("cycle", 1)), bool(became.get("inferred"))
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _deals(store: Store, mapping: KindMapping, holders: Mapping[tuple[str, str], str]) -> Iterator[Deal]:
    for members in entities(store, mapping):
        for entity, rows in members.items():
            if (found := deal(mapping, entity, rows, holders)) is not None:
                yield found


def deal(mapping: KindMapping, entity: str, rows: Sequence[Row], holders: Mapping[tuple[str, str], str]) -> Deal | None:
    """None: no system says how the deal stands."""
    # Sales knows best how a deal stands.
    live = sorted((row for row in rows if row.state == LIVE), key=lambda row: (TEAMS[row.system] != "sales", row.n))
    said = [(row, Place(row.system, row.object)) for row in live]
    outcome = next((found for row, place in said if (found := _outcome(mapping, row, place)) is not None), None)
    if outcome is None:
        return None
    told = mapping.facts(*((place, row.now) for row, place in said))
    worth = (mapping.canon(place, AMOUNT, row.now[AMOUNT]) for row, place in said if row.now.get(AMOUNT) is not None)
    amount, currency = money(next(worth, None))
    people = dict.fromkeys(
        holders[row.system, id]
        for row, place in said
        for kind, id in mapping.parents(place, row.now)
        if kind == PEOPLE and (row.system, id) in holders
    )
    return Deal(
        entity=entity,
        people=tuple(people),
        outcome=outcome,
        amount=amount,
        currency=currency,
        created=min((row.created_ms for row in rows if row.created_ms is not None), default=None),
        closed=_day(told.get(CLOSED)),
        reason=_text(told.get(REASON)),
        owner=_text(told.get(OWNER)),
    )


def _outcome(mapping: KindMapping, row: Row, place: Place) -> str | None:
    slot = mapping.slots(place).get(STAGE)
    return slot.steps.outcome(row.now.get(STAGE)) if slot is not None and slot.steps is not None else None


def money(value: Any) -> tuple[Decimal | None, str]:
    """Amount and currency, as far as they are known."""
    if value is None or isinstance(value, Unmapped):
        return None, ""
    amount, currency = split_money(value)
    return Decimal(amount), currency


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value is not None else None
