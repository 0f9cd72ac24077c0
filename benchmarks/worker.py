"""One measurement in a process of its own, so that processor time and memory are its own.

`python -m benchmarks.worker KIND PEOPLE STATE` prints the figures as a JSON list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

import orjson

from benchmarks.figures import Figure, of_life, of_limited, of_scores
from benchmarks.lives import life, limited
from benchmarks.plans import planned
from benchmarks.scores import scored
from benchmarks.stand import stand
from benchmarks.upserts import upsert_us


def measure(kind: str, people: int, state: str) -> Iterator[Figure]:
    """`kind`: life, limited, scores, plan (`people` writes) or upserts (`people` rows)."""
    if kind == "plan":
        yield from planned(state, people)
        return
    if kind == "upserts":
        new, known = upsert_us(state, people)
        name, goal, floor = ("SQLite", 15, 30) if state.startswith("sqlite") else ("PostgreSQL", 10, 25)
        yield Figure(f"{name}: CPU per new row with its key", new, "us", goal, floor)
        yield Figure(f"{name}: CPU per row seen again", known, "us", goal, floor)
        return
    if kind == "scores":
        first, next_day = scored(state, people)
        yield from of_scores(people, first, next_day)
        return
    with stand(people) as served:
        if kind == "life":
            yield from of_life(life(served, state, people))
        else:
            yield from of_limited(limited(served, state, people))


if __name__ == "__main__":
    figures = [asdict(figure) for figure in measure(sys.argv[1], int(sys.argv[2]), sys.argv[3])]
    sys.stdout.buffer.write(orjson.dumps(figures) + b"\n")
