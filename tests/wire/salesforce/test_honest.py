"""Laws 4 and 5 under trouble: whatever goes wrong, on whichever road, no outcome claims what did not happen."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from connectors.errors import SyncError
from connectors.port import Applied, Outcome, Unknown, Write
from sandbox.kernel import Fault
from tests.conformance.systems import SalesforceWorld


def faults(kinds: list[str], statuses: list[int]) -> st.SearchStrategy[Fault]:
    """Troubles of the Salesforce side."""
    return st.builds(
        Fault,
        kind=st.sampled_from(kinds),
        side=st.just("salesforce"),
        path=st.sampled_from(["", "composite", "composite/sobjects", "jobs/", "batches", "^PATCH", "^PUT", "Results"]),
        times=st.integers(1, 8),
        skip=st.integers(0, 6),
        status=st.sampled_from(statuses),
        ms=st.sampled_from([1_000, 700_000]),
    )


FAULTS = st.one_of(
    faults(["lost_before", "lost_after", "hang", "expire", "lock", "daily_limit"], [500]),
    faults(["error"], [500, 502, 503]),
    faults(["html"], [200, 500, 503]),
)


def fate(at: SalesforceWorld, write: Write, n: int) -> list[Any]:
    """What the world holds of a write: the values of each record that it may have touched."""
    rows = at.world.rows("salesforce", "Lead").values()
    if write.id is not None:
        return [row.values.get("Title") for row in rows if row.id == write.id]
    return [row.values.get("Title") for row in rows if row.values.get(at.key) == f"k{n}"]


def honest(at: SalesforceWorld, write: Write, n: int, outcome: Outcome | None) -> bool:
    """`None`: `write` raised, so nothing may have happened."""
    before, after = ([None], ["Boss"]) if write.id is not None else ([], ["Boss"])
    now = fate(at, write, n)
    if isinstance(outcome, Unknown):
        return now in (before, after)
    return now == (after if isinstance(outcome, Applied) else before)


@given(
    kinds=st.lists(st.booleans(), min_size=1, max_size=8),
    faults=st.lists(FAULTS, max_size=3),
    jobs=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_outcome_claims_what_did_not_happen(kinds: list[bool], faults: list[Fault], jobs: bool) -> None:
    at = SalesforceWorld(bulk_above_writes=1 if jobs else 2_000)
    at.face.settings.bulk_ms = 3_000
    ids = {n: at.create({"FirstName": f"Ann {n}"}) for n, creating in enumerate(kinds) if not creating}
    read = at.look(*ids.values())
    writes = [
        at.make(f"k{n}", Title="Boss") if creating else at.update(read[ids[n]], Title="Boss")
        for n, creating in enumerate(kinds)
    ]
    for fault in faults:
        at.world.faults.add(fault)
    try:
        outcomes: list[Outcome | None] = list(at.connector.write(writes, ("Title",)))
        assert len(outcomes) == len(writes)
    except SyncError as error:
        outcomes = [None] * len(writes)
        event(f"raised {type(error).__name__}")
    at.world.faults.clear()
    at.advance(60_000)
    SalesforceWorld(world=at.world).look(*ids.values())  # running jobs come to their end
    for n, (write, outcome) in enumerate(zip(writes, outcomes, strict=True)):
        event(type(outcome).__name__)
        assert honest(at, write, n, outcome), (outcome, fate(at, write, n))
