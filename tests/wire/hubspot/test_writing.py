"""HubSpot's answers to writes, one by one: the outcome of each record."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import SchemaChanged, Unauthorised
from connectors.port import Applied, Deferred, Rejected, Stale, Unknown, Write
from tests.wire.hubspot.account import (
    CREATE,
    HOST,
    READ,
    STAMP_MS,
    UPDATE,
    Account,
    answer,
    batch,
    create,
    html,
    invalid,
    missing,
    refusal,
    row,
    sent,
    traced,
    update,
)

# -- creations -------------------------------------------------------------------------------------------------------


def test_results_in_another_order_are_matched_by_trace() -> None:
    account = Account()
    made = [row("2", email="b@x.com"), row("1", email="a@x.com")]
    made[0]["objectWriteTraceId"], made[1]["objectWriteTraceId"] = "1", "0"
    account.on("POST", CREATE, batch(made, 201))
    outcomes = account.write(create("k1", email="a@x.com"), create("k2", email="b@x.com"))
    assert [outcome.record.ref.id for outcome in outcomes] == ["1", "2"]


def test_results_without_a_trace_are_matched_by_the_sync_key() -> None:
    account = Account()
    account.on("POST", CREATE, batch([row("2", smk_key="k2"), row("1", smk_key="k1")], 201))
    assert [outcome.record.ref.id for outcome in account.write(create("k1"), create("k2"))] == ["1", "2"]


def test_an_answer_that_lacks_a_field_is_completed_by_a_read() -> None:
    account = Account()
    bare = {"id": "1", "properties": {"smk_key": "k1"}, "createdAt": "2026-01-31T12:00:00Z"}
    account.on("POST", CREATE, batch([bare], 201))
    account.on("POST", READ, batch([row("1", firstname="Ann")]))
    (outcome,) = account.write(create("k1"))
    assert outcome.record.fields == {"email": None, "firstname": "Ann"}


def test_without_a_sync_key_an_email_still_tells_who_is_there() -> None:
    account = Account()
    made = {**row("1", email="a@x.com"), "objectWriteTraceId": "0"}
    error = traced("1", "CONFLICT", "Contact already exists. Existing ID: 77")
    account.on("POST", CREATE, batch([made], 201, [error]))
    outcomes = account.write(*(Write("contacts", None, {"email": f"{name}@x.com"}) for name in "ab"))
    assert isinstance(outcomes[0], Applied)
    assert outcomes[1].existing == "77"


def test_a_207_tells_each_input_its_fate() -> None:
    account = Account()
    good = {**row("1", smk_key="k1"), "objectWriteTraceId": "0"}
    text = 'Property values were not valid: [{"isValid":false,"message":"bad","error":"INVALID_EMAIL","name":"email"}]'
    account.on("POST", CREATE, batch([good], 201, [traced("1", "VALIDATION_ERROR", text)]))
    outcomes = account.write(create("k1"), create("k2", email="bad"))
    assert isinstance(outcomes[0], Applied)
    assert isinstance(outcomes[1], Rejected)
    assert (outcomes[1].code, outcomes[1].fields) == ("INVALID_EMAIL", ("email",))


def test_an_email_that_another_contact_holds_is_rejected_and_names_it() -> None:
    account = Account()
    error = traced("0", "CONFLICT", "Contact already exists. Existing ID: 77", existingId=["77"])
    account.on("POST", CREATE, batch([], 201, [error]))
    account.on("POST", READ, batch([], errors=[missing("k1")]))
    assert account.write(create("k1", email="a@x.com")) == [
        Rejected("CONTACT_EXISTS", "Contact already exists. Existing ID: 77", (), "77")
    ]


def test_a_bare_conflict_is_looked_up_by_email() -> None:
    account = Account()
    account.on("POST", CREATE, refusal(409, "Contact already exists"))
    account.on("POST", READ, batch([], errors=[missing("k1")]), batch([row("77", email="a@x.com")]))
    (outcome,) = account.write(create("k1", email="A@x.com"))
    assert isinstance(outcome, Rejected)
    assert outcome.existing == "77"


def test_a_creation_repeated_after_a_lost_answer_is_stale_although_the_email_conflicts_too() -> None:
    account = Account()
    account.on("POST", CREATE, refusal(409, "Contact already exists. Existing ID: 77", "CONFLICT"))
    account.on("POST", READ, batch([row("77", smk_key="k1")]))
    assert account.write(create("k1", email="a@x.com")) == [Stale("77", "a record with this key exists")]


def test_a_taken_sync_key_is_stale() -> None:
    account = Account()
    account.on("POST", CREATE, invalid("CONFLICTING_UNIQUE_VALUE", "smk_key", "k1 is taken"))
    account.on("POST", READ, batch([row("77", smk_key="k1")]))
    assert account.write(create("k1")) == [Stale("77", "a record with this key exists")]


def test_a_batch_refused_as_a_whole_is_sent_in_parts() -> None:
    account = Account()

    def create_(request: httpx.Request) -> httpx.Response:
        keys = [
            input["properties"]["smk_key"] for input in httpx.Response(200, content=request.content).json()["inputs"]
        ]
        if "k3" in keys:
            return refusal(400, "Something about one of them")
        return batch([row(key[1:], smk_key=key) for key in keys], 201)

    account.router.post(CREATE).mock(side_effect=create_)
    outcomes = account.write(*(create(f"k{n}") for n in range(1, 6)))
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, Rejected, Applied, Applied]


def test_no_answer_to_a_creation_is_unknown_for_all_and_not_repeated() -> None:
    account = Account()
    route = account.on("POST", CREATE, httpx.ReadTimeout("late"))
    assert [type(outcome) for outcome in account.write(create("k1"), create("k2"))] == [Unknown, Unknown]
    assert route.call_count == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 523, 524])
def test_a_server_error_to_a_creation_is_unknown(status: int) -> None:
    account = Account()
    route = account.on("POST", CREATE, html(status))
    assert [type(outcome) for outcome in account.write(create("k1"))] == [Unknown]
    assert route.call_count == 1


def test_a_good_status_with_a_page_of_html_is_unknown() -> None:
    account = Account()
    account.on("POST", CREATE, html(201))
    assert [type(outcome) for outcome in account.write(create("k1"))] == [Unknown]


def test_an_unbroken_connection_that_was_never_made_is_tried_again() -> None:
    account = Account()
    route = account.on("POST", CREATE, httpx.ConnectError("refused"), batch([row("1", smk_key="k1")], 201))
    assert [type(outcome) for outcome in account.write(create("k1"))] == [Applied]
    assert route.call_count == 2


def test_a_record_missing_from_a_good_answer_is_unknown() -> None:
    account = Account()
    account.on("POST", CREATE, batch([row("1", smk_key="k1")], 201))
    assert [type(outcome) for outcome in account.write(create("k1"), create("k2"))] == [Applied, Unknown]


# -- updates ---------------------------------------------------------------------------------------------------------


def test_a_record_that_moved_on_is_not_written() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", stamp="2026-01-31T12:40:00Z")]))
    route = account.on("POST", UPDATE)
    assert account.write(update("1", firstname="Bea")) == [Stale(None, "changed since")]
    assert route.call_count == 0


def test_stamps_as_epoch_milliseconds_compare_alike() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", stamp=str(STAMP_MS))]))
    account.on("POST", UPDATE, batch([row("1", firstname="Bea")]))
    assert isinstance(account.write(update("1", firstname="Bea"))[0], Applied)


def test_a_missing_record_is_stale() -> None:
    account = Account()
    account.on("POST", READ, batch([], errors=[missing("1")]))
    assert account.write(update("1", firstname="Bea")) == [Stale(None, "gone")]


def test_a_record_that_vanishes_between_look_and_write_is_stale() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1"), row("2")]))
    account.on("POST", UPDATE, batch([row("2", firstname="Bea")], errors=[missing("1")]))
    outcomes = account.write(update("1", firstname="Bea"), update("2", firstname="Bea"))
    assert outcomes[0] == Stale(None, "gone")
    assert isinstance(outcomes[1], Applied)


def test_one_bad_value_in_a_batch_is_found_by_what_the_message_says() -> None:
    account = Account()
    account.on("POST", READ, batch([row(str(n)) for n in range(4)]))
    good = batch([row(str(n), firstname="Bea") for n in (0, 1, 3)])
    bad = invalid("INVALID_OPTION", "stage", "lunch was not one of the allowed options: [a, b]")
    route = account.on("POST", UPDATE, bad, good, bad)
    writes = [update(str(n), **({"stage": "lunch"} if n == 2 else {"firstname": "Bea"})) for n in range(4)]
    outcomes = account.write(*writes)
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied, Rejected, Applied]
    assert (outcomes[2].code, outcomes[2].fields) == ("INVALID_OPTION", ("stage",))
    assert [len(sent(route, n)["inputs"]) for n in range(3)] == [4, 3, 1]


@pytest.mark.parametrize(
    ("answered", "code"),
    [
        (invalid("INVALID_EMAIL", "email", "Email address x is invalid"), "INVALID_EMAIL"),
        (invalid("READ_ONLY_VALUE", "email", '"email" is a calculated property'), "READ_ONLY_VALUE"),
        (invalid("INVALID_LONG", "email", "x was not a valid long."), "INVALID_LONG"),
        (refusal(400, "Invalid input JSON on line 1, column 2"), "HTTP_400"),
        (refusal(413, "too large"), "HTTP_413"),
        (html(400), "HTTP_400"),
    ],
)
def test_a_refused_value_is_rejected_with_hubspots_code(answered: httpx.Response, code: str) -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]))
    account.on("POST", UPDATE, answered)
    (outcome,) = account.write(update("1", email="x"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == code


def test_an_email_that_is_taken_names_the_other_contact() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]))
    account.on("POST", UPDATE, refusal(409, "Contact already exists. Existing ID: 77", "CONFLICT"))
    (outcome,) = account.write(update("1", email="a@x.com"))
    assert (outcome.code, outcome.existing) == ("CONTACT_EXISTS", "77")


def test_a_lock_is_waited_for() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]))
    account.on("POST", UPDATE, refusal(423, "locked"), batch([row("1", firstname="Bea")]))
    assert isinstance(account.write(update("1", firstname="Bea"))[0], Applied)
    assert sum(account.clock.slept) >= 2


def test_a_lock_that_stays_defers() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]))
    account.router.post(UPDATE).mock(return_value=refusal(423, "locked"))
    with pytest.raises(Exception, match="lock"):
        account.write(update("1", firstname="Bea"))


def test_after_an_outcome_is_known_trouble_defers_instead_of_raising() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", stamp="2026-01-31T12:40:00Z"), row("2")]))
    account.router.post(UPDATE).mock(return_value=refusal(423, "locked"))
    outcomes = account.write(update("1", firstname="Bea"), update("2", firstname="Bea"))
    assert [type(outcome) for outcome in outcomes] == [Stale, Deferred]


def test_a_moving_account_defers_until_it_says() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", stamp="2026-01-31T12:40:00Z"), row("2")]))
    account.on("POST", UPDATE, answer(477, {"message": "migration"}, retry_after="3600"))
    outcomes = account.write(update("1", firstname="Bea"), update("2", firstname="Bea"))
    assert isinstance(outcomes[1], Deferred)
    assert outcomes[1].until == account.clock.now + 3_600_000


def test_a_missing_scope_stops_and_names_it() -> None:
    account = Account()
    scopes = [{"message": "One of", "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}]
    account.on("POST", CREATE, refusal(403, "This app hasn't been granted", "MISSING_SCOPES", errors=scopes))
    with pytest.raises(Unauthorised, match=r"crm\.objects\.contacts\.write"):
        account.write(create("k1"))


def test_a_property_that_vanished_stops() -> None:
    account = Account()
    account.on("POST", CREATE, invalid("PROPERTY_DOESNT_EXIST", "smk_key", 'Property "smk_key" does not exist'))
    with pytest.raises(SchemaChanged, match="smk_key"):
        account.write(create("k1"))


def test_two_changes_of_one_record_go_one_after_the_other() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1")]), batch([row("1")]))
    route = account.on("POST", UPDATE, batch([row("1", firstname="Bea")]), batch([row("1", firstname="Cid")]))
    outcomes = account.write(update("1", None, firstname="Bea"), update("1", None, firstname="Cid"))
    assert [outcome.record.fields["firstname"] for outcome in outcomes] == ["Bea", "Cid"]
    assert route.call_count == 2


def test_nothing_is_cleared_with_null() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", firstname="Ann")]))
    route = account.on("POST", UPDATE, batch([row("1", firstname="")]))
    (outcome,) = account.write(update("1", firstname=None))
    assert sent(route)["inputs"][0]["properties"] == {"firstname": ""}
    assert outcome.record.fields["firstname"] is None


# -- stages and consent ----------------------------------------------------------------------------------------------


def test_a_forced_stage_is_cleared_first_in_a_call_of_its_own() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", lifecyclestage="customer")]))
    route = account.on("POST", UPDATE, batch([row("1")]), batch([row("1", lifecyclestage="lead")]))
    assert isinstance(account.write(update("1", **{"lifecyclestage!": "lead"}))[0], Applied)
    assert [sent(route, n)["inputs"][0]["properties"] for n in range(2)] == [
        {"lifecyclestage": ""},
        {"lifecyclestage": "lead"},
    ]


STATUSES = f"{HOST}/communication-preferences/v4/statuses/a%40x.com/unsubscribe-all"


def test_an_opt_out_goes_to_the_subscriptions_api() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")]), batch([row("1", hs_email_optout="false")]))
    route = account.router.post(url__startswith=STATUSES).mock(return_value=answer(200, {"status": "COMPLETE"}))
    outcomes = list(account.connector.write([update("1", **{"@subscriptions": True})], ("@subscriptions",)))
    assert route.calls.last.request.url.params["channel"] == "EMAIL"
    assert outcomes[0].record.fields == {"@subscriptions": True}  # type: ignore[union-attr]


def test_who_has_opted_out_is_not_opted_out_again() -> None:
    account = Account()
    out = row("1", email="a@x.com", hs_email_optout="true")
    account.on("POST", READ, batch([out]), batch([out]))
    route = account.router.post(url__startswith=STATUSES)
    assert isinstance(account.write(update("1", **{"@subscriptions": True}))[0], Applied)
    assert route.call_count == 0


def test_an_opt_out_that_happened_before_counts() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")]), batch([row("1", hs_email_optout="")]))
    before = refusal(400, "Contact is already unsubscribed from all", "VALIDATION_ERROR")
    account.router.post(url__startswith=STATUSES).mock(return_value=before)
    assert isinstance(account.write(update("1", **{"@subscriptions": True}))[0], Applied)


def test_without_unsubscribe_all_each_type_is_left() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")]), batch([row("1", hs_email_optout="true")]))
    account.router.post(url__startswith=STATUSES).mock(return_value=html(404))
    kinds = {"subscriptionDefinitions": [{"id": "10001"}, {"id": "10002"}]}
    account.on("GET", f"{HOST}/communication-preferences/v3/definitions", answer(200, kinds))
    route = account.on("POST", f"{HOST}/communication-preferences/v3/unsubscribe", answer(200, {}), answer(200, {}))
    assert isinstance(account.write(update("1", **{"@subscriptions": True}))[0], Applied)
    assert [sent(route, n)["subscriptionId"] for n in range(2)] == ["10001", "10002"]


@pytest.mark.parametrize(
    "kinds", [refusal(403, "The app lacks a scope", "MISSING_SCOPES"), answer(200, {"subscriptionDefinitions": []})]
)
def test_an_opt_out_that_may_not_be_written_is_no_opt_out(kinds: httpx.Response) -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")]))
    forbidden = refusal(403, "The app lacks a scope", "MISSING_SCOPES")
    account.router.post(url__startswith=STATUSES).mock(return_value=forbidden)
    account.on("GET", f"{HOST}/communication-preferences/v3/definitions", kinds)
    (outcome,) = account.write(update("1", **{"@subscriptions": True}))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.fields) == ("MISSING_SCOPES", ("@subscriptions",))


def test_consent_is_never_given() -> None:
    account = Account()
    account.on("POST", READ, batch([row("1", email="a@x.com")]))
    (outcome,) = account.write(update("1", **{"@subscriptions": False}))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "CONSENT"
