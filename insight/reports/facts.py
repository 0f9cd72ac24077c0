"""What reports are made of: people with their way and their touches, and deals.  Times are ms since the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from insight.sla.clock import Held, Pause
from insight.touches import Touch
from mapping.deals import LOST, OPEN, WON

BATCH = 500
"""People or deals whose touches are in memory at a time."""
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUTCOMES = (WON, LOST, OPEN)


class Reached(NamedTuple):
    """A person came to a stage or was given a status."""

    stage: str
    at: int | None
    cycle: int = 1
    inferred: bool = False
    """Nobody said so: a later stage was reached."""


class SentBack(NamedTuple):
    """Sales gave a person back to marketing."""

    at: int
    reason: str = ""


class Person(NamedTuple):
    """One person.  Texts are empty where nothing is known."""

    entity: str
    created: int | None = None
    """When they were first known."""
    source: str = ""
    detail: str = ""
    """The drill-down of the source."""
    page: str = ""
    """The first page they saw."""
    campaign: str = ""
    offer: str = ""
    """What they first asked for."""
    lead_type: str = ""
    persona: str = ""
    owner: str = ""
    owner_is: str = ""
    """What is wrong with their owner: a queue, or somebody who has left; empty: nothing, or they have none."""
    tier: str = ""
    """A1 to C3."""
    status: str = "active"
    reason: str = ""
    """Of the status."""
    quality: int | None = None
    """1 to 5, as sales sees it."""
    way: tuple[Reached, ...] = ()
    """In the order of time."""
    seen: int | None = None
    """When they first stood in the CRM."""
    held: tuple[Held, ...] = ()
    """Whose they were, in the order of time, as far as it is known."""
    recycled: tuple[SentBack, ...] = ()
    """In the order of time."""
    needs: tuple[str, ...] = ()
    """What they want or what presses them, in the words of a field."""
    pauses: tuple[Pause, ...] = ()
    """When they were sent away or stood aside: nobody owes them an answer then."""
    touches: tuple[Touch, ...] = ()
    """In the order of time; only while something asks for them."""


class Deal(NamedTuple):
    """One deal."""

    entity: str
    people: tuple[str, ...] = ()
    outcome: str = OPEN
    amount: Decimal | None = None
    currency: str = ""
    created: int | None = None
    closed: date | None = None
    """The day of its end, as both systems keep it."""
    reason: str = ""
    owner: str = ""


class Facts:
    """Everything a report may ask."""

    def __init__(
        self,
        people: Sequence[Person],
        deals: Sequence[Deal],
        stages: Sequence[str] = (),
        touched: Callable[[Sequence[Person]], Iterable[Person]] = lambda people: people,
        batch: int = BATCH,
    ) -> None:
        """touched: gives people their touches; without it they have them."""
        self.people = people
        self.deals = deals
        self._touched = touched
        self._batch = batch
        self.stages = tuple(stages)
        """The vocabulary, in the order of rank."""

    def touched(self, people: Sequence[Person]) -> Iterator[Person]:
        """These people with their touches, of which only some are in memory at a time."""
        for start in range(0, len(people), self._batch):
            yield from self._touched(people[start : start + self._batch])

    def touched_deals(self, deals: Sequence[Deal]) -> Iterator[tuple[Deal, list[Person]]]:
        """These deals with their people and their touches, likewise."""
        for start in range(0, len(deals), self._batch):
            some = deals[start : start + self._batch]
            named = dict.fromkeys(entity for deal in some for entity in deal.people if entity in self.by_entity)
            told = {person.entity: person for person in self.touched([self.by_entity[entity] for entity in named])}
            for deal in some:
                yield deal, [told[entity] for entity in deal.people if entity in told]

    @cached_property
    def by_entity(self) -> Mapping[str, Person]:
        """Entity → person."""
        return {person.entity: person for person in self.people}

    @cached_property
    def deals_of(self) -> Mapping[str, list[Deal]]:
        """Entity of a person → deals, the first one first."""
        found: dict[str, list[Deal]] = {}
        for deal in sorted(self.deals, key=lambda d: (d.created or 0, d.entity)):
            for entity in deal.people:
                found.setdefault(entity, []).append(deal)
        return found

    @cached_property
    def meetings(self) -> Mapping[str, list[int]]:
        """Entity of a person → when they met sales, in the order of time.  A meeting that stands in both systems counts
        once."""
        found = {}
        for person in self.touched(self.people):
            times = [touch.at for touch in person.touches if touch.sort == "meeting" and touch.by in ("sales", "buyer")]
            if times:
                found[person.entity] = times
        return found

    @cached_property
    def currency(self) -> str:
        """The currency of most deals: amounts in others are not added to it."""
        counts: dict[str, int] = {}
        for deal in self.deals:
            if deal.amount is not None:
                counts[deal.currency] = counts.get(deal.currency, 0) + 1
        return max(sorted(counts), key=lambda name: counts[name], default="")

    def won(self, person: Person) -> bool:
        """Whether one of the person's deals was won."""
        return any(deal.outcome == WON for deal in self.deals_of.get(person.entity, ()))

    def revenue(self, deals: Sequence[Deal]) -> Decimal:
        """What these deals are worth together, in the currency of most."""
        return sum((d.amount for d in deals if d.amount is not None and d.currency == self.currency), Decimal())

    def reached(self, person: Person, stage: str, *, strict: bool = False) -> bool:
        """Whether the person came to this stage, or beyond it; strict: somebody said so."""
        if strict:
            return any(step.stage == stage and not step.inferred for step in person.way)
        if stage not in self.stages:
            return False
        beyond = set(self.stages[self.stages.index(stage) :])
        return any(step.stage in beyond for step in person.way)


def day_of(at: int) -> date:
    """The UTC date of an instant, ms."""
    return (_EPOCH + timedelta(milliseconds=at)).date()


def days_to_win(person: Person, deal: Deal) -> int | None:
    """From the day the person was first known to the day the deal was won; may be negative.  None: not known."""
    if deal.outcome != WON or deal.closed is None or person.created is None:
        return None
    return (deal.closed - day_of(person.created)).days
