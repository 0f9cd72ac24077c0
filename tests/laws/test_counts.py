"""What a set of writes would do, in numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.rows import OperationRow
from sync.decide.counts import ARCHIVES, CLEARS, CREATES, LINKS, OPT_OUTS, UPDATES, count, effect, replaces

Told = tuple[Any, Any, str]
"""(old, new, rule)"""


def write(verb: str = "update", system: str = "salesforce", kind: str = "person", **fields: Told) -> OperationRow:
    named = {name.replace("__", "@", 1): told for name, told in fields.items()}
    basis = {"fields": {name: {"old": old, "rule": rule} for name, (old, _, rule) in named.items()}}
    new = {name: value for name, (_, value, _) in named.items()}
    return OperationRow("e", kind, system, "Lead", "1", verb, new, {}, {}, basis, "run")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (write("create", title=(None, "CEO", "create")), CREATES),
        (write("archive"), ARCHIVES),
        (write(title=("CTO", "CEO", "latest")), UPDATES),
        (write(title=(None, "CEO", "latest")), UPDATES),
        (write(title=("CTO", None, "crm"), phone=(None, "1", "latest")), CLEARS),
        (write(title=(None, None, "crm")), UPDATES),
        (write(__key=(None, "51", "link"), __stage=("mql", None, "ours")), LINKS),
        (write(opted_out=(None, True, "sticky_true")), OPT_OUTS),
        (write(opted_out=(True, False, "reconsent"), __key=(None, "51", "link")), OPT_OUTS),
        (write(opted_out=(None, True, "sticky_true"), title=("a", "b", "latest")), UPDATES),
    ],
)
def test_the_gravest_effect_of_a_write_counts(operation: OperationRow, expected: str) -> None:
    assert effect(operation) == expected


some = st.builds(
    lambda verb, system, kind, new: write(verb, system, kind, title=("CTO", new, "latest")),
    st.sampled_from(["create", "update", "archive"]),
    st.sampled_from(["hubspot", "salesforce"]),
    st.sampled_from(["person", "deal"]),
    st.sampled_from([None, "CEO"]),
)


@given(st.lists(some), st.lists(some))
def test_counts_of_parts_add_up_and_each_write_counts_once(one: list[OperationRow], other: list[OperationRow]) -> None:
    assert count(one) + count(other) == count([*other, *one])
    assert sum(count(one).values()) == len(one)


def test_only_what_stood_there_before_is_replaced() -> None:
    assert replaces(write(title=("CTO", "CEO", "latest")))
    assert replaces(write(title=("CTO", None, "crm"), phone=(None, "1", "latest")))
    assert not replaces(write(title=(None, "CEO", "latest"), __key=("50", "51", "link")))
    assert not replaces(write(stage=("lead", "sql", "met"), opted_out=(False, True, "sticky_true")))
    assert not replaces(write("create", title=(None, "CEO", "create")))
