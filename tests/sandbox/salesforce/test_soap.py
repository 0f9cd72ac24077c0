"""SOAP with a session: what REST cannot do."""

from __future__ import annotations

import re

import httpx
import pytest

from sandbox.salesforce import Salesforce
from tests.sandbox.salesforce.conftest import Api

ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
    '<e:Header><p:SessionHeader xmlns:p="urn:partner.soap.sforce.com"><p:sessionId>{}</p:sessionId></p:SessionHeader>'
    '</e:Header><e:Body><{} xmlns="urn:partner.soap.sforce.com">{}</{}></e:Body></e:Envelope>'
)


def soap(api: Api, name: str, inner: str = "", version: str = "68.0", session: str | None = None) -> httpx.Response:
    session = session or api.http.headers["Authorization"].removeprefix("Bearer ")
    body = ENVELOPE.format(session, name, inner, name)
    return api("POST", f"/services/Soap/u/{version}", content=body, headers={"SOAPAction": '""'})


def value(answer: httpx.Response, name: str) -> str | None:
    found = re.search(f"<(?:\\w+:)?{name}>([^<]*)<", answer.text)
    return found.group(1) if found else None


def test_convert_lead(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "Company": "B"})
    wish = (
        "<leadConverts><convertedStatus>Closed - Converted</convertedStatus><doNotCreateOpportunity>false"
        f"</doNotCreateOpportunity><leadId>{made[:15]}</leadId><opportunityName>Big &amp; new</opportunityName>"
        "</leadConverts>"
    )
    answer = soap(api, "convertLead", wish)
    assert (answer.status_code, value(answer, "success"), value(answer, "leadId")) == (200, "true", made)
    opportunity = org.get("Opportunity", value(answer, "opportunityId") or "")
    assert opportunity is not None
    assert opportunity["Name"] == "Big & new"


def test_a_conversion_that_is_refused(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "Company": "B"})
    wish = f"<leadConverts><convertedStatus>Nope</convertedStatus><leadId>{made}</leadId></leadConverts>"
    answer = soap(api, "convertLead", wish)
    assert (answer.status_code, value(answer, "success"), value(answer, "statusCode")) == (
        200,
        "false",
        "INVALID_STATUS",
    )


def test_merge_with_new_values(api: Api, org: Salesforce) -> None:
    winner = org.seed("Account", {"Name": "A", "Phone": "1"})
    losers = [org.seed("Account", {"Name": n}) for n in "BC"]
    fields = '<sf:Name xmlns:sf="urn:sobject.partner.soap.sforce.com">Z</sf:Name><fieldsToNull>Phone</fieldsToNull>'
    request = (
        f"<request><masterRecord><type>Account</type><Id>{winner}</Id>{fields}</masterRecord>"
        + "".join(f"<recordToMergeIds>{i}</recordToMergeIds>" for i in losers)
        + "</request>"
    )
    answer = soap(api, "merge", request)
    assert value(answer, "success") == "true"
    shown = org.get("Account", winner)
    assert shown is not None
    assert (shown["Name"], shown["Phone"]) == ("Z", None)
    assert [org.get("Account", i) for i in losers] == [None, None]


def test_delete_and_undelete(api: Api, org: Salesforce) -> None:
    made = org.seed("Lead", {"LastName": "A", "Company": "B"})
    assert value(soap(api, "delete", f"<ids>{made}</ids>"), "success") == "true"
    assert org.get("Lead", made) is None
    assert value(soap(api, "undelete", f"<ids>{made}</ids>"), "success") == "true"
    assert org.get("Lead", made) is not None
    assert value(soap(api, "undelete", f"<ids>{made}</ids>"), "statusCode") == "UNDELETE_FAILED"


@pytest.mark.parametrize(
    ("version", "session", "code"),
    [("64.0", "nobody", "INVALID_SESSION_ID"), ("30.0", None, "UNSUPPORTED_API_VERSION")],
)
def test_faults(api: Api, version: str, session: str | None, code: str) -> None:
    answer = soap(api, "getUserInfo", version=version, session=session)
    assert (answer.status_code, value(answer, "exceptionCode")) == (500, code)


def test_login_may_be_off(api: Api, org: Salesforce) -> None:
    org.settings.soap_login = False
    answer = soap(api, "login", "<username>u</username><password>p</password>", version="64.0")
    assert value(answer, "exceptionCode") == "INVALID_OPERATION"


def test_entities_are_not_expanded(api: Api) -> None:
    body = '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    answer = api("POST", "/services/Soap/u/64.0", content=body)
    assert value(answer, "exceptionCode") == "INVALID_SOAP"


def test_user_info(api: Api, org: Salesforce) -> None:
    answer = soap(api, "getUserInfo")
    assert value(answer, "userName") == org.settings.username
    assert value(soap(api, "getServerTimestamp"), "timestamp") == "2026-09-21T14:13:20.000Z"
