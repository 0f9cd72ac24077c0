"""The CSV of Bulk API 2.0: LF line ends, `#N/A` clears a field, an empty cell leaves it alone.

What a cell cannot say without doubt is not put into one (`fits`): line breaks, which field reports blame for
"LineEnding is invalid" although the guide allows them in quotes, and the text `#N/A` itself.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

csv.field_size_limit(10_000_000)
"""Python's own limit, 131,072 characters, is what the longest Salesforce field holds before it is escaped."""

NULL = "#N/A"
MOST_BYTES = 100_000_000
"""Of one job: Salesforce allows 150 MB after base64."""


def fits(value: Any) -> bool:
    """Whether a Bulk cell can carry this value exactly."""
    if isinstance(value, str):
        return value != NULL and "\n" not in value and "\r" not in value
    return value is None or isinstance(value, bool | int | float)


def cell(value: Any) -> str:
    """A value as a cell.  An empty string clears too, as it does in JSON."""
    if value is None or value == "":
        return NULL
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def files(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], most: int = MOST_BYTES
) -> Iterator[tuple[bytes, int]]:
    """CSV documents of at most `most` bytes, each with its number of rows; a column a row lacks stays empty."""
    head = _line(columns)
    body = [head]
    size = len(head)
    for row in rows:
        line = _line([cell(row[name]) if name in row else "" for name in columns])
        if len(body) > 1 and size + len(line) > most:
            yield b"".join(body), len(body) - 1
            body, size = [head], len(head)
        body.append(line)
        size += len(line)
    if len(body) > 1:
        yield b"".join(body), len(body) - 1


def _line(cells: Sequence[str]) -> bytes:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def table(text: str) -> tuple[list[str], Iterator[list[str]]]:
    """Header and rows of a CSV answer."""
    reader = csv.reader(StringIO(text, newline=""))
    return next(reader, []), (row for row in reader if row)
