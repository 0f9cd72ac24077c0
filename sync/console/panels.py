"""What the dashboard shows: how the service does, what is held, reports, pictures.  No values of anybody's records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from insight.reports.document import Cell, Document, Period, Value
from mapping.mapping import Mapping as KindMapping
from state.store import Store
from sync import compose
from sync.console import show
from sync.console.reporting import part
from sync.insight.known import known
from sync.insight.monthly import last_month
from sync.insight.reports import REPORTS, TWO_MODELS, documents
from sync.settings.common import Settings

Part = dict[str, Any]
"""One table with its pictures and notes, as the templates take it."""
LATEST = 15
"""Runs in a picture."""


@dataclass
class Panels:
    """The parts of each page, from the state as it is now."""

    store: Store
    settings: Settings
    now: Callable[[], int]
    mappings: Callable[[], Sequence[KindMapping]]
    """Of the kinds that are synchronised; none before the first run of this process."""
    _reports: dict[str, tuple[str, list[Part]]] = field(default_factory=dict)
    """Report → the run after which it was made, and its parts."""

    def told(self) -> dict[str, Any]:
        """What `status --json` tells."""
        now = self.now()
        return show.status_json(self.store, compose.spent_today(self.store, now), self.settings, now)

    def health(self) -> str:
        """ok, starting (no run has ended yet) or failing (the last one did)."""
        ended = next((run for run in self.store.runs(10) if run.ended_ms is not None), None)
        return "starting" if ended is None else "failing" if ended.outcome == "failed" else "ok"

    def status(self) -> list[Part]:
        """Paused, last runs, lag, what waits, held, calls, alerts."""
        told = self.told()
        paused = [
            {**one, "what": one["object"] or "everything", "side": one["side"] or "both"} for one in told["paused"]
        ]
        return [
            *([_table("Paused", ("what", "side", "why", "fix", "since"), paused)] if paused else ()),
            _table("Last runs", ("job", "started", "ended", "status", "written", "held"), told["runs"]),
            _table("Read until", ("side", "object", "until", "lag_seconds"), told["cursors"]),
            _table("Writes that wait", ("side", "state", "operations"), told["backlog"]),
            _table("Held", ("cause", "records"), told["errors"]),
            _table("Calls today", ("side", "calls_today", "calls_per_day", "used_up"), told["budget"]),
            _table("Alerts", ("state", "alerts"), told["alerts"]),
        ]

    def errors(self) -> list[Part]:
        """What is held, by cause, with the fix and one record; no value."""
        groups = [
            {**group, "example": f"{group['sample']['side']}:{group['sample']['record'] or ''}"}
            for group in show.by_cause(show.held(self.store))
        ]
        return [
            _table("Held records, by cause", ("code", "cause", "field", "records", "example", "fix", "who_can"), groups)
        ]

    def charts(self) -> list[Part]:
        """The last runs as pictures."""
        rows = [
            {
                "run": f"{show.when(run.started_ms)} {run.job}",
                "written": told["written"],
                "held": told["held"],
                "calls": sum(run.counts.get("api_calls", {}).values()),
                "seconds": float(run.counts.get("seconds", 0)),
            }
            for run in self.store.runs(LATEST)
            for told in show.runs_json([run])
        ]
        columns = ("run", "written", "held", "calls", "seconds")
        return [{**part(_document("Last runs", columns, rows, columns[1:])), "period": ""}]

    def reports(self) -> list[Part]:
        """Which reports there are."""
        rows = [{"report": name, "tells": report.says} for name, report in REPORTS.items()]
        return [
            {**_table("Reports", ("report", "tells"), rows), "links": {name: f"reports/{name}" for name in REPORTS}}
        ]

    def report(self, name: str) -> list[Part]:
        """One report with its pictures, made anew when a run has ended since.  Raises KeyError: there is none."""
        make = REPORTS[name]
        mappings = self.mappings()
        if not mappings:
            return [_table(name, (), (), note="It is made once this process has run its first sync.")]
        latest = next((run.id for run in self.store.runs(5) if run.ended_ms is not None), "")
        before = self._reports.get(name)
        if before is None or before[0] != latest:
            now = self.now()
            period = last_month(now) if "review" in (name, *make.pack) else Period()
            found = known(self.settings, mappings, self.store, now)
            parts = [part(document) for document in documents(name, found, period, "", TWO_MODELS)]
            before = self._reports[name] = latest, parts
        return before[1]


def _table(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], note: str = "") -> Part:
    return {**part(_document(name, columns, rows, (), note)), "period": ""}


def _document(
    name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], charts: Sequence[str], note: str = ""
) -> Document:
    cells = tuple({column: Cell(_value(row.get(column))) for column in columns} for row in rows)
    return Document(name, Period(), tuple(columns), cells, (note,) if note else (), tuple(charts))


def _value(value: Any) -> Value:
    return (
        value if isinstance(value, int | float) and not isinstance(value, bool) else "" if value is None else str(value)
    )
