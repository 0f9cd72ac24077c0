"""What an observation makes of a row: the memory only ever goes forward, and every reading counts in its run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.observe import observed
from tests.laws.make import CONTACTS, PERSON, mapping, record

MAPPING = mapping(*PERSON)
times = st.integers(1, 5)


@given(st.lists(st.tuples(times, times, st.booleans()), min_size=2, max_size=6))
def test_versions_and_readings_only_go_forward_and_belong_to_the_last_run(
    readings: list[tuple[int, int, bool]],
) -> None:
    row = None
    for run, (version, asked, deleted) in enumerate(readings):
        before = row
        seen = record(CONTACTS, email=f"a{version}@x.com")._replace(version=version, deleted=deleted)
        row = observed(MAPPING, seen, before, asked, f"run-{run}")
        assert row is not None
        assert row.run == f"run-{run}"
        if before is not None:
            # The order in which the state compares observations: what is lower would not be stored.
            assert (row.version_ms, row.seen_ms) >= (before.version_ms, before.seen_ms)
