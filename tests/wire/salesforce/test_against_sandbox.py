"""What the laws of the port do not show, against the sandbox: jobs, signing in, compare-and-set, converted leads."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import Unauthorised
from connectors.port import Applied, Cursor, FieldSpec, Key, Record, Rejected, Stale, Write
from sandbox.kernel import Fault
from tests.conformance.systems import SalesforceWorld

FIELDS = ("SMK_Key__c", "FirstName", "Title", "Description")


def world(**settings: Any) -> SalesforceWorld:
    return SalesforceWorld(**settings)


def only(records: Any) -> Record:
    (record,) = records
    assert isinstance(record, Record)
    return record


# -- jobs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quoted_newlines", [True, False])
def test_jobs_create_and_change_each_record_as_told(quoted_newlines: bool) -> None:
    at = world(bulk_above_writes=3)
    at.face.settings.bulk_quoted_newlines = quoted_newlines
    at.face.settings.bulk_ms = 5_000
    values = ['say "hi", then', "x;y", None, " padded", "'", "two\nlines", "#N/A", "ünï"] * 4
    writes = [at.make(f"k{n}", Description=value) for n, value in enumerate(values)]
    made = list(at.connector.write(writes, FIELDS))
    assert [o.record.fields["Description"] for o in made if isinstance(o, Applied)] == values
    at.advance(1_000)
    changes = [at.update(o.record, Description=None, Title="Boss") for o in made if isinstance(o, Applied)]
    done = list(at.connector.write(changes, FIELDS))
    assert [o.record.fields["Description"] for o in done if isinstance(o, Applied)] == [None] * len(values)
    assert {o.record.fields["Title"] for o in done if isinstance(o, Applied)} == {"Boss"}
    assert at.connector.usage().by_route["POST /jobs/ingest"] == 2


def test_jobs_tell_good_rows_from_bad_and_taken_ones() -> None:
    at = world(bulk_above_writes=1)
    (first,) = at.connector.write([at.make("k0")], FIELDS)
    assert isinstance(first, Applied)
    writes = [at.make("k0"), at.make("k1"), at.make("k2", **at.bad), at.make("k3")]
    outcomes = list(at.connector.write(writes, FIELDS))
    assert [type(outcome) for outcome in outcomes] == [Stale, Applied, Rejected, Applied]
    assert outcomes[0].existing == first.record.ref.id  # type: ignore[union-attr]


def test_a_job_with_a_column_that_vanished_rejects_its_rows() -> None:
    at = world(bulk_above_writes=1)
    outcomes = list(at.connector.write([at.make(f"k{n}", Gone__c="x") for n in range(3)], FIELDS))
    assert [o.fields for o in outcomes if isinstance(o, Rejected)] == [("Gone__c",)] * 3


# -- compare and set -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("honoured", [True, False])
def test_an_edit_between_the_look_and_the_write_is_kept_where_the_platform_guards_it(
    honoured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = world()
    at.face.settings.composite_cas = honoured
    id = at.create({"FirstName": "Ann"})
    write = at.update(at.look(id)[id], FirstName="Bea")
    at.advance(1_000)
    handle = at.face.handle

    def edit_before_composite(request: Any) -> Any:
        if request.url.path.endswith("/composite"):
            at.edit(id, {"FirstName": "Cid"})
        return handle(request)

    monkeypatch.setattr(at.face, "handle", edit_before_composite)
    (outcome,) = at.connector.write([write], FIELDS)
    assert isinstance(outcome, Stale if honoured else Applied)


# -- what becomes of records ---------------------------------------------------------------------------------------


def test_a_converted_lead_lives_on_as_its_contact() -> None:
    at = world()
    id = at.create({"FirstName": "Ann"})
    contact = at.face.convert(id, at.human)["contactId"]
    for record in (
        at.look(id)[id],
        only(r for p in at.connector.changes("Lead", FIELDS, Cursor(0)) for r in p.records),
    ):
        assert record.moved_to is not None
        assert (record.moved_to.object, record.moved_to.id, record.deleted) == ("Contact", contact, False)


def test_a_converted_lead_is_not_written() -> None:
    at = world()
    id = at.create({"FirstName": "Ann"})
    at.face.convert(id, at.human)
    (outcome,) = at.connector.write([at.update(at.look(id)[id], FirstName="Bea")], FIELDS)
    assert outcome == Stale(reason="converted")


def test_a_restored_record_comes_back_alive() -> None:
    at = world()
    id = at.create({"FirstName": "Ann"})
    at.delete(id)
    at.advance(1_000)
    at.face.restore("Lead", id, at.human)
    assert not only(r for p in at.connector.changes("Lead", FIELDS, Cursor(0)) for r in p.records).deleted


def test_a_record_that_shows_late_is_not_missed() -> None:
    at = world()
    at.create({"FirstName": "Ann"})
    at.advance(at.connector.traits.lag + 1_000)
    *_, last = at.connector.changes("Lead", FIELDS, None)
    slow = at.now() - at.connector.traits.lag + 1_000
    late = at.face.seed("Lead", {**at.needed, "FirstName": "Bea"}, created=slow)
    records = [r for page in at.connector.changes("Lead", FIELDS, last.cursor) for r in page.records]
    assert [record.ref.id for record in records] == [late]


def test_a_purged_record_is_gone_with_a_version_that_is_not_older() -> None:
    at = world()
    id = at.create({"FirstName": "Ann"})
    before = at.look(id)[id].version
    at.advance(1_000)
    at.face.purge("Lead", id, at.human)
    record = at.look(id)[id]
    assert record.deleted
    assert record.version >= before


def test_parents_come_with_the_record() -> None:
    at = world()
    account = at.face.create("Account", {"Name": "Acme"}, at.human)
    with_parent = at.face.create("Contact", {"LastName": "Berg", "AccountId": account}, at.human)
    alone = at.face.create("Contact", {"LastName": "Alm"}, at.human)
    for records in (
        at.connector.read("Contact", ["Account.Name"], ids=[with_parent, alone]),
        (r for p in at.connector.changes("Contact", ["Account.Name"], None) for r in p.records),
    ):
        assert {r.ref.id: r.fields["Account.Name"] for r in records} == {with_parent: "Acme", alone: None}


def test_a_task_is_created_once_though_its_key_may_not_be_unique() -> None:
    at = world()
    at.connector.provision([FieldSpec("Task", "SMK_Key__c", "Key", "text", length=64, unique=True)])
    write = Write("Task", None, {"Subject": "Call", "SMK_Key__c": "t1"}, Key("SMK_Key__c", "t1"))
    (first,) = at.connector.write([write], ["Subject"])
    (second,) = at.connector.write([write], ["Subject"])
    assert isinstance(first, Applied)
    assert second == Stale(first.record.ref.id, "a record with this key exists")


# -- signing in ----------------------------------------------------------------------------------------------------


def ways(at: SalesforceWorld) -> dict[str, dict[str, str]]:
    known = at.world.credentials["salesforce"]
    app = {name: known[name] for name in ("client_id", "client_secret")}
    person = {name: known[name] for name in ("username", "password", "security_token")}
    return {
        "jwt": {"client_id": app["client_id"], "username": person["username"], "private_key": at.world.private_key()},
        "refresh_token": {**app, "refresh_token": at.face.refresh_token()},
        "password": {**app, **person},
        "soap": person,
        "access_token": {"access_token": at.face.access_token()},
    }


@pytest.mark.parametrize("way", ["jwt", "refresh_token", "password", "soap", "access_token"])
def test_each_way_to_sign_in_leads_in(way: str) -> None:
    at = world()
    again = world(auth={"soap": "password"}.get(way, way), **ways(at)[way], world=at.world)
    assert {problem.level for problem in again.connector.check(["Lead"])} <= {"note"}


def test_an_expired_session_is_renewed_once() -> None:
    at = world()
    at.world.faults.add(Fault("expire", "salesforce"))
    at.create({"FirstName": "Ann"})
    assert len(list(at.connector.changes("Lead", FIELDS, None))) == 1
    assert at.connector.usage().by_route["POST sign-in"] == 2


def test_a_wrong_secret_says_what_to_correct() -> None:
    at = world()
    with pytest.raises(Unauthorised, match="client_secret"):
        world(world=at.world, client_secret="wrong")
