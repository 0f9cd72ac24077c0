"""The last calls of a day: the less important stops first, opt-outs go out to the end, all goes on the next day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.door.budget import Budget
from connectors.errors import Exhausted
from sync.compose import spent_today
from sync.trust.guard import BUDGET
from sync.trust.pausing import pauses
from sync.trust.thrift import LEAVES
from tests.trust.lives import Careful, careful

DAY = 24 * 60


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def _used(life: Careful, calls: int) -> None:
    """Another run has used up so many of HubSpot's 10,000 calls of this day, with those that were made before."""
    now = life.clock.now()
    more = calls - spent_today(life.state, now)["hubspot"]
    life.raw["budget"]["hubspot"]["calls_per_day"] = 10_000
    life.state.start_run(f"busy-{calls}", "sync", now)
    life.state.end_run(f"busy-{calls}", now, "done", {"api_calls": {"hubspot": more}})


def _opted_out(life: Careful, id: str) -> bool:
    return (life.world.hubspot.get("contacts", id) or {}).get("hs_email_optout") in (True, "true")


def test_what_is_more_important_may_go_further() -> None:
    order = ["backfill", "reconcile", "learn", "sync", "undo"]
    kept = [LEAVES.get(job, 0.0) for job in order]
    assert kept == sorted(kept, reverse=True)
    assert len(set(kept)) == len(kept)
    reached = []
    for keep in kept:
        budget = Budget(1_000)
        budget.keep = keep
        with pytest.raises(Exhausted, match="daily budget of 1000"):
            for _ in range(2_000):
                budget.spend(0)
        reached.append(budget.spent)
    assert reached == [700, 800, 900, 950, 1_000]


def test_a_backfill_stops_before_a_sync_does(life: Careful) -> None:
    ann, abel = life.couple("ann")
    _used(life, 7_500)
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    backfill = life.sync("backfill", full=True)
    assert (backfill.status, backfill.changed) == ("paused", 0)
    assert "kept for what is more important" in backfill.message
    life.later()
    assert life.sync().status == "done"
    assert life.value("salesforce", "Lead", abel, "City") == "Ulm"
    assert not pauses(life.state), "calls that could be made show that there are some"


def test_opt_outs_take_the_last_calls_and_the_rest_goes_on_the_next_day(life: Careful) -> None:
    ann, abel = life.couple("ann")
    bea, bob = life.couple("bea")
    life.edit("salesforce", "Lead", abel, HasOptedOutOfEmail=True, City="Hof")
    life.edit("hubspot", "contacts", bea, city="Ulm")
    _used(life, 9_500)
    life.later()
    stopped = life.sync()
    assert stopped.status == "paused"
    assert [pause.cause for pause in pauses(life.state)] == [BUDGET]
    assert _opted_out(life, ann)
    assert life.value("salesforce", "Lead", bob, "City") is None
    assert life.value("hubspot", "contacts", ann, "city") is None
    life.later()
    _used(life, 10_000)
    life.edit("salesforce", "Lead", bob, HasOptedOutOfEmail=True)
    assert life.sync().status == "paused", "without a single call there is nothing to be done"
    life.later(DAY)
    assert life.sync().status == "done"
    assert not pauses(life.state)
    assert life.value("salesforce", "Lead", bob, "City") == "Ulm"
    assert life.value("hubspot", "contacts", ann, "city") == "Hof"
    assert _opted_out(life, bea)
