"""Describing, owners, provisioning and checking, on documented answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from connectors.errors import Misconfigured, SchemaChanged, Unauthorised
from connectors.port import FieldSpec, Option, Owner, Problem, Write
from connectors.salesforce.provisioning import metadata
from connectors.salesforce.rows import Shape
from tests.wire.salesforce.org import Org, answer, describe, error, field, json_of, page

DESCRIBE = "/sobjects/Lead/describe"
USER = "005000000000001AAA"
SPEC = FieldSpec("Lead", "SMK_Stage__c", "Stage", "text", length=40)


@pytest.mark.parametrize(
    ("native", "length", "kind"),
    [
        ("string", 80, "text"),
        ("textarea", 255, "text"),
        ("textarea", 2000, "long_text"),
        ("double", 0, "number"),
        ("currency", 0, "money"),
        ("boolean", 0, "bool"),
        ("picklist", 40, "choice"),
        ("multipicklist", 4099, "choices"),
        ("combobox", 255, "text"),
        ("reference", 18, "reference"),
        ("address", 0, "other"),
        ("a type of tomorrow", 0, "other"),
    ],
)
def test_native_types_have_their_words_in_the_port(native: str, length: int, kind: str) -> None:
    org = Org()
    org.on("GET", DESCRIBE, describe(field("X", native, length=length)))
    assert org.connector.describe("Lead").fields["X"].type == kind


@pytest.mark.parametrize(
    ("flags", "required"),
    [
        ({"nillable": False}, True),
        ({"nillable": False, "defaultedOnCreate": True}, False),
        ({"nillable": False, "createable": False}, False),
        ({}, False),
    ],
)
def test_required_is_what_a_create_must_name(flags: dict[str, Any], required: bool) -> None:
    org = Org()
    org.on("GET", DESCRIBE, describe(field("X", **flags)))
    assert org.connector.describe("Lead").fields["X"].required is required


def test_a_description_holds_options_limits_and_targets() -> None:
    org = Org()
    picklist = [
        {"value": "hot", "label": "Hot", "active": True},
        {"value": "old", "label": None, "active": False},
    ]
    org.on(
        "GET",
        DESCRIBE,
        describe(
            field("Rating", "picklist", picklistValues=picklist, restrictedPicklist=True, updateable=False),
            field("Key__c", length=36, unique=True),
            field("OwnerId", "reference", referenceTo=["Group", "User"]),
            field("Number", autoNumber=True),
        ),
    )
    fields = org.connector.describe("Lead").fields
    assert fields["Rating"].options == (Option("hot", "Hot"), Option("old", "old", active=False))
    assert (fields["Rating"].restricted, fields["Rating"].writable) == (True, False)
    assert (fields["Key__c"].unique, fields["Key__c"].length) == (True, 36)
    assert fields["OwnerId"].references == ("Group", "User")
    assert fields["Number"].calculated


def test_an_object_that_is_hidden_is_a_changed_schema() -> None:
    org = Org()
    org.on("GET", DESCRIBE, error("NOT_FOUND", "The requested resource does not exist", 404))
    with pytest.raises(SchemaChanged, match="describe Lead"):
        org.connector.describe("Lead")


def test_the_library_never_signs_in_and_asks_for_compact_bodies() -> None:
    org = Org()
    org.on("GET", DESCRIBE, describe())
    org.connector.describe("Lead")
    (call,) = org.calls
    assert call.headers["authorization"] == "Bearer 00D!secret"
    assert "x-prettyprint" not in call.headers


def test_owners_are_users_and_queues() -> None:
    org = Org()
    users = page(
        {"Id": USER, "Email": "ann@acme.example", "Name": "Ann", "IsActive": True},
        {"Id": "005000000000002AAA", "Email": None, "Name": "Bob", "IsActive": False},
    )
    org.on("GET", "/query", users, page({"Id": "00G000000000001AAA", "Email": None, "Name": "Inbound"}))
    assert list(org.connector.owners()) == [
        Owner(USER, "ann@acme.example", "Ann"),
        Owner("005000000000002AAA", "", "Bob", active=False),
        Owner("00G000000000001AAA", "", "Inbound", queue=True),
    ]


def test_who_may_not_see_queues_still_knows_the_users() -> None:
    org = Org()
    users = page({"Id": USER, "Email": "ann@acme.example", "Name": "Ann", "IsActive": True})
    org.on("GET", "/query", users, error("INVALID_TYPE", "sObject type 'Group' is not supported."))
    assert list(org.connector.owners()) == [Owner(USER, "ann@acme.example", "Ann")]


# -- provision -----------------------------------------------------------------------------------------------------


def by_object(**rows: list[dict[str, Any]]) -> Any:
    """Answers a query by the object it asks for."""

    def reply(request: httpx.Request) -> httpx.Response:
        object = parse_qs(urlsplit(str(request.url)).query)["q"][0].partition(" FROM ")[2].split()[0]
        return page(*rows.get(object, []))

    return reply


def answers(given: dict[str, httpx.Response | None]) -> Any:
    """Answers a query by the object it asks for; nothing is an empty page."""

    def reply(request: httpx.Request) -> httpx.Response:
        object = parse_qs(urlsplit(str(request.url)).query)["q"][0].partition(" FROM ")[2].split()[0]
        return given.get(object) or page()

    return reply


def provision_org(*descriptions: httpx.Response, granted: list[dict[str, Any]] | None = None, **rows: Any) -> Org:
    org = Org()
    org.on("GET", DESCRIBE, *descriptions)
    reply = by_object(FieldPermissions=granted or [], **rows)
    org.router.get(path="/services/data/v64.0/query").mock(side_effect=reply)
    org.on("GET", "/services/oauth2/userinfo", answer({"user_id": USER}))
    for object, id in (("PermissionSet", "0PS1"), ("FieldPermissions", "01k1"), ("PermissionSetAssignment", "0Pa1")):
        org.on("POST", f"/sobjects/{object}", answer({"id": id, "success": True, "errors": []}, 201))
    return org


TOOLING = "/tooling/sobjects/CustomField"


def posted(org: Org) -> dict[str, Any]:
    return {call.url.path.rpartition("/")[2]: json_of(call) for call in org.calls if call.method == "POST"}


def test_a_missing_field_is_made_granted_and_seen() -> None:
    org = provision_org(describe(), describe(field("SMK_Stage__c")))
    org.on("POST", TOOLING, answer({"id": "00N1", "success": True, "errors": []}, 201))
    assert org.connector.provision([SPEC]) == ["Lead.SMK_Stage__c"]
    sent = posted(org)
    assert sent["CustomField"]["FullName"] == "Lead.SMK_Stage__c"
    assert sent["PermissionSet"]["Name"] == "Smarketing_Sync"
    assert sent["FieldPermissions"] == {
        "ParentId": "0PS1",
        "SobjectType": "Lead",
        "Field": "Lead.SMK_Stage__c",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    assert sent["PermissionSetAssignment"] == {"PermissionSetId": "0PS1", "AssigneeId": USER}


def test_a_field_that_is_there_costs_one_look() -> None:
    org = provision_org(describe(field("SMK_Stage__c")))
    assert org.connector.provision([SPEC]) == []
    assert len(org.calls) == 1


def test_a_field_that_is_there_but_hidden_is_only_granted() -> None:
    found = {"PermissionSet": [{"Id": "0PS9"}], "PermissionSetAssignment": [{"Id": "0Pa9"}]}
    org = provision_org(describe(), describe(field("SMK_Stage__c")), **found)
    org.on("POST", TOOLING, error("DUPLICATE_DEVELOPER_NAME", "There is already a field named SMK_Stage"))
    assert org.connector.provision([SPEC]) == []
    assert set(posted(org)) == {"CustomField", "FieldPermissions"}


def test_a_field_whose_making_and_grant_went_unanswered_is_made_once() -> None:
    found = {"PermissionSet": [{"Id": "0PS9"}], "PermissionSetAssignment": [{"Id": "0Pa9"}]}
    org = provision_org(describe(), describe(field("SMK_Stage__c")), **found)
    twice = error("DUPLICATE_DEVELOPER_NAME", "There is already a field named SMK_Stage")
    org.on("POST", TOOLING, httpx.ReadError("gone"), twice)
    granted = error("DUPLICATE_VALUE", "duplicate value found: Field duplicates value on record with id: 01k1")
    org.on("POST", "/sobjects/FieldPermissions", httpx.ReadError("gone"), granted)
    assert org.connector.provision([SPEC]) == []
    assert [call.url.path.rpartition("/")[2] for call in org.calls if call.method == "POST"] == [
        "CustomField", "CustomField", "FieldPermissions", "FieldPermissions",
    ]  # fmt: skip


def test_a_field_that_stays_hidden_says_where_to_grant_it() -> None:
    org = provision_org(describe(), describe())
    org.on("POST", TOOLING, answer({"id": "00N1", "success": True, "errors": []}, 201))
    with pytest.raises(Unauthorised, match=r"Lead\.SMK_Stage__c.*Smarketing_Sync"):
        org.connector.provision([SPEC])


@pytest.mark.parametrize(
    ("response", "raised"),
    [
        (error("INSUFFICIENT_ACCESS_OR_READONLY", "no", 403), Unauthorised),
        (error("FIELD_INTEGRITY_EXCEPTION", "too many fields"), Misconfigured),
    ],
)
def test_a_field_that_cannot_be_made_says_so(response: httpx.Response, raised: type[Exception]) -> None:
    org = provision_org(describe())
    org.on("POST", TOOLING, response)
    with pytest.raises(raised, match=r"Lead\.SMK_Stage__c"):
        org.connector.provision([SPEC])


def test_an_activity_that_refuses_a_unique_field_gets_a_plain_one() -> None:
    org = provision_org()
    task = {"name": "Task", "fields": []}
    org.on("GET", "/sobjects/Task/describe", answer(task), answer({**task, "fields": [field("SMK_Key__c")]}))
    made = answer({"id": "00N1", "success": True, "errors": []}, 201)
    tooling = org.on("POST", TOOLING, error("FIELD_INTEGRITY_EXCEPTION", "no unique fields here"), made)
    spec = FieldSpec("Task", "SMK_Key__c", "Key", "text", length=64, unique=True)
    assert org.connector.provision([spec]) == ["Task.SMK_Key__c"]
    bodies = [json_of(call.request) for call in tooling.calls]
    assert [body["FullName"] for body in bodies] == ["Activity.SMK_Key__c"] * 2
    assert ["unique" in body["Metadata"] for body in bodies] == [True, False]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (SPEC, {"type": "Text", "length": 40}),
        (FieldSpec("Lead", "N__c", "N", "number", precision=(5, 2)), {"type": "Number", "precision": 5, "scale": 2}),
        (FieldSpec("Lead", "B__c", "B", "bool"), {"type": "Checkbox", "defaultValue": "false"}),
        (FieldSpec("Lead", "T__c", "T", "datetime"), {"type": "DateTime"}),
        (FieldSpec("Lead", "L__c", "L", "long_text"), {"type": "LongTextArea", "length": 32768, "visibleLines": 3}),
        (FieldSpec("Lead", "U__c", "U", "url", help="why"), {"type": "Url", "inlineHelpText": "why"}),
    ],
)
def test_a_spec_becomes_metadata(spec: FieldSpec, expected: dict[str, Any]) -> None:
    assert metadata(spec, unique=False) == {"label": spec.label, "required": False, **expected}


def test_a_picklist_brings_its_values() -> None:
    spec = FieldSpec("Lead", "P__c", "P", "choice", options=(Option("a", "A"),))
    values = metadata(spec, unique=False)["valueSet"]["valueSetDefinition"]["value"]
    assert values == [{"fullName": "a", "label": "A", "default": False}]


def test_a_lookup_cannot_be_made() -> None:
    with pytest.raises(Misconfigured, match="reference"):
        metadata(FieldSpec("Lead", "R__c", "R", "reference"), unique=False)


# -- check ---------------------------------------------------------------------------------------------------------

NEEDED = [field(name, createable=False) for name in Shape("Lead", ()).select]
MUST = field("Must__c", nillable=False)
LOW = answer({"DailyApiRequests": {"Max": 1000, "Remaining": 9}})
CHECKED = {"ValidationName": "Phone_Required", "EntityDefinition": {"QualifiedApiName": "Lead"}}
ELSEWHERE = {"ValidationName": "Tax_Id", "EntityDefinition": {"QualifiedApiName": "Invoice__c"}}
RULE = {"DeveloperName": "Standard_Rule", "SobjectType": "Lead"}
WELL = {
    "versions": answer([{"version": "63.0"}, {"version": "64.0"}, {"version": "68.0"}]),
    "limits": answer({"DailyApiRequests": {"Max": 1000, "Remaining": 900}}),
    "describe": describe(*NEEDED),
}


def check_org(settings: Any = None, **instead: httpx.Response) -> Org:
    org = Org(**(settings or {}))
    given = WELL | instead
    org.on("GET", "/services/oauth2/userinfo", given.get("user") or answer({"user_id": USER}))
    org.on("GET", "/services/data/", given["versions"])
    org.on("GET", "/limits/", given["limits"])
    org.on("GET", DESCRIBE, given["describe"])
    org.on("GET", "/tooling/query", given.get("validation") or page())
    reply = {"DuplicateRule": given.get("rules"), "PermissionSetAssignment": given.get("held")}
    org.router.get(path="/services/data/v64.0/query").mock(side_effect=answers(reply))
    powers = ("PermissionsModifyAllData", "PermissionsAuthorApex")
    org.on("GET", "/sobjects/PermissionSet/describe", describe(*(field(name, "boolean") for name in powers)))
    return org


def test_a_healthy_org_has_no_problems() -> None:
    assert list(check_org().connector.check(["Lead"])) == []


@pytest.mark.parametrize(
    ("instead", "level", "where", "fix"),
    [
        ({"versions": answer([{"version": "70.0"}])}, "error", "salesforce.version", "version to 70.0"),
        ({"limits": LOW}, "warning", "salesforce.limits", "API Requests"),
        ({"limits": error("INSUFFICIENT_ACCESS", "no", 403)}, "note", "salesforce.limits", "View Setup"),
        ({"describe": describe(*NEEDED, createable=False)}, "warning", "salesforce.Lead", "tick Create"),
        ({"describe": describe(*NEEDED[1:])}, "error", "salesforce.Lead.Id", "Field-Level Security"),
        ({"describe": describe(*NEEDED, MUST)}, "note", "salesforce.Lead.Must__c", "optional"),
        ({"describe": error("NOT_FOUND", "no", 404)}, "error", "salesforce.Lead", "Permission Sets"),
        ({"describe": error("UNSUPPORTED_API_VERSION", "GONE", 410)}, "error", "salesforce.Lead", "[salesforce]"),
        ({"rules": page(RULE)}, "note", "salesforce.Lead", "Duplicate Rules"),
        ({"validation": page(CHECKED, ELSEWHERE)}, "note", "salesforce.Lead", "Object Manager, Lead, Validation Rules"),
    ],
)  # fmt: skip
def test_a_problem_says_where_to_click(instead: dict[str, httpx.Response], level: str, where: str, fix: str) -> None:
    (problem,) = check_org(**instead).connector.check(["Lead"])
    assert (problem.level, problem.where) == (level, where)
    assert fix in problem.fix


@pytest.mark.parametrize("seen", [True, False])
def test_contact_roles_that_may_not_be_seen_are_a_warning(seen: bool) -> None:
    org = check_org()
    links = [{"childSObject": "OpportunityContactRole", "field": "OpportunityId"}] if seen else []
    needed = [field(name, createable=False) for name in Shape("Opportunity", ()).select]
    org.on("GET", "/sobjects/Opportunity/describe", describe(*needed, childRelationships=links))
    problems = list(org.connector.check(["Opportunity"]))
    assert [(p.level, p.where) for p in problems] == [("warning", "salesforce.Opportunity.@contacts")] * (not seen)


@pytest.mark.parametrize(
    ("held", "said", "fix"),
    [
        ({"IsOwnedByProfile": True, "Profile": {"Name": "System Administrator"}, "PermissionsModifyAllData": True},
         "by its profile System Administrator: Modify All Data", "Minimum Access"),
        ({"Label": "Legacy", "PermissionsModifyAllData": True, "PermissionsAuthorApex": True},
         "by the permission set Legacy: Modify All Data, Author Apex", "untick them"),
    ],
)  # fmt: skip
def test_rights_in_excess_are_a_note_that_names_who_grants_them(held: Any, said: str, fix: str) -> None:
    org = check_org(held=page({"PermissionSet": held}, {"PermissionSet": {"Label": "Ours"}}))
    (problem,) = org.connector.check(["Lead"])
    assert problem.level == "note"
    assert said in problem.what
    assert fix in problem.fix


def test_rights_that_may_not_be_asked_for_are_no_error() -> None:
    (problem,) = check_org(held=error("INVALID_TYPE", "no")).connector.check(["Lead"])
    assert (problem.level, "View Setup" in problem.fix) == ("note", True)


@pytest.mark.parametrize("seen", [True, False])
def test_campaigns_that_may_not_be_seen_are_a_warning_where_they_are_read(seen: bool) -> None:
    org = check_org()
    org.on("GET", "/sobjects/CampaignMember/describe", describe() if seen else error("NOT_FOUND", "no", 404))
    problems = org.connector.check(["Lead"], ["campaigns"])
    assert [(p.level, p.where) for p in problems] == [("warning", "salesforce.campaigns")] * (not seen)


def test_a_platform_that_takes_nothing_back_is_found_out_at_the_first_write() -> None:
    org = Org()
    part = {"referenceId": "tried", "httpStatusCode": 201, "httpHeaders": {}, "body": {"id": "00Q000000000001AAA"}}
    composite = org.on("POST", "/composite", answer({"compositeResponse": [part]}))
    with pytest.raises(Misconfigured, match="Lead 00Q000000000001AAA was made; delete it"):
        list(org.connector.rehearse([Write("Lead", None, {"LastName": "Lee"})] * 2))
    assert composite.call_count == 1
    sent = json_of(composite.calls[0].request)
    assert (sent["allOrNone"], [part["referenceId"] for part in sent["compositeRequest"]]) == (True, ["tried", "undo"])


def test_the_token_tells_the_user_where_the_app_may_not_ask() -> None:
    settings = {"auth": "client_credentials", "client_id": "key", "client_secret": "hush"}
    org = check_org(settings, user=httpx.Response(403, text="Bad_OAuth_Token"))
    org.on("POST", "/services/oauth2/token", answer({"access_token": "00D!one", "id": f"https://x/id/00D/{USER}"}))
    assert list(org.connector.check(["Lead"])) == []


def test_refused_credentials_are_reported_and_nothing_else_is_tried() -> None:
    org = Org()
    expired = error("INVALID_SESSION_ID", "Session expired or invalid", 401)
    org.on("GET", "/services/oauth2/userinfo", expired, expired)
    (problem,) = org.connector.check(["Lead"])
    assert isinstance(problem, Problem)
    assert problem.level == "error"
