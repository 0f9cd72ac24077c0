"""`[calendar]`, `[sla]`, `[goals]` and `[alerts]`: what both teams promised each other, and who is told what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, field_validator, model_validator

from insight.alerts import TYPES, Rules
from insight.sla.calendar import Calendar, Hours
from insight.sla.clock import Attempts, Promise
from insight.sla.goals import STEPS, Goal, contradictions
from sync.settings.fields import Section
from sync.settings.secrets import Secret

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = {"minute": 60_000, "hour": 3_600_000}
YEARS = range(2010, 2041)
"""Those of which public holidays are known."""
OFFICE = "office"


def _hours(text: str) -> Hours:
    """ "09:00-12:00, 13:00-17:00" in minutes after midnight."""
    found: list[tuple[int, int]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", part)
        numbers = [int(number) for number in match.groups()] if match else []
        begin, end = (numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]) if match else (0, 0)
        if not match or not begin < end <= 1440 or (found and begin < found[-1][1]):
            raise ValueError(f'"{part}" must be like "09:00-17:30", one after the other, with commas between them')
        found.append((begin, end))
    return tuple(found)


def span(text: str) -> int:
    """ "15 minutes" or "4 hours" in ms."""
    match = re.fullmatch(r"(\d+) (minute|hour)s?", text.strip())
    if not match or not int(match[1]):
        raise ValueError('must be like "15 minutes" or "4 hours", in working time')
    return int(match[1]) * UNITS[match[2]]


def _checked(read: Callable[[str], object]) -> Callable[[str], str]:
    def check(text: str) -> str:
        read(text)
        return text

    return check


Times = Annotated[str, AfterValidator(_checked(_hours))]
Span = Annotated[str, AfterValidator(_checked(span))]
Share = Annotated[float, Field(gt=0, le=1)]


class CalendarSettings(Section):
    """One `[calendar.NAME]`"""

    zone: str = "UTC"
    monday: Times = "09:00-17:00"
    tuesday: Times = "09:00-17:00"
    wednesday: Times = "09:00-17:00"
    thursday: Times = "09:00-17:00"
    friday: Times = "09:00-17:00"
    saturday: Times = ""
    sunday: Times = ""
    holidays: str = ""
    ics: str = ""
    free: tuple[date, ...] = ()
    owners: tuple[str, ...] = ()

    @field_validator("zone")
    @classmethod
    def _a_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError('must be a time zone such as "Europe/Berlin" or "America/New_York"')
        return zone

    @field_validator("holidays")
    @classmethod
    def _a_country(cls, place: str) -> str:
        if place:
            _public_holidays(place)
        return place

    @model_validator(mode="after")
    def _works_at_all(self) -> CalendarSettings:
        if not any(getattr(self, day) for day in DAYS):
            raise ValueError("nobody ever works by this calendar; give at least one day its hours")
        return self

    def calendar(self) -> Calendar:
        """As clocks use it.  Raises ValueError where the file of holidays cannot be read."""
        hours = {number: _hours(getattr(self, day)) for number, day in enumerate(DAYS) if getattr(self, day)}
        free = {*self.free, *(_public_holidays(self.holidays) if self.holidays else ())}
        return Calendar(self.zone, hours, frozenset(free | (_from_file(Path(self.ics)) if self.ics else set())))


@cache
def _public_holidays(place: str) -> frozenset[date]:
    import holidays

    country, _, part = place.partition("-")
    try:
        return frozenset(holidays.country_holidays(country, subdiv=part or None, years=YEARS))
    except (NotImplementedError, KeyError, AttributeError):
        raise ValueError(
            f'"{place}" is no country (and part) whose holidays are known; such as "DE-BY" or "US"'
        ) from None


def _from_file(path: Path) -> set[date]:
    """The days of all-day events of an iCalendar file."""
    from icalendar import Calendar as File

    try:
        events = File.from_ical(path.read_bytes()).walk("VEVENT")
    except (OSError, ValueError) as error:
        raise ValueError(f"the holidays in {path} cannot be read: {error}") from None
    days: set[date] = set()
    for event in events:
        begin, end = event.decoded("dtstart"), event.decoded("dtend", None)
        if type(begin) is date:
            last = end if type(end) is date else begin + timedelta(days=1)
            days |= {begin + timedelta(days=n) for n in range((last - begin).days)}
    return days


class LeadTypeSettings(Section):
    """One `[[sla.lead_type]]`"""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: str = "always"


class PromiseSettings(Section):
    """One `[[sla.agreement.promise]]`"""

    lead_type: str
    response: Span
    attempts: int = Field(default=0, ge=0, le=50)
    days: int = Field(default=10, ge=1, le=200)
    gap: Span = "4 hours"
    channels: int = Field(default=1, ge=1, le=3)

    def promise(self, automation: bool) -> Promise:
        """As clocks use it."""
        wanted = Attempts(self.attempts, self.days, span(self.gap), self.channels) if self.attempts else None
        return Promise(span(self.response), wanted, automation)


class AgreementSettings(Section):
    """One `[[sla.agreement]]`: what holds from a day on."""

    since: date = Field(alias="from")
    automation: bool = False
    promise: tuple[PromiseSettings, ...] = Field(min_length=1)


LEAD_TYPES = (
    LeadTypeSettings(name="hand_raise", when='first_offer in ("Demo request", "Contact sales", "Estimate request")'),
    LeadTypeSettings(name="mql", when="always"),
)
AGREEMENTS = (
    AgreementSettings.model_validate(
        {
            "from": date(2000, 1, 1),
            "promise": [
                {"lead_type": "hand_raise", "response": "15 minutes", "attempts": 6, "days": 10, "channels": 2},
                {"lead_type": "mql", "response": "4 hours", "attempts": 5, "days": 10},
            ],
        }
    ),
)


class SlaSettings(Section):
    """`[sla]`"""

    on: bool = False
    start: str = "mql"
    lead_type: tuple[LeadTypeSettings, ...] = LEAD_TYPES
    agreement: tuple[AgreementSettings, ...] = AGREEMENTS

    @model_validator(mode="after")
    def _consistent(self) -> SlaSettings:
        names = [entry.name for entry in self.lead_type]
        for name in sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f'the lead type "{name}" is defined twice')
        days = [agreement.since for agreement in self.agreement]
        if days != sorted(set(days)):
            raise ValueError("the agreements must stand in the order of their `from`, each with a day of its own")
        for agreement in self.agreement:
            promised = [promise.lead_type for promise in agreement.promise]
            for name in promised:
                if name not in names:
                    raise ValueError(f'"{name}" is no lead type; choose from: {", ".join(names)}')
                if promised.count(name) > 1:
                    raise ValueError(f'the agreement from {agreement.since} promises "{name}" twice')
        return self


class GoalSettings(Section):
    """One `[[goals.period]]`"""

    since: date = Field(alias="from")
    until: date = Field(alias="to")
    revenue: Decimal = Field(gt=0)
    currency: str = ""
    marketing_share: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    sales_share: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    deal: Decimal = Field(gt=0)
    quotas: dict[str, Decimal] = Field(default_factory=dict)
    self_sourced: dict[str, Decimal] = Field(default_factory=dict)
    targets: dict[str, int] = Field(default_factory=dict)
    lead_to_mql: Share = 0.3
    mql_to_sql: Share = 0.3
    sql_to_opportunity: Share = 0.5
    opportunity_to_won: Share = 0.25

    @property
    def goal(self) -> Goal:
        """As it is reckoned with."""
        return Goal(self.revenue, self.marketing_share, self.sales_share, self.quotas, self.currency)

    @property
    def rates(self) -> dict[str, float]:
        """The step of the chain → what is assumed of it."""
        return {step: getattr(self, step) for step in STEPS}

    @model_validator(mode="after")
    def _adds_up(self) -> GoalSettings:
        if self.since > self.until:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.since}")
        if found := contradictions(self.goal):
            raise ValueError("; ".join(found))
        return self


class GoalsSettings(Section):
    """`[goals]`"""

    period: tuple[GoalSettings, ...] = ()


class AlertsSettings(Section):
    """`[alerts]`"""

    on: bool = False
    types: tuple[str, ...] = TYPES
    task: bool = True
    channels: tuple[Secret, ...] = ()
    people: dict[str, tuple[Secret, ...]] = Field(default_factory=dict)
    managers: dict[str, str] = Field(default_factory=dict)
    fallback: str = ""
    marketing: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    hand_raises: tuple[str, ...] = ("Demo request", "Contact sales", "Estimate request")
    key_pages: tuple[str, ...] = ("/pricing", "/demo", "/estimate")
    never: str = "opted_out"
    cool_down: Span = "24 hours"
    cap: int = Field(default=15, ge=1)
    always_hand_raise: bool = False

    @field_validator("types")
    @classmethod
    def _known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        for name in types:
            if name not in TYPES:
                raise ValueError(f'"{name}" is no alert; choose from: {", ".join(TYPES)}')
        return types

    @property
    def rules(self) -> Rules:
        """As they are decided by."""
        return Rules(
            self.types, self.hand_raises, self.key_pages, span(self.cool_down), self.cap, self.always_hand_raise,
            {owner.lower(): name for owner, name in self.managers.items()}, self.fallback, self.marketing, self.ops,
        )  # fmt: skip


class Agreement:
    """All versions of the agreement, and everybody's working time."""

    def __init__(self, sla: SlaSettings, calendars: Mapping[str, CalendarSettings]) -> None:
        self._calendars = {name: each.calendar() for name, each in calendars.items()}
        self._of = {owner.lower(): name for name, each in calendars.items() for owner in each.owners}
        self._first = next(iter(calendars))
        self._versions = [
            (version.since, {each.lead_type: each.promise(version.automation) for each in version.promise})
            for version in sla.agreement
        ]

    def calendar_of(self, owner: str) -> Calendar:
        """The working time of a colleague: of the calendar that names them, else of the first."""
        return self._calendars[self._of.get(owner.lower(), self._first)]

    def promised(self, day: date, lead_type: str) -> Promise | None:
        """What was agreed on this day for a type of lead; None: nothing was."""
        held = [promises for since, promises in self._versions if since <= day]
        return held[-1].get(lead_type) if held else None
