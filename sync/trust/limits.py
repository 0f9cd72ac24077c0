"""How much may happen at once before the sync stops by itself: the settings of the brakes."""

from __future__ import annotations

from pydantic import Field

from sync.settings.fields import Section


class BrakesSettings(Section):
    """`[brakes]`"""

    updates: int = Field(default=500, ge=1)
    updates_usual: float = Field(default=4, ge=1)
    updates_share: float = Field(default=0.05, gt=0, le=1)
    clears: int = Field(default=20, ge=1)
    clears_share: float = Field(default=0.01, gt=0, le=1)
    creates_per_day: int = Field(default=1_000, ge=1)
    deletes_per_day: int = Field(default=20, ge=1)
    holds: int = Field(default=20, ge=1)
    holds_share: float = Field(default=0.01, gt=0, le=1)
    blank_share: float = Field(default=0.5, gt=0, le=1)
    shrink_share: float = Field(default=0.2, gt=0, le=1)
    flips_per_hour: int = Field(default=3, ge=2)
    flips_per_day: int = Field(default=6, ge=2)
    frozen_hours: int = Field(default=24, ge=1)
