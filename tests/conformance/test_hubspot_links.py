"""Associations as fields, on the sandbox: every pseudo-field of every object, in every way of reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.port import PARENT_GONE, Applied, Cursor, Rejected, Unknown, Write
from tests.conformance.systems import HUBSPOT, HUMAN, HubSpotWorld

PARENTS = {"companies": {"name": "Acme"}, "contacts": {"firstname": "Ann"}, "deals": HUBSPOT["deals"].needed}
PRIMARY = [("contacts", "@company"), ("deals", "@company")]


def cases() -> list[tuple[str, str]]:
    engaged = [name for name in HUBSPOT if HUBSPOT[name].needed.get("hs_timestamp")]
    return [
        *PRIMARY,
        ("contacts", "@deal"),
        *((name, link) for name in ("deals", *engaged) for link in ("@contact", "@contacts")),
        *((name, link) for name in engaged for link in ("@company", "@deal")),
    ]


def world(thing: str, *, api: str = "v3") -> HubSpotWorld:
    system = HubSpotWorld(thing, api=api)
    system.world.hubspot.search_lag_ms = 0
    return system


def parents(system: HubSpotWorld, link: str, count: int) -> list[str]:
    (target,) = system.connector.describe(system.object).fields[link].references
    return sorted(system.world.hubspot.create(target, PARENTS[target], HUMAN) for _ in range(count))


def shown(system: HubSpotWorld, link: str, id: str) -> Any:
    """What the list, the search and a read tell: they must agree."""
    system.advance(system.lag + 1)
    listed = [r for page in system.connector.changes(system.object, (link,), None) for r in page.records]
    searched = [r for page in system.connector.changes(system.object, (link,), Cursor(0)) for r in page.records]
    read = list(system.connector.read(system.object, (link,), ids=[id]))
    ways = [next(r.fields[link] for r in records if r.ref.id == id) for records in (listed, searched, read)]
    assert ways[0] == ways[1] == ways[2]
    return ways[0]


def put(system: HubSpotWorld, link: str, id: str, value: Any) -> Any:
    (outcome,) = system.connector.write([Write(system.object, id, {link: value})], (link,))
    return outcome


@pytest.mark.parametrize(("thing", "link"), cases())
def test_an_association_is_a_field_that_can_be_set_changed_and_cleared(thing: str, link: str) -> None:
    system = world(thing)
    a, b, c = parents(system, link, 3)
    many = system.connector.describe(thing).fields[link].type == "references"
    values: Sequence[Any] = [[b, a], [c, b], [a, b, c], None] if many else [b, a, c, None]
    (made,) = system.connector.write([system.make("k1", **{link: values[0]})], (*system.fields, link))
    assert isinstance(made, Applied)
    id = made.record.ref.id
    for value in values:
        outcome = put(system, link, id, value)
        assert isinstance(outcome, Applied)
        wanted = sorted(value) if isinstance(value, list) else value
        assert outcome.record.fields[link] == wanted
        assert shown(system, link, id) == wanted


@pytest.mark.parametrize(("thing", "link"), cases())
def test_11_a_parent_that_is_gone_is_told_by_name(thing: str, link: str) -> None:
    system = world(thing)
    there, gone = parents(system, link, 2)
    (target,) = system.connector.describe(thing).fields[link].references
    system.world.hubspot.delete(target, gone, HUMAN)
    many = system.connector.describe(thing).fields[link].type == "references"
    value: Any = [gone] if many else gone
    good = system.make("k2", **{link: [there] if many else there})
    made = list(system.connector.write([system.make("k1", **{link: value}), good], (*system.fields, link)))
    assert isinstance(made[0], Rejected) and (made[0].code, made[0].fields) == (PARENT_GONE, (link,))
    assert isinstance(made[1], Applied)
    id = made[1].record.ref.id
    outcome = put(system, link, id, value)
    assert isinstance(outcome, Rejected) and (outcome.code, outcome.fields) == (PARENT_GONE, (link,))
    assert shown(system, link, id) == made[1].record.fields[link]


def test_11_a_write_that_could_be_done_only_in_part_is_unknown_and_then_rejected() -> None:
    system = world("deals")
    there, gone = parents(system, "@contacts", 2)
    system.world.hubspot.delete("contacts", gone, HUMAN)
    id = system.create({})
    fields = {"dealname": "Bigger", "@contacts": [there, gone]}
    for expected in (Unknown, Rejected):
        (outcome,) = system.connector.write([Write("deals", id, fields)], ("dealname", "@contacts"))
        assert isinstance(outcome, expected)
        held = system.look(id)[id].fields["dealname"]
        assert (held, shown(system, "@contacts", id)) == ("Bigger", [there])
        fields = {"@contacts": [there, gone]}


def test_one_bad_reference_does_not_spoil_the_others() -> None:
    system = world("notes")
    there, gone = parents(system, "@contact", 2)
    system.world.hubspot.delete("contacts", gone, HUMAN)
    ids = [system.create({}) for _ in range(5)]
    writes = [Write("notes", id, {"@contact": gone if n == 2 else there}) for n, id in enumerate(ids)]
    outcomes = list(system.connector.write(writes, ("@contact",)))
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, Rejected, Applied, Applied]


def test_a_company_that_is_taken_away_leaves_the_others_in_place() -> None:
    system = world("contacts")
    a, b = parents(system, "@company", 2)
    id = system.create({})
    for company in (a, b):
        put(system, "@company", id, company)
    assert shown(system, "@company", id) == b
    assert set(system.world.hubspot.linked("contacts", id, "companies")) == {a, b}


def test_a_deal_without_a_primary_company_has_the_only_one() -> None:
    system = world("deals")
    a, b = parents(system, "@company", 2)
    id = system.create({})
    system.world.hubspot.associate("deals", id, "companies", a, HUMAN, primary=False)
    assert shown(system, "@company", id) == a
    system.world.hubspot.associate("deals", id, "companies", b, HUMAN, primary=False)
    assert shown(system, "@company", id) is None, "nobody can say which"
    put(system, "@company", id, b)
    assert shown(system, "@company", id) == b
    put(system, "@company", id, None)
    assert shown(system, "@company", id) == a


SETS = st.sets(st.integers(0, 3))


@pytest.mark.parametrize("api", ["v3", "2026-09"])
@given(steps=st.lists(SETS, min_size=1, max_size=4))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_list_is_written_is_the_list(api: str, steps: list[set[int]]) -> None:
    system = world("meetings", api=api)
    people = parents(system, "@contacts", 4)
    id = system.create({})
    for step in steps:
        wanted = [people[n] for n in sorted(step, reverse=True)]
        outcome = put(system, "@contacts", id, wanted or None)
        assert isinstance(outcome, Applied)
        assert outcome.record.fields["@contacts"] == (sorted(wanted) or None)
        assert set(system.world.hubspot.linked("meetings", id, "contacts")) == set(wanted)


def test_a_deals_stages_name_their_pipeline_and_what_they_mean() -> None:
    schema = HubSpotWorld("deals").connector.describe("deals")
    stages = {option.value: option for option in schema.fields["dealstage"].options}
    pipelines = [option.value for option in schema.fields["pipeline"].options]
    assert {option.within for option in stages.values()} == set(pipelines)
    won, lost, open_ = (stages[name] for name in ("closedwon", "closedlost", "qualifiedtobuy"))
    assert (won.closed, won.won, won.probability) == (True, True, 1.0)
    assert (lost.closed, lost.won, lost.probability) == (True, False, 0.0)
    assert (open_.closed, open_.won) == (False, False)
    assert schema.fields["closedate"].type == "datetime" and schema.zone == "Europe/Berlin"


def test_10_associations_cost_a_few_calls_a_batch() -> None:
    system = world("deals")
    people = parents(system, "@contacts", 3)
    before = system.connector.usage().calls
    writes = [system.make(f"k{n}", **{"@contacts": people[:2]}) for n in range(200)]
    made = list(system.connector.write(writes, (system.key, "@contacts")))
    assert system.connector.usage().calls - before <= 2 * 3
    before = system.connector.usage().calls
    changes = [system.update(o.record, **{"@contacts": people[1:]}) for o in made if isinstance(o, Applied)]
    done = list(system.connector.write(changes, (system.key, "@contacts")))
    assert all(isinstance(outcome, Applied) for outcome in done) and len(done) == 200
    assert system.connector.usage().calls - before <= 2 * 6
    before = system.connector.usage().calls
    blind = [Write("deals", o.record.ref.id, {"dealname": "Bigger"}) for o in done if isinstance(o, Applied)]
    assert all(isinstance(o, Applied) for o in system.connector.write(blind, (system.key, "dealname", "@contacts")))
    assert system.connector.usage().calls - before <= 2 * 3
