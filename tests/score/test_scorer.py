"""One person scored, and when a score is worth writing."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insight.score.cases import Case, Goal, Taught, impossible, in_time, label
from insight.score.fit import FitRule
from insight.score.history import SQL, WON, Life, cases, reaching, recycled_at
from insight.score.points import DAY, Scheme
from insight.score.scorer import (
    ENGAGEMENT,
    FIT,
    MODEL,
    PRIORITY,
    PROBABILITY,
    REASONS,
    SCORED_AT,
    Person,
    Scorer,
    account,
    change,
    due,
    of_today,
)
from insight.touches import Touch
from mapping.conditions import compile_condition
from mapping.journey import Standing
from mapping.lifecycle import Lifecycle
from mapping.rules import Stage
from tests.score.test_engagement import NOW, touch, touches

RULES = [
    FitRule(compile_condition('country == "DE"', {"country"}, {}), 70, "In our area"),
    FitRule(compile_condition("free_mail", set(), {}), -20, "Private address"),
]
SCORER = Scorer(Scheme(), RULES)


def person(some: list[Touch], since: int = 0) -> Person:
    return Person("p", {"country": "DE", "email": "a@gmx.de", "title": "CEO"}, some, since)


def test_a_score_tells_why() -> None:
    scored = SCORER.score(person([touch("pricing", 1), touch("pricing", 2), touch("visit", 3)]), NOW)
    values = scored.values()
    assert (values[FIT], values[PRIORITY], values[MODEL], values[PROBABILITY]) == (50, "B2", "rules", None)
    lines = values[REASONS].splitlines()
    assert lines[0] == "In our area (+70)"
    assert lines[1].startswith("Visited pricing 2 x this week (+")
    assert "Private address (-20)" in lines


@given(touches(), st.integers(0, 400))
def test_time_changes_engagement_and_never_fit(some: list[Touch], days: int) -> None:
    now, later = SCORER.score(person(some), NOW), SCORER.score(person(some), NOW + days * DAY)
    assert later.fit == now.fit
    assert later.engagement <= now.engagement


@given(st.lists(touches(6), max_size=6), st.randoms(use_true_random=False))
def test_who_else_is_scored_does_not_matter(each: list[list[Touch]], dice: Any) -> None:
    people = [person(some)._replace(entity=str(i)) for i, some in enumerate(each)]
    alone = {one.entity: SCORER.score(one, NOW) for one in people}
    dice.shuffle(people)
    assert {one.entity: Scorer(Scheme(), RULES).score(one, NOW) for one in people} == alone


def test_a_company_is_as_active_as_its_people_together() -> None:
    assert account([(50, "A2"), (50, "C2"), (0, "B1")]) == (75, 2)
    assert account([]) == (0, 0)


# -- when it is written ------------------------------------------------------------------------------------------------


def written(fit: int = 50, engagement: int = 50, priority: str = "B2", at: int = NOW, chance: int | None = None) -> Any:
    return {FIT: fit, ENGAGEMENT: engagement, PRIORITY: priority, PROBABILITY: chance, SCORED_AT: at}


def fresh(**more: Any) -> Any:
    return {name: value for name, value in written(**more).items() if name != SCORED_AT}


def test_a_first_score_a_new_tier_and_five_points_are_written_at_once() -> None:
    assert due({}, fresh(), NOW)
    assert due(written(), fresh(priority="B1"), NOW)
    assert due(written(), fresh(engagement=45), NOW)
    assert due(written(), fresh(chance=3), NOW)
    assert not due(written(), fresh(engagement=46, fit=54), NOW)


def test_less_waits_a_week_and_nothing_is_never_written() -> None:
    assert not due(written(at=NOW - 6 * DAY), fresh(engagement=49), NOW)
    assert due(written(at=NOW - 7 * DAY), fresh(engagement=49), NOW)
    assert not due(written(at=NOW - 70 * DAY), fresh(), NOW)


@given(st.integers(1, 60), st.integers(0, 9))
def test_an_idle_base_costs_a_seventh_a_day_at_most(people: int, seed: int) -> None:
    dice = Random(seed)
    everybody = {str(i): person([touch("demo", dice.uniform(0, 90))])._replace(entity=str(i)) for i in range(people)}
    held = {entity: SCORER.score(one, NOW).values() | {SCORED_AT: NOW} for entity, one in everybody.items()}
    for day in range(1, 22):
        now = NOW + day * DAY
        changes = []
        for entity, who in everybody.items():
            after = SCORER.score(who, now).values()
            if due(held[entity], after, now):
                changes.append(change(entity, held[entity], after))
        today = of_today(changes, people)
        assert len(today) <= max(1, people / 7)
        assert len({one.entity for one in today}) == len(today)
        for one in today:
            held[one.entity] = {**SCORER.score(everybody[one.entity], now).values(), SCORED_AT: now}


def test_what_matters_first_goes_first() -> None:
    little = change("little", written(), fresh(engagement=44))
    much = change("much", written(), fresh(engagement=30))
    tier = change("tier", written(), fresh(engagement=48, priority="B3"))
    assert [one.entity for one in of_today([little, much, tier], 14)] == ["tier", "much"]


# -- from the way through the stages to cases --------------------------------------------------------------------------

NAMES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
STAGES = [Stage(name, 10 * i, "", "", {}, {}) for i, name in enumerate(NAMES)]
LIFECYCLE = Lifecycle(STAGES, [])


def life(*standings: Standing, some: list[Touch] | None = None) -> Life:
    return Life("p", standings, {}, some or [])


def told(goal: str, of: Life) -> list[tuple[int, int | None, int | None, int]]:
    found = cases(of, reaching([Goal(goal, 1)], LIFECYCLE), Scheme())
    return [(c.at, c.reached, c.closed, c.cycle) for _, c in found]


def test_a_case_begins_at_the_first_mql_of_its_cycle() -> None:
    first = Standing("lead", "recycled", 1, entered={"mql": 10, "recycled": 20})
    second = Standing("customer", "active", 2, entered={"recycled": 20, "mql": 30, "sql": 40, "customer": 50})
    assert told(WON, life(first, second)) == [(10, None, 20, 1), (30, 50, None, 2)]
    assert told(SQL, life(first, second)) == [(10, None, 20, 1), (30, 40, None, 2)]
    assert recycled_at(second) == 20


def test_without_an_mql_it_begins_at_the_first_touch() -> None:
    some = [Touch("p", 7, "visit", "a"), Touch("p", 3, "call", "b", "sales")]
    assert told(WON, life(Standing("customer", entered={"customer": 9}), some=some)) == [(7, 9, None, 1)]
    assert told(WON, life(Standing("customer", entered={"customer": 9}))) == []


def test_a_vocabulary_without_the_stage_teaches_nothing() -> None:
    of = life(Standing("mql", entered={"mql": 1}))
    assert not list(cases(of, reaching([Goal(WON, 1)], Lifecycle(STAGES[:3], [])), Scheme()))


# -- as much of them as memory may hold --------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from([None, -1, 1, 50])), max_size=60), st.integers(1, 20))
def test_the_latest_mature_cases_are_learned_from_and_the_others_counted(
    some: list[tuple[int, int | None]], most: int
) -> None:
    goal = Goal(WON, 60 * DAY)
    begun = [
        Case(str(i), NOW - days * DAY, {}, None if after is None else NOW + (after - days) * DAY)
        for i, (days, after) in enumerate(some)
    ]
    taught = Taught(goal, NOW, most)
    for case in begun:
        taught.add(case)
    kept = taught.cases()
    mature = [case for case in begun if not impossible(case) and label(case, goal.horizon, NOW) is not None]
    assert [case for case in kept if case in mature] == sorted(mature, key=in_time)[-most:]
    assert len(kept) <= 2 * most
    assert len(kept) + sum(taught.left.values()) == len(begun)
    assert taught.left["impossible"] == sum(map(impossible, begun))
