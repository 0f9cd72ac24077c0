"""Every HubSpot address and version in one place.

The numbered paths (v1, v3, v4) are what hubspot-api-client 12.0.0 calls; HubSpot ends their support in 2027.  A dated
version (2026-03, 2026-09) serves the same calls with the version behind the name of the API, so moving is a rewrite.
"""

from __future__ import annotations

import re
from functools import lru_cache

from connectors.door import Route

NUMBERED = "v3"
VERSIONS = (NUMBERED, "2026-03", "2026-09")

TOKEN = "/oauth/v3/token"  # noqa: S105 - an address
LEGACY_TOKEN = "/oauth/v1/token"  # noqa: S105 - an address
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - an address
ACCOUNT = "/account-info/v3/details"
UNSUBSCRIBE_ALL = "/communication-preferences/v4/statuses/{email}/unsubscribe-all"
SUBSCRIPTIONS = "/communication-preferences/v3/definitions"
GDPR_DELETE = "/crm/v3/objects/contacts/gdpr-delete"
VALIDATIONS = "/crm/v3/property-validations/{type}"
UNSUBSCRIBE = "/communication-preferences/v3/unsubscribe"

EVENTS = "/events/v3/events"
EMAIL_EVENTS = "/email/public/v1/events"
FORMS = "/marketing/v3/forms"
SUBMISSIONS = "/form-integrations/v1/submissions/forms/{guid}"

_CRM = re.compile(r"^/crm/v\d/(objects|properties|property-validations|owners|associations|pipelines)(?=/|$)")
_OTHER = re.compile(r"^/(oauth|communication-preferences|account-info)/v[134](?=/)")

_EVENTS = re.compile(r"^/events/v3/events(?=/|$)")

_ID = re.compile(r"/(?:\d+|[^/]*(?:@|%40)[^/]*)(?=/|$)")
_REPEATABLE = re.compile(
    r"/(search|batch/read|token|access-token-info|unsubscribe(-all)?|gdpr-delete|"
    r"properties/(\d{4}-\d\d/)?[^/]+(/groups)?)$"
)
"""A property that is made twice is refused as one that exists."""


def versioned(path: str, api: str) -> str:
    """The path as this version of the API spells it."""
    if api == NUMBERED:
        return path
    path = _EVENTS.sub(f"/events/event-occurrences/{api}", path)
    path = _CRM.sub(rf"/crm/\1/{api}", path)
    return _OTHER.sub(rf"/\1/{api}", path).rstrip("/")


@lru_cache(maxsize=4096)
def route(method: str, path: str) -> Route:
    """Searches and associations have rate limits of their own.  Some POSTs only read, or may be said twice."""
    return Route(
        name=f"{method} {_ID.sub('/{id}', path)}",
        bucket="search" if path.endswith("/search") else "associations" if "/associations/" in path else "general",
        repeatable=method == "GET" or _REPEATABLE.search(path) is not None,
    )
