"""Reports against figures that were counted by hand, and laws: what must add up adds up, whatever the facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from insight.catalogue import Piece
from insight.ratio import Ratio
from insight.reports.credit import attribution
from insight.reports.document import Cell, Document, Period, between, shown
from insight.reports.facts import Deal, Facts, Person, Reached
from insight.reports.funnel import funnel
from insight.reports.marketing import content, pages, sources
from insight.reports.sales import outcomes, quality, velocity
from insight.touches import Touch
from tests.reports.make import BLOG, FACTS, GUIDE, PRICING, STAGES

EVER = Period()


def told(document: Document, label: str, column: str) -> dict[Any, Any]:
    return {row[label].value: row[column].value for row in document.rows}


def test_a_skipped_stage_counts_as_inferred_alone() -> None:
    found = funnel(FACTS, EVER)
    assert told(found, "stage", "strict") == {
        "subscriber": 1, "lead": 3, "mql": 2, "sal": 0, "sql": 1, "opportunity": 2, "customer": 2, "advocate": 0,
    }  # fmt: skip
    assert told(found, "stage", "inferred") == {
        "subscriber": 4, "lead": 3, "mql": 3, "sal": 2, "sql": 2, "opportunity": 2, "customer": 2, "advocate": 0,
    }  # fmt: skip
    assert told(found, "stage", "inferred_rate")["mql"] == Ratio(3, 3)
    assert told(found, "stage", "days_median")["lead"] == 8.0


def test_the_funnel_can_be_divided() -> None:
    found = funnel(FACTS, EVER, by="source")
    assert {row["source"].value for row in found.rows} == {"ORGANIC_SEARCH", "PAID_SEARCH", "(none)"}
    leads: list[Any] = [row["strict"].value for row in found.rows if row["stage"].value == "lead"]
    assert sum(leads) == 3


def test_sources_and_what_they_brought() -> None:
    found = sources(FACTS, EVER)
    assert told(found, "detail", "leads") == {"google": 1, "bing": 1, "ads": 1, "(none)": 1, "total": 4}
    assert told(found, "detail", "won") == {
        "google": Ratio(1, 1), "bing": Ratio(0, 1), "ads": Ratio(1, 1), "(none)": Ratio(0, 1), "total": Ratio(2, 4),
    }  # fmt: skip
    assert told(found, "detail", "revenue")["google"] == Decimal("1500.01")
    assert told(found, "detail", "revenue")["total"] == Decimal("1500.01")
    assert told(found, "detail", "good")["total"] == Ratio(2, 4)
    assert any("1 deals in other currencies" in note for note in found.notes)


def test_a_period_holds_who_was_first_known_in_it() -> None:
    january = Period(date(2026, 1, 1), date(2026, 1, 31))
    assert told(pages(FACTS, january), "page", "leads") == {GUIDE: 2, "total": 2}


def test_a_view_after_the_deal_was_made_counts_for_nothing() -> None:
    found = content(FACTS, EVER)
    assert told(found, "content", "won_saw") == {GUIDE: Ratio(1, 2), PRICING: Ratio(2, 2), BLOG: Ratio(0, 2)}
    assert told(found, "content", "others_saw")[BLOG] == Ratio(1, 2)


def test_content_by_a_trait_counts_who_saw_any_piece_of_it() -> None:
    pieces = [Piece("Guide", GUIDE, topic="price"), Piece("Prices", PRICING, topic="price"), Piece("Other", "/x")]
    found = content(FACTS, EVER, pieces, "topic")
    assert told(found, "content", "won_saw") == {"price": Ratio(2, 2)}
    every = content(FACTS, EVER)
    saw = {record for row in every.rows if row["content"].value in (GUIDE, PRICING) for record in row["people"].records}
    assert {record for row in found.rows for record in row["people"].records} == saw


def test_outcomes_and_why_deals_were_lost() -> None:
    rows = {(row["outcome"].value, row["reason"].value): row for row in outcomes(FACTS, EVER).rows}
    assert rows["won", ""]["deals"].value == 3
    assert rows["won", ""]["amount"].value == Decimal("1550.01")
    assert rows["lost", "price"]["share"].value == Ratio(1, 2)
    assert rows["open", ""]["amount"].value == Decimal("700.00")
    assert rows["people won", ""]["share"].value == Ratio(2, 4)


def test_deals_won_before_the_first_contact_are_kept_and_flagged() -> None:
    found = velocity(FACTS, EVER)
    assert told(found, "lead_type", "days_median") == {"hand_raise": 41.0, "mql": None, "(none)": None, "total": 41.0}
    alone = Facts((FACTS.people[2],), (FACTS.deals[1]._replace(people=("cat",)),), STAGES)
    row = velocity(alone, EVER).rows[0]
    assert (row["days_median"].value, row["before_first_contact"].value) == (-1.0, 1)


def test_quality_as_sales_sees_it() -> None:
    rows = {row["offer"].value: row for row in quality(FACTS, EVER).rows}
    assert rows["guide"]["quality"].value == 3.5
    assert rows["guide"]["reasons"].value == "no_budget 1"
    assert rows["guide"]["sent_back"].value == Ratio(1, 2)


def test_credit_by_source_under_two_models() -> None:
    found = attribution(FACTS, EVER, models=("first", "last"))
    assert told(found, "source", "first") == {
        "ORGANIC_SEARCH": Decimal("1500.01"), "unattributed": Decimal("50.00"), "total": Decimal("1550.01"),
        "EMAIL_MARKETING": Decimal(0),
    }  # fmt: skip


def test_a_few_cases_are_shown_by_their_parts_alone() -> None:
    assert shown(Ratio(1, 4)) == "1 of 4 (too few)"
    assert shown(Ratio(20, 40)) == "50.0% (20 of 40)"
    assert between(Ratio(20, 40)) == "35.2% to 64.8%"
    assert not between(Ratio(1, 4))
    assert shown(Ratio(0, 0)) == "–"


# -- laws ----------------------------------------------------------------------------------------------------------

DAYS = st.integers(0, 400)
NAMES = st.sampled_from(["", "a", "b"])


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    people = []
    for n in range(draw(st.integers(0, 8))):
        entity = f"p{n}"
        way = draw(st.lists(st.builds(Reached, st.sampled_from(STAGES), DAYS, st.just(1), st.booleans()), max_size=4))
        touches = draw(st.lists(st.tuples(DAYS, NAMES), max_size=3))
        seen = [
            Touch(entity, day * 86_400_000, "visit", f"{entity}:{k}", url=name, source=name)
            for k, (day, name) in enumerate(touches)
        ]
        people.append(
            Person(
                entity,
                draw(st.none() | DAYS.map(lambda d: d * 86_400_000)),
                draw(NAMES),
                draw(NAMES),
                draw(NAMES),
                way=tuple(way),
                touches=tuple(seen),
            )
        )
    names = [person.entity for person in people] or ["nobody"]
    deal = st.builds(
        Deal, st.uuids().map(str), st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple),
        st.sampled_from(["won", "lost", "open"]), st.none() | st.decimals(0, 1000, places=2),
        st.sampled_from(["EUR", "USD"]), st.none() | DAYS.map(lambda d: d * 86_400_000),
        st.none() | DAYS.map(lambda d: date(1970, 1, 1) + timedelta(days=d)), NAMES,
    )  # fmt: skip
    return Facts(people, draw(st.lists(deal, max_size=6)), STAGES)


@settings(max_examples=60)
@given(facts())
def test_the_rows_add_up_to_the_total(known: Facts) -> None:
    for report in (sources(known, EVER), pages(known, EVER)):
        rows: list[Any] = [row["leads"].value for row in report.rows]
        assert sum(rows[:-1]) == (rows[-1] if rows else 0) == len(known.people)


@settings(max_examples=60)
@given(facts(), st.sampled_from(["source", "campaign", "content"]))
def test_every_model_gives_away_the_revenue_and_no_more(known: Facts, by: str) -> None:
    models = ("first", "last", "last_before_create", "linear", "u", "w", "full_path", "time_decay")
    found = attribution(known, EVER, by, models)
    won = [deal for deal in known.deals if deal.outcome == "won"]
    for model in models:
        given_away: list[Any] = [row[model].value for row in found.rows]
        assert sum(given_away[:-1], Decimal()) == given_away[-1] == known.revenue(won)


@settings(max_examples=60)
@given(facts())
def test_nobody_is_counted_strictly_who_is_not_inferred(known: Facts) -> None:
    before = len(known.people)
    for row in funnel(known, EVER).rows:
        assert set(row["strict"].records) <= set(row["inferred"].records)
        assert len(row["inferred"].records) <= before
        before = len(row["inferred"].records)


@settings(max_examples=30)
@given(facts(), st.integers(1, 3))
def test_touches_that_are_read_some_at_a_time_give_the_same_figures(known: Facts, size: int) -> None:
    asked: list[int] = []

    def read(people: Sequence[Person]) -> list[Person]:
        asked.append(len(people))
        return [known.by_entity[person.entity] for person in people]

    bare = [person._replace(touches=()) for person in known.people]
    streamed = Facts(bare, known.deals, known.stages, read, size)
    for report in (content, attribution):
        assert report(streamed, EVER) == report(known, EVER)
    assert max(asked, default=0) <= max(size, max((len(deal.people) for deal in known.deals), default=0) * size)


@settings(max_examples=30)
@given(facts())
def test_what_was_frozen_thaws_as_it_was(known: Facts) -> None:
    for report in (sources, outcomes, velocity, attribution):
        document = report(known, EVER)
        thawed = Document.thawed(json.loads(json.dumps(document.frozen())), "Frozen.")
        assert thawed == replace(document, notes=("Frozen.", *document.notes))


@settings(max_examples=60)
@given(facts())
def test_every_number_counts_its_records(known: Facts) -> None:
    for report in (sources, pages, content, outcomes, velocity, quality, funnel, attribution):
        # Whoever asks where a number comes from finds who it is made of.
        document = report(known, EVER)
        for row in document.rows:
            assert row.keys() == set(document.columns)
            for cell in row.values():
                if isinstance(cell.value, Ratio):
                    assert cell.value.numerator == len(cell.records)
                elif isinstance(cell.value, int):
                    assert cell.value == len(cell.records)
                elif cell.value and not isinstance(cell.value, str):
                    assert cell.records or row.get("source", cell).value == "unattributed"


def test_amounts_are_told_to_the_cent_with_their_currency() -> None:
    row = {"deals": Cell(3), "average": Cell(Decimal(1000) / 3), "amount": Cell(Decimal("1000")), "rate": Cell(None)}
    document = Document("outcomes", EVER, tuple(row), (row,), currency="EUR")
    assert document.as_json()["rows"] == [
        {"deals": 3, "average": "333.33 EUR", "amount": "1000 EUR", "rate": None},
    ]
    assert replace(document, currency="").as_json()["rows"][0]["average"] == "333.33"
    assert shown(Decimal("1234.5"), "EUR") == "1,234.50 EUR"
