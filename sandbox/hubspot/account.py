"""The account itself: its details, its owners, its limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.hubspot import errors
from sandbox.hubspot.codec import iso
from sandbox.hubspot.schema import TYPES
from sandbox.hubspot.wire import Answer, Ask, route

if TYPE_CHECKING:
    from sandbox.hubspot.face import HubSpot
    from sandbox.hubspot.portal import Portal

_CUSTOM_LIMIT = 1_000


def details(portal: Portal, ask: Ask) -> Answer:
    now = datetime.fromtimestamp(portal.clock.now() / 1000, UTC).astimezone(ZoneInfo(portal.time_zone))
    offset = now.utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    sign = "-" if seconds < 0 else "+"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return Answer(
        200,
        {
            "portalId": portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": portal.time_zone,
            "companyCurrency": portal.currency,
            "additionalCurrencies": [],
            "utcOffset": f"{sign}{hours:02}:{minutes:02}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": "app-eu1.hubspot.com",
            "dataHostingLocation": "eu1",
        },
    )


def usage(face: HubSpot, ask: Ask) -> Answer:
    entry = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": face.limits.daily,
        "currentUsage": face.limits.daily_used,
        "collectedAt": iso(face.clock.now()),
        "fetchStatus": "SUCCESS",
    }
    return Answer(200, {"results": [entry]})


def owners(portal: Portal, ask: Ask) -> Answer:
    limit = ask.whole("limit", 100, 500)
    email, archived, after = ask.one("email").lower(), ask.flag("archived"), ask.position("after")
    found = [
        o
        for o in sorted(portal.owners.values(), key=lambda o: int(o.id))
        if o.archived is archived and (not email or o.email.lower() == email) and int(o.id) >= after
    ]
    body: dict[str, Any] = {"results": [o.shown() for o in found[:limit]]}
    if len(found) > limit:
        link = f"https://api.hubapi.com{ask.path}?limit={limit}&after={found[limit].id}"
        body["paging"] = {"next": {"after": found[limit].id, "link": link}}
    return Answer(200, body)


def owner(portal: Portal, ask: Ask, id: str) -> Answer:
    by_user = ask.one("idProperty") == "userId"
    found = next(
        (
            o
            for o in portal.owners.values()
            if (str(o.user_id) if by_user else o.id) == id and o.archived is ask.flag("archived")
        ),
        None,
    )
    if found is None:
        raise errors.resource_not_found(id)
    return Answer(200, found.shown())


def custom_properties(portal: Portal, ask: Ask) -> Answer:
    by_type = []
    for name, schema in portal.schemas.items():
        used = sum(not p.defined for p in schema.properties.values())
        by_type.append(
            {
                "objectTypeId": TYPES[name].id,
                "singularLabel": TYPES[name].singular.capitalize(),
                "pluralLabel": name.capitalize(),
                "limit": _CUSTOM_LIMIT,
                "usage": used,
                "percentage": 100 * used / _CUSTOM_LIMIT,
            }
        )
    total = sum(int(str(entry["usage"])) for entry in by_type)
    overall = _CUSTOM_LIMIT * len(by_type)
    body = {
        "overallLimit": overall,
        "overallUsage": total,
        "overallPercentage": 100 * total / overall,
        "byObjectType": by_type,
    }
    return Answer(200, body)


def custom_objects(portal: Portal, ask: Ask) -> Answer:
    """This account has none."""
    return Answer(200, {"results": []})


ROUTES = [
    route("GET", "schemas", custom_objects),
    route("GET", "account-info/details", details),
    route("GET", "account-info/api-usage/daily/private-apps", usage),
    route("GET", "owners", owners, "crm.objects.owners.read"),
    route("GET", "owners/{id}", owner, "crm.objects.owners.read"),
    route("GET", "limits/custom-properties", custom_properties),
]
