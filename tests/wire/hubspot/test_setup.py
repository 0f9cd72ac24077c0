"""HubSpot's answers to what is asked once: tokens, properties, owners, scopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.errors import Misconfigured, Unauthorised
from connectors.port import Field, FieldSpec, Option, Owner
from tests.wire.hubspot.account import CONTACTS, HOST, Account, answer, html, refusal, sent

TOKEN = f"{HOST}/oauth/v3/token"
OAUTH = {"access_token": None, "client_id": "id", "client_secret": "hush", "refresh_token": "r1"}
OWNERS = f"{HOST}/crm/v3/owners/"
PROPERTIES = f"{HOST}/crm/v3/properties/contacts"
GROUPS = f"{PROPERTIES}/groups"


# -- tokens ----------------------------------------------------------------------------------------------------------


def grant(token: str, refresh: str = "r1") -> httpx.Response:
    body = {"token_type": "bearer", "access_token": token, "refresh_token": refresh, "expires_in": 1800}
    return answer(200, body)


def test_a_refresh_token_is_traded_for_access_before_the_first_call_and_before_it_ends() -> None:
    account = Account(**OAUTH)
    token = account.on("POST", TOKEN, grant("a1"), grant("a2"))
    calls = account.router.get(url__startswith=OWNERS).mock(return_value=answer(200, {"results": []}))
    account.connector.owners()
    account.clock.now += 29 * 60_000
    account.connector.owners()
    assert {call.request.headers["authorization"] for call in calls.calls} == {"Bearer a1", "Bearer a2"}
    form = parse_qs(token.calls[0].request.content.decode())
    assert form == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["hush"],
        "refresh_token": ["r1"],
    }
    assert "authorization" not in token.calls[0].request.headers


def test_a_rotated_refresh_token_is_reported_and_used() -> None:
    account = Account(**OAUTH)
    token = account.on("POST", TOKEN, grant("a1", "r2"), grant("a2", "r2"))
    account.router.get(url__startswith=OWNERS).mock(return_value=answer(200, {"results": []}))
    account.connector.owners()
    account.clock.now += 29 * 60_000
    account.connector.owners()
    assert account.tokens == ["r2"]
    assert b"refresh_token=r2" in token.calls[1].request.content


def test_the_older_address_is_used_where_the_newer_one_is_missing() -> None:
    account = Account(**OAUTH)
    account.on("POST", TOKEN, html(404))
    older = account.on("POST", f"{HOST}/oauth/v1/token", grant("a1"))
    account.router.get(url__startswith=OWNERS).mock(return_value=answer(200, {"results": []}))
    account.connector.owners()
    assert older.call_count == 1


def test_a_dead_refresh_token_stops_without_being_shown() -> None:
    account = Account(**OAUTH)
    account.on("POST", TOKEN, answer(400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid r1"}))
    with pytest.raises(Unauthorised) as caught:
        account.connector.owners()
    assert "r1" not in str(caught.value)


def test_an_expired_token_is_renewed_and_the_call_repeated() -> None:
    account = Account(**OAUTH)
    account.on("POST", TOKEN, grant("a1"), grant("a2"))
    expired = refusal(401, "The OAuth token used to make this call expired", "EXPIRED_AUTHENTICATION")
    empty = answer(200, {"results": []})
    calls = account.router.get(url__startswith=OWNERS).mock(side_effect=[expired, empty, empty])
    account.connector.owners()
    assert calls.calls[1].request.headers["authorization"] == "Bearer a2"


def test_incomplete_credentials_are_named() -> None:
    with pytest.raises(Misconfigured, match="client_secret, refresh_token"):
        Account(access_token=None, client_id="id")


# -- properties ------------------------------------------------------------------------------------------------------


def property_(name: str, type: str, look: str, **more: Any) -> dict[str, Any]:
    rights = {"readOnlyValue": False, "readOnlyDefinition": False, "archivable": True}
    return {
        "name": name,
        "label": name.title(),
        "type": type,
        "fieldType": look,
        "modificationMetadata": rights,
        **more,
    }


def described(*properties: dict[str, Any]) -> dict[str, Field]:
    account = Account()
    account.on("GET", PROPERTIES, answer(200, {"results": list(properties)}))
    return dict(account.connector.describe("contacts").fields)


@pytest.mark.parametrize(
    ("row", "type"),
    [
        (property_("email", "string", "text"), "email"),
        (property_("firstname", "string", "text"), "text"),
        (property_("about", "string", "textarea"), "long_text"),
        (property_("phone", "string", "phonenumber"), "phone"),
        (property_("score", "number", "number"), "number"),
        (property_("worth", "number", "number", showCurrencySymbol=True), "money"),
        (property_("chance", "number", "number", numberDisplayHint="percentage"), "percent"),
        (property_("is_it", "bool", "booleancheckbox"), "bool"),
        (property_("born", "date", "date"), "date"),
        (property_("seen_at", "datetime", "date"), "datetime"),
        (property_("stage", "enumeration", "select"), "choice"),
        (property_("tags", "enumeration", "checkbox"), "choices"),
        (property_("hubspot_owner_id", "enumeration", "select", referencedObjectType="OWNER"), "reference"),
        (property_("hs_object_id", "number", "number"), "id"),
        (property_("score_json", "json", "text"), "other"),
    ],
)
def test_a_property_has_the_ports_type(row: dict[str, Any], type: str) -> None:
    assert described(row)[row["name"]].type == type


def test_a_property_says_what_may_be_written() -> None:
    rights = {"readOnlyValue": True}
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B", "hidden": True}]
    fields = described(
        property_("score", "number", "number", calculated=True),
        property_("createdate", "datetime", "date", modificationMetadata=rights),
        property_("stage", "enumeration", "select", options=options),
        property_("smk_key", "string", "text", hasUniqueValue=True),
    )
    assert [fields[name].writable for name in ("score", "createdate", "stage")] == [False, False, True]
    assert fields["stage"].options == (Option("a", "A"), Option("b", "B", active=False))
    assert fields["stage"].restricted
    assert fields["smk_key"].unique
    assert fields["@subscriptions"].type == "bool"


SPECS = [
    FieldSpec("contacts", "smk_key", "Sync key", "text", unique=True),
    FieldSpec("contacts", "smk_ok", "OK", "bool"),
]


def test_only_missing_properties_are_made() -> None:
    account = Account()
    have = answer(200, {"results": [property_("smk_ok", "bool", "booleancheckbox")]})
    route = account.on("GET", PROPERTIES, have)
    group = account.on("POST", GROUPS, refusal(409, "exists", "OBJECT_ALREADY_EXISTS"))
    make = account.on("POST", PROPERTIES, answer(201, {"name": "smk_key"}))
    assert account.connector.provision(SPECS) == ["contacts.smk_key"]
    assert sent(group) == {"name": "smarketing", "label": "Sales alignment"}
    assert sent(make)["hasUniqueValue"] is True
    assert (sent(make)["groupName"], sent(make)["type"], sent(make)["fieldType"]) == ("smarketing", "string", "text")
    assert route.call_count == 1


def test_the_making_of_a_property_that_went_unanswered_is_repeated() -> None:
    account = Account()
    account.on("GET", PROPERTIES, answer(200, {"results": []}))
    account.on("POST", GROUPS, html(502), answer(201, {"name": "smarketing"}))
    there = refusal(409, "exists", "OBJECT_ALREADY_EXISTS")
    account.on("POST", PROPERTIES, httpx.ReadError("gone"), there, html(503), answer(201, {"name": "smk_ok"}))
    assert account.connector.provision(SPECS) == ["contacts.smk_key", "contacts.smk_ok"]


def test_nothing_missing_makes_nothing() -> None:
    account = Account()
    unique = property_("smk_key", "string", "text", hasUniqueValue=True)
    account.on("GET", PROPERTIES, answer(200, {"results": [unique, property_("smk_ok", "bool", "booleancheckbox")]}))
    assert account.connector.provision(SPECS) == []
    assert account.connector.usage().calls == 1


def test_options_that_are_lacking_are_added_and_the_others_are_sent_along() -> None:
    account = Account()
    old = {"value": "mine", "label": "Mine", "displayOrder": 0, "hidden": True}
    account.on("GET", PROPERTIES, answer(200, {"results": [property_("s", "enumeration", "select", options=[old])]}))
    change = account.on("PATCH", f"{PROPERTIES}/s", answer(200, {"name": "s"}))
    spec = FieldSpec("contacts", "s", "State", "choice", options=(Option("mine", "Mine"), Option("new", "New")))
    assert account.connector.provision([spec]) == ["contacts.s"]
    new = {"value": "new", "label": "New", "displayOrder": 1, "hidden": False}
    assert sent(change) == {"options": [old, new]}


def test_a_key_that_is_not_unique_cannot_be_mended() -> None:
    account = Account()
    account.on("GET", PROPERTIES, answer(200, {"results": [property_("smk_key", "string", "text")]}))
    with pytest.raises(Misconfigured, match="not unique"):
        account.connector.provision(SPECS)


def test_a_missing_right_to_make_properties_names_the_scope() -> None:
    account = Account()
    account.on("GET", PROPERTIES, answer(200, {"results": []}))
    context = {"requiredGranularScopes": ["crm.schemas.contacts.write"]}
    account.on("POST", GROUPS, refusal(403, "One or more scopes are required.", "MISSING_SCOPES", context=context))
    with pytest.raises(Unauthorised, match=r"crm\.schemas\.contacts\.write"):
        account.connector.provision(SPECS)


# -- owners ----------------------------------------------------------------------------------------------------------


def test_owners_come_in_pages_with_those_who_left() -> None:
    account = Account()
    ann = {"id": "1", "email": "ann@x.com", "firstName": "Ann", "lastName": "Lee", "type": "PERSON"}
    team = {"id": "2", "email": None, "firstName": "Team", "type": "QUEUE"}
    left = {"id": "3", "email": "bob@x.com", "userId": None, "userIdIncludingInactive": 9, "archived": True}
    answers = [
        answer(200, {"results": [ann], "paging": {"next": {"after": "MTA"}}}),
        answer(200, {"results": [team]}),
        answer(200, {"results": [left]}),
    ]
    account.router.get(url__startswith=OWNERS).mock(side_effect=answers)
    assert account.connector.owners() == [
        Owner("1", "ann@x.com", "Ann Lee"),
        Owner("2", "", "Team", queue=True),
        Owner("3", "bob@x.com", "bob@x.com", active=False),
    ]


# -- check -----------------------------------------------------------------------------------------------------------


DETAILS = f"{HOST}/account-info/v3/details"
SUBSCRIPTIONS = f"{HOST}/communication-preferences/v3/definitions"
SEEN = {"results": [property_("hs_email_optout", "bool", "booleancheckbox")]}


def checked(
    scopes: list[str],
    details: httpx.Response | None = None,
    properties: Any = SEEN,
    also: Sequence[str] = (),
    sources: Sequence[str] = (),
    rules: httpx.Response | None = None,
    subscriptions: httpx.Response | None = None,
) -> list[Any]:
    account = Account()
    account.on("GET", SUBSCRIPTIONS, subscriptions or answer(200, {"subscriptionDefinitions": []}))
    account.on("GET", DETAILS, details or answer(200, {"portalId": 1}))
    info = answer(200, {"hubId": 1, "scopes": scopes})
    account.on("POST", f"{HOST}/oauth/v2/private-apps/get/access-token-info", info)
    account.router.get(url__startswith=CONTACTS).mock(return_value=answer(200, {"results": []}))
    account.router.get(url__startswith=PROPERTIES).mock(return_value=answer(200, properties))
    account.router.get(url__startswith=OWNERS).mock(return_value=answer(200, {"results": []}))
    ruled = account.router.get(url__startswith=f"{HOST}/crm/v3/property-validations/")
    ruled.mock(return_value=rules or answer(404, {}))
    for object in also:
        account.on("GET", f"{HOST}/crm/v3/objects/{object}", answer(200, {"results": []}))
        account.on("GET", f"{HOST}/crm/v3/properties/{object}", answer(200, {"results": []}))
    return list(account.connector.check(["contacts", *also], sources))


CONSENT = "communication_preferences.read_write"
ENOUGH = [CONSENT, *(f"crm.{part}.contacts.{right}" for part in ("objects", "schemas") for right in ("read", "write"))]


def test_enough_is_no_problem() -> None:
    assert checked([*ENOUGH, "crm.objects.owners.read", "oauth"]) == []


def test_missing_and_needless_scopes_are_told_with_the_place_to_click() -> None:
    problems = checked([*ENOUGH, "tickets"])
    assert [(problem.level, problem.where) for problem in problems] == [("error", "hubspot"), ("note", "hubspot")]
    assert "crm.objects.owners.read" in problems[0].what
    assert "Private Apps" in problems[0].fix
    assert "tickets" in problems[1].what


def test_what_scopes_do_not_tell_of_opt_outs_is_tried() -> None:
    refused = refusal(403, "This account may not do that.", "MISSING_SCOPES")
    (problem,) = checked([*ENOUGH, "crm.objects.owners.read"], subscriptions=refused)
    assert (problem.level, problem.where) == ("warning", "hubspot.contacts.@subscriptions")
    assert "opt-outs cannot be written" in problem.what
    (told,) = checked([*ENOUGH[1:], "crm.objects.owners.read"], subscriptions=refused)
    assert "the app lacks the scope" in told.what, "once is enough"


def test_a_source_of_behaviour_needs_its_scope_where_it_is_read() -> None:
    granted = [*ENOUGH, "crm.objects.owners.read"]
    told = checked(granted, sources=["views", "forms", "emails"])
    assert [(p.level, p.where) for p in told] == [("warning", "hubspot.forms"), ("warning", "hubspot.emails")]
    assert "add content" in told[1].fix
    assert checked([*granted, "forms", "content"], sources=["views", "forms", "emails"]) == []
    (problem,) = checked([*granted, "forms", "content"])
    assert "may do more than the sync needs: content, forms" in problem.what


def test_rules_on_properties_are_told() -> None:
    rule = {"ruleType": "MAX_LENGTH", "ruleArguments": ["9"]}
    body = {"results": [{"propertyName": "phone", "propertyValidationRules": [rule]}]}
    (problem,) = checked([*ENOUGH, "crm.objects.owners.read"], rules=answer(200, body))
    assert (problem.level, problem.where) == ("note", "hubspot.contacts")
    assert "phone (MAX_LENGTH)" in problem.what


def test_hidden_texts_of_emails_are_a_warning() -> None:
    granted = [*ENOUGH, "crm.objects.owners.read"]
    (problem,) = checked(granted, also=["emails"])
    assert (problem.level, problem.where) == ("warning", "hubspot.emails")
    assert checked([*granted, "sales-email-read"], also=["emails"]) == []


def test_a_missing_right_to_opt_out_is_a_warning() -> None:
    (problem,) = checked([*ENOUGH[1:], "crm.objects.owners.read"])
    assert (problem.level, problem.where) == ("warning", "hubspot.contacts.@subscriptions")


def test_an_opt_out_that_cannot_be_seen_is_a_warning() -> None:
    (problem,) = checked([*ENOUGH, "crm.objects.owners.read"], properties={"results": []})
    assert (problem.level, problem.where) == ("warning", "hubspot.contacts.hs_email_optout")


def test_hidden_account_details_are_no_problem() -> None:
    hidden = refusal(403, "This app hasn't been granted all required scopes to make this call.", "MISSING_SCOPES")
    assert checked([*ENOUGH, "crm.objects.owners.read"], hidden) == []


def test_a_day_that_is_nearly_used_up_is_told() -> None:
    used = {"x_hubspot_ratelimit_daily": "1000", "x_hubspot_ratelimit_daily_remaining": "50"}
    (problem,) = checked([*ENOUGH, "crm.objects.owners.read"], answer(200, {"portalId": 1}, **used))
    assert problem.level == "warning"
    assert "950" in problem.what


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (answer(200, {"portalId": 62515, "accountType": "STANDARD"}), "62515"),
        (refusal(403, "no", "MISSING_SCOPES"), ""),
    ],
)
def test_the_account_is_known_by_its_number(told: httpx.Response, known: str) -> None:
    account = Account()
    asked = account.on("GET", DETAILS, told)
    assert [account.connector.account() for _ in range(2)] == [known, known]
    assert asked.call_count == 1


def test_a_bad_token_is_one_problem() -> None:
    account = Account()
    account.on("GET", f"{HOST}/account-info/v3/details", refusal(401, "Authentication credentials not found."))
    (problem,) = account.connector.check(["contacts"])
    assert (problem.level, problem.where) == ("error", "hubspot")
    assert "access_token" in problem.fix


def test_a_host_that_cannot_be_reached_is_one_problem() -> None:
    account = Account()
    account.router.route().mock(side_effect=httpx.ConnectError("refused"))
    (problem,) = account.connector.check(["contacts"])
    assert "base_url" in problem.fix


def test_a_trial_call_shows_a_scope_that_the_token_does_not_tell() -> None:
    account = Account()
    account.on("GET", f"{HOST}/account-info/v3/details", answer(200, {"portalId": 1}))
    account.on("POST", f"{HOST}/oauth/v2/private-apps/get/access-token-info", html(404))
    account.on("GET", SUBSCRIPTIONS, answer(200, {"subscriptionDefinitions": []}))
    context = {"requiredGranularScopes": ["crm.objects.contacts.read"]}
    lacking = refusal(403, "One or more scopes are required.", "MISSING_SCOPES", context=context)
    account.router.get(url__startswith=CONTACTS).mock(return_value=lacking)
    account.router.get(url__startswith=f"{HOST}/crm/v3/property-validations/").mock(return_value=answer(404, {}))
    account.router.get(url__startswith=OWNERS).mock(return_value=answer(200, {"results": []}))
    (problem,) = account.connector.check(["contacts"])
    assert "crm.objects.contacts.read" in problem.what
