"""Alerts are delivered: as tasks over the stand-ins, by mail to a real SMTP server, to a webhook; each once."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from state.rows import TELLING, TOLD, UNSURE, WAITING
from sync import compose
from sync.config import person_rule
from sync.engine import Engine
from sync.trust.privacy import Privacy
from tests.scenarios.stage import MINUTE, Stage

OWNER = "rita@homes.example"
DEMO = "Demo request"


class Mailbox:
    """What arrived."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        self.mails.append(envelope)
        return "250 OK"


@contextmanager
def smtp() -> Iterator[tuple[Mailbox, int]]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()


@contextmanager
def receiver() -> Iterator[tuple[list[dict[str, Any]], int]]:
    heard: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield heard, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class Told(Stage):
    """Alerts are on, and everybody is always at work."""

    def __init__(self, **alerts: Any) -> None:
        super().__init__()
        self.raw["activity"] = {"sync": True}
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        self.raw["calendar"] = {"office": dict.fromkeys(days, "00:00-24:00")}
        self.raw["sla"] = {"on": True}
        self.raw["alerts"] = {"on": True, "hand_raises": [DEMO], **alerts}
        self.secrets: dict[str, str] = {}
        self.begin()

    def outside(self) -> compose.World:
        world = super().outside()
        return compose.World(
            world.clock, world.new_run, {**world.environment, **self.secrets}, world.process, world.transport
        )

    def lead(self, name: str) -> tuple[str, str]:
        """Somebody whom sales has had since now: (HubSpot id, Salesforce id)."""
        contact = {"email": f"{name}@prospect.example", "lastname": name, "lifecyclestage": "marketingqualifiedlead"}
        hubspot = str(self.world.hubspot.create("contacts", contact, self.human("hubspot")))
        owner = self.staff["rita"]["salesforce"]
        lead = {"Email": contact["email"], "LastName": name, "Company": "Acme", "OwnerId": owner}
        return hubspot, str(self.world.salesforce.create("Lead", lead, self.human("salesforce")))

    def settle(self, minutes: int = 3) -> None:
        for _ in range(2):
            self.clock.advance(minutes * MINUTE)
            self.sync()

    def tasks(self) -> list[Any]:
        return [
            row for row in self.world.rows("salesforce", "Task").values() if "alert:" in str(row.values["SMK_Key__c"])
        ]


@contextmanager
def told(**alerts: Any) -> Iterator[Told]:
    stage = Told(**alerts)
    try:
        yield stage
    finally:
        stage.close()


def breached(stage: Told) -> str:
    """A lead that nobody answered in the agreed four hours."""
    _, lead = stage.lead("ann")
    stage.settle()
    stage.clock.advance(5 * 60 * MINUTE)
    stage.settle()
    return lead


def test_a_breach_is_a_task_for_the_owner_once_and_stays_in_salesforce() -> None:
    with told() as stage:
        lead = breached(stage)
        made = stage.tasks()
        assert {row.values["WhoId"] for row in made} == {lead}
        assert {row.values["OwnerId"] for row in made} == {stage.staff["rita"]["salesforce"]}
        assert any("not answered" in row.values["Subject"] for row in made)
        stage.settle()
        stage.settle()
        assert len(stage.tasks()) == len(made)
        assert not stage.world.rows("hubspot", "tasks")


def test_the_clock_stands_on_both_records() -> None:
    with told(task=False) as stage:
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
    with told() as stage:

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
        assert len(stage.state.alerts_in(TELLING)) == 1
        stage.settle()
        assert len(stage.state.alerts_in(UNSURE)) == 1
        assert not stage.state.alerts_in(TELLING)


def test_a_channel_that_refuses_leaves_the_alert_waiting() -> None:
    with told(task=False, channels=["env:NOWHERE"], types=["sla_breach"]) as stage:
        stage.secrets = {"NOWHERE": "json://127.0.0.1:9/nobody"}
        breached(stage)
        [waiting] = stage.state.alerts_in(WAITING)
        assert waiting.note == "channels: refused"


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
