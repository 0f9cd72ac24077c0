"""Working time: when a team is at work, and how much of it lies between two instants.

A working hour counts as long as it lasts on the clock of the world: where a clock is set back in the middle of it, it
lasts two; what a clock leaps over does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from mapping.zones import zone

MINUTE = 60_000
DAY_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
HORIZON_DAYS = 3 * 366
"""Who is not at work within so many days never will be."""

Hours = tuple[tuple[int, int], ...]
"""From and to, in minutes after midnight of the local clock; in order, apart from each other."""
Span = tuple[int, int]
"""From (included) and to (not included), ms since the epoch."""


@dataclass(frozen=True)
class Calendar:
    """The working hours of a team, in its own time zone."""

    zone: str
    hours: Mapping[int, Hours]
    """Weekday (0: Monday) → its hours; a day that is not named is free."""
    holidays: frozenset[date] = field(default_factory=frozenset)

    @cached_property
    def _seen(self) -> dict[date, tuple[Span, ...]]:
        return {}

    def day_of(self, at: int) -> date:
        """The local date of an instant, ms."""
        return (_EPOCH + at * _MS).astimezone(zone(self.zone)).date()

    def works_on(self, day: date) -> bool:
        """Whether anybody works on this day at all."""
        return bool(self.hours.get(day.weekday())) and day not in self.holidays

    def on(self, day: date) -> tuple[Span, ...]:
        """The working spans of one local day."""
        if not self.works_on(day):
            return ()
        if day not in self._seen:
            hours = self.hours[day.weekday()]
            self._seen[day] = tuple(
                (max(begin, offset_begin), min(end, offset_end))
                for offset_begin, offset_end, midnight in _stretches(self.zone, day)
                for begin, end in ((midnight + a * MINUTE, midnight + b * MINUTE) for a, b in hours)
                if max(begin, offset_begin) < min(end, offset_end)
            )
        return self._seen[day]

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Working time from start to end, span by span."""
        day, last = self.day_of(start), self.day_of(end)
        while day <= last:
            for begin, stop in self.on(day):
                if max(begin, start) < min(stop, end):
                    yield max(begin, start), min(stop, end)
            day += timedelta(days=1)

    def between(self, start: int, end: int) -> int:
        """Working time, ms, from start to end; 0 where end is not later."""
        return sum(stop - begin for begin, stop in self.spans(start, end))

    def after(self, start: int, working: int) -> int | None:
        """The first instant by which so much working time, ms, has passed since start; None: never."""
        if working <= 0:
            return start
        for begin, stop in self.spans(start, start + HORIZON_DAYS * DAY_MINUTES * MINUTE):
            if stop - begin >= working:
                return begin + working
            working -= stop - begin
        return None

    def opening(self, at: int) -> int | None:
        """The instant itself where it lies in working time, else when work begins next; None: never."""
        return next((begin for begin, _ in self.spans(at, at + HORIZON_DAYS * DAY_MINUTES * MINUTE)), None)

    def day_after(self, at: int, days: int) -> int | None:
        """The end of the last of so many working days, of which the first is that of the next opening; None: never."""
        opens = self.opening(at)
        if opens is None:
            return None
        day = self.day_of(opens)
        while True:
            spans = [span for span in self.on(day) if span[1] > at]
            days -= bool(spans)
            if days <= 0:
                return spans[-1][1]
            day += timedelta(days=1)
            if (day - self.day_of(opens)).days > HORIZON_DAYS:
                return None


@lru_cache(maxsize=4096)
def _stretches(name: str, day: date) -> tuple[tuple[int, int, int], ...]:
    """The parts of a local day between changes of the clock: from, to, and where midnight was by that clock, ms."""
    where = zone(name)
    first, last = _midnight(name, day), _midnight(name, day + timedelta(days=1))
    naive = (day - _EPOCH.date()) // _MS

    def offset(at: int) -> int:
        return ((_EPOCH + at * _MS).astimezone(where).utcoffset() or timedelta()) // _MS

    found, begin = [], first
    while begin < last:
        here = offset(begin)
        low, high = begin, last
        if offset(last - 1) == here:
            low = last
        else:
            # Clocks change on whole minutes, and hardly twice a day.
            low, high = begin // MINUTE, last // MINUTE
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle * MINUTE) == here else (low, middle)
            low = high * MINUTE
        found.append((begin, low, naive - here))
        begin = low
    return tuple(found)


def _midnight(name: str, day: date) -> int:
    """When a local day begins, ms: where the clock leaps over midnight, when it leaps."""
    where = zone(name)
    begins = datetime(day.year, day.month, day.day, tzinfo=where)
    at = (begins.astimezone(UTC) - _EPOCH) // _MS
    local = (_EPOCH + at * _MS).astimezone(where)
    if local.date() == day and local.time() != datetime.min.time():
        # Leapt over: the clock before the leap put it later than it is.
        return at - (local.hour * 60 + local.minute) * MINUTE
    return at
