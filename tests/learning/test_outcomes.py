"""What became of people, companies and deals: to the cent, and with what led to it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight.fields import OUTCOMES, fields
from insight.outcomes import of_company, of_deal, of_person, share
from insight.reports.facts import Deal
from insight.touches import Touch

DAY = 86_400_000
NOON = 1_794_960_000_000
"""2026-11-18, noon UTC less some, ms."""


def deal(outcome: str = "won", amount: str | None = "100.00", **more: Any) -> Deal:
    value = None if amount is None else Decimal(amount)
    standard: dict[str, Any] = {"people": ("ann",), "created": NOON - 30 * DAY, "closed": date(2026, 11, 18)}
    return Deal(more.pop("entity", "d"), outcome=outcome, amount=value, **standard | more)


def touch(ago: int, sort: str = "visit", **more: Any) -> Touch:
    """ago: days before noon."""
    return Touch("ann", NOON - ago * DAY, sort, f"k{ago}{sort}", **more)  # type: ignore[arg-type]


def test_a_won_deal_is_revenue_of_its_person_and_its_company() -> None:
    values = of_person("ann", [deal(), deal("open", "50"), deal("lost", "9")], [touch(40)])
    assert (values["@outcome"], values["@won_revenue"], values["@open_pipeline"]) == ("won", "100.00", "50.00")
    assert values["@days_to_close"] == 40
    assert of_company([deal("lost")])["@outcome"] == "lost"
    assert of_company([]) == dict.fromkeys(of_company([])) | {"@outcome": "none"}


@given(st.integers(1, 7), st.decimals(0, 10**9, places=2))
def test_the_shares_of_its_people_are_the_whole_deal(people: int, amount: Decimal) -> None:
    names = tuple(f"p{n}" for n in range(people))
    shared = deal(amount=str(amount), people=names)
    parts = [share(shared, name) for name in names]
    assert sum(part for part in parts if part is not None) == amount


def test_money_of_another_currency_is_not_added_up() -> None:
    deals = [deal(currency="EUR"), deal(amount="7", currency="JPY")]
    assert of_company(deals, "EUR")["@won_revenue"] == "100.00"


def test_a_deal_says_what_led_to_it() -> None:
    touches = [
        touch(60, source="paid_search", campaign="Spring", url="https://x.example/a", title="A"),
        touch(35, "form", source="email_marketing", campaign="News", title="Catalogue"),
        touch(20, "page_view", source="direct_traffic", url="https://x.example/b", title="B"),
        touch(-5, "page_view", source="social", url="https://x.example/c", title="C"),
    ]
    values = of_deal(deal(), touches)
    assert (values["@first_touch_source"], values["@first_touch_campaign"]) == ("paid_search", "Spring")
    assert (values["@last_touch_source"], values["@last_touch_campaign"]) == ("email_marketing", "News")
    assert (values["@marketing_sourced"], values["@marketing_influenced"]) == (True, True)
    assert (values["@touches_before_create"], values["@days_to_close"]) == (2, 60)
    assert values["@influencing_content"] == "B\nCatalogue\nA"


def test_sales_came_first() -> None:
    values = of_deal(deal(), [touch(70, "call", by="sales"), touch(40, source="social")])
    assert (values["@marketing_sourced"], values["@marketing_influenced"]) == (False, True)
    assert of_deal(deal(), [])["@marketing_sourced"] is False


def test_a_deal_that_was_won_before_the_first_contact_says_so() -> None:
    assert of_deal(deal(created=None, closed=date(2026, 11, 1)), [])["@days_to_close"] is None
    assert of_deal(deal(closed=date(2026, 10, 9)), [])["@days_to_close"] == -10


def test_they_tell_the_fields_there_are() -> None:
    told = {"person": of_person("ann", [], []), "company": of_company([]), "deal": of_deal(deal(), [])}
    for kind, values in told.items():
        assert values.keys() == {field.name for field in fields({OUTCOMES}, kind)} - {"@in_sales_process"}
