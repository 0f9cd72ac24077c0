"""Every test of the state runs on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from state.rows import Lease
from state.store import Store, open_store
from tests.postgres import Server, postgres

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that has our tables and nothing in them."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.db"
        return
    server: Server = request.getfixturevalue("postgres")
    template = server.template("state", lambda address: open_store(address).close())
    with server.database(template) as address:
        yield address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def lease(store: Store) -> Lease:
    return store.lease("sync", "the test", now=0, ttl_ms=1_000_000)
