"""Whose touches are whose: the journal of touches and the synchronised activities, by who is linked with whom now.

What the systems remember of a contact's last visit, form, open and click is kept in the journal as it is seen, so that
many of them become a history where single events cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, cast

from insight.touches import By, Sort, Touch
from mapping.links import parent_key, record_key
from mapping.mapping import Mapping as KindMapping
from mapping.mapping import Unmapped
from mapping.rules import SORT, Place
from mapping.values import instant
from state.learning import whose
from state.rows import DUPLICATE, LIVE, SHARED, Row, TouchRow
from state.store import Store

THERE = (LIVE, DUPLICATE, SHARED)
PERSON, ACTIVITY = "person", "activity"
DAY = 86_400_000
REACHED = ("call", "email", "meeting")
NEVER_WAS = frozenset({"CANCELED", "RESCHEDULED"})
"""Outcomes of meetings that did not take place as planned."""
INCOMING = "INCOMING_EMAIL"
MACHINES = frozenset({"AUTOMATION_PLATFORM", "AUTOMATION", "SEQUENCES", "WORKFLOWS", "MARKETING_EMAIL"})
"""Origins of HubSpot's records that no person made."""
_touch: Callable[[tuple[Any, ...]], Touch] = partial(tuple.__new__, Touch)
"""Millions of them are made: without the call of `Touch` itself they cost half."""
_time = itemgetter(Touch._fields.index("at"), Touch._fields.index("key"))
LAST = (
    ("visit", "last_visit", "last_page", ""),
    ("form", "last_offer_at", "", "last_offer"),
    ("form", "first_offer_at", "", "first_offer"),
    ("email_open", "last_open", "", "last_mail"),
    ("email_click", "last_click", "", "last_mail"),
)
"""(sort, field with its time, with its page, with its title)"""


def touches(
    store: Store, people: KindMapping, activities: KindMapping | None, members: Mapping[str, Sequence[Row]]
) -> dict[str, list[Touch]]:
    """Entity → its touches in the order of time, each interaction once.  members: entity → its records."""
    found: dict[str, list[Touch]] = {entity: [] for entity in members}
    names: dict[str, list[str]] = {}
    for entity, rows in members.items():
        for name in whose(rows):
            names.setdefault(name, []).append(entity)
    for who, key, at, sort, by, title, url, source, campaign, outcome in store.touches(list(names)):
        for entity in names[who]:
            found[entity].append(_touch((entity, at, sort, key, by, title, url, source, campaign, outcome)))
    for entity, touch in _activities(store, people, activities, members) if activities is not None else ():
        found[entity].append(touch)
    return {entity: _in_order(told) for entity, told in found.items()}


def _in_order(told: list[Touch]) -> list[Touch]:
    """Each interaction once, as it was told last."""
    once = {touch.key: touch for touch in told}
    told = told if len(once) == len(told) else list(once.values())
    told.sort(key=_time)
    return told


def _activities(
    store: Store, people: KindMapping, mapping: KindMapping, members: Mapping[str, Sequence[Row]]
) -> Iterator[tuple[str, Touch]]:
    """What is synchronised of calls, e-mails and meetings; both records of one are one."""
    names = {
        parent_key(row.system, people.rule.kind, row.id): entity for entity, rows in members.items() for row in rows
    }
    groups: dict[tuple[str, str], dict[int, Row]] = {}
    for key, rows in store.by_keys(ACTIVITY, sorted(names)).items():
        for row in rows:
            if row.state in THERE and row.now.get(SORT) in REACHED:
                groups.setdefault((names[key], row.entity or str(row.ref)), {})[row.n] = row
    for (entity, _), each in groups.items():
        # The record that people made tells more than the one that we made of it.
        rows = sorted(each.values(), key=lambda row: ((row.why or {}).get("rule") == "create", row.n))
        touch = _activity(mapping, entity, rows)
        if touch is not None:
            yield entity, touch


def _activity(mapping: KindMapping, entity: str, rows: Sequence[Row]) -> Touch | None:
    row, told = rows[0], mapping.facts(*((Place(row.system, row.object), row.now) for row in rows))
    sort, held = str(row.now[SORT]), str(told.get("held") or "")
    if held in NEVER_WAS:
        return None
    incoming = told.get("mail_direction") == INCOMING or told.get("direction") == "inbound"
    machine = told.get("made_by") in MACHINES
    by: By = "automation" if machine else "buyer" if incoming else "sales"
    outcome = held.lower() or str(told.get("outcome") or "")
    title = str(told.get("subject") or "")
    return Touch(
        entity, _when(row, told), cast(Sort, sort), f"{row.system}:{sort}:{row.id}", by, title, outcome=outcome
    )


def _when(row: Row, told: Mapping[str, Any]) -> int:
    """A meeting tells its time; of others the day is known, and when the record was made if that was the same day."""
    starts = told.get("starts")
    made = row.created_ms if row.created_ms is not None else row.version_ms
    if isinstance(starts, int):
        return starts
    day = instant(told.get("day"))
    return made if not isinstance(day, int) or 0 <= made - day < DAY else day + DAY // 2


def anchors(row: Row, read: Collection[str] = (), seen: int = -1) -> Iterator[TouchRow]:
    """What a contact's own fields tell of what the person did first and last.

    read: sorts of which every single one is read elsewhere; seen: when the last page view was that was read so.
    """
    now, who = row.now, record_key(row.system, row.kind, row.id)
    first = now.get("first_seen") or row.created_ms
    if (page := now.get("first_page")) is not None and isinstance(first, int):
        key = f"{row.system}:visit:{row.id}@first"
        yield TouchRow(who, key, first, "visit", "buyer", "", bare(page), channel(now.get("source")), _campaign(now))
    for sort, at, url, title in LAST:
        when = now.get(at)
        if isinstance(when, int) and sort not in read and not (sort == "visit" and when <= seen):
            key = f"{row.system}:{sort}:{row.id}@{when}"
            yield TouchRow(who, key, when, sort, "buyer", str(now.get(title) or ""), bare(now.get(url)))


def _campaign(now: Mapping[str, Any]) -> str:
    return str(now.get("source_detail") or "") if channel(now.get("source")) in CAMPAIGNED else ""


CAMPAIGNED = frozenset({"paid_search", "paid_social", "email_marketing", "other_campaigns"})
"""Channels whose drill-down names a campaign."""


def channel(source: Any) -> str:
    """A source as HubSpot names it, in small letters."""
    return "" if source is None or isinstance(source, Unmapped) else str(source).lower()


def bare(url: Any) -> str:
    """An address without query and fragment."""
    return "" if url is None else str(url).partition("#")[0].partition("?")[0]


def unknown(store: Store, told: Iterable[TouchRow]) -> list[TouchRow]:
    """Those that the journal does not hold yet."""
    rows = list(told)
    held = {(row.who, row.key) for row in store.touches(list(dict.fromkeys(row.who for row in rows)))}
    return [row for row in rows if (row.who, row.key) not in held]
