"""What a record held can be put back as it was, also where several values mean the same."""

from __future__ import annotations

import pytest

from connectors.port import Field, Option, Owner, Record, Ref
from mapping.mapping import Mapping as KindMapping
from mapping.rules import WORDED, Value, ValueMap
from tests.laws.make import LEAD, H, S, mapping, rule, schema, stage_rule

LEVELS = {
    H: ValueMap({"boss": "boss", "head": "head"}, {"boss": "boss", "head": "head"}),
    S: ValueMap({"C": "boss", "Chief": "boss", "Head": "head"}, {"boss": "C", "head": "Head"}),
}


def the_mapping() -> KindMapping:
    options = tuple(Option(value, value) for value in ("C", "Chief", "Head"))
    schemas = schema(
        LEAD,
        Field("Level", "Level", "choice", options=options),
        Field("Levels", "Levels", "choices", options=options),
        Field("City", "City", "text", length=40),
        Field("Age", "Age", "number"),
        Field("Owner", "Owner", "text"),
        Field("Status", "Status", "text"),
        Field("Locked", "Locked", "text", writable=False),
    )
    fields = (
        rule("level", "choice", values=LEVELS),
        rule("levels", "set", values=LEVELS),
        rule("city"),
        rule("age", "int"),
        rule("owner", "owner"),
        rule("locked"),
        stage_rule(),
    )
    return mapping(*fields, schemas=schemas, owners={S: (Owner("005A", "a@acme.example", "A"),), H: ()})


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("level", "Chief"), ("level", "C"), ("level", None), ("levels", ["Chief", "Head"]), ("city", "Ulm"),
        ("city", None), ("age", 7), ("owner", "005A"), ("stage", "mql"),
    ],
)  # fmt: skip
def test_written_again_it_is_read_as_it_was(name: str, own: Value) -> None:
    kind = the_mapping()
    natives = kind.slots(LEAD)[name].again(own)
    assert natives is not None
    assert kind.decode(Record(Ref(*LEAD, "1"), natives, 1)).get(name) == own


@pytest.mark.parametrize(
    ("raw", "own", "worded"),
    [
        ("Working B", "sal", "Working B"),
        ("Working A", "sal", None),
        ("Qualified", "sql", "Qualified"),
        ("Open", "mql", None),
        ("Nobody knows", "?Nobody knows", None),
    ],
)
def test_a_stage_goes_back_to_the_very_word_that_said_it(raw: str, own: str, worded: str | None) -> None:
    kind = the_mapping()
    held = kind.decode(Record(Ref(*LEAD, "1"), {"Status": raw}, 1))
    assert (held["stage"], held.get(WORDED)) == (own, worded)
    again = kind.slots(LEAD)["stage"].again(own, worded)
    assert again == (None if own.startswith("?") else {"Status": raw})


def test_a_word_that_means_something_else_by_now_is_not_used() -> None:
    assert the_mapping().slots(LEAD)["stage"].again("mql", "Working B") == {"Status": "Open"}


def test_what_is_never_written_cannot_be_put_back() -> None:
    assert the_mapping().slots(LEAD)["stage"].again("sql") is None


def test_what_may_not_be_written_is_not() -> None:
    assert the_mapping().slots(LEAD)["locked"].again("x") is None
