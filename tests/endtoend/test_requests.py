"""Every call that a whole run makes to HubSpot, held against HubSpot's own OpenAPI documents, where these are at hand.

The documents are stricter than the service in a few known places, which are named here: lists that may be left out,
`sorts` typed as texts, booleans that HubSpot's own client writes as `True`, and no 207 in the dated versions.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sync.engine import Engine
from tests.endtoend.program import HOPE, Program, engine, later, provisioned, served

_SHARED = Path(os.environ.get("SMARKETING_SHARED") or Path(__file__).resolve().parents[2].parent / "shared")
_DOCUMENTS = _SHARED / "reference" / "hubspot-openapi"
_FOLDERS = {"v3": ("v1", "v3", "v4"), "2026-09": ("2026-09",)}
_UNDOCUMENTED = re.compile(r"/(email/public/v1/events|form-integrations/v1/submissions/forms/.*|marketing/v3/forms)/?")
"""Of these the collection has no document, or none of the dated versions."""
_OPTIONAL = {"associations", "propertiesWithHistory", "after", "filterGroups", "sorts"}
"""What the documents call required and the guides leave out."""
_ALL = "[insight]\nbehaviour = true\noutcomes = true\n[sla]\non = true\n[score]\nenabled = true\n"

pytestmark = pytest.mark.skipif(not _DOCUMENTS.is_dir(), reason="HubSpot's OpenAPI documents are not at hand")


class Call(NamedTuple):
    """One request, and how it was answered."""

    method: str
    path: str
    query: str
    body: bytes
    status: int


class Listening(httpx.BaseTransport):
    """The transport of a door, overheard."""

    def __init__(self, inner: httpx.BaseTransport, calls: list[Call]) -> None:
        self._inner, self._calls = inner, calls

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        answer = self._inner.handle_request(request)
        url = request.url
        self._calls.append(Call(request.method, url.path, url.query.decode(), body, answer.status_code))
        return answer

    def close(self) -> None:
        self._inner.close()


class Operation(NamedTuple):
    """One method of one path of a document."""

    pattern: re.Pattern[str]
    told: dict[str, Any]
    schemas: dict[str, Any]


def _plain(node: Any) -> Any:
    """A schema without what only OpenAPI knows, and without the places in which it is stricter than the service."""
    if isinstance(node, list):
        return [_plain(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _plain(value) for key, value in node.items() if key not in ("example", "examples", "nullable")}
    if isinstance(kept.get("required"), list):
        kept["required"] = [name for name in kept["required"] if name not in _OPTIONAL]
    if isinstance(kept.get("properties"), dict):
        kept["properties"].pop("sorts", None)
        kept["additionalProperties"] = kept.get("additionalProperties", {}) if "sorts" in node["properties"] else False
    return kept


@cache
def _operations(api: str) -> dict[str, list[Operation]]:
    found: dict[str, list[Operation]] = {}
    for path in sorted(file for folder in _FOLDERS[api] for file in (_DOCUMENTS / folder).glob("*.json")):
        document = json.loads(path.read_text())
        schemas = _plain(document["components"]["schemas"])
        for address, methods in sorted(document["paths"].items(), key=lambda item: item[0].count("{")):
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", address) + "/?")
            for method, told in methods.items():
                if method in ("get", "post", "put", "patch", "delete"):
                    shared = methods.get("parameters", [])
                    operation = {**told, "parameters": [*told.get("parameters", []), *shared]}
                    found.setdefault(method.upper(), []).append(Operation(pattern, operation, schemas))
    return found


def _problems(call: Call, operation: Operation) -> Iterator[str]:
    known = {told["name"]: told for told in operation.told["parameters"] if told["in"] == "query"}
    asked = parse_qsl(call.query, keep_blank_values=True)
    for name, value in asked:
        schema = known.get(name, {}).get("schema")
        if schema is None:
            yield f"unknown parameter {name}"
            continue
        schema = schema.get("items", schema)
        if value not in schema.get("enum", [value]):
            yield f"{name} may not be {value}"
        if schema.get("type") == "integer" and not value.lstrip("-").isdigit():
            yield f"{name} is no number: {value}"
        if schema.get("type") == "boolean" and value.lower() not in ("true", "false"):
            yield f"{name} is no boolean: {value}"
    yield from (
        f"{name} is missing" for name, told in known.items() if told.get("required") and name not in dict(asked)
    )
    foreseen = operation.told.get("requestBody")
    if foreseen is None:
        yield from ["a body that nobody asks for"] if call.body else []
        return
    if not call.body:
        yield from ["no body"] if foreseen.get("required") else []
        return
    media = _plain(next(iter(foreseen["content"].values()))["schema"])
    schema = {**media, "components": {"schemas": operation.schemas}}
    for error in Draft202012Validator(schema).iter_errors(json.loads(call.body)):
        yield f"{list(error.absolute_path)}: {error.message[:200]}"
    if call.status < 400 and call.status != 207 and str(call.status) not in operation.told["responses"]:
        yield f"answers {call.status} are not foreseen"


def _objections(calls: list[Call], api: str) -> set[str]:
    found: set[str] = set()
    for call in calls:
        if _UNDOCUMENTED.fullmatch(call.path):
            continue
        fitting = [known for known in _operations(api).get(call.method, []) if known.pattern.fullmatch(call.path)]
        if not fitting:
            found.add(f"{call.method} {call.path}: in no document")
            continue
        best = min(([*_problems(call, operation)] for operation in fitting), key=len)
        found |= {f"{call.method} {call.path}: {problem}" for problem in best}
    return found


def _overheard(made: Engine, calls: list[Call]) -> Engine:
    door = made.connectors["hubspot"].door  # type: ignore[attr-defined]
    door._transport = Listening(door._transport, calls)
    return made


@pytest.mark.parametrize("api", list(_FOLDERS))
def test_every_call_is_one_that_the_documents_know(api: str, tmp_path: Path) -> None:
    calls: list[Call] = []
    with served(60, 3) as (world, addresses):
        program = Program.installed(tmp_path, addresses, more=_ALL)
        written = (tmp_path / "config.toml").read_text().replace("[hubspot]\n", f'[hubspot]\napi = "{api}"\n')
        (tmp_path / "config.toml").write_text(written)
        provisioned(program)
        with engine(program) as made:
            _overheard(made, calls).cycle("backfill", full=True, muted=True)
        later(world, HOPE)
        with httpx.Client(base_url=addresses.announced["control_url"]) as people:
            for side, object, values in (
                ("salesforce", "Lead", {"Title": "Builder", "HasOptedOutOfEmail": True}),
                ("hubspot", "contacts", {"jobtitle": "Planner"}),
            ):
                for record in people.get(f"/records/{side}/{object}?limit=8").json()["records"]:
                    people.patch(f"/records/{side}/{object}/{record['id']}", json={"values": values})
        later(world)
        with engine(program, ahead=HOPE) as made:
            _overheard(made, calls).cycle("sync")
    assert {call.path.rsplit("/", 1)[-1] for call in calls} >= {"search", "read", "create", "update", "unsubscribe-all"}
    assert _objections(calls, api) == set()
