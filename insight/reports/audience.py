"""With whom sales has success: each persona beside the others, and what sets those who were won apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from insight.ratio import Ratio
from insight.reports.document import INTERVAL, TOO_FEW, Cell, Document, Period, Row, count, grouped, share, text
from insight.reports.facts import Facts, Person
from insight.reports.funnel import cohort
from insight.reports.marketing import ENTRY_NOTE, SEEN
from mapping.deals import WON

UNASSIGNED = "(unassigned)"
MONTH = 30 * 86_400_000
STEPS = 3
"""So many first kinds of touches are told of a way."""


def personas(facts: Facts, period: Period) -> Document:
    """By persona: how many people, how far they came, what they brought, and how that was in the span before."""
    people = cohort(facts, period)
    before = grouped(cohort(facts, earlier), _persona) if (earlier := period.before()) is not None else {}
    everybody = [person.entity for person in people]
    rows = [_row(facts, key[0], of, everybody, before.get(key, ())) for key, of in grouped(people, _persona).items()]
    if rows:
        rows.append(_row(facts, "total", people, everybody, [p for some in before.values() for p in some]))
    notes = (
        ENTRY_NOTE,
        f"{UNASSIGNED}: nobody's persona fits; deals won there are a hint that a persona is missing.",
        "sql: of those who came to mql; before: the share won of those first known in the span of time before.",
        INTERVAL,
        TOO_FEW,
    )
    columns = ("persona", "people", "share", "mql", "sql", "won", "deals_won", "revenue", "before")
    return Document("personas", period, columns, tuple(rows), notes, charts=("people",))


def _persona(person: Person) -> tuple[str]:
    return (person.persona or UNASSIGNED,)


def _row(facts: Facts, name: str, people: Sequence[Person], all_: Sequence[str], before: Sequence[Person]) -> Row:
    here = [person.entity for person in people]
    mql = [p.entity for p in people if facts.reached(p, "mql")]
    deals = {d.entity: d for p in people for d in facts.deals_of.get(p.entity, ()) if d.outcome == WON}
    return {
        "persona": text(name),
        "people": count(here),
        "share": share(here, all_),
        "mql": share(mql, here),
        "sql": share((p.entity for p in people if facts.reached(p, "sql") and p.entity in set(mql)), mql),
        "won": share((p.entity for p in people if facts.won(p)), here),
        "deals_won": count(deals),
        "revenue": Cell(facts.revenue(list(deals.values())), tuple(deals)),
        "before": share((p.entity for p in before if facts.won(p)), [p.entity for p in before]),
    }


def profile(facts: Facts, period: Period) -> Document:
    """What was so of the people who were won, and how much oftener than of the others."""
    people = cohort(facts, period)
    winners = [person.entity for person in people if facts.won(person)]
    won = set(winners)
    others = [person.entity for person in people if person.entity not in won]
    so: dict[tuple[str, str], list[str]] = {}
    for person in facts.touched(people):
        for trait in _traits(facts, person, person.entity in won):
            so.setdefault(trait, []).append(person.entity)
    rows = [_trait(*trait, [e for e in of if e in won], winners, [e for e in of if e not in won], others)
            for trait, of in so.items()]  # fmt: skip
    rows.sort(key=lambda row: (str(row["what"].value), -len(row["won"].records), str(row["value"].value)))
    notes = (
        ENTRY_NOTE,
        "won: of the people who were won, for whom it was so; others: the same of everybody else; lift: the one share "
        "divided by the other.",
        "touches and content: what winners did before their deal was made, the others until now; lately: in the 30 "
        f"days before the last of that; way: the first {STEPS} kinds of touches.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("profile", period, ("what", "value", "won", "others", "lift"), tuple(rows), notes)


def _traits(facts: Facts, person: Person, won: bool) -> Iterator[tuple[str, str]]:
    """(what, value) of everything that is so of a person."""
    yield "persona", person.persona or UNASSIGNED
    for what, value in (("source", person.source), ("lead type", person.lead_type), ("first page", person.page)):
        if value:
            yield what, value
    made = [d.created for d in facts.deals_of.get(person.entity, ()) if d.outcome == WON and d.created] if won else []
    end = min(made, default=None)
    touches = [touch for touch in person.touches if touch.by == "buyer" and (end is None or touch.at <= end)]
    yield "touches", _how_many(len(touches))
    yield "content", _how_many(len({touch.url or touch.title for touch in touches if touch.sort in SEEN}))
    if touches:
        yield "lately", _how_many(sum(touch.at > touches[-1].at - MONTH for touch in touches))
        yield "way", " → ".join(list(dict.fromkeys(touch.sort.replace("_", " ") for touch in touches))[:STEPS])


def _how_many(n: int) -> str:
    return str(n) if n < 2 else "2 to 4" if n < 5 else "5 to 9" if n < 10 else "10 or more"


def _trait(
    what: str, value: str, won: Sequence[str], winners: Sequence[str], other: Sequence[str], others: Sequence[str]
) -> Row:
    a, b = Ratio(len(won), len(winners)), Ratio(len(other), len(others))
    lift = a.value / b.value if a.value is not None and b.value and not a.few and not b.few else None
    return {
        "what": text(what),
        "value": text(value),
        "won": share(won, winners),
        "others": share(other, others),
        "lift": Cell(lift, (*won, *other)),
    }
