"""Writing by composite and by collections, on documented answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from connectors.errors import Exhausted, Misconfigured, SchemaChanged, Unauthorised
from connectors.port import Applied, Deferred, Key, Outcome, Rejected, Stale, Unknown, Write
from tests.wire.salesforce.org import (
    LEAD,
    OTHER,
    ROOT,
    STAMP_MS,
    Org,
    answer,
    describe,
    error,
    field,
    json_of,
    lead,
    page,
)

LATER = "2026-01-31T12:34:57.000+0000"
TAKEN = f"duplicate value found: X__c duplicates value on record with id: {OTHER[:15]}"
LOST = httpx.ReadTimeout("no answer")


def new(n: int = 1, object: str = "Lead", **fields: Any) -> Write:
    return Write(object, None, {"LastName": "Berg", "Key__c": f"k{n}", **fields}, Key("Key__c", f"k{n}"))


def change(id: str = LEAD, since: int | None = STAMP_MS, **fields: Any) -> Write:
    return Write("Lead", id, fields or {"Phone": "1"}, unless_changed_since=since)


def unique_org(**settings: Any) -> Org:
    org = Org(**settings)
    org.on("GET", "/sobjects/Lead/describe", describe(field("Key__c", unique=True)))
    return org


def run(org: Org, writes: Sequence[Write]) -> list[Outcome]:
    return list(org.connector.write(writes, ["Phone"]))


def parts(*items: tuple[str, int, Any]) -> httpx.Response:
    return answer(
        {
            "compositeResponse": [
                {"referenceId": name, "httpStatusCode": status, "httpHeaders": {}, "body": body}
                for name, status, body in items
            ]
        }
    )


def found(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"totalSize": len(rows), "done": True, "records": rows}


def refused(code: str, message: str = "", fields: Sequence[str] = ()) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


# -- few updates: one composite ------------------------------------------------------------------------------------


def test_few_updates_are_looked_at_written_and_read_back_in_two_calls() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead(), lead(OTHER)]))
    stored = [lead(LEAD, LATER, Phone="+1"), lead(OTHER, LATER, Phone="+2")]
    org.on("POST", "/composite", parts(("w0", 204, None), ("w1", 204, None), ("q0", 200, found(*stored))))
    outcomes = run(org, [change(Phone="1"), change(OTHER, Phone=None)])
    assert [o.record.fields for o in outcomes if isinstance(o, Applied)] == [{"Phone": "+1"}, {"Phone": "+2"}]
    assert len(org.calls) == 2
    first, second, query = json_of(org.calls[1])["compositeRequest"]
    assert first["url"] == f"{ROOT}/sobjects/Lead/{LEAD}"
    assert first["httpHeaders"]["If-Unmodified-Since"] == "Sat, 31 Jan 2026 12:34:56 GMT"
    assert (first["body"], second["body"]) == ({"Phone": "1"}, {"Phone": None})
    assert query["method"] == "GET"


@pytest.mark.parametrize(
    ("row", "reason"), [(lead(stamp=LATER), "changed since"), (None, "gone")], ids=["moved on", "gone"]
)
def test_a_record_that_moved_on_before_is_not_written(row: dict[str, Any] | None, reason: str) -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([row]))
    assert run(org, [change()]) == [Stale(reason=reason)]
    assert len(org.calls) == 1


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (412, [{"errorCode": "PRECONDITION_FAILED", "message": "x"}], Stale(reason="changed since")),
        (404, [{"errorCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}], Stale(reason="gone")),
        (
            400,
            [{"errorCode": "CANNOT_UPDATE_CONVERTED_LEAD", "message": "cannot reference converted lead"}],
            Stale(reason="converted"),
        ),
        (400, [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "busy"}], Deferred("UNABLE_TO_LOCK_ROW")),
        (
            400,
            [{"errorCode": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid", "fields": ["Email"]}],
            Rejected("INVALID_EMAIL_ADDRESS", "Email: invalid", ("Email",)),
        ),
        (
            400,
            [{"errorCode": "DUPLICATE_VALUE", "message": TAKEN}],
            Rejected("DUPLICATE_VALUE", TAKEN, (), OTHER),
        ),
        (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "x"}], Unknown("Salesforce failed (500) on this record")),
    ],
)  # fmt: skip
def test_each_refusal_of_an_update_has_its_outcome(status: int, body: Any, outcome: Outcome) -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    org.on("POST", "/composite", parts(("w0", status, body), ("q0", 200, found(lead()))))
    assert run(org, [change()]) == [outcome]


@pytest.mark.parametrize("key", ["duplicateResut", "duplicateResult"])
def test_a_duplicate_rule_names_its_match_in_either_spelling(key: str) -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    matches = {"allowSave": False, "matchResults": [{"matchRecords": [{"record": {"Id": OTHER}}]}]}
    body = [{key: matches, "errorCode": "DUPLICATES_DETECTED", "message": "a duplicate"}]
    org.on("POST", "/composite", parts(("w0", 400, body)))
    (outcome,) = run(org, [change()])
    assert outcome == Rejected("DUPLICATES_DETECTED", "a duplicate", (), OTHER)


def test_a_lost_answer_makes_every_write_of_the_call_unknown() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead(), lead(OTHER)]))
    org.on("POST", "/composite", LOST)
    outcomes = run(org, [change(), change(OTHER)])
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    assert len(org.calls) == 2


def test_no_connection_defers() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    org.on("POST", "/composite", *[httpx.ConnectError("refused")] * 6)
    (outcome,) = run(org, [change()])
    assert isinstance(outcome, Deferred)


def test_the_same_record_twice_is_written_once() -> None:
    org = Org()
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    org.on("POST", "/composite", parts(("w0", 204, None), ("q0", 200, found(lead()))))
    assert [type(outcome) for outcome in run(org, [change(), change(Phone="2")])] == [Applied, Deferred]


# -- creations and more updates: collections -----------------------------------------------------------------------


def wrote(*items: dict[str, Any], rows: Sequence[dict[str, Any]] = ()) -> httpx.Response:
    """The answer to a collection that is sent with a query for what it writes."""
    return parts(("w", 200, list(items)), ("q", 200, found(*rows)))


def made(id: str = LEAD) -> dict[str, Any]:
    return {"id": id, "success": True, "errors": []}


def test_a_creation_inserts_and_is_read_back_as_stored_in_one_call() -> None:
    org = unique_org()
    create = org.on("POST", "/composite", wrote(made(), rows=[lead(Phone="+1")]))
    (outcome,) = run(org, [new(Phone="1")])
    assert isinstance(outcome, Applied)
    assert (outcome.record.ref.id, outcome.record.fields) == (LEAD, {"Phone": "+1"})
    write, query = json_of(create.calls[0].request)["compositeRequest"]
    assert write["body"] == {
        "allOrNone": False,
        "records": [{"attributes": {"type": "Lead"}, "LastName": "Berg", "Key__c": "k1", "Phone": "1"}],
    }
    assert write["httpHeaders"] == {
        "Sforce-Auto-Assign": "FALSE",
        "Sforce-Duplicate-Rule-Header": "allowSave=false",
    }
    assert query["url"].endswith("WHERE+Key__c+IN+%28%27k1%27%29")


def test_what_the_call_did_not_read_back_is_read_after() -> None:
    org = unique_org()
    org.on("POST", "/composite", parts(("w", 200, [made()]), ("q", 500, [])))
    org.on("POST", "/composite/sobjects/Lead", answer([lead(Phone="+1")]))
    (outcome,) = run(org, [new()])
    assert isinstance(outcome, Applied)


@pytest.mark.parametrize("body", [parts(("w", 500, [])), httpx.Response(200, text="<html>"), parts()])
def test_an_answer_that_does_not_tell_is_unknown(body: httpx.Response) -> None:
    org = unique_org()
    org.on("POST", "/composite", body)
    (outcome,) = run(org, [new()])
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize(
    ("message", "fields", "outcome"),
    [
        (
            f"duplicate value found: Key__c duplicates value on record with id: {OTHER[:15]}",
            (),
            Stale(OTHER, "a record with this key exists"),
        ),
        ("duplicate value found", ("Key__c",), Stale(None, "a record with this key exists")),
        (
            f"duplicate value found: Other__c duplicates value on record with id: {OTHER[:15]}",
            (),
            Rejected(
                "DUPLICATE_VALUE",
                f"duplicate value found: Other__c duplicates value on record with id: {OTHER[:15]}",
                ("Other__c",),
                OTHER,
            ),
        ),
    ],
)
def test_a_taken_key_is_stale_and_another_taken_value_rejected(
    message: str, fields: Sequence[str], outcome: Outcome
) -> None:
    org = unique_org()
    org.on("POST", "/composite", wrote(refused("DUPLICATE_VALUE", message, fields)))
    assert run(org, [new()]) == [outcome]


@pytest.mark.parametrize(("holders", "kind"), [([lead(OTHER)], Stale), ([], Rejected)])
def test_a_taken_value_without_a_name_is_looked_up(holders: list[dict[str, Any]], kind: type[Outcome]) -> None:
    org = unique_org()
    message = f"duplicate value found: <unknown> duplicates value on record with id: {OTHER[:15]}"
    org.on("POST", "/composite", wrote(refused("DUPLICATE_VALUE", message)))
    org.on("GET", "/query", page(*holders))
    (outcome,) = run(org, [new()])
    assert isinstance(outcome, kind)
    assert outcome.existing == OTHER  # type: ignore[union-attr]


def test_a_key_that_is_not_unique_is_looked_up_first() -> None:
    org = Org()
    org.on("GET", "/sobjects/Lead/describe", describe(field("Key__c")))
    org.on("GET", "/query", page(lead(OTHER, Key__c="K1")))
    assert run(org, [new()]) == [Stale(OTHER, "a record with this key exists")]


def test_many_updates_go_by_two_hundred_each_with_its_own_outcome() -> None:
    org = Org()
    ids = [f"00Q000000000{n:03}EAA" for n in range(250)]
    org.on("POST", "/composite/sobjects/Lead", answer([lead(id) for id in ids]), answer([lead(id) for id in ids[1:]]))
    good = [{"id": id, "success": True, "errors": []} for id in ids]
    org.on("PATCH", "/composite/sobjects", answer([refused("STRING_TOO_LONG"), *good[1:200]]), answer(good[200:]))
    outcomes = run(org, [change(id) for id in ids])
    assert [type(outcome) for outcome in outcomes] == [Rejected] + [Applied] * 249
    assert [o.record.ref.id for o in outcomes if isinstance(o, Applied)] == ids[1:]
    assert len(org.calls) == 4


def test_a_lost_call_touches_only_its_own_writes() -> None:
    org = Org()
    ids = [f"00Q000000000{n:03}EAA" for n in range(201)]
    org.on("POST", "/composite/sobjects/Lead", answer([lead(id) for id in ids]), answer([lead(ids[200])]))
    org.on("PATCH", "/composite/sobjects", LOST, answer([{"id": ids[200], "success": True, "errors": []}]))
    outcomes = run(org, [change(id) for id in ids])
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 200 + [Applied]


def test_a_field_that_vanished_rejects_only_the_writes_that_hold_it() -> None:
    org = unique_org()
    message = "No such column 'Gone__c' on sobject of type Lead"
    org.on("POST", "/composite", parts(("w", 400, [{"errorCode": "INVALID_FIELD", "message": message}])))
    org.on("POST", "/composite/sobjects", answer([made()]))
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    outcomes = run(org, [new(1, Gone__c="x"), new(2)])
    assert [type(outcome) for outcome in outcomes] == [Rejected, Applied]


def test_one_unreadable_record_does_not_take_the_others_down() -> None:
    org = unique_org()
    no = error("JSON_PARSER_ERROR", "Cannot deserialize instance of boolean")
    org.on("POST", "/composite", no)
    org.on("POST", "/composite/sobjects", no, answer([made()]))
    org.on("POST", "/composite/sobjects/Lead", answer([lead()]))
    outcomes = run(org, [new(1, Flag__c="perhaps"), new(2)])
    assert [type(outcome) for outcome in outcomes] == [Rejected, Applied]


@pytest.mark.parametrize(
    ("response", "raised"),
    [
        (error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), Exhausted),
        (error("API_DISABLED_FOR_ORG", "no", 403), Unauthorised),
        (error("NOT_FOUND", "The requested resource does not exist", 404), SchemaChanged),
        (error("UNSUPPORTED_API_VERSION", "gone", 410), Misconfigured),
    ],
)
def test_trouble_of_the_system_is_raised_while_nothing_is_written(
    response: httpx.Response, raised: type[Exception]
) -> None:
    org = unique_org()
    org.on("POST", "/composite", response)
    with pytest.raises(raised):
        run(org, [new()])


def test_trouble_of_the_system_defers_once_something_is_written() -> None:
    org = Org()
    ids = [f"00Q000000000{n:03}EAA" for n in range(201)]
    org.on("POST", "/composite/sobjects/Lead", answer([lead(id) for id in ids]), answer([lead(id) for id in ids[:200]]))
    good = answer([{"id": id, "success": True, "errors": []} for id in ids[:200]])
    org.on("PATCH", "/composite/sobjects", good, error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403))
    outcomes = run(org, [change(id) for id in ids])
    # The day's calls are used up, so what was written cannot be read back either.
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 200 + [Deferred]


def test_what_was_written_but_cannot_be_read_back_is_unknown() -> None:
    org = unique_org()
    org.on("POST", "/composite", wrote(made()))
    org.on("POST", "/composite/sobjects/Lead", *[answer([], 500)] * 6)
    (outcome,) = run(org, [new()])
    assert isinstance(outcome, Unknown)


def test_an_expired_session_is_renewed_before_the_write_is_sent_again() -> None:
    org = unique_org(auth="client_credentials", client_id="key", client_secret="hush")
    grant = {"access_token": "00D!one", "instance_url": "https://acme.my.salesforce.com"}
    org.on("POST", "/services/oauth2/token", answer(grant), answer({**grant, "access_token": "00D!two"}))
    expired = error("INVALID_SESSION_ID", "Session expired or invalid", 401)
    org.on("POST", "/composite", expired, wrote(made(), rows=[lead()]))
    (outcome,) = run(org, [new()])
    assert isinstance(outcome, Applied)


def test_nothing_to_write_asks_nothing() -> None:
    org = Org()
    assert run(org, []) == []
    assert org.calls == []
