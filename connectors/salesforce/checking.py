"""Trying everything before the first sync: what is wrong, and where to click to put it right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from connectors.door import skewed
from connectors.errors import Misconfigured, Retry, SyncError, Unauthorised
from connectors.port import Problem
from connectors.salesforce import paths, soql
from connectors.salesforce.api import Api
from connectors.salesforce.describing import Describer
from connectors.salesforce.excess import excess
from connectors.salesforce.permitting import object_rights
from connectors.salesforce.responses import CAMPAIGNS, MEMBER
from connectors.salesforce.roles import OBJECT, ROLE
from connectors.salesforce.rows import CONTACTS, SYSTEM, Shape

_LEFT = 0.1
"""A smaller share of the day's calls left is worth a warning."""
_LATER = "check again later"
_CORRECT = "correct [salesforce] in the configuration and check again"
_GRANT = "grant the permission in Setup, Permission Sets"
_GIVEN = frozenset(("LastName", "Company", "Name", "StageName", "CloseDate"))
"""Required fields of standard objects: known, and mapped by default."""
_RIGHTS = (
    ("queryable", "error", "cannot be read", "Read"),
    ("createable", "warning", "cannot be created", "Create"),
    ("updateable", "warning", "cannot be changed", "Edit"),
)


class Checker:
    """`Connector.check` for one org: reports and does not raise."""

    def __init__(self, api: Api, describer: Describer) -> None:
        self._api = api
        self._describer = describer

    def check(self, objects: Sequence[str], sources: Collection[str]) -> list[Problem]:
        """Credentials first; when they fail, nothing else can be known."""
        try:
            user = self._user()
        except SyncError as error:
            fix = _LATER if isinstance(error, Retry) else _CORRECT
            return [Problem("error", SYSTEM, str(error), fix)]
        problems = [*self._guarded(SYSTEM, self._version), *self._guarded(SYSTEM, self._limits)]
        for object in objects:
            read = f"Setup, Permission Sets, Object Settings, {object}: tick Read"
            problems += self._guarded(f"{SYSTEM}.{object}", lambda object=object: self._object(object), read)
        if not user.get("user_id"):
            problems.append(Problem("note", SYSTEM, "the user behind the credentials is not named", "none needed"))
        rules = self._guarded(SYSTEM, lambda: self._duplicate_rules(objects))
        if CAMPAIGNS in sources:
            problems += self._campaigns()
        more = excess(self._api, str(user.get("user_id") or ""))
        return [*problems, *rules, *self._validation_rules(objects), *more, *skewed(self._api.door, SYSTEM)]

    def _user(self) -> dict[str, Any]:
        """Who we are, of the token answer where an app without that scope may not ask."""
        try:
            return self._api.user()
        except Unauthorised:
            if not self._api.sign_in.user_id:
                raise
            return {"user_id": self._api.sign_in.user_id}

    def _guarded(self, where: str, look: Any, grant: str = _GRANT) -> list[Problem]:
        try:
            return list(look())
        except SyncError as error:
            fix = _LATER if isinstance(error, Retry) else _CORRECT if isinstance(error, Misconfigured) else grant
            return [Problem("error", where, str(error), fix)]

    def _campaigns(self) -> Iterator[Problem]:
        """Whether responses to campaigns may be read."""
        try:
            self._describer.raw(MEMBER, fresh=True)
        except SyncError:
            yield Problem(
                "warning",
                f"{SYSTEM}.{CAMPAIGNS}",
                "campaigns are not visible to these credentials: responses to them are not learned of",
                "Setup, Permission Sets, Object Settings, Campaigns: tick Read; or set [insight] behaviour = false",
            )

    def _version(self) -> Iterator[Problem]:
        offered = {str(item["version"]) for item in self._api.get(paths.VERSIONS, "list its API versions")}
        wanted = self._api.settings.version
        if wanted not in offered:
            newest = max(offered, key=float, default="none")
            yield Problem(
                "error",
                f"{SYSTEM}.version",
                f"this org does not offer API version {wanted}",
                f"set [salesforce] version to {newest} or another that it offers",
            )

    def _limits(self) -> Iterator[Problem]:
        try:
            limits = self._api.ask("read its limits", lambda library: library.limits()) or {}
        except SyncError:
            yield Problem(
                "note",
                f"{SYSTEM}.limits",
                "the daily limits are not visible to these credentials",
                "grant View Setup and Configuration to see them (Setup, Permission Sets, System Permissions)",
            )
            return
        daily = limits.get("DailyApiRequests") or {}
        most, left = int(daily.get("Max") or 0), int(daily.get("Remaining") or 0)
        if most and left < most * _LEFT:
            yield Problem(
                "warning",
                f"{SYSTEM}.limits",
                f"only {left} of {most} API calls are left in this 24 hours",
                "see who uses them in Setup, Company Information, API Requests; or lower [budget] salesforce",
            )

    def _object(self, object: str) -> Iterator[Problem]:
        where = f"{SYSTEM}.{object}"
        raw = self._describer.raw(object, fresh=True)
        for flag, level, what, right in _RIGHTS:
            if not raw.get(flag):
                fix = f"Setup, Permission Sets, Object Settings, {object}: tick {right}"
                yield Problem(level, where, f"{object} {what} with these credentials", fix)
        fields = {field["name"]: field for field in raw.get("fields") or ()}
        for name in Shape(object, ()).select:
            if name not in fields:
                yield Problem(
                    "error",
                    f"{where}.{name}",
                    f"{name} is not visible to these credentials",
                    f"Setup, Object Manager, {object}, Fields, {name}, Set Field-Level Security",
                )
        if object == OBJECT and not self._describer.has_roles():
            yield Problem(
                "warning",
                f"{where}.{CONTACTS}",
                f"{ROLE} is not visible to these credentials: the contacts of opportunities stay unknown",
                f"Setup, Permission Sets, Object Settings: grant Read on {OBJECT} and Contact, and Edit on {OBJECT}",
            )
        for schema in self._describer.schema(object, fresh=False).fields.values():
            if schema.required and schema.name not in _GIVEN:
                yield Problem(
                    "note",
                    f"{where}.{schema.name}",
                    f"a {object} cannot be created without {schema.name}",
                    "map it, or make it optional in Setup, Object Manager",
                )

    def _duplicate_rules(self, objects: Sequence[str]) -> Iterator[Problem]:
        query = soql.select(("DeveloperName", "SobjectType"), "DuplicateRule", "IsActive = true")
        try:
            rules = list(self._api.rows(query, "read duplicate rules"))
        except SyncError:
            return
        for rule in rules:
            if rule["SobjectType"] in objects:
                yield Problem(
                    "note",
                    f"{SYSTEM}.{rule['SobjectType']}",
                    f"the duplicate rule {rule['DeveloperName']} may refuse records that it thinks exist already",
                    "exempt the integration user in Setup, Duplicate Rules, or expect such records among the held ones",
                )

    def _validation_rules(self, objects: Sequence[str]) -> Iterator[Problem]:
        """Read; `rehearse` tries them."""
        query = soql.select(("ValidationName", "EntityDefinition.QualifiedApiName"), "ValidationRule", "Active = true")
        try:
            rows = self._api.get(self._api.paths.tooling_query(query), "read validation rules")["records"]
        except SyncError:
            return
        for object in objects:
            names = sorted(r["ValidationName"] for r in rows if r["EntityDefinition"]["QualifiedApiName"] == object)
            if names:
                yield Problem(
                    "note",
                    f"{SYSTEM}.{object}",
                    f"{len(names)} active validation rules may refuse records: {', '.join(names)}",
                    f"exempt the integration user in Setup, Object Manager, {object}, Validation Rules, or expect such "
                    "records among the held ones",
                )


def rights(objects: Sequence[str], sources: Collection[str]) -> list[str]:
    """Everything that the permission set of our user should hold, as Setup names it."""
    activities = {"Task": "Edit Tasks", "Event": "Edit Events"}
    granted = object_rights(objects, CAMPAIGNS in sources)
    plain = [f"Object Settings, {object}: {', '.join(each)}" for object, each in granted.items()]
    system = ["API Enabled", "View Setup and Configuration", *(activities[o] for o in objects if o in activities)]
    fields = "Field Permissions: Read Access to what is mapped, Edit Access to what may flow to Salesforce"
    return [*plain, fields, *(f"System Permissions: {name}" for name in system)]
