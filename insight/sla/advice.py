"""What to do about it: a sentence or two for each target, by how it stands and by what the own figures say."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from insight.ratio import Ratio
from insight.sla.pace import AHEAD, AT_RISK, LOW, Pace

BREACHES = 0.2
"""From this share of missed hand-offs on, sales is the bottleneck."""


class Lever(NamedTuple):
    """Something that can be done more of."""

    name: str
    """A source or campaign."""
    yields: Ratio
    """How many of its leads came where they should."""
    days: float | None
    """How long that usually takes."""


class Known(NamedTuple):
    """What advice rests on."""

    levers: Sequence[Lever] = ()
    recycled: int = 0
    """Good people who were sent back and could be asked again."""
    weakest: str = ""
    """The step at which most are lost against the agreement."""
    missed: Ratio = Ratio(0, 0)
    """Hand-offs that sales did not answer as promised."""
    worth: Decimal | None = None
    """What one more person at the stage brings on average."""
    currency: str = ""


def advise(what: str, pace: Pace, known: Known, left: int) -> list[str]:
    """Sentences about one target, the most useful first.  left: days until its period ends."""
    if pace.status in (LOW, AT_RISK):
        return _more(what, pace, known, left)
    if pace.status == AHEAD:
        return [
            f"{what}: ahead ({pace.actual} of {pace.target:.0f}). Keep finished content for the next period, and look "
            "whether as many of them come further as before."
        ]
    return [
        f"{what}: on track ({pace.actual} of {pace.target:.0f}, {pace.likely:.0%} likely). Start the next campaign."
    ]


def _more(what: str, pace: Pace, known: Known, left: int) -> list[str]:
    lacking = f"{what}: {pace.shortfall:.0f} will be missing ({pace.likely:.0%} likely to be met)"
    if known.worth is not None:
        lacking += f", about {known.worth * Decimal(round(pace.shortfall)):,.0f} {known.currency}".rstrip()
    found = [f"{lacking}."]
    if (known.missed.value or 0.0) > BREACHES and not known.missed.few:
        late = f"{known.missed.numerator} of {known.missed.denominator} hand-offs were not answered as promised"
        return [*found, f"More leads would not help first: {late}."]
    if known.recycled:
        found.append(f"{known.recycled} good people were sent back and could be asked again: the shortest way.")
    in_time = [lever for lever in known.levers if lever.days is None or lever.days <= left]
    in_time = [lever for lever in in_time if not lever.yields.few]
    in_time.sort(key=lambda lever: (-(lever.yields.value or 0), lever.name))
    for lever in in_time[:2]:
        rate = lever.yields.value or 0
        if rate > 0:
            more = f"{pace.shortfall / rate:,.0f} more leads from there would close the gap"
            found.append(f"{lever.name}: {rate:.1%} of its leads come that far, so about {more}.")
    if known.weakest:
        found.append(f"Most are lost at {known.weakest.replace('_', ' ')}, against what was agreed: look there.")
    return found
