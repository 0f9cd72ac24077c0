"""What deals say of people: laws over random deals and standings, and the cases that people ask about."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.deals import CUSTOMER, DAY, LOST, OPEN, OPPORTUNITY, REVERSAL, WON, Deal, Told, due, evidence, remembered
from mapping.journey import SENT_AWAY, Standing, Step, begin, step
from mapping.lifecycle import ACTIVE
from sync.config import parse, person_rule
from sync.decide.writeback import stage_specs
from sync.settings.common import VocabularySettings
from tests.laws.test_journey import LIFE, STANDINGS

DEALS = st.lists(
    st.builds(
        Deal,
        ids=st.sampled_from([("salesforce:1",), ("salesforce:2", "hubspot:2"), ("hubspot:3",)]),
        outcome=st.sampled_from([OPEN, WON, LOST]),
        at=st.integers(0, 200),
        what=st.just("Opportunity"),
        witnessed=st.booleans(),
        reason=st.sampled_from([None, "price", "whim"]),
    ),
    max_size=3,
    unique_by=lambda deal: deal.ids,
)


def deal(outcome: str, at: int = 100, id: str = "1", **more: object) -> Deal:
    return Deal((f"salesforce:{id}",), outcome, at, "Opportunity", **more)  # type: ignore[arg-type]


def after(standing: Standing, *deals: Deal) -> Standing:
    return judged(standing, list(deals)).standing


def judged(standing: Standing, deals: list[Deal]) -> Step:
    return step(LIFE, standing, evidence(LIFE, Told(deals), standing), remembered(deals))


def stands(stage: str, **more: object) -> Standing:
    return Standing(stage, **more)  # type: ignore[arg-type]


@given(STANDINGS, DEALS)
def test_what_deals_said_once_says_nothing_more(here: Standing, deals: list[Deal]) -> None:
    first = judged(here, deals)
    again = judged(first.standing, deals)
    assert not again.transitions or not first.transitions


@given(STANDINGS, DEALS)
def test_a_won_deal_makes_everybody_a_customer_who_was_not_sent_away(here: Standing, deals: list[Deal]) -> None:
    won = any(d.outcome == WON for d in deals)
    if won and here.status not in SENT_AWAY:
        assert LIFE.rank(after(here, *deals).stage) >= LIFE.rank(CUSTOMER)


@given(STANDINGS, DEALS)
def test_nobody_is_lost_while_a_deal_is_open_or_won(here: Standing, deals: list[Deal]) -> None:
    if any(d.outcome != LOST for d in deals) and here.status != LOST:
        assert after(here, *deals).status != LOST


@given(STANDINGS, DEALS)
def test_the_order_of_deals_does_not_matter(here: Standing, deals: list[Deal]) -> None:
    assert judged(here, deals) == judged(here, deals[::-1])


@given(STANDINGS)
def test_no_deals_say_nothing(here: Standing) -> None:
    assert judged(here, []) == Step(here, (), ())


def test_the_last_open_deal_lost_loses_the_person_with_its_reason() -> None:
    open_ = after(stands("sql"), deal(OPEN), deal(OPEN, id="2"))
    assert (open_.stage, open_.status) == (OPPORTUNITY, ACTIVE)
    one = after(open_, deal(LOST, 110, witnessed=True), deal(OPEN, id="2"))
    assert one == open_
    both = after(one, deal(LOST, 110), deal(LOST, 120, id="2", witnessed=True, reason="price"))
    assert (both.stage, both.status, both.reason) == (OPPORTUNITY, LOST, "price")


def test_a_new_deal_calls_back_who_was_lost_and_opens_the_next_cycle() -> None:
    lost = after(after(stands("sql"), deal(OPEN)), deal(LOST, 110, witnessed=True))
    again = after(lost, deal(LOST, 110), deal(OPEN, 120, id="2"))
    assert (again.stage, again.status, again.cycle) == (OPPORTUNITY, ACTIVE, 2)


def test_a_deal_from_before_calls_back_nobody_who_was_sent_away() -> None:
    for status in sorted(SENT_AWAY):
        here = stands("lead", status=status, entered={status: 100})
        for outcome in (OPEN, WON):
            assert after(here, deal(outcome, 90)) == here
            assert after(here, deal(outcome, 110)).status == ACTIVE


def test_a_loss_from_before_does_not_count_against_who_came_again() -> None:
    here = stands(OPPORTUNITY, entered={OPPORTUNITY: 100})
    assert after(here, deal(LOST, 90)) == here
    assert after(here, deal(LOST, 110)).status == LOST


def test_who_was_won_by_mistake_is_set_back_within_thirty_days() -> None:
    won = after(stands("sql"), deal(WON))
    assert won.stage == CUSTOMER
    reopened = judged(won, [deal(OPEN, 100 + REVERSAL, witnessed=True)])
    assert (reopened.standing.stage, reopened.transitions[-1].event) == (OPPORTUNITY, "admin_correct")
    lost = after(won, deal(LOST, 100 + REVERSAL, witnessed=True, reason="price"))
    assert (lost.stage, lost.status, lost.reason) == (OPPORTUNITY, LOST, "price")
    assert after(won, deal(OPEN, 101 + REVERSAL, witnessed=True)) == won


def test_another_won_deal_keeps_the_customer() -> None:
    won = after(stands("sql"), deal(WON), deal(WON, id="2"))
    assert after(won, deal(LOST, 110, witnessed=True), deal(WON, id="2")) == won


def test_who_is_met_with_a_deal_has_been_there_since_the_deal() -> None:
    met = begin(LIFE, evidence(LIFE, Told([deal(WON)]), Standing(None)), None, remembered([deal(WON)]))
    assert met.standing == stands(CUSTOMER, deals={"salesforce:1": WON}, entered={CUSTOMER: 100})._replace(
        heard=met.standing.heard
    )


def test_who_was_lost_for_as_long_as_agreed_is_recycled_unless_a_deal_was_opened() -> None:
    here, loss = after(stands("sql"), deal(OPEN)), deal(LOST, 110, witnessed=True)
    lost = step(LIFE, here, evidence(LIFE, Told([loss]), here, 30), remembered([loss])).standing
    assert (lost.status, lost.until) == (LOST, "1970-01-31")
    assert due(lost, 30 * DAY - 1) is None
    over = due(lost, 30 * DAY)
    assert over == 30 * DAY
    recycled = step(LIFE, lost, evidence(LIFE, Told([loss], over), lost, 30)).standing
    assert (recycled.stage, recycled.status, recycled.until) == ("lead", "recycled", None)
    assert due(recycled, 60 * DAY) is None
    again = [loss, deal(OPEN, 120, id="2")]
    assert step(LIFE, lost, evidence(LIFE, Told(again, over), lost, 30)).standing.status == ACTIVE


LEAST = {
    "hubspot": {"access_token": "env:HUBSPOT_ACCESS_TOKEN"},
    "salesforce": {"login_url": "https://example.my.salesforce.com", "client_id": "x", "client_secret": "env:X"},
}

# -- what a configuration may say --------------------------------------------------------------------------------------

STATUS = {"name": "lost", "means": "lost", "owner": "sales"}
STAGES = [{"name": name, "means": "so", "owner": "sales"} for name in ("sql", OPPORTUNITY, CUSTOMER)]


def vocabulary(**told: object) -> VocabularySettings:
    return VocabularySettings.model_validate(told)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"lost_policy": "forget"}, 'lost_policy is "forget"; choose "stay_opportunity_lost"'),
        ({"lost_policy": "recycle_after 0 days"}, 'choose "stay_opportunity_lost", "recycle_after N days"'),
        ({"lost_policy": "back_to customer"}, 'sets back to "customer", which is no stage before opportunity'),
        ({"lost_policy": "back_to nowhere"}, 'sets back to "nowhere", which is no stage before opportunity'),
        ({"lost_policy": "back_to sql", "status": []}, 'needs a stage "opportunity" and a status "lost"'),
        (
            {"lost_policy": "back_to sql", "stage": STAGES[:1], "status": [STATUS]},
            'needs a stage "opportunity" and a status "lost"',
        ),
        (
            {"lost_policy": "recycle_after 9 days", "stage": STAGES, "status": [STATUS], "converted": "sql"},
            'needs a status "recycled"',
        ),
        (
            {"lost_policy": "back_to sql", "status": [{**STATUS, "back_to": "mql"}]},
            'back_to of the status "lost" contradict each other',
        ),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_what_would_be_right(told: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        vocabulary(**told)


def test_policies_are_read() -> None:
    assert (vocabulary().lost_to, vocabulary().recycle_after) == (None, 0)
    assert vocabulary(lost_policy="back_to sql").lost_to == "sql"
    assert vocabulary(lost_policy="recycle_after 30 days").recycle_after == 30


def test_no_field_of_ours_is_a_choice_of_nothing() -> None:
    rule = person_rule(parse({**LEAST, "vocabulary": {"status": [STATUS]}}))
    specs = [spec for _, spec in stage_specs(rule.stages, rule.statuses)]
    assert {spec.name for spec in specs if spec.type == "choice"} == {
        "smk_stage", "SMK_Stage__c", "smk_stage_status", "SMK_Stage_Status__c"
    }  # fmt: skip
    assert all(spec.options for spec in specs if spec.type == "choice")
