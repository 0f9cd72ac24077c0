"""Several requests in one: composite, graph and batch (REST guide, Composite Resources).

A subrequest is an ordinary call that the same routes answer.  Later ones may take values from earlier answers with
`@{reference.path}`; names there are case-sensitive.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.http import Answer, Call, json_answer, split_target
from sandbox.salesforce.platform import Platform

Dispatch = Callable[[Platform, Call, tuple[str, ...]], Answer]

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
MOST_GRAPHS = 75
MOST_NODES = 500
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_TARGET = re.compile(r"/services/data/v(\d+\.\d)(/.*)?\Z")
_ALLOWED = ("sobjects", "query", "queryAll", "composite", "limits")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _HaltError(Exception):
    def __init__(self, answers: list[dict[str, Any]]) -> None:
        super().__init__()
        self.answers = answers


class _Unresolved(Exception):
    pass


def resource(dispatch: Dispatch) -> Callable[[Platform, Call], Answer]:
    """`POST /composite`."""

    def composite(platform: Platform, call: Call) -> Answer:
        body = call.json_object()
        requests = _checked(body.get("compositeRequest"), MOST_SUBREQUESTS, MOST_QUERIES)
        call.items = len(requests)
        answers, _ = _together(platform, call, dispatch, requests, bool(body.get("allOrNone", False)))
        return json_answer({"compositeResponse": answers})

    return composite


def graph(dispatch: Dispatch) -> Callable[[Platform, Call], Answer]:
    """`POST /composite/graph`: each graph wholly or not at all."""

    def answer(platform: Platform, call: Call) -> Answer:
        graphs = call.json_object().get("graphs")
        if not isinstance(graphs, list) or len(graphs) > MOST_GRAPHS:
            raise ApiError(400, "INVALID_INPUT", f"A request has at most {MOST_GRAPHS} graphs")
        found = []
        for each in graphs:
            requests = _checked(each.get("compositeRequest"), MOST_NODES, MOST_NODES)
            answers, good = _together(platform, call, dispatch, requests, True)
            found.append(
                {
                    "graphId": each.get("graphId"),
                    "graphResponse": {"compositeResponse": answers},
                    "isSuccessful": good,
                }
            )
        return json_answer({"graphs": found})

    return answer


def _checked(requests: Any, most: int, most_queries: int) -> list[dict[str, Any]]:
    if not isinstance(requests, list) or not requests:
        raise ApiError(400, "INVALID_INPUT", "compositeRequest must hold at least one subrequest")
    if len(requests) > most:
        raise ApiError(400, "LIMIT_EXCEEDED", f"The maximum number of subrequests is {most}.")
    names = [r.get("referenceId") for r in requests]
    if None in names or len(set(names)) != len(names):
        raise ApiError(400, "INVALID_INPUT", "Each subrequest needs a referenceId of its own")
    heavy = sum("/query" in str(r.get("url")) or "/composite/sobjects" in str(r.get("url")) for r in requests)
    if heavy > most_queries:
        raise ApiError(
            400, "LIMIT_EXCEEDED", f"At most {most_queries} subrequests can be queries or sObject collections."
        )
    return requests


def _together(
    platform: Platform, call: Call, dispatch: Dispatch, requests: list[dict[str, Any]], all_or_none: bool
) -> tuple[list[dict[str, Any]], bool]:
    """The answers, and whether all went well."""

    def run() -> list[dict[str, Any]]:
        bodies: dict[str, bytes] = {}
        answers = [_subrequest(platform, call, dispatch, request, bodies) for request in requests]
        if all_or_none and any(_failed(a) for a in answers):
            raise _HaltError([a if _failed(a) else _refusal(a["referenceId"], _HALTED) for a in answers])
        return answers

    try:
        answers = platform.store.attempt(run)
    except _HaltError as halted:
        return halted.answers, False
    return answers, not any(_failed(a) for a in answers)


def _failed(answer: dict[str, Any]) -> bool:
    return int(answer["httpStatusCode"]) >= 400


def _refusal(reference: str, message: str) -> dict[str, Any]:
    return {
        "body": [{"errorCode": "PROCESSING_HALTED", "message": message}],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": reference,
    }


def _subrequest(
    platform: Platform, call: Call, dispatch: Dispatch, request: dict[str, Any], bodies: dict[str, bytes]
) -> dict[str, Any]:
    reference = request["referenceId"]
    try:
        target = _filled(str(request.get("url", "")), bodies)
        body = _filled_deep(request.get("body"), bodies)
    except _Unresolved as missing:
        return _refusal(reference, f"Invalid reference specified. {missing}")
    answer = call_within(platform, call, dispatch, str(request.get("method", "GET")), target, body, request)
    if answer.status < 400:
        bodies[reference] = answer.body
    headers = {k: v for k, v in answer.headers.items() if k == "Location"}
    shown = orjson.Fragment(answer.body) if answer.body else None
    return {"body": shown, "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": reference}


def call_within(
    platform: Platform, call: Call, dispatch: Dispatch, method: str, target: str, body: Any, request: dict[str, Any]
) -> Answer:
    """Answer one subrequest; a refusal becomes its answer."""
    found = _TARGET.match(target)
    try:
        if found is None:
            raise ApiError(400, "INVALID_INPUT", f"The subrequest URL {target.partition('?')[0]} is not valid")
        path, query = split_target(found.group(2) or "")
        headers = {k.lower(): str(v) for k, v in (request.get("httpHeaders") or {}).items()}
        inner = Call(
            method.upper(), path, query, headers, parsed=body, version=float(found.group(1)), user_id=call.user_id,
            base_url=call.base_url, depth=call.depth + 1,
        )  # fmt: skip
        segments = inner.segments
        if not segments or segments[0] not in _ALLOWED or (inner.depth > 1 and segments == ("composite",)):
            raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
        return dispatch(platform, inner, segments)
    except ApiError as refused:
        return json_answer(refused.body(), refused.status)


def _filled_deep(value: Any, bodies: dict[str, bytes]) -> Any:
    if isinstance(value, str):
        return _filled(value, bodies) if "@{" in value else value
    if isinstance(value, dict):
        return {k: _filled_deep(v, bodies) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled_deep(v, bodies) for v in value]
    return value


def _filled(text: str, bodies: dict[str, bytes]) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole:
        return _looked_up(whole.group(1), bodies)
    return _REFERENCE.sub(lambda found: str(_looked_up(found.group(1), bodies)), text)


def _looked_up(path: str, bodies: dict[str, bytes]) -> Any:
    steps = [name or int(index) for name, index in _STEP.findall(path)]
    reference = str(steps[0])
    if reference not in bodies:
        raise _Unresolved(f"No value for {path} found in response of {reference}")
    value = orjson.loads(bodies[reference] or b"null")
    for step in steps[1:]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            raise _Unresolved(f"No value for {path} found in response of {reference}") from None
    return value


def batch(dispatch: Dispatch) -> Callable[[Platform, Call], Answer]:
    """`POST /composite/batch`: independent subrequests, one after the other, each counted."""

    def answer(platform: Platform, call: Call) -> Answer:
        body = call.json_object()
        requests = body.get("batchRequests")
        if not isinstance(requests, list) or not 0 < len(requests) <= MOST_SUBREQUESTS:
            raise ApiError(400, "LIMIT_EXCEEDED", f"The maximum number of subrequests is {MOST_SUBREQUESTS}.")
        platform.usage.add(platform.now, len(requests) - 1)
        call.items = len(requests)
        results: list[dict[str, Any]] = []
        failed = False
        for request in requests:
            if failed and body.get("haltOnError"):
                halted = {"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}
                results.append({"statusCode": 412, "result": [halted]})
                continue
            target = "/services/data/" + str(request.get("url", "")).removeprefix("/services/data").lstrip("/")
            given = request.get("richInput")
            each = call_within(platform, call, dispatch, str(request.get("method", "GET")), target, given, {})
            failed = failed or each.status >= 400
            results.append({"statusCode": each.status, "result": orjson.Fragment(each.body) if each.body else None})
        return json_answer({"hasErrors": failed, "results": results})

    return answer
