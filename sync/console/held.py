"""`errors`: what is held and why, how to fix it, try again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

from state.rows import Outcomes
from sync.console import show
from sync.console.ui import opened, ui

app = typer.Typer(no_args_is_help=True, help="What is held and why, how to fix it, try again.")


@app.command("list")
def errors_list() -> None:
    """What is held, grouped by cause, with a sample and the fix.

    Example: smarketing errors list
    """
    settings = ui.settings()
    with opened(settings) as state:
        held = show.held(state)
    if ui.json:
        ui.document({"causes": show.by_cause(held), "errors": [show.review_json(review) for review in held]})
    else:
        show.errors(ui.out, held)


@app.command("export")
def errors_export(out: Annotated[Path, typer.Argument(help="A CSV file to write.")]) -> None:
    """Writes everything that is held to a CSV file, one line each.

    Example: smarketing errors export held.csv
    """
    settings = ui.settings()
    with opened(settings) as state:
        held = [show.review_json(review) for review in show.held(state)]
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, show.HELD_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: show.cell(value) for name, value in line.items()} for line in held)
    if ui.json:
        ui.document({"file": str(out), "records": len(held)})
    else:
        ui.out.print(f"{len(held):,} held records are in {out}.")


@app.command("retry")
def errors_retry() -> None:
    """Tries everything that is held once more, in the next sync.

    Example: smarketing errors retry
    """
    settings = ui.settings()
    world = ui.world()
    with opened(settings) as state:
        lease = state.lease("sync", f"retry:{world.process}", world.clock.now_ms(), 60_000)
        try:
            waiting = {review.entity for review in show.held(state) if review.entity is not None}
            state.retry(lease)
            state.commit_outcomes(lease, Outcomes(dirty=sorted(waiting)))
        finally:
            state.release(lease)
    if ui.json:
        ui.document({"retried": len(waiting)})
    else:
        ui.out.print(f"{len(waiting):,} held records will be tried again by the next sync.")
