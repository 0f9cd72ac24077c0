"""The sync stops by itself before harm, goes on reading, and goes on writing when somebody says so."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest

from state.rows import Row
from sync.trust import pausing
from sync.trust.guard import BLANK, BY_HAND, CLEARS, CREATES, DAY, FEW, SHRUNK, UPDATES, VANISHED, Pause
from sync.trust.pausing import go_on, pauses, stop, thaw
from tests.scenarios.stage import MINUTE, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.configure("[brakes]", {"updates": "3", "clears": "2", "creates_per_day": "5", "updates_share": "0.01"})
    made.configure("[brakes]", {"clears_share": "0.01"})
    made.begin()
    yield made
    made.close()


def leads(stage: Stage, count: int, first: int = 0) -> list[str]:
    """So many people whom sales made."""
    human = stage.human("salesforce")
    return [
        stage.world.salesforce.create(
            "Lead",
            {"LastName": f"Abel {n}", "Company": "Acme", "Email": f"a{n}@acme.example", "Phone": f"+49 30 1234{n:03}"},
            human,
        )
        for n in range(first, first + count)
    ]


def edit(stage: Stage, ids: list[str], **values: object) -> None:
    """Somebody changes them all."""
    for id in ids:
        stage.world.salesforce.edit("Lead", id, values, stage.human("salesforce"))


def sync(stage: Stage) -> str:
    """One more run, by an engine that knows nothing but the state; how it ended."""
    stage.clock.advance(2 * MINUTE)
    stage.reopen()
    return stage.sync().status


def resume(stage: Stage) -> None:
    """What `smarketing resume` does."""
    for pause in pauses(stage.state):
        go_on(stage.state, pause, stage.clock.now(), "resumed by somebody")


def cities(stage: Stage) -> list[str]:
    """What HubSpot holds."""
    return [str(row.values.get("city") or "") for row in stage.world.rows("hubspot", "contacts").values()]


def causes(stage: Stage) -> list[tuple[str, str, str]]:
    """What is stopped."""
    return [(pause.cause, pause.kind, pause.system) for pause in pauses(stage.state)]


def test_more_changes_than_usual_are_written_when_somebody_says_so(stage: Stage) -> None:
    ids = leads(stage, 6)
    sync(stage)
    edit(stage, ids, City="Wrong")
    for _ in range(3):
        assert sync(stage) == "paused"
        assert "Wrong" not in cities(stage)
    assert causes(stage) == [(UPDATES, "person", "hubspot")]
    resume(stage)
    assert sync(stage) == "done"
    assert cities(stage) == ["Wrong"] * 6
    assert sync(stage) == "done"


def test_nothing_of_too_much_is_sent_while_the_rest_is_being_decided(stage: Stage) -> None:
    ids = leads(stage, 101)
    sync(stage)
    edit(stage, ids, City="Wrong")
    assert sync(stage) == "paused"
    assert set(cities(stage)) == {""}


def test_what_flows_the_other_way_and_what_is_put_right_go_on(stage: Stage) -> None:
    ids = leads(stage, 6)
    sync(stage)
    edit(stage, ids, City="Wrong")
    (contact, *_) = stage.world.rows("hubspot", "contacts")
    assert sync(stage) == "paused"
    stage.world.hubspot.edit("contacts", contact, {"state": "Berlin"}, stage.human("hubspot"))
    edit(stage, ids, City=None)
    assert sync(stage) == "paused"
    assert sum((stage.world.salesforce.get("Lead", id) or {}).get("State") == "Berlin" for id in ids) == 1
    resume(stage)
    assert sync(stage) == "done"
    assert set(cities(stage)) == {""}


def test_cleared_values_are_fewer(stage: Stage) -> None:
    ids = leads(stage, 6)
    sync(stage)
    edit(stage, ids[:3], Phone=None)
    assert sync(stage) == "paused"
    assert causes(stage) == [(CLEARS, "person", "hubspot")]
    assert all(row.values.get("phone") for row in stage.world.rows("hubspot", "contacts").values())


def test_creations_of_a_day_add_up_over_runs(stage: Stage) -> None:
    leads(stage, 2)
    sync(stage)
    leads(stage, 4, first=10)
    assert sync(stage) == "done"
    leads(stage, 2, first=20)
    assert sync(stage) == "paused"
    assert causes(stage) == [(CREATES, "person", "hubspot")]
    assert len(stage.world.rows("hubspot", "contacts")) == 6


def test_opt_outs_go_out_alone_whatever_is_stopped(stage: Stage) -> None:
    ids = leads(stage, 6)
    sync(stage)
    edit(stage, ids[:1], City="Bonn", HasOptedOutOfEmail=True)
    edit(stage, ids[1:], City="Wrong")
    assert sync(stage) == "paused"
    rows = [row for rows in (stage.state.scan("hubspot", "contacts", 0, 100),) for row in rows]
    assert sum(row.now.get("opted_out") is True for row in rows) == 1
    assert set(cities(stage)) == {""}
    stop(stage.state, Pause(BY_HAND, since=stage.clock.now()))
    edit(stage, ids[1:2], HasOptedOutOfEmail=True)
    assert sync(stage) == "paused"
    rows = stage.state.scan("hubspot", "contacts", 0, 100)
    assert sum(row.now.get("opted_out") is True for row in rows) == 2
    assert set(cities(stage)) == {""}


def test_what_somebody_paused_waits_for_them(stage: Stage) -> None:
    ids = leads(stage, 2)
    sync(stage)
    stop(stage.state, Pause(BY_HAND, "person", "hubspot", since=stage.clock.now()))
    edit(stage, ids[:1], City="Bremen")
    assert sync(stage) == "paused"
    assert stage.rebuild().status == "paused"
    assert "Bremen" not in cities(stage)
    resume(stage)
    sync(stage)
    assert "Bremen" in cities(stage)


def many(stage: Stage) -> list[str]:
    """Enough people to tell how an object is."""
    stage.configure("[brakes]", {"updates": "500", "clears": "500", "creates_per_day": "500"})
    ids = leads(stage, FEW + 2)
    sync(stage)
    return ids


def seen(stage: Stage, name: str) -> int:
    """How many leads have a value, by what we remember."""
    return sum(row.now.get(name) is not None for row in stage.state.scan("salesforce", "Lead", 0, 1000))


def test_a_page_that_is_suddenly_blank_is_no_data(stage: Stage) -> None:
    ids = many(stage)
    edit(stage, ids, Phone=None)
    for _ in range(2):
        assert sync(stage) == "paused"
        assert seen(stage, "phone") == len(ids)
    assert causes(stage) == [(BLANK, "person", "salesforce")]
    assert all(row.values.get("phone") for row in stage.world.rows("hubspot", "contacts").values())
    edit(stage, ids, Phone="+49 30 999")
    assert sync(stage) == "done"
    assert causes(stage) == []


def test_a_page_that_is_blank_in_truth_is_taken_in_once_somebody_says_so(stage: Stage) -> None:
    ids = many(stage)
    edit(stage, ids, Phone=None)
    assert sync(stage) == "paused"
    resume(stage)
    assert sync(stage) == "done"
    assert seen(stage, "phone") == 0


def test_many_that_are_said_to_be_gone_are_not_taken_for_deleted(stage: Stage) -> None:
    ids = many(stage)
    for id in ids[: FEW + 1]:
        stage.world.salesforce.delete("Lead", id, stage.human("salesforce"))
    for _ in range(2):
        assert sync(stage) == "paused"
        assert len(stage.state.scan("salesforce", "Lead", 0, 1000)) == len(ids)
    assert causes(stage) == [(SHRUNK, "person", "salesforce")]
    resume(stage)
    assert sync(stage) == "done"
    assert len(stage.state.scan("salesforce", "Lead", 0, 1000)) == 1


def test_a_field_that_vanished_is_told_of_until_it_is_back(stage: Stage) -> None:
    leads(stage, 1)
    sync(stage)
    stage.world.salesforce.org.hide("Lead", "Phone")
    stage.clock.advance(20 * MINUTE)
    assert sync(stage) == "paused"
    assert causes(stage) == [(VANISHED, "person", "salesforce")]
    assert all(row.values.get("phone") for row in stage.world.rows("hubspot", "contacts").values())
    stage.world.salesforce.org.unhide("Lead", "Phone")
    stage.clock.advance(20 * MINUTE)
    assert sync(stage) == "done"
    assert causes(stage) == []


def fight(stage: Stage, id: str, contact: str) -> Row | None:
    """Each side's automation writes its own value, again and again."""
    for _ in range(3):
        edit(stage, [id], City="Bremen")
        sync(stage)
        stage.world.hubspot.edit("contacts", contact, {"city": "Bonn"}, stage.human("hubspot"))
        sync(stage)
    return stage.row("salesforce", "Lead", id)


def test_a_field_that_goes_back_and_forth_is_frozen_for_a_day(stage: Stage) -> None:
    (id,) = leads(stage, 1)
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    fight(stage, id, contact)
    (review,) = stage.held()
    assert (review.question, review.field, review.detail["code"]) == ("frozen", "city", "PING_PONG")
    assert set(review.detail["values"]) == {"hubspot", "salesforce"}
    edit(stage, [id], Title="Boss")
    sync(stage)
    contacts = stage.world.rows("hubspot", "contacts")
    assert contacts[contact].values["jobtitle"] == "Boss"
    assert len({contacts[contact].values["city"], (stage.world.salesforce.get("Lead", id) or {})["City"]}) == 2
    stage.clock.advance(DAY)
    assert sync(stage) == "done"
    assert len({contacts[contact].values["city"], (stage.world.salesforce.get("Lead", id) or {})["City"]}) == 1
    assert stage.held() == []


def test_a_frozen_field_is_free_when_somebody_says_so(stage: Stage) -> None:
    (id,) = leads(stage, 1)
    sync(stage)
    (contact,) = stage.world.rows("hubspot", "contacts")
    fight(stage, id, contact)
    assert thaw(stage.state, stage.clock.now(), record=("hubspot", "nobody")) == 0
    assert thaw(stage.state, stage.clock.now(), record=("salesforce", id)) == 1
    stage.clock.advance(2 * 60 * MINUTE)
    assert sync(stage) == "done"
    assert stage.held() == []


@pytest.mark.parametrize(
    ("rule", "story"),
    [
        ("judge", test_more_changes_than_usual_are_written_when_somebody_says_so),
        ("judge", test_cleared_values_are_fewer),
        ("waits", test_nothing_of_too_much_is_sent_while_the_rest_is_being_decided),
        ("stopped", test_what_somebody_paused_waits_for_them),
        ("believes", test_a_page_that_is_suddenly_blank_is_no_data),
        ("believes", test_many_that_are_said_to_be_gone_are_not_taken_for_deleted),
        ("_made", test_creations_of_a_day_add_up_over_runs),
    ],
)
def test_a_rule_that_is_taken_out_is_missed(stage: Stage, rule: str, story: object) -> None:
    instead = {"judge": set(), "waits": False, "stopped": frozenset(), "believes": True, "_made": {}}[rule]
    with patch.object(pausing.Guard, rule, lambda *_, **__: instead), pytest.raises(AssertionError):
        story(stage)  # type: ignore[operator]
