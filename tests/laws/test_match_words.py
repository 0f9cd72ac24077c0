"""What matching says of itself, word by word: people read it in `explain`, in questions and beside duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connectors.port import Ref
from mapping.mapping import Mapping
from sync.match import Ask, Candidate, Decision, Duplicate, Link, NewEntity, Shared, match
from tests.laws.make import H, S
from tests.laws.test_match import PEOPLE, PHONE, contact, hub, lead

ONE, TWO = Ref(H, "contacts", "1"), Ref(H, "contacts", "2")
L, M, K = Ref(S, "Lead", "L"), Ref(S, "Lead", "M"), Ref(S, "Contact", "K")


@dataclass(frozen=True)
class Story:
    told: str
    records: tuple[Candidate, ...]
    decisions: tuple[Decision, ...]
    world: Mapping = PEOPLE


ANN = {"email": "a@x.com", "last_name": "Lee"}
STORIES = (
    Story(
        "a sync key",
        (hub("1", _key__salesforce__Lead="L"), lead("L")),
        (Link("hubspot/1", (ONE, L), "sync_key", "hubspot 1 names L"),),
    ),
    Story(
        "a sync key of the other side",
        (hub("1"), lead("L", _key__hubspot__contacts="1")),
        (Link("hubspot/1", (ONE, L), "sync_key", "salesforce L names 1"),),
    ),
    Story(
        "two of one system",
        (hub("1", **ANN), lead("L", **ANN, filled=3), lead("M", **ANN, first_name="Ann", filled=2)),
        (
            Link("hubspot/1", (ONE, L), "email", "email:a@x.com"),
            Duplicate(
                M,
                "hubspot/1",
                "email is that of Lead L, which is kept: it has more fields filled",
                ("same e-mail", "same last name"),
                (),
            ),
        ),
    ),
    Story(
        "two of one system that differ",
        (
            contact("K", email="a@x.com", first_name="Ann", phone="+49 30 1"),
            lead("L", email="a@x.com", first_name="ANN", phone="+49 30 2"),
        ),
        (
            NewEntity(K, "salesforce/K"),
            Duplicate(
                L,
                "salesforce/K",
                "email is that of Contact K, which is kept: Contact before Lead",
                ("same e-mail", "same first name"),
                ("different phone",),
            ),
        ),
    ),
    Story(
        "a role",
        (hub("1", email="info@x.com"), lead("L", email="info@x.com")),
        (Shared(ONE, "info@ is the mailbox of a role"), Shared(L, "info@ is the mailbox of a role")),
    ),
    Story(
        "a family",
        (
            hub("1", email="a@x.com"),
            lead("L", email="a@x.com", last_name="Lee"),
            lead("M", email="a@x.com", last_name="May"),
        ),
        tuple(Shared(ref, "people with different last names share the address in salesforce") for ref in (ONE, L, M)),
    ),
    Story(
        "a further address",
        (hub("1", email="a@x.com", _emails=["b@x.com"]), lead("L", email="b@x.com")),
        (Link("hubspot/1", (ONE, L), "additional_email", "alt:b@x.com"),),
    ),
    Story(
        "a further address of two",
        (hub("1", _emails=["b@x.com"]), hub("2", _emails=["b@x.com"]), lead("L", email="b@x.com")),
        (Ask("ambiguous", (ONE, TWO, L), "2 records list its address"),),
    ),
    Story(
        "a further address under another name",
        (
            hub("1", email="a@x.com", _emails=["b@x.com"], last_name="Lee"),
            lead("L", **ANN),
            lead("M", email="b@x.com", last_name="May"),
        ),
        (
            Link("hubspot/1", (ONE, L), "email", "email:a@x.com"),
            Ask("same_person", (L, M), "same address, but different last names"),
        ),
    ),
    Story(
        "a phone number",
        (
            hub("1", email="ann@acme.com", last_name="Lee", phone="+493012345678"),
            lead("L", email="a.lee@acme.com", last_name="LEE", phone="+493012345678"),
        ),
        (Link("hubspot/1", (ONE, L), "phone", "phone:+493012345678|lee|acme.com"),),
        PHONE,
    ),
    Story(
        "a phone number of three",
        (
            hub("1", email="ann@acme.com", last_name="Lee", phone="+493012345678"),
            lead("L", email="a.lee@acme.com", last_name="LEE", phone="+493012345678"),
            lead("M", email="b.lee@acme.com", last_name="Lee", phone="+493012345678"),
        ),
        (Ask("ambiguous", (ONE, L, M), "several records have this phone number and name"),),
        PHONE,
    ),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.told)
def test_matching_says_why_in_these_words(story: Story) -> None:
    assert tuple(match(story.records, story.world)) == story.decisions


def test_a_conversion_links_who_is_alone_with_its_own_evidence() -> None:
    pair = ((ONE, L, "the deal of lead X"),)
    assert match((hub("1"), lead("L")), PEOPLE, converted=pair) == [
        Link("hubspot/1", (ONE, L), "conversion", "the deal of lead X")
    ]
    taken = (hub("1", entity="e"), lead("M", entity="e"), lead("L"))
    assert match(taken, PEOPLE, converted=pair) == [NewEntity(L, "salesforce/L")]
    assert match((hub("1"),), PEOPLE, converted=pair) == [NewEntity(ONE, "hubspot/1")]


def test_a_key_that_others_kept_in_use_is_replaced() -> None:
    assert match((hub("1"),), PEOPLE, {"hubspot/1": "hubspot/1~2"}) == [NewEntity(ONE, "hubspot/1~2")]


def test_what_was_decided_before_is_not_said_again() -> None:
    primary = lead("L", **ANN, entity="e")
    duplicate = lead("M", **ANN, entity="e", state="duplicate")
    assert match((primary, duplicate), PEOPLE) == []
    moved = match((lead("L", **ANN, entity="f"), duplicate), PEOPLE)
    assert [(d.ref, d.entity) for d in moved if isinstance(d, Duplicate)] == [(M, "f")]
    assert match((hub("1", email="info@x.com", state="shared"),), PEOPLE) == []
