"""The list of versions, the resources of a version, and the limits."""

from __future__ import annotations

from sandbox.salesforce.http import Answer, Call, json_answer
from sandbox.salesforce.platform import Platform
from sandbox.salesforce.settings import NEWEST_SERVED, OLDEST_SERVED

_SEASONS = ("Winter", "Spring", "Summer")
_WINTER_24 = 59
_RESOURCES = [
    "tooling",
    "metadata",
    "folders",
    "eclair",
    "prechatForms",
    "chatter",
    "tabs",
    "appMenu",
    "quickActions",
    "queryAll",
    "commerce",
    "wave",
    "search",
    "limits",
    "parameterizedSearch",
    "process",
    "dedupe",
    "query",
    "composite",
    "connect",
    "sobjects",
    "actions",
    "support",
    "jobs",
    "recent",
]


def label(version: int) -> str:
    """The release that brought a version: `Winter '24`."""
    years, season = divmod(version - _WINTER_24, 3)
    return f"{_SEASONS[season]} '{24 + years}"


def versions(platform: Platform, call: Call) -> Answer:
    """`GET /services/data/`: needs no login and is not counted."""
    return json_answer(
        [
            {"label": label(v), "url": f"/services/data/v{v}.0", "version": f"{v}.0"}
            for v in range(OLDEST_SERVED, NEWEST_SERVED + 1)
        ]
    )


def resources(platform: Platform, call: Call) -> Answer:
    """`GET /services/data/vNN`."""
    found = {name: f"{call.root}/{name}" for name in _RESOURCES}
    return json_answer(found | {"identity": f"{call.base_url}/id/{platform.org_id}/{call.user_id}"})


def limits(platform: Platform, call: Call) -> Answer:
    """`GET /limits`."""
    daily = platform.settings.daily_limit
    full = {
        "DailyAsyncApexExecutions": 250_000,
        "DailyBulkApiBatches": 15_000,
        "DailyBulkV2QueryFileStorageMB": 976_562,
        "DailyBulkV2QueryJobs": 10_000,
        "DailyDeliveredPlatformEvents": 25_000,
        "DataStorageMB": 10_240,
        "FileStorageMB": 10_240,
        "HourlyPublishedPlatformEvents": 250_000,
        "MassEmail": 5_000,
        "PermissionSets": 1_500,
        "SingleEmail": 5_000,
    }
    answer = {name: {"Max": most, "Remaining": most} for name, most in full.items()}
    answer["DailyApiRequests"] = {"Max": daily, "Remaining": max(0, daily - platform.usage.used(platform.now))}
    answer["PermissionSets"]["CreateCustom"] = {"Max": 1_000, "Remaining": 999}  # type: ignore[assignment]
    return json_answer(dict(sorted(answer.items())))
