"""References: who the parents are, what waits, and what of a list of parents two systems can agree upon."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Field, Schema
from mapping.links import Links
from mapping.mapping import Mapping, Unlinked, Unmapped
from mapping.rules import FieldRule, KindRule, Place

H, S = "hubspot", "salesforce"
DEALS, OPPORTUNITY = Place(H, "deals"), Place(S, "Opportunity")
BOTH = frozenset({H, S})
RULE = KindRule(
    kind="deal",
    objects={H: ("deals",), S: ("Opportunity",)},
    fields=(
        FieldRule("company", "reference:company", {DEALS: "@company", OPPORTUNITY: "AccountId"}, BOTH),
        FieldRule("people", "references:person", {DEALS: "@contacts", OPPORTUNITY: "@contacts"}, BOTH, "union"),
    ),
    keys=(),
    create={},
    create_as={},
)
ROLES = Field("@contacts", "Contacts", "references", references=("Contact",))
SCHEMAS = {OPPORTUNITY: Schema("Opportunity", {"AccountId": Field("AccountId", "", "reference"), "@contacts": ROLES})}
PEOPLE = ("ann", "bob", "cid", "dan")


def linked(leads: tuple[str, ...] = (), only: dict[str, str] | None = None) -> Mapping:
    """Everybody is h-NAME in HubSpot and s-NAME in Salesforce, there as a Lead or a Contact; `only`: name → the one
    system where they are."""
    there = [(name, system) for name in PEOPLE for system in (H, S) if (only or {}).get(name, system) == system]
    entities = {("person", system, f"{system[0]}-{name}"): name for name, system in there}
    records = {
        (name, system): ("contacts" if system == H else "Lead" if name in leads else "Contact", f"{system[0]}-{name}")
        for name, system in there
    }
    return Mapping(RULE, SCHEMAS, {}).linked(Links(entities, records))


def test_a_reference_nobody_can_follow_waits() -> None:
    slot = Mapping(RULE, SCHEMAS, {}).slots(DEALS)["company"]
    assert isinstance(slot.canon("51"), Unlinked)
    assert isinstance(slot.fit("company:hubspot/51"), Unmapped)


def test_an_object_that_the_field_may_not_refer_to_is_no_parent() -> None:
    slots = linked(leads=("bob",)).slots(OPPORTUNITY)
    assert slots["people"].canon(["s-ann", "s-bob"]) == ["ann"]


def test_a_plain_mapping_is_not_changed_by_a_linked_one() -> None:
    plain = Mapping(RULE, SCHEMAS, {})
    plain.linked(Links({("company", H, "51"): "acme"}, {}))
    assert isinstance(plain.slots(DEALS)["company"].canon("51"), Unlinked)


MEMBERS = st.lists(st.sampled_from([*PEOPLE, "nobody"]), unique=True)
ONLY = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from([H, S]))


def ids(system: str, names: list[str]) -> Any:
    return sorted(f"{system[0]}-{name}" for name in names) or None


@given(MEMBERS, MEMBERS, ONLY)
def test_a_written_list_holds_what_was_wanted_and_keeps_what_others_cannot_tell_of(
    wanted: list[str], held: list[str], only: dict[str, str]
) -> None:
    mapping = linked(only=only)
    here, there = mapping.slots(OPPORTUNITY)["people"], mapping.slots(DEALS)["people"]
    shared = there.canon(ids(H, wanted))
    before = ids(S, held)
    after = here.fit(shared, before)
    assert here.canon(after) == shared
    strangers = {id for id in before or () if here.canon([id]) is None}
    assert strangers <= set(after or ())
    assert set(after or ()) - strangers == {f"s-{name}" for name in shared or ()}


@given(MEMBERS, ONLY)
def test_what_is_agreed_of_a_list_means_the_same(held: list[str], only: dict[str, str]) -> None:
    slot = linked(only=only).slots(DEALS)["people"]
    own = ids(H, held)
    assert slot.canon(slot.agreed(own)) == slot.canon(own)
    assert slot.agreed(slot.agreed(own)) == slot.agreed(own)


@given(MEMBERS, ONLY)
def test_who_comes_to_be_known_counts_as_added(held: list[str], only: dict[str, str]) -> None:
    before, after = linked(only=only), linked()
    own = ids(H, held)
    agreed = before.slots(DEALS)["people"].agreed(own)
    news = {name for name in held if name in only}
    assert after.changed(DEALS, "people", own, agreed) is bool(news)


CALLS, TASK = Place(H, "calls"), Place(S, "Task")
WHO = KindRule(
    kind="activity",
    objects={H: ("calls",), S: ("Task",)},
    fields=(FieldRule("person", "reference:person", {CALLS: "@contacts", TASK: "WhoId"}, BOTH),),
    keys=(),
    create={},
    create_as={},
)
LISTED = Schema("calls", {"@contacts": Field("@contacts", "", "references", references=("contacts",))})


def one_of(only: dict[str, str]) -> Mapping:
    return Mapping(WHO, {CALLS: LISTED}, {}).linked(linked(only=only).links)


@given(MEMBERS, ONLY)
def test_of_a_list_the_first_that_is_everywhere_counts(held: list[str], only: dict[str, str]) -> None:
    slot = one_of(only).slots(CALLS)["person"]
    here = [name for name in sorted(held) if name != "nobody" and only.get(name, H) == H]
    everywhere = [name for name in here if name not in only]
    value = slot.canon(ids(H, held))
    assert value == next(iter(everywhere or here), None) or (not here and isinstance(value, Unlinked))


@given(MEMBERS, st.sampled_from(PEOPLE), ONLY)
def test_when_another_counts_the_rest_of_the_list_stays(held: list[str], new: str, only: dict[str, str]) -> None:
    only = {name: system for name, system in only.items() if name != new}
    slot = one_of(only).slots(CALLS)["person"]
    before = ids(H, held)
    after = slot.fit(new, before)
    assert f"h-{new}" in after
    assert len(set(before or ()) - set(after)) <= 1
    assert set(after) <= {*(before or ()), f"h-{new}"}
    assert slot.fit(None, after) == ([id for id in after if slot.canon([id]) != slot.canon(after)] or None)


def accounts(second: str) -> Mapping:
    """Two accounts of which the first counts for Acme; `second`: whose the other one is."""
    mine = {("company", H, "51"): "acme", ("company", S, "first"): "acme", ("company", S, "second"): second}
    records = {("acme", H): ("companies", "51"), ("acme", S): ("Account", "first")}
    own = {} if second == "acme" else {(second, S): ("Account", "second")}
    return Mapping(RULE, SCHEMAS, {}).linked(Links(mine, records | own))


def test_who_turns_out_no_duplicate_changes_what_refers_to_it_and_nothing_else_does() -> None:
    held = accounts("acme").slots(OPPORTUNITY)["company"].agreed("second")
    for second, changes in (("acme", False), ("zenith", True)):
        assert accounts(second).changed(OPPORTUNITY, "company", "second", held) is changes
