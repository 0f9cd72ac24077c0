"""Whose record is it: stories of the rules, and laws over random worlds with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, count
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.port import Ref
from sync.match import DOUBTFUL, Ask, Candidate, Decision, Duplicate, Link, NewEntity, Shared, match
from tests.laws.make import PERSON, H, S, mapping

PEOPLE = mapping(*PERSON)
PHONE = mapping(*PERSON, match_phone=True)
CRM_KEY = {"Lead": "@key:salesforce:Lead", "Contact": "@key:salesforce:Contact"}
HUB_KEY = "@key:hubspot:contacts"


def hub(id: str, **more: Any) -> Candidate:
    return candidate(Ref(H, "contacts", id), more)


def lead(id: str, **more: Any) -> Candidate:
    return candidate(Ref(S, "Lead", id), more)


def contact(id: str, **more: Any) -> Candidate:
    return candidate(Ref(S, "Contact", id), more)


KNOWN = {"entity", "state", "created", "filled", "fresh", "reserved", "open_opportunity", "owner_active", "touched"}


def candidate(ref: Ref, more: dict[str, Any]) -> Candidate:
    about = {"entity": None, "state": "live", "version": 1, "created": 1} | {
        k: v for k, v in more.items() if k in KNOWN
    }
    own = {"@" + k[1:].replace("__", ":") if k.startswith("_") else k: v for k, v in more.items() if k not in KNOWN}
    return Candidate(ref=ref, own=own, **about)


def decide(*candidates: Candidate, world: Any = PEOPLE) -> list[Decision]:
    return match(candidates, world)


def links(decisions: Sequence[Decision]) -> set[tuple[str, ...]]:
    return {tuple(ref.id for ref in d.refs) for d in decisions if isinstance(d, Link)}


def names(decisions: Sequence[Decision], type_: type) -> set[str]:
    return {d.ref.id for d in decisions if isinstance(d, type_) and isinstance(d, NewEntity | Duplicate | Shared)}


# -- the rules, in order -----------------------------------------------------------------------------------------------


def test_nobody_in_common_makes_entities_of_their_own() -> None:
    decisions = decide(hub("1", email="a@x.com"), lead("L", email="b@x.com"), contact("C"))
    assert {(d.ref.id, d.entity) for d in decisions if isinstance(d, NewEntity)} == {
        ("1", "hubspot/1"),
        ("L", "salesforce/L"),
        ("C", "salesforce/C"),
    }
    assert len(decisions) == 3


def test_the_same_address_links_and_the_key_is_the_marketing_record() -> None:
    (link,) = decide(lead("L", email="a@x.com"), hub("1", email="a@x.com"))
    assert link == Link("hubspot/1", (Ref(H, "contacts", "1"), Ref(S, "Lead", "L")), "email", "email:a@x.com")


def test_an_entity_that_exists_keeps_its_key() -> None:
    (link,) = decide(lead("L", email="a@x.com", entity="salesforce/L"), hub("1", email="a@x.com"))
    assert isinstance(link, Link) and link.entity == "salesforce/L"


def test_a_sync_key_is_surer_than_an_address() -> None:
    decisions = decide(
        hub("1", email="a@x.com", _key__salesforce__Lead="L"), lead("L", email="new@x.com"), lead("M", email="a@x.com")
    )
    assert links(decisions) == {("1", "L")}
    assert names(decisions, Duplicate) == {"M"}


@pytest.mark.parametrize(
    ("theirs", "linked"),
    [({}, True), ({"_key__hubspot__contacts": "1"}, True), ({"_key__hubspot__contacts": "2"}, False)],
)
def test_a_sync_key_counts_if_it_is_mutual_or_the_other_side_is_empty(theirs: dict[str, str], linked: bool) -> None:
    decisions = decide(hub("1", _key__salesforce__Lead="L"), lead("L", **theirs))
    assert bool(links(decisions)) is linked


def test_a_copied_sync_key_makes_a_duplicate_and_no_entity() -> None:
    decisions = decide(
        hub("1", _key__salesforce__Lead="L", email="a@x.com"),
        lead("L", _key__hubspot__contacts="1", email="a@x.com"),
        contact("K", _key__hubspot__contacts="1"),
    )
    assert links(decisions) == {("1", "L")}
    assert names(decisions, Duplicate) == {"K"}
    assert not names(decisions, NewEntity)


def test_of_several_that_name_one_record_the_owner_of_its_address_is_believed() -> None:
    decisions = decide(
        hub("1", email="b@x.com", _key__salesforce__Lead="L"),
        hub("2", email="a@x.com", _key__salesforce__Lead="L"),
        lead("L", email="a@x.com"),
    )
    assert links(decisions) == {("2", "L")}
    assert names(decisions, Duplicate) == {"1"}


def test_a_further_address_links_after_the_primary_one() -> None:
    assert links(decide(hub("1", email="a@x.com", _emails=["b@x.com"]), lead("L", email="b@x.com"))) == {("1", "L")}
    decisions = decide(
        hub("1", email="a@x.com", _emails=["b@x.com"]), lead("A", email="b@x.com"), lead("B", email="a@x.com")
    )
    assert links(decisions) == {("1", "B")}
    assert names(decisions, Duplicate) == {"A"}


def test_who_is_a_duplicate_of_a_duplicate_is_one_of_the_same_person() -> None:
    decisions = decide(
        hub("1", email="a@x.com", _emails=["b@x.com"], entity="e"),
        lead("L", email="a@x.com", entity="e"),
        lead("M", email="b@x.com"),
        lead("N", email="b@x.com"),
    )
    assert {(d.ref.id, d.entity) for d in decisions if isinstance(d, Duplicate)} == {("M", "e"), ("N", "e")}


def test_two_that_list_the_address_of_one_are_a_question() -> None:
    decisions = decide(hub("1", _emails=["b@x.com"]), hub("2", _emails=["b@x.com"]), lead("L", email="b@x.com"))
    assert [type(d) for d in decisions] == [Ask]
    assert isinstance(decisions[0], Ask) and {ref.id for ref in decisions[0].refs} == {"1", "2", "L"}


def test_a_further_address_with_another_last_name_is_a_question() -> None:
    decisions = decide(
        hub("1", email="a@x.com", entity="e", _emails=["b@x.com"]),
        lead("L", email="a@x.com", entity="e", last_name="Lee"),
        lead("M", email="b@x.com", last_name="May"),
    )
    assert [(d.question, {ref.id for ref in d.refs}) for d in decisions if isinstance(d, Ask)] == [
        ("same_person", {"L", "M"})
    ]


def test_phone_last_name_and_domain_link_only_where_that_is_wanted() -> None:
    pair = (
        hub("1", email="ann@acme.com", last_name="Lee", phone="+49 30 1234567"),
        lead("L", email="a.lee@acme.com", last_name="LEE", phone="0049 30 1234567"),
    )
    assert not links(decide(*pair))
    assert links(decide(*pair, world=PHONE)) == {("1", "L")}
    crowd = (*pair, lead("M", email="b.lee@acme.com", last_name="Lee", phone="+49 30 1234567"))
    assert not links(decide(*crowd, world=PHONE))
    assert any(isinstance(d, Ask) for d in decide(*crowd, world=PHONE))


def test_who_was_said_to_be_two_is_two_and_an_id_written_by_hand_still_links() -> None:
    crowd = [hub("1", _emails=["b@x.com"]), hub("2", _emails=["b@x.com"]), lead("L", email="b@x.com")]
    apart = {frozenset((a.ref, b.ref)) for a, b in combinations(crowd, 2)}
    assert names(match(crowd, PEOPLE, apart=apart), NewEntity) == {"1", "2", "L"}
    crowd[0] = hub("1", _emails=["b@x.com"], _key__salesforce__Lead="L")
    assert links(match(crowd, PEOPLE, apart=apart)) == {("1", "L")}


# -- several records of one person -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (contact("Z"), lead("A"), "Contact before Lead"),
        (lead("Z", open_opportunity=True), lead("A"), "open opportunity"),
        (lead("Z", owner_active=True), lead("A", owner_active=False), "owner is active"),
        (lead("Z", touched=9), lead("A", touched=3, filled=9), "latest activity"),
        (lead("Z", touched=9), lead("A", filled=9), "latest activity"),
        (lead("Z", owner_active=True), lead("A", touched=9), "owner is active"),
        (lead("Z", filled=9), lead("A", filled=3), "more fields"),
        (lead("Z", created=1), lead("A", created=2), "older"),
        (lead("A"), lead("Z"), "id is smaller"),
        (lead("Z", entity="e"), contact("A", filled=9), "there before"),
    ],
)
def test_the_primary_record_is_chosen_in_a_fixed_order_with_its_reason(
    first: Candidate, second: Candidate, why: str
) -> None:
    own = {"email": "a@x.com", "last_name": "Lee"}
    decisions = decide(hub("1", email="a@x.com"), second._replace(own=own), first._replace(own=own))
    assert links(decisions) == {("1", first.ref.id)}
    (duplicate,) = (d for d in decisions if isinstance(d, Duplicate))
    assert duplicate.ref == second.ref
    assert why in duplicate.why
    assert duplicate.reasons_for == ("same e-mail", "same last name")
    assert duplicate.entity == next(d.entity for d in decisions if isinstance(d, Link))


def test_duplicates_are_found_without_a_counterpart() -> None:
    decisions = decide(lead("L", email="a@x.com"), contact("C", email="a@x.com"))
    assert names(decisions, NewEntity) == {"C"}
    assert names(decisions, Duplicate) == {"L"}


def test_a_link_stays_whatever_comes_later() -> None:
    linked = (hub("1", email="a@x.com", entity="e"), lead("L", email="a@x.com", entity="e"))
    better = contact("C", email="a@x.com", open_opportunity=True, owner_active=True, filled=50, created=0)
    decisions = decide(*linked, better)
    assert names(decisions, Duplicate) == {"C"}
    assert len(decisions) == 1


def test_a_link_stays_after_a_change_of_address() -> None:
    linked = (hub("1", email="a@x.com", entity="e"), lead("L", email="new@x.com", entity="e"))
    assert decide(*linked) == []


def test_two_linked_pairs_are_left_alone() -> None:
    pairs = [hub("1", entity="e"), lead("L", entity="e"), hub("2", entity="f"), lead("M", entity="f")]
    assert decide(*(c._replace(own={"email": "a@x.com"}) for c in pairs)) == []


# -- addresses of nobody in particular ---------------------------------------------------------------------------------


def test_role_mailboxes_link_nobody() -> None:
    decisions = decide(hub("1", email="info@x.com"), lead("L", email="info@x.com"), lead("M", email="info+news@x.com"))
    assert names(decisions, Shared) == {"1", "L", "M"}
    assert len(decisions) == 3


def test_a_further_address_of_a_role_links_nobody() -> None:
    decisions = decide(hub("1", _emails=["info@x.com"]), contact("C", _emails=["info@x.com"]))
    assert names(decisions, NewEntity) == {"1", "C"}
    assert links(decide(hub("1", _emails=["ann@x.com"]), contact("C", _emails=["ann@x.com"]))) == {("1", "C")}


def test_an_entity_whose_address_became_a_roles_stays_one() -> None:
    decisions = decide(hub("1", email="info@x.com"), lead("L", email="info@x.com", entity="salesforce/L"))
    assert names(decisions, Shared) == {"1"}
    assert len(decisions) == 1


def test_an_address_of_people_with_different_last_names_links_nobody() -> None:
    decisions = decide(
        hub("1", email="home@x.com"),
        lead("L", email="home@x.com", last_name="Lee"),
        lead("M", email="home@x.com", last_name="May"),
    )
    assert names(decisions, Shared) == {"1", "L", "M"}


def test_a_shared_address_yields_to_an_explicit_key() -> None:
    decisions = decide(hub("1", email="info@x.com", _key__salesforce__Lead="L"), lead("L", email="info@x.com"))
    assert links(decisions) == {("1", "L")}


# -- what is under way, and what is only evidence ----------------------------------------------------------------------


def test_a_place_that_is_being_filled_is_reserved_for_the_record_with_our_key() -> None:
    waiting = hub("1", email="a@x.com", entity="e", reserved=frozenset({S}))
    assert decide(waiting, lead("L", email="a@x.com")) == []
    assert links(decide(waiting, lead("L", email="a@x.com", _key__hubspot__contacts="1"))) == {("1", "L")}


def test_records_that_are_only_evidence_get_no_new_fate() -> None:
    assert decide(lead("L", email="a@x.com", fresh=False)) == []
    assert decide(lead("L", email="info@x.com", fresh=False)) == []
    assert links(decide(hub("1", email="a@x.com"), lead("L", email="a@x.com", fresh=False))) == {("1", "L")}
    shared = lead("L", email="a@x.com", state="shared", fresh=False)
    assert links(decide(hub("1", email="a@x.com"), shared)) == set()


# -- laws over random worlds -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """People, their records, and who each record really is."""

    candidates: list[Candidate]
    truth: dict[Ref, int]


LAST = ("Lee", "May", "Fox", "Østby", "李", "d'Arc")


def world(random: Random) -> World:
    """A few people with up to five records each.  Every address is one person's, but for a mailbox of a role and a
    family's, which people with different last names share in the CRM.  Keys tell the truth; names and phones repeat."""
    ids = count(1)
    candidates: list[Candidate] = []
    truth: dict[Ref, int] = {}
    family = random.sample(range(6), 2) if random.random() < 0.3 else []
    for person in range(random.randint(1, 6)):
        last = LAST[person] if person in family else random.choice(LAST)
        own = [f"p{person}{letter}@x.com" for letter in "ab"]
        in_hubspot, in_crm = random.randint(0, 1), random.choice([0, 1, 1, 2, 3])
        if person in family:
            own, in_crm = ["home@x.com", own[1]], max(in_crm, 1)
        elif random.random() < 0.15:
            own = ["info@x.com", own[1]]
        made: list[Candidate] = []
        for n in range(in_hubspot + in_crm):
            facts: dict[str, Any] = {"last_name": last, "phone": random.choice(["+49301234567", "+49307654321"])}
            if random.random() < 0.9 or person in family:
                facts["email"] = own[0] if person in family or random.random() < 0.8 else own[1]
            if n < in_hubspot and random.random() < 0.5:
                facts["_emails"] = [own[1]]
            make = hub if n < in_hubspot else random.choice([lead, contact])
            made.append(make(str(next(ids)), **facts, created=random.randint(1, 9), filled=random.randint(0, 3)))
        candidates += plant_keys(random, made)
        truth |= {c.ref: person for c in made}
    random.shuffle(candidates)
    return World(candidates, truth)


def plant_keys(random: Random, made: list[Candidate]) -> list[Candidate]:
    hubs = [c for c in made if c.ref.system == H]
    crms = [c for c in made if c.ref.system == S]
    if not hubs or not crms or random.random() < 0.6:
        return made
    one, other = hubs[0], random.choice(crms)
    keyed = {
        one.ref: one._replace(own={**one.own, CRM_KEY[other.ref.object]: other.ref.id}),
        other.ref: other._replace(own={**other.own, HUB_KEY: one.ref.id}),
    }
    if random.random() < 0.5:
        del keyed[random.choice(list(keyed))]
    return [keyed.get(c.ref, c) for c in made]


def after(candidates: Sequence[Candidate], decisions: Sequence[Decision]) -> list[Candidate]:
    """The world once the decisions are stored."""
    now = {c.ref: c for c in candidates}
    for decision in decisions:
        if isinstance(decision, Link):
            now |= {ref: now[ref]._replace(entity=decision.entity, state="live") for ref in decision.refs}
        elif isinstance(decision, NewEntity):
            now[decision.ref] = now[decision.ref]._replace(entity=decision.entity, state="live")
        elif isinstance(decision, Duplicate):
            now[decision.ref] = now[decision.ref]._replace(entity=decision.entity, state="duplicate")
        elif isinstance(decision, Shared):
            now[decision.ref] = now[decision.ref]._replace(entity=None, state="shared")
    return list(now.values())


@given(st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_matching_does_not_depend_on_the_order_of_candidates(random: Random) -> None:
    given_world = world(random)
    shuffled = list(given_world.candidates)
    random.shuffle(shuffled)
    assert match(shuffled, PEOPLE) == match(given_world.candidates, PEOPLE)


@given(st.randoms(use_true_random=False))
@settings(max_examples=600)
def test_no_link_and_no_duplicate_is_ever_wrong(random: Random) -> None:
    known = world(random)
    entities: dict[str, set[int]] = {}
    for c in after(known.candidates, match(known.candidates, PEOPLE)):
        if c.entity is not None:
            entities.setdefault(c.entity, set()).add(known.truth[c.ref])
    assert all(len(people) == 1 for people in entities.values())


@given(st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_everybody_gets_exactly_one_fate(random: Random) -> None:
    known = world(random)
    decisions = match(known.candidates, PEOPLE)
    fates = [ref for d in decisions for ref in (d.refs if isinstance(d, Link | Ask) else (d.ref,))]
    assert len(fates) == len(set(fates))
    assert set(fates) == set(known.truth)
    live: dict[tuple[str | None, str], int] = {}
    for c in after(known.candidates, decisions):
        if c.entity is not None and c.state == "live":
            live[c.entity, c.ref.system] = live.get((c.entity, c.ref.system), 0) + 1
    assert all(n == 1 for n in live.values()), "more than one live record of an entity in a system"
    assert all((d.entity, d.ref.system) in live for d in decisions if isinstance(d, Duplicate)), "a duplicate of nobody"


@given(st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_what_is_decided_stays_decided(random: Random) -> None:
    known = world(random)
    first = match(known.candidates, PEOPLE)
    again = match(after(known.candidates, first), PEOPLE)
    assert [d for d in again if not isinstance(d, Ask)] == []


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_who_was_said_to_be_two_is_neither_asked_about_again_nor_linked_by_what_left_the_doubt(random: Random) -> None:
    known = world(random)
    asked = {d.refs for d in match(known.candidates, PHONE) if isinstance(d, Ask)}
    apart = {frozenset(pair) for refs in asked for pair in combinations(refs, 2)}
    decisions = match(known.candidates, PHONE, apart=apart)
    assert not asked & {d.refs for d in decisions if isinstance(d, Ask)}
    doubtful = [d.refs for d in decisions if isinstance(d, Link) and d.rule in DOUBTFUL]
    assert not apart & {frozenset(pair) for refs in doubtful for pair in combinations(refs, 2)}
    fates = [ref for d in decisions for ref in (d.refs if isinstance(d, Link | Ask) else (d.ref,))]
    assert sorted(fates) == sorted(known.truth)


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_links_are_sticky_when_more_records_appear(random: Random) -> None:
    known = world(random)
    some = [c for c in known.candidates if random.random() < 0.6]
    before = after(some, match(some, PEOPLE))
    rest = [c for c in known.candidates if c.ref not in {b.ref for b in before}]
    later = {c.ref: c for c in after([*before, *rest], match([*before, *rest], PEOPLE))}
    pairs: dict[str, list[Ref]] = {}
    for c in before:
        if c.entity is not None and c.state == "live":
            pairs.setdefault(c.entity, []).append(c.ref)
    for entity, refs in pairs.items():
        if len(refs) > 1:
            assert {(later[ref].entity, later[ref].state) for ref in refs} == {(entity, "live")}


def test_people_whose_addresses_agree_find_each_other() -> None:
    found = possible = 0
    for seed in range(400):
        known = world(Random(seed))
        held = {c.ref: c.own.get("email") for c in known.candidates}
        entity = {c.ref: c.entity for c in after(known.candidates, match(known.candidates, PEOPLE))}
        for a in known.candidates:
            for b in known.candidates:
                address = held[a.ref]
                if a.ref.system == H and b.ref.system == S and address == held[b.ref] is not None:
                    if known.truth[a.ref] != known.truth[b.ref] or address in ("home@x.com", "info@x.com"):
                        continue
                    possible += 1
                    found += entity[a.ref] is not None and entity[a.ref] == entity[b.ref]
    assert possible > 100
    assert found / possible >= 0.98
