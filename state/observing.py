"""Storing what the systems hold: pages, their match keys and the cursor, in one transaction.

The memory never travels back in time: an observation replaces another only if its version is newer, or if the
versions are equal and it was made later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from connectors.port import Ref
from mapping.links import RECORD
from mapping.rules import KINDS
from state.base import Part, Tables, from_json, to_json, to_json_or_null
from state.rows import LIVE, CursorRow, Lease, Row
from state.sessions import CONFLICTS, Connection, attempt, prepare_copy

ROW_COLUMNS: Final = (
    "system, object, id, kind, now, version_ms, seen_ms, state, created_ms, spans, dirty, run, fate, moved_to, "
    "entity, shadow, why, n"
)
"""The columns of `record` in the order of `Row`."""

_OBSERVED: Final = (
    "system, object, id, kind, now, version_ms, seen_ms, state, created_ms, spans, dirty, run, fate, moved_to"
)

_MERGE: Final = """
ON CONFLICT (system, object, id) DO UPDATE SET
    kind = excluded.kind,
    version_ms = excluded.version_ms,
    seen_ms = excluded.seen_ms,
    created_ms = excluded.created_ms,
    now = CASE WHEN record.state = 'erased' THEN record.now ELSE excluded.now END,
    spans = CASE WHEN record.state = 'erased' THEN record.spans ELSE excluded.spans END,
    shadow = CASE WHEN excluded.state = 'erased' THEN NULL ELSE record.shadow END,
    why = CASE WHEN excluded.state = 'erased' THEN NULL ELSE record.why END,
    state = CASE
        WHEN record.state = 'erased' THEN 'erased'
        WHEN excluded.state = 'live' AND record.state NOT IN ('live', 'deleted', 'moved') THEN record.state
        ELSE excluded.state END,
    entity = CASE
        WHEN excluded.state = 'live' AND record.state IN ('deleted', 'moved') AND EXISTS (
            SELECT 1 FROM record AS other
            WHERE other.entity = record.entity AND other.system = record.system
            AND other.state = 'live' AND other.entity IS NOT NULL AND other.n <> record.n)
        THEN NULL ELSE record.entity END,
    dirty = record.dirty OR excluded.dirty,
    unlearned = record.unlearned OR excluded.dirty,
    run = excluded.run,
    fate = excluded.fate,
    moved_to = excluded.moved_to
WHERE (excluded.version_ms, excluded.seen_ms) >= (record.version_ms, record.seen_ms)
"""
# A decided state stays until a decision lifts it.  A record that comes back to life takes its place in its entity
# again, unless another record took it meanwhile: then it is matched anew.

_SAVE: Final = f"INSERT INTO record ({_OBSERVED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) {_MERGE}"  # noqa: S608
_SAVE_COPIED: Final = f"INSERT INTO record ({_OBSERVED}) SELECT {_OBSERVED} FROM incoming {_MERGE}"  # noqa: S608


_row: Final[Callable[[tuple[Any, ...]], Row]] = partial(tuple.__new__, Row)


def read_row(values: Sequence[Any]) -> Row:
    """A row of `ROW_COLUMNS` as a value."""
    (
        system, object, id, kind, now, version, seen, state, created, spans, dirty, run, fate, moved,
        entity, shadow, why, n,
    ) = values  # fmt: skip
    return _row((
        system, object, id, kind, from_json(now), version, seen, state, created,
        {} if spans == "{}" else from_json(spans), bool(dirty), run, fate,
        None if moved is None else Ref(*from_json(moved)),
        entity,
        None if shadow is None else from_json(shadow),
        None if why is None else from_json(why),
        n,
    ))  # fmt: skip


def write_row(row: Row) -> tuple[Any, ...]:
    """The observed part of a row, in the order of the columns."""
    return (
        row.system,
        row.object,
        row.id,
        row.kind,
        to_json(row.now),
        row.version_ms,
        row.seen_ms,
        row.state,
        row.created_ms,
        to_json(row.spans) if row.spans else "{}",
        bool(row.dirty),
        row.run,
        row.fate,
        to_json_or_null(row.moved_to),
    )


def newest(rows: Iterable[Row]) -> dict[Ref, Row]:
    """One row per record: the one that was observed last."""
    kept: dict[Ref, Row] = {}
    for row in rows:
        ref = row.ref
        known = kept.get(ref)
        if known is None or (row.version_ms, row.seen_ms) >= (known.version_ms, known.seen_ms):
            kept[ref] = row
    return kept


_HELD: Final = "SELECT kind, key, record FROM match_key WHERE record IN ??"
_LOSE: Final = "DELETE FROM match_key WHERE kind = ? AND key = ? AND record = ?"


def replace_keys(
    tables: Tables, connection: Connection, rows: Mapping[Ref, Row], keys: Mapping[Ref, Sequence[str]]
) -> None:
    """Replace the match keys of those rows whose observation is the one now stored."""
    groups: dict[tuple[str, str], list[str]] = {}
    for system, object, id in keys:
        groups.setdefault((system, object), []).append(id)
    numbers: list[int] = []
    wanted: dict[tuple[str, str, int], None] = {}
    for (system, object), ids in groups.items():
        statement = "SELECT id, n, version_ms, seen_ms FROM record WHERE system = ? AND object = ? AND id IN ??"
        for id, n, version, seen in tables.rows(connection, statement, (system, object, tables.many(ids))):
            ref = Ref(system, object, id)
            row = rows[ref]
            if (row.version_ms, row.seen_ms) == (version, seen):
                numbers.append(n)
                wanted.update(((row.kind, key, n), None) for key in keys[ref])
    if numbers:
        # Most keys stay as they are, and in an index that is in no order each costs a page.
        held = set(tables.rows(connection, _HELD, (tables.many(numbers),)))
        tables.each(connection, _LOSE, [key for key in held if key not in wanted])
        tables.insert(connection, "match_key", "kind, key, record", [key for key in wanted if key not in held])


def release(tables: Tables, connection: Connection, keys: Sequence[str]) -> None:
    """The holders of these match keys are to be decided again, and the records named by `mapping.links.record_key`; of
    these, what is learned is to be worked out again, too."""
    mark(tables, connection, keys, "dirty")
    mark(tables, connection, [key for key in keys if key.startswith(RECORD)], "unlearned")


def mark(tables: Tables, connection: Connection, keys: Sequence[str], flag: str) -> None:
    """Raise this flag, dirty or unlearned, of the holders of these match keys and of the records named by
    `mapping.links.record_key`."""
    held = [key for key in keys if not key.startswith(RECORD)]
    if held:
        holders = "SELECT record FROM match_key WHERE kind IN ?? AND key IN ??"
        statement = f"UPDATE record SET {flag} = ? WHERE NOT {flag} AND n IN ({holders})"  # noqa: S608
        tables.run(connection, statement, (True, tables.many(KINDS), tables.many(held)))
    named: dict[tuple[str, str], list[str]] = {}
    for key in keys if len(held) < len(keys) else ():
        if key.startswith(RECORD):
            system, kind, id = key.removeprefix(RECORD).split(":", 2)
            named.setdefault((system, kind), []).append(id)
    for (system, kind), ids in named.items():
        statement = (
            f"UPDATE record SET {flag} = ? WHERE NOT {flag} AND id IN ?? AND system = ? AND kind = ? "  # noqa: S608
            "AND state IN ('live', 'duplicate')"
        )
        tables.run(connection, statement, (True, tables.many(ids), system, kind))


def store_cursor(tables: Tables, connection: Connection, cursor: CursorRow) -> None:
    """Remember how far something has been read."""
    statement = (
        "INSERT INTO cursor (system, object, watermark_ms, resume, mapping) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (system, object) DO UPDATE SET watermark_ms = excluded.watermark_ms, "
        "resume = excluded.resume, mapping = excluded.mapping"
    )
    tables.run(connection, statement, tuple(cursor))


class Observing(Part):
    """The questions of `sync.observe`."""

    def rows(self, system: str, object: str, ids: Sequence[str]) -> dict[str, Row]:
        """The records we know among these, by id."""
        statement = f"SELECT {ROW_COLUMNS} FROM record WHERE system = ? AND object = ? AND id IN ??"  # noqa: S608
        with self._tables.reading() as connection:
            found = map(read_row, self._tables.rows(connection, statement, (system, object, self._tables.many(ids))))
            return {row.id: row for row in found}

    def save_page(
        self,
        lease: Lease,
        rows: Sequence[Row],
        keys: Mapping[Ref, Sequence[str]],
        cursor: CursorRow | None,
        released: Sequence[str] = (),
    ) -> int:
        """Store a page, and return how many rows were stored: an observation older than what is there is not.

        Entity, shadow and why are decisions, and left as they are.  `keys`: a ref that is present has its match
        keys replaced (if its row was stored); every ref must be among the rows.  `cursor`: None leaves it.
        `released`: match keys whose holders are to be decided again.
        """
        latest = newest(rows)
        with self._tables.writing(lease) as connection:
            # Who leaves a place in an entity goes first, so that who comes back may take it.
            stored = self._save(connection, [write_row(row) for row in latest.values() if row.state != LIVE])
            stored += self._save(connection, [write_row(row) for row in latest.values() if row.state == LIVE])
            replace_keys(self._tables, connection, latest, keys)
            release(self._tables, connection, released)
            if cursor is not None:
                store_cursor(self._tables, connection, cursor)
        return stored

    def _save(self, connection: Connection, values: list[tuple[Any, ...]]) -> int:
        if not self._tables.postgresql or not values:
            return self._tables.each(connection, _SAVE, values)
        prepare_copy(connection)
        try:
            with attempt(connection):
                self._tables.insert(connection, "incoming", _OBSERVED, values)
                stored = self._tables.run(connection, _SAVE_COPIED)
                self._tables.run(connection, "DELETE FROM incoming")
                return stored
        except CONFLICTS:
            # Two that come back at once want the same place, which one statement cannot see: one after the other.
            return self._tables.each(connection, _SAVE, values)

    def cursor(self, system: str, object: str) -> CursorRow | None:
        """How far this object has been read; None: never."""
        statement = "SELECT system, object, watermark_ms, resume, mapping FROM cursor WHERE system = ? AND object = ?"
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (system, object))
        return CursorRow(*found[0]) if found else None

    def cursors(self) -> list[CursorRow]:
        """How far every object has been read."""
        statement = "SELECT system, object, watermark_ms, resume, mapping FROM cursor ORDER BY system, object"
        with self._tables.reading() as connection:
            return [CursorRow(*found) for found in self._tables.rows(connection, statement)]
