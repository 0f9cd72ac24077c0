"""A database as an earlier release left it: brought up to date by the next process, which may die over it."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event

import state.opening
from state.schema import VERSION_TABLE

MOST = 60
"""More statements than a migration has."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(state.opening.__file__).with_name("migrations")))
    return config


@cache
def earlier() -> list[str]:
    """Every revision but the newest one."""
    return sorted(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())[:-1]


def _empty(folder: Path, revision: str) -> Path:
    path = folder / f"empty-{revision}.db"
    if not path.exists():
        config, engine = _config(), create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        engine.dispose()
    return path


def age(path: Path, revision: str) -> None:
    """Turn a database that nobody has open into what an earlier release would have made of the same life.

    What that release had no place for is forgotten: all of it is worked out again.
    """
    old = path.with_suffix(".old")
    shutil.copyfile(_empty(path.parent, revision), old)
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("ATTACH ? AS newer", (str(path),))
        tables = [name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table == VERSION_TABLE or table.startswith("sqlite_"):
                continue
            mine, theirs = (
                [row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")]
                for schema in ("main", "newer")
            )
            columns = ", ".join(name for name in mine if name in theirs)
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
        connection.commit()
    for beside in path.parent.glob(f"{path.name}*"):
        beside.unlink()
    old.rename(path)


def interrupted(opening: Any, death: BaseException, luck: random.Random) -> None:
    """Open the database, and die at some statement of it, or at none."""
    left = luck.randint(1, MOST)

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise death

    event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    try:
        opening()
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", count)
