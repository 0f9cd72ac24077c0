"""An alert's task is a write like any other: planned, counted, stopped, journaled, explained, looked for, made once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from state.rows import TOLD
from sync import compose
from sync.config import ConfigError, parse
from sync.console import planned, plans
from sync.trust.approving import Approved
from sync.trust.explain import explain
from sync.trust.guard import BY_HAND, Pause
from sync.trust.pausing import go_on, stop
from sync.trust.plans import Saved, document, save
from sync.trust.undoing import Wish
from tests.alerts.told import DEMO, OWNER, Told, breached, told
from tests.scenarios.stage import MINUTE

BREACH: dict[str, Any] = {"types": ["sla_breach"]}


def tasks_in_hubspot(stage: Told) -> list[dict[str, Any]]:
    return [dict(row.values) for row in stage.world.rows("hubspot", "tasks").values()]


def explained(stage: Told, name: str = "ann") -> dict[str, Any]:
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    planner = next(engine.planner(rule) for rule in engine.rules if rule.kind == "person")
    [row] = [r for r in stage.state.lookup(f"email:{name}@prospect.example") if r.system == "hubspot"]
    return explain(stage.state, planner, str(row.entity))


def nearly(stage: Told) -> None:
    """Ann's promise is about to be broken."""
    stage.lead("ann")
    stage.settle()
    stage.clock.advance(5 * 60 * MINUTE)


def test_a_task_is_journaled_and_explained() -> None:
    with told(**BREACH) as stage:
        breached(stage)
        [task] = stage.tasks()
        [alert] = explained(stage)["alerts"]
        assert (alert["type"], alert["owner"], alert["state"]) == ("sla_breach", OWNER, TOLD)
        assert alert["by"][0]["note"] == f"salesforce Task {task.id}"
        [done] = [op for op in stage.state.operations() if op.entity.startswith("alert:")]
        assert (done.verb, done.state, done.id, done.kind) == ("create", "done", task.id, "activity")
        assert {line.field for line in stage.state.journal(done.entity)} >= {"subject", "owner", "person"}
        report = stage.sync()
        assert report.accounted and not report.changed and not stage.state.dirty("activity", 0, 10)


def test_undo_puts_the_task_into_the_bin_where_that_is_asked_for_and_it_is_not_made_again() -> None:
    with told(**BREACH) as stage:
        breached(stage)
        [task] = stage.tasks()
        [done] = [op for op in stage.state.operations() if op.entity.startswith("alert:")]
        stage.clock.advance(3 * MINUTE)
        compose.engine(stage.settings(), stage.outside(), stage.state).undo(Wish(done.run, archive_created=True))
        assert stage.world.rows("salesforce", "Task")[task.id].archived_at is not None
        stage.settle()
        assert len(stage.tasks()) == 1


def test_what_is_paused_makes_no_task_until_it_goes_on() -> None:
    with told(**BREACH) as stage:
        nearly(stage)
        pause = Pause(BY_HAND, "", "salesforce", why="paused by Olga", since=stage.clock.now())
        stop(stage.state, pause)
        stage.settle()
        assert not stage.tasks()
        assert explained(stage)["alerts"][0]["by"][0]["state"] == "waiting"
        go_on(stage.state, pause, stage.clock.now(), "resumed by Olga")
        stage.settle()
        assert len(stage.tasks()) == 1


def test_those_who_run_it_are_told_once_what_has_stopped_and_that_it_goes_on() -> None:
    with told(types=["paused"], ops=[OWNER]) as stage:
        stage.settle(turns=1)
        pause = Pause(BY_HAND, "deal", "hubspot", why="deals paused by Olga", fix="resume", since=stage.clock.now())
        stop(stage.state, pause)
        stage.settle()
        assert [task.values["Subject"] for task in stage.tasks()] == ["Paused: deals paused by Olga"]
        go_on(stage.state, pause, stage.clock.now(), "resumed by Olga")
        stage.settle()
        assert [task.values["Subject"] for task in stage.tasks()][1:] == ["Goes on: deals paused by Olga"]


def test_those_who_run_it_are_told_that_a_score_does_not_hold_any_more() -> None:
    with told(types=["score_drift"], ops=[OWNER]) as stage:
        stage.settle(turns=1)
        stage.clock.advance(3 * MINUTE)
        engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        telling = engine.telling
        assert telling is not None

        def drift(step: str) -> None:
            if step == "observe:hubspot:contacts":
                telling.drifted(engine, "won", "It said 30 %, and 10 % were.")

        engine.step = drift
        engine.cycle()
        stage.settle(turns=1)
        [task] = stage.tasks()
        assert task.values["Subject"] == "The score for won was given up" and "10 %" in task.values["Description"]


def test_a_brake_stops_too_many_tasks() -> None:
    with told(**BREACH) as stage:
        for name in ("ann", "bob", "cid"):
            stage.lead(name)
        stage.settle()
        stage.raw["brakes"] = {"creates_per_day": 1}
        stage.clock.advance(25 * 60 * MINUTE)
        [pause] = stage.sync().as_json()["paused"]
        assert (pause["cause"], pause["object"], pause["side"]) == ("mass_create", "activity", "salesforce")
        assert not stage.tasks()


def test_an_answer_that_was_lost_makes_no_second_task() -> None:
    with told(**BREACH) as stage:
        nearly(stage)
        stage.trouble("salesforce", "lost_after", {"path": "^POST .*/composite/sobjects", "times": "1"})
        for _ in range(4):
            stage.settle()
        assert len(stage.tasks()) == 1
        assert explained(stage)["alerts"][0]["state"] == TOLD


def test_a_plan_shows_the_task_and_carries_it_out(tmp_path: Path) -> None:
    with told(**BREACH) as stage:
        nearly(stage)
        engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        shown = planned.Shown(engine.plan(), {})
        path = tmp_path / "plan.json"
        save(path, plans.made_now(stage.settings(), engine, False), document(shown.dry, shown.held(), shown.summary()))
        approved = Approved(Saved(path))
        assert any(line["record"] == "Task" for line in approved.saved.lines())
        assert not stage.tasks()
        report = compose.engine(stage.settings(), stage.outside(), stage.state).cycle(approved.job, approved=approved)
        assert len(stage.tasks()) == 1
        assert report.plan is not None and not report.plan["replanned"]


LEARNED: dict[str, Any] = {"insight": {"behaviour": True, "outcomes": True}, "deal": {"sync": True}}


def test_who_is_only_in_hubspot_is_a_task_there_for_their_owner_and_stays_there() -> None:
    with told({**LEARNED, "person": {"create": {"salesforce": "never"}}}, types=["hot_lead"]) as stage:
        mona = str(stage.staff["mona"]["hubspot"])
        contact = {"email": "ann@prospect.example", "lastname": "ann", "hubspot_owner_id": mona}
        id = str(stage.world.hubspot.create("contacts", contact, stage.human("hubspot")))
        stage.settle(31)
        stage.fills_in("ann", DEMO)
        stage.settle(31)
        [task] = tasks_in_hubspot(stage)
        assert (task["hubspot_owner_id"], task["hs_task_type"]) == (mona, "CALL")
        assert stage.world.hubspot.links.of("contacts", id, "tasks")
        stage.settle(31)
        assert len(tasks_in_hubspot(stage)) == 1 and not stage.world.rows("salesforce", "Task")


def test_low_intent_events_never_create_call_tasks() -> None:
    with told(LEARNED, types=["form_submitted", "site_visit"]) as stage:
        stage.lead("ann")
        stage.settle(31)
        stage.fills_in("ann", "E-book")
        stage.settle(31)
        assert not stage.tasks() and not tasks_in_hubspot(stage)
        stage.settle(24 * 60)
        [task] = stage.tasks()
        assert task.values.get("WhoId") is None and "E-book" in task.values["Subject"]


def test_what_became_of_somebody_is_a_task_in_hubspot_for_marketing_and_none_for_sales() -> None:
    with told(LEARNED, types=["outcome_to_marketing"], marketing=["mona@homes.example"]) as stage:
        _, lead = stage.lead("ann")
        stage.settle()
        stage.world.salesforce.edit("Lead", lead, {"Status": "Recycled"}, stage.human("salesforce"))
        stage.settle()
        stage.settle(24 * 60)
        [task] = tasks_in_hubspot(stage)
        assert task["hubspot_owner_id"] == stage.staff["mona"]["hubspot"]
        assert not stage.tasks()


def test_clocks_are_told_without_a_field_for_them() -> None:
    with told({"sla": {"on": False}}, types=["sla_warn", "sla_breach"]) as stage:
        nearly(stage)
        stage.settle()
        assert len(stage.tasks()) == 1


def test_the_manager_of_a_broken_promise_has_a_task_as_well() -> None:
    with told(**BREACH, managers={OWNER.upper(): "max@homes.example"}) as stage:
        breached(stage)
        assert {task.values["OwnerId"] for task in stage.tasks()} == {
            stage.staff[name]["salesforce"] for name in ("rita", "max")
        }


def test_the_week_of_a_colleague_lists_only_what_they_own() -> None:
    with told(LEARNED, types=["weekly_digest"]) as stage:
        for name, owner in (("ann", "rita"), ("bob", "max")):
            _, lead = stage.lead(name)
            mine = {"OwnerId": stage.staff[owner]["salesforce"], "Company": f"{name} homes"}
            stage.world.salesforce.edit("Lead", lead, mine, stage.human("salesforce"))
        stage.settle(31)
        for name in ("ann", "bob"):
            stage.fills_in(name, "E-book")
        stage.settle(31)
        assert not stage.tasks()
        stage.clock.advance(7 * 24 * 60 * MINUTE - 3 * 62 * MINUTE)
        stage.settle()
        told_ = {task.values["OwnerId"]: task.values["Description"] for task in stage.tasks()}
        assert {owner: text.splitlines() for owner, text in told_.items()} == {
            stage.staff["rita"]["salesforce"]: ["- ann homes: 1 form. ann"],
            stage.staff["max"]["salesforce"]: ["- bob homes: 1 form. bob"],
        }
        stage.settle()
        assert len(stage.tasks()) == 2


def test_alerts_that_nobody_could_be_told_are_refused() -> None:
    least = {
        "hubspot": {"access_token": "env:T"},
        "salesforce": {"login_url": "https://x.example", "client_id": "c", "client_secret": "env:S"},
        "activity": {"sync": False},
    }
    with pytest.raises(ConfigError, match="no way to tell anybody"):
        parse({**least, "alerts": {"on": True}})
    assert parse({**least, "alerts": {"on": True, "channels": ["env:MAIL"]}}).alerts.on
