"""HubSpot's answers to reads: lists, searches, batches, histories."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from connectors.errors import Misconfigured, SchemaChanged, Unauthorised, Unavailable
from connectors.port import Cursor, Key, Page, Record, Ref
from tests.wire.hubspot.account import (
    CONTACTS,
    FIELDS,
    HOST,
    NOW_MS,
    READ,
    SEARCH,
    STAMP_MS,
    Account,
    answer,
    batch,
    html,
    missing,
    refusal,
    row,
    sent,
    update,
)

LAG = 600_000


def listed(rows: list[Any], after: str | None = None) -> httpx.Response:
    paging = {"paging": {"next": {"after": after, "link": "x"}}} if after else {}
    return answer(200, {"results": rows, **paging})


def found(rows: list[Any], total: int | None = None, after: str | None = None) -> httpx.Response:
    paging = {"paging": {"next": {"after": after}}} if after else {}
    return answer(200, {"total": len(rows) if total is None else total, "results": rows, **paging})


def pages(account: Account, since: Cursor | None = None, fields: tuple[str, ...] = FIELDS) -> list[Page]:
    return list(account.connector.changes("contacts", fields, since))


# -- lists -----------------------------------------------------------------------------------------------------------


def test_a_listing_reads_live_records_then_the_bin_and_dates_its_watermark_back_to_the_start() -> None:
    account = Account()
    gone = {**row("9"), "archived": True, "archivedAt": "2026-01-31T12:50:00Z"}
    route = account.on("GET", CONTACTS, listed([row("1")], "2"), listed([row("2")]), listed([gone]))
    account.on("POST", SEARCH, found([], 2))
    got = pages(account)
    assert [[record.ref.id for record in page.records] for page in got] == [["1"], ["2"], ["9"]]
    assert [page.total for page in got] == [2, 2, 2]
    assert [page.cursor for page in got] == [
        Cursor(None, f"{NOW_MS}:live:2"),
        Cursor(None, f"{NOW_MS}:bin:"),
        Cursor(NOW_MS - LAG),
    ]
    assert got[2].records[0].deleted
    assert got[2].records[0].version == STAMP_MS + 903_211, "when it was archived"
    asked = [call.request.url.params for call in route.calls]
    assert [(params.get("after"), params["archived"]) for params in asked] == [
        (None, "False"),
        ("2", "False"),
        (None, "True"),
    ]
    assert "hs_merged_object_ids" in asked[0].get_list("properties")


def test_a_listing_resumes_in_the_bin() -> None:
    account = Account()
    route = account.on("GET", CONTACTS, listed([]))
    got = pages(account, Cursor(None, "1769000000000:bin:77"))
    assert got[0].cursor == Cursor(1_769_000_000_000 - LAG)
    assert route.calls.last.request.url.params["after"] == "77"


def test_too_many_properties_for_an_address_are_read_by_id() -> None:
    account = Account()
    fields = tuple(f"a_property_with_a_long_name_{n}" for n in range(200))
    route = account.on("GET", CONTACTS, listed([row("1")]), listed([]))
    read = account.on("POST", READ, batch([row("1", **{fields[7]: "x"})]))
    (record,) = pages(account, fields=fields)[0].records
    assert record.fields[fields[7]] == "x"
    assert len(route.calls[0].request.url.query) < 500
    assert set(fields) <= set(sent(read)["properties"])


def test_cleared_and_never_set_are_both_none_and_merges_are_told() -> None:
    account = Account()
    merged = {"hs_merged_object_ids": "5;6", "hs_calculated_merged_vids": "6:1700000000000;1:1700000000001"}
    account.on("GET", CONTACTS, listed([row("1", email="", **merged)]), listed([]))
    (record,) = pages(account)[0].records
    assert record.fields == {"email": None, "firstname": None}
    assert record.former == ("5", "6")


def test_the_primary_company_is_told_from_the_list() -> None:
    account = Account()
    types = [
        ("11", "contact_to_company_unlabeled"),
        ("12", "contact_to_company"),
        ("12", "contact_to_company_unlabeled"),
    ]
    linked = {"associations": {"companies": {"results": [{"id": id, "type": type} for id, type in types]}}}
    account.on("GET", CONTACTS, listed([{**row("1"), **linked}, row("2")]), listed([]))
    records = pages(account, fields=("@company",))[0].records
    assert [record.fields["@company"] for record in records] == ["12", None]


# -- searches --------------------------------------------------------------------------------------------------------

SINCE = Cursor(STAMP_MS - 1_000)


def test_a_quiet_poll_is_one_call_and_moves_the_watermark() -> None:
    account = Account()
    route = account.on("POST", SEARCH, found([]))
    (page,) = pages(account, SINCE)
    assert page.cursor == Cursor(NOW_MS - LAG)
    assert page.asked == NOW_MS
    assert sent(route)["filterGroups"] == [
        {"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(STAMP_MS - 1_000)}]}
    ]
    assert sent(route)["sorts"] == [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
    assert account.connector.usage().calls == 1


def test_the_next_page_begins_at_the_last_time_and_repeats_nothing() -> None:
    account = Account()
    rows = [row(str(n), stamp=f"2026-01-31T12:34:57.{n:03}Z") for n in range(1, 201)]
    route = account.on(
        "POST", SEARCH, found(rows, 201, "200"), found([rows[-1], row("201", stamp="2026-01-31T12:35:00Z")])
    )
    got = pages(account, SINCE)
    assert [len(page.records) for page in got] == [200, 1]
    assert sent(route, 1)["filterGroups"][0]["filters"][0]["value"] == str(STAMP_MS + 411)
    assert "after" not in sent(route, 1)


def test_a_millisecond_that_fills_a_page_is_walked_by_id() -> None:
    account = Account()
    rows = [row(str(n)) for n in range(1, 501)]

    def search(request: httpx.Request) -> httpx.Response:
        body = orjson.loads(request.content)
        filters = body["filterGroups"][0]["filters"]
        after = next((int(f["value"]) for f in filters if f["propertyName"] == "hs_object_id"), 0)
        low = next(int(f["value"]) for f in filters if f["propertyName"] == "lastmodifieddate")
        hits = [r for r in rows if int(r["id"]) > after] if low <= STAMP_MS else []
        return found(hits[:200], len(hits), "200" if len(hits) > 200 else None)

    account.router.post(SEARCH).mock(side_effect=search)
    got = pages(account, SINCE)
    assert {record.ref.id for page in got for record in page.records} == {r["id"] for r in rows}
    assert got[-1].cursor == Cursor(NOW_MS - LAG)


def test_a_search_body_stays_below_three_thousand_characters() -> None:
    account = Account()
    fields = tuple(f"a_property_with_a_long_name_{n}" for n in range(200))
    route = account.on("POST", SEARCH, found([row("1")]))
    account.on("POST", READ, batch([row("1", **{fields[7]: "x"})]))
    (page,) = pages(account, SINCE, fields)
    assert page.records[0].fields[fields[7]] == "x"
    assert len(route.calls.last.request.content) < 3_000


@pytest.mark.parametrize(("everything", "by_list"), [(20_000, True), (1_000_000, False)])
def test_a_flood_is_read_the_faster_way(everything: int, by_list: bool) -> None:
    account = Account()
    account.on("POST", SEARCH, found([row("1")], 20_000), found([], everything), found([]))
    route = account.on("GET", CONTACTS, listed([row("1")]), listed([]))
    got = pages(account, SINCE)
    assert bool(route.call_count) is by_list
    assert got[-1].cursor == Cursor(NOW_MS - LAG)


def test_a_watermark_never_goes_back() -> None:
    account = Account()
    account.on("POST", SEARCH, found([]))
    assert pages(account, Cursor(NOW_MS))[0].cursor == Cursor(NOW_MS)


def test_the_bin_is_read_again_only_after_its_interval() -> None:
    account = Account(bin_every_ms=900_000)
    account.router.post(SEARCH).mock(return_value=found([]))
    gone = {**row("9"), "archived": True, "archivedAt": "2026-01-31T12:50:00Z"}
    route = account.router.get(CONTACTS).mock(return_value=listed([gone]))
    pages(account, SINCE)
    assert route.call_count == 0
    account.clock.now += 900_000
    assert [record.ref.id for page in pages(account, SINCE) for record in page.records] == ["9"]
    pages(account, SINCE)
    assert route.call_count == 1


def test_associations_that_move_no_time_are_found_by_the_list_once_an_hour() -> None:
    account = Account(bin_every_ms=10**12)
    url = f"{HOST}/crm/v3/objects/deals"
    account.router.post(f"{url}/search").mock(return_value=found([]))
    joined = {"contacts": {"results": [{"id": "7", "type": "deal_to_contact"}]}}
    route = account.router.get(url).mock(return_value=listed([{**row("9"), "associations": joined}]))
    fields = ("dealname", "@contacts")

    def seen(wanted: tuple[str, ...]) -> list[Record]:
        return [record for page in account.connector.changes("deals", wanted, SINCE) for record in page.records]

    assert seen(fields) == [] and route.call_count == 0
    account.clock.now += 3_600_000
    assert seen(("dealname",)) == []
    assert [record.fields["@contacts"] for record in seen(fields)] == [["7"]]
    assert seen(fields) == [] and route.call_count == 1


def test_what_was_merged_is_not_taken_for_deleted_when_it_lies_in_the_bin() -> None:
    account = Account(bin_every_ms=0)
    survivor, old = (
        row("20", hs_merged_object_ids="9"),
        {**row("9"), "archived": True, "archivedAt": "2026-01-31T12:50:00Z"},
    )
    account.router.post(SEARCH).mock(return_value=found([survivor]))
    account.router.get(CONTACTS).mock(side_effect=[listed([survivor]), listed([old]), listed([old])])
    for since in (None, SINCE):
        account.clock.now += 20_000
        gone = [record for page in pages(account, since) for record in page.records if record.deleted]
        assert [record.moved_to for record in gone] == [Ref("hubspot", "contacts", "20")]


@pytest.mark.parametrize(
    ("answered", "error"),
    [
        (refusal(400, "Unable to infer object type from: contacts"), SchemaChanged),
        (refusal(403, "This app hasn't been granted", "MISSING_SCOPES"), Unauthorised),
        (refusal(401, "expired", "EXPIRED_AUTHENTICATION"), Unauthorised),
        (html(404), Misconfigured),
        (refusal(400, "There was a problem with the request."), Misconfigured),
        (html(200), Unavailable),
    ],
)
def test_a_refused_search_raises_what_happens_next(answered: httpx.Response, error: type[Exception]) -> None:
    account = Account()
    account.on("POST", SEARCH, answered)
    with pytest.raises(error):
        pages(account, SINCE)


def test_an_unsteady_gateway_is_asked_again() -> None:
    account = Account()
    account.on("POST", SEARCH, html(502), httpx.ReadTimeout("late"), found([row("1")]))
    assert len(pages(account, SINCE)[0].records) == 1


# -- reads -----------------------------------------------------------------------------------------------------------


def read(account: Account, *ids: str, keys: list[Key] | None = None) -> list[Record]:
    return list(account.connector.read("contacts", FIELDS, ids=ids, keys=keys or []))


def test_only_a_missing_id_costs_calls_of_its_own_and_the_bin_tells_what_it_said_last() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")], errors=[missing("2", "3", "4")]))
    account.on("GET", f"{CONTACTS}/2", answer(200, row("9", email="b@x.com")))
    account.on("GET", f"{CONTACTS}/3", refusal(404, "resource not found"), refusal(404, "resource not found"))
    binned = {**row("4", email="d@x.com"), "archived": True}
    account.on("GET", f"{CONTACTS}/4", refusal(404, "resource not found"), answer(200, binned))
    got = {record.ref.id: record for record in read(account, "1", "2", "3", "4")}
    assert not got["1"].deleted
    assert got["2"].moved_to == Ref("hubspot", "contacts", "9")
    assert got["3"] == Record(Ref("hubspot", "contacts", "3"), {}, NOW_MS, deleted=True)
    assert got["4"].deleted and got["4"].fields["email"] == "d@x.com"
    assert account.connector.usage().calls == 6


def test_ids_go_in_hundreds_and_no_id_twice() -> None:
    account = Account()
    route = account.router.post(READ).mock(
        side_effect=lambda request: batch([row(i["id"]) for i in orjson.loads(request.content)["inputs"]])
    )
    ids = [str(n) for n in range(250)]
    assert len(read(account, *ids, *ids)) == 250
    assert [len(sent(route, n)["inputs"]) for n in range(3)] == [100, 100, 50]


def test_keys_are_read_by_their_property_and_unknown_ones_left_out() -> None:
    account = Account()
    route = account.on("POST", READ, batch([row("1", smk_key="k1")], errors=[missing("k2")]), batch([row("2")]))
    records = read(account, keys=[Key("smk_key", "k1"), Key("smk_key", "k2"), Key("email", "b@x.com")])
    assert [record.ref.id for record in records] == ["1", "2"]
    assert [sent(route, n)["idProperty"] for n in range(2)] == ["smk_key", "email"]


def test_a_key_that_is_not_unique_is_a_setting_to_mend() -> None:
    account = Account()
    account.on("POST", READ, refusal(400, "smk_key is not a unique property"))
    with pytest.raises(Misconfigured, match="not a unique property"):
        read(account, keys=[Key("smk_key", "k1")])


# -- history ---------------------------------------------------------------------------------------------------------


def history(*entries: tuple[str, int]) -> dict[str, Any]:
    """Newest first, as HubSpot gives them; times in ms after the version we knew."""
    named = [{"value": value, "timestamp": str(STAMP_MS + at), "sourceType": "CRM_UI"} for value, at in entries]
    return {"id": "1", "properties": {}, "propertiesWithHistory": {"firstname": named}}


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([("Bea", 90), ("Ann", -10)], {}),
        ([("Bea", 90), ("Zoe", 50), ("Ann", -10)], {"1": {"firstname": "Zoe"}}),
        ([("Bea", 90), ("", 50), ("Ann", -10)], {"1": {"firstname": None}}),
        ([("Cid", 95), ("Bea", 90), ("Zoe", 50), ("Ann", -10)], {"1": {"firstname": "Zoe"}}),
        ([("Bea", 90)], {}),
        ([], {}),
    ],
)
def test_what_a_write_replaced_is_read_from_the_history(entries: list[tuple[str, int]], told: dict[str, Any]) -> None:
    account = Account()
    account.on("POST", READ, batch([history(*entries)]))
    applied = Record(Ref("hubspot", "contacts", "1"), {"firstname": "Bea"}, STAMP_MS + 100)
    assert account.connector.overwritten([(update("1", firstname="Bea"), applied)]) == told


def test_histories_go_in_fifties() -> None:
    account = Account()
    route = account.router.post(READ).mock(return_value=batch([]))
    record = Record(Ref("hubspot", "contacts", "1"), {}, STAMP_MS)
    account.connector.overwritten([(update(str(n), firstname="x"), record) for n in range(120)])
    assert [len(sent(route, n)["inputs"]) for n in range(3)] == [50, 50, 20]


# -- versions of the API ---------------------------------------------------------------------------------------------


def test_a_dated_version_rewrites_the_path() -> None:
    account = Account(api="2026-09")
    route = account.on("POST", f"{HOST}/crm/objects/2026-09/contacts/search", found([]))
    pages(account, SINCE)
    assert route.call_count == 1


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(Misconfigured, match="2027-09"):
        Account(api="2027-09")
