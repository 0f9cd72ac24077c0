"""`report`: what is known, as a table, JSON, CSV or one page with pictures."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from typer.core import TyperCommand

from insight.attribution import MODELS
from insight.ratio import Ratio
from insight.reports.document import Cell, Document, Period, between, plain, shown
from state.store import Store
from sync import compose
from sync.console import arguments
from sync.console.charts import bars
from sync.console.show import grid, when
from sync.console.ui import opened, ui
from sync.insight.known import Known, known
from sync.insight.monthly import NAME as FROZEN
from sync.insight.monthly import frozen, last_month, named
from sync.insight.reports import REPORTS, TWO_MODELS, documents
from sync.quiet import quiet

WIDE = 240
LEASE_MS = 60_000


class OneReport(TyperCommand):
    """The command `report`; with the name of a report, `--help` tells of that one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Before `--help` is carried out."""
        if named := next((REPORTS[word] for word in args if word in REPORTS), None):
            name = next(word for word in args if word in REPORTS)
            by = f" It can be divided by {', '.join(named.by)} (--by)." if named.by else ""
            self.help = (
                f"{name.capitalize()}: {named.says}.{by}\n\nExample: smarketing report {name} {named.example}".rstrip()
            )
        return super().parse_args(ctx, args)


def report(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(REPORTS)}. With --help: about that one.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="The first day of the period. Default: open; of review, last month."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Its last day, included. Default: open.")] = None,
    by: Annotated[str, typer.Option(help="Divide the funnel, the attribution, the velocity or the sla by this.")] = "",
    models: Annotated[
        str, typer.Option(help=f"Models of attribution, separated by commas: {', '.join(MODELS)}.")
    ] = ",".join(TWO_MODELS),
    records: Annotated[
        bool, typer.Option("--records", help="With the records behind every number, as SIDE:ID.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write one page with pictures to this file.")] = None,
) -> None:
    """The closed loop in figures: funnel, sources, pages, content, attribution, outcomes, velocity, quality, sla …

    `review` is the monthly page for the meeting of both teams: all of them together, with advice.

    Example: smarketing report sources --from 2026-01-01 --to 2026-03-31 --html sources.html
    """
    _checked(name, by)
    period, chosen = _period(since, until, ui.world().clock.now_ms(), monthly=name == "review"), _models(models)
    settings = ui.settings()
    with quiet(), opened(settings) as state:
        now = ui.world().clock.now_ms()
        found = known(settings, compose.engine(settings, ui.world(), state).mappings(), state, now)
        if html is not None or name == FROZEN:
            made = _pack(state, found, name, period, by, chosen)
        else:
            made = [REPORTS[name].document(found, period, by, chosen)]
        if records:
            made = [named(state, each) for each in made]
        document = made[0]
    if html is not None:
        html.write_text(page(f"Report: {name}", made, now, records=records), "utf-8")
    if ui.json:
        ui.document(document.as_json(records=records))
    elif as_csv:
        sys.stdout.write(as_lines(document, records=records))
    elif html is not None:
        ui.err.print(f"Wrote {html}.")
    else:
        table(ui.out, document, records=records)


def _pack(state: Store, found: Known, name: str, period: Period, by: str, models: tuple[str, ...]) -> list[Document]:
    """What stands on the page of a report.  The review of a month that is over stays as it was first asked for."""
    over = period.last is not None and period.last < found.today
    if name != FROZEN or not over or models != TWO_MODELS:
        return documents(name, found, period, by, models)
    lease = state.lease("reports", f"report:{ui.world().process}", found.now, LEASE_MS)
    try:
        return frozen(state, found, period, lease, _unchanging)
    finally:
        state.release(lease)


def _unchanging(since: int) -> str:
    return f"Frozen on {when(since)}: the numbers of this period do not change any more."


def _checked(name: str, by: str) -> None:
    if name not in REPORTS:
        raise typer.BadParameter(f"there is no report {name!r}; choose from: {', '.join(REPORTS)}")
    if by and by not in REPORTS[name].by:
        ways = ", ".join(REPORTS[name].by) or "nothing"
        raise typer.BadParameter(f"--by: {name} can be divided by {ways}, not by {by!r}")


def _period(since: str | None, until: str | None, now: int, *, monthly: bool) -> Period:
    """What was asked for; monthly: where nothing was, the last whole month."""
    period = Period(arguments.day(since, "--from"), arguments.day(until, "--to"))
    if period.first and period.last and period.first > period.last:
        raise typer.BadParameter(f"--to {period.last} lies before --from {period.first}")
    if period != Period() or not monthly:
        return period
    return last_month(now)


def _models(text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for model in chosen:
        if model not in MODELS:
            raise typer.BadParameter(f"--models: {model!r} is no model; choose from: {', '.join(MODELS)}")
    return chosen or TWO_MODELS


def spoken(period: Period) -> str:
    """The period in words."""
    if period == Period():
        return "Everything that is known."
    return f"From {period.first or 'the beginning'} to {period.last or 'now'}."


def table(out: Console, document: Document, *, records: bool = False) -> None:
    """A report on a terminal."""
    if not out.is_terminal:
        # A file or pipe has no width of its own to fit into.
        out = Console(file=out.file, width=WIDE)
    found = grid(f"{document.name}: {spoken(document.period)}")
    for name in document.columns:
        number = any(not isinstance(row[name].value, str) for row in document.rows)
        found.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in document.rows:
        found.add_row(*(shown(row[name].value, document.currency) for name in document.columns))
    out.print(found)
    for note in document.notes:
        out.print(note, style="dim", markup=False, highlight=False)
    for label, column, behind in _behind(document) if records else ():
        out.print(f"{label}: {column} ({len(behind):,}): {' '.join(behind)}", markup=False, highlight=False)


def as_lines(document: Document, *, records: bool = False) -> str:
    """A report as CSV: of a ratio, its parts stand in columns of their own; so do the records, where they are asked."""
    out = StringIO()
    writer = csv.writer(out)
    ratios = {name for name in document.columns if any(isinstance(row[name].value, Ratio) for row in document.rows)}
    counted = [name for name in document.columns if records and any(row[name].records for row in document.rows)]
    headers = [part for name in document.columns for part in _headers(name, name in ratios)]
    writer.writerow([*headers, *(f"{name}_records" for name in counted)])
    for row in document.rows:
        parts = [part for name in document.columns for part in _parts(row[name], name in ratios)]
        writer.writerow([*parts, *(" ".join(row[name].records) for name in counted)])
    return out.getvalue()


def _headers(name: str, ratio: bool) -> tuple[str, ...]:
    return (name, f"{name}_numerator", f"{name}_denominator", f"{name}_low", f"{name}_high") if ratio else (name,)


def _parts(cell: Cell, ratio: bool) -> tuple[Any, ...]:
    if isinstance(cell.value, Ratio):
        return tuple(cell.value.as_json().values())
    value = plain(cell.value)
    # A spreadsheet would take such a text for a formula.
    value = f"'{value}" if isinstance(cell.value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
    return (value, *([None] * 4 if ratio else ()))


def page(title: str, documents: Sequence[Document], now: int, *, records: bool = False) -> str:
    """Reports as one page that needs nothing else."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    parts = [part(document, records=records) for document in documents]
    return environment.get_template("report.html").render(title=title, made=when(now), parts=parts)


def part(document: Document, *, records: bool = False) -> dict[str, Any]:
    """A report as the templates of pages take it."""
    rows = [
        {
            "total": any(cell.value == "total" for cell in row.values()),
            "cells": [
                {
                    "text": shown(row[name].value, document.currency),
                    "between": between(row[name].value),
                    "number": not isinstance(row[name].value, str),
                }
                for name in document.columns
            ],
        }
        for row in document.rows
    ]
    return {
        "name": document.name,
        "period": spoken(document.period),
        "columns": [name.replace("_", " ") for name in document.columns],
        "rows": rows,
        "notes": document.notes,
        "pictures": [picture for column in document.charts if (picture := bars(document, column))],
        "behind": list(_behind(document)) if records else [],
    }


def _behind(document: Document) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(row, column, the records behind the number there)"""
    for row in document.rows:
        told = [value for name in document.columns if isinstance(value := row[name].value, str) and value]
        for name in document.columns:
            if row[name].records:
                yield " · ".join(told[:3]), name, row[name].records
