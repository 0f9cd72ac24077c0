"""`conflicts`: fields on which the sides differ, and what a person decides of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.text import Text

from state.rows import Outcomes
from sync import compose
from sync.console import exits
from sync.console.show import SIDES, grid, shown, when
from sync.console.ui import opened, ui
from sync.decide.answers import Answer, Conflict, answer, conflicts

app = typer.Typer(no_args_is_help=True, help="Fields on which the two sides differ, and what you decide of them.")

SAMPLE = 100


@app.command("list")
def conflicts_list(
    field: Annotated[str | None, typer.Option(help="Only this field.")] = None,
) -> None:
    """Fields that wait for a person, and those that were left different when the records met.

    With both values, when they were changed, and how surely that is known.

    Example: smarketing conflicts list --field phone
    """
    with opened(ui.settings()) as state:
        found = [conflict for conflict in conflicts(state) if field in (None, conflict.field)]
    if ui.json:
        ui.document({"conflicts": [_document(conflict) for conflict in found]})
        return
    _table(found)


@app.command("resolve")
def conflicts_resolve(
    id: Annotated[str | None, typer.Argument(help="As `conflicts list` shows it. Or give --field.")] = None,
    take: Annotated[str, typer.Option(help="hubspot or salesforce, or the value itself.")] = ...,  # type: ignore[assignment]
    field: Annotated[str | None, typer.Option(help="All conflicts of this field.")] = None,
) -> None:
    """Decides one conflict, or all of a field: the next sync writes the chosen value to the other side.

    Example: smarketing conflicts resolve hubspot/51:phone --take salesforce
    """
    if (id is None) == (field is None):
        raise typer.BadParameter("give either an ID, as `smarketing conflicts list` shows it, or --field")
    if field is not None and take not in SIDES:
        raise typer.BadParameter(f"--field needs --take {' or '.join(SIDES)}: one value can hardly be right for all")
    settings, world = ui.settings(), ui.world()
    now, who = world.clock.now_ms(), ui.who()
    with opened(settings) as state:
        chosen = [one for one in conflicts(state) if id == one.id or field == one.field]
        mappings = {m.rule.kind: m for m in compose.engine(settings, world, state).mappings()} if chosen else {}
        told = [answer(mappings[one.kind], one, take, f"{who}, on {when(now)},") for one in chosen]
        decided = [one for one in told if isinstance(one, Answer)]
        if decided:
            lease = state.lease("sync", f"resolve:{world.process}", now, 60_000)
            try:
                dirty = sorted({one.entity for one in decided})
                opened_ = [one.question(now) for one in decided]
                state.commit_outcomes(lease, Outcomes(dirty=dirty, opened=opened_))
            finally:
                state.release(lease)
    refused = [one for one in told if isinstance(one, str)]
    _say(len(decided), refused, id or str(field))
    raise typer.Exit(exits.HELD if refused or not chosen else exits.DONE)


def _say(decided: int, refused: Sequence[str], what: str) -> None:
    if ui.json:
        ui.document({"decided": decided, "refused": sorted(set(refused))})
        return
    for reason in sorted(set(refused)):
        ui.out.print(f"Not decided: {reason}.", style="yellow", markup=False)
    if decided:
        ui.out.print(f"{decided:,} decided; the next sync writes it.")
    elif not refused:
        ui.out.print(f"There is no conflict {what}; `smarketing conflicts list` shows them.", markup=False)


def _document(conflict: Conflict) -> dict[str, object]:
    told = conflict.as_json()
    changed = {side: [when(ms) for ms in span] if span else None for side, span in told["changed"].items()}
    return {**told, "changed": changed, "since": when(conflict.since)}


def _table(found: Sequence[Conflict]) -> None:
    if not found:
        ui.out.print("[green]Both sides agree, or the rules decide.[/green]")
        return
    table = grid("Conflicts", "id", "side", "value", "changed by", "evidence", "because")
    for conflict in found[:SAMPLE]:
        first, why = conflict.id, conflict.why
        for side, value, changed, evidence in _sides(conflict):
            table.add_row(Text(first), SIDES.get(side, side), shown(value), changed, evidence, why)
            first = why = ""
    ui.out.print(table)
    if len(found) > SAMPLE:
        ui.out.print(f"{SAMPLE} of {len(found):,}; all of them with --json.")


def _sides(conflict: Conflict) -> Iterator[tuple[str, object, str, str]]:
    told = conflict.as_json()
    for side, value in told["values"].items():
        span = told["changed"][side]
        yield side, value, when(span[1]) if span else "before they met", told["evidence"][side]
