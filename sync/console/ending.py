"""How a run ends: its account is printed, and its status is the exit code."""

from __future__ import annotations

import typer

from sync.console import exits, show
from sync.console.ui import ui
from sync.report import Report


def finish(result: Report) -> None:
    """Print the account of a run and end with its exit code."""
    if ui.json:
        ui.document(result.as_json())
    else:
        show.report(ui.out, result)
    raise typer.Exit(exits.STATUS[result.status])
