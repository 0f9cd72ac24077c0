"""Reports of practice: personas, needs, campaigns with their cost, nurturing, meetings, customers, rates that drift."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight.catalogue import Piece, Spent, suggest
from insight.ratio import Ratio
from insight.reports import kpis
from insight.reports.audience import UNASSIGNED, personas, profile
from insight.reports.cycles import alarms, customers, drift, meetings, nurture
from insight.reports.document import Document, Period
from insight.reports.facts import Deal, Facts, Person, Reached, SentBack
from insight.reports.loop import loop
from insight.reports.needs import needs
from insight.reports.spending import NO_COST, campaigns
from insight.score.points import Scheme
from insight.touches import By, Sort, Touch
from sync.insight.known import Known
from sync.insight.reports import REPORTS, TWO_MODELS
from sync.insight.tables import TableError, content, costs
from tests.reports.make import FACTS, STAGES, at
from tests.reports.test_reports import facts as any_facts

EVER = Period()
DAY = 86_400_000


def asks(touch: Touch) -> bool:
    return Scheme().class_of(touch) == "demo"


def rows(document: Document, label: str) -> dict[Any, dict[str, Any]]:
    return {row[label].value: {name: cell.value for name, cell in row.items()} for row in document.rows}


def touch(who: str, when: int, sort: Sort = "page_view", title: str = "", by: By = "buyer", source: str = "") -> Touch:
    return Touch(who, when, sort, f"{who}:{sort}:{when}", by, title, source=source)


def lead(n: int, **more: Any) -> Person:
    return Person(f"p{n}", at(1, 1 + n % 28), **more)


# -- personas ----------------------------------------------------------------------------------------------------------


def test_each_persona_stands_beside_those_of_none_and_the_span_before() -> None:
    people = [
        lead(
            n,
            persona="boss" if n < 30 else "",
            way=(Reached("mql", at(1, 2)),) + (Reached("sql", at(1, 9)),) * (n < 20),
        )
        for n in range(40)
    ]
    before = [p._replace(entity=f"b{p.entity}", created=at(1, 1) - 5 * DAY) for p in people]
    won = [Deal(f"d{n}", (f"p{n}",), "won", Decimal(100), "EUR", at(2, 1), date(2026, 3, 1)) for n in (1, 2, 35)]
    found = rows(
        personas(Facts([*people, *before], won, STAGES), Period(date(2026, 1, 1), date(2026, 1, 31))), "persona"
    )
    assert found["boss"]["share"] == Ratio(30, 40)
    assert (found["boss"]["sql"], found["boss"]["won"], found["boss"]["before"]) == (
        Ratio(20, 30),
        Ratio(2, 30),
        Ratio(0, 30),
    )
    assert found[UNASSIGNED]["share"] == Ratio(10, 40)
    assert found[UNASSIGNED]["deals_won"] == 1
    assert found["total"]["revenue"] == 300


def test_the_profile_of_who_was_won_has_its_lift() -> None:
    people = [lead(n, source="FAIR" if n % 4 == 0 else "ADS") for n in range(80)]
    won = [Deal(f"d{n}", (f"p{n * 4}",), "won", created=at(2, 1)) for n in range(20)]
    found = {(row["what"].value, row["value"].value): row for row in profile(Facts(people, won, STAGES), EVER).rows}
    assert found["source", "FAIR"]["won"].value == Ratio(20, 20)
    assert found["source", "ADS"]["lift"].value == 0
    assert found["touches", "0"]["others"].value == Ratio(60, 60)


# -- needs and content -------------------------------------------------------------------------------------------------

STAGE_OF = {"lead": "awareness", "mql": "consideration"}


def test_a_need_of_five_to_which_nothing_answers_is_a_gap() -> None:
    people = [lead(n, needs=("Price", "Support") if n < 5 else ("Price",), way=(Reached("mql", 1),)) for n in range(6)]
    guide = Piece("What it costs", "https://site.example/price", topic="price", stage="consideration")
    found = rows(needs(Facts(people, (), STAGES), EVER, [guide], STAGE_OF), "need")
    assert (found["Support"]["people"], found["Support"]["gap"]) == (5, "gap")
    assert (found["Price"]["content"], found["Price"]["gap"]) == ("What it costs", "")
    late = rows(needs(Facts(people, (), STAGES), EVER, [guide._replace(stage="decision")], STAGE_OF), "need")
    assert late["Price"]["gap"] == "gap at this stage"


PIECES = st.builds(
    Piece, st.sampled_from("abcdef"), st.sampled_from(["u1", "u2", "u3", "u4"]), st.just(""),
    st.sampled_from(["", "awareness", "decision"]), st.sampled_from(["", "boss"]), st.sampled_from(["", "price"]),
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=8), st.dictionaries(st.sampled_from(["u1", "u2", "u3", "u4"]), st.floats(0, 9)),
    st.sampled_from(["", "boss"]), st.sampled_from(["", "awareness"]), st.sets(st.sampled_from(["u1", "u2", "a", "b"])),
)  # fmt: skip
def test_what_was_seen_is_never_suggested(
    pieces: list[Piece], lifts: dict[str, float], persona: str, stage: str, seen: set[str]
) -> None:
    found = suggest(pieces, lifts, persona, stage, ["Price"], seen)
    fitting = [
        p for p in pieces if not {p.url, p.title} & seen and p.persona in ("", persona) and p.stage in ("", stage)
    ]
    assert (found is None) == (not fitting)
    if found is not None:
        assert found in fitting
        assert found.topic == "price" or not any(piece.topic == "price" for piece in fitting)
        rivals = [piece for piece in fitting if piece.topic == found.topic]
        assert lifts.get(found.url, 1.0) == max(lifts.get(piece.url, 1.0) for piece in rivals)


def test_tables_are_read_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("title,url,stage,topic\nGuide,https://site.example/guide?x=1,awareness,price\n", "utf-8")
    assert content(str(file)) == [Piece("Guide", "https://site.example/guide", "", "awareness", "", "price")]
    file.write_text("source,month,cost,campaign\nPAID_SEARCH,2026-01,12.50,ads-1\n", "utf-8")
    assert costs(str(file)) == [Spent("paid_search", "ads-1", "2026-01", Decimal("12.50"))]
    file.write_text("source,month,cost\nads,2026-13,1\n", "utf-8")
    with pytest.raises(TableError, match="line 2: month is '2026-13'"):
        costs(str(file))
    file.write_text("source,cost\n", "utf-8")
    with pytest.raises(TableError, match="it lacks month"):
        costs(str(file))
    with pytest.raises(TableError, match="cannot be read"):
        costs(str(tmp_path / "none.csv"))


# -- campaigns ---------------------------------------------------------------------------------------------------------


def test_the_return_of_a_campaign_needs_its_cost() -> None:
    spent = [
        Spent("PAID_SEARCH", "ads-1", "2026-02", Decimal("250.00")),
        Spent("PAID_SEARCH", "ads-1", "2025-12", Decimal(9)),
    ]
    found = rows(campaigns(FACTS, Period(date(2026, 1, 1), date(2026, 12, 31)), spent, ("first",)), "campaign")
    row = found["ads-1"]
    assert (row["people"], row["cost"], row["cost_per_mql"]) == (1, Decimal("250.00"), Decimal("250.00"))
    assert found["spring"]["cost"] == NO_COST
    assert found["spring"]["roi_first"] is None
    assert row["roi_first"] == float((row["revenue_first"] - 250) / 250)


@settings(max_examples=40)
@given(any_facts())
def test_campaigns_give_away_the_revenue_and_no_more(known: Facts) -> None:
    found = campaigns(known, EVER, [], ("first", "linear"))
    won = [deal for deal in known.deals if deal.outcome == "won"]
    for model in ("first", "linear"):
        values: list[Any] = [row[f"revenue_{model}"].value for row in found.rows]
        without = sum(
            (d.amount or Decimal() for d in won if d.currency == known.currency and not _way(known, d)), Decimal()
        )
        assert sum(values, Decimal()) + without == known.revenue(won)


def _way(known: Facts, deal: Deal) -> bool:
    from insight.reports.credit import way_of

    return bool(way_of(known, deal, [known.by_entity[e] for e in deal.people if e in known.by_entity]).touches)


def test_even_yields_have_no_spread_and_uneven_ones_have() -> None:
    def month(n: int, many: int, came: int, name: str) -> list[Person]:
        return [
            Person(f"{name}{n}-{i}", at(n, 2), way=(Reached("mql", at(n, 3)),) if i < came else (),
                   touches=(touch(f"{name}{n}-{i}", at(n, 2), source=name),))
            for i in range(many)
        ]  # fmt: skip

    people = [p for n in (1, 2, 3) for p in (*month(n, 4, 2, "even"), *month(n, 4, n, "uneven"))]
    found = rows(campaigns(Facts(people, (), STAGES), EVER, [], ("first",)), "source")
    assert found["even"]["spread"] == 0
    assert found["uneven"]["spread"] == pytest.approx(0.408, abs=0.001)


# -- nurturing, meetings, customers ------------------------------------------------------------------------------------


def test_who_was_sent_back_is_in_view_until_won_or_given_up() -> None:
    back = (SentBack(at(2, 1), "not_now"),)
    again = Person("again", at(1, 1), recycled=back, way=(Reached("mql", at(1, 5)), Reached("mql", at(2, 21), 2)),
                   touches=(touch("again", at(2, 20), "form", "Ask for a demo"),))  # fmt: skip
    waits = Person("waits", at(1, 1), recycled=back, status="recycled")
    gone = Person("gone", at(1, 1), recycled=back, status="disqualified")
    won = Person("won", at(1, 1), recycled=back, status="active")
    known = Facts([again, waits, gone, won], [Deal("d", ("won",), "won")], STAGES)
    (row,) = rows(nurture(known, EVER, asks), "reason").values()
    assert (row["entered"], row["again"], row["asked"], row["won"]) == (4, Ratio(1, 4), Ratio(1, 4), Ratio(1, 4))
    assert (row["waiting"], row["days_median"]) == (2, 20.0)
    assert not nurture(known, Period(date(2026, 3, 1), date(2026, 3, 31)), asks).rows


def test_a_wish_for_a_meeting_and_the_meeting() -> None:
    wish = touch("a", at(3, 2), "form", "Book a demo")
    booked = Person("a", at(1, 1), owner="olga", touches=(wish, touch("a", at(3, 5), "meeting", by="sales")))
    forgotten = Person("b", at(1, 1), owner="olga", touches=(touch("b", at(3, 2), "form", "Get an estimate"),))
    invited = Person("c", at(1, 1), owner="paul", touches=(touch("c", at(3, 3), "meeting", by="sales"),))
    found = rows(meetings(Facts([booked, forgotten, invited], (), STAGES), EVER, asks), "owner")
    assert (found["olga"]["asked"], found["olga"]["booked"], found["olga"]["days_median"]) == (2, Ratio(1, 2), 3.0)
    assert (found["paul"]["asked"], found["paul"]["meetings"], found["total"]["meetings"]) == (0, 1, 2)


def test_who_bought_again() -> None:
    bought = {"a": (2024, 2025), "b": (2024,), "c": (2025, 2025)}
    deals = [
        Deal(f"{who}{n}", (who,), "won", closed=date(year, 5, 1))
        for who, years in bought.items()
        for n, year in enumerate(years)
    ]
    found = rows(customers(Facts([], deals, STAGES), EVER), "year")
    assert (found["2025"]["new"], found["2025"]["stayed"]) == (1, Ratio(1, 2))
    assert found["2025"]["more_than_once"] == Ratio(2, 3)


# -- drift -------------------------------------------------------------------------------------------------------------


def quarters(*rates: float) -> Facts:
    """So many of a hundred MQLs of each quarter from 2024 on became SQLs within a week."""
    people = []
    for n, rate in enumerate(rates):
        began = date(2024 + n // 4, 1 + n % 4 * 3, 10)
        start = (began - date(1970, 1, 1)).days * DAY
        people += [
            Person(
                f"{n}-{i}", start, way=(Reached("mql", start),) + (Reached("sql", start + 7 * DAY),) * (i < 100 * rate)
            )
            for i in range(100)
        ]
    return Facts(people, (), STAGES)


def test_a_rate_that_drops_alerts_in_the_second_quarter() -> None:
    late = date(2030, 1, 1)
    assert alarms(quarters(0.5, 0.5, 0.52, 0.48, 0.5, 0.5), late) == []
    dropped = quarters(0.5, 0.5, 0.52, 0.48, 0.3, 0.3)
    told = [row["verdict"].value for row in drift(dropped, late).rows if row["step"].value == "mql to sql"]
    assert told == ["", "", "", "", "below", "alert: below again"]
    assert alarms(dropped, late) == ["mql to sql: alert: below again in 2025 Q2"]
    assert alarms(dropped, date(2025, 4, 10) + timedelta(days=80)) == []


# -- the whole, and the words ------------------------------------------------------------------------------------------


def test_neither_end_of_the_funnel_is_shown_alone() -> None:
    found = rows(loop(FACTS, EVER), "step")
    assert list(found) == ["visits and page views", "leads", "mql", "sql", "opportunity", "won", "revenue"]
    assert (found["visits and page views"]["number"], found["leads"]["number"]) == (6, 4)
    assert (found["won"]["number"], found["revenue"]["number"]) == (2, Decimal("1500.01"))
    assert REPORTS["funnel"].pack == ("funnel", "loop")


def test_no_number_is_shown_without_an_entry_in_the_dictionary() -> None:
    known = Known(FACTS, _settings(), at(6, 1))
    for name, report in REPORTS.items():
        document = report.make(known, Period(date(2026, 1, 1), date(2026, 3, 31)), "", TWO_MODELS)
        for column in document.columns:
            values = [row[column].value for row in document.rows]
            if name != "kpis" and any(value is not None and not isinstance(value, str) for value in values):
                entry = kpis.of(column, TWO_MODELS)
                assert entry is not None, f"{name}: {column} has no entry"
                assert all(entry)


def _settings() -> Any:
    from sync.config import parse

    raw: dict[str, Any] = {
        "hubspot": {"access_token": "env:A"},
        "salesforce": {"login_url": "https://a.example", "client_id": "env:B", "client_secret": "env:C"},
    }
    return parse(raw)
