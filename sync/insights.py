"""`[insight]`: what is learned from what both systems know, and written back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insight.fields import BEHAVIOUR, OUTCOMES
from sync.fields import Section

if TYPE_CHECKING:
    from sync.settings import Settings


class InsightSettings(Section):
    """`[insight]`"""

    behaviour: bool = False
    outcomes: bool = False


def features(settings: Settings) -> frozenset[str]:
    """The features that are on: their fields are made, worked out and written."""
    on = {BEHAVIOUR: settings.insight.behaviour, OUTCOMES: settings.insight.outcomes}
    return frozenset(name for name, is_on in on.items() if is_on)
