"""Two workers over one database: one stands still until its lease is over, another takes over, and the first wakes up.

S13: whoever lost the lease changes nothing in the state, and sends nothing but what it had in hand when it fell asleep:
no system asks who holds our lease, so a call that was begun cannot be called back, and is looked after like any other
that went unanswered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sync.engine import LEASE_MS
from tests.simulation.weave import Loom

if TYPE_CHECKING:
    from tests.simulation.life import Life

MOST = 2
"""Times that this happens in a life."""
GUARDED = ("record", "match_key", "operation", "journal", "review", "cursor")


class Woken(NamedTuple):
    """What a worker that lost its lease found when it woke up."""

    state: list[list[tuple[Any, ...]]]
    calls: int
    """Batches sent so far, and those that it may still send."""


def usurp(life: Life, boundary: str) -> None:
    """Stand still at this boundary while another process takes over and works a turn."""
    life.mark("two workers")
    life.say("STANDS STILL")
    asleep = life.store, life.loom
    in_hand = sum(len(lane.waiting) + lane.busy for lane in life.loom.lanes)
    if boundary.endswith(":sent"):
        in_hand += life.ask("SELECT count(DISTINCT object) FROM operation WHERE state = 'sent'")[0][0]
    life.store, life.loom = None, Loom(life.luck, life.profile.woven)
    life.passes(LEASE_MS + 1)
    life.cycle()
    life.close()
    life.store, life.loom = asleep
    life.crashes += 1
    life.say("WAKES UP")
    life.woken = Woken(_state(life), _calls(life) + in_hand)


def judge_woken(life: Life) -> None:
    """Note in `life.violations` what a worker without a lease did."""
    woken, life.woken = life.woken, None
    if woken is None:
        return
    for table, before, after in zip(GUARDED, woken.state, _state(life), strict=True):
        if before != after:
            changed = [row for row in after if row not in before][:2]
            life.violations.append(f"seed={life.seed} invariant=S13 {table} changed without a lease: {changed}")
    if (more := _calls(life) - woken.calls) > 0:
        life.violations.append(f"seed={life.seed} invariant=S13 {more} batches sent without a lease")


def _state(life: Life) -> list[list[tuple[Any, ...]]]:
    return [life.ask(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in GUARDED]


def _calls(life: Life) -> int:
    return sum(connector.calls for connector in life.connectors.values())
