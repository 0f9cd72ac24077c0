"""What suggestions of mappings rest on: the fields that are free on both sides, and what a few records hold in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.port import Connector, Field, Record, Schema
from mapping.rules import KindRule, Place
from state.store import Store
from sync.settings.fields import ROLES
from sync.setup.hints import NATIVE, Offer, Side
from sync.setup.provision import described

MOST = 300
"""Records of a side that are read."""
PAGE, PAGES = 1_000, 10
"""So many rows of the state are looked through for linked records, a page at a time."""

OURS = "smk_"
KEPT = frozenset(
    {
        "associatedcompanyid", "associatedcompanylastupdated", "createdate", "currentlyinworkflow", "days_to_close",
        "first_contact_createdate", "first_conversion_date", "first_conversion_event_name", "first_deal_created_date",
        "hubspotscore", "lastmodifieddate", "notes_last_contacted", "notes_last_updated", "notes_next_activity_date",
        "num_associated_contacts", "num_associated_deals", "num_contacted_notes", "num_conversion_events", "num_notes",
        "num_unique_conversion_events", "recent_conversion_date", "recent_conversion_event_name",
        "recent_deal_amount", "recent_deal_close_date", "total_revenue",
    }
)  # fmt: skip
"""What HubSpot keeps of its own accord beside everything that begins with `hs_` and cannot be written."""

Held = Mapping[str, Mapping[str, Any]]
"""record → native field → value"""


@dataclass(frozen=True, slots=True)
class Sample:
    """Both sides of one kind."""

    sides: tuple[Side, ...]
    linked: int
    """Linked records that were read on both sides; 0: there are none, and each side's first page was read."""
    read: Mapping[str, int]
    """system → records read."""


def sample(connectors: Mapping[str, Connector], rule: KindRule, state: Store | None) -> Sample:
    """Reads schemas and, of linked records where there are some, values: a few calls a side.  Writes nothing."""
    schemas = described(connectors, rule)
    free = {place: _free(rule, place, schema) for place, schema in schemas.items()}
    linked = _linked(rule, state, tuple(connectors)) if state is not None else {}
    held: dict[Place, Held] = {}
    for place, fields in free.items():
        names = {ref.id: entity for entity, refs in linked.items() for ref in refs if ref[:2] == place}
        held[place] = dict(_read(connectors[place.system], place, sorted(fields), names, bool(linked)))
    sides = tuple(
        Side(name, role, _offers([(place, free[place], held[place]) for place in free if place.system == name]))
        for role, name in ROLES.items()
    )
    read = {name: sum(len(some) for place, some in held.items() if place.system == name) for name in connectors}
    return Sample(sides, len(linked), read)


def _free(rule: KindRule, place: Place, schema: Schema) -> dict[str, Field]:
    """The fields of an object that nothing is mapped to, without ours and those that its system keeps itself."""
    used = {part for field in rule.fields if place in field.places for part in field.places[place].split("+")}
    used |= {*rule.conversion.get(place, ()), *rule.moments.get(place, {}).values(), rule.more_emails.get(place, "")}
    return {
        name: meta
        for name, meta in schema.fields.items()
        if meta.type in NATIVE
        and name not in used
        and name[0] != "@"
        and not name.lower().startswith(OURS)
        and not _kept(place.system, meta)
    }


def _kept(system: str, meta: Field) -> bool:
    """Whether the system writes it of its own accord."""
    if meta.name in KEPT:
        return True
    if meta.writable or meta.createable:
        return False
    return meta.name.startswith("hs_") if system == "hubspot" else not meta.name.endswith("__c")


def _linked(rule: KindRule, state: Store, systems: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """entity → the addresses of its records, of entities with one in every system."""
    found: dict[str, tuple[Any, ...]] = {}
    for object in rule.objects[systems[0]]:
        after = 0
        for _ in range(PAGES):
            rows = state.scan(systems[0], object, after, PAGE)
            if not rows or len(found) >= MOST:
                break
            after = rows[-1].n
            for entity, members in state.entity_rows([row.entity for row in rows if row.entity]).items():
                there = {row.system: row.ref for row in members if row.in_place}
                if len(there) == len(systems) and len(found) < MOST:
                    found[entity] = tuple(there.values())
    return found


def _read(
    connector: Connector, place: Place, fields: list[str], names: Mapping[str, str], linked: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(record, its values): under the names of `names` where there are linked ones, else of the first page."""
    records: list[Record] = []
    if names:
        records = list(connector.read(place.object, fields, ids=list(names)))
    elif not linked:
        records = list(next(iter(connector.changes(place.object, fields, None))).records[:MOST])
    for record in records:
        if not record.deleted and record.moved_to is None:
            yield names.get(record.ref.id, ":".join(record.ref)), record.fields


def _offers(places: list[tuple[Place, dict[str, Field], Held]]) -> tuple[Offer, ...]:
    """One for all objects of a side in which a field has the same name, type and rights."""
    found: dict[tuple[str, str, bool], Offer] = {}
    for place, fields, held in places:
        for name, meta in fields.items():
            key = (name, meta.type, meta.writable or meta.createable)
            values = {record: own[name] for record, own in held.items() if name in own}
            before = found.get(key)
            if before is not None:
                options = tuple({option.value: option for option in (*meta.options, *before.meta.options)}.values())
                meta, values = replace(before.meta, options=options), {**before.values, **values}
            objects = (*(before.objects if before else ()), place.object)
            found[key] = Offer(meta, objects, values)
    everywhere = len(places)
    return tuple(replace(offer, objects=()) if len(offer.objects) == everywhere else offer for offer in found.values())
