"""What contacts do: page views, form submissions, marketing e-mails opened and followed.

Page views are told of one contact at a time, and to Enterprise accounts alone.  Of submissions there is no question by
time, and no contact is named: they are read from the newest on, and told by address (guides on event analytics, e-mail
events and forms).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.errors import Misconfigured
from connectors.hubspot import paths
from connectors.hubspot.answers import demand
from connectors.hubspot.api import Api
from connectors.hubspot.rows import ms
from connectors.port import Cursor, Interaction, Interactions

VIEWS, FORMS, EMAILS = "views", "forms", "emails"
SOURCES: Mapping[str, frozenset[str]] = {
    VIEWS: frozenset({"page_view"}),
    FORMS: frozenset({"form"}),
    EMAILS: frozenset({"email_open", "email_click"}),
}
LATE = 600_000
"""An event may show up so much later than it happened, ms."""
FIRST = 400 * 86_400_000
"""How far back e-mail events are read at first, ms."""
TOO_SOON = 2_000
"""Who opens a mail within this time after it was sent, ms, is no person."""
_SORTS = {"OPEN": "email_open", "CLICK": "email_click"}


class Behaviour:
    """`Connector.interactions` for one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def of(self, source: str, since: Cursor | None, ids: Sequence[str]) -> Iterator[Interactions]:
        """The last part carries the watermark: so a reading that was interrupted begins anew."""
        asked = self._api.door.server_time(self._api.door.clock.now_ms())
        watermark = since.watermark if since is not None and since.watermark is not None else None
        told: Iterator[list[Interaction]]
        if source == VIEWS:
            told = (found for id in ids for found in self._views(id, watermark))
        elif source == FORMS:
            told = self._submissions(watermark)
        elif source == EMAILS:
            told = self._emails(asked - FIRST if watermark is None else watermark, asked)
        else:
            raise Misconfigured(f"HubSpot has no source of interactions that is called {source!r}")
        for part in told:
            yield Interactions(part, Cursor(watermark))
        yield Interactions((), Cursor(asked - LATE))

    def _views(self, id: str, since: int | None) -> Iterator[list[Interaction]]:
        query: dict[str, Any] = {
            "objectType": "contact", "objectId": id, "eventType": "e_visited_page", "limit": 100, "sort": "occurredAt"
        }  # fmt: skip
        if since is not None:
            query["occurredAfter"] = _iso(since)
        while True:
            body = self._ask(paths.EVENTS, query, "events")
            yield [_view(id, row) for row in body.get("results") or ()]
            after = _after(body)
            if after is None:
                return
            query["after"] = after

    def _submissions(self, since: int | None) -> Iterator[list[Interaction]]:
        for form in list(self._forms()):
            query: dict[str, Any] = {"limit": 50}
            path = paths.SUBMISSIONS.format(guid=form["id"])
            while True:
                body = self._ask(path, query, "form submissions")
                rows = body.get("results") or []
                new = [row for row in rows if since is None or int(row["submittedAt"]) >= since]
                yield [_submission(form, row) for row in new]
                after = _after(body)
                if after is None or len(new) < len(rows):
                    break
                query["after"] = after

    def _forms(self) -> Iterator[Mapping[str, Any]]:
        query: dict[str, Any] = {"limit": 500, "formTypes": "all"}
        while True:
            body = self._ask(paths.FORMS, query, "forms")
            yield from body.get("results") or ()
            after = _after(body)
            if after is None:
                return
            query["after"] = after

    def _emails(self, since: int, until: int) -> Iterator[list[Interaction]]:
        for type, sort in _SORTS.items():
            query: dict[str, Any] = {
                "eventType": type, "startTimestamp": since, "endTimestamp": until, "limit": 1_000
            }  # fmt: skip
            while True:
                body = self._ask(paths.EMAIL_EVENTS, query, "e-mail events")
                yield [_mail(sort, row) for row in body.get("events") or ()]
                if not body.get("hasMore"):
                    break
                query["offset"] = body["offset"]

    def _ask(self, path: str, query: Mapping[str, Any], what: str) -> Mapping[str, Any]:
        return demand(self._api.raw("GET", path, params=query), what)


def _view(contact: str, row: Mapping[str, Any]) -> Interaction:
    told = row.get("properties") or {}
    return Interaction(
        id=str(row["id"]),
        at=ms(row["occurredAt"]),
        sort="page_view",
        object="contacts",
        record=contact,
        title=_text(told.get("hs_page_title")),
        url=_bare(told.get("hs_url")),
        source=_text(told.get("hs_visit_source")).lower(),
        campaign=_text(told.get("hs_utm_campaign")),
    )


def _submission(form: Mapping[str, Any], row: Mapping[str, Any]) -> Interaction:
    values = {str(one.get("name")): _text(one.get("value")) for one in row.get("values") or ()}
    at, email = int(row["submittedAt"]), values.get("email", "").strip().lower()
    # Older submissions have no id of their own.
    id = _text(row.get("conversionId")) or f"{form['id']}:{at}:{email}"
    return Interaction(id, at, "form", email=email, title=_text(form.get("name")), url=_bare(row.get("pageUrl")))


def _mail(sort: str, row: Mapping[str, Any]) -> Interaction:
    at = int(row["created"])
    sent = row.get("sentBy")
    soon = isinstance(sent, Mapping) and 0 <= at - int(sent.get("created") or 0) < TOO_SOON
    return Interaction(
        id=str(row["id"]),
        at=at,
        sort=sort,
        email=_text(row.get("recipient")).strip().lower(),
        machine=soon or row.get("filteredEvent") is True,
        title=_text(row.get("emailName")),
        url=_bare(row.get("url")),
        source="email_marketing",
        campaign=_text(row.get("emailCampaignId")),
    )


def _after(body: Mapping[str, Any]) -> str | None:
    found = ((body.get("paging") or {}).get("next") or {}).get("after")
    return None if found is None else str(found)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _bare(url: Any) -> str:
    return _text(url).partition("#")[0].partition("?")[0]


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
