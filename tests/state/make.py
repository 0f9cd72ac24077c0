"""Short ways to say a row, an operation, a question."""

from __future__ import annotations

from typing import Any

from state.rows import Batch, JournalRow, Lease, OperationRow, ReviewRow, Row
from state.store import Store


def contact(id: str, version: int = 1, seen: int = 1, **more: Any) -> Row:
    return Row("hubspot", "contacts", id, "person", more.pop("now", {"email": f"{id}@x.com"}), version, seen, **more)


def lead(id: str, version: int = 1, seen: int = 1, **more: Any) -> Row:
    return Row("salesforce", "Lead", id, "person", more.pop("now", {"email": f"{id}@x.com"}), version, seen, **more)


def operation(entity: str, system: str = "salesforce", **more: Any) -> OperationRow:
    standard: dict[str, Any] = {
        "kind": "person",
        "object": "Lead",
        "id": None,
        "verb": "create",
        "fields": {"email": "ann@x.com"},
        "native": {"Email": "ann@x.com"},
        "agreed": {"hubspot": {"email": "ann@x.com"}},
        "basis": {"rule": "latest"},
        "run": "run-1",
    }
    return OperationRow(entity=entity, system=system, **standard | more)


def change(entity: str, field: str = "phone", **more: Any) -> JournalRow:
    standard: dict[str, Any] = {"at_ms": 5, "run": "run-1", "system": "hubspot", "was": "1", "became": "2"}
    return JournalRow(entity=entity, field=field, reason="hubspot certainly newer", **standard | more)


def question(fingerprint: str, **more: Any) -> ReviewRow:
    return ReviewRow(more.pop("question", "duplicate"), fingerprint, more.pop("opened_ms", 7), **more)


def known(store: Store, row: Row) -> Row:
    """The row as the store has it."""
    return store.rows(row.system, row.object, [row.id])[row.id]


def save(store: Store, lease: Lease, *rows: Row) -> list[Row]:
    """Observe these records; the rows as the store has them."""
    store.save_page(lease, rows, {}, None)
    return [known(store, row) for row in rows]


def decide(store: Store, lease: Lease, *rows: Row) -> None:
    store.commit_batch(lease, Batch(rows=rows))
