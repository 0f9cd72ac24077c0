"""Cases for tests: people of whom it is known what became of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from insight.score.cases import Case, Goal
from insight.score.points import DAY

START = 1_700_000_000_000
GOAL = Goal("won", 30 * DAY)
SHARED = Path(os.environ.get("SMARKETING_SHARED", Path(__file__).parents[3] / "shared")) / "datasets"
LEADS = SHARED / "xeducation" / "xeducation_leads.csv"
NUMBERS = ("TotalVisits", "Total Time Spent on Website", "Page Views Per Visit")
LEAKING = (
    "Tags", "Lead Quality", "Lead Profile", "Last Notable Activity", "Asymmetrique Activity Index",
    "Asymmetrique Profile Index", "Asymmetrique Activity Score", "Asymmetrique Profile Score",
)  # fmt: skip
"""What people and tools said of a lead after or around the outcome."""
_NO_COLUMN = ("", "Prospect ID", "Lead Number", "Converted")


def case(i: int, facts: Mapping[str, Any], won: bool, **more: Any) -> Case:
    """The i-th person, who came on the i-th hour and was won or lost within a day."""
    at = START + i * DAY // 24
    return Case(f"p{i}", at, facts, at + DAY if won else None, None if won else at + DAY, **more)


def planted(n: int, seed: int = 1, base: float = 0.3) -> list[Case]:
    """Cases of which `trade` tells much, `size` tells something, and `colour` nothing."""
    dice = Random(seed)
    cases = []
    for i in range(n):
        trade, size = dice.choice("abcd"), dice.randint(1, 200)
        chance = base * {"a": 2.4, "b": 1.0, "c": 0.5, "d": 0.1}[trade] * (0.7 + size / 330)
        facts = {"trade": trade, "size": size, "colour": dice.choice(["red", "green", "blue"])}
        cases.append(case(i, facts, dice.random() < chance))
    return cases


@cache
def leads() -> tuple[Case, ...]:
    """The real leads, the earliest first."""
    with LEADS.open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["Lead Number"]))
    return tuple(
        case(
            i, {name: _value(name, raw) for name, raw in row.items() if name not in _NO_COLUMN}, row["Converted"] == "1"
        )
        for i, row in enumerate(rows)
    )


def _value(name: str, raw: str) -> Any:
    text = raw.strip()
    if text in ("", "Select"):
        return None
    return float(text) if name in NUMBERS else text
