"""The presets do what their names say, told as short stories of two systems."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.presets import PRESETS
from mapping.rules import FieldRule
from sync.merge import Side, merge
from tests.laws.make import H, S
from tests.laws.oracle import flat

ROLES = {"marketing": H, "crm": S}
SETTINGS = {"to", "winner", "when", "clears", "first", "tie"}


def resolve(preset: str, type_: str = "text") -> FieldRule:
    chosen: dict[str, Any] = dict(PRESETS[preset])
    to = chosen.pop("to")
    targets = {"both": {H, S}, "none": set()}.get(to) or ({ROLES[to]} if to in ROLES else set())
    named = {key: ROLES.get(value, value) for key, value in chosen.items()}
    return FieldRule("f", type_, {}, to=frozenset(targets), tie=S, **named)


def after(
    preset: str, *, hubspot: tuple[Any, Any], salesforce: tuple[Any, Any], type_: str = "text"
) -> tuple[Any, Any]:
    """(was, is) of each system → what both hold afterwards.  HubSpot's change is the newer one."""
    sides = {
        H: Side(hubspot[1], hubspot[0] != hubspot[1], 20, 30),
        S: Side(salesforce[1], salesforce[0] != salesforce[1], 0, 10),
    }
    writes = merge(resolve(preset, type_), sides, met=True, rank=flat).writes
    return writes.get(H, hubspot[1]), writes.get(S, salesforce[1])


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_use_known_settings(preset: str) -> None:
    assert set(PRESETS[preset]) <= SETTINGS
    assert PRESETS[preset]["to"] in ("both", "crm", "marketing", "none")


@pytest.mark.parametrize(
    ("preset", "hubspot", "salesforce", "then"),
    [
        # Salesforce wins, alone, in conflict and against a change in HubSpot.
        ("prefer_salesforce_unless_blank", ("a", "a"), ("a", "s"), ("s", "s")),
        ("prefer_salesforce_unless_blank", ("a", "h"), ("a", "s"), ("s", "s")),
        ("prefer_salesforce_unless_blank", ("a", "h"), ("a", "a"), ("a", "a")),
        ("prefer_salesforce_unless_blank", (None, "h"), (None, None), ("h", "h")),
        ("prefer_salesforce_unless_blank", ("a", "h"), ("a", None), ("h", "h")),
        ("prefer_salesforce_unless_blank", ("a", "a"), ("a", None), (None, None)),
        ("prefer_hubspot_unless_blank", ("a", "a"), ("a", "s"), ("a", "a")),
        ("prefer_hubspot_unless_blank", (None, None), (None, "s"), ("s", "s")),
        ("always_use_salesforce", ("a", "h"), ("a", "a"), ("a", "a")),
        ("always_use_salesforce", (None, "h"), (None, None), (None, None)),
        ("always_use_salesforce", ("a", "a"), ("a", None), (None, None)),
        ("always_use_hubspot", ("a", "a"), ("a", "s"), ("a", "a")),
        ("always_use_hubspot", ("a", None), ("a", "a"), (None, None)),
        ("two_way", ("a", "h"), ("a", "a"), ("h", "h")),
        ("two_way", ("a", "h"), ("a", "s"), ("h", "h")),
        ("two_way", ("a", "a"), ("a", None), (None, None)),
        ("dont_sync", ("a", "h"), ("a", "s"), ("h", "s")),
        ("fill_blanks", (None, "h"), (None, None), ("h", "h")),
        ("fill_blanks", ("a", "h"), ("a", "a"), ("h", "a")),
        ("fill_blanks", ("a", None), ("a", "a"), (None, "a")),
        ("create_only", ("a", "h"), ("a", None), ("h", None)),
    ],
)
def test_presets_do_what_their_names_say(preset: str, hubspot: Any, salesforce: Any, then: Any) -> None:
    assert after(preset, hubspot=hubspot, salesforce=salesforce) == then


@pytest.mark.parametrize(
    ("hubspot", "salesforce", "then"),
    [
        ((False, True), (False, False), (True, True)),
        ((True, False), (True, True), (True, True)),
        ((None, None), (False, False), (None, False)),
        ((True, None), (False, False), (None, False)),
    ],
)
def test_an_opt_out_spreads_and_is_never_taken_back(hubspot: Any, salesforce: Any, then: Any) -> None:
    assert after("opt_out", hubspot=hubspot, salesforce=salesforce, type_="bool") == then
