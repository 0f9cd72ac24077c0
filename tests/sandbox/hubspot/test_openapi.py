"""Answers against HubSpot's own OpenAPI documents, where these are at hand.

The documents are stricter than the service in a few known places, which are relaxed here: values may be null, ids of
associations may be numbers or texts, and errors may lack `category`, `errors`, `links` and `context`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.sandbox.hubspot.conftest import HUMAN, NOW, Portal

_SHARED = Path(os.environ.get("SMARKETING_SHARED") or Path(__file__).resolve().parents[3].parent / "shared")
_DOCUMENTS = _SHARED / "reference" / "hubspot-openapi"
_LAX = {"Error", "StandardError"}
_EITHER = {"toObjectId", "fromObjectId"}

pytestmark = pytest.mark.skipif(not _DOCUMENTS.is_dir(), reason="HubSpot's OpenAPI documents are not at hand")


def _relaxed(node: Any, name: str = "") -> Any:
    if isinstance(node, list):
        return [_relaxed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {key: _relaxed(value, key) for key, value in node.items() if key not in ("example", "examples")}
    if name in _EITHER:
        return {"type": ["string", "integer"]}
    kind = out.get("type")
    if isinstance(kind, str) and kind != "object":
        out["type"] = [kind, "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def _schemas(document: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for name, schema in document["components"]["schemas"].items():
        out[name] = _relaxed(schema)
        if name in _LAX:
            out[name].pop("required", None)
            out[name]["properties"]["subCategory"] = {}
    return out


class _Documents:
    """Every operation of some documents, by what its path looks like."""

    def __init__(self, names: list[str]) -> None:
        self._of: list[tuple[str, re.Pattern[str], dict[str, Any], dict[str, Any]]] = []
        for name in names:
            document = json.loads((_DOCUMENTS / f"{name}.json").read_text())
            schemas = _schemas(document)
            for path, methods in document["paths"].items():
                pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "/?")
                for method, operation in methods.items():
                    if method in ("get", "post", "put", "patch", "delete"):
                        self._of.append((method.upper(), pattern, operation["responses"], schemas))

    def check(self, method: str, path: str, status: int, body: Any) -> None:
        for known, pattern, responses, schemas in self._of:
            if known == method and pattern.fullmatch(path):
                answer = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
                if answer is not None:
                    _validate(answer, schemas, body)
                    return
        raise AssertionError(f"{method} {path} does not answer {status} in the documents")


def _validate(answer: dict[str, Any], schemas: dict[str, Any], body: Any) -> None:
    content = answer.get("content", {})
    media = content.get("application/json") or content.get("*/*")
    if media is None:
        return
    schema = {**_relaxed(media["schema"]), "components": {"schemas": schemas}}
    problems = [f"{list(e.absolute_path)}: {e.message}" for e in Draft202012Validator(schema).iter_errors(body)]
    assert problems == []


def _versions(style: str) -> list[str]:
    names = {
        "v3": "contacts companies deals calls leads objects properties pipelines owners lists limitsTracking",
        "2026-03": "contacts companies deals calls leads objects properties pipelines owners lists",
        "2026-09": "contacts companies deals calls objects properties pipelines owners lists",
    }
    out = [f"{style}/crm.{name}" for name in names[style].split()]
    return [*out, f"{style}/account.info", f"{style}/communicationPreferences", f"{style}/events"]


def _stem(style: str, name: str) -> str:
    if style == "v3":
        return f"/crm/v3/{name}"
    return f"/crm/{name}/{style}"


@pytest.mark.parametrize("style", ["v3", "2026-03", "2026-09"])
def test_records_and_settings(portal: Portal, style: str) -> None:
    documents = _Documents(_versions(style))
    ann = portal.contact(email="ann@acme.com", city="Ulm")
    bob = portal.contact(email="bob@acme.com")
    acme = portal.company(name="Acme")
    portal.hub.associate("contacts", ann, "companies", acme, HUMAN)
    objects = f"{_stem(style, 'objects')}/contacts"
    batch, ids = f"{objects}/batch", {"inputs": [{"id": ann}, {"id": bob}]}
    history = {**ids, "properties": ["email"], "propertiesWithHistory": ["email", "city"]}
    create = {"inputs": [{"properties": {"email": f"n{i}@x.org"}, "associations": []} for i in range(2)]}
    lists = {"name": "L", "objectTypeId": "0-1", "processingType": "MANUAL"}
    mine = {"name": "mine", "label": "M", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    preferences = f"/communication-preferences/{style}"
    events = "/events/v3/events" if style == "v3" else f"/events/event-occurrences/{style}"
    portal.hub.event(ann, "e_visited_page", {"hs_url": "https://x.org"})
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"{objects}?limit=2&associations=companies&propertiesWithHistory=city", None),
        ("POST", objects, {"properties": {"email": "new@x.org"}, "associations": []}),
        ("GET", f"{objects}/{ann}?associations=companies", None),
        ("PATCH", f"{objects}/{ann}", {"properties": {"city": "Bonn"}}),
        ("GET", f"{objects}/999", None),
        ("POST", objects, {"properties": {"email": "new@x.org"}}),
        ("POST", objects, {"properties": {"nope": "x"}}),
        ("POST", f"{objects}/search", {"filterGroups": [], "limit": 2}),
        ("POST", f"{batch}/read", history),
        ("POST", f"{batch}/create", create),
        ("POST", f"{batch}/update", {"inputs": [{"id": ann, "properties": {"city": "Kiel"}}]}),
        (
            "POST",
            f"{batch}/upsert",
            {"inputs": [{"id": "q@x.org", "idProperty": "email", "properties": {"email": "q@x.org"}}]},
        ),
        ("POST", f"{objects}/merge", {"primaryObjectId": ann, "objectIdToMerge": bob}),
        ("GET", f"{_stem(style, 'properties')}/contacts", None),
        ("POST", f"{_stem(style, 'properties')}/contacts", mine),
        ("GET", f"{_stem(style, 'properties')}/contacts/email", None),
        ("GET", f"{_stem(style, 'properties')}/contacts/groups", None),
        ("POST", f"{_stem(style, 'properties')}/contacts/batch/read", {"inputs": [{"name": "email"}]}),
        ("GET", f"{_stem(style, 'pipelines')}/deals", None),
        ("GET", f"{_stem(style, 'pipelines')}/deals/default/stages", None),
        ("GET", f"{_stem(style, 'owners')}/", None),
        ("GET", f"{_stem(style, 'owners')}/501", None),
        ("POST", f"{_stem(style, 'lists')}", lists),
        ("PUT", f"{_stem(style, 'lists')}/1/memberships/add", [acme]),
        ("GET", f"{_stem(style, 'lists')}/1/memberships", None),
        ("POST", f"{_stem(style, 'lists')}/search", {}),
        ("GET", f"/account-info/{style}/details", None),
        ("GET", f"/account-info/{style}/api-usage/daily/private-apps", None),
        ("GET", f"{preferences}/definitions", None),
        ("GET", f"{preferences}/status/email/ann@acme.com", None),
        ("POST", f"{preferences}/unsubscribe", {"emailAddress": "ann@acme.com", "subscriptionId": "10001"}),
        ("GET", f"{events}?objectType=contact&objectId={ann}", None),
        ("GET", f"{events}/event-types", None),
        ("DELETE", f"{objects}/{ann}", None),
    ]
    for method, path, body in calls:
        if style == "2026-03" and path.startswith((f"{preferences}/status/", f"{preferences}/unsub")):
            continue
        answer = portal.call(method, path, body)
        documents.check(method, path.partition("?")[0], answer.status, answer.body)


def test_partial_batches(portal: Portal) -> None:
    documents = _Documents(["v3/crm.contacts"])
    ann = portal.contact(email="ann@acme.com")
    batch = "/crm/v3/objects/contacts/batch"
    traced = [{"properties": {"email": m}, "objectWriteTraceId": m} for m in ("ann@acme.com", "b@x.org")]
    for path, body in (
        (f"{batch}/read", {"inputs": [{"id": ann}, {"id": "5"}], "properties": []}),
        (f"{batch}/create", {"inputs": traced}),
        (f"{batch}/update", {"inputs": [{"id": ann, "properties": {}}, {"id": "5", "properties": {}}]}),
    ):
        answer = portal.call("POST", path, body)
        assert answer.status == 207
        documents.check("POST", path, 207, answer.body)


def test_associations(portal: Portal) -> None:
    documents = _Documents(
        [
            "v4/crm.associations",
            "v4/crm.associationsSchema",
            "v4/crm.associationsSchema.flex50914",
            "v3/crm.associations",
        ]
    )
    contact, company = portal.contact(email="ann@acme.com"), portal.company(name="Acme")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    pair = {"from": {"id": contact}, "to": {"id": company}}
    one, many = f"/crm/v4/objects/contacts/{contact}/associations", "/crm/v4/associations/contacts/companies"
    calls: list[tuple[str, str, Any]] = [
        ("PUT", f"{one}/default/companies/{company}", None),
        ("PUT", f"{one}/companies/{company}", spec),
        ("GET", f"{one}/companies", None),
        ("POST", f"{many}/batch/read", {"inputs": [{"id": contact}, {"id": "5"}]}),
        ("POST", f"{many}/batch/create", {"inputs": [{**pair, "types": spec}]}),
        ("POST", f"{many}/batch/associate/default", {"inputs": [pair]}),
        ("GET", f"{many}/labels", None),
        ("POST", f"{many}/labels", {"label": "A", "name": "a"}),
        ("GET", "/crm/associations/v4/contacts/companies/labels", None),
        ("POST", "/crm/v3/associations/contacts/companies/batch/read", {"inputs": [{"id": contact}]}),
        ("POST", f"{many}/batch/archive", {"inputs": [{"from": {"id": contact}, "to": [{"id": company}]}]}),
    ]
    for method, path, body in calls:
        answer = portal.call(method, path, body)
        documents.check(method, path, answer.status, answer.body)


def test_consent_of_v4_forms_and_limits(portal: Portal) -> None:
    documents = _Documents(["v4/communicationPreferences", "v3/marketing.forms", "v3/crm.limitsTracking"])
    portal.hub.form("Newsletter")
    statuses = "/communication-preferences/v4/statuses"
    wanted = {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 10001}
    emails = {"inputs": ["ann@acme.com"]}
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/communication-preferences/v4/definitions", None),
        ("GET", f"{statuses}/ann@acme.com?channel=EMAIL", None),
        ("POST", f"{statuses}/ann@acme.com", wanted),
        ("POST", f"{statuses}/ann@acme.com/unsubscribe-all?channel=EMAIL&verbose=true", None),
        ("GET", f"{statuses}/ann@acme.com/unsubscribe-all?channel=EMAIL", None),
        ("POST", f"{statuses}/batch/read?channel=EMAIL", emails),
        ("POST", f"{statuses}/batch/unsubscribe-all?channel=EMAIL", emails),
        ("POST", f"{statuses}/batch/unsubscribe-all/read?channel=EMAIL", emails),
        ("POST", f"{statuses}/batch/write", {"inputs": [{"subscriberIdString": "b@x.org", **wanted}]}),
        ("GET", "/marketing/v3/forms/", None),
        ("GET", "/crm/v3/limits/custom-properties", None),
    ]
    for method, path, body in calls:
        answer = portal.call(method, path, body)
        documents.check(method, path.partition("?")[0], answer.status, answer.body)


@pytest.mark.parametrize(("document", "path"), [("v1/oauth", "/oauth/v1/token"), ("v3/oauth", "/oauth/v3/token")])
def test_tokens(portal: Portal, document: str, path: str) -> None:
    documents = _Documents([document])
    app = {"client_id": portal.hub.client_id, "client_secret": portal.hub.client_secret}
    form = {"grant_type": "refresh_token", "refresh_token": portal.hub.refresh_token, **app}
    answer = portal.client.post(path, data=form)
    documents.check("POST", path, answer.status_code, answer.json())
    token = answer.json()["access_token"]
    if document == "v1/oauth":
        asked = portal.client.get(f"/oauth/v1/access-tokens/{token}")
        documents.check("GET", f"/oauth/v1/access-tokens/{token}", asked.status_code, asked.json())
    else:
        asked = portal.client.post(f"{path}/introspect", data={"token": token, **app})
        documents.check("POST", f"{path}/introspect", asked.status_code, asked.json())
    assert portal.clock.now() == NOW
