"""Alerts are delivered: by mail to a real SMTP server and to a webhook; each way once, and each for itself."""

from __future__ import annotations

import pytest

from state.rows import TELLING, TOLD, UNSURE, UNTOLD, WAITING
from sync import compose
from sync.config import person_rule
from sync.engine import Engine
from sync.trust.privacy import Privacy
from tests.alerts.told import OWNER, breached, receiver, smtp, told
from tests.scenarios.stage import MINUTE


def test_a_breach_is_a_task_for_the_owner_once_and_stays_in_salesforce() -> None:
    with told() as stage:
        lead = breached(stage)
        made = stage.tasks()
        assert made
        assert {row.values["WhoId"] for row in made} == {lead}
        assert {row.values["OwnerId"] for row in made} == {stage.staff["rita"]["salesforce"]}
        assert any("not answered" in row.values["Subject"] for row in made)
        stage.settle()
        stage.settle()
        assert len(stage.tasks()) == len(made)
        assert not stage.world.rows("hubspot", "tasks")


def test_the_clock_stands_on_both_records() -> None:
    with told() as stage:
        lead = breached(stage)
        assert stage.world.rows("salesforce", "Lead")[lead].values["SMK_SLA_State__c"] == "breached"
        [contact] = stage.world.rows("hubspot", "contacts").values()
        assert contact.values["smk_sla_state"] == "breached"


def test_mail_and_webhook_are_told_and_the_manager_of_a_broken_promise_too() -> None:
    with smtp() as (box, mail), receiver() as (heard, port):
        with told(
            task=False,
            channels=["env:MAIL"],
            people={OWNER: ["env:HOOK"]},
            managers={OWNER: "head@homes.example"},
            types=["sla_breach"],
        ) as stage:
            stage.secrets = {
                "MAIL": f"mailto://127.0.0.1:{mail}?mode=insecure&from=sync@homes.example&to={{owner}}",
                "HOOK": f"json://127.0.0.1:{port}/alerts",
            }
            breached(stage)
            stage.settle()
        assert sorted(address for each in box.mails for address in each.rcpt_tos) == ["head@homes.example", OWNER]
        assert [each["title"] for each in heard] == ["ann (Acme) was not answered in the agreed time"]


def test_what_was_being_told_when_the_process_ended_is_not_told_twice() -> None:
    with receiver() as (heard, port), told(task=False, channels=["env:UP"], types=["sla_breach"]) as stage:
        stage.secrets = {"UP": f"json://127.0.0.1:{port}/up"}

        def crash(step: str) -> None:
            if step == "alerts:marked":
                raise KeyboardInterrupt

        stage.lead("ann")
        stage.settle()
        stage.clock.advance(5 * 60 * MINUTE)
        engine: Engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        engine.step = crash
        with pytest.raises(KeyboardInterrupt):
            engine.cycle()
        assert len(stage.state.tellings(TELLING)) == 1
        stage.settle()
        assert len(stage.state.alerts_in(UNSURE)) == 1
        assert not stage.state.tellings(TELLING)
        assert heard == []


def test_a_channel_that_refuses_is_tried_again_alone_until_it_takes_the_message_or_a_day_is_over() -> None:
    two = told(task=False, channels=["env:UP", "env:DOWN"], types=["sla_breach"])
    with receiver() as (heard, port), two as stage:
        stage.secrets = {"UP": f"json://127.0.0.1:{port}/up", "DOWN": "json://127.0.0.1:9/nobody"}
        breached(stage)
        assert len(heard) == 1
        [open_] = stage.state.tellings(WAITING)
        assert (open_.way, open_.note) == ("env:DOWN", "refused, or no answer in time")
        stage.settle(60)
        assert len(heard) == 1
        stage.secrets["DOWN"] = f"json://127.0.0.1:{port}/down"
        stage.settle(60)
        assert len(heard) == 2 and heard[0]["title"] == heard[1]["title"]
        stage.settle(60)
        assert len(heard) == 2 and not stage.state.tellings(WAITING)
        assert stage.state.alerts_in(TOLD)


def test_news_that_a_channel_never_took_is_given_up_after_a_day() -> None:
    with told(task=False, channels=["env:DOWN"], types=["sla_breach"]) as stage:
        stage.secrets = {"DOWN": "json://127.0.0.1:9/nobody"}
        breached(stage)
        stage.clock.advance(25 * 60 * MINUTE)
        stage.settle()
        assert [way.state for way in stage.state.ways_of([a.key for a in stage.state.alerts_in(UNTOLD)])] == [UNTOLD]


def test_a_backfill_tells_nobody_anything() -> None:
    with told() as stage:
        stage.lead("ann")
        stage.clock.advance(10 * 60 * MINUTE)
        engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        engine.cycle("backfill", full=True, muted=True)
        assert not any(stage.state.alerts_in(state) for state in (WAITING, TOLD))


def test_who_asks_what_is_held_of_them_is_told_of_alerts_and_erasing_forgets_them() -> None:
    with told() as stage:
        breached(stage)
        engine = compose.engine(stage.settings(), stage.outside(), stage.state)
        asked = Privacy(stage.state, engine.connectors, engine.planner(person_rule(stage.settings())).mapping)
        who = "ann@prospect.example"
        assert {alert["type"] for alert in asked.export(who)["alerts"]} >= {"sla_breach"}
        now = stage.clock.now()
        stage.leased(lambda lease: asked.erase(lease, asked.find(who), "erasure-1", now, "0123456789abcdef"))
        assert not any(stage.state.alerts_in(state) for state in (WAITING, TELLING, TOLD, UNSURE))
