"""Which touches earned a deal: the common models, each giving away the amount of the deal to the last cent.

Every model weighs *anchors* (the first touch, the one that made the lead, the one before the opportunity, the last one
before the deal was closed) and what lies between them.  An anchor that a deal has not is weighed with the others, in
proportion; so is the middle where nothing lies between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from insight.touches import Touch

DAY = 86_400_000
CENT = Decimal("0.01")
FIRST, LEAD, CREATE, CLOSE, BETWEEN = "first", "lead", "create", "close", "between"
SHAPES: Mapping[str, Mapping[str, Fraction]] = {
    "first": {FIRST: Fraction(1)},
    "last": {CLOSE: Fraction(1)},
    "last_before_create": {CREATE: Fraction(1)},
    "linear": {BETWEEN: Fraction(1)},
    "u": {FIRST: Fraction(40, 100), LEAD: Fraction(40, 100), BETWEEN: Fraction(20, 100)},
    "w": {anchor: Fraction(30, 100) for anchor in (FIRST, LEAD, CREATE)} | {BETWEEN: Fraction(10, 100)},
    "full_path": {anchor: Fraction(225, 1000) for anchor in (FIRST, LEAD, CREATE, CLOSE)}
    | {BETWEEN: Fraction(10, 100)},
}
"""Model → what it gives to each anchor, and to everything else together."""
HALF_LIVES = {"time_decay": 30, "time_decay_7": 7}
"""Model → days after which a touch is worth half as much."""
MODELS = (*SHAPES, *HALF_LIVES)


@dataclass(frozen=True, slots=True)
class Journey:
    """The touches of everybody who had to do with a deal, and when it came about.  Times are ms; None: not known."""

    touches: Sequence[Touch]
    """In the order of time, none after the deal was closed."""
    lead_at: int | None = None
    """When the first of its people became a lead."""
    created_at: int | None = None
    closed_at: int | None = None


def journey(
    touches: Sequence[Touch], lead_at: int | None = None, created_at: int | None = None, closed_at: int | None = None
) -> Journey:
    """What a deal may be credited to: touches of buyers before it was closed, each once."""
    end = closed_at if closed_at is not None else created_at
    counted = {t.key: t for t in touches if t.by == "buyer" and (end is None or t.at <= end)}
    return Journey(sorted(counted.values(), key=lambda t: (t.at, t.key)), lead_at, created_at, closed_at)


def credits(amount: Decimal, way: Journey, model: str) -> dict[str, Decimal]:
    """Touch (its key) → its part of the amount.  The parts add up to the amount.

    There are none where the deal has no touch that the model weighs: then it is credited to nobody.
    """
    if not way.touches:
        return {}
    weights = _decaying(way, HALF_LIVES[model]) if model in HALF_LIVES else _shaped(way, SHAPES[model])
    if not any(weights):
        return {}
    shares = split(amount, weights)
    return {touch.key: share for touch, share in zip(way.touches, shares, strict=True) if share}


def split(amount: Decimal, weights: Sequence[Fraction]) -> list[Decimal]:
    """The amount divided in proportion, in whole cents, the largest remainders rounded up: the parts add up to it."""
    whole, unit = sum(weights), min(CENT, Decimal(1).scaleb(int(amount.as_tuple().exponent)))
    size = abs(amount)
    exact = [Fraction(size) * weight / whole for weight in weights]
    parts = [
        (Decimal(e.numerator) / Decimal(e.denominator) / unit).to_integral_value(ROUND_FLOOR) * unit for e in exact
    ]
    left = int((size - sum(parts, Decimal())) / unit)
    order = sorted(range(len(parts)), key=lambda n: (Fraction(parts[n]) - exact[n], n))
    for n in order[:left]:
        parts[n] += unit
    return [part.copy_sign(amount) if part else part for part in parts]


def _shaped(way: Journey, shape: Mapping[str, Fraction]) -> list[Fraction]:
    anchors = {anchor: place for anchor in shape if (place := _place(way, anchor)) is not None}
    between = [n for n in range(len(way.touches)) if n not in anchors.values()] if BETWEEN in shape else []
    given = sum((shape[anchor] for anchor in anchors), Fraction()) + (shape[BETWEEN] if between else 0)
    weights = [Fraction()] * len(way.touches)
    for anchor, place in anchors.items():
        weights[place] += shape[anchor] / given
    for place in between:
        weights[place] += shape[BETWEEN] / given / len(between)
    return weights


def _place(way: Journey, anchor: str) -> int | None:
    """Which touch an anchor is: the last one up to its moment."""
    if anchor == BETWEEN:
        return None
    if anchor == FIRST:
        return 0
    if anchor == CLOSE:
        return len(way.touches) - 1
    at = way.lead_at if anchor == LEAD else way.created_at
    before = [n for n, touch in enumerate(way.touches) if at is not None and touch.at <= at]
    return before[-1] if before else None


def _decaying(way: Journey, half_life: int) -> list[Fraction]:
    end = way.closed_at if way.closed_at is not None else way.touches[-1].at
    youngest = min(end - touch.at for touch in way.touches)
    # Relative to the youngest: of very old touches nothing but zeros would be left.
    return [Fraction(0.5 ** ((end - touch.at - youngest) / DAY / half_life)) for touch in way.touches]
