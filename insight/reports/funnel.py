"""The funnel from first contact to customer: who came to each stage, who went on, and how long it took.

*Strict* counts only what somebody said: a stage that was skipped was never entered.  *Inferred* counts whoever came to
the stage or beyond it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from insight.reports.document import (
    INTERVAL,
    TOO_FEW,
    Document,
    Period,
    Row,
    count,
    grouped,
    middle,
    quarter,
    share,
    text,
)
from insight.reports.facts import Facts, Person, day_of

DAY_MS = 86_400_000
GROUPS: dict[str, Callable[[Person], str]] = {
    "source": lambda person: person.source,
    "persona": lambda person: person.persona,
    "lead_type": lambda person: person.lead_type,
    "owner": lambda person: person.owner,
}
"""By what the funnel may be divided."""


def cohort(facts: Facts, period: Period) -> list[Person]:
    """The people who were first known in the period."""
    return [p for p in facts.people if period.holds(day_of(p.created) if p.created is not None else None)]


def funnel(facts: Facts, period: Period, by: str = "") -> Document:
    """Stage by stage, for the people who were first known in the period; by: source, persona, lead_type or owner."""
    people = cohort(facts, period)
    groups = grouped(people, lambda p: (GROUPS[by](p),)) if by else {("",): people}
    rows = [
        ({by: text(key[0])} if by else {}) | row for key, members in groups.items() for row in _stages(facts, members)
    ]
    columns = (
        *((by,) if by else ()), "stage", "strict", "strict_rate", "inferred", "inferred_rate", "here_now",
        "days_median", "days_p75",
    )  # fmt: skip
    notes = (
        "The cohort: people first known in the period, whatever happened to them since.",
        "strict: entered the stage by what somebody said; inferred: came to it or beyond it, skipped stages included.",
        "The rates are shares of those of the stage before (of the first stage: of all people); "
        "days: from entering a stage to entering the next one that was entered.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("funnel", period, columns, tuple(rows), notes, charts=("strict", "inferred"))


def _stages(facts: Facts, people: Sequence[Person]) -> Iterator[Row]:
    strict = inferred = tuple(person.entity for person in people)
    for stage in facts.stages:
        said = [person for person in people if facts.reached(person, stage, strict=True)]
        came = [person for person in people if facts.reached(person, stage)]
        before = set(strict)
        days = {p.entity: spent for p in said if (spent := _days_in(p, stage)) is not None}
        went_on = [person.entity for person in said if person.entity in before]
        yield {
            "stage": text(stage),
            "strict": count(p.entity for p in said),
            "strict_rate": share(went_on, strict),
            "inferred": count(p.entity for p in came),
            "inferred_rate": share((p.entity for p in came), inferred),
            "here_now": count(p.entity for p in people if _stands_at(p) == stage),
            "days_median": middle(list(days.values()), days),
            "days_p75": quarter(list(days.values()), days),
        }
        strict, inferred = tuple(p.entity for p in said), tuple(p.entity for p in came)


def _stands_at(person: Person) -> str:
    return person.way[-1].stage if person.way else ""


def _days_in(person: Person, stage: str) -> float | None:
    """From entering this stage to entering the next one; None: not left yet, or not known."""
    times = [step.at for step in person.way]
    for place, step in enumerate(person.way):
        if step.stage == stage and not step.inferred:
            later = next((at for at in times[place + 1 :] if at is not None), None)
            return (later - step.at) / DAY_MS if later is not None and step.at is not None else None
    return None
