"""What people need, and whether there is content that answers it."""

from __future__ import annotations

from collections.abc import Sequence

from insight.catalogue import Piece
from insight.reports.document import NONE, Cell, Document, Period, Row, count, text
from insight.reports.facts import Facts, Person
from insight.reports.funnel import cohort

DEMAND = 5
"""So many people with a need to which nothing answers are a gap."""


def needs(facts: Facts, period: Period, pieces: Sequence[Piece], buyers: dict[str, str]) -> Document:
    """By need and stage of the buyer: who has it, and what there is to show.  buyers: stage → of the buyer."""
    asked: dict[tuple[str, str], list[str]] = {}
    for person in cohort(facts, period):
        for need in dict.fromkeys(person.needs):
            asked.setdefault((need, _buyer(person, buyers)), []).append(person.entity)
    totals: dict[str, int] = {}
    for (need, _), people in asked.items():
        totals[need] = totals.get(need, 0) + len(people)
    order = sorted(asked, key=lambda key: (-totals[key[0]], key[0], -len(asked[key]), key[1]))
    rows = [_row(need, buyer, asked[need, buyer], pieces, totals[need]) for need, buyer in order]
    notes = (
        "Needs are what the field pain_points of people says, from forms or from sales, of those first known in the "
        "period; content: pieces of [insight] content with that topic, for this stage of the buyer or for all.",
        f"gap: at least {DEMAND} people need it and nothing answers: write it.",
    )
    return Document("needs", period, ("need", "stage", "people", "content", "gap"), tuple(rows), notes, ("people",))


def _buyer(person: Person, buyers: dict[str, str]) -> str:
    return buyers.get(person.way[-1].stage, "") if person.way else ""


def _row(need: str, buyer: str, people: list[str], pieces: Sequence[Piece], total: int) -> Row:
    about = [piece for piece in pieces if piece.topic.casefold() == need.casefold()]
    fitting = [piece.title for piece in about if piece.stage in ("", buyer)]
    gap = (
        "gap" if not about and total >= DEMAND else "gap at this stage" if not fitting and len(people) >= DEMAND else ""
    )
    return {
        "need": text(need),
        "stage": text(buyer or NONE),
        "people": count(people),
        "content": Cell("; ".join(fitting)),
        "gap": Cell(gap),
    }
