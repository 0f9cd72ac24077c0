"""Subscriptions over HTTP, in the two shapes of v3 and v4 (guide "Subscription preferences")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.batches import batch_answer, inputs_of
from sandbox.hubspot.codec import iso
from sandbox.hubspot.consent import LEGAL, Status, Subscription
from sandbox.hubspot.values import is_email
from sandbox.hubspot.wire import Answer, Ask, route

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal


_OLD = ("v3", "2026-09")
"""Versions with the calls for one subscription."""
_NEW = ("v4", "2026-03", "2026-09")
"""Versions with statuses."""


def _only(ask: Ask, versions: tuple[str, ...]) -> None:
    if ask.version not in versions:
        raise errors.not_found_page()


def definitions(portal: Portal, ask: Ask) -> Answer:
    found = [s.shown() for s in portal.consent.subscriptions.values()]
    if ask.version == "v3":
        return Answer(200, {"subscriptionDefinitions": found})
    return _complete(portal, found)


def _complete(portal: Portal, results: list[dict[str, Any]]) -> Answer:
    now = iso(portal.clock.now())
    return Answer(200, {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now})


def _shown_v3(portal: Portal, email: str, subscription: Subscription) -> dict[str, Any]:
    status = portal.consent.status(email, subscription.id)
    out: dict[str, Any] = {
        "id": subscription.id,
        "name": subscription.name,
        "description": subscription.description,
        "status": "SUBSCRIBED" if status and status.subscribed else "NOT_SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if portal.consent.opted_out(email) else "SUBSCRIPTION_STATUS",
        "preferenceGroupName": None,
        "legalBasis": status.legal_basis if status else None,
        "legalBasisExplanation": status.explanation if status else None,
    }
    return out


def _address(email: str) -> str:
    if not is_email(email):
        raise errors.invalid(f"Email address {email} is invalid")
    return email


def status_v3(portal: Portal, ask: Ask, email: str) -> Answer:
    _only(ask, _OLD)
    _address(email)
    found = [_shown_v3(portal, email, s) for s in portal.consent.subscriptions.values()]
    return Answer(200, {"recipient": email, "subscriptionStatuses": found})


def _set_v3(portal: Portal, ask: Ask, subscribed: bool) -> Answer:
    _only(ask, _OLD)
    body = ask.object()
    absent = [name for name in ("emailAddress", "subscriptionId") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    email = _address(str(body["emailAddress"]))
    subscription = _subscription(portal, body["subscriptionId"])
    basis = _basis(body)
    status = Status(subscribed, portal.clock.now(), "integration", basis, body.get("legalBasisExplanation"))
    portal.consent.set(email, subscription.id, status)
    return Answer(200, _shown_v3(portal, email, subscription))


def _basis(body: dict[str, Any]) -> str | None:
    basis = body.get("legalBasis")
    if basis is not None and basis not in LEGAL:
        raise errors.bad_json(f"Cannot deserialize value of legalBasis from String {basis!r}")
    return basis


def _subscription(portal: Portal, id: Any) -> Subscription:
    found = portal.consent.subscriptions.get(str(id))
    if found is None:
        raise errors.refuse(
            404, f"Subscription {id} does not exist", "OBJECT_NOT_FOUND", context={"subscriptionId": [str(id)]}
        )
    return found


def subscribe(portal: Portal, ask: Ask) -> Answer:
    return _set_v3(portal, ask, True)


def unsubscribe(portal: Portal, ask: Ask) -> Answer:
    return _set_v3(portal, ask, False)


def _word(status: Status | None) -> str:
    if status is None:
        return "NOT_SPECIFIED"
    return "SUBSCRIBED" if status.subscribed else "UNSUBSCRIBED"


def _shown_v4(portal: Portal, email: str, subscription: Subscription, reason: str = "") -> dict[str, Any]:
    status = portal.consent.status(email, subscription.id)
    out: dict[str, Any] = {
        "subscriberIdString": email,
        "subscriptionId": int(subscription.id),
        "subscriptionName": subscription.name,
        "channel": "EMAIL",
        "status": _word(status),
        "source": status.by if status else "Not specified",
        "timestamp": iso(status.at if status else portal.clock.now()),
    }
    if status and status.legal_basis:
        out |= {"legalBasis": status.legal_basis, "legalBasisExplanation": status.explanation}
    if reason:
        out["setStatusSuccessReason"] = reason
    return out


def _channel(ask: Ask) -> None:
    if ask.one("channel") != "EMAIL":
        raise errors.invalid("The query parameter channel is required and must be EMAIL")


def status_v4(portal: Portal, ask: Ask, email: str) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    _address(email)
    return _complete(portal, [_shown_v4(portal, email, s) for s in portal.consent.subscriptions.values()])


def _set_v4(portal: Portal, email: str, body: dict[str, Any]) -> dict[str, Any]:
    absent = [name for name in ("channel", "statusState", "subscriptionId") if not body.get(name)]
    if absent:
        raise errors.missing_fields(*absent)
    if body["statusState"] not in ("SUBSCRIBED", "UNSUBSCRIBED"):
        raise errors.invalid(f"statusState {body['statusState']} cannot be set")
    subscription = _subscription(portal, body["subscriptionId"])
    subscribed = body["statusState"] == "SUBSCRIBED"
    before = portal.consent.status(email, subscription.id)
    if before is not None and before.subscribed is subscribed:
        return _shown_v4(portal, email, subscription, "NO_STATUS_CHANGE")
    made = Status(subscribed, portal.clock.now(), "integration", _basis(body), body.get("legalBasisExplanation"))
    portal.consent.set(email, subscription.id, made)
    return _shown_v4(portal, email, subscription, "REQUESTED_CHANGE_OCCURRED")


def set_v4(portal: Portal, ask: Ask, email: str) -> Answer:
    _only(ask, _NEW)
    return _complete(portal, [_set_v4(portal, _address(email), ask.object())])


def _wide(portal: Portal, email: str) -> dict[str, Any]:
    out = portal.consent.opted_out(email)
    return {
        "subscriberIdString": email,
        "channel": "EMAIL",
        "wideStatusType": "PORTAL_WIDE",
        "status": "UNSUBSCRIBED" if out else "NOT_SPECIFIED",
        "timestamp": iso(out.at if out else portal.clock.now()),
    }


def wide(portal: Portal, ask: Ask, email: str) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    return _complete(portal, [_wide(portal, _address(email))])


def unsubscribe_all(portal: Portal, ask: Ask, email: str) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    _address(email)
    if portal.consent.opted_out(email) is None:
        portal.consent.opt_out(email, "integration")
    if not ask.flag("verbose"):
        return _complete(portal, [])
    subscriptions = portal.consent.subscriptions.values()
    return _complete(portal, [_shown_v4(portal, email, s, "UNSUBSCRIBE_FROM_ALL_OCCURRED") for s in subscriptions])


def _strings(ask: Ask) -> list[str]:
    inputs = ask.object().get("inputs")
    if not isinstance(inputs, list):
        raise errors.missing_fields("inputs")
    if len(inputs) > 100:
        raise errors.too_many_inputs(100)
    return [_address(str(email)) for email in inputs]


def batch_status(portal: Portal, ask: Ask) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    results = [
        {
            "subscriberIdString": email,
            "statuses": [_shown_v4(portal, email, s) for s in portal.consent.subscriptions.values()],
        }
        for email in _strings(ask)
    ]
    return batch_answer(portal, 200, results)


def batch_wide(portal: Portal, ask: Ask) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    results = [{"subscriberIdString": e, "wideStatuses": [_wide(portal, e)]} for e in _strings(ask)]
    return batch_answer(portal, 200, results)


def batch_unsubscribe_all(portal: Portal, ask: Ask) -> Answer:
    _only(ask, _NEW)
    _channel(ask)
    emails = _strings(ask)
    for email in emails:
        portal.consent.opt_out(email, "integration")
    return batch_answer(portal, 200, [{"subscriberIdString": email} for email in emails])


def batch_write(portal: Portal, ask: Ask) -> Answer:
    _only(ask, _NEW)
    results = []
    for entry in inputs_of(ask):
        if not entry.get("subscriberIdString"):
            raise errors.missing_fields("subscriberIdString")
        results.append(_set_v4(portal, _address(str(entry["subscriberIdString"])), entry))
    return batch_answer(portal, 200, results)


_P = "communication-preferences"
_READ = "communication_preferences.read communication_preferences.read_write"
_WRITE = "communication_preferences.write communication_preferences.read_write"
_BATCH_READ = "communication_preferences.statuses.batch.read"
_BATCH_WRITE = "communication_preferences.statuses.batch.write"
ROUTES = [
    route("GET", f"{_P}/definitions", definitions, _READ),
    route("GET", f"{_P}/status/email/{{email}}", status_v3, _READ),
    route("POST", f"{_P}/subscribe", subscribe, _WRITE),
    route("POST", f"{_P}/unsubscribe", unsubscribe, _WRITE),
    route("POST", f"{_P}/statuses/batch/read", batch_status, _BATCH_READ),
    route("POST", f"{_P}/statuses/batch/write", batch_write, _BATCH_WRITE),
    route("POST", f"{_P}/statuses/batch/unsubscribe-all", batch_unsubscribe_all, _BATCH_WRITE),
    route("POST", f"{_P}/statuses/batch/unsubscribe-all/read", batch_wide, _BATCH_READ),
    route("GET", f"{_P}/statuses/{{email}}", status_v4, _READ),
    route("POST", f"{_P}/statuses/{{email}}", set_v4, _WRITE),
    route("GET", f"{_P}/statuses/{{email}}/unsubscribe-all", wide, _READ),
    route("POST", f"{_P}/statuses/{{email}}/unsubscribe-all", unsubscribe_all, _WRITE),
]
