"""The shared vocabulary of stages: what each system's values mean, and which stage is further.

A stage has a rank; a status (disqualified, recycled) says how a person stands beside the stages and has none.  A
system may hold a stage in one native field, or in two: HubSpot's `lifecyclestage` has too few options, so
`smk_stage` refines it.  The refinement counts only while the first field still holds the value that the refined
stage is written with; someone who then moves `lifecyclestage` by hand is believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mapping.rules import Stage, Value
from mapping.values import Unmapped, text

BLANK_RANK = -1
"""The rank of no stage at all: every stage is further."""
STATUS_RANK = -2
"""The rank of a status: it stands beside the stages and is neither further nor less far."""

ACTIVE = "active"
"""The status of whoever has none: on the way."""

_RAW = "?"


class Lifecycle:
    """Stages and statuses, ready for look-ups."""

    def __init__(self, stages: Sequence[Stage], statuses: Sequence[Stage] = ()) -> None:
        self.stages = {stage.name: stage for stage in sorted(stages, key=lambda stage: stage.rank)}
        self.statuses = {status.name: status for status in statuses}
        self._all = self.stages | self.statuses
        self._read: dict[tuple[str, str], str] = {}
        for stage in self._all.values():
            for system, values in stage.read.items():
                for value in values:
                    self._read.setdefault((system, value), stage.name)

    def rank(self, name: Value) -> int:
        """How far a stage is: BLANK_RANK for a blank, STATUS_RANK for whatever is no stage."""
        if name is None:
            return BLANK_RANK
        stage = self.stages.get(name) if isinstance(name, str) else None
        return STATUS_RANK if stage is None else stage.rank

    def reason(self, status: str, given: Value) -> str | None:
        """A reason of this status's closed list; None for any other."""
        entry = self.statuses.get(status)
        return given if entry is not None and given in entry.reasons else None

    def decode(self, system: str, natives: Sequence[Any]) -> Value:
        """The name of the stage or status that the native values mean; `?raw` for an unknown value."""
        raw = text(natives[0])
        refined = text(natives[1]) if len(natives) > 1 else None
        if refined in self._all and self._all[refined].write.get(system) == raw:
            return refined
        if raw is None:
            return None
        return self._read.get((system, raw), _RAW + raw)

    def worded(self, system: str, raw: Any) -> str | None:
        """The native value, where another one is written for what it means."""
        said = text(raw)
        name = self._read.get((system, said)) if said is not None else None
        return said if name is not None and self._all[name].write.get(system) != said else None

    def canon(self, own: Value) -> Value:
        """The stage's name, or Unmapped."""
        return own if own is None or own in self._all else Unmapped(str(own).removeprefix(_RAW))

    def encode(self, system: str, name: Value, width: int) -> list[Any] | None:
        """Native values of `width` fields that express the stage; None where it is not written to this system."""
        if name is None:
            return [None] * width
        stage = self._all.get(name)
        raw = None if stage is None else stage.write.get(system)
        if raw is None:
            return None
        return [raw, name][:width]
