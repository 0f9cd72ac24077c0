"""What stays of people who asked to be erased: where their records were, and salted hashes that tell them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.port import Ref
from mapping.links import record_key
from state.base import Part
from state.rows import Lease
from state.sessions import Connection

TOMBSTONE: Final = "erased"
"""The match key that every tombstone holds."""

_SET_UP: Final = (
    "INSERT INTO record (system, object, id, kind, state, version_ms, seen_ms, dirty, fate, spans, now) "
    "VALUES (?, ?, ?, ?, 'erased', 0, 0, ?, 'skipped', '{}', '{}') ON CONFLICT (system, object, id) DO NOTHING"
)
_OF_ADDRESS: Final = "SELECT n FROM record WHERE system = ? AND object = ? AND id = ?"
_EMPTY: Final = (
    "UPDATE record SET state = 'erased', now = '{}', shadow = NULL, spans = '{}', why = NULL, moved_to = NULL, "
    "dirty = (1 = 0) WHERE n IN ??"
)
_TOLD: Final = "(SELECT message FROM telling WHERE alert IN (SELECT key FROM alert WHERE person IN ??))"
_FORGET: Final = (
    "DELETE FROM operation WHERE entity IN ??",
    "DELETE FROM journal WHERE entity IN ??",
    "DELETE FROM derived WHERE entity IN ??",
    f"DELETE FROM operation WHERE entity IN {_TOLD}",  # noqa: S608
    f"DELETE FROM journal WHERE entity IN {_TOLD}",  # noqa: S608
    f"UPDATE record SET now = '{{}}', shadow = NULL, spans = '{{}}' WHERE entity IN {_TOLD}",  # noqa: S608
    "DELETE FROM telling WHERE alert IN (SELECT key FROM alert WHERE person IN ??)",
    "DELETE FROM alert WHERE person IN ??",
)
_LISTS: Final = (
    "DELETE FROM telling WHERE alert IN (SELECT key FROM alert WHERE person = '')",
    "DELETE FROM alert WHERE person = ''",
)
"""What is about nobody in particular may name anybody."""
_KEEP_KEY: Final = (
    "INSERT INTO match_key (kind, key, record) SELECT kind, ?, n FROM record "
    "WHERE system = ? AND object = ? AND id = ? AND state = 'erased'"
)


class Erasing(Part):
    """The questions of `erase`, and of those who must not take in again whom it erased."""

    def erase(
        self,
        lease: Lease,
        kind: str,
        entities: Sequence[str],
        questions: Sequence[int],
        tombstones: Mapping[Ref, Sequence[str]],
        whose: Sequence[str] = (),
    ) -> int:
        """Forget every value of these entities, records and questions (by number); how many records there were.

        What stays are tombstones: the records' addresses, in the state `erased`, and the match keys given in
        `tombstones` (salted hashes, so that the same person is recognised and not taken in again), each with the key
        TOMBSTONE.  A record that is not known yet gets a tombstone, too.  whose: further names of theirs under which
        touches are kept.
        """
        tables = self._tables
        with tables.writing(lease) as connection:
            if not tables.postgresql:
                # What is deleted is overwritten in the file as well.
                connection.execute("PRAGMA secure_delete = ON")
            found = tables.rows(connection, "SELECT n FROM record WHERE entity IN ??", (tables.many(entities),))
            known = {n for (n,) in found}
            for ref in tombstones:
                known |= {n for (n,) in tables.rows(connection, _OF_ADDRESS, ref)}
            tables.each(connection, _SET_UP, [(*ref, kind, False) for ref in tombstones])
            numbers = (tables.many(sorted(known)),)
            self._forget_touches(connection, numbers, whose)
            tables.run(connection, "DELETE FROM match_key WHERE record IN ??", numbers)
            tables.run(connection, _EMPTY, numbers)
            for statement in _FORGET:
                tables.run(connection, statement, (tables.many(entities),))
            for statement in _LISTS:
                tables.run(connection, statement)
            tables.run(connection, "DELETE FROM review WHERE n IN ??", (tables.many(questions),))
            kept = [(key, *ref) for ref, keys in tombstones.items() for key in dict.fromkeys((TOMBSTONE, *keys))]
            tables.each(connection, _KEEP_KEY, kept)
        return len(known)

    def _forget_touches(self, connection: Connection, numbers: tuple[Any], whose: Sequence[str]) -> None:
        """Those of records (by number), under every name that they go by."""
        tables = self._tables
        records = tables.rows(connection, "SELECT system, kind, id FROM record WHERE n IN ??", numbers)
        keys = tables.rows(connection, "SELECT key FROM match_key WHERE record IN ??", numbers)
        names = [
            *whose,
            *(record_key(*record) for record in records),
            *(key for (key,) in keys if key.startswith("email:")),
        ]
        tables.run(connection, "DELETE FROM touch WHERE who IN ??", (tables.many(names),))

    def tombstone(self) -> list[str]:
        """The match keys of one tombstone; none: nobody was ever erased."""
        statement = (
            "SELECT key FROM match_key WHERE record = (SELECT record FROM match_key WHERE key = ? LIMIT 1) ORDER BY key"
        )
        with self._tables.reading() as connection:
            return [key for (key,) in self._tables.rows(connection, statement, (TOMBSTONE,))]

    def lift(self, lease: Lease, keys: Sequence[str], address: str) -> int:
        """Take away the tombstones that hold one of these keys; how many there were.  address: the match key of whoever
        is held with it, and is decided again."""
        tables = self._tables
        with tables.writing(lease) as connection:
            statement = (
                "SELECT n FROM record WHERE n IN (SELECT record FROM match_key WHERE key IN ??) AND state = 'erased'"
            )
            numbers = [n for (n,) in tables.rows(connection, statement, (tables.many(keys),))]
            tables.run(connection, "DELETE FROM match_key WHERE record IN ??", (tables.many(numbers),))
            tables.run(connection, "DELETE FROM record WHERE n IN ??", (tables.many(numbers),))
            again = "UPDATE record SET dirty = ? WHERE n IN (SELECT record FROM match_key WHERE key = ?)"
            tables.run(connection, again, (True, address))
        return len(numbers)
