"""Read what people did from the sources that the systems offer, as far as these credentials and accounts may.

The contacts themselves tell that there is something to read: when somebody last visited, filled in a form, opened or
followed a mail.  So a source is asked only where it has news, and a quiet cycle costs no call.  Where a source may not
be read, what the contacts tell of the last of each has to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from connectors.errors import Stop, Unavailable
from connectors.port import Connector, Cursor, Interaction
from insight.fields import BEHAVIOUR
from insight.fields import field as our_field
from mapping.links import record_key
from state.rows import ERASED, LIVE, CursorRow, Row, TouchRow
from sync.trust.erased import address_key

if TYPE_CHECKING:
    from sync.engine import Engine

PERSON = "person"
OF_SOURCE = "~"
"""Before the name of a source, where cursors are kept by object."""
REFUSED = "refused"
AGAIN = 24 * 3_600_000
"""A source that was refused is tried again after so long, ms."""
MOST = 500
"""Records that are asked for one at a time, in one run."""
LAST = {"form": ("last_offer_at",), "email_open": ("last_open",), "email_click": ("last_click",)}
"""sort → the fields that tell when somebody last did it."""


def read(engine: Engine) -> None:
    """Ask every source that has news."""
    people = engine.mapping_of(PERSON)
    if people is None or not any(_is_asked(PERSON, rule.name) for rule in people.rule.fields):
        return
    for connector in engine.connectors.values():
        for source, sorts in connector.sources().items():
            cursor = engine.store.cursor(connector.name, OF_SOURCE + source)
            if cursor is not None and cursor.resume == REFUSED and engine.now() - int(cursor.mapping) < AGAIN:
                continue
            try:
                _source(engine, connector, source, sorts, cursor)
            except Stop:
                # This account or these credentials may not: nothing to mend for the sync.
                gone = CursorRow(connector.name, OF_SOURCE + source, None, REFUSED, str(engine.now()))
                engine.store.save_touches(engine.lease, (), gone)
            except Unavailable:
                # It is asked again in the next run; everything else goes on.
                continue


def singly_read(cursors: Iterable[CursorRow], connectors: Iterable[Connector]) -> frozenset[str]:
    """The sorts of which every single one is read.  cursors: of everything that has been read."""
    read = {(row.system, row.object) for row in cursors if row.watermark_ms is not None}
    return frozenset(
        sort
        for connector in connectors
        for source, sorts in connector.sources().items()
        if (connector.name, OF_SOURCE + source) in read
        for sort in sorts
    )


def _is_asked(kind: str, name: str) -> bool:
    known = our_field(kind, name)
    return known is not None and known.feature == BEHAVIOUR


def _source(engine: Engine, connector: Connector, source: str, sorts: frozenset[str], cursor: CursorRow | None) -> None:
    watermark = cursor.watermark_ms if cursor is not None else None
    since = Cursor(watermark, cursor.resume if cursor is not None and watermark is None else None)
    if "page_view" in sorts:
        for id, seen in _visitors(engine, connector.name):
            _take_in(engine, connector, source, sorts, Cursor(seen), (id,))
    elif watermark is None or not sorts <= LAST.keys() or _has_news(engine, connector.name, sorts, watermark):
        _take_in(engine, connector, source, sorts, since if cursor is not None else None, ())


def _take_in(
    engine: Engine, connector: Connector, source: str, sorts: frozenset[str], since: Cursor | None, ids: Sequence[str]
) -> None:
    for part in connector.interactions(source, since, ids):
        engine.beat()
        cursor = CursorRow(connector.name, OF_SOURCE + source, part.cursor.watermark, part.cursor.resume)
        engine.step(f"behaviour:{connector.name}:{source}")
        engine.store.save_touches(engine.lease, list(_kept(engine, connector.name, source, part.told)), cursor)


def _kept(engine: Engine, system: str, source: str, told: Sequence[Interaction]) -> Iterator[TouchRow]:
    """As the journal keeps them, without those of people who were erased."""
    gone = _erased(engine, system, told) if engine.salt is not None else set()
    for one in told:
        who = record_key(system, PERSON, one.record) if one.record else f"email:{one.email}"
        if who != "email:" and who not in gone:
            yield TouchRow(
                who, f"{system}:{one.sort}:{one.id}", one.at, one.sort, "machine" if one.machine else "buyer",
                one.title, one.url, one.source, one.campaign, one.outcome,
            )  # fmt: skip


def _erased(engine: Engine, system: str, told: Sequence[Interaction]) -> set[str]:
    addresses = {address_key(engine.salt or "", one.email): f"email:{one.email}" for one in told if one.email}
    found = {addresses[key] for key in engine.store.by_keys(PERSON, sorted(addresses))}
    ids: dict[str, set[str]] = {}
    for one in told:
        if one.record:
            ids.setdefault(one.object, set()).add(one.record)
    for object, wanted in ids.items():
        rows = engine.store.rows(system, object, sorted(wanted)).values()
        found |= {record_key(system, PERSON, row.id) for row in rows if row.state == ERASED}
    return found


def _news(engine: Engine, system: str) -> Iterator[list[Row]]:
    """People of whom something is news, and who live in this system."""
    after = 0
    while rows := engine.store.unlearned(PERSON, after, engine.batch):
        after = rows[-1].n
        yield [row for row in rows if row.system == system and row.state == LIVE]


def _has_news(engine: Engine, system: str, sorts: frozenset[str], watermark: int) -> bool:
    fields = [name for sort in sorts for name in LAST[sort]]
    return any(
        isinstance(at := row.now.get(name), int) and at >= watermark
        for rows in _news(engine, system)
        for row in rows
        for name in fields
    )


def _visitors(engine: Engine, system: str) -> list[tuple[str, int | None]]:
    """Who was on the website since we last saw what they did there: (id, when that was)."""
    found: list[tuple[str, int | None]] = []
    for rows in _news(engine, system):
        names = {
            record_key(row.system, PERSON, row.id): row for row in rows if isinstance(row.now.get("last_visit"), int)
        }
        seen = engine.store.latest(list(names), "page_view")
        found += [(row.id, seen.get(name)) for name, row in names.items() if row.now["last_visit"] > seen.get(name, -1)]
        if len(found) >= MOST:
            break
    return found[:MOST]
