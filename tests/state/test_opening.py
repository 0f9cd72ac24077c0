"""Opening: made, brought up to date, or refused in words that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import NullPool, Pool, create_engine, event, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError

import state.migrations
from state.errors import StateError
from state.rows import Batch
from state.schema import REVISION, VERSION_TABLE, metadata
from state.store import open_store
from tests.postgres import Server
from tests.state.make import contact, operation, save


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/new.db"
        return
    server: Server = request.getfixturevalue("postgres")
    with server.database() as address:
        yield address


def execute(url: str, *statements: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def tables(url: str) -> set[str]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return set(inspect(connection).get_table_names())


def test_an_empty_database_gets_all_tables(empty_url: str) -> None:
    open_store(empty_url).close()
    assert tables(empty_url) == set(metadata.tables) | {VERSION_TABLE}
    assert len(metadata.tables) == 13


def test_migrations_lead_to_the_tables_that_the_code_expects(empty_url: str) -> None:
    open_store(empty_url).close()
    with create_engine(empty_url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    folder = Path(state.migrations.__file__).parent
    assert ScriptDirectory(str(folder)).get_heads() == [REVISION]


def test_operations_keep_their_numbers_when_a_state_of_theirs_is_taken_away(empty_url: str) -> None:
    engine, config = create_engine(empty_url, poolclass=NullPool), Config()
    config.set_main_option("script_location", str(Path(state.migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        columns = "entity, state, kind, system, object, verb, attempts, not_before_ms, run, fields, native, agreed"
        rest = "'person', 'hubspot', 'contacts', 'create', 0, 0, 'r', '{}', '{}', '{}', '{}'"
        for one in ("'a', 'held'", "'b', 'done'", "'c', 'planned'"):
            connection.exec_driver_sql(f"INSERT INTO operation ({columns}, basis) VALUES ({one}, {rest})")
        connection.exec_driver_sql("DELETE FROM operation WHERE entity = 'c'")
    with open_store(empty_url) as store:
        assert [(o.n, o.entity, o.state) for o in store.operations()] == [(1, "a", "planned"), (2, "b", "done")]
        store.commit_batch(store.lease("sync", "a", 0, 9), Batch(operations=[operation("d")]))
        assert store.operations(entity="d")[0].n == 4
    for broken in ("SET state = 'held'", "SET entity = 'a', system = 'hubspot', state = 'sent'"):
        with pytest.raises((IntegrityError, OperationalError)):
            execute(empty_url, f"UPDATE operation {broken} WHERE n = 4")


def test_opening_again_keeps_everything(empty_url: str) -> None:
    with open_store(empty_url) as first:
        lease = first.lease("sync", "a", 0, 9)
        (row,) = save(first, lease, contact("1"))
    with open_store(empty_url) as second:
        assert second.rows("hubspot", "contacts", ["1"]) == {"1": row}


def test_a_failed_migration_leaves_nothing_behind(empty_url: str) -> None:
    execute(empty_url, "CREATE VIEW lease AS SELECT 1 AS one")
    with pytest.raises(StateError):
        open_store(empty_url)
    assert tables(empty_url) == set()
    execute(empty_url, "DROP VIEW lease")
    open_store(empty_url).close()


def test_a_database_of_someone_else_is_refused_and_left_alone(empty_url: str) -> None:
    execute(empty_url, "CREATE TABLE invoices (id int)")
    with pytest.raises(StateError, match="not ours"):
        open_store(empty_url)
    assert tables(empty_url) == {"invoices"}


def test_a_newer_database_is_refused_and_left_alone(empty_url: str) -> None:
    open_store(empty_url).close()
    execute(empty_url, f"UPDATE {VERSION_TABLE} SET version_num = '9999'", "ALTER TABLE record ADD COLUMN future int")
    with pytest.raises(StateError, match=r"newer version of this program \(revision 9999\)"):
        open_store(empty_url)
    assert tables(empty_url) == set(metadata.tables) | {VERSION_TABLE}


def test_a_database_that_lost_a_table_is_refused(empty_url: str) -> None:
    open_store(empty_url).close()
    execute(empty_url, "DROP TABLE journal")
    with pytest.raises(StateError, match=r"lacks tables of ours \(journal\)"):
        open_store(empty_url)


@pytest.mark.parametrize(
    "url",
    ["", "state.db", "mysql://u:secret@host/db", "sqlite://host/file", "postgresql+psycopg2://u:secret@h/d", "://"],
)
def test_an_address_we_do_not_know_is_refused(url: str) -> None:
    with pytest.raises(StateError, match="sqlite:///FILE") as refused:
        open_store(url)
    assert "secret" not in str(refused.value)


def test_postgresql_without_a_driver_means_ours(postgres: Server) -> None:
    with postgres.database() as url, open_store(url.replace("+psycopg", "")) as store:
        assert store.runs() == []


def test_a_server_that_does_not_answer(postgres: Server) -> None:
    with pytest.raises(StateError, match="cannot be reached") as refused:
        open_store("postgresql+psycopg://tester:secret@127.0.0.1:1/db")
    assert "secret" not in str(refused.value)


def test_a_database_that_the_server_does_not_have(postgres: Server) -> None:
    with pytest.raises(StateError, match=r"cannot be reached.*does not exist"):
        open_store(postgres.url("nowhere"))


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="see that its folder exists"):
        open_store(f"sqlite:///{tmp_path}/nowhere/state.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"Dear diary, " * 1_000)
    with pytest.raises(StateError, match="is not a SQLite database"):
        open_store(f"sqlite:///{tmp_path}/state.db")


def test_a_database_in_memory_is_one_database() -> None:
    with open_store("sqlite://") as store:
        save(store, store.lease("sync", "a", 0, 9), contact("1"))
        assert len(store.counts()) == 1


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    with open_store(url, wait_ms=1) as store, closing(sqlite3.connect(tmp_path / "state.db")) as busy:
        busy.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="is in use by another process"):
            store.start_run("a", "sync", 1)
        busy.rollback()
        store.start_run("a", "sync", 1)


def test_a_reader_opens_beside_a_writer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    open_store(url).close()
    with closing(sqlite3.connect(tmp_path / "state.db")) as busy:
        busy.execute("BEGIN IMMEDIATE")
        with open_store(url, wait_ms=1) as store:
            assert store.runs() == []


def test_a_row_that_stays_locked_says_so(postgres: Server) -> None:
    with postgres.database() as url, open_store(url, wait_ms=1) as store:
        lease = store.lease("sync", "a", 0, 9)
        with create_engine(url, poolclass=NullPool).begin() as busy:
            busy.execute(text("SELECT * FROM lease FOR UPDATE"))
            with pytest.raises(StateError, match="is in use by another process"):
                store.renew(lease, 1, 9)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """SQLite files that cannot grow beyond a few pages."""

    def limit(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count = 60")

    event.listen(Pool, "connect", limit)
    yield
    event.remove(Pool, "connect", limit)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_says_so_and_keeps_what_was_stored(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/state.db") as store:
        lease = store.lease("sync", "a", 0, 9)
        save(store, lease, contact("1"))
        with pytest.raises(StateError, match="the disk is full"):
            save(store, lease, *(contact(str(n), now={"text": "x" * 5_000}) for n in range(2, 100)))
        assert sum(store.counts().values()) == 1
