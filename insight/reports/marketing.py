"""What marketing's sources, pages and content brought: leads, qualified people, deals and revenue from one cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from insight.catalogue import Piece
from insight.ratio import Ratio
from insight.reports.document import (
    INTERVAL,
    NONE,
    TOO_FEW,
    Cell,
    Document,
    Period,
    Row,
    count,
    grouped,
    share,
    text,
)
from insight.reports.facts import Facts, Person
from insight.reports.funnel import cohort
from mapping.deals import WON

ENTRY_NOTE = "The cohort: people first known in the period; what they became counts whenever it happened."
GOOD = ("A1", "A2", "B1")
"""Priorities that are worth a call."""
SEEN = ("visit", "page_view", "form", "email_click")
"""Touches in which content is seen."""
TRAITS: dict[str, Callable[[Piece], str]] = {
    "type": lambda piece: piece.type,
    "topic": lambda piece: piece.topic,
    "stage": lambda piece: piece.stage,
    "persona": lambda piece: piece.persona,
}
"""What pieces of content have in common."""


def sources(facts: Facts, period: Period) -> Document:
    """By traffic source and its drill-down."""
    return _brought(facts, period, "sources", ("source", "detail"), lambda p: (p.source, p.detail))


def pages(facts: Facts, period: Period) -> Document:
    """By landing page: the first page that people saw."""
    return _brought(facts, period, "pages", ("page",), lambda p: (p.page,))


def _brought(
    facts: Facts, period: Period, name: str, labels: tuple[str, ...], key: Callable[[Person], tuple[str, ...]]
) -> Document:
    people = cohort(facts, period)
    rows = [
        {label: text(value) for label, value in zip(labels, values, strict=True)} | _row(facts, members)
        for values, members in grouped(people, key).items()
    ]
    if rows:
        rows.append({label: text("total") for label in labels} | _row(facts, people))
    columns = (
        *labels, "leads", "good", "mql", "sql", "won", "won_people", "deals_won", "revenue", "revenue_per_lead",
    )  # fmt: skip
    notes = (
        ENTRY_NOTE,
        f"good: the share with one of the priorities {', '.join(GOOD)} now; mql and sql: who came to that stage or "
        "beyond it; won: the share of people with a deal that was won.",
        f"Money in {facts.currency or 'the currency of most deals'}; a deal of several people counts once in a row "
        "and once in the total, so rows may add up to more.",
        *_other_money(facts),
        INTERVAL,
        TOO_FEW,
    )
    return Document(name, period, columns, tuple(rows), notes, charts=("leads", "won_people"))


def _row(facts: Facts, people: Sequence[Person]) -> Row:
    everybody = tuple(person.entity for person in people)
    won = [person.entity for person in people if facts.won(person)]
    deals = {
        deal.entity: deal for person in people for deal in facts.deals_of.get(person.entity, ()) if deal.outcome == WON
    }
    revenue = facts.revenue(list(deals.values()))
    return {
        "leads": count(everybody),
        "good": share((p.entity for p in people if p.tier in GOOD), everybody),
        "mql": count(p.entity for p in people if facts.reached(p, "mql")),
        "sql": count(p.entity for p in people if facts.reached(p, "sql")),
        "won": share(won, everybody),
        "won_people": count(won),
        "deals_won": count(deals),
        "revenue": Cell(revenue, tuple(deals)),
        "revenue_per_lead": Cell(revenue / len(people) if people else None, everybody),
    }


def _other_money(facts: Facts) -> tuple[str, ...]:
    others = sum(deal.amount is not None and deal.currency != facts.currency for deal in facts.deals)
    return (f"{others} deals in other currencies are counted without their amounts.",) if others else ()


def content(facts: Facts, period: Period, pieces: Sequence[Piece] = (), by: str = "") -> Document:
    """By page or form: what share of those who were won had seen it before, and how much oftener than others had.

    What the winners saw after their deal was made proves nothing and is left out.  by: a trait of the pieces of
    content, by which those who saw any such piece are counted together.
    """
    people = cohort(facts, period)
    winners = tuple(person.entity for person in people if facts.won(person))
    won = set(winners)
    others = tuple(person.entity for person in people if person.entity not in won)
    traits = {name: TRAITS[by](piece) or NONE for piece in pieces for name in (piece.url, piece.title)} if by else {}
    saw: dict[str, tuple[str, set[str]]] = {}
    for person in facts.touched(people):
        end = min(_made(facts, person)) if person.entity in won else None
        for touch in person.touches:
            if touch.by == "buyer" and touch.sort in SEEN and (end is None or touch.at <= end):
                name = touch.url or touch.title
                if by:
                    name = traits.get(touch.url) or traits.get(touch.title) or ""
                if name:
                    saw.setdefault(name, ("" if by else touch.title, set()))[1].add(person.entity)
    rows = [_influence(name, title, seen, winners, others) for name, (title, seen) in saw.items()]
    rows.sort(key=lambda row: (-_number(row["won_saw"]), str(row["content"].value)))
    notes = (
        ENTRY_NOTE,
        "won_saw: of the people who were won, who had seen it before their deal was made; others_saw: the same of "
        "everybody else; lift: the one share divided by the other.",
        "That winners saw it more often does not prove that it won them.",
        *(
            (f"By {by}: who saw any piece of [insight] content with it; what is not listed there is left out.",)
            if by
            else ()
        ),
        INTERVAL,
        TOO_FEW,
    )
    columns = ("content", "title", "people", "won_saw", "others_saw", "lift")
    return Document("content", period, columns, tuple(rows), notes, charts=("people",))


def _made(facts: Facts, person: Person) -> list[int]:
    """When the person's deals that were won were made."""
    far = max((touch.at for touch in person.touches), default=0)
    return [d.created if d.created is not None else far for d in facts.deals_of[person.entity] if d.outcome == WON]


def _influence(name: str, title: str, seen: set[str], winners: tuple[str, ...], others: tuple[str, ...]) -> Row:
    of_winners = [entity for entity in winners if entity in seen]
    of_others = [entity for entity in others if entity in seen]
    a, b = Ratio(len(of_winners), len(winners)), Ratio(len(of_others), len(others))
    lift = a.value / b.value if a.value is not None and b.value and not a.few and not b.few else None
    return {
        "content": text(name),
        "title": text(title),
        "people": count(sorted(seen)),
        "won_saw": share(of_winners, winners),
        "others_saw": share(of_others, others),
        "lift": Cell(lift, (*of_winners, *of_others)),
    }


def _number(cell: Cell) -> float:
    value = cell.value
    return (value.value or 0.0) if isinstance(value, Ratio) else 0.0
