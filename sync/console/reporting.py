"""`report`: what is known, as a table, JSON, CSV or one page with pictures."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console

from insight.attribution import MODELS
from insight.ratio import Ratio
from insight.reports.credit import BY, attribution
from insight.reports.document import Cell, Document, Period, Row, between, plain, shown
from insight.reports.facts import day_of
from insight.reports.funnel import GROUPS, funnel
from insight.reports.marketing import content, pages, sources
from insight.reports.promises import BY as CLOCKS
from insight.reports.promises import sla
from insight.reports.quota import quota
from insight.reports.review import review
from insight.reports.sales import VELOCITY, outcomes, quality, velocity
from sync import compose
from sync.console import arguments
from sync.console.charts import bars
from sync.console.show import grid, when
from sync.console.ui import opened, ui
from sync.insight.known import Known, known
from sync.quiet import quiet

Made = Callable[[Known, Period, str, tuple[str, ...]], Document]
TWO_MODELS = ("first", "w")


def _review(known: Known, period: Period, _by: str, _models: tuple[str, ...]) -> Document:
    agreed = known.goals(period)
    assumed = agreed[-1].rates if agreed else {}
    return review(known.facts, period, known.owed, known.targets(period), assumed, known.today)


REPORTS: dict[str, Made] = {
    "funnel": lambda known, period, by, _: funnel(known.facts, period, by),
    "sources": lambda known, period, _by, _: sources(known.facts, period),
    "content": lambda known, period, _by, _: content(known.facts, period),
    "pages": lambda known, period, _by, _: pages(known.facts, period),
    "attribution": lambda known, period, by, models: attribution(known.facts, period, by or "source", models),
    "outcomes": lambda known, period, _by, _: outcomes(known.facts, period),
    "velocity": lambda known, period, by, _: velocity(known.facts, period, by or "lead_type"),
    "sla": lambda known, period, by, _: sla(known.facts, period, known.owed, known.targets(period), by or "lead_type"),
    "quota": lambda known, period, _by, _: quota(known.facts, period, known.promised(period), known.today),
    "quality": lambda known, period, _by, _: quality(known.facts, period),
    "review": _review,
}
PACK = ("review", "funnel", "sources", "outcomes", "velocity", "attribution", "sla", "quota", "quality")
"""What the page of the monthly review holds."""
DIVIDED = {"funnel": tuple(GROUPS), "attribution": tuple(BY), "velocity": tuple(VELOCITY), "sla": tuple(CLOCKS)}
"""Report → by what it may be divided."""
WIDE = 240


def report(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(REPORTS)}.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="The first day of the period. Default: open; of review, last month."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Its last day, included. Default: open.")] = None,
    by: Annotated[str, typer.Option(help="Divide the funnel, the attribution, the velocity or the sla by this.")] = "",
    models: Annotated[
        str, typer.Option(help=f"Models of attribution, separated by commas: {', '.join(MODELS)}.")
    ] = ",".join(TWO_MODELS),
    records: Annotated[bool, typer.Option("--records", help="With the records behind every number.")] = False,
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
    document = REPORTS[name](found, period, by, chosen)
    if html is not None:
        pack = [REPORTS[each](found, period, "", chosen) for each in PACK] if name == "review" else [document]
        html.write_text(page(f"Report: {name}", pack, now, records=records), "utf-8")
    if ui.json:
        ui.document(document.as_json(records=records))
    elif as_csv:
        sys.stdout.write(as_lines(document))
    elif html is not None:
        ui.err.print(f"Wrote {html}.")
    else:
        table(ui.out, document)


def _checked(name: str, by: str) -> None:
    if name not in REPORTS:
        raise typer.BadParameter(f"there is no report {name!r}; choose from: {', '.join(REPORTS)}")
    if by and by not in DIVIDED.get(name, ()):
        ways = ", ".join(DIVIDED.get(name, ())) or "nothing"
        raise typer.BadParameter(f"--by: {name} can be divided by {ways}, not by {by!r}")


def _period(since: str | None, until: str | None, now: int, *, monthly: bool) -> Period:
    """What was asked for; monthly: where nothing was, the last whole month."""
    period = Period(arguments.day(since, "--from"), arguments.day(until, "--to"))
    if period.first and period.last and period.first > period.last:
        raise typer.BadParameter(f"--to {period.last} lies before --from {period.first}")
    if period != Period() or not monthly:
        return period
    last = day_of(now).replace(day=1) - timedelta(days=1)
    return Period(last.replace(day=1), last)


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


def table(out: Console, document: Document) -> None:
    """A report on a terminal."""
    if not out.is_terminal:
        # A file or pipe has no width of its own to fit into.
        out = Console(file=out.file, width=WIDE)
    found = grid(f"{document.name}: {spoken(document.period)}")
    for name in document.columns:
        number = any(not isinstance(row[name].value, str) for row in document.rows)
        found.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in document.rows:
        found.add_row(*(shown(row[name].value) for name in document.columns))
    out.print(found)
    for note in document.notes:
        out.print(note, style="dim", markup=False, highlight=False)


def as_lines(document: Document) -> str:
    """A report as CSV: of a ratio, its parts stand in columns of their own."""
    out = StringIO()
    writer = csv.writer(out)
    ratios = {name for name in document.columns if any(isinstance(row[name].value, Ratio) for row in document.rows)}
    writer.writerow([part for name in document.columns for part in _headers(name, name in ratios)])
    for row in document.rows:
        writer.writerow([part for name in document.columns for part in _parts(row[name], name in ratios)])
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
    parts = [_part(document, records) for document in documents]
    return environment.get_template("report.html").render(title=title, made=when(now), parts=parts)


def _part(document: Document, records: bool) -> dict[str, Any]:
    rows = [
        {
            "total": any(cell.value == "total" for cell in row.values()),
            "cells": [
                {
                    "text": shown(row[name].value),
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
        "behind": [found for row in document.rows for found in _behind(document, row)] if records else [],
    }


def _behind(document: Document, row: Row) -> list[tuple[str, str, tuple[str, ...]]]:
    label = " · ".join(str(row[name].value) for name in document.columns if isinstance(row[name].value, str))
    return [(label, name, row[name].records) for name in document.columns if row[name].records]
