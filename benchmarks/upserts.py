"""What storing a row costs: pages of a thousand records with their keys, new and again, by CPU of this process."""

from __future__ import annotations

from benchmarks.meter import cpu
from state.rows import CursorRow, Lease, Row
from state.store import Store, open_store

PAGE = 1_000


def upsert_us(url: str, rows: int) -> tuple[float, float]:
    """CPU per new row and per known one, microseconds."""
    with open_store(url) as store:
        lease = store.lease("sync", "benchmarks", 0, 3_600_000)
        new = _store(store, lease, rows, 1)
        known = _store(store, lease, rows, 2)
        store.release(lease)
    return new / rows * 1e6, known / rows * 1e6


def _store(store: Store, lease: Lease, rows: int, version: int) -> float:
    used = 0.0
    for start in range(0, rows, PAGE):
        page = [_row(n, version) for n in range(start, min(start + PAGE, rows))]
        keys = {row.ref: [f"email:{row.id}@prospect.example"] for row in page} if version == 1 else {}
        before = cpu()
        store.save_page(lease, page, keys, CursorRow("hubspot", "contacts", None, str(start), "benchmarks"))
        used += cpu() - before
    return used


def _row(n: int, version: int) -> Row:
    now = {f"field_{i}": f"value {i} of record {n}" for i in range(15)}
    return Row("hubspot", "contacts", str(n), "person", now, version, version, created_ms=1, run=f"run {version}")
