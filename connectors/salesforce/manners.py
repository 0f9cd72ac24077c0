"""What the door must know of Salesforce: which calls may be repeated, and what its refusals and headers mean."""

from __future__ import annotations

import re

import httpx

from connectors.door import Manners, Quota, Refusal, Route, retry_after
from connectors.salesforce import paths
from connectors.salesforce.answers import complaints, parsed

_ROOT = re.compile(r"^/services/data/v[\d.]+")
_ID = re.compile(r"/(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?(?=/|$)")
_MORE = re.compile(r"/(query|queryAll)/[^/]+$")
_RETRIEVE = re.compile(r"^/composite/sobjects/\w+$")
_ONCE = ("/tooling/sobjects/CustomField", "/sobjects/FieldPermissions")
_USAGE = re.compile(r"(?:^|[^-\w])api-usage=(\d+)/(\d+)")
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
_SIGNING_IN = (paths.TOKEN, "/services/Soap/u/")


class SalesforceManners(Manners):
    """REST, Bulk 2.0 and sign-in.  There is no rate window: only a daily limit and a cap on long calls at once."""

    def route(self, method: str, path: str) -> Route:
        """POST retrieves and opens jobs as well as it writes; those may be repeated, and so may the making of a field
        and the grant of it, which are refused the second time."""
        if path.startswith(_SIGNING_IN):
            return Route(f"{method} sign-in", repeatable=True, counted=False)
        short = _ID.sub("/{id}", _MORE.sub(r"/\1/{more}", _ROOT.sub("", path)))
        reading = method in ("GET", "HEAD") or (
            method == "POST" and bool(short.startswith("/jobs/") or _RETRIEVE.match(short) or short in _ONCE)
        )
        return Route(f"{method} {short}", repeatable=reading, counted=path != paths.VERSIONS)

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """As HTTP has it, but for 403 and for what is said to someone who signs in."""
        status = response.status_code
        signing_in = response.request.url.path.startswith(_SIGNING_IN)
        if status == 403:
            return self._limit(response)
        if signing_in and status in (401, 500):
            return None  # a wrong password, not a worn token; SOAP faults are 500
        return super().refusal(response)

    def quota(self, headers: httpx.Headers) -> Quota | None:
        """From Sforce-Limit-Info, which may hold other figures before or after."""
        found = _USAGE.search(headers.get("sforce-limit-info", ""))
        return Quota(int(found.group(1)), int(found.group(2))) if found else None

    @staticmethod
    def _limit(response: httpx.Response) -> Refusal | None:
        """403 is a permission, except for this one code (REST guide, Status Codes and Error Responses)."""
        first = next(iter(complaints(parsed(response.content))), None)
        if first is None or first.code != _LIMIT:
            return None
        return Refusal("busy", retry_after(response)) if "Concurrent" in first.message else Refusal("daily")
