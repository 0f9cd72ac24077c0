"""`duplicates`: the questions on who is who, and what a person answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.text import Text

from connectors.port import Ref
from state.rows import Lease, Row
from state.store import Store
from sync import compose
from sync.console import arguments, exits
from sync.console.show import grid, when
from sync.console.ui import opened, ui
from sync.decide.duplicates import Doubt, Pair, dismissal, doubts, known, link
from sync.decide.suggesting import suggestions
from sync.trust.explain import NotFoundError

app = typer.Typer(no_args_is_help=True, help="Who is who, where a person has to say.")

SAMPLE = 100


@app.command("list")
def duplicates_list(
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Look for people who are merely alike as well, and keep what is found.")
    ] = False,
) -> None:
    """The open questions on who is who: duplicates, shared addresses, records that may be one, counterparts to merge.

    With the records, what speaks for it and against it, and where to settle it.  Nobody is linked by likeness.

    Example: smarketing duplicates list --suggest
    """
    if suggest:
        _suggest()
    with opened(ui.settings()) as state:
        found = doubts(state)
    if ui.json:
        ui.document({"duplicates": [_document(doubt) for doubt in found]})
    else:
        _table(found)


@app.command("dismiss")
def duplicates_dismiss(
    id: Annotated[int, typer.Argument(help="As `smarketing duplicates list` shows it.")],
) -> None:
    """Settles one question without a change: it is not put again about the same records.

    Records that may be one are two from then on.  A duplicate, or a record with a shared address, stays aside.

    Example: smarketing duplicates dismiss 12
    """
    with _leased("dismiss") as (state, lease):
        chosen = next((doubt for doubt in doubts(state) if doubt.review.n == id), None)
        if chosen is None:
            raise NotFoundError(f"There is no open question {id}; `smarketing duplicates list` shows them.")
        state.commit_outcomes(lease, dismissal(state, chosen, ui.world().clock.now_ms(), ui.who()))
    if ui.json:
        ui.document({"dismissed": _document(chosen)})
    else:
        ui.out.print(f"Question {id} is settled, and not put again about these records.")


@app.command("link")
def duplicates_link(
    a: Annotated[str, typer.Argument(help="A record, SIDE:ID, such as hubspot:51.")],
    b: Annotated[str, typer.Argument(help="One of the other side, such as salesforce:00Q5e00001AbCdE.")],
) -> None:
    """Makes one of a record of each side, by hand.  The next sync treats them as any two that meet.

    Example: smarketing duplicates link hubspot:51 salesforce:00Q5e00001AbCdE
    """
    wanted = [arguments.record(text, "A record") for text in (a, b)]
    settings, world = ui.settings(), ui.world()
    with _leased("link") as (state, lease):
        mappings = {mapping.rule.kind: mapping for mapping in compose.engine(settings, world, state).mappings()}
        here, there = (known(state, mappings.values(), *one) for one in wanted)
        for text, found in ((a, here), (b, there)):
            if not found:
                raise NotFoundError(f"No record is known as {text}; one made since the last sync is not known yet.")
        kind = next((kind for kind in here if kind in there), None)
        if kind is None:
            refused: str | None = f"{a} is a {_kinds(here)}, {b} a {_kinds(there)}"
        else:
            pair = Pair.of(state, here[kind], there[kind])
            refused = pair.refusal()
            if refused is None:
                state.commit_outcomes(lease, link(state, mappings[kind], pair, world.clock.now_ms(), ui.who()))
    if ui.json:
        ui.document({"linked": refused is None, "refused": refused})
    elif refused is None:
        ui.out.print(f"{a} and {b} are one; the next sync brings them together.", markup=False)
    else:
        ui.out.print(f"Not linked: {refused}.", style="yellow", markup=False)
    raise typer.Exit(exits.DONE if refused is None else exits.HELD)


def _suggest() -> None:
    settings, world = ui.settings(), ui.world()
    with _leased("suggest") as (state, lease):
        for mapping in compose.engine(settings, world, state).mappings():
            if mapping.rule.kind == "person":
                state.commit_outcomes(lease, suggestions(state, mapping, world.clock.now_ms()))


@contextmanager
def _leased(what: str) -> Iterator[tuple[Store, Lease]]:
    """The state, while nothing else changes it."""
    world = ui.world()
    with opened(ui.settings()) as state:
        lease = state.lease("sync", f"{what}:{world.process}", world.clock.now_ms(), 60_000)
        try:
            yield state, lease
        finally:
            state.release(lease)


def _kinds(found: dict[str, Row]) -> str:
    return " or ".join(found)


def _record(ref: Ref) -> str:
    return ":".join(ref)


def _document(doubt: Doubt) -> dict[str, object]:
    pro, contra = doubt.reasons
    return {
        "id": doubt.review.n,
        "question": doubt.review.question,
        "records": [_record(ref) for ref in doubt.records],
        "why": doubt.review.detail.get("why"),
        "for": pro,
        "against": contra,
        "probability": doubt.review.detail.get("probability"),
        "since": when(doubt.review.opened_ms),
        "fix": doubt.fix,
    }


def _table(found: Sequence[Doubt]) -> None:
    if not found:
        ui.out.print("[green]Nobody has to say who is who.[/green]")
        return
    table = grid("Who is who", "id", "question", "records", "because", "since", "what to do")
    for doubt in found[:SAMPLE]:
        pro, contra = doubt.reasons
        chance = doubt.review.detail.get("probability")
        told = doubt.review.detail.get("why") or (f"{chance:.0%} likely" if chance else "")
        because = "; ".join(filter(None, [told, ", ".join(pro), ", ".join(contra)]))
        records = "\n".join(map(_record, doubt.records))
        cells = (doubt.review.question.replace("_", " "), records, because, when(doubt.review.opened_ms), doubt.fix)
        table.add_row(str(doubt.review.n), *map(Text, cells))
    ui.out.print(table)
    if len(found) > SAMPLE:
        ui.out.print(f"{SAMPLE} of {len(found):,}; all of them with --json.")
