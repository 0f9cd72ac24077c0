"""One person scored: fit, engagement, priority and probability, and why; and when a score is worth writing.

The same for one person and for all, in a batch and one by one: nothing but the person's own facts and touches counts.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from insight.score.cases import behaviour
from insight.score.fit import Facts, FitRule, Persona, fit, persona, told
from insight.score.model import RULES, Model
from insight.score.points import DAY, Reason, Scheme, engagement
from insight.score.priority import CUTS, HOT, Cuts, foremost, priority
from insight.touches import Touch

FIT, ENGAGEMENT, PRIORITY = "@fit_score", "@engagement_score", "@priority"
PROBABILITY, REASONS, MODEL, SCORED_AT = "@win_probability", "@score_reasons", "@score_model", "@scored_at"
NUMBERS = (FIT, ENGAGEMENT, PROBABILITY)
ACCOUNT, HOT_PEOPLE = "@account_engagement", "@hot_people"
PERSONA, FUNCTION, LEVEL = "@persona", "@job_function", "@job_level"
NAMES = (FIT, ENGAGEMENT, PRIORITY, PROBABILITY, REASONS, MODEL, SCORED_AT)
STEP = 5
"""A score that moved by less is not written."""
WEEK = 7 * DAY
"""So long what moved by less may wait."""


class Person(NamedTuple):
    """What is known of one person."""

    entity: str
    facts: Facts
    touches: Sequence[Touch] = ()
    since: int = 0
    """When the person was last recycled, ms: what was done before counts no more."""


class Scored(NamedTuple):
    """What comes of it."""

    fit: int
    engagement: int
    priority: str
    probability: int | None
    """Per cent."""
    reasons: tuple[Reason, ...]
    """Of fit and engagement, in their points: three that raise, two that lower."""
    learned: tuple[Reason, ...] = ()
    """Of the probability, in percentage points."""
    model: str = RULES
    persona: str | None = None
    job: tuple[str | None, str | None] = (None, None)
    """Function and level."""

    def kind(self) -> dict[str, str | None]:
        """What kind of person it is, by the names of our own fields: only other facts change it."""
        return {PERSONA: self.persona, FUNCTION: self.job[0], LEVEL: self.job[1]}

    def values(self) -> dict[str, Any]:
        """By the names of our own fields, without the time."""
        lines = [str(reason) for reason in self.reasons]
        if self.probability is not None and self.learned:
            why = ", ".join(map(str, self.learned))
            lines.append(f"Chance to win {self.probability} %: {why}")
        return {
            FIT: self.fit,
            ENGAGEMENT: self.engagement,
            PRIORITY: self.priority,
            PROBABILITY: self.probability,
            REASONS: "\n".join(lines) or None,
            MODEL: self.model,
        }


@dataclass(frozen=True)
class Scorer:
    """Everything by which people are scored."""

    scheme: Scheme
    rules: Sequence[FitRule] = ()
    personas: Sequence[Persona] = ()
    cuts: Cuts = CUTS
    model: Model | None = None
    """Of deals won."""

    def score(self, person: Person, now: int) -> Scored:
        """now: ms."""
        facts = told(person.facts)
        fits = fit(self.rules, facts, self.lifted(person, facts, now))
        active = engagement(self.scheme, person.touches, now, person.since)
        values = self.values(person, facts, now)
        chance = self.model.probability(values) if self.model else None
        engaged = round(active.score)
        return Scored(
            fits.score,
            engaged,
            priority(fits.score, engaged, self.cuts),
            None if chance is None else round(100 * chance),
            foremost((*fits.reasons, *active.reasons)),
            foremost(self.model.reasons(values)) if self.model else (),
            self.model.name if self.model else RULES,
            persona(self.personas, facts),
            (facts["job_function"], facts["job_level"]),
        )

    def lifted(self, person: Person, facts: Facts, now: int) -> Sequence[Reason]:
        """What the model adds to fit."""
        return self.model.lifted(self.values(person, facts, now)) if self.model else ()

    def values(self, person: Person, facts: Facts, now: int) -> Mapping[str, Any]:
        """The columns that the model asks for."""
        if self.model is None or not self.model.columns:
            return {}
        return {**facts, **behaviour(self.scheme, person.touches, now)}


def due(before: Mapping[str, Any], after: Mapping[str, Any], now: int) -> bool:
    """Whether a score is worth writing.  before: what was written, by the names of our own fields; {}: nothing."""
    if before.get(PRIORITY) != after[PRIORITY] or moved(before, after) >= STEP:
        return True
    return any(before.get(name) != value for name, value in after.items()) and now - before[SCORED_AT] >= WEEK


def moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> int:
    """The most that one of the numbers differs; what comes or goes moves the whole way."""
    return max(_apart(before.get(name), after[name]) for name in NUMBERS)


def _apart(was: int | None, is_: int | None) -> int:
    if was is None or is_ is None:
        return 0 if was is is_ else 100
    return abs(is_ - was)


class Change(NamedTuple):
    """A score that time changed; the smaller, the more it matters."""

    same: bool
    """The priority is what it was."""
    moved: int
    """How far the numbers are below what was written: the more, the smaller."""
    at: int
    """When it was written last."""
    entity: str


def change(entity: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """How much this change of a score matters."""
    return Change(before.get(PRIORITY) == after[PRIORITY], -moved(before, after), before.get(SCORED_AT, 0), entity)


def of_today(changes: Iterable[Change], people: int) -> list[Change]:
    """Of those that mere time changed, the ones to write today: a seventh of all people at most, what matters first."""
    return heapq.nsmallest(max(1, people // 7), changes)


def account(people: Iterable[tuple[int, str]]) -> tuple[int, int]:
    """(how much the people of a company do, 0 to 100; how many of them are hot); people: (engagement, priority)."""
    idle, hot = 1.0, 0
    for active, tier in people:
        idle *= 1 - active / 100
        hot += tier in HOT
    return round(100 * (1 - idle)), hot
