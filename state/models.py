"""What was learned, as documents; and what it is learned from: all of a kind, and what the journal tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mapping.journey import JOURNALED, Standing, standing_of
from state.base import Part, from_json, to_json
from state.notes import JOURNAL_COLUMNS, read_journal
from state.rows import JournalRow, Lease

_KEEP: Final = (
    "INSERT INTO model (name, made_ms, document) VALUES (?, ?, ?) "
    "ON CONFLICT (name) DO UPDATE SET made_ms = excluded.made_ms, document = excluded.document"
)


class Models(Part):
    """The questions of `sync.insight.scoring`."""

    def models(self) -> dict[str, Any]:
        """Name → document."""
        with self._tables.reading() as connection:
            return {
                name: from_json(told)
                for name, told in self._tables.rows(connection, "SELECT name, document FROM model", ())
            }

    def model(self, name: str) -> Any:
        """The document of this name; None: there is none."""
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, "SELECT document FROM model WHERE name = ?", (name,))
            return from_json(found[0][0]) if found else None

    def keep_model(self, lease: Lease, name: str, made: int, document: Any) -> None:
        """Store a document in place of the one of this name."""
        with self._tables.writing(lease) as connection:
            self._tables.run(connection, _KEEP, (name, made, to_json(document)))

    def entities(self, kind: str, after: str, limit: int) -> list[str]:
        """The next entities of a kind that have a record, in the order of their names."""
        statement = (
            "SELECT DISTINCT entity FROM record WHERE entity > ? AND kind = ? AND state = 'live' "
            "ORDER BY entity LIMIT ?"
        )
        with self._tables.reading() as connection:
            return [entity for (entity,) in self._tables.rows(connection, statement, (after, kind, limit))]

    def size(self, kind: str) -> int:
        """How many entities of a kind have a record."""
        statement = "SELECT COUNT(DISTINCT entity) FROM record WHERE kind = ? AND state = 'live'"
        with self._tables.reading() as connection:
            return int(self._tables.rows(connection, statement, (kind,))[0][0])

    def journals(self, entities: Sequence[str]) -> dict[str, list[JournalRow]]:
        """Entity → everything the journal tells of it, in order."""
        statement = f"SELECT {JOURNAL_COLUMNS}, n FROM journal WHERE entity IN ?? ORDER BY n"  # noqa: S608
        found: dict[str, list[JournalRow]] = {}
        with self._tables.reading() as connection:
            rows = self._tables.rows(connection, statement, (self._tables.many(entities),))
            for line in read_journal(rows):
                found.setdefault(line.entity, []).append(line)
        return found


def way(lines: Sequence[JournalRow]) -> list[Standing]:
    """How far a person was, one after the other."""
    return [standing_of(line.became) for line in lines if line.field == JOURNALED]
