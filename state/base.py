"""One way to reach the tables: transactions, the few words in which the two engines differ, JSON, bulk inserts.

Statements are written once with two tokens: `?` is a parameter, `IN ??` is membership in one parameter that holds
many values (`Tables.many`).  A closing FOR SHARE or FOR UPDATE is left out where a writer locks the whole database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import URL, Engine

from connectors.errors import LeaseLost
from state.opening import WRITE
from state.rows import Lease, Row
from state.sessions import CONFLICTS, Connection, Sessions, Transaction, attempt


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def to_json(value: Any) -> str:
    """A document as it is stored."""
    return orjson.dumps(value, default=_plain).decode()


def to_json_or_null(value: Any) -> str | None:
    """The same, nothing for nothing."""
    return None if value is None else to_json(value)


from_json: Final = orjson.loads


def from_json_or_null(text: str | None) -> Any:
    """The value of a stored document, nothing for nothing."""
    return None if text is None else orjson.loads(text)


Writer = Callable[[Row], tuple[Any, ...]]
"""Gives the parameters that store a row."""

_in_place: Final = attrgetter("in_place")

_STEP_BACK: Final = "UPDATE record SET entity = NULL WHERE system = ? AND object = ? AND id = ?"


class Tables:
    """A database of ours, and its transactions."""

    def __init__(self, engine: Engine, url: URL) -> None:
        self._sessions = Sessions(engine, url)
        self.postgresql: Final = engine.dialect.name == "postgresql"
        self._texts: dict[str, str] = {}

    def reading(self) -> Transaction:
        """A transaction that sees one state of the database."""
        return Transaction(self._sessions, "BEGIN")

    def writing(self, lease: Lease | None = None) -> Transaction:
        """A transaction that happens as a whole or not at all, and only while the lease (if any) is ours."""
        return Transaction(self._sessions, WRITE, None if lease is None else partial(self._assert_ours, lease))

    def close(self) -> None:
        """Give up every connection."""
        self._sessions.close()

    def _assert_ours(self, lease: Lease, connection: Connection) -> None:
        # PostgreSQL: whoever wants to take the lease must wait until this transaction has ended.
        found = self.rows(connection, "SELECT token FROM lease WHERE name = ? FOR SHARE", (lease.name,))
        if not found or found[0][0] != lease.token:
            raise LeaseLost(f"Another process has taken over {lease.name}.")

    def text(self, statement: str) -> str:
        """The statement in the words of this engine."""
        known = self._texts.get(statement)
        if known is None:
            if self.postgresql:
                known = statement.replace("IN ??", "= ANY(%s)").replace("?", "%s")
            else:
                known = statement.replace("IN ??", "IN (SELECT value FROM json_each(?))")
                known = known.removesuffix(" FOR SHARE").removesuffix(" FOR UPDATE")
            self._texts[statement] = known
        return known

    def many(self, values: Sequence[str] | Sequence[int]) -> Any:
        """The parameter for `IN ??`."""
        return list(values) if self.postgresql else to_json(list(values))

    def run(self, connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> int:
        """One statement; the number of rows it changed."""
        changed: int = connection.execute(self.text(statement), parameters).rowcount
        return changed

    def rows(self, connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        found: list[tuple[Any, ...]] = connection.execute(self.text(statement), parameters).fetchall()
        return found

    def pages(self, connection: Connection, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query so many at a time: never are all of them in memory."""
        cursor = connection.cursor("pages") if self.postgresql else connection.cursor()
        cursor.execute(statement)
        while found := cursor.fetchmany(size):
            yield found
        cursor.close()

    def each(self, connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> int:
        """The statement once per row; the number of rows it changed.  None is fine."""
        if not rows:
            return 0
        cursor = connection.cursor()
        cursor.executemany(self.text(statement), rows)
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def claim(self, connection: Connection, statement: str, rows: Sequence[Row], write: Writer) -> None:
        """Store rows that may take places in entities from each other: who leaves goes first, and if some still stand
        in each other's way (two that swap), all of them step back before they take their places."""
        values = [write(row) for row in sorted(rows, key=_in_place)]
        try:
            with attempt(connection):
                self.each(connection, statement, values)
        except CONFLICTS:
            self.each(connection, _STEP_BACK, [(row.system, row.object, row.id) for row in rows])
            self.each(connection, statement, values)

    def insert(self, connection: Connection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
        """New rows in bulk: COPY where there is such a thing."""
        if not rows:
            return
        if not self.postgresql:
            marks = ", ".join("?" for _ in rows[0])
            self.each(connection, f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
            return
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


class Part:
    """A group of questions over the same tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
