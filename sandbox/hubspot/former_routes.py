"""Companies v2, deals v1, engagements v1, forms v2 and the marketing pages of that age, for reading.

Singer's tap and Airbyte's source still start with them. Shapes are those of HubSpot's pages on its legacy APIs: every
value with its time and source, ids as numbers, times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sandbox.hubspot import errors, legacy_routes
from sandbox.hubspot.codec import moment
from sandbox.hubspot.schema import TYPES, ObjectType
from sandbox.hubspot.shape import value_of
from sandbox.hubspot.store import Record, full_history
from sandbox.hubspot.wire import Answer, Ask, route

if TYPE_CHECKING:
    from sandbox.hubspot.portal import Portal

_MOST = 250
_ID = {"companies": "companyId", "deals": "dealId"}
_KINDS = {"calls": "CALL", "emails": "EMAIL", "meetings": "MEETING", "notes": "NOTE", "tasks": "TASK"}
_TOLD = {
    "calls": {"body": "hs_call_body", "title": "hs_call_title", "status": "hs_call_status"},
    "emails": {"subject": "hs_email_subject", "text": "hs_email_text", "status": "hs_email_status"},
    "meetings": {"title": "hs_meeting_title", "body": "hs_meeting_body"},
    "notes": {"body": "hs_note_body"},
    "tasks": {"subject": "hs_task_subject", "body": "hs_task_body", "status": "hs_task_status"},
}
_LINKED = {"contactIds": "contacts", "companyIds": "companies", "dealIds": "deals"}


def properties(portal: Portal, ask: Ask) -> Answer:
    return legacy_routes.properties(portal, ask, "companies")


def companies(portal: Portal, ask: Ask) -> Answer:
    return Answer(200, _page(portal, ask, TYPES["companies"], "has-more"))


def deals(portal: Portal, ask: Ask) -> Answer:
    return Answer(200, _page(portal, ask, TYPES["deals"], "hasMore"))


def _page(portal: Portal, ask: Ask, type: ObjectType, more: str) -> dict[str, Any]:
    """Live records by id; the offset is the last id of the page before."""
    limit = ask.whole("limit", 100, _MOST)
    rows = portal.records[type.name].page(ask.position("offset") + 1, limit + 1)
    page = rows[:limit]
    names = None if ask.flag("includeAllProperties") else ask.many("properties")
    return {
        type.name: [_record(portal, type, row, names) for row in page],
        more: len(rows) > limit,
        "offset": int(page[-1].id) if page else 0,
    }


def recent_companies(portal: Portal, ask: Ask) -> Answer:
    return _recent(portal, ask, TYPES["companies"])


def recent_deals(portal: Portal, ask: Ask) -> Answer:
    return _recent(portal, ask, TYPES["deals"])


def _recent(portal: Portal, ask: Ask, type: ObjectType) -> Answer:
    since = ask.position("since")
    live = [row for row in portal.records[type.name].rows.values() if row.archived_at is None and row.modified >= since]
    live.sort(key=lambda row: row.modified, reverse=True)
    return Answer(200, _results(ask, [_record(portal, type, row, None) for row in live]) | {"total": len(live)})


def _results(ask: Ask, every: list[dict[str, Any]], name: str = "results") -> dict[str, Any]:
    first, limit = ask.position("offset"), ask.whole("limit", 100, 1_000)
    page = every[first : first + limit]
    return {name: page, "hasMore": first + limit < len(every), "offset": first + len(page)}


def company(portal: Portal, ask: Ask, id: str) -> Answer:
    return _one(portal, TYPES["companies"], id)


def deal(portal: Portal, ask: Ask, id: str) -> Answer:
    return _one(portal, TYPES["deals"], id)


def _one(portal: Portal, type: ObjectType, id: str) -> Answer:
    row = portal.records[type.name].resolve(id)
    if row is None:
        raise errors.refuse(404, "resource not found", "OBJECT_NOT_FOUND")
    return Answer(200, _record(portal, type, row, None))


def _record(portal: Portal, type: ObjectType, row: Record, names: Iterable[str] | None) -> dict[str, Any]:
    """`names`: the properties that are shown, beside the two times; None: all that have a value."""
    entries = {change.field: change for change in full_history(row)}
    wanted = [*portal.schemas[type.name].properties] if names is None else names
    shown: dict[str, Any] = {}
    for name in dict.fromkeys([*wanted, type.created, type.modified]):
        value = value_of(type, row, name)
        if value is None:
            continue
        entry = entries.get(name)
        at = entry.at if entry else row.modified
        origin = portal.source_type(entry.by if entry else row.born.by)
        told = {"value": _plain(value), "timestamp": at, "source": origin, "sourceId": entry.actor if entry else None}
        shown[name] = told | {"versions": [{"name": name, "sourceVid": [], **told}]}
    out = {"portalId": portal.portal_id, _ID[type.name]: int(row.id), "isDeleted": False, "properties": shown}
    if type.name == "deals":
        linked = {
            "associatedVids": _ids(portal, type, row, "contacts"),
            "associatedCompanyIds": _ids(portal, type, row, "companies"),
            "associatedDealIds": [],
        }
        out |= {"associations": linked, "imports": [], "stateChanges": []}
    return out


def _plain(value: str) -> str:
    """Moments are told in milliseconds."""
    at = moment(value) if value.endswith("Z") else None
    return value if at is None else str(at)


def _ids(portal: Portal, type: ObjectType, row: Record, other: str) -> list[int]:
    return sorted(int(id) for id in portal.links.of(type.name, row.id, other))


def pipelines(portal: Portal, ask: Ask) -> Answer:
    return Answer(
        200,
        [
            {
                "pipelineId": pipeline.id,
                "label": pipeline.label,
                "displayOrder": pipeline.order,
                "active": True,
                "staticDefault": pipeline.id == "default",
                "stages": [
                    {
                        "stageId": stage.id,
                        "label": stage.label,
                        "displayOrder": stage.order,
                        "probability": float(stage.metadata.get("probability") or 0),
                        "closedWon": stage.metadata.get("probability") == "1.0",
                        "active": True,
                    }
                    for stage in sorted(pipeline.stages.values(), key=lambda stage: stage.order)
                ],
            }
            for pipeline in portal.pipelines.live("deals")
        ],
    )


def engagements(portal: Portal, ask: Ask) -> Answer:
    return Answer(200, _results(ask, _engagements(portal)))


def engagements_since(portal: Portal, ask: Ask) -> Answer:
    """Those changed after a cursor, which is the time and the id of the last one told, oldest first."""
    at, _, id = ask.one("after").partition("_")
    after = (int(at) if at.isdigit() else 0, int(id) if id.isdigit() else 0)
    found = [e for e in _engagements(portal) if _changed(e) > after]
    found.sort(key=_changed)
    limit = ask.whole("limit", 100, 500)
    last = _changed(found[:limit][-1]) if found else after
    return Answer(200, {"results": found[:limit], "hasMore": len(found) > limit, "after": f"{last[0]}_{last[1]}"})


def _changed(shown: dict[str, Any]) -> tuple[int, int]:
    return shown["engagement"]["lastUpdated"], shown["engagement"]["id"]


def _engagements(portal: Portal) -> list[dict[str, Any]]:
    found = [
        _engagement(portal, TYPES[name], row)
        for name in _KINDS
        for row in portal.records[name].rows.values()
        if row.archived_at is None
    ]
    return sorted(found, key=lambda shown: int(shown["engagement"]["id"]))


def _engagement(portal: Portal, type: ObjectType, row: Record) -> dict[str, Any]:
    owner = row.values.get("hubspot_owner_id")
    linked = {name: _ids(portal, type, row, other) for name, other in _LINKED.items()}
    told = {
        name: row.values[source]
        for name, source in _TOLD[type.name].items()
        if source in row.values and source not in portal.withheld
    }
    return {
        "engagement": {
            "id": int(row.id),
            "portalId": portal.portal_id,
            "active": True,
            "createdAt": row.created,
            "lastUpdated": row.modified,
            "ownerId": int(owner) if owner else None,
            "type": _KINDS[type.name],
            "timestamp": moment(row.values.get("hs_timestamp") or "") or row.created,
        },
        "associations": {**linked, "ownerIds": [], "workflowIds": [], "ticketIds": []},
        "attachments": [],
        "metadata": told,
    }


def campaigns(portal: Portal, ask: Ask) -> Answer:
    found = [
        {"id": id, "appId": 113, "appName": "Batch", "lastUpdatedTime": last} for id, last in _campaigns(portal).items()
    ]
    return Answer(200, _results(ask, found, "campaigns"))


def _campaigns(portal: Portal) -> dict[int, int]:
    """Each e-mail that was sent, with the time of the last thing that happened to it; the latest first."""
    last: dict[int, int] = {}
    for event in portal.behaviour.emails:
        last[event.campaign] = max(event.at, last.get(event.campaign, 0))
    return dict(sorted(last.items(), key=itemgetter(1), reverse=True))


def campaign(portal: Portal, ask: Ask, id: str) -> Answer:
    about = [event for event in portal.behaviour.emails if str(event.campaign) == id]
    if not about:
        raise errors.refuse(404, f"Campaign {id} not found", "OBJECT_NOT_FOUND")
    counters: dict[str, int] = {}
    for event in about:
        counters[event.type.lower()] = counters.get(event.type.lower(), 0) + 1
    sent = counters.get("sent", 0)
    body = {"id": int(id), "appId": 113, "appName": "Batch", "contentId": int(id), "name": f"E-mail {id}"}
    return Answer(200, body | {"counters": counters, "numIncluded": sent, "numQueued": sent, "type": "BATCH_EMAIL"})


def subscription_types(portal: Portal, ask: Ask) -> Answer:
    found = [
        {"id": int(s.id), "portalId": portal.portal_id, "name": s.name, "description": s.description, "active": True}
        for s in portal.consent.subscriptions.values()
    ]
    return Answer(200, {"subscriptionDefinitions": found})


def subscription_changes(portal: Portal, ask: Ask) -> Answer:
    """What people and integrations said, oldest first."""
    start, stop = ask.position("startTimestamp"), ask.whole("endTimestamp", 1 << 62, 1 << 62, 0)
    found = [c for c in _changes(portal) if start <= c["timestamp"] < stop]
    return Answer(200, _results(ask, sorted(found, key=itemgetter("timestamp")), "timeline"))


def _changes(portal: Portal) -> Iterator[dict[str, Any]]:
    for address, subscription, status in portal.consent.told():
        change = {
            "change": "SUBSCRIBED" if status.subscribed else "UNSUBSCRIBED",
            "changeType": "SUBSCRIPTION_STATUS" if subscription else "PORTAL_STATUS",
            "source": "SOURCE_RECIPIENT" if status.by == "form" else "SOURCE_HUBSPOT_CUSTOMER",
            "portalId": portal.portal_id,
        }
        if subscription:
            change["subscriptionId"] = int(subscription)
        yield {"timestamp": status.at, "recipient": address, "portalId": portal.portal_id, "changes": [change]}


def forms(portal: Portal, ask: Ask) -> Answer:
    email = {"name": "email", "label": "Email", "type": "string", "fieldType": "text", "required": True}
    return Answer(
        200,
        [
            {
                "portalId": portal.portal_id,
                "guid": form.guid,
                "name": form.name,
                "formType": "HUBSPOT",
                "createdAt": form.created,
                "updatedAt": form.created,
                "submitText": "Submit",
                "formFieldGroups": [{"fields": [email], "default": True}],
            }
            for form in portal.behaviour.forms.values()
        ],
    )


def workflows(portal: Portal, ask: Ask) -> Answer:
    return Answer(200, {"workflows": []})


def marketing_emails(portal: Portal, ask: Ask) -> Answer:
    return Answer(
        200, {"objects": [], "total": 0, "totalCount": 0, "limit": ask.whole("limit", 10, 1_000), "offset": 0}
    )


_COMPANIES, _DEALS = "crm.objects.companies.read", "crm.objects.deals.read"
ROUTES = [
    route("GET", "companies/properties", properties, "crm.schemas.companies.read crm.objects.companies.read"),
    route("GET", "companies/companies/paged", companies, _COMPANIES),
    route("GET", "companies/companies/recent/modified", recent_companies, _COMPANIES),
    route("GET", "companies/companies/{id}", company, _COMPANIES),
    route("GET", "deals/deal/paged", deals, _DEALS),
    route("GET", "deals/deal/recent/modified", recent_deals, _DEALS),
    route("GET", "deals/deal/{id}", deal, _DEALS),
    route("GET", "deals/pipelines", pipelines, _DEALS),
    route("GET", "engagements/engagements/paged", engagements, "crm.objects.contacts.read"),
    route("GET", "engagements/engagements/modified/after", engagements_since, "crm.objects.contacts.read"),
    route("GET", "email/public/campaigns", campaigns, "content"),
    route("GET", "email/public/campaigns/by-id", campaigns, "content"),
    route("GET", "email/public/campaigns/{id}", campaign, "content"),
    route("GET", "email/public/subscriptions", subscription_types, "content"),
    route("GET", "email/public/subscriptions/timeline", subscription_changes, "content"),
    route("GET", "forms/forms", forms, "forms"),
    route("GET", "automation/workflows", workflows, "automation"),
    route("GET", "marketing-emails/emails/with-statistics", marketing_emails, "content"),
]
