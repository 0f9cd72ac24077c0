"""Laws of engagement, fit and priority."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.score.fit import FitRule, fit, told
from insight.score.points import DAY, NOTHING, SCALE, WEIGHTS, Reason, Scheme, engagement, fitting_scale, tanks
from insight.score.priority import CUTS, HOT, PRIORITIES, Cuts, foremost, hot_a_day, priority, within_capacity
from insight.touches import By, Sort, Touch
from mapping.conditions import compile_condition

NOW = 1_790_000_000_000
SCHEME = Scheme()
EXAMPLES: dict[str, tuple[Sort, str, str]] = {
    "visit": ("page_view", "https://acme.example/about", "About"),
    "open": ("email_open", "", "Newsletter"),
    "click": ("email_click", "https://acme.example/blog", "Newsletter"),
    "content": ("form", "https://acme.example/whitepaper", "Get the white paper"),
    "pricing": ("page_view", "https://acme.example/pricing", "Pricing"),
    "demo": ("form", "https://acme.example/demo", "Ask for a demo"),
}


def touch(name: str, days: float = 0, by: By = "buyer", key: str = "") -> Touch:
    sort, url, title = EXAMPLES[name]
    at = NOW - round(days * DAY)
    return Touch("p", at, sort, key or f"hubspot:{sort}:{at}", by, title, url)


def touches(most: int = 30) -> st.SearchStrategy[list[Touch]]:
    one = st.builds(touch, st.sampled_from(sorted(EXAMPLES)), st.floats(0, 200), st.just("buyer"))
    return st.lists(one, max_size=most)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_class_has_its_touch(name: str) -> None:
    assert SCHEME.class_of(touch(name)) == name


def test_defaults_stand_in_the_agreed_order() -> None:
    points = [WEIGHTS[name].points for name in ("visit", "click", "content", "pricing", "demo")]
    assert points == [1, 3, 10, 15, 40]
    scores = [engagement(SCHEME, [touch(name)], NOW).score for name in ("visit", "click", "content", "pricing", "demo")]
    assert scores == sorted(set(scores))


def test_half_lives_are_those_of_the_class() -> None:
    agreed = {"visit": 14, "click": 21, "content": 30, "pricing": 45, "demo": 45}
    assert {name: WEIGHTS[name].half_life for name in agreed} == agreed


@given(touches(), touches(5))
def test_one_more_touch_never_lowers_the_score(some: list[Touch], more: list[Touch]) -> None:
    assert engagement(SCHEME, [*some, *more], NOW).score >= engagement(SCHEME, some, NOW).score - 1e-9


@given(touches(), st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(some: list[Touch], dice: Any) -> None:
    mixed = list(some)
    dice.shuffle(mixed)
    assert tanks(SCHEME, mixed, NOW) == pytest.approx(tanks(SCHEME, some, NOW))


@given(touches(), st.sampled_from(sorted(EXAMPLES)))
def test_two_half_lives_leave_a_quarter(some: list[Touch], name: str) -> None:
    before = tanks(SCHEME, some, NOW).get(name, 0)
    later = NOW + round(2 * WEIGHTS[name].half_life * DAY)
    assert tanks(SCHEME, some, later).get(name, 0) == pytest.approx(before / 4)


@given(touches(200))
def test_no_class_holds_more_than_its_cap(some: list[Touch]) -> None:
    assert all(level <= WEIGHTS[name].cap for name, level in tanks(SCHEME, some, NOW).items())


@given(touches(), st.integers(0, 200))
def test_who_was_recycled_begins_anew(some: list[Touch], days: int) -> None:
    since = NOW - days * DAY
    later = [t for t in some if t.at > since]
    assert engagement(SCHEME, some, NOW, since) == engagement(SCHEME, later, NOW)


@pytest.mark.parametrize("by", ["sales", "automation", "machine"])
def test_only_what_the_buyer_did_counts(by: By) -> None:
    assert engagement(SCHEME, [touch(name, by=by) for name in EXAMPLES], NOW).score == 0


def test_what_lies_ahead_does_not_count_yet() -> None:
    assert tanks(SCHEME, [touch("demo", days=-1)], NOW) == NOTHING


@given(st.lists(st.floats(0.1, 500), min_size=1, max_size=300))
def test_the_scale_puts_the_95th_percentile_at_90(raws: list[float]) -> None:
    raws = raws * 100
    scheme = Scheme(scale=fitting_scale([*raws, 0, 0]))
    at = sorted(raws)[math.ceil(0.95 * len(raws)) - 1]
    assert scheme.score(at) == pytest.approx(90)


def test_few_active_people_leave_the_scale_as_it_is() -> None:
    assert fitting_scale([0] * 200) == fitting_scale([9] * 99) == SCALE


def test_reasons_name_what_how_often_when_and_how_much() -> None:
    found = engagement(SCHEME, [touch("pricing", 1), touch("pricing", 2), touch("content", 10)], NOW)
    first, second = found.reasons[:2]
    assert str(first).startswith("Visited pricing 2 x this week (+")
    assert str(second).startswith('Took up content, last "Get the white paper" on 2026-09-11 (+')


def test_what_fading_took_is_a_reason_too() -> None:
    found = engagement(SCHEME, [touch("demo", 45)], NOW)
    assert found.reasons[-1].text == "Nothing since 2026-08-07"
    assert found.reasons[-1].points < -20


# -- fit ---------------------------------------------------------------------------------------------------------------


def rule(when: str, points: int, why: str) -> FitRule:
    names = {"country", "title", "company_employees", "job_level", "email"}
    return FitRule(compile_condition(when, names, {}), points, why)


RULES = [
    rule('country in ("DE", "AT")', 40, "In our area"),
    rule("company_employees >= 50", 40, "Big enough"),
    rule('job_level in ("c_level", "director")', 30, "Decides"),
    rule("free_mail", -20, "Writes from a private address"),
    rule('"@rival.example" in email', -200, "Works for a competitor"),
]


def test_rules_add_up_and_say_why() -> None:
    found = fit(RULES, told({"country": "DE", "company_employees": 80, "title": "CEO", "email": "a@gmx.de"}))
    assert found.score == 90
    assert [str(reason) for reason in found.reasons] == [
        "In our area (+40)", "Big enough (+40)", "Decides (+30)", "Writes from a private address (-20)",
    ]  # fmt: skip


def test_a_competitor_never_fits() -> None:
    assert fit(RULES, told({"country": "DE", "company_employees": 80, "email": "b@rival.example"})).score == 0


@given(st.lists(st.integers(-150, 150), max_size=8))
def test_fit_stays_between_0_and_100(points: list[int]) -> None:
    assert 0 <= fit([rule("always", n, "x") for n in points], {}).score <= 100


# -- priority ----------------------------------------------------------------------------------------------------------

scores = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=60)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_more_is_never_less_urgent(fit_: int, engaged: int, more: int, further: int) -> None:
    low, high = priority(fit_, engaged, CUTS), priority(fit_ + more, engaged + further, CUTS)
    assert high[0] <= low[0]
    assert high[1] <= low[1]
    assert {low, high} <= set(PRIORITIES)


@given(scores, st.floats(1, 30), st.floats(0, 10))
def test_no_more_people_are_hot_than_sales_can_take(
    people: list[tuple[float, float]], days: float, capacity: float
) -> None:
    cuts = within_capacity(people, days, capacity)
    assert hot_a_day(people, days, cuts) <= capacity
    if cuts != CUTS:
        lower = Cuts(*(cut - 1 for cut in cuts)) if max(cuts) <= 100 else CUTS
        assert hot_a_day(people, days, lower) >= hot_a_day(people, days, cuts)


@given(scores, st.floats(0, 10), st.floats(0, 10))
def test_more_capacity_never_raises_the_bar(people: list[tuple[float, float]], capacity: float, more: float) -> None:
    assert within_capacity(people, 10, capacity + more) <= within_capacity(people, 10, capacity)


def test_with_room_for_all_the_cuts_stay_where_they_were_set() -> None:
    assert within_capacity([(90, 90)] * 5, 5, 1) == CUTS
    assert within_capacity([(90, 90)] * 5, 5, 0.9) == CUTS.raised(31)


def test_hot_are_three_of_the_nine() -> None:
    assert set(HOT) < set(PRIORITIES)


@given(st.lists(st.builds(Reason, st.text(max_size=3), st.integers(-50, 50)), max_size=12))
def test_three_up_and_two_down_are_told(reasons: list[Reason]) -> None:
    told_ = foremost(reasons)
    up, down = [r.points for r in told_ if r.points > 0], [r.points for r in told_ if r.points < 0]
    assert up == sorted((r.points for r in reasons if r.points > 0), reverse=True)[:3]
    assert down == sorted(r.points for r in reasons if r.points < 0)[:2]
