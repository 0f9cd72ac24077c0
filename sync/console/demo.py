"""The whole story in a few minutes: two stand-in servers, real HTTP, and every step explained.

It uses the program's own parts as an admin would, and the stand-ins' control address as the people who work in
HubSpot and Salesforce would.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table

from connectors.door import Clock
from insight.reports.document import Period
from state.store import Store
from sync import compose
from sync.config import parse, rules
from sync.console import planned, reporting, show
from sync.console.dashboard import shown
from sync.console.progress import Progress
from sync.insight.agreement import DAYS
from sync.insight.known import known
from sync.insight.reports import REPORTS, TWO_MODELS
from sync.plan import Planner
from sync.settings.common import Settings
from sync.setup import check as checking
from sync.setup.provision import lacking, provision
from sync.trust.explain import explain

ENOUGH = 1_000_000
"""Whoever watches the demo has agreed to its backfill, however many people take part."""
TOKEN = "SMARKETING_DASHBOARD_TOKEN"  # noqa: S105 - a name
ASKS = "Demo request"
HALF_A_MINUTE = 30
LATER = 60_000
"""Between two steps a minute passes in the stand-ins, ms: search indexes catch up, stamps differ."""


class _Clock:
    """Ours, as far ahead as the clock of the stand-ins."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead = 0
        self.sleep, self.random = clock.sleep, clock.random

    def now_ms(self) -> int:
        """ms since the epoch."""
        return self._clock.now_ms() + self.ahead


def tell(
    out: Console, err: Console, world: compose.World, token: str, *, people: int, stay: bool, program: Sequence[str]
) -> None:
    """Tell the story.  token: of the dashboard, where the stand-ins stay; program: the command that is this program, to
    start the stand-ins with."""
    with tempfile.TemporaryDirectory(prefix="smarketing-demo-") as folder, _sandbox(program, people) as answers:
        settings, environment = _settings(answers, Path(folder))
        clock = _Clock(world.clock)
        world = replace(world, environment={**environment, TOKEN: token}, clock=clock)
        with compose.store(settings) as state:
            _Story(out, err, settings, world, state, answers, clock).tell()
            if stay:
                _stay(out, settings, world, state, answers)


def _stay(out: Console, settings: Settings, world: compose.World, state: Store, answers: Mapping[str, Any]) -> None:
    """Until somebody has seen enough."""
    engine = compose.engine(settings, world, state)
    engine.cycle()
    with shown(settings, world, state, engine) as address:
        out.print(f"The stand-ins go on: {orjson.dumps(answers).decode()}", soft_wrap=True)
        out.print(f"Dashboard: {address} (any name; the password is {world.environment[TOKEN]})", soft_wrap=True)
        out.print("What you change by the control address is synchronised within half a minute. Stop with Ctrl-C.")
        while True:
            world.clock.sleep(HALF_A_MINUTE)
            engine.cycle()


@contextmanager
def _sandbox(program: Sequence[str], people: int) -> Iterator[dict[str, Any]]:
    ports = ("--hubspot-port", "0", "--salesforce-port", "0", "--control-port", "0")
    command = [*program, "sandbox", *ports, "--people", str(people), "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            yield orjson.loads(process.stdout.readline())
        finally:
            process.terminate()


def _settings(answers: Mapping[str, Any], folder: Path) -> tuple[Settings, dict[str, str]]:
    hubspot, salesforce = answers["hubspot"], answers["salesforce"]
    environment = {
        "HUBSPOT_ACCESS_TOKEN": hubspot["access_token"],
        "SALESFORCE_CLIENT_ID": salesforce["client_id"],
        "SALESFORCE_CLIENT_SECRET": salesforce["client_secret"],
    }
    settings = parse(
        {
            "state": {"url": f"sqlite:///{folder}/demo.db"},
            "dashboard": {"address": "127.0.0.1:0", "token": f"env:{TOKEN}"},
            "insight": {"behaviour": True, "outcomes": True},
            "score": {"enabled": True},
            "sla": {"on": True},
            # Whenever somebody watches, it is working time.
            "calendar": {"office": dict.fromkeys(DAYS, "00:00-24:00")},
            "alerts": {"on": True, "types": ["hot_lead"], "hand_raises": [ASKS]},
            "plan": {"creates": ENOUGH, "updates": ENOUGH, "replaces": ENOUGH, "clears": ENOUGH},
            "hubspot": {"base_url": hubspot["base_url"], "access_token": "env:HUBSPOT_ACCESS_TOKEN"},
            "salesforce": {
                "login_url": salesforce["login_url"],
                "client_id": "env:SALESFORCE_CLIENT_ID",
                "client_secret": "env:SALESFORCE_CLIENT_SECRET",
            },
        }
    )
    return settings, environment


class _People:
    """Whoever works in the two systems, by the control address of the stand-ins."""

    def __init__(self, control_url: str, clock: _Clock) -> None:
        self._http = httpx.Client(base_url=control_url, timeout=30)
        self._clock = clock

    def create(self, side: str, object: str, **values: Any) -> str:
        """Someone makes a record."""
        return str(self._ask("POST", f"/records/{side}/{object}", {"values": values})["id"])

    def edit(self, side: str, object: str, id: str, **values: Any) -> None:
        """Someone changes a record."""
        self._ask("PATCH", f"/records/{side}/{object}/{id}", {"values": values})

    def get(self, side: str, object: str, id: str) -> dict[str, Any]:
        """What the record holds."""
        values = self._ask("GET", f"/records/{side}/{object}/{id}")["values"]
        assert isinstance(values, dict)
        return values

    def submit(self, contact: str, form: str) -> None:
        """Somebody fills in a form on the website."""
        self._ask("POST", f"/records/hubspot/contacts/{contact}/submit", {"form": form})

    def all(self, side: str, object: str) -> list[dict[str, Any]]:
        """Every record, what it holds under `values`."""
        found = self._ask("GET", f"/records/{side}/{object}?limit=10000")["records"]
        assert isinstance(found, list)
        return [record for record in found if not record["archived"]]

    def wait(self, ms: int = LATER) -> None:
        """Time passes in both systems, and here."""
        self._ask("POST", "/clock", {"advance_ms": ms})
        self._clock.ahead += ms

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._http.request(method, path, json=body)
        answer.raise_for_status()
        document = answer.json()
        assert isinstance(document, dict)
        return document


@dataclass
class _Story:
    out: Console
    err: Console
    settings: Settings
    world: compose.World
    state: Store
    answers: Mapping[str, Any]
    clock: _Clock

    def tell(self) -> None:
        """Chapter by chapter."""
        self.people = _People(str(self.answers["control_url"]), self.clock)
        self.sides = compose.connectors(self.settings, self.world)
        self.rules = rules(self.settings)
        self.out.print(
            Panel(
                "Two servers on this machine answer as HubSpot and Salesforce do. A company that builds homes uses "
                "both: marketing lives in HubSpot, sales in Salesforce. Nobody has connected the two yet.",
                title="Smarketing Sync",
                title_align="left",
            )
        )
        self._chapter("1. Check: can this work?", self._check)
        self._chapter("2. Plan: what would be written, before anything is", self._plan)
        self._chapter("3. Backfill: bring the two sides together", self._backfill)
        self._chapter("4. Again: nothing to do", self._again)
        self._chapter("5. An edit on each side travels to the other", self._edits)
        self._chapter("6. Both change the same field: who wins, and why", self._conflict)
        self._chapter("7. An opt-out is never lost", self._opt_out)
        self._chapter("8. A record that cannot be written is held, with its cause and its fix", self._held)
        self._chapter("9. Whom to call first, and why", self._scores)
        self._chapter("10. Somebody asks to be called: an alert, and a clock that runs", self._alert)
        self._chapter("11. Won: the outcome finds its way back to marketing", self._won)
        self._chapter("12. One report for both teams", self._report)
        self.out.print(Rule())
        self.out.print("That is the whole story. `smarketing init` writes a configuration for your own accounts.")

    def _chapter(self, title: str, play: Any) -> None:
        self.out.print(Rule(f"[bold]{title}", align="left"))
        play()
        self.out.print()

    def _sync(self, job: str = "sync", *, full: bool = False) -> Any:
        with Progress(self.err) as progress:
            engine = compose.engine(self.settings, self.world, self.state, progress=progress)
            return engine.cycle(job, full=full, muted=full)

    def _planner(self) -> Planner:
        engine = compose.engine(self.settings, self.world, self.state)
        return next(engine.planner(rule) for rule in engine.rules if rule.kind == "person")

    # -- chapters ----------------------------------------------------------------------------------------------

    def _check(self) -> None:
        show.problems(self.out, checking.check(self.sides, self.rules))
        made = provision(self.sides, lacking(self.sides, self.rules))
        self.out.print(f"`provision --apply` made the {len(made)} fields of our own that were missing.")

    def _plan(self) -> None:
        with Progress(self.err) as progress:
            engine = compose.engine(self.settings, self.world, self.state, progress=progress)
            dry = engine.plan()
        planned.plan(self.out, planned.Shown(dry, compose.cost(self.settings, engine, dry.operations)), sample=2)
        self.out.print(
            "Nobody has to hope: `plan --out FILE` saves this, `apply FILE` carries out exactly that, `undo RUN` takes "
            "back what a run overwrote. A first run, a changed configuration and a backfill that would do more than "
            "\\[plan] lets pass unseen stop by themselves before they write anything."
        )

    def _backfill(self) -> None:
        self.people.wait()
        result = self._sync("backfill", full=True)
        show.report(self.out, result)

    def _again(self) -> None:
        self.people.wait()
        result = self._sync()
        self.out.print(f"{result.changed} writes. What both sides hold is what both sides agreed on.")

    def _couple(self, number: int) -> tuple[str, str, str]:
        """(HubSpot id, Salesforce object, Salesforce id) of some pair that is in step."""
        seen = 0
        rows = self.state.scan("hubspot", "contacts", 0, 100_000)
        mates = self.state.entity_rows([row.entity for row in rows if row.entity])
        for row in rows:
            other = [r for r in mates.get(row.entity or "", []) if r.system == "salesforce" and r.state == "live"]
            if other and row.now.get("phone") and row.now.get("email") and not row.now.get("opted_out"):
                seen += 1
                if seen == number:
                    return row.id, other[0].object, other[0].id
        raise LookupError("the stand-ins hold too few people for this story; give --people 100 or more")

    def _edits(self) -> None:
        hubspot, object, salesforce = self._couple(1)
        self.people.edit("hubspot", "contacts", hubspot, city="Springfield")
        self.people.edit("salesforce", object, salesforce, MobilePhone="+49 151 5550100")
        self.out.print("Marketing corrects the city in HubSpot; sales notes a mobile number in Salesforce.")
        self.people.wait()
        result = self._sync()
        city = "City" if object == "Lead" else "MailingCity"
        there = self.people.get("salesforce", object, salesforce)
        here = self.people.get("hubspot", "contacts", hubspot)
        table = Table("field", "HubSpot", "Salesforce")
        table.add_row("city", str(here["city"]), str(there[city]))
        table.add_row("mobile", str(here["mobilephone"]), str(there["MobilePhone"]))
        self.out.print(table)
        self.out.print(f"{result.changed} writes: one each way.")

    def _conflict(self) -> None:
        hubspot, object, salesforce = self._couple(2)
        self.people.edit("salesforce", object, salesforce, Phone="+49 30 5550111")
        self.out.print("Sales changes a phone number; ten minutes later the same person types another into a form.")
        self.people.wait(10 * LATER)
        self.people.edit("hubspot", "contacts", hubspot, phone="+49 30 5550222")
        self.people.wait()
        result = self._sync()
        self.out.print(
            f"{result.conflicts} conflict. Salesforce now holds "
            f"{self.people.get('salesforce', object, salesforce)['Phone']}, "
            f"HubSpot {self.people.get('hubspot', 'contacts', hubspot)['phone']}."
        )
        entity = self.state.rows("hubspot", "contacts", [hubspot])[hubspot].entity
        assert entity is not None
        document = explain(self.state, self._planner(), entity)
        lines = Table("side", "field", "was", "became", "why", title="explain", title_justify="left")
        for line in document["history"][:3]:
            lines.add_row(line["side"], line["field"], str(line["was"]), str(line["became"]), line["why"])
        self.out.print(lines)

    def _opt_out(self) -> None:
        hubspot, object, salesforce = self._couple(3)
        self.people.edit("salesforce", object, salesforce, HasOptedOutOfEmail=True)
        self.people.wait()
        self._sync()
        opted = self.people.get("hubspot", "contacts", hubspot).get("hs_email_optout")
        self.out.print(f"Sales ticks “Email Opt Out”. HubSpot now says: opted out of all e-mail = {opted}.")
        self.out.print("It never goes back by itself: true spreads, false does not.")

    def _held(self) -> None:
        values = {"email": "no.name@prospect.example", "firstname": "Kim", "lifecyclestage": "marketingqualifiedlead"}
        id = self.people.create("hubspot", "contacts", **values)
        self.people.wait()
        self._sync()
        self.out.print("A form brings someone without a last name, which Salesforce demands.")
        show.errors(self.out, [review for review in show.held(self.state) if review.id == id])
        self.people.edit("hubspot", "contacts", id, lastname="Example")
        self.people.wait()
        result = self._sync()
        self.out.print(
            f"Marketing adds the last name; the next sync makes the lead: {result.changed} writes, nothing else to do."
        )

    # -- the closed loop ---------------------------------------------------------------------------------------

    def _scores(self) -> None:
        leads = [lead for lead in self.people.all("salesforce", "Lead") if lead["values"].get("SMK_Priority__c")]
        leads.sort(key=lambda lead: (lead["values"]["SMK_Priority__c"], -int(lead["values"]["SMK_Engagement__c"] or 0)))
        table = Table("lead", "priority", "fit", "engagement", "why", title="Salesforce", title_justify="left")
        for lead in leads[:3]:
            values = lead["values"]
            why = "; ".join(str(values["SMK_Score_Reasons__c"] or "").splitlines()[:3])
            scores = (f"{float(values[name] or 0):.0f}" for name in ("SMK_Fit__c", "SMK_Engagement__c"))
            table.add_row(_name(values), values["SMK_Priority__c"], *scores, why)
        self.out.print(table)
        self.out.print(
            "A is who they are, 1 is what they did lately. The reasons stand on the lead, so nobody has to believe a "
            "number. Once 30 deals were won, and as many were not, `score train` learns from them."
        )

    def _alert(self) -> None:
        id, lead = self._new_lead()
        self.people.submit(id, ASKS)
        self.out.print("Ann, whom sales has since today, fills in the form “Demo request” on the website.")
        self.people.wait()
        self._sync()
        [task] = [t["values"] for t in self.people.all("salesforce", "Task") if t["values"].get("WhoId") == lead]
        told = f"[bold]{task['Subject']}[/bold]\n{task['Description']}"
        self.out.print(Panel(told, title="A task for the owner of the lead", title_align="left", expand=False))
        values = self.people.get("salesforce", "Lead", lead)
        due = str(values["SMK_SLA_Due__c"])[:16]
        self.out.print(f"The clock of her hand-off: {values['SMK_SLA_State__c']}, to be answered by {due}.")
        call = {"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "WhoId": lead}
        self.people.create("salesforce", "Task", **call)
        self.people.wait()
        self._sync()
        values = self.people.get("salesforce", "Lead", lead)
        took = int(values["SMK_First_Response_Min__c"])
        self.out.print(f"Sales calls. The clock: {values['SMK_SLA_State__c']}, after {took} minutes.")

    def _new_lead(self) -> tuple[str, str]:
        """Somebody who fits, in both systems: (HubSpot id, Salesforce id)."""
        owner = next(lead["values"]["OwnerId"] for lead in self.people.all("salesforce", "Lead") if _owned(lead))
        values = {"email": "ann.new@prospect.example", "firstname": "Ann", "lastname": "New", "company": "New Homes"}
        id = self.people.create("hubspot", "contacts", **values, lifecyclestage="marketingqualifiedlead")
        self.people.wait()
        self._sync()
        [lead] = [one for one in self.people.all("salesforce", "Lead") if one["values"].get("Email") == values["email"]]
        self.people.edit("salesforce", "Lead", lead["id"], OwnerId=owner)
        self.people.wait()
        self._sync()
        return id, str(lead["id"])

    def _won(self) -> None:
        deal, contact = self._open_deal()
        self.people.edit("salesforce", "Opportunity", deal, StageName="Closed Won")
        before = self.people.get("hubspot", "contacts", contact)
        self.out.print("Sales closes a deal in Salesforce.")
        self.people.wait()
        self._sync()
        after = self.people.get("hubspot", "contacts", contact)
        table = Table("HubSpot contact", "before", "now")
        for name in ("smk_outcome", "smk_won_revenue", "smk_open_pipeline", "lifecyclestage"):
            table.add_row(name, str(before.get(name) or ""), str(after.get(name) or ""))
        self.out.print(table)

    def _open_deal(self) -> tuple[str, str]:
        """(opportunity, contact in HubSpot) of an open deal with an amount and a person that marketing knows."""
        for row in self.state.scan("salesforce", "Opportunity", 0, 10_000):
            people = row.now.get("people") or ()
            rows = self.state.rows("salesforce", "Contact", people)
            mates = self.state.entity_rows([one.entity for one in rows.values() if one.entity])
            theirs = [mate.id for some in mates.values() for mate in some if mate.system == "hubspot"]
            if theirs and row.now.get("amount") and not str(row.now.get("stage")).startswith("Closed"):
                return row.id, theirs[0]
        raise LookupError("the stand-ins hold no open deal for this story; give --people 100 or more")

    def _report(self) -> None:
        mappings = compose.engine(self.settings, self.world, self.state).mappings()
        found = known(self.settings, mappings, self.state, self.world.clock.now_ms())
        reporting.table(self.out, REPORTS["sources"].make(found, Period(), "", TWO_MODELS))
        self.out.print(
            "Which source brought what, from the first visit to the money. `report NAME --html` makes a page of it."
        )


def _owned(lead: Mapping[str, Any]) -> bool:
    """Whether a person owns it, and not a queue."""
    return str(lead["values"].get("OwnerId", "")).startswith("005")


def _name(values: Mapping[str, Any]) -> str:
    return " ".join(str(part) for part in (values.get("FirstName"), values.get("LastName")) if part)
