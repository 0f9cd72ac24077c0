"""A plan as people see it: on a terminal, as a table for a spreadsheet, as one page for a browser."""

from __future__ import annotations

import csv
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.table import Table
from rich.text import Text

from state.rows import OperationRow
from sync.console.show import HELD_QUESTIONS, SIDES, by_cause, cell, errors, grid, review_json, shown
from sync.decide.counts import ARCHIVES, CLEARS, CREATES, EFFECTS, LINKS, OPT_OUTS, UPDATES, Counts, effect
from sync.spool import Spool
from sync.trust.dry import DryRun
from sync.trust.estimate import Cost
from sync.trust.plans import line_of, summary

ASIDE = {
    "duplicate": "further records of somebody who has one already: never merged, listed for you to decide.",
    "shared": "records with the mailbox of a role or of several people: linked with nobody.",
    "parked": "records that wait for what they belong to: they follow by themselves once it is there.",
}

EFFECT_WORDS = {
    CREATES: "new records",
    UPDATES: "changed",
    CLEARS: "changed, a value becomes blank",
    ARCHIVES: "put into the bin",
    LINKS: "only our own fields: its counterpart, the stage",
    OPT_OUTS: "only opt-outs",
}
GRAVEST_FIRST = (ARCHIVES, CLEARS, CREATES, UPDATES, OPT_OUTS, LINKS)
COLUMNS = ("id", "object", "side", "action", "record", "who", "field", "old", "new", "rule", "why")
A_CHUNK = 1_000
"""Writes in one piece of a page."""
FAST = 1
"""zlib's level: pages are the same size within a fifth at any, and this one takes a third of the time."""
SAMPLES = 3
"""Of each effect, shown where no script runs."""


class Shown(NamedTuple):
    """A plan, and what it would cost."""

    dry: DryRun
    cost: Mapping[str, Cost]

    def held(self) -> Iterator[dict[str, Any]]:
        """What is not written, and why."""
        return (review_json(review) for review in self.dry.questions)

    def summary(self) -> dict[str, Any]:
        """The counts."""
        return summary(self.dry, self.cost)


def plan(console: Console, planned: Shown, sample: int = 3) -> None:
    """Counts first, then so many of each effect."""
    dry = planned.dry
    counts = grid("What a sync would write", "side", "what", "effect", "records")
    for kind, side, what in sorted(dry.counts, key=lambda where: (*where[:2], EFFECTS.index(where[2]))):
        counts.add_row(SIDES.get(side, side), kind, EFFECT_WORDS[what], f"{dry.counts[kind, side, what]:,}")
    console.print(counts if dry.counts else "[green]Nothing to write: both sides agree.[/green]")
    replaced = [(side, kind, many) for (kind, side, _), many in sorted(dry.replaced.items())]
    for side, kind, many in replaced:
        console.print(f"{many:,} of them replace or clear a value of a {kind} in {SIDES.get(side, side)}.")
    some(console, samples(dry, sample), len(dry.operations))
    kept = [review for review in dry.questions if review.question in HELD_QUESTIONS]
    if kept:
        errors(console, kept, title="Held: not written until someone acts")
    aside = Counter(review.question for review in dry.questions if review.question not in HELD_QUESTIONS)
    for question, count in sorted(aside.items()):
        console.print(f"{count:,} {ASIDE.get(question, question)}")
    for side, one in planned.cost.items():
        if one.records:
            took = f"about {one.calls:,} API calls, {max(1, round(one.seconds)):,} s at the allowed rate"
            took += f"; {one.history:,} of the calls ask what people were before" if one.history else ""
            console.print(f"{SIDES.get(side, side)}: {one.records:,} records, {took}")


def some(console: Console, shown: Sequence[OperationRow], of: int) -> None:
    """A few writes, field by field."""
    if shown:
        table = grid(f"{len(shown)} of {of:,}; all of them with --json", "record", "field", "old", "new", "because")
        for operation in shown:
            _operation(table, operation)
        console.print(table)


class Counted(Protocol):
    """Writes, and what they would do."""

    counts: Counts
    operations: Spool[OperationRow]


def samples(plan: Counted, each: int) -> list[OperationRow]:
    """The first of every effect, the gravest effect first."""
    found: dict[str, list[OperationRow]] = {what: [] for what in GRAVEST_FIRST}
    full = {what for what in found if not any(where[2] == what for where in plan.counts)}
    for operation in plan.operations:
        few = found[what := effect(operation)]
        if len(few) < each:
            few.append(operation)
        if len(few) == each:
            full.add(what)
            if len(full) == len(found):
                break
    return [operation for few in found.values() for operation in few]


def _operation(table: Table, operation: OperationRow) -> None:
    first = f"{SIDES.get(operation.system, operation.system)} {operation.object}\n{operation.id or 'a new record'}"
    told = operation.basis["fields"]
    if operation.verb == "create":
        values = Text(", ").join(Text(f"{name} ", style="dim") + shown(v) for name, v in operation.fields.items())
        sources = {told[name]["why"] for name in operation.fields}
        table.add_row(first, f"{len(operation.fields)} fields", "", values, Text("; ".join(sorted(sources))))
        return
    for name, value in operation.fields.items():
        why = told.get(name, {})
        because = Text(f"{why.get('why') or ''} ({why.get('rule') or ''})")
        table.add_row(first, name.removeprefix("@"), shown(why.get("old")), shown(value), because)
        first = ""


def write_csv(path: Path, dry: DryRun) -> None:
    """One line a field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in map(line_of, dry.operations):
            about = [line[name] for name in COLUMNS[:6]]
            for name, change in line["fields"].items():
                values = [*about, name, *(change[part] for part in COLUMNS[7:])]
                writer.writerow([cell(value) for value in values])


def write_html(path: Path, planned: Shown, made: str) -> None:
    """One file that needs no other: counts to read at once, every write to page through and to search."""
    house = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = house.get_template("plan.html")
    counts = [
        (SIDES.get(side, side), kind, EFFECT_WORDS[what], many)
        for (kind, side, what), many in sorted(planned.dry.counts.items())
    ]
    told = {
        "made": made,
        "counts": counts,
        "fields": sorted(planned.summary()["fields"].items(), key=lambda found: -found[1]),
        "causes": by_cause([one for one in planned.dry.questions if one.question in HELD_QUESTIONS]),
        "samples": [_compact(operation) for operation in samples(planned.dry, SAMPLES)],
        "effects": EFFECT_WORDS,
        "operations": _chunks(map(_compact, planned.dry.operations)),
        "held": _chunks(planned.held()),
        "total": len(planned.dry.operations),
        "kept": len(planned.dry.questions),
    }
    with path.open("w", encoding="utf-8") as file:
        file.writelines(page.generate(told))


def _compact(operation: OperationRow) -> dict[str, Any]:
    """A line without what every line says: [old, new, because] for each field."""
    line = line_of(operation)
    fields = {
        name: [change["old"], change["new"], f"{change['why'] or ''} ({change['rule'] or ''})"]
        for name, change in line["fields"].items()
    }
    about = {name: line[name] for name in ("side", "record", "action", "who")}
    return {**about, "fields": fields, "effect": effect(operation)}


class Chunk(NamedTuple):
    """A piece of the page: lines of JSON, compressed, in letters that cannot end it."""

    lines: int
    text: str


def _chunks(values: Iterator[Mapping[str, Any]]) -> Iterator[Chunk]:
    """Many lines in one piece, so that a browser unpacks no more than it shows or searches."""
    while lines := [orjson.dumps(value, default=str) for value in islice(values, A_CHUNK)]:
        yield Chunk(len(lines), b64encode(zlib.compress(b"\n".join(lines), FAST)).decode())
