"""Who writes, and under which options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kernel import Caller

Refusal = Callable[[str, str | None, Mapping[str, Any]], None]
"""(object, id, values): raises RecordError where a fault in force hits this record."""


@dataclass(frozen=True, slots=True)
class Writer:
    """One caller of DML."""

    caller: Caller
    """Kept in the row's history."""
    user_id: str
    """CreatedById, LastModifiedById and the owner of what has no other."""
    sees: str | None = None
    """Whose field-level security holds; None: everything is writable that is at all."""
    allow_duplicates: bool = False
    """Sforce-Duplicate-Rule-Header: allowSave."""
    auto_assign: bool = True
    """Sforce-Auto-Assign."""
    textual: bool = False
    """Values come as text (CSV, XML)."""
    refuse: Refusal | None = None
