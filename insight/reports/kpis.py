"""The dictionary of numbers: how each is reckoned, from what, and who answers for it.  No number without an entry."""

from __future__ import annotations

from typing import NamedTuple

from insight.reports.document import Document, Period, Row, text
from insight.reports.review import NUMBERS

MARKETING, SALES, BOTH = "marketing", "sales", "both"
PEOPLE, DEALS, TOUCHES = "people and their stages", "deals", "touches"


class Kpi(NamedTuple):
    """One number."""

    formula: str
    source: str
    owner: str


KPIS: dict[str, Kpi] = {
    # -- people --------------------------------------------------------------------------------------------------------
    "leads": Kpi("people first known in the period", PEOPLE, MARKETING),
    "people": Kpi("people to whom the row applies", PEOPLE, MARKETING),
    "good": Kpi("people with priority A1, A2 or B1 now / leads", "scores", MARKETING),
    "mql": Kpi("people who came to mql or beyond (a share: of the row's people)", PEOPLE, MARKETING),
    "sql": Kpi("people who came to sql or beyond (a share: of those handed over)", PEOPLE, SALES),
    "won": Kpi("people with a deal that was won / people", f"{PEOPLE}; {DEALS}", BOTH),
    "won_people": Kpi("people with a deal that was won", f"{PEOPLE}; {DEALS}", BOTH),
    "share": Kpi("the row's / all of the table or group", f"{PEOPLE}; {DEALS}", BOTH),
    "before": Kpi("the same of the span of time before (customers: who had bought before the year)", PEOPLE, BOTH),
    "others": Kpi("people who were not won and for whom it was so / all who were not won", PEOPLE, MARKETING),
    "others_saw": Kpi("people who were not won and saw it / all who were not won", TOUCHES, MARKETING),
    "won_saw": Kpi("people who were won and saw it before their deal was made / all who were won", TOUCHES, MARKETING),
    "lift": Kpi("share of those who were won / share of the others", TOUCHES, MARKETING),
    "strict": Kpi("people who were said to have entered the stage", PEOPLE, BOTH),
    "strict_rate": Kpi("of those of the stage before, who were said to have entered this one", PEOPLE, BOTH),
    "inferred": Kpi("people who came to the stage or beyond it", PEOPLE, BOTH),
    "inferred_rate": Kpi("of those of the stage before, who came to this one or beyond it", PEOPLE, BOTH),
    "here_now": Kpi("people who stand at the stage", PEOPLE, BOTH),
    "of_before": Kpi("of those of the step before, who came to this one", PEOPLE, BOTH),
    "number": Kpi("what the step counts: visits, people or money", f"{PEOPLE}; {DEALS}; {TOUCHES}", BOTH),
    # -- deals ---------------------------------------------------------------------------------------------------------
    "deals": Kpi("deals of the row", DEALS, SALES),
    "deals_won": Kpi("deals that were won", DEALS, SALES),
    "revenue": Kpi("sum of the amounts of won deals, in the currency of most", DEALS, BOTH),
    "revenue_per_lead": Kpi("revenue / leads", f"{PEOPLE}; {DEALS}", BOTH),
    "amount": Kpi("sum of amounts, in the currency of most", DEALS, SALES),
    "average": Kpi("mean amount", DEALS, SALES),
    "median": Kpi("median amount", DEALS, SALES),
    "win_rate": Kpi("won deals / deals that ended", DEALS, SALES),
    "days_median": Kpi("median days, from and to what the report's notes say", f"{PEOPLE}; {DEALS}; {TOUCHES}", BOTH),
    "days_p75": Kpi("days that three quarters do not exceed", f"{PEOPLE}; {DEALS}", BOTH),
    "days_mean": Kpi("mean days from first contact to the win", f"{PEOPLE}; {DEALS}", BOTH),
    "sql_days_median": Kpi("median days from sql to the win", f"{PEOPLE}; {DEALS}", SALES),
    "before_first_contact": Kpi("deals won before the first contact", f"{PEOPLE}; {DEALS}", BOTH),
    "not_dated": Kpi("won deals of which a day is missing", DEALS, SALES),
    "a_day": Kpi("deals x win rate x average amount / median days", DEALS, SALES),
    # -- marketing -----------------------------------------------------------------------------------------------------
    "fitting": Kpi("people whose fit is an A / people touched", "scores", MARKETING),
    "spread": Kpi("standard deviation / mean of the monthly share that came to mql", TOUCHES, MARKETING),
    "cost": Kpi("what was spent in the period", "cost table", MARKETING),
    "cost_per_mql": Kpi("cost / people who came to mql", "cost table", MARKETING),
    "roi": Kpi("(revenue credited by the model - cost) / cost", f"cost table; {DEALS}; {TOUCHES}", MARKETING),
    "credit": Kpi("revenue that a model of attribution gives away, to the cent", f"{DEALS}; {TOUCHES}", MARKETING),
    "entered": Kpi("people sent back to marketing in the period", PEOPLE, MARKETING),
    "again": Kpi("of these, who came to mql again", PEOPLE, MARKETING),
    "asked": Kpi("people who asked for a demo, an offer or a meeting", TOUCHES, MARKETING),
    "waiting": Kpi("people sent back who were neither won nor given up", PEOPLE, MARKETING),
    # -- sales ---------------------------------------------------------------------------------------------------------
    "handed_over": Kpi("people or hand-offs that came to sales", PEOPLE, BOTH),
    "accepted": Kpi("of those handed over, who came to sal or beyond", PEOPLE, SALES),
    "sent_back": Kpi("of those handed over, who were recycled or disqualified", PEOPLE, SALES),
    "quality": Kpi("mean grade, 1 to 5, of those graded", "the grade that sales gives", SALES),
    "kept": Kpi("hand-offs answered and tried as promised / hand-offs decided", "hand-offs and touches", SALES),
    "missed": Kpi("hand-offs too late, not answered, or tried too seldom", "hand-offs and touches", SALES),
    "open": Kpi("hand-offs whose time is not over", "hand-offs and touches", SALES),
    "minutes_median": Kpi("median working minutes to the first touch", "hand-offs and touches", SALES),
    "minutes_p75": Kpi("working minutes that three quarters do not exceed", "hand-offs and touches", SALES),
    "delay_median": Kpi("median minutes from the buyer's act until somebody has it in the CRM", "both systems", BOTH),
    "promised": Kpi("the target", "[goals]", MARKETING),
    "there": Kpi("people who came to the stage in the target's period", PEOPLE, MARKETING),
    "by_now": Kpi("target x share of working days that are over", "[goals], [calendar]", MARKETING),
    "expected": Kpi("there + what the rest is likely to bring; of a goal: at the likely rates", PEOPLE, BOTH),
    "booked": Kpi("of those who asked, who met sales afterwards", TOUCHES, SALES),
    "meetings": Kpi("people who met sales in the period, each once", TOUCHES, BOTH),
    "low": Kpi("the fewest it may take, with rates as good as they may be", "[goals] and own rates", BOTH),
    "high": Kpi("the most it may take", "[goals] and own rates", BOTH),
    "observed": Kpi("the step's rate of mature people", PEOPLE, BOTH),
    "assumed": Kpi("the step's rate as agreed", "[goals]", BOTH),
    # -- over time -----------------------------------------------------------------------------------------------------
    "new": Kpi("people whose first won deal was closed in the year", DEALS, SALES),
    "stayed": Kpi("of those who had bought before the year, who bought in it", DEALS, SALES),
    "more_than_once": Kpi("of all who had bought, who had bought at least twice", DEALS, SALES),
    "rate": Kpi("of those who came to the first stage, who took the step in time", f"{PEOPLE}; {DEALS}", BOTH),
    "value": Kpi("the review's number, reckoned as it says beside it", f"{PEOPLE}; {DEALS}; {TOUCHES}", BOTH),
}  # fmt: skip
_LIKE = {"revenue_": "credit", "roi_": "roi"}
"""How columns begin that there are one of for each model."""


def of(column: str, models: tuple[str, ...] = ()) -> Kpi | None:
    """The entry of a column; None: there is none."""
    like = (
        "credit" if column in models else next((name for start, name in _LIKE.items() if column.startswith(start)), "")
    )
    return KPIS.get(column) or KPIS.get(like)


def dictionary(period: Period) -> Document:
    """Every number with its formula, source and owner."""
    rows: list[Row] = [
        {"number": text(name), "formula": text(kpi.formula), "source": text(kpi.source), "owner": text(kpi.owner)}
        for name, kpi in KPIS.items()
    ]
    rows += [
        {
            "number": text(f"review: {number.name}"),
            "formula": text(number.means),
            "source": text(f"{PEOPLE}; {DEALS}; {TOUCHES}"),
            "owner": text(number.owner),
        }
        for number in NUMBERS
    ]
    return Document("kpis", period, ("number", "formula", "source", "owner"), tuple(rows))
