"""What is learned of people, companies and deals: touches, and the values derived from them.

A touch belongs to whom its system names: `mapping.links.record_key` of a record, or a match key such as
`email:ann@x.com`.  So it is there before anybody knows the person, and stays right whoever is linked, merged or parted;
whose it is, is asked when it matters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, Final

from mapping.links import record_key
from state.base import Part, from_json, to_json
from state.observing import ROW_COLUMNS, mark, read_row, store_cursor
from state.rows import CursorRow, DerivedRow, Lease, Row, TouchRow

_TOUCH: Final = ", ".join(TouchRow._fields)
_touch: Final[Callable[[tuple[Any, ...]], TouchRow]] = partial(tuple.__new__, TouchRow)
_SAVE_TOUCH: Final = (
    f"INSERT INTO touch ({_TOUCH}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (who, key) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = excluded.{name}" for name in TouchRow._fields[2:])
)
_REPOINT: Final = (
    f"INSERT INTO touch ({_TOUCH}) SELECT ?, {_TOUCH.removeprefix('who, ')} FROM touch WHERE who = ? "  # noqa: S608
    "ON CONFLICT (who, key) DO NOTHING"
)
_DERIVE: Final = (
    "INSERT INTO derived (entity, field, value, why, at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (entity, field) "
    "DO UPDATE SET value = excluded.value, why = excluded.why, at_ms = excluded.at_ms"
)


class Learning(Part):
    """The questions of `sync.insight.learning`, and of whoever works something out."""

    def save_touches(self, lease: Lease, touches: Iterable[TouchRow], cursor: CursorRow | None = None) -> None:
        """Store touches; one of the same person and key takes the place of the other.  Whose they are is to be learned
        again.  cursor: how far their source has been read."""
        rows = list(touches)
        with self._tables.writing(lease) as connection:
            self._tables.each(connection, _SAVE_TOUCH, [tuple(row) for row in rows])
            mark(self._tables, connection, list(dict.fromkeys(row.who for row in rows)), "unlearned")
            if cursor is not None:
                store_cursor(self._tables, connection, cursor)

    def touches(self, whose: Sequence[str]) -> list[TouchRow]:
        """The touches of these, in no order."""
        statement = f"SELECT {_TOUCH} FROM touch WHERE who IN ??"  # noqa: S608
        with self._tables.reading() as connection:
            return list(map(_touch, self._tables.rows(connection, statement, (self._tables.many(whose),))))

    def latest(self, whose: Sequence[str], sort: str) -> dict[str, int]:
        """When each of these last did something of this sort; those who never did are left out."""
        statement = "SELECT who, MAX(at_ms) FROM touch WHERE who IN ?? AND sort = ? GROUP BY who"
        with self._tables.reading() as connection:
            return dict(self._tables.rows(connection, statement, (self._tables.many(whose), sort)))

    def repoint(self, lease: Lease, moves: Iterable[tuple[str, str]]) -> None:
        """What was done by whom now belongs to another.  moves: (from, to)"""
        with self._tables.writing(lease) as connection:
            for was, is_ in moves:
                self._tables.run(connection, _REPOINT, (is_, was))
                self._tables.run(connection, "DELETE FROM touch WHERE who = ?", (was,))

    def unlearned(self, kind: str, after_n: int, limit: int) -> list[Row]:
        """The next rows of which what is learned is to be worked out again, in the order of their numbers."""
        statement = f"SELECT {ROW_COLUMNS} FROM record WHERE kind = ? AND unlearned AND n > ? ORDER BY n LIMIT ?"  # noqa: S608
        with self._tables.reading() as connection:
            return [read_row(found) for found in self._tables.rows(connection, statement, (kind, after_n, limit))]

    def unlearn(self, lease: Lease, whose: Sequence[str], learned: Sequence[int]) -> None:
        """What is learned of these is to be worked out again; of the rows of these numbers it has been."""
        with self._tables.writing(lease) as connection:
            mark(self._tables, connection, whose, "unlearned")
            if learned:
                done = "UPDATE record SET unlearned = ? WHERE n IN ??"
                self._tables.run(connection, done, (False, self._tables.many(learned)))

    def again(self, lease: Lease, kind: str, field: str, values: Sequence[str]) -> None:
        """Those of whom a field holds one of these values are to be worked out again."""
        statement = (
            "UPDATE record SET unlearned = ? WHERE kind = ? AND NOT unlearned AND entity IN "
            "(SELECT entity FROM derived WHERE field = ? AND value IN ??)"
        )
        with self._tables.writing(lease) as connection:
            some = self._tables.many([to_json(value) for value in values])
            self._tables.run(connection, statement, (True, kind, field, some))

    def forget_learned(self, lease: Lease, kinds: Sequence[str]) -> None:
        """Everything of these kinds is to be worked out again."""
        statement = "UPDATE record SET unlearned = ? WHERE kind IN ?? AND NOT unlearned AND entity IS NOT NULL"
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, statement, (True, self._tables.many(kinds)))

    def derived(self, entities: Sequence[str]) -> dict[str, dict[str, DerivedRow]]:
        """Entity → field → what was worked out."""
        found: dict[str, dict[str, DerivedRow]] = {}
        with self._tables.reading() as connection:
            statement = "SELECT entity, field, value, why, at_ms FROM derived WHERE entity IN ??"
            for entity, field, value, why, at in self._tables.rows(
                connection, statement, (self._tables.many(entities),)
            ):
                found.setdefault(entity, {})[field] = DerivedRow(entity, field, from_json(value), why, at)
        return found

    def learn(
        self,
        lease: Lease,
        values: Iterable[tuple[str, str, Any, str]],
        at: int,
        *,
        quiet: Collection[str] = (),
        learned: Sequence[int] = (),
    ) -> int:
        """Store what was worked out, (entity, field, value, why); how many values are others than before.

        None is stored only over a value: it clears.  An entity of which something changed is decided again, unless
        it is only `quiet` fields.  learned: the rows (by number) that it rests on need not be looked at again.
        """
        told = {(entity, field): (to_json(value), why) for entity, field, value, why in values}
        entities = list(dict.fromkeys(entity for entity, _ in told))
        with self._tables.writing(lease) as connection:
            held: dict[tuple[str, str], str] = {}
            if entities:
                before = "SELECT entity, field, value FROM derived WHERE entity IN ??"
                rows = self._tables.rows(connection, before, (self._tables.many(entities),))
                held = {(entity, field): value for entity, field, value in rows}
            changed = {where: new for where, new in told.items() if held.get(where, "null") != new[0]}
            self._tables.each(connection, _DERIVE, [(*where, *new, at) for where, new in changed.items()])
            loud = sorted({entity for entity, field in changed if field not in quiet})
            if loud:
                again = "UPDATE record SET dirty = ? WHERE entity IN ?? AND NOT dirty AND state = 'live'"
                self._tables.run(connection, again, (True, self._tables.many(loud)))
            if learned:
                done = "UPDATE record SET unlearned = ? WHERE n IN ??"
                self._tables.run(connection, done, (False, self._tables.many(learned)))
        return len(changed)


def whose(rows: Iterable[Row]) -> list[str]:
    """The names under which touches of these people are kept."""
    found: list[str] = []
    for row in rows:
        found.append(record_key(row.system, row.kind, row.id))
        found += [f"email:{address}" for address in (row.now.get("email"), *row.now.get("@emails", ())) if address]
    return list(dict.fromkeys(found))
