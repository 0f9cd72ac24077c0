"""What people ask of the state, and the few things they tell it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from mapping.journey import JOURNALED
from state.base import Part, from_json
from state.notes import CLOSE, read_journal, write_notes
from state.observing import ROW_COLUMNS, read_row
from state.operations import OPERATION_COLUMNS, read_operation
from state.rows import DONE, DUPLICATE, LIVE, SHARED, JournalRow, Lease, OperationRow, ReviewRow, Row
from state.schema import metadata

_HISTORY: Final = ", ".join(JournalRow._fields)
_QUESTIONS: Final = ", ".join(ReviewRow._fields)
COPIED: Final = 5_000
"""Rows at a time."""
_PARKED: Final = "state = 'parked' AND state <> 'done'"


class Asking(Part):
    """The questions of `explain`, `status`, `errors`, `conflicts`, `undo` and their like."""

    def scan(self, system: str, object: str, after_n: int, limit: int, *, unseen_since: int | None = None) -> list[Row]:
        """Live rows of an object in the order of their numbers.

        `unseen_since`: only those last seen before this time, duplicates and shared ones as well; after a complete
        listing they are the ones that it did not hold.
        """
        there = (LIVE,) if unseen_since is None else (LIVE, DUPLICATE, SHARED)
        seen = "" if unseen_since is None else "AND seen_ms < ? "
        statement = (
            f"SELECT {ROW_COLUMNS} FROM record WHERE system = ? AND object = ? AND state IN ?? AND n > ? {seen}"  # noqa: S608
            "ORDER BY n LIMIT ?"
        )
        before = () if unseen_since is None else (unseen_since,)
        wanted = (system, object, self._tables.many(there), after_n, *before, limit)
        with self._tables.reading() as connection:
            return [read_row(found) for found in self._tables.rows(connection, statement, wanted)]

    def lookup(self, key: str) -> list[Row]:
        """The records of any kind that hold this match key."""
        holders = "SELECT record FROM match_key WHERE key = ?"
        statement = f"SELECT {ROW_COLUMNS} FROM record WHERE n IN ({holders}) ORDER BY n"  # noqa: S608
        with self._tables.reading() as connection:
            return [read_row(found) for found in self._tables.rows(connection, statement, (key,))]

    def journal(self, entity: str, limit: int = 1000) -> list[JournalRow]:
        """What we changed in this entity and what lost, newest first."""
        statement = f"SELECT {_HISTORY} FROM journal WHERE entity = ? ORDER BY n DESC LIMIT ?"  # noqa: S608
        return self._journal(statement, (entity, limit))

    def ways(self, entities: Sequence[str]) -> dict[str, list[JournalRow]]:
        """Entity → its transitions between stages and statuses, the first one first."""
        found: dict[str, list[JournalRow]] = {}
        statement = f"SELECT {_HISTORY} FROM journal WHERE entity IN ?? AND field = ? ORDER BY n"  # noqa: S608
        for line in self._journal(statement, (self._tables.many(entities), JOURNALED)):
            found.setdefault(line.entity, []).append(line)
        return found

    def noted(self, reason: str) -> dict[tuple[str, str], int]:
        """(entity, field) → when the journal first told of it, without a write, for a reason like this."""
        statement = (
            "SELECT entity, field, min(at_ms) FROM journal WHERE operation IS NULL AND reason LIKE ? "
            "GROUP BY entity, field ORDER BY min(n)"
        )
        with self._tables.reading() as connection:
            return {(str(e), str(name)): int(at) for e, name, at in self._tables.rows(connection, statement, (reason,))}

    def often_written(self, entities: Collection[str], since: int, most: int) -> set[str]:
        """Those of the entities to which at least so many writes were made since then (ms)."""
        statement = (
            "SELECT entity FROM journal WHERE entity IN ?? AND at_ms > ? AND operation IS NOT NULL "
            "GROUP BY entity HAVING count(*) >= ?"
        )
        wanted = (self._tables.many(sorted(entities)), since, most)
        with self._tables.reading() as connection:
            return {str(entity) for (entity,) in self._tables.rows(connection, statement, wanted)}

    def journal_of(self, run: str, after_n: int = 0, limit: int = 1000) -> list[JournalRow]:
        """What a run changed and what lost, in order; `after_n` continues."""
        statement = f"SELECT {_HISTORY} FROM journal WHERE run = ? AND n > ? ORDER BY n LIMIT ?"  # noqa: S608
        return self._journal(statement, (run, after_n, limit))

    def _journal(self, statement: str, wanted: tuple[Any, ...]) -> list[JournalRow]:
        with self._tables.reading() as connection:
            return read_journal(self._tables.rows(connection, statement, wanted))

    def operations(
        self,
        *,
        entity: str | None = None,
        run: str | None = None,
        state: str | None = None,
        after_n: int = 0,
        limit: int | None = 1000,
    ) -> list[OperationRow]:
        """Operations in the order they were decided; `after_n` continues.  limit: None is all."""
        wanted = {"entity = ?": entity, "run = ?": run, "state = ?": state}
        given = {where: value for where, value in wanted.items() if value is not None}
        conditions = [*given, "n > ?", *(() if state in (None, DONE) else ("state <> 'done'",))]
        statement = f"SELECT {OPERATION_COLUMNS} FROM operation WHERE {' AND '.join(conditions)} ORDER BY n"  # noqa: S608
        values = [*given.values(), after_n]
        if limit is not None:
            statement, values = f"{statement} LIMIT ?", [*values, limit]
        with self._tables.reading() as connection:
            return [read_operation(found) for found in self._tables.rows(connection, statement, tuple(values))]

    def reviews(
        self, *, open: bool = True, question: str | None = None, entity: str | None = None, limit: int | None = 1000
    ) -> list[ReviewRow]:
        """Questions to people, oldest first: the open ones, or (`open=False`) all.  limit: None is no limit."""
        wanted = {"question = ?": question, "entity = ?": entity}
        given = [(where, value) for where, value in wanted.items() if value is not None]
        conditions = " AND ".join(["closed_ms IS NULL" if open else "n > 0", *(where for where, _ in given)])
        statement = f"SELECT {_QUESTIONS} FROM review WHERE {conditions} ORDER BY n"  # noqa: S608
        values: list[Any] = [value for _, value in given]
        if limit is not None:
            statement, values = f"{statement} LIMIT ?", [*values, limit]
        return self._questions(statement, tuple(values))

    def questions_of(self, entities: Collection[str], questions: Collection[str]) -> list[ReviewRow]:
        """The open questions of these kinds on these entities."""
        statement = (
            f"SELECT {_QUESTIONS} FROM review WHERE closed_ms IS NULL AND entity IN ?? AND question IN ?? ORDER BY n"  # noqa: S608
        )
        wanted = (self._tables.many(sorted(entities)), self._tables.many(sorted(questions)))
        return self._questions(statement, wanted)

    def asked(self, fingerprints: Iterable[str]) -> set[str]:
        """Those of the questions that are open."""
        statement = "SELECT fingerprint FROM review WHERE closed_ms IS NULL AND fingerprint IN ??"
        with self._tables.reading() as connection:
            found = self._tables.rows(connection, statement, (self._tables.many(sorted(fingerprints)),))
            return {str(fingerprint) for (fingerprint,) in found}

    def answered(self, question: str, since: int) -> list[ReviewRow]:
        """The questions of this kind that were answered since then (ms), oldest first."""
        statement = f"SELECT {_QUESTIONS} FROM review WHERE question = ? AND closed_ms > ? ORDER BY n"  # noqa: S608
        return self._questions(statement, (question, since))

    def _questions(self, statement: str, wanted: tuple[Any, ...]) -> list[ReviewRow]:
        with self._tables.reading() as connection:
            asked = map(ReviewRow._make, self._tables.rows(connection, statement, wanted))
            return [row._replace(detail=from_json(str(row.detail))) for row in asked]

    def unmapped(self) -> dict[tuple[str, str], int]:
        """(system, field) → how many records hold a value that has no counterpart."""
        statement = (
            "SELECT system, field, count(*) FROM review WHERE question = 'unmapped' AND closed_ms IS NULL "
            "GROUP BY system, field ORDER BY system, field"
        )
        with self._tables.reading() as connection:
            return {(str(system), str(name)): n for system, name, n in self._tables.rows(connection, statement)}

    def ask(self, question: ReviewRow, lease: Lease | None = None) -> None:
        """Ask a question beside what a run decides; one that is open already keeps its age.  lease: of the run."""
        with self._tables.writing(lease) as connection:
            write_notes(self._tables, connection, (), (question,), ())

    def answer(self, fingerprint: str, now: int, answer: str, lease: Lease | None = None) -> bool:
        """Settle the question with this fingerprint; False if it was not open.  lease: of the run that does."""
        with self._tables.writing(lease) as connection:
            return self._tables.run(connection, CLOSE, (now, answer, fingerprint)) == 1

    def fates(self, run: str) -> dict[tuple[str, str, str, str], int]:
        """What became of the records that a run read: (kind, system, object, fate) → how many."""
        statement = (
            "SELECT kind, system, object, fate, count(*) FROM record WHERE run = ? GROUP BY kind, system, object, fate"
        )
        with self._tables.reading() as connection:
            return {tuple(found): count for *found, count in self._tables.rows(connection, statement, (run,))}

    def backlog(self) -> dict[tuple[str, str], int]:
        """Operations that are not done: (system, state) → how many."""
        statement = "SELECT system, state, count(*) FROM operation WHERE state <> 'done' GROUP BY state, system"
        with self._tables.reading() as connection:
            return {tuple(found): count for *found, count in self._tables.rows(connection, statement)}

    def counts(self) -> dict[tuple[str, str, str, str, bool], int]:
        """Records that we know: (kind, system, object, state, whether linked) → how many."""
        statement = (
            "SELECT kind, system, object, state, entity IS NOT NULL AS linked, count(*) FROM record "
            "GROUP BY kind, system, object, state, linked"
        )
        with self._tables.reading() as connection:
            rows = self._tables.rows(connection, statement)
            return {(kind, system, object, state, bool(linked)): n for kind, system, object, state, linked, n in rows}

    def written_since(self, kind: str, system: str, since: int, *, but: str) -> dict[str, int]:
        """Verb → how many records of a kind runs since then (ms) wrote to a system; without this run, and of
        those that were muted only what went into the bin."""
        statement = (
            "SELECT operation.verb, count(*) FROM run JOIN operation ON operation.run = run.id "
            "WHERE run.started_ms >= ? AND run.id <> ? AND operation.kind = ? "
            "AND (operation.verb = 'archive' OR NOT run.muted) "
            "AND operation.system = ? AND operation.state IN ('done', 'sent') GROUP BY operation.verb"
        )
        with self._tables.reading() as connection:
            return {str(verb): n for verb, n in self._tables.rows(connection, statement, (since, but, kind, system))}

    def copy_to(self, other: Asking) -> None:
        """Everything that is remembered, into an empty state: to try out there what is not to happen here."""
        for table in metadata.sorted_tables:
            if table.name == "lease":
                continue
            columns = ", ".join(column.name for column in table.columns)
            statement = f"SELECT {columns} FROM {table.name}"  # noqa: S608
            with self._tables.reading() as here, other._tables.writing() as there:
                for rows in self._tables.pages(here, statement, COPIED):
                    other._tables.insert(there, table.name, columns, rows)

    def put_back(self, lease: Lease) -> int:
        """What is planned and was not sent is forgotten, and decided again; how many writes."""
        planned = "operation WHERE state = 'planned' AND state <> 'done'"
        with self._tables.writing(lease) as connection:
            touch = f"UPDATE record SET dirty = ? WHERE entity IN (SELECT entity FROM {planned})"  # noqa: S608
            self._tables.run(connection, touch, (True,))
            return self._tables.run(connection, f"DELETE FROM {planned}")  # noqa: S608

    def retry(self, lease: Lease, ns: Sequence[int] | None = None) -> int:
        """Decide parked operations again (all, or these): they are dropped and their entities become dirty."""
        chosen, parameters = ("", ()) if ns is None else (" AND n IN ??", (self._tables.many(ns),))
        with self._tables.writing(lease) as connection:
            parked = f"(SELECT entity FROM operation WHERE {_PARKED}{chosen})"  # noqa: S608
            touch = f"UPDATE record SET dirty = ? WHERE entity IN {parked}"  # noqa: S608
            self._tables.run(connection, touch, (True, *parameters))
            return self._tables.run(connection, f"DELETE FROM operation WHERE {_PARKED}{chosen}", parameters)  # noqa: S608

    def forget(self, lease: Lease) -> None:
        """Forget what a rebuild will learn again: records, match keys, cursors, open operations and questions.

        Kept are the history (journal, done operations, answered questions, runs), what is paused or dismissed, and the
        tombstones of people who asked to be erased.
        """
        with self._tables.writing(lease) as connection:
            for statement in (
                "DELETE FROM match_key WHERE record IN (SELECT n FROM record WHERE state <> 'erased')",
                "DELETE FROM record WHERE state <> 'erased'",
                "DELETE FROM cursor",
                "DELETE FROM operation WHERE state <> 'done'",
                "DELETE FROM review WHERE closed_ms IS NULL AND question NOT IN ('paused', 'dismissed')",
            ):
                self._tables.run(connection, statement)
