"""What may not be learned from is found, and refused by name."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from insight.score.cases import Case
from insight.score.leaks import by_name, by_separation, by_time, free_text, refusals
from insight.score.learn import learn
from insight.score.points import DAY
from tests.score.make import GOAL, START, planted

LATER = START + 10_000 * DAY


def with_field(name: str, value: Any, cases: list[Case], set_after: int | None = None) -> list[Case]:
    """The cases with one more field, filled in where the goal was reached."""
    return [
        c._replace(
            facts={**c.facts, name: value if c.reached else None},
            set_at={name: (c.reached or c.at) + set_after} if set_after is not None else {},
        )
        for c in cases
    ]


def excluded(cases: list[Case]) -> dict[str, str]:
    return {one["name"]: one["why"] for one in learn(cases, GOAL, LATER).card["excluded"]}


@pytest.mark.parametrize("n", [150, 1200])
def test_a_field_that_is_filled_in_after_the_sale_is_refused_by_name(n: int) -> None:
    cases = with_field("contract number", "yes", planted(n))
    assert "contract number" in excluded(cases)


def test_when_it_was_set_shows_it_even_where_it_divides_little() -> None:
    cases = planted(400)
    late = [
        c._replace(facts={**c.facts, "note": "x"}, set_at={"note": (c.reached or c.closed or 0) + DAY})
        if i % 3 == 0 else c
        for i, c in enumerate(cases)
    ]  # fmt: skip
    assert excluded(late)["note"] == "set after the outcome in 134 of 134 cases"


def test_what_was_set_between_the_beginning_and_the_end_is_not_known_before() -> None:
    cases = [c._replace(set_at={"size": c.at + DAY // 2}) for c in planted(100)]
    assert "what it said before is not known" in (by_time("size", cases) or "")


def test_what_was_set_before_may_be_used() -> None:
    assert by_time("size", [c._replace(set_at={"size": c.at - 1}) for c in planted(100)]) is None


def test_half_the_won_having_a_mark_that_nobody_else_has_is_too_sharp() -> None:
    cases = planted(1200)
    so = np.array([c.reached is not None for c in cases])
    dice = Random(4)
    marks = ["m" if won and dice.random() < 0.5 else "n" for won in so]
    assert "implausibly sharp" in (by_separation(marks, so) or "")


def test_a_strong_honest_field_is_not_refused() -> None:
    cases = planted(1200)
    so = np.array([c.reached is not None for c in cases])
    assert by_separation([c.facts["trade"] for c in cases], so) is None
    dice = Random(4)
    strong = ["m" if dice.random() < (0.85 if won else 0.15) else "n" for won in so]
    assert by_separation(strong, so) is None


@pytest.mark.parametrize(
    "name",
    [
        "first_name", "FirstName", "age", "Age Group", "date_of_birth", "gender", "Sex", "salutation", "nationality",
        "email", "phone", "owner", "stage", "lead_status", "disqualify_reason", "Tags", "Lead Quality", "Lead Profile",
        "Asymmetrique Activity Index", "Asymmetrique Profile Score", "Last Notable Activity", "lost_reason",
    ],
)  # fmt: skip
def test_names_that_are_not_learned_from(name: str) -> None:
    assert by_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Lead Source", "TotalVisits", "Page Views Per Visit", "Do Not Email", "Last Activity", "country", "city",
        "company_industry", "company_employees", "job_level", "job_function", "budget", "How did you hear about us",
        "Magazine", "Specialization", "Total Time Spent on Website", "What is your current occupation",
    ],
)  # fmt: skip
def test_names_that_may_be(name: str) -> None:
    assert by_name(name) is None


def test_free_text_is_not_learned_from() -> None:
    assert free_text([f"wrote about {i}" for i in range(50)])
    assert free_text(["a", "b"] * 50) is None


def test_types_that_are_not_learned_from() -> None:
    cases = planted(60)
    so = np.array([c.reached is not None for c in cases])
    columns = {"remark": ["x"] * 60, "trade": [c.facts["trade"] for c in cases]}
    assert [one.name for one in refusals(columns, cases, so, {"remark": "long_text"})] == ["remark"]
