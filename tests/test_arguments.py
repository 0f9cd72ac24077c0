"""What people type: the options of every command may stand anywhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.console.arguments import everywhere_first, record

WORDS = st.sampled_from(
    ["report", "funnel", "--json", "--config", "--log-level=debug", "x.toml", "--html", "--", "sync"]
)


def test_a_short_id_means_the_record_that_bears_the_long_one() -> None:
    assert record("salesforce:00Q5e00001AbCdE") == record("salesforce:00Q5e00001AbCdEEAV")
    assert record("hubspot:100000000000051") == ("hubspot", "100000000000051")


def test_what_belongs_to_every_command_comes_before_it() -> None:
    words = ["report", "funnel", "--json", "--html", "a.html", "--config", "x.toml", "--log-level=debug"]
    first = ["--json", "--config", "x.toml", "--log-level=debug"]
    assert everywhere_first(words) == [*first, "report", "funnel", "--html", "a.html"]


def test_what_follows_two_dashes_is_left_alone() -> None:
    assert everywhere_first(["explain", "--", "--json"]) == ["explain", "--", "--json"]


@given(st.lists(WORDS, max_size=8))
def test_no_word_is_lost_and_twice_is_once(words: list[str]) -> None:
    found = everywhere_first(words)
    assert sorted(found) == sorted(words)
    assert everywhere_first(found) == found
