"""What a record held can be put back as it was, also where several values mean the same."""

from __future__ import annotations

import pytest

from connectors.port import Field, Option, Owner, Record, Ref
from mapping.mapping import Mapping as KindMapping
from mapping.rules import Value, ValueMap
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


def test_what_may_not_be_written_is_not() -> None:
    assert the_mapping().slots(LEAD)["locked"].again("x") is None
