"""What a person did, told in a few values: counted by hand, right at every window, and still where nothing happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight.fields import BEHAVIOUR, LONG, fields
from insight.rollups import DAY, TITLES, WEEK, Counted, engaged, roll_up, window
from insight.touches import Touch

NOW = 1_795_000_000_000
HOUR = 3_600_000
ANN = "ann"


def touch(ago: int, sort: str, **more: Any) -> Touch:
    """ago: ms before now."""
    at = NOW - ago
    return Touch(ANN, at, sort, f"hubspot:{sort}:{at}:{more.get('title', '')}", **more)  # type: ignore[arg-type]


def told(*touches: Touch, counted: Counted = Counted()) -> dict[str, Any]:  # noqa: B008
    return roll_up(ANN, sorted(touches, key=lambda t: t.at), NOW, counted)


def test_visits_are_views_with_a_pause_between() -> None:
    views = [touch(3 * HOUR - n * 60_000, "page_view", url=f"https://x.example/{n}", title=f"P{n}") for n in range(4)]
    values = told(*views, touch(0, "visit", url="https://x.example/0"))
    assert (values["@visits"], values["@page_views"], values["@visits_30d"]) == (2, 4, 2)
    assert values["@last_visit_at"] == NOW
    assert told(views[0], counted=Counted(visits=7, page_views=30))["@visits"] == 7


def test_content_is_the_last_ten_titles_each_address_once() -> None:
    views = [touch(HOUR * (30 - n), "page_view", url=f"https://x.example/{n % 12}", title=f"P{n}") for n in range(24)]
    values = told(*views)
    assert values["@content_viewed"].split("\n") == [f"P{n}" for n in range(23, 23 - TITLES, -1)]
    assert values["@content_count"] == 12


def test_what_machines_open_counts_for_nothing() -> None:
    values = told(
        touch(DAY, "email_open", title="News"),
        touch(2, "email_open", title="Offer", by="machine"),
        touch(2 * DAY, "email_click", url="https://x.example/offer", by="buyer"),
    )
    assert (values["@email_opens_90d"], values["@last_open_at"]) == (1, NOW - DAY)
    assert (values["@email_clicks_90d"], values["@last_click"]) == (1, "https://x.example/offer")
    assert "Offer" not in values["@recent_interest"]


def test_recent_interest_is_the_five_newest_of_nine() -> None:
    values = told(*(touch(n * DAY, "form", title=f"Form {n}") for n in range(9)))
    assert [line.split(": ")[1] for line in values["@recent_interest"].split("\n")] == [f"Form {n}" for n in range(5)]
    assert values["@recent_interest"].startswith("2026-11-18 form: Form 0")
    assert (values["@first_offer"], values["@recent_offer"]) == ("Form 8", "Form 0")


def test_three_calls_and_a_mail_by_automation_are_three_touches() -> None:
    calls = [
        touch(n * DAY, "call", by="sales", outcome=outcome) for n, outcome in ((5, "busy"), (3, "no_answer"), (1, ""))
    ]
    values = told(*calls, touch(0, "email", by="automation"), touch(2 * DAY, "email", by="buyer"))
    assert (values["@sales_touches"], values["@attempts"]) == (3, 3)
    assert (values["@first_sales_touch_at"], values["@last_sales_touch_at"]) == (NOW - 5 * DAY, NOW - DAY)
    assert (values["@last_sales_touch_type"], values["@last_sales_outcome"]) == ("call", "no_answer")


def test_a_meeting_that_is_still_to_come_is_no_touch_yet() -> None:
    assert told(touch(-HOUR, "meeting", by="sales"))["@sales_touches"] is None


def test_the_source_is_that_of_the_first_touch_that_has_one() -> None:
    values = told(
        touch(9 * DAY, "visit", url="https://x.example/a"),
        touch(8 * DAY, "visit", url="https://x.example/b", source="paid_search", campaign="Spring"),
    )
    assert (values["@original_source"], values["@original_detail"]) == ("paid_search", "Spring")
    assert told(counted=Counted(source="offline", detail="IMPORT"))["@original_source"] == "offline"


SORTS = st.sampled_from(["visit", "page_view", "form", "email_open", "email_click", "meeting", "call"])
TOUCHES = st.lists(
    st.builds(
        touch, st.integers(0, 200 * DAY), SORTS, title=st.text(max_size=400), url=st.sampled_from(["", "u", "v"])
    ),
    max_size=30,
)


@given(TOUCHES)
def test_it_tells_the_fields_there_are_and_each_fits(touches: list[Touch]) -> None:
    values = told(*touches)
    known = {field.name: field for field in fields({BEHAVIOUR}, "person")}
    assert values.keys() == known.keys()
    for name, value in values.items():
        if isinstance(value, str):
            assert value.strip() and len(value) <= (LONG if known[name].type == "long_text" else 255)


@given(TOUCHES, st.integers(0, 6 * DAY))
def test_time_alone_changes_it_once_a_week_at_most(touches: list[Touch], later: int) -> None:
    first = NOW - (NOW - window(ANN, NOW, 0))
    now = first + later
    assert roll_up(ANN, _known(touches, first), first) == roll_up(ANN, _known(touches, first), now)


def _known(touches: list[Touch], until: int) -> list[Touch]:
    return sorted((t for t in touches if t.at <= until), key=lambda t: t.at)


def test_the_days_of_the_week_are_shared_among_people() -> None:
    moved = [sum(window(f"p{n}", NOW + DAY, 30) != window(f"p{n}", NOW, 30) for n in range(7000)) for _ in range(1)]
    assert 800 < moved[0] < 1200
    assert window(ANN, NOW + WEEK, 30) == window(ANN, NOW, 30) + WEEK


def test_a_company_is_as_engaged_as_its_people() -> None:
    values = engaged({"ann": [NOW - DAY, None], "bob": [NOW - 200 * DAY], "cleo": [None]}, "acme", NOW)
    assert values == {"@engaged_people": 1, "@last_marketing_touch": NOW - DAY}
    assert engaged({}, "acme", NOW)["@engaged_people"] is None
