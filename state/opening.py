"""Opening the state: which database, is it ours, is it of our age; and what its failures mean in plain words.

Both engines are driven by hand-begun transactions: SQLite takes the write lock when a writing transaction begins, so
that nothing fails halfway for want of it, and migrations are all or nothing on both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from state.errors import StateError
from state.schema import REVISION, VERSION_TABLE, metadata

WRITE: Final = "BEGIN IMMEDIATE"
"""How a transaction that will write begins: so it never has to give up half-way, where SQLite is."""
_WRITING: Final = {"begin": WRITE}

FAILURES: Final = (DBAPIError, sqlite3.Error, psycopg.Error)
"""What a database that fails raises, directly or by SQLAlchemy."""

_MIGRATION_LOCK: Final = 0x736D6B
"""Advisory lock: two processes that open a new PostgreSQL database at once migrate it one after the other."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32000",
    # Pages that are written several times in a while go into the database once (of 4 KB each: 64 MB).
    "PRAGMA wal_autocheckpoint = 16000",
    "PRAGMA temp_store = MEMORY",
)

_SAID: Final = (
    ("database is locked", "is in use by another process; wait for it to end, or stop it"),
    ("database or disk is full", "cannot grow: the disk is full; make room, then run again"),
    ("unable to open database file", "cannot be opened; see that its folder exists and may be written"),
    ("readonly database", "may not be written; see who owns the file"),
    ("file is not a database", "is not a SQLite database; name another file"),
    ("malformed", "is damaged; set the file aside and run `smarketing rebuild`"),
    ("disk I/O error", "cannot be read or written: the disk reports an error"),
)
"""What SQLite says → what a person can do."""


def parse_url(url: str) -> URL:
    """The address as SQLAlchemy knows it, with our driver.  Raises StateError without repeating a password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is not None and parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed is not None and parsed.drivername == "sqlite" and parsed.host is None:
        return parsed
    raise StateError(
        "The state address is not one we know; use sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE."
    )


def name_of(url: URL) -> str:
    """How the database is named in messages, without its password."""
    if url.drivername == "sqlite":
        return f"The state database {url.database or 'in memory'}"
    return f"The state database {url.database} on {url.host or 'the local PostgreSQL server'}"


def open_engine(url: URL, wait_ms: int) -> Engine:
    """An engine whose database exists and has our tables.  Raises StateError."""
    sqlite = url.drivername == "sqlite"
    in_memory = sqlite and url.database in (None, "", ":memory:")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    if sqlite:
        options["connect_args"] = {"check_same_thread": False, "cached_statements": 512}
    engine = create_engine(url, hide_parameters=True, **options)
    if sqlite:
        _drive_sqlite(engine, wait_ms)
    else:
        _drive_postgresql(engine, wait_ms)
    try:
        with plain_words(url):
            _bring_up_to_date(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _drive_sqlite(engine: Engine, wait_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _drive_postgresql(engine: Engine, wait_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {wait_ms:d}")
            # A plan kept from when the tables were empty reads them whole once they are full.
            cursor.execute("SET plan_cache_mode = force_custom_plan")
        connection.commit()


def _bring_up_to_date(engine: Engine, url: URL) -> None:
    # Looking first lets readers in beside a long write.
    with engine.connect() as connection, connection.begin():
        if _is_current(connection, url):
            return
    with engine.connect().execution_options(**_WRITING) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        if not _is_current(connection, url):
            _migrate(connection, url)


def _is_current(connection: Connection, url: URL) -> bool:
    """Whether the tables are ours and of today; False if they are to be made or changed.  Raises StateError."""
    present = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in present:
        if present:
            raise StateError(f"{name_of(url)} holds tables that are not ours; name an empty database.")
        return False
    if _revision(connection) != REVISION:
        return False
    missing = sorted(set(metadata.tables) - present)
    if missing:
        raise StateError(f"{name_of(url)} lacks tables of ours ({', '.join(missing)}); set it aside and start anew.")
    return True


def _revision(connection: Connection) -> str | None:
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608
    return found


def _migrate(connection: Connection, url: URL) -> None:
    # Alembic is loaded only when there is something to migrate: it would double the time to start.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StateError(
            f"{name_of(url)} was written by a newer version of this program "
            f"(revision {_revision(connection)}); install that version."
        ) from None


@contextmanager
def plain_words(url: URL) -> Iterator[None]:
    """Turn what the drivers raise into StateError."""
    try:
        yield
    except FAILURES as error:
        raise in_plain_words(url, error) from None


def in_plain_words(url: URL, error: BaseException) -> StateError:
    """What to say of a failure.  The drivers' own words may quote values, so few of them are passed on."""
    return StateError(f"{name_of(url)} {_sentence(error.orig if isinstance(error, DBAPIError) else error)}.")


def _sentence(error: BaseException | None) -> str:
    if isinstance(error, psycopg.Error):
        return _postgresql_sentence(error)
    words = str(error)
    for said, meant in _SAID:
        if said in words:
            return meant
    return f"refused a statement: {words}"


def _postgresql_sentence(error: psycopg.Error) -> str:
    if error.diag.constraint_name:
        return f"refused a change that would break {error.diag.constraint_name}"
    if error.sqlstate is None:
        return f"cannot be reached: {str(error).strip().splitlines()[0] if str(error).strip() else 'no answer'}"
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return "is in use by another process; wait for it to end, or stop it"
    if isinstance(error, psycopg.errors.DiskFull):
        return "cannot grow: the disk of the server is full; make room, then run again"
    return f"refused a statement ({type(error).__name__}, {error.sqlstate})"
