"""Law 12, erasure, and what history tells: for every system."""

from __future__ import annotations

from connectors.port import Applied, Cursor, Record, Stale, Unknown, Write
from tests.conformance.systems import System


def seen(system: System, since: Cursor | None = None) -> tuple[dict[str, Record], Cursor]:
    """The last that a reading tells of each record, and its cursor."""
    pages = list(system.connector.changes(system.object, system.fields, since))
    return {record.ref.id: record for page in pages for record in page.records}, pages[-1].cursor


def settle(system: System) -> None:
    system.advance(system.connector.traits.lag + system.connector.traits.grain)


def test_12_an_archived_record_is_reported_deleted_and_a_restored_one_live(system: System) -> None:
    id = system.create({system.first: "Ann"})
    settle(system)
    _, cursor = seen(system)
    read = system.look(id)[id]
    (outcome,) = system.connector.write([system.bin(read)], system.fields)
    assert isinstance(outcome, Applied)
    assert outcome.record.deleted and outcome.record.moved_to is None
    assert system.live() == set()
    assert system.look(id)[id].deleted
    settle(system)
    told, cursor = seen(system, cursor)
    assert told[id].deleted
    system.restore(id)
    settle(system)
    told, _ = seen(system, cursor)
    assert not told[id].deleted and told[id].fields[system.first] == "Ann"
    assert told[id].version > read.version
    assert not system.look(id)[id].deleted


def test_12_each_archiving_has_its_outcome(system: System) -> None:
    ids = [system.create({system.first: f"Ann {n}"}) for n in range(4)]
    read = system.look(*ids)
    system.advance(system.connector.traits.grain)
    system.edit(ids[1], {system.first: "Bea"})
    system.delete(ids[2])
    writes = [*(system.bin(read[id]) for id in ids), system.make("k1", **{system.first: "Eve"})]
    outcomes = list(system.connector.write(writes, system.fields))
    assert [type(outcome) for outcome in outcomes] == [Applied, Stale, Stale, Applied, Applied]
    made = outcomes[-1]
    assert isinstance(made, Applied)
    assert system.live() == {ids[1], made.record.ref.id}


def test_12_an_archiving_whose_answer_was_lost_is_unknown(system: System) -> None:
    id = system.create({system.first: "Ann"})
    read = system.look(id)[id]
    system.lose_answer(after=True)
    (outcome,) = system.connector.write([system.bin(read)], system.fields)
    assert isinstance(outcome, Unknown)
    assert system.live() == set()


def test_an_erased_record_is_gone_for_good(system: System) -> None:
    one, other = system.create({system.first: "Ann"}), system.create({system.first: "Bea"})
    system.delete(other)
    for id in (one, other, one):
        erased = system.connector.erase(system.object, id)
        assert erased.ref.id == id
        assert erased.gone == system.erases and bool(erased.left) != erased.gone
        assert erased.done
    settle(system)
    told, _ = seen(system)
    assert {id for id, record in told.items() if not record.deleted} == set()
    assert system.look(one)[one].deleted and system.look(other)[other].deleted


def test_history_tells_values_newest_first(system: System) -> None:
    id = system.create({system.first: "Ann"})
    for name in ("Bea", "Cid"):
        system.advance(60_000)
        system.edit(id, {system.first: name})
    system.advance(60_000)
    list(system.connector.write([Write(system.object, id, {system.first: "Dan"})], ()))
    at = system.look(id)[id].version
    told = system.connector.history(system.object, [id], [system.first]).get(id, {}).get(system.first, [])
    if not system.tracked:
        assert not told
        return
    assert [past.value for past in told] == ["Dan", "Cid", "Bea", "Ann"]
    first = "human" if system.connector.traits.history else "unknown"
    assert [past.kind for past in told] == ["integration", "human", "human", first]
    assert abs(told[0].at - at) <= 1 and [past.at for past in told] == sorted((p.at for p in told), reverse=True)
