"""One account with a plan to approve: the stage of the scenarios, and the steps of somebody who is careful."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sync import compose
from sync.console import planned, plans
from sync.engine import Engine, in_turn
from sync.report import Report
from sync.trust.approving import Approved
from sync.trust.dry import DryRun
from sync.trust.plans import Saved, document, save
from sync.trust.scope import Scope
from sync.trust.undoing import Undoing, Wish
from tests.scenarios.stage import MINUTE, Stage


class Crash(BaseException):
    """The process dies."""


class Careful(Stage):
    """Nothing happens that nobody looked at."""

    def later(self, minutes: int = 2) -> None:
        """Time passes."""
        self.clock.advance(minutes * MINUTE)

    def engine(self) -> Engine:
        """A worker as a command would make it."""
        self.begin()
        return compose.engine(self.settings(), self.outside(), self.state)

    def look(self, *, full: bool = False) -> DryRun:
        """What a sync would write now."""
        return self.engine().plan(full=full)

    def save(self, path: Path, *, full: bool = False, scope: Scope | None = None) -> Path:
        """A plan in a file.  scope: of the backfill that it is a plan of."""
        engine = self.engine()
        engine.scope = scope
        dry = engine.plan(full=full)
        shown = planned.Shown(dry, {})
        save(path, plans.made_now(self.settings(), engine, full), document(dry, shown.held(), shown.summary()))
        return path

    def apply(self, path: Path, crash_at: Callable[[str], None] | None = None, *, batch: int = 0) -> Report:
        """What `apply FILE` does.  batch: decide and write so many at a time."""
        engine = self.engine()
        if batch:
            engine.batch, engine.lane = batch, in_turn
            for connector in engine.connectors.values():
                connector.traits = replace(connector.traits, batch=batch, stride=0)
        if crash_at is not None:
            engine.step = crash_at
        approved = Approved(Saved(path))
        return engine.cycle(approved.job, muted=approved.made.full, approved=approved)

    def undo(self, run: str, crash_at: Callable[[str], None] | None = None, **wish: Any) -> tuple[Report, Undoing]:
        """What `undo RUN --yes` does."""
        engine = self.engine()
        if crash_at is not None:
            engine.step = crash_at
        found = engine.undo(Wish(run, **wish))
        return engine.report, found

    def contact(self, name: str, **values: Any) -> str:
        """Marketing makes a contact that sales should see."""
        base = {
            "email": f"{name}@prospect.example",
            "lastname": name,
            "company": "Acme",
            "lifecyclestage": "opportunity",
        }
        return str(self.world.hubspot.create("contacts", {**base, **values}, self.human("hubspot")))

    def lead(self, name: str, **values: Any) -> str:
        """Sales makes a lead."""
        base = {"Email": f"{name}@prospect.example", "LastName": name, "Company": "Acme"}
        return str(self.world.salesforce.create("Lead", {**base, **values}, self.human("salesforce")))

    def value(self, side: str, object: str, id: str, name: str) -> Any:
        """What a record holds now."""
        return self.world.rows(side, object)[id].values.get(name)

    def edit(self, side: str, object: str, id: str, **values: Any) -> None:
        """Somebody changes a record."""
        self.world.face(side).edit(object, id, values, self.human(side))

    def couple(self, name: str, **values: Any) -> tuple[str, str]:
        """A contact and a lead in step: (HubSpot id, Salesforce id)."""
        ids = self.contact(name, **values), self.lead(name)
        self.later()
        self.sync()
        self.later()
        self.sync()
        self.later()
        return ids


def touched(before: Mapping[Any, Any], after: Mapping[Any, Any], but: tuple[str, ...] = ("smk_",)) -> float:
    """The share of all records that are not as they were (`Stage.snapshot`).  but: beginnings, in lower case, of the
    names of fields that do not count; our own may say that a record is held."""
    changed = sum(bool(_theirs(before.get(ref), but) != _theirs(now, but)) for ref, now in after.items())
    return changed / len(before)


def _theirs(record: Any, but: tuple[str, ...]) -> Any:
    if record is None:
        return None
    values, archived = record
    return {name: value for name, value in values.items() if not name.lower().startswith(but)}, archived


@contextmanager
def careful() -> Iterator[Careful]:
    """One account, gone at the end."""
    stage = Careful()
    stage.begin()
    try:
        yield stage
    finally:
        stage.close()
