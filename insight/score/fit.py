"""Fit: whether somebody is the kind of person who buys, by rules on what is known of the person and the company.

Time does not change it: only facts do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from insight.score.points import Reason
from insight.score.titles import job
from mapping.conditions import Condition
from mapping.mailboxes import FREE_MAIL

Facts = Mapping[str, Any]
"""Canonical field → value: the person's by their own names, the company's as `company_NAME`."""

OF_JOB = ("job_function", "job_level")
"""What is told from the title."""


@dataclass(frozen=True)
class FitRule:
    """One reason for or against a person."""

    holds: Condition
    points: int
    why: str
    """In words, as people read it among the reasons."""


@dataclass(frozen=True)
class Fit:
    """How well a person fits, and why."""

    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Persona:
    """One sort of people that the company sells to."""

    name: str
    holds: Condition


def told(facts: Facts) -> dict[str, Any]:
    """The facts, with what the title and the address tell."""
    title, email = facts.get("title"), facts.get("email")
    function, level = job(title) if isinstance(title, str) else (None, None)
    address = email if isinstance(email, str) else ""
    return {
        **facts,
        "job_function": function,
        "job_level": level,
        "has_email": bool(address),
        "free_mail": address.rpartition("@")[2].lower() in FREE_MAIL,
    }


def fit(rules: Iterable[FitRule], facts: Facts, learned: Sequence[Reason] = ()) -> Fit:
    """The sum of the rules that hold, and of what was learned, between 0 and 100.  facts: as `told` tells them."""
    reasons = [Reason(rule.why, rule.points) for rule in rules if rule.holds(facts)]
    reasons += learned
    return Fit(min(100, max(0, sum(reason.points for reason in reasons))), tuple(reasons))


def persona(personas: Iterable[Persona], facts: Facts) -> str | None:
    """The first persona that the person is of."""
    return next((one.name for one in personas if one.holds(facts)), None)
