"""Law 11 over random batches of lists with a fault somewhere: what each outcome says of both the record and its list is
what happened to them."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.port import Applied, Outcome, Unknown, Write
from sandbox.kernel import Fault
from tests.conformance.systems import HUMAN, SALESFORCE, HubSpotWorld, SalesforceWorld, System

PEOPLE, GONE = 4, 3
"""So many contacts; the last one is in the bin."""


class Wish(NamedTuple):
    """One write: a deal, whose contacts, and whether its name is to change too."""

    deal: int
    people: frozenset[int]
    named: bool


WISHES = st.lists(
    st.builds(Wish, st.integers(0, 5), st.frozensets(st.integers(0, PEOPLE - 1), max_size=3), st.booleans()),
    min_size=1,
    max_size=6,
    unique_by=lambda wish: wish.deal,
)
TROUBLE = st.sampled_from(["", "lost_before", "lost_after", "error"])


def opened(side: str) -> tuple[System, list[str], list[str]]:
    """A system of deals, the ids of its deals and of contacts."""
    if side == "hubspot":
        hubspot = HubSpotWorld("deals")
        people = sorted(hubspot.world.hubspot.create("contacts", {"firstname": "Ann"}, HUMAN) for _ in range(PEOPLE))
        hubspot.world.hubspot.delete("contacts", people[GONE], HUMAN)
        return hubspot, [hubspot.create({}) for _ in range(6)], people
    system = SalesforceWorld("Opportunity")
    needed = SALESFORCE["Contact"].needed
    people = sorted(system.face.create("Contact", dict(needed), system.human) for _ in range(PEOPLE))
    system.face.delete("Contact", people[GONE], system.human)
    return system, [system.create({}) for _ in range(6)], people


def truth(system: System, id: str) -> tuple[Any, Any]:
    (record,) = system.connector.read(system.object, (system.second, "@contacts"), ids=[id])
    return record.fields[system.second], record.fields["@contacts"]


@pytest.mark.parametrize("side", ["hubspot", "salesforce"])
@given(first=WISHES, second=WISHES, trouble=TROUBLE, skip=st.integers(0, 4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_outcome_of_a_list_is_true(
    side: str, first: list[Wish], second: list[Wish], trouble: str, skip: int
) -> None:
    system, deals, people = opened(side)
    for n, wishes in enumerate((first, second)):
        before = {id: truth(system, id) for id in deals}
        if trouble and n == 1:
            writing = r"(batch/(update|create|archive))|^(POST|PATCH|DELETE) \S*/composite(/sobjects)?(\?\S*)?$"
            world = system.world  # type: ignore[attr-defined]
            world.faults.add(Fault(trouble, side, path=writing, skip=skip, status=503))
        writes = []
        for wish in wishes:
            fields: dict[str, Any] = {"@contacts": [people[p] for p in wish.people] or None}
            if wish.named:
                fields[system.second] = f"round {n}"
            writes.append(Write(system.object, deals[wish.deal], fields))
        outcomes = list(system.connector.write(writes, (system.second, "@contacts")))
        assert len(outcomes) == len(writes)
        for write, outcome in zip(writes, outcomes, strict=True):
            judge(system, write, outcome, before[write.id or ""])


def judge(system: System, write: Write, outcome: Outcome, before: tuple[Any, Any]) -> None:
    after = truth(system, write.id or "")
    if isinstance(outcome, Unknown):
        return
    if isinstance(outcome, Applied):
        wanted = sorted(write.fields["@contacts"] or ()) or None
        assert after == (write.fields.get(system.second, before[0]), wanted)
        assert (outcome.record.fields[system.second], outcome.record.fields["@contacts"]) == after
    else:
        assert after == before
