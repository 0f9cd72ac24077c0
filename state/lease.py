"""The right to write: leases with a fencing token.

A lease ends when its time is over, when it is released, or when its holder is dead.  Its token grows with every
holder and is checked in every transaction, so a holder that slept and wakes up writes nothing (Kleppmann, "How to
do distributed locking").  Time says when a living holder may be overruled; death is known at once from a lock that
the operating system or the PostgreSQL server drops with its process, so a restart after a kill does not wait.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import Connection as Session
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from connectors.errors import LeaseLost
from state.base import Tables
from state.rows import Lease
from state.sessions import Connection

try:
    import fcntl
except ImportError:  # Windows: no such locks, so leases end by time alone.
    fcntl = None  # type: ignore[assignment]


class Pulse(Protocol):
    """Locks that vanish with their holder."""

    def start(self, name: str) -> bool:
        """True if the lock of this lease was free and is ours from now on: whoever held the lease is dead."""
        ...

    def stop(self, name: str) -> None: ...

    def close(self) -> None: ...


class NoPulse:
    """A database that no other process can see."""

    def start(self, name: str) -> bool:
        return False

    def stop(self, name: str) -> None:
        return

    def close(self) -> None:
        return


class FilePulse:
    """`flock` on a file beside the SQLite file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._files: dict[str, IO[bytes]] = {}

    def start(self, name: str) -> bool:
        if fcntl is None or name in self._files:
            return False
        path = Path(f"{self._path}-{re.sub(r'[^A-Za-z0-9]+', '-', name)}.lease")
        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._files[name] = file
        return True

    def stop(self, name: str) -> None:
        file = self._files.pop(name, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        for name in list(self._files):
            self.stop(name)


class ServerPulse:
    """Advisory locks of one session of the PostgreSQL server."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._session: Session | None = None
        self._held: set[str] = set()

    def start(self, name: str) -> bool:
        if name in self._held:
            return False
        if self._session is None:
            self._session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not self._session.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (_number_of(name),)).scalar_one():
            return False
        self._held.add(name)
        return True

    def stop(self, name: str) -> None:
        if self._session is not None and name in self._held:
            self._session.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (_number_of(name),))
            self._held.remove(name)

    def close(self) -> None:
        if self._session is not None:
            # Before we go: the server notices a closed session only in its own time, and until then we seem alive.
            with suppress(DBAPIError):
                self._session.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            # The pool must not hand out a session that may still hold locks.
            self._session.invalidate()
            self._session.close()
            self._session = None
            self._held.clear()


def _number_of(name: str) -> int:
    digest = hashlib.blake2b(f"smarketing lease {name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def pulse_for(tables: Tables, engine: Engine) -> Pulse:
    """The locks that fit this database."""
    if tables.postgresql:
        return ServerPulse(engine)
    file: Any = engine.url.database
    return FilePulse(file) if file and file != ":memory:" else NoPulse()


def take(tables: Tables, pulse: Pulse, name: str, owner: str, now: int, ttl_ms: int) -> Lease:
    """Take the lease until `now + ttl_ms`.  Raises LeaseLost while someone alive holds it."""
    with tables.writing() as connection:
        tables.run(
            connection,
            "INSERT INTO lease (name, token, owner, until_ms) VALUES (?, 0, '', 0) ON CONFLICT DO NOTHING",
            (name,),
        )
        statement = "SELECT token, owner, until_ms FROM lease WHERE name = ? FOR UPDATE"
        token, holder, until_ms = tables.rows(connection, statement, (name,))[0]
        was_free = not holder or until_ms <= now
        if not pulse.start(name) and not was_free:
            raise LeaseLost(f"Another run holds the lease {name} ({holder}).")
        lease = Lease(name, owner, token + 1, now + ttl_ms)
        _store(tables, connection, lease)
    return lease


def renew(tables: Tables, pulse: Pulse, lease: Lease, now: int, ttl_ms: int) -> Lease:
    """The same lease until `now + ttl_ms`.  Raises LeaseLost once someone else has taken it."""
    with tables.writing(lease) as connection:
        pulse.start(lease.name)
        renewed = lease._replace(until_ms=now + ttl_ms)
        _store(tables, connection, renewed)
    return renewed


def release(tables: Tables, pulse: Pulse, lease: Lease) -> None:
    """Let others have it.  What was taken over already stays with the one who took it."""
    with tables.writing() as connection:
        tables.run(
            connection,
            "UPDATE lease SET owner = '', until_ms = 0 WHERE name = ? AND token = ?",
            (lease.name, lease.token),
        )
    pulse.stop(lease.name)


def _store(tables: Tables, connection: Connection, lease: Lease) -> None:
    tables.run(
        connection,
        "UPDATE lease SET token = ?, owner = ?, until_ms = ? WHERE name = ?",
        (lease.token, lease.owner, lease.until_ms, lease.name),
    )
