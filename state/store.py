"""The memory of the sync: `Store`, the only SQL, one method per question the engine asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.port import Ref
from state.rows import (
    Batch,
    CursorRow,
    JournalRow,
    Lease,
    OperationRow,
    Outcomes,
    ReviewRow,
    Row,
    RunRow,
)


def open_store(url: str) -> Store:
    """The store at `sqlite:///FILE` or `postgresql+psycopg://…`, created or upgraded.  Raises StateError."""
    raise NotImplementedError


class Store:
    """Every method is one transaction.  Those that change what a run works on take its lease, and raise LeaseLost
    (changing nothing) once someone else has taken it."""

    def close(self) -> None: ...
    # Runs
    def start_run(self, id: str, job: str, now: int, muted: bool = False) -> None: ...
    def end_run(self, id: str, now: int, outcome: str, counts: Mapping[str, Any]) -> None: ...
    def runs(self, limit: int = 20) -> list[RunRow]: ...  # newest first
    # Leases
    def lease(self, name: str, owner: str, now: int, ttl_ms: int) -> Lease: ...  # LeaseLost if another holds it
    def renew(self, lease: Lease, now: int, ttl_ms: int) -> Lease: ...
    def release(self, lease: Lease) -> None: ...
    # Observe
    def rows(self, system: str, object: str, ids: Sequence[str]) -> dict[str, Row]: ...
    def save_page(
        self,
        lease: Lease,
        rows: Sequence[Row],  # row.run says which run read it
        keys: Mapping[Ref, Sequence[str]],  # present: replaces the row's match keys; absent: they stay
        cursor: CursorRow | None,
    ) -> int: ...  # rows stored (an older observation than what is there is not)
    def cursor(self, system: str, object: str) -> CursorRow | None: ...
    def cursors(self) -> list[CursorRow]: ...
    # Reconcile
    def dirty(self, kind: str, after_n: int, limit: int) -> list[Row]: ...
    def entity_rows(self, entities: Sequence[str]) -> dict[str, list[Row]]: ...  # all states; by n
    def by_keys(self, kind: str, keys: Sequence[str]) -> dict[str, list[Row]]: ...  # all states; by n
    def open_operations(self, entities: Sequence[str]) -> dict[tuple[str, str], OperationRow]: ...
    def commit_batch(self, lease: Lease, batch: Batch) -> None: ...
    # Apply
    def take(self, lease: Lease, system: str, now: int, limit: int) -> list[OperationRow]: ...
    def sent(self, system: str) -> list[OperationRow]: ...
    def commit_outcomes(self, lease: Lease, outcomes: Outcomes) -> None: ...
    # Questions
    def scan(
        self, system: str, object: str, after_n: int, limit: int, *, unseen_since: int | None = None
    ) -> list[Row]: ...  # live rows in n order; unseen_since: only those last seen before
    def lookup(self, key: str) -> list[Row]: ...  # any kind
    def journal(self, entity: str, limit: int = 1000) -> list[JournalRow]: ...
    def journal_of(self, run: str, after_n: int = 0, limit: int = 1000) -> list[JournalRow]: ...
    def operations(
        self,
        *,
        entity: str | None = None,
        run: str | None = None,
        state: str | None = None,
        after_n: int = 0,
        limit: int = 1000,
    ) -> list[OperationRow]: ...
    def reviews(
        self, *, open: bool = True, question: str | None = None, entity: str | None = None, limit: int = 1000
    ) -> list[ReviewRow]: ...
    def close_review(self, n: int, now: int, answer: str) -> bool: ...  # False: was not open
    def fates(self, run: str) -> dict[tuple[str, str, str, str], int]: ...  # (kind, system, object, fate) → rows
    def backlog(self) -> dict[tuple[str, str], int]: ...  # (system, operation state) → operations, done left out
    def counts(self) -> dict[tuple[str, str, str, str, bool], int]: ...  # (kind, system, object, state, linked)
    def approve(self, lease: Lease, ns: Sequence[int]) -> int: ...  # held → planned
    def retry(self, lease: Lease, ns: Sequence[int] | None = None) -> int: ...  # parked → dropped, rows dirty
    def forget(self, lease: Lease) -> None: ...  # for rebuild: records, keys, cursors, open operations and questions
