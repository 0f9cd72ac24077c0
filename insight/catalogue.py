"""What the company has to show, what it spent, and what to show somebody next.  Pure.

Both tables are files that marketing keeps; `sync.insight.tables` reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple


class Piece(NamedTuple):
    """One piece of content.  Texts are empty where it is for everybody."""

    title: str
    url: str
    type: str = ""
    """case study, guide, video …"""
    stage: str = ""
    """Of the buyer: awareness, consideration, decision, customer."""
    persona: str = ""
    topic: str = ""
    """The need that it answers."""


class Spent(NamedTuple):
    """What one source or campaign cost in one month."""

    source: str
    campaign: str
    """Empty: the whole source."""
    month: str
    """2026-03."""
    cost: Decimal


def suggest(
    pieces: Sequence[Piece],
    lifts: Mapping[str, float],
    persona: str,
    stage: str,
    needs: Collection[str],
    seen: Collection[str],
) -> Piece | None:
    """What to show next, for this persona and stage of the buyer, never seen before: what answers a need goes first,
    then what those who were won saw more often than others did.

    lifts: address → how much more often; seen: addresses and titles.
    """
    fitting = [
        piece
        for piece in pieces
        if piece.url not in seen
        and piece.title not in seen
        and piece.persona in ("", persona)
        and piece.stage in ("", stage)
    ]
    wanted = {need.casefold() for need in needs}
    return min(
        fitting,
        key=lambda p: (p.topic.casefold() not in wanted, -lifts.get(p.url, 1.0), not p.persona, not p.stage, p.title),
        default=None,
    )
