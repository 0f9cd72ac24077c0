"""Undo: what a run overwrote comes back, what people changed since stays, and nothing is redone behind their backs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.errors import Misconfigured
from state.rows import OperationRow
from sync.trust.guard import BY_HAND, Pause
from sync.trust.limits import BrakesSettings
from sync.trust.pausing import stop
from sync.trust.undoing import CHANGED, CREATED, EDITED, OPT_OUT, TOO_MANY, UNDONE, Wish
from tests.trust.lives import Careful, Crash, careful


@pytest.fixture
def life() -> Iterator[Careful]:
    with careful() as stage:
        yield stage


def test_what_a_person_changed_since_stays_and_the_rest_comes_back(life: Careful) -> None:
    ann, abel = life.couple("ann", city="Bonn", phone="+49 30 5550100")
    life.edit("hubspot", "contacts", ann, city="Ulm", phone="+49 30 5550199")
    life.later()
    run = life.sync().run
    life.later()
    life.edit("salesforce", "Lead", abel, City="Hof")
    life.later()
    report, found = life.undo(run)
    assert [(left.field, left.why) for left in found.left] == [("city", CHANGED)]
    assert life.value("salesforce", "Lead", abel, "City") == "Hof"
    assert life.value("salesforce", "Lead", abel, "Phone").replace(" ", "") == "+49305550100"
    assert (report.status, report.changed) == ("done", 1)
    (asked,) = life.state.reviews(question=UNDONE)
    assert (asked.field, asked.detail["run"]) == ("phone", run)
    life.later()
    life.sync()
    assert life.value("hubspot", "contacts", ann, "city") == "Hof", "everything else goes on"
    assert life.value("salesforce", "Lead", abel, "Phone").replace(" ", "") == "+49305550100"
    assert life.engine().let_go(Wish(run)) == 1
    life.later()
    life.sync()
    assert life.value("salesforce", "Lead", abel, "Phone").replace(" ", "") == "+49305550199"


def test_one_record_or_one_field_alone(life: Careful) -> None:
    couples = [life.couple(name, city="Bonn", jobtitle="CTO") for name in ("ann", "ben")]
    for contact, _ in couples:
        life.edit("hubspot", "contacts", contact, city="Ulm", state="BW")
    life.later()
    run = life.sync().run
    life.later()
    life.undo(run, record=("salesforce", couples[0][1]), field="city")
    leads = [life.world.rows("salesforce", "Lead")[lead].values for _, lead in couples]
    assert [(lead["City"], lead["State"]) for lead in leads] == [("Bonn", "BW"), ("Ulm", "BW")]


def test_an_opt_out_is_never_taken_back(life: Careful) -> None:
    ann, abel = life.couple("ann")
    life.edit("salesforce", "Lead", abel, HasOptedOutOfEmail=True)
    life.later()
    run = life.sync().run
    life.later()
    _, found = life.undo(run)
    assert not found.writes
    assert [left.why for left in found.left] == [OPT_OUT]
    assert (life.world.hubspot.get("contacts", ann) or {})["hs_email_optout"] in (True, "true")


def test_a_stage_that_went_forward_goes_back_to_the_very_value_that_stood_there(life: Careful) -> None:
    life.configure("vocabulary", {"mql.salesforce": "Nurturing"})
    ann, abel = life.couple("ann", lifecyclestage="marketingqualifiedlead")
    life.edit("salesforce", "Lead", abel, Status="Nurturing")
    life.later()
    life.sync()
    life.later()
    life.edit("salesforce", "Lead", abel, Status="Qualified")
    life.later()
    run = life.sync().run
    assert life.value("hubspot", "contacts", ann, "lifecyclestage") == "salesqualifiedlead"
    life.later()
    life.undo(run)
    assert life.value("hubspot", "contacts", ann, "lifecyclestage") == "marketingqualifiedlead"
    for _ in range(2):
        life.later()
        life.sync()
    assert life.value("hubspot", "contacts", ann, "lifecyclestage") == "marketingqualifiedlead"
    assert life.value("salesforce", "Lead", abel, "Status") == "Qualified"


def test_a_status_goes_back_to_the_very_word_though_another_is_written_for_its_stage(life: Careful) -> None:
    life.configure("vocabulary", {"mql.salesforce": "Nurturing"})
    _, abel = life.couple("ann", lifecyclestage="marketingqualifiedlead")
    life.edit("salesforce", "Lead", abel, Status="Nurturing")
    life.later()
    life.sync()
    life.later()
    ann = str(life.value("salesforce", "Lead", abel, "SMK_HubSpot_Id__c"))
    life.edit("hubspot", "contacts", ann, smk_stage="sal")
    life.later()
    run = life.sync().run
    assert life.value("salesforce", "Lead", abel, "Status") == "Working - Contacted"
    life.later()
    life.undo(run)
    assert life.value("salesforce", "Lead", abel, "Status") == "Nurturing"
    life.later()
    life.sync()
    assert life.value("salesforce", "Lead", abel, "Status") == "Nurturing"


def test_what_was_created_is_listed_and_goes_into_the_bin_only_when_told(life: Careful) -> None:
    life.contact("ann")
    life.contact("ben")
    life.later()
    run = life.sync().run
    life.later()
    leads = {row.values["LastName"]: id for id, row in life.world.rows("salesforce", "Lead").items()}
    _, found = life.undo(run)
    assert {left.why for left in found.left} == {CREATED}
    life.edit("salesforce", "Lead", leads["ben"], City="Hof")
    life.later()
    report, found = life.undo(run, archive_created=True)
    assert [left.why for left in found.left] == [EDITED]
    gone = {
        row.values["LastName"]: row.archived_at is not None for row in life.world.rows("salesforce", "Lead").values()
    }
    assert gone == {"ann": True, "ben": False}
    assert report.as_json()["objects"]["person"]["salesforce"]["written"]["archived"] == 1
    for _ in range(2):
        life.later()
        life.sync()
    assert len(life.world.rows("salesforce", "Lead")) == 2, "it is not made again by itself"
    assert all(row.archived_at is None for row in life.world.rows("hubspot", "contacts").values())
    assert life.engine().let_go(Wish(run)) == 1
    life.later()
    (planned,) = [one for one in life.look().operations if one.verb == "create"]
    assert planned.system == "salesforce"


def test_not_more_than_a_day_may_have_goes_into_the_bin(life: Careful) -> None:
    for n in range(BrakesSettings().deletes_per_day + 2):
        life.contact(f"p{n}")
    life.later()
    run = life.sync().run
    life.later()
    _, found = life.undo(run, archive_created=True)
    assert [left.why for left in found.left] == [TOO_MANY] * 2


@pytest.mark.parametrize("at", [0, 1, 2, 4])
def test_it_may_be_stopped_anywhere_and_said_again(life: Careful, at: int) -> None:
    couples = [life.couple(f"p{n}", city="Bonn") for n in range(2)]
    for contact, _ in couples:
        life.edit("hubspot", "contacts", contact, city="Ulm")
    life.later()
    run = life.sync().run
    life.later()
    left = [at]

    def crash(name: str) -> None:
        if name.startswith("apply"):
            left[0] -= 1
            if left[0] < 0:
                raise Crash

    try:
        life.undo(run, crash)
    except Crash:
        life.reopen()
    for _ in range(2):
        life.later()
        life.undo(run)
    assert {life.value("salesforce", "Lead", lead, "City") for _, lead in couples} == {"Bonn"}
    assert len(life.state.reviews(question=UNDONE)) == 2
    life.later()
    life.sync()
    assert {life.value("salesforce", "Lead", lead, "City") for _, lead in couples} == {"Bonn"}


def test_an_undo_can_be_undone(life: Careful) -> None:
    ann, abel = life.couple("ann", city="Bonn")
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    run = life.sync().run
    life.later()
    report, _ = life.undo(run)
    life.later()
    life.undo(report.run)
    assert life.value("salesforce", "Lead", abel, "City") == "Ulm"
    life.later()
    assert life.sync().changed == 0


def test_a_run_that_nobody_knows_is_said_to_be_unknown(life: Careful) -> None:
    with pytest.raises(Misconfigured, match="No run is called nothing"):
        life.undo("nothing")


def test_only_what_was_shown_is_put_back(life: Careful) -> None:
    ann, abel = life.couple("ann", city="Bonn")
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    run = life.sync().run
    life.later()
    engine = life.engine()
    nothing: frozenset[bytes] = frozenset()
    shown: list[OperationRow] = engine.undo(Wish(run), write=False).writes
    assert len(shown) == 1
    engine.undo(Wish(run), nothing)
    assert life.value("salesforce", "Lead", abel, "City") == "Ulm"


def test_it_goes_where_a_brake_has_stopped_the_sync(life: Careful) -> None:
    ann, abel = life.couple("ann", city="Bonn")
    life.edit("hubspot", "contacts", ann, city="Ulm")
    life.later()
    run = life.sync().run
    life.later()
    stop(life.state, Pause(BY_HAND, "person", "salesforce", since=life.clock.now()))
    life.undo(run)
    assert life.value("salesforce", "Lead", abel, "City") == "Bonn"
