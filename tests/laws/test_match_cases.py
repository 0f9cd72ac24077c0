"""Whose record is it, case by case: what stands, what comes first, and what a chain of facts leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from connectors.port import Ref
from mapping.mapping import Mapping
from state.rows import Row
from sync.match import Ask, Candidate, Decision, Duplicate, Link, NewEntity, another_name, entity_key, match
from tests.laws.make import PERSON, H, S, kind
from tests.laws.test_match import PEOPLE, PHONE, contact, hub, lead

BOOKS = "books"
SYSTEMS = {S: ("Contact", "Lead"), H: ("contacts",), BOOKS: ("customers",)}
"""Three systems, in an order that is not that of their names."""
THREE = Mapping(replace(kind(*PERSON, match_phone=True), objects=SYSTEMS), {}, {})
COMPANIES = Mapping(replace(kind(*PERSON, match_name=True), kind="company"), {}, {})
DEALS = Mapping(replace(kind(*PERSON, match_name=True), kind="deal"), {}, {})


def book(id: str, **own: Any) -> Candidate:
    return hub("", **own)._replace(ref=Ref(BOOKS, "customers", id))


def told(decisions: Sequence[Decision]) -> set[tuple[str, ...]]:
    """Links with their rule, duplicates with whose they are, the new, and the asked."""
    made: set[tuple[str, ...]] = set()
    for d in decisions:
        if isinstance(d, Link):
            made.add((d.rule, *(ref.id for ref in d.refs)))
        elif isinstance(d, Duplicate):
            made.add(("duplicate", d.ref.id, d.entity))
        elif isinstance(d, Ask):
            made.add((d.question, *(ref.id for ref in d.refs)))
        elif isinstance(d, NewEntity):
            made.add(("new", d.ref.id))
        else:
            made.add(("shared", d.ref.id))
    return made


def test_what_the_state_knows_of_a_record() -> None:
    own = {"email": "a@x.com", "phone": "1", "@deal": "006"}
    row = Row(S, "Lead", "L", "person", own, 7, 9, state="duplicate", created_ms=3, entity="e")
    assert Candidate.of(row, False, [H]) == Candidate(
        Ref(S, "Lead", "L"), "e", own, "duplicate", 7, 3, filled=2, fresh=False, reserved=frozenset({H})
    )


def test_the_key_of_an_entity_is_that_of_its_first_record() -> None:
    both = [Ref(H, "contacts", "1"), Ref(S, "Lead", "L")]
    assert entity_key(both, PEOPLE.rule) == "hubspot/1"
    assert entity_key(both, THREE.rule) == "salesforce/L"
    assert entity_key([Ref(S, "Contact", "B"), Ref(S, "Lead", "A")], PEOPLE.rule) == "salesforce/A"
    sorts: Any = ("there are some",)
    sorted_ = replace(PEOPLE.rule, sorts=sorts, prefix="activity:")
    assert entity_key([Ref(H, "notes", "1"), Ref(H, "calls", "2")], sorted_) == "activity:hubspot/calls/2"


# -- which of several --------------------------------------------------------------------------------------------------

ANN = {"email": "a@x.com"}


@pytest.mark.parametrize(
    ("kept", "other", "why"),
    [
        (contact("Z"), lead("A"), "Contact before Lead"),
        (lead("Z", open_opportunity=True), lead("A", owner_active=True), "it has an open opportunity"),
        (lead("Z", owner_active=True), lead("A", touched=9), "its owner is active"),
        (lead("Z", touched=1), lead("A", filled=9), "it has the latest activity"),
        (lead("Z", filled=1), lead("A", created=0), "it has more fields filled"),
        (lead("Z", created=0), lead("A"), "it is older"),
        (lead("Z"), lead("A", created=None), "it is older"),
        (lead("A"), lead("Z"), "its id is smaller"),
        (lead("Z", entity="e"), contact("A"), "it was there before"),
        (lead("Z", entity="e"), contact("A", entity="f", state="duplicate"), "it was there before"),
    ],
)
def test_of_two_the_first_in_the_order_is_kept_for_its_reason(kept: Candidate, other: Candidate, why: str) -> None:
    pair = [c._replace(own=ANN) for c in (other, kept)]
    (found,) = (d for d in match(pair, PEOPLE) if isinstance(d, Duplicate))
    assert (found.ref, found.why) == (
        other.ref,
        f"email is that of {kept.ref.object} {kept.ref.id}, which is kept: {why}",
    )


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (
            (
                hub("1", _key__salesforce__Lead="L"),
                lead("L", _key__hubspot__contacts="1"),
                contact("K", _key__hubspot__contacts="1"),
            ),
            "sync key is that of Lead L, which is kept: it is linked already",
        ),
        (
            (hub("1", email="a@x.com", _emails=["b@x.com"]), lead("L", **ANN), lead("M", email="b@x.com")),
            "additional email is that of Lead L, which is kept: its id is smaller",
        ),
        (
            (
                hub("1", email="a@x.com", _emails=["b@x.com"]),
                lead("L", **ANN, last_name="Lee"),
                lead("M", email="b@x.com", last_name="LEE"),
            ),
            "additional email is that of Lead L, which is kept: its id is smaller",
        ),
    ],
)
def test_a_duplicate_says_by_which_rule(records: tuple[Candidate, ...], why: str) -> None:
    assert [d.why for d in match(records, PEOPLE) if isinstance(d, Duplicate)] == [why]


# -- what stands -------------------------------------------------------------------------------------------------------

CASES: dict[str, tuple[tuple[Candidate, ...], set[tuple[str, ...]]]] = {
    "a record that is only evidence is linked": (
        (hub("1", **ANN), lead("L", **ANN, entity="e", fresh=False)),
        {("email", "1", "L")},
    ),
    "a duplicate that is only evidence links nobody": (
        (
            hub("1", **ANN),
            lead("L", email="b@x.com", entity="e"),
            lead("M", **ANN, entity="e", state="duplicate", fresh=False),
        ),
        {("new", "1")},
    ),
    "nor by a key": (
        (
            hub("1", _key__salesforce__Lead="M"),
            lead("L", entity="e"),
            lead("M", entity="e", state="duplicate", fresh=False),
        ),
        {("new", "1")},
    ),
    "a duplicate of nobody any more is free": (
        (hub("1", **ANN), lead("M", **ANN, entity="e", state="duplicate", fresh=False)),
        {("email", "1", "M")},
    ),
    "also where the entity lives on in another system": (
        (hub("1", **ANN), hub("2", entity="e"), lead("M", **ANN, entity="e", state="duplicate", fresh=False)),
        {("email", "1", "M")},
    ),
    "who is in no place and only evidence stays so": (
        (hub("1", **ANN), lead("L", **ANN, entity="e"), lead("M", entity="e", state="shared", fresh=False)),
        {("email", "1", "L")},
    ),
    "duplicates go where their record goes": (
        (hub("1", email="a@x.com", _emails=["b@x.com"]), lead("L", email="b@x.com"), lead("M", email="b@x.com")),
        {("additional_email", "1", "L"), ("duplicate", "M", "hubspot/1")},
    ),
    "also those from before": (
        (
            hub("1", **ANN, entity="e"),
            lead("L", **ANN, entity="f"),
            lead("M", entity="f", state="duplicate", fresh=False),
        ),
        {("email", "1", "L"), ("duplicate", "M", "e")},
    ),
    # -- sync keys
    "a key of evidence links": (
        (hub("1", _key__salesforce__Lead="L", fresh=False), lead("L")),
        {("sync_key", "1", "L")},
    ),
    "a key that names evidence links": (
        (hub("1", _key__salesforce__Lead="L"), lead("L", fresh=False)),
        {("sync_key", "1", "L")},
    ),
    "a key between records that are both evidence says nothing new": (
        (hub("1", _key__salesforce__Lead="L", fresh=False), lead("L", fresh=False)),
        set(),
    ),
    "a key that names nobody hides no other key": (
        (hub("1", _key__salesforce__Lead="X", _key__salesforce__Contact="K"), contact("K")),
        {("sync_key", "1", "K")},
    ),
    "whichever of the two": (
        (hub("1", _key__salesforce__Lead="L", _key__salesforce__Contact="X"), lead("L")),
        {("sync_key", "1", "L")},
    ),
    "mutual keys count before others": (
        (
            hub("1", _key__salesforce__Lead="L"),
            lead("L", _key__hubspot__contacts="1"),
            contact("K", _key__hubspot__contacts="1"),
        ),
        {("sync_key", "1", "L"), ("duplicate", "K", "hubspot/1")},
    ),
    "of keys alike that of the first record of all counts, whoever claims": (
        (hub("1", _key__salesforce__Lead="L"), lead("L", entity="e"), contact("K", _key__hubspot__contacts="1")),
        {("sync_key", "1", "L"), ("duplicate", "K", "e")},
    ),
    "an id may hold a colon": (
        (hub("1", _key__salesforce__Lead="L:a:1"), lead("L:a:1")),
        {("sync_key", "1", "L:a:1")},
    ),
    # -- addresses
    "all with the address of who is linked are duplicates": (
        (
            hub("1", email="new@x.com", entity="e"),
            lead("Z", **ANN, entity="e"),
            lead("A", **ANN),
            lead("B", **ANN),
        ),
        {("duplicate", "A", "e"), ("duplicate", "B", "e")},
    ),
    "also where their own records come first": (
        (hub("1", **ANN), hub("2", email="new@x.com", entity="e"), lead("Z", **ANN, entity="e"), lead("A", **ANN)),
        {("duplicate", "1", "e"), ("duplicate", "A", "e")},
    ),
    "who has no last name has no other one": (
        (lead("L", **ANN, last_name="Lee"), lead("M", **ANN)),
        {("new", "L"), ("duplicate", "M", "salesforce/L")},
    ),
    "a place that is being filled, seen from the other side": (
        (hub("1", **ANN), lead("L", **ANN, entity="e", reserved=frozenset({H}))),
        set(),
    ),
    # -- further addresses
    "a further address of a role hides no other one": (
        (hub("1", _emails=["info@x.com", "z@x.com"]), lead("K", email="info@x.com"), lead("L", email="z@x.com")),
        {("shared", "K"), ("additional_email", "1", "L")},
    ),
    "a further address says nothing within one system": (
        (hub("1", email="a@x.com", _emails=["b@x.com"]), hub("2", email="b@x.com")),
        {("new", "1"), ("new", "2")},
    ),
    "nor does it hide who has it in the other": (
        (hub("1", email="a@x.com", _emails=["b@x.com"]), hub("2", email="b@x.com"), lead("L", email="b@x.com")),
        {("email", "2", "L"), ("duplicate", "1", "hubspot/2")},
    ),
    "a duplicate that lists it is no second answer": (
        (
            hub("1", email="a@x.com", _emails=["b@x.com"]),
            hub("2", email="a@x.com", _emails=["b@x.com"]),
            lead("L", email="b@x.com"),
        ),
        {("additional_email", "1", "L"), ("duplicate", "2", "hubspot/1")},
    ),
    "of two whose addresses one lists the first in the order is linked": (
        (hub("1", _emails=["b@x.com", "c@x.com"]), lead("A", email="b@x.com"), lead("Z", email="c@x.com", filled=3)),
        {("additional_email", "1", "Z"), ("duplicate", "A", "hubspot/1")},
    ),
    "also where another lists an address of that one": (
        (
            hub("1", email="b@x.com", _emails=["c@x.com"]),
            lead("Z", email="c@x.com", entity="e"),
            contact("K", email="d@x.com", _emails=["b@x.com"]),
        ),
        {("additional_email", "1", "Z"), ("duplicate", "K", "e")},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_belongs_where(case: str) -> None:
    records, expected = CASES[case]
    assert told(match(records, PEOPLE)) == expected
    assert told(match(records[::-1], PEOPLE)) == expected


def test_a_duplicate_from_before_that_moves_says_so() -> None:
    moved = CASES["also those from before"][0]
    assert [d.why for d in match(moved, PEOPLE) if isinstance(d, Duplicate)] == ["as before"]


# -- several facts together --------------------------------------------------------------------------------------------

LEE = {"last_name": "Lee", "phone": "+493012345678"}
MAY = {"last_name": "May: Jr", "phone": "+493087654321"}


def facts(one: dict[str, Any], *records: Candidate) -> tuple[Candidate, ...]:
    """Each with the facts and an address of its own."""
    return tuple(c._replace(own={**one, "email": f"{c.ref.id}@acme.com", **c.own}) for c in records)


def test_facts_that_one_who_is_linked_has_too_link_nobody() -> None:
    linked = (hub("1", email="a@acme.com"), lead("L", email="a@acme.com"))
    records = facts(LEE, *linked, hub("2"), lead("M"))
    assert told(match(records, PHONE)) == {("email", "1", "L"), ("new", "2"), ("new", "M")}


def test_facts_that_link_nobody_hide_no_others() -> None:
    # The numbers are looked at in their order: Lee's comes first.
    pair = facts(MAY, hub("8"), lead("X"))
    alone = facts(LEE, hub("1"))
    assert told(match((*alone, *pair), PHONE)) == {("new", "1"), ("phone", "8", "X")}
    crowd = facts(LEE, hub("1"), lead("L"), lead("M"))
    assert told(match((*crowd, *pair), PHONE)) == {("ambiguous", "1", "L", "M"), ("phone", "8", "X")}


def test_facts_link_all_but_who_is_said_to_be_another() -> None:
    pair = facts(LEE, hub("1"), lead("L"))
    assert told(match(pair, PHONE, apart={frozenset(c.ref for c in pair)})) == {("new", "1"), ("new", "L")}
    three = facts(LEE, lead("L"), hub("1"), book("B"))
    assert told(match(three, THREE)) == {("phone", "L", "1", "B")}
    not_the_second = {frozenset(c.ref for c in three[:2])}
    assert told(match(three, THREE, apart=not_the_second)) == {("phone", "L", "B"), ("new", "1")}


@pytest.mark.parametrize(
    ("world", "own", "said"),
    [
        (COMPANIES, {"name": "Acme", "country": "de"}, "name and country"),
        (DEALS, {"name": "Acme", "close_date": "2026-01-01"}, "name and close date"),
    ],
)
def test_names_link_with_what_stands_beside_them(world: Mapping, own: dict[str, Any], said: str) -> None:
    beside = own.get("country", own.get("close_date"))
    (link,) = match((hub("1", **own), lead("L", **own)), world)
    assert link == Link("hubspot/1", (Ref(H, "contacts", "1"), Ref(S, "Lead", "L")), "name", f"name:acme|{beside}")
    (ask,) = match((hub("1", **own), lead("L", **own), lead("M", **own)), world)
    assert isinstance(ask, Ask) and ask.why == f"several records have this {said}"


def test_companies_with_one_website_are_one() -> None:
    (link,) = match((hub("1", domain="shop.acme.com"), lead("L", domain="acme.com")), COMPANIES)
    assert isinstance(link, Link) and (link.rule, link.evidence) == ("domain", "domain:acme.com")


# -- three systems -----------------------------------------------------------------------------------------------------


def test_what_linked_first_is_what_linked() -> None:
    both = (lead("L", email="a@x.com", _key__hubspot__contacts="1"), hub("1"), book("B", email="a@x.com"))
    assert match(both, THREE) == [
        Link(
            "salesforce/L",
            (Ref(S, "Lead", "L"), Ref(H, "contacts", "1"), Ref(BOOKS, "customers", "B")),
            "sync_key",
            "salesforce L names 1",
        )
    ]


def test_an_entity_that_exists_survives_a_link_whoever_comes_first() -> None:
    records = (lead("L", **ANN), hub("1", **ANN, entity="e"), book("B", **ANN))
    (link,) = match(records, THREE)
    assert isinstance(link, Link) and (link.entity, len(link.refs)) == ("e", 3)


def test_of_pairs_that_name_each_other_the_one_that_comes_first_counts() -> None:
    # A chain Z, 2, A: Salesforce is the first system here, and Contact A the first of its records.
    chain = (
        hub("1", _key__salesforce__Lead="Z"),
        hub("2", _key__salesforce__Lead="Z", _key__salesforce__Contact="A"),
        lead("Z"),
        contact("A"),
    )
    assert told(match(chain, THREE)) == {("sync_key", "A", "2"), ("sync_key", "Z", "1")}


def test_another_name_is_a_last_name_that_differs() -> None:
    rows = [
        Row(H, "contacts", "1", "person", own, 1, 1)
        for own in ({"last_name": " Lee"}, {"last_name": "LEE"}, {}, {"last_name": "May"})
    ]
    assert [another_name(a, b) for a, b in pairwise(rows)] == [False, False, False]
    assert another_name(rows[0], rows[3]) and not another_name(rows[2], rows[2])
