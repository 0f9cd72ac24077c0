"""Whatever is sent, an answer comes that is not a failure of the account's own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.hubspot.face import ROUTES
from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

_KEYS = st.sampled_from(
    [
        *("inputs", "id", "idProperty", "properties", "propertiesWithHistory", "associations", "to", "from", "types"),
        *("associationCategory", "associationTypeId", "filterGroups", "filters", "propertyName", "operator", "value"),
        *("values", "highValue", "sorts", "limit", "after", "query", "email", "name", "label", "type", "fieldType"),
        *("groupName", "options", "objectTypeId", "processingType", "stages", "displayOrder", "metadata", "objectId"),
        *("subscriptionId", "emailAddress", "channel", "statusState", "eventName", "occurredAt", "recordIdsToAdd"),
        *("primaryObjectId", "objectIdToMerge", "objectWriteTraceId", "hasUniqueValue", "legalBasis", "listIds"),
        *("subscriberIdString", "offset", "count", "processingTypes", "displayOrder", "tokenKey"),
    ]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.sampled_from(["", "1", "100001", "x", "email", "EQ", "IN", "BETWEEN", "ann@acme.com", "EMAIL", "MANUAL", "0-1"]),
)
_BODIES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=12,
)
_STEMS = {
    "objects": "/crm/v3/objects",
    "properties": "/crm/v3/properties",
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
}
_VALUES = {"type": "contacts", "b": "companies", "email": "ann@acme.com", "name": "email", "stage": "closedwon"}


def _path(parts: tuple[str, ...]) -> str:
    filled = [_VALUES.get(p[1:-1], "100001") if p[0] == "{" else p for p in parts[1:]]
    path = "/".join([_STEMS[parts[0]], *filled])
    return path.replace("/email/public/events", "/email/public/v1/events")


@pytest.fixture(scope="module")
def lived_in() -> Portal:
    portal = Portal()
    ann = portal.contact(email="ann@acme.com")
    portal.hub.associate("contacts", ann, "companies", portal.company(name="Acme"), HUMAN)
    return portal


@settings(max_examples=500, deadline=None)
@given(entry=st.sampled_from(ROUTES), body=_BODIES)
def test_bodies(lived_in: Portal, entry: Any, body: Any) -> None:
    assert lived_in.call(entry.method, _path(entry.parts), body).status < 500


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
