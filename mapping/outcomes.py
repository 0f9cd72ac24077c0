"""What somebody's deals say of how it went: something is open, or the last one has ended, and what it was worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mapping.rules import Place, Value
from mapping.values import Unmapped, plain, split_money, to_decimal

if TYPE_CHECKING:
    from mapping.mapping import Mapping as KindMapping

OPEN, WON, LOST = "open", "won", "lost"


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal."""

    key: str
    """Its entity: a deal counts once, however many records tell of it."""
    outcome: str
    """open, won or lost."""
    closes: str | None = None
    """The day on which it ended, or is expected to: `YYYY-MM-DD`."""
    amount: Value = None
    """As carried: `250000 EUR`, or digits alone."""
    reason: str | None = None
    """Why it was lost."""


@dataclass(frozen=True, slots=True)
class Deals:
    """All deals of a person or company together."""

    outcome: str | None
    """open if any is; else how the last one that ended did; None: there are none."""
    count: int
    open: Mapping[str, str]
    """Currency (empty: not told) → the sum of what is open, plain digits."""
    won: Mapping[str, str]
    """The same of what was won."""
    first_won: str | None
    last_won: str | None
    last_lost: str | None
    """Days."""
    reason: str | None
    """Why the last one was lost, if the last one that ended was lost."""


def of_record(mapping: KindMapping, place: Place, key: str, own: Mapping[str, Value]) -> Deal | None:
    """The deal that a record of kind deal tells of; None where its stage means nothing.

    own: as `Mapping.decode` gives it.  The fields are those of the default configuration: stage, close_date, amount,
    lost_reason; one that is not mapped is not told.
    """
    facts = mapping.facts((place, own))
    if "won" not in facts:
        return None
    outcome = WON if facts["won"] else LOST if facts["lost"] else OPEN
    told = {name: mapping.canon(place, name, own.get(name)) for name in ("close_date", "amount", "lost_reason")}
    closes, amount, reason = (None if isinstance(value, Unmapped) else value for value in told.values())
    return Deal(key, outcome, closes, amount, reason)


def together(deals: Iterable[Deal]) -> Deals:
    """What all of these say.  Their order does not matter; of several that tell of one deal the first by its facts
    counts."""
    each = {deal.key: deal for deal in sorted(deals, key=_order, reverse=True)}
    open_, won, lost = ([d for d in each.values() if d.outcome == outcome] for outcome in (OPEN, WON, LOST))
    # Of two that ended on one day the won one says how it went.
    last = max((*won, *lost), key=lambda deal: (deal.closes or "", deal.outcome == WON, _order(deal)), default=None)
    won_on, lost_on = (sorted(d.closes for d in some if d.closes) for some in (won, lost))
    return Deals(
        outcome=OPEN if open_ else last.outcome if last is not None else None,
        count=len(each),
        open=_sums(open_),
        won=_sums(won),
        first_won=won_on[0] if won_on else None,
        last_won=won_on[-1] if won_on else None,
        last_lost=lost_on[-1] if lost_on else None,
        reason=last.reason if last is not None and last.outcome == LOST else None,
    )


def _order(deal: Deal) -> tuple[str, ...]:
    return (deal.key, deal.outcome, deal.closes or "", str(deal.amount or ""), deal.reason or "")


def _sums(deals: Iterable[Deal]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for deal in deals:
        amount, currency = split_money(deal.amount) if deal.amount is not None else ("", "")
        number = to_decimal(amount)
        if number is not None:
            sums[currency] = sums.get(currency, Decimal(0)) + number
    return {currency: plain(sums[currency]) for currency in sorted(sums)}
