"""People who are merely alike: what is suggested, how often it is right, and that it never links by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.people import Crowd, Person, companies
from sync import compose
from sync.decide.alike import CROWD, LIKELY, blocks, likeness, namesakes, pairs, person
from sync.decide.alike import Person as Compared
from sync.decide.asking import SIMILAR
from sync.decide.duplicates import Doubt, doubts
from sync.decide.suggesting import suggestions
from tests.brakes.test_duplicates import by_hand, contact, dismiss, entities, lead, sync
from tests.sandbox.world.test_people import NOW, STAFF
from tests.scenarios.stage import Stage

WORDS = st.sampled_from(["", "ann", "Ann", "anna", "bob", "Lee", "Léé", "Smith", "Smyth", "李"])
MADE = st.builds(
    lambda n, first, last, email, company: person(
        n, str(n), "hubspot", {"first_name": first, "last_name": last, "email": email, "company": company}, _shared
    ),
    st.integers(0, 99),
    WORDS,
    WORDS,
    st.sampled_from(["", "ann@a.example", "ann@b.example", "ann.lee@gmail.com", "info@a.example", "no address"]),
    st.sampled_from(["", "Acme", "Acme Ltd", "Lee"]),
)


def _shared(address: str) -> bool:
    return address.startswith("info@")


@given(MADE, MADE)
def test_likeness_has_no_direction_and_its_reasons_carry_it(a: Compared, b: Compared) -> None:
    called = namesakes([a, b])
    one, other = likeness(a, b, called), likeness(b, a, called)
    assert one == other
    assert 0 <= one.probability < 1
    if one.probability >= LIKELY:
        assert len(one.pro) > 1


@given(st.lists(MADE, max_size=CROWD))
def test_two_of_a_small_block_meet_and_none_meets_itself(people: list[Compared]) -> None:
    met = {frozenset(pair) for pair in pairs(people)}
    for i, a in enumerate(people):
        for j, b in enumerate(people[:i]):
            shared = a.whose != b.whose and not set(blocks(a)).isdisjoint(blocks(b))
            assert (frozenset((i, j)) in met) == shared


@given(MADE, MADE, st.integers(3, 999))
def test_a_common_name_never_makes_two_more_alike(a: Compared, b: Compared, many: int) -> None:
    rare = likeness(a, b, {}).probability
    assert likeness(a, b, {(a.first, a.last): many}).probability <= rare


def _records(one: Person) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Own values, as the mapping reads them."""
    natives = (
        ("first_name", "firstname", "FirstName"), ("last_name", "lastname", "LastName"), ("email", "email", "Email"),
        ("phone", "phone", "Phone"), ("mobile", "mobilephone", "MobilePhone"), ("company", "company", "Company"),
    )  # fmt: skip
    if one.hubspot is not None:
        yield "hubspot", {name: one.hubspot.get(native) for name, native, _ in natives}
    for values in ([one.salesforce] if one.salesforce else []) + [twin for _, twin in one.twins]:
        yield "salesforce", {name: values.get(native) for name, _, native in natives}


def test_of_what_is_suggested_nine_of_ten_are_one_and_what_is_said_to_be_sure_is() -> None:
    """Records of one address count as linked already: likeness is about all others."""
    rng = random.Random(7)
    people: list[Compared] = []
    truth: list[int] = []
    before = 0
    for one in Crowd(rng, 4_000, NOW, STAFF, companies(rng, 200)):
        who, before = (before if one.dirt == "same_person_again" else one.number), one.number
        for system, own in _records(one):
            whose = (own["email"] or "").lower() or str(len(people))
            people.append(person(len(people), whose, system, own, _shared))
            truth.append(who)
    called = namesakes(people)
    found = {pair: likeness(people[pair[0]], people[pair[1]], called).probability for pair in pairs(people)}
    likely = {pair: chance for pair, chance in found.items() if chance >= LIKELY}
    right = [truth[a] == truth[b] for a, b in likely]
    assert len(right) > 50
    assert sum(right) / len(right) >= 0.9
    sure = [truth[a] == truth[b] for (a, b), chance in likely.items() if chance >= 0.95]
    assert sure and all(sure)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    made.begin()
    yield made
    made.close()


def suggest(stage: Stage) -> list[Doubt]:
    """What `smarketing duplicates list --suggest` does."""
    engine = compose.engine(stage.settings(), stage.outside(), stage.state)
    (mapping,) = [each for each in engine.mappings() if each.rule.kind == "person"]
    found = suggestions(stage.state, mapping, stage.clock.now())
    stage.leased(lambda lease: stage.state.commit_outcomes(lease, found))
    return [doubt for doubt in doubts(stage.state) if doubt.review.question == SIMILAR]


def two(stage: Stage) -> tuple[str, str]:
    """Ann, once without an address: no rule brings the two together."""
    one = contact(stage, email="ann.abel@gmail.com", firstname="Ann", lastname="Abel", phone="+49 30 1234567")
    other = lead(stage, FirstName="Ann", LastName="Abel", Phone="030 1234567")
    sync(stage)
    return one, other


def test_two_that_are_alike_are_suggested_with_reasons_and_linked_by_nobody_but_a_person(stage: Stage) -> None:
    one, other = two(stage)
    [doubt] = suggest(stage)
    assert {ref.id for ref in doubt.records} == {one, other}
    assert doubt.reasons == (
        ["same last name", "same first name", "same phone"],
        [],
    )
    assert doubt.review.detail["probability"] >= 0.85
    assert f"duplicates link hubspot:{one} salesforce:{other}" in doubt.fix
    sync(stage)
    first, second = entities(stage, ("hubspot", "contacts", one), ("salesforce", "Lead", other))
    assert first != second
    assert [each.review.n for each in suggest(stage)] == [doubt.review.n]
    assert by_hand(stage, ("hubspot", one), ("salesforce", other)) is None
    assert suggest(stage) == []


def test_who_was_dismissed_is_not_suggested_again(stage: Stage) -> None:
    two(stage)
    [doubt] = suggest(stage)
    dismiss(stage, doubt)
    assert suggest(stage) == []
    sync(stage)
    stage.rebuild()
    assert suggest(stage) == []


def test_a_suggestion_goes_with_its_record_and_with_its_reason(stage: Stage) -> None:
    one, other = two(stage)
    assert len(suggest(stage)) == 1
    stage.world.hubspot.edit("contacts", one, {"lastname": "Zorn"}, stage.human("hubspot"))
    sync(stage)
    assert suggest(stage) == []
    stage.world.hubspot.edit("contacts", one, {"lastname": "Abel"}, stage.human("hubspot"))
    sync(stage)
    assert len(suggest(stage)) == 1
    stage.world.salesforce.delete("Lead", other, stage.human("salesforce"))
    sync(stage)
    assert doubts(stage.state) == []
