"""What outcomes teach, and what they do not suffice for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight.score.cases import Case, behaviour, impossible, known, label
from insight.score.challenge import choose
from insight.score.drift import Month, drifted
from insight.score.learn import learn, sample
from insight.score.levels import column
from insight.score.model import LIFTS, LOGISTIC, RULES, Model, as_json, from_json
from insight.score.points import DAY, Scheme
from insight.touches import Touch
from tests.score.make import GOAL, START, case, planted

LATER = START + 10_000 * DAY
SCHEME = Scheme()


def learned(cases: list[Case], **more: object) -> Model:
    return learn(cases, GOAL, LATER, **more)  # type: ignore[arg-type]


def won_and_lost(won: int, lost: int) -> list[Case]:
    return [case(i, {"trade": "ab"[i % 2]}, i < won) for i in range(won + lost)]


# -- what a case is ----------------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.none() | st.integers(0, 60), st.none() | st.integers(0, 60))
def test_a_case_is_told_once_it_is_settled_or_its_time_is_over(
    now: int, reached: int | None, closed: int | None
) -> None:
    found = label(Case("p", 0, {}, reached, closed), 30, now)
    if reached is not None:
        assert found is (reached <= 30)
    else:
        assert found is (False if closed is not None or now >= 30 else None)


def test_who_was_won_before_the_case_began_teaches_nothing() -> None:
    dirt = Case("p", START, {"trade": "a"}, START - DAY)
    assert impossible(dirt)
    of = sample([dirt, *planted(5)], GOAL, LATER)
    assert (len(of.cases), of.impossible, of.censored) == (5, 1, 0)


def test_what_is_too_early_to_tell_is_counted_and_left_out() -> None:
    open_ = [Case(f"o{i}", LATER - DAY, {"trade": "a"}) for i in range(7)]
    card = learned([*won_and_lost(40, 60), *open_]).card
    assert (card["n"], card["censored"]) == (100, 7)


def test_only_what_was_known_before_counts() -> None:
    touches = [
        Touch("p", START - DAY, "page_view", "a"),
        Touch("p", START, "form", "b"),
        Touch("p", LATER, "form", "c"),
    ]
    one = Case("p", START, {"trade": "a", "size": 3}, set_at={"size": START + 1, "trade": START})
    assert known(one, ("trade", "size")) == {"trade": "a", "size": None}
    done = behaviour(SCHEME, touches, START)
    assert (done["did: visit"], done["did: content"], done["did: days since the last"]) == (1, 0, 1)


# -- the ladder --------------------------------------------------------------------------------------------------------


def test_twelve_won_deals_teach_nothing_and_it_says_what_is_missing() -> None:
    model = learned(won_and_lost(12, 300))
    assert model.rung == RULES
    assert model.card["verdict"] == ("Rules only: a model that learns more needs 18 more outcomes that came to won.")
    assert model.probability({"trade": "a"}) is None
    assert model.lifted({"trade": "a"}) == []


@pytest.mark.parametrize(
    ("won", "lost", "rung"), [(29, 400, RULES), (400, 29, RULES), (30, 30, LIFTS), (99, 400, LIFTS), (0, 0, RULES)]
)
def test_the_ladder(won: int, lost: int, rung: str) -> None:
    assert learned(won_and_lost(won, lost)).rung == rung


def test_a_lift_is_drawn_to_the_average_and_never_more_than_ten_points() -> None:
    cases = [case(i, {"trade": "a" if i < 20 else "b"}, i < 20 or i % 4 == 0) for i in range(100)]
    model = learned(cases)
    base = sum(c.reached is not None for c in cases) / 100
    shrunken = (20 + 20 * base) / (20 + 20)
    assert model.rung == LIFTS
    assert model.lifts["trade"]["a"] == min(10, round(10 * (shrunken / base - 1)))
    assert all(-10 <= points <= 10 for levels in model.lifts.values() for points in levels.values())


def test_many_outcomes_teach_a_regression_that_finds_what_was_planted() -> None:
    model = learned(planted(1200))
    card = model.card
    assert model.rung == LOGISTIC, card["verdict"]
    assert card["auc"] >= 0.6
    assert card["brier"] < card["base_brier"]
    assert 0.7 <= card["slope"] <= 1.3
    assert card["features"] <= 0.75 * card["positives"] / 10
    assert card["top"][0]["name"] == "trade"
    said = {trade: model.probability({"trade": trade, "size": 100}) or 0 for trade in "abcd"}
    assert said["a"] > said["b"] > said["c"] > said["d"]
    assert model.reasons({"trade": "a", "size": 100})[0].text == "Trade: a"
    assert model.reasons({"trade": "d", "size": 100})[0].points < 0


def test_a_step_that_was_planted_raises_the_probability() -> None:
    dice = Random(5)
    cases = []
    for i in range(2000):
        steps = dice.randint(0, 1)
        bare = case(i, {}, dice.random() < (0.6 if steps else 0.15))
        visit = Touch(bare.person, bare.at - 2 * DAY, "visit", "v", url="https://a.example/about")
        paid = Touch(bare.person, bare.at - DAY, "page_view", "w", url="https://a.example/pricing")
        done = behaviour(SCHEME, [visit, paid] if steps else [visit], bare.at)
        cases.append(bare._replace(done=done))
    model = learned(cases)
    assert model.rung == LOGISTIC, model.card["verdict"]
    with_it, without = ({**cases[0].done, "did: pricing": n} for n in (1, 0))
    assert (model.probability(with_it) or 0) > (model.probability(without) or 1)


def test_what_only_luck_divides_is_not_accepted() -> None:
    dice = Random(3)
    cases = [case(i, {"colour": dice.choice("abcdef")}, dice.random() < 0.3) for i in range(800)]
    model = learned(cases)
    assert model.rung == LIFTS
    assert "the regression" in model.card["verdict"]


def test_the_order_in_which_cases_are_given_does_not_matter() -> None:
    cases = planted(600)
    mixed = list(cases)
    Random(2).shuffle(mixed)
    assert as_json(learned(mixed)) == as_json(learned(cases))


def test_a_model_is_plain_json() -> None:
    model = learned(planted(600))
    assert from_json(json.loads(json.dumps(as_json(model)))) == model


def test_a_value_that_was_never_seen_and_one_that_is_missing_are_levels_too() -> None:
    model = learned(planted(600))
    for trade in ("z", None):
        assert 0 < (model.probability({"trade": trade}) or 0) < 1


@settings(max_examples=50)
@given(st.lists(st.integers(-5, 300) | st.none() | st.floats(-5, 300, width=16), min_size=1, max_size=80))
def test_numbers_fall_into_ranges_in_their_order(values: list[float | None]) -> None:
    found = column("x", values)
    if found.edges:
        numbers = sorted(v for v in values if v is not None)
        levels = [found.levels.index(found.level(n)) for n in numbers]
        assert levels == sorted(levels)
        assert found.level(None) == "(blank)"


def test_rare_levels_are_pooled() -> None:
    found = column("x", ["a"] * 10 + ["b"] * 9)
    assert Counter(found.level(v) for v in ("a", "b", "c")) == {"a": 1, "(other)": 2}


# -- champion and challenger, drift ------------------------------------------------------------------------------------


def weakened(model: Model) -> Model:
    return replace(model, weights={name: dict.fromkeys(levels, 0.0) for name, levels in model.weights.items()})


def test_a_challenger_must_be_better_by_more_than_chance() -> None:
    cases = planted(1200)
    model = learned(cases)
    weak = weakened(model)

    def stays(champion: Model, challenger: Model) -> bool:
        # All came at once, long ago: nobody is recent and no month can be off.
        return choose(champion, challenger, cases, GOAL, LATER).model is champion

    assert stays(model, replace(model, made_at=1))
    assert not stays(weak, model)
    assert stays(model, weak)


def test_the_first_and_what_learned_less_give_way_and_what_failed_its_test_does_not_win() -> None:
    cases = planted(1200)
    model, few = learned(cases), learned(cases[:150])
    assert few.rung == LIFTS
    assert choose(None, few, cases, GOAL, LATER).model is few
    assert choose(few, model, cases, GOAL, LATER).model is model
    assert choose(model, few, cases, GOAL, LATER).model is model


def test_what_drifted_gives_way_to_anything_and_somebody_is_told() -> None:
    cases, now = planted(1200), START + 100 * DAY
    model = learned(cases)
    others = [case(1000 + i, {"trade": "a", "size": 190}, False)._replace(at=now - DAY) for i in range(100)]
    few = learned(cases[:150])
    chosen = choose(model, few, [*cases, *others], GOAL, now)
    assert (chosen.model, chosen.alert) == (few, True)
    assert "PSI" in chosen.why


def test_people_like_those_it_was_learned_from_are_no_drift() -> None:
    cases = planted(1200)
    model = learned(cases)
    said = [model.probability(c.facts) or 0 for c in planted(1200, seed=9)]
    assert drifted(model, said, []) == ""


def test_other_people_are() -> None:
    model = learned(planted(1200))
    others = [model.probability({"trade": "a", "size": 190, "colour": "red"}) or 0] * 200
    assert "PSI" in drifted(model, others, [])


def test_two_bad_months_in_a_row_are_drift_and_one_is_not() -> None:
    model = learned(planted(1200))
    good, bad, few = Month(80, 0.3, 0.32), Month(80, 0.3, 0.45), Month(8, 0.3, 0.9)
    assert "more than 10% off" in drifted(model, [], [good, bad, bad])
    for months in ([bad, good], [good, bad], [bad, few], [bad], []):
        assert drifted(model, [], months) == ""
