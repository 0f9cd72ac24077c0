"""What goes wrong in a life: answers that are lost, writes that take effect late, refusals, outages, lags."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.port import Ref, Write
from tests.simulation.profile import Profile
from tests.simulation.world import HubSpot, Watched


class Troubled:
    """The troubles of a life, by chance."""

    now: int
    profile: Profile
    luck: random.Random
    troubled: bool
    frozen: bool
    lost: int
    lost_on: Counter[tuple[str, str]]
    unleased: set[str]
    made_late: set[Ref]
    hubspot: HubSpot
    connectors: Mapping[str, Watched]
    woken: Any
    _batch: Sequence[Write]
    _unanswered: bool
    _late: list[tuple[int, Write]]

    def mark(self, name: str) -> None:
        """A rare branch was reached."""
        raise NotImplementedError

    def befalls(self, sort: str) -> bool:
        """Whether this trouble is not left out."""
        raise NotImplementedError

    def say(self, what: str) -> None:
        """Note what happened, if someone listens."""
        raise NotImplementedError

    def strikes(self, chance: float) -> bool:
        """Whether trouble of this chance comes now."""
        return self.troubled and not self.frozen and chance > 0 and self.luck.random() < chance

    def passes(self, ms: int) -> None:
        """Time without a cycle: what was sent takes effect when it is due."""
        until = self.now + ms
        for at in sorted(at for at, _ in self._late if at <= until):
            self.now = max(self.now, at)
            self._arrive()
        self.now = until

    def _arrive(self) -> None:
        """What was sent long ago takes effect now."""
        due = [write for at, write in self._late if at <= self.now]
        self._late = [(at, write) for at, write in self._late if at > self.now]
        for write in due:
            self.say(f"takes effect: {write}")
            system = "hubspot" if write.object in self.hubspot.schemas else "salesforce"
            if (ref := self.connectors[system].arrive(write)) is not None and write.id is None:
                self.made_late.add(ref)

    def outage(self) -> str:
        """Whether a read fails, and how."""
        if not self.strikes(self.profile.outage):
            return ""
        how = "unavailable" if self.luck.random() < 0.7 else "exhausted"
        if not self.befalls("outage"):
            return ""
        self.mark("outage")
        return how

    def fate(self, writes: Sequence[Write]) -> str:
        """What befalls a batch of writes."""
        if self.woken is not None:
            self.unleased |= {w.id for w in writes if w.object in self.hubspot.schemas and w.id is not None}
        self._batch, self._unanswered = writes, False
        if not self.strikes(self.profile.lost):
            return ""
        # An update that lands late cannot be told there from a person's edit: HubSpot refuses no write as too old.
        late = [write for write in writes if write.id is None or write.object not in self.hubspot.schemas]
        is_late = self.luck.random() < self.profile.late
        fate = "lost_before" if is_late else self.luck.choice(["lost_before", "lost_after", "lost_after"])
        due = [(self.now + self.luck.choice([2_000, 20_000, 60_000]), write) for write in late] if is_late else []
        if not self.befalls("lost"):
            return ""
        self.lost += 1
        self._unanswered = True
        for write in writes:
            self.lost_on[str(write.object), str(write.id or (write.key.value if write.key else ""))] += 1
        self.say(f"{'late' if is_late else f'answer {fate}'}: {[w.id for w in writes]}")
        self._late += due
        return fate

    def refusal(self) -> str:
        """Whether one write is refused, and how."""
        if not self.strikes(self.profile.refuse):
            return ""
        how = self.luck.choice(["locked", "rule"])
        return how if self.befalls("refusal") else ""

    def delay(self) -> int:
        """How late the change feed shows a change."""
        return self.luck.randint(0, self.profile.delay) if self.troubled and self.profile.delay else 0
