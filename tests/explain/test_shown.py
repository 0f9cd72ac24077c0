"""What `explain` prints: what there is to know, and blank fields in one line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from sync import compose
from sync.console.life import life
from sync.engine import Engine
from sync.trust.explain import explain, find
from tests.alerts.told import OWNER, Told, breached, told
from tests.trust.lives import careful

WHO = "ann@prospect.example"


@pytest.fixture(scope="module")
def stage() -> Iterator[Told]:
    """Ann, whom nobody answered in time."""
    with told() as made:
        breached(made)
        yield made


def document(engine: Engine) -> dict[str, Any]:
    planners = {rule.kind: engine.planner(rule) for rule in engine.rules}
    ((mapping, entity),) = find(engine.store, [planner.mapping for planner in planners.values()], WHO)
    return explain(engine.store, planners[mapping.rule.kind], entity)


def printed(known: dict[str, Any], *, everything: bool = False) -> str:
    """The text, its runs of blanks as one."""
    out = io.StringIO()
    life(Console(file=out, width=300), known, everything=everything)
    return re.sub(r"[ \t]+", " ", out.getvalue())


def engine(stage: Told) -> Engine:
    return compose.engine(stage.settings(), stage.outside(), stage.state)


def test_the_clock_is_told_with_its_times(stage: Told) -> None:
    known = document(engine(stage))
    assert known["clock"]["sla_state"] == "breached"
    (line,) = [line for line in printed(known).splitlines() if line.startswith("Response clock: ")]
    assert "sla_state breached" in line
    assert re.search(r"sla_due_at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line)


def test_alerts_are_told_with_what_became_of_each_way(stage: Told) -> None:
    known = document(engine(stage))
    types = {alert["type"] for alert in known["alerts"]}
    assert {"sla_breach", "handoff_unaccepted"} <= types
    text = printed(known)
    for alert in known["alerts"]:
        assert alert["owner"] == OWNER
        assert re.search(rf"{alert['type']} {re.escape(OWNER)} .*task: {alert['by'][0]['state']}", text), text


def test_blank_fields_are_one_line_unless_all_are_wanted() -> None:
    with careful() as calm:
        calm.couple("ann", city="Bonn")
        known = document(calm.engine())
    short, whole = printed(known), printed(known, everything=True)
    (line,) = [line for line in short.splitlines() if line.startswith("Blank on every side (")]
    named = line.partition(": ")[2].rstrip(".").split(", ")
    assert "mobile" in named and "city" not in named
    assert len(named) > 3
    for name in named:
        assert all(view["value"] is None for view in known["fields"][name]["sides"].values())
        assert re.search(rf"^ {name} (HubSpot|Salesforce) \(blank\)", whole, re.M)
        assert not re.search(rf"^ {name} ", short, re.M)
    assert "Blank on every side" not in whole
    assert re.search(r"^ city HubSpot Bonn", short, re.M)


def test_a_field_that_was_cleared_since_is_no_blank_one() -> None:
    with careful() as calm:
        ann, lead = calm.couple("ann", city="Bonn")
        calm.edit("hubspot", "contacts", ann, city="")
        calm.edit("salesforce", "Lead", lead, City=None)
        calm.later()
        calm.look()
        assert re.search(r"^ city HubSpot \(blank\) Bonn", printed(document(calm.engine())), re.M)
        calm.sync()
        assert not re.search(r"^ city ", printed(document(calm.engine())), re.M)
