"""Where alerts are delivered: the stage of the scenarios with alerts on, a real SMTP server, and a local receiver."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from sync import compose
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

    def __init__(self, more: dict[str, Any], alerts: dict[str, Any]) -> None:
        super().__init__()
        self.raw["activity"] = {"sync": True}
        days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        self.raw["calendar"] = {"office": dict.fromkeys(days, "00:00-24:00")}
        self.raw["sla"] = {"on": True}
        self.raw["alerts"] = {"on": True, "hand_raises": [DEMO], **alerts}
        self.raw |= more
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

    def fills_in(self, name: str, form: str) -> None:
        """Somebody sends a form on the website."""
        guid = self.world.hubspot.form(form)
        self.world.hubspot.submit(guid, {"email": f"{name}@prospect.example"}, "https://homes.example/forms")

    def settle(self, minutes: int = 3, *, turns: int = 2) -> None:
        for _ in range(turns):
            self.clock.advance(minutes * MINUTE)
            self.sync()

    def tasks(self) -> list[Any]:
        return [
            row for row in self.world.rows("salesforce", "Task").values() if "alert:" in str(row.values["SMK_Key__c"])
        ]


@contextmanager
def told(more: dict[str, Any] | None = None, **alerts: Any) -> Iterator[Told]:
    """more: sections of the configuration beside [alerts]."""
    stage = Told(more or {}, alerts)
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
