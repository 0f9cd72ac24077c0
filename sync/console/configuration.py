"""`config`: what another configuration would do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connectors.errors import Misconfigured
from state.store import Store, open_store
from sync import compose
from sync.config import load
from sync.console import planned
from sync.console.progress import Progress
from sync.console.show import SIDES, grid
from sync.console.ui import opened, ui
from sync.settings.common import Settings
from sync.trust.contrast import Contrast
from sync.trust.dry import DryRun

app = typer.Typer(no_args_is_help=True, help="What another configuration would do.")

SAMPLE = 3
FIELDS = 10


@app.command("diff")
def diff(
    old: Annotated[Path, typer.Argument(help="The configuration that is in use.")],
    new: Annotated[Path, typer.Argument(help="The one that might be.")],
) -> None:
    """Says what a change of the configuration would do to the records that are there.  Writes nothing to either side.

    Both plans are made on copies of the state that OLD names, so that nothing of it changes either.

    Example: smarketing config diff config.toml new.toml
    """
    before, after = load(old), load(new)
    if (before.hubspot.base_url, before.salesforce.login_url) != (after.hubspot.base_url, after.salesforce.login_url):
        raise Misconfigured(f"{old} and {new} name different accounts; only rules can be compared.")
    with opened(before) as state, Progress(ui.err) as progress:
        was, becomes = (_planned(state, settings, progress) for settings in (before, after))
    new_writes, gone = Contrast(becomes, was), Contrast(was, becomes)
    if ui.json:
        ui.document(
            {
                "new": {"operations": list(new_writes.lines()), "summary": new_writes.summary()},
                "gone": {"operations": list(gone.lines()), "summary": gone.summary()},
                "held": {"old": len(was.questions), "new": len(becomes.questions)},
            }
        )
        return
    _show(ui.out, f"{new} would write, and {old} would not", new_writes)
    _show(ui.out, f"{old} would write, and {new} would not", gone)
    ui.out.print(f"Held or asked about: {len(was.questions):,} under {old}, {len(becomes.questions):,} under {new}.")


def _planned(state: Store, settings: Settings, progress: Progress) -> DryRun:
    with (
        tempfile.TemporaryDirectory(prefix="smarketing-") as folder,
        open_store(f"sqlite:///{folder}/state.db") as copy,
    ):
        state.copy_to(copy)
        return compose.engine(settings, ui.world(), copy, progress=progress).plan()


def _show(console: Console, title: str, contrast: Contrast) -> None:
    if not contrast.counts:
        console.print(f"{title}: nothing.", markup=False)
        return
    counts = grid(title, "side", "what", "effect", "records")
    for (kind, side, what), many in sorted(contrast.counts.items()):
        counts.add_row(SIDES.get(side, side), kind, planned.EFFECT_WORDS[what], f"{many:,}")
    console.print(counts)
    fields = grid("By field", "side", "what", "field", "records")
    for (kind, side, name), many in contrast.fields.most_common(FIELDS):
        fields.add_row(SIDES.get(side, side), kind, name, f"{many:,}")
    console.print(fields)
    planned.some(console, planned.samples(contrast, SAMPLE), len(contrast.operations))
