"""Exit codes: what a script may conclude from how the program ended."""

from __future__ import annotations

import sqlite3

import typer

from connectors.errors import Exhausted, LeaseLost, Stop, SyncError, Unauthorised
from state.errors import StateError
from sync.config import ConfigError
from sync.trust.explain import NotFoundError

DONE = 0
HELD = 1
"""Done, but records are held or a check failed."""
USAGE = 2
"""Wrong usage or configuration."""
AUTH = 3
"""Authentication or permission."""
STOPPED = 4
"""Stopped by the budget, a brake or a limit of `[plan]`; resumable."""
BUSY = 5
"""Another run holds the lease."""
INTERRUPTED = 130

STATUS = {"done": DONE, "partial": HELD, "paused": STOPPED, "failed": HELD}
"""Of a run that ended by itself."""

_FAILURES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigError, USAGE),
    (Unauthorised, AUTH),
    (Exhausted, STOPPED),
    (LeaseLost, BUSY),
    (StateError, USAGE),
    (NotFoundError, HELD),
    (Stop, USAGE),
    (SyncError, HELD),
    (OSError, HELD),
    (sqlite3.Error, HELD),
)


def code_of(error: Exception) -> int | None:
    """The exit code of a failure that is one plain sentence; None: a bug, which shows where it is."""
    if isinstance(error, typer.Exit):
        return error.exit_code
    if type(error).__module__.startswith(("click", "typer")):
        return int(getattr(error, "exit_code", USAGE))
    return next((code for kind, code in _FAILURES if isinstance(error, kind)), None)
