"""sObject Collections, composite, batch, tree and graph."""

from __future__ import annotations

from typing import Any

from sandbox.kernel import Caller
from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api, error

V = "/services/data/v64.0"


def record(kind: str = "Lead", **values: Any) -> dict[str, Any]:
    base = {"LastName": "L", "Company": "C"} if kind == "Lead" else {}
    return {"attributes": {"type": kind}, **base, **values}


def test_results_come_in_the_order_of_the_request(api: Api) -> None:
    records = [record(LastName="A"), record(LastName=None), record(LastName="C")]
    answer = api("POST", "/composite/sobjects", {"records": records})
    assert answer.status_code == 200
    good, bad, other = answer.json()
    assert (good["success"], other["success"]) == (True, True)
    assert bad == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }


def test_all_or_none(api: Api) -> None:
    records = [record(), record(Email="no")]
    good, bad = api("POST", "/composite/sobjects", {"allOrNone": True, "records": records}).json()
    assert good["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert bad["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"
    assert api.query("SELECT Id FROM Lead") == []


def test_201_records_are_too_many(api: Api) -> None:
    assert api("POST", "/composite/sobjects", {"records": [record()] * 201}).status_code == 400


def test_eleven_chunks_are_too_many(api: Api) -> None:
    records = [record("Account", Name="A") if n % 2 else record() for n in range(11)]
    assert api("POST", "/composite/sobjects", {"records": records}).status_code == 400
    assert api("POST", "/composite/sobjects", {"records": records[:10]}).status_code == 200


def test_an_unreadable_value_refuses_the_whole_call(api: Api) -> None:
    answer = api("POST", "/composite/sobjects", {"records": [record(), record(LastName=5)]})
    assert error(answer)[:2] == (400, "JSON_PARSER_ERROR")
    assert api.query("SELECT Id FROM Lead") == []


def test_update(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "Company": "B"})
    wrong = "00Q000000000000EAA"
    records = [record(Id=made, LastName="Z"), record(Id=wrong), record(Id="001" + made[3:]), record()]
    items = api("PATCH", "/composite/sobjects", {"records": records}).json()
    assert [i["success"] for i in items] == [True, False, False, False]
    assert [i["errors"][0]["statusCode"] for i in items[1:]] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]


def test_upsert(api: Api, org: Salesforce) -> None:
    org.seed("Lead", {"LastName": "A", "Company": "B", "Email": "a@b.co"})
    records = [record(Email="a@b.co", City="X"), record(Email="new@b.co"), record()]
    items = api("PATCH", "/composite/sobjects/Lead/Email", {"records": records}).json()
    assert [i.get("created") for i in items] == [False, True, None]
    assert items[2]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_upsert_of_the_same_key_twice(api: Api) -> None:
    records = [record(Email="a@b.co", City="X"), record(Email="a@b.co", City="Y")]
    items = api("PATCH", "/composite/sobjects/Lead/Email", {"records": records}).json()
    assert [i["success"] for i in items] == [True, False]
    assert items[1]["errors"][0]["message"] == "Duplicate external id specified: a@b.co"


def test_delete(api: Api, org: Salesforce) -> None:
    ids = [org.seed("Lead", {"LastName": "A"}), org.seed("Contact", {"LastName": "B"})]
    items = api("DELETE", f"/composite/sobjects?ids={','.join(ids)},nope&allOrNone=false").json()
    assert [i["success"] for i in items] == [True, True, False]


def test_retrieve_gives_null_for_an_unknown_id(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "City": "X"})
    body = {"ids": ["00Q000000000000EAA", made], "fields": ["City"]}
    unknown, found = api("POST", "/composite/sobjects/Lead", body).json()
    assert unknown is None
    assert found["City"] == "X"
    assert api("GET", f"/composite/sobjects/Lead?ids={made}&fields=Id,City").json()[0]["Id"] == made


def sub(method: str, path: str, name: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": V + path, "referenceId": name, "body": body, **more}


def composite(api: Api, *requests: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = api("POST", "/composite", {"allOrNone": all_or_none, "compositeRequest": list(requests)})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["compositeResponse"])


def test_references_between_subrequests(api: Api) -> None:
    answers = composite(
        api,
        sub("POST", "/sobjects/Account", "acc", {"Name": "Acme"}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "A", "AccountId": "@{acc.id}"}),
        sub("GET", "/query?q=SELECT+Name,+Account.Name+FROM+Contact+WHERE+Id='@{con.id}'", "found"),
    )
    assert [a["httpStatusCode"] for a in answers] == [201, 201, 200]
    assert answers[2]["body"]["records"][0]["Account"]["Name"] == "Acme"
    assert answers[0]["httpHeaders"]["Location"].endswith(answers[0]["body"]["id"])


def test_references_are_case_sensitive(api: Api) -> None:
    answers = composite(
        api,
        sub("POST", "/sobjects/Account", "acc", {"Name": "Acme"}),
        sub("POST", "/sobjects/Contact", "con", {"LastName": "A", "AccountId": "@{acc.Id}"}),
    )
    assert answers[1]["httpStatusCode"] == 400
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_composite_all_or_none(api: Api) -> None:
    answers = composite(
        api,
        sub("POST", "/sobjects/Account", "acc", {"Name": "Acme"}),
        sub("POST", "/sobjects/Contact", "con", {}),
        all_or_none=True,
    )
    assert [a["body"][0]["errorCode"] for a in answers] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert api.query("SELECT Id FROM Account") == []


def cas(api: Api, org: Salesforce) -> int:
    made = org.seed("Lead", {"LastName": "A", "Company": "B"})
    headers = {"If-Unmodified-Since": "Mon, 21 Sep 2026 14:13:19 GMT"}
    (answer,) = composite(api, sub("PATCH", f"/sobjects/Lead/{made}", "x", {"City": "X"}, httpHeaders=headers))
    return int(answer["httpStatusCode"])


def test_a_subrequest_may_be_conditional(api: Api, org: Salesforce) -> None:
    assert cas(api, org) == 412


def test_or_its_condition_may_be_ignored(api: Api, org: Salesforce) -> None:
    org.settings.composite_cas = False
    assert cas(api, org) == 204


def test_composite_limits(api: Api) -> None:
    many = [sub("GET", "/limits", f"r{n}") for n in range(26)]
    assert api("POST", "/composite", {"compositeRequest": many}).status_code == 400
    queries = [sub("GET", "/query?q=SELECT+Id+FROM+Lead", f"r{n}") for n in range(6)]
    assert api("POST", "/composite", {"compositeRequest": queries}).status_code == 400
    assert len(composite(api, *queries[:5])) == 5


def test_composite_costs_one_call_and_batch_one_for_each(api: Api, org: Salesforce) -> None:
    composite(api, *[sub("GET", "/limits", f"r{n}") for n in range(5)])
    assert org.platform.usage.used(org.kernel.clock.now()) == 1
    api("POST", "/composite/batch", {"batchRequests": [{"method": "GET", "url": "v64.0/limits"}] * 5})
    assert org.platform.usage.used(org.kernel.clock.now()) == 6


def test_batch_halts_on_error_if_asked(api: Api) -> None:
    requests = [{"method": "GET", "url": "v64.0/sobjects/Nope"}, {"method": "GET", "url": "v64.0/limits"}]
    answer = api("POST", "/composite/batch", {"haltOnError": True, "batchRequests": requests}).json()
    assert answer["hasErrors"] is True
    assert [r["statusCode"] for r in answer["results"]] == [404, 412]


def tree(name: str = "A") -> dict[str, Any]:
    child = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": name}
    return {
        "records": [
            {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "Acme", "Contacts": {"records": [child]}}
        ]
    }


def test_tree(api: Api) -> None:
    answer = api("POST", "/composite/tree/Account", tree())
    assert answer.status_code == 201
    assert [r["referenceId"] for r in answer.json()["results"]] == ["a", "c"]
    assert api.query("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "Acme"


def test_a_tree_is_all_or_nothing(api: Api) -> None:
    answer = api("POST", "/composite/tree/Account", tree(name="x" * 81))
    assert answer.status_code == 400
    (failed,) = answer.json()["results"]
    assert (failed["referenceId"], failed["errors"][0]["statusCode"]) == ("c", "STRING_TOO_LONG")
    assert api.query("SELECT Id FROM Account") == []


def test_each_graph_stands_alone(api: Api) -> None:
    good = {"graphId": "1", "compositeRequest": [sub("POST", "/sobjects/Account", "a", {"Name": "A"})]}
    bad = {
        "graphId": "2",
        "compositeRequest": [
            sub("POST", "/sobjects/Account", "a", {"Name": "B"}),
            sub("POST", "/sobjects/Account", "b", {}),
        ],
    }
    graphs = api("POST", "/composite/graph", {"graphs": [good, bad]}).json()["graphs"]
    assert [g["isSuccessful"] for g in graphs] == [True, False]
    assert api.query("SELECT Name FROM Account") == [{"Name": "A"}]


def test_a_rolled_back_update_leaves_no_trace(api: Api, org: Salesforce, person: Caller) -> None:
    made = org.create("Lead", {"LastName": "A", "Company": "B"}, person)
    org.kernel.clock.advance(5_000)
    before = org.get("Lead", made), org.history("Lead", made)
    records = [record(Id=made, Status="Working - Contacted"), record(Id=made, Email="no")]
    api("PATCH", "/composite/sobjects", {"allOrNone": True, "records": records})
    assert (org.get("Lead", made), org.history("Lead", made)) == before
    assert len(api.query("SELECT Id FROM LeadHistory")) == 1
