"""What is written down beside every decision: the journal, and questions to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from state.base import Tables, to_json
from state.rows import Closing, JournalRow, ReviewRow

JOURNAL_COLUMNS: Final = "at_ms, run, entity, system, field, was, became, reason, operation"

_ASK: Final = (
    "INSERT INTO review (question, fingerprint, opened_ms, entity, system, object, id, field, detail) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (fingerprint) WHERE closed_ms IS NULL DO UPDATE SET detail = excluded.detail"
)
_CLOSE: Final = "UPDATE review SET closed_ms = ?, answer = ? WHERE fingerprint = ? AND closed_ms IS NULL"


def write_notes(
    tables: Tables,
    connection: Connection,
    journal: Sequence[JournalRow],
    opened: Sequence[ReviewRow],
    closed: Sequence[Closing],
) -> None:
    """Append to the journal, settle questions, then ask new ones.  One that is open already keeps its age."""
    lines = [
        (line.at_ms, line.run, line.entity, line.system, line.field, *_change(line), line.reason, line.operation)
        for line in journal
    ]
    tables.insert(connection, "journal", JOURNAL_COLUMNS, lines)
    tables.each(connection, _CLOSE, [(c.closed_ms, c.answer, c.fingerprint) for c in closed])
    questions = [
        (q.question, q.fingerprint, q.opened_ms, q.entity, q.system, q.object, q.id, q.field, to_json(q.detail))
        for q in opened
    ]
    tables.each(connection, _ASK, questions)


def _change(line: JournalRow) -> tuple[str, str]:
    return "null" if line.was is None else to_json(line.was), to_json(line.became)
