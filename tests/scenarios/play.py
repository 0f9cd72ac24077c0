"""Play a scenario: people and systems do what it says, the real engine syncs, and what should be so is compared.

At the end of every scenario, and after every sync in it, what always holds is checked: each record that was read is
accounted for, and one more sync writes nothing.
"""

from __future__ import annotations

from typing import Any

from sandbox.kernel import Caller
from sync.console import show
from sync.report import Report
from sync.settings.frames import FRAMES
from tests.scenarios import acting
from tests.scenarios.acting import ACTIVITIES
from tests.scenarios.dealing import Deals
from tests.scenarios.dealing import check as _check
from tests.scenarios.language import Fields, Line, Scenario, ScenarioError, Step
from tests.scenarios.stage import MINUTE, PAUSE, Stage
from tests.scenarios.words import FIRST, KINDS, NATIVE, OBJECTS, STAGES


def play(scenario: Scenario) -> None:
    """From its first line to what always holds.  Raises ScenarioError at the line that does not hold."""
    actor = Player()
    try:
        for step in scenario.steps:
            getattr(actor, f"{step.line.word or 'do'}_{step.kind}")(step)
        actor.always(scenario.steps[-1].line)
    finally:
        actor.stage.close()


class Player(Deals):
    """One performance.  `given_…`, `when_…`, `then_…` carry out the sentences of `language.SENTENCES`."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.cast: dict[str, dict[str, tuple[str, str]]] = {}
        """name → side → (object, id)"""
        self.report = Report("", "none")

    # -- our own work ------------------------------------------------------------------------------------------

    def do_action(self, step: Step) -> None:
        """sync, sync at once, backfill, rebuild, retry"""
        action = str(step.told["action"])
        if action != "sync at once":
            self.stage.clock.advance(PAUSE)
        if action == "retry":
            self.stage.retry()
        elif action == "rebuild":
            self._ran(step.line, self.stage.rebuild())
        elif action == "backfill":
            self._ran(step.line, self.stage.sync("backfill", full=True))
        else:
            self._ran(step.line, self.stage.sync())

    def _ran(self, line: Line, report: Report) -> None:
        self.report = report
        _check(line, report.accounted, f"Not every record is accounted for: {report.as_json()}")
        self._meet()

    def always(self, line: Line) -> None:
        """One more sync writes nothing."""
        before = self.stage.snapshot()
        self.stage.clock.advance(PAUSE)
        report = self.stage.sync()
        after = self.stage.snapshot()
        moved = {key: (before.get(key), after[key]) for key in after if before.get(key) != after[key]}
        _check(line, not moved and not report.changed, f"One more sync should write nothing, but it wrote {moved}")
        _check(line, report.accounted, f"Not every record is accounted for: {report.as_json()}")

    def config_config(self, step: Step) -> None:
        """A setting."""
        self.stage.configure(str(step.told["place"]), step.fields)

    # -- given -------------------------------------------------------------------------------------------------

    def given_clock(self, step: Step) -> None:
        """Salesforce's clock runs ahead."""
        _check(step.line, step.told["side"] == "salesforce", "Only Salesforce's clock can be set apart.")
        self.stage.ahead(int(str(step.told["seconds"])) * 1000)

    def given_field(self, step: Step) -> None:
        """An admin makes a field."""
        options = [option.strip() for option in str(step.told["options"] or "").split(",") if option.strip()]
        self.stage.field(str(step.told["side"]), str(step.told["type"]), str(step.told["native"]), options)

    def given_person(self, step: Step) -> None:
        """Someone is there; who is in both has been synchronised.  The sync itself copies a deal."""
        where = str(step.told["where"])
        both = ("salesforce",) if step.told.get("kind") == "deal" else ("hubspot", "salesforce")
        for side in both if where == "both" else (where,):
            self._make(step, side, step.fields)
        self.stage.clock.advance(MINUTE)
        if where == "both":
            self.stage.clock.advance(PAUSE)
            self._ran(step.line, self.stage.sync())

    def when_arrive(self, step: Step) -> None:
        """Someone new."""
        self._time(step)
        self._make(step, str(step.told["side"]), step.fields)

    def _make(self, step: Step, side: str, fields: Fields) -> None:
        self.stage.begin()
        name = str(step.told["name"])
        object = OBJECTS[side, step.told.get("kind")]
        known: Fields = {"first_name": name.rstrip("0123456789").title(), "last_name": "Example",
                         "email": f"{name}@prospect.example"}  # fmt: skip
        if object in ("companies", "Account"):
            known = {"name": name.title(), "domain": f"{name}.example"}
        if object in ("deals", "Opportunity"):
            known = {"name": name.title(), **FIRST[side]}
        if object in ACTIVITIES:
            known = {**acting.FIRST[object if side == "hubspot" else str(step.told["kind"])]}
        if object == "Lead":
            known |= {"company": "Example Homes", "stage": "mql"}
        if object == "contacts" and step.told.get("where") == "both":
            known |= {"stage": "mql"}
        wanted = {**known, **fields}
        if object == "Contact":
            wanted.pop("stage", None)
            wanted.pop("company", None)
        natives = {n: v for n, v in self._natives(step, side, object, wanted).items() if v is not None}
        try:
            id = self.stage.world.face(side).create(object, natives, self.stage.human(side))
        except ValueError as refused:
            raise ScenarioError(step.line, f"{side} refuses: {refused}") from None
        self.cast.setdefault(name, {})[side] = (object, id)

    # -- when --------------------------------------------------------------------------------------------------

    def when_machine(self, step: Step) -> None:
        """Another integration changes fields of a record."""
        self.when_edit(step, Caller("integration", "77001"))

    def when_edit(self, step: Step, caller: Caller | None = None) -> None:
        """Someone changes fields of a record."""
        self._time(step)
        side, object, id = self._record(step)
        _check(step.line, bool(step.fields), "An edit says what is changed: city=Berlin.")
        values = self._natives(step, side, object, step.fields)
        if side == "hubspot":
            values = {name: "" if value is None else value for name, value in values.items()}
        try:
            self.stage.world.face(side).edit(object, id, values, caller or self.stage.human(side))
        except ValueError as refused:
            raise ScenarioError(step.line, f"{side} refuses: {refused}") from None

    def when_done(self, step: Step) -> None:
        """deleted, restored, purged"""
        self._time(step)
        side, object, id = self._record(step)
        face = self.stage.world.face(side)
        if step.told["deed"] == "deleted":
            face.delete(object, id, self.stage.human(side))
        elif step.told["deed"] == "restored":
            face.restore(object, id, self.stage.human(side))
        elif side == "salesforce":
            self.stage.world.salesforce.purge(object, id, self.stage.human(side))
        else:
            self.stage.world.hubspot.erase(object, id)

    def when_convert(self, step: Step) -> None:
        """A lead becomes a contact, a new one or one that is there."""
        self._time(step)
        name, other = str(step.told["name"]), step.told.get("other")
        _, lead = self.cast[name]["salesforce"]
        into = self.cast[str(other)]["salesforce"][1] if other else None
        made = self.stage.world.salesforce.convert(
            lead, self.stage.human("salesforce"), contact=into, opportunity=bool(step.told.get("deal")),
            account=self._account(into),
        )  # fmt: skip
        self.cast[name]["salesforce"] = ("Contact", str(made["contactId"]))
        if step.told.get("firm"):
            self.cast.setdefault(str(step.told["firm"]), {})["salesforce"] = ("Account", str(made["accountId"]))
        if step.told.get("called"):
            self.cast.setdefault(str(step.told["called"]), {})["salesforce"] = (
                "Opportunity",
                str(made["opportunityId"]),
            )

    def _account(self, contact: str | None) -> str | None:
        if contact is None:
            return None
        held = self.stage.world.salesforce.get("Contact", contact) or {}
        if held.get("AccountId"):
            return str(held["AccountId"])
        rita = self.stage.human("salesforce")
        account = self.stage.world.salesforce.create("Account", {"Name": "Example Homes"}, rita)
        self.stage.world.salesforce.edit("Contact", contact, {"AccountId": account}, rita)
        return account

    def when_merge(self, step: Step) -> None:
        """Two records of a side become one; HubSpot gives it a new id."""
        self._time(step)
        side = str(step.told["side"])
        name, other = str(step.told["name"]), str(step.told["other"])
        object, loser = self.cast[name][side]
        survivor = self.stage.world.face(side).merge(object, self.cast[other][side][1], loser, self.stage.human(side))
        self.cast[name][side] = self.cast[other][side] = (object, survivor)

    def when_form(self, step: Step) -> None:
        """The person fills in a form on a page."""
        self._time(step)
        hubspot = self.stage.world.hubspot
        held = hubspot.get("contacts", self.cast[str(step.told["name"])]["hubspot"][1]) or {}
        hubspot.submit(hubspot.form("Trial"), {"email": str(held["email"])}, "https://homes.example/trial")

    def when_opt_out(self, step: Step) -> None:
        """The person follows the link in a mail, or asks to be mailed again."""
        self._time(step)
        held = self.stage.world.hubspot.get("contacts", self.cast[str(step.told["name"])]["hubspot"][1]) or {}
        hubspot = self.stage.world.hubspot
        said = hubspot.opt_out if step.told["way"] == "out" else hubspot.opt_in
        said(str(held["email"]), self.stage.human("hubspot"))

    def when_employ(self, step: Step) -> None:
        """A person's company in HubSpot, a contact's account in Salesforce."""
        self._time(step)
        side, object, id = self._record(step)
        other = str(step.told["other"])
        self.stage.employ(side, object, id, ("Contact", "") if other == "nobody" else self.cast[other][side])

    def when_trouble(self, step: Step) -> None:
        """A fault."""
        self.stage.begin()
        self.stage.trouble(str(step.told["side"]), str(step.told["trouble"]), step.fields)

    def when_troubles_end(self, step: Step) -> None:
        """No fault any more."""
        self.stage.world.faults.clear()

    def given_kind(self, step: Step) -> None:
        """People are always synchronised; other kinds where a story says so."""
        self.stage.raw.setdefault(KINDS[str(step.told["kinds"])], {})["sync"] = True

    def given_rule(self, step: Step) -> None:
        """An admin installs a rule or an automation."""
        self.stage.begin()
        self.stage.install(str(step.told["side"]), str(step.told["rule"]))

    when_rule = given_rule

    def when_rules_end(self, step: Step) -> None:
        """An admin removes them all."""
        self.stage.uninstall(str(step.told["side"]))

    def given_setting(self, step: Step) -> None:
        """An admin changes how a system works."""
        self.stage.begin()
        self.stage.set(str(step.told["side"]), step.fields)

    when_setting = given_setting

    def when_pass(self, step: Step) -> None:
        """Time passes."""
        self.stage.clock.advance(int(str(step.told["minutes"])) * MINUTE)

    def _time(self, step: Step) -> None:
        self.stage.begin()
        if step.at is not None:
            self.stage.clock_to(*step.at)
        else:
            self.stage.clock.advance(MINUTE)

    # -- then --------------------------------------------------------------------------------------------------

    def then_holds(self, step: Step) -> None:
        """A record's values."""
        side, object, id = self._record(step)
        _check(step.line, bool(step.fields), "Say what it should hold: city=Berlin.")
        held = self.stage.world.face(side).get(object, id)
        _check(step.line, held is not None, f"It is not in {side} any more.")
        wanted = self._natives(step, side, object, step.fields)
        wrong = {name: held.get(name) for name, value in wanted.items() if _text(held.get(name)) != _text(value)}  # type: ignore[union-attr]
        _check(step.line, not wrong, f"It holds {wrong}.")

    def then_employed(self, step: Step) -> None:
        """The primary company, the account."""
        side, object, id = self._record(step)
        other = str(step.told["other"])
        target, wanted = ("", None) if other == "nobody" else self.cast[other][side]
        held = self.stage.employer(side, object, id, target)
        _check(step.line, held == wanted, f"It works for {held}.{self._held_text()}")

    def then_never(self, step: Step) -> None:
        """An integration never touched the field."""
        side, object, id = self._record(step)
        (native,) = self._natives(step, side, object, {str(step.told["field"]): None})
        changes = self.stage.world.face(side).history(object, id)
        ours = [change for change in changes if change.field == native and change.by == "integration"]
        _check(step.line, not ours, f"It was written: {ours}")

    def then_written(self, step: Step) -> None:
        """In the last sync."""
        side = str(step.told["side"])
        counts = {kind: dict(each) for (kind, s), each in self.report.writes.items() if s == side}
        found = sum(n for each in counts.values() for what, n in each.items() if what != "failed")
        _check(step.line, found == int(str(step.told["count"])), f"It was written {found} times: {counts}")

    def then_counted(self, step: Step) -> None:
        """Live records."""
        side, name = str(step.told["side"]), str(step.told["object"])
        object = OBJECTS[side, KINDS.get(name, name.removesuffix("s").replace("lead", "") or None)]
        live = [id for id, row in self.stage.world.rows(side, object).items() if row.archived_at is None]
        _check(step.line, len(live) == int(str(step.told["count"])), f"There are {len(live)}.")

    def then_absent(self, step: Step) -> None:
        """No such record, or in the bin."""
        object, id = self.cast[str(step.told["name"])].get(str(step.told["side"]), ("", ""))
        alive = bool(id) and self._alive(str(step.told["side"]), object, id)
        _check(step.line, not alive, f"There is {object} {id}.")

    def then_present(self, step: Step) -> None:
        """A record, of this kind."""
        side = str(step.told["side"])
        object, id = self.cast[str(step.told["name"])].get(side, ("", ""))
        _check(step.line, bool(id) and self._alive(side, object, id), "There is no such record." + self._held_text())
        kind = step.told.get("kind")
        _check(step.line, kind is None or object.rstrip("s").lower() == kind, f"It is a {object}.")

    def then_nothing_held(self, step: Step) -> None:
        """No open question keeps anything from being written."""
        _check(step.line, not self.stage.held(), self._held_text())

    def then_held(self, step: Step) -> None:
        """Held, with cause and fix."""
        ids = {id for _, id in self.cast[str(step.told["name"])].values()}
        entities = {row.entity for row in self._rows(str(step.told["name"]))}
        found = [r for r in self.stage.held() if r.id in ids or r.entity in entities]
        causes = {show.cause(review) for review in found}
        code, field = str(step.told["code"]), step.told.get("field")
        right = [c for c in causes if c[0] == code and (field is None or field in (c[1], *c[1].split(", ")))]
        _check(step.line, bool(right), f"It is held by {sorted(causes)}." if causes else "It is not held.")
        _check(step.line, all(fix for _, _, fix in right), "No fix is named.")

    def then_lost(self, step: Step) -> None:
        """The journal names a value that lost, and why."""
        lines = self._journal(step)
        value, reason = str(step.told["value"]).strip('"'), str(step.told["reason"])
        found = any(str(line.was) == value and reason in line.reason for line in lines)
        _check(step.line, found, f"The journal says {[(line.was, line.became, line.reason) for line in lines]}")

    def then_journal(self, step: Step) -> None:
        """The journal gives this reason."""
        lines = self._journal(step)
        found = any(str(step.told["reason"]) in line.reason for line in lines)
        _check(step.line, found, f"The journal says {[(line.was, line.became, line.reason) for line in lines]}")

    def _journal(self, step: Step) -> list[Any]:
        entities = {row.entity for row in self._rows(str(step.told["name"])) if row.entity}
        lines = [line for entity in entities for line in self.stage.state.journal(entity)]
        return [line for line in lines if line.field == step.told["field"]]

    def then_conflicts(self, step: Step) -> None:
        """In the last sync."""
        found = self.report.conflicts
        _check(step.line, found == int(str(step.told["count"])), f"There were {found}.")

    def then_duplicate(self, step: Step) -> None:
        """A further record of a person who has one."""
        rows, others = self._rows(str(step.told["name"])), self._rows(str(step.told["other"]))
        entities = {row.entity for row in others if row.state == "live"}
        found = any(row.state == "duplicate" and row.entity in entities for row in rows)
        _check(step.line, found, f"The state says {[(r.ref, r.state, r.entity) for r in (*rows, *others)]}")

    def then_names(self, step: Step) -> None:
        """A duplicate says of which record it is one."""
        side, object, id = self._record(step)
        field = "smk_duplicate_of" if side == "hubspot" else "SMK_Duplicate_Of__c"
        held, other = self.stage.world.face(side).get(object, id) or {}, self.cast.get(str(step.told["other"]), {})
        wanted = other[side][1] if side in other else None
        _check(step.line, held.get(field) == wanted, f"It names {held.get(field)}.")

    def then_shared(self, step: Step) -> None:
        """Linked with nobody."""
        rows = self._rows(str(step.told["name"]))
        found = bool(rows) and all(row.state == "shared" for row in rows)
        _check(step.line, found, f"The state says {[(r.ref, r.state, r.entity) for r in rows]}")

    def then_one(self, step: Step) -> None:
        """Linked."""
        _check(step.line, self._linked(step), "They are not linked.")

    def then_two(self, step: Step) -> None:
        """Not linked."""
        _check(step.line, not self._linked(step), "They are linked.")

    def _linked(self, step: Step) -> bool:
        one, other = (
            {row.entity for row in self._rows(str(step.told[who])) if row.state == "live" and row.entity}
            for who in ("name", "other")
        )
        return bool(one & other)

    def then_asked(self, step: Step) -> None:
        """An open question of this kind."""
        asked = {review.question for review in self.stage.state.reviews()}
        _check(step.line, step.told["question"] in asked, f"Only these are asked: {sorted(asked)}")

    def then_not_asked(self, step: Step) -> None:
        """No open question of this kind."""
        asked = {review.question for review in self.stage.state.reviews()}
        _check(step.line, step.told["question"] not in asked, f"These are asked: {sorted(asked)}")

    def then_advised(self, step: Step) -> None:
        """A merge is suggested, told by `errors list` and by what `explain` tells of both, with these values."""
        side = str(step.told["side"])
        goes, stays = (self.cast[str(step.told[who])][side] for who in ("name", "other"))
        wanted = [[side, *goes], [side, *stays]]
        asked = self.stage.state.reviews(question="merge")
        found = [review for review in asked if review.detail.get("records") == wanted]
        _check(step.line, bool(found), f"This is asked: {[dict(review.detail) for review in asked]}")
        fix = show.cause(found[0])[2]
        values = found[0].detail["values"]
        wrong = {name: values.get(name) for name, v in step.fields.items() if values.get(name, {}).get("then") != v}
        _check(step.line, not wrong, f"It says {wrong}.")
        told = [text for ref in (goes, stays) for text in (ref[1],)] + [str(v) for v in step.fields.values()]
        _check(step.line, all(text in fix for text in told), f"It says only: {fix}")

    def then_status(self, step: Step) -> None:
        """How the last run ended."""
        found = self.report.status
        _check(step.line, found == step.told["status"], f"It is {found}. {self.report.message}{self._held_text()}")

    # -- who is who --------------------------------------------------------------------------------------------

    def _record(self, step: Step) -> tuple[str, str, str]:
        side, name = str(step.told["side"]), str(step.told["name"])
        if side not in self.cast.get(name, {}):
            raise ScenarioError(step.line, f"{name} is not in {side}.{self._held_text()}")
        return (side, *self.cast[name][side])

    def _rows(self, name: str) -> list[Any]:
        records = [(side, *ref) for side, ref in self.cast[name].items()]
        return [row for ref in records if (row := self.stage.row(*ref)) is not None]

    def _meet(self) -> None:
        """Records that the sync made join the cast, found by the keys that the records themselves carry."""
        naming = {
            (*key.of, named.removeprefix(key.tag)): (key.place.system, (key.place.object, id))
            for frame in FRAMES.values()
            for key in frame.keys
            for id, row in self.stage.world.rows(*key.place).items()
            if (named := str(row.values.get(key.native) or "")) and named.startswith(key.tag)
            if row.archived_at is None
        }
        for sides in self.cast.values():
            for side, record in list(sides.items()):
                if found := naming.get((side, *record)):
                    sides.setdefault(*found)

    def _alive(self, side: str, object: str, id: str) -> bool:
        row = self.stage.world.rows(side, object).get(id)
        return row is not None and row.archived_at is None

    # -- values ------------------------------------------------------------------------------------------------

    def _natives(self, step: Step, side: str, object: str, fields: Fields) -> dict[str, Any]:
        """In the system's own words.  A name that is not in our vocabulary is taken for the system's own."""
        return {NATIVE[object].get(name, name): self._native(step, side, name, v) for name, v in fields.items()}

    def _native(self, step: Step, side: str, name: str, value: str | None) -> Any:
        if value is None:
            return None
        if name == "stage":
            return STAGES[side].get(value, value)
        if name == "type":
            rows = self.stage.world.rows(side, "RecordType").items()
            return next(id for id, row in rows if row.values["DeveloperName"] == value)
        if name == "amount" and side == "salesforce":
            return float(value)
        if name == "owner":
            if value not in self.stage.staff:
                raise ScenarioError(step.line, f"Nobody called {value} works here: {', '.join(self.stage.staff)}.")
            return self.stage.staff[value][side]
        if value in ("yes", "no") and name in ("opted_out", "no_sync", "private"):
            return (value == "yes") if side == "salesforce" else str(value == "yes").lower()
        return value

    def _held_text(self) -> str:
        causes = sorted({(*show.cause(review), str(review.detail)) for review in self.stage.held()})
        return f" Held: {causes}" if causes else ""


def _text(value: Any) -> str:
    if value is None or value is False or value == "false":
        return ""
    return str(value).lower() if value is True else str(value)
