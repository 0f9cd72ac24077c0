"""What an observation makes of a row: the memory only ever goes forward, and every reading counts in its run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.port import Record, Ref
from sync.observe import observed
from tests.laws.make import CONTACTS, PERSON, mapping, record, rule

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


CONSENT = mapping(*PERSON, rule("opted_out", "bool", winner="sticky_true"))


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_the_last_words_of_a_record_that_goes_are_heard_once(
    alive: bool, before: bool, out: bool, merged: bool
) -> None:
    def seen(version: int, opted_out: bool) -> Record:
        return record(CONTACTS, email="a@x.com", opted_out=opted_out)._replace(version=version)

    row = observed(CONSENT, seen(1, before), None, 1, "r1") if alive else None
    row = row._replace(dirty=False, shadow=row.now) if row is not None else None
    last = seen(3, out)._replace(deleted=True, moved_to=Ref("hubspot", "contacts", "9") if merged else None)
    gone = observed(CONSENT, last, row, 4, "r2")
    assert gone is not None
    news = out and not (alive and before)
    assert ("opted_out" in gone.spans) == news
    assert gone.dirty == (news or alive)
    if news:
        assert gone.now["opted_out"] is True and gone.now["email"] == "a@x.com"
        told = gone._replace(dirty=False, spans={})
        again = observed(CONSENT, last, told, 5, "r3")
        assert again is not None and not again.spans and not again.dirty
