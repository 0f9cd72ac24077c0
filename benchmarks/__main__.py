"""`python -m benchmarks`: the speed of the whole loop against two stand-ins, with the goal and floor of each figure."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

HOUSE = Path(__file__).resolve().parent.parent
ROWS = 20_000
LIMITED_PEOPLE = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--people", default="10000,100000", help="sizes, with commas between")
    parser.add_argument("--limited", type=int, default=LIMITED_PEOPLE, help="people under HubSpot's limits; 0: none")
    parser.add_argument("--plan", type=int, help="only a plan of so many writes")
    parser.add_argument("--score", type=int, help="only the scoring of so many people")
    parser.add_argument("--rows", type=int, default=ROWS, help="rows to store in the state")
    parser.add_argument("--state", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    asked = parser.parse_args(arguments)
    sections: dict[str, list[Figure]] = {}
    if asked.plan is not None:
        sections[f"a plan of {asked.plan:,} writes, {asked.state}"] = _measured("plan", asked.plan, asked.state)
        return _say(sections, json=asked.json)
    if asked.score is not None:
        sections[f"{asked.score:,} people scored, {asked.state}"] = _measured("scores", asked.score, asked.state)
        return _say(sections, json=asked.json)
    for people in map(int, asked.people.split(",")):
        sections[f"{people:,} people, without limits, {asked.state}"] = _measured("life", people, asked.state)
    if asked.limited:
        name = f"{asked.limited:,} people, HubSpot's documented limits, {asked.state}"
        sections[name] = _measured("limited", asked.limited, asked.state)
    for engine in ("sqlite", "postgresql"):
        sections[f"the state, {engine}, {asked.rows:,} rows"] = _measured("upserts", asked.rows, engine)
    return _say(sections, json=asked.json)


def _say(sections: Mapping[str, Sequence[Figure]], *, json: bool) -> int:
    """Print what was measured."""
    if json:
        document = {title: [_as_json(figure) for figure in figures] for title, figures in sections.items()}
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        for title, figures in sections.items():
            Console().print(_table(title, figures))
    return 0


def _measured(kind: str, people: int, engine: str) -> list[Figure]:
    """Nothing where there is no PostgreSQL."""
    with _state(engine) as state:
        if state is None:
            return []
        command = [sys.executable, "-m", "benchmarks.worker", kind, str(people), state]
        done = subprocess.run(command, cwd=HOUSE, stdout=subprocess.PIPE, check=True)
        return [Figure(**values) for values in orjson.loads(done.stdout)]


@contextmanager
def _state(engine: str) -> Iterator[str | None]:
    """The address of an empty state, gone at the end."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            yield f"sqlite:///{folder}/state.db"
        return
    from tests.postgres import NoServer, server

    try:
        running = server()
        ready = running.__enter__()
    except NoServer as reason:
        Console(stderr=True).print(f"Without PostgreSQL: {reason}.", markup=False)
        yield None
        return
    try:
        with ready.database() as url:
            yield url
    finally:
        running.__exit__(None, None, None)


def _as_json(figure: Figure) -> dict[str, object]:
    return {
        "figure": figure.what,
        "value": round(figure.value, 3),
        "unit": figure.unit,
        "goal": figure.goal,
        "goal_reached": figure.reaches(figure.goal),
        "floor": figure.floor,
        "floor_reached": figure.reaches(figure.floor),
    }


def _table(title: str, figures: Sequence[Figure]) -> Table:
    table = Table("", "measured", "goal", "floor", "", title=title, title_justify="left")
    for figure in figures:
        value = f"{figure.value:,.2f}" if figure.unit in ("x", "us", "%") else f"{figure.value:,.0f}"
        marks = ["" if mark is None else f"{mark:g}" for mark in (figure.goal, figure.floor)]
        table.add_row(figure.what, f"{value} {figure.unit}".strip(), *marks, _judged(figure))
    return table


def _judged(figure: Figure) -> str:
    if figure.floor is None:
        return ""
    if figure.reaches(figure.goal):
        return "[green]goal"
    return "[yellow]floor" if figure.reaches(figure.floor) else "[red]below the floor"


if __name__ == "__main__":
    sys.exit(main())
