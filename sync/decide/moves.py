"""Where a record lives on that was merged or converted, and whom a record names: what the state tells of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mapping.keys import made_key
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Place
from state.rows import DUPLICATE, LIVE, MOVED, SENT, SHARED, OperationRow, Row
from sync.match import Candidate, entity_key

if TYPE_CHECKING:
    from sync.engine import Engine

MATCHED = (LIVE, DUPLICATE, SHARED)
"""What a record may be while it is asked whose it is."""


def named(engine: Engine, rows: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    """(record, one that it names in a sync key), as far as we know those."""
    claims: list[tuple[Row, tuple[str, str], str]] = []
    for row in rows:
        for name, id in row.now.items():
            if name.startswith("@key:"):
                _, system, object = name.split(":")
                claims.append((row, (system, object), str(id)))
    ids: dict[tuple[str, str], list[str]] = {}
    for _, place, id in claims:
        ids.setdefault(place, []).append(id)
    known = {place: engine.view.rows(*place, wanted) for place, wanted in ids.items()}
    for row, place, id in claims:
        if (other := known[place].get(id)) is not None:
            yield row, other


def heir_of(engine: Engine, row: Row) -> Row | None:
    """The record that a moved one lives on in, at the end of a chain of moves; the record itself where the heir has
    to be read first, None where there is none."""
    heir: Row | None = row
    while heir is not None and (at := heir.moved_to) is not None and heir.state == MOVED:
        last, heir = heir, engine.view.rows(at.system, at.object, [at.id]).get(at.id)
        if not seen_since(engine, last, heir):
            return row
    return heir


def origins(engine: Engine, mapping: KindMapping, rows: Iterable[Row]) -> Iterator[tuple[Row, str]]:
    """(lead, entity): leads that nobody knew before they were converted to one of these records."""
    became = {place.system: place.object for place in mapping.rule.conversion}
    wanted = {
        made_key(row.system, row.id): str(row.entity)
        for row in rows
        if row.system in became and row.object != became[row.system]
    }
    for key, found in engine.view.by_keys(mapping.rule.kind, sorted(wanted)).items():
        for row in found:
            if row.state == MOVED and row.entity is None:
                yield row, wanted[key]


def seen_since(engine: Engine, row: Row, heir: Row | None) -> bool:
    """Whether what we know of the heir is from after the move: before, its values say nothing of it."""
    assert row.moved_to is not None
    if heir is not None and (heir.version_ms >= row.version_ms or heir.state not in (LIVE, DUPLICATE)):
        return True
    cursor = engine.store.cursor(row.moved_to.system, row.moved_to.object)
    read_to = cursor.watermark_ms if cursor is not None else None
    return cursor is None or (read_to is not None and read_to > row.version_ms)


def unlinked(rows: Mapping[int, Row], dirty: Iterable[Row], opens: Mapping[tuple[str, str], OperationRow]) -> list[Row]:
    """The dirty records that may belong to somebody else's entity: those without one, and those alone in theirs."""
    settled: Counter[str] = Counter()
    for row in rows.values():
        if row.entity is not None and row.state != DUPLICATE:
            settled[row.entity] += 1
    reserved = {of for (of, _), open_ in opens.items() if open_.state == SENT}
    places = {(row.entity, row.system) for row in rows.values() if row.state == LIVE}
    orphans = {
        n for n, row in rows.items() if row.state == DUPLICATE and (row.dirty or (row.entity, row.system) not in places)
    }
    open_ = [rows[n] for n in sorted({row.n for row in dirty} | orphans)]
    return [
        row
        for row in open_
        if row.state in MATCHED
        and (row.entity is None or row.state == DUPLICATE or (settled[row.entity] == 1 and row.entity not in reserved))
    ]


def sought(mapping: KindMapping, row: Row) -> Iterator[str]:
    """The match keys of those who belong with this record: its own, how they name it, and its e-mail addresses among
    primary and additional ones alike."""
    yield f"key:{row.system}:{row.object}:{row.id}"
    for key in mapping.match_keys(Place(row.system, row.object), row.now):
        kind, _, rest = key.partition(":")
        yield from (f"email:{rest}", f"alt:{rest}") if kind in ("email", "alt") else (key,)


def names(view: Any, mapping: KindMapping, candidates: Iterable[Candidate]) -> dict[str, str]:
    """Keys for new entities where the record's own one names an entity that lives on without it."""
    wanted = {
        key: key
        for c in candidates
        if c.entity != (key := entity_key([c.ref], mapping.rule)) and (c.entity is None or c.state != LIVE)
    }
    taken = set(wanted)
    for n in range(2, 100):
        members = view.entity_rows(sorted(wanted[key] for key in taken)) if taken else {}
        taken = {key for key in taken if any(row.state == LIVE for row in members.get(wanted[key], ()))}
        if not taken:
            break
        wanted |= {key: f"{key}~{n}" for key in taken}
    return {key: name for key, name in wanted.items() if name != key}
