"""What HubSpot has beyond the laws, on the sandbox: companies, consent, stages that go back, floods, faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.errors import Exhausted
from connectors.hubspot import HubSpot
from connectors.port import Applied, Cursor, Rejected, Stale, Unknown, Write
from sandbox.background import running
from sandbox.kernel import Fault
from tests.conformance.systems import HUMAN, HubSpotWorld, TestClock, empty_world


@pytest.fixture(params=["v3", "2026-09"])
def system(request: pytest.FixtureRequest) -> HubSpotWorld:
    return HubSpotWorld(api=request.param)


def company(system: HubSpotWorld, name: str) -> str:
    return system.world.hubspot.create("companies", {"name": name}, HUMAN)


def companies_of(system: HubSpotWorld, *ids: str) -> list[object]:
    """As the list, the search and a read tell them: they must agree."""
    fields = ("@company",)
    system.advance(system.lag + 1)
    listing = [r for page in system.connector.changes("contacts", fields, None) for r in page.records]
    search = [r for page in system.connector.changes("contacts", fields, Cursor(0)) for r in page.records]
    read = list(system.connector.read("contacts", fields, ids=ids))
    ways = [{r.ref.id: r.fields["@company"] for r in records if r.ref.id in ids} for records in (listing, search, read)]
    assert ways[0] == ways[1] == ways[2]
    return [ways[0][id] for id in ids]


def test_the_primary_company_is_a_field_that_can_be_set_changed_and_cleared(system: HubSpotWorld) -> None:
    acme, globex = company(system, "Acme"), company(system, "Globex")
    first = system.make("k1", **{system.first: "Ann", "@company": acme})
    (made,) = system.connector.write([first], (*system.fields, "@company"))
    assert isinstance(made, Applied)
    id = made.record.ref.id
    other = system.create({system.first: "Bea"})
    assert companies_of(system, id, other) == [acme, None]
    for target in (globex, None):
        (outcome,) = system.connector.write([Write("contacts", id, {"@company": target})], ("@company",))
        assert isinstance(outcome, Applied)
        assert outcome.record.fields["@company"] == target
        assert companies_of(system, id, other) == [target, None]


def test_a_company_that_does_not_exist_is_rejected(system: HubSpotWorld) -> None:
    id = system.create({system.first: "Ann"})
    (outcome,) = system.connector.write([Write("contacts", id, {"@company": "999999999"})], ("@company",))
    assert isinstance(outcome, Rejected)
    assert companies_of(system, id) == [None]


def test_an_opt_out_is_written_and_read_back(system: HubSpotWorld) -> None:
    id = system.create({"email": "ann@x.com"})
    (outcome,) = system.connector.write([Write("contacts", id, {"@subscriptions": True})], ("@subscriptions",))
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {"@subscriptions": True}
    assert system.world.hubspot.consent.opted_out("ann@x.com") is not None


def test_an_opt_out_of_a_new_contact(system: HubSpotWorld) -> None:
    write = system.make("k1", email="ann@x.com", **{"@subscriptions": True})
    (outcome,) = system.connector.write([write], ("email", "@subscriptions"))
    assert isinstance(outcome, Applied)
    assert outcome.record.fields == {"email": "ann@x.com", "@subscriptions": True}


def test_a_stage_goes_back_only_when_forced(system: HubSpotWorld) -> None:
    id = system.create({system.first: "Ann", "lifecyclestage": "customer"})
    for field, stored in (("lifecyclestage", "customer"), ("lifecyclestage!", "lead")):
        (outcome,) = system.connector.write([Write("contacts", id, {field: "lead"})], ("lifecyclestage",))
        assert isinstance(outcome, Applied)
        assert outcome.record.fields["lifecyclestage"] == stored


def test_a_change_between_look_and_write_is_told_afterwards(system: HubSpotWorld) -> None:
    """HubSpot has no compare-and-set: what slipped through is found in the history."""
    id = system.create({system.first: "Ann"})
    read = system.look(id)[id]
    system.advance(10)
    (outcome,) = system.connector.write([system.update(read, **{system.first: "Cid"})], system.fields)
    assert isinstance(outcome, Applied)
    assert system.connector.overwritten([(system.update(read, **{system.first: "Cid"}), outcome.record)]) == {}


def test_a_flood_within_one_millisecond_is_read_to_its_end() -> None:
    system = HubSpotWorld()
    ids = {system.create({system.first: f"Ann {n}"}) for n in range(1_300)}
    system.advance(system.lag + 1)
    pages = list(system.connector.changes("contacts", system.fields, Cursor(0)))
    assert {record.ref.id for page in pages for record in page.records} == ids
    assert sum(len(page.records) for page in pages) <= len(ids) * 1.3


@pytest.mark.parametrize("kind", ["html", "error"])
def test_an_unsteady_server_costs_time_but_no_record(kind: str) -> None:
    system = HubSpotWorld()
    ids = {system.create({system.first: f"Ann {n}"}) for n in range(250)}
    system.world.faults.add(Fault(kind, "hubspot", times=3, status=502))
    system.world.faults.add(Fault("rate_limit", "hubspot", times=2, skip=4))
    pages = list(system.connector.changes("contacts", system.fields, None))
    assert {record.ref.id for page in pages for record in page.records} == ids


def test_shuffled_results_are_matched() -> None:
    system = HubSpotWorld()
    system.world.hubspot.shuffle_results = True
    made = list(system.connector.write([system.make(f"k{n}") for n in range(20)], system.fields))
    assert [o.record.fields[system.key] for o in made if isinstance(o, Applied)] == [f"k{n}" for n in range(20)]
    changes = [
        system.update(o.record, **{system.first: f"Ann {n}"}) for n, o in enumerate(made) if isinstance(o, Applied)
    ]
    done = list(system.connector.write(changes, system.fields))
    assert [o.record.fields[system.first] for o in done if isinstance(o, Applied)] == [f"Ann {n}" for n in range(20)]


def test_a_lost_batch_leaves_the_others_alone() -> None:
    system = HubSpotWorld()
    system.world.faults.add(Fault("lost_after", "hubspot", path="batch/create", skip=1))
    outcomes = list(system.connector.write([system.make(f"k{n}") for n in range(250)], (system.key,)))
    assert [type(outcome) for outcome in outcomes] == [Applied] * 100 + [Unknown] * 100 + [Applied] * 50
    again = list(system.connector.write([system.make(f"k{n}") for n in range(100, 200)], (system.key,)))
    assert all(isinstance(outcome, Stale) and outcome.existing for outcome in again)
    assert len(system.live()) == 250


def test_the_daily_limit_ends_the_reading_and_says_until_when() -> None:
    system = HubSpotWorld()
    system.world.faults.add(Fault("daily_limit", "hubspot"))
    with pytest.raises(Exhausted) as caught:
        list(system.connector.changes("contacts", system.fields, None))
    assert caught.value.until is not None


def test_the_limits_of_the_account_are_kept_without_a_single_refusal() -> None:
    system = HubSpotWorld()
    began = system.now()
    for _ in range(400):
        list(system.connector.read("contacts", system.fields, ids=["1"]))
    calls = [call for call in system.world.kernel.log.calls if call.side == "hubspot"]
    assert not [call for call in calls if call.status == 429]
    assert len(calls) / ((system.now() - began) / 1000) > 19 * 0.9


@pytest.fixture
def signed_in() -> Iterator[tuple[HubSpot, HubSpotWorld]]:
    world = empty_world()
    with running(world) as at:
        told = at.announced["hubspot"]
        settings = {name: told[name] for name in ("client_id", "client_secret", "refresh_token")}
        system = HubSpotWorld(world=world)
        clock = TestClock(system.now, system.advance)
        connector = HubSpot.open({**settings, "base_url": at.hubspot}, clock=clock)
        yield connector, system
        connector.close()


def test_oauth_over_the_wire_renews_its_token(signed_in: tuple[HubSpot, HubSpotWorld]) -> None:
    connector, system = signed_in
    id = system.create({system.first: "Ann"})
    for _ in range(2):
        assert [record.ref.id for record in connector.read("contacts", system.fields, ids=[id])] == [id]
        system.advance(29 * 60_000)
    system.world.faults.add(Fault("expire", "hubspot", path="batch/read"))
    assert [record.ref.id for record in connector.read("contacts", system.fields, ids=[id])] == [id]
