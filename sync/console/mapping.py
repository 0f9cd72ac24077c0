"""`map`: which fields could be mapped beside those that are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sync import compose
from sync.config import rules
from sync.console import arguments
from sync.console.show import SIDES
from sync.console.ui import remembered, ui
from sync.setup.hints import Suggestion, suggest
from sync.setup.offered import offered, sentence
from sync.setup.sampling import Sample, sample

app = typer.Typer(no_args_is_help=True, help="Which fields could be mapped.")

RECORDS = {"company": "companies", "person": "people", "deal": "deals"}
"""Kinds whose fields are suggested, and what their records are called."""


@app.command("suggest")
def suggest_(
    object: Annotated[str | None, typer.Option(help="Which kinds, separated by commas: company, person, deal.")] = None,
) -> None:
    """Proposes field mappings beyond those configured, best first, with the reasons.  Writes nothing.

    Prints lines to paste into the configuration.  Reads at most 300 records a side, and prints none of their values.

    Example: smarketing map suggest --object person
    """
    kinds = arguments.kinds(object or ",".join(RECORDS))
    if wrong := [kind for kind in kinds if kind not in RECORDS]:
        raise typer.BadParameter(f"--object: no fields are suggested for {wrong[0]}; choose from: {', '.join(RECORDS)}")
    settings = ui.settings()
    sides = compose.connectors(settings, ui.world())
    found: dict[str, tuple[Sample, list[Suggestion]]] = {}
    with remembered(settings) as state:
        settings, lacking = offered(settings, sides, state)
        for rule in rules(settings, kinds):
            looked = sample(sides, rule, state)
            taken = {*getattr(settings, rule.kind).all_fields, *(field.name for field in rule.fields)}
            found[rule.kind] = looked, suggest(looked.sides, taken, RECORDS[rule.kind])
    calls = {name: side.usage().calls for name, side in sides.items()}
    if ui.json:
        ui.document({"kinds": {kind: _document(*some) for kind, some in found.items()}, "calls": calls})
        return
    for kind, (looked, suggestions) in found.items():
        _show(kind, looked, suggestions)
    if out := [kind for kind in kinds if kind not in found and kind not in lacking]:
        ui.err.print(f"Not looked at, because sync = false: {', '.join(out)}.", markup=False)
    if lacking:
        ui.err.print(sentence(lacking), markup=False)
    spent = " and ".join(f"{many:,} to {SIDES[name]}" for name, many in calls.items())
    ui.err.print(f"Calls: {spent}. Nothing was written; `smarketing check` says whether a mapping works.", markup=False)


def _document(looked: Sample, suggestions: list[Suggestion]) -> dict[str, Any]:
    return {
        "linked": looked.linked,
        "read": looked.read,
        "suggestions": [
            {
                "field": one.name,
                "settings": one.settings(),
                "line": one.line(),
                "score": one.score,
                "reasons": one.reasons,
            }
            for one in suggestions
        ],
    }


def _show(kind: str, looked: Sample, suggestions: list[Suggestion]) -> None:
    records = RECORDS[kind]
    if looked.linked:
        basis = f"Linked {records} looked at: {looked.linked:,}."
    else:
        first = " and ".join(f"{many:,} in {SIDES[name]}" for name, many in looked.read.items())
        basis = f"No {records} are linked yet, so the first of each side were looked at: {first}."
    many = f"{len(suggestions):,} suggestion{'' if len(suggestions) == 1 else 's'}" if suggestions else "no suggestions"
    lines = [f"# {kind}: {many}. {basis}"]
    if suggestions:
        lines.append(f"[{kind}.fields]")
    for one in suggestions:
        lines += [f"# {one.score:.2f}: {', '.join(one.reasons)}", one.line()]
    ui.out.print("\n".join(lines) + "\n", markup=False, highlight=False, soft_wrap=True)
