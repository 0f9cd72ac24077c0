"""What reports are made of, gathered from the state: people with their way, and deals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from insight.reports.facts import Deal, Facts, Person, Reached
from mapping.lifecycle import ACTIVE
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import STAGE, Place
from mapping.values import split_money
from state.rows import LIVE, JournalRow, Row
from state.store import Store
from sync.config import TEAMS

PEOPLE, DEALS = "person", "deal"
BATCH = 1000
AMOUNT, CLOSED, REASON, OWNER = "amount", "close_date", "lost_reason", "owner"


def facts(store: Store, mappings: Sequence[KindMapping]) -> Facts:
    """Everybody who is synchronised, and all deals.  mappings: of the kinds that are synchronised."""
    known = {mapping.rule.kind: mapping for mapping in mappings}
    whose: dict[tuple[str, str], str] = {}
    people = list(_people(store, known[PEOPLE], whose)) if PEOPLE in known else []
    deals = list(_deals(store, known[DEALS], whose)) if DEALS in known else []
    stages = [stage.name for stage in known[PEOPLE].rule.stages] if PEOPLE in known else []
    return Facts(people, deals, stages)


def _entities(store: Store, mapping: KindMapping) -> Iterator[dict[str, list[Row]]]:
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


def _people(store: Store, mapping: KindMapping, whose: dict[tuple[str, str], str]) -> Iterator[Person]:
    for members in _entities(store, mapping):
        ways = store.ways(list(members))
        for entity, rows in members.items():
            whose.update({(row.system, row.id): entity for row in rows})
            yield _person(mapping, entity, rows, ways.get(entity, ()))


def _person(mapping: KindMapping, entity: str, rows: Sequence[Row], way: Sequence[JournalRow]) -> Person:
    live = [row for row in rows if row.state == LIVE]
    told: Mapping[str, Any] = mapping.facts(*((Place(row.system, row.object), row.now) for row in live))
    last: Mapping[str, Any] = way[-1].became if way else {}
    return Person(
        entity=entity,
        created=_first_known(rows),
        source=_text(told.get("source")),
        detail=_text(told.get("source_detail")),
        page=_text(told.get("first_page")).partition("?")[0].partition("#")[0],
        offer=_text(told.get("first_offer")),
        lead_type=_text(told.get("lead_type")),
        persona=_text(told.get("persona")),
        owner=_text(told.get(OWNER)),
        status=str(last.get("status") or ACTIVE),
        reason=_text(last.get("reason")),
        way=tuple(_reached(line) for line in way if line.became.get("stage") != line.was.get("stage")),
    )


def _first_known(rows: Sequence[Row]) -> int | None:
    """When marketing first knew the person; where it learned of them from us, when sales did."""
    theirs = [row for row in rows if row.created_ms is not None and (row.why or {}).get("rule") != "create"]
    marketing = [row for row in theirs if TEAMS[row.system] == "marketing"]
    return min((row.created_ms for row in marketing or theirs or rows if row.created_ms is not None), default=None)


def _reached(line: JournalRow) -> Reached:
    became = line.became
    return Reached(
        str(became.get("stage") or ""), became.get("at"), int(became.get("cycle", 1)), bool(became.get("inferred"))
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _deals(store: Store, mapping: KindMapping, whose: Mapping[tuple[str, str], str]) -> Iterator[Deal]:
    for members in _entities(store, mapping):
        for entity, rows in members.items():
            # Sales knows best how a deal stands.
            live = sorted((r for r in rows if r.state == LIVE), key=lambda r: (TEAMS[r.system] != "sales", r.n))
            if (found := _deal(mapping, entity, live, whose)) is not None:
                yield found


def _deal(mapping: KindMapping, entity: str, rows: Sequence[Row], whose: Mapping[tuple[str, str], str]) -> Deal | None:
    """None: no system says how the deal stands."""
    said = [(row, Place(row.system, row.object)) for row in rows]
    outcome = next((found for row, place in said if (found := _outcome(mapping, row, place)) is not None), None)
    if outcome is None:
        return None
    told = mapping.facts(*((place, row.now) for row, place in said))
    amount, currency = _money(told.get(AMOUNT))
    people = dict.fromkeys(
        whose[row.system, id]
        for row, place in said
        for kind, id in mapping.parents(place, row.now)
        if kind == PEOPLE and (row.system, id) in whose
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


def _money(value: Any) -> tuple[Decimal | None, str]:
    if value is None or isinstance(value, Unmapped):
        return None, ""
    amount, currency = split_money(value)
    return Decimal(amount), currency


def _day(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value is not None else None
