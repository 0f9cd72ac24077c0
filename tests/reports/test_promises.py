"""Promises as reports: clocks by lead type and owner, targets with their pace, the quota calculator, the review."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from insight.ratio import Ratio
from insight.reports.document import Document, Period
from insight.reports.dropped import LEFT, NO_OWNER, QUEUE, UNTOUCHED, dropped
from insight.reports.facts import Deal, Facts, Person, Reached
from insight.reports.promises import Target, delivered, sla, stands
from insight.reports.quota import NURTURE, Promised, quota
from insight.reports.review import NUMBERS, QUESTIONS, review
from insight.sla.goals import Goal
from insight.sla.handoffs import owed
from insight.touches import Touch
from mapping.deals import WON
from sync.insight.agreement import Agreement, CalendarSettings, SlaSettings
from tests.reports.make import FACTS, STAGES, at

EVER = Period()
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
AGREEMENT = Agreement(SlaSettings(), {"office": CalendarSettings()})
NOW = at(4, 30)
DAY = 86_400_000


def person(n: int, answered: float | None, lead_type: str = "mql", owner: str = "olga") -> Person:
    """Handed over on a Monday morning in March, and called so many hours later."""
    began = at(3, 2)
    touches = () if answered is None else (
        Touch(f"p{n}", began + int(answered * 3_600_000), "call", f"c{n}", "sales", outcome="connected"),
    )  # fmt: skip
    return Person(f"p{n}", began, lead_type=lead_type, owner=owner, way=(Reached("mql", began),), touches=touches)


PEOPLE = [
    *(person(n, 1) for n in range(15)),
    *(person(n, 30) for n in range(15, 20)),
    *(person(n, None) for n in range(20, 25)),
    *(person(n, 0.1, "hand_raise", "paul") for n in range(25, 30)),
]
CLOCKED = Facts(PEOPLE, (), STAGES)
OWED = [each for p in PEOPLE for each in owed(p, STAGES[2:], AGREEMENT.promised, AGREEMENT.calendar_of, NOW)]


def by(document: Document, column: str) -> dict[object, object]:
    return {row["what"].value: row[column].value for row in document.rows}


def test_clocks_by_lead_type() -> None:
    found = sla(CLOCKED, EVER, OWED, [])
    assert by(found, "kept") == {"mql": Ratio(15, 25), "hand_raise": Ratio(5, 5), "total": Ratio(20, 30)}
    assert by(found, "missed") == {"mql": 10, "hand_raise": 0, "total": 10}
    assert by(found, "minutes_median")["hand_raise"] == 6.0


def test_clocks_by_owner() -> None:
    assert by(sla(CLOCKED, EVER, OWED, [], by="owner"), "handed_over") == {"olga": 25, "paul": 5, "total": 30}


def test_a_hand_off_of_another_month_is_not_counted() -> None:
    assert not sla(CLOCKED, Period(date(2026, 4, 1), date(2026, 4, 30)), OWED, []).rows


def test_a_target_is_counted_by_its_stage_and_its_period() -> None:
    target = Target("mql", Period(date(2026, 1, 1), date(2026, 1, 31)), 3)
    assert [p.entity for p in delivered(FACTS, target)] == ["ann", "ben"]
    assert [p.entity for p in delivered(FACTS, target._replace(stage="leads"))] == ["ann", "ben"]
    found = stands(FACTS, target, AGREEMENT.calendar_of(""), date(2026, 2, 10))
    assert (found.actual, found.status, found.shortfall) == (2, "low", 1)


def test_a_target_in_the_middle_of_its_period_has_a_pace() -> None:
    began = datetime(2026, 3, 2, 9, tzinfo=UTC)
    people = [Person(f"p{n}", int((began + timedelta(days=n % 14)).timestamp()) * 1000, way=()) for n in range(60)]
    target = Target("leads", MARCH, 100)
    found = stands(Facts(people, (), STAGES), target, AGREEMENT.calendar_of(""), date(2026, 3, 17))
    assert found.expected == pytest.approx(50)
    assert found.projection == pytest.approx(120)
    assert found.status == "ahead"


def test_who_meets_sales_counts_once_for_a_target_of_meetings() -> None:
    def met(n: int, *days: tuple[int, int]) -> Person:
        touches = tuple(Touch(f"p{n}", at(*day), "meeting", f"{n} {day}", "sales") for day in days)
        return Person(f"p{n}", at(1, 5), touches=touches)

    people = [met(1, (3, 2), (3, 9)), met(2, (2, 9)), met(3), met(4, (2, 9), (3, 30))]
    facts = Facts(people, (), STAGES)
    target = Target("meetings", MARCH, 4)
    assert [p.entity for p in delivered(facts, target)] == ["p1", "p4"]
    pace = stands(facts, target, AGREEMENT.calendar_of(""), date(2026, 4, 10))
    [row] = sla(facts, MARCH, [], [(target, pace)]).rows
    assert (row["team"].value, row["there"].value, row["status"].value) == ("both", 2, "low")


PROMISED = Promised(
    Goal(Decimal(100_000), Decimal("0.6"), Decimal("0.4"), {"olga": Decimal(60_000), "paul": Decimal(50_000)}, "EUR"),
    MARCH,
    Decimal(1_000),
    {"lead_to_mql": 0.5, "mql_to_sql": 0.5, "sql_to_opportunity": 0.5, "opportunity_to_won": 0.5},
    {"olga": Decimal(10_000)},
    {"olga": 20, "paul": 20},
)


def test_the_quota_goes_back_from_the_revenue_to_the_leads() -> None:
    found = quota(Facts((), (), STAGES), MARCH, [PROMISED], date(2026, 3, 1))
    assert by(found, "expected")["leads of marketing"] == pytest.approx(60 / 0.5**4)
    assert by(found, "expected")["deals of sales"] == pytest.approx(40)
    assert by(found, "expected")["leads of olga"] == pytest.approx(50 / 0.5**4)


def test_the_quota_says_what_nurturing_so_many_leads_takes() -> None:
    days = ((1, 6), (1, 9), (2, 9))
    once, twice = (Reached("mql", at(1, 6)),), (Reached("mql", at(1, 6)), Reached("mql", at(1, 20), 2))
    won = [
        Person(
            f"w{n}", at(1, 5), way=twice if n < 6 else once,
            touches=tuple(Touch(f"w{n}", at(*day), "page_view", f"{n} {day}", "buyer") for day in days),
        )
        for n in range(24)
    ]  # fmt: skip
    deals = [Deal(f"d{n}", (f"w{n}",), WON, Decimal(100), "EUR", at(1, 7), date(2026, 1, 31)) for n in range(24)]
    found = quota(Facts(won, deals, STAGES), MARCH, [PROMISED], date(2026, 3, 1))
    [load] = [row for row in found.rows if row["what"].value == NURTURE]
    assert load["expected"].value == pytest.approx(2 * by(found, "expected")["leads of marketing"])  # type: ignore[operator]
    assert load["observed"].value == Ratio(6, 24)
    [few] = [r for r in quota(FACTS, MARCH, [PROMISED], date(2026, 3, 1)).rows if r["what"].value == NURTURE]
    assert few["expected"].value is None and "too few" in str(few["remark"].value)


def test_too_many_open_leads_for_a_colleague_are_flagged() -> None:
    found = quota(CLOCKED, MARCH, [PROMISED], date(2026, 3, 1))
    remark = {row["what"].value: row["remark"] for row in found.rows}["leads of olga"]
    assert "25 open" in str(remark.value)
    assert len(remark.records) == 25


def test_a_review_says_every_number_with_its_meaning_and_asks_five_questions() -> None:
    target = Target("mql", MARCH, 100)
    pace = stands(CLOCKED, target, AGREEMENT.calendar_of(""), date(2026, 3, 20))
    found = review(CLOCKED, MARCH, OWED, [(target, pace)], PROMISED.rates, date(2026, 3, 20))
    assert [row["number"].value for row in found.rows] == [number.name for number in NUMBERS]
    assert all(row["means"].value and row["owner"].value for row in found.rows)
    values = {row["number"].value: row["value"].value for row in found.rows}
    assert (values["MQLs"], values["answered as promised"]) == (30, Ratio(20, 30))
    assert set(QUESTIONS) <= set(found.notes)
    assert any("not answered as promised" in note for note in found.notes)


def test_hand_offs_are_dropped_in_four_ways_and_each_is_listed() -> None:
    left = [
        person(1, None, owner="")._replace(entity="nobody"),
        person(2, 1)._replace(entity="queue", owner="web leads", owner_is=QUEUE),
        person(3, 1)._replace(entity="left", owner="gone", owner_is=LEFT),
        person(4, None)._replace(entity="untouched"),
        person(5, 1)._replace(entity="kept"),
        person(6, None)._replace(entity="back", status="recycled"),
    ]
    handed = [each for p in left for each in owed(p, STAGES[2:], AGREEMENT.promised, AGREEMENT.calendar_of, NOW)]
    found = dropped(EVER, handed, NOW)
    assert [(row["dropped"].value, row["person"].value) for row in found.rows] == [
        (NO_OWNER, "nobody"), (QUEUE, "queue"), (LEFT, "left"), (UNTOUCHED, "untouched"),
    ]  # fmt: skip
    assert [row["dropped"].records for row in found.rows] == [("nobody",), ("queue",), ("left",), ("untouched",)]
    assert not dropped(Period(date(2026, 4, 1), None), handed, NOW).rows
