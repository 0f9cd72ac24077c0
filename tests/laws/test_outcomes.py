"""What somebody's deals say together: laws of `mapping.outcomes`."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mapping.outcomes import LOST, OPEN, WON, Deal, of_record, together
from tests.laws.test_deals import DEALS, OPPORTUNITY, mapping, schemas

DAYS = st.sampled_from([None, "2026-01-31", "2026-05-01", "2027-02-28"])
AMOUNTS = st.one_of(
    st.none(),
    st.tuples(st.decimals(0, 10**6, places=2), st.sampled_from(["", " EUR", " USD"])).map(lambda a: f"{a[0]}{a[1]}"),
)
DEAL = st.builds(
    Deal,
    key=st.sampled_from(["a", "b", "c", "d"]),
    outcome=st.sampled_from([OPEN, WON, LOST]),
    closes=DAYS,
    amount=AMOUNTS,
    reason=st.sampled_from([None, "price", "timing"]),
)
DEALS_OF = st.lists(DEAL, max_size=6)


@given(DEALS_OF, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(deals: list[Deal], rng: random.Random) -> None:
    shuffled = [*deals, *deals[:2]]
    rng.shuffle(shuffled)
    assert together(shuffled) == together(deals)


@given(st.lists(DEAL, max_size=6, unique_by=lambda deal: deal.key))
def test_anything_open_is_open_and_nothing_is_nothing(deals: list[Deal]) -> None:
    found = together(deals)
    assert (found.outcome == OPEN) == any(deal.outcome == OPEN for deal in deals)
    assert (found.outcome is None) == (not deals)
    assert found.count == len(deals)


@given(st.lists(DEAL, max_size=6, unique_by=lambda deal: deal.key))
def test_what_ended_last_says_how_it_went(deals: list[Deal]) -> None:
    ended = [deal for deal in deals if deal.outcome != OPEN]
    found = together(ended)
    if ended:
        last = max(deal.closes or "" for deal in ended)
        ends = {deal.outcome for deal in ended if (deal.closes or "") == last}
        assert found.outcome == (WON if WON in ends else LOST)
    if found.reason is not None:
        assert found.outcome == LOST


@given(st.lists(DEAL, max_size=6, unique_by=lambda deal: deal.key))
def test_the_sums_add_up_to_the_cent_and_no_currency_meets_another(deals: list[Deal]) -> None:
    found = together(deals)
    for outcome, sums in ((OPEN, found.open), (WON, found.won)):
        amounts = [str(deal.amount).partition(" ") for deal in deals if deal.outcome == outcome and deal.amount]
        wanted: dict[str, Decimal] = {}
        for amount, _, currency in amounts:
            wanted[currency] = wanted.get(currency, Decimal(0)) + Decimal(amount)
        assert {currency: Decimal(total) for currency, total in sums.items()} == wanted


def test_both_sides_tell_the_same_of_a_deal() -> None:
    m: Any = mapping(schemas())
    assert of_record(m, DEALS, "e", {"stage": "p/won"}) == of_record(m, OPPORTUNITY, "e", {"stage": "Won"})
    assert of_record(m, DEALS, "e", {"stage": "p/talk"}) == Deal("e", OPEN)
    assert of_record(m, DEALS, "e", {"stage": "p/unheard of"}) is None
