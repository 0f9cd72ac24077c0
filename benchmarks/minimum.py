"""The fewest calls that a phase could take, and what of the calls it took serves reading, writing, safety or set-up.

Fewest: a list page for each 100 HubSpot records (a search page for each 200), a query page for each 2,000 Salesforce
records and at least one for each object; a call for each 100 HubSpot and each 200 Salesforce writes of one kind; and
one for each opt-out, for which HubSpot has no batch.  Calls for safety (stamps before an update, history after it,
reading back) and for set-up (schemas, owners, sign-in) are counted apart.
"""

from __future__ import annotations

from collections import Counter
from math import ceil

from benchmarks.meter import Phase

OPT_OUT = "unsubscribe-all"
_SAFETY = ("hubspot POST /crm/v3/objects/contacts/batch/read", "salesforce POST /composite/sobjects/")
_SET_UP = ("/properties/", "/owners/", "/describe", "salesforce GET /query", "sign-in", "limits")
_READING = ("hubspot GET /crm/v3/objects/contacts", "/search", "/queryAll", "/jobs/query")
PAGES = {"hubspot": 200, "salesforce": 2_000}
BATCHES = {"hubspot": 100, "salesforce": 200}


def purposes(phase: Phase) -> Counter[str]:
    """Purpose → calls: reading, writing, safety, set-up."""
    found: Counter[str] = Counter()
    for route, count in phase.routes.items():
        found[_purpose(route)] += count
    return found


def _purpose(route: str) -> str:
    if any(mark in route for mark in _READING):
        return "reading"
    if route.startswith(_SAFETY):
        return "safety"
    return "set-up" if any(mark in route for mark in _SET_UP) else "writing"


def fewest(phase: Phase, *, listed: bool) -> int:
    """`listed`: everything was read, by HubSpot's list; else what changed, by its search."""
    pages = {**PAGES, "hubspot": 100} if listed else PAGES
    reading = sum(max(ceil(count / pages[place.system]), 1) for (_, place), count in phase.report.read.items())
    writing = sum(
        ceil(counts[verb] / BATCHES[system])
        for (_, system), counts in phase.report.writes.items()
        for verb in ("created", "updated")
    )
    return reading + writing + phase.called("hubspot", OPT_OUT)


def ratio(phase: Phase, *, listed: bool) -> float:
    """Calls for reading and writing, against the fewest."""
    found = purposes(phase)
    return (found["reading"] + found["writing"]) / max(fewest(phase, listed=listed), 1)
