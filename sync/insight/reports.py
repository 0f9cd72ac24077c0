"""The reports that there are: what each tells, by what it may be divided, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from insight.reports.audience import personas, profile
from insight.reports.credit import BY, attribution
from insight.reports.cycles import customers, drift, meetings, nurture
from insight.reports.document import Document, Period
from insight.reports.dropped import dropped
from insight.reports.funnel import GROUPS, funnel
from insight.reports.kpis import dictionary
from insight.reports.loop import loop
from insight.reports.marketing import TRAITS, content, pages, sources
from insight.reports.needs import needs
from insight.reports.promises import BY as CLOCKS
from insight.reports.promises import sla
from insight.reports.quota import quota
from insight.reports.review import review
from insight.reports.sales import VELOCITY, outcomes, quality, velocity
from insight.reports.spending import campaigns
from sync.insight.known import Known

Make = Callable[[Known, Period, str, tuple[str, ...]], Document]
"""(what is known, period, by what it is divided, models of attribution) → the report"""
TWO_MODELS = ("first", "w")


class Report(NamedTuple):
    """One report."""

    says: str
    make: Make
    by: tuple[str, ...] = ()
    """By what it may be divided."""
    example: str = ""
    """Options that show it at its best."""
    pack: tuple[str, ...] = ()
    """What stands on its page in place of it alone."""

    def document(self, known: Known, period: Period, by: str, models: tuple[str, ...]) -> Document:
        """The report, in the currency of most deals."""
        return replace(self.make(known, period, by, models), currency=known.facts.currency)


def _review(known: Known, period: Period, _by: str, _models: tuple[str, ...]) -> Document:
    agreed = known.goals(period)
    assumed = agreed[-1].rates if agreed else {}
    return review(known.facts, period, known.owed, known.targets(period), assumed, known.today)


REPORTS: dict[str, Report] = {
    "funnel": Report(
        "who came to each stage, strictly (somebody said so) and inferred, who went on, and how long it took",
        lambda known, period, by, _: funnel(known.facts, period, by),
        tuple(GROUPS),
        "--by persona --records --html funnel.html",
        ("funnel", "loop"),
    ),
    "sources": Report(
        "by traffic source: leads, those worth a call, MQLs, SQLs, won people and deals, revenue",
        lambda known, period, _by, _: sources(known.facts, period),
        example="--from 2026-01-01 --to 2026-03-31 --html sources.html",
    ),
    "pages": Report(
        "the same by the first page that people saw",
        lambda known, period, _by, _: pages(known.facts, period),
        example="--csv",
    ),
    "content": Report(
        "what share of those who were won had seen a page or form before, and what share of the others",
        lambda known, period, by, _: content(known.facts, period, known.pieces, by),
        tuple(TRAITS),
        "--by topic --records",
    ),
    "attribution": Report(
        "revenue by source, campaign or content, under models side by side that give away each deal to the cent",
        lambda known, period, by, models: attribution(known.facts, period, by or "source", models),
        tuple(BY),
        "--by campaign --models first,w,time_decay",
    ),
    "outcomes": Report(
        "won, lost and open deals, the lost ones by reason",
        lambda known, period, _by, _: outcomes(known.facts, period),
        example="--from 2026-01-01",
    ),
    "velocity": Report(
        "days from first contact, and from SQL, to the win; amounts; what that brings a day",
        lambda known, period, by, _: velocity(known.facts, period, by or "lead_type"),
        tuple(VELOCITY),
        "--by owner",
    ),
    "sla": Report(
        "sales: hand-offs answered and tried as promised; marketing: targets, and how likely they are reached",
        lambda known, period, by, _: sla(
            known.facts, period, known.owed, known.targets(period), by or "lead_type"
        ),
        tuple(CLOCKS),
        "--by owner --from 2026-03-01 --to 2026-03-31",
    ),
    "dropped": Report(
        "hand-offs that nobody carries on: no owner, a queue, an owner who left, or never tried in the agreed time",
        lambda known, period, _by, _: dropped(period, known.owed, known.now),
        example="--records",
    ),
    "quota": Report(
        "from the shared revenue back to deals, SQLs, MQLs and leads; leads and load of each colleague",
        lambda known, period, _by, _: quota(known.facts, period, known.promised(period), known.today),
        example="--from 2026-01-01 --to 2026-12-31",
    ),
    "quality": Report(
        "how sales graded the leads of each source, and why it sent them back",
        lambda known, period, _by, _: quality(known.facts, period),
        example="--records --csv",
    ),
    "loop": Report(
        "one funnel from visits to revenue, of the same people",
        lambda known, period, _by, _: loop(known.facts, period),
        example="--from 2026-01-01 --to 2026-03-31",
    ),
    "personas": Report(
        "each persona and those of none: how far they came, what they brought, and how that was before",
        lambda known, period, _by, _: personas(known.facts, period),
        example="--from 2026-01-01 --to 2026-06-30",
    ),
    "profile": Report(
        "what was so of the people who were won, and how much oftener than of the others",
        lambda known, period, _by, _: profile(known.facts, period),
        example="--html profile.html",
    ),
    "campaigns": Report(
        "what each source and campaign reached, cost and brought, how evenly, and where to spend more or less",
        lambda known, period, _by, models: campaigns(known.facts, period, known.costs, models),
        example="--from 2026-01-01 --to 2026-03-31 --models first,w",
    ),
    "needs": Report(
        "what people need, by stage of the buyer, what content answers it, and where there is none",
        lambda known, period, _by, _: needs(known.facts, period, known.pieces, known.buyers),
        example="--records",
    ),
    "nurture": Report(
        "what became of the people whom sales sent back to marketing, by reason",
        lambda known, period, _by, _: nurture(known.facts, period, known.asks),
        example="--from 2026-01-01",
    ),
    "meetings": Report(
        "who asked for a meeting, who met sales afterwards, and after how many days",
        lambda known, period, _by, _: meetings(known.facts, period, known.asks),
        example="--from 2026-03-01 --to 2026-03-31",
    ),
    "customers": Report(
        "year by year who bought first, who stayed, and who bought more than once",
        lambda known, period, _by, _: customers(known.facts, period),
        example="--html customers.html",
    ),
    "drift": Report(
        "quarter by quarter the rates from MQL to SQL and from SQL to won, against the four quarters before",
        lambda known, _period, _by, _: drift(known.facts, known.today),
        example="--csv",
    ),
    "kpis": Report(
        "every number of every report: how it is reckoned, from what, and who answers for it",
        lambda _known, period, _by, _: dictionary(period),
        example="--csv",
    ),
    "review": Report(
        "the monthly page: the numbers of both teams beside those of the month before, advice, questions to decide",
        _review,
        example="--html review.html",
        pack=(
            "review", "loop", "funnel", "sources", "pages", "content", "campaigns", "personas", "outcomes", "velocity",
            "attribution", "sla", "quota", "quality", "nurture", "meetings", "customers", "drift", "needs", "kpis",
        ),
    ),
}  # fmt: skip


def documents(name: str, known: Known, period: Period, by: str, models: tuple[str, ...]) -> list[Document]:
    """What stands on the page of a report."""
    pack = REPORTS[name].pack
    return [REPORTS[each].document(known, period, by if each == name else "", models) for each in pack or (name,)]
