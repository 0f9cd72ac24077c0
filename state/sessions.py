"""Transactions over the driver's own connections.

SQLAlchemy makes, prepares and pools connections, and carries the schema and its migrations.  Statements go past it:
what it does around each of them (contexts, events, result metadata) costs several times what SQLite needs to answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, Protocol

import psycopg
from sqlalchemy import URL, Engine
from sqlalchemy.pool import PoolProxiedConnection

from state.opening import FAILURES, in_plain_words

CONFLICTS: Final = (sqlite3.IntegrityError, psycopg.IntegrityError)
"""What a statement raises that breaks a constraint."""

_INCOMING: Final = (
    "CREATE TEMPORARY TABLE incoming (LIKE record) ON COMMIT DELETE ROWS",
    "ALTER TABLE incoming ALTER COLUMN n DROP NOT NULL, ALTER COLUMN unlearned DROP NOT NULL",
)
"""Where a page lands by COPY before it is merged."""


class Connection(Protocol):
    """What the connections of both drivers can do."""

    def execute(self, statement: Any, parameters: Any = ..., /) -> Any: ...
    def cursor(self, *name: Any) -> Any: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


class Sessions:
    """Connections that are open and idle: to ask the pool for one costs more than most questions."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._engine = engine
        self.url: Final = url
        self.implicit: Final = engine.dialect.name == "postgresql"
        """The driver begins transactions by itself."""
        self._idle: list[PoolProxiedConnection] = []

    def borrow(self) -> PoolProxiedConnection:
        """A connection that nobody else uses."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.raw_connection()

    def give_back(self, session: PoolProxiedConnection) -> None:
        """It is in no transaction."""
        self._idle.append(session)

    def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().close()


class Transaction:
    """Lasts as long as the `with`; what fails in it is undone.  Failures of the database become StateError."""

    __slots__ = ("_begin", "_check", "_connection", "_session", "_sessions")

    _session: PoolProxiedConnection
    _connection: Connection

    def __init__(self, sessions: Sessions, begin: str, check: Callable[[Connection], None] | None = None) -> None:
        self._sessions = sessions
        self._begin = begin
        self._check = check

    def __enter__(self) -> Connection:
        try:
            self._session = self._sessions.borrow()
        except FAILURES as error:
            raise in_plain_words(self._sessions.url, error) from None
        try:
            connection: Any = self._session.driver_connection
            self._connection = connection
            if not self._sessions.implicit:
                connection.execute(self._begin)
            if self._check is not None:
                self._check(connection)
        except BaseException as error:
            self._undo(error)
            raise
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._undo(error)
            return
        try:
            self._connection.commit()
        except BaseException as failure:
            self._undo(failure)
            raise
        self._sessions.give_back(self._session)

    def _undo(self, error: BaseException) -> None:
        # The pool rolls back what comes home, and throws away what it cannot roll back.
        with suppress(*FAILURES):
            self._session.close()
        if isinstance(error, FAILURES):
            raise in_plain_words(self._sessions.url, error) from None


@contextmanager
def attempt(connection: Connection) -> Iterator[None]:
    """A part of a transaction that may fail without the rest: undone if it does."""
    connection.execute("SAVEPOINT attempt")
    try:
        yield
    except CONFLICTS:
        connection.execute("ROLLBACK TO SAVEPOINT attempt")
        raise
    connection.execute("RELEASE SAVEPOINT attempt")


def prepare_copy(connection: Connection) -> None:
    """See that this PostgreSQL session has the table in which pages land."""
    if connection.execute("SELECT to_regclass('pg_temp.incoming') IS NULL").fetchone()[0]:
        for statement in _INCOMING:
            connection.execute(statement)
