"""Hand-offs, one a cycle, each judged by what was agreed on its day; advice; and the configuration of it all."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from insight.ratio import Ratio
from insight.reports.facts import Person, Reached
from insight.sla.advice import Known, Lever, advise
from insight.sla.clock import BREACHED, MET, Pause
from insight.sla.handoffs import owed
from insight.sla.pace import pace
from insight.touches import Touch
from sync.insight.agreement import AGREEMENTS, Agreement, CalendarSettings, GoalSettings, SlaSettings

BEYOND = ("mql", "sal", "sql")
OFFICE = {"office": CalendarSettings(zone="Europe/Berlin", holidays="DE-BY", owners=("anna@example.com",))}
QUARTER = {"from": "2026-01-01", "to": "2026-03-31"}
STRICT = {"from": date(2026, 3, 16), "promise": [{"lead_type": "mql", "response": "30 minutes"}]}


def at(day: int, hour: int, minute: int = 0) -> int:
    return int(datetime(2026, 3, day, hour, minute, tzinfo=UTC).timestamp()) * 1000


def agreed(*more: dict[str, Any]) -> Agreement:
    first = AGREEMENTS[0].model_dump(by_alias=True)
    return Agreement(SlaSettings.model_validate({"agreement": [first, *more]}), OFFICE)


def called(day: int, hour: int, minute: int = 0) -> Touch:
    return Touch("p", at(day, hour, minute), "call", f"call{day}{hour}{minute}", "sales", outcome="connected")


def test_each_cycle_is_a_hand_off_and_its_day_says_what_was_promised() -> None:
    person = Person(
        "p",
        lead_type="mql",
        owner="anna@example.com",
        way=(
            Reached("lead", at(1, 9)),
            Reached("mql", at(2, 9)),
            Reached("sql", at(3, 9)),
            Reached("mql", at(17, 9), 2),
        ),
        touches=(called(2, 10), called(17, 10)),
    )
    agreement = agreed(STRICT)
    found = list(owed(person, BEYOND, agreement.promised, agreement.calendar_of, at(20, 9)))
    assert [(each.day, each.handoff.cycle, each.verdict.state) for each in found] == [
        (date(2026, 3, 2), 1, MET), (date(2026, 3, 17), 2, "met_late"),
    ]  # fmt: skip


def test_nobody_owes_an_answer_while_the_person_is_sent_away() -> None:
    agreement = agreed()
    way = (Reached("mql", at(2, 8)),)
    person = Person("p", lead_type="mql", owner="anna@example.com", way=way)
    away = person._replace(pauses=(Pause(at(2, 9)),))
    states = [
        next(owed(each, BEYOND, agreement.promised, agreement.calendar_of, at(4, 9))).verdict.state
        for each in (person, away)
    ]
    assert states == [BREACHED, "on_track"]


def test_what_was_not_agreed_yet_is_owed_to_nobody() -> None:
    agreement = Agreement(SlaSettings.model_validate({"agreement": [STRICT]}), OFFICE)
    person = Person("p", lead_type="mql", owner="x", way=(Reached("mql", at(2, 9)),))
    assert not list(owed(person, BEYOND, agreement.promised, agreement.calendar_of, at(20, 9)))


def test_holidays_of_a_country_and_of_a_file_are_free(tmp_path: Path) -> None:
    file = tmp_path / "days.ics"
    file.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260702\r\n"
        "DTEND;VALUE=DATE:20260704\r\nSUMMARY:Closed\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    calendar = CalendarSettings(holidays="DE-BY", ics=str(file), free=(date(2026, 7, 6),)).calendar()
    days = [date(2026, 1, 6), date(2026, 7, 2), date(2026, 7, 3), date(2026, 7, 6), date(2026, 7, 7)]
    assert [calendar.works_on(day) for day in days] == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("section", "raw", "told"),
    [
        (CalendarSettings, {"monday": "9 to 5"}, '"09:00-17:30"'),
        (CalendarSettings, {"monday": "13:00-17:00, 09:00-12:00"}, "one after the other"),
        (CalendarSettings, {"zone": "Berlin"}, "Europe/Berlin"),
        (CalendarSettings, {"holidays": "XX"}, "DE-BY"),
        (CalendarSettings, dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ""), "nobody ever"),
        (SlaSettings, {"agreement": [{**STRICT, "promise": [{"lead_type": "x", "response": "1 hour"}]}]}, "no lead"),
        (SlaSettings, {"agreement": [{**STRICT, "promise": [{"lead_type": "mql", "response": "soon"}]}]}, "4 hours"),
        (SlaSettings, {"agreement": [STRICT, STRICT]}, "day of its own"),
        (GoalSettings, {**QUARTER, "revenue": 1000, "deal": 10, "quotas": {"a": 900}}, "100"),
        (GoalSettings, {**QUARTER, "revenue": 10, "deal": 1, "sales_share": 0.4}, "0.1"),
    ],
)  # fmt: skip
def test_what_cannot_be_agreed_is_refused_with_what_would_be_right(section: Any, raw: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        section.model_validate(raw)


LEVERS = (Lever("search", Ratio(30, 100), 5), Lever("trade fair", Ratio(90, 100), 60), Lever("social", Ratio(1, 4), 5))


def test_low_names_the_best_lever_that_still_fits_the_period() -> None:
    low = pace(100, 10, 0.5)
    advice = advise("MQLs", low, Known(LEVERS), left=14)
    assert any("search" in line for line in advice)
    assert not any("trade fair" in line or "social" in line for line in advice)


def test_where_sales_is_the_bottleneck_more_leads_are_not_advised() -> None:
    advice = advise("MQLs", pace(100, 10, 0.5), Known(LEVERS, missed=Ratio(30, 100)), left=14)
    assert "would not help" in advice[-1]
    assert not any("more leads from" in line for line in advice)


def test_on_track_starts_the_next_and_ahead_keeps_some_back() -> None:
    assert "next campaign" in advise("MQLs", pace(100, 52, 0.5, [100, 98, 103]), Known(), 14)[0]
    assert "Keep finished content" in advise("MQLs", pace(100, 90, 0.5, [100, 98, 103]), Known(), 14)[0]


@given(st.integers(0, 200), st.floats(0, 1), st.integers(0, 100), st.integers(-10, 90))
def test_there_is_always_something_to_say(actual: int, share: float, recycled: int, left: int) -> None:
    assert advise("x", pace(100, actual, share), Known(LEVERS, recycled), left)
