"""Events, marketing email events, forms and their submissions (pages "Event analytics", "Email events", "Forms")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors
from sandbox.hubspot.batches import inputs_of
from sandbox.hubspot.codec import iso, moment
from sandbox.hubspot.events import Event, Form
from sandbox.hubspot.objects import properties_in
from sandbox.hubspot.values import is_email
from sandbox.hubspot.wire import Answer, Ask, route, type_of

if TYPE_CHECKING:
    from sandbox.hubspot.face import HubSpot
    from sandbox.hubspot.portal import Portal

_MOST_SENT = 500
_STYLE = {
    "fontFamily": "arial, helvetica, sans-serif",
    "backgroundWidth": "100%",
    "labelTextColor": "#33475b",
    "labelTextSize": "11px",
    "helpTextColor": "#7C98B6",
    "helpTextSize": "11px",
    "legalConsentTextColor": "#33475b",
    "legalConsentTextSize": "14px",
    "submitColor": "#ff7a59",
    "submitAlignment": "left",
    "submitFontColor": "#ffffff",
    "submitSize": "12px",
}
_EVER = 1 << 62


def _contact_of(portal: Portal, ask: Ask) -> str:
    """The record that is asked about: by id, or by address."""
    email = ask.one("objectProperty.email")
    if email:
        row = portal.consent.contact(email)
        return row.id if row else ""
    found = ask.one("objectId")
    if not found:
        raise errors.invalid("Either objectId or an objectProperty must be given with objectType")
    row = portal.records["contacts"].resolve(found)
    return row.id if row else found


def _time(ask: Ask, name: str, default: int) -> int:
    text = ask.one(name)
    if not text:
        return default
    found = moment(text)
    if found is None:
        raise errors.invalid(f"{name} must be a date-time")
    return found


def _old_ids(portal: Portal, contact: str) -> list[str]:
    row = portal.records["contacts"].live(contact)
    merged = (row.values.get("hs_merged_object_ids") or "") if row else ""
    return [contact, *filter(None, merged.split(";"))]


def events(portal: Portal, ask: Ask) -> Answer:
    if ask.one("objectType"):
        type_of(ask.one("objectType"))
    contact = _contact_of(portal, ask)
    limit = ask.whole("limit", 20, 100)
    start, stop = _time(ask, "occurredAfter", 0), _time(ask, "occurredBefore", _EVER)
    wanted = ask.one("eventType")
    every = [e for id in _old_ids(portal, contact) for e in portal.behaviour.events.get(id, ())]
    found = [e for e in every if start <= e.at < stop and wanted in ("", e.type)]
    found.sort(key=lambda e: (e.at, e.id), reverse=ask.one("sort") != "occurredAt")
    first = ask.position("after")
    body: dict[str, Any] = {"results": [{**e.shown(), "objectId": contact} for e in found[first : first + limit]]}
    if first + limit < len(found):
        after = str(first + limit)
        body["paging"] = {"next": {"after": after, "link": f"https://api.hubapi.com{ask.path}?after={after}"}}
    return Answer(200, body)


def event_types(portal: Portal, ask: Ask) -> Answer:
    return Answer(200, {"eventTypes": list(portal.behaviour.types)})


def _send(face: HubSpot, entry: dict[str, Any]) -> None:
    if not entry.get("eventName"):
        raise errors.missing_fields("eventName")
    contact = str(entry.get("objectId") or "")
    if not contact and entry.get("email"):
        if not is_email(str(entry["email"])):
            raise errors.invalid(f"Email address {entry['email']} is invalid")
        row = face.consent.contact(str(entry["email"]))
        contact = row.id if row else face.create("contacts", {"email": entry["email"]}, face.integration)
    if not contact:
        raise errors.invalid("One of objectId, email or utk is required")
    name = str(entry["eventName"])
    at = moment(str(entry.get("occurredAt") or "")) or face.clock.now()
    key = str(entry.get("uuid") or face.new_key())
    held = face.behaviour.events.setdefault(contact, [])
    if all(e.id != key for e in held):
        held.append(Event(key, "contact", contact, name, at, properties_in(entry)))
    if name not in face.behaviour.types:
        face.behaviour.types.append(name)


def send(face: HubSpot, ask: Ask) -> Answer:
    _send(face, ask.object())
    return Answer(204)


def send_batch(face: HubSpot, ask: Ask) -> Answer:
    for entry in inputs_of(ask, _MOST_SENT):
        _send(face, entry)
    return Answer(204)


def email_events(portal: Portal, ask: Ask) -> Answer:
    """Newest first.  The offset is opaque to the caller."""
    limit = ask.whole("limit", 10, 1_000)
    start, stop = ask.whole("startTimestamp", 0, _EVER, 0), ask.whole("endTimestamp", _EVER, _EVER, 0)
    recipient, kind, campaign = ask.one("recipient").lower(), ask.one("eventType"), ask.one("campaignId")
    found = [
        e
        for e in portal.behaviour.emails
        if start <= e.at <= stop
        and recipient in ("", e.recipient.lower())
        and kind in ("", e.type)
        and campaign in ("", str(e.campaign))
    ]
    found.sort(key=lambda e: e.at, reverse=True)
    first = ask.position("offset")
    page = found[first : first + limit]
    body = {
        "events": [e.shown(portal.portal_id) for e in page],
        "hasMore": first + limit < len(found),
        "offset": str(first + len(page)),
    }
    return Answer(200, body)


def submissions(portal: Portal, ask: Ask, guid: str) -> Answer:
    """Newest first."""
    form = _form(portal, guid)
    limit = ask.whole("limit", 20, 50)
    newest = sorted(form.submissions, key=lambda s: s.at, reverse=True)
    first = ask.position("after")
    body: dict[str, Any] = {"results": [s.shown() for s in newest[first : first + limit]]}
    if first + limit < len(newest):
        body["paging"] = {"next": {"after": str(first + limit)}}
    return Answer(200, body)


def _form(portal: Portal, guid: str) -> Form:
    found = portal.behaviour.forms.get(guid)
    if found is None:
        raise errors.refuse(404, f"No form found with guid {guid}", "OBJECT_NOT_FOUND")
    return found


def _form_shown(form: Form) -> dict[str, Any]:
    field = {
        "objectTypeId": "0-1",
        "name": "email",
        "label": "Email",
        "required": True,
        "hidden": False,
        "fieldType": "email",
        "dependentFields": [],
        "validation": {"blockedEmailDomains": [], "useDefaultBlockList": False},
    }
    return {
        "id": form.guid,
        "name": form.name,
        "formType": "hubspot",
        "createdAt": iso(form.created),
        "updatedAt": iso(form.created),
        "archived": False,
        "fieldGroups": [{"groupType": "default_group", "richTextType": "text", "fields": [field]}],
        "configuration": {
            "language": "en",
            "lifecycleStages": [],
            "cloneable": True,
            "editable": True,
            "archivable": True,
            "recaptchaEnabled": False,
            "notifyContactOwner": False,
            "notifyRecipients": [],
            "createNewContactForNewEmail": True,
            "prePopulateKnownValues": True,
            "allowLinkToResetKnownValues": False,
            "postSubmitAction": {"type": "thank_you", "value": "Thank you."},
        },
        "displayOptions": {
            "renderRawHtml": False,
            "theme": "default_style",
            "submitButtonText": "Submit",
            "style": _STYLE,
            "cssClass": "",
        },
        "legalConsentOptions": {"type": "none"},
    }


def forms(portal: Portal, ask: Ask) -> Answer:
    limit = ask.whole("limit", 20, 500)
    every = list(portal.behaviour.forms.values()) if ask.one("formTypes") in ("", "hubspot", "all") else []
    first = ask.position("after")
    body: dict[str, Any] = {"results": [_form_shown(f) for f in every[first : first + limit]]}
    if first + limit < len(every):
        body["paging"] = {"next": {"after": str(first + limit)}}
    return Answer(200, body)


def form(portal: Portal, ask: Ask, guid: str) -> Answer:
    return Answer(200, _form_shown(_form(portal, guid)))


ROUTES = [
    route("GET", "events/events", events, "oauth"),
    route("GET", "events/events/event-types", event_types, "oauth"),
    route("POST", "events/send", send, "analytics.behavioral_events.send"),
    route("POST", "events/send/batch", send_batch, "analytics.behavioral_events.send"),
    route("GET", "email/public/events", email_events, "content"),
    route("GET", "form-integrations/submissions/forms/{guid}", submissions, "forms"),
    route("GET", "marketing/forms", forms, "forms"),
    route("GET", "marketing/forms/{guid}", form, "forms"),
]
