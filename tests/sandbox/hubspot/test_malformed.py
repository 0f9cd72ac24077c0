"""Whatever is sent, an answer comes that is not a failure of the account's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.hubspot.face import ROUTES
from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

CONTACTS = "/crm/v3/objects/contacts"
_SPEC = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
_LINK = {"from": {"id": "100001"}, "to": {"id": "100002"}, "types": _SPEC, "type": "contact_to_company", "id": "100001"}
_FILTER = {"propertyName": "createdate", "operator": "BETWEEN", "value": "5", "highValue": "7", "values": ["a"]}
_OPTION = {"label": "a", "value": "b", "displayOrder": 1, "hidden": False}
_STAGE = {"label": "s", "displayOrder": 1, "metadata": {"probability": "0.5"}}
_RECORD = {
    "id": "a@x.org",
    "idProperty": "email",
    "properties": {"email": "q@x.org"},
    "associations": [{"to": {"id": "100002"}, "types": _SPEC}],
    "objectWriteTraceId": "1",
}
_STATUS = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 10001, "subscriberIdString": "a@x.org"}
_BATCHES = ("create", "read", "associate/default", "labels/archive", "archive")
SOUND: list[tuple[str, str, Any]] = [
    ("POST", CONTACTS, _RECORD),
    ("PATCH", f"{CONTACTS}/100001", {"properties": {"city": "x"}}),
    *(
        ("POST", f"{CONTACTS}/batch/{name}", {"inputs": [_RECORD]})
        for name in ("create", "update", "upsert", "archive")
    ),
    (
        "POST",
        f"{CONTACTS}/batch/read",
        {
            "inputs": [{"id": "100001"}],
            "properties": ["email"],
            "propertiesWithHistory": ["city"],
            "idProperty": "email",
        },
    ),
    (
        "POST",
        f"{CONTACTS}/search",
        {
            "filterGroups": [{"filters": [_FILTER]}],
            "sorts": [{"propertyName": "email", "direction": "ASCENDING"}],
            "limit": 5,
            "after": "0",
            "query": "x",
            "properties": ["email"],
        },
    ),
    ("POST", f"{CONTACTS}/merge", {"primaryObjectId": "100001", "objectIdToMerge": "7"}),
    (
        "POST",
        "/crm/v3/properties/contacts",
        {
            "name": "z",
            "label": "l",
            "type": "enumeration",
            "fieldType": "select",
            "groupName": "x",
            "options": [_OPTION],
        },
    ),
    ("POST", "/crm/v3/pipelines/deals", {"label": "L", "displayOrder": 1, "stages": [_STAGE]}),
    ("PATCH", "/crm/v3/pipelines/deals/default/stages/closedwon", _STAGE),
    *(("POST", f"/crm/v4/associations/contacts/companies/batch/{name}", {"inputs": [_LINK]}) for name in _BATCHES),
    ("POST", "/crm/v3/associations/contacts/companies/batch/create", {"inputs": [_LINK]}),
    ("PUT", "/crm/v4/objects/contacts/100001/associations/companies/100002", _SPEC),
    ("POST", "/crm/v3/lists", {"name": "n", "objectTypeId": "0-1", "processingType": "MANUAL", "filterBranch": {}}),
    ("POST", "/crm/v3/lists/search", {"query": "n", "offset": 0, "count": 5, "processingTypes": ["MANUAL"]}),
    ("POST", "/communication-preferences/v3/subscribe", {"emailAddress": "a@x.org", "subscriptionId": "10001"}),
    ("POST", "/communication-preferences/v4/statuses/batch/write", {"inputs": [_STATUS]}),
    ("POST", "/events/v3/send/batch", {"inputs": [{"eventName": "e", "email": "b@x.org", "properties": {"a": "b"}}]}),
]
_JUNK: list[Any] = [None, 5, -1, 1.5, "", "x", "1", True, [], {}, [5], ["x"], {"a": 1}, [{}], [None], "9" * 30]


def _places(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [here, *(place for key, value in inner for place in _places(value, (*here, key)))]


def _spoilt(node: Any, place: tuple[Any, ...], junk: Any) -> Any:
    """The same with something else in one place."""
    if not place:
        return junk
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[place[0]] = _spoilt(node[place[0]], place[1:], junk)
    return copy


_STEMS = {
    "legacy-properties": "/properties/v2",
    "legacy-pipelines": "/crm-pipelines/v1/pipelines",
    "objects": "/crm/v3/objects",
    "properties": "/crm/v3/properties",
    "property-validations": "/crm/v3/property-validations",
    "pipelines": "/crm/v3/pipelines",
    "owners": "/crm/v3/owners",
    "lists": "/crm/v3/lists",
    "limits": "/crm/v3/limits",
    "schemas": "/crm/v3/schemas",
    "associations": "/crm/v4/associations",
    "named-associations": "/crm/v3/associations",
    "communication-preferences": "/communication-preferences/2026-09",
    "account-info": "/account-info/v3",
    "oauth": "/oauth/v3",
    "events": "/events/v3",
    "email": "/email",
    "form-integrations": "/form-integrations/v1",
    "marketing": "/marketing/v3",
    "companies": "/companies/v2",
    "deals": "/deals/v1",
    "engagements": "/engagements/v1",
    "forms": "/forms/v2",
    "automation": "/automation/v3",
    "marketing-emails": "/marketing-emails/v1",
}
_VALUES = {"type": "contacts", "b": "companies", "email": "ann@acme.com", "name": "email", "stage": "closedwon"}


def _path(parts: tuple[str, ...]) -> str:
    filled = [_VALUES.get(p[1:-1], "100001") if p[0] == "{" else p for p in parts[1:]]
    path = "/".join([_STEMS[parts[0]], *filled])
    return path.replace("/email/public/", "/email/public/v1/")


@pytest.fixture(scope="module")
def lived_in() -> Portal:
    portal = Portal()
    ann = portal.contact(email="ann@acme.com")
    portal.hub.associate("contacts", ann, "companies", portal.company(name="Acme"), HUMAN)
    return portal


@pytest.mark.parametrize(("method", "path", "body"), SOUND, ids=lambda part: part if isinstance(part, str) else "")
def test_bodies(lived_in: Portal, method: str, path: str, body: Any) -> None:
    for place in _places(body):
        for junk in _JUNK:
            spoilt = _spoilt(body, place, junk)
            assert lived_in.call(method, path, spoilt).status < 500, spoilt


@settings(max_examples=300, deadline=None)
@given(
    entry=st.sampled_from([r for r in ROUTES if r.method == "GET"]),
    name=st.sampled_from(
        ["limit", "after", "offset", "properties", "idProperty", "associations", "objectId", "occurredAfter", "channel"]
    ),
    value=st.sampled_from(["", "x", "-1", "0", "1", "99999", "email,,", "é", "2026-01-01", "EMAIL"]),
)
def test_queries(lived_in: Portal, entry: Any, name: str, value: str) -> None:
    path = f"{_path(entry.parts)}?{name}={quote(value)}&objectType=contact&limit=2"
    assert lived_in.call("GET", path).status < 500
    assert lived_in.clock.now() == NOW
