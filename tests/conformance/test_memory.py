"""What the world in memory has beyond the laws: what people can do, and the troubles that can befall a write."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors import connect
from connectors.errors import Misconfigured, Unavailable
from connectors.memory import SYNC, Entry, Memory, MemorySystem, Troubles
from connectors.port import (
    Applied,
    Deferred,
    Field,
    FieldSpec,
    Option,
    Outcome,
    Ref,
    Rejected,
    Schema,
    Stale,
    Traits,
    Write,
)
from tests.conformance.systems import START, MemoryWorld, TestClock


def test_a_person_takes_no_bad_value_either() -> None:
    world = MemoryWorld()
    world.create({"key": "k1"})
    for fields in ({"key": "k1"}, {"first": "x" * 300}, {"nothing": "x"}):
        with pytest.raises(ValueError, match="memory people"):
            world.create(fields)
    assert len(world.live()) == 1


def test_the_history_says_who_changed_what_when() -> None:
    world = MemoryWorld()
    id = world.create({"first": " Ann "})
    world.advance(1_000)
    (outcome,) = world.connector.write([Write("people", id, {"first": "Bea", "second": None})], ("first",))
    assert isinstance(outcome, Applied)
    assert world.system.rows["people"][id].history == [
        Entry(START, "first", "Ann", "human"),
        Entry(START + 1_000, "first", "Bea", SYNC),
    ]


def test_a_record_comes_back_out_of_the_bin() -> None:
    world = MemoryWorld()
    id = world.create({"first": "Ann"})
    world.delete(id)
    assert world.look(id)[id].deleted
    world.system.restore("people", id)
    assert not world.look(id)[id].deleted


def test_what_was_merged_twice_leads_to_the_last_survivor() -> None:
    world = MemoryWorld(survivor_is_new=True)
    a, b, c = (world.create({"first": name}) for name in "abc")
    last = world.merge(world.merge(a, b), c)
    found = world.look(a, b, c)
    assert {record.moved_to.id for record in found.values() if record.moved_to} == {last}
    assert set(world.look(last)[last].former) >= {a, b, c}
    assert world.held(last) == {"first": "a"}


def test_a_record_is_converted_to_another_object() -> None:
    lead = Schema("Lead", {"Name": Field("Name", "Name", "text"), "Status": Field("Status", "Status", "text")})
    contact = Schema("Contact", {"Name": Field("Name", "Name", "text")})
    system = MemorySystem("memory", lambda: START, [lead, contact], traits=Traits(10, 1, 0, True, False))
    id = system.create("Lead", {"Name": "Ann", "Status": "Open"})
    beside = Ref("memory", "Account", "7")
    to = system.convert("Lead", id, "Contact", beside=[beside])
    (record,) = Memory(system).read("Lead", ("Name",), ids=[id])
    assert record.moved_to == to
    assert record.converted == (to, beside)
    assert system.rows["Contact"][to.id].fields == {"Name": "Ann"}


class Moody(Troubles):
    """Refuses, defers, fails to read, and edits between look and write."""

    def __init__(self) -> None:
        self.answers: list[Outcome | None] = []
        self.down = False
        self.steps: list[str] = []

    def one(self, write: Write) -> Outcome | None:
        return self.answers.pop(0) if self.answers else None

    def read(self) -> None:
        if self.down:
            raise Unavailable("memory is down")

    def step(self, name: str) -> None:
        self.steps.append(name)


def test_troubles_befall_single_writes_reads_and_boundaries() -> None:
    world, moody = MemoryWorld(), Moody()
    world.system.troubles = moody
    refused, deferred = Rejected("NO", "no"), Deferred("later")
    moody.answers = [refused, None, deferred]
    outcomes = list(world.connector.write([world.make(f"k{n}") for n in range(3)], ("key",)))
    assert [type(outcome) for outcome in outcomes] == [Rejected, Applied, Deferred]
    assert moody.steps == ["write:checked", "write:done"]
    moody.down = True
    with pytest.raises(Unavailable):
        list(world.connector.changes("people", ("key",), None))


@pytest.mark.parametrize(("guarded", "outcome"), [(True, Stale), (False, Applied)])
def test_without_compare_and_set_an_edit_can_slip_through(guarded: bool, outcome: type[Outcome]) -> None:
    world = MemoryWorld(compare_and_set=guarded, grain=1)
    id = world.create({"first": "Ann"})
    read = world.look(id)[id]

    class Meddler(Troubles):
        def step(self, name: str) -> None:
            if name == "write:checked":
                world.advance(5)
                world.edit(id, {"first": "Zoe"})
                world.advance(5)

    world.system.troubles = Meddler()
    write = world.update(read, first="Bea")
    (found,) = world.connector.write([write], ("first",))
    assert isinstance(found, outcome)
    if isinstance(found, Applied):
        assert world.connector.overwritten([(write, found.record)]) == {id: {"first": "Zoe"}}


def test_fields_are_provisioned_once() -> None:
    world = MemoryWorld()
    specs: Sequence[FieldSpec] = [FieldSpec("people", "stage", "Stage", "choice", options=(Option("a", "A"),))]
    assert world.connector.provision(specs) == ["people.stage"]
    assert world.connector.provision(specs) == []
    assert "stage" in world.connector.describe("people").fields


def test_systems_are_connected_by_name() -> None:
    clock = TestClock(lambda: START, lambda ms: None)
    assert connect("hubspot", {"access_token": "x"}, clock=clock).name == "hubspot"
    given = {"login_url": "https://acme.my.salesforce.com", "client_id": "a", "client_secret": "b", "reserve": 0.3}
    assert connect("salesforce", given, clock=clock).name == "salesforce"
    with pytest.raises(Misconfigured, match="marketo"):
        connect("marketo", {}, clock=clock)
