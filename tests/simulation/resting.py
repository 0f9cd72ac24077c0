"""How a life comes to rest: the faults stop, people rest, and what is left to do is done within a few cycles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mapping.rules import KindRule
from tests.simulation.troubled import Troubled
from tests.simulation.world import Automated

SLEEPERS = 8
"""One life in so many sleeps for a day once all is at rest."""
DAY = 86_400_000
K = 4
"""Cycles after which a healed world must be at rest."""


class Resting(Troubled):
    """The end of a life."""

    seed: int
    stop_at: int | None
    quiet: bool
    idle: int
    listed: tuple[int, int] | None
    beside: Sequence[KindRule]
    erasing: list[str | None]

    @property
    def systems(self) -> dict[str, Automated]:
        """Both, by name."""
        raise NotImplementedError

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read the state past the product's own code."""
        raise NotImplementedError

    def read_everything(self) -> None:
        """A complete reading, to which nothing happens."""
        raise NotImplementedError

    def erase(self, address: str) -> bool:
        """Somebody runs `smarketing erase ADDRESS`.  False: it could not be done now."""
        raise NotImplementedError

    def cycle(self) -> None:
        """One turn of the wheel."""
        raise NotImplementedError

    def retry(self) -> None:
        """Someone runs `errors retry`."""
        raise NotImplementedError

    def heal(self) -> None:
        """The faults stop, people rest, what was refused is tried again; then there must be rest within K cycles."""
        self.troubled = False
        self.stop_at = None
        self.passes(700_000)
        for who in filter(None, self.erasing):
            self.erase(who)
        self.retry()
        if self.beside:
            # An association may change without a trace: a complete reading shows it.
            self.read_everything()
        for _ in range(2 * K + 1):
            before, listing, least = self._trail(), self._in_a_listing(), self._calls() + self._pages() + self._news()
            self.cycle()
            self.idle = self._calls() - least
            self.passes(700_000)
            self.quiet = self._trail() == before and not self._unsettled() and not listing
            if self.quiet and (self.listed is not None or self.frozen or self.seed % SLEEPERS):
                return
            if self.quiet:
                self._sleep()

    def _sleep(self) -> None:
        """Nobody synchronises for a day, in which one record changes."""
        if not (there := self.hubspot.live("contacts")):
            return
        self.mark("caught up")
        self.hubspot.edit(*there[0].ref[1:], {"phone": "after a day"})
        self.passes(DAY)
        due, before = sum(self._changed().values()), sum(c.listed for c in self.connectors.values())
        self.cycle()
        self.listed = sum(c.listed for c in self.connectors.values()) - before, due
        self.passes(700_000)

    def _trail(self) -> tuple[int, ...]:
        """What a cycle without work does not change."""
        written = (connector.writes for connector in self.connectors.values())
        return (*written, *self.ask("SELECT count(*) FROM journal")[0])

    def _calls(self) -> int:
        return sum(connector.usage().calls for connector in self.connectors.values())

    def _pages(self) -> int:
        """How many pages hold what changed since the watermarks; at least one an object."""
        return sum(max(1, -(-many // self.connectors[name].page)) for (name, _), many in self._changed().items())

    def _news(self) -> int:
        """How many records changed after the watermarks: of each it may be asked what it was before."""
        read_to = {tuple(at): ms for *at, ms in self.ask("SELECT system, object, watermark_ms FROM cursor")}
        return sum(
            row.version > (read_to.get((name, object)) or 0)
            for name in self.connectors
            for object, rows in self.systems[name].rows.items()
            for row in rows.values()
        )

    def _changed(self) -> dict[tuple[str, str], int]:
        """(system, object) → how many records changed since its watermark."""
        read_to = {tuple(at): ms for *at, ms in self.ask("SELECT system, object, watermark_ms FROM cursor")}
        return {
            (name, object): sum(row.version >= (read_to.get((name, object)) or 0) for row in rows.values())
            for name in self.connectors
            for object, rows in self.systems[name].rows.items()
        }

    def _in_a_listing(self) -> bool:
        """Whether a listing goes on that began before: what changed meanwhile is read by the run after it."""
        return bool(self.ask("SELECT 1 FROM cursor WHERE watermark_ms IS NULL"))

    def _unsettled(self) -> bool:
        return bool(self.ask("SELECT 1 FROM operation WHERE state IN ('planned', 'sent') LIMIT 1"))
