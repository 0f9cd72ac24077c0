from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.salesforce.soql import parse, run
from tests.sandbox.soql.memory import NOON, Memory

Ask = Callable[[str], list[dict[str, Any]]]
"""A query's records without their `attributes`."""

DAY = 86_400_000


@pytest.fixture
def memory() -> Memory:
    """A user, a queue, two accounts, three contacts (one without account), two leads, opportunities and tasks."""
    m = Memory()
    ann = m.add("User", {"Username": "ann@example.com", "FirstName": "Ann", "LastName": "Lee", "IsActive": True})
    queue = m.add("Group", {"Name": "Inbound", "Type": "Queue"})
    acme = m.add("Account", {"Name": "Acme", "OwnerId": ann, "AnnualRevenue": 5_000_000, "Industry": "Media"})
    m.add("Account", {"Name": "Bolt", "OwnerId": ann})
    for n, account in enumerate([acme, acme, None]):
        person = {"FirstName": "C", "LastName": f"No{n}", "AccountId": account, "Email": f"C{n}@Example.com"}
        m.add("Contact", {**person, "OwnerId": ann}, NOON + n * DAY)
    m.add("Lead", {"LastName": "Queued", "Company": "X", "OwnerId": queue, "Status": "Open - Not Contacted"})
    m.add(
        "Lead", {"LastName": "Owned", "Company": "Y", "OwnerId": ann, "Status": "Working - Contacted", "City": "Oslo"}
    )
    for n, stage in enumerate(["Prospecting", "Closed Won", "Closed Won", "Closed Lost"]):
        values: dict[str, Any] = {
            "Name": f"Deal {n}",
            "StageName": stage,
            "Amount": 100.0 * n,
            "AccountId": acme,
            "OwnerId": ann,
        }
        m.add("Opportunity", {**values, "CloseDate": f"2026-0{n + 1}-15"})
    m.add("Task", {"Subject": "Call", "WhoId": next(iter(m.table("Lead").rows)), "Status": "Completed"})
    m.add("Task", {"Subject": "Mail", "WhoId": next(iter(m.table("Contact").rows)), "WhatId": acme})
    return m


@pytest.fixture
def ask(memory: Memory) -> Ask:
    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(v) for v in value]
        return {k: bare(v) for k, v in value.items() if k != "attributes"} if isinstance(value, dict) else value

    return lambda query: [bare(r) for r in run(parse(query), memory).records]
