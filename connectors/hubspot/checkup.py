"""`check`: what is wrong with the credentials, the scopes, the objects and the limits, and what puts it right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from connectors.door import Token, skewed
from connectors.errors import SyncError, Unauthorised
from connectors.hubspot import paths, rows
from connectors.hubspot.answers import demand
from connectors.hubspot.api import Api
from connectors.hubspot.behaviour import EMAILS, FORMS
from connectors.port import Problem

_APP = "HubSpot > Settings > Integrations > Private Apps > your app > Scopes"
_TOKEN = "HubSpot > Settings > Integrations > Private Apps > your app > Auth: copy the token into access_token"  # noqa: S105
_OPT_OUT = "HubSpot > Settings > Properties > Contact properties: let the app view Unsubscribed from all email"
_ALWAYS = ("crm.objects.owners.read",)
_TYPES = {"contacts": "0-1", "companies": "0-2", "deals": "0-3"}
"""The numbers that HubSpot's objects go by."""
_CLASSIC = frozenset({"contacts", "companies", "deals"})
_CONSENT = "communication_preferences.read_write"
_BODIES = "sales-email-read"
_OPTING_OUT = "hubspot.contacts.@subscriptions"
_OF_SOURCE = {
    FORMS: ("forms", "of each person only the first and the last form count"),
    EMAILS: ("content", "of each person only the last e-mail opened and followed counts"),
}
"""source of interactions → its scope, and what is so without it (guides on forms and e-mail events).  Page views need
none beside those of contacts."""
_USED = ("oauth", "communication_preferences.", _BODIES)
"""Scopes, or beginnings of scopes, that some part of the product can use."""


def needed_scopes(objects: Sequence[str]) -> list[str]:
    """Read and write of each object and of its schema; engagements come with contacts."""
    named = sorted({name if name in _CLASSIC else "contacts" for name in objects})
    scopes = [
        f"crm.{part}.{name}.{right}" for name in named for part in ("objects", "schemas") for right in ("read", "write")
    ]
    return [*scopes, *_ALWAYS]


def every_scope(objects: Sequence[str], sources: Collection[str]) -> list[str]:
    """Those, and what opt-outs, the texts of e-mails and the sources want: all that an app should be given."""
    more = {"contacts": _CONSENT, "emails": _BODIES}
    asked = [scope for object, scope in more.items() if object in objects]
    return [*needed_scopes(objects), *asked, *(scope for name, (scope, _) in _OF_SOURCE.items() if name in sources)]


def check(api: Api, token: Token | None, objects: Sequence[str], sources: Collection[str]) -> list[Problem]:
    """Never raises for what it finds."""
    try:
        details = api.raw("GET", paths.ACCOUNT)
        if details.status != 403:
            demand(details, "the account's details")
    except Unauthorised as error:
        return [Problem("error", "hubspot", str(error), _TOKEN)]
    except SyncError as error:
        # A scope may hide the details; only what is asked next decides.
        if "could not be reached" in str(error) or "not trusted" in str(error):
            return [Problem("error", "hubspot", str(error), "check [hubspot] base_url, the network and the proxy")]
    scopes = list(_scopes(api, token, objects, sources))
    return [
        *scopes,
        *(() if any(problem.where == _OPTING_OUT for problem in scopes) else _subscriptions(api, objects)),
        *_objects(api, objects),
        *_validations(api, objects),
        *_owners(api),
        *_limits(api),
        *skewed(api.door, "hubspot"),
    ]


def _scopes(api: Api, token: Token | None, objects: Sequence[str], sources: Collection[str]) -> Iterator[Problem]:
    """Only a private app's token tells its scopes; else the calls below show what is missing."""
    if token is None:
        return
    text = token.get(api.door.clock.now_ms())
    try:
        answer = api.raw("POST", paths.TOKEN_INFO, json={"tokenKey": text})
    except SyncError:
        return
    granted = answer.body.get("scopes")
    if not answer.good or not isinstance(granted, list):
        return
    needed = needed_scopes(objects)
    for scope in needed:
        if scope not in granted:
            yield Problem("error", "hubspot", f"the app lacks the scope {scope}", f"{_APP}: add {scope}")
    if "contacts" in objects and not any(str(scope).startswith("communication_preferences.") for scope in granted):
        what = f"the app lacks the scope {_CONSENT}: opt-outs cannot be written"
        yield Problem("warning", _OPTING_OUT, what, f"{_APP}: add {_CONSENT}")
    if "emails" in objects and _BODIES not in granted:
        what = f"the app lacks the scope {_BODIES}: subjects and texts of e-mails stay blank"
        yield Problem("warning", "hubspot.emails", what, f"{_APP}: add {_BODIES}")
    for source, (scope, without) in _OF_SOURCE.items():
        if source in sources and scope not in granted:
            what = f"the app lacks the scope {scope}: {without}"
            yield Problem("warning", f"hubspot.{source}", what, f"{_APP}: add {scope}")
    wanted = every_scope(objects, sources)
    excess = sorted(scope for scope in map(str, granted) if scope not in wanted and not scope.startswith(_USED))
    if excess:
        what = f"the app may do more than the sync needs: {', '.join(excess)}"
        yield Problem("note", "hubspot", what, f"{_APP}: remove what nothing else uses")


def _subscriptions(api: Api, objects: Sequence[str]) -> Iterator[Problem]:
    """What scopes do not tell, because nobody says which there are or the account does not offer the call."""
    if "contacts" not in objects:
        return
    try:
        answer = api.raw("GET", paths.SUBSCRIPTIONS)
    except SyncError:
        return
    if answer.status == 403:
        what = "HubSpot refuses calls about subscriptions (403): opt-outs cannot be written"
        yield Problem("warning", _OPTING_OUT, what, f"{_APP}: add {_CONSENT}")


def _objects(api: Api, objects: Sequence[str]) -> Iterator[Problem]:
    for object in objects:
        try:
            api.page(object, limit=1)
            names = {str(row["name"]) for row in api.properties(object)}
        except Unauthorised as error:
            yield Problem("error", f"hubspot.{object}", str(error), f"{_APP}: add the scope")
        except SyncError as error:
            yield Problem(
                "error", f"hubspot.{object}", str(error), "check the object's name and [hubspot] base_url and api"
            )
        else:
            if object == "contacts" and rows.OPT_OUT not in names:
                what = f"{rows.OPT_OUT} may not be seen with these credentials: opt-outs made in HubSpot go unnoticed"
                yield Problem("warning", f"hubspot.contacts.{rows.OPT_OUT}", what, _OPT_OUT)


def _validations(api: Api, objects: Sequence[str]) -> Iterator[Problem]:
    """Rules that an administrator set on properties: read, because HubSpot takes back no write that tries them."""
    for object in objects:
        if object not in _TYPES:
            continue
        try:
            answer = api.raw("GET", paths.VALIDATIONS.format(type=_TYPES[object]))
        except SyncError:
            continue
        rows = answer.body.get("results") if answer.good else None
        ruled = {
            str(row.get("propertyName")): [
                str(rule.get("ruleType")) for rule in row.get("propertyValidationRules") or ()
            ]
            for row in rows or ()
        }
        named = [f"{name} ({', '.join(kinds)})" for name, kinds in sorted(ruled.items()) if kinds]
        if named:
            yield Problem(
                "note",
                f"hubspot.{object}",
                f"{len(named)} properties have validation rules that may refuse values: {', '.join(named)}",
                "HubSpot > Settings > Properties > the property > Rules: loosen the rule, or expect such records among "
                "the held ones",
            )


def _owners(api: Api) -> Iterator[Problem]:
    try:
        api.owners(limit=1)
    except SyncError as error:
        yield Problem("error", "hubspot.owners", str(error), f"{_APP}: add crm.objects.owners.read")


def _limits(api: Api) -> Iterator[Problem]:
    quota, cap = api.door.budget.quota, api.door.budget.calls_per_day
    if quota is None:
        return
    if cap is not None and cap > quota.limit:
        what = f"calls_per_day is {cap}, but the account allows {quota.limit}"
        yield Problem("warning", "hubspot", what, "lower [budget] hubspot.calls_per_day")
    if quota.used >= quota.limit * 0.9:
        what = f"{quota.used} of the account's {quota.limit} daily calls are used"
        yield Problem(
            "warning", "hubspot", what, "HubSpot > Settings > Integrations > Private Apps > Logs shows who uses them"
        )
