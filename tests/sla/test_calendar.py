"""Working time agrees with a counter that looks at every single minute, wherever clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from insight.sla.calendar import MINUTE, Calendar, Hours

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo",
    "Africa/Cairo", "America/Havana", "Pacific/Apia",
)  # fmt: skip
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC), datetime(2018, 11, 4, tzinfo=UTC),
    datetime(2026, 4, 23, tzinfo=UTC), datetime(2011, 12, 29, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC),
)  # fmt: skip


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    edges = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=4)))
    return tuple((a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    days = draw(st.dictionaries(st.integers(0, 6), hours(), min_size=1))
    free = draw(
        st.sets(st.sampled_from([c.date() + timedelta(days=n) for c in CHANGES for n in (0, 1, 2)]), max_size=3)
    )
    return Calendar(draw(st.sampled_from(ZONES)), days, frozenset(free))


def instants() -> st.SearchStrategy[int]:
    return st.builds(
        lambda change, minutes: int(change.timestamp()) * 1000 + minutes * MINUTE,
        st.sampled_from(CHANGES),
        st.integers(-24 * 60, 48 * 60),
    )


def works(calendar: Calendar, at: int) -> bool:
    """Whether this minute is working time: read off the clock on the wall."""
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    open_ = any(a <= minute < b for a, b in calendar.hours.get(local.weekday(), ()))
    return open_ and local.date() not in calendar.holidays


def counted(calendar: Calendar, start: int, end: int) -> int:
    return sum(works(calendar, at) for at in range(start, end, MINUTE)) * MINUTE


@settings(max_examples=300)
@given(calendars(), instants(), st.integers(0, 3 * 24 * 60))
def test_working_time_is_what_a_minute_counter_counts(calendar: Calendar, start: int, minutes: int) -> None:
    end = start + minutes * MINUTE
    assert calendar.between(start, end) == counted(calendar, start, end)


@given(calendars(), instants(), st.integers(1, 600))
def test_so_much_working_time_has_passed_then_and_not_before(calendar: Calendar, start: int, minutes: int) -> None:
    end = calendar.after(start, minutes * MINUTE)
    assert end is not None
    assert calendar.between(start, end) == minutes * MINUTE
    assert calendar.between(start, end - 1) < minutes * MINUTE


@given(calendars(), instants())
def test_work_begins_in_the_first_minute_that_is_working_time(calendar: Calendar, start: int) -> None:
    opens = calendar.opening(start)
    assert opens is not None
    assert works(calendar, opens // MINUTE * MINUTE)
    assert calendar.between(start, opens) == 0


@given(calendars(), instants(), st.integers(1, 8))
def test_the_last_of_so_many_working_days_ends_where_its_work_ends(calendar: Calendar, start: int, days: int) -> None:
    end = calendar.day_after(start, days)
    assert end is not None
    assert len({calendar.day_of(begin) for begin, _ in calendar.spans(start, end)}) == days
    assert calendar.between(end, end + MINUTE) == 0 or calendar.day_of(end) != calendar.day_of(end - 1)


def test_a_holiday_is_no_working_day() -> None:
    berlin = Calendar("Europe/Berlin", dict.fromkeys(range(5), ((540, 1020),)), frozenset({date(2026, 12, 25)}))
    thursday = int(datetime(2026, 12, 24, 15, tzinfo=UTC).timestamp()) * 1000
    assert datetime.fromtimestamp((berlin.after(thursday, 2 * 60 * MINUTE) or 0) / 1000, UTC) == datetime(
        2026, 12, 28, 9, 0, tzinfo=UTC
    )
