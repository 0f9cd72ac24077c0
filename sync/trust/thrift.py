"""What is done with the last calls of a day: each job leaves a share of them to what is more important.

Backfills stop first, then complete comparisons, then what is learned by the calendar, then the sync.  What is left in
the end is for opt-outs alone: they are read and written as long as a single call is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.engine import Engine

LEAVES: Mapping[str, float] = {
    **dict.fromkeys(("backfill", "rebuild"), 0.3),
    "reconcile": 0.2,
    "learn": 0.1,
    **dict.fromkeys(("sync", "apply", "plan"), 0.05),
}
"""Job → the share of the day's calls that it does not touch.  What people ask for to repair something takes all."""
EVERY_MS = 15 * 60_000
"""A worker that goes on looks for opt-outs no more often, once only they are left."""


def begin(engine: Engine, job: str) -> None:
    """From now on calls are for this job."""
    _leave(engine, LEAVES.get(job.split()[0], 0.0))


def spare_opt_outs(engine: Engine) -> None:
    """The calls for everything else are used up: read and write opt-outs with what is left.  Raises Exhausted."""
    if engine.now() < engine.frugal_until:
        return
    engine.frugal_until = engine.now() + EVERY_MS
    engine.guard.frugal = True
    _leave(engine, 0.0)
    engine.look_again()


def _leave(engine: Engine, share: float) -> None:
    for connector in engine.connectors.values():
        connector.leave(share)
