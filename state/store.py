"""The memory of the sync: `Store`, the only SQL, one method per question the engine asks."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Engine

from state import lease as leases
from state.alerting import Alerting
from state.applying import Applying
from state.asking import Asking
from state.base import Tables, from_json, to_json
from state.deciding import Deciding
from state.erasing import Erasing
from state.learning import Learning
from state.models import Models
from state.observing import Observing
from state.opening import open_engine, parse_url
from state.rows import Lease, RunRow


def open_store(url: str, *, wait_ms: int = 10_000) -> Store:
    """The store at `sqlite:///FILE` or `postgresql+psycopg://USER@HOST/DATABASE`, created or upgraded if need be.

    `wait_ms`: how long a statement waits for another process.  Raises StateError with a sentence a person can act
    on: no such address, unreachable, locked, full, not ours, of a newer version.
    """
    parsed = parse_url(url)
    return Store(open_engine(parsed, wait_ms), parsed)


class Store(Observing, Deciding, Applying, Asking, Erasing, Learning, Models, Alerting):
    """Every method is one transaction.

    Those that change what a run works on take its lease, and raise LeaseLost, changing nothing, once someone else
    has taken it.  Any method raises StateError when the database fails.
    """

    def __init__(self, engine: Engine, url: URL) -> None:
        super().__init__(Tables(engine, url))
        self._engine = engine
        self._pulse = leases.pulse_for(self._tables, engine)

    def close(self) -> None:
        """Give up every connection and lock."""
        self._pulse.close()
        self._tables.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def lease(self, name: str, owner: str, now: int, ttl_ms: int) -> Lease:
        """Take a lease until `now + ttl_ms`.  Raises LeaseLost while someone alive holds it."""
        return leases.take(self._tables, self._pulse, name, owner, now, ttl_ms)

    def renew(self, lease: Lease, now: int, ttl_ms: int) -> Lease:
        """The same lease until `now + ttl_ms`.  Raises LeaseLost once someone else has taken it."""
        return leases.renew(self._tables, self._pulse, lease, now, ttl_ms)

    def release(self, lease: Lease) -> None:
        """Let others have it."""
        leases.release(self._tables, self._pulse, lease)

    def start_run(self, id: str, job: str, now: int, muted: bool = False) -> None:
        """Note that a run begins."""
        statement = "INSERT INTO run (id, job, started_ms, muted, counts) VALUES (?, ?, ?, ?, '{}')"
        with self._tables.writing() as connection:
            self._tables.run(connection, statement, (id, job, now, muted))

    def note_run(self, id: str, counts: Mapping[str, Any]) -> None:
        """What is to be known of a run although it may never come to its end."""
        with self._tables.writing() as connection:
            self._tables.run(connection, "UPDATE run SET counts = ? WHERE id = ?", (to_json(counts), id))

    def end_run(self, id: str, now: int, outcome: str, counts: Mapping[str, Any]) -> None:
        """Note how a run ended."""
        statement = "UPDATE run SET ended_ms = ?, outcome = ?, counts = ? WHERE id = ?"
        with self._tables.writing() as connection:
            self._tables.run(connection, statement, (now, outcome, to_json(counts), id))

    def runs(self, limit: int = 20, *, id: str | None = None, job: str | None = None) -> list[RunRow]:
        """The last runs, newest first: the one of this id, those of this job, or all."""
        chosen = [(name, value) for name, value in (("id", id), ("job", job)) if value is not None]
        where = " AND ".join(f"{name} = ?" for name, _ in chosen)
        statement = (
            f"SELECT id, job, started_ms, ended_ms, outcome, counts, muted FROM run {where and 'WHERE ' + where} "  # noqa: S608
            "ORDER BY started_ms DESC, id DESC LIMIT ?"
        )
        wanted = (*(value for _, value in chosen), limit)
        with self._tables.reading() as connection:
            found = [RunRow(*values) for values in self._tables.rows(connection, statement, wanted)]
        return [run._replace(counts=from_json(str(run.counts)), muted=bool(run.muted)) for run in found]
