"""`report`: what is known, as a table, JSON, CSV or one page with pictures."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
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
from insight.reports.facts import Facts
from insight.reports.funnel import GROUPS, funnel
from insight.reports.marketing import content, pages, sources
from insight.reports.sales import VELOCITY, outcomes, quality, velocity
from sync import compose
from sync.console import arguments
from sync.console.charts import bars
from sync.console.show import grid, when
from sync.console.ui import opened, ui
from sync.facts import facts

Made = Callable[[Facts, Period, str, tuple[str, ...]], Document]
TWO_MODELS = ("first", "w")

REPORTS: dict[str, Made] = {
    "funnel": lambda known, period, by, _: funnel(known, period, by),
    "sources": lambda known, period, _by, _: sources(known, period),
    "content": lambda known, period, _by, _: content(known, period),
    "pages": lambda known, period, _by, _: pages(known, period),
    "attribution": lambda known, period, by, models: attribution(known, period, by or "source", models),
    "outcomes": lambda known, period, _by, _: outcomes(known, period),
    "velocity": lambda known, period, by, _: velocity(known, period, by or "lead_type"),
    "quality": lambda known, period, _by, _: quality(known, period),
}
WIDE = 240
DIVIDED = {"funnel": tuple(GROUPS), "attribution": tuple(BY), "velocity": tuple(VELOCITY)}
"""Report → by what it may be divided."""


def report(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(REPORTS)}.")],
    since: Annotated[str | None, typer.Option("--from", help="The first day of the period. Default: open.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Its last day, included. Default: open.")] = None,
    by: Annotated[str, typer.Option(help="Divide the funnel, the attribution or the velocity by this.")] = "",
    models: Annotated[
        str, typer.Option(help=f"Models of attribution, separated by commas: {', '.join(MODELS)}.")
    ] = ",".join(TWO_MODELS),
    records: Annotated[bool, typer.Option("--records", help="With the records behind every number.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write one page with pictures to this file.")] = None,
) -> None:
    """The closed loop in figures: funnel, sources, pages, content, attribution, outcomes, velocity, quality.

    Example: smarketing report sources --from 2026-01-01 --to 2026-03-31 --html sources.html
    """
    document = made(name, _period(since, until), by, _models(models))
    if html is not None:
        html.write_text(page(f"Report: {name}", [document], ui.world().clock.now_ms(), records=records), "utf-8")
    if ui.json:
        ui.document(document.as_json(records=records))
    elif as_csv:
        sys.stdout.write(as_lines(document))
    elif html is not None:
        ui.err.print(f"Wrote {html}.")
    else:
        table(ui.out, document)


def made(name: str, period: Period, by: str, models: tuple[str, ...]) -> Document:
    """The report of this name over what the state knows.  Raises typer.BadParameter with what would be right."""
    if name not in REPORTS:
        raise typer.BadParameter(f"there is no report {name!r}; choose from: {', '.join(REPORTS)}")
    if by and by not in DIVIDED.get(name, ()):
        ways = ", ".join(DIVIDED.get(name, ())) or "nothing"
        raise typer.BadParameter(f"--by: {name} can be divided by {ways}, not by {by!r}")
    settings = ui.settings()
    with opened(settings) as state:
        known = facts(state, compose.engine(settings, ui.world(), state).mappings())
    return REPORTS[name](known, period, by, models)


def _period(since: str | None, until: str | None) -> Period:
    period = Period(arguments.day(since, "--from"), arguments.day(until, "--to"))
    if period.first and period.last and period.first > period.last:
        raise typer.BadParameter(f"--to {period.last} lies before --from {period.first}")
    return period


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
