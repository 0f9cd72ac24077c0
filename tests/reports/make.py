"""A small company whose every figure can be counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from insight.reports.facts import Deal, Facts, Person, Reached
from insight.touches import Touch

STAGES = ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer", "advocate")
PRICING, GUIDE, BLOG = "https://site.example/pricing", "https://site.example/guide", "https://site.example/blog"


def at(month: int, day: int, hour: int = 9) -> int:
    return int(datetime(2026, month, day, hour, tzinfo=UTC).timestamp()) * 1000


def view(person: str, month: int, day: int, url: str, source: str = "", campaign: str = "") -> Touch:
    when = at(month, day)
    key = f"hubspot:page_view:{person}:{when}:{url}"
    return Touch(person, when, "page_view", key, url=url, source=source, campaign=campaign)


ANN = Person(
    "ann", at(1, 5), "ORGANIC_SEARCH", "google", GUIDE, offer="guide", lead_type="hand_raise", owner="olga", tier="A1",
    quality=5,
    way=(
        Reached("lead", at(1, 5)), Reached("mql", at(1, 8)), Reached("sal", at(1, 12), inferred=True),
        Reached("sql", at(1, 12)), Reached("opportunity", at(1, 20)), Reached("customer", at(3, 1)),
    ),
    touches=(
        view("ann", 1, 5, GUIDE, "ORGANIC_SEARCH"), view("ann", 1, 7, PRICING, "EMAIL_MARKETING", "spring"),
        view("ann", 3, 5, BLOG, "DIRECT_TRAFFIC"),
    ),
)  # fmt: skip
BEN = Person(
    "ben", at(1, 9), "ORGANIC_SEARCH", "bing", GUIDE, offer="guide", lead_type="mql", owner="olga", tier="C3",
    status="disqualified", reason="no_budget", quality=2,
    way=(Reached("lead", at(1, 9)), Reached("mql", at(1, 19))),
    touches=(view("ben", 1, 9, GUIDE, "ORGANIC_SEARCH"), view("ben", 1, 10, BLOG, "ORGANIC_SEARCH")),
)  # fmt: skip
CAT = Person(
    "cat", at(2, 2), "PAID_SEARCH", "ads", PRICING, lead_type="mql", owner="paul", tier="B1",
    way=(Reached("lead", at(2, 2)), Reached("opportunity", at(2, 10)), Reached("customer", at(2, 1))),
    touches=(view("cat", 2, 2, PRICING, "PAID_SEARCH", "ads-1"),),
)  # fmt: skip
DAN = Person("dan", at(2, 20), way=(Reached("subscriber", at(2, 20)),))
DEALS = (
    Deal("d1", ("ann",), "won", Decimal("1000.00"), "EUR", at(1, 20), date(2026, 3, 1), owner="olga"),
    Deal("d2", ("cat", "ann"), "won", Decimal("500.01"), "EUR", at(2, 10), date(2026, 2, 1), owner="paul"),
    Deal("d3", ("ben",), "lost", Decimal("300.00"), "EUR", at(1, 25), date(2026, 2, 25), "price", "olga"),
    Deal("d4", ("cat",), "open", Decimal("700.00"), "EUR", at(3, 1), date(2026, 6, 1), owner="paul"),
    Deal("d5", (), "won", Decimal("50.00"), "EUR", at(3, 2), date(2026, 3, 20)),
    Deal("d6", ("ben",), "lost", Decimal("9999.00"), "USD", at(3, 2), date(2026, 3, 21), owner="olga"),
)
FACTS = Facts((ANN, BEN, CAT, DAN), DEALS, STAGES)
