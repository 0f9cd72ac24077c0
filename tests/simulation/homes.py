"""Where the state of a life is kept: a file, or a database of a PostgreSQL server."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import make_url

from state.schema import metadata
from state.store import Store, open_store
from tests.simulation.ageing import age


def guard(store: Store, check: Callable[[], None]) -> None:
    """Ask before each of its transactions."""
    tables: Any = store._tables

    def asking(begin: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*how: Any) -> Any:
            check()
            return begin(*how)

        return checked

    tables.reading, tables.writing = asking(tables.reading), asking(tables.writing)


def template(folder: Path) -> Path:
    """An empty database that lives start from."""
    path = folder / "template.db"
    if not path.exists():
        path.write_bytes(_empty())
    return path


@cache
def _empty() -> bytes:
    """Made once: to make one takes longer than many a life."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.db")
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


class Home(Protocol):
    """One life's database."""

    url: str

    def fresh(self) -> None:
        """Empty it."""
        ...

    def age(self, revision: str) -> None:
        """Turn it into one of an earlier release, where that can be done."""
        ...

    def ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Read it past the product's own code."""
        ...

    def end(self) -> None:
        """Leave nothing behind."""
        ...


class FileHome:
    """A SQLite file, copied from an empty one."""

    def __init__(self, folder: Path, template: Path, seed: int) -> None:
        self._files = folder, f"life-{seed}.db"
        self._path, self._template = folder / f"life-{seed}.db", template
        self.url = f"sqlite:///{self._path}"
        self._look: sqlite3.Connection | None = None
        shutil.copyfile(template, self._path)

    def fresh(self) -> None:
        self.end()
        shutil.copyfile(self._template, self._path)

    def age(self, revision: str) -> None:
        self._look_away()
        age(self._path, revision)

    def ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        if self._look is None:
            self._look = sqlite3.connect(self._path, isolation_level=None)
        return self._look.execute(query, parameters).fetchall()

    def _look_away(self) -> None:
        if self._look is not None:
            self._look.close()
            self._look = None

    def end(self) -> None:
        self._look_away()
        folder, name = self._files
        for file in folder.glob(f"{name}*"):
            file.unlink()


class ServerHome:
    """A PostgreSQL database that has our tables; emptied for each life."""

    def __init__(self, url: str) -> None:
        self.url = url
        where = make_url(url)
        self._look = psycopg.connect(
            host=where.host, port=where.port, user=where.username, dbname=where.database, autocommit=True
        )
        self.fresh()

    def fresh(self) -> None:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        self._look.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE".encode())

    def age(self, revision: str) -> None:
        """Not here: what an earlier release made is copied file by file."""

    def ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._look.execute(query.replace("?", "%s").encode(), parameters or None).fetchall()

    def end(self) -> None:
        self._look.close()
