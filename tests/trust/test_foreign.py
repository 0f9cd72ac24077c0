"""The state and the plans know whose they are: credentials of another account are refused before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.errors import Misconfigured
from sync.trust.approving import Approved
from sync.trust.foreign import remembered
from sync.trust.plans import Saved
from tests.trust.lives import Careful, Crash, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def _another_portal(life: Careful) -> None:
    life.world.hubspot.portal_id += 1


def _another_org(life: Careful) -> None:
    life.world.salesforce.platform.org_id = "00D0000000000ZZEAA"


ELSEWHERE = {"HubSpot account": _another_portal, "Salesforce org": _another_org}


@pytest.mark.parametrize("whose", ELSEWHERE)
def test_credentials_of_another_account_are_refused_before_anything_is_read(whose: str, life: Careful) -> None:
    ann, _ = life.couple("ann")
    before = remembered(life.state)
    ELSEWHERE[whose](life)
    known, cursors = life.row("hubspot", "contacts", ann), life.state.cursors()
    for run in (life.sync, life.look, lambda: life.undo("run-1"), lambda: life.sync("backfill", full=True)):
        life.later()
        with pytest.raises(Misconfigured, match=f"^The state database is foreign: it is about the {whose} "):
            run()
    assert life.row("hubspot", "contacts", ann) == known
    assert life.state.cursors() == cursors
    assert remembered(life.state) == before


@pytest.mark.parametrize("elsewhere", ELSEWHERE.values())
def test_it_is_known_from_the_first_run_on_even_if_that_is_killed(
    elsewhere: Callable[[Careful], None], life: Careful
) -> None:
    def crash(_: str) -> None:
        life.state.close()
        raise Crash

    life.contact("ann")
    engine = life.engine()
    engine.step = crash
    with pytest.raises(Crash):
        engine.cycle()
    life.reopen()
    elsewhere(life)
    with pytest.raises(Misconfigured, match="foreign"):
        life.sync()


def test_a_plan_is_for_the_account_that_it_was_made_in(life: Careful, tmp_path: Path) -> None:
    life.contact("ann")
    life.later()
    approved = Approved(Saved(life.save(tmp_path / "plan.json")))
    made = approved.made
    assert made.accounts == {
        "hubspot": str(life.world.hubspot.portal_id),
        "salesforce": life.world.salesforce.platform.org_id[:15],
    }
    with pytest.raises(Misconfigured, match="other accounts"):
        approved.check(made.made, made.rules, {**made.accounts, "hubspot": "62515"}, known=True)
