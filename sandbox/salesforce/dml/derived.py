"""What the platform writes into a record of its own accord, before it is stored.

Fields that follow from others at any time (Name, IsClosed of an opportunity …) are derived when they are read, by the
schema; here are those that depend on when they changed or on other records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.salesforce.schema import datetime_text
from sandbox.salesforce.storage import Store

Values = dict[str, Any]
Deriver = Callable[[Store, Mapping[str, Any] | None, Values, int], None]
"""(store, values before or None, values to be completed, now)."""

DONE_TASK = "Completed"
RESPONDED = "Responded"
_MINUTE = 60_000


def complete(store: Store, object_name: str, before: Mapping[str, Any] | None, values: Values, now: int) -> None:
    deriver = _DERIVERS.get(object_name)
    if deriver is not None:
        deriver(store, before, values, now)


def _changed(before: Mapping[str, Any] | None, values: Values, name: str) -> bool:
    return before is None or before.get(name) != values.get(name)


def _opportunity(store: Store, before: Mapping[str, Any] | None, values: Values, now: int) -> None:
    """A new stage brings its own probability and forecast, unless the same save sets them."""
    if before is None or not _changed(before, values, "StageName"):
        return
    values["LastStageChangeDate"] = now
    for name in ("Probability", "ForecastCategoryName", "ForecastCategory"):
        if not _changed(before, values, name):
            values.pop(name, None)


def _task(store: Store, before: Mapping[str, Any] | None, values: Values, now: int) -> None:
    if _changed(before, values, "Status"):
        values["CompletedDateTime"] = now if values.get("Status") == DONE_TASK else None
    values["AccountId"] = _account_of(store, values)


def _event(store: Store, before: Mapping[str, Any] | None, values: Values, now: int) -> None:
    values["AccountId"] = _account_of(store, values)
    if values.get("StartDateTime") is None or (
        before is not None
        and _changed(before, values, "ActivityDateTime")
        and not _changed(before, values, "StartDateTime")
    ):
        values["StartDateTime"] = values.get("ActivityDateTime")
    start = values.get("StartDateTime")
    if start is None:
        return
    values["ActivityDateTime"] = start
    values["ActivityDate"] = (datetime_text(start) or "")[:10]
    if values.get("EndDateTime") is not None and (
        _changed(before, values, "EndDateTime") or not values.get("DurationInMinutes")
    ):
        values["DurationInMinutes"] = (values["EndDateTime"] - start) // _MINUTE
    elif values.get("DurationInMinutes") is not None:
        values["EndDateTime"] = start + values["DurationInMinutes"] * _MINUTE


def _account_of(store: Store, values: Values) -> str | None:
    what, who = values.get("WhatId"), values.get("WhoId")
    name = store.org.object_of_id(what) if what else None
    if what and name == "Account":
        return str(what)
    related = store.find(name, what) if name in ("Opportunity",) and what else None
    if related is None and who and who.startswith("003"):
        related = store.find("Contact", who)
    return related.values.get("AccountId") if related else None


def note_activity(store: Store, object_name: str, values: Mapping[str, Any], now: int) -> None:
    """LastActivityDate of whom and what a finished activity is about.  Their stamps stay (Object Reference, Lead)."""
    if object_name == "Task" and values.get("Status") != DONE_TASK:
        return
    day = values.get("ActivityDate") or (datetime_text(now) or "")[:10]
    for target in (values.get("WhoId"), values.get("WhatId"), values.get("AccountId")):
        name = store.org.object_of_id(target) if target else None
        row = store.find(name, target) if name else None
        if name is None or row is None or "LastActivityDate" not in store.org.objects[name].fields:
            continue
        if (row.values.get("LastActivityDate") or "") < day:
            store.replace(name, row, {**row.values, "LastActivityDate": day}, row.modified, row.archived_at)


def _campaign_member(store: Store, before: Mapping[str, Any] | None, values: Values, now: int) -> None:
    status = values.get("Status")
    known = [
        row.values.get("HasResponded", False)
        for row in store.shelf("CampaignMemberStatus").live_matching("CampaignId", values.get("CampaignId"))
        if row.values.get("Label") == status
    ]
    values["HasResponded"] = known[0] if known else status == RESPONDED
    if values["HasResponded"] and values.get("FirstRespondedDate") is None:
        values["FirstRespondedDate"] = (datetime_text(now) or "")[:10]


_DERIVERS: dict[str, Deriver] = {
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _campaign_member,
}
