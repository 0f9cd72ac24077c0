"""`undo`: what a run overwrote is put back, as a plan that is shown first."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from sync import compose
from sync.console import arguments, exits
from sync.console.progress import Progress
from sync.console.show import SIDES, grid, shown
from sync.console.ui import opened, ui
from sync.trust.plans import line_of, words
from sync.trust.undoing import Undoing, Wish

SAMPLE = 10

Run = Annotated[str, typer.Argument(help="The run, as `smarketing status` names it.")]
Record = Annotated[str | None, typer.Option(help="Only this record, SIDE:ID, such as hubspot:51.")]
OnlyField = Annotated[str | None, typer.Option("--field", help="Only this field, as the configuration calls it.")]
Archive = Annotated[bool, typer.Option("--archive-created", help="Also put what it created into the bin.")]


def undo(
    run: Run,
    record: Record = None,
    field: OnlyField = None,
    archive_created: Archive = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be put back; write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Carry it out without asking.")] = False,
    release: Annotated[
        bool, typer.Option("--release", help="Let the sync decide again what an undo of this run holds.")
    ] = False,
) -> None:
    """Puts back what a run overwrote, where the record still holds what the run wrote; shows it as a plan first.

    What people changed since is listed and left alone.  Opt-outs and merges are never undone.

    Example: smarketing undo 2026-11-21T10-00-00-ab12 --field title
    """
    wish = Wish(run, arguments.record(record) if record is not None else None, field, archive_created)
    settings = ui.settings()
    with opened(settings) as state:
        with Progress(ui.err) as progress:
            engine = compose.engine(settings, ui.world(), state, progress=progress)
            if release:
                _say_released(engine.let_go(wish))
                return
            found = engine.undo(wish, write=False)
        asked = not yes and not dry_run
        if not ui.json and not yes:
            _plan(ui.out, found)
        if dry_run or (asked and ui.json) or not (found.writes or found.memory):
            if ui.json:
                ui.document(_document(found))
            raise typer.Exit(exits.HELD if asked and ui.json else exits.DONE)
        if asked:
            typer.confirm("Put these values back?", abort=True, err=True)
        with Progress(ui.err) as progress:
            engine.progress = progress
            engine.undo(wish, frozenset(map(words, found.writes)))
        result = engine.report
    if ui.json:
        ui.document({**result.as_json(), "undoes": run, "left": _left(found)})
    else:
        ui.out.print(f"Run {result.run}: {result.changed:,} records put back, {len(found.left):,} values left alone.")
        ui.out.print(f"The sync leaves them alone until somebody changes them, or `smarketing undo {run} --release`.")
    raise typer.Exit(exits.STATUS[result.status])


def _say_released(many: int) -> None:
    if ui.json:
        ui.document({"released": many})
    else:
        ui.out.print(f"{many:,} fields are decided again by the next sync.")


def _document(found: Undoing) -> dict[str, Any]:
    counts = Counter(f"{one.system}.{one.object}.{one.verb}" for one in found.writes)
    return {
        "operations": [line_of(one) for one in found.writes],
        "held": _left(found),
        "summary": {"operations": dict(sorted(counts.items())), "left": len(found.left)},
    }


def _left(found: Undoing) -> list[dict[str, Any]]:
    return [
        {"side": left.side, "object": left.object, "record": left.id, "field": left.field, "why": left.why}
        for left in found.left
    ]


def _plan(console: Console, found: Undoing) -> None:
    if not found.writes:
        console.print("[green]Nothing to put back.[/green]")
    else:
        title = f"To be put back: {len(found.writes):,} records" + (
            f", the first {SAMPLE}" if len(found.writes) > SAMPLE else ""
        )
        table = grid(title, "record", "field", "now", "becomes again")
        for one in found.writes[:SAMPLE]:
            first = f"{SIDES.get(one.system, one.system)} {one.object} {one.id}"
            for name, value in one.fields.items():
                table.add_row(first, name.removeprefix("@"), shown(one.basis["fields"][name].get("old")), shown(value))
                first = ""
        console.print(table)
    if found.left:
        table = grid("Left alone", "why", "values", "for example")
        for why, many in Counter(left.why for left in found.left).most_common():
            sample = next(left for left in found.left if left.why == why)
            about = f"{SIDES.get(sample.side, sample.side)} {sample.object} {sample.id} {sample.field or ''}"
            table.add_row(Text(why), f"{many:,}", Text(about))
        console.print(table)
