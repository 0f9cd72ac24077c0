"""What became of people, companies and deals: for marketing the outcome, for sales what led to it.  Pure.

Amounts are those of the company's currency, in which most deals are; a deal in another is no revenue here.  A deal of
several people is shared among them equally, to the cent, so that the people's revenue adds up to the deal's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from insight.reports.facts import Deal, day_of
from insight.rollups import REACHED, SEEN, titles
from insight.touches import Touch
from mapping.deals import CUSTOMER, LOST, OPEN, OPPORTUNITY, WON

NONE = "none"
CENT = Decimal("0.01")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def of_person(entity: str, deals: Sequence[Deal], touches: Sequence[Touch], currency: str = "") -> dict[str, Any]:
    """Field → value.  touches: the person's own, in the order of time."""
    values = _results(deals, [(deal, share(deal, entity)) for deal in deals], currency)
    won = min((deal.closed for deal in deals if deal.outcome == WON and deal.closed), default=None)
    known = [touches[0].at] if touches else [d.created for d in deals if d.outcome == WON and d.created is not None]
    return {**values, "@days_to_close": (won - day_of(min(known))).days if won and known else None}


def of_company(deals: Sequence[Deal], currency: str = "") -> dict[str, Any]:
    """Field → value."""
    return _results(deals, [(deal, deal.amount) for deal in deals], currency)


def stage_of_company(
    stages: Sequence[str], people: Iterable[Collection[str]], deals: Iterable[Deal]
) -> tuple[str | None, str]:
    """(how far a company is, why): as far as whoever of its people and deals is furthest.

    stages: those of the vocabulary, in their order.  people: of each what their records say.  Who was sent away, which
    no stage says, does not speak; nor does a lost deal.
    """
    told = [(name, "its people") for said in people if set(said) <= set(stages) for name in said]
    told += [(_SAID[deal.outcome], "its deals") for deal in deals if deal.outcome in _SAID]
    known = [(stages.index(name), whose) for name, whose in told if name in stages]
    best = max((rank for rank, _ in known), default=None)
    if best is None:
        return None, "none of its people and deals tells of a stage"
    whose = sorted({whose for rank, whose in known if rank == best}, reverse=True)
    return stages[best], f"the highest stage of {' and '.join(whose)}"


_SAID = {OPEN: OPPORTUNITY, WON: CUSTOMER}


def of_deal(deal: Deal, touches: Sequence[Touch]) -> dict[str, Any]:
    """Field → value.  touches: of all its people, in the order of time."""
    end = _noon(deal.closed) + 12 * 3_600_000 if deal.outcome != OPEN and deal.closed else None
    known = [touch for touch in touches if end is None or touch.at < end]
    buyer = [touch for touch in known if touch.by == "buyer"]
    before = [touch for touch in buyer if deal.created is None or touch.at <= deal.created]
    marketing = [touch for touch in buyer if touch.sort not in REACHED]
    first, last = _told(buyer), _told(reversed(before))
    began = touches[0].at if touches else deal.created
    won = deal.closed if deal.outcome == WON else None
    return {
        "@first_touch_source": first.source if first else None,
        "@first_touch_campaign": (first.campaign or None) if first else None,
        "@last_touch_source": last.source if last else None,
        "@last_touch_campaign": (last.campaign or None) if last else None,
        "@marketing_sourced": bool(before and known[0].by == "buyer" and known[0].sort not in REACHED),
        "@marketing_influenced": bool(marketing),
        "@touches_before_create": len(before) or None,
        "@influencing_content": titles(touch for touch in buyer if touch.sort in SEEN),
        "@days_to_close": (won - day_of(began)).days if won and began is not None else None,
    }


def share(deal: Deal, person: str) -> Decimal | None:
    """What of a deal's amount is this person's: equal parts, of which the first ones hold the cents that are left."""
    if deal.amount is None or person not in deal.people:
        return deal.amount
    cents, people = int(deal.amount / CENT), len(deal.people)
    place = sorted(deal.people).index(person)
    return (cents // people + (place < cents % people)) * CENT


def _told(touches: Iterable[Touch]) -> Touch | None:
    """The first that says where it came from."""
    return next((touch for touch in touches if touch.source), None)


def _results(deals: Sequence[Deal], worth: Sequence[tuple[Deal, Decimal | None]], currency: str) -> dict[str, Any]:
    """What deals have come to.  worth: each with what counts of its amount."""
    outcomes = {deal.outcome for deal in deals}
    won = sorted(deal.closed for deal in deals if deal.outcome == WON and deal.closed)
    return {
        "@outcome": next((outcome for outcome in (WON, OPEN, LOST) if outcome in outcomes), NONE),
        "@won_revenue": _sum(worth, WON, currency),
        "@open_pipeline": _sum(worth, OPEN, currency),
        "@first_won_at": _noon(won[0]) if won else None,
        "@last_won_at": _noon(won[-1]) if won else None,
    }


def _sum(worth: Iterable[tuple[Deal, Decimal | None]], outcome: str, currency: str) -> str | None:
    """The amounts of the deals that came to this; None: there are none."""
    amounts = [
        amount
        for deal, amount in worth
        if deal.outcome == outcome and amount is not None and deal.currency in ("", currency or deal.currency)
    ]
    return str(sum(amounts, Decimal()).quantize(CENT)) if amounts else None


def _noon(when: date) -> int:
    """The instant, ms, that stands for a day."""
    return (datetime.combine(when, time(12), UTC) - _EPOCH) // timedelta(milliseconds=1)
