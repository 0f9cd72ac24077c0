"""One funnel from visits to revenue: the same people and period, so that neither end is shown alone."""

from __future__ import annotations

from collections.abc import Sequence

from insight.reports.document import INTERVAL, TOO_FEW, Cell, Document, Period, Row, count, share, text
from insight.reports.facts import Facts
from insight.reports.funnel import cohort
from insight.reports.marketing import ENTRY_NOTE
from mapping.deals import WON

WEB = ("visit", "page_view")


def loop(facts: Facts, period: Period) -> Document:
    """Visits, leads, MQLs, SQLs, opportunities, won people and their revenue, in one table."""
    people = cohort(facts, period)
    visited, views = [], 0
    for person in facts.touched(people):
        seen = sum(touch.by == "buyer" and touch.sort in WEB for touch in person.touches)
        views += seen
        if seen:
            visited.append(person.entity)
    deals = {d.entity: d for p in people for d in facts.deals_of.get(p.entity, ()) if d.outcome == WON}
    revenue = facts.revenue(list(deals.values()))
    everybody = [person.entity for person in people]
    rows = [
        {
            "step": text("visits and page views"),
            "number": Cell(views, tuple(visited)),
            "people": count(visited),
            "of_before": Cell(None),
        },
        _step("leads", everybody, None),
    ]
    before = everybody
    for stage in ("mql", "sql", "opportunity"):
        here = [person.entity for person in people if facts.reached(person, stage)]
        rows.append(_step(stage, here, before))
        before = here
    rows.append(_step("won", [person.entity for person in people if facts.won(person)], before))
    rows.append(
        {"step": text("revenue"), "number": Cell(revenue, tuple(deals)), "people": Cell(None), "of_before": Cell(None)}
    )
    notes = (
        ENTRY_NOTE,
        "Visits are those of people who became known; what nobody's name belongs to is not synchronised.",
        "of_before: of those of the step before, who came this far as well.",
        f"Revenue: of the deals of these people that were won, in {facts.currency or 'the currency of most deals'}.",
        INTERVAL,
        TOO_FEW,
    )
    return Document("loop", period, ("step", "number", "people", "of_before"), tuple(rows), notes, charts=("people",))


def _step(name: str, here: Sequence[str], before: Sequence[str] | None) -> Row:
    of = share((e for e in here if e in set(before)), before) if before is not None else Cell(None)
    return {"step": text(name), "number": count(here), "people": count(here), "of_before": of}
