"""CSV as Bulk API 2.0 reads and writes it (Bulk 2.0 guide, Valid CSV Record Rows)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.salesforce.times import zulu

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
NULL = "#N/A"
_QUOTED = re.compile(r'"[^"]*"')
_DATETIME_LENGTH = len("2026-01-31T12:34:56.000+0000")


class BadUpload(Exception):
    """The whole upload cannot be read; the text becomes the job's errorMessage."""


def check_endings(text: str, ending: str, quoted_newlines: bool) -> None:
    """Lines must end as the job says they do."""
    bare = _QUOTED.sub("", text) if quoted_newlines else text
    wrong = "\r" in bare if ending == "LF" else "\n" in bare.replace("\r\n", "")
    if wrong or (not quoted_newlines and any("\n" in q for q in _QUOTED.findall(text))):
        raise BadUpload(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}"
        )


def read(text: str, delimiter: str) -> tuple[list[str], Iterator[list[str]]]:
    """The header and the rows; BadUpload without a header."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter])
    header = next(reader, None)
    if not header:
        raise BadUpload("InvalidBatch : The upload is empty")
    return [name.lstrip("\ufeff") for name in header], (row for row in reader if row)


def write(rows: Iterable[Iterable[str]], delimiter: str, ending: str) -> bytes:
    """Every value quoted."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=DELIMITERS[delimiter], lineterminator=ENDINGS[ending], quoting=csv.QUOTE_ALL).writerows(
        rows
    )
    return out.getvalue().encode()


def shown(value: Any) -> str:
    """A value of a JSON answer as a query job writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return zulu(value) if len(value) == _DATETIME_LENGTH and value.endswith("+0000") else value
    return str(value)


def given(header: list[str], row: list[str]) -> dict[str, Any]:
    """A row as the record it means: empty cells are left out, #N/A is null, `Account.Ext__c` names a parent."""
    record: dict[str, Any] = {}
    for name, value in zip(header, row, strict=False):
        if value == "":
            continue
        relationship, dot, key = name.rpartition(".")
        if not dot:
            record[name] = None if value == NULL else value
        elif value != NULL:
            kind, colon, relationship = relationship.rpartition(":")
            attributes = {"attributes": {"type": kind}} if colon else {}
            record[relationship] = {**attributes, key: value}
    return record
