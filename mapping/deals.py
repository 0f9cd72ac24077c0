"""What a person's deals say of how far the person is: evidence for the state machine of `mapping.journey`.  Pure.

An open deal says `opportunity`, a won one `customer`; the last open one lost says `lost`.  A deal is news once for
each outcome: what the person's standing remembers of it does not count again, so that a deal which is still open does
not call back whom sales sent away.  Times are ms on the clock of the system that tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mapping.journey import DEAL, SENT_AWAY, Evidence, Standing
from mapping.lifecycle import ACTIVE, Lifecycle
from mapping.values import instant

OPEN, WON, LOST = "open", "won", "lost"
RECYCLED = "recycled"
OPPORTUNITY, CUSTOMER = "opportunity", "customer"
"""The stages that deals speak of, where the vocabulary has them."""
DAY = 86_400_000
REVERSAL = 30 * DAY
"""A won deal that is not won after all within this time was a mistake, and the person is set back, ms."""


class Deal(NamedTuple):
    """One deal that the person takes part in."""

    ids: tuple[str, ...]
    """`side:id` of its records; the first speaks for it."""
    outcome: str
    """open, won, lost."""
    at: int
    """When it came to that: made, won or lost."""
    what: str
    """The record in plain words: "Opportunity 006…"."""
    witnessed: bool = False
    """We saw it change, and not only that it is so."""
    reason: str | None = None
    """Why it was lost."""
    actor: str = "unknown"
    who: str = ""

    def before(self, standing: Standing) -> str | None:
        """The outcome that the standing remembers; None: it does not know the deal."""
        return next((standing.deals[id] for id in self.ids if id in standing.deals), None)


class Told(NamedTuple):
    """Everything that a person's deals tell."""

    deals: Sequence[Deal] = ()
    due: int | None = None
    """When the person had been lost for as long as was agreed; None: that is not yet over."""


NOTHING = Told()


def remembered(deals: Sequence[Deal]) -> dict[str, str]:
    """What a standing remembers of them: id → outcome."""
    return {id: deal.outcome for deal in deals for id in deal.ids}


def evidence(lifecycle: Lifecycle, told: Told, standing: Standing, recycle_after: int = 0) -> list[Evidence]:
    """What is news to somebody who stands so.

    standing: at a first meeting what the records say beside the deals.
    recycle_after: so many days after a loss people go back to marketing; 0: they do not.
    """
    said = list(_news(lifecycle, told.deals, standing, recycle_after)) if told.deals else []
    if not said and told.due is not None and standing.status == LOST and RECYCLED in lifecycle.statuses:
        said = [Evidence(f"sync:due:{told.due}", DEAL, RECYCLED, told.due, f"lost until {standing.until}")]
    return said


def due(standing: Standing, now: int) -> int | None:
    """Of `Told`: when the person's time as lost was over, ms; None: it is not over now."""
    if standing.status != LOST or standing.until is None:
        return None
    day = instant(standing.until)
    return day if isinstance(day, int) and day <= now else None


def _news(lifecycle: Lifecycle, deals: Sequence[Deal], standing: Standing, recycle_after: int) -> Iterator[Evidence]:
    """Of equal news the earliest, of losses the last."""
    news = [deal for deal in deals if deal.before(standing) != deal.outcome]
    if not news:
        return
    left = standing.status if standing.status in SENT_AWAY else None
    won = [deal for deal in deals if deal.outcome == WON]
    open_ = [deal for deal in deals if deal.outcome == OPEN]
    callers = [deal for deal in news if left is None or _is_later(deal, standing)]
    for outcome, stage in ((WON, CUSTOMER), (OPEN, OPPORTUNITY)):
        said = min((deal for deal in callers if deal.outcome == outcome), key=_when, default=None)
        if said is not None and stage in lifecycle.stages:
            yield _said(said, stage, left=left)
    reversed_ = None if won or standing.status != ACTIVE else _reversed(news, standing)
    if reversed_ is not None and OPPORTUNITY in lifecycle.stages:
        yield _said(reversed_, OPPORTUNITY, corrects=True)
    if won or open_ or left is not None or LOST not in lifecycle.statuses:
        return
    if reversed_ is None and standing.stage != OPPORTUNITY:
        return
    said = max((deal for deal in news if reversed_ is not None or _ends(deal, standing)), key=_when, default=None)
    if said is not None:
        until = datetime.fromtimestamp(said.at // 1000, UTC).date() + timedelta(recycle_after)
        yield _said(said, LOST)._replace(until=until.isoformat() if recycle_after else None)


def _said(deal: Deal, value: str, *, left: str | None = None, corrects: bool = False) -> Evidence:
    return Evidence(
        key=f"{deal.ids[0].partition(':')[0]}:deal:{deal.ids[0]}:{value}",
        source=DEAL,
        value=value,
        at=deal.at,
        what=f"{deal.what} {'no longer won' if corrects else deal.outcome}",
        left=left,
        actor=deal.actor,
        who=deal.who,
        reason=deal.reason if value == LOST else None,
        corrects=corrects,
        dated=True,
    )


def _when(deal: Deal) -> tuple[int, tuple[str, ...]]:
    return deal.at, deal.ids


def _is_later(deal: Deal, standing: Standing) -> bool:
    """Whether it came to that after the person was sent away: what was so before is no reason to call them back."""
    sent: Mapping[str, int] = standing.entered
    return deal.witnessed or deal.before(standing) is not None or deal.at > sent.get(standing.status, deal.at)


def _ends(deal: Deal, standing: Standing) -> bool:
    """Whether its loss ends the opportunity that the person stands at, and not one long before."""
    known = deal.witnessed or deal.before(standing) is not None
    return known or deal.at > standing.entered.get(OPPORTUNITY, -1)


def _reversed(news: Sequence[Deal], standing: Standing) -> Deal | None:
    """A deal that made the person a customer a short while ago, and is not won any more."""
    since = standing.entered.get(CUSTOMER)
    if standing.stage != CUSTOMER or since is None:
        return None
    taken_back = [deal for deal in news if deal.before(standing) == WON and deal.at - since <= REVERSAL]
    return max(taken_back, key=_when, default=None)
