"""`plan` and `apply`: see every write before it is made, approve it, and have exactly that carried out."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from mapping.rules import KINDS
from sync import compose
from sync.console import arguments, planned, show
from sync.console.ending import finish
from sync.console.planned import Shown
from sync.console.progress import Progress
from sync.console.ui import opened, ui
from sync.engine import Engine
from sync.settings.common import Settings
from sync.trust.approving import Approved
from sync.trust.plans import Made, Saved, document, save
from sync.trust.scope import Scope

Out = Annotated[Path | None, typer.Option(help="Save the complete plan to this file, for `smarketing apply FILE`.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Also write it as a table, one line a field, to this file.")]
Kinds = Annotated[str | None, typer.Option(help="Which kinds, separated by commas: company, person, deal, activity.")]
Since = Annotated[str | None, typer.Option("--from", help="Only records made at or after this date.")]
Until = Annotated[str | None, typer.Option("--to", help="Only records made before this date.")]
Where = Annotated[str, typer.Option(help="Only where this holds, such as: stage >= mql.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many records: a first slice to try.")]
Html = Annotated[Path | None, typer.Option(help="Also write it as one page for a browser to this file.")]


def plan(
    out: Out = None,
    csv: Csv = None,
    html: Html = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, as a backfill does.")] = False,
    object: Kinds = None,
    since: Since = None,
    until: Until = None,
    where: Where = "",
    limit: Limit = None,
) -> None:
    """Reads both sides and shows every write a sync would make, field by field, with the rule that decided.

    Writes nothing to either side.  What --out saves, `smarketing apply` carries out.  With the options of a backfill
    (--from, --to, --where, --limit; --full beside them) it is what that backfill would write.

    Example: smarketing plan --out plan.json
    """
    scope = arguments.scope(since, until, where, limit)
    if scope is not None and not full:
        raise typer.BadParameter("--from, --to, --where and --limit say what a backfill is about: give --full, too")
    preview(out=out, csv=csv, html=html, full=full, scope=scope, kinds=arguments.kinds(object))


def preview(
    *,
    full: bool,
    out: Path | None = None,
    csv: Path | None = None,
    html: Path | None = None,
    scope: Scope | None = None,
    record: tuple[str, str] | None = None,
    kinds: Collection[str] = KINDS,
) -> None:
    """Decide everything, write nothing, and show it."""
    settings = ui.settings()
    with opened(settings) as state, Progress(ui.err) as progress:
        engine = compose.engine(settings, ui.world(), state, progress=progress, kinds=kinds)
        engine.scope = scope
        dry = engine.plan(full=full, record=record)
        shown = Shown(dry, compose.cost(settings, engine, dry.operations))
    made = made_now(settings, engine, full)
    if out is not None:
        save(out, made, _pieces(shown))
    if csv is not None:
        planned.write_csv(csv, dry)
    if html is not None:
        planned.write_html(html, shown, show.when(made.made))
    if ui.json:
        for piece in chain((b"{",), _pieces(shown), (b"}\n",)):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    planned.plan(ui.out, shown)
    if out is not None:
        until = show.when(made.expires)
        ui.out.print(f"Saved to {out}; `smarketing apply {out}` carries out exactly this, until {until}.")


def made_now(settings: Settings, engine: Engine, full: bool) -> Made:
    """What a plan of this engine is made from."""
    now, some = engine.now(), engine.scope is not None
    return Made(engine.run, now, now + settings.plan.lasts, full, engine.accounts, engine.decides_by, some)


def _pieces(shown: Shown) -> Iterator[bytes]:
    return document(shown.dry, shown.held(), shown.summary())


def apply(file: Annotated[Path, typer.Argument(help="What `smarketing plan --out FILE` saved.")]) -> None:
    """Carries out exactly that plan; what has changed since is re-planned and reported, not overwritten.

    Resumable with the same command after any stop.

    Example: smarketing apply plan.json
    """
    settings = ui.settings()
    approved = Approved(Saved(file))
    made = approved.made
    with opened(settings) as state:
        with Progress(ui.err) as progress:
            engine = compose.engine(settings, ui.world(), state, progress=progress, kinds=tuple(made.rules))
            result = engine.cycle(approved.job, muted=made.full, approved=approved)
        finish(result)
