"""What is written down beside every decision: the journal, and questions to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from state.base import Tables, from_json, to_json
from state.rows import Closing, JournalRow, ReviewRow
from state.sessions import Connection

JOURNAL_COLUMNS: Final = "at_ms, run, entity, system, field, was, became, reason, operation"

PACK: Final = "@fields"
"""The field of a row that holds all lines of one operation, each as [system, field, was, became, reason]: the journal
grows by one row with every write, not by one with every field."""

_ASK: Final = (
    "INSERT INTO review (question, fingerprint, opened_ms, entity, system, object, id, field, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (fingerprint) WHERE closed_ms IS NULL DO UPDATE SET detail = excluded.detail"
)
CLOSE: Final = "UPDATE review SET closed_ms = ?, answer = ? WHERE fingerprint = ? AND closed_ms IS NULL"


def write_notes(
    tables: Tables,
    connection: Connection,
    journal: Sequence[JournalRow],
    opened: Sequence[ReviewRow],
    closed: Sequence[Closing],
) -> None:
    """Append to the journal, settle questions, then ask new ones.  One that is open already keeps its age."""
    tables.insert(connection, "journal", JOURNAL_COLUMNS, packed(journal))
    tables.each(connection, CLOSE, [(c.closed_ms, c.answer, c.fingerprint) for c in closed])
    questions = [
        (q.question, q.fingerprint, q.opened_ms, q.entity, q.system, q.object, q.id, q.field, to_json(q.detail))
        for q in opened
    ]
    tables.each(connection, _ASK, questions)


def packed(journal: Sequence[JournalRow]) -> list[tuple[Any, ...]]:
    """The rows of `JOURNAL_COLUMNS` that hold these lines: those of one operation, which follow each other, in one."""
    rows: list[tuple[Any, ...]] = []
    for of, some in groupby(journal, attrgetter("operation")):
        lines = list(some)
        rows += [_row(lines)] if of is not None else [_row([line]) for line in lines]
    return rows


def _row(lines: Sequence[JournalRow]) -> tuple[Any, ...]:
    line = lines[0]
    head = (line.at_ms, line.run, line.entity, line.system)
    if len(lines) == 1:
        was = "null" if line.was is None else to_json(line.was)
        return (*head, line.field, was, to_json(line.became), line.reason, line.operation)
    fields = [(each.system, each.field, each.was, each.became, each.reason) for each in lines]
    return (*head, PACK, "null", to_json(fields), "", line.operation)


def read_journal(found: Iterable[Sequence[Any]]) -> list[JournalRow]:
    """Rows of the journal as lines, in the order of the rows; those of one operation share its number."""
    read: list[JournalRow] = []
    for row in map(JournalRow._make, found):
        became = from_json(row.became)
        if row.field != PACK:
            read.append(row._replace(was=from_json(row.was), became=became))
            continue
        for system, field, was, value, reason in became:
            read.append(row._replace(system=system, field=field, was=was, became=value, reason=reason))
    return read
