"""The laws of the port that one example shows (connectors/port.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.port import Applied, Cursor, Deferred, Rejected, Stale, Unknown
from tests.conformance.systems import System


def everything(system: System, since: Cursor | None = None) -> tuple[dict[str, Mapping[str, Any]], Cursor]:
    """What a whole listing shows: id → fields, and its last cursor."""
    pages = list(system.connector.changes(system.object, system.fields, since))
    assert pages, "at least one page comes"
    seen = {record.ref.id: record.fields for page in pages for record in page.records if not record.deleted}
    return seen, pages[-1].cursor


def test_1_a_listing_shows_every_record_and_ends_with_a_watermark(system: System) -> None:
    ids = {system.create({system.first: f"Ann {n}"}) for n in range(2 * system.page + 1)}
    seen, cursor = everything(system)
    assert set(seen) == ids
    assert cursor.watermark is not None and cursor.resume is None
    assert cursor.watermark <= system.now() - system.connector.traits.lag


def test_1_an_empty_object_still_gives_a_page(system: System) -> None:
    seen, cursor = everything(system)
    assert seen == {}
    assert cursor.watermark is not None


def test_1_an_interrupted_listing_goes_on_where_it_stopped(system: System) -> None:
    ids = {system.create({system.first: f"Ann {n}"}) for n in range(2 * system.page + 1)}
    pages = system.connector.changes(system.object, system.fields, None)
    first = next(iter(pages))
    assert first.cursor.watermark is None and first.cursor.resume is not None
    rest, _ = everything(system, first.cursor)
    assert {record.ref.id for record in first.records} | set(rest) == ids
    assert len(rest) < len(ids), "it did not begin anew"


def test_2_the_same_cursor_gives_the_same_answer(system: System) -> None:
    for n in range(system.page + 1):
        system.create({system.first: f"Ann {n}"})
    _, cursor = everything(system)
    system.edit(min(system.live()), {system.first: "Bea"})
    system.advance(system.connector.traits.lag + 1)
    once, _ = everything(system, cursor)
    again, _ = everything(system, cursor)
    assert once == again
    assert "Bea" in {fields[system.first] for fields in once.values()}


def test_3_a_later_change_has_a_greater_version(system: System) -> None:
    id = system.create({system.first: "Ann"})
    versions = [system.look(id)[id].version]
    for name in ("Bea", "Cid"):
        system.advance(system.connector.traits.grain)
        system.edit(id, {system.first: name})
        versions.append(system.look(id)[id].version)
    assert versions == sorted(set(versions))


def test_4_each_write_has_its_outcome_in_order(system: System) -> None:
    ann, bea = system.create({system.first: "Ann"}), system.create({system.first: "Bea"})
    gone = system.create({system.first: "Cid"})
    read = system.look(ann, bea, gone)
    system.advance(system.connector.traits.grain)
    system.edit(bea, {system.first: "Bea II"})
    system.delete(gone)
    writes = [
        system.make("k1", **{system.first: "Dan"}),
        system.update(read[ann], **{system.first: "Ann II"}),
        system.make("k2", **system.bad),
        system.update(read[bea], **{system.second: "Boss"}),
        system.update(read[gone], **{system.first: "Cid II"}),
        system.make("k3", **{system.first: "Eve"}),
    ]
    outcomes = list(system.connector.write(writes, system.fields))
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, Rejected, Stale, Stale, Applied]
    assert outcomes[0].record.fields[system.key] == "k1"  # type: ignore[union-attr]
    assert outcomes[1].record.ref.id == ann  # type: ignore[union-attr]
    assert outcomes[5].record.fields[system.key] == "k3"  # type: ignore[union-attr]
    held = system.held(bea)
    assert held is not None and not held.get(system.second)


def test_4_bad_updates_do_not_spoil_good_ones(system: System) -> None:
    ids = [system.create({system.first: f"Ann {n}"}) for n in range(9)]
    read = system.look(*ids)
    writes = [
        system.update(read[id], **(system.bad if n % 4 == 1 else {system.second: "x"})) for n, id in enumerate(ids)
    ]
    outcomes = list(system.connector.write(writes, system.fields))
    assert [isinstance(outcome, Rejected) for outcome in outcomes] == [n % 4 == 1 for n in range(9)]
    assert all(isinstance(outcome, Applied | Rejected) for outcome in outcomes)


def test_4_no_writes_no_outcomes(system: System) -> None:
    assert list(system.connector.write([], system.fields)) == []


def test_5_a_creation_whose_answer_was_lost_is_unknown_and_happened_once(system: System) -> None:
    system.lose_answer(after=True)
    outcomes = list(system.connector.write([system.make("k1"), system.make("k2")], system.fields))
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    assert len(system.live()) == 2


def test_5_a_creation_that_never_arrived_is_unknown_and_not_tried_again(system: System) -> None:
    system.lose_answer(after=False)
    outcomes = list(system.connector.write([system.make("k1")], system.fields))
    assert [type(outcome) for outcome in outcomes] == [Unknown]
    assert system.live() == set()


def test_5_an_update_whose_answer_was_lost_is_unknown(system: System) -> None:
    id = system.create({system.first: "Ann"})
    read = system.look(id)[id]
    system.lose_answer(after=True)
    outcomes = list(system.connector.write([system.update(read, **{system.first: "Bea"})], system.fields))
    assert [type(outcome) for outcome in outcomes] == [Unknown]
    assert system.look(id)[id].fields[system.first] == "Bea"


def test_6_a_key_that_exists_is_stale_and_nothing_changes(system: System) -> None:
    (made,) = system.connector.write([system.make("k1", **{system.first: "Ann"})], system.fields)
    assert isinstance(made, Applied)
    before = system.look(made.record.ref.id)
    (again,) = system.connector.write([system.make("k1", **{system.first: "Bea"})], system.fields)
    assert isinstance(again, Stale)
    assert again.existing == made.record.ref.id
    assert system.look(made.record.ref.id) == before
    assert len(system.live()) == 1


def test_7_a_write_touches_only_its_fields(system: System) -> None:
    id = system.create({system.first: "Ann", system.second: "Boss"})
    read = system.look(id)[id]
    system.advance(system.connector.traits.grain)
    list(system.connector.write([system.update(read, **{system.first: "Bea"})], system.fields))
    held = system.held(id)
    assert held is not None
    assert (held[system.first], held[system.second]) == ("Bea", "Boss")


def test_7_none_clears(system: System) -> None:
    id = system.create({system.first: "Ann", system.second: "Boss"})
    read = system.look(id)[id]
    (outcome,) = system.connector.write([system.update(read, **{system.second: None})], system.fields)
    assert isinstance(outcome, Applied)
    assert outcome.record.fields[system.second] is None
    assert system.look(id)[id].fields[system.second] is None


def test_8_the_record_in_the_outcome_is_the_record_as_stored(system: System) -> None:
    id = system.create({system.first: "Ann", system.second: "Boss"})
    read = system.look(id)[id]
    system.advance(system.connector.traits.grain)
    writes = [system.make("k1", **{system.first: "  Dan "}), system.update(read, **{system.first: " Bea "})]
    for outcome in system.connector.write(writes, system.fields):
        assert isinstance(outcome, Applied)
        assert system.look(outcome.record.ref.id)[outcome.record.ref.id] == outcome.record


def test_9_a_merged_record_leads_to_the_survivor(system: System) -> None:
    if not system.merges:
        return
    winner, loser = system.create({system.first: "Ann"}), system.create({system.second: "Boss"})
    system.advance(system.connector.traits.grain)
    survivor = system.merge(winner, loser)
    found = system.look(loser)[loser].moved_to
    assert found is not None and found.id == survivor


def test_9_changes_tell_of_a_merge(system: System) -> None:
    if not system.merges:
        return
    winner, loser = system.create({system.first: "Ann"}), system.create({system.second: "Boss"})
    system.advance(system.connector.traits.lag + 1)
    _, cursor = everything(system)
    survivor = system.merge(winner, loser)
    system.advance(system.connector.traits.lag + 1)
    records = [r for page in system.connector.changes(system.object, system.fields, cursor) for r in page.records]
    told = {old for record in records if record.ref.id == survivor for old in record.former}
    told |= {record.ref.id for record in records if record.moved_to is not None and record.moved_to.id == survivor}
    assert loser in told


def test_9_what_is_gone_is_reported_as_deleted(system: System) -> None:
    id = system.create({system.first: "Ann"})
    before = system.look(id)[id].version
    system.advance(system.connector.traits.grain)
    system.delete(id)
    (record,) = system.look(id).values()
    assert record.deleted and record.moved_to is None
    assert record.version >= before


def test_9_changes_tell_of_a_deleted_record(system: System) -> None:
    id = system.create({system.first: "Ann"})
    system.advance(system.connector.traits.lag + 1)
    _, cursor = everything(system)
    system.delete(id)
    system.advance(system.connector.traits.lag + 1)
    records = [r for page in system.connector.changes(system.object, system.fields, cursor) for r in page.records]
    assert [record.ref.id for record in records if record.deleted] == [id]


def test_9_a_key_finds_its_record_and_an_unknown_key_nothing(system: System) -> None:
    (made,) = system.connector.write([system.make("k1")], system.fields)
    assert isinstance(made, Applied)
    keys = [system.make(name).key for name in ("k1", "k2")]
    found = list(system.connector.read(system.object, system.fields, keys=[key for key in keys if key]))
    assert [record.ref.id for record in found] == [made.record.ref.id]


def test_10_many_writes_cost_few_calls(system: System) -> None:
    batch = system.connector.traits.batch
    before = system.connector.usage().calls
    made = list(system.connector.write([system.make(f"k{n}") for n in range(2 * batch + 1)], (system.key,)))
    assert all(isinstance(outcome, Applied) for outcome in made)
    assert system.connector.usage().calls - before <= 3 + system.calls_around
    before = system.connector.usage().calls
    changes = [system.update(o.record, **{system.first: "x"}) for o in made if isinstance(o, Applied)]
    done = list(system.connector.write(changes, (system.key, system.first)))
    assert all(isinstance(outcome, Applied) for outcome in done)
    assert system.connector.usage().calls - before <= 3 * system.calls_per_batch + system.calls_around


def test_10_a_quiet_poll_is_one_call(system: System) -> None:
    _, cursor = everything(system)
    system.advance(system.connector.traits.lag + 1)
    _, cursor = everything(system, cursor)
    before = system.connector.usage().calls
    everything(system, cursor)
    assert system.connector.usage().calls - before == 1


def test_what_a_write_replaced_can_be_told(system: System) -> None:
    if not system.connector.traits.history:
        return
    id = system.create({system.first: "Ann"})
    read = system.look(id)[id]
    system.advance(system.connector.traits.grain)
    system.edit(id, {system.first: "Bea"})
    system.advance(system.connector.traits.grain)
    blind = system.update(system.look(id)[id], **{system.first: "Cid"})
    (outcome,) = system.connector.write([blind], system.fields)
    assert isinstance(outcome, Applied)
    # Had the look before the write missed the edit, the write would rest on the first version.
    told = system.connector.overwritten([(system.update(read, **{system.first: "Cid"}), outcome.record)])
    assert told == {id: {system.first: "Bea"}}
    assert system.connector.overwritten([(blind, outcome.record)]) == {}


def test_when_a_value_was_put_there_can_be_told(system: System) -> None:
    id = system.create({system.first: "Ann"})
    system.advance(system.connector.traits.grain)
    system.edit(id, {system.first: "Bea"})
    edited = system.look(id)[id].version
    system.advance(60_000)
    system.edit(id, {system.second: "Else"})
    told = system.connector.changed_at(system.object, [id], [system.first])
    if system.tracked:
        assert abs(told[id][system.first] - edited) <= 1
    else:
        assert told == {}


def test_nothing_is_deferred_without_need(system: System) -> None:
    outcomes = list(system.connector.write([system.make("k1")], system.fields))
    assert not any(isinstance(outcome, Deferred) for outcome in outcomes)
